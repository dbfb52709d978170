#!/usr/bin/env python3
# timeout: 120
"""Every row of the map of events that tests/scenario/receivers.csv holds has its way: the type stands in the descriptions of the
gateway and of the topics, and has rules or is the hub's own. The person family is then sent that way on an embedded broker:
submitted, decided, fact, delivered to whom the table names, and found in the read model's timeline of the person."""
import csv
import json
import os
import pathlib
import re
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time

MEDHUB = os.environ["MEDHUB"]
SOURCE = pathlib.Path(os.environ["MEDHUB_SOURCE_DIR"])
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("MEDHUB_KAFKA")}
REGION, PERSON = "440100", "person-of-the-routes"
AGENCY, SMALL, LARGE, FAR, PHARMACY = "A44010000001", "H44010000001", "H44010000002", "H65010000001", "P44010000001"
failures = []


def check(what, truth, more=""):
    if not truth:
        failures.append(what)
        print(f"not so: {what} {str(more)[:1500]}", file=sys.stderr)


def run(*words, text=None, codes=(0,)):
    done = subprocess.run([MEDHUB, *map(str, words)], input=text, capture_output=True, text=True, env=ENVIRONMENT, timeout=60)
    check(f"{' '.join(map(str, words))} ends with {codes}", done.returncode in codes, f"{done.returncode}: {done.stderr[-500:]}")
    return done.stdout


def table():
    with (SOURCE / "tests/scenario/receivers.csv").open() as file:
        return [(row["type"], row["receiver"]) for row in csv.DictReader(file)]


def described(types):
    openapi, asyncapi, rules = (run("ctl", "docs", name) for name in ("openapi", "asyncapi", "rules"))
    known = set(re.findall(r"medhub\.[a-z]+\.[a-z_]+\.v1", asyncapi))
    for family in ("prescription", "person", "registry"):  # events.md 1, 3 and 7: each event that there is has its rows
        missing = {kind for kind in known if kind.split(".")[1] == family} - types
        check(f"every event of the family {family} has its receivers", not missing, missing)
    for kind in types:
        check(f"the topics' description names {kind}", kind in asyncapi)
        if f"`{kind}`" in rules:  # it can be submitted
            check(f"the gateway's description names {kind}", kind in openapi)
    check("some are the hub's own", any(f"`{kind}`" not in rules for kind in types))


# ---- the person family's way

def event(source, kind, **data):
    return {"specversion": "1.0", "id": f"{kind}-{len(data)}-{data.get('id', '')}", "source": source, "type": f"medhub.{kind}.v1",
            "data": {name: value for name, value in data.items() if name != "id"}}


def organisation(name, kind, roles, region=REGION, level=""):
    return event("medhub", "registry.organisation_changed", id=name, organisationId=name, organisation={
        "id": name, "name": name, "kind": f"ORGANISATION_KIND_{kind}", "roles": roles, "region": region, "state": "STATE_LIVE",
        "designatedFrom": "2025-01-01", "validFrom": "2025-01-01", "level": level})


def about(kind, source=AGENCY, **data):
    return event(source, f"person.{kind}", person=PERSON, region=REGION, **data)


def settlement(today):
    """The person bears 12,000 yuan of 60,000: above the amount that is warned of."""
    yuan = {"total": 60000, "selfPaid": 0, "overLimit": 0, "firstSelfPay": 0, "inScope": 60000, "fundTotal": 48000,
            "personTotal": 12000, "account": 0, "cash": 12000}
    money = {name: {"fen": str(100 * amount)} for name, amount in yuan.items()}
    line = {"lineNumber": "1", "institutionCode": "OWN", "quantity": {"e4": "10000"}, "price": {"microYuan": "60000000000"},
            "amount": money["total"], **{name: money[name] for name in ("selfPaid", "overLimit", "firstSelfPay", "inScope")}}
    return event(LARGE, "settlement.posted", person=PERSON, messageId="M-1", settledAt=f"{today}T00:00:00Z", payee=LARGE,
                 regionOfCare=REGION, regionOfInsurance=REGION, insuranceType="310", amounts=money, lines=[line],
                 layers=[{"layer": "LAYER_BASIC_POOLED", "amount": money["fundTotal"]}])


def said(today):
    disease = {"code": "M03900", "name": "高血压"}
    fen = {"fen": "100000"}
    return [
        about("identity_changed", status="STATUS_MINIMUM_ALLOWANCE", decidedOn=today),
        about("qualification_granted", disease=disease, validFrom="2025-01-01", institutions=[LARGE]),
        about("qualification_ended", diseaseCode="M03900", endedOn=today),
        about("remote_filing_made", filingNumber="F-1", regionOfCare="650100", institutions=[FAR], validFrom="2025-06-01"),
        about("remote_filing_ended", filingNumber="F-1", endedOn=today),
        about("referral_made", SMALL, referralNumber="T-1", fromInstitution=SMALL, toInstitution=LARGE, direction="DIRECTION_UP",
              madeOn="2025-06-01"),
        about("account_credited", entryNumber="C-1", amount=fen, creditSource="CREDIT_SOURCE_CONTRIBUTION", creditedOn="2025-06-01"),
        about("account_spent", entryNumber="E-1", amount=fen, relation="RELATION_SELF", purpose="PURPOSE_PHARMACY", payee=PHARMACY,
              spentOn="2025-06-02"),
        settlement(today),
    ]


def submit(events):
    lines = "\n".join(json.dumps(each, ensure_ascii=False) for each in events)
    return [json.loads(line) for line in run("ctl", "submit", "-q", "-o", "ndjson", text=lines, codes=(0, 6)).splitlines()]


def found_in(store, wanted):
    """(type, receiver) of the table that the read model does not have yet."""
    with sqlite3.connect(f"file:{store}?mode=ro", uri=True) as database:
        facts = {kind for kind, in database.execute("SELECT type FROM fact")}
        rows = database.execute("SELECT d.type, r.recipient FROM delivery d JOIN recipient r ON r.place = d.place").fetchall()
    return [(kind, receiver) for kind, receiver in wanted
            if kind not in facts or not any(kind == has and name.startswith(receiver) for has, name in rows)]


def sent(store, wanted):
    today = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 8 * 3600 - 86400))
    run("ctl", "submit", "-q", text=run("gen", "-q", "--what", "policy,calendar"))
    receipts = submit([organisation(AGENCY, "INSURER_AGENCY", ["insurer"]), organisation(SMALL, "HOSPITAL", ["hospital"], level="10"),
                       organisation(LARGE, "HOSPITAL", ["hospital"], level="02"),
                       organisation(FAR, "HOSPITAL", ["hospital"], region="650102"), organisation(PHARMACY, "PHARMACY", ["pharmacy"])])
    check("everybody is registered", {receipt["outcome"] for receipt in receipts} == {"accepted"}, receipts)
    end, rest = time.monotonic() + 30, said(today)
    while rest and time.monotonic() < end:  # the hub's tables follow a moment later: what came too early is said again
        receipts = {receipt["id"]: receipt for receipt in submit(rest)}
        rest = [each | {"id": each["id"] + "'"} for each in rest if receipts[each["id"]]["outcome"] == "refused"]
    check("all of it is accepted", not rest, receipts)
    while found_in(store, wanted) and time.monotonic() < end:
        time.sleep(0.05)
    check("the read model has each fact with its deliveries", not found_in(store, wanted), found_in(store, wanted))
    timeline = run("ctl", "find", PERSON, "--kind", "key", "-n", "100", "-o", "ndjson", "--set", f"store.database={store}")
    for kind in {kind for kind, _ in wanted} - {"medhub.person.status_decided.v1", "medhub.person.threshold_warned.v1"}:
        check(f"the person's timeline has {kind}", kind in timeline, timeline[:600])


def main():
    rows = table()
    described({kind for kind, _ in rows})
    with tempfile.TemporaryDirectory() as folder:
        with (pathlib.Path(folder) / "log").open("w") as log, subprocess.Popen(
                [MEDHUB, "up", "--set", "monitor.port=0"], text=True, stdout=subprocess.PIPE, stderr=log, env=ENVIRONMENT) as hub:
            place = json.loads(hub.stdout.readline() or "{}")
            ENVIRONMENT["MEDHUB_KAFKA_BROKERS"] = place["brokers"]
            try:
                sent(place["store"], [row for row in rows if row[0].startswith("medhub.person.")])
            finally:
                hub.send_signal(signal.SIGTERM)
    sys.exit(f"{len(failures)} failed" if failures else 0)


main()

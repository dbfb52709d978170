#!/usr/bin/env python3
# timeout: 120
"""A person's identity travels sealed, with prescriptions and settlements: engineers seal and open it, the hub refuses clear text,
passes to each recipient its own wraps, to a pharmacy only with its claim, and has the identity in none of its outputs in clear."""
import base64
import datetime
import json
import os
import pathlib
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request

MEDHUB = os.environ["MEDHUB"]
EXAMPLE = pathlib.Path(__file__).resolve().parents[2] / "ops/examples/sealed.py"
DAY = str((datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=8 - 24)).date())  # yesterday in China
NUMBER, NAME, TELEPHONE = "11010519491231002X", "欧阳试样", "13800138765"
IDENTITY = json.dumps({"name": NAME, "documentNumber": NUMBER, "telephone": TELEPHONE}, ensure_ascii=False)
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("MEDHUB_KAFKA")}
failures = []


def check(what, truth, more=""):
    if not truth:
        failures.append(what)
        print(f"not so: {what} {str(more)[:1500]}", file=sys.stderr)


def run(*words, text=None, expect=0, program=(MEDHUB,)):
    done = subprocess.run([*program, *map(str, words)], input=text, capture_output=True, text=True, env=ENVIRONMENT, timeout=60)
    check(f"{' '.join(map(str, words))[:120]} ends with {expect}", done.returncode == expect, f"{done.returncode}: {done.stderr[-500:]}")
    return done.stdout


def rows(text):
    return [json.loads(line) for line in text.splitlines() if line.strip()]


class Keys:
    """An encryption key for each organisation: private file, registry line."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)

    def make(self, organisation, *more):
        line = run("ctl", "key", "new", self.pem(organisation), "--use", "encryption", "--id", "e1", "-q", *more)
        self.line(organisation).write_text(line)

    def pem(self, organisation):
        return self.folder / f"{organisation}.pem"

    def line(self, organisation):
        return self.folder / f"{organisation}.json"

    def to(self, *organisations):
        return [word for each in organisations for word in ("--to", f"{each}={self.line(each)}")]


def engineers(keys):
    place = ("--source", "H1", "--id", "rx-1")
    for algorithm in ("x25519", "sm2"):
        for name in (f"P-{algorithm}", f"I-{algorithm}"):
            keys.make(name, "-a", algorithm)
            check("the registry learns what it is for", json.loads(keys.line(name).read_text())["use"] == "KEY_USE_ENCRYPTION")
        sealed = run("seal", *place, *keys.to(f"P-{algorithm}", f"I-{algorithm}"), text=IDENTITY)
        check("it is not readable", NUMBER not in sealed and NAME not in sealed)
        for name in (f"P-{algorithm}", f"I-{algorithm}"):
            opened = run("open", *place, "--recipient", name, "--key", keys.pem(name), text=sealed)
            check(f"{name} opens it", opened == IDENTITY, opened)
        run("open", "--source", "H1", "--id", "rx-2", "--recipient", f"P-{algorithm}", "--key", keys.pem(f"P-{algorithm}"),
            text=sealed, expect=1)
        run("open", *place, "--recipient", f"P-{algorithm}", "--key", keys.pem(f"I-{algorithm}"), text=sealed, expect=1)
    run("seal", *place, text=IDENTITY, expect=2)
    run("seal", *place, "--to", "P1=/nowhere", text=IDENTITY, expect=3)
    run("ctl", "key", "new", keys.folder / "x", "--use", "encryption", "-a", "hmac", expect=2)


def python_agrees(keys):
    example, sealed = (sys.executable, EXAMPLE), run("seal", "--source", "H1", "--id", "rx-1", *keys.to("P-x25519"), text=IDENTITY)
    check("Python opens what medhub sealed",
          run("open", "H1", "rx-1", "identity", "P-x25519", keys.pem("P-x25519"), text=sealed, program=example) == IDENTITY)
    sealed = run("seal", "H1", "rx-1", "identity", f"P-x25519={keys.line('P-x25519')}", text=IDENTITY, program=example)
    check("medhub opens what Python sealed", run("open", "--source", "H1", "--id", "rx-1", "--recipient", "P-x25519", "--key",
                                                 keys.pem("P-x25519"), text=sealed) == IDENTITY)


def pseudonyms(folder):
    secrets = [pathlib.Path(folder) / name for name in ("secret-1", "secret-2")]
    for number, path in enumerate(secrets):
        path.write_bytes(bytes([number]) * 32)
    old = run("person", "key", "--key", secrets[0], "--key-id", "k2025", text=NUMBER + "\n").strip()
    check("the key id stands in front", old.startswith("k2025:") and NUMBER not in old and len(old) == 49, old)
    check("x counts as X", run("person", "key", "--key", secrets[0], "--key-id", "k2025", text=NUMBER.lower() + "\n").strip() == old)
    new = run("person", "key", "--key", secrets[1], "--key-id", "k2026", text=NUMBER + "\n").strip()
    check("a new key makes a new pseudonym", new.split(":")[1] != old.split(":")[1])
    run("person", "key", "--key", secrets[0], text="110105194912310021\n", expect=1)
    return new


class Hub:
    def __init__(self, folder):
        self.log = pathlib.Path(folder) / "log"
        self.process = subprocess.Popen([MEDHUB, "up", "--set", "monitor.port=0", "--set", "log.level=debug"], text=True,
                                        stdout=subprocess.PIPE, stderr=self.log.open("w"), env=ENVIRONMENT)
        self.place = json.loads(self.process.stdout.readline() or "{}")
        ENVIRONMENT["MEDHUB_KAFKA_BROKERS"] = self.place["brokers"]

    def submit(self, *events, expect=0):
        return rows(run("ctl", "submit", "-q", text="\n".join(json.dumps(each) for each in events), expect=expect))

    def wait_for_tables(self, table, count):
        deadline = time.monotonic() + 20
        while self.rows_of(table) < count and time.monotonic() < deadline:
            time.sleep(0.05)
        check(f"table {table} has {count} rows", self.rows_of(table) >= count)

    def rows_of(self, table):
        return json.loads(urllib.request.urlopen(self.place["monitor"] + "/tables", timeout=10).read())[table]

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


def world(hub, keys, organisations):
    """Who takes part, with encryption keys in the registry; the policy; the drugs that the prescription names."""
    run("ctl", "submit", "-q", text=run("gen", "--day", DAY, "--what", "policy,calendar", "-q"))
    for event in organisations:
        name = event["data"].get("organisationId")
        if name in keys:
            event["data"]["organisation"]["keys"] = [json.loads(keys[name])]
    check("everybody is registered", {row["outcome"] for row in hub.submit(*organisations)} == {"accepted"})


def outputs(hub, folder):
    """Everything that people and programs look at, by name."""
    seen = {"log": hub.log.read_text()}
    for what in ("receipts", "facts", "parked", "deliveries"):
        seen[what] = run("ctl", what, "-q", "-o", "ndjson", *(("--data",) if what == "deliveries" else ()))
    seen["unmasked deliveries"] = run("ctl", "deliveries", "-q", "--data", "--unmask", "--reason", "test")
    seen["metrics"] = urllib.request.urlopen(hub.place["monitor"] + "/metrics", timeout=10).read().decode()
    seen["read model"] = b"".join(path.read_bytes() for path in files_of(hub)).decode("latin-1")
    return seen


def files_of(hub):
    database = pathlib.Path(hub.place["store"])
    return [path for path in database.parent.rglob("*") if path.is_file() and path.name.startswith(database.name)]


def in_clear(text):
    raw = text.encode("latin-1", "ignore")
    return [what for what in (NUMBER, NAME, TELEPHONE)
            if what in text or what.encode() in raw or base64.b64encode(what.encode()).decode().rstrip("=")[:-2] in text]


def elsewhere(event):
    """The same for another person."""
    other = json.loads(json.dumps(event)) | {"id": "elsewhere"}
    other["data"] |= {"person": event["data"]["person"] + "-2", "hospitalNumber": "elsewhere"}
    other["data"].pop("nationalNumber", None)
    return other


def sealed_for_others(event, keys, insurer):
    other = elsewhere(event)
    other["data"]["identity"] = json.loads(run("seal", "--source", event["source"], "--id", "elsewhere", *keys.to(insurer), text=IDENTITY))
    return other


def whole_way(hub, keys, folder, person):
    organisations = rows(run("gen", "--day", DAY, "--what", "organisations", "-q"))
    event = json.loads(run("gen", "--day", DAY, "--count", "1", "--what", "prescriptions", "-q").splitlines()[0])
    city = event["data"]["regionOfCare"][:4]
    pharmacies = [each["subject"] for each in organisations if each["subject"].startswith("P" + city)][:2]
    insurer = next(each["subject"] for each in organisations if each["subject"].startswith("A" + city))
    for name in (insurer, *pharmacies):
        keys.make(name)
    hub_keys = {name: keys.line(name).read_text() for name in (insurer, *pharmacies)}
    needed = {"B000000", insurer, event["source"], *pharmacies}
    world(hub, hub_keys, [each for each in organisations if each["subject"] in needed])
    codes = {line["catalogueCode"] for line in event["data"]["lines"]}
    hub.submit(*[each for each in rows(run("gen", "--day", DAY, "--what", "catalogue-2024,catalogue-2025", "-q"))
                 if any(code in each["id"] for code in codes)])
    hub.wait_for_tables("catalogue", len(codes))

    event.pop("expect")
    event["data"]["person"] = person
    event["data"]["identity"] = json.loads(run("seal", "--source", event["source"], "--id", event["id"],
                                               *keys.to(insurer, *pharmacies), text=IDENTITY))
    clear = json.loads(json.dumps(event)) | {"id": "clear"}
    clear["data"]["identity"] |= {"ciphertext": base64.b64encode(IDENTITY.encode()).decode()}
    number = json.loads(json.dumps(event)) | {"id": "number"}
    number["data"]["person"] = NUMBER
    others = sealed_for_others(event, keys, insurer)
    receipts = {each["id"]: each for each in hub.submit(clear, number, event, others, expect=6)}
    check("sealed it is accepted", receipts[event["id"]]["outcome"] == "accepted", receipts)
    check("in clear it is refused by name", receipts["clear"].get("code") == "prescription.identity_not_sealed", receipts)
    check("sealed for others it is accepted", receipts["elsewhere"]["outcome"] == "accepted", receipts)
    check("a number is no pseudonym", receipts["number"]["outcome"] in ("refused", "invalid"), receipts)
    return event, insurer, pharmacies


def deliveries_of(event_id, kind=""):
    found = {}
    for row in rows(run("ctl", "deliveries", "-q", "--data", "--unmask", "--reason", "test", "--id", event_id)):
        if kind not in row["type"]:
            continue
        for recipient in row.get("recipients", [row.get("recipient")]):
            found[recipient] = row["data"]
    return found


def each_has_its_own(event, insurer, pharmacies, keys):
    found = deliveries_of(event["id"])
    to_insurers = next((data for name, data in found.items() if name.startswith("insurer@")), {})
    wraps = [wrap["recipient"] for wrap in to_insurers.get("identity", {}).get("wraps", [])]
    check("the insurer gets its own wrap and no other", wraps == [insurer], found.keys())
    as_delivered = {"source": event["source"], "id": event["id"], "data": to_insurers}
    check("and opens it", run("open", "--recipient", insurer, "--key", keys.pem(insurer), text=json.dumps(as_delivered)) == IDENTITY)
    for name, data in found.items():
        if name.startswith("pharmacy@"):
            check("pharmacies that did not claim see neither person nor seal", "identity" not in data and "person" not in data, data)
    check("pharmacies were told", any(name.startswith("pharmacy@") for name in found), found.keys())


def claim_of(event, pharmacy, name):
    data = {key: event["data"][key] for key in ("person", "nationalNumber", "institution", "hospitalNumber") if key in event["data"]}
    data |= {"dispenser": pharmacy, "claimedAt": event["data"]["issuedAt"]}
    return {"specversion": "1.0", "type": "medhub.prescription.claimed.v1", "source": pharmacy, "id": name, "data": data}


def who_claims_opens_it(hub, event, pharmacies, keys):
    claimant, other = pharmacies
    receipts = hub.submit(claim_of(event, claimant, "claim-1"), claim_of(elsewhere(event), other, "claim-2"))
    check("both are claimed", {each["outcome"] for each in receipts} == {"accepted"}, receipts)

    found = deliveries_of("claim-1", "identity_passed_on")
    check("the identity goes to the claimant only", list(found) == [claimant], found)
    data = found.get(claimant, {})
    wraps = [wrap["recipient"] for wrap in data.get("identity", {}).get("wraps", [])]
    check("with its own wrap", wraps == [claimant], data)
    check("the claimant opens it", run("open", "--recipient", claimant, "--key", keys.pem(claimant), text=json.dumps(
        {"source": "medhub", "id": "claim-1", "data": data})) == IDENTITY)
    for name, seen in deliveries_of("claim-1").items():
        if name == other or name.startswith("pharmacy@"):
            check("the other pharmacy gets neither person nor wrap", "person" not in seen and "identity" not in seen, seen)
    check("the other pharmacy was told of the claim", any(name.startswith("pharmacy@") for name in deliveries_of("claim-1", "claimed")))

    data = deliveries_of("claim-2", "identity_passed_on").get(other, {})
    check("who was not sealed for is told so", data.get("notSealedForDispenser") is True and "identity" not in data, data)


def settlement_of(event, pharmacy, name, identity):
    """What the pharmacy charges for that prescription: 60 yuan, of which the fund pays 42."""
    yuan = {"total": 60, "selfPaid": 0, "overLimit": 0, "firstSelfPay": 0, "inScope": 60, "fundTotal": 42, "personTotal": 18,
            "account": 18, "cash": 0}
    money = {name: {"fen": str(100 * amount)} for name, amount in yuan.items()}
    line = {"lineNumber": "1", "institutionCode": "OWN", "quantity": {"e4": "20000"}, "price": {"microYuan": "30000000"},
            "amount": money["total"], **{name: money[name] for name in ("selfPaid", "overLimit", "firstSelfPay", "inScope")}}
    data = {"person": event["data"]["person"], "messageId": name, "settledAt": event["data"]["issuedAt"], "payee": pharmacy,
            "quotaOwner": event["source"], "regionOfCare": event["data"]["regionOfCare"],
            "regionOfInsurance": event["data"]["regionOfCare"], "insuranceType": "310", "amounts": money, "identity": identity,
            "layers": [{"layer": "LAYER_BASIC_POOLED", "amount": money["fundTotal"]}], "lines": [line]}
    return {"specversion": "1.0", "type": "medhub.settlement.posted.v1", "source": pharmacy, "id": name, "data": data}


def a_settlement_travels_sealed(hub, event, insurer, pharmacies, keys):
    pharmacy, other = pharmacies
    sealed = json.loads(run("seal", "--source", pharmacy, "--id", "settled", *keys.to(insurer, other), text=IDENTITY))
    clear = sealed | {"ciphertext": base64.b64encode(IDENTITY.encode()).decode()}
    receipts = {each["id"]: each for each in hub.submit(settlement_of(event, pharmacy, "settled-clear", clear),
                                                        settlement_of(event, pharmacy, "settled", sealed), expect=6)}
    check("in clear it is refused by name", receipts["settled-clear"].get("code") == "settlement.identity_not_sealed", receipts)
    check("sealed it is settled", receipts["settled"]["outcome"] == "accepted", receipts)
    found = deliveries_of("settled", "settlement.posted")
    to_insurers = next((data for name, data in found.items() if name.startswith("insurer@")), {})
    wraps = [wrap["recipient"] for wrap in to_insurers.get("identity", {}).get("wraps", [])]
    check("of the settlement the insurer gets its own wrap and no other", wraps == [insurer], found.keys())
    check("and opens it", run("open", "--recipient", insurer, "--key", keys.pem(insurer), text=json.dumps(
        {"source": pharmacy, "id": "settled", "data": to_insurers})) == IDENTITY)
    owner = found.get(event["source"], {})
    check("whose quota is charged learns what, not by whom", owner.get("messageId") == "settled" and "identity" not in owner and
          "person" not in owner, owner)


def main():
    with tempfile.TemporaryDirectory() as folder:
        keys = Keys(folder)
        engineers(keys)
        python_agrees(keys)
        person = pseudonyms(folder)
        hub = Hub(folder)
        try:
            event, insurer, pharmacies = whole_way(hub, keys, folder, person)
            each_has_its_own(event, insurer, pharmacies, keys)
            who_claims_opens_it(hub, event, pharmacies, keys)
            a_settlement_travels_sealed(hub, event, insurer, pharmacies, keys)
            for name, text in outputs(hub, folder).items():
                if name != "parked":
                    check(f"{name} holds no identity in clear", not in_clear(text), in_clear(text))
                else:
                    check("parked lists mask the identity", NUMBER not in text and NAME not in text and TELEPHONE not in text)
        finally:
            hub.end()
    sys.exit(f"{len(failures)} failed" if failures else 0)


main()

#!/usr/bin/python3
# timeout: 120
"""What the catalogue says of an item for a region, a day, an insurance: `ctl catalogue lookup` (the function of the rules), the
gateway's /v1/items and libmedhub's local copy give the same row, layer, release, payment, price limit and reasons."""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request

SOURCE = pathlib.Path(os.environ["MEDHUB_SOURCE_DIR"])
BUILD = pathlib.Path(os.environ["MEDHUB_BUILD_DIR"])
MEDHUB = os.environ["MEDHUB"]
sys.path.insert(0, str(SOURCE / "ops/demo.d"))

import broadcast  # noqa: E402

NATION, PROVINCE, CITY = "000000", "440000", "440100"
BEGUN, LATER = "2026-01-01", "2026-06-01"
WESTERN = "XA01AAA001A001010100001"  # a national code: its product is the first 12
SHOWN = {"NATIONAL_ROW", "REGIONAL_ROW", "PROTECTED", "SUPERSEDED", "ALIAS", "IN_FORMULARY", "NOT_IN_FORMULARY", "TEMPORARY_PURCHASE",
         "ACROSS_PROVINCES", "NEVER_PAID", "NOT_PAID_AT_HOME", "NOT_PAID_ACROSS_PROVINCES", "NOT_OF_THE_INSURANCE"}
failures = []


def check(what, truth, more=""):
    if not truth:
        failures.append(what)
        print(f"not so: {what} {str(more)[:1500]}", file=sys.stderr)


def price(yuan):
    return {"microYuan": str(int(yuan * 1000000))}


def changed(kind, code, region=NATION, day=BEGUN, source=None, **item):
    return {"specversion": "1.0", "id": f"{kind}-{code}-{region}-{day}", "source": source or ("B000000" if region == NATION else "B440000"),
            "type": "medhub.catalogue.item_changed.v1", "data": {
                "itemKey": f"{kind}/{code}", "region": region, "effectiveOn": day, "changes": ["CHANGE_ADDED"], "item": {
                    "kind": f"KIND_{kind}", "code": code, "name": f"{code}在{region}", "region": region, "validFrom": day, **item}}}


def in_formulary(institution, code, temporary):
    key = f"{institution.id}/{code}"
    return {"specversion": "1.0", "id": f"formulary-{code}", "source": institution.id, "type": "medhub.catalogue.formulary_changed.v1",
            "data": {"itemKey": f"FORMULARY_ITEM/{key}", "region": CITY, "effectiveOn": BEGUN, "committeeMetOn": "2025-12-01", "item": {
                "kind": "KIND_FORMULARY_ITEM", "code": key, "name": "院内", "region": CITY, "validFrom": BEGUN,
                "formulary": {"institution": institution.id, "itemKey": code, "temporaryPurchase": temporary}}}}


def rows():
    drug, service = "WESTERN_DRUG", "SERVICE_ITEM"
    yield changed(drug, "PLAIN", paymentStandard=price(12.5), priceLimit=price(20))
    yield changed(drug, "OVER")
    yield changed(drug, "OVER", PROVINCE, paymentStandard=price(3))
    yield changed(drug, "ONLY-HERE", CITY, source="B000000", payClass="PAY_CLASS_C")
    yield changed(drug, "GUARDED", PROVINCE)
    yield changed(drug, "GUARDED", day=LATER, nationallyProtected=True)
    yield changed(drug, "OLD", validUntil="2026-05-31")
    yield changed(drug, "NEGOTIATED", payClass="PAY_CLASS_B", agreementFrom=LATER, agreementUntil="2027-12-31",
                  paymentStandard=price(100))
    yield changed(drug, WESTERN)
    yield changed("PAYMENT_LIMIT", WESTERN[:12], limit={"insurance": "LIMIT_INSURANCE_MATERNITY"})
    yield changed(drug, "INJURY", limit={"insurance": "LIMIT_INSURANCE_WORK_INJURY"})
    yield changed("COMMERCIAL_DRUG", "NEW-DRUG", commercialDrug={"holder": "甲药业"})
    yield changed(service, "AWAY", serviceItem={"payableAcrossProvinces": True})
    yield changed(service, "AWAY", PROVINCE, serviceItem={"payableAtHome": True})
    yield changed(service, "HOME", serviceItem={"payableAtHome": True})
    yield changed(service, "AWAY-ONLY", serviceItem={"payableAcrossProvinces": True}, priceLimit=price(50))


def rows_on_rows(institution):
    """These look at others of another key, which each partition sees a moment later."""
    drug, service = "WESTERN_DRUG", "SERVICE_ITEM"
    yield changed(drug, "NEW", day=LATER, supersedes="OLD", aliases=["又名"])
    yield changed("PAYMENT_STANDARD", f"{drug}/NEGOTIATED", PROVINCE, ofItem={"itemKey": f"{drug}/NEGOTIATED"}, paymentStandard=price(90),
                  validUntil="2026-05-31")
    yield changed("PRICE_CEILING", f"{service}/AWAY-ONLY", PROVINCE, ofItem={"itemKey": f"{service}/AWAY-ONLY"}, priceLimit=price(40))
    yield in_formulary(institution, f"{drug}/PLAIN", False)
    yield in_formulary(institution, f"{drug}/OVER", True)
    yield in_formulary(institution, f"{drug}/UNLISTED", False)


def questions():
    drugs = ("PLAIN", "OVER", "ONLY-HERE", "GUARDED", "OLD", "NEW", "又名", "NEGOTIATED", WESTERN, "INJURY", "UNLISTED", "NONE")
    for code in drugs:
        for date in ("2026-03-01", "2026-07-01"):
            yield {"table": "WESTERN_DRUG", "code": code, "date": date, "formulary": True}
    for insurance in ("310", "510"):
        for code in (WESTERN, "INJURY", "PLAIN"):
            yield {"table": "WESTERN_DRUG", "code": code, "date": "2026-07-01", "insurance": insurance}
    for across in (False, True):
        for code in ("AWAY", "HOME", "AWAY-ONLY"):
            yield {"table": "SERVICE_ITEM", "code": code, "date": "2026-07-01", "across": across}
    yield {"table": "COMMERCIAL_DRUG", "code": "NEW-DRUG", "date": "2026-07-01"}
    yield {"table": "WESTERN_DRUG", "code": "PLAIN", "date": "2025-12-31"}


def same_form(answer, key_of_item="item"):
    """None: nothing is in force. What is not said is left out."""
    if answer is None:
        return None
    names = ("layer", "key", "region", "release", "validFrom", "validUntil", "payable", "priceLimit", "why", "formulary")
    return {"item": answer[key_of_item], **{name: answer[name] for name in names if answer.get(name) not in (None, "")}}


def by_ctl(world, institution, asked):
    words = ["ctl", "catalogue", "lookup", f"{asked['table']}/{asked['code']}", "--region", CITY, "--date", asked["date"], "-o", "json"]
    words += ["--institution", institution.id] if asked.get("formulary") else []
    words += ["--insurance", asked["insurance"]] if "insurance" in asked else []
    words += ["--across-provinces"] if asked.get("across") else []
    done = subprocess.run([MEDHUB, *words], capture_output=True, text=True, env=world.environment, timeout=60)
    check(f"{words} ends well", done.returncode in (0, 3), done.stderr)
    return json.loads(done.stdout) if done.returncode == 0 else None


def by_gateway(world, institution, asked):
    query = {"date": asked["date"], "region": CITY}
    query |= {"institution": institution.id} if asked.get("formulary") else {}
    query |= {"insurance": asked["insurance"]} if "insurance" in asked else {}
    query |= {"acrossProvinces": "true"} if asked.get("across") else {}
    url = f"{world.place['gateway']}/v1/items/{asked['table']}/{urllib.parse.quote(asked['code'])}?{urllib.parse.urlencode(query)}"
    signed = subprocess.run([MEDHUB, "ctl", "key", "sign", "--key", world.work / f"{institution.id}.pem", "--keyid", f"{institution.id}/k1",
                             "--url", url, "--method", "GET"], capture_output=True, text=True, check=True).stdout
    headers = dict(line.split(": ", 1) for line in signed.splitlines() if line)
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        check(f"{url} is answered", error.code == 404, error.read())
        return None


def by_copy(institution, asked):
    more = ["across-provinces"] if asked.get("across") else []
    more += ["formulary"] if asked.get("formulary") else []
    more += [asked["insurance"]] if "insurance" in asked else []
    out = institution.ask("item", asked["table"], asked["code"], CITY, asked["date"], *more, codes=(0, 3))
    return json.loads(out) if out else None


def submit(world, events):
    receipts = world.ctl("ctl", "submit", text="".join(json.dumps(event) + "\n" for event in events)).splitlines()
    refused = [receipt for receipt in receipts if json.loads(receipt)["outcome"] != "accepted"]
    if refused:
        raise RuntimeError(f"refused: {refused}")


def play(world):
    institution, = world.load(1, catalogue=None)
    first, second = list(rows()), list(rows_on_rows(institution))
    submit(world, first)
    world.wait_for_table("catalogue", len(first))
    submit(world, second)
    last = {"table": "WESTERN_DRUG", "code": "又名", "date": "2026-07-01"}
    check("the copy has all of it", institution.refresh_until(lambda one: by_copy(one, last) is not None and by_copy(
        one, {"table": "WESTERN_DRUG", "code": "UNLISTED", "date": "2026-07-01", "formulary": True}) is not None))
    seen = set()
    for asked in questions():
        rules, door, copy = (same_form(answer) for answer in
                             (by_ctl(world, institution, asked), by_gateway(world, institution, asked), by_copy(institution, asked)))
        check(f"the gateway answers {asked} as the rules do", door == rules, (door, rules))
        check(f"the copy answers {asked} as the rules do", copy == rules, (copy, rules))
        seen |= {why.split(":")[0] for why in (rules or {}).get("why", [])}
    check("every reason was shown", SHOWN <= seen, SHOWN - seen)


with tempfile.TemporaryDirectory(prefix="lookup.", dir=BUILD) as folder:
    little_world = broadcast.World(MEDHUB, BUILD / "bin/medhub-client", SOURCE / "ops/data", folder)
    try:
        play(little_world)
    finally:
        little_world.close()
sys.exit(1 if failures else 0)

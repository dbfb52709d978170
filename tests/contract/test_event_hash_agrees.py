#!/usr/bin/python3
# timeout: 300
"""`medhub event hash` beside the public reference implementation of the EPCIS event hash ID (CBV 2.0), installed by ops/deps:
documents of our own with every kind of event, identifier, time and extension; and what must not change an ID."""
import copy
import glob
import json
import os
import random
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
MEDHUB = os.environ["MEDHUB"]
DOCUMENTS = int(os.environ.get("MEDHUB_EPCIS_DOCUMENTS", "150"))
SKIPPED = 77
failures = []

STEPS = ["commissioning", "shipping", "receiving", "dispensing", "destroying", "storing", "packing", "installing"]
DISPOSITIONS = ["in_transit", "recalled", "expired", "active", "sellable_accessible", "dispensed"]
# URN and link of the same thing.
ITEMS = [("urn:epc:id:sgtin:6901234.056789.{}", "https://id.gs1.org/01/06901234567892/21/{}"),
         ("urn:epc:id:sgtin:69263479.06261.{}", "http://example.com/x/01/06926347962617/21/{}?17=280131")]
FIXED = ["urn:epc:id:sscc:6901234.0000000111", "urn:epc:id:sgln:6901234.00011.987", "urn:epc:id:sgln:6901234.00011.0",
         "urn:epc:id:grai:6901234.00011.77", "urn:epc:id:giai:6901234.AB-1", "urn:epc:id:gsrn:6901234.0000000111",
         "urn:epc:id:gsrnp:6901234.0000000111", "urn:epc:id:gdti:6901234.00011.77", "urn:epc:id:cpi:6901234.PQ7-1.77",
         "urn:epc:id:sgcn:6901234.00011.04711", "urn:epc:id:ginc:6901234.xyz", "urn:epc:id:gsin:6901234.123456789",
         "urn:epc:id:itip:6901234.056789.01.02.77", "urn:epc:id:upui:6901234.056789.7XYZ", "urn:epc:id:pgln:6901234.00011",
         "urn:epc:id:sgtin:6901234.056789.a!(*)+,:", "urn:epc:id:sgtin:6901234.056789.%2F%22", "https://id.gs1.org/8006/069012345678920102/21/7",
         "https://id.gs1.org/414/6901234000117/254/5", "https://id.gs1.org/01/06901234567892/22/2A/10/L1/21/7",
         "https://example.org/gtin/06901234567892/lot/L1", "https://id.gs1.org/01/06901234567892/10/L1", "https://id.gs1.org/8010/6901234PQ/8011/12",
         "geo:47.5,11.1", "urn:uuid:7d5cb6a0-0000-4000-8000-000000000000", "https://example.org/items/4711", "MA.156.M0.100350.01004YA10017"]
CLASSES = ["urn:epc:class:lgtin:6901234.056789.L1", "urn:epc:idpat:sgtin:6901234.056789.*", "https://id.gs1.org/01/06901234567892/10/L2",
           "urn:epc:idpat:grai:6901234.00011.*", "urn:epc:idpat:itip:6901234.056789.01.02.*", "urn:epc:idpat:cpi:6901234.PQ7.*"]


def check(what, truth, more=""):
    if not truth:
        failures.append(what)
        print(f"not so: {what} {str(more)[:2000]}", file=sys.stderr)


def medhub(document, *words):
    done = subprocess.run([MEDHUB, "event", "hash", *words], input=json.dumps(document), capture_output=True, text=True, timeout=60,
                          check=False)
    if done.returncode != 0:
        return [f"exit code {done.returncode}: {done.stderr}"]
    return done.stdout.splitlines()


REFERENCE = """
import json, logging, sys
logging.disable(logging.CRITICAL)
from epcis_event_hash_generator import hash_generator, json_to_py
answers = []
for document in json.load(sys.stdin):
    json_to_py._namespaces.clear()
    events = json_to_py.event_list_from_epcis_document_str(json.dumps(document))
    texts = hash_generator.derive_prehashes_from_events(events)
    answers.append([texts, hash_generator.calculate_hashes_from_pre_hashes(texts)])
print(json.dumps(answers))
"""


def reference(documents):
    python = os.path.join(os.environ["MEDHUB_DEPS_DIR"], "python", "bin", "python")
    if not glob.glob(os.path.join(os.environ["MEDHUB_DEPS_DIR"], "python", "lib", "*", "site-packages", "epcis_event_hash_generator")):
        return None
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run([python, "-B", "-c", REFERENCE], input=json.dumps(documents), capture_output=True, text=True, timeout=250,
                              cwd=folder, check=False)
    if done.returncode != 0:
        sys.exit(f"the reference implementation failed: {done.stderr[-800:]}")
    return json.loads(done.stdout)


def first_difference(ours, theirs):
    for mine, other in zip(ours, theirs):
        same = len(os.path.commonprefix([mine, other]))
        if mine != other:
            return f"...{mine[max(0, same - 60):same + 100]!r} but ...{other[max(0, same - 60):same + 100]!r}"
    return f"{len(ours)} and {len(theirs)} events"


# ---- documents


def item(dice):
    return dice.choice(dice.choice(ITEMS)).format(dice.randint(1, 99999)) if dice.random() < 0.6 else dice.choice(FIXED)


def quantity(dice):
    element = {"epcClass": dice.choice(CLASSES)}
    if dice.random() < 0.9:
        element["quantity"] = dice.choice([1, 12, 600, 2.5, 0.75, 30.0, 1000000, 0.00001, 12345.678])
    if dice.random() < 0.5:
        element["uom"] = dice.choice(["KGM", "LTR"])
    return element


def moment(dice):
    text = f"20{dice.randint(10, 29)}-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}T{dice.randint(0, 23):02}:{dice.randint(0, 59):02}:{dice.randint(0, 59):02}"
    return text + dice.choice(["", ".5", ".123", ".1234", ".98765", ".0001", ".999"]) + dice.choice(["Z", "+08:00", "-06:00", "+05:30"])


def extension(dice, depth=0):
    kind = dice.randrange(6 if depth < 2 else 4)
    if kind < 4:
        return dice.choice(["AB-12", "  blank around ", "0", 4711, 2.50, True, False, "2023-10-09", "text with = and {}", "urn:epc:id:sscc:6901234.0000000111"])
    if kind == 4:
        return {f"example:sub{i}": extension(dice, depth + 1) for i in range(dice.randint(1, 3))}
    return [dice.choice(["3", "1", "word", "2.0"]) for _ in range(dice.randint(1, 3))]


def pairs(dice, name, types, values):
    return [{"type": dice.choice(types), name: dice.choice(values)} for _ in range(dice.randint(1, 3))]


def sensor(dice):
    element = {"sensorReport": [{"type": dice.choice(["Temperature", "AbsoluteHumidity", "Speed"]), "value": dice.choice([26, 26.1, 0.05]),
                                 "uom": "CEL"} for _ in range(dice.randint(1, 3))]}
    if dice.random() < 0.5:
        element["sensorMetadata"] = {"time": moment(dice), "deviceID": "urn:epc:id:giai:6901234.111", "example:more": "further"}
    if dice.random() < 0.3:
        element["sensorReport"][0].update({"component": "x", "stringValue": "S", "booleanValue": True, "maxValue": 3.10})
    return element


def event(dice):
    kind = dice.choice(["ObjectEvent", "AggregationEvent", "TransactionEvent", "TransformationEvent", "AssociationEvent"])
    made = {"type": kind, "eventTime": moment(dice), "eventTimeZoneOffset": dice.choice(["+08:00", "-06:00"]),
            "eventID": f"urn:uuid:{dice.getrandbits(128):032x}", "recordTime": moment(dice)}
    items = lambda: [item(dice) for _ in range(dice.randint(1, 4))]  # noqa: E731
    quantities = lambda: [quantity(dice) for _ in range(dice.randint(1, 3))]  # noqa: E731
    if kind == "TransformationEvent":
        made.update({"inputEPCList": items(), "outputEPCList": items(), "inputQuantityList": quantities(),
                     "outputQuantityList": quantities(), "transformationID": "urn:epc:id:gdti:6901234.00011.77"})
    else:
        made["action"] = dice.choice(["ADD", "OBSERVE", "DELETE"])
    if kind in ("ObjectEvent", "TransactionEvent"):
        made.update({"epcList": items()} if dice.random() < 0.7 else {"quantityList": quantities()})
    if kind in ("AggregationEvent", "AssociationEvent"):
        made.update({"parentID": "urn:epc:id:sscc:6901234.0000000111", "childEPCs": items(), "childQuantityList": quantities()})
    if dice.random() < 0.9:
        made["bizStep"] = dice.choice([*STEPS, "https://example.org/step/x", "urn:epcglobal:cbv:bizstep:holding"])
    if dice.random() < 0.6:
        made["disposition"] = dice.choice([*DISPOSITIONS, "urn:epcglobal:cbv:disp:in_progress"])
    if dice.random() < 0.3:
        made["persistentDisposition"] = {"set": ["completeness_verified"], "unset": ["completeness_inferred"]}
    if dice.random() < 0.8:
        made["readPoint"] = {"id": dice.choice(FIXED)}
        if dice.random() < 0.3:
            made["readPoint"]["example:shelf"] = "AB-12"
    if dice.random() < 0.5:
        made["bizLocation"] = {"id": "urn:epc:id:sgln:6901234.00011.0"}
    if dice.random() < 0.5:
        made["bizTransactionList"] = pairs(dice, "bizTransaction", ["po", "inv", "desadv"], ["urn:epcglobal:cbv:bt:6901234000008:4711", FIXED[7]])
    if dice.random() < 0.4:
        made["sourceList"] = pairs(dice, "source", ["owning_party", "possessing_party", "location"], ["urn:epc:id:pgln:6901234.00011"])
        made["destinationList"] = pairs(dice, "destination", ["owning_party", "location"], ["urn:epc:id:pgln:6926347.00011"])
    if dice.random() < 0.3:
        made["sensorElementList"] = [sensor(dice) for _ in range(dice.randint(1, 2))]
    if dice.random() < 0.4:
        made["ilmd"] = {"cbvmda:lotNumber": "L1", "cbvmda:itemExpirationDate": "2028-01-31", "example:more": extension(dice)}
    if dice.random() < 0.2:
        made["errorDeclaration"] = {"declarationTime": moment(dice), "reason": "incorrect_data"}
    for i in range(dice.choice([0, 0, 1, 3])):
        made[f"example:field{i}"] = extension(dice)
    return made


def document(events, query=False):
    body = {"eventList": events}
    if query:
        body = {"queryResults": {"queryName": "SimpleEventQuery", "resultsBody": body}}
    return {"@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld", {"example": "https://ns.example.com/epcis/"},
                         {"cbvmda": "urn:epcglobal:cbv:mda:"}, {"gs1": "https://gs1.org/voc/"}],
            "id": "https://id.example.org/document1", "type": "EPCISQueryDocument" if query else "EPCISDocument", "schemaVersion": "2.0",
            "creationDate": "2026-01-01T00:00:00.000Z", "epcisBody": body}


# ---- what must not change an ID, and what must


def shuffled(dice, json_value):
    if isinstance(json_value, dict):
        names = list(json_value)
        dice.shuffle(names)
        return {name: shuffled(dice, json_value[name]) for name in names}
    if isinstance(json_value, list):
        return dice.sample([shuffled(dice, element) for element in json_value], len(json_value))
    return json_value


def check_invariance(dice):
    for _ in range(60):
        first = event(dice)
        second = shuffled(dice, copy.deepcopy(first))
        second.update({"recordTime": "2030-01-01T00:00:00Z", "eventID": "urn:uuid:other"})
        check("the order of members and of lists does not matter", medhub(document([first])) == medhub(document([second])), first)
        second["action"] = "CHANGED"
        check("content does", medhub(document([first])) != medhub(document([second])))
    same = [{"type": "ObjectEvent", "eventTime": time, "eventTimeZoneOffset": "+08:00", "epcList": [epc], "action": "ADD"}
            for time in ("2026-03-01T08:00:00+08:00", "2026-03-01T00:00:00.000Z", "2026-02-28T23:59:59.9995Z")
            for epc in ("urn:epc:id:sgtin:6901234.056789.7", "https://x.cn/a/01/06901234567892/10/L/21/7?17=280131")]
    check("zones, decimals and spellings do not matter", len(set(medhub(document(same)))) == 1, medhub(document(same), "--prehash"))
    check("a query document gives the same", medhub(document(same, True)) == medhub(document(same)))
    check("a bare event has the ID that it has in a document", medhub(same[0]) == medhub(document(same[:1])))


def check_refusals():
    for text, code in (("{", "epcis.json"), ("{}", "epcis.document"), ('{"epcisBody":{"eventList":[1]}}', "epcis.event")):
        done = subprocess.run([MEDHUB, "event", "hash"], input=text, capture_output=True, text=True, timeout=60, check=False)
        check(f"{text} is refused", done.returncode == 1 and code in done.stderr and not done.stdout, done.stderr)
    deep = '{"type":"ObjectEvent","eventTime":"x","a":' + '{"a":' * 1500 + "1" + "}" * 1501
    done = subprocess.run([MEDHUB, "event", "hash"], input=deep, capture_output=True, text=True, timeout=60, check=False)
    check("depth is bounded", done.returncode == 1)


def main():
    dice = random.Random(20260127)
    documents = [document([event(dice) for _ in range(dice.randint(1, 3))]) for _ in range(DOCUMENTS)]
    answers = reference(documents)
    compared = 0
    for said, (texts, hashes) in zip(documents, answers or []):
        if len(texts) < len(json.dumps(said).split('"eventTime"')) - 1:
            continue  # the reference gave up on an event
        ours = medhub(said)
        check("the hashes agree", ours == hashes, "" if ours == hashes else first_difference(medhub(said, "--prehash"), texts))
        compared += len(hashes)
    check_invariance(dice)
    check_refusals()
    print(f"{compared} events compared with the reference implementation" if answers else "the reference implementation is not installed (ops/deps test)")
    if failures:
        return 1
    return 0 if answers else SKIPPED


if __name__ == "__main__":
    sys.exit(main())

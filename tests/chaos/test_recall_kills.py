#!/usr/bin/python3
# timeout: 240
"""Two recalls in flight, of 30,600 items and of cases with 350 units in them: the hub is killed (-9) at each named point of a batch
while it matches, goes through the cases, and goods are being destroyed. In the end each item was matched once: the rounds have no
gap, the sums are those of the scans, each use is named once, each holder told once, and what lies in the cases adds up."""
import collections
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time

SOURCE = pathlib.Path(os.environ["MEDHUB_SOURCE_DIR"])
BUILD = pathlib.Path(os.environ["MEDHUB_BUILD_DIR"])
MEDHUB = os.environ["MEDHUB"]
sys.path[:0] = [str(SOURCE / "tests" / "chaos")]

import processes  # noqa: E402

SERIALS = int(os.environ.get("MEDHUB_RECALL_SERIALS", "600"))
HOLDERS, LOTS, IN_A_LOT = 60, 5, 100  # each holder has so many of each lot without serials
DESTROYED = SERIALS // 10
ITEMS = SERIALS + HOLDERS * LOTS * IN_A_LOT
ROWS = SERIALS + SERIALS // 10 + HOLDERS * LOTS
PRODUCT, LOT, MAKER, RECALL = "06901234000018", "L1", "R65010000001", "ZH-1"
POINTS = ["before_produce", "after_produce", "after_send_offsets", "after_kafka_commit", "inside_store_commit", "after_store_commit"]
UNIT, CASE, CASE_RECALL = "06901234000023", "16901234000020", "ZH-2"
CASES, IN_A_CASE, OF_A_LOT = 10, 20, 15  # each case holds so many units and so many of a lot; one unit of each was taken out before
ROWS_A_ROUND, BATCHES_TO_LIVE = ROWS // 100, 12  # some 100 rounds: each life does a few of them


def moment(minutes_ago):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - minutes_ago * 60))


MOMENT = moment(60)


def event(number, source, kind, data):
    return {"specversion": "1.0", "id": number, "source": source, "type": f"medhub.{kind}.v1", "data": data}


def organisation(name, kind, role):
    return event(f"org-{name}", "medhub", "registry.organisation_changed", {
        "organisationId": name, "effectiveOn": "2025-01-01", "organisation": {
            "id": name, "name": name, "kind": f"ORGANISATION_KIND_{kind}", "state": "STATE_LIVE", "region": "650102",
            "roles": [role], "designatedFrom": "2025-01-01"}})


def holder(number):
    return f"H6501021{number % HOLDERS:04d}"


def serial(number):
    return f"S{number:07}"


def scan(number, step, source, moment=MOMENT, lot=LOT, quantity=1):
    return event(f"{step}-{number}", source, "trace.item_scanned", {
        "product": PRODUCT, "step": f"STEP_{step}", "serial": serial(number), "lot": lot, "madeOn": "2026-01-10", "holder": source,
        "scannedAt": moment, "region": "650102", "name": "支架", "specification": "3.0", "quantity": {"e4": quantity * 10000}})


def made(number):
    """One scan for each serial: in seven of ten a hospital has it, in two it was sold, in one the maker still has it; and a tenth
    as many of another lot."""
    if number >= SERIALS:
        return scan(number, "STORED", holder(number), lot="L2")
    last = number % 10
    return scan(number, "STORED" if last < 7 else "SOLD", holder(number)) if last < 9 else scan(number, "COMMISSIONED", MAKER)


def bought(lot, number):
    """Without serials, so many of a lot."""
    told = scan(f"{lot}-{number}", "PURCHASED", holder(number), lot=f"K{lot}", quantity=IN_A_LOT)
    del told["data"]["serial"]
    return told


def case_scan(product, number, step, source, minutes_ago, **more):
    return event(f"{step}-{product}-{number}-{more.get('serial', '')}", source, "trace.item_scanned", {
        "product": product, "step": f"STEP_{step}", "holder": source, "scannedAt": moment(60 + minutes_ago), "region": "650102", **more})


def case_code(number):
    return f"(01){CASE}(21)C{number}"


def packed(number):
    said = [case_scan(UNIT, number, "PACKED", MAKER, 3, serial=f"U{number}-{unit}", parentCode=case_code(number))
            for unit in range(IN_A_CASE)]
    return [*said, case_scan(UNIT, number, "PACKED", MAKER, 3, lot="M1", quantity={"e4": OF_A_LOT * 10000}, parentCode=case_code(number))]


def case_bought(number):
    return [case_scan(CASE, number, "PURCHASED", holder(number), 2, serial=f"C{number}")]


def one_taken_out(number):
    return [case_scan(UNIT, number, "UNPACKED", holder(number), 1, serial=f"U{number}-0", parentCode=case_code(number))]


def recall_of(product, number, scope):
    return event(number, MAKER, "trace.recall_issued", {
        "product": product, "recall": number, "issuer": MAKER, "registrant": MAKER, "level": "RECALL_LEVEL_I", "scope": scope,
        "region": "650100", "reason": "a test", "issuedAt": MOMENT})


class House:
    def __init__(self, folder):
        self.folder = folder
        self.brokers = processes.Brokers(folder / "kafka", 1)
        self.medhub("ctl", "topics", "apply", "-q")
        self.lives = 0

    def medhub(self, *arguments, lines=None, codes=(0,)):
        done = subprocess.run([MEDHUB, *arguments, "-b", self.brokers.address], text=True, stdout=subprocess.PIPE, input=lines,
                              timeout=120, check=False)
        if done.returncode not in codes:
            sys.exit(f"medhub {arguments}: {done.returncode}")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def submit(self, events, codes=(0,)):
        receipts = self.medhub("ctl", "submit", "-q", "-o", "ndjson", lines="".join(json.dumps(one) + "\n" for one in events),
                               codes=codes)
        wrong = [receipt for receipt in receipts if receipt["outcome"] != "accepted"]
        if wrong:
            sys.exit(f"not accepted: {wrong[0]}")
        return receipts

    def facts(self, name):
        return self.medhub("ctl", "facts", "-q", "--type", f"trace.{name}", "-o", "ndjson")

    def hub(self, crash=None):
        self.lives += 1
        return processes.Process(f"hub {self.lives}", [
            MEDHUB, "hub", "-b", self.brokers.address, "--set", f"state.directory={self.folder / 'state'}", "--set", "monitor.port=-1",
            "--set", "hub.session_timeout_ms=6000"], self.folder / f"hub-{self.lives}.log",
            {"MEDHUB_CRASH_AT": crash} if crash else None)

    def end(self):
        self.brokers.stop()


def found_world(house):
    rows = [organisation(MAKER, "REGISTRANT", "registrant")]
    rows += [organisation(holder(number), "HOSPITAL", "hospital") for number in range(HOLDERS)]
    rows.append(event("rounds", "medhub", "policy.parameter_set", {
        "name": "background.rows_per_round", "region": "000000", "validFrom": "2025-01-01", "parameter": {
            "name": "background.rows_per_round", "kind": "PARAMETER_KIND_INTEGER", "integer": ROWS_A_ROUND, "document": "a test"}}))
    base = subprocess.run([MEDHUB, "gen", "-q", "--what", "policy"], check=True, stdout=subprocess.PIPE, text=True).stdout
    house.submit([row for row in map(json.loads, base.splitlines()) if BACKGROUND not in json.dumps(row)] + rows)


BACKGROUND = "background.rows_per_round"


def live_and_die(house):
    """One hub after the other, each killed at another point, until all points have been met."""
    for point in POINTS:
        hub = house.hub(f"{point}:{BATCHES_TO_LIVE}")
        hub.expected_to_end = True
        if hub.wait_end(60) != -9:
            sys.exit(f"{hub.name} did not die at {point}: {hub.tail()}")


def rows_of(house, product):
    return {row["row"]: row["value"] for row in house.medhub("ctl", "state", product, "-q", "-o", "ndjson", codes=(0, 3))}


def is_through(house):
    """The large recall has told all, the cases are gone through, and what lies in them is told."""
    if not any(fact["key"] == PRODUCT and fact["data"].get("complete") and fact["data"]["stage"] == "telling"
               for fact in house.facts("recall_progressed")):
        return False
    cases, units = rows_of(house, CASE), rows_of(house, UNIT)
    return (not any(row.startswith("recall_pack/") for row in cases)
            and units.get(f"recall/{CASE_RECALL}", {}).get("status") == "RECALL_STATUS_OPEN"
            and amounts_of(units, CASE_RECALL, "held") == CASES * (IN_A_CASE + OF_A_LOT))


def await_end(house):
    until = time.monotonic() + 90
    while time.monotonic() < until:
        if is_through(house):
            return
        time.sleep(0.2)  # nobody tells: asked again
    sys.exit("the recalls were not matched")


def check(true, what):
    if not true:
        sys.exit(f"not so: {what}")


def e4(amounts, name):
    return int((amounts or {}).get(f"{name}E4", 0))


def amounts_of(rows, recall, name):
    return e4(rows.get(f"recall/{recall}", {}).get("amounts"), name) / 10000


def verify_amounts(rows, recall, expected):
    for name, count in expected.items():
        check(amounts_of(rows, recall, name) == count, f"{recall} {name}: {amounts_of(rows, recall, name)}, not {count}")
        by_holder = sum(e4(value.get("amounts"), name) for row, value in rows.items() if row.startswith(f"recall_holder/{recall}/"))
        check(by_holder == count * 10000, f"{recall} {name}: the holders' rows add up to {by_holder / 10000}")


def verify_told(house, product, wanted):
    told = collections.Counter(fact["data"]["holder"] for fact in house.facts("recall_matched") if fact["key"] == product)
    check(set(told.values()) == {1} and set(told) == wanted, f"each holder of {product} is told once")


def verify_key(house, product):
    """Its facts have versions without gap or double, and its rounds too."""
    facts = [fact for kind in FACTS for fact in house.facts(kind) if fact["key"] == product]
    versions = sorted(int(fact["data"]["provenance"]["version"]) for fact in facts)
    check(versions == list(range(1, len(versions) + 1)), f"the versions of {product} have no gap and no double")
    progressed = sorted((fact["data"] for fact in facts if "recall_progressed" in fact["type"]), key=lambda data: data["round"])
    check([data["round"] for data in progressed] == list(range(1, len(progressed) + 1)), "the rounds have no gap and no double")
    return progressed


def verify_cases(house):
    """All that lies in the cases, and the unit that was taken out of each, is recalled once."""
    hospitals = {holder(number) for number in range(CASES)}
    verify_key(house, CASE)
    verify_key(house, UNIT)
    verify_told(house, CASE, hospitals)
    verify_told(house, UNIT, hospitals)
    rows = rows_of(house, UNIT)
    verify_amounts(rows, CASE_RECALL, {"held": CASES * (IN_A_CASE + OF_A_LOT), "used": 0, "delivered": 0, "destroyed": 0, "returned": 0})
    check(all(row.get("recalls") == [CASE_RECALL] for name, row in rows.items() if name.startswith("serial/")),
          "each unit's row names the recall once")


def verify(house):
    matching = [data for data in verify_key(house, PRODUCT) if data["stage"] == "matching"]
    check(int(matching[-1]["rows"]) == ROWS, f"all rows were looked at once: {matching[-1]['rows']}")
    uses = collections.Counter(use["serial"] for data in matching for use in data.get("uses", []))
    wanted = {serial(number) for number in range(SERIALS) if number % 10 in (7, 8)}
    check(set(uses) == wanted and set(uses.values()) == {1}, "each use is named once")
    verify_told(house, PRODUCT, {holder(number) for number in range(HOLDERS)})
    verify_amounts(rows_of(house, PRODUCT), RECALL, {
        "held": ITEMS - SERIALS * 3 // 10 - DESTROYED, "delivered": SERIALS * 2 // 10, "returned": SERIALS // 10, "destroyed": DESTROYED})
    verify_cases(house)
    return len(matching)


FACTS = ("item_scanned", "alert_raised", "pack_changed", "pack_carried", "recall_issued", "recall_extended", "recall_progressed",
         "recall_matched", "recall_holding_changed")


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="recall-kills.", dir=BUILD))
    house = House(folder)
    begun = time.monotonic()
    try:
        hub = house.hub()
        hub.wait_for("service.ready", 60)
        found_world(house)
        house.submit([made(number) for number in range(SERIALS + SERIALS // 10)]
                     + [bought(lot, number) for lot in range(LOTS) for number in range(HOLDERS)])
        for stage in (packed, case_bought, one_taken_out):
            house.submit([said for number in range(CASES) for said in stage(number)])
        hub.kill()
        print(f"{ITEMS} items after {time.monotonic() - begun:.0f} s", file=sys.stderr)
        destroyed = [scan(number * 10, "DESTROYED", holder(number * 10), moment(0))
                     for number in range(DESTROYED)]
        issued = [recall_of(PRODUCT, RECALL, {"lots": [LOT, *(f"K{lot}" for lot in range(LOTS))]}),
                  recall_of(CASE, CASE_RECALL, {"wholeProduct": True})]
        speaker = threading.Thread(target=lambda: house.submit([*issued, *destroyed]), daemon=True)
        speaker.start()
        live_and_die(house)
        last = house.hub()
        speaker.join(90)
        await_end(house)
        last.kill()
        rounds = verify(house)
        print(f"{ITEMS} items matched in {rounds} rounds and {house.lives - 1} lives, {time.monotonic() - begun:.0f} s", file=sys.stderr)
    finally:
        house.end()
        shutil.rmtree(folder, ignore_errors=True)


main()

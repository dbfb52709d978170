#!/usr/bin/env python3
# timeout: 180
"""A day of prescriptions and what pharmacies make of them, generated from the shipped data, on `medhub up`: every event is
answered as its line expects, and what the hub told itself (trace codes of dispensed boxes) is accepted too."""
import collections
import datetime
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.request

MEDHUB = os.environ["MEDHUB"]
DATA = pathlib.Path(os.environ["MEDHUB_SOURCE_DIR"]) / "ops/data"
COUNT, DEADLINE_S = 300, 60


def medhub(*arguments, stdin=None):
    run = subprocess.run([MEDHUB, *arguments], input=stdin, text=True, capture_output=True, check=False)
    if run.returncode not in (0, 6):
        sys.exit(f"medhub {' '.join(arguments)}: {run.returncode} {run.stderr[-500:]}")
    return run.stdout.splitlines()


def until(holds, what):
    give_up = time.monotonic() + DEADLINE_S
    while not holds():
        if time.monotonic() > give_up:
            sys.exit(f"in vain: {what}")
        time.sleep(0.05)


def table_rows(monitor, table):
    with urllib.request.urlopen(f"{monitor}/tables", timeout=5) as answer:
        return json.load(answer)[table]


def submit(lines):
    """Receipts in the order of the events; an empty line is a barrier and no event."""
    return [json.loads(line) for line in medhub("ctl", "submit", "-q", "-o", "ndjson", stdin="\n".join(lines) + "\n")]


def play(day, monitor):
    def gen(what, *more):
        return medhub("gen", "--day", day, "--data", str(DATA), "--what", what, *more)

    submit(gen("policy,calendar,organisations"))
    until(lambda: table_rows(monitor, "designation") >= 120, "the lists are followed")
    for what in ("catalogue-2024", "catalogue-2025", "limits"):
        submit(gen(what))
    until(lambda: table_rows(monitor, "catalogue") >= 3826 + 1334, "the catalogue is followed")

    load = gen("prescriptions,dispensings", "--count", str(COUNT), "--wrong", "10", "--repeat", "5")
    wanted = [(event["id"], event["expect"], event.get("expectcode")) for event in map(json.loads, filter(None, load))]
    receipts = submit(load)
    outcomes = collections.Counter()
    if len(receipts) != len(wanted):
        sys.exit(f"{len(receipts)} receipts for {len(wanted)} events")
    answered = collections.defaultdict(list)
    for receipt in receipts:
        answered[receipt["id"]].append(receipt)
    for name, outcome, code in wanted:
        receipt = answered[name].pop(0)
        codes = [finding["code"] for finding in receipt.get("findings", [])]
        if receipt["outcome"] != outcome or code and code not in codes + [receipt.get("code")]:
            sys.exit(f"{name}: {receipt} instead of {outcome} {code or ''}")
        outcomes[receipt["type"].split(".")[2], outcome] += 1
    return outcomes, load


def boxes(load):
    events = [json.loads(line) for line in load if line]
    return sum(len(line["traceCodes"]) for event in events for line in event["data"].get("lines", [])
               if event["type"].endswith("dispensed.v1") and event["expect"] == "accepted")


def main():
    day = str((datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=8)).date() - datetime.timedelta(days=1))
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen([MEDHUB, "up", "--set", f"state.directory={folder}/state", "--set", "monitor.port=0"],
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            up = json.loads(process.stdout.readline())
            os.environ["MEDHUB_KAFKA_BROKERS"] = up["brokers"]
            outcomes, load = play(day, up["monitor"])
            followed = boxes(load)
            facts = lambda: len(medhub("ctl", "facts", "-q", "--type", "trace.item_scanned", "-o", "ndjson"))
            until(lambda: facts() >= followed, f"{followed} boxes are followed")
            refused = [json.loads(line) for line in medhub("ctl", "receipts", "-q", "--outcome", "refused", "-o", "ndjson")]
            ours = [receipt for receipt in refused if receipt["source"] == "medhub"]
            if ours:
                sys.exit(f"the hub refused itself: {ours[0]}")
        finally:
            process.terminate()
            process.wait(30)
    print(f"{sum(outcomes.values())} events as expected, {followed} boxes followed: {dict(outcomes)}")
    if not outcomes["dispensed", "accepted"] or not outcomes["released", "accepted"]:
        sys.exit("nothing was dispensed or released")


main()

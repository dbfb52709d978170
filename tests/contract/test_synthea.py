#!/usr/bin/env python3
# timeout: 120
"""Synthea's medication requests, turned into uploads by ops/examples/synthea.py, against a hub in memory: every outcome is one
that the drugs explain, and the sum holds."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

MEDHUB = os.environ["MEDHUB"]
SOURCE = pathlib.Path(__file__).resolve().parents[2]
DAY, HOSPITAL, REGION = "2026-03-02", "H44020000014", "440200"
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("MEDHUB_KAFKA")}
failures = []


def check(what, truth, more=""):
    if not truth:
        failures.append(what)
        print(f"not so: {what} {str(more)[:1500]}", file=sys.stderr)


def run(*words, text=None, expect=(0,)):
    done = subprocess.run([str(word) for word in words], input=text, capture_output=True, text=True, env=ENVIRONMENT, timeout=90)
    check(f"{words[1:4]} ends with one of {expect}", done.returncode in expect, f"{done.returncode}: {done.stderr[-500:]}")
    return done.stdout


def rows(text):
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def gen(what):
    return rows(run(MEDHUB, "gen", "--day", DAY, "--what", what, "-q"))


def submit(events, expect=(0,)):
    text = "\n".join(json.dumps(each, ensure_ascii=False) for each in events)
    return rows(run(MEDHUB, "ctl", "submit", "-q", text=text, expect=expect))


def converted(folder, catalogue):
    path = pathlib.Path(folder) / "catalogue.ndjson"
    path.write_text("\n".join(json.dumps(each, ensure_ascii=False) for each in catalogue))
    return rows(run(sys.executable, SOURCE / "ops/examples/synthea.py", SOURCE / "ops/data/synthea_requests.csv", path, HOSPITAL,
                    REGION, DAY))


def wait_for_catalogue(place, count):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if json.loads(urllib.request.urlopen(place["monitor"] + "/tables", timeout=10).read())["catalogue"] >= count:
            return
        time.sleep(0.05)
    check("the catalogue is there", False)


def world(place, uploads, catalogue):
    codes = {line["catalogueCode"] for each in uploads for line in each["data"]["lines"]} - {"UNKNOWN"}
    submit(gen("policy,calendar"))
    submit([each for each in gen("organisations") if each["subject"] in (HOSPITAL, "B000000")])
    items = [each for each in catalogue if each["data"].get("item", {}).get("code") in codes]
    submit(items)
    wait_for_catalogue(place, len(codes))
    return codes


def explained(uploads, receipts):
    """What the drugs of an upload say must come out, against what came out."""
    counts = {"accepted": 0, "refused": 0, "warned": 0}
    for upload, receipt in zip(uploads, receipts):
        unknown = {f"lines[{i}].catalogueCode" for i, line in enumerate(upload["data"]["lines"])
                   if line["catalogueCode"] == "UNKNOWN"}
        wrong = {each["path"] for each in receipt.get("findings", []) if each["severity"] == "SEVERITY_REFUSE"}
        warned = {each["code"] for each in receipt.get("findings", []) if each["severity"] != "SEVERITY_REFUSE"}
        check(f"{upload['id']}: accepted, or refused for the drugs that the list does not name",
              receipt["outcome"] == ("refused" if unknown else "accepted") and wrong == unknown, receipt)
        check("a warning is of a drug taken twice", warned <= {"prescription.double_medication"}, warned)
        counts[receipt["outcome"]] += 1
        counts["warned"] += bool(warned)
    check("there are enough of both", counts["accepted"] > 20 and counts["refused"] > 20, counts)
    print(counts)


def main():
    with tempfile.TemporaryDirectory() as folder:
        catalogue = [each for each in gen("catalogue-2024") if "itemKey" in each["data"]]
        uploads = converted(folder, catalogue)
        hub = subprocess.Popen([MEDHUB, "up", "--set", "monitor.port=0", "--set", "log.level=warn"], text=True,
                               stdout=subprocess.PIPE, env=ENVIRONMENT)
        try:
            place = json.loads(hub.stdout.readline() or "{}")
            ENVIRONMENT["MEDHUB_KAFKA_BROKERS"] = place["brokers"]
            world(place, uploads, catalogue)
            receipts = submit(uploads, expect=(6,))
            explained(uploads, receipts)
            refused = next(each for each in receipts if each["outcome"] == "refused")
            why = run(MEDHUB, "ctl", "explain", refused["id"], "-q")
            check("explain names the rule and its regulation", "RX-005" in why and "津医保局发〔2021〕106号" in why, why)
            check("the sum holds", json.loads(run(MEDHUB, "ctl", "sum", "-q"))["holds"])
        finally:
            hub.send_signal(signal.SIGTERM)
            hub.wait(30)
    sys.exit(f"{len(failures)} failed" if failures else 0)


main()

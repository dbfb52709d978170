#!/usr/bin/python3
# timeout: 240
"""`medhub ctl explain` and `medhub ctl state` against `medhub up`: what the hub decided is decided again from Kafka alone and
comes out the same, for one event of every kind of answer; what differs, is masked or is not there is told."""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

MEDHUB = os.environ["MEDHUB"]
DAY = "2026-03-02"  # long enough ago that prescriptions of that day have expired
OK, FAILED, USAGE, NOT_FOUND, NOT_ALLOWED, PARTIAL = 0, 1, 2, 3, 4, 6
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("MEDHUB_KAFKA")}
failures = []


def check(what, truth, more=""):
    if not truth:
        failures.append(what)
        print(f"not so: {what} {str(more)[:2500]}", file=sys.stderr)


def run(*words, text=None, expect=(OK,)):
    done = subprocess.run([MEDHUB, *words], input=text, capture_output=True, text=True, env=ENVIRONMENT, timeout=100)
    check(f"medhub {' '.join(words)[:150]} ends with {expect}", done.returncode in expect,
          f"but {done.returncode}: {done.stderr[-800:]} {done.stdout[-800:]}")
    return done


def rows(done):
    return [json.loads(line) for line in done.stdout.splitlines() if line.strip()]


def explain(event, *more, expect=(OK,)):
    done = run("ctl", "explain", event, "-q", "-o", "json", *more, expect=expect)
    return json.loads(done.stdout) if done.stdout else {}


def wait_for_tables(place, table, count):
    deadline = time.monotonic() + 20
    seen = 0
    while seen < count and time.monotonic() < deadline:
        with urllib.request.urlopen(place["monitor"] + "/tables", timeout=10) as answer:
            seen = json.loads(answer.read())[table]
        time.sleep(0.05)
    check(f"table {table} reaches {count} rows", seen >= count, seen)


def generated(*words):
    return run("gen", "--day", DAY, "-q", *words).stdout


def submitted(text):
    return rows(run("ctl", "submit", "-q", text=text, expect=(OK, PARTIAL)))


def load_the_world(place):
    for what in ("policy,calendar", "organisations", "catalogue-2024"):
        submitted(generated("--what", what))
        if what == "organisations":
            wait_for_tables(place, "registry", 92)
    wait_for_tables(place, "catalogue", 3000)


def one_of_each(receipts):
    """Two of what was accepted, one of every other answer."""
    kept = {}
    for receipt in receipts:
        kind = (receipt["type"], receipt["outcome"], receipt.get("code"))
        kept.setdefault(kind, []).append(receipt)
    return [receipt for kind, same in kept.items() for receipt in same[:2 if kind[1] == "accepted" else 1]]


def comes_out_the_same(receipt, secrets):
    done = run("ctl", "explain", receipt["input"], "-q", "-o", "json")
    told = json.loads(done.stdout)
    name = f"{receipt['type']} {receipt['outcome']} {receipt.get('code', '')} at {receipt['input']}"
    check(f"{name}: the same", told["recomputed"] == "same" and not told["differences"] and not told["gaps"],
          [told["differences"], told["gaps"], told["journey"]])
    check(f"{name}: recorded", told["recorded"]["outcome"] == receipt["outcome"]
          and told["event"]["id"] == receipt["id"] and told["event"]["source"] == receipt["source"], told["recorded"])
    check(f"{name}: six stages", [stage["stage"] for stage in told["journey"]]
          == ["decode", "authorise", "dedupe", "check", "decide", "emit"])
    check(f"{name}: every rule cites", all(rule["citation"] and rule["sources"] and rule["sentenceZh"] and rule["sentence"]
                                           for rule in told["rules"]))
    check(f"{name}: nothing secret", not [secret for secret in secrets if secret in done.stdout])
    if receipt["outcome"] == "accepted":
        check(f"{name}: facts with versions", told["became"]["facts"]
              and told["became"]["facts"][0]["version"] == receipt["version"], told["became"]["facts"])
        check(f"{name}: all rules hold or only warn", all(
            rule["answer"] == "held" or {finding["severity"] for finding in rule["findings"]} == {"warn"}
            for rule in told["rules"]))
    if receipt["outcome"] == "refused":
        broken = [finding for rule in told["rules"] for finding in rule.get("findings", [])] + told["findings"]
        check(f"{name}: the finding", receipt["code"] in {finding["code"] for finding in broken}, broken)
        check(f"{name}: nothing became true", not any(told["became"].values()), told["became"])
    return told


def secrets_of(text):
    data = [json.loads(line)["data"] for line in text.splitlines() if line.strip()]
    return {row["person"] for row in data if "person" in row} | {
        line["catalogueCode"] for row in data if "hospitalNumber" in row for line in row.get("lines", [])}


def a_day():
    text = generated("--seed", "11", "--count", "40", "--wrong", "40", "--repeat", "10")
    receipts = submitted(text)
    secrets = secrets_of(text)
    chosen = one_of_each(receipts)
    check("many kinds of answers", len(chosen) > 20, len(chosen))
    for receipt in chosen:
        comes_out_the_same(receipt, secrets)
    return text, receipts


def told_to_people(receipts):
    accepted = next(r for r in receipts if r["outcome"] == "accepted" and "prescription" in r["type"])
    table = run("ctl", "explain", accepted["source"] + "/" + accepted["id"], "-q", "-o", "table").stdout
    for words in ("处方上传", "decide_stage (hub/flow/decide.c)", "符合 / held", "依据 / citation", "registry " + accepted["source"],
                  "送达 / delivered to", "定时 / timer", "重算结果：一致 / recomputed: the same"):
        check(f"the table says {words}", words in table, table)
    unmasked = explain(accepted["id"], "--unmask", "--reason", "a test")
    check("with a reason it tells what was prescribed", "WESTERN_DRUG/" in json.dumps(unmasked["read"]) or "PATENT" in
          json.dumps(unmasked["read"]), unmasked["read"])
    run("ctl", "explain", accepted["id"], "--unmask", expect=(NOT_ALLOWED,))

    by_name = explain(accepted["id"])
    fact = by_name["became"]["facts"][0]["position"]
    check("the same by the fact's position", explain(fact) == by_name)
    check("the same by the input's position", explain(accepted["input"]) == by_name)
    refused = next(r for r in receipts if r["outcome"] == "refused")
    table = run("ctl", "explain", refused["input"], "-q", "-o", "table").stdout
    check("a refusal names what is broken", "违反 / broken" in table and "实际 / found" in table, table)
    return accepted


def a_timer():
    deadline, expired = time.monotonic() + 20, []
    while not expired and time.monotonic() < deadline:
        expired = rows(run("ctl", "facts", "-q", "--type", "prescription.expired", "-o", "ndjson"))
    check("a prescription of that day has expired", expired)
    told = explain(expired[0]["position"])
    check("what a timer stated is explained", told["recomputed"] == "same" and told["event"]["input"].startswith("timer/")
          and told["recorded"]["receipt"] == "none", told)
    check("its id does not tell the person, neither here nor in the fact",
          "/p-" not in told["event"]["id"] and "/p-" not in expired[0]["id"], told["event"])
    check("it came after what set the timer", told["read"]["earlierEvents"] >= 1 and told["became"]["rows"], told["read"])


def before_the_rules(text):
    """Refusals of decode's neighbours: no rule was asked."""
    event = json.loads(text.splitlines()[0])
    stranger = event | {"id": "from-nobody", "source": "H00000000000"}
    empty = json.loads(json.dumps(event | {"id": "without-doctor"}))
    del empty["data"]["doctor"]
    reused = json.loads(json.dumps(event))
    reused["data"]["departmentName"] = "another"
    codes = {"from-nobody": ("source.unknown", "authorise"), "without-doctor": ("field.required", "check")}
    for receipt in submitted("\n".join(json.dumps(line) for line in (stranger, empty)) + "\n"):
        told = comes_out_the_same(receipt, [])
        code, stage = codes[receipt["id"]]
        stopped = [row["stage"] for row in told["journey"] if row["state"] == "refused"]
        check(f"{receipt['id']} stops at {stage}", receipt["code"] == code and stopped == [stage], told["journey"])
        check(f"{receipt['id']}: no rule was asked", {rule["answer"] for rule in told["rules"]} == {"not_asked"})
    answer = submitted(json.dumps(reused) + "\n")[0]
    if answer["outcome"] == "refused":
        check("an id used for other content", comes_out_the_same(answer, [])["journey"][2]["code"] == "event.id_reused")
    explain("from-nobody")
    submitted(json.dumps(stranger | {"source": "H00000000001"}) + "\n")
    done = run("ctl", "explain", "from-nobody", "-q", expect=(USAGE,))
    check("several sources: say which", "H0000000000" in done.stderr and "SOURCE/ID" in done.stderr, done.stderr)
    explain("H00000000001/from-nobody")


def differences():
    """A hub that speaks as that stranger would have let him in: another answer is told, and the exit code says so."""
    told = explain("H00000000001/from-nobody", "--set", "hub.operator=H00000000001", expect=(FAILED,))
    check("another answer is told", told["recomputed"] == "differs" and told["journey"][1]["state"] == "passed"
          and {row["what"] for row in told["differences"]} & {"outcome", "findings[0].code"}, told)
    for event in ("no-such-event", "medhub.fact.prescription/0/999999", "medhub.inbox.trace/77/1", "medhub.no.such/0/0"):
        run("ctl", "explain", event, "-q", expect=(NOT_FOUND,))
    run("ctl", "explain", expect=(USAGE,))


def state_of(text, accepted):
    event = next(json.loads(line) for line in text.splitlines() if line and json.loads(line)["id"] == accepted["id"])
    known = rows(run("ctl", "state", event["data"]["person"], "-q"))
    names = {row["row"]: row for row in known}
    prescription = [row for row in known if row["row"].startswith("prescription/") and "hospitalNumber" in row["value"]]
    check("its rows are decoded", prescription and prescription[0]["value"]["issuer"] == accepted["source"], known)
    check("what was prescribed is masked", all(line["catalogueCode"] == "***" for row in prescription
                                               for line in row["value"]["lines"]), prescription)
    check("its version", names["version"]["value"] >= 1, known)
    check("the events that are remembered", names["remembered"]["value"] >= 1, known)


with tempfile.TemporaryDirectory() as folder:
    hub = subprocess.Popen([MEDHUB, "up", "--set", "monitor.port=0", "--set", "log.level=warn"], stdout=subprocess.PIPE,
                           stderr=open(f"{folder}/log", "w"), text=True, env=ENVIRONMENT | {"TMPDIR": folder})
    line = hub.stdout.readline()
    if not line:
        raise SystemExit("medhub up did not start:\n" + open(f"{folder}/log").read())
    place = json.loads(line)
    ENVIRONMENT["MEDHUB_KAFKA_BROKERS"] = place["brokers"]
    ENVIRONMENT["TMPDIR"] = folder
    try:
        load_the_world(place)
        day, answers = a_day()
        one = told_to_people(answers)
        a_timer()
        before_the_rules(day)
        differences()
        state_of(day, one)
        check("no temporary folder stays", not [name for name in os.listdir(folder) if "medhub-ctl" in name],
              os.listdir(folder))
    finally:
        hub.send_signal(signal.SIGTERM)
        hub.wait(30)
print(f"{len(failures)} failures")
sys.exit(1 if failures else 0)

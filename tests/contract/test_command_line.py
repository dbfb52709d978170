#!/usr/bin/python3
# timeout: 240
"""The command line as scripts rely on it: help, output forms, exit codes, and the way of an event from submit to redrive,
against `medhub up` with its embedded broker."""
import base64
import csv
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

MEDHUB = os.environ["MEDHUB"]
DAY = "2026-03-02"
OK, FAILED, USAGE, NOT_FOUND, NOT_ALLOWED, PRECONDITION, PARTIAL, PENDING = 0, 1, 2, 3, 4, 5, 6, 8
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("MEDHUB_KAFKA")}
failures = []


def check(what, truth, more=""):
    if not truth:
        failures.append(what)
        print(f"not so: {what} {str(more)[:1500]}", file=sys.stderr)


def run(*words, text=None, expect=OK):
    done = subprocess.run([MEDHUB, *words], input=text, capture_output=True, text=True, env=ENVIRONMENT, timeout=100)
    check(f"medhub {' '.join(words)[:150]} ends with {expect}", done.returncode == expect,
          f"but {done.returncode}: {done.stderr[-800:]}")
    return done


def rows(done):
    return [json.loads(line) for line in done.stdout.splitlines() if line.strip()]


def words_of_commands():
    """As `medhub help` lists them: the words before the first argument in capitals, brackets or bars."""
    found = []
    for line in run("help").stdout.splitlines():
        if line.startswith("  medhub "):
            words = line[:47].split()[1:]
            found.append([word for word in words if word.islower() and word.isascii() and "|" not in word and "[" not in word])
    return found


def without_a_broker():
    commands = words_of_commands()
    check("the help has headings", "\n\n查看 Kafka 中的内容 / look at what is in Kafka\n  medhub ctl facts " in run("help").stdout)
    check("the help lists the commands", len(commands) > 20 and ["ctl", "submit"] in commands, commands)
    for words in commands:
        done = run(*words, "--help")
        check(f"{words} explains itself in both languages",
              done.stdout.startswith("medhub " + " ".join(words)) and "选项 / options" in done.stdout and not done.stderr)
        done = run(*words, "--no-such-option", expect=USAGE)
        check(f"{words} says which option it does not know", "--no-such-option" in done.stderr and not done.stdout)
    check("exit codes are listed", [line[0] for line in run("ctl", "help", "exit-codes").stdout.splitlines()]
          == list("01234568"))
    run("no-such-command", expect=USAGE)
    run(expect=USAGE)
    for part in ("hub", "gateway", "connector store", "connector webhook", "up"):
        check(f"help names {part}", f"medhub {part}" in run("help").stdout or f"  {part}" in run("help").stdout)

    check("version is JSON", {"medhub", "librdkafka", "lmdb"} <= set(json.loads(run("version", "-o", "json").stdout)))
    check("rules are one JSON array", len(json.loads(run("ctl", "rules", "-o", "json").stdout)) > 30)
    check("rules as CSV", len(list(csv.DictReader(io.StringIO(run("ctl", "rules", "-o", "csv").stdout)))) > 30)
    rule = rows(run("ctl", "rules", "--code", "RX-006", "-o", "ndjson", "--fields", "id,code"))
    check("a rule by its id, two fields", rule == [{"id": "RX-006", "code": "prescription.quantity_not_positive"}], rule)
    run("ctl", "rules", "--code", "RX-999", expect=NOT_FOUND)
    told = run("ctl", "rules", "SE-018", "-o", "table").stdout
    check("one rule tells its regulations: number, title, provision, issuer, date",
          all(words in told for words in ("settlement.not_filed", "京医保中心发〔2021〕81号《门诊慢特病相关治疗费用跨省直接结算试点》：",
                                          "北京市医疗保险事务管理中心", "沪医保医管发〔2021〕47号《")), told)
    check("and as rows", rows(run("ctl", "rules", "RX-001", "-o", "ndjson"))[0]["sources"][0]["date"] == "2021-12-20")
    run("ctl", "rules", "RX-999", "-o", "table", expect=NOT_FOUND)

    settings = {row["key"]: row for row in json.loads(run("ctl", "conf", "-o", "json", "--set", "hub.workers=3",
                                                          "--set", "kafka.client.sasl.password=geheim").stdout)}
    check("a setting tells value, origin and bounds",
          settings["hub.workers"]["value"] == "3" and settings["hub.workers"]["origin"] == "--set"
          and settings["hub.workers"]["bounds"] == "1..64", settings["hub.workers"])
    check("a password is not printed", settings["kafka.client.sasl.password"]["value"] == "***")
    for wrong in ("hub.workers=0", "hub.wokers=1", "kafka.client.no.such=1"):
        done = run("ctl", "conf", "--set", wrong, expect=USAGE)
        check(f"{wrong} is refused by name", wrong.split("=")[0].removeprefix("kafka.client.") in done.stderr, done.stderr)
    for page in ("rules", "sources", "settings", "metrics", "topics"):
        check(f"page {page}", run("ctl", "docs", page).stdout.startswith("# "))
    run("ctl", "docs", "nothing", expect=USAGE)
    notes = rows(run("ctl", "policy", "check"))
    check("a region is told what it has not set", {(row["severity"], row["code"]) for row in notes} == {("note", "policy.to_be_set")}
          and any(row["file"].endswith("620000.yaml") and row["parameter"] == "person.rural_income_fen" for row in notes), notes)
    run("ctl", "policy", "check", "/nowhere.yaml", expect=NOT_FOUND)
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as pack:
        pack.write('region: "650000"\nparameters:\n  - name: trace.sold_after_expiry.refuse\n    value: 0\n    colour: red\n'
                   '    valid_from: 2024-01-01\n    document: D\n    clause: C\n')
        pack.flush()
        wrong = rows(run("ctl", "policy", "check", pack.name, expect=FAILED))
        check("a pack's mistakes come with lines, in both languages",
              {(row["code"], row["line"]) for row in wrong if row["severity"] == "fault"} == {("policy.key_unknown", 5), ("policy.weakens", 3)}
              and all(row["messageZh"] and row["message"] for row in wrong), wrong)
        run("ctl", "policy", "publish", pack.name, expect=FAILED)
    shown = json.loads(run("ctl", "policy", "show", "trace.udi_required_from", "--packs", "--region", "620102").stdout)
    check("a parameter says whose it is and where it stands",
          shown["region"] == "620000" and shown["citation"].startswith("甘药监发〔2021〕184号《甘肃省推进实施医疗器械唯一标识工作方案》："), shown)
    before = json.loads(run("ctl", "policy", "show", "trace.udi_required_from", "--packs", "--region", "620102",
                            "--date", "2021-12-09").stdout)
    check("before its day the nation's holds", before["region"] == "000000", before)
    check("who misses a parameter is told where their names stand",
          "ctl rules" in run("ctl", "policy", "show", "no.such", "--packs", expect=NOT_FOUND).stderr)
    run("ctl", "policy", "show", "dedupe.window_days", "--packs", "--date", "soon", expect=USAGE)
    check("gen is deterministic", run("gen", "--day", DAY, "--seed", "5").stdout
          == run("gen", "--day", DAY, "--seed", "5").stdout)
    run("gen", "--what", "nonsense", expect=USAGE)
    run("gen", "--data", "/nowhere", expect=NOT_FOUND)
    run("ctl", "facts", "--unmask", expect=NOT_ALLOWED)
    error = run("ctl", "facts", "--unmask", "-o", "json", expect=NOT_ALLOWED).stderr
    check("with -o json an error is an object", json.loads(error)["code"] == "unmask.reason", error)


class Hub:
    """medhub up, until the end of the with block; gone, it leaves no state behind."""

    def __enter__(self):
        self.folder = tempfile.TemporaryDirectory()
        self.process = subprocess.Popen([MEDHUB, "up", "--set", "monitor.port=0"],
                                        stdout=subprocess.PIPE, stderr=open(f"{self.folder.name}/log", "w"), text=True,
                                        env=ENVIRONMENT | {"TMPDIR": self.folder.name})
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit("medhub up did not start:\n" + open(f"{self.folder.name}/log").read())
        self.place = json.loads(line)
        ENVIRONMENT["MEDHUB_KAFKA_BROKERS"] = self.place["brokers"]
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        check("up ends in order on SIGTERM", self.process.wait(30) == 0)
        log = open(f"{self.folder.name}/log").read()
        check("up says what to paste into the next terminal, and little else",
              all(f"export {name}={self.place[key]}" in log for name, key in
                  (("MEDHUB_KAFKA_BROKERS", "brokers"), ("MEDHUB_STORE_DATABASE", "store"), ("HUB", "gateway")))
              and '"level":"info"' not in log, log)
        check("up takes its state with it", os.listdir(self.folder.name) == ["log"], os.listdir(self.folder.name))
        del ENVIRONMENT["MEDHUB_KAFKA_BROKERS"]
        self.folder.cleanup()

    def get(self, path):
        try:
            with urllib.request.urlopen(self.place["monitor"] + path, timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def wait_for_tables(self, table, count):
        deadline = time.monotonic() + 20
        while json.loads(self.get("/tables")[1])[table] < count and time.monotonic() < deadline:
            time.sleep(0.05)
        check(f"table {table} reaches {count} rows", json.loads(self.get("/tables")[1])[table] >= count)


def submitted(text, expect=OK):
    receipts = rows(run("ctl", "submit", "-q", text=text, expect=expect))
    lines = [json.loads(line) for line in text.splitlines() if line.strip()]
    check("one receipt a line, in the order of the input",
          [row.get("id") for row in receipts] == [line.get("id") for line in lines])
    return lines, receipts


def as_said(lines, receipts):
    for line, receipt in zip(lines, receipts):
        said = (line["expect"], line.get("expectcode", ""))
        got = (receipt["outcome"], receipt.get("code", "") if receipt["outcome"] == "refused" else "")
        check(f"{line['id']} is {said}", said == got, receipt)


def load_the_world(hub):
    for what in ("policy,calendar", "organisations", "devices", "catalogue-2024,catalogue-2025"):
        as_said(*submitted(run("gen", "--day", DAY, "--what", what, "-q").stdout))
    hub.wait_for_tables("registry", 93)
    hub.wait_for_tables("catalogue", 3826)
    again = rows(run("ctl", "policy", "publish", "-q"))
    check("publishing the policy again changes nothing", {row["outcome"] for row in again} == {"duplicate"}, again)
    plan = rows(run("ctl", "policy", "publish", "--dry-run", "-q"))
    check("a dry run says so before", plan and {row["change"] for row in plan} == {"same"}, plan)
    shown = json.loads(run("ctl", "policy", "show", "trace.udi_required_from", "--region", "620102", "-q").stdout)
    check("the hub's table answers like the packs", shown["region"] == "620000" and shown["value"] == "2022-06-01", shown)


def look_up():
    """What the 2025 list drops is there on the last day of the 2024 one, and not on the day after."""
    folder = os.path.join(os.environ["MEDHUB_SOURCE_DIR"], "ops/data")
    removed = {row["code"] for row in csv.DictReader(open(f"{folder}/nrdl_diff_2024_2025.csv")) if row["change"] == "REMOVED"}
    code = next(row["code"] for row in csv.DictReader(open(f"{folder}/nrdl_2024.csv"))
                if row["code"] in removed and row["section"] == "西药部分")
    ask = ("ctl", "catalogue", "lookup", f"WESTERN_DRUG/{code}", "--region", "650102", "-o", "json", "-q", "--date")
    there = json.loads(run(*ask, "2025-12-31", "--institution", "H65010000001").stdout)
    check("the row of the last day, its layer, release and why",
          there["layer"] == "NATION" and there["release"] == "NRDL-2024" and there["validUntil"] == "2025-12-31"
          and [why.split(":")[0] for why in there["why"]] == ["NATIONAL_ROW", "NOT_IN_FORMULARY"], there)
    gone = json.loads(run(*ask, "2026-01-01", expect=NOT_FOUND).stdout)
    check("nothing on the day after", gone["layer"] == "NONE" and gone["why"][0].startswith("NOTHING_ON_THAT_DAY"), gone)
    check("the fund pays for what is there", there["payable"] and not gone["payable"] and there["priceLimit"] is None, there)
    priced = next(row["code"] for row in csv.DictReader(open(f"{folder}/nrdl_2024.csv")) if row["payment_standard"] == "63.00元(10mg/支)")
    paid = json.loads(run("ctl", "catalogue", "lookup", f"WESTERN_DRUG/{priced}", "--date", "2025-06-01", "--insurance", "310",
                          "--across-provinces", "-o", "json", "-q").stdout)
    check("up to the payment standard", (paid["payable"], paid["priceLimit"]) == (True, "63.000000"), paid)
    run(*ask, "soon", expect=USAGE)
    run("ctl", "catalogue", "lookup", "COLOUR/red", expect=USAGE)


def a_day(hub):
    as_said(*submitted(run("gen", "--day", DAY, "--count", "120", "--wrong", "30", "--repeat", "8", "-q").stdout, PARTIAL))
    total = json.loads(run("ctl", "sum", "-q").stdout)
    check("the sum holds", total["holds"] and total["queued"] == 0 and total["refused"] > 50, total)
    check("ready and live", hub.get("/readyz")[0] == 200 and hub.get("/livez")[0] == 200)
    check("metrics", "medhub_events_total" in hub.get("/metrics")[1] or "medhub_" in hub.get("/metrics")[1])
    return total


def looking(total):
    receipts = json.loads(run("ctl", "receipts", "-o", "json", "--outcome", "refused").stdout)
    check("every refusal has a receipt with its citation", len(receipts) == total["refused"]
          and all(row["findings"] for row in receipts), len(receipts))
    facts = rows(run("ctl", "facts", "--type", "settlement.posted", "-o", "ndjson"))
    check("facts of one type", facts and {row["type"] for row in facts} == {"medhub.settlement.posted.v1"})
    check("persons are masked", all(row["data"]["person"] == "***" and row["key"].startswith("***") for row in facts))
    seen = rows(run("ctl", "facts", "--type", "settlement.posted", "--unmask", "--reason", "a test"))
    person = seen[0]["data"]["person"]
    check("with a reason they are not", person.startswith("p-"), person)
    own = rows(run("ctl", "facts", "--key", person))
    check("facts of one key are versioned without gap",
          sorted(int(row["data"]["provenance"]["version"]) for row in own) == list(range(1, len(own) + 1)), own)
    check("table with a header", run("ctl", "facts", "-o", "table", "--tail", "3").stdout.count("\n") == 4)
    check("limit", len(rows(run("ctl", "facts", "--limit", "7"))) == 7)
    check("nothing since tomorrow is an empty list",
          run("ctl", "receipts", "-o", "json", "--since", "2999-01-01").stdout.split() == ["[", "]"]
          or json.loads(run("ctl", "receipts", "-o", "json", "--since", "2999-01-01").stdout) == [])
    check("deliveries name recipients", all(row["recipients"] for row in rows(run("ctl", "deliveries", "--limit", "20"))))
    state = rows(run("ctl", "state", person))
    check("state of a person", {"version"} < {row["row"] for row in state}, state)
    run("ctl", "state", "nobody", expect=NOT_FOUND)
    run("ctl", "state", person, "--kind", "colour", expect=USAGE)
    run("ctl", "topics", "verify")
    check("nothing to plan", json.loads(run("ctl", "topics", "plan", "-o", "json").stdout) == [])


def journey_of(hub, one, last):
    """The ids of the exchanges that `ctl journey` tells of ONE, newest first, once LAST is among them."""
    deadline, ids = time.monotonic() + 20, []
    while last not in ids and time.monotonic() < deadline:
        done = run("ctl", "journey", one, "-q", "-o", "json", "--set", f"store.database={hub.place['store']}")
        ids = [exchange["lines"][0]["id"] for exchange in json.loads(done.stdout)["exchanges"]]
    return ids


def correcting(hub):
    code = "prescription.quantity_not_positive"
    parked = rows(run("ctl", "parked", "--code", code))
    check("parked records with their code", parked and all(row["code"] == code and row["reason"] for row in parked), parked)
    one = parked[0]["id"]
    run("ctl", "parked", "show", "no-such-id", expect=NOT_FOUND)
    shown = json.loads(run("ctl", "parked", "show", one).stdout)
    check("show: masked", shown["event"]["data"]["person"] == "***" and shown["attempt"] == 1, shown)
    check("show by position", json.loads(run("ctl", "parked", "show", parked[0]["position"]).stdout)["id"] == one)

    dry = rows(run("ctl", "parked", "redrive", "--code", code, "--dry-run"))
    check("a dry run lists all and sends nothing", len(dry) == len(parked))
    run("ctl", "parked", "redrive", "--code", code, expect=PRECONDITION)
    run("ctl", "parked", "redrive", "--code", code, "--yes", "--expect-count", str(len(parked) + 1), expect=PRECONDITION)
    answers = rows(run("ctl", "parked", "redrive", "--code", code, "--yes", "--expect-count", str(len(parked)), "-q",
                       expect=PARTIAL))
    check("what is still wrong is refused again", {row["outcome"] for row in answers} == {"refused"}, answers)
    check("it was decided a second time", json.loads(run("ctl", "parked", "show", one).stdout)["attempt"] == 2)
    again = rows(run("ctl", "parked", "redrive", "--code", code, "--dry-run"))
    check("a record that is parked twice is sent once", len(again) == len(parked), again)

    event = json.loads(run("ctl", "parked", "show", one, "--event", "--unmask", "--reason", "a test").stdout)
    event["data"]["lines"][0]["quantity"] = {"e4": "10000"}
    run("ctl", "parked", "edit", one, "-", text=json.dumps(event), expect=NOT_ALLOWED)
    answer = rows(run("ctl", "parked", "edit", one, "-", "--reason", "a test", "-q", text=json.dumps(event)))
    check("the corrected event is accepted under an id of its own",
          answer[0]["outcome"] == "accepted" and answer[0]["id"].startswith(one + "."), answer)
    for name in (one, f"{answer[0]['source']}/{one}"):
        ids = journey_of(hub, name, answer[0]["id"])
        check(f"the journey of {name} leads over both attempts to what was made of it", ids == [answer[0]["id"], one, one], ids)


def changing_an_organisation():
    """The registrar's event: the row of today with a key and an address, each in the place of what has its id."""
    def change(*words, text=None, expect=OK):
        return run("ctl", "org", "change", *words, text=text, expect=expect)

    organisation = "P44010000021"
    key = json.dumps({"id": "k1", "algorithm": "KEY_ALGORITHM_ED25519", "publicKey": base64.b64encode(bytes(32)).decode()})
    event = json.loads(change(organisation, "--key", "-", "--endpoint", "main=http://10.0.0.1/", "--private-network", text=key).stdout)
    changed = event["data"]["organisation"]
    check("all else stays", changed["name"].endswith("店") and changed["state"] == "STATE_LIVE" and "licences" not in changed, changed)
    check("it has key and endpoint", [one["id"] for one in changed["keys"]] == ["k1"]
          and changed["endpoints"] == [{"id": "main", "url": "http://10.0.0.1/", "privateNetwork": True}], changed)
    submitted(json.dumps(event) + "\n")
    again = json.loads(change(organisation, "--key", "-", text=key.replace("k1", "k2")).stdout)["data"]["organisation"]
    check("a second key stands beside the first", [one["id"] for one in again["keys"]] == ["k1", "k2"], again)
    again = json.loads(change(organisation, "--endpoint", "main=http://10.0.0.2/").stdout)["data"]["organisation"]
    check("an endpoint of the same id is replaced", [one["url"] for one in again["endpoints"]] == ["http://10.0.0.2/"], again)
    change(organisation, expect=USAGE)
    change(organisation, "--endpoint", "http://10.0.0.1/", "--effective", "soon", expect=USAGE)
    change(organisation, "--endpoint", "no-address", expect=USAGE)
    change(organisation, "--key", "-", text="{}", expect=USAGE)
    change("P00000000000", "--key", "-", text=key, expect=NOT_FOUND)


def a_table_that_is_streamed():
    """The first row alone was measured when the header was written: what is longer later is not cut."""
    scan = json.loads(run("gen", "-q", "--day", DAY, "--what", "scans", "--count", "1").stdout.splitlines()[0])
    events = [json.dumps({**scan, "id": name, "source": "nobody"}) for name in ("w-1", "w-2-which-is-a-longer-id")]
    table = run("ctl", "submit", "-q", "-o", "table", text="\n".join(events) + "\n", expect=PARTIAL).stdout
    check("a longer cell of a later row is whole", "w-2-which-is-a-longer-id" in table and "…" not in table, table)


def wrong_lines():
    lines = ['{"not":"an event"}', "not JSON",
             json.dumps({"specversion": "1.0", "id": "x", "source": "medhub", "type": "medhub.no.such.v1", "data": {}})]
    answers = rows(run("ctl", "submit", "-q", text="\n".join(lines) + "\n", expect=PARTIAL))
    check("lines that are no events are answered one by one",
          [(row["outcome"], row["line"]) for row in answers] == [("invalid", 1), ("invalid", 2), ("invalid", 3)], answers)
    run("ctl", "submit", "/nowhere", expect=NOT_FOUND)
    check("nothing in, nothing out", run("ctl", "submit", text="").stdout == "")
    check("without waiting", rows(run("ctl", "submit", "--no-wait", "-q", text=run(
        "gen", "--day", DAY, "--seed", "77", "--what", "scans", "--count", "5", "-q").stdout))[4]["outcome"] == "submitted")


def an_empty_line_is_answered_at_once():
    """A program that keeps one `ctl submit` has its receipts without ending it."""
    with subprocess.Popen([MEDHUB, "ctl", "submit", "-q", "-o", "ndjson"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                          env=ENVIRONMENT) as talk:
        for number in (1, 2):
            talk.stdin.write(json.dumps({"specversion": "1.0", "id": f"talk-{number}", "source": "nobody",
                                         "type": "medhub.registry.region_changed.v1", "data": {}}) + "\n\n")
            talk.stdin.flush()
            answer = json.loads(talk.stdout.readline())
            check("the receipt comes while more may follow", "outcome" in answer and talk.poll() is None, answer)
        talk.stdin.close()
        talk.wait(60)


def without_a_hub():
    done = run("ctl", "sum", "--brokers", "127.0.0.1:1", expect=FAILED)
    check("who asks without a read model is told how to name it",
          "MEDHUB_STORE_DATABASE" in run("ctl", "find", "X", "--set", "store.database=/nowhere/x", expect=FAILED).stderr)
    check("an unreachable cluster is said by its address, and how to name another", "code=kafka." in done.stderr
          and "连接不上 Kafka（127.0.0.1:1）" in done.stderr and "MEDHUB_KAFKA_BROKERS" in done.stderr, done.stderr)
    check("and not a hundred times", len(done.stderr.splitlines()) < 8, done.stderr)


without_a_broker()
with Hub() as running:
    load_the_world(running)
    look_up()
    looking(a_day(running))
    correcting(running)
    changing_an_organisation()
    a_table_that_is_streamed()
    wrong_lines()
    an_empty_line_is_answered_at_once()
    check("the sum still holds", json.loads(run("ctl", "sum", "-q").stdout)["holds"])
without_a_hub()
print(f"{len(failures)} failures")
sys.exit(1 if failures else 0)

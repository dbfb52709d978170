#!/usr/bin/python3
# timeout: 120
"""A release from two files to every item and back: diff, stage, publish by another person, withdraw, against `medhub up`."""
import base64
import csv
import gzip
import json
import os
import pathlib
import pty
import random
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

from confluent_kafka import OFFSET_BEGINNING, Consumer, TopicPartition
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

MEDHUB = os.environ["MEDHUB"]
SOURCE = pathlib.Path(os.environ["MEDHUB_SOURCE_DIR"])
DATA = SOURCE / "ops/data"
sys.path.insert(0, str(SOURCE / "tests/support"))

import catalogue_digest  # noqa: E402

KNOWN = {"ADDED": 123, "REMOVED": 34, "SECTION_MOVED": 59, "PAYMENT_STANDARD_CHANGED": 66, "LIMIT_CHANGED": 76,
         "VALIDITY_CHANGED": 236, "CATEGORY_MOVED": 11}  # ops/data/README.md, independent of what is tested
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("MEDHUB_KAFKA")}
failures = []


def check(what, truth, more=""):
    if not truth:
        failures.append(what)
        print(f"not so: {what} {str(more)[:1500]}", file=sys.stderr)


def run(*words, text=None, expect=0):
    done = subprocess.run([MEDHUB, *map(str, words)], input=text, capture_output=True, text=True, env=ENVIRONMENT, timeout=60)
    check(f"medhub {' '.join(map(str, words))[:120]} ends with {expect}", done.returncode == expect,
          f"but {done.returncode}: {done.stdout[-300:]} {done.stderr[-600:]}")
    return done


def one(*words, expect=0):
    return json.loads(run(*words, "-o", "json", expect=expect).stdout)


def on_a_terminal(*words):
    """What the command says to a person; said again after a break, it is answered as the first time."""
    ours, theirs = pty.openpty()
    done = subprocess.run([MEDHUB, *map(str, words)], stdout=subprocess.DEVNULL, stderr=theirs, env=ENVIRONMENT, timeout=60)
    os.close(theirs)
    check(f"medhub {words[2]} ends with 0", done.returncode == 0, done.returncode)
    try:
        return os.read(ours, 65536).decode()
    except OSError:  # nothing was said
        return ""
    finally:
        os.close(ours)


def without_a_hub(folder):
    files = ["-m", DATA / "mappings/nrdl.csv", DATA / "nrdl_2024.csv", DATA / "nrdl_2025.csv"]
    counts = one("ctl", "catalogue", "diff", "--counts", *files)
    check("the changes are the known ones", {name: counts.get(name) for name in KNOWN} == KNOWN, counts)
    changes = folder / "changes.csv"
    changes.write_text(run("ctl", "catalogue", "diff", *files, "-o", "csv").stdout)
    check("each changed item is a row", changes.read_text().count("\n") == 1 + 420, changes.read_text().count("\n"))

    bad = folder / "bad.csv"
    bad.write_text("kind,code,name,price_limit\nKIND_CONSUMABLE,C1,纱布,1.50\nKIND_CONSUMABLE,C2,,1\nKIND_NONE,C3,x,1\n"
                   "KIND_CONSUMABLE,C1,x,1\nKIND_CONSUMABLE,C4,x,many\nKIND_CONSUMABLE,C5\n")
    done = run("ctl", "catalogue", "stage", bad, "--check", "--release", "B", "--region", "650100", "-o", "ndjson", expect=6)
    rows = [json.loads(line) for line in done.stdout.splitlines() if '"line"' in line]
    check("every bad row is told with its line and field", {(row["line"], row["field"]) for row in rows} >=
          {(3, "name"), (4, "kind"), (5, "code"), (6, "price_limit"), (7, "")}, rows)
    check("in both languages", all(row["expected"].isascii() and not row["expected_zh"].isascii() for row in rows), rows)
    good = folder / "good.csv"
    good.write_text("kind,code,name,class_code,consumable.generic_name,consumable.class_iii\n"
                    "KIND_CONSUMABLE,C1,支架,C0101,冠脉支架,true\nKIND_WESTERN_DRUG,X1,药,XA,,\n")
    checked = one("ctl", "catalogue", "stage", good, "--check", "--release", "G", "--region", "650100")
    check("details of a kind are columns too", checked["items"] == 2, checked)
    what_a_diff_says_of_a_kind(folder)
    checked = one("ctl", "catalogue", "stage", "-m", DATA / "mappings/commercial_drugs.csv", DATA / "commercial_drugs_2025.csv", "--check",
                  "--release", "COMM-2025", "--region", "000000")
    check("the list of commercial insurance is one", checked["items"] == 19, checked)
    return changes


def what_a_diff_says_of_a_kind(folder):
    """Details, limits and lists go through it: what it writes, put over the old file, differs from the new one in nothing."""
    header = ("kind,code,name,aliases,self_pay_ratio,price_limit,consumable.generic_name,consumable.class_iii,service_item.payable_at_home,"
              "limit.age,limit.course_days,limit.amount,limit.diseases")
    old, new = folder / "old_kinds.csv", folder / "new_kinds.csv"
    old.write_text(header + "\nKIND_CONSUMABLE,C1,支架,,,,冠脉支架,,,,,,\nKIND_SERVICE_ITEM,S1,护理,,,,,,,,,,\n"
                   "KIND_WESTERN_DRUG,X1,药,别名,0.1,,,,,,7,,肺炎\nKIND_WESTERN_DRUG,X2,同,,,,,,,,,,\n")
    new.write_text(header + "\nKIND_CONSUMABLE,C1,支架,,,1200.5,药物支架,true,,,,,\nKIND_SERVICE_ITEM,S1,护理,,,,,,是,,,,\n"
                   "KIND_WESTERN_DRUG,X1,药,别名|又名,0.25,,,,,LIMIT_AGE_CHILDREN,14,2.5,肺炎|哮喘\nKIND_WESTERN_DRUG,X2,同,,,,,,,,,,\n")
    changes, rest = folder / "kinds.csv", folder / "rest.csv"
    changes.write_text(run("ctl", "catalogue", "diff", old, new, "-o", "csv").stdout)
    rows = {row["code"]: row for row in csv.DictReader(changes.open(encoding="utf-8", newline=""))}
    check("each kind's details are told", [rows[code][column] for code, column in (
        ("C1", "consumable.generic_name"), ("C1", "consumable.class_iii"), ("S1", "service_item.payable_at_home"), ("X1", "aliases"),
        ("X1", "self_pay_ratio"), ("X1", "limit.age"), ("X1", "limit.course_days"), ("X1", "limit.amount"), ("X1", "limit.diseases"))] ==
        ["药物支架", "true", "true", "别名|又名", "0.2500", "LIMIT_AGE_CHILDREN", "14", "2.5000", "肺炎|哮喘"], rows)
    check("and which changes they are", [rows[code]["changes"] for code in ("C1", "S1", "X1")] ==
          ["OTHER", "OTHER", "LIMIT_CHANGED, OTHER"], rows)
    rest.write_text("\n".join(line for line in new.read_text().splitlines() if ",X2," not in line) + "\n")
    check("staged it is the new list", one("ctl", "catalogue", "diff", "--counts", changes, rest) == {"same": 3})
    bad = folder / "bad_kinds.csv"
    bad.write_text("kind,code,name,consumable\nKIND_CONSUMABLE,C1,支架,1\n")
    run("ctl", "catalogue", "stage", bad, "--check", "--release", "G", "--region", "650100", expect=1)


def wait_for_table(monitor, table, count):
    """What is published is held against the hub's own copy of the catalogue."""
    deadline = time.monotonic() + 20
    rows = 0
    while rows < count and time.monotonic() < deadline:
        with urllib.request.urlopen(monitor + "/tables", timeout=10) as answer:
            rows = json.load(answer)[table]
        time.sleep(0.02)
    check(f"table {table} reaches {count} rows", rows >= count, rows)


FORMS = {"csv": ("csv.zst", "csv"), "protobuf": ("pb.gz", "protobuf")}


def export(files, version):
    """All rows in both forms; the digest, which is the same."""
    told = {form: one("ctl", "catalogue", "export", files / f"{version}.{ending}", "--form", name)
            for form, (ending, name) in FORMS.items()}
    check("both forms have one digest", told["csv"]["digest"] == told["protobuf"]["digest"], told)
    return told["csv"]["digest"]


def files_at_every_version(files, digests):
    """An export at V and what has changed since make the newest one, in both forms and across them."""
    last = len(digests) - 1
    for version in range(last + 1):
        for form, (ending, name) in FORMS.items():
            other = FORMS["protobuf" if form == "csv" else "csv"][0]
            base, delta = files / f"{version}.{ending}", files / f"{version}.changes.{ending}"
            made = one("ctl", "catalogue", "export", delta, "--form", name, "--after", files / f"{version}.{other}")
            check(f"changes of {version} say where they begin and end", (made["before"], made["digest"]) ==
                  (digests[version], digests[last]), made)
            done = one("ctl", "catalogue", "apply", base, delta, files / f"made.{ending}", "--form", name)
            check(f"{version} and its changes are {last}", done["digest"] == digests[last], done)
            check("an export again tells the same", one("ctl", "catalogue", "export", files / f"none.{ending}", "--form", name, "--after",
                                                        files / f"made.{ending}")["put"] == 0)
    ending = FORMS["csv"][0]
    delta = files / f"1.changes.{ending}"
    check("changes are less than the whole", delta.stat().st_size < (files / f"{last}.{ending}").stat().st_size / 4)
    run("ctl", "catalogue", "apply", files / f"0.{ending}", delta, files / f"wrong.{ending}", expect=5)  # they begin elsewhere
    run("ctl", "catalogue", "apply", delta, delta, files / f"wrong.{ending}", expect=1)
    run("ctl", "catalogue", "export", files / f"wrong.{ending}", "--after", delta, expect=1)
    whole = gzip.open(files / f"1.changes.{FORMS['protobuf'][0]}").read()
    for name, content in (("cut", whole[:-40]), ("changed", whole.replace("片".encode(), "丸".encode())), ("no file", b"x")):
        with gzip.open(files / "damaged.gz", "wb") as file:
            file.write(content)
        run("ctl", "catalogue", "apply", files / f"1.{ending}", files / "damaged.gz", files / f"wrong.{ending}", expect=1)
    check("what does not agree makes no file", not list(files.glob("wrong*")), list(files.glob("wrong*")))


TOPIC = "medhub.table.catalogue"


def reader():
    return Consumer({"bootstrap.servers": ENVIRONMENT["MEDHUB_KAFKA_BROKERS"], "group.id": "t", "enable.auto.commit": False,
                     "isolation.level": "read_committed"})


def places_now():
    """Partition to the place behind its last record."""
    consumer = reader()
    ends = {partition: consumer.get_watermark_offsets(TopicPartition(TOPIC, partition), 10)[1]
            for partition in consumer.list_topics(TOPIC, 10).topics[TOPIC].partitions}
    consumer.close()
    return ends


def table_records(ends):
    """What lies in medhub.table.catalogue: per partition (place, key, digest of the row or None), in order."""
    descriptors = descriptor_pb2.FileDescriptorSet.FromString(
        (pathlib.Path(os.environ["MEDHUB_BUILD_DIR"]) / "schemas/descriptors.binpb").read_bytes())
    pool = descriptor_pool.DescriptorPool()
    for file in descriptors.file:
        pool.Add(file)
    classes = [message_factory.MessageFactory(pool).GetPrototype(pool.FindMessageTypeByName(name))
               for name in ("medhub.event.v1.TableRow", "medhub.catalogue.v1.Item")]
    consumer, records, until = reader(), {number: [] for number in ends}, time.monotonic() + 30
    consumer.assign([TopicPartition(TOPIC, partition, OFFSET_BEGINNING) for partition, end in ends.items() if end > 0])
    left = {number for number, end in ends.items() if end > 0}
    while left and time.monotonic() < until:
        for message in consumer.consume(1000, 0.2):
            check("the table is read", message.error() is None, message.error())
            records[message.partition()].append((message.offset(), message.key(), message.value() and row_of(classes, message.value())))
        left = {place.partition for place in consumer.position([TopicPartition(TOPIC, number) for number in left])
                if place.offset < ends[place.partition]}
    consumer.close()
    check("all of the table is read", not left, left)
    return records


def row_of(classes, value):
    row, item = classes[0].FromString(value), classes[1]()
    if row.removed or not row.value:
        return None
    item.ParseFromString(row.value)
    kind, _, code = row.key.partition("/")
    return int(catalogue_digest.of_rows([(kind, code, row.region, row.valid_from, row.valid_until,
                                          json_format.MessageToDict(item), row.version)]), 16)


def kafka_at_every_version(digests, places):
    """Over Kafka: whoever has what lies before V and reads on behind it, compacted or not, has the catalogue of the exports."""
    def digest(*parts):
        rows = {key: row for part in parts for _, key, row in part}
        return f"{sum(row for row in rows.values() if row is not None) % 2**256:064x}"

    def compacted(part):
        return list({key: (place, key, row) for place, key, row in part}.values())

    dice, records = random.Random(5), table_records(places[-1])
    for wanted, ends in zip(digests, places):
        until = [[record for record in part if record[0] < ends[number]] for number, part in records.items()]
        check("what lies before an export is the export", digest(*until) == wanted)
        for _ in range(40):
            cuts = [dice.randrange(len(part) + 1) for part in until]  # V
            before = [compacted(part[:cut]) for part, cut in zip(until, cuts)]
            after = [dice.choice((list, compacted))(part[cut:]) for part, cut in zip(until, cuts)]
            check("every V leads to it", digest(*before, *after) == wanted, cuts)


def with_a_hub(changes, monitor):
    for what, table, count in (("policy,calendar", "policy", 20), ("organisations", "registry", 90), ("catalogue-2024", "catalogue", 3826)):
        run("ctl", "submit", "-q", text=run("gen", "--what", what, "-q").stdout)
        wait_for_table(monitor, table, count)
    files = changes.parent
    versions, places = [export(files, 0)], [places_now()]
    release = ["--release", "R-2025", "--region", "000000", "--proposer", "zhang"]
    before = run("ctl", "catalogue", "status", "R-2025", expect=3)
    check("nobody knows it yet", "R-2025" in before.stderr)
    staged = one("ctl", "catalogue", "stage", changes, *release)
    check("all of it is staged", (staged["items"], staged["status"]) == (420, "staged"), staged)
    deliveries = run("ctl", "deliveries", "-o", "ndjson").stdout
    check("what is staged is delivered to nobody", "release_staged" not in deliveries and "2025" not in "".join(
        line for line in deliveries.splitlines() if "item_changed" in line and "R-2025" in line))
    check("on a terminal staging shows how far it is", " / 420" in on_a_terminal("ctl", "catalogue", "stage", changes, *release))
    refused = json.loads(run("ctl", "catalogue", "publish", "R-2025", "--effective", "2099-01-01", "--approver", "zhang", "-o",
                             "ndjson", expect=6).stdout)
    check("who proposed it does not approve it", refused["code"] == "catalogue.release_same_person", refused)
    run("ctl", "catalogue", "publish", "R-2025", "--effective", "2099-01-01", "--approver", "li", "--digest", "0" * 16, expect=5)
    published = one("ctl", "catalogue", "publish", "R-2025", "--effective", "2099-01-01", "--approver", "li", "--digest",
                    staged["digest"])
    check("all items are told, and counted as known", (published["status"], published["told"], published["counts"]) ==
          ("PUBLISHED", 420, KNOWN), published)
    told = [json.loads(line) for line in
            run("ctl", "deliveries", "--type", "catalogue.release_published", "-o", "ndjson").stdout.splitlines()]
    mine = [row for row in told if row["key"] == "release/R-2025"]
    check("institutions hear of it, once", len(mine) == 1 and "institution@000000" in mine[0]["recipients"], told)
    versions.append(export(files, 1))
    places.append(places_now())
    facts = [json.loads(line)["data"] for line in
             run("ctl", "facts", "--type", "catalogue.item_changed", "-o", "ndjson").stdout.splitlines()]
    told = [data for data in facts if data.get("release") == "R-2025"]
    check("the digest is what the page says it is, over whole items", catalogue_digest.of_release(told) == published["digest"],
          (len(told), catalogue_digest.of_release(told), published["digest"]))
    told[0]["item"]["limit"] = {"courseDays": 3}
    one_limit_differs = catalogue_digest.of_release(told)
    uptake = one("ctl", "catalogue", "uptake", "R-2025")
    check("nobody has applied it yet", uptake["applied"] == 0 and uptake["missing"] > 50, uptake)
    institutions = [json.loads(line) for line in run("ctl", "catalogue", "uptake", "R-2025", "-i", "-o", "ndjson").stdout.splitlines()]
    approved = json.loads(run("ctl", "facts", "--type", "catalogue.release_approved", "-o", "ndjson").stdout)["data"]
    check("those who are to answer are named", sorted(approved.get("audience", [])) == sorted(row["id"] for row in institutions),
          approved)
    answers = [(institutions[0]["id"], published["digest"]), (institutions[1]["id"], one_limit_differs)]
    run("ctl", "submit", "-q", text="".join(json.dumps({
        "specversion": "1.0", "id": f"applied-{who}", "source": who, "type": "medhub.catalogue.applied.v1", "data": {
            "itemKey": "release/R-2025", "release": "R-2025", "institution": who, "appliedAt": "2026-01-01T00:00:00Z",
            "digest": base64.b64encode(bytes.fromhex(digest)).decode()}}) + "\n" for who, digest in answers))
    uptake = one("ctl", "catalogue", "uptake", "R-2025")
    check("who has it, and who has another digest, is seen", (uptake["applied"], uptake["different"], uptake["missing"]) ==
          (1, 1, len(institutions) - 2), uptake)
    check("each by name", [[name.split()[0] for name in uptake["who"][state]] for state in ("applied", "different")] ==
          [[answers[0][0]], [answers[1][0]]] and len(uptake["who"]["missing"]) == len(institutions) - 2, uptake["who"])
    different = run("ctl", "catalogue", "uptake", "R-2025", "-i", "--state", "different", "-o", "ndjson").stdout
    check("by name", json.loads(different)["id"] == answers[1][0], different)
    run("ctl", "catalogue", "uptake", "R-2024", expect=3)
    exported = one("ctl", "catalogue", "export", files / "all.csv.gz")
    with gzip.open(files / "all.csv.gz", "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    check("the file has every dated row", len(rows) == exported["rows"] > 3826 and
          sum(json.loads(row["item"]).get("release") == "R-2025" for row in rows) == 386, exported)
    binary = one("ctl", "catalogue", "export", files / "all.pb.gz", "--form", "protobuf")
    check("in both forms", binary["rows"] == exported["rows"] and gzip.open(files / "all.pb.gz").read(1) != b"", binary)
    back = one("ctl", "catalogue", "withdraw", "R-2025", "--by", "li", "--reason", "test")
    check("it is taken back", back["status"] == "TAKEN_BACK", back)
    run("ctl", "catalogue", "withdraw", "R-2025", "--by", "li", expect=6)
    versions.append(export(files, 2))
    places.append(places_now())
    files_at_every_version(files, versions)
    kafka_at_every_version(versions, places)
    check("the sum holds", json.loads(run("ctl", "sum").stdout)["holds"])


def main():
    with tempfile.TemporaryDirectory(prefix="medhub-release-") as name:
        changes = without_a_hub(pathlib.Path(name))
        with open(f"{name}/log", "wb") as log:
            up = subprocess.Popen([MEDHUB, "up", "--set", "monitor.port=0"], stdout=subprocess.PIPE, stderr=log, env=ENVIRONMENT)
            try:
                place = json.loads(up.stdout.readline())
                ENVIRONMENT["MEDHUB_KAFKA_BROKERS"] = place["brokers"]
                with_a_hub(changes, place["monitor"])
            finally:
                up.send_signal(signal.SIGTERM)
                check("up ends in order", up.wait(30) == 0)
    sys.exit(1 if failures else 0)


main()

#!/usr/bin/python3
# timeout: 300
"""The real program with its real domains on a real Kafka: what gen says must be answered is answered, also when the hub is
killed in the middle, and a reader that is not ours (Python) finds each submission exactly once and every key's versions
without a gap; what the hub logged meanwhile holds nothing of a person."""
import collections
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.request

SOURCE = pathlib.Path(os.environ["MEDHUB_SOURCE_DIR"])
BUILD = pathlib.Path(os.environ["MEDHUB_BUILD_DIR"])
MEDHUB = os.environ["MEDHUB"]
sys.path.insert(0, str(SOURCE / "tests" / "chaos"))

import kafka_log  # noqa: E402
import processes  # noqa: E402
import schema  # noqa: E402

COUNT, WRONG, REPEAT, SEED = 60, 20, 10, 7
DOMAINS = ("prescription", "settlement", "trace", "catalogue", "registry", "policy")
KEY_KINDS = {"prescription": "person", "settlement": "person", "trace": "product", "catalogue": "item",
             "registry": "institution", "policy": "parameter"}
PROVENANCE = 2047
ACCEPTED, REFUSED, DUPLICATE = 1, 2, 3


def topics_of(kind):
    return [f"medhub.{kind}.{domain}" for domain in DOMAINS]


def varint(data, at):
    number = shift = 0
    while True:
        byte, at = data[at], at + 1
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return number, at


def split_provenance(value):
    """(bytes without the last field 2047, the Provenance in it). Only field tags are looked at: no schema is needed."""
    at, start, tail = 0, None, None
    while at < len(value):
        begin = at
        tag, at = varint(value, at)
        kind = tag & 7
        if kind == 0:
            _, at = varint(value, at)
        elif kind == 2:
            length, at = varint(value, at)
            at += length
        else:
            at += 8 if kind == 1 else 4
        if tag >> 3 == PROVENANCE:
            start, tail = begin, value[at - length:at]
    if start is None or at != len(value):
        raise ValueError("a fact without provenance at its end")
    return value[:start], schema.message("event.v1.Provenance").FromString(tail)


def leaves(data, path=()):
    """(path without places in lists, value) of everything in DATA."""
    if isinstance(data, dict):
        for name, value in data.items():
            yield from leaves(value, path + (name,))
    elif isinstance(data, list):
        for value in data:
            yield from leaves(value, path)
    else:
        yield path, data


class Hub(processes.Process):
    """`medhub hub`; its first line on standard output tells where its monitor listens."""

    def __init__(self, folder, brokers):
        self.announced = folder / "hub.json"
        super().__init__("the hub", ["/bin/sh", "-c", f'exec "$0" "$@" > {self.announced}', MEDHUB, "hub", "-b", brokers,
                                     "--set", "monitor.port=0", "--set", f"state.directory={folder / 'state'}",
                                     "--set", "hub.session_timeout_ms=6000"], folder / "hub.log")

    def table_rows(self, table):
        monitor = json.loads(self.announced.read_text())["monitor"]
        with urllib.request.urlopen(f"{monitor}/tables", timeout=5) as answer:
            return json.load(answer).get(table, 0)


class RealKafka(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="engine-real-kafka.", dir=BUILD))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.brokers = processes.Brokers(cls.folder / "kafka", 1)
        cls.addClassCleanup(cls.brokers.stop)
        cls.medhub("ctl", "topics", "apply", "-q")
        cls.start_hub()
        cls.addClassCleanup(lambda: cls.hub.kill())
        cls.submitted, cls.expected, cls.receipts = [], [], []
        cls.play()
        cls.hub.signal(processes.signal.SIGTERM)
        cls.stopped_with = cls.hub.wait_end()
        cls.read()

    @classmethod
    def medhub(cls, *arguments, input=None, codes=(0,)):
        done = subprocess.run([MEDHUB, *arguments, "-b", cls.brokers.address], input=input, stdout=subprocess.PIPE,
                              text=True, timeout=120)
        if done.returncode not in codes:
            raise RuntimeError(f"medhub {arguments} ended with {done.returncode}")
        return done.stdout

    @classmethod
    def start_hub(cls):
        cls.hub = Hub(cls.folder, cls.brokers.address)
        cls.hub.wait_for("service.ready", 60)

    @classmethod
    def until(cls, true, what, timeout_s=60):
        event, until = processes.threading.Event(), processes.time.monotonic() + timeout_s
        while not true():
            if processes.time.monotonic() > until:
                raise TimeoutError(f"{what}: not within {timeout_s} s: {cls.hub.tail()}")
            event.wait(0.1)  # nobody tells: asked again

    @classmethod
    def gen(cls, what, *options):
        made = subprocess.run([MEDHUB, "gen", "-q", "--seed", str(SEED), "--what", what, *options], check=True,
                              stdout=subprocess.PIPE, text=True).stdout
        return made.splitlines()  # an empty one is where submit waits for all answers

    @classmethod
    def submit(cls, lines):
        for event in map(json.loads, filter(None, lines)):
            cls.submitted.append(event)
            cls.expected.append((event["expect"], event.get("expectcode", "")))
        out = cls.medhub("ctl", "submit", "-q", "-o", "ndjson", input="\n".join(lines) + "\n", codes=(0, 6))
        cls.receipts += [json.loads(line) for line in out.splitlines()]

    @classmethod
    def play(cls):
        """Who takes part, the catalogue, then business; the hub is killed between two halves of it."""
        base = cls.gen("policy,calendar,organisations")
        cls.submit(base)
        organisations = sum("organisation_changed" in line for line in base)
        cls.until(lambda: cls.hub.table_rows("registry") >= organisations, "the registry is followed")
        catalogue = cls.gen("catalogue-2024")
        cls.submit(catalogue)
        items = sum("item_changed" in line for line in catalogue)
        cls.until(lambda: cls.hub.table_rows("catalogue") >= items, "the catalogue is followed")
        business = cls.gen("prescriptions,scans,settlements", "--count", str(COUNT), "--wrong", str(WRONG),
                           "--repeat", str(REPEAT))
        cls.submit(business[:len(business) // 2])
        cls.hub.kill()
        cls.start_hub()
        cls.submit(business[len(business) // 2:])

    @classmethod
    def read(cls):
        cls.log = kafka_log.read(cls.brokers.address, topics_of("inbox") + topics_of("fact") +
                                 ["medhub.receipt", "medhub.parked"])
        cls.inputs = {(topic, partition, record.offset): record for (topic, partition), records in cls.log.items()
                      if topic.startswith("medhub.inbox.") for record in records}
        cls.facts = [(record, *split_provenance(record.value)) for (topic, _), records in sorted(cls.log.items())
                     if topic.startswith("medhub.fact.") for record in records]
        receipt = schema.message("event.v1.Receipt")
        cls.outcomes = collections.defaultdict(list)
        for record in cls.of("medhub.receipt"):
            said = receipt.FromString(record.value)
            cls.outcomes[said.input_topic, said.input_partition, said.input_offset].append(said.outcome)

    @classmethod
    def of(cls, topic):
        return [record for (name, _), records in sorted(cls.log.items()) if name == topic for record in records]

    def test_every_submission_is_answered_as_expected(self):
        self.assertEqual(len(self.receipts), len(self.expected))
        answered = [(receipt["outcome"], receipt.get("code", "") if receipt["outcome"] == "refused" else "")
                    for receipt in self.receipts]
        wrong = [(i, want, got) for i, (want, got) in enumerate(zip(self.expected, answered)) if want != got]
        self.assertEqual(wrong[:5], [])
        kinds = collections.Counter(outcome for outcome, _ in answered)
        self.assertGreater(min(kinds["accepted"], kinds["refused"], kinds["duplicate"]), 5, kinds)

    def test_every_input_has_exactly_one_outcome(self):
        positions = collections.Counter((tail.topic, tail.partition, tail.offset) for _, _, tail in self.facts
                                        if tail.topic in topics_of("inbox") and tail.index == 0)
        parked = collections.Counter((record.header("__connect.errors.topic"),
                                      int(record.header("__connect.errors.partition")),
                                      int(record.header("__connect.errors.offset"))) for record in self.of("medhub.parked"))
        self.assertEqual([place for place in (*positions, *parked, *self.outcomes) if place not in self.inputs], [])
        for place in self.inputs:
            outcomes = self.outcomes[place]
            self.assertEqual(len(outcomes), 1, place)
            self.assertEqual(parked[place], outcomes == [REFUSED], place)
            self.assertLessEqual(positions[place], outcomes == [ACCEPTED], place)

    def test_a_fact_is_the_submission_byte_for_byte(self):
        found = 0
        for record, bare, tail in self.facts:
            submitted = self.inputs.get((tail.topic, tail.partition, tail.offset))
            if submitted is not None and record.header("ce_id") == submitted.header("ce_id"):
                self.assertEqual((record.key, bare), (submitted.key, submitted.value), record.where())
                found += 1
        self.assertGreater(found, COUNT)

    def test_versions_of_a_key_have_no_gap_over_all_topics_of_its_kind(self):
        versions = collections.defaultdict(list)
        for record, _, tail in self.facts:
            kind = KEY_KINDS[record.topic.rsplit(".", 1)[1]]
            versions[kind, record.key].append(tail.version)
        for key, numbers in versions.items():
            self.assertEqual(sorted(numbers), list(range(1, len(numbers) + 1)), key)
        self.assertGreater(max(map(len, versions.values())), 3)

    def test_the_group_stands_behind_the_last_input_and_nothing_is_open(self):
        offsets = kafka_log.group_offsets(self.brokers.address, "medhub", topics_of("inbox"))
        for (topic, partition), records in self.log.items():
            if topic.startswith("medhub.inbox.") and records:
                self.assertEqual(offsets[topic, partition], records[-1].offset + 1, (topic, partition))
        names = topics_of("inbox") + topics_of("fact") + ["medhub.receipt", "medhub.parked", "medhub.delivery"]
        self.assertEqual(kafka_log.ends(self.brokers.address, names, True),
                         kafka_log.ends(self.brokers.address, names, False))

    def test_the_log_holds_nothing_of_a_person(self):
        """Texts where `ctl facts` shows *** (identity and clinical fields), in whatever was submitted, refused events too."""
        masked = {(fact["type"], path) for fact in map(json.loads, self.medhub("ctl", "facts", "-o", "ndjson").splitlines())
                  for path, value in leaves(fact["data"]) if value == "***"}
        secret = {value for event in self.submitted for path, value in leaves(event["data"]) if isinstance(value, str)
                  and any((event["type"], path[:end]) in masked for end in range(1, len(path) + 1))}
        secret = {value for value in secret if len(value.encode()) >= 6 and not re.fullmatch(r"[A-Z_]+|[0-9]{1,11}|[0-9]{4}-[0-9]{2}-[0-9]{2}(T.*)?", value)}
        secret -= {event["source"] for event in self.submitted}  # organisations are no persons, also where a person was treated
        secret -= {event["data"].get("organisationId") for event in self.submitted}
        self.assertGreater(len(secret), 100)
        log = (self.folder / "hub.log").read_text()
        self.assertIn('"event":"event.refused"', log)
        self.assertEqual([value for value in secret if value in log], [])

    def test_the_sum_holds(self):
        self.medhub("ctl", "sum")

    def test_the_hub_ends_in_order(self):
        self.assertEqual(self.stopped_with, 0, self.hub.tail())


if __name__ == "__main__":
    unittest.main()

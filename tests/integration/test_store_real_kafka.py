#!/usr/bin/python3
# timeout: 300
"""The SQL store on a real Kafka behind the real hub: every record is a row, in SQLite and in PostgreSQL alike; what a person
searches by is found, with the moment up to which the answer is complete; the unit tests of the store hold on PostgreSQL too."""
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest

SOURCE = pathlib.Path(os.environ["MEDHUB_SOURCE_DIR"])
BUILD = pathlib.Path(os.environ["MEDHUB_BUILD_DIR"])
MEDHUB = os.environ["MEDHUB"]
sys.path[:0] = [str(SOURCE / "tests" / "chaos"), str(SOURCE / "tests" / "support")]

import kafka_log  # noqa: E402
import postgresql  # noqa: E402
import processes  # noqa: E402

COUNT, WRONG, REPEAT, SEED = 60, 20, 10, 5
DOMAINS = ("prescription", "settlement", "trace", "catalogue", "registry", "policy")
TABLES = {"fact": [f"medhub.fact.{domain}" for domain in DOMAINS], "receipt": ["medhub.receipt"],
          "delivery": ["medhub.delivery"], "parked": ["medhub.parked"]}


class Store(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="store-real-kafka.", dir=BUILD))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.postgresql = postgresql.Cluster()
        cls.addClassCleanup(cls.postgresql.stop)
        cls.brokers = processes.Brokers(cls.folder / "kafka", 1)
        cls.addClassCleanup(cls.brokers.stop)
        cls.medhub("ctl", "topics", "apply", "-q")
        cls.hub = cls.start("hub", "hub", "--set", f"state.directory={cls.folder / 'state'}", "--set",
                            "hub.session_timeout_ms=6000")
        cls.database = cls.folder / "read.sqlite"
        cls.store = cls.start("store", "connector", "store", "--set", f"store.database={cls.database}")
        cls.hub.wait_for("service.ready", 60)
        cls.store.wait_for("service.ready", 60)
        cls.events, cls.receipts = [], []
        cls.submit(cls.gen("policy,calendar,organisations"))
        cls.submit(cls.gen("prescriptions,scans,settlements", "--count", str(COUNT), "--wrong", str(WRONG), "--repeat",
                           str(REPEAT)))
        cls.answered_ms = int(time.time() * 1000)
        cls.until_applied()

    @classmethod
    def start(cls, name, *arguments):
        started = processes.Process(name, [MEDHUB, *arguments, "-b", cls.brokers.address, "--set", "monitor.port=-1"],
                                    cls.folder / f"{name}.log")
        cls.addClassCleanup(started.kill)
        return started

    @classmethod
    def medhub(cls, *arguments, input=None, codes=(0,), database=None):
        store = ["--set", f"store.database={database}"] if database else []
        done = subprocess.run([MEDHUB, *arguments, "-b", cls.brokers.address, *store], input=input, stdout=subprocess.PIPE,
                              text=True, timeout=120)
        if done.returncode not in codes:
            raise RuntimeError(f"medhub {arguments} ended with {done.returncode}")
        return done.stdout

    @classmethod
    def gen(cls, what, *options):
        made = subprocess.run([MEDHUB, "gen", "-q", "--seed", str(SEED), "--what", what, *options], check=True,
                              stdout=subprocess.PIPE, text=True).stdout
        return [line for line in made.splitlines() if line]

    @classmethod
    def submit(cls, lines):
        cls.events += [json.loads(line) for line in lines]
        out = cls.medhub("ctl", "submit", "-q", "-o", "ndjson", input="\n".join(lines) + "\n", codes=(0, 6))
        cls.receipts += [json.loads(line) for line in out.splitlines()]

    @classmethod
    def until_applied(cls):
        """Until answers are complete up to a moment after the last receipt."""
        event, until = processes.threading.Event(), time.monotonic() + 60
        while cls.complete_ms(cls.database) <= cls.answered_ms:
            if time.monotonic() > until:
                raise TimeoutError(f"the store did not catch up: {cls.store.tail()}")
            event.wait(0.1)  # nobody tells: asked again

    @staticmethod
    def complete_ms(database):
        with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
            return connection.execute("SELECT min(caught_up_ms) FROM position").fetchone()[0]

    def find(self, key, *options, database=None):
        out = self.medhub("ctl", "find", key, "-o", "ndjson", *options, codes=(0, 3), database=database or self.database)
        return [json.loads(line) for line in out.splitlines()]

    def digest(self, database, *options):
        out = self.medhub("connector", "store", "--digest", "-o", "ndjson", *options, database=database)
        return {row["table"]: (row["rows"], row["digest"]) for row in map(json.loads, out.splitlines()) if "table" in row}

    def test_every_record_is_a_row(self):
        rows = self.digest(self.database)
        for table, topics in TABLES.items():
            log = kafka_log.read(self.brokers.address, topics)
            self.assertEqual(rows[table][0], sum(map(len, log.values())), table)
            self.assertGreater(rows[table][0], 20, table)
        self.assertEqual(rows["unread"][0], 0)
        self.assertGreater(rows["business_key"][0], rows["receipt"][0])

    def test_postgresql_and_a_rebuild_hold_the_same(self):
        wanted = self.digest(self.database)
        url = self.postgresql.database("same")
        self.assertEqual(self.digest(url, "--once"), wanted)
        self.assertEqual(self.digest(url, "--rebuild", "--once"), wanted)
        self.assertEqual(self.digest(self.folder / "other.sqlite", "--once"), wanted)
        for receipt in self.receipts[-20:]:
            name = f"{receipt['source']}/{receipt['id']}"
            answers = [json.loads(self.medhub("ctl", "journey", name, "-o", "json", database=at))
                       for at in (self.database, url)]
            self.assertEqual(answers[0]["exchanges"], answers[1]["exchanges"])

    def test_a_second_store_is_refused(self):
        done = subprocess.run([MEDHUB, "connector", "store", "--once", "-b", self.brokers.address, "--set",
                               f"store.database={self.database}", "--set", "store.lock_wait_ms=0"],
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn("code=store.locked", done.stderr)

    def test_what_a_person_searches_by_is_found(self):
        accepted = {receipt["id"] for receipt in self.receipts if receipt["outcome"] == "accepted"}
        kinds = {"medhub.prescription.uploaded.v1": (("person", "key"), ("hospitalNumber", "prescription"),
                                                     ("nationalNumber", "prescription"), ("institution", "organisation")),
                 "medhub.settlement.posted.v1": (("person", "key"), ("messageId", "settlement"), ("payee", "organisation")),
                 "medhub.trace.item_scanned.v1": (("product", "product"), ("serial", "serial"), ("lot", "lot"),
                                                  ("holder", "organisation"))}
        asked = 0
        for event in self.events:
            for field, kind in kinds.get(event["type"], ()):
                key = event["data"].get(field)
                if not key or event["id"] not in accepted or asked >= 60:
                    continue
                found = self.find(key, "--kind", kind, "--limit", "1000")
                self.assertIn((event["source"], event["id"]), {(row["source"], row["id"]) for row in found}, (kind, key))
                self.assertGreater(found[0]["completeUpTo"], "2020")
                asked += 1
        self.assertGreater(asked, 30)
        self.assertEqual(self.find("nothing-is-called-so"), [])

    def test_a_whole_scanned_code_finds_its_item(self):
        receipts = {receipt["id"]: receipt for receipt in self.receipts if receipt["outcome"] == "accepted"}
        scans = [event for event in self.events if event["type"] == "medhub.trace.item_scanned.v1" and
                 event["id"] in receipts and event["data"].get("code", "").startswith("(01)")]
        self.assertTrue(scans)
        self.assertIn(scans[0]["id"], {row["id"] for row in self.find(scans[0]["data"]["code"])})

    def test_a_journey_is_the_same_by_id_and_by_every_position(self):
        receipt = next(receipt for receipt in self.receipts
                       if receipt["outcome"] == "accepted" and "settlement" in receipt["type"])
        told = json.loads(self.medhub("ctl", "journey", f"{receipt['source']}/{receipt['id']}", "-o", "json", "--data",
                                      database=self.database))
        told["exchanges"] = [exchange for exchange in told["exchanges"] if exchange["lines"][1]["outcome"] == "accepted"]
        lines = told["exchanges"][0]["lines"]  # the others repeat it
        self.assertEqual([line["step"] for line in lines][:3], ["submitted", "decided", "fact"])
        self.assertIn("delivered", [line["step"] for line in lines])
        self.assertNotIn("missing", str(lines))
        self.assertIsNotNone(told["completeUpTo"])
        for line in lines:
            again = json.loads(self.medhub("ctl", "journey", line["position"], "-o", "json", "--data",
                                           database=self.database))
            self.assertEqual(again["exchanges"], told["exchanges"], line)

    def test_a_refusal_is_told_with_its_code(self):
        receipt = next(receipt for receipt in self.receipts if receipt["outcome"] == "refused")
        told = json.loads(self.medhub("ctl", "journey", receipt["id"], "-o", "json", database=self.database))
        steps = {line["step"]: line for line in told["exchanges"][-1]["lines"]}
        self.assertEqual(steps["decided"]["outcome"], "refused")
        self.assertEqual(steps["parked"]["code"], receipt["code"])

    def test_the_units_hold_on_postgresql(self):
        """The same programs that ctest runs on SQLite."""
        for program in ("test_read_model", "test_store_service", "test_trace_questions"):
            url = self.postgresql.database(program)
            done = subprocess.run([BUILD / "tests" / "unit" / "store" / f"unit_store_{program}"], cwd=SOURCE,
                                  env={**os.environ, "MEDHUB_TEST_POSTGRESQL": url}, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, timeout=120)
            self.assertEqual(done.returncode, 0, done.stdout[-3000:])

    def test_y_rows_leave_when_their_records_leave_kafka(self):
        """Kafka drops the first half of every partition of the topics with a retention: what is left is what a rebuild makes."""
        topics = ["medhub.receipt", "medhub.parked", "medhub.delivery"]
        log = kafka_log.read(self.brokers.address, topics)
        before = [{"topic": topic, "partition": partition, "offset": records[len(records) // 2].offset}
                  for (topic, partition), records in log.items() if len(records) > 2]
        wanted = self.folder / "delete.json"
        wanted.write_text(json.dumps({"version": 1, "partitions": before}))
        deps = pathlib.Path(os.environ.get("MEDHUB_DEPS_DIR", SOURCE / "build" / "deps"))
        libraries = next(deps.glob("kafka-*/lib"))
        subprocess.run(["java", "-cp", f"{libraries}/*", "org.apache.kafka.tools.DeleteRecordsCommand", "--bootstrap-server",
                        self.brokers.address, "--offset-json-file", wanted], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, timeout=120)
        event, until = processes.threading.Event(), time.monotonic() + 60
        while True:
            with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True) as connection:
                first = dict(((topic, partition), offset) for topic, partition, offset in
                             connection.execute("SELECT topic, partition, first_offset FROM position"))
            if all(first[at["topic"], at["partition"]] == at["offset"] for at in before):
                break
            self.assertLess(time.monotonic(), until, "the rows did not leave")
            event.wait(0.1)  # nobody tells: asked again
        rows = self.digest(self.database)
        self.assertEqual(rows, self.digest(self.folder / "half.sqlite", "--once"))
        self.assertLess(rows["receipt"][0], len(self.receipts))

    def test_z_the_store_survives_a_restart_of_its_database(self):
        url = self.postgresql.database("restarted")
        store = self.start("store-pg", "connector", "store", "--set", f"store.database={url}")
        store.wait_for("service.ready", 60)
        mark = store.mark()
        self.postgresql.restart()
        self.submit(self.gen("scans", "--count", "20", "--seed", str(SEED + 1)))
        self.assertTrue(store.wait_for("store.retry", 60, since=mark))
        store.signal(processes.signal.SIGTERM)
        self.assertEqual(store.wait_end(), 0)
        self.assertEqual(self.digest(url, "--once"), self.digest(self.folder / "fresh.sqlite", "--once"))


if __name__ == "__main__":
    unittest.main()

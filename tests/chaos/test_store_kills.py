#!/usr/bin/python3
# timeout: 600
"""The SQL store killed (-9) at random moments while the hub is at work: in the end its tables hold what a fresh rebuild makes
of the same topics, every record once. 50 times on SQLite, 12 on PostgreSQL."""
import json
import os
import pathlib
import random
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

SQLITE_KILLS, POSTGRESQL_KILLS, COUNT = 50, 12, 150
SEED = int(os.environ.get("MEDHUB_CHAOS_SEED", "0")) or random.randrange(1, 10**6)


class Load:
    """Submits without end, so that there is something to apply at every kill."""

    def __init__(self, brokers):
        self.brokers, self.stopping, self.submitted = brokers, False, 0
        self.thread = processes.threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        for seed in range(SEED, SEED + 10000):
            if self.stopping:
                return
            made = subprocess.run([MEDHUB, "gen", "-q", "--seed", str(seed), "--count", str(COUNT), "--wrong", "20",
                                   "--repeat", "10"], check=True, stdout=subprocess.PIPE).stdout
            answered = subprocess.run([MEDHUB, "ctl", "submit", "-q", "-o", "ndjson", "-b", self.brokers], input=made,
                                      stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout
            self.submitted += answered.count(b"\n")

    def stop(self):
        self.stopping = True
        self.thread.join()


class Kills(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        print(f"MEDHUB_CHAOS_SEED={SEED}", file=sys.stderr)
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="store-kills.", dir=BUILD))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.postgresql = postgresql.Cluster()
        cls.addClassCleanup(cls.postgresql.stop)
        cls.brokers = processes.Brokers(cls.folder / "kafka", 1)
        cls.addClassCleanup(cls.brokers.stop)
        cls.run_once("ctl", "topics", "apply", "-q")
        hub = cls.start("hub", "hub", "--set", f"state.directory={cls.folder / 'state'}")
        cls.addClassCleanup(hub.kill)
        hub.wait_for("service.ready", 60)
        base = subprocess.run([MEDHUB, "gen", "-q", "--what", "policy,calendar,organisations"], check=True,
                              stdout=subprocess.PIPE, text=True).stdout
        cls.run_once("ctl", "submit", "-q", input=base)

    @classmethod
    def start(cls, name, *arguments):
        return processes.Process(name, [MEDHUB, *arguments, "-b", cls.brokers.address, "--set", "monitor.port=-1"],
                                 cls.folder / f"{name}.log")

    @classmethod
    def run_once(cls, *arguments, input=None):
        return subprocess.run([MEDHUB, *arguments, "-b", cls.brokers.address], input=input, check=True, text=True,
                              stdout=subprocess.PIPE, timeout=120).stdout

    def digest(self, database, *options):
        out = self.run_once("connector", "store", "--digest", "-o", "ndjson", "--set", f"store.database={database}", *options)
        return {row["table"]: (row["rows"], row["digest"]) for row in map(json.loads, out.splitlines()) if "table" in row}

    def kill_at_random(self, database, kills, applied):
        """Some die while they open the database, some within a transaction, some between two. Returns how many had applied
        something before they died."""
        dice, progressed, before = random.Random(SEED), 0, 0
        for _ in range(kills):
            store = self.start("store", "connector", "store", "--set", f"store.database={database}", "--set",
                               f"store.batch_rows_max={dice.choice((3, 50, 20000))}", "--set", "store.lock_wait_ms=30000")
            if dice.random() < 0.6:  # at work, however slow the machine is
                until = time.monotonic() + 20
                while applied() <= before and time.monotonic() < until:
                    time.sleep(0.005)  # nobody tells: the database is asked again
            time.sleep(dice.uniform(0, 0.5))  # this is the experiment: any moment
            store.kill()
            after = applied()
            progressed += after > before
            before = after
        return progressed

    def check(self, database, kills, applied, fresh):
        load = Load(self.brokers.address)
        try:
            progressed = self.kill_at_random(database, kills, applied)
        finally:
            load.stop()
        self.assertGreater(progressed, kills // 4, "the kills did not meet a store at work")
        grown = self.digest(database, "--once")
        self.assertEqual(grown, self.digest(fresh, "--once"))
        self.assertEqual(grown["unread"][0], 0)
        receipts = kafka_log.read(self.brokers.address, ["medhub.receipt"])
        self.assertEqual(grown["receipt"][0], sum(map(len, receipts.values())))
        self.assertGreaterEqual(grown["receipt"][0], load.submitted)
        print(f"{kills} kills, {progressed} while at work, {sum(rows for rows, _ in grown.values())} rows", file=sys.stderr)

    def test_sqlite(self):
        database = self.folder / "killed.sqlite"

        def applied():
            try:
                with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
                    return connection.execute("SELECT coalesce(sum(next_offset), 0) FROM position").fetchone()[0]
            except sqlite3.OperationalError:
                return 0  # not even made yet

        self.check(database, SQLITE_KILLS, applied, self.folder / "fresh.sqlite")

    def test_postgresql(self):
        url = self.postgresql.database("killed")

        def applied():
            out = self.postgresql.ask("killed", "SELECT coalesce(sum(next_offset), 0) FROM position")
            return int(out) if out.isdigit() else 0

        self.check(url, POSTGRESQL_KILLS, applied, self.postgresql.database("fresh"))


if __name__ == "__main__":
    unittest.main()

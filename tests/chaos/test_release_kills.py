#!/usr/bin/python3
# timeout: 300
"""kill -9 of hub, gateway and library, each of the three while a release is staged, while it is published and while copies catch up, on
a real Kafka: it is published once and whole, and at no moment does a copy hold a part of it."""
import contextlib
import json
import os
import pathlib
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(os.environ["MEDHUB_SOURCE_DIR"])
BUILD = pathlib.Path(os.environ["MEDHUB_BUILD_DIR"])
MEDHUB = os.environ["MEDHUB"]
sys.path[:0] = [str(SOURCE / "tests/integration"), str(SOURCE / "ops/demo.d")]

from broadcast import TOMORROW  # noqa: E402
from gateway_world import KEY, World, until  # noqa: E402

SEED, ITEMS = int(os.environ.get("SEED", "1")), 3000
RELEASE = "KILLED"
dice = random.Random(SEED)


def ctl(world, *words, wait=True):
    command = [MEDHUB, "ctl", "catalogue", *map(str, words), "-q", "-o", "json", "-b", world.brokers.address]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return process.communicate(timeout=120)[0] if wait else process


def kill(world, name, **settings):
    part = world.parts[name]
    part.expected_to_end = True
    part.signal(signal.SIGKILL)
    part.wait_end(30)
    return world.start(name, **settings)


class Copy:
    def __init__(self, world, organisation, port, name):
        self.folder = world.folder / name
        self.options = world.folder / f"{name}.options"
        self.options.write_text(f"gateway = http://127.0.0.1:{port}\norganisation = {organisation}\ndirectory = {self.folder}\n"
                                f"key = {KEY}\nkey_file = {world.folder / 'secrets' / organisation / KEY}\n")

    def refresh(self, kill_after_s=None):
        process = subprocess.Popen([BUILD / "bin/medhub-client", "-c", self.options, "-t", "5", "refresh"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(kill_after_s or 60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        return self.rows()

    def rows(self):
        """How many of the release's rows the copy holds: all or none."""
        files = sorted(self.folder.glob("catalogue-*.sqlite"), key=lambda path: int(path.stem.split("-")[1]))
        if not files:
            return 0
        with contextlib.closing(sqlite3.connect(files[-1])) as copy:
            count, = copy.execute("SELECT count(*) FROM row WHERE json_extract(item, '$.release') = ?", (RELEASE,)).fetchone()
        if count not in (0, ITEMS):
            raise AssertionError(f"a mixture: {count} of {ITEMS} rows (SEED={SEED})")
        return count


def status(world):
    out = ctl(world, "status", RELEASE)
    return json.loads(out) if out else {"status": "NONE"}


def play(folder):
    world = World(folder)
    try:
        world.start_all()
        port = world.port
        hospital = next(name for name in world.secrets if name.startswith("H"))
        copy, fresh = (Copy(world, hospital, port, name) for name in ("copy", "fresh"))
        items = folder / "items.csv"
        items.write_text("kind,code,name\n" + "".join(f"KIND_WESTERN_DRUG,K{i:05d},药{i}\n" for i in range(ITEMS)))
        stage = ["stage", items, "--release", RELEASE, "--region", "000000", "--proposer", "a"]

        staging = ctl(world, *stage, wait=False)
        copy.refresh(kill_after_s=dice.uniform(0.01, 0.3))
        hub = kill(world, "hub")  # in the middle of staging, or before or after it
        gateway = kill(world, "gateway", gateway__port=port)
        copy.refresh(kill_after_s=dice.uniform(0.01, 0.3))
        staging.communicate(timeout=120)
        hub.wait_ready()
        gateway.wait_ready()
        ctl(world, *stage)  # goes on where it was
        staged = status(world)
        assert (staged["status"], staged["stagedItems"]) == ("STAGED", ITEMS), staged
        assert copy.refresh() == 0

        publishing = ctl(world, "publish", RELEASE, "--effective", TOMORROW, "--approver", "b", wait=False)
        for _ in range(2):
            copy.refresh(kill_after_s=dice.uniform(0.01, 0.5))
            hub = kill(world, "hub")
            gateway = kill(world, "gateway", gateway__port=port)
            copy.refresh(kill_after_s=dice.uniform(0.01, 0.5))
            hub.wait_ready()
            gateway.wait_ready()
        publishing.communicate(timeout=120)
        published = until(lambda: (now := status(world))["status"] == "PUBLISHED" and now, "it is published")
        assert (published["told"], published["answered"], published["counts"]) == (ITEMS, ITEMS, {"ADDED": ITEMS}), published
        for one in (fresh, copy):  # by snapshot, and by changes if it has come so far
            one.refresh(kill_after_s=dice.uniform(0.01, 0.2))
        hub, gateway = kill(world, "hub"), kill(world, "gateway", gateway__port=port)
        for one in (fresh, copy):
            one.refresh(kill_after_s=dice.uniform(0.05, 0.5))
        gateway.wait_ready()
        for one in (fresh, copy):
            until(lambda: one.refresh(kill_after_s=dice.choice((None, 0.05))) == ITEMS, "the copy has it")
        hub.wait_ready()
        facts = world.medhub("ctl", "facts", "-q", "--type", "catalogue.release_published", "-o", "ndjson")
        assert sum(RELEASE in line for line in facts.splitlines()) == 1, "published more than once"
        assert json.loads(world.medhub("ctl", "sum", "-q", "-o", "json"))["holds"]
    finally:
        world.close()


with tempfile.TemporaryDirectory(prefix="release-kills.", dir=BUILD, ignore_cleanup_errors=True) as name:
    play(pathlib.Path(name))

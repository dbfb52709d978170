#!/usr/bin/python3
# timeout: 180
"""Any sequence of releases, withdrawals, catch-ups, snapshots, kills and damages ends in the digest of a model that knows nothing
of all that; and at no moment does a copy hold a part of a release. Against `medhub up` and the library's command line; then the
story that ops/demo tells."""
import contextlib
import datetime
import hashlib
import json
import os
import pathlib
import random
import sqlite3
import sys
import tempfile

SOURCE = pathlib.Path(os.environ["MEDHUB_SOURCE_DIR"])
BUILD = pathlib.Path(os.environ["MEDHUB_BUILD_DIR"])
sys.path.insert(0, str(SOURCE / "ops/demo.d"))

import broadcast  # noqa: E402

SEED, ROUNDS, ITEMS = int(os.environ.get("SEED", "3")), 5, 60
TABLE = "WESTERN_DRUG"
failures = []


def check(what, truth, more=""):
    if not truth:
        failures.append(what)
        print(f"not so (SEED={SEED}): {what} {str(more)[:1500]}", file=sys.stderr)


class Model:
    """Dated rows of each item, from scratch: [first day, last day or "", item, version of the fact that wrote it]."""

    def __init__(self):
        self.rows, self.facts, self.published = {}, {}, {}

    def next_version(self, code):
        self.facts[code] = self.facts.get(code, 0) + 1
        return self.facts[code]

    def current(self, code):
        rows = self.rows.get(code, [])
        return rows[-1] if rows and rows[-1][1] == "" else None

    def publish(self, release, changes, day):
        """CHANGES: code -> name, or None for a removal. Returns the codes whose rows opened."""
        before = (datetime.date.fromisoformat(day) - datetime.timedelta(days=1)).isoformat()
        told, opened = [], 0
        for code, name in changes.items():
            last = self.current(code)
            if (last is None and name is None) or (last is not None and name == last[2]["name"]):
                continue
            version = self.next_version(code)
            told.append(code)
            if last is not None:
                last[1], last[3] = before, version
            if name is not None:
                opened += 1
                self.rows.setdefault(code, []).append([day, "", {
                    "kind": f"KIND_{TABLE}", "code": code, "name": name, "region": "000000", "validFrom": day,
                    "release": release}, version])
        self.published[release] = (list(changes), before, opened)
        return told

    def withdraw(self, release):
        codes, before, _ = self.published.pop(release)
        for code in codes:
            version = self.next_version(code)
            rows = self.rows.get(code, [])
            if rows and rows[-1][2]["release"] == release:
                rows.pop()
            if rows and rows[-1][1] == before:
                rows[-1][1], rows[-1][3] = "", version

    def digest(self):
        total = 0
        for code, rows in self.rows.items():
            for first, last, item, version in rows:
                text = json.dumps(item, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
                line = "".join(f"{part}\n" for part in (TABLE, code, "000000", first, last, text)) + str(version)
                total += int.from_bytes(hashlib.sha256(line.encode()).digest(), "big")
        return f"{total % 2**256:064x}"


def stage_and_publish(world, dice, model, number):
    release = f"R{number}"
    changes = {f"C{i:04d}": None if dice.random() < 0.2 else f"名{dice.randrange(4)}"
               for i in sorted(dice.sample(range(ITEMS), ITEMS // 2))}
    path = world.work / f"{release}.csv"
    path.write_text("kind,code,name,removed\n" + "".join(
        f"KIND_{TABLE},{code},{name or '旧'},{'true' if name is None else ''}\n" for code, name in changes.items()))
    day = (broadcast.TODAY + datetime.timedelta(days=number)).isoformat()
    world.stage(path, release)
    published = world.publish(release, day)
    told = model.publish(release, changes, day)
    check(f"{release}: what is told is what changes", published["told"] == len(told), (published, len(told)))
    return release


def copy_of(institution):
    files = sorted(institution.folder.glob("catalogue-*.sqlite"), key=lambda path: int(path.stem.split("-")[1]))
    return files[-1] if files else None


def no_part_of_a_release(institution, model):
    path = copy_of(institution)
    if path is None:
        return
    with contextlib.closing(sqlite3.connect(path)) as copy:
        counts = dict(copy.execute("SELECT json_extract(item, '$.release'), count(*) FROM row GROUP BY 1"))
    for release, (_, _, opened) in model.published.items():
        check(f"{institution.id} has all of {release} or nothing of it", counts.get(release, 0) in (0, opened),
              (counts, opened))


def damage(institution):
    with contextlib.closing(sqlite3.connect(copy_of(institution))) as copy:
        copy.execute("UPDATE row SET valid_until = '2020-01-01' WHERE code = (SELECT min(code) FROM row)")
        copy.commit()


def any_sequence(world):
    dice, model = random.Random(SEED), Model()
    steady, killed, damaged, fresh = world.load(4, catalogue=None)
    for number in range(1, ROUNDS + 1):
        release = stage_and_publish(world, dice, model, number)
        steady.refresh()
        no_part_of_a_release(steady, model)
        with killed.start("refresh") as process:  # kill -9 in the middle of a snapshot, of a page, of nothing
            try:
                process.communicate(timeout=dice.random() * 0.1)
            except broadcast.subprocess.TimeoutExpired:
                process.kill()
        no_part_of_a_release(killed, model)
        if number == 2:
            damaged.refresh()
            damage(damaged)
            damaged.ask("check", codes=(1,))  # it is seen
        if dice.random() < 0.4:
            world.ctl("ctl", "catalogue", "withdraw", release, "--by", "li", "--source", "B000000")
            model.withdraw(release)
    wanted = model.digest()
    for institution in (steady, killed, damaged, fresh):
        check(f"{institution.id} ends with the model's digest",
              institution.refresh_until(lambda one: one.digest() == wanted), (institution.digest(), wanted))
        no_part_of_a_release(institution, model)
    check("all hold the same releases", len({json.dumps(sorted(one["release"] for one in json.loads(each.ask("releases"))))
                                             for each in (steady, killed, damaged, fresh)}) == 1)


def play(what):
    with tempfile.TemporaryDirectory(prefix="broadcast.", dir=BUILD) as folder:
        world = broadcast.World(os.environ["MEDHUB"], BUILD / "bin/medhub-client", SOURCE / "ops/data", folder)
        try:
            return what(world)
        finally:
            world.close()


play(any_sequence)
check("the story of ops/demo holds", play(broadcast.story))
sys.exit(1 if failures else 0)

#!/usr/bin/python3
# timeout: 240
"""Any sequence of releases of nation and provinces, of payment standards, withdrawals, catch-ups, snapshots, kills and damages ends
in the digest of a model that knows nothing of all that; no item ever has two rows of one region on a day, and at no moment does a
copy hold a part of a release. Against `medhub up` and the library's command line; then the story that ops/demo tells."""
import contextlib
import csv
import datetime
import gzip
import json
import os
import pathlib
import random
import sqlite3
import sys
import tempfile

SOURCE = pathlib.Path(os.environ["MEDHUB_SOURCE_DIR"])
BUILD = pathlib.Path(os.environ["MEDHUB_BUILD_DIR"])
sys.path[:0] = [str(SOURCE / "ops/demo.d"), str(SOURCE / "tests/support")]

import broadcast  # noqa: E402
import catalogue_digest  # noqa: E402

SEED, ROUNDS, ITEMS = int(os.environ.get("SEED", "3")), 5, 60
TABLE = "WESTERN_DRUG"
NATION, PROVINCE, ELSEWHERE = "000000", "440000", "110000"
HEARD = {NATION, PROVINCE}  # by the institutions here; whose rows their copies hold
failures = []


def check(what, truth, more=""):
    if not truth:
        failures.append(what)
        print(f"not so (SEED={SEED}): {what} {str(more)[:1500]}", file=sys.stderr)


def day_of(number):
    return (broadcast.TODAY + datetime.timedelta(days=number)).isoformat()


def day_before(day):
    return (datetime.date.fromisoformat(day) - datetime.timedelta(days=1)).isoformat()


class Model:
    """Dated rows of each item in each region, from scratch: [first day, last day or "", item, version of the fact that wrote it].
    An item's facts are counted over all regions."""

    def __init__(self):
        self.rows, self.facts, self.published = {}, {}, {}

    def next_version(self, code):
        self.facts[code] = self.facts.get(code, 0) + 1
        return self.facts[code]

    def current(self, code, region):
        rows = self.rows.get((code, region), [])
        return rows[-1] if rows and rows[-1][1] == "" else None

    def change(self, code, region, item, day):
        """ITEM None: it is removed."""
        version, last = self.next_version(code), self.current(code, region)
        if last is not None:
            last[1], last[3] = day_before(day), version
        if item is not None:
            self.rows.setdefault((code, region), []).append([day, "", item, version])

    def publish(self, release, region, changes, day):
        """CHANGES: code -> name, or None for a removal. Returns the codes that change."""
        told = []
        for code, name in changes.items():
            last = self.current(code, region)
            same = {"name": last[2]["name"], "standard": last[2].get("paymentStandard")} if last else None
            if (last is None and name is None) or same == {"name": name, "standard": None}:
                continue
            told.append(code)
            self.change(code, region, name and {"kind": f"KIND_{TABLE}", "code": code, "name": name, "region": region,
                                                "validFrom": day, "release": release}, day)
        self.published[release] = (region, told, day)
        return told

    def withdraw(self, release, staged):
        region, _, day = self.published.pop(release)
        for code in staged:
            version, rows = self.next_version(code), self.rows.get((code, region), [])
            if rows and rows[-1][2].get("release") == release:
                rows.pop()
            if rows and rows[-1][1] == day_before(day):
                rows[-1][1], rows[-1][3] = "", version

    def lines(self):
        for (code, region), rows in self.rows.items():
            for first, last, item, version in rows:
                yield code, region, first, last, item, version

    def digest(self, heard=frozenset(HEARD)):
        return catalogue_digest.of_rows((TABLE, *line) for line in self.lines() if line[1] in heard)

    def row_on(self, code, day):
        """What holds for the institutions here: the province's row over the nation's."""
        for region in (PROVINCE, NATION):
            for first, last, item, _ in self.rows.get((code, region), []):
                if first <= day and (last == "" or day <= last):
                    return item
        return None


def stage_and_publish(world, dice, model, number, region):
    release = f"R{11 - number}"  # the order of names is not that of days
    changes = {f"C{i:04d}": None if dice.random() < 0.2 else f"名{dice.randrange(4)}"
               for i in sorted(dice.sample(range(ITEMS), ITEMS // 2))}
    path = world.work / f"{release}.csv"
    path.write_text("kind,code,name,removed\n" + "".join(
        f"KIND_{TABLE},{code},{name or '旧'},{'true' if name is None else ''}\n" for code, name in changes.items()))
    world.stage(path, release, region)
    published = world.publish(release, day_of(number))
    told = model.publish(release, region, changes, day_of(number))
    check(f"{release}: what is told is what changes", published["told"] == len(told), (published, len(told)))
    return release, list(changes)


def set_standards(world, dice, model, number):
    """Alone, in no release: payment standards of some items of the nation."""
    day, events = day_of(number), []
    open_rows = [code for code, region in model.rows if region == NATION and model.current(code, region)
                 and model.current(code, region)[0] < day]
    for code in sorted(dice.sample(sorted(open_rows), min(4, len(open_rows)))):
        item = {"kind": f"KIND_{TABLE}", "code": code, "name": model.current(code, NATION)[2]["name"], "region": NATION,
                "validFrom": day, "paymentStandard": {"microYuan": str(1000000 * number)}}
        events.append({"specversion": "1.0", "id": f"standard-{number}-{code}", "source": "B000000",
                       "type": "medhub.catalogue.payment_standard_changed.v1", "data": {
                           "itemKey": f"{TABLE}/{code}", "region": NATION, "item": item, "effectiveOn": day,
                           "basis": "STANDARD_BASIS_NEGOTIATION"}})
        model.change(code, NATION, item, day)
    receipts = world.ctl("ctl", "submit", text="".join(json.dumps(event) + "\n" for event in events)).splitlines()
    check("standards are taken", all(json.loads(receipt)["outcome"] == "accepted" for receipt in receipts), receipts)


def copy_of(institution):
    files = sorted(institution.folder.glob("catalogue-*.sqlite"), key=lambda path: int(path.stem.split("-")[1]))
    return files[-1] if files else None


def no_part_of_a_release(institution, model):
    """Nor two rows of an item on one day."""
    path = copy_of(institution)
    if path is None:
        return
    with contextlib.closing(sqlite3.connect(path)) as copy:
        held = set(copy.execute("SELECT json_extract(item, '$.release'), code FROM row"))
        doubled = copy.execute("SELECT count(*) FROM row a JOIN row b USING (tbl, code, region) WHERE a.valid_from < b.valid_from "
                               "AND (a.valid_until = '' OR a.valid_until >= b.valid_from)").fetchone()[0]
    check(f"{institution.id} has no two rows of a day", doubled == 0, doubled)
    for release, (region, told, _) in model.published.items():
        opened = {code for code in told if any(row[2].get("release") == release for row in model.rows[code, region])}
        found = {code for name, code in held if name == release}
        check(f"{institution.id} has all of {release} or nothing of it",
              found in (set(), opened) if region in HEARD else not found, (sorted(found), sorted(opened)))


def damage(institution):
    with contextlib.closing(sqlite3.connect(copy_of(institution))) as copy:
        copy.execute("UPDATE row SET valid_until = '2020-01-01' WHERE code = (SELECT min(code) FROM row)")
        copy.commit()


def hub_has_the_models_rows(world, model):
    path = world.work / "all.csv.gz"
    world.ctl("ctl", "catalogue", "export", path, "-q")
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = {(row["key"], row["region"], row["valid_from"], row["valid_until"], row["name"]) for row in csv.DictReader(file)}
    wanted = {(f"{TABLE}/{code}", region, first, last, item["name"]) for code, region, first, last, item, _ in model.lines()}
    # what was withdrawn stays in the table as a row of no day
    extra = {row for row in rows - wanted if row[3] == "" or row[3] >= row[2]}
    check("the hub's table has the model's rows", not (wanted - rows) and not extra, (sorted(wanted - rows)[:5], sorted(extra)[:5]))


def has_a_new_regions_rows_at_once(world, institution, dice, model):
    """Without a release there afterwards, and without anybody asking for a snapshot."""
    stage_and_publish(world, dice, model, ROUNDS + 1, ELSEWHERE)
    event = world.registered[institution.id]
    organisation = {**event["data"]["organisation"], "regions": [ELSEWHERE], "validFrom": day_of(0)}
    moved = {**event, "id": f"also-{ELSEWHERE}", "data": {"organisationId": institution.id, "organisation": organisation,
                                                          "effectiveOn": day_of(0), "reason": "异地设点"}}
    receipt = json.loads(world.ctl("ctl", "submit", text=json.dumps(moved, ensure_ascii=False) + "\n"))
    check("it is registered in another region", receipt["outcome"] == "accepted", receipt)
    wanted = model.digest(HEARD | {ELSEWHERE})
    check("the region has rows that it had not", wanted != model.digest())
    check("whoever comes to a region has its rows", institution.refresh_until(lambda one: one.digest() == wanted),
          (institution.digest(), wanted))


def look_ups_agree(institution, dice, model):
    for _ in range(6):
        code, day = f"C{dice.randrange(ITEMS):04d}", day_of(dice.randrange(ROUNDS + 2))
        out = institution.ask("item", TABLE, code, "440100", day, codes=(0, 3))
        found = json.loads(out)["item"] if out else None
        check(f"{code} on {day} is the model's row", found == model.row_on(code, day), (found, model.row_on(code, day)))


def any_sequence(world):
    dice, model = random.Random(SEED), Model()
    steady, killed, damaged, fresh, away, late = world.load(6, catalogue=None)
    for one, page_events in ((away, 1000), (late, 5)):
        with one.options.open("a") as options:
            options.write(f"feed_page_events = {page_events}\n")
        one.refresh()
    for number in range(1, ROUNDS + 1):
        region = NATION if number == 1 else dice.choice((NATION, NATION, PROVINCE, PROVINCE, ELSEWHERE))
        release, staged = stage_and_publish(world, dice, model, number, region)
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
            model.withdraw(release, staged)
        set_standards(world, dice, model, number)
    wanted, copies = model.digest(), (steady, killed, damaged, fresh, away, late)
    for institution in copies:
        check(f"{institution.id} ends with the model's digest",
              institution.refresh_until(lambda one: one.digest() == wanted), (institution.digest(), wanted))
        no_part_of_a_release(institution, model)
    check("one took the snapshot, as it was smaller", copy_of(late).stem != "catalogue-0", copy_of(late))
    check("one that was away caught up by changes", copy_of(away).stem == "catalogue-0", copy_of(away))
    hub_has_the_models_rows(world, model)
    look_ups_agree(away, dice, model)
    check("all hold the same releases", len({json.dumps(sorted(one["release"] for one in json.loads(each.ask("releases"))))
                                             for each in copies}) == 1)
    has_a_new_regions_rows_at_once(world, killed, dice, model)


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

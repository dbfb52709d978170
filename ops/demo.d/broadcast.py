#!/usr/bin/python3
"""The broadcast of the drug list of 2025 to three institutions, one of which was away. In a little world of its own (`medhub up`
with its embedded broker), so that what else is played does not matter.

    broadcast.py MEDHUB MEDHUB_CLIENT DATA WORK      prints the story; ends with 1 if something does not hold"""
import datetime
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

RELEASE = "NRDL-2025"
CHINA = datetime.timezone(datetime.timedelta(hours=8))
TODAY = datetime.datetime.now(CHINA).date()
TOMORROW = TODAY + datetime.timedelta(days=1)


class World:
    """A hub with gateway, the bureau's command line, and institutions that have a copy of the catalogue."""

    def __init__(self, medhub, client, data, work):
        self.medhub, self.client, self.data, self.work = medhub, client, pathlib.Path(data), pathlib.Path(work)
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("MEDHUB_KAFKA")}
        with open(self.work / "up.log", "wb") as log:
            self.up = subprocess.Popen([medhub, "up", "--set", "monitor.port=0", "--set", "log.level=warn", "--set",
                                        "gateway.snapshot_seconds=1"], stdout=subprocess.PIPE, stderr=log,
                                       env={**self.environment, "TMPDIR": str(self.work)})
        self.place = json.loads(self.up.stdout.readline())
        self.environment["MEDHUB_KAFKA_BROKERS"] = self.place["brokers"]
        self.registered = {}  # id of an institution with a copy -> the event that registers it

    def close(self):
        self.up.send_signal(signal.SIGTERM)
        self.up.wait(30)
        self.up.stdout.close()

    def ctl(self, *words, text=None):
        done = subprocess.run([self.medhub, *map(str, words)], input=text, capture_output=True, text=True, timeout=120,
                              env=self.environment)
        if done.returncode not in (0, 6):
            raise RuntimeError(f"medhub {words} ended with {done.returncode}: {done.stderr[-1000:]}")
        return done.stdout

    def one(self, *words):
        return json.loads(self.ctl(*words, "-o", "json"))

    def gen(self, what):
        return self.ctl("gen", "-q", "--data", self.data, "--what", what)

    def wait_for_table(self, table, count):
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with urllib.request.urlopen(self.place["monitor"] + "/tables", timeout=10) as answer:
                if json.load(answer)[table] >= count:
                    return
            time.sleep(0.02)
        raise TimeoutError(f"table {table}")

    def load(self, institutions, catalogue="catalogue-2024", rows=3826):
        """Policy, organisations (the first institutions with keys), the list of 2024 unless CATALOGUE is None."""
        self.ctl("ctl", "submit", "-q", text=self.gen("policy,calendar"))
        self.wait_for_table("policy", 20)
        names, lines = [], []
        for line in self.gen("organisations").splitlines():
            event = json.loads(line)
            organisation = event["data"].get("organisation", {})
            kind = organisation.get("kind", "")
            if kind in ("ORGANISATION_KIND_HOSPITAL", "ORGANISATION_KIND_PHARMACY") and len(names) < institutions:
                names.append((organisation["id"], organisation["name"]))
                organisation["keys"] = [self.new_key(organisation["id"])]
                self.registered[organisation["id"]] = event
            lines.append(json.dumps(event, ensure_ascii=False))
        self.ctl("ctl", "submit", "-q", text="\n".join(lines) + "\n")
        self.wait_for_table("registry", 90)
        if catalogue is not None:
            self.ctl("ctl", "submit", "-q", text=self.gen(catalogue))
            self.wait_for_table("catalogue", rows)
        return [Institution(self, *name) for name in names]

    def new_key(self, organisation):
        return json.loads(self.ctl("ctl", "key", "new", "-q", self.work / f"{organisation}.pem"))

    def stage(self, changes, release=RELEASE, region="000000"):
        return self.one("ctl", "catalogue", "stage", changes, "--release", release, "--region", region, "--proposer", "zhang",
                        "--source", "B000000")

    def publish(self, release=RELEASE, effective=TOMORROW, approver="li"):
        return self.one("ctl", "catalogue", "publish", release, "--effective", effective, "--approver", approver, "--source",
                        "B000000")

    def difference(self, old="nrdl_2024.csv", new="nrdl_2025.csv"):
        path = self.work / "changes.csv"
        path.write_text(self.ctl("ctl", "catalogue", "diff", "-o", "csv", "-m", self.data / "mappings/nrdl.csv", self.data / old,
                                 self.data / new))
        return path

    def uptake(self, release=RELEASE):
        return self.one("ctl", "catalogue", "uptake", release)

    def uptake_of(self, count, seconds=30):
        """The copies answer by themselves (medhub.catalogue.applied.v1); the bureau sees it a moment later."""
        until = time.monotonic() + seconds
        while (uptake := self.uptake())["applied"] < count and time.monotonic() < until:
            time.sleep(0.1)
        return uptake


class Institution:
    def __init__(self, world, organisation, name):
        self.world, self.id, self.name = world, organisation, name
        self.options = world.work / f"{organisation}.options"
        self.folder = world.work / organisation
        self.options.write_text(f"gateway = {world.place['gateway']}\norganisation = {organisation}\ndirectory = {self.folder}\n"
                                f"key = k1\nkey_file = {world.work / organisation}.pem\n")

    def start(self, *words):
        return subprocess.Popen([self.world.client, "-c", self.options, "-t", "60", *words], stdin=subprocess.PIPE,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def ask(self, *words, text=None, codes=(0,)):
        with self.start(*words) as process:
            out, error = process.communicate(text, timeout=120)
        if process.returncode not in codes:
            raise RuntimeError(f"{self.id} {words} ended with {process.returncode}: {error}")
        return out

    def refresh(self):
        self.ask("refresh")
        return self.digest()

    def refresh_until(self, true, seconds=30):
        """The read model follows Kafka by a moment."""
        until = time.monotonic() + seconds
        while not true(self) and time.monotonic() < until:
            self.ask("refresh", codes=(0, 1))
        return true(self)

    def digest(self):
        return json.loads(self.ask("state"))["catalogueDigest"]

    def has(self, release=RELEASE):
        return any(one["release"] == release for one in json.loads(self.ask("releases")))

    def release(self, release=RELEASE):
        return next((one for one in json.loads(self.ask("releases")) if one["release"] == release), None)

    def item(self, table, code, day):
        out = self.ask("item", table, code, "000000", str(day), codes=(0, 3))
        return json.loads(out)["item"] if out else None


def removed_item(changes):
    import csv
    with open(changes, encoding="utf-8", newline="") as file:
        return next(row for row in csv.DictReader(file) if row["removed"] == "true")


def tell(holds, sentence):
    print(f"  {'✓' if holds else '✗'} {sentence}", flush=True)
    return holds


def story(world):
    first, second, away = world.load(3)
    for one in (first, second, away):
        one.refresh()
    print(f"  {first.name}、{second.name}、{away.name} 各有一份 2024 年目录；{away.name} 随后断线。")
    print("  Three institutions have a copy of the list of 2024; then the third one is away.", flush=True)
    changes = world.difference()
    staged, gone = world.stage(changes), removed_item(changes)
    table = gone["kind"].removeprefix("KIND_")
    good = tell(first.refresh() == second.refresh() and not first.has(),
                f"暂存 {staged['items']} 个条目，谁也看不到 / {staged['items']} items are staged, seen by nobody")
    published = world.publish()
    print(f"  医保局两人四眼：zhang 提交，li 批准，自 {TOMORROW} 起按服务日期执行；各类变更："
          + "，".join(f"{name} {count}" for name, count in published["counts"].items()))
    print("  Two persons at the bureau: one proposes, another approves; the hub tells each item and publishes.", flush=True)
    here = all(one.refresh_until(Institution.has) for one in (first, second))
    good &= tell(here and first.digest() == second.digest(), "在线的两家整版启用，摘要一致 / both have it whole, with equal digests")
    good &= tell(first.release()["digest"] == published["digest"], f"与发布的摘要相同：{published['digest']} / as published")
    good &= tell(first.item(table, gone["code"], TODAY) is not None and first.item(table, gone["code"], TOMORROW) is None,
                 f"调出的 {gone['name']}：今天仍可支付，明天起不可 / what leaves the list is paid today and not tomorrow")
    uptake = world.uptake_of(2)
    good &= tell(uptake["applied"] == 2 and uptake["missing"] > 0,
                 f"医保局看到：已启用 {uptake['applied']}，未回告 {uptake['missing']} / the bureau sees who has it and who has not")
    good &= tell(away.item(table, gone["code"], TOMORROW) is not None and not away.has(),
                 f"{away.name} 断线期间用旧目录照常工作 / the one that is away works on with its old copy")
    good &= tell(away.refresh_until(Institution.has) and away.digest() == first.digest(),
                 "回来后补上变更，摘要与众人相同 / back again it catches up: the same digest as everybody")
    good &= tell(world.uptake_of(3)["applied"] == 3, "三家均已启用 / all three have it")
    return good


def main(medhub, client, data, work):
    with tempfile.TemporaryDirectory(prefix="broadcast-", dir=work) as folder:
        world = World(medhub, client, data, folder)
        try:
            sys.exit(0 if story(world) else 1)
        finally:
            world.close()


if __name__ == "__main__":
    main(*sys.argv[1:])

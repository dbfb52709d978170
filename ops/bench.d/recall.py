"""ops/bench trace: a recall matched against one product's items by the hub as it is shipped, and what other scans wait for meanwhile.
The items are not decided one by one, which takes a quarter of an hour for 10 million: bench_fill writes their rows into the
changelog, from which the hub restores them before it begins."""
import json
import os
import subprocess
import threading
import time

from tools import DEADLINE_S, Failed, say
from world import Part

PRODUCT, MAKER, RECALL, HOLDERS = "06901299999997", "R65010000001", "ZH-1", 1000
RATE, WARM_UP_S, BEFORE_S, SECONDS_A_MILLION = 200, 10, 10, 12


def event(number, source, kind, data):
    return {"specversion": "1.0", "id": number, "source": source, "type": f"medhub.{kind}.v1", "data": data}


def maker():
    return event("maker", "medhub", "registry.organisation_changed", {
        "organisationId": MAKER, "effectiveOn": "2025-01-01", "organisation": {
            "id": MAKER, "name": MAKER, "kind": "ORGANISATION_KIND_REGISTRANT", "state": "STATE_LIVE", "region": "650102",
            "roles": ["registrant"], "designatedFrom": "2025-01-01"}})


def recall():
    return event(RECALL, MAKER, "trace.recall_issued", {
        "product": PRODUCT, "recall": RECALL, "issuer": MAKER, "registrant": MAKER, "level": "RECALL_LEVEL_I", "region": "650100",
        "scope": {"lots": ["L1"]}, "reason": "a measurement", "issuedAt": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())})


class House:
    """The hub with its state restored, and who may recall."""

    def __init__(self, bench, items):
        self.bench, self.folder = bench, os.path.join(bench.folder, "recall")
        self.program = os.path.join(os.path.dirname(bench.programs), "bin", "medhub")
        os.makedirs(self.folder)
        say(f"recall: {items:,} items into the changelog")
        self.filled = bench.call("bench_fill", "--product", PRODUCT, "--items", items, "--holders", HOLDERS)
        bench.call("bench_load", "--tables", 1)
        self.hub = Part(bench, "hub", state__directory=f"{self.folder}/state")
        base = subprocess.run([self.program, "gen", "-q", "--what", "policy,calendar"], check=True, stdout=subprocess.PIPE, text=True)
        self.submit([*map(json.loads, base.stdout.splitlines()), maker()])

    def ctl(self, *words, **how):
        return subprocess.run([self.program, "ctl", *words, "-q", "-b", self.bench.brokers], stdout=subprocess.PIPE, text=True,
                              timeout=DEADLINE_S, check=False, **how)

    def submit(self, events):
        done = self.ctl("submit", "-o", "ndjson", input="".join(json.dumps(each) + "\n" for each in events))
        wrong = [line for line in done.stdout.splitlines() if json.loads(line)["outcome"] not in ("accepted", "duplicate")]
        if done.returncode != 0 or wrong:
            raise Failed(f"recall: {wrong[0] if wrong else done.returncode}")

    def follow(self):
        """Each round as it is committed: the progress that an operator sees."""
        command = [self.program, "ctl", "facts", "--type", "trace.recall_progressed", "--follow", "-q", "-o", "ndjson", "-b",
                   self.bench.brokers]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.bench.running.append(process)
        return process


class Scans(threading.Thread):
    """Scans of other products, of all partitions, and how long each took."""

    def __init__(self, house, seconds):
        super().__init__()
        self.house, self.seconds, self.file, self.failed = house, seconds, f"{house.folder}/scans", None

    def run(self):
        try:
            self.house.bench.call("bench_latency", "--profile", "scan", "--keys", 1000, "--rate", RATE, "--warm-up", WARM_UP_S,
                                  "--seconds", self.seconds, "--lines", self.file)
        except (Failed, subprocess.SubprocessError) as error:
            self.failed = error

    def between(self, begin, end):
        """p50 and p99 in milliseconds of those submitted then."""
        with open(self.file, encoding="utf-8") as lines:
            taken = [tuple(map(int, line.split())) for line in lines]
        found = sorted(took for at, took in taken if begin <= at / 1e6 < end)
        if not found:
            raise Failed("recall: no scans meanwhile")
        return found[len(found) // 2] / 1e3, found[len(found) * 99 // 100] / 1e3, len(found)


def measure(bench, items, table):
    bench.renew_broker()
    house = House(bench, items)
    following = house.follow()
    seconds = BEFORE_S + 5 + max(5, SECONDS_A_MILLION * items // 1000000)
    scans = Scans(house, seconds)
    scans.start()
    time.sleep(WARM_UP_S + BEFORE_S)
    begun = time.monotonic()
    house.submit([recall()])
    rounds, matched, told = [], None, None
    for line in following.stdout:
        data = json.loads(line)["data"]
        rounds.append(time.monotonic() - begun)
        if data["stage"] == "matching" and data.get("complete"):
            matched, matching_rounds, rows = rounds[-1], len(rounds), int(data["rows"])
        if data["stage"] == "telling" and data.get("complete"):
            told = rounds[-1]
            break
        if time.monotonic() > begun + DEADLINE_S:
            break
    following.kill()
    if told is None or rows != items:
        raise Failed("recall: not all items were matched")
    scans.join()
    if scans.failed:
        raise Failed(f"recall: {scans.failed}")
    house.hub.stop()
    before, during = scans.between(begun - BEFORE_S, begun), scans.between(begun, begun + told)
    name = f"recall of {items:,} items"
    table.add(f"trace: {name}: matched, in {matching_rounds:,} rounds", "s", f"{matched:.1f}")
    table.add("    rows matched", "rows/s", f"{items / matched:,.0f}")
    table.add(f"    all {HOLDERS:,} holders told", "s", f"{told:.1f}")
    table.add("    first round visible after", "ms", f"{rounds[0] * 1e3:.0f}")
    table.add(f"    other scans, {RATE}/s, before / meanwhile, p50", "ms", f"{before[0]:.1f} / {during[0]:.1f}")
    table.add(f"    other scans, {RATE}/s, before / meanwhile, p99", "ms", f"{before[1]:.1f} / {during[1]:.1f}")

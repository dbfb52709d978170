#!/usr/bin/python3
"""Runs scenarios against real Kafka: the load flows, something breaks, and what is left behind is verified.

    run.py [--seed S] [--keep] SCENARIO...     each with its own topics, all of one cluster size on the same brokers
    run.py --list

A mutant (MUTANT:NAME) is a hub with one rule broken on purpose: it passes if the verifier turns red, by an invariant that is there
for that rule. That it makes no progress or ends is not enough.
Exit status 0: all as expected; 1: not; 77: ledger_hub has no crash points (build it with the preset "faults").
"""
import argparse
import csv
import os
import pathlib
import pickle
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

from confluent_kafka import Producer

import kafka_log
import load
import processes
import schema
import verify
from processes import unix_ms
from watch import Watch

PARTITIONS = 4
GROUP = "chaos"
SESSION_MS, TRANSACTION_MS = 6000, 10000
HEALING_S = 30           # invariant I9
MUTANT_S = 8             # a mutant is not waited for as long
DECIDED_S = TRANSACTION_MS / 1000 + 15  # invariant I6
EVENTS_MAX, KEYS, RATE = 200_000, 500, 400
POINTS = ("before_produce", "after_produce", "after_send_offsets", "inside_commit", "after_kafka_commit",
          "inside_store_commit", "after_store_commit")
LARGEST_STORE = 64 << 20


def table_topics():
    """All that a hub asks for before it starts."""
    with open(pathlib.Path(__file__).parents[2] / "schemas" / "topics.csv", encoding="utf-8", newline="") as rows:
        return [row["topic"] for row in csv.DictReader(rows) if row["topic"].startswith("medhub.table.")]


FACTS = {"cleanup.policy": "delete", "retention.ms": "-1"}
CHANGELOG = {"cleanup.policy": "compact", "segment.bytes": str(1 << 20), "segment.ms": "5000",
             "min.cleanable.dirty.ratio": "0.01"}
TABLE = {"cleanup.policy": "compact"}
TOPICS = {verify.INBOX: (PARTITIONS, FACTS), verify.FACT: (PARTITIONS, FACTS), verify.STATE: (PARTITIONS, CHANGELOG),
          verify.RECEIPT: (3, FACTS), verify.DELIVERY: (3, FACTS), verify.PARKED: (3, FACTS),
          **{topic: (1, TABLE) for topic in table_topics()}}


def say(*words):
    print(*words, flush=True)


def register_banks(brokers):
    """Rows of the registry table: who may transfer, and one who may no more."""
    live, suspended = 4, 5
    rows = [(bank, live) for bank in load.BANKS] + [(load.SUSPENDED, suspended)]
    producer = Producer({"bootstrap.servers": brokers, "acks": "all", **kafka_log.QUIET})
    for bank, state in rows:
        organisation = schema.message("registry.v1.Organisation")(id=bank, name=bank, roles=["bank"], region="650100",
                                                                  state=state)
        row = schema.message("event.v1.TableRow")(table="registry", key=bank, region="000000", valid_from="2020-01-01",
                                                  version=1, value=organisation.SerializeToString())
        key = b"\0".join(part.encode() for part in ("registry", bank, "000000", "2020-01-01"))
        producer.produce("medhub.table.registry", key=key, value=row.SerializeToString())
    if producer.flush(30):
        raise TimeoutError("the registry's rows were not taken within 30 s")


class Run:
    """One scenario: its topics, processes and what they leave behind."""

    def __init__(self, brokers, name, seed, folder, mutant=None):
        self.brokers, self.address, self.name, self.seed, self.mutant = brokers, brokers.address, name, seed, mutant
        self.random = random.Random(seed)
        self.folder = folder
        self.hubs, self.troubles, self.outages, self.load, self.begun = [], [], [], None, time.monotonic()
        self.down_since = None
        self.healing_s = MUTANT_S if mutant else HEALING_S
        self.timer_bound_ms = verify.Evidence.timer_bound_ms
        folder.mkdir(parents=True)
        kafka_log.make_topics(self.address, TOPICS, brokers.nodes)
        register_banks(self.address)
        self.group = f"{GROUP}-{unix_ms()}"
        self.watch = Watch(self.address, verify.TOPICS)
        self.watch.start()

    # ---- processes

    def start_load(self, rate=RATE, *options):
        self.load = processes.Load(self.address, self.seed, EVENTS_MAX, KEYS, rate, self.folder / "load.log", *options)
        self.load.wait_for("load.begun")

    def hub(self, name, started_after="", environment=None, directory=None, **settings):
        chosen = {"kafka.brokers": self.address, "hub.group": self.group, "hub.instance": name,
                  "state.directory": directory or self.folder / f"store-{name}", "state.map_bytes": LARGEST_STORE,
                  "hub.workers": 1, "hub.batch_wait_ms": 20, "hub.session_timeout_ms": SESSION_MS,
                  "hub.transaction_timeout_ms": TRANSACTION_MS, "monitor.port": -1}
        chosen.update((key.replace("__", "."), value) for key, value in settings.items())
        environment = dict(environment or {})
        if self.mutant:
            environment["MEDHUB_BREAK"] = self.mutant
        log = self.folder / f"{name}-{len(self.hubs)}.log"
        hub = processes.Hub(name, log, chosen, environment)
        hub.started_after = started_after
        self.hubs.append(hub)
        return hub

    def ready_hub(self, *arguments, **settings):
        hub = self.hub(*arguments, **settings)
        hub.wait_for("ledger_hub.ready", self.healing_s)
        self.is_up()
        return hub

    # ---- what happens

    def is_down(self):
        """No timer can fire from now on."""
        self.down_since = self.down_since or unix_ms()

    def is_up(self):
        if self.down_since:
            self.outages.append((self.down_since, unix_ms()))
        self.down_since = None

    def await_progress(self, facts=100):
        try:
            self.watch.wait_for_more(verify.FACT, self.healing_s, facts)
        except TimeoutError as error:
            self.troubles.append(f"no progress: {error}")
            raise
        self.is_up()

    def is_decided(self, topic):
        """No transaction is open on TOPIC."""
        return kafka_log.ends(self.address, [topic], True) == kafka_log.ends(self.address, [topic], False)

    def await_decided(self, topic, timeout_s=DECIDED_S):
        self.watch.wait_until(lambda: self.is_decided(topic), timeout_s, f"no open transaction on {topic}")

    # ---- the end

    def _open_timers(self):
        last = {}
        for number in range(PARTITIONS):
            for record in list(self.watch.seen[verify.STATE, number]):
                if record.key[:1] == b"t":
                    last[record.key] = record.value
        return sum(value is not None for value in last.values())

    def _is_quiet(self):
        stable = kafka_log.ends(self.address, verify.TOPICS, True)
        if any(self.watch.reached.get(place, 0) < end for place, end in stable.items()):
            return False
        offsets = kafka_log.group_offsets(self.address, self.group, [verify.INBOX])
        inputs = {place: records[-1].offset + 1 for place, records in self.watch.seen.items()
                  if place[0] == verify.INBOX and records}
        return all(offsets[place] == end for place, end in inputs.items()) and self._open_timers() == 0

    def end_load(self):
        if self.load.is_alive():
            self.load.signal(signal.SIGTERM)
        if self.load.wait_end(60) != 0:
            self.troubles.append(f"the load failed: {self.load.tail()}")

    def settle(self):
        """Lets everything come to rest, stops the hubs."""
        timeout_s = self.healing_s if self.mutant else HEALING_S + DECIDED_S
        self.end_load()
        try:
            self.watch.wait_until(self._is_quiet, timeout_s, "everything decided and all timers fired")
            self.await_decided(verify.FACT)
        except TimeoutError as error:
            self.troubles.append(f"it does not come to rest: {error}")
        self.is_up()
        for hub in self.hubs:
            if not hub.is_alive() and not hub.expected_to_end:
                self.troubles.append(f"{hub.name} ended with {hub.child.returncode}: {hub.tail()}")
        living = [hub for hub in self.hubs if hub.is_alive()]
        if not living:
            self.troubles.append("no hub is alive")
        for hub in living:
            status = hub.stop()
            if status != 0:
                self.troubles.append(f"{hub.name} answered SIGTERM with {status}: {hub.tail()}")

    def _restores(self):
        for hub in self.hubs:
            first = set()
            for line in hub.events("restore.done"):
                after = "" if line["partition"] in first else hub.started_after
                first.add(line["partition"])
                yield hub, line, verify.Restore(hub.name, line["partition"], line["from"], line["to"], line["applied"],
                                                after)

    def _dump(self, *arguments):
        with open(self.folder / "dump.log", "a", encoding="utf-8") as log:
            done = subprocess.run([processes.LEDGER_HUB, *map(str, arguments)], check=True, stdout=subprocess.PIPE,
                                  stderr=log, text=True, timeout=60)
        return verify.Dump.parse(done.stdout)

    def _store(self, directory, partition):
        """Looks into a copy: opening a store marks it."""
        with tempfile.TemporaryDirectory(dir=self.folder) as copy:
            name = f"account-{partition}"
            subprocess.run(["cp", "-r", "--sparse=always", directory / name, copy], check=True)
            return self._dump("--dump-store", copy, name)

    def evidence(self):
        stable = kafka_log.ends(self.address, verify.TOPICS, True)
        log = kafka_log.read(self.address, verify.TOPICS)
        self.watch.close()
        restores = list(self._restores())
        # The last to restore a partition owns it; one that ended by itself (fenced by its rival) owns nothing any more.
        owners = {line["partition"]: hub
                  for hub, line, _ in sorted(restores, key=lambda each: (each[0].was_told_to_end or each[0].is_alive(), each[1]["ts"]))}
        fresh = {number: self._dump("--dump-changelog", self.address, verify.STATE, number,
                                    tempfile.mkdtemp(dir=self.folder)) for number in range(PARTITIONS)}
        return verify.Evidence(
            log=log, stable=stable, high=kafka_log.ends(self.address, verify.TOPICS, False),
            offsets=kafka_log.group_offsets(self.address, self.group, [verify.INBOX]),
            stores={number: self._store(hub.directory, number) for number, hub in owners.items()}, restored=fresh,
            watched=self.watch.seen, restores=[restore for _, _, restore in restores], outages=self.outages,
            timer_bound_ms=self.timer_bound_ms, troubles=self.troubles)

    def clean_up(self):
        for process in [*self.hubs, self.load]:
            if process and process.is_alive():
                process.kill()


# ---- scenarios

def plain(run):
    """Nothing breaks: two workers, one hub."""
    run.start_load()
    run.ready_hub("h1", hub__workers=2)
    run.await_progress(1500)


def aborted_input(run):
    """Long enough for several aborted transactions to lie in the inbox."""
    run.start_load()
    run.ready_hub("h1")
    run.await_progress(3000)


def kills(run, points=POINTS, rounds=2):
    """The hub kills itself at each named point, is started again with the same store, and has lost nothing."""
    run.start_load()
    started_after = ""
    for number in range(rounds):
        for point in points:
            nth = run.random.randint(3, 15)
            hub = run.hub("h1", started_after, {"MEDHUB_CRASH_AT": f"{point}:{nth}"}, hub__workers=1 + number)
            hub.expected_to_end = True
            if hub.wait_for("ledger_hub.ready", HEALING_S, or_end=True):  # of two workers, one may be quick to die
                run.is_up()
            status = hub.wait_end(HEALING_S)
            run.is_down()
            if status != -signal.SIGKILL:
                run.troubles.append(f"the hub ended with {status} before {point}:{nth}: {hub.tail()}")
            started_after = "kill"
    run.ready_hub("h1", started_after, hub__workers=rounds)
    run.await_progress()
    replayed = sum(restore.applied for _, _, restore in run._restores())
    if "after_kafka_commit" in points and replayed == 0:
        run.troubles.append("no kill left a store behind its changelog: the restore was not put to the test")


def paused(run):
    """One of two hubs stops in the middle of a transaction for longer than the session; the other takes over; it wakes."""
    run.start_load()
    second = run.ready_hub("h2")
    for point in ("after_produce", "after_send_offsets"):
        first = run.hub("h1", environment={"MEDHUB_STOP_AT": f"{point}:{run.random.randint(5, 15)}"})
        first.wait_stopped()
        run.is_down()
        stopped = second.mark()
        second.wait_for("group.assigned", 2 * SESSION_MS / 1000, since=stopped, partitions=PARTITIONS)
        second.wait_for("restore.done", DECIDED_S, PARTITIONS, since=stopped)
        run.await_progress()
        woken = first.mark()
        first.signal(signal.SIGCONT)
        first.wait_for("batch.aborted", HEALING_S, since=woken)
        first.wait_for("restore.done", HEALING_S, PARTITIONS // 2, since=woken)
        run.await_progress(300)
        run.is_down()  # its partitions wait for it to come again, or for the end of its session
        first.stop()
    second.wait_for("restore.done", 2 * SESSION_MS / 1000, PARTITIONS, since=second.mark())
    run.await_progress()


def out_of_time(run):
    """The hub stops in the middle of a transaction with events until the broker has aborted it, and wakes with its partitions
    still its own: nothing of that batch may be missing."""
    run.start_load()
    hub = run.hub("h1", environment={"MEDHUB_STOP_AT": f"events_in_doubt:{run.random.randint(10, 30)}"},
                  hub__session_timeout_ms=60_000, hub__transaction_timeout_ms=2000)
    hub.wait_stopped()
    run.is_down()
    if run.is_decided("__consumer_offsets"):
        raise RuntimeError("the hub stopped outside a transaction")
    for topic in ("__consumer_offsets", verify.FACT, verify.STATE):
        run.await_decided(topic)
    hub.signal(signal.SIGCONT)
    hub.wait_for("batch.aborted", HEALING_S)
    run.await_progress(300)


def rebalance(run):
    """One hub, then two, then one; then two without a name, which leave their partitions at once when they end."""
    run.start_load()
    first = run.ready_hub("h1")
    run.await_progress()
    second = run.ready_hub("h2")
    run.await_progress(500)
    run.is_down()  # its partitions wait for it to come again, or for the end of its session
    second.stop()
    first.wait_for("restore.done", 2 * SESSION_MS / 1000, PARTITIONS, since=first.mark())
    run.await_progress(500)
    nameless = [run.hub(name, hub__instance="") for name in ("n1", "n2")]
    for hub in nameless:
        hub.wait_for("restore.done", HEALING_S)
    run.await_progress(500)
    for hub in nameless:
        hub.stop()
    first.wait_for("restore.done", HEALING_S, PARTITIONS, since=first.mark())
    run.await_progress()


def zombie(run):
    """Two processes with the same instance id: one of them must go, and nothing wrong may be in the log."""
    run.start_load()
    first = run.ready_hub("h1", directory=run.folder / "store-first")
    run.await_progress()
    second = run.hub("h1", directory=run.folder / "store-second")
    for hub in (first, second):
        hub.expected_to_end = True
    until = time.monotonic() + HEALING_S
    while first.is_alive() and second.is_alive() and time.monotonic() < until:
        run.watch.wait_for_more(verify.FACT, HEALING_S)
    if first.is_alive() and second.is_alive():
        run.troubles.append(f"two hubs with one instance id live on side by side for {HEALING_S} s")
    run.await_progress(300)


def store_lost(run):
    """The hub is killed, its store deleted: everything comes back from the changelog."""
    run.start_load()
    hub = run.ready_hub("h1")
    run.await_progress(2000)
    hub.kill()
    run.is_down()
    shutil.rmtree(hub.directory)
    hub = run.ready_hub("h1", "wipe")
    if not any(line["applied"] for line in hub.events("restore.done")):
        run.troubles.append("nothing was restored although the store was deleted")
    run.await_progress(300)


def open_transaction(run):
    """A stranger's open transaction holds the last stable offset of a changelog partition below what the hub committed
    later; the hub dies with its store behind. It must wait for the stranger, not begin with half its state."""
    partition, strange = 0, "chaos-stranger"
    stranger = Producer({"bootstrap.servers": run.address, "transactional.id": strange,
                         "transaction.timeout.ms": 60_000, **kafka_log.QUIET})
    stranger.init_transactions(30)
    run.start_load()
    hub = run.ready_hub("h1", environment={"MEDHUB_CRASH_AT": "after_kafka_commit:60"})
    stranger.begin_transaction()
    stranger.produce(verify.STATE, key=b"?", value=b"?", partition=partition)
    stranger.flush(30)
    held_at = kafka_log.ends(run.address, [verify.STATE], True)[verify.STATE, partition]
    hub.expected_to_end = True
    hub.wait_end(HEALING_S)
    run.is_down()
    if kafka_log.ends(run.address, [verify.STATE], False)[verify.STATE, partition] <= held_at + 1:
        raise RuntimeError("the hub died before it committed anything behind the open transaction")
    hub = run.hub("h1", "kill")
    hub.wait_for("group.assigned")
    try:
        hub.wait_for("ledger_hub.ready", 4)
        run.troubles.append("the hub is ready although its changelog is not decided")
    except TimeoutError:
        pass  # it waits, as it should
    stranger.abort_transaction(30)
    hub.wait_for("ledger_hub.ready", run.healing_s)
    run.await_progress(300)


def _leader(run, topic, partition):
    return kafka_log.topics(run.address)[topic].partitions[partition].leader


def _led_by(run, node):
    """Partitions that NODE, or nobody, leads."""
    return [(name, number) for name, topic in kafka_log.topics(run.address).items()
            for number, partition in topic.partitions.items() if partition.leader in (node, -1)]


def _coordinator_partition(name, count=3):
    """Of a group or transactional id: Java's String.hashCode, as the brokers choose."""
    code = 0
    for character in name:
        code = (31 * code + ord(character)) & 0xFFFFFFFF
    code = code - (1 << 32) if code >> 31 else code
    return abs(code) % count


def leader_killed(run):
    """The node that leads an inbox partition, then those that coordinate transactions and the group, die in turn."""
    run.start_load(RATE / 2, "--at-least-once")
    run.timer_bound_ms = HEALING_S * 1000  # partitions find their leaders one after the other
    run.ready_hub("h1", hub__workers=2)
    run.await_progress()
    targets = ((verify.INBOX, 0),
               ("__transaction_state", _coordinator_partition(f"{run.group}-h1-0-0")),
               ("__consumer_offsets", _coordinator_partition(run.group)))
    for topic, partition in targets:
        node = _leader(run, topic, partition)
        say(f"  node {node} dies: it leads {topic}/{partition}")
        begun = unix_ms()
        run.brokers.kill(node)
        try:
            run.watch.wait_until(lambda: not _led_by(run, node), HEALING_S, f"leaders in the place of node {node}")
            run.await_progress()
        finally:
            run.brokers.restart(node)
        run.await_progress()
        run.outages.append((begun, unix_ms()))


def mutant_kills(point):
    def scenario(run):
        run.start_load()
        hub = run.hub("h1", environment={"MEDHUB_CRASH_AT": f"{point}:20"})
        hub.expected_to_end = True
        hub.wait_end(HEALING_S)
        run.is_down()
        run.hub("h1", "kill").wait_for("group.assigned")
    return scenario


SCENARIOS = {"plain": plain, "kills": kills, "paused": paused, "out_of_time": out_of_time, "rebalance": rebalance,
             "zombie": zombie, "store_lost": store_lost, "open_transaction": open_transaction,
             "leader_killed": leader_killed}
SCENARIOS.update({f"kill_{point}": (lambda run, point=point: kills(run, (point,))) for point in POINTS})
# Each with the invariants of which one must be broken.
MUTANTS = {"offsets_outside_transaction": (mutant_kills("before_offsets_outside"), ("I1",)),
           "store_before_kafka": (mutant_kills("after_kafka_commit"), ("I1", "I3")),
           "restore_to_stable_offset": (open_transaction, ("I2", "I3")),
           "no_rewind_after_abort": (out_of_time, ("I1",)),
           "read_uncommitted": (aborted_input, ("I1",)),
           "marker_is_next": (mutant_kills("after_kafka_commit"), ("I3", "I4"))}
NODES = {"leader_killed": 3}


# ---- running them

def run_one(brokers, name, seed, folder):
    """True if it went as it should."""
    mutant = name.partition(":")[2] or None
    scenario, seen_by = MUTANTS[mutant] if mutant else (SCENARIOS[name], ())
    begun, run, evidence = time.monotonic(), None, None
    say(f"{name}: seed {seed}")
    try:
        run = Run(brokers, name, seed, folder, mutant)
        try:
            scenario(run)
        except (TimeoutError, RuntimeError) as error:
            run.troubles.append(f"{type(error).__name__}: {error}")
        run.settle()
        evidence = run.evidence()
        broken = verify.verify(evidence)
    finally:
        if run:
            run.clean_up()
    good = any(sentence.split(":")[0] in seen_by for sentence in broken) if mutant else not broken
    took = time.monotonic() - begun
    red_by = " ".join(sorted({sentence.split(":")[0] for sentence in broken}))
    say(f"{name}: {'as it should be' if good else 'WRONG'} ({'red by ' + red_by if broken else 'green'}), {took:.0f} s, "
        f"{verify.sums(evidence)}")
    verify.report(broken, shown=2 if good else 12)
    if not good:
        with open(folder / "evidence", "wb") as kept:
            pickle.dump(evidence, kept)
        say(f"  what it left behind: {folder}; verify.py {folder}/evidence looks again")
    return good


def run_all(names, seed, folder):
    good = True
    for nodes in sorted({NODES.get(name, 1) for name in names}):
        chosen = [name for name in names if NODES.get(name, 1) == nodes]
        brokers = processes.Brokers(folder / f"kafka{nodes}", nodes)
        try:
            for name in chosen:
                try:
                    good = run_one(brokers, name, seed, folder / name.replace(":", "-")) and good
                except Exception:  # the harness itself stumbled: the other scenarios still count
                    traceback.print_exc(file=sys.stdout)
                    say(f"{name}: WRONG (the harness stumbled)")
                    good = False
        finally:
            brokers.stop()
    return good


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    arguments.add_argument("--keep", action="store_true", help="keep logs and stores also of what went well")
    arguments.add_argument("--list", action="store_true")
    arguments.add_argument("scenarios", nargs="*")
    chosen = arguments.parse_args()
    known = list(SCENARIOS) + [f"MUTANT:{name}" for name in MUTANTS]
    if chosen.list:
        return say("\n".join(known))
    unknown = [name for name in chosen.scenarios if name not in known]
    if unknown or not chosen.scenarios:
        arguments.error(f"unknown scenarios: {unknown}, known: {' '.join(known)}" if unknown else "which scenario?")
    if not processes.LEDGER_HUB.exists() or subprocess.run([processes.LEDGER_HUB, "--has-faults"]).returncode != 0:
        say(f"{processes.LEDGER_HUB} has no crash points: build it with the preset \"faults\"")
        sys.exit(77)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    folder = pathlib.Path(tempfile.mkdtemp(prefix="chaos-", dir=processes.BUILD))
    good = False
    try:
        good = run_all(chosen.scenarios, chosen.seed, folder)
    finally:
        if good and not chosen.keep:
            shutil.rmtree(folder, ignore_errors=True)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()

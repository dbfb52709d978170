"""ops/bench gateway: POST /v1/events beside its two raw limits, driven with the same bytes by the same program: libmicrohttpd
that answers 202 without Kafka, and librdkafka that produces the events without HTTP. Then how soon a follower of a feed hears
of what was posted, with the hub and the store at work."""
import json
import os
import statistics
import subprocess

from tools import DEADLINE_S, say
from world import World

CONNECTIONS = (1, 16, 128)
BUREAU, HOSPITAL = "B000000", "H44010000009"
FOLLOWERS, RATE = (1, 1000), 20


class RawAnswer:
    """libmicrohttpd that answers at once."""

    def __init__(self, bench):
        self.process = subprocess.Popen(bench.command("bench_gateway", "--do", "answer"), stdout=subprocess.PIPE, text=True)
        bench.running.append(self.process)
        self.authority = f"127.0.0.1:{json.loads(self.process.stdout.readline())['port']}"

    def stop(self):
        self.process.terminate()
        self.process.wait(DEADLINE_S)


def follow(bench, world, size, table):
    """Changes of the catalogue, which all hospitals hear, posted by the bureau; streams of one hospital. Each run has items of
    its own."""
    items = [event for event in world.gen("catalogue-2024") if "item_changed" in event["type"] and event["source"] == BUREAU]
    count = size["follow_events"]
    for turn, followers in enumerate(FOLLOWERS):
        file = f"{world.folder}/follow-{followers}.ndjson"
        with open(file, "w", encoding="utf-8") as lines:
            for number, event in enumerate(items[turn * count:(turn + 1) * count]):
                # an id that says which run it is of: "follow-NUMBER" must be new for the hub
                lines.write(json.dumps({**event, "id": f"follow-{number}-{followers}"}, ensure_ascii=False) + "\n")
        result = bench.call("bench_gateway", "--do", "follow", *world.caller(BUREAU), "--followers", followers, "--events",
                            file, "--rate", RATE, "--follower-key-id", world.key_id(HOSPITAL), "--follower-secret",
                            world.key_file(HOSPITAL))
        say(f"{followers} followers: p50 {result['p50_ms']:.1f} ms, p99 {result['p99_ms']:.1f} ms")
        for share, wanted in (("p50", ""), ("p99", "< 100"), ("max", "")):
            table.add(f"gateway: POST to arrival at {followers:,} follower{'s' if followers > 1 else ''}, {share}", "ms",
                      f"{result[share + '_ms']:.1f}", wanted=wanted)


def structured_events(world, count):
    """The same event again and again under other ids: nothing decides it here."""
    event = world.prescription(HOSPITAL)
    file = f"{world.folder}/structured.ndjson"
    with open(file, "w", encoding="utf-8") as lines:
        for number in range(count):
            lines.write(json.dumps({**event, "id": f"structured-{number}"}, ensure_ascii=False) + "\n")
    return file


def post(bench, world, size, table):
    raw = RawAnswer(bench)
    seconds = size["post_s"]
    for connections in CONNECTIONS:
        common = ["--connections", connections, "--seconds", seconds, "--requests", size["post_requests"]]
        runs = {"gateway": [], "http": [], "kafka": []}
        jobs = {"gateway": ["--do", "post", *world.caller(HOSPITAL)],
                "http": ["--do", "post", "--authority", raw.authority, *world.caller(HOSPITAL)[2:]], "kafka": ["--do", "produce"]}
        servers = {"gateway": world.gateway.process.pid, "http": raw.process.pid}
        for turn in range(size["rounds"]):
            for name in sorted(jobs, reverse=turn % 2 == 1):
                begun_s = cpu_s(servers.get(name))
                run = bench.call("bench_gateway", *jobs[name], *common)
                runs[name].append({**run, "cpu_us": (cpu_s(servers.get(name)) - begun_s) * 1e6 / max(run["answered"], 1)})
        say(f"{connections} connections: " + ", ".join(f"{name} {middle(runs[name], 'rate'):,.0f}/s" for name in runs))
        report(table, connections, runs)
    file = structured_events(world, min(size["post_requests"], 20000))
    result = bench.call("bench_gateway", "--do", "post", *world.caller(HOSPITAL), "--connections", 16, "--seconds", seconds,
                        "--requests", 20000, "--events", file)
    table.add("gateway: POST, 16 connections, structured JSON", "requests/s", f"{result['rate']:,.0f}")
    raw.stop()


def cpu_s(pid):
    """The processor time that a process has taken; 0 for none."""
    if pid is None:
        return 0.0
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def middle(runs, what):
    return statistics.median(run[what] for run in runs)


def report(table, connections, runs):
    """Against the slower of the two limits of each round; and against both together, as each request needs both: neither limit
    checks a signature, reads an event or signs one, and each has the machine for itself."""
    if any(run["seconds"] < 0.5 for name in runs for run in runs[name]):
        table.missing(f"gateway: POST, {connections} connections", "a run was too short: more requests are needed")
        return
    slower = [min(http["rate"], kafka["rate"]) for http, kafka in zip(runs["http"], runs["kafka"])]
    ratio = statistics.median(one["rate"] / limit for one, limit in zip(runs["gateway"], slower))
    name = f"gateway: POST, {connections} connection{'s' if connections > 1 else ''}"
    table.add(name, "requests/s", f"{middle(runs['gateway'], 'rate'):,.0f}",
              f"HTTP {middle(runs['http'], 'rate'):,.0f}, Kafka {middle(runs['kafka'], 'rate'):,.0f}", f"{ratio:.2f}", ">= 0.70")
    both = [1 / (1 / http["rate"] + 1 / kafka["rate"]) for http, kafka in zip(runs["http"], runs["kafka"])]
    together = statistics.median(one["rate"] / limit for one, limit in zip(runs["gateway"], both))
    table.add(f"{name}, both limits in turn, still without signatures and decoding", "requests/s",
              f"{middle(runs['gateway'], 'rate'):,.0f}", f"{statistics.median(both):,.0f}", f"{together:.2f}")
    table.add(f"{name}, p99", "ms", f"{middle(runs['gateway'], 'p99_ms'):.1f}",
              f"HTTP {middle(runs['http'], 'p99_ms'):.1f}, Kafka {middle(runs['kafka'], 'p99_ms'):.1f}")
    table.add(f"{name}, processor time of the server", "µs/request", f"{middle(runs['gateway'], 'cpu_us'):.1f}",
              f"HTTP {middle(runs['http'], 'cpu_us'):.1f}")


def measure_gateway(bench, size, table):
    world = World(bench, "gateway", (BUREAU, HOSPITAL), "hmac", gateway__requests_per_second=1000000, gateway__requests_burst=1000000,
                  gateway__nonces_max=10000000, gateway__connections_per_address_max=4096)
    follow(bench, world, size, table)
    world.stop_others()
    post(bench, world, size, table)
    world.gateway.stop()

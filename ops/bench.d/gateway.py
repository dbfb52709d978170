"""ops/bench gateway: POST /v1/events beside its two raw limits, driven with the same bytes by the same program: libmicrohttpd
that answers 202 without Kafka, and librdkafka that produces the events without HTTP. Then how soon a follower of a feed hears
of what was posted, with the hub and the store at work."""
import base64
import json
import os
import secrets
import statistics
import subprocess

from tools import DEADLINE_S, Failed, last_line, say

CONNECTIONS = (1, 16, 128)
BUREAU, HOSPITAL, PHARMACY, KEY = "B000000", "H44010000009", "P44010000001", "k1"
FOLLOWERS, RATE = (1, 1000), 20
PRESCRIPTIONS_PER_S, POSTERS = 500, 64
PROBES_MIN, PROBES_MAX = 5, 50


class Part:
    """`medhub hub`, `connector store` or `gateway`, with its settings as they are shipped but for places and rates."""

    def __init__(self, bench, name, **settings):
        program = os.path.join(os.path.dirname(bench.programs), "bin", "medhub")
        sets = {"monitor.port": -1, "log.level": "warn", **settings}
        command = [program, *name.split(), "-b", bench.brokers]
        for key, value in sets.items():
            command += ["--set", f"{key.replace('__', '.')}={value}"]
        self.name = name
        self.log = os.path.join(bench.folder, f"{name.replace(' ', '-')}.log")
        with open(self.log, "w", encoding="utf-8") as errors:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        bench.running.append(self.process)
        line = self.process.stdout.readline()
        if not line:
            with open(self.log, encoding="utf-8") as file:
                raise Failed(f"{name}: {last_line(file.read())}")
        self.addresses = json.loads(line)

    def stop(self):
        self.process.terminate()
        self.process.wait(DEADLINE_S)


class World:
    """Hub, store and gateway, organisations with keys, and their events."""

    def __init__(self, bench):
        self.bench, self.folder = bench, os.path.join(bench.folder, "gateway")
        os.makedirs(self.folder)
        database = f"{self.folder}/medhub.sqlite"
        self.program = os.path.join(os.path.dirname(bench.programs), "bin", "medhub")
        self.others = [Part(bench, "hub", state__directory=f"{self.folder}/state"),
                       Part(bench, "connector store", store__database=database)]
        self.submit(self.organisations())
        self.gateway = Part(bench, "gateway", store__database=database, gateway__port=0,
                            gateway__directory=f"{self.folder}/tables", gateway__secrets_directory=f"{self.folder}/secrets",
                            gateway__requests_per_second=1000000, gateway__requests_burst=1000000,
                            gateway__nonces_max=10000000, gateway__connections_per_address_max=4096)
        self.authority = self.gateway.addresses["gateway"].split("//")[1]

    def gen(self, what):
        made = subprocess.run([self.program, "gen", "-q", "--what", what], check=True, stdout=subprocess.PIPE, text=True)
        return [json.loads(line) for line in made.stdout.splitlines() if line]

    def submit(self, events):
        lines = "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events)
        subprocess.run([self.program, "ctl", "submit", "-q", "-b", self.bench.brokers], input=lines, check=True,
                       stdout=subprocess.DEVNULL, text=True, timeout=DEADLINE_S)

    def wait_until_accepted(self, event):
        """Every partition sees a table's row a moment after it was decided."""
        for attempt in range(PROBES_MAX):
            data = {**event["data"], "person": f"p-probe-{attempt}", "hospitalNumber": f"P{attempt}", "nationalNumber": f"PN{attempt}"}
            probe = json.dumps({**event, "id": f"probe-{attempt}", "data": data}, ensure_ascii=False)
            done = subprocess.run([self.program, "ctl", "submit", "-q", "-b", self.bench.brokers], input=probe, text=True,
                                  stdout=subprocess.PIPE, timeout=DEADLINE_S, check=False)
            if attempt >= PROBES_MIN and json.loads(done.stdout.splitlines()[0])["outcome"] == "accepted":
                return
        raise Failed("the hub does not accept the prescriptions")

    def organisations(self):
        events = self.gen("policy,calendar,organisations")
        for event in events:
            organisation = event["data"].get("organisation")
            if organisation is not None and organisation["id"] in (BUREAU, HOSPITAL, PHARMACY):
                organisation["keys"] = [{"id": KEY, "algorithm": "KEY_ALGORITHM_HMAC_SHA256"}]
                os.makedirs(f"{self.folder}/secrets/{organisation['id']}", exist_ok=True)
                with open(self.secret(organisation["id"]), "w", encoding="utf-8") as file:
                    file.write(base64.b64encode(secrets.token_bytes(32)).decode() + "\n")
        return events

    def secret(self, organisation):
        return f"{self.folder}/secrets/{organisation}/{KEY}"

    def stop_others(self):
        for part in reversed(self.others):
            part.stop()

    def caller(self, organisation):
        return ["--authority", self.authority, "--key-id", f"{organisation}/{KEY}", "--secret", self.secret(organisation)]


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
                            file, "--rate", RATE, "--follower-key-id", f"{HOSPITAL}/{KEY}", "--follower-secret",
                            world.secret(HOSPITAL))
        say(f"{followers} followers: p50 {result['p50_ms']:.1f} ms, p99 {result['p99_ms']:.1f} ms")
        for share, wanted in (("p50", ""), ("p99", "< 100"), ("max", "")):
            table.add(f"gateway: POST to arrival at {followers:,} follower{'s' if followers > 1 else ''}, {share}", "ms",
                      f"{result[share + '_ms']:.1f}", wanted=wanted)


def own_prescription(world):
    return next(event for event in world.gen("prescriptions") if event["source"] == HOSPITAL)


def follow_prescriptions(bench, world, size, table):
    """A hospital's uploads, each of another person, and a pharmacy of its city that hears of them as claimable. From the moment
    at which an upload was due to its arrival: gateway, engine, store and feed, all of them on this machine."""
    event = own_prescription(world)
    codes = {line["catalogueCode"] for line in event["data"]["lines"]}
    world.submit([each for each in world.gen("catalogue-2024,catalogue-2025")
                  if each["data"].get("item", {}).get("code") in codes])
    world.wait_until_accepted({**event, "source": HOSPITAL})
    file = f"{world.folder}/prescriptions.ndjson"
    with open(file, "w", encoding="utf-8") as lines:
        for number in range(PRESCRIPTIONS_PER_S * size["post_s"] * 2):
            data = {**event["data"], "person": f"p-follow-{number}", "hospitalNumber": f"follow-{number}", "nationalNumber": f"FN{number}"}
            lines.write(json.dumps({**event, "id": f"follow-{number}-rx", "subject": f"follow-{number}", "data": data},
                                   ensure_ascii=False) + "\n")
    result = bench.call("bench_gateway", "--do", "follow", *world.caller(HOSPITAL), "--followers", 1, "--posters", POSTERS, "--feed", "deliveries",
                        "--events", file, "--rate", PRESCRIPTIONS_PER_S, "--follower-key-id", f"{PHARMACY}/{KEY}",
                        "--follower-secret", world.secret(PHARMACY))
    for share, wanted in (("p50", ""), ("p99", "< 100"), ("max", "")):
        table.add(f"prescription: POST to claimable at the pharmacy, {PRESCRIPTIONS_PER_S}/s, {share}", "ms",
                  f"{result[share + '_ms']:.1f}", wanted=wanted)


def structured_events(world, count):
    """The same event again and again under other ids: nothing decides it here."""
    event = own_prescription(world)
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
    """Against the slower of the two limits of each round."""
    if any(run["seconds"] < 0.5 for name in runs for run in runs[name]):
        table.missing(f"gateway: POST, {connections} connections", "a run was too short: more requests are needed")
        return
    slower = [min(http["rate"], kafka["rate"]) for http, kafka in zip(runs["http"], runs["kafka"])]
    ratio = statistics.median(one["rate"] / limit for one, limit in zip(runs["gateway"], slower))
    name = f"gateway: POST, {connections} connection{'s' if connections > 1 else ''}"
    table.add(name, "requests/s", f"{middle(runs['gateway'], 'rate'):,.0f}",
              f"HTTP {middle(runs['http'], 'rate'):,.0f}, Kafka {middle(runs['kafka'], 'rate'):,.0f}", f"{ratio:.2f}", ">= 0.70")
    table.add(f"{name}, p99", "ms", f"{middle(runs['gateway'], 'p99_ms'):.1f}",
              f"HTTP {middle(runs['http'], 'p99_ms'):.1f}, Kafka {middle(runs['kafka'], 'p99_ms'):.1f}")
    table.add(f"{name}, processor time of the server", "µs/request", f"{middle(runs['gateway'], 'cpu_us'):.1f}",
              f"HTTP {middle(runs['http'], 'cpu_us'):.1f}")


def measure_gateway(bench, size, table):
    world = World(bench)
    follow(bench, world, size, table)
    try:
        follow_prescriptions(bench, world, size, table)
    except Failed as error:
        table.missing("prescription: POST to claimable at the pharmacy", str(error))
    world.stop_others()
    post(bench, world, size, table)
    world.gateway.stop()

"""ops/bench webhook: deliveries a second of the connector beside bare libcurl multi that makes the same POSTs to the same
receiver, alternating. Counted at the receiver, from the first to the last."""
import json
import os
import statistics
import subprocess
import time
import urllib.request

from tools import DEADLINE_S, Failed, say

ENDPOINTS, CONCURRENCY = 4, 16
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Receiver:
    def __init__(self, bench):
        self.process = subprocess.Popen(bench.command("bench_webhook", "--do", "receive"), stdout=subprocess.PIPE, text=True)
        bench.running.append(self.process)
        self.port = json.loads(self.process.stdout.readline())["port"]

    def ask(self, what):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/{what}", timeout=30) as answer:
            return answer.read()

    def wait_for(self, count):
        until = time.monotonic() + DEADLINE_S
        while (stats := json.loads(self.ask("stats")))["count"] < count:
            if time.monotonic() > until:
                raise Failed(f"{stats['count']} of {count} deliveries came")
            time.sleep(0.1)
        return stats


class Connector:
    """The program itself, with its settings as they are shipped but for folders and the place of its broker."""

    def __init__(self, bench):
        self.folder = os.path.join(bench.folder, "webhook")
        for number in range(ENDPOINTS):
            path = os.path.join(self.folder, "secrets", f"BENCH{number}")
            os.makedirs(path, exist_ok=True)
            with open(os.path.join(path, "main"), "w", encoding="utf-8") as file:
                file.write(SECRET + "\n")
        program = os.path.join(os.path.dirname(bench.programs), "bin", "medhub")
        sets = {"webhook.directory": f"{self.folder}/registry", "webhook.secrets_directory": f"{self.folder}/secrets",
                "webhook.instance": "bench", "monitor.port": -1, "log.level": "warn"}
        self.command = [program, "connector", "webhook", "-b", bench.brokers]
        for name, value in sets.items():
            self.command += ["--set", f"{name}={value}"]
        self.bench = bench

    def start(self):
        process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True)
        self.bench.running.append(process)
        if not process.stdout.readline():
            raise Failed("the connector did not start")
        return process


def cpu_of(process):
    with open(f"/proc/{process.pid}/stat", encoding="utf-8") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run_connector(connector, receiver, events):
    """What lies in Kafka when it starts, at the rate at which it goes out."""
    receiver.ask("reset")
    process = connector.start()
    stats = receiver.wait_for(events)
    used = cpu_of(process)
    process.terminate()
    if process.wait(60) != 0:
        raise Failed("the connector did not end in order")
    return {"rate": (stats["count"] - 1) / stats["seconds"], "cpu": used * 1e6 / events}


def run_raw(bench, receiver, events):
    receiver.ask("reset")
    result = bench.call("bench_webhook", "--do", "raw", "--port", receiver.port, "--events", events, "--concurrency",
                        ENDPOINTS * CONCURRENCY)
    stats = receiver.wait_for(events)
    return {"rate": (stats["count"] - 1) / stats["seconds"], "cpu": result["cpu_seconds"] * 1e6 / events}


def measure(bench, size, table):
    receiver, connector = Receiver(bench), Connector(bench)
    events, loaded = size["deliveries"], 0

    def load(count):
        nonlocal loaded
        bench.call("bench_webhook", "--do", "load", "--events", count, "--first", loaded, "--keys", 5000, "--endpoints",
                   ENDPOINTS, "--concurrency", CONCURRENCY, "--port", receiver.port)
        loaded += count

    load(2000)  # finds a cold broker, answers the challenges, leaves a sample
    run_connector(connector, receiver, 2000)
    reached, raw = [], []
    for turn in range(size["rounds"]):
        load(events)
        runs = [lambda: reached.append(run_connector(connector, receiver, events)),
                lambda: raw.append(run_raw(bench, receiver, events))]
        for run in reversed(runs) if turn % 2 else runs:
            run()
        say(f"webhook: {reached[-1]['rate']:,.0f} deliveries/s, bare libcurl multi {raw[-1]['rate']:,.0f}")
    ratios = [one["rate"] / other["rate"] for one, other in zip(reached, raw)]
    table.add(f"webhook: {ENDPOINTS} endpoints, {CONCURRENCY} requests each", "deliveries/s",
              f"{statistics.median(each['rate'] for each in reached):,.0f}",
              f"{statistics.median(each['rate'] for each in raw):,.0f}", f"{statistics.median(ratios):.2f}", ">= 0.80")
    table.add("webhook: CPU", "s per million deliveries", f"{statistics.median(each['cpu'] for each in reached):.1f}",
              f"{statistics.median(each['cpu'] for each in raw):.1f}")
    receiver.process.terminate()

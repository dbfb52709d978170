"""What the measurements of ops/bench stand on: the programs, a broker of their own, folders that go away."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DEADLINE_S = 600


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


class Failed(Exception):
    """A measurement that could not be taken; the text says why."""


class Bench:
    """One run: where things are, and everything that must be ended and removed afterwards."""

    def __init__(self, build, brokers):
        self.programs = os.path.join(build, "bench")
        self.folder = tempfile.mkdtemp(prefix="bench-run-", dir=os.path.dirname(build))
        self.own_broker = brokers is None
        self.brokers = brokers
        self.running = []
        self.logs = 0
        self.counted = None  # the counter's profile, once its state is there
        self.groups = f"bench-{os.getpid()}"

    def start(self):
        if self.own_broker:
            say("starting Kafka")
            self.brokers = subprocess.run([f"{ROOT}/ops/kafka", "start", "--dir", f"{self.folder}/kafka"], check=True,
                                          stdout=subprocess.PIPE, text=True).stdout.strip()
        self.call("bench_topics", "--do", "create")

    def renew_broker(self):
        """Kafka without anything in it: nothing that a measurement leaves is in the way of the next one."""
        if not self.own_broker:
            raise Failed("it needs a broker of its own")
        self.stop_broker()
        shutil.rmtree(f"{self.folder}/kafka", ignore_errors=True)
        self.counted = None
        self.start()

    def stop_broker(self):
        subprocess.run([f"{ROOT}/ops/kafka", "stop", "--dir", f"{self.folder}/kafka"], check=False, stderr=subprocess.DEVNULL)

    def stop(self):
        for process in self.running:
            if process.poll() is None:
                process.kill()
                process.wait()
        if self.own_broker:
            self.stop_broker()
        elif self.brokers:
            self.call("bench_topics", "--do", "delete")
        shutil.rmtree(self.folder, ignore_errors=True)

    # ---- programs

    def command(self, program, *options):
        return [os.path.join(self.programs, program), "--brokers", self.brokers or "", *map(str, options)]

    def call(self, program, *options):
        """Runs PROGRAM to its end; its JSON object, or what it said."""
        run = subprocess.run(self.command(program, *options), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                             timeout=DEADLINE_S, check=False)
        if run.returncode != 0:
            raise Failed(f"{program}: {last_line(run.stderr) or run.stdout.strip()}")
        return json.loads(run.stdout.splitlines()[-1]) if run.stdout.strip() else {}

    def hub(self, profile, workers, *, events=0, instance="", log="warn", wrap=(), **settings):
        """Starts the engine. Its state and group outlive it, so the next one goes on where it stopped."""
        sets = {"kafka.brokers": self.brokers, "hub.group": f"{self.groups}-{profile}", "hub.workers": workers,
                "hub.instance": instance, "state.directory": self.state(profile), "monitor.port": -1, "log.level": log}
        sets.update({name.replace("__", "."): value for name, value in settings.items()})
        command = [*wrap, os.path.join(self.programs, "bench_hub"), "--profile", profile, "--events", str(events)]
        for name, value in sets.items():
            command += ["--set", f"{name}={value}"]
        self.logs += 1
        return Hub(self, command, os.path.join(self.folder, f"hub-{self.logs}.log"))

    def state(self, profile):
        return os.path.join(self.folder, f"state-{profile}")


class Hub:
    """A bench_hub that runs."""

    def __init__(self, bench, command, log):
        self.log = log
        with open(log, "w", encoding="utf-8") as errors:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        bench.running.append(self.process)

    def text(self):
        with open(self.log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def events(self, name):
        """The log lines called NAME."""
        lines = [json.loads(line) for line in self.text().splitlines() if line.startswith("{")]
        return [line for line in lines if line.get("event") == name]

    def wait_at_work(self):
        until = time.monotonic() + DEADLINE_S
        while "bench: at work" not in self.text():
            if self.process.poll() is not None or time.monotonic() > until:
                raise Failed(f"bench_hub: {last_line(self.text())}")
            time.sleep(0.02)

    def finish(self):
        """Waits for the end; what it measured."""
        output, _ = self.process.communicate(timeout=DEADLINE_S)
        if self.process.returncode != 0:
            raise Failed(f"bench_hub: {last_line(self.text())}")
        return json.loads(output.splitlines()[-1])

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.finish()

    def kill(self):
        self.process.kill()
        self.process.wait()


def last_line(text):
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""


def folder_remove(path):
    shutil.rmtree(path, ignore_errors=True)

"""What the harness starts: brokers, hubs, the load. All of it ends with the harness, however that ends."""
import contextlib
import ctypes
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading
import time

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
BUILD = pathlib.Path(os.environ.get("MEDHUB_BUILD_DIR", SOURCE / "build" / "faults"))
LEDGER_HUB = BUILD / "bin" / "ledger_hub"
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def _die_with_parent():
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def unix_ms():
    return int(time.time() * 1000)


class Brokers:
    """A cluster of ops/kafka in a folder of its own."""

    def __init__(self, folder, nodes):
        self.folder, self.nodes = folder, nodes
        self.address = self._kafka("start", "--nodes", str(nodes)).strip()

    def _kafka(self, *arguments):
        done = subprocess.run([SOURCE / "ops" / "kafka", *arguments, "--dir", self.folder], check=True,
                              stdout=subprocess.PIPE, text=True)
        return done.stdout

    def kill(self, node):
        self._kafka("kill", str(node))

    def restart(self, node):
        self._kafka("restart-node", str(node))

    def stop(self):
        """At once: nobody needs the data any more, and three nodes take long to part in order."""
        for node in range(1, self.nodes + 1):
            with contextlib.suppress(subprocess.CalledProcessError):
                self._kafka("kill", str(node))
        self._kafka("stop")
        shutil.rmtree(self.folder, ignore_errors=True)


class Process:
    """A child whose standard error is read line by line as it comes."""

    def __init__(self, name, command, log, environment=None):
        self.name, self.lines, self.changed = name, [], threading.Condition()
        self.begun_ms, self.expected_to_end = unix_ms(), False
        self.was_told_to_end = False  # while it lived: else it ended by itself
        self._log = open(log, "a", encoding="utf-8")
        self.child = subprocess.Popen([str(part) for part in command], stderr=subprocess.PIPE, stdout=sys.stderr,
                                      env={**os.environ, **(environment or {})}, preexec_fn=_die_with_parent)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for raw in self.child.stderr:
            line = raw.decode("utf-8", "replace").rstrip()
            self._log.write(line + "\n")
            try:
                fields = json.loads(line)
            except ValueError:
                fields = {"event": "", "text": line}
            with self.changed:
                self.lines.append(fields)
                self.changed.notify_all()
        self._log.close()
        self.child.stderr.close()
        with self.changed:
            self.changed.notify_all()

    def events(self, name):
        with self.changed:
            return [line for line in self.lines if line.get("event") == name]

    def mark(self):
        """How much was logged so far, for wait_for(since=...)."""
        with self.changed:
            return len(self.lines)

    def wait_for(self, name, timeout_s=30, count=1, since=0, or_end=False, **fields):
        """Waits until the event NAME with FIELDS was logged COUNT times. False: the process ended before (OR_END)."""
        until = time.monotonic() + timeout_s

        def logged():
            return sum(line.get("event") == name and fields.items() <= line.items() for line in self.lines[since:])

        with self.changed:
            while logged() < count:
                left = until - time.monotonic()
                if or_end and not self._reader.is_alive():
                    return False
                if left <= 0 or not self._reader.is_alive():
                    ended = "" if self._reader.is_alive() else f" and ended with {self.child.wait()}"
                    raise TimeoutError(f"{self.name} did not log {name} {count} times within {timeout_s:.0f} s{ended}: "
                                       f"{self.tail()}")
                self.changed.wait(min(left, 0.2))
        return True

    def tail(self):
        """The last lines that are not about single events."""
        return [line for line in self.lines if line.get("event") != "event.refused"][-3:]

    def signal(self, number):
        os.kill(self.child.pid, number)

    def is_alive(self):
        return self.child.poll() is None

    def wait_stopped(self, timeout_s=30):
        """Waits until SIGSTOP has taken hold."""
        until = time.monotonic() + timeout_s
        while True:
            state = pathlib.Path(f"/proc/{self.child.pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
            if state == "T":
                return
            if not self.is_alive() or time.monotonic() > until:
                raise TimeoutError(f"{self.name} did not stop within {timeout_s} s: {self.tail()}")
            time.sleep(0.005)  # nobody tells: /proc is looked at again

    def wait_end(self, timeout_s=30):
        try:
            status = self.child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise TimeoutError(f"{self.name} did not end within {timeout_s} s: {self.tail()}") from None
        self._reader.join()
        return status

    def kill(self):
        self.expected_to_end = True
        self.was_told_to_end |= self.is_alive()
        with contextlib.suppress(ProcessLookupError):
            self.signal(signal.SIGKILL)
        self.child.wait()
        self._reader.join()


class Hub(Process):
    def __init__(self, name, log, settings, environment=None):
        self.settings = settings
        self.directory = pathlib.Path(settings["state.directory"])
        self.instance = settings["hub.instance"]
        command = [LEDGER_HUB]
        for key, value in settings.items():
            command += ["--set", f"{key}={value}"]
        super().__init__(name, command, log, environment)

    def stop(self, timeout_s=30):
        self.expected_to_end = True
        self.was_told_to_end |= self.is_alive()
        self.signal(signal.SIGTERM)
        return self.wait_end(timeout_s)


class Load(Process):
    def __init__(self, brokers, seed, events, keys, rate, log, *options):
        super().__init__("the load", ["/usr/bin/python3", HERE / "load.py", "--brokers", brokers, "--seed", seed,
                                      "--events", events, "--keys", keys, "--rate", rate, *options], log)

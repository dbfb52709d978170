"""What the gateway's integration tests start: a real Kafka, the hub, the store and the gateway as processes, organisations
with keys, and callers that sign their requests (RFC 9421, hmac-sha256) and send them with curl or over a kept connection."""
import base64
import hashlib
import hmac
import http.client
import itertools
import json
import os
import pathlib
import secrets
import subprocess
import sys
import time

SOURCE = pathlib.Path(os.environ["MEDHUB_SOURCE_DIR"])
BUILD = pathlib.Path(os.environ["MEDHUB_BUILD_DIR"])
MEDHUB = os.environ["MEDHUB"]
sys.path.insert(0, str(SOURCE / "tests" / "chaos"))

import processes  # noqa: E402

SEED = 11
KEY = "k1"


class Part(processes.Process):
    """`medhub hub`, `medhub gateway` or `medhub connector store`; its line on standard output tells its addresses."""

    def __init__(self, name, folder, brokers, **settings):
        self.announced = folder / f"{name.replace(' ', '-')}.json"
        self.announced.unlink(missing_ok=True)
        arguments = [MEDHUB, *name.split(), "-b", brokers, "--set", "monitor.port=0"]
        for key, value in settings.items():
            arguments += ["--set", f"{key.replace('__', '.')}={value}"]
        super().__init__(name, ["/bin/sh", "-c", f'exec "$0" "$@" > {self.announced}', *arguments],
                         folder / f"{name.replace(' ', '-')}.log")

    def wait_ready(self, timeout_s=60):
        self.wait_for("service.ready", timeout_s)
        until(lambda: self.announced.read_text().endswith("\n"), f"{self.name} tells its addresses")
        self.addresses = json.loads(self.announced.read_text())
        return self

    def stop(self, timeout_s=60):
        self.expected_to_end = True
        self.signal(processes.signal.SIGTERM)
        return self.wait_end(timeout_s)


def until(true, what, timeout_s=60):
    event, end = processes.threading.Event(), time.monotonic() + timeout_s
    while True:
        got = true()
        if got:
            return got
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {timeout_s} s")
        event.wait(0.05)  # nobody tells: asked again


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.body = status, body
        self.headers = {name.lower(): value for name, value in headers}

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.headers} {self.body[:500]!r}"


class Caller:
    """One organisation. A connection of its own is kept, so a Caller belongs to one thread."""

    def __init__(self, world, organisation, port=None):
        self.world, self.organisation, self.connection = world, organisation, None
        self.key = world.secrets[organisation]
        self.port = port

    def authority(self):
        return f"127.0.0.1:{self.port or self.world.port}"

    def sign(self, method, target, body=None, headers=()):
        """The headers of a signed request."""
        headers = dict(headers)
        covered = ["@method", "@target-uri"]
        lines = [f'"@method": {method}', f'"@target-uri": http://{self.authority()}{target}']
        if body:
            digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
            headers["Content-Digest"] = f"sha-256=:{digest}:"
            covered.append("content-digest")
            lines.append(f'"content-digest": {headers["Content-Digest"]}')
        for name, value in headers.items():
            if name.lower().startswith("ce-") or name.lower() in ("content-type", "content-encoding"):
                covered.append(name.lower())
                lines.append(f'"{name.lower()}": {value}')
        parameters = (f'({" ".join(json.dumps(name) for name in covered)});created={int(time.time())};'
                      f'nonce="{secrets.token_hex(12)}";keyid="{self.organisation}/{KEY}";alg="hmac-sha256"')
        lines.append(f'"@signature-params": {parameters}')
        mac = hmac.new(self.key, "\n".join(lines).encode(), hashlib.sha256).digest()
        headers["Signature-Input"] = f"sig={parameters}"
        headers["Signature"] = f"sig=:{base64.b64encode(mac).decode()}:"
        return headers

    def request(self, method, target, body=None, timeout=90, **headers):
        """Over the kept connection; once more over a new one if that had been closed meanwhile."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body, ensure_ascii=False).encode()
        if self.connection is not None:
            try:
                return self.exchange(method, target, body, headers, timeout)
            except (ConnectionError, http.client.RemoteDisconnected):
                self.close()
        self.connection = http.client.HTTPConnection(self.authority(), timeout=timeout)
        try:
            return self.exchange(method, target, body, headers, timeout)
        except (OSError, http.client.HTTPException):
            self.close()
            raise

    def exchange(self, method, target, body, headers, timeout):
        self.connection.timeout = timeout
        self.connection.request(method, target, body, self.sign(method, target, body, headers))
        answer = self.connection.getresponse()
        got = Answer(answer.status, answer.getheaders(), answer.read())
        if answer.will_close:
            self.close()
        return got

    def close(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None

    def get(self, target, **headers):
        return self.request("GET", target, **headers)

    def submit(self, event, target="/v1/events", **headers):
        return self.request("POST", target, event, content_type="application/cloudevents+json", **headers)

    def curl(self, method, target, body=None, headers=(), options=(), timeout=90):
        """The same through the curl program. Returns an Answer."""
        signed = self.sign(method, target, body, headers)
        command = ["curl", "-sS", "-i", "-X", method, "--max-time", str(timeout), *options]
        for name, value in signed.items():
            command += ["-H", f"{name}: {value}"]
        if body is not None:
            command += ["--data-binary", "@-"]
        done = subprocess.run([*command, f"http://{self.authority()}{target}"], input=body, stdout=subprocess.PIPE,
                              check=True, timeout=timeout + 10)
        return parse(done.stdout)

    def first_part(self, target, wanted, **headers):
        """(head, milliseconds until WANTED had come, the whole body) of a GET. The connection stands before the clock runs."""
        connection = http.client.HTTPConnection(self.authority(), timeout=60)
        connection.connect()
        signed, begun = self.sign("GET", target, None, headers), time.monotonic()
        connection.request("GET", target, None, signed)
        answer, body = connection.getresponse(), b""
        while wanted not in body and (part := answer.read1()):
            body += part
        first_ms = (time.monotonic() - begun) * 1000
        body += answer.read()
        connection.close()
        return Answer(answer.status, answer.getheaders(), b""), first_ms, body

    def stream(self, target, **headers):
        return Stream(self, target, {name.replace("_", "-"): value for name, value in headers.items()})


class Stream:
    """Server-Sent Events, read line by line."""

    def __init__(self, caller, target, headers):
        self.connection = http.client.HTTPConnection(caller.authority(), timeout=60)
        headers = {"Accept": "text/event-stream", **headers}
        self.connection.request("GET", target, None, caller.sign("GET", target, None, headers))
        self.answer = self.connection.getresponse()
        self.status = self.answer.status
        self.last_id = None

    def next(self):
        """(cursor, event) of the next event; None at the end."""
        data = []
        while True:
            line = self.answer.readline()
            if not line:
                return None
            line = line.decode().rstrip("\n")
            if line.startswith("id: "):
                self.last_id = line[4:]
            elif line.startswith("data: "):
                data.append(line[6:])
            elif line == "" and data:
                return self.last_id, json.loads("\n".join(data))

    def close(self):
        self.connection.close()


def parse(text):
    """What curl -i prints; an interim answer is passed over."""
    head, _, body = text.partition(b"\r\n\r\n")
    while head.split()[1] == b"100":
        head, _, body = body.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    return Answer(int(lines[0].split()[1]), [line.split(": ", 1) for line in lines[1:]], body)


class World:
    """Kafka, hub, store and gateway. Everything ends with close()."""

    def __init__(self, folder, **gateway_settings):
        self.folder, self.parts, self.secrets, self.callers = folder, {}, {}, {}
        self.gateway_settings = gateway_settings
        self.numbers = itertools.count(1)
        self.brokers = processes.Brokers(folder / "kafka", 1)
        self.medhub("ctl", "topics", "apply", "-q")
        (folder / "secrets").mkdir()

    def medhub(self, *arguments, input=None, codes=(0,)):
        done = subprocess.run([MEDHUB, *arguments, "-b", self.brokers.address], input=input, stdout=subprocess.PIPE,
                              text=True, timeout=180)
        if done.returncode not in codes:
            raise RuntimeError(f"medhub {arguments} ended with {done.returncode}")
        return done.stdout

    def medhub_plain(self, *arguments, input=None):
        """A command that needs no brokers."""
        return subprocess.run([MEDHUB, *arguments], input=input, stdout=subprocess.PIPE, text=True, timeout=60, check=True).stdout

    def start(self, name, **settings):
        defaults = {
            "hub": {"state__directory": self.folder / "state", "hub__session_timeout_ms": 6000},
            "connector store": {"store__database": self.folder / "medhub.sqlite"},
            "gateway": {"store__database": self.folder / "medhub.sqlite", "gateway__port": 0,
                        "gateway__directory": self.folder / "gateway", "gateway__secrets_directory": self.folder / "secrets",
                        "gateway__snapshot_seconds": 1, **self.gateway_settings},
        }[name]
        part = Part(name, self.folder, self.brokers.address, **{**defaults, **settings})
        self.parts[name] = part
        return part

    def start_all(self):
        self.start("hub").wait_ready()
        self.start("connector store").wait_ready()
        self.start("gateway").wait_ready()
        self.found_organisations()

    @property
    def port(self):
        return int(self.parts["gateway"].addresses["gateway"].rsplit(":", 1)[1])

    def gen(self, what, *options):
        made = subprocess.run([MEDHUB, "gen", "-q", "--seed", str(SEED), "--what", what, *options], check=True,
                              stdout=subprocess.PIPE, text=True).stdout
        return [json.loads(line) for line in made.splitlines() if line]

    def found_organisations(self):
        """Every organisation of the generated world gets a key; they and the policy are submitted to Kafka by the operator."""
        events = self.gen("policy,calendar,organisations")
        for event in events:
            organisation = event["data"].get("organisation")
            if organisation is not None:
                self.give_key(organisation)
        lines = "\n".join(json.dumps(event, ensure_ascii=False) for event in events) + "\n"
        self.medhub("ctl", "submit", "-q", "-o", "ndjson", input=lines)
        last = [event["data"]["organisation"]["id"] for event in events if "organisation" in event["data"]][-1]
        until(lambda: self.caller(last).get("/v1/feeds").status in (200, 403), "the gateway knows the organisations")

    def give_key(self, organisation):
        name = organisation["id"]
        organisation["keys"] = [{"id": KEY, "algorithm": "KEY_ALGORITHM_HMAC_SHA256"}]
        if name not in self.secrets:
            self.secrets[name] = secrets.token_bytes(32)
            folder = self.folder / "secrets" / name
            folder.mkdir()
            (folder / KEY).write_text(base64.b64encode(self.secrets[name]).decode() + "\n")

    def caller(self, organisation):
        """With a connection that is kept; for one thread. Another thread makes a Caller of its own."""
        return self.callers.setdefault(organisation, Caller(self, organisation))

    def inbox(self, topic):
        import kafka_log
        return [record for records in kafka_log.read(self.brokers.address, [topic]).values() for record in records]

    def close(self):
        for caller in self.callers.values():
            caller.close()
        for part in reversed(list(self.parts.values())):
            part.kill()
        self.brokers.stop()

"""What the tests of the webhook connector share: a registry and deliveries written straight to Kafka, the connector itself,
and a receiver that does with each delivery what a test tells it to."""
import base64
import collections
import contextlib
import importlib.util
import json
import os
import pathlib
import socket
import sys
import threading
import time

SOURCE = pathlib.Path(os.environ["MEDHUB_SOURCE_DIR"])
MEDHUB = os.environ["MEDHUB"]
sys.path.insert(0, str(SOURCE / "tests" / "chaos"))
sys.dont_write_bytecode = True

import kafka_log  # noqa: E402
import processes  # noqa: E402
import schema  # noqa: E402

from confluent_kafka import Producer  # noqa: E402

_spec = importlib.util.spec_from_file_location("webhook_receiver", SOURCE / "ops/examples/webhook_receiver.py")
example = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(example)

TYPE = "medhub.policy.parameter_set.v1"
LIVE, PHARMACY, OTHER = 4, 2, 14
DELIVERED, SET_ASIDE, LOST = 1, 2, 3
FAST = {"webhook.retry_first_ms": 100, "webhook.retry_max_ms": 1000, "webhook.breaker_first_ms": 300,
        "webhook.breaker_max_ms": 1500, "webhook.timeout_ms": 3000, "webhook.connect_timeout_ms": 1000,
        "webhook.session_timeout_ms": 6000, "webhook.secrets_seconds": 1, "webhook.instance": "one"}


def until(true, what, timeout_s=60):
    event, end = threading.Event(), time.monotonic() + timeout_s
    while not true():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {timeout_s} s")
        event.wait(0.02)  # nobody tells: asked again


class Kafka:
    """Registry rows and deliveries, as the hub writes them."""

    def __init__(self, brokers):
        self.brokers = brokers
        self.producer = Producer({"bootstrap.servers": brokers, "linger.ms": 1, "partitioner": "murmur2_random",
                                  "enable.idempotence": True, **kafka_log.QUIET})
        self.row_version = 0

    def flush(self):
        if self.producer.flush(30):
            raise TimeoutError("Kafka took not everything")

    def organisation(self, name, endpoints, *, state=LIVE, kind=OTHER, region="650100"):
        row, said = schema.message("event.v1.TableRow")(), schema.message("registry.v1.Organisation")()
        said.id, said.name, said.kind, said.region, said.state = name, name, kind, region, state
        said.designated_from = "2020-01-01"
        for endpoint in endpoints:
            said.endpoints.add(**endpoint)
        self.row_version += 1
        row.table, row.key, row.region, row.valid_from = "registry", name, "000000", "2020-01-01"
        row.version, row.value = self.row_version, said.SerializeToString()
        key = b"\0".join(part.encode() for part in (row.table, row.key, row.region, row.valid_from))
        self.producer.produce("medhub.table.registry", row.SerializeToString(), key)
        self.flush()

    def deliver(self, recipients, key, number, *, place, what=TYPE, size=0):
        """NUMBER counts within KEY; PLACE is the submission's offset, which no two have in common."""
        data = schema.message("policy.v1.ParameterSet")()
        data.parameter.name = key
        data.parameter.integer = number
        data.parameter.text = "x" * size
        said = schema.message("event.v1.Delivery")(type=what, id=f"{key}-{number}", source="B650100", key=key,
                                                   version=number, data=data.SerializeToString(), visibility=15,
                                                   decided_at_ms=processes.unix_ms(), input_topic="medhub.inbox.policy",
                                                   input_partition=0, input_offset=place)
        said.recipients.extend(recipients)
        while True:
            try:
                return self.producer.produce("medhub.delivery", said.SerializeToString(), key.encode())
            except BufferError:
                self.producer.poll(0.1)

    def outcomes(self):
        outcome = schema.message("webhook.v1.Outcome")
        return [outcome.FromString(record.value) for records in
                kafka_log.read(self.brokers, ["medhub.webhook.outcome"]).values() for record in records]

    def compacted(self, topic, name):
        """{key: the last message} of a compacted topic; what has a tombstone is not there."""
        message, found = schema.message(name), {}
        for records in kafka_log.read(self.brokers, [topic]).values():
            for record in records:
                found[record.key.decode()] = record.value
        return {key: message.FromString(value) for key, value in found.items() if value is not None}

    def states(self):
        return self.compacted("medhub.webhook.state", "webhook.v1.EndpointState")

    def parked(self):
        return self.compacted("medhub.webhook.parked", "webhook.v1.ParkedDelivery")


class Delivery:
    def __init__(self, headers, body):
        self.headers, self.body, self.at = dict(headers.items()), body, time.monotonic()
        self.idempotency_key = headers["idempotency-key"]
        self.json = json.loads(body) if headers["content-type"] == "application/json" else None
        self.key, self.number = headers["ce-id"].rsplit("-", 1)
        self.number = int(self.number)


class Receiver:
    """Takes deliveries; BEHAVIOUR(handler, delivery, turn) answers, TURN counting the tries of this delivery from 1."""

    def __init__(self, behaviour=None, secrets=None, port=0, tls=None):
        self.behaviour = behaviour or (lambda handler, delivery, turn: handler.answer(204))
        self.secrets = secrets or ["whsec_" + base64.b64encode(os.urandom(32)).decode()]
        self.lock, self.tries, self.taken = threading.Lock(), collections.Counter(), []
        self.received, self.unsigned, self.challenges, self.connections = [], 0, 0, set()
        self.tls, self.server = tls, None
        self.port = port
        self.start()

    def start(self):
        receiver = self

        class Handler(example.Handler):
            secrets = receiver.secrets

            def setup(self):
                super().setup()
                with receiver.lock:
                    receiver.connections.add(self.connection)

            def finish(self):
                with receiver.lock:
                    receiver.connections.discard(self.connection)
                super().finish()

            def answer(self, status, said=None, **headers):
                with receiver.lock:
                    receiver.unsigned += status == 401
                    receiver.challenges += said is not None and "challenge" in said
                super().answer(status, said, **headers)

            def take(self, body):
                delivery = Delivery(self.headers, body)
                with receiver.lock:
                    receiver.tries[delivery.idempotency_key] += 1
                    turn = receiver.tries[delivery.idempotency_key]
                    receiver.received.append(delivery)
                receiver.behaviour(self, delivery, turn)

        class Server(example.Server):
            def handle_error(self, *_):
                pass  # clients that go away are part of the tests

        self.server = Server(("127.0.0.1", self.port), Handler)
        self.port = self.server.server_port
        if self.tls is not None:
            self.server.socket = self.tls.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def die(self):
        """Nobody listens any more; connections end."""
        self.server.shutdown()
        self.server.server_close()
        with self.lock:
            for connection in self.connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    @property
    def url(self):
        return f"{'http' if self.tls is None else 'https'}://127.0.0.1:{self.port}/hook"

    def note_taken(self, delivery):
        with self.lock:
            self.taken.append(delivery)

    def take(self, handler, delivery, status=204):
        """The behaviour of one that takes it. Noted before the answer: when the answer is there it was taken."""
        self.note_taken(delivery)
        handler.answer(status)

    def orders(self):
        """{key: numbers in the order in which they were first taken}."""
        found = collections.defaultdict(list)
        with self.lock:
            for delivery in self.taken:
                if delivery.number not in found[delivery.key]:
                    found[delivery.key].append(delivery.number)
        return found


def hang(handler, seconds=8):
    handler.connection.settimeout(seconds)
    try:
        while handler.connection.recv(4096):
            pass
    except OSError:
        pass
    handler.close_connection = True


def close(handler):
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


class Connector(processes.Process):
    """`medhub connector webhook`."""

    def __init__(self, folder, brokers, **settings):
        self.announced = folder / "webhook.json"
        self.announced.unlink(missing_ok=True)
        sets = {"webhook.directory": folder / "registry", "webhook.secrets_directory": folder / "secrets",
                "webhook.certificates_directory": folder / "certificates", "monitor.port": 0, **FAST, **settings}
        command = ["/bin/sh", "-c", f'exec "$0" "$@" > {self.announced}', MEDHUB, "connector", "webhook", "-b", brokers]
        for name, value in sets.items():
            command += ["--set", f"{name}={value}"]
        super().__init__("the connector", command, folder / "webhook.log")

    def wait_ready(self):
        self.wait_for("service.ready", 60)
        return self

    def monitor(self):
        until(lambda: self.announced.exists() and self.announced.read_text().endswith("\n"), "the connector announces")
        return json.loads(self.announced.read_text())["monitor"]

    def stop(self):
        self.expected_to_end = True
        self.signal(processes.signal.SIGTERM)
        return self.wait_end(60)


def give_secret(folder, organisation, endpoint, secrets):
    path = folder / "secrets" / organisation / endpoint
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{secret}\n" for secret in secrets))

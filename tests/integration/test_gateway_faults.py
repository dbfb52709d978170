#!/usr/bin/python3
# timeout: 600
"""The gateway while things break: every 202 that anybody was ever told is in the inbox, and what could not be kept was never
promised. Also: limits, TLS, and the orderly end."""
import http.client
import itertools
import json
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import gateway_world  # noqa: E402
from gateway_world import Caller, World, until  # noqa: E402

TOPIC = "medhub.inbox.prescription"
SENDERS = 6


class Load:
    """SENDERS connections that submit one event after the other, and what they were told."""

    def __init__(self, world, event, port=None):
        self.world, self.event, self.port = world, event, port
        self.numbers, self.told, self.lock = itertools.count(), [], threading.Lock()
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.run) for _ in range(SENDERS)]

    prefixes = itertools.count()

    def __enter__(self):
        self.prefix = f"load-{next(self.prefixes)}"
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()

    def run(self):
        caller = Caller(self.world, self.event["source"], self.port)
        while not self.stopping.is_set():
            event = {**self.event, "id": f"{self.prefix}-{next(self.numbers)}"}
            try:
                answer = caller.submit(event, timeout=30)
                status, retry = answer.status, answer.headers.get("retry-after")
            except (OSError, http.client.HTTPException):
                status, retry = None, None
                self.stopping.wait(0.05)
            with self.lock:
                self.told.append((event["id"], status, retry, time.monotonic()))
        caller.close()

    def count(self, status):
        with self.lock:
            return sum(told[1] == status for told in self.told)

    def wait_for(self, count, status=202):
        until(lambda: self.count(status) >= count, f"{count} answers {status}, so far {self.count(status)}", 60)

    def ids(self, status):
        return {told[0] for told in self.told if told[1] == status}


class GatewayFaults(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="gateway-faults.", dir=gateway_world.BUILD))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.make_certificates()
        cls.world = World(cls.folder, gateway__delivery_timeout_ms=3000)
        cls.addClassCleanup(cls.world.close)
        cls.world.start_all()
        cls.event = cls.world.gen("prescriptions", "--count", "1")[0]

    @classmethod
    def openssl(cls, *arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    @classmethod
    def make_certificates(cls):
        """A CA, the gateway's certificate, a client's of that CA, and a client's that signed itself."""
        cls.tls = cls.folder / "tls"
        cls.tls.mkdir()
        new = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
        ca = ["-CA", cls.tls / "ca.pem", "-CAkey", cls.tls / "ca.key"]
        cls.openssl(*new, "-subj", "/CN=test CA", "-keyout", cls.tls / "ca.key", "-out", cls.tls / "ca.pem")
        cls.openssl(*new, *ca, "-subj", "/CN=gateway", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-keyout", cls.tls / "gateway.key", "-out", cls.tls / "gateway.pem")
        cls.openssl(*new, *ca, "-subj", "/C=CN/O=Hospital, one/CN=H-one", "-keyout", cls.tls / "client.key",
                    "-out", cls.tls / "client.pem")
        cls.openssl(*new, "-subj", "/C=CN/O=Hospital, one/CN=H-one", "-keyout", cls.tls / "forged.key",
                    "-out", cls.tls / "forged.pem")

    def inbox_ids(self):
        return {record.header("ce_id") for record in self.world.inbox(TOPIC)}

    def check_no_lies(self, load):
        accepted = load.ids(202)
        self.assertGreater(len(accepted), 20)
        self.assertEqual(accepted - self.inbox_ids(), set())
        self.assertLessEqual({told[1] for told in load.told}, {202, 503, None})
        self.assertTrue(all(told[2] for told in load.told if told[1] == 503), "each 503 says when to come again")

    def restart_gateway(self, **settings):
        self.world.parts["gateway"].kill()
        self.world.start("gateway", **settings).wait_ready()

    # ---- the brokers ----

    def test_while_the_broker_hangs_nothing_is_promised(self):
        with Load(self.world, self.event) as load:
            load.wait_for(50)
            self.world.brokers._kafka("pause", "1")
            paused = time.monotonic()
            load.wait_for(SENDERS, 503)
            anonymous = http.client.HTTPConnection(f"127.0.0.1:{self.world.port}", timeout=10)
            until(lambda: (anonymous.request("GET", "/readyz"), (got := anonymous.getresponse()), got.read())[1].status == 503,
                  "not ready without brokers")
            anonymous.close()
            resumed = time.monotonic()
            self.world.brokers._kafka("resume", "1")
            load.wait_for(load.count(202) + 50)
        late = [told for told in load.told if told[1] == 202 and paused + 1 < told[3] < resumed]
        self.assertEqual(late, [])
        self.check_no_lies(load)

    def test_a_broker_that_is_killed_loses_no_promise(self):
        with Load(self.world, self.event) as load:
            load.wait_for(50)
            self.world.brokers.kill(1)
            load.wait_for(SENDERS, 503)
            self.world.brokers.restart(1)
            load.wait_for(load.count(202) + 50)
        self.check_no_lies(load)

    # ---- the gateway ----

    def test_a_gateway_killed_under_load_loses_no_promise(self):
        port = self.world.port
        with Load(self.world, self.event, port) as load:
            for _ in range(3):
                load.wait_for(load.count(202) + 40)
                self.restart_gateway(gateway__port=port)
            load.wait_for(load.count(202) + 40)
        self.check_no_lies(load)

    def test_an_orderly_end_finishes_what_was_accepted(self):
        follower = Caller(self.world, self.event["source"])
        cursor = follower.get("/v1/feeds/deliveries?after=now&wait=0").json()["next"]
        pages = []
        waiting = threading.Thread(
            target=lambda: pages.append(follower.get(f"/v1/feeds/deliveries?after={cursor}&wait=60&types=none.such")))
        stream = follower.stream("/v1/feeds/deliveries?after=now&types=none.such")
        waiting.start()
        with Load(self.world, self.event) as load:
            load.wait_for(100)
            begun = time.monotonic()
            self.assertEqual(self.world.parts["gateway"].stop(), 0)
            took = time.monotonic() - begun
        waiting.join()
        self.assertLess(took, 15)
        self.assertEqual((pages[0].status, pages[0].json()["events"]), (200, []))
        self.assertIsNone(stream.next())
        stream.close()
        follower.close()
        self.check_no_lies(load)
        self.world.start("gateway").wait_ready()

    # ---- limits ----

    def test_who_asks_too_often_is_told_when_to_come_again(self):
        self.restart_gateway(gateway__requests_per_second=2, gateway__requests_burst=5)
        caller, other = Caller(self.world, self.event["source"]), Caller(self.world, "B000000")
        answers = [caller.get("/v1/feeds") for _ in range(12)]
        self.assertEqual([answer.status for answer in answers[:5]], [200] * 5)
        limited = [answer for answer in answers if answer.status == 429]
        self.assertGreaterEqual(len(limited), 5)
        self.assertGreaterEqual(int(limited[0].headers["retry-after"]), 1)
        self.assertEqual(limited[0].headers["content-type"], "application/problem+json")
        self.assertEqual(other.get("/v1/feeds").status, 200)
        caller.close()
        other.close()
        self.restart_gateway()

    def test_an_address_has_only_so_many_connections(self):
        self.restart_gateway(gateway__connections_per_address_max=8)
        sockets = [socket.create_connection(("127.0.0.1", self.world.port)) for _ in range(12)]
        answers = [self.ask(one) for one in sockets]  # the good ones stay open
        self.assertEqual(sum(answer.startswith(b"HTTP/1.1 200") for answer in answers), 8)
        with socket.create_connection(("127.0.0.1", self.world.port)) as late:
            told = gateway_world.parse(self.ask(late))
        self.assertEqual((told.status, told.headers["content-type"]), (429, "application/problem+json"))
        self.assertIn("retry-after", told.headers)
        for one in sockets:
            one.close()
        self.restart_gateway()

    def ask(self, connection):
        """What it answers; nothing if it was closed before it was asked, which one without a place is after a second."""
        connection.settimeout(10)
        try:
            connection.sendall(b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n")
            return connection.recv(10000)
        except ConnectionError:
            return b""

    # ---- TLS ----

    def curl(self, *options, target="/v1/feeds"):
        done = subprocess.run(["curl", "-sS", "-i", "--cacert", self.tls / "ca.pem", *map(str, options),
                               f"https://127.0.0.1:{self.world.port}{target}"], stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL)
        return gateway_world.parse(done.stdout).status if done.stdout else None

    def register_subject(self):
        event = next(event for event in self.world.gen("organisations")
                     if event["data"]["organisationId"] == self.event["source"])
        organisation = event["data"]["organisation"]
        self.world.give_key(organisation)
        subject = base64_of("CN=H-one,O=Hospital\\, one,C=CN")
        organisation["keys"].append({"id": "tls", "algorithm": "KEY_ALGORITHM_X509_SUBJECT", "publicKey": subject})
        self.world.medhub("ctl", "submit", "-q", "-o", "ndjson",
                          input=json.dumps({**event, "id": "with-certificate"}) + "\n")

    def test_a_client_certificate_says_who_calls(self):
        self.register_subject()
        self.restart_gateway(gateway__tls_certificate_file=self.tls / "gateway.pem",
                             gateway__tls_key_file=self.tls / "gateway.key",
                             gateway__tls_client_ca_file=self.tls / "ca.pem")
        self.assertTrue(self.world.parts["gateway"].addresses["gateway"].startswith("https://"))
        own = ["--cert", self.tls / "client.pem", "--key", self.tls / "client.key"]
        until(lambda: self.curl(*own) == 200, "the certificate is known")
        self.assertEqual(self.curl(), 401)
        self.assertEqual(self.curl(target="/livez"), 200)
        self.assertIn(self.curl("--cert", self.tls / "forged.pem", "--key", self.tls / "forged.key"), (401, None))
        self.assertEqual(self.curl(*own, "--http1.1", "--tls-max", "1.2"), 200)
        self.assertIsNone(self.curl(*own, "--tls-max", "1.1"))
        self.restart_gateway()

    def test_without_tls_it_listens_on_loopback_only_unless_told(self):
        port = gateway_world.Part("gateway", self.folder, self.world.brokers.address, gateway__address="0.0.0.0",
                                  gateway__port=0, gateway__directory=self.folder / "other",
                                  store__database=self.folder / "medhub.sqlite")
        self.assertEqual(port.wait_end(), 1)
        self.assertTrue(any(line.get("code") == "gateway.tls" for line in port.lines), port.tail())
        told = gateway_world.Part("gateway", self.folder, self.world.brokers.address, gateway__address="0.0.0.0",
                                  gateway__port=0, gateway__directory=self.folder / "other", gateway__plain_http="true",
                                  store__database=self.folder / "medhub.sqlite").wait_ready()
        self.assertTrue(told.events("gateway.plain_http"))
        told.signal(signal.SIGTERM)
        self.assertEqual(told.wait_end(), 0)


def base64_of(text):
    import base64
    return base64.b64encode(text.encode()).decode()


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/python3
# timeout: 540
"""Who is sent to, and who is not: addresses, TLS, challenges, secrets, 410, feeds; and what a long absence, a change of
owner and a broker that goes away cost, on a real Kafka."""
import base64
import os
import pathlib
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.request

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from webhook_world import (LIVE, MEDHUB, OTHER, PHARMACY, TYPE, Connector, Kafka, Receiver, give_secret, processes, schema,  # noqa: E402
                           until)

MANY = 10000


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def make_certificates(folder):
    """An authority, a server and a client of its own."""
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", folder / "ca.key",
            "-out", folder / "ca.pem", "-subj", "/CN=test authority", "-days", "2")
    for name, extension in (("server", "subjectAltName=IP:127.0.0.1"), ("client", "extendedKeyUsage=clientAuth")):
        (folder / "ext").write_text(extension)
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", folder / f"{name}.key",
                "-out", folder / f"{name}.csr", "-subj", f"/CN={name}")
        openssl("x509", "-req", "-in", folder / f"{name}.csr", "-CA", folder / "ca.pem", "-CAkey", folder / "ca.key",
                "-CAcreateserial", "-out", folder / f"{name}.crt", "-days", "2", "-extfile", folder / "ext")


class Safety(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="webhook-safety.", dir=os.environ["MEDHUB_BUILD_DIR"]))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        make_certificates(cls.folder)
        cls.brokers = processes.Brokers(cls.folder / "kafka", 1)
        cls.addClassCleanup(cls.brokers.stop)
        subprocess.run([MEDHUB, "ctl", "topics", "apply", "-q", "-b", cls.brokers.address], check=True,
                       stdout=subprocess.DEVNULL)
        cls.kafka = Kafka(cls.brokers.address)
        cls.place = 0
        cls.connector = cls.start()
        cls.addClassCleanup(lambda: cls.connector.kill())

    @classmethod
    def start(cls, **settings):
        return Connector(cls.folder, cls.brokers.address, **{"webhook.ca_file": cls.folder / "ca.pem", **settings}).wait_ready()

    def endpoint(self, organisation, receiver, *, secret=True, kind=OTHER, **more):
        if secret:
            give_secret(self.folder, organisation, "main", receiver.secrets)
        self.kafka.organisation(organisation, [{"id": "main", "url": receiver.url, "private_network": True, **more}],
                                kind=kind)
        return receiver

    def deliver(self, recipient, key, numbers, **more):
        for number in numbers:
            type(self).place += 1
            self.kafka.deliver([recipient], key, number, place=self.place, **more)
        self.kafka.flush()

    def expect(self, receiver, key, count, timeout_s=60):
        until(lambda: sum(each.key == key for each in receiver.received) >= count, f"{count} of {key}", timeout_s)

    def taker(self, **more):
        receiver = Receiver(**more)
        receiver.behaviour = lambda handler, delivery, turn: receiver.take(handler, delivery)
        return receiver

    def server_tls(self, client=False):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "server.crt", self.folder / "server.key")
        if client:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.folder / "ca.pem")
        return context

    def test_tls_is_verified_and_shows_the_certificate(self):
        receiver = self.taker(tls=self.server_tls(client=True))
        path = self.folder / "certificates" / "T-tls"
        path.mkdir(parents=True)
        (path / "main.pem").write_text((self.folder / "client.crt").read_text() + (self.folder / "client.key").read_text())
        self.endpoint("T-tls", receiver, client_certificate=True)
        self.deliver("T-tls", "tls", range(1, 6))
        self.expect(receiver, "tls", 5)

    def test_a_certificate_of_nobody_is_refused(self):
        other = self.folder / "other"
        other.mkdir()
        make_certificates(other)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(other / "server.crt", other / "server.key")
        receiver = self.taker(tls=context)
        mark = self.connector.mark()
        self.endpoint("T-stranger", receiver)
        self.deliver("T-stranger", "stranger", [1])
        self.connector.wait_for("webhook.challenge_failed", 30, since=mark, endpoint="T-stranger/main", code="tls")
        self.assertEqual((receiver.received, receiver.challenges), ([], 0))

    def test_a_private_address_is_reached_only_where_the_registry_says_so(self):
        receiver = self.taker(tls=self.server_tls())
        mark = self.connector.mark()
        self.endpoint("T-private", receiver, private_network=False)
        self.deliver("T-private", "private", [1])
        self.connector.wait_for("webhook.challenge_failed", 30, since=mark, endpoint="T-private/main", code="address.private")
        self.assertEqual((receiver.received, receiver.challenges), ([], 0))
        self.endpoint("T-private", receiver, private_network=True)
        self.expect(receiver, "private", 1)

    def test_nothing_goes_to_who_does_not_answer_the_challenge(self):
        silent = self.taker()
        answer = silent.server.RequestHandlerClass.answer
        silent.server.RequestHandlerClass.answer = lambda handler, status, said=None, **headers: answer(
            handler, 200, {"challenge": "something else"}, **headers)
        mark = self.connector.mark()
        self.endpoint("T-proof", silent)
        self.deliver("T-proof", "proof", [1])
        self.connector.wait_for("webhook.challenge_failed", 30, since=mark, count=2, endpoint="T-proof/main",
                                code="challenge.not_met")
        self.assertEqual(silent.received, [])
        moved = self.taker(secrets=silent.secrets)
        self.endpoint("T-proof", moved)
        self.expect(moved, "proof", 1)
        self.assertEqual((moved.challenges, silent.received), (1, []))

    def test_another_address_is_challenged_again(self):
        first = self.taker()
        self.endpoint("T-moves", first)
        self.deliver("T-moves", "moves", [1])
        self.expect(first, "moves", 1)
        second = self.taker(secrets=first.secrets)
        self.endpoint("T-moves", second)
        until(lambda: second.challenges == 1, "the second challenge")
        self.deliver("T-moves", "moves", [2])
        self.expect(second, "moves", 1)
        self.assertEqual(len(first.received), 1)

    def test_secrets_are_changed_without_a_gap(self):
        old, new = ("whsec_" + base64.b64encode(os.urandom(32)).decode() for _ in range(2))
        receiver = self.taker(secrets=[old])
        self.endpoint("T-secret", receiver)
        self.deliver("T-secret", "secret", [1])
        self.expect(receiver, "secret", 1)
        mark = self.connector.mark()
        give_secret(self.folder, "T-secret", "main", [new, old])
        self.connector.wait_for("webhook.secret_loaded", 30, since=mark, endpoint="T-secret/main")
        self.deliver("T-secret", "secret", [2])
        self.expect(receiver, "secret", 2)
        signatures = receiver.received[-1].headers["webhook-signature"].split(" ")
        self.assertEqual([each[:3] for each in signatures], ["v1,", "v1,"])
        receiver.server.RequestHandlerClass.secrets = [new]
        self.deliver("T-secret", "secret", [3])
        self.expect(receiver, "secret", 3)
        self.assertEqual(receiver.unsigned, 0)

    def test_without_a_secret_nothing_is_sent(self):
        receiver = self.taker()
        mark = self.connector.mark()
        self.endpoint("T-unsigned", receiver, secret=False)
        self.connector.wait_for("webhook.secret_missing", 30, since=mark, endpoint="T-unsigned/main")
        self.deliver("T-unsigned", "unsigned", [1])
        self.assertEqual((receiver.received, receiver.challenges), ([], 0))
        give_secret(self.folder, "T-unsigned", "main", receiver.secrets)
        self.expect(receiver, "unsigned", 1)

    def test_gone_pauses_the_endpoint_and_keeps_its_deliveries(self):
        receiver = self.taker()
        receiver.gone = True
        receiver.behaviour = lambda handler, delivery, turn: (
            handler.answer(410) if receiver.gone else receiver.take(handler, delivery))
        self.endpoint("T-gone", receiver, concurrency=1)
        self.deliver("T-gone", "gone", range(1, 6))
        until(lambda: self.kafka.states().get("T-gone/main") is not None and self.kafka.states()["T-gone/main"].paused == 2,
              "the pause")
        self.assertEqual(len(receiver.received), 1)
        receiver.gone = False
        subprocess.run([MEDHUB, "ctl", "webhook", "resume", "T-gone/main", "-q", "-b", self.brokers.address], check=True)
        until(lambda: receiver.orders().get("gone") == [1, 2, 3, 4, 5], "all of them, in order")

    def test_a_feed_is_heard_once_and_by_type(self):
        receiver = self.taker()
        self.endpoint("T-feed", receiver, kind=PHARMACY, types=[TYPE])
        until(lambda: receiver.challenges, "the challenge")
        self.deliver("pharmacy@650100", "feed", [1])
        self.deliver("pharmacy@650000", "feed", [2])
        self.deliver("T-feed", "feed", [3], what="medhub.policy.calendar_published.v1")
        self.deliver("pharmacy@110000", "feed", [4])
        type(self).place += 1
        self.kafka.deliver(["T-feed", "pharmacy@650100", "institution@650000"], "feed", 5, place=self.place)
        self.kafka.flush()
        until(lambda: receiver.orders().get("feed") == [1, 2, 5], "its three")
        self.assertEqual(sum(each.key == "feed" for each in receiver.received), 3)

    def test_protobuf_where_the_registry_says_so(self):
        receiver = self.taker()
        self.endpoint("T-protobuf", receiver, protobuf=True)
        self.deliver("T-protobuf", "protobuf", [7])
        self.expect(receiver, "protobuf", 1)
        delivery = receiver.received[0]
        self.assertEqual(delivery.headers["Content-Type"], "application/protobuf")
        said = schema.message("policy.v1.ParameterSet").FromString(delivery.body)
        self.assertEqual((said.parameter.name, said.parameter.integer), ("protobuf", 7))

    def test_one_that_is_not_live_gets_nothing_until_it_is(self):
        receiver = self.taker()
        self.endpoint("T-held", receiver)
        self.deliver("T-held", "held", [1])
        self.expect(receiver, "held", 1)
        self.kafka.organisation("T-held", [{"id": "main", "url": receiver.url, "private_network": True}], state=LIVE + 1)
        marker = self.taker()
        self.endpoint("T-marker", marker)  # once it is known, the suspension is
        until(lambda: marker.challenges, "the marker")
        self.deliver("T-held", "held", [2])
        self.deliver("T-marker", "marker", [1])
        self.expect(marker, "marker", 1)
        self.assertEqual(len(receiver.received), 1)
        self.endpoint("T-held", receiver)
        self.expect(receiver, "held", 2)

    def metric(self, name):
        with urllib.request.urlopen(self.connector.monitor() + "/metrics", timeout=5) as answer:
            return int(re.search(rf"^{name} (\d+)", answer.read().decode(), re.MULTILINE)[1])

    def memory(self):
        text = pathlib.Path(f"/proc/{self.connector.child.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", text)[1]) * 1024

    def test_ten_thousand_waiting_take_bounded_memory_and_come_in_order(self):
        receiver, good = self.taker(), self.taker()
        self.endpoint("T-away", receiver)
        self.endpoint("T-here", good)
        self.deliver("T-away", "away0", [1])
        self.expect(receiver, "away0", 1)
        receiver.die()
        before = self.memory()
        most = 0
        for number in range(2, MANY // 10 + 2):
            for key in range(10):
                type(self).place += 1
                self.kafka.deliver(["T-away"], f"away{key}", number, place=self.place, size=1000)
            most = max(most, self.metric("medhub_webhook_memory_bytes")) if number % 100 == 0 else most
        self.kafka.flush()
        self.deliver("T-here", "here", [1])
        self.expect(good, "here", 1)
        most = max(most, self.metric("medhub_webhook_memory_bytes"))
        grown = self.memory() - before
        print(f"{MANY} waiting of 1 kB: {most / 1e6:.1f} MB of deliveries in memory, {grown / 1e6:.0f} MB more resident",
              file=sys.stderr)
        self.assertLess(most, 5 << 20)
        self.assertLess(grown, 96 << 20)
        self.assertGreaterEqual(self.metric("medhub_webhook_endpoints_behind"), 1)  # others may be, for a moment
        self.connector.kill()  # and where it stood is not forgotten
        type(self).connector = self.start()
        receiver.start()
        wanted = {f"away{key}": list(range(2 if key else 1, MANY // 10 + 2)) for key in range(10)}
        until(lambda: len(receiver.taken) >= MANY + 1 and receiver.orders() == wanted, "all of them, in order", 120)

    def test_one_that_was_registered_while_nobody_looked_misses_nothing(self):
        known, late = self.taker(), self.taker()
        self.endpoint("T-known", known)
        self.deliver("T-known", "known", [1])
        self.expect(known, "known", 1)
        until(lambda: "T-known/main" in self.kafka.states(), "a state of it")
        self.connector.kill()
        self.endpoint("T-late", late)
        self.deliver("T-late", "late", range(1, 4))
        type(self).connector = self.start(**{"webhook.begin_back_seconds": 1})
        until(lambda: late.orders().get("late") == [1, 2, 3], "what came before it was known")

    def test_another_process_takes_over(self):
        receivers = [self.endpoint(f"T-share{i}", self.taker()) for i in range(6)]
        for i in range(6):
            self.deliver(f"T-share{i}", f"share{i}", range(1, 11))
        for i, receiver in enumerate(receivers):
            self.expect(receiver, f"share{i}", 10)
        second_folder = self.folder / "second"
        second_folder.mkdir()
        (second_folder / "secrets").symlink_to(self.folder / "secrets")
        second = Connector(second_folder, self.brokers.address,
                           **{"webhook.ca_file": self.folder / "ca.pem", "webhook.instance": "two"}).wait_ready()
        self.addCleanup(second.kill)
        second.wait_for("webhook.partition_assigned", 60)
        for i in range(6):
            self.deliver(f"T-share{i}", f"share{i}", range(11, 21))
        for i, receiver in enumerate(receivers):
            self.expect(receiver, f"share{i}", 20)
        self.connector.kill()  # never comes back: its session ends
        for i in range(6):
            self.deliver(f"T-share{i}", f"share{i}", range(21, 31))
        for i, receiver in enumerate(receivers):
            until(lambda: receiver.orders()[f"share{i}"] == list(range(1, 31)), f"share{i}", 60)
        second.stop()
        type(self).connector = self.start()

    def test_a_broker_that_goes_away_costs_nothing(self):
        receiver = self.taker()
        self.endpoint("T-broker", receiver)
        self.deliver("T-broker", "broker", range(1, 51))
        self.expect(receiver, "broker", 1)
        self.brokers.kill(1)
        threading.Event().wait(2)
        self.brokers.restart(1)
        self.deliver("T-broker", "broker", range(51, 101))
        until(lambda: receiver.orders()["broker"] == list(range(1, 101)), "all of them", 120)
        self.assertTrue(self.connector.is_alive())

    def test_it_ends_in_order(self):
        receiver = self.taker()
        self.endpoint("T-ends", receiver)
        self.deliver("T-ends", "ends", range(1, 101))
        self.expect(receiver, "ends", 10)
        self.assertEqual(self.connector.stop(), 0)
        taken = len(receiver.received)
        type(self).connector = self.start()
        until(lambda: receiver.orders()["ends"] == list(range(1, 101)), "the rest")
        self.assertEqual(len(receiver.received), 100, f"nothing twice; {taken} before the end")


if __name__ == "__main__":
    unittest.main()

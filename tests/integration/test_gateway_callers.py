#!/usr/bin/python3
# timeout: 600
"""Who calls, as a hospital's engineer does it: a key of `medhub ctl key new` (Ed25519, SM2, HMAC) goes into the registry,
`medhub ctl key sign` prints headers, curl sends them; or curl shows a client certificate. Real Kafka, hub, store, gateway
with TLS. What is sent twice, changed on the way, signed with a key that is over, or shown by a stranger is refused."""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import gateway_world  # noqa: E402
from gateway_world import MEDHUB, World, parse, until  # noqa: E402

ALGORITHMS = ("ed25519", "sm2", "hmac")


def run(*command, input=None):
    return subprocess.run([str(word) for word in command], input=input, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          check=True, timeout=60).stdout


class Callers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="callers.", dir=gateway_world.BUILD))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.make_certificates()
        cls.world = World(cls.folder, gateway__tls_certificate_file=cls.folder / "server.crt",
                          gateway__tls_key_file=cls.folder / "server.key",
                          gateway__tls_client_ca_file=cls.folder / "ca.crt", gateway__signature_window_seconds=300)
        cls.addClassCleanup(cls.world.close)
        cls.world.start("hub").wait_ready()
        cls.world.start("connector store").wait_ready()
        cls.world.start("gateway").wait_ready()
        cls.url = f"https://127.0.0.1:{cls.world.port}"
        cls.register()

    # ---- what an engineer prepares ----

    @classmethod
    def openssl(cls, *arguments):
        return run("openssl", *arguments)

    @classmethod
    def make_certificate(cls, name, subject, issuer=None):
        """A key, and a certificate of ISSUER, or of itself."""
        path = cls.folder / name
        cls.openssl("req", "-new", "-utf8", "-newkey", "ed25519", "-nodes", "-keyout", f"{path}.key", "-out", f"{path}.csr",
                    "-subj", subject)
        extensions = cls.folder / "extensions"
        extensions.write_text("basicConstraints=CA:TRUE\n" if issuer is None else "subjectAltName=IP:127.0.0.1\n")
        signer = ["-signkey", f"{path}.key"] if issuer is None else \
            ["-CA", cls.folder / f"{issuer}.crt", "-CAkey", cls.folder / f"{issuer}.key", "-CAcreateserial"]
        cls.openssl("x509", "-req", "-in", f"{path}.csr", "-out", f"{path}.crt", "-days", "2", "-extfile", extensions, *signer)

    @classmethod
    def make_certificates(cls):
        cls.make_certificate("ca", "/CN=medhub test authority")
        cls.make_certificate("server", "/CN=127.0.0.1", "ca")
        cls.make_certificate("hospital", "/C=CN/O=第一医院, 东院/CN=H1", "ca")
        cls.make_certificate("stranger", "/C=CN/O=第一医院, 东院/CN=H2", "ca")
        cls.make_certificate("other-ca", "/CN=another authority")
        cls.make_certificate("forger", "/C=CN/O=第一医院, 东院/CN=H1", "other-ca")

    @classmethod
    def register(cls):
        """A hospital of the generated world with every kind of key, submitted by the operator as `ctl key` prints them."""
        cls.scan = cls.world.gen("scans", "--count", "1")[0]
        cls.organisation = cls.scan["source"]
        event = cls.organisation_event()
        organisation = event["data"]["organisation"]
        keys = []
        for algorithm in ALGORITHMS:
            printed = run(MEDHUB, "ctl", "key", "new", "-q", "-a", algorithm, "--id", algorithm, cls.folder / algorithm)
            keys.append(json.loads(printed))
        over = run(MEDHUB, "ctl", "key", "new", "-q", "--id", "over", "--valid-until", "1h", cls.folder / "over")
        keys.append(json.loads(over))
        keys.append(json.loads(run(MEDHUB, "ctl", "key", "show", "-q", "--id", "cert", cls.folder / "hospital.crt")))
        organisation["keys"] = keys
        secrets = cls.folder / "secrets" / cls.organisation
        secrets.mkdir()
        shutil.copy(cls.folder / "hmac", secrets / "hmac")
        cls.accepted([*cls.world.gen("policy"), event])
        until(lambda: cls.signed_call("ed25519", "GET", "/v1/feeds").status == 200, "the gateway knows the hospital")

    @classmethod
    def accepted(cls, events):
        lines = "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events)
        receipts = [json.loads(line) for line in cls.world.medhub("ctl", "submit", "-q", "-o", "ndjson", input=lines).splitlines()]
        assert {receipt["outcome"] for receipt in receipts} == {"accepted"}, receipts

    @classmethod
    def organisation_event(cls):
        return next(event for event in cls.world.gen("organisations") if event["data"]["organisationId"] == cls.organisation)

    # ---- calls ----

    @classmethod
    def curl(cls, method, target, headers=b"", body=None, options=()):
        command = ["curl", "-sS", "-i", "-X", method, "--cacert", cls.folder / "ca.crt", "-H", "@-", *options]
        if body is not None:
            (cls.folder / "sent").write_bytes(body)
            command += ["--data-binary", f"@{cls.folder / 'sent'}"]
        return parse(run(*command, cls.url + target, input=headers))

    @classmethod
    def sign(cls, key, method, target, body=None, keyid=None, options=()):
        arguments = ["--key", cls.folder / key, "--keyid", keyid or f"{cls.organisation}/{key}", "-X", method,
                     "--url", cls.url + target, *options]
        if body is not None:
            (cls.folder / "signed").write_bytes(body)
            arguments += ["--body", cls.folder / "signed"]
        return run(MEDHUB, "ctl", "key", "sign", *arguments)

    @classmethod
    def signed_call(cls, key, method, target, body=None, **how):
        return cls.curl(method, target, cls.sign(key, method, target, body, **how), body)

    def event(self, number):
        return json.dumps({**self.scan, "id": f"c-{number}"}, ensure_ascii=False).encode()

    def refused(self, answer, code, status=401):
        self.assertEqual((answer.status, answer.json()["code"]), (status, code), answer)

    # ---- what must hold ----

    def test_every_algorithm_calls_with_curl(self):
        for key in ALGORITHMS:
            answer = self.signed_call(key, "GET", "/v1/feeds")
            self.assertEqual(answer.status, 200, (key, answer))
            answer = self.signed_call(key, "GET", f"/v1/search?key=%E5%8C%BB%20{key}&limit=5")
            self.assertEqual(answer.status, 404, (key, answer))
            body = self.event(key)
            answer = self.signed_call(key, "POST", "/v1/events", body)
            self.assertEqual(answer.status, 202, (key, answer))
            binary = self.signed_call(key, "POST", "/v1/events", json.dumps(self.scan["data"]).encode(),
                                      options=["-H", "Content-Type: application/json", "-H", "ce-specversion: 1.0", "-H",
                                               f"ce-id: b-{key}", "-H", f"ce-source: {self.organisation}", "-H",
                                               f"ce-type: {self.scan['type']}"])
            self.assertEqual(binary.status, 202, (key, binary))

    def test_a_request_counts_once(self):
        for key in ALGORITHMS:
            headers = self.sign(key, "GET", "/v1/feeds")
            self.assertEqual(self.curl("GET", "/v1/feeds", headers).status, 200)
            self.refused(self.curl("GET", "/v1/feeds", headers), "signature.replayed")

    def test_a_gateway_that_was_killed_takes_no_request_again(self):
        headers = self.sign("hmac", "GET", "/v1/feeds")
        self.assertEqual(self.curl("GET", "/v1/feeds", headers).status, 200)
        port = self.world.port
        self.world.parts["gateway"].kill()
        self.world.start("gateway", gateway__port=port).wait_ready()
        self.refused(self.curl("GET", "/v1/feeds", headers), "signature.replayed")
        self.assertEqual(self.signed_call("hmac", "GET", "/v1/feeds").status, 200)

    def test_what_is_changed_on_the_way_is_refused(self):
        for key in ALGORITHMS:
            body = self.event("change")
            headers = self.sign(key, "POST", "/v1/events", body)
            self.refused(self.curl("POST", "/v1/events", headers, body + b" "), "signature.digest")
            self.refused(self.curl("POST", "/v1/events?wait=1", headers, body), "signature.wrong")
            self.refused(self.curl("PUT", "/v1/receipts/a/b", self.sign(key, "GET", "/v1/receipts/a/b")),
                         "route.method", 405)
            more = headers + b"ce-id: added\n"
            self.refused(self.curl("POST", "/v1/events", more, body), "signature.coverage")

    def test_wrong_keys_are_told_no_more_than_that(self):
        refusals = [self.signed_call("ed25519", "GET", "/v1/feeds", keyid=keyid)
                    for keyid in (f"{self.organisation}/sm2", f"{self.organisation}/none", "P9/ed25519",
                                  f"{self.organisation}/over", f"{self.organisation}/cert")]
        for answer in refusals:
            self.refused(answer, "signature.wrong")
            self.assertEqual(answer.body, refusals[0].body)
            self.assertIn("www-authenticate", answer.headers)

    def test_a_key_that_is_over_is_refused_to_its_holder(self):
        self.refused(self.signed_call("over", "GET", "/v1/feeds"), "authentication.key_expired")

    def rotate(self, new, old, seconds):
        """The organisation itself says that the key NEW takes the place of OLD, which counts for that long."""
        key = json.loads(run(MEDHUB, "ctl", "key", "new", "-q", "--id", new, self.folder / new))
        end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))
        event = {"specversion": "1.0", "type": "medhub.registry.key_rotated.v1", "source": self.organisation, "id": new,
                 "data": {"organisationId": self.organisation, "key": key, "replacedKey": old, "replacedUntil": end}}
        answer = self.signed_call(old, "POST", "/v1/events", json.dumps(event).encode())
        self.assertEqual(answer.status, 202, answer)
        until(lambda: self.signed_call(new, "GET", "/v1/feeds").status == 200, f"{new} counts")

    def test_an_organisation_rotates_its_own_key(self):
        self.rotate("r2", "ed25519", 7 * 86400)
        self.assertEqual(self.signed_call("ed25519", "GET", "/v1/feeds").status, 200, "the old one counts until its end")
        self.rotate("r3", "r2", 6)
        until(lambda: self.signed_call("r2", "GET", "/v1/feeds").status == 401, "the old one is over")
        self.refused(self.signed_call("r2", "GET", "/v1/feeds"), "authentication.key_expired")
        self.assertEqual(self.signed_call("r3", "GET", "/v1/feeds").status, 200)

    def test_nobody_is_anonymous_but_the_health_checks(self):
        self.refused(self.curl("GET", "/v1/feeds"), "authentication.missing")
        self.refused(self.curl("GET", "/v1/openapi.json"), "authentication.missing")
        for target in ("/livez", "/readyz"):
            self.assertEqual(self.curl("GET", target).status, 200)

    def test_a_client_certificate_of_the_registry_is_let_in(self):
        def call(name):
            return self.curl("GET", "/v1/feeds", options=["--cert", self.folder / f"{name}.crt", "--key",
                                                          self.folder / f"{name}.key"])
        answer = call("hospital")
        self.assertEqual(answer.status, 200, answer)
        self.refused(call("stranger"), "authentication.unknown")
        # One that no trusted authority has signed is no certificate: the connection fails, or the caller is nobody.
        try:
            self.assertEqual(call("forger").status, 401)
        except subprocess.CalledProcessError as error:
            self.assertIn(error.returncode, (35, 55, 56))

    def test_a_suspended_organisation_is_refused_and_one_that_is_back_is_not(self):
        for state, status in (("STATE_SUSPENDED", 403), ("STATE_LIVE", 200)):
            event = self.organisation_event()
            event["id"] = f"state-{state}-{time.time_ns()}"
            keys = [json.loads(run(MEDHUB, "ctl", "key", "show", "-q", "--id", key, self.folder / key)) for key in ALGORITHMS]
            keys.append(json.loads(run(MEDHUB, "ctl", "key", "show", "-q", "--id", "cert", self.folder / "hospital.crt")))
            keys.append(json.loads(run(MEDHUB, "ctl", "key", "show", "-q", "--id", "over", "--valid-until", "1h",
                                       self.folder / "over")))
            event["data"]["organisation"].update(state=state, keys=keys)
            event["data"]["effectiveOn"] = event["data"].get("effectiveOn", "2024-01-01")
            self.world.medhub("ctl", "submit", "-q", "-o", "ndjson", input=json.dumps(event, ensure_ascii=False) + "\n")
            answer = until(lambda: (got := self.signed_call("sm2", "GET", "/v1/feeds")).status == status and got,
                           f"the gateway knows {state}")
            if status == 403:
                self.refused(answer, "authentication.state", 403)


if __name__ == "__main__":
    unittest.main(verbosity=2)

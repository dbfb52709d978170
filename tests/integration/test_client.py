#!/usr/bin/python3
# timeout: 600
"""libmedhub, installed and found by pkg-config, its command line and the example programs in C, Python and Java, against a real
Kafka, hub, store and gateway."""
import base64
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import gateway_world  # noqa: E402
from gateway_world import BUILD, SOURCE, World, until  # noqa: E402

DEPS = pathlib.Path(os.environ["MEDHUB_DEPS_DIR"])
EXAMPLES = SOURCE / "ops" / "examples"
CATALOGUE_ROWS = 200
FIRST_OF_MANY, MANY = 40, 120  # the first are for tests that want one; the rest goes at once


def run(*words, codes=(0,), timeout=120, **more):
    done = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=timeout, **more)
    if done.returncode not in codes:
        raise AssertionError(f"{words} ended with {done.returncode}:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
    return done


class KeyedWorld(World):
    """Every organisation has an HMAC secret; hospitals and pharmacies an Ed25519 key too, some an SM2 key."""

    def give_key(self, organisation):
        super().give_key(organisation)
        if "hospital" not in organisation.get("roles", []) and "pharmacy" not in organisation.get("roles", []):
            return
        name = organisation["id"]
        for key, algorithm, options, public_bytes in (
                ("ed", "KEY_ALGORITHM_ED25519", ["ed25519"], 32),
                ("sm", "KEY_ALGORITHM_SM2", ["EC", "-pkeyopt", "ec_paramgen_curve:SM2"], 65)):
            path = self.key_file(name, key)
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                run("openssl", "genpkey", "-algorithm", *options, "-out", path)
            der = subprocess.run(["openssl", "pkey", "-in", path, "-pubout", "-outform", "DER"], check=True,
                                 stdout=subprocess.PIPE).stdout
            organisation["keys"].append({"id": key, "algorithm": algorithm,
                                         "publicKey": base64.b64encode(der[-public_bytes:]).decode()})
        organisation["keys"].append({"id": "tls", "algorithm": "KEY_ALGORITHM_X509_SUBJECT",
                                     "publicKey": base64.b64encode(f"CN={name},O=test,C=CN".encode()).decode()})

    def key_file(self, organisation, key):
        if key == gateway_world.KEY:
            return self.folder / "secrets" / organisation / key
        return self.folder / "keys" / organisation / f"{key}.pem"


class Client(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="client.", dir=BUILD))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.sign_everything()
        cls.world = KeyedWorld(cls.folder)
        cls.addClassCleanup(cls.world.close)
        cls.install()
        cls.world.start_all()
        cls.publish_catalogue()
        cls.prescriptions = cls.world.gen("prescriptions", "--count", str(FIRST_OF_MANY + MANY))
        cls.many = [cls.prescriptions.pop() for _ in range(MANY)]
        cls.refused = [event for event in cls.world.gen("prescriptions", "--count", "20", "--wrong", "100", "--seed", "5")
                       if event["expect"] == "refused"]

    @classmethod
    def install(cls):
        prefix = cls.folder / "prefix"
        run("cmake", "--install", BUILD, "--component", "client", "--prefix", prefix)
        libraries = next(prefix.glob("**/libmedhub.so")).parent
        cls.environment = {**os.environ, "PKG_CONFIG_PATH": str(libraries / "pkgconfig"), "LD_LIBRARY_PATH": str(libraries)}
        flags = run("pkg-config", "--cflags", "--libs", "medhub", env=cls.environment).stdout.split()
        for name in ("hospital", "pharmacy"):
            run("cc", EXAMPLES / f"{name}.c", *flags, "-o", cls.folder / name)
        cls.command = prefix / "bin" / "medhub-client"

    @classmethod
    def publish_catalogue(cls):
        events = [event for event in cls.world.gen("catalogue-2024") if "item_changed" in event["type"]]
        wanted = {line["catalogueCode"] for event in cls.world.gen("prescriptions", "--count", str(FIRST_OF_MANY + MANY))
                  for line in event["data"].get("lines", []) if "catalogueCode" in line}
        cls.items = [item for i, item in enumerate(events)
                     if i < CATALOGUE_ROWS or item["data"]["item"]["code"] in wanted]
        cls.bureau = cls.items[0]["source"]
        cls.say_items(cls.items)

    @classmethod
    def say_items(cls, items):
        for i in range(0, len(items), 100):
            answer = cls.world.caller(cls.bureau).request("POST", "/v1/events?wait=30", items[i:i + 100],
                                                          content_type="application/cloudevents-batch+json")
            if answer.status != 200 or {one["status"] for one in answer.json()} != {"accepted"}:
                raise AssertionError(answer)
        path = f"/v1/items/{items[-1]['data']['itemKey']}?region={items[-1]['data']['region']}"
        until(lambda: cls.world.caller(cls.bureau).get(path).status == 200, "the catalogue is in the gateway's copy")

    # ---- programs ----

    fresh = iter(range(10**6))

    def options(self, organisation, key="ed", directory=None, **more):
        """The file of options for a client of ORGANISATION with files of its own."""
        number = next(self.fresh)
        path = self.folder / f"{number}.options"
        values = {"gateway": f"http://127.0.0.1:{self.world.port}", "organisation": organisation,
                  "directory": directory or self.folder / f"files-{number}", "key": key,
                  "key_file": self.world.key_file(organisation, key), **more}
        path.write_text("".join(f"{name} = {value}\n" for name, value in values.items()))
        return path

    @classmethod
    def sign_everything(cls):
        """What nobody signs is refused: hub, gateway and ctl have the voucher, the examples sign for themselves."""
        voucher = cls.folder / "voucher"
        voucher.write_text(base64.b64encode(os.urandom(32)).decode() + "\n")
        settings = {"MEDHUB_SIGNATURE_UNSIGNED": "refuse", "MEDHUB_SIGNATURE_VOUCHER_FILE": str(voucher)}
        os.environ.update(settings)
        cls.addClassCleanup(lambda: [os.environ.pop(name) for name in settings])

    def file(self, event):
        path = self.folder / f"event-{next(self.fresh)}.json"
        path.write_text(event if isinstance(event, str) else json.dumps(event, ensure_ascii=False))
        return path

    def client(self, options, *words, codes=(0,), **more):
        return run(self.command, "-c", options, *words, codes=codes, env=self.environment, **more)

    def hospital(self, options, event, codes=(0,)):
        return run(self.folder / "hospital", options, self.file(event), codes=codes, env=self.environment).stdout

    # ---- the examples in C ----

    def test_a_hospital_uploads(self):
        event = self.prescriptions.pop()
        options = self.options(event["source"])
        self.assertEqual(self.hospital(options, event).split()[:2], [event["id"], "accepted"])
        self.assertEqual(self.hospital(options, event).split()[:2], [event["id"], "accepted"])  # from its own receipts
        self.assertEqual(self.hospital(self.options(event["source"]), event).split()[1], "accepted")  # sent again
        copies = [record for record in self.world.inbox("medhub.inbox.prescription")
                  if record.header("ce_id") == event["id"]]
        self.assertEqual(len(copies), 2)

    def test_a_refusal_says_why(self):
        event = self.refused.pop()
        out = self.hospital(self.options(event["source"]), event, codes=(6,))
        self.assertIn(f"{event['id']} refused {event['expectcode']}", out)
        self.assertRegex(out, r"\n  RX-\d+ ")

    def test_what_is_no_event_is_refused_too(self):
        event = {**self.prescriptions[0], "id": "no-such-type", "type": "medhub.nothing.v1"}
        out = self.hospital(self.options(event["source"]), event, codes=(6,))
        self.assertIn("no-such-type refused cloudevent.unknown_type", out)

    def test_every_kind_of_key_signs(self):
        for key in ("ed", "sm", gateway_world.KEY):
            event = self.prescriptions.pop()
            self.assertIn(" accepted", self.hospital(self.options(event["source"], key), event))

    def test_a_wrong_key_is_told(self):
        event = self.prescriptions[0]
        stranger = next(other["source"] for other in self.many if other["source"] != event["source"])
        options = self.options(event["source"], key_file=self.world.key_file(stranger, "ed"))
        done = self.client(options, "-t", "3", "submit", input=json.dumps({**event, "id": "w"}) + "\n", codes=(8,))
        self.assertIn("回执尚未到达", done.stderr)
        self.assertEqual(json.loads(self.client(options, "state").stdout)["waiting"], 1)

    def recipient(self, event):
        """A pharmacy that hears of EVENT, and its feed so far."""
        def look():
            for name in self.world.secrets:
                if name.startswith("P"):
                    answer = self.world.caller(name).get("/v1/feeds/deliveries?limit=1000")
                    if answer.status == 200 and any(one["id"] == event["id"] for one in answer.json()["events"]):
                        return name, answer.json()["events"]
            return None
        return until(look, "somebody hears of the prescription")

    def test_a_pharmacy_follows_and_goes_on_where_it_stopped(self):
        event = self.prescriptions.pop()
        self.hospital(self.options(event["source"]), event)
        pharmacy, so_far = self.recipient(event)
        options = self.options(pharmacy)
        follow = [self.folder / "pharmacy", options]
        seen = run(*follow, 1, env=self.environment).stdout.splitlines()
        if len(so_far) > 1:
            seen += run(*follow, len(so_far) - 1, env=self.environment).stdout.splitlines()
        self.assertEqual(*map(sorted, ([line.split()[0] for line in seen], [one["id"] for one in so_far])))

        process = subprocess.Popen([str(word) for word in follow], stdout=subprocess.PIPE, text=True, env=self.environment)
        try:  # while it waits for news
            same_place = [other for other in self.prescriptions if other["source"] == event["source"]]
            news = same_place[0] if same_place else self.prescriptions[0]
            self.prescriptions.remove(news)
            self.hospital(self.options(news["source"]), news)
            if self.recipient(news)[0] == pharmacy:
                self.assertEqual(process.stdout.readline().split()[0], news["id"])
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(20), 0)
        finally:
            process.kill()
            process.stdout.close()

    def certificate(self, name, subject, issuer=None):
        folder = self.folder / "tls"
        folder.mkdir(exist_ok=True)
        signer = ["-CA", folder / f"{issuer}.crt", "-CAkey", folder / f"{issuer}.key"] if issuer else []
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", *signer,
            "-subj", subject, "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / f"{name}.key",
            "-out", folder / f"{name}.crt")
        return folder

    def test_a_client_certificate_will_do_too(self):
        event = self.prescriptions.pop()
        tls = self.certificate("ca", "/CN=test authority")
        self.certificate("gateway", "/CN=gateway", "ca")
        self.certificate("hospital", f"/C=CN/O=test/CN={event['source']}", "ca")
        (self.folder / "second").mkdir()
        second = gateway_world.Part(
            "gateway", self.folder / "second", self.world.brokers.address, store__database=self.folder / "medhub.sqlite",
            gateway__port=0, gateway__directory=self.folder / "second" / "gateway",
            gateway__tls_certificate_file=tls / "gateway.crt", gateway__tls_key_file=tls / "gateway.key",
            gateway__tls_client_ca_file=tls / "ca.crt").wait_ready()
        self.addCleanup(second.kill)
        mine = {"key": "", "gateway": second.addresses["gateway"], "certificate_file": tls / "hospital.crt",
                "certificate_key_file": tls / "hospital.key"}
        self.assertTrue(mine["gateway"].startswith("https://"))
        stranger = self.options(event["source"], key_file="", **mine)  # who signed the gateway's certificate is not known
        done = self.client(stranger, "-t", "2", "submit", input=json.dumps(event) + "\n", codes=(8,))
        self.assertIn("SSL", done.stderr)
        self.assertIn(" accepted", self.hospital(self.options(event["source"], key_file="", ca_file=tls / "ca.crt", **mine),
                                                 event))

    # ---- the outbox ----

    def test_nothing_is_lost_when_client_gateway_and_broker_die(self):
        """Events of all hospitals, each hospital's client killed again and again while the gateway is killed and the broker is
        stopped; afterwards everything is accepted once, in the order of its key."""
        by_source = {}
        for number, event in enumerate(self.many):
            by_source.setdefault(event["source"], []).append({**event, "subject": f"k{number % 3}"})
        sources = sorted(by_source, key=lambda source: -len(by_source[source]))[:6]
        options = {source: self.options(source, gateway=self.gateway_for_ever(), retry_max_ms=500) for source in sources}
        for turn in range(4):
            for source in sources:
                self.submit_and_kill(options[source], by_source[source], turn)
            if turn == 1:
                self.world.parts["gateway"].kill()
                self.world.start("gateway", gateway__port=self.port).wait_ready()
            if turn == 2:
                self.world.brokers.kill(1)
                for source in sources[:2]:
                    self.submit_and_kill(options[source], by_source[source], turn)
                self.world.brokers.restart(1)
        for source in sources:
            lines = "".join(json.dumps(event) + "\n" for event in by_source[source])
            out = self.client(options[source], "-t", "120", "submit", input=lines, timeout=240).stdout
            self.assertEqual([line.split("\t")[:2] for line in out.splitlines()],
                             [[event["id"], "accepted"] for event in by_source[source]])
            self.assertEqual(json.loads(self.client(options[source], "state").stdout)["waiting"], 0)
        self.check_order(by_source, sources)

    def gateway_for_ever(self):
        """The port stays when the gateway comes again."""
        type(self).port = self.world.port
        return f"http://127.0.0.1:{self.port}"

    def submit_and_kill(self, options, events, turn):
        process = subprocess.Popen([str(self.command), "-c", str(options), "submit"], stdin=subprocess.PIPE,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True, env=self.environment)
        process.stdin.write("".join(json.dumps(event) + "\n" for event in events[:3 + 4 * turn]))
        process.stdin.close()
        time.sleep(0.02 + 0.05 * turn)  # not waited for anything: it dies wherever it is
        process.kill()
        process.wait()

    def check_order(self, by_source, sources):
        first = {}
        for record in sorted(self.world.inbox("medhub.inbox.prescription"), key=lambda record: record.offset):
            first.setdefault((record.header("ce_source"), record.header("ce_id")), (record.partition, record.offset))
        for source in sources:
            for key in {event["subject"] for event in by_source[source]}:
                for person in {event["data"]["person"] for event in by_source[source]}:  # one partition
                    places = [first[source, event["id"]] for event in by_source[source]
                              if (event["subject"], event["data"]["person"]) == (key, person)]
                    self.assertEqual(places, sorted(places))

    # ---- the catalogue ----

    def test_the_catalogue_is_kept_and_answers_as_the_gateway_does(self):
        pharmacy = next(name for name in self.world.secrets if name.startswith("P"))
        options = self.options(pharmacy)
        self.assertIn("目录", self.client(options, "item", "WESTERN_DRUG", "X", "000000", "2026-01-01", codes=(3,)).stderr)
        self.refresh_until(options, self.items[-1])
        self.check_items(options, pharmacy, self.items[::37])
        state = json.loads(self.client(options, "state").stdout)
        self.assertGreaterEqual(state["catalogueRows"], len(self.items))
        self.client(options, "check")

        # a change comes by the feed, without another snapshot
        copies = {path.name for path in self.files_of(options).glob("catalogue-*.sqlite")}
        old = self.items[5]
        changed = json.loads(json.dumps(old))
        changed["id"] = "renamed-1"
        changed["data"]["effectiveOn"] = changed["data"]["item"]["validFrom"] = "2026-03-01"
        changed["data"]["item"]["name"] += "（改）"
        changed["data"]["changes"] = ["CHANGE_RENAMED"]
        answer = self.world.caller(self.bureau).submit(changed, "/v1/events?wait=30")
        self.assertEqual(answer.status, 200, answer)
        until(lambda: self.client(options, "refresh") and self.item(options, changed, "2026-03-01")["item"]["name"]
              == changed["data"]["item"]["name"], "the change is in the copy")
        self.assertEqual(self.item(options, changed, "2026-02-28")["item"]["name"], old["data"]["item"]["name"])
        self.assertEqual(self.item(options, changed, "2026-02-28")["validUntil"], "2026-02-28")
        self.assertEqual({path.name for path in self.files_of(options).glob("catalogue-*.sqlite")}, copies)

        # a copy made from a snapshot that has the change is the same
        other = self.options(pharmacy)
        until(lambda: self.client(other, "refresh") and self.digest(other) == self.digest(options),
              "a fresh copy has the same digest")

        # offline
        offline = self.options(pharmacy, directory=self.files_of(options), gateway="http://127.0.0.1:1")
        self.client(offline, "refresh", codes=(1,))
        self.assertEqual(self.item(offline, changed, "2026-03-01")["item"]["name"], changed["data"]["item"]["name"])

    def files_of(self, options):
        return pathlib.Path(dict(line.split(" = ") for line in options.read_text().splitlines())["directory"])

    def digest(self, options):
        return json.loads(self.client(options, "state").stdout)["catalogueDigest"]

    def item(self, options, event, date, region=None):
        table, _, code = event["data"]["itemKey"].partition("/")
        done = self.client(options, "item", table, code, region or event["data"]["region"], date, codes=(0, 3))
        return json.loads(done.stdout) if done.returncode == 0 else None

    def refresh_until(self, options, event):
        until(lambda: self.client(options, "refresh", codes=(0, 1)).returncode == 0
              and self.item(options, event, "2026-01-01") is not None, "the catalogue is in the copy")

    def check_items(self, options, pharmacy, events):
        for event in events:
            path = f"/v1/items/{event['data']['itemKey']}?region=650102&date=2026-01-01"
            theirs = self.world.caller(pharmacy).get(path).json()
            ours = self.item(options, event, "2026-01-01", "650102")
            self.assertEqual({name: ours[name] for name in ("table", "code", "region", "validFrom", "item")},
                             {name: theirs[name] for name in ("table", "code", "region", "validFrom", "item")})

    # ---- without our library ----

    def test_python_speaks_to_the_gateway(self):
        event = self.prescriptions.pop()
        script = [EXAMPLES / "gateway.py", f"http://127.0.0.1:{self.world.port}"]
        key = [f"{event['source']}/ed", self.world.key_file(event["source"], "ed")]
        for _ in range(2):
            out = run(*script, *key, "submit", input=json.dumps(event)).stdout
            self.assertEqual((out.split()[0], json.loads(out.partition(" ")[2])["outcome"]), ("200", "accepted"))
        out = run(*script, *key, "submit", input=json.dumps(self.refused_of(event)), codes=(1,)).stdout
        self.assertEqual(out.split()[0], "422")
        pharmacy, so_far = self.recipient(event)
        out = run(*script, f"{pharmacy}/ed", self.world.key_file(pharmacy, "ed"), "follow", len(so_far)).stdout
        self.assertEqual(*map(sorted, ([line.split()[0] for line in out.splitlines()], [one["id"] for one in so_far])))

    def refused_of(self, event):
        return {**event, "id": event["id"] + "-empty", "data": {}}

    def test_java_speaks_to_the_gateway(self):
        event = self.prescriptions.pop()
        out = run("java", "-XX:TieredStopAtLevel=1", EXAMPLES / "Gateway.java", f"http://127.0.0.1:{self.world.port}",
                  f"{event['source']}/ed", self.world.key_file(event["source"], "ed"), self.file(event)).stdout
        self.assertTrue(out.startswith("200 "), out)
        self.assertEqual(json.loads(out[4:])["id"], event["id"])

    def scan(self):
        return self.world.gen("scans", "--count", "3", "--seed", str(100 + next(self.fresh)))[0]

    def test_python_speaks_to_kafka(self):
        made = self.folder / "made"
        made.mkdir()
        protos = sorted((SOURCE / "schemas").rglob("*.proto"))
        run("protoc", "-I", SOURCE / "schemas", f"--python_out={made}", *protos)
        event = self.scan()
        out = run("/usr/bin/python3", EXAMPLES / "kafka_direct.py", self.world.brokers.address, f"{event['source']}/ed",
                  self.world.key_file(event["source"], "ed"), input=json.dumps(event),
                  env={**os.environ, "PYTHONPATH": str(made)}).stdout
        self.assertEqual(out.split()[:2], [event["id"], "OUTCOME_ACCEPTED"])

    def test_an_unsigned_event_on_kafka_is_refused(self):
        event = self.scan()
        unsigned = {key: value for key, value in os.environ.items() if not key.startswith("MEDHUB_SIGNATURE_")}
        done = run(gateway_world.MEDHUB, "ctl", "submit", "-q", "-o", "ndjson", "-b", self.world.brokers.address,
                   input=json.dumps(event) + "\n", env=unsigned, codes=(6,))
        self.assertEqual(json.loads(done.stdout)["findings"][0]["code"], "source.unsigned")

    def test_java_speaks_to_kafka(self):
        import schema
        from google.protobuf import json_format, text_format
        event = self.scan()
        message = json_format.ParseDict(event["data"], schema.message("trace.v1.ItemScanned")())
        value = subprocess.run(["protoc", "-I", SOURCE / "schemas", "--encode=medhub.trace.v1.ItemScanned",
                                SOURCE / "schemas/medhub/trace/v1/trace.proto"], check=True, stdout=subprocess.PIPE,
                               input=text_format.MessageToString(message).encode()).stdout
        path = self.folder / "scan.bin"
        path.write_bytes(value)
        libraries = next(DEPS.glob("kafka-*/lib"))
        out = run("java", "-XX:TieredStopAtLevel=1", "-cp", f"{libraries}/*", EXAMPLES / "KafkaDirect.java",
                  self.world.brokers.address, f"{event['source']}/ed", self.world.key_file(event["source"], "ed"), event["id"],
                  event["data"]["product"], path).stdout
        self.assertEqual(out.split()[-2:], [event["id"], "ACCEPTED"])


if __name__ == "__main__":
    unittest.main()

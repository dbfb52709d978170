#!/usr/bin/python3
# timeout: 300
"""The connection test of an institution on a real Kafka, hub, store and gateway: the reference candidate of ops/examples passes
and the agreement advances on the signed report; wrong candidates fail the cases that are named, and nothing of the test is
ever applied. A pharmacy is tested by hand: a person reads the cases and types what its client understood. `ctl org show` then
tells what the registry says on a day. The candidates are organisations of their own and are tested side by side."""
import base64
import concurrent.futures
import http.server
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import gateway_world  # noqa: E402
from gateway_world import MEDHUB, SOURCE, World, until  # noqa: E402

sys.path.insert(0, str(SOURCE / "ops/examples"))

import webhook_receiver  # noqa: E402

REGION, AGENCY, CANDIDATE, PHARMACY = "440100", "A44010000001", "H44010099999", "P44010099998"
CARELESS, BROKEN = "H44010099997", "H44010099996"
REFERENCE = SOURCE / "ops/examples/candidate.py"
EVERYBODY = {"accepted", "refused", "incomplete", "duplicate", "wrong_signature", "expired_signature", "timeout", "retry", "feed"}


def key(path, name):
    done = subprocess.run([MEDHUB, "ctl", "key", "new", "-q", "--id", name, path], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


class Receiver(webhook_receiver.Handler):
    """The candidate's address for webhooks: the example's."""


class Careless(webhook_receiver.Handler):
    """One that repeats whatever it is asked."""

    def do_POST(self):
        return self.answer(200, json.loads(self.rfile.read(int(self.headers["content-length"]))))


class Broken(webhook_receiver.Handler):
    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        return self.answer(500)


def reference(folder, name, change=()):
    """The command of the reference candidate, spoiled by the changes (old text, new text)."""
    script = folder / f"{name}.py"
    text = REFERENCE.read_text()
    for old, new in change:
        assert old in text, old
        text = text.replace(old, new)
    script.write_text(text)
    return f"{sys.executable} {script} k1 {folder / name}.pem"


class OrgTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="org-test.", dir=gateway_world.BUILD))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.world = World(cls.folder)
        cls.addClassCleanup(cls.world.close)
        hub = cls.world.start("hub")
        cls.world.start("connector store").wait_ready()
        gateway = cls.world.start("gateway")
        hub.wait_ready()
        gateway.wait_ready()
        cls.number = 0
        cls.found()
        side_by_side = concurrent.futures.ThreadPoolExecutor()
        cls.addClassCleanup(side_by_side.shutdown)
        careless = [('0: "unknown"', '0: "accepted"'), ('"items": [event["id"] for', '"items": ["" for')]
        cls.tests = {
            CARELESS: side_by_side.submit(cls.play, CARELESS, reference(cls.folder, CARELESS, careless)),
            BROKEN: side_by_side.submit(cls.play, BROKEN, "cat > /dev/null"),
            CANDIDATE: side_by_side.submit(cls.play, CANDIDATE, reference(cls.folder, CANDIDATE)),
            PHARMACY: side_by_side.submit(cls.play_by_hand, PHARMACY, reference(cls.folder, PHARMACY)),
        }

    @classmethod
    def receive(cls, organisation, kind):
        """Its address; the operator and it share a secret."""
        secret = "whsec_" + base64.b64encode(os.urandom(32)).decode()
        (cls.folder / "webhooks" / organisation).mkdir(parents=True)
        (cls.folder / "webhooks" / organisation / "main").write_text(secret + "\n")
        kind.secrets = [secret]
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), kind)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        cls.addClassCleanup(server.server_close)
        cls.addClassCleanup(server.shutdown)
        return [{"id": "main", "url": f"http://127.0.0.1:{server.server_port}/", "privateNetwork": True}]

    @classmethod
    def candidate(cls, name, kind, role, state, receiver=None):
        return cls.organisation(name, kind, [role], [key(cls.folder / f"{name}.pem", "k1")], state=f"STATE_{state}",
                                endpoints=cls.receive(name, receiver) if receiver else [])

    @classmethod
    def submit(cls, *events):
        lines = "\n".join(json.dumps(event, ensure_ascii=False) for event in events) + "\n"
        printed = cls.world.medhub("ctl", "submit", "-q", "-o", "ndjson", input=lines, codes=(0, 6))
        return [json.loads(line) for line in printed.splitlines()]

    @classmethod
    def event(cls, source, kind, **data):
        cls.number += 1
        return {"specversion": "1.0", "id": f"t{cls.number}", "source": source, "type": f"medhub.{kind}.v1", "data": data}

    @classmethod
    def organisation(cls, name, kind, roles, keys=(), **more):
        return cls.event("medhub", "registry.organisation_changed", organisationId=name, organisation={
            "id": name, "name": name, "kind": f"ORGANISATION_KIND_{kind}", "roles": list(roles), "region": REGION,
            "validFrom": "2025-01-01", "keys": list(keys), **more})

    @classmethod
    def step(cls, step, source=AGENCY, **data):
        return cls.event(source, "registry.agreement_advanced", institution=CANDIDATE, region=REGION,
                         step=f"AGREEMENT_STEP_{step}", **data)

    @classmethod
    def found(cls):
        """A hospital that has just signed: everything before the connection test, on days of 2026."""
        policy = [json.loads(line) for line in subprocess.run(
            [MEDHUB, "gen", "-q", "--what", "policy,calendar"], check=True, stdout=subprocess.PIPE, text=True).stdout.splitlines()]
        receipts = cls.submit(
            *policy,
            cls.organisation("medhub", "HUB_OPERATOR", [], [key(cls.folder / "op.pem", "op1")], state="STATE_LIVE"),
            cls.organisation(AGENCY, "INSURER_AGENCY", ["insurer"], state="STATE_LIVE"),
            cls.candidate(CANDIDATE, "HOSPITAL", "hospital", "APPLIED", Receiver),
            cls.candidate(CARELESS, "HOSPITAL", "hospital", "DESIGNATED", Careless),
            cls.candidate(BROKEN, "HOSPITAL", "hospital", "DESIGNATED", Broken),
            cls.candidate(PHARMACY, "PHARMACY", "pharmacy", "DESIGNATED"),
            cls.event("medhub", "registry.practitioner_registered", institution=CANDIDATE, practitioner={
                "institution": CANDIDATE, "code": "D440100000001", "kind": "PRACTITIONER_KIND_DOCTOR", "licence": "L1",
                "licenceFrom": "2025-01-01", "firstRegistered": True}))
        assert all(receipt["outcome"] == "accepted" for receipt in receipts), receipts
        cls.accepted(cls.step("APPLIED", on="2026-03-02", openedOn="2025-06-01"))
        receipts = cls.submit(
            cls.step("ACCEPTED", on="2026-03-03"),
            cls.step("REVIEWED", on="2026-03-09"), cls.step("INSPECTED", on="2026-03-20"),
            cls.step("PUBLICISED", on="2026-03-23"), cls.step("CONFIRMED", on="2026-04-02", signBy="2099-12-31"),
            cls.step("AGREED", on="2026-04-20", validFrom="2026-05-01", validUntil="2099-12-31"))
        assert all(receipt["outcome"] == "accepted" for receipt in receipts), receipts

    @classmethod
    def accepted(cls, event):
        """The agency is known to the hub a moment after it was registered: a refusal as unknown is said again."""
        def taken():
            cls.number += 1
            receipt = cls.submit({**event, "id": f"t{cls.number}"})[0]
            if receipt["outcome"] == "refused" and receipt["code"] == "source.unknown":
                return None
            assert receipt["outcome"] == "accepted", receipt
            return receipt
        until(taken, f"{event['data']['step']} is accepted")

    @classmethod
    def play(cls, organisation, client):
        """(exit code, what was printed, failed cases, rows of the report, what was said)"""
        done = subprocess.run([*cls.command(organisation), "--with", client], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, timeout=250)
        return done.returncode, done.stdout, *cls.results(organisation), done.stderr

    @classmethod
    def play_by_hand(cls, organisation, client):
        """Without --with each case is shown on standard error, and the answer is typed."""
        with subprocess.Popen(cls.command(organisation), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True) as tested:
            for line in tested.stderr:
                if line.startswith("{"):
                    tested.stdin.write(subprocess.run(client, input=line, shell=True, stdout=subprocess.PIPE, text=True,
                                                      timeout=60, check=True).stdout)
                    tested.stdin.flush()
            printed = tested.stdout.read()
        return tested.returncode, printed, *cls.results(organisation), ""

    @classmethod
    def command(cls, organisation):
        return [MEDHUB, "ctl", "org", "test", organisation, "-b", cls.world.brokers.address, "--region", REGION, "--gateway",
                f"http://127.0.0.1:{cls.world.port}", "--key", cls.folder / "op.pem", "--keyid", "op1", "--report",
                cls.folder / f"{organisation}.json", "--timeout", "30", "--set",
                f"webhook.secrets_directory={cls.folder / 'webhooks'}"]

    @classmethod
    def results(cls, organisation):
        report = cls.folder / f"{organisation}.json"
        rows = json.loads(report.read_text())["results"] if report.exists() else []
        return {row["case"] for row in rows if not row["passed"]}, rows

    def test_1_a_candidate_that_believes_in_202_and_anybody_and_never_reads_its_feed(self):
        code, printed, failed, _, said = self.tests[CARELESS].result()
        self.assertEqual(failed, {"timeout", "feed", "webhook_forged"}, said)
        self.assertEqual((code, printed), (6, ""))

    def test_2_a_candidate_that_is_no_program(self):
        _, _, failed, rows, said = self.tests[BROKEN].result()
        self.assertEqual({row["case"] for row in rows} - failed, {"webhook_forged"}, said)
        self.assertIn("no answer in time", rows[0]["found"])
        self.assertIn("main: http.500", next(row["found"] for row in rows if row["case"] == "webhook"))

    def test_3_the_reference_passes_and_the_agreement_advances(self):
        code, printed, failed, rows, said = self.tests[CANDIDATE].result()
        self.assertEqual((failed, code), (set(), 0), (said, rows))
        self.assertEqual({row["case"] for row in rows},
                         EVERYBODY | {"prescription", "prescription_refused", "webhook", "webhook_forged"})
        event = json.loads(printed)
        forged = json.loads(printed)
        forged["id"], forged["data"]["report"]["cases"] = "forged", 99
        refused, taken = self.submit(forged, event)
        self.assertEqual((refused["outcome"], refused["code"]), ("refused", "agreement.test_not_proven"))
        self.assertEqual(taken["outcome"], "accepted", taken)
        self.nothing_is_applied()

    def nothing_is_applied(self):
        for kind in ("settlement.posted", "prescription.uploaded", "prescription.claimed", "prescription.dispensed"):
            self.assertEqual(self.world.medhub("ctl", "facts", "-q", "--type", kind, "-o", "ndjson"), "", kind)

    def test_6_a_person_tests_a_pharmacy_by_hand(self):
        code, printed, failed, rows, _ = self.tests[PHARMACY].result()
        self.assertEqual((failed, code), (set(), 0), rows)
        self.assertEqual({row["case"] for row in rows},
                         EVERYBODY | {"claim", "claim_refused", "dispensing", "dispensing_refused"})
        self.assertEqual(json.loads(printed)["data"]["report"]["cases"], len(rows))
        self.nothing_is_applied()

    def test_4_the_registry_on_a_day(self):
        def show(*date):
            printed = self.world.medhub("ctl", "org", "show", CANDIDATE, "-o", "ndjson", *date)
            return {row["table"]: row["value"] for row in map(json.loads, printed.splitlines())}
        self.assertEqual(show("--date", "2026-03-01")["registry"]["state"], "STATE_APPLIED")
        self.assertEqual(show("--date", "2026-04-21")["registry"]["state"], "STATE_DESIGNATED")
        self.assertEqual(show()["registry"]["state"], "STATE_TESTED")
        self.assertEqual(show()["practitioner"]["code"], "D440100000001")

    def test_5_a_candidate_says_nothing_but_its_test(self):
        event = {**self.event(CANDIDATE, "settlement.posted", person="p-1", messageId="M", settledAt="2026-05-06T00:00:00Z",
                              payee=CANDIDATE, regionOfCare=REGION, regionOfInsurance=REGION, insuranceType="310",
                              amounts={"total": {"fen": "1"}}, lines=[{"lineNumber": "1"}])}
        receipt = self.submit(event)[0]
        self.assertEqual(receipt["code"], "source.not_live")


if __name__ == "__main__":
    unittest.main(verbosity=2)

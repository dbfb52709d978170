#!/usr/bin/python3
# timeout: 300
"""The connection test of an institution on a real Kafka, hub, store and gateway: the reference candidate of ops/examples passes
and the agreement advances on the signed report; wrong candidates fail the cases that are named, and nothing of the test is
ever applied. A pharmacy is tested by hand: a person reads the cases and types what its client understood. `ctl org show` then
tells what the registry says on a day."""
import base64
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
REFERENCE = SOURCE / "ops/examples/candidate.py"
EVERYBODY = {"accepted", "refused", "incomplete", "duplicate", "wrong_signature", "expired_signature", "timeout", "retry", "feed"}


def key(path, name):
    done = subprocess.run([MEDHUB, "ctl", "key", "new", "-q", "--id", name, path], stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


class Receiver(webhook_receiver.Handler):
    """The candidate's address for webhooks: the example's, or one that repeats whatever it is asked, or one that is broken."""
    kind = "example"

    def do_POST(self):
        if self.kind == "example":
            return super().do_POST()
        body = self.rfile.read(int(self.headers["content-length"]))
        return self.answer(200, json.loads(body)) if self.kind == "careless" else self.answer(500)


def reference(folder, change=(), key_file="h.pem"):
    """The command of the reference candidate, spoiled by the changes (old text, new text)."""
    script = folder / "candidate.py"
    text = REFERENCE.read_text()
    for old, new in change:
        assert old in text, old
        text = text.replace(old, new)
    script.write_text(text)
    return f"{sys.executable} {script} k1 {folder / key_file}"


class OrgTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="org-test.", dir=gateway_world.BUILD))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.world = World(cls.folder)
        cls.addClassCleanup(cls.world.close)
        cls.world.start("hub").wait_ready()
        cls.world.start("connector store").wait_ready()
        cls.world.start("gateway").wait_ready()
        cls.number = 0
        cls.receive()
        cls.found()

    @classmethod
    def receive(cls):
        """The candidate's address; the operator and it share a secret."""
        secret = "whsec_" + base64.b64encode(os.urandom(32)).decode()
        (cls.folder / "webhooks" / CANDIDATE).mkdir(parents=True)
        (cls.folder / "webhooks" / CANDIDATE / "main").write_text(secret + "\n")
        Receiver.secrets = [secret]
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        cls.addClassCleanup(server.shutdown)
        cls.endpoint = {"id": "main", "url": f"http://127.0.0.1:{server.server_port}/", "privateNetwork": True}

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
            cls.organisation(CANDIDATE, "HOSPITAL", ["hospital"], [key(cls.folder / "h.pem", "k1")], state="STATE_APPLIED",
                             endpoints=[cls.endpoint]),
            cls.organisation(PHARMACY, "PHARMACY", ["pharmacy"], [key(cls.folder / "p.pem", "k1")], state="STATE_DESIGNATED"),
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

    def play(self, candidate, timeout="8"):
        report = self.folder / "report.json"
        report.unlink(missing_ok=True)
        done = subprocess.run([*self.command(CANDIDATE, report, timeout), "--with", candidate], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=250)
        return done, *self.results(report)

    def command(self, organisation, report, timeout):
        return [MEDHUB, "ctl", "org", "test", organisation, "-b", self.world.brokers.address, "--region", REGION, "--gateway",
                f"http://127.0.0.1:{self.world.port}", "--key", self.folder / "op.pem", "--keyid", "op1", "--report", report,
                "--timeout", timeout, "--set", f"webhook.secrets_directory={self.folder / 'webhooks'}"]

    def results(self, report):
        rows = json.loads(report.read_text())["results"] if report.exists() else []
        return {row["case"] for row in rows if not row["passed"]}, rows

    def run_test(self, change=(), timeout="8"):
        return self.play(reference(self.folder, change), timeout)

    def test_1_a_candidate_that_believes_in_202_and_anybody_and_never_reads_its_feed(self):
        Receiver.kind = "careless"
        done, failed, _ = self.run_test([('0: "unknown"', '0: "accepted"'), ('"items": [event["id"] for', '"items": ["" for')])
        self.assertEqual(failed, {"timeout", "feed", "webhook_forged"}, done.stderr)
        self.assertEqual(done.returncode, 6)
        self.assertEqual(done.stdout, "")

    def test_2_a_candidate_that_is_no_program(self):
        Receiver.kind = "broken"
        done, failed, rows = self.play("cat > /dev/null", "2")
        self.assertEqual({row["case"] for row in rows} - failed, {"webhook_forged"}, done.stderr)
        self.assertIn("no answer in time", rows[0]["found"])
        self.assertIn("main: http.500", next(row["found"] for row in rows if row["case"] == "webhook"))

    def test_3_the_reference_passes_and_the_agreement_advances(self):
        Receiver.kind = "example"
        done, failed, rows = self.run_test()
        self.assertEqual((failed, done.returncode), (set(), 0), (done.stderr, rows))
        self.assertEqual({row["case"] for row in rows},
                         EVERYBODY | {"prescription", "prescription_refused", "webhook", "webhook_forged"})
        event = json.loads(done.stdout)
        forged = json.loads(done.stdout)
        forged["id"], forged["data"]["report"]["cases"] = "forged", 99
        refused, taken = self.submit(forged, event)
        self.assertEqual((refused["outcome"], refused["code"]), ("refused", "agreement.test_not_proven"))
        self.assertEqual(taken["outcome"], "accepted", taken)
        self.nothing_is_applied()

    def nothing_is_applied(self):
        for kind in ("settlement.posted", "prescription.uploaded", "prescription.claimed", "prescription.dispensed"):
            self.assertEqual(self.world.medhub("ctl", "facts", "-q", "--type", kind, "-o", "ndjson"), "", kind)

    def test_6_a_person_tests_a_pharmacy_by_hand(self):
        """Without --with each case is shown on standard error, and the answer is typed."""
        report = self.folder / "pharmacy.json"
        client = reference(self.folder, key_file="p.pem")
        with subprocess.Popen(self.command(PHARMACY, report, "8"), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as tested:
            for line in tested.stderr:
                if line.startswith("{"):
                    tested.stdin.write(subprocess.run(client, input=line, shell=True, stdout=subprocess.PIPE, text=True,
                                                      timeout=60, check=True).stdout)
                    tested.stdin.flush()
            event = json.loads(tested.stdout.read())
        failed, rows = self.results(report)
        self.assertEqual((failed, tested.returncode), (set(), 0), rows)
        self.assertEqual({row["case"] for row in rows},
                         EVERYBODY | {"claim", "claim_refused", "dispensing", "dispensing_refused"})
        self.assertEqual(event["data"]["report"]["cases"], len(rows))
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

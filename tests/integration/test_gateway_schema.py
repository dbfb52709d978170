#!/usr/bin/python3
# timeout: 900
"""The gateway keeps to its own OpenAPI document: schemathesis makes requests up from it, right and wrong ones, against real
Kafka, hub, store and gateway. No answer is a 5xx, none has a status, a content type, a header or a shape that the document
does not tell. Bounded, with a fixed seed (MEDHUB_SCHEMA_SEED, MEDHUB_SCHEMA_EXAMPLES make it different or longer). Of all types of
events some are drawn by the seed: one code checks the fields of all of them, and 68 types are 54,000 requests
(MEDHUB_SCHEMA_TYPES=68)."""
import base64
import collections
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import gateway_world  # noqa: E402
from gateway_world import World, until  # noqa: E402

SEED = os.environ.get("MEDHUB_SCHEMA_SEED", "20260131")
EXAMPLES = os.environ.get("MEDHUB_SCHEMA_EXAMPLES", "25")
TYPES = int(os.environ.get("MEDHUB_SCHEMA_TYPES", "10"))
SCHEMATHESIS = pathlib.Path(os.environ["MEDHUB_DEPS_DIR"]) / "python" / "bin" / "schemathesis"
HOOKS = pathlib.Path(__file__).resolve().parent / "schemathesis_hooks.py"
CHECKS = ("not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
          "response_schema_conformance,allow_header_conformance")
# What must have been seen of each operation, or the run looked at nothing but refusals.
WANTED = {
    "POST /v1/events": {202, 400, 403}, "GET /v1/receipts/{source}/{id}": {200, 404}, "GET /v1/feeds": {200},
    "GET /v1/feeds/{feed}": {200, 404, 400}, "GET /v1/catalogue/snapshot": {200},
    "GET /v1/items/{table}/{code}": {200, 404}, "GET /v1/prescriptions/{number}": {200, 404},
    "GET /v1/settlements/{id}": {404}, "GET /v1/search": {200, 404}, "GET /v1/trace": {200},
    "GET /v1/trace/{question}": {200, 400, 404}, "GET /v1/events": {200, 400}, "POST /v1/capture": {400},
    "GET /v1/capture/{capture}": {404}, "GET /v1/openapi.json": {200},
    "GET /v1/asyncapi.json": {200}, "GET /livez": {200}, "GET /readyz": {200},
}


class Schema(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not SCHEMATHESIS.exists():
            print("run ops/deps test")
            sys.exit(77)
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="schema.", dir=gateway_world.BUILD))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.world = World(cls.folder, gateway__wait_seconds_max=3, gateway__stream_seconds_max=1,
                          gateway__requests_per_second=100000, gateway__requests_burst=100000)
        cls.addClassCleanup(cls.world.close)
        cls.world.start_all()
        cls.do_business()

    @classmethod
    def do_business(cls):
        """One hospital submits prescriptions, a bureau a few items; the store and the gateway's copy have heard of them."""
        prescriptions = [event for event in cls.world.gen("prescriptions", "--count", "800")]
        by_source = collections.Counter(event["source"] for event in prescriptions)
        cls.organisation = by_source.most_common(1)[0][0]
        cls.prescriptions = [event for event in prescriptions if event["source"] == cls.organisation]
        cls.fresh = cls.prescriptions[len(cls.prescriptions) // 2:]
        cls.prescriptions = cls.prescriptions[:len(cls.prescriptions) // 2]
        cls.caller = cls.world.caller(cls.organisation)
        items = [event for event in cls.world.gen("catalogue-2024") if "item_changed" in event["type"]][:20]
        bureau = cls.world.caller(items[0]["source"])
        for caller, events in ((bureau, items), (cls.caller, cls.prescriptions)):
            answer = caller.request("POST", "/v1/events?wait=1", events,
                                    content_type="application/cloudevents-batch+json")
            assert answer.status in (200, 202), answer
        cls.item = items[-1]["data"]
        last = cls.prescriptions[-1]["id"]
        until(lambda: cls.caller.get(f"/v1/receipts/{cls.organisation}/{last}").status == 200, "the store knows the receipts")
        until(lambda: bureau.get(f"/v1/items/{cls.item['itemKey']}?region={cls.item['region']}").status == 200,
              "the catalogue is in the gateway's copy")
        until(lambda: bureau.get("/v1/catalogue/snapshot", accept_encoding="gzip").status == 200, "there is a snapshot")

    def known(self):
        kind, _, code = self.item["itemKey"].partition("/")
        numbers = [[event["data"]["hospitalNumber"]] for event in self.prescriptions]
        feeds = [[feed["name"]] for feed in self.caller.get("/v1/feeds").json()["feeds"]]
        return {
            "events": self.fresh,
            "parameters": {
                "source,id": [[self.organisation, event["id"]] for event in self.prescriptions],
                "number": numbers, "feed": feeds, "table,code": [[kind, code]], "region": [[self.item["region"]]],
                "key": numbers, "wait": [[3]],
            },
        }

    def some_types(self):
        """The document as served, with prescription.uploaded and what else the seed draws of the types of events."""
        document = json.loads(self.caller.get("/v1/openapi.json").body)
        for schema, choice in (("CloudEvent", "oneOf"), ("EventData", "anyOf")):
            types = document["components"]["schemas"][schema][choice]
            always = [each for each in types if each["$ref"].lower().endswith((".uploaded.v1", ".prescription.v1.uploaded"))]
            self.assertEqual(len(always), 1, types)
            others = [each for each in types if each not in always]
            types[:] = always + random.Random(SEED).sample(others, min(len(others), TYPES - 1))
        return document

    def test_the_documents_served_are_those_of_ctl_docs(self):
        for name in ("openapi", "asyncapi"):
            answer = self.caller.get(f"/v1/{name}.json")
            self.assertEqual(answer.status, 200, answer)
            printed = subprocess.run([gateway_world.MEDHUB, "ctl", "docs", name], stdout=subprocess.PIPE, check=True).stdout
            self.assertEqual(answer.body, printed)

    def test_no_answer_is_undocumented_and_none_is_5xx(self):
        document, known, answers = (self.folder / name for name in ("openapi.json", "known.json", "answers.ndjson"))
        document.write_text(json.dumps(self.some_types()))
        known.write_text(json.dumps(self.known()))
        environment = {**os.environ, "SCHEMATHESIS_HOOKS": str(HOOKS), "MEDHUB_ORGANISATION": self.organisation,
                       "MEDHUB_KEY": base64.b64encode(self.world.secrets[self.organisation]).decode(),
                       "MEDHUB_KNOWN": str(known), "MEDHUB_ANSWERS": str(answers), "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            [str(SCHEMATHESIS), "run", str(document), "--url", f"http://127.0.0.1:{self.world.port}", "--checks", CHECKS,
             "--phases", "examples,coverage,fuzzing", "--seed", SEED, "--max-examples", EXAMPLES, "--workers", "1",
             "--request-timeout", "30", "--continue-on-failure", "--no-shrink", "--suppress-health-check", "all",
             "--warnings", "off", "--output-sanitize", "false", "--generation-database", "none"],
            cwd=self.folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=700)
        output = "\n".join(line[:400] for line in done.stdout.decode().splitlines())
        self.assertEqual(done.returncode, 0, output[-20000:])
        seen = collections.defaultdict(collections.Counter)
        for line in answers.read_text().splitlines():
            operation, status = json.loads(line)
            seen[operation][status] += 1
        print(json.dumps({operation: dict(counts) for operation, counts in seen.items()}, indent=1))
        for operation, wanted in WANTED.items():
            self.assertLessEqual(wanted, set(seen[operation]), f"{operation} was answered {dict(seen[operation])}")
        decided = sum(seen["POST /v1/events"][status] for status in (200, 409, 422))
        self.assertGreaterEqual(decided, 1, "a submission waited for the decision and was told it")
        self.assertEqual(self.caller.get("/v1/feeds").status, 200, "the gateway goes on")


if __name__ == "__main__":
    unittest.main(verbosity=2)

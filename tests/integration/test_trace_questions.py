#!/usr/bin/python3
# timeout: 120
"""Items and lots from the door to the answer, on a real Kafka: scans go in at the gateway, the hub decides them, the store has
them, and each question is answered by `medhub ctl trace` and over HTTP, for a regulator, a maker, a holder and a stranger."""
import csv
import datetime
import io
import json
import pathlib
import shutil
import sys
import tempfile
import unittest
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import gateway_world  # noqa: E402
from gateway_world import World, until  # noqa: E402

UNIT, BOX = "06931718175589", "16931718175586"
IN_BOX = f"(01){BOX}(21)BX1"
MAKER, DEALER, HOSPITAL, STRANGER, REGULATOR = "M44000000001", "D44000000001", "H44010000001", "H44010000005", "R440000"
PERSON = "3c6e0b8a9c15224a8228b9a98ca1531d"
NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)


def moment(minute):
    """So many minutes after the first scan, which was a day ago: places must have time to be reached."""
    return (NOW - datetime.timedelta(days=30) + datetime.timedelta(hours=minute)).strftime("%Y-%m-%dT%H:%M:%SZ")


def unit(serial):
    return {"product": UNIT, "code": f"(01){UNIT}(17)300101(10)L1(21){serial}", "lot": "L1", "serial": serial}


def box():
    return {"product": BOX, "code": IN_BOX, "serial": "BX1"}


# hour, who says it, step, what, and whatever else it says
CHAIN = [
    (0, MAKER, "COMMISSIONED", unit("S1"), {}), (0, MAKER, "COMMISSIONED", unit("S2"), {}),
    (0, MAKER, "COMMISSIONED", unit("S3"), {}), (0, MAKER, "COMMISSIONED", box(), {}),
    (1, MAKER, "PACKED", unit("S1"), {"parentCode": IN_BOX}), (1, MAKER, "PACKED", unit("S2"), {"parentCode": IN_BOX}),
    (2, MAKER, "OUTBOUND", box(), {"counterparty": DEALER, "document": "DN-1"}),
    (50, DEALER, "INBOUND", box(), {"counterparty": MAKER, "document": "DN-1"}),
    (60, DEALER, "OUTBOUND", box(), {"counterparty": HOSPITAL}), (100, HOSPITAL, "INBOUND", box(), {"counterparty": DEALER}),
    (101, HOSPITAL, "UNPACKED", unit("S1"), {"parentCode": IN_BOX}),
    (102, HOSPITAL, "USED", unit("S1"), {"use": {"person": PERSON, "site": "下颌", "purpose": "种植"}}),
    (3, MAKER, "OUTBOUND", unit("S3"), {"counterparty": DEALER}),
]


def scan(number, said):
    hour, holder, step, what, more = said
    return {"specversion": "1.0", "id": f"scan-{number}", "source": holder, "type": "medhub.trace.item_scanned.v1",
            "time": moment(hour),
            "data": {**what, "step": f"STEP_{step}", "codeSystem": "CODE_SYSTEM_GS1", "productKind": "PRODUCT_KIND_DEVICE",
                     "deviceClass": "DEVICE_CLASS_II", "madeOn": "2024-01-01", "name": "种植体", "specification": "4.1x10",
                     "quantity": {"e4": "10000"}, "holder": holder, "scannedAt": moment(hour), "region": "440100", **more}}


class Trace(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="trace.", dir=gateway_world.BUILD))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.world = World(cls.folder)
        cls.addClassCleanup(cls.world.close)
        cls.world.gen = cls.with_a_maker(cls.world.gen)
        cls.world.start_all()
        for number, said in enumerate(CHAIN):
            answer = cls.world.caller(said[1]).submit(scan(number, said), "/v1/events?wait=20")
            assert answer.status == 200, answer
        regulator = cls.world.caller(REGULATOR)
        until(lambda: len(cls.over_http(regulator, "history", f"product={UNIT}&serial=S3")) == 2, "the last scan is in the store")

    @staticmethod
    def with_a_maker(gen):
        """The generated world has no makers: one is made of a dealer."""
        def made(what, *options):
            events = gen(what, *options)
            dealer = next((event for event in events if event["data"].get("organisation", {}).get("id") == DEALER), None)
            if dealer is not None:
                maker = json.loads(json.dumps(dealer).replace(DEALER, MAKER).replace("KIND_DISTRIBUTOR", "KIND_REGISTRANT"))
                maker["id"] += "-maker"
                maker["data"]["organisation"]["roles"] = ["registrant"]
                events.insert(events.index(dealer) + 1, maker)
            return events
        return made

    @staticmethod
    def over_http(caller, question, query=""):
        answer = caller.get(f"/v1/trace/{question}?{query}")
        assert answer.status == 200, answer
        assert answer.headers["content-type"] == "application/json", answer
        return answer.json()["rows"]

    def by_ctl(self, question, *arguments, codes=(0,)):
        out = self.world.medhub("ctl", "trace", question, *arguments, "-q", "-o", "ndjson", "--set",
                                f"store.database={self.folder / 'medhub.sqlite'}", codes=codes)
        return [json.loads(line) for line in out.splitlines()]

    def same(self, question, arguments, query):
        """Both doors give the same rows, and the regulator's CSV too."""
        regulator = self.world.caller(REGULATOR)
        rows = self.over_http(regulator, question, query)
        self.assertEqual(self.by_ctl(question, *arguments), rows)
        answer = regulator.curl("GET", f"/v1/trace/{question}?{query}", options=("-H", "Accept: text/csv"))
        self.assertEqual((answer.status, answer.headers["content-type"]), (200, "text/csv"))
        table = list(csv.DictReader(io.StringIO(answer.body.decode())))
        self.assertEqual([{name: value for name, value in row.items() if value} for row in table],
                         [{name: str(value) for name, value in row.items()} for row in rows])
        return rows

    def test_history_of_an_item(self):
        code = unit("S1")["code"]
        rows = self.same("history", [code], "code=" + urllib.parse.quote(code))
        self.assertEqual([(row["step"], row["holder"], row["depth"]) for row in rows],
                         [("commissioned", MAKER, 0), ("packed", MAKER, 0), ("outbound", MAKER, 1), ("inbound", DEALER, 1),
                          ("outbound", DEALER, 1), ("inbound", HOSPITAL, 1), ("unpacked", HOSPITAL, 0), ("used", HOSPITAL, 0)])

    def test_who_holds_the_lot(self):
        rows = self.same("holders", ["--product", UNIT, "--lot", "L1"], f"product={UNIT}&lot=L1")
        self.assertEqual([(row["holder"], row.get("onTheWayTo"), row["quantity"]) for row in rows],
                         [(HOSPITAL, None, 1), (MAKER, DEALER, 1)])
        rows = self.same("holders", ["--product", UNIT, "--lot", "L1", "--at", moment(70)],
                         f"product={UNIT}&lot=L1&at={moment(70)}")
        self.assertEqual([(row["holder"], row["onTheWayTo"], row["quantity"]) for row in rows],
                         [(DEALER, HOSPITAL, 2), (MAKER, DEALER, 1)])

    def test_who_used_it(self):
        rows = self.same("uses", ["--product", UNIT, "--lot", "L1"], f"product={UNIT}&lot=L1")
        self.assertEqual([(row["holder"], row["person"], row["serial"]) for row in rows], [(HOSPITAL, PERSON, "S1")])

    def test_upstream(self):
        rows = self.same("upstream", ["--product", UNIT, "--serial", "S2"], f"product={UNIT}&serial=S2")
        self.assertEqual([row["holder"] for row in rows], [HOSPITAL, DEALER, MAKER])

    def test_box_to_units(self):
        rows = self.same("contents", [IN_BOX], "code=" + urllib.parse.quote(IN_BOX))
        self.assertEqual([row["serial"] for row in rows], ["S2"])
        rows = self.same("contents", [IN_BOX, "--at", moment(70)], f"code={urllib.parse.quote(IN_BOX)}&at={moment(70)}")
        self.assertEqual([row["serial"] for row in rows], ["S1", "S2"])

    def test_shipped_and_never_received(self):
        rows = self.same("unreceived", ["--days", "14"], "days=14")
        self.assertEqual([(row["holder"], row["counterparty"], row["serial"]) for row in rows], [(MAKER, DEALER, "S3")])
        self.assertEqual(self.by_ctl("unreceived", "--days", "40", codes=(3,)), [])

    def test_as_of_a_time(self):
        rows = self.same("state", ["--product", UNIT, "--serial", "S1", "--at", moment(55)],
                         f"product={UNIT}&serial=S1&at={moment(55)}")
        self.assertEqual([(row["step"], row["holder"]) for row in rows], [("inbound", DEALER)])

    def test_each_caller_sees_what_it_may(self):
        history, uses = f"product={UNIT}&serial=S1", f"product={UNIT}&lot=L1"
        steps = {name: [row["step"] for row in self.over_http(self.world.caller(name), "history", history)]
                 for name in (MAKER, DEALER, HOSPITAL, STRANGER)}
        self.assertEqual(len(steps[MAKER]), 8)
        self.assertEqual(steps[DEALER], ["outbound", "inbound", "outbound", "inbound"])
        self.assertEqual(steps[HOSPITAL], ["outbound", "inbound", "unpacked", "used"])
        self.assertEqual(steps[STRANGER], [])
        persons = {name: [row.get("person") for row in self.over_http(self.world.caller(name), "uses", uses)]
                   for name in (MAKER, DEALER, HOSPITAL, STRANGER, REGULATOR)}
        self.assertEqual(persons, {MAKER: [None], DEALER: [], HOSPITAL: [PERSON], STRANGER: [], REGULATOR: [PERSON]})

    def test_bad_questions_are_refused(self):
        caller = self.world.caller(REGULATOR)
        for target, status, code in ((f"/v1/trace/nothing?product={UNIT}", 404, "trace.question"),
                                     (f"/v1/trace/history?product={UNIT}", 400, "trace.needs"),
                                     ("/v1/trace/history?code=hello", 400, "trace.code"),
                                     (f"/v1/trace/state?product={UNIT}&serial=S1&at=yesterday", 400, "request.parameter")):
            answer = caller.get(target)
            self.assertEqual((answer.status, answer.json()["code"]), (status, code))
        names = [question["name"] for question in caller.get("/v1/trace").json()["questions"]]
        self.assertLessEqual({"history", "holders", "uses", "upstream", "contents", "unreceived", "state"}, set(names))


if __name__ == "__main__":
    unittest.main()

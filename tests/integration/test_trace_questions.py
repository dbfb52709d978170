#!/usr/bin/python3
# timeout: 300
"""Items and lots from the door to the answer, on a real Kafka: scans go in at the gateway, the hub decides them, the store has
them, and each question is answered by `medhub ctl trace` and over HTTP, for a regulator, a maker, a holder and a stranger."""
import contextlib
import csv
import datetime
import io
import json
import pathlib
import shutil
import sqlite3
import sys
import tempfile
import unittest
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import gateway_world  # noqa: E402
from gateway_world import World, until  # noqa: E402

HOLDERS, FIRST_ROW_MS = 50000, 200
UNIT, BOX = "06931718175589", "16931718175586"
IN_BOX = f"(01){BOX}(21)BX1"
MAKER, DEALER, HOSPITAL, STRANGER, REGULATOR = "M44000000001", "D44000000001", "H44010000001", "H44010000005", "R440000"
PERSON = "3c6e0b8a9c15224a8228b9a98ca1531d"
NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)


def moment(hour):
    """So many hours after the first scan, which was a month ago: places must have time to be reached."""
    return (NOW - datetime.timedelta(days=30) + datetime.timedelta(hours=hour)).strftime("%Y-%m-%dT%H:%M:%SZ")


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
        cls.world.start_all()
        for name in (MAKER, DEALER, HOSPITAL, STRANGER, REGULATOR):
            until(lambda name=name: cls.world.caller(name).get("/v1/feeds").status == 200, f"the gateway knows {name}")
        for number, said in enumerate(CHAIN):
            answer = cls.world.caller(said[1]).submit(scan(number, said), "/v1/events?wait=20")
            assert answer.status == 200, answer
        regulator = cls.world.caller(REGULATOR)
        until(lambda: len(cls.over_http(regulator, "history", f"product={UNIT}&serial=S3")) == 2, "the last scan is in the store")

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
        rows = self.same("unreceived", ["--days", "14", "--product", UNIT], f"days=14&product={UNIT}")
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

    def test_every_route_shows_a_caller_its_own(self):
        """question, what is asked, and how many rows the maker, the dealer, the hospital and a stranger get of them."""
        lot, item, first = f"product={UNIT}&lot=L1", f"product={UNIT}&serial=S1", f"product={UNIT}&serial=S3"
        for question, query, wanted in (("history", lot, (8, 1, 2, 0)), ("holders", lot, (2, 1, 1, 0)),
                                        ("holders", f"{lot}&at={moment(70)}", (2, 2, 1, 0)), ("uses", item, (1, 0, 1, 0)),
                                        ("state", item, (1, 1, 1, 0)), ("state", first, (1, 1, 0, 0)),
                                        ("upstream", f"product={UNIT}&serial=S2", (3, 2, 1, 0)),
                                        ("contents", "code=" + urllib.parse.quote(IN_BOX), (1, 1, 1, 0)),
                                        ("unreceived", f"days=14&product={UNIT}", (1, 1, 0, 0))):
            with self.subTest(question=question, query=query):
                found = [len(self.over_http(self.world.caller(name), question, query)) for name in (MAKER, DEALER, HOSPITAL, STRANGER)]
                self.assertEqual(tuple(found), wanted)

    # ---- EPCIS 2.0

    def capture(self, events, **more):
        document = {"@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"], "type": "EPCISDocument",
                    "schemaVersion": "2.0", "creationDate": moment(0), "epcisBody": {"eventList": events}, **more}
        return self.world.caller(MAKER).request("POST", "/v1/capture", document, content_type="application/ld+json")

    @staticmethod
    def commissioned(serials):
        return {"type": "ObjectEvent", "eventTime": moment(0), "eventTimeZoneOffset": "+08:00", "action": "ADD",
                "bizStep": "commissioning", "epcList": [f"https://id.gs1.org/01/{UNIT}/21/{serial}" for serial in serials],
                "ilmd": {"cbvmda:lotNumber": "L7", "cbvmda:itemExpirationDate": "2030-01-01"}}

    def test_epcis_in_and_out(self):
        maker = self.world.caller(MAKER)
        events = [self.commissioned(("E1", "E2")),
                  {"type": "AggregationEvent", "eventTime": moment(1), "eventTimeZoneOffset": "+08:00", "action": "ADD",
                   "bizStep": "packing", "parentID": f"https://id.gs1.org/01/{BOX}/21/EB",
                   "childEPCs": [f"https://id.gs1.org/01/{UNIT}/21/E1"]},
                  {"type": "ObjectEvent", "eventTime": moment(2), "eventTimeZoneOffset": "+08:00", "action": "OBSERVE",
                   "bizStep": "shipping", "disposition": "in_transit", "epcList": [f"https://id.gs1.org/01/{BOX}/21/EB"],
                   "destinationList": [{"type": "owning_party", "destination": f"urn:medhub:organisation:{DEALER}"}]}]
        answer = self.capture(events)
        self.assertEqual((answer.status, answer.json()["scans"]), (202, 4), answer)
        self.assertEqual(answer.headers["gs1-capture-error-behaviour"], "proceed")
        job = until(lambda: self.job(answer.headers["location"]), "all scans of the document are decided")
        self.assertEqual((job["success"], job["decided"], job["errors"]), (True, 4, []))
        self.assertEqual(self.capture(events).json()["captureID"], job["captureID"])

        uri = urllib.parse.quote(f"https://id.gs1.org/01/{UNIT}/21/E1", safe="")
        told = maker.get(f"/v1/events?MATCH_anyEPC={uri}")
        self.assertEqual((told.status, told.headers["content-type"]), (200, "application/ld+json"))
        out = told.json()["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
        self.assertEqual([(event["type"], event["action"], event["bizStep"]) for event in out],
                         [("ObjectEvent", "ADD", "commissioning"), ("AggregationEvent", "ADD", "packing"),
                          ("ObjectEvent", "OBSERVE", "shipping")])
        self.assertEqual(out[2]["destinationList"][0]["destination"], f"urn:medhub:organisation:{DEALER}")
        self.assertEqual(maker.get(f"/v1/events?MATCH_anyEPC={uri}&EQ_bizStep=packing").json()["epcisBody"]["queryResults"][
            "resultsBody"]["eventList"], out[1:2])
        hidden = self.world.caller(STRANGER).get(f"/v1/events?MATCH_anyEPC={uri}").json()
        self.assertEqual(hidden["epcisBody"]["queryResults"]["resultsBody"]["eventList"], [])

        by_ctl = json.loads(self.world.medhub("ctl", "trace", "epcis", f"(01){UNIT}(21)E1", "-q", "--set",
                                              f"store.database={self.folder / 'medhub.sqlite'}"))
        self.assertEqual(by_ctl["epcisBody"]["queryResults"]["resultsBody"]["eventList"], out)
        hashes = self.world.medhub_plain("event", "hash", input=json.dumps(by_ctl))
        self.assertEqual(hashes.split(), [event["eventID"] for event in out])
        for event in out:
            event.pop("recordTime")
        again = self.capture(out, **{"@context": by_ctl["@context"]})
        self.assertEqual((again.status, again.json()["scans"]), (202, 3), again)

    def job(self, address):
        answer = self.world.caller(MAKER).get(address)
        return answer.json() if answer.status == 200 and not answer.json()["running"] else None

    def test_broken_epcis_is_refused_with_its_path(self):
        answer = self.capture([self.commissioned(("E9",)), {**self.commissioned(("E8",)), "colour": "red"}])
        self.assertEqual((answer.status, answer.json()["code"], answer.json()["path"]),
                         (400, "epcis.member", "epcisBody.eventList[1].colour"))
        self.assertEqual(self.world.caller(MAKER).get("/v1/capture/" + "0" * 32 + "-1").status, 404)

    # ---- a long answer

    def fill_recall(self, number, holders, overdue=0):
        """Rows as the store writes them for a recall of so many holders: deciding them all would take a minute."""
        with contextlib.closing(sqlite3.connect(self.folder / "medhub.sqlite", timeout=30)) as rows, rows:
            rows.execute("INSERT INTO recall VALUES (?, ?, ?, ?, 1, '440000', 'a test', 0)", (number, UNIT, MAKER, MAKER))
            told = [(number, UNIT, holder) for holder in holders]
            rows.executemany("INSERT INTO recall_holding VALUES (?, ?, ?, 1, 10000, 0, 0, 0, 0, 0)", told)
            rows.executemany("INSERT INTO recall_answer VALUES (?, ?, ?, 1, 1, 1780000000000, 0)", told)
            rows.executemany("INSERT INTO recall_answer VALUES (?, ?, ?, 3, 1, 1780000000000, 1)", told[:overdue])

    def test_recalls_show_a_caller_its_own(self):
        """Progress, holders and those that are overdue: the issuer and a regulator see all, a holder itself; as JSON and as CSV."""
        self.fill_recall("ZH-8", (DEALER, HOSPITAL), overdue=1)
        for route, maker, dealer, hospital in (("", [UNIT], [UNIT], [UNIT]), ("/holders", [DEALER, HOSPITAL], [DEALER], [HOSPITAL]),
                                               ("/overdue", [DEALER], [DEALER], [])):
            for name, wanted in ((MAKER, maker), (REGULATOR, maker), (DEALER, dealer), (HOSPITAL, hospital), (STRANGER, [])):
                with self.subTest(route=route, caller=name):
                    caller, column = self.world.caller(name), "holder" if route else "product"
                    rows = caller.get(f"/v1/recalls/ZH-8{route}").json()["rows"]
                    self.assertEqual([row[column] for row in rows], wanted)
                    answer = caller.curl("GET", f"/v1/recalls/ZH-8{route}", options=("-H", "Accept: text/csv"))
                    self.assertEqual([row[column] for row in csv.DictReader(io.StringIO(answer.body.decode()))], wanted)

    def test_a_recall_of_fifty_thousand_holders_is_streamed(self):
        self.fill_recall("ZH-9", [f"H{number:011}" for number in range(HOLDERS)])
        regulator, taken = self.world.caller(REGULATOR), {}
        for accept, separator in (("application/json", b'{"product"'), ("text/csv", UNIT.encode())):
            head, first_ms, body = regulator.first_part("/v1/recalls/ZH-9/holders", separator, Accept=accept)
            self.assertEqual((head.status, head.headers["transfer-encoding"], head.headers["content-type"]), (200, "chunked", accept))
            taken[accept] = body
            print(f"first row of {HOLDERS} as {accept} after {first_ms:.0f} ms", file=sys.stderr)
            self.assertLess(first_ms, FIRST_ROW_MS)
        wanted = [f"H{number:011}" for number in range(HOLDERS)]
        self.assertEqual([row["holder"] for row in json.loads(taken["application/json"])["rows"]], wanted)
        self.assertEqual([row["holder"] for row in csv.DictReader(io.StringIO(taken["text/csv"].decode()))], wanted)

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

#!/usr/bin/python3
# timeout: 600
"""The gateway on a real Kafka with the real hub and store: what goes in by HTTP is in the inbox, decided and told again, to
those who may see it and nobody else."""
import base64
import gzip
import json
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parent), str(pathlib.Path(__file__).resolve().parent.parent / "support")]

import catalogue_digest  # noqa: E402
import gateway_world  # noqa: E402
from gateway_world import World, until  # noqa: E402

CATALOGUE_ROWS = 300
PARTITIONS = 6


class Gateway(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="gateway.", dir=gateway_world.BUILD))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.world = World(cls.folder, gateway__request_timeout_seconds=2, gateway__idle_timeout_seconds=3,
                          gateway__batch_events_max=50, gateway__body_bytes_max=100000)
        cls.addClassCleanup(cls.world.close)
        cls.world.start_all()
        cls.make_business()
        cls.publish_catalogue()

    @classmethod
    def publish_catalogue(cls):
        """Through the gateway, in batches, by the bureau whose it is."""
        events = cls.world.gen("catalogue-2024")
        cls.items = [event for event in events if "item_changed" in event["type"]]
        wanted = {line["catalogueCode"] for event in cls.prescriptions + cls.refused + cls.settlements
                  for line in event["data"].get("lines", []) if "catalogueCode" in line}
        cls.items = [item for i, item in enumerate(cls.items)
                     if i < CATALOGUE_ROWS or item["data"]["item"]["code"] in wanted]
        for source in {item["source"] for item in cls.items}:
            mine = [item for item in cls.items if item["source"] == source]
            for i in range(0, len(mine), 50):
                answer = cls.caller(source).request("POST", "/v1/events?wait=30", mine[i:i + 50],
                                                    content_type="application/cloudevents-batch+json")
                if answer.status != 200 or {one["status"] for one in answer.json()} != {"accepted"}:
                    raise AssertionError(answer)
        item = cls.items[-1]
        path = f"/v1/items/{item['data']['itemKey']}?region={item['data']['region']}"
        until(lambda: cls.caller("B000000").get(path).status == 200, "the catalogue is in the gateway's copy")

    @classmethod
    def make_business(cls):
        cls.prescriptions = cls.world.gen("prescriptions", "--count", "30")
        cls.settlements = cls.world.gen("prescriptions,settlements", "--count", "20")
        cls.refused = [event for event in cls.world.gen("prescriptions", "--count", "30", "--wrong", "100", "--seed", "5")
                       if event["expect"] == "refused" and event["source"] in cls.world.secrets]

    @classmethod
    def caller(cls, organisation):
        return cls.world.caller(organisation)

    fresh = iter(range(10**6))

    def event(self, **changes):
        """A prescription that nobody has submitted yet."""
        return {**self.prescriptions[0], "id": f"t-{next(self.fresh)}", **changes}

    def accepted(self):
        """One that the hub accepts: each prescription number once."""
        return self.prescriptions.pop()

    # ---- events in ----

    def test_structured_is_acknowledged_and_its_receipt_follows(self):
        event = self.accepted()
        caller = self.caller(event["source"])
        answer = caller.curl("POST", "/v1/events", json.dumps(event).encode(),
                             [("Content-Type", "application/cloudevents+json")])
        self.assertEqual(answer.status, 202, answer)
        address = f"/v1/receipts/{event['source']}/{event['id']}"
        self.assertEqual((answer.headers["location"], answer.json()["receipt"]), (address, address))
        receipt = until(lambda: (got := caller.curl("GET", address)).status == 200 and got.json(), "the receipt")
        self.assertEqual((receipt["outcome"], receipt["id"]), ("accepted", event["id"]))

    def test_binary_modes_mean_the_same_as_structured(self):
        event = self.event()
        caller = self.caller(event["source"])
        attributes = [("ce-specversion", "1.0"), ("ce-source", event["source"]), ("ce-type", event["type"]),
                      ("ce-time", event["time"])]
        data = json.dumps(event["data"]).encode()
        answers = [caller.curl("POST", "/v1/events", data, [("Content-Type", "application/json"),
                                                            ("ce-id", "binary%20%E4%B8%80"), *attributes]),
                   caller.curl("POST", "/v1/events", json.dumps({**event, "id": "structured"}).encode(),
                               [("Content-Type", "application/cloudevents+json; charset=utf-8")])]
        self.assertEqual([answer.status for answer in answers], [202, 202], answers)
        records = {record.header("ce_id"): record for record in self.world.inbox("medhub.inbox.prescription")}
        json_mode, structured = records["binary 一"], records["structured"]
        self.assertEqual((json_mode.key, json_mode.value), (structured.key, structured.value))
        self.assertEqual(json_mode.partition, structured.partition)
        protobuf = caller.curl("POST", "/v1/events", structured.value,
                               [("Content-Type", "application/protobuf"), ("ce-id", "protobuf"), *attributes])
        self.assertEqual(protobuf.status, 202, protobuf)
        record = next(record for record in self.world.inbox("medhub.inbox.prescription")
                      if record.header("ce_id") == "protobuf")
        self.assertEqual((record.key, record.value, record.partition),
                         (structured.key, structured.value, structured.partition))

    def test_a_batch_is_answered_event_by_event(self):
        good, bad = self.accepted(), self.refused.pop()
        batch = [{**good, "id": "b-1"}, {**bad, "id": "b-2", "source": good["source"]}]
        answer = self.caller(good["source"]).request("POST", "/v1/events?wait=20", batch,
                                                     content_type="application/cloudevents-batch+json")
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual([one["status"] for one in answer.json()], ["accepted", "refused"])
        self.assertTrue(answer.json()[1]["findings"])

    def test_nothing_of_a_malformed_batch_is_taken(self):
        event = self.event()
        answer = self.caller(event["source"]).request("POST", "/v1/events", [{**event, "id": "half-1"}, {"id": "half-2"}],
                                                      content_type="application/cloudevents-batch+json")
        self.assertEqual((answer.status, answer.json()["index"]), (400, 1), answer)
        self.assertFalse([1 for record in self.world.inbox("medhub.inbox.prescription")
                          if record.header("ce_id").startswith("half")])

    def test_waiting_tells_the_decision_and_a_repetition_hears_the_first(self):
        event = self.accepted()
        caller = self.caller(event["source"])
        first = caller.submit(event, "/v1/events?wait=20")
        self.assertEqual((first.status, first.json()["outcome"]), (200, "accepted"), first)
        again = caller.submit(event, "/v1/events?wait=20")
        self.assertEqual((again.status, again.body), (200, first.body))

    def test_a_refusal_tells_everything_in_both_languages(self):
        event = self.refused.pop()
        answer = self.caller(event["source"]).submit(event, "/v1/events?wait=20")
        problem = answer.json()
        self.assertEqual((answer.status, answer.headers["content-type"], problem["code"]),
                         (422, "application/problem+json", event["expectcode"]), answer)
        finding = next(one for one in problem["findings"] if one["code"] == event["expectcode"])
        for member in ("rule", "citation", "path", "sentenceZh", "sentenceEn"):
            self.assertTrue(finding[member], member)
        again = self.caller(event["source"]).submit(event, "/v1/events?wait=20")
        self.assertEqual((again.status, again.json()["findings"]), (422, problem["findings"]))

    def test_a_duplicate_of_another_event_is_a_conflict(self):
        event = next(event for event in self.settlements
                     if event["type"].startswith("medhub.settlement.posted"))
        caller = self.caller(event["source"])
        first = caller.submit({**event, "id": "s-1"}, "/v1/events?wait=20")
        self.assertEqual(first.status, 200, first)
        second = caller.submit({**event, "id": "s-2"}, "/v1/events?wait=20")
        self.assertEqual((second.status, second.json()["receipt"]["firstId"]), (409, "s-1"), second)

    def test_nobody_speaks_for_another_or_reads_his_receipts(self):
        event = self.accepted()
        self.assertEqual(self.caller(event["source"]).submit(event, "/v1/events?wait=20").status, 200)
        stranger = self.caller("B000000")
        self.assertEqual(stranger.submit(self.event()).status, 403)
        self.assertEqual(stranger.get(f"/v1/receipts/{event['source']}/{event['id']}").status, 404)
        self.assertEqual(stranger.get(f"/v1/receipts/{event['source']}/never").status, 404)

    # ---- feeds ----

    def insurer(self, event):
        """An organisation that hears insurer@ the region of the event's insurance."""
        feed = f"insurer@{event['data']['regionOfInsurance']}"
        for name in self.world.secrets:
            answer = self.caller(name).get("/v1/feeds")
            if answer.status == 200 and feed in [one["name"] for one in answer.json()["feeds"]]:
                return self.caller(name), feed
        raise AssertionError(f"nobody hears {feed}")

    def read_all(self, caller, feed, **headers):
        events, cursor = [], ""
        while True:
            page = caller.get(f"/v1/feeds/{feed}?limit=7{cursor}", **headers)
            self.assertEqual(page.status, 200, page)
            events += page.json()["events"]
            cursor = f"&after={page.json()['next']}"
            if page.json()["atEnd"]:
                return events, page.json()["next"]

    def test_a_long_poll_is_answered_when_something_comes(self):
        event = self.accepted()
        insurer, feed = self.insurer(event)
        before, cursor = self.read_all(insurer, feed)
        answers = []
        waiting = threading.Thread(target=lambda: answers.append((insurer.get(f"/v1/feeds/{feed}?after={cursor}&wait=30"),
                                                                  time.monotonic())))
        waiting.start()
        accepted = self.caller(event["source"]).submit(event, "/v1/events?wait=20")
        decided = time.monotonic()
        waiting.join()
        page, came = answers[0]
        self.assertEqual((accepted.status, page.status), (200, 200), page)
        self.assertEqual([one["id"] for one in page.json()["events"]], [event["id"]])
        self.assertNotIn(event["id"], [one["id"] for one in before])
        self.assertLess(came - decided, 1)
        self.assertEqual(page.json()["events"][0]["data"]["nationalNumber"], event["data"]["nationalNumber"])

    def test_a_long_poll_without_news_ends_in_time(self):
        event = self.prescriptions[0]
        insurer, feed = self.insurer(event)
        _, cursor = self.read_all(insurer, feed)
        begun = time.monotonic()
        page = insurer.get(f"/v1/feeds/{feed}?after={cursor}&wait=1")
        self.assertEqual((page.status, page.json()["events"], page.json()["atEnd"]), (200, [], True))
        self.assertTrue(0.8 < time.monotonic() - begun < 5)

    def test_a_stream_goes_on_where_it_was_left(self):
        events = [self.accepted() for _ in range(3)]
        insurer, feed = self.insurer(events[0])
        _, cursor = self.read_all(insurer, feed)
        stream = insurer.stream(f"/v1/feeds/deliveries?after={cursor}")
        self.assertEqual(stream.status, 200)
        self.assertEqual(self.caller(events[0]["source"]).submit(events[0], "/v1/events?wait=20").status, 200)
        first, seen = stream.next()
        self.assertEqual(seen["id"], events[0]["id"])
        stream.close()
        mine = [event for event in events[1:] if event["data"]["regionOfInsurance"] == events[0]["data"]["regionOfInsurance"]]
        for event in mine:
            self.assertEqual(self.caller(event["source"]).submit(event, "/v1/events?wait=20").status, 200)
        again = insurer.stream(f"/v1/feeds/deliveries?after={cursor}", last_event_id=first)
        self.assertEqual(sorted(again.next()[1]["id"] for _ in mine), sorted(event["id"] for event in mine))
        again.close()

    def test_a_feed_is_whole_and_in_order_over_pages_and_over_a_restart(self):
        bureau = self.caller(next(iter(sorted(name for name in self.world.secrets if name.startswith("H")))))
        events, _ = self.read_all(bureau, "catalogue")
        self.assertEqual(sorted(event["data"]["itemKey"] for event in events if "item_changed" in event["type"]),
                         sorted(item["data"]["itemKey"] for item in self.items))
        for key in {event["partitionkey"] for event in events}:
            versions = [int(event["factversion"]) for event in events if event["partitionkey"] == key]
            self.assertEqual(versions, sorted(versions), key)
        half = bureau.get("/v1/feeds/catalogue?limit=40").json()
        self.world.parts["gateway"].stop()
        self.world.start("gateway").wait_ready()
        bureau.close()
        rest, cursor = [], half["next"]
        while True:
            page = bureau.get(f"/v1/feeds/catalogue?limit=100&after={cursor}").json()
            rest += page["events"]
            cursor = page["next"]
            if page["atEnd"]:
                break
        self.assertEqual(sorted(event["factid"] for event in half["events"] + rest),
                         sorted(event["factid"] for event in events))

    def test_feeds_of_others_and_garbled_cursors_are_refused(self):
        hospital = self.caller(self.prescriptions[0]["source"])
        self.assertEqual(hospital.get("/v1/feeds/regulator@440000").status, 404)
        self.assertEqual(hospital.get("/v1/feeds/nothing").status, 404)
        good = hospital.get("/v1/feeds/deliveries?limit=1").json()["next"]
        for bad in (good[:-1] + ("A" if good[-1] != "A" else "B"), "x", good + "A", "%FF", good[2:]):
            self.assertEqual(hospital.get(f"/v1/feeds/deliveries?after={bad}").status, 400, bad)

    # ---- the catalogue ----

    def snapshot(self, coding):
        answer = self.caller("B000000").get("/v1/catalogue/snapshot", accept_encoding=coding)
        self.assertEqual((answer.status, answer.headers.get("content-encoding")), (200, coding), answer)
        text = gzip.decompress(answer.body) if coding == "gzip" else subprocess.run(
            ["zstd", "-dc"], input=answer.body, stdout=subprocess.PIPE, check=True).stdout
        return answer, text.splitlines()

    def test_the_snapshot_and_the_feed_after_it_give_the_catalogue(self):
        until(lambda: self.caller("B000000").get("/v1/catalogue/snapshot", accept_encoding="gzip").headers.get("medhub-rows") ==
              str(len(self.items)), "a snapshot with all rows")
        answer, lines = self.snapshot("gzip")
        head, rows, tail = json.loads(lines[0]), lines[1:-1], json.loads(lines[-1])
        self.assertEqual((head["cursor"], tail["rows"]), (answer.headers["medhub-cursor"], len(rows)))
        self.assertEqual(catalogue_digest.of_rows((row["kind"], row["code"], row["region"], row["validFrom"], row.get("validUntil", ""),
                                                   row["item"], row["version"]) for row in map(json.loads, rows)), tail["digest"])
        self.assertEqual(tail["digest"], answer.headers["medhub-digest"])
        self.assertEqual(sorted(f"{row['kind']}/{row['code']}" for row in map(json.loads, rows)),
                         sorted(item["data"]["itemKey"] for item in self.items))
        page = self.caller(self.prescriptions[0]["source"]).get(f"/v1/feeds/catalogue?after={head['cursor']}")
        self.assertEqual((page.status, page.json()["events"]), (200, []), page)
        other, zstd_lines = self.snapshot("zstd")
        self.assertEqual(sorted(zstd_lines[1:-1]), sorted(rows))
        same = self.caller("B000000").get("/v1/catalogue/snapshot", accept_encoding="zstd",
                                          if_none_match=other.headers["etag"])
        self.assertEqual(same.status, 304)

    def test_an_item_is_found_by_day_and_region(self):
        item = self.items[0]["data"]
        caller = self.caller(self.prescriptions[0]["source"])
        day = item["item"]["validFrom"]
        found = caller.get(f"/v1/items/{item['itemKey']}?date={day}&region=650102")
        self.assertEqual((found.status, found.json()["item"]["name"], found.json()["region"]),
                         (200, item["item"]["name"], item["region"]), found)
        self.assertEqual((found.json()["layer"], found.json()["key"], found.json()["payable"], found.json()["why"][0].split(":")[0]),
                         ("NATION", item["itemKey"], True, "NATIONAL_ROW"), found)
        self.assertEqual(found.json().get("release"), item["item"].get("release"), found)
        self.assertEqual(caller.get(f"/v1/items/NONE/{item['itemKey'].split('/')[1]}").status, 404)
        self.assertEqual(caller.get(f"/v1/items/{item['itemKey']}?date=1999-01-01").status, 404)
        self.assertEqual(caller.get(f"/v1/items/{item['itemKey']}?date=yesterday").status, 400)

    # ---- questions ----

    def test_a_prescription_is_shown_to_those_it_concerns(self):
        event = self.accepted()
        mine = self.caller(event["source"])
        self.assertEqual(mine.submit(event, "/v1/events?wait=20").status, 200)
        number = event["data"]["nationalNumber"]
        seen = until(lambda: (got := mine.get(f"/v1/prescriptions/{number}")).status == 200 and got.json(), "the exchange")
        steps = [line["step"] for line in seen["exchanges"][-1]["lines"]]
        self.assertEqual(steps[0], "submitted")
        self.assertIn("fact", steps)
        insurer, _ = self.insurer(event)
        # The fact and the delivery are records of two topics: the read model may have the one a moment before the other.
        other = until(lambda: (got := insurer.get(f"/v1/prescriptions/{number}")).status == 200 and got.json(), "the delivery")
        self.assertNotIn("fact", [line["step"] for line in other["exchanges"][0]["lines"]])
        regulator = self.caller(next(name for name in self.world.secrets if name.startswith("R")))
        self.assertEqual(regulator.get(f"/v1/prescriptions/{number}").status, 404)
        self.assertEqual(mine.get(f"/v1/search?key={number}&kind=prescription").status, 200)
        self.assertEqual(mine.get(f"/v1/search?key={number}&kind=lot").status, 404)
        self.assertEqual(mine.get(f"/v1/search?key={number}&kind=nonsense").status, 400)

    def test_a_settlement_is_shown_to_those_it_concerns(self):
        posted = [event for event in self.settlements if event["type"].startswith("medhub.settlement.posted")]
        event, mine = posted[-1], self.caller(posted[-1]["source"])
        self.assertEqual(mine.submit(event, "/v1/events?wait=20").status, 200)
        address = f"/v1/settlements/{event['data']['messageId']}"
        seen = until(lambda: (got := mine.get(address)).status == 200 and got.json(), "the exchange")
        self.assertIn("fact", [line["step"] for line in seen["exchanges"][-1]["lines"]])
        insurer, _ = self.insurer(event)
        other = until(lambda: (got := insurer.get(address)).status == 200 and got.json(), "the delivery")
        self.assertNotIn("fact", [line["step"] for line in other["exchanges"][0]["lines"]])
        regulator = self.caller(next(name for name in self.world.secrets if name.startswith("R")))
        self.assertEqual(regulator.get(address).status, 404)
        self.assertEqual(mine.get("/v1/settlements/none-such").status, 404)

    # ---- what is refused before it is looked at ----

    def test_bad_requests_get_problem_details(self):
        caller = self.caller(self.prescriptions[0]["source"])
        event = self.event()
        body = json.dumps(event).encode()
        structured = [("Content-Type", "application/cloudevents+json")]
        cases = [
            ("GET", "/v1/nothing", None, [], 404),
            ("DELETE", "/v1/events", None, [], 405),
            ("GET", "/v1/feeds/deliveries?limit=0", None, [], 400),
            ("GET", "/v1/feeds/deliveries?unknown=1", None, [], 400),
            ("GET", "/v1/feeds/deliveries?limit=1&limit=2", None, [], 400),
            ("GET", "/v1/feeds", b"body", [("Content-Type", "text/plain")], 400),
            ("GET", "/v1/feeds/deliveries", None, [("Accept", "text/html")], 406),
            ("GET", "/v1/catalogue/snapshot", None, [("Accept-Encoding", "identity")], 406),
            ("POST", "/v1/events", body, [("Content-Type", "text/plain")], 415),
            ("POST", "/v1/events", body, [*structured, ("Content-Encoding", "gzip")], 415),
            ("POST", "/v1/events", b"{", structured, 400),
            ("POST", "/v1/events", b"[" * 100000, structured, 400),
            ("POST", "/v1/events", b"x" * 200000, structured, 413),
            ("POST", "/v1/events", body, [("Content-Type", "application/json")], 400),
            ("POST", "/v1/events", json.dumps([event] * 51).encode(),
             [("Content-Type", "application/cloudevents-batch+json")], 413),
            ("GET", "/v1/feeds", None, [("X-Long", "y" * 17000)], 431),
            ("GET", "/v1/feeds/%zz", None, [], 400),
        ]
        for method, target, sent, headers, status in cases:
            answer = caller.curl(method, target, sent, headers)
            with self.subTest(target=target, status=status):
                self.assertEqual((answer.status, answer.headers.get("content-type")), (status, "application/problem+json"),
                                 answer)
                self.assertEqual(answer.json()["status"], status)
                for member in ("type", "title", "detail", "detailZh", "code"):
                    self.assertTrue(answer.json()[member], member)
        self.assertEqual(caller.curl("DELETE", "/v1/events").headers["allow"], "POST, GET, HEAD")

    def test_only_health_is_anonymous(self):
        for target, status in (("/livez", 200), ("/readyz", 200), ("/v1/feeds", 401), ("/v1/openapi.json", 401),
                               ("/v1/asyncapi.json", 401), ("/v1/catalogue/snapshot", 401)):
            done = subprocess.run(["curl", "-sS", "-i", f"http://127.0.0.1:{self.world.port}{target}"],
                                  stdout=subprocess.PIPE, check=True)
            self.assertEqual(gateway_world.parse(done.stdout).status, status, target)

    def test_the_documents_are_served(self):
        caller = self.caller("B000000")
        self.assertEqual(caller.get("/v1/openapi.json").json()["openapi"][:3], "3.1")
        self.assertEqual(caller.get("/v1/asyncapi.json").json()["asyncapi"][:2], "3.")

    def test_slow_clients_are_cut_off(self):
        head = b"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n"
        for sent in (b"POST /v1", head, head + b"\r\n{"):
            with self.subTest(sent=sent), socket.create_connection(("127.0.0.1", self.world.port)) as slow:
                slow.settimeout(20)
                begun, ended = time.monotonic(), False
                slow.sendall(sent)
                while not ended and time.monotonic() - begun < 15:
                    try:
                        slow.sendall(b"a")  # never silent, never done
                        slow.settimeout(0.3)
                        ended = slow.recv(1000) == b""
                    except socket.timeout:
                        pass
                    except OSError:
                        ended = True
                self.assertTrue(ended)
                self.assertLess(time.monotonic() - begun, 8)


if __name__ == "__main__":
    unittest.main()

#!/usr/bin/python3
"""The verifier of tests/chaos sees what it is for: a correct log is green, and each way of doctoring it turns it red by
the invariant that is meant to see it. No broker."""
import copy
import dataclasses
import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(os.environ.get("MEDHUB_SOURCE_DIR", ".")).resolve() / "tests" / "chaos"))

import load  # noqa: E402
import model  # noqa: E402
import schema  # noqa: E402
import verify  # noqa: E402
from kafka_log import Record  # noqa: E402

PARTITIONS, KEYS, EVENTS, SEED = 2, 12, 400, 11
BEGIN_MS, EVENT_MS = 1_700_000_000_000, 20


class Hub:
    """A small hub that does everything right, in one process and without Kafka: it writes the logs that must be green."""

    def __init__(self):
        self.log = {(topic, number): [] for topic in verify.TOPICS for number in range(PARTITIONS)}
        self.now = BEGIN_MS
        self.accounts, self.rows = {}, [{} for _ in range(PARTITIONS)]
        self.timers = []  # (due, partition, account, seq, amount)

    def append(self, topic, partition, key, value, headers=()):
        records = self.log[topic, partition]
        offset = records[-1].offset + 1 + (len(records) % 5 == 0) if records else 0  # gaps, as markers leave them
        records.append(Record(topic, partition, offset, self.now, key, value, tuple(headers)))
        return records[-1]

    def home(self, key):
        return sum(key or b"") % PARTITIONS

    def submit(self, submission):
        headers = [(name, value.encode()) for name, value in submission.headers.items()]
        return self.append(load.INBOX, self.home(submission.key), submission.key, submission.value, headers)

    def account(self, key):
        return self.accounts.setdefault(key, model.Account())

    def fact(self, origin, key, event_type, bare, index):
        account = self.account(key)
        account.version += 1
        provenance = schema.message("event.v1.Provenance")(
            topic=load.INBOX, partition=origin[0], offset=origin[1], index=index, version=account.version,
            decided_at_ms=self.now)
        tail = schema.message("ledger.v1.Posted")(provenance=provenance).SerializeToString()
        self.append(verify.FACT, self.home(key), key, bare + tail, [("ce_type", event_type.encode())])
        return account.version

    def row(self, partition, key, value):
        self.append(verify.STATE, partition, b"r" + key, value)
        self.rows[partition][key] = value
        if value is None:
            del self.rows[partition][key]

    def write(self, key, seq, hold=None):
        partition, account, entity = self.home(key), self.account(key), key + b"\0"
        row = schema.message("ledger.v1.Account")(balance=account.balance, held=account.held, entries=account.entries,
                                                  chain=account.chain)
        self.row(partition, entity + b"v", account.version.to_bytes(8, "little"))
        self.row(partition, entity + b"saccount", row.SerializeToString())
        if seq is not None:
            self.row(partition, entity + b"shold/%d" % seq, hold)

    def enter(self, key, kind, seq, amount):
        account = self.account(key)
        account.enter(kind, seq, amount)
        return dict(seq=seq, amount=amount, balance=account.balance, held=account.held, entries=account.entries,
                    chain=account.chain)

    def receipt(self, answer, version=0):
        record = answer.record
        message = schema.message("event.v1.Receipt")(
            source=record.header("ce_source"), id=record.header("ce_id"), type=record.header("ce_type"),
            outcome=answer.outcome, version=version, first_outcome=answer.first, input_topic=load.INBOX,
            input_partition=record.partition, input_offset=record.offset)
        self.append(verify.RECEIPT, 0, b"source", message.SerializeToString())

    def decide(self, answer):
        record, said = answer.record, answer.message
        if answer.remembered:
            self.rows[record.partition][record.key + b"\0d" + b"%016d" % record.offset] = b"-"
        if answer.outcome == model.REFUSED:
            self.append(verify.PARKED, 0, record.key, record.value, record.headers + (
                ("__connect.errors.partition", b"%d" % record.partition),
                ("__connect.errors.offset", b"%d" % record.offset)))
        if answer.outcome != model.ACCEPTED:
            return self.receipt(answer)
        place, holds = (record.partition, record.offset), getattr(said, "ttl_ms", 0) > 0
        version = self.fact(place, record.key, answer.type, record.value, 0)
        kind = model.CREDITED if answer.type == model.CREDIT else model.HOLD if holds else model.DEBIT
        figures = self.enter(record.key, kind, said.seq, said.amount)
        posted = schema.message("ledger.v1.Posted")(account=said.account, entry=kind, **figures)
        self.fact(place, record.key, model.POSTED, posted.SerializeToString(), 1)
        hold = schema.message("ledger.v1.Hold")(amount=said.amount, due_ms=self.now + said.ttl_ms) if holds else None
        self.write(record.key, said.seq if holds else None, hold and hold.SerializeToString())
        if holds:
            self.timers.append((self.now + said.ttl_ms, record.partition, record.key, said.seq, said.amount))
        self.receipt(answer, version)
        if answer.type == load.TRANSFER:
            self.deliver(record, said, version)
        if answer.type == load.TRANSFER and not holds:
            credit = schema.message("ledger.v1.Credit")(account=said.to_account, seq=said.seq, amount=said.amount,
                                                        from_account=said.account)
            name = f"{record.header('ce_source')}/{record.header('ce_id')}/credit"
            return load.Submission("credit", said.to_account.encode(), credit.SerializeToString(),
                                   {"ce_id": name, "ce_source": model.OPERATOR, "ce_type": model.CREDIT})
        return None

    def deliver(self, record, said, version):
        seen = schema.message("ledger.v1.Transfer")()
        seen.CopyFrom(said)
        seen.ClearField("note")
        message = schema.message("event.v1.Delivery")(
            recipients=[record.header("ce_source")], type=load.TRANSFER, version=version, data=seen.SerializeToString(),
            input_topic=load.INBOX, input_partition=record.partition, input_offset=record.offset)
        self.append(verify.DELIVERY, 0, record.key, message.SerializeToString())

    def fire(self, all_of_them=False):
        for timer in sorted(self.timers):
            due, partition, key, seq, amount = timer
            if due > self.now and not all_of_them:
                continue
            self.timers.remove(timer)
            self.now = max(self.now, due + 3)
            figures = self.enter(key, model.RELEASE, seq, amount)
            expired = schema.message("ledger.v1.Expired")(account=key.decode(), due_ms=due, fired_ms=self.now, **figures)
            self.fact((partition, -1), key, model.EXPIRED, expired.SerializeToString(), 0)
            self.write(key, seq)

    def work(self, plan, events):
        deciders = [Decider(self, number) for number in range(PARTITIONS)]
        for _ in range(events):
            self.now += EVENT_MS
            submission = plan.next()
            if submission.kind != "aborted":
                self.submit(submission)
            self.fire()
            while any(decider.step() for decider in deciders):
                pass
        self.fire(all_of_them=True)

    def evidence(self):
        ends = {place: records[-1].offset + 2 if records else 0 for place, records in self.log.items()}
        offsets = {place: records[-1].offset + 1 if records else -1
                   for place, records in self.log.items() if place[0] == load.INBOX}
        dumps = {number: verify.Dump(checkpoint=max(ends[verify.STATE, number] - 1, 0), rows=self.rows[number],
                                     inputs={load.INBOX: offsets[load.INBOX, number]}) for number in range(PARTITIONS)}
        return verify.Evidence(log=self.log, stable=dict(ends), high=dict(ends), offsets=offsets, stores=dumps,
                               restored=copy.deepcopy(dumps), watched=copy.deepcopy(self.log), restores=[], outages=[],
                               troubles=[])


class Decider:
    """One inbox partition: the model says what each record is, the hub above acts on it."""

    def __init__(self, hub, partition):
        self.hub, self.records, self.done = hub, hub.log[load.INBOX, partition], 0

    def step(self):
        if self.done == len(self.records):
            return False
        answer = list(model.answers(self.records))[self.done]
        self.done += 1
        follow_up = self.hub.decide(answer)
        if follow_up:
            self.hub.submit(follow_up)
        return True


_hub = Hub()
_hub.work(load.Plan(SEED, KEYS), EVENTS)
CORRECT = _hub.evidence()


def index_of(records, true):
    return next(i for i, record in enumerate(records) if true(record))


def type_is(event_type):
    return lambda record: record.header("ce_type") == event_type


class Verifier(unittest.TestCase):
    def setUp(self):
        self.evidence = copy.deepcopy(CORRECT)

    def take_everywhere(self, topic, partition, index):
        """Out of the log and out of what the reader saw: only other invariants than I5 can notice."""
        for log in (self.evidence.log, self.evidence.watched):
            del log[topic, partition][index]

    def put_everywhere(self, topic, partition, index, record):
        for log in (self.evidence.log, self.evidence.watched):
            log[topic, partition].insert(index, record)

    def change_everywhere(self, topic, partition, index, **changes):
        for log in (self.evidence.log, self.evidence.watched):
            log[topic, partition][index] = dataclasses.replace(log[topic, partition][index], **changes)

    def assert_red(self, *invariants):
        found = verify.verify(self.evidence)
        self.assertEqual([s for s in found if "stumbled" in s], [])
        names = {sentence.split(":")[0] for sentence in found}
        for invariant in invariants:
            self.assertIn(invariant, names, found[:5])

    def change_fact(self, event_type, change):
        for partition in range(PARTITIONS):
            records = self.evidence.log[verify.FACT, partition]
            places = [i for i, record in enumerate(records) if record.header("ce_type") == event_type]
            if not places:
                continue
            index = places[len(places) // 2]
            message = schema.message(verify.MESSAGES[event_type]).FromString(records[index].value)
            change(message)
            return self.change_everywhere(verify.FACT, partition, index, value=message.SerializeToString())
        raise AssertionError(f"no {event_type}")

    def test_a_correct_log_is_green(self):
        self.assertEqual(verify.verify(self.evidence), [])
        sums = verify.sums(self.evidence)
        self.assertGreater(min(sums[name] for name in ("accepted", "refused", "duplicate", "timers")), 3, sums)

    def test_a_missing_fact(self):
        self.take_everywhere(verify.FACT, 0, 30)
        self.assert_red("I1", "I2")

    def test_a_doubled_fact(self):
        record = self.evidence.log[verify.FACT, 0][30]
        last = self.evidence.log[verify.FACT, 0][-1].offset
        self.put_everywhere(verify.FACT, 0, len(self.evidence.log[verify.FACT, 0]),
                            dataclasses.replace(record, offset=last + 1))
        self.assert_red("I1", "I2")

    def test_a_version_gap(self):
        def skip(message):
            message.provenance.version += 1
        self.change_fact(model.POSTED, skip)
        self.assert_red("I2")

    def test_a_lost_update(self):
        def forget(message):
            message.balance += 5
        self.change_fact(model.POSTED, forget)
        self.assert_red("I2")

    def test_a_torn_transaction(self):
        """The facts are there, the follow-up is not."""
        index = index_of(self.evidence.log[load.INBOX, 1], type_is(model.CREDIT))
        record = self.evidence.log[load.INBOX, 1][index]
        self.change_everywhere(load.INBOX, 1, index, headers=tuple(
            (name, value + b"x" if name == "ce_id" else value) for name, value in record.headers))
        self.assert_red("I8")

    def test_a_missing_delivery(self):
        self.take_everywhere(verify.DELIVERY, 0, 10)
        self.assert_red("I8")

    def test_a_missing_receipt(self):
        self.take_everywhere(verify.RECEIPT, 0, 10)
        self.assert_red("I1")

    def test_an_input_answered_twice(self):
        record = self.evidence.log[verify.RECEIPT, 0][10]
        self.put_everywhere(verify.RECEIPT, 0, len(self.evidence.log[verify.RECEIPT, 0]), dataclasses.replace(
            record, offset=self.evidence.log[verify.RECEIPT, 0][-1].offset + 1))
        self.assert_red("I1")

    def test_a_refused_record_that_was_not_parked(self):
        self.take_everywhere(verify.PARKED, 0, 3)
        self.assert_red("I1")

    def test_a_parked_record_that_was_changed(self):
        self.change_everywhere(verify.PARKED, 0, 3, value=b"other")
        self.assert_red("I8")

    def test_an_early_timer(self):
        def hurry(message):
            message.fired_ms = message.due_ms - 1
            message.provenance.decided_at_ms = message.fired_ms
        self.change_fact(model.EXPIRED, hurry)
        self.assert_red("I7")

    def test_a_late_timer(self):
        def linger(message):
            message.fired_ms = message.due_ms + 60_000
            message.provenance.decided_at_ms = message.fired_ms
        self.change_fact(model.EXPIRED, linger)
        self.assert_red("I7")

    def test_a_timer_that_was_late_for_lack_of_a_hub(self):
        def linger(message):
            message.fired_ms = message.due_ms + 60_000
            message.provenance.decided_at_ms = message.fired_ms
            self.evidence.outages.append((message.due_ms - 10, message.due_ms + 59_000))
        self.change_fact(model.EXPIRED, linger)
        self.assertEqual(verify.verify(self.evidence), [])

    def test_a_timer_that_never_fired(self):
        partition = next(number for number in range(PARTITIONS)
                         if any(map(type_is(model.EXPIRED), self.evidence.log[verify.FACT, number])))
        self.take_everywhere(verify.FACT, partition,
                             index_of(self.evidence.log[verify.FACT, partition], type_is(model.EXPIRED)))
        self.assert_red("I7")

    def test_a_decided_submission_that_was_aborted(self):
        """Its fact is there, but a read_committed reader of the inbox never sees it."""
        index = index_of(self.evidence.log[load.INBOX, 0], type_is(load.TRANSFER))
        self.take_everywhere(load.INBOX, 0, index)
        self.assert_red("I1")

    def test_a_stale_store(self):
        rows = self.evidence.stores[0].rows
        key = next(key for key in rows if key.endswith(b"\0saccount"))
        rows[key] = schema.message("ledger.v1.Account")(balance=1).SerializeToString()
        self.assert_red("I3")

    def test_a_forgotten_event_id(self):
        rows = self.evidence.restored[0].rows
        del rows[next(key for key in rows if b"\0d" in key)]
        self.assert_red("I3")

    def test_an_offset_that_was_reset(self):
        self.evidence.offsets[load.INBOX, 0] -= 1
        self.assert_red("I1", "I4")

    def test_a_store_that_takes_the_next_offset_for_a_commit_marker(self):
        self.evidence.stores[0].checkpoint = self.evidence.log[verify.STATE, 0][-1].offset + 2
        self.assert_red("I4")
        self.evidence.restores.append(verify.Restore("h1", 0, 0, self.evidence.stores[0].checkpoint, 0, ""))
        self.assertEqual(verify.verify(self.evidence), [])  # a restore has read what stands there

    def test_a_reader_that_saw_what_was_taken_back(self):
        seen = self.evidence.watched[verify.FACT, 0]
        seen.append(dataclasses.replace(seen[-1], offset=seen[-1].offset + 1))
        self.assert_red("I5")

    def test_a_reader_that_missed_something(self):
        del self.evidence.watched[verify.FACT, 0][5]
        self.assert_red("I5")

    def test_an_open_transaction(self):
        self.evidence.stable[verify.FACT, 0] -= 3
        self.assert_red("I6")

    def test_no_progress(self):
        self.evidence.troubles.append("nothing came within 30 s")
        self.assert_red("I9")

    def test_a_restore_of_everything_after_a_kill(self):
        end = self.evidence.high[verify.STATE, 0]
        self.evidence.restores.append(verify.Restore("h1", 0, 0, end, 100, "kill"))
        self.assert_red("I10")

    def test_a_restore_of_everything_after_the_store_was_lost(self):
        end = self.evidence.high[verify.STATE, 0]
        self.evidence.restores.append(verify.Restore("h1", 0, 0, end, 100, "wipe"))
        self.assertEqual(verify.verify(self.evidence), [])


if __name__ == "__main__":
    unittest.main()

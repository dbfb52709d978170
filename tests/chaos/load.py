#!/usr/bin/python3
"""A seeded load for the ledger: transfers and holds, wrong ones of every kind, repeats, and submissions that their
sender aborted and nobody may ever decide. The same seed makes the same events in the same order.

    load.py --brokers B [--seed S] [--events 20000] [--keys 500] [--rate 500] [--at-least-once]

At least once: no idempotent producer, whose version in Debian 12 is finished when a broker dies (librdkafka 4438, fixed in
2.3.0); what it sends twice are more repeats.

SIGTERM ends it early, with nothing left half sent.
"""
import argparse
import dataclasses
import datetime
import json
import random
import signal
import sys
import time

from confluent_kafka import KafkaException, Producer

import kafka_log
import schema

INBOX = "medhub.inbox.ledger"
TRANSFER = "medhub.ledger.transfer.v1"
BANKS = ("bank-1", "bank-2", "bank-3")
SUSPENDED = "bank-4"

# Kind, share of the events. What is left are plain transfers.
SHARES = (
    ("hold", 0.05),            # with a time to live
    ("repeat", 0.03),          # byte for byte, same source and id
    ("other_payload", 0.005),  # other bytes under an id that is taken
    ("garbage", 0.02),         # no protobuf
    ("null_key", 0.02),
    ("unknown_type", 0.02),
    ("unknown_source", 0.02),
    ("negative", 0.02),        # refused by a rule
    ("suspended", 0.005),
    ("other_key", 0.005),      # key and account differ
    ("empty", 0.005),          # protobuf, but required fields are missing
    ("no_id", 0.005),          # not a CloudEvent
    ("aborted", 0.02),         # sent in a transaction that is aborted
)
REPEAT_WITHIN = 2000
TTL_MS = (200, 3000)


@dataclasses.dataclass
class Submission:
    kind: str
    key: bytes
    value: bytes
    headers: dict


class Plan:
    """Makes the submissions one after the other."""

    def __init__(self, seed, keys):
        self.random = random.Random(seed)
        self.name = f"{seed}"
        self.accounts = [f"a{number:04d}" for number in range(keys)]
        self.made = 0
        self.valid = []  # what can be repeated

    def _kind(self):
        drawn = self.random.random()
        for kind, share in SHARES:
            if drawn < share:
                return kind
            drawn -= share
        return "transfer"

    def _transfer(self, **more):
        account, other = self.random.sample(self.accounts, 2)
        message = schema.message("ledger.v1.Transfer")(account=account, seq=self.made, to_account=other,
                                                       amount=self.random.randint(1, 10_000))
        for name, value in more.items():
            setattr(message, name, value)
        if self.random.random() < 0.2:
            message.note = "n" * self.random.randint(1, 200)
        return message

    def _submission(self, kind, message, source=None):
        headers = {"ce_specversion": "1.0", "ce_id": f"{self.name}-{self.made}",
                   "ce_source": source or self.random.choice(BANKS), "ce_type": TRANSFER,
                   "content-type": "application/protobuf"}
        return Submission(kind, message.account.encode(), message.SerializeToString(), headers)

    def next(self):
        self.made += 1
        kind = self._kind()
        if kind in ("repeat", "other_payload") and self.valid:
            first = self.random.choice(self.valid[-REPEAT_WITHIN:])
            value = first.value
            if kind == "other_payload":
                changed = schema.message("ledger.v1.Transfer").FromString(value)
                changed.amount += 1
                value = changed.SerializeToString()
            return Submission(kind, first.key, value, first.headers)
        message = self._transfer()
        source = {"unknown_source": "nobody", "suspended": SUSPENDED}.get(kind)
        if kind == "hold":
            message.ttl_ms = self.random.randint(*TTL_MS)
        if kind == "negative":
            message.amount = self.random.choice((0, -1, -message.amount))
        made = self._submission(kind, message, source)
        if kind == "garbage":
            made.value = self.random.choice((b"\xff" * 20, made.value[:-1], b"{\"account\":\"a0001\"}"))
        elif kind == "null_key":
            made.key = None
        elif kind == "unknown_type":
            made.headers["ce_type"] = "medhub.ledger.unheard_of.v1"
        elif kind == "other_key":
            made.key = message.to_account.encode()
        elif kind == "empty":
            made.value = schema.message("ledger.v1.Transfer")(account=message.account, seq=self.made,
                                                              amount=message.amount).SerializeToString()
        elif kind == "no_id":
            del made.headers["ce_id"]
        elif kind in ("transfer", "hold", "negative"):
            self.valid.append(made)
        return made


REGRETTED_AT_ONCE = 4  # submissions in a transaction that is aborted


class Sender:
    """A producer for what is meant, and a transactional one whose transactions are all aborted."""

    SETTINGS = {"partitioner": "murmur2_random", "acks": "all", "linger.ms": 5, **kafka_log.QUIET}

    def __init__(self, brokers, name, idempotent):
        self.brokers, self.name = brokers, name
        self.sent, self.failed = 0, []
        self.producer = Producer({"bootstrap.servers": brokers, "enable.idempotence": idempotent,
                                  "message.timeout.ms": 120_000, **self.SETTINGS})
        self.regretted = self._regretted()

    def _regretted(self):
        producer = Producer({"bootstrap.servers": self.brokers, "transactional.id": f"chaos-load-{self.name}",
                             "message.timeout.ms": 10_000, "transaction.timeout.ms": 10_000, **self.SETTINGS})
        producer.init_transactions(60)
        return producer

    def _delivered(self, error, _message):
        if error is None:
            self.sent += 1
        else:
            self.failed.append(str(error))

    def _produce(self, producer, submission, callback=None):
        now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        headers = [(name, value.encode()) for name, value in {**submission.headers, "ce_time": now}.items()]
        more = {"on_delivery": callback} if callback else {}
        while True:
            try:
                producer.produce(INBOX, key=submission.key, value=submission.value, headers=headers, **more)
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)

    def send(self, submission):
        self._produce(self.producer, submission, self._delivered)

    def send_and_abort(self, submissions):
        try:
            self.regretted.begin_transaction()
            for submission in submissions:
                self._produce(self.regretted, submission)
            self.regretted.flush(10)
            self.regretted.abort_transaction(30)
        except KafkaException:  # a broker died: what is not committed is aborted in any case
            self.regretted = self._regretted()

    def finish(self):
        self.producer.flush(120)


def say(event, **fields):
    print(json.dumps({"event": event, **fields}), file=sys.stderr, flush=True)


def run(brokers, seed, events, keys, rate, idempotent):
    plan, sender, regretted, ending = Plan(seed, keys), Sender(brokers, seed, idempotent), [], []
    signal.signal(signal.SIGTERM, lambda *_: ending.append(True))
    say("load.begun", seed=seed, events=events, keys=keys, rate=rate)
    begun = time.monotonic()
    for number in range(events):
        if ending:
            break
        submission = plan.next()
        if submission.kind == "aborted":
            regretted.append(submission)
        else:
            sender.send(submission)
        if len(regretted) >= REGRETTED_AT_ONCE:
            sender.send_and_abort(regretted)
            regretted = []
        early = begun + number / rate - time.monotonic()
        if early > 0.002:
            time.sleep(early)  # the pace
    sender.finish()
    say("load.ended", sent=sender.sent, failed=len(sender.failed), failures=sender.failed[:3])
    return not sender.failed


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--brokers", required=True)
    arguments.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    arguments.add_argument("--events", type=int, default=20_000)
    arguments.add_argument("--keys", type=int, default=500)
    arguments.add_argument("--rate", type=float, default=500)
    arguments.add_argument("--at-least-once", action="store_true")
    chosen = arguments.parse_args()
    sys.exit(0 if run(chosen.brokers, chosen.seed, chosen.events, chosen.keys, chosen.rate,
                      not chosen.at_least_once) else 1)


if __name__ == "__main__":
    main()

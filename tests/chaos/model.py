"""What must come out of the ledger, recomputed from the input log alone. Written from ledger.proto and the promises in
the README, not from the hub's code."""
import dataclasses

from google.protobuf.message import DecodeError

import load
import schema

OPERATOR = "medhub"
CREDIT = "medhub.ledger.credit.v1"
POSTED = "medhub.ledger.posted.v1"
EXPIRED = "medhub.ledger.expired.v1"
DEBIT, CREDITED, HOLD, RELEASE = 1, 2, 3, 4
ACCEPTED, REFUSED, DUPLICATE = 1, 2, 3
MASK = (1 << 64) - 1


def chain_next(chain, *numbers):
    for number in numbers:
        for byte in (number & MASK).to_bytes(8, "little"):
            chain = (chain ^ byte) * 1099511628211 & MASK
    return chain


@dataclasses.dataclass
class Account:
    balance: int = 0
    held: int = 0
    entries: int = 0
    chain: int = 0
    version: int = 0
    holds: dict = dataclasses.field(default_factory=dict)  # seq: (amount, due)

    def enter(self, kind, seq, amount):
        self.balance += {DEBIT: -amount, CREDITED: amount, HOLD: -amount, RELEASE: amount}[kind]
        self.held += {HOLD: amount, RELEASE: -amount}.get(kind, 0)
        self.entries += 1
        self.chain = chain_next(self.chain, kind, seq, amount)

    def figures(self):
        return self.balance, self.held, self.entries, self.chain


@dataclasses.dataclass
class Answer:
    """What one submission must lead to."""
    record: object
    outcome: int
    why: str = ""
    type: str = ""
    message: object = None
    first: int = 0  # outcome of the one that a duplicate repeats
    remembered: bool = False  # under its source and id, for later duplicates

    @property
    def account(self):
        return self.record.key.decode("utf-8", "replace") if self.record.key is not None else None


def _parse(name, value):
    try:
        return schema.message(name).FromString(value)
    except (DecodeError, ValueError):
        return None


def _refusal(record, event_type, source):
    """(why it is refused without being remembered, message)."""
    if not (record.header("ce_id") and source and event_type):
        return "no CloudEvents attributes", None
    if event_type not in (load.TRANSFER, CREDIT):
        return "unknown type", None
    if record.key is None:
        return "no key", None
    message = _parse("ledger.v1.Transfer" if event_type == load.TRANSFER else "ledger.v1.Credit", record.value or b"")
    if message is None:
        return "not protobuf", None
    if message.account.encode() != record.key:
        return "key and account differ", None
    if source not in (load.BANKS if event_type == load.TRANSFER else ()) + (OPERATOR,):
        return "a source that may not", None
    return None, message


def _wrong(event_type, message):
    counterpart = message.to_account if event_type == load.TRANSFER else message.from_account
    if not message.account or not counterpart:
        return "a required field is missing"
    if event_type == load.TRANSFER and message.amount <= 0:
        return "the amount"
    return ""


def answers(inputs):
    """INPUTS: the records of one inbox partition in order. Yields an Answer for each."""
    decided = {}  # (account, source, id): (value, outcome)
    for record in inputs:
        source, event_type = record.header("ce_source"), record.header("ce_type")
        why, message = _refusal(record, event_type, source)
        if why is not None:
            yield Answer(record, REFUSED, why, event_type or "")
            continue
        identity = (record.key, source, record.header("ce_id"))
        if identity in decided:
            value, outcome = decided[identity]
            if value == record.value:
                yield Answer(record, DUPLICATE, "said before", event_type, message, outcome)
            else:
                yield Answer(record, REFUSED, "another payload under the same id", event_type, message)
            continue
        why = _wrong(event_type, message)
        outcome = REFUSED if why else ACCEPTED
        decided[identity] = (record.value, outcome)
        yield Answer(record, outcome, why, event_type, message, remembered=True)

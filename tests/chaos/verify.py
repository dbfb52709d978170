#!/usr/bin/python3
"""Holds what a run left behind against the model (model.py) and the invariants I1 to I10 (README.md). Every broken one
is a sentence that names the record or key.

    verify.py EVIDENCE      looks again at what run.py kept of a failed run
"""
import collections
import dataclasses
import itertools
import pickle
import sys

import load
import model
import schema

INBOX, FACT, STATE = load.INBOX, "medhub.fact.ledger", "medhub.state.account"
RECEIPT, DELIVERY, PARKED = "medhub.receipt", "medhub.delivery", "medhub.parked"
TOPICS = (INBOX, FACT, STATE, RECEIPT, DELIVERY, PARKED)
OUTCOMES = {0: "nothing", model.ACCEPTED: "accepted", model.REFUSED: "refused", model.DUPLICATE: "duplicate"}
MESSAGES = {load.TRANSFER: "ledger.v1.Transfer", model.CREDIT: "ledger.v1.Credit", model.POSTED: "ledger.v1.Posted",
            model.EXPIRED: "ledger.v1.Expired"}


# ---- what a run leaves behind

@dataclasses.dataclass
class Dump:
    """A store, as `ledger_hub --dump-store` prints it."""
    checkpoint: int = 0
    inputs: dict = dataclasses.field(default_factory=dict)
    rows: dict = dataclasses.field(default_factory=dict)
    timers: dict = dataclasses.field(default_factory=dict)
    segments: dict = dataclasses.field(default_factory=dict)

    @classmethod
    def parse(cls, text):
        dump = cls()
        for line in text.splitlines():
            kind, *rest = line.split(" ")
            if kind == "checkpoint":
                dump.checkpoint = int(rest[0])
            elif kind == "input":
                dump.inputs[rest[0]] = int(rest[1])
            else:
                getattr(dump, kind)[bytes.fromhex(rest[0])] = bytes.fromhex(rest[1])
        return dump


@dataclasses.dataclass
class Restore:
    """A line restore.done of a hub's log."""
    hub: str
    partition: int
    begin: int
    end: int
    applied: int
    after: str  # "kill", "wipe" or "" (any other reason)


@dataclasses.dataclass
class Evidence:
    log: dict        # {(topic, partition): [Record]}: read_committed, after quiet time
    stable: dict     # {(topic, partition): last stable offset}
    high: dict       # {(topic, partition): high watermark}
    offsets: dict    # {(topic, partition): next offset of the group}
    stores: dict     # {partition: Dump} of the last owner
    restored: dict   # {partition: Dump} made from the changelog alone
    watched: dict    # {(topic, partition): [Record]}: what a reader saw that was there from the start
    restores: list
    outages: list    # (from_ms, to_ms): no hub could work, or the brokers could not
    troubles: list   # sentences of the harness: no progress, a process that ended, ...
    timer_bound_ms: int = 10_000


# ---- the same, made ready for questions

@dataclasses.dataclass
class Fact:
    record: object
    type: str
    message: object

    @property
    def origin(self):
        return self.message.provenance

    @property
    def account(self):
        return self.record.key.decode("utf-8", "replace")


class Picture:
    def __init__(self, evidence):
        self.evidence = evidence
        self.unreadable = []
        self.answers = {}
        for (topic, partition), records in sorted(evidence.log.items()):
            if topic == INBOX:
                for answer in model.answers(records):
                    self.answers[partition, answer.record.offset] = answer
        self.facts = [fact for record in self.records(FACT) for fact in self._fact(record)]
        self.facts_of = collections.defaultdict(list)
        for fact in self.facts:
            if fact.type != model.EXPIRED:
                self.facts_of[fact.origin.partition, fact.origin.offset].append(fact)
        self.receipts_of = self._by_input(RECEIPT, "event.v1.Receipt")
        self.deliveries_of = self._by_input(DELIVERY, "event.v1.Delivery")
        self.parked_of = collections.defaultdict(list)
        for record in self.records(PARKED):
            place = (int(record.header("__connect.errors.partition") or -1),
                     int(record.header("__connect.errors.offset") or -1))
            self.parked_of[place].append(record)
        self.accounts = {}  # filled by I2, in order of the facts

    def records(self, topic):
        for (name, _), records in sorted(self.evidence.log.items()):
            if name == topic:
                yield from records

    def _fact(self, record):
        event_type = record.header("ce_type")
        try:
            yield Fact(record, event_type, schema.message(MESSAGES[event_type]).FromString(record.value))
        except Exception as error:  # whatever is wrong with it, it is a finding
            self.unreadable.append(f"I1: the fact {record.where()} of type {event_type} cannot be read: {error}")

    def _by_input(self, topic, name):
        found = collections.defaultdict(list)
        for record in self.records(topic):
            message = schema.message(name).FromString(record.value)
            if message.input_topic == INBOX and not self._of_timer(message):
                found[message.input_partition, message.input_offset].append((record, message))
        return found

    @staticmethod
    def _of_timer(message):
        return getattr(message, "type", "") == model.EXPIRED

    def handled(self, place):
        return place[1] < self.evidence.offsets.get((INBOX, place[0]), -1)


def name_of(place):
    return f"{INBOX}/{place[0]}@{place[1]}"


# ---- the invariants

def i1_each_input_once(picture):
    """Every input below the group's offset has exactly one outcome, the model's; none above it has any."""
    yield from picture.unreadable
    for place, answer in picture.answers.items():
        expected = answer.outcome if picture.handled(place) else 0
        facts = sorted(fact.origin.index for fact in picture.facts_of[place])
        if facts != ([0, 1] if expected == model.ACCEPTED else []):
            yield (f"I1: {name_of(place)} (key {answer.account}) must be {OUTCOMES[expected]} ({answer.why}) "
                   f"but has facts {facts}")
        parked = len(picture.parked_of[place])
        if parked != (expected == model.REFUSED):
            yield f"I1: {name_of(place)} must be {OUTCOMES[expected]} ({answer.why}) but is parked {parked} times"
        receipts = [receipt.outcome for _, receipt in picture.receipts_of[place]]
        wanted = [expected] if expected else []
        if receipts != wanted:
            yield (f"I1: {name_of(place)} must have the receipts {[OUTCOMES[o] for o in wanted]} "
                   f"but has {[OUTCOMES[o] for o in receipts]}")
    for kind, found in (("a fact", picture.facts_of), ("a receipt", picture.receipts_of),
                        ("a parked record", picture.parked_of), ("a delivery", picture.deliveries_of)):
        for place, items in found.items():
            if items and place not in picture.answers:
                yield f"I1: {kind} names the input {name_of(place)}, which nobody submitted"


def _entry_of(picture, fact):
    """(kind, seq, amount) that the fact must state, or a sentence why it may not be there."""
    if fact.type == model.EXPIRED:
        account = picture.accounts[fact.account]
        held = account.holds.pop(fact.message.seq, None)
        if held is None:
            return f"I7: {fact.record.where()}: the hold {fact.message.seq} of {fact.account} expires, but is not held"
        return model.RELEASE, fact.message.seq, held[0]
    answer = picture.answers.get((fact.origin.partition, fact.origin.offset))
    if answer is None or answer.outcome != model.ACCEPTED:
        return f"I2: {fact.record.where()} states what was not accepted"
    said = answer.message
    if fact.type == model.CREDIT or answer.type == model.CREDIT:
        return model.CREDITED, said.seq, said.amount
    return (model.HOLD if said.ttl_ms > 0 else model.DEBIT), said.seq, said.amount


def _follow(picture, fact):
    """Applies the fact to the model's account; a sentence if it is not what the model says."""
    account = picture.accounts.setdefault(fact.account, model.Account())
    account.version += 1
    if fact.origin.version != account.version:
        return f"I2: {fact.record.where()}: version {fact.origin.version} of {fact.account} follows {account.version - 1}"
    if fact.type in (load.TRANSFER, model.CREDIT):
        answer = picture.answers.get((fact.origin.partition, fact.origin.offset))
        if answer is None or not fact.record.value.startswith(answer.record.value):
            return f"I2: {fact.record.where()} does not begin with the bytes that were submitted"
        if answer.message.HasField("provenance") or fact.origin.index != 0 or fact.account != answer.account:
            return f"I2: {fact.record.where()} is not fact 0 of its input under its key"
        if getattr(answer.message, "ttl_ms", 0) > 0:
            account.holds[answer.message.seq] = (answer.message.amount,
                                                 fact.origin.decided_at_ms + answer.message.ttl_ms)
        return None
    entry = _entry_of(picture, fact)
    if isinstance(entry, str):
        return entry
    account.enter(*entry)
    said = fact.message
    if (said.seq, said.amount, said.balance, said.held, said.entries, said.chain) != entry[1:] + account.figures():
        return (f"I2: {fact.record.where()} says {said.balance}, {said.held}, {said.entries}, {said.chain:x} of "
                f"{fact.account}, the model {account.figures()}")
    return None


def i2_versions_and_chain(picture):
    """The facts of a key lie in one partition, in order of their inputs, with versions 1, 2, 3 ..., and say what the
    model says."""
    lost_track, place_of, last_input = set(), {}, {}
    for fact in picture.facts:
        key = fact.account
        if place_of.setdefault(key, fact.record.partition) != fact.record.partition:
            yield f"I2: facts of {key} lie in partitions {place_of[key]} and {fact.record.partition}"
        if fact.type != model.EXPIRED:
            place = (fact.origin.offset, fact.origin.index)
            if place <= last_input.get(key, (-1, 0)):
                yield f"I2: {fact.record.where()} of {key} comes after a fact of a later input"
            last_input[key] = place
        if key not in lost_track:
            wrong = _follow(picture, fact)
            if wrong:
                yield wrong
                lost_track.add(key)


def _model_rows(picture, partition):
    """The rows "state" and "version" that the model expects in the partition of the state topic."""
    rows = {}
    homes = {fact.account: fact.record.partition for fact in picture.facts}
    for key, account in picture.accounts.items():
        if homes[key] != partition:
            continue
        entity = key.encode() + b"\0"
        row = schema.message("ledger.v1.Account")(balance=account.balance, held=account.held, entries=account.entries,
                                                  chain=account.chain)
        rows[entity + b"saccount"] = row
        rows[entity + b"v"] = account.version
        for seq, (amount, due_ms) in account.holds.items():
            rows[entity + b"shold/%d" % seq] = schema.message("ledger.v1.Hold")(amount=amount, due_ms=due_ms)
    return rows


def _readable(rows):
    """Rows of a store in the form of _model_rows; other kinds are left out."""
    found = {}
    for key, value in rows.items():
        entity, _, name = key.partition(b"\0")
        if name == b"v":
            found[key] = int.from_bytes(value, "little")
        elif name.startswith(b"s"):
            kind = "Account" if name == b"saccount" else "Hold"
            found[key] = schema.message("ledger.v1." + kind).FromString(value)
    return found


def _rows_of_changelog(records):
    rows = {}
    for record in records:
        if record.key[:1] == b"r":
            rows[record.key[1:]] = record.value
    return {key: value for key, value in rows.items() if value is not None}


def _difference(what, partition, have, want):
    for key in sorted(set(have) | set(want)):
        if have.get(key) != want.get(key):
            yield (f"I3: partition {partition}, row {key!r}: {what[0]} has {str(have.get(key))!r}, "
                   f"{what[1]} {str(want.get(key))!r}")


def i3_state(picture):
    """Changelog read here = a fresh restore = the last owner's store = the model."""
    evidence = picture.evidence
    remembered = collections.Counter(place[0] for place, answer in picture.answers.items()
                                     if answer.remembered and picture.handled(place))
    for (topic, partition), records in sorted(evidence.log.items()):
        if topic != STATE:
            continue
        wanted = _model_rows(picture, partition)
        yield from _difference(("the changelog", "the model"), partition, _readable(_rows_of_changelog(records)), wanted)
        for name, dumps in (("the fresh restore", evidence.restored), ("the owner's store", evidence.stores)):
            dump = dumps.get(partition, Dump())
            yield from _difference((name, "the model"), partition, _readable(dump.rows), wanted)
            kept = sum(1 for key in dump.rows if key.partition(b"\0")[2][:1] == b"d")
            if kept != remembered[partition]:
                yield f"I3: partition {partition}: {name} remembers {kept} events, the model {remembered[partition]}"
        fresh, store = evidence.restored.get(partition, Dump()), evidence.stores.get(partition, Dump())
        for part in ("rows", "timers", "segments"):
            yield from _difference((f"the owner's store ({part})", "the fresh restore"), partition,
                                   getattr(store, part), getattr(fresh, part))


def i4_offsets(picture):
    """The group's offset = highest input offset + 1 = the store's checkpoint."""
    evidence = picture.evidence
    for (topic, partition), records in sorted(evidence.log.items()):
        if topic != INBOX or not records:
            continue
        following, group = records[-1].offset + 1, evidence.offsets.get((INBOX, partition), -1)
        if group != following:
            yield f"I4: the group stands at {group} of {INBOX}/{partition}, the last input is {following - 1}"
        for name, dumps in (("the owner's store", evidence.stores), ("the fresh restore", evidence.restored)):
            stands = dumps.get(partition, Dump()).inputs.get(INBOX, -1)
            if stands != group:
                yield f"I4: {name} of partition {partition} stands at input {stands}, the group at {group}"
        yield from _beyond_its_changelog(evidence, partition)


def _beyond_its_changelog(evidence, partition):
    """What comes after the last record read may be a commit marker, or another transaction's record before that marker: a
    store that takes it for the marker would skip the record when it is restored."""
    log = evidence.log.get((STATE, partition), [])
    stands = evidence.stores.get(partition, Dump()).checkpoint
    read_on = any(restore.partition == partition and log and restore.end > log[-1].offset for restore in evidence.restores)
    if log and stands > log[-1].offset + 1 and not read_on:
        yield (f"I4: the owner's store of partition {partition} stands at {stands} of its changelog, whose last record is "
               f"{log[-1].offset}")


def i5_reader(picture):
    """A read_committed reader that was there all the time saw exactly the final log, in order."""
    for place, records in sorted(picture.evidence.log.items()):
        seen = picture.evidence.watched.get(place, [])
        if any(b.offset <= a.offset for a, b in itertools.pairwise(seen)):
            yield f"I5: the reader of {place[0]}/{place[1]} saw offsets go back"
        if place[0] == STATE:  # compacted meanwhile: what is left must have been seen
            known = {record.offset: record for record in seen}
            wrong = [record for record in records if known.get(record.offset) != record]
        else:
            wrong = [a or b for a, b in itertools.zip_longest(seen, records) if a != b]
        if wrong:
            yield (f"I5: the reader of {place[0]}/{place[1]} saw another log, first at offset {wrong[0].offset}: "
                   f"{len(seen)} records seen, {len(records)} there")


def i6_no_open_transaction(picture):
    """Last stable offset = high watermark everywhere: nothing hangs."""
    for place, high in sorted(picture.evidence.high.items()):
        if picture.evidence.stable.get(place) != high:
            yield f"I6: {place[0]}/{place[1]}: last stable offset {picture.evidence.stable.get(place)}, end {high}"


def _lost_time(outages, begin, end):
    return sum(max(0, min(end, up) - max(begin, down)) for down, up in outages)


def i7_timers(picture):
    """Each hold expires once, not early, and not later than the bound after it could."""
    due = {(answer.account, answer.message.seq): picture.facts_of[place][0].origin.decided_at_ms + answer.message.ttl_ms
           for place, answer in picture.answers.items()
           if answer.outcome == model.ACCEPTED and getattr(answer.message, "ttl_ms", 0) > 0 and picture.facts_of[place]}
    fired = collections.Counter()
    for fact in picture.facts:
        if fact.type != model.EXPIRED:
            continue
        hold, said = (fact.account, fact.message.seq), fact.message
        fired[hold] += 1
        if hold not in due:
            yield f"I7: {fact.record.where()}: a timer of {hold} that was never armed"
            continue
        if said.due_ms != due[hold] or said.fired_ms < said.due_ms or fact.origin.decided_at_ms != said.fired_ms:
            yield f"I7: {fact.record.where()}: the timer of {hold}, due {due[hold]}, fired {said.fired_ms}"
        late = said.fired_ms - due[hold] - _lost_time(picture.evidence.outages, due[hold], said.fired_ms)
        if late > picture.evidence.timer_bound_ms:
            yield f"I7: {fact.record.where()}: the timer of {hold} fired {late} ms late"
    for hold in due:
        if fired[hold] != 1:
            yield f"I7: the timer of {hold} fired {fired[hold]} times"


def _wrong_with_parked(answer, record):
    if (record.key, record.value) != (answer.record.key, answer.record.value):
        return "differs from what was submitted"
    kept = dict(record.headers)
    if any(kept.get(name) != value for name, value in answer.record.headers):
        return "lacks headers of what was submitted"
    return None


def _wrong_with_delivery(picture, place, answer):
    deliveries = picture.deliveries_of[place]
    wanted = answer.outcome == model.ACCEPTED and answer.type == load.TRANSFER and picture.handled(place)
    if len(deliveries) != wanted:
        return f"has {len(deliveries)} deliveries, expected {int(wanted)}"
    if not wanted:
        return None
    message = deliveries[0][1]
    projected = schema.message("ledger.v1.Transfer").FromString(message.data)
    projected.ClearField("provenance")
    expected = schema.message("ledger.v1.Transfer").FromString(answer.record.value)
    expected.ClearField("note")  # clinical: not for the bank
    fact = picture.facts_of[place][0].origin if picture.facts_of[place] else None
    if projected != expected or list(message.recipients) != [answer.record.header("ce_source")]:
        return "is delivered with another content or to another recipient"
    if fact is not None and (message.version, message.index) != (fact.version, 0):
        return "is delivered with another version than its fact's"
    return None


def i8_all_or_nothing(picture):
    """Fact, receipt, delivery and follow-up of an input appear together; no money comes or goes."""
    followed = collections.Counter()
    for place, answer in picture.answers.items():
        if answer.type == model.CREDIT and answer.record.header("ce_source") == model.OPERATOR:
            followed[answer.record.header("ce_id"), answer.message and answer.message.SerializeToString()] += 1
    for place, answer in picture.answers.items():
        wrong = _wrong_with_delivery(picture, place, answer)
        if wrong:
            yield f"I8: {name_of(place)} {wrong}"
        for record in picture.parked_of[place]:
            if _wrong_with_parked(answer, record):
                yield f"I8: {record.where()} ({name_of(place)}) {_wrong_with_parked(answer, record)}"
        for _, receipt in picture.receipts_of[place]:
            facts = picture.facts_of[place]
            version = facts[0].origin.version if facts else 0
            if receipt.outcome == model.ACCEPTED and receipt.version != version:
                yield f"I8: the receipt of {name_of(place)} says version {receipt.version}, the fact {version}"
            if receipt.outcome == model.DUPLICATE and receipt.first_outcome != answer.first:
                yield f"I8: the receipt of {name_of(place)} says another first outcome than {OUTCOMES[answer.first]}"
        said = answer.message
        if answer.outcome == model.ACCEPTED and answer.type == load.TRANSFER and picture.handled(place) and not said.ttl_ms:
            credit = schema.message("ledger.v1.Credit")(account=said.to_account, seq=said.seq, amount=said.amount,
                                                        from_account=said.account)
            identity = (f"{answer.record.header('ce_source')}/{answer.record.header('ce_id')}/credit",
                        credit.SerializeToString())
            if followed.pop(identity, 0) != 1:
                yield f"I8: {name_of(place)} is not followed by exactly one credit {identity[0]}"
    for identity, _ in followed:
        yield f"I8: the credit {identity} follows nothing, or differs from its transfer"
    total = sum(account.balance + account.held for account in picture.accounts.values())
    if total != 0:
        yield f"I8: {total} came from nowhere"


def i9_progress(picture):
    """The harness saw progress after each healing, and no process ended but by its hand."""
    for trouble in picture.evidence.troubles:
        yield f"I9: {trouble}"


def i10_restores(picture):
    """A killed hub replays at most one transaction of each partition; everything only after its store was deleted."""
    for restore in picture.evidence.restores:
        seen = [record.offset for record in picture.evidence.watched.get((STATE, restore.partition), [])
                if restore.begin <= record.offset < restore.end]
        transactions = sum(1 for i, offset in enumerate(seen) if i == 0 or offset != seen[i - 1] + 1)
        if restore.after == "kill" and (transactions > 1 or restore.applied > len(seen)):
            yield (f"I10: {restore.hub} replayed {restore.applied} records ({transactions} transactions) of partition "
                   f"{restore.partition} after a kill: offsets {restore.begin} to {restore.end}")
        if restore.after == "wipe" and restore.begin > 0 and seen and restore.applied == 0:
            yield f"I10: {restore.hub} did not restore partition {restore.partition} after its store was deleted"


INVARIANTS = (i1_each_input_once, i2_versions_and_chain, i3_state, i4_offsets, i5_reader, i6_no_open_transaction,
              i7_timers, i8_all_or_nothing, i9_progress, i10_restores)


def verify(evidence):
    """The broken invariants as sentences; empty when all hold."""
    picture = Picture(evidence)
    found = []
    for invariant in INVARIANTS:
        try:
            found += list(invariant(picture))
        except Exception as error:  # a log so broken that a check stumbles is broken
            found.append(f"{invariant.__name__}: stumbled over the log: {error!r}")
    return found


def sums(evidence):
    """Figures that say how much was looked at."""
    picture = Picture(evidence)
    outcomes = collections.Counter(OUTCOMES[answer.outcome] for answer in picture.answers.values())
    return {"inputs": len(picture.answers), **outcomes, "facts": len(picture.facts),
            "timers": sum(fact.type == model.EXPIRED for fact in picture.facts),
            "restored": sum(restore.applied for restore in evidence.restores)}


def report(violations, shown=12, out=sys.stdout):
    by_invariant = collections.Counter(sentence.split(":")[0] for sentence in violations)
    for name, count in by_invariant.items():
        for sentence in [s for s in violations if s.split(":")[0] == name][:shown]:
            print("  " + sentence, file=out)
        if count > shown:
            print(f"  {name}: and {count - shown} more", file=out)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with open(sys.argv[1], "rb") as kept:
        kept_evidence = pickle.load(kept)
    broken = verify(kept_evidence)
    print(sums(kept_evidence))
    report(broken, shown=50)
    sys.exit(1 if broken else 0)

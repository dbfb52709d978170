#!/usr/bin/python3
"""Our JSON mapping against Google's, on generated messages of every event type and of every kind of field.

Both directions, and on damaged JSON: what we accept, Google accepts and reads the same (we may be stricter).
MEDHUB_SEED and MEDHUB_COUNT choose the run; a failure prints the seed.
"""
# timeout: 300
import base64
import json
import math
import os
import pathlib
import random
import struct
import subprocess
import sys

from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory
from google.protobuf.descriptor import FieldDescriptor as F

SEED = int(os.environ.get("MEDHUB_SEED", "1"))
COUNT = int(os.environ.get("MEDHUB_COUNT", "4000"))
BUILD = pathlib.Path(os.environ["MEDHUB_BUILD_DIR"])
INT_BITS = {F.TYPE_INT32: 32, F.TYPE_SINT32: 32, F.TYPE_SFIXED32: 32, F.TYPE_INT64: 64, F.TYPE_SINT64: 64,
            F.TYPE_SFIXED64: 64}
UINT_BITS = {F.TYPE_UINT32: 32, F.TYPE_FIXED32: 32, F.TYPE_UINT64: 64, F.TYPE_FIXED64: 64}


def message_classes():
    files = descriptor_pb2.FileDescriptorSet.FromString((BUILD / "schemas/descriptors.binpb").read_bytes())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    factory = message_factory.MessageFactory(pool)
    names = [f"{file.package}.{message.name}" for file in files.file if file.package.startswith("medhub.")
             and not file.package.startswith("medhub.options") for message in file.message_type]
    return {name: factory.GetPrototype(pool.FindMessageTypeByName(name)) for name in names}


class Maker:
    """Fills messages with values that lie at the edges more often than in the middle."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def whole(self, low, high):
        choice = self.random.random()
        if choice < 0.4:
            return self.random.choice([low, low + 1, high - 1, high, max(low, -1), 0, 1, min(high, 2**53 + 1)])
        return self.random.randint(max(low, -1000), min(high, 1000)) if choice < 0.7 else self.random.randint(low, high)

    def text(self):
        pieces = ["a", "Z", "9", " ", "\"", "\\", "/", "\n", "\t", "\x01", "\x1d", "\x1f", "\x7f", "é", "处方", "\u2028",
                  "𠮷", "\U0010ffff", "<", "'"]
        return "".join(self.random.choice(pieces) for _ in range(self.random.choice([0, 1, 3, 12])))

    def real(self, single):
        value = self.random.choice([0.1, -1.5, 1e10, 1e-10, 3.0, 123456.789, 1e300, math.inf, -math.inf, math.nan,
                                    self.random.uniform(-1e6, 1e6), 5e-324, 2.0**-149, 16777217.0])
        if not single:
            return value
        if math.isfinite(value) and abs(value) > 3e38:
            value = 3e38
        return struct.unpack("f", struct.pack("f", value))[0]

    def value(self, field, depth):
        if field.type in INT_BITS:
            bits = INT_BITS[field.type]
            return self.whole(-2**(bits - 1), 2**(bits - 1) - 1)
        if field.type in UINT_BITS:
            return self.whole(0, 2**UINT_BITS[field.type] - 1)
        if field.type in (F.TYPE_FLOAT, F.TYPE_DOUBLE):
            return self.real(field.type == F.TYPE_FLOAT)
        if field.type == F.TYPE_BOOL:
            return self.random.random() < 0.5
        if field.type == F.TYPE_ENUM:
            known = [value.number for value in field.enum_type.values]
            return self.random.choice(known + [12345] if self.random.random() < 0.1 else known)
        if field.type == F.TYPE_STRING:
            return self.text()
        return self.random.randbytes(self.random.choice([0, 1, 2, 3, 20]))

    def fill(self, message, depth=0):
        if message.DESCRIPTOR.full_name == "google.protobuf.Timestamp":
            message.seconds = self.whole(-62135596800, 253402300799)
            message.nanos = self.random.choice([0, 1, 500000000, 123456000, 999999999, 1000])
            return
        share = self.random.choice([0.2, 0.6, 1.0])
        for field in message.DESCRIPTOR.fields:
            if self.random.random() > share:
                continue
            if field.label == F.LABEL_REPEATED:
                for _ in range(self.random.choice([0, 1, 2])):
                    if field.type == F.TYPE_MESSAGE:
                        self.fill(getattr(message, field.name).add(), depth + 1)
                    else:
                        getattr(message, field.name).append(self.value(field, depth))
            elif field.type == F.TYPE_MESSAGE:
                getattr(message, field.name).SetInParent()
                self.fill(getattr(message, field.name), depth + 1)
            else:
                setattr(message, field.name, self.value(field, depth))


class Agent:
    """Our side: all questions go in at once, all answers come back."""

    def __init__(self):
        self.lines = []

    def ask(self, kind, name, content):
        self.lines.append(f"{kind} {name} {content}\n")

    def answers(self):
        done = subprocess.run([BUILD / "tests/contract/json_agent"], input="".join(self.lines).encode(),
                              stdout=subprocess.PIPE, check=True)
        answers = done.stdout.decode().split("\n")[:-1]
        assert len(answers) == len(self.lines), (len(answers), len(self.lines))
        return answers


def serialized(message):
    return message.SerializeToString(deterministic=True)


def same(ours, theirs):
    """As parsed JSON; NaN is a string in both, numbers compare as numbers."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(same(ours[key], theirs[key]) for key in ours)
    if isinstance(ours, list) and isinstance(theirs, list):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    return ours == theirs and isinstance(ours, bool) == isinstance(theirs, bool)


def damage(maker, text):
    """One leaf of the JSON replaced by something else, right or wrong."""
    tree = json.loads(text)
    spots = []

    def walk(node):
        items = node.items() if isinstance(node, dict) else enumerate(node)
        for key, value in list(items):
            spots.append((node, key))
            if isinstance(value, (dict, list)):
                walk(value)

    walk(tree)
    if spots:
        node, key = maker.random.choice(spots)
        node[key] = maker.random.choice([None, True, False, 0, -1, 1.0, 1.5, 2**31, 2**32, 2**63 - 1, -2**63, "", " ",
                                         "1", "-1", "007", "1.5", "x", "NaN", "Infinity", "AAA", "A A=", "-_", "=", [],
                                         {}, [None], [1], "2026-01-31T08:00:00Z", "2026-01-31T24:00:00Z",
                                         "2026-01-31T08:00:00.1+08:00", "KIND_UNSPECIFIED", "18446744073709551615"])
        if isinstance(node, dict) and maker.random.random() < 0.1:
            node["unknownField"] = 1
    return json.dumps(tree, ensure_ascii=False)


def parse_with_google(cls, text):
    try:
        return serialized(json_format.Parse(text, cls()))
    except (json_format.ParseError, ValueError, TypeError, AttributeError, OverflowError):
        return None


def main():
    maker = Maker(SEED)
    classes = message_classes()
    assert len([name for name in classes if name.endswith(".Uploaded")]) == 1
    failures = []
    agent, cases = Agent(), []
    names = sorted(classes) + ["medhub.selftest.v1.Kinds"] * 20
    for index in range(COUNT):
        name = names[index % len(names)]
        cls = classes[name]
        message = cls()
        maker.fill(message)
        agent.ask("j", name, base64.b64encode(serialized(message)).decode())
        google = json_format.MessageToJson(
            message, indent=None, preserving_proto_field_name=maker.random.random() < 0.3,
            including_default_value_fields=maker.random.random() < 0.3, use_integers_for_enums=maker.random.random() < 0.3,
            ensure_ascii=maker.random.random() < 0.5)
        agent.ask("p", name, google)
        damaged = damage(maker, google)
        agent.ask("p", name, damaged)
        cases.append((name, cls, message, google, damaged))

    answers = iter(agent.answers())
    accepted = refused = stricter = 0
    for name, cls, message, google, damaged in cases:
        ours, back, harmed = next(answers), next(answers), next(answers)
        if ours.startswith("!") or not same(json.loads(ours), json_format.MessageToDict(message)):
            failures.append(f"{name}: encode\n ours   {ours}\n google {json_format.MessageToJson(message, indent=None)}")
        elif parse_with_google(cls, ours) != serialized(message):
            failures.append(f"{name}: Google reads our JSON as another message: {ours}")
        if back.startswith("!") or serialized(cls.FromString(base64.b64decode(back))) != serialized(message):
            failures.append(f"{name}: decode\n json {google}\n ours {back}")
        theirs = parse_with_google(cls, damaged)
        if harmed.startswith("!"):
            refused += theirs is None
            stricter += theirs is not None
        elif theirs is None or serialized(cls.FromString(base64.b64decode(harmed))) != theirs:
            failures.append(f"{name}: damaged JSON read otherwise than Google does\n json {damaged}\n ours {harmed}")
        else:
            accepted += 1

    print(f"{COUNT} messages of {len(classes)} types, seed {SEED}; damaged JSON: {accepted} read alike, "
          f"{refused} refused by both, {stricter} by us alone; {len(failures)} failures")
    for failure in failures[:10]:
        print(failure)
    return 1 if failures or accepted == 0 or refused == 0 else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/python3
"""Holds the schemas against the last recorded ones: what was recorded must stay readable, on the wire and as JSON.

    compatibility.py check  --recorded schemas/recorded.binpb --descriptors BUILD/schemas/descriptors.binpb
    compatibility.py record --recorded schemas/recorded.binpb --descriptors BUILD/schemas/descriptors.binpb

check prints each break and exits 1 if there is one. record refuses to record a break; --force does it all the same.
"""
import argparse
import pathlib
import sys

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

UNGUARDED = ("google.protobuf", "medhub.selftest", "medhub.options")
OPTIONS = "medhub.options.v1"
F = descriptor_pb2.FieldDescriptorProto


class Schemas:
    """Messages, enumerations and our options of one descriptor set."""

    def __init__(self, files):
        pool = descriptor_pool.DescriptorPool()
        for file in files.file:
            pool.Add(file)
        classes = message_factory.MessageFactory(pool).GetMessages([file.name for file in files.file])
        self._field_options = classes["google.protobuf.FieldOptions"]
        self._message_options = classes["google.protobuf.MessageOptions"]
        self.messages, self.enums = {}, {}
        for file in files.file:
            if file.package.startswith(UNGUARDED):
                continue
            for message in file.message_type:
                self.messages[f"{file.package}.{message.name}"] = message
            for enum in file.enum_type:
                self.enums[f"{file.package}.{enum.name}"] = enum

    def _extension(self, cls, options):
        message = cls.FromString(options.SerializeToString())
        for extension, value in message.ListFields():
            if extension.is_extension:
                return value
        return None

    def facts(self, field):
        return self._extension(self._field_options, field.options)

    def event(self, message):
        return self._extension(self._message_options, message.options)


def is_reserved(thing, number, name):
    # The end of a message's range is exclusive, that of an enumeration inclusive.
    inclusive = isinstance(thing, descriptor_pb2.EnumDescriptorProto)
    by_number = any(range_.start <= number < range_.end + inclusive for range_ in thing.reserved_range)
    return by_number and name in thing.reserved_name


def said(options, name):
    """What the options say, or the default where there are none."""
    return getattr(options, name) if options is not None else False


def field_breaks(where, old, new, old_facts, new_facts):
    if old.name != new.name or old.json_name != new.json_name:
        yield f"{where}: number {old.number} is now called {new.name} (JSON {new.json_name})"
    if (old.type, old.type_name, old.label) != (new.type, new.type_name, new.label):
        yield f"{where}: its type changed"
    if old.HasField("oneof_index") != new.HasField("oneof_index"):
        yield f"{where}: it moved into or out of a oneof"
    if said(old_facts, "key") != said(new_facts, "key"):
        yield f"{where}: the key of the event changed"
    if said(new_facts, "required") and not said(old_facts, "required"):
        yield f"{where}: it is required now and was not"
    if said(new_facts, "hub_only") and not said(old_facts, "hub_only"):
        yield f"{where}: only the hub may write it now"


def message_breaks(name, recorded, current):
    old, new = recorded.messages[name], current.messages.get(name)
    if new is None:
        yield f"{name}: the message is gone"
        return
    now = {field.number: field for field in new.field}
    for field in old.field:
        where = f"{name}.{field.name}"
        if field.number in now:
            other = now.pop(field.number)
            yield from field_breaks(where, field, other, recorded.facts(field), current.facts(other))
        elif not is_reserved(new, field.number, field.name):
            yield f"{where}: removed without `reserved {field.number}; reserved \"{field.name}\";`"
    for field in now.values():
        if said(current.facts(field), "required"):
            yield f"{name}.{field.name}: a new field may not be required"
    for range_ in old.reserved_range:
        if not any(other.start <= range_.start and range_.end <= other.end for other in new.reserved_range):
            yield f"{name}: the reserved numbers {range_.start} to {range_.end - 1} are free again"
    old_event, new_event = recorded.event(old), current.event(new)
    for attribute in ("type", "topic", "key_kind"):
        if (said(old_event, attribute) or "") != (said(new_event, attribute) or ""):
            yield f"{name}: the event's {attribute} changed"


def enum_breaks(name, recorded, current):
    old, new = recorded.enums[name], current.enums.get(name)
    if new is None:
        yield f"{name}: the enumeration is gone"
        return
    now = {value.number: value.name for value in new.value}
    for value in old.value:
        if value.number not in now:
            if not is_reserved(new, value.number, value.name):
                yield f"{name}.{value.name}: removed without reserved"
        elif now[value.number] != value.name:
            yield f"{name}: number {value.number} was {value.name} and is {now[value.number]}"


def breaks(recorded_files, current_files):
    """All sentences on what somebody who holds the recorded schemas could no longer rely on."""
    recorded, current = Schemas(recorded_files), Schemas(current_files)
    found = []
    for name in sorted(recorded.messages):
        found += message_breaks(name, recorded, current)
    for name in sorted(recorded.enums):
        found += enum_breaks(name, recorded, current)
    return found


def read(path):
    return descriptor_pb2.FileDescriptorSet.FromString(pathlib.Path(path).read_bytes())


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("action", choices=["check", "record"])
    arguments.add_argument("--recorded", required=True)
    arguments.add_argument("--descriptors", required=True)
    arguments.add_argument("--force", action="store_true", help="record although something breaks")
    chosen = arguments.parse_args()

    current = read(chosen.descriptors)
    found = breaks(read(chosen.recorded), current) if pathlib.Path(chosen.recorded).exists() else []
    for sentence in found:
        print(sentence, file=sys.stderr)
    if found and not chosen.force:
        return 1
    if chosen.action == "record":
        pathlib.Path(chosen.recorded).write_bytes(current.SerializeToString(deterministic=True))
    return 0


if __name__ == "__main__":
    sys.exit(main())

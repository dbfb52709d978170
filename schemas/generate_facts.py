#!/usr/bin/python3
"""Writes the C table of facts (event/schema.h) from the descriptor set of schemas/ on standard output or to --out.

    generate_facts.py --descriptors descriptors.binpb --codes schemas/codes --out facts.c

Fails, naming the field, when options contradict each other: a table that compiles is a table that is right.
"""
import argparse
import csv
import json
import pathlib
import re
import sys

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

OPTIONS_PACKAGE = "medhub.options.v1"
MOMENT = "google.protobuf.Timestamp"
PLACES_MAX = 256  # numbers up to here are found by one table look-up
FIELD_WORDS = 1  # as in hub/event/schema.h
ITEMS_MAX_DEFAULT = 1000
SENSITIVITIES = ["UNSPECIFIED", "PUBLIC", "ORGANISATION", "CLINICAL", "IDENTITY"]

SEARCHES = ["key", "prescription", "settlement", "product", "lot", "serial", "order", "organisation", "item", "code"]

F = descriptor_pb2.FieldDescriptorProto
WIRE_TYPE = {F.TYPE_DOUBLE: 1, F.TYPE_FIXED64: 1, F.TYPE_SFIXED64: 1,
             F.TYPE_FLOAT: 5, F.TYPE_FIXED32: 5, F.TYPE_SFIXED32: 5,
             F.TYPE_STRING: 2, F.TYPE_BYTES: 2, F.TYPE_MESSAGE: 2}  # all others: 0


class Schema:
    """All messages of a descriptor set with their options."""

    def __init__(self, path):
        files = descriptor_pb2.FileDescriptorSet.FromString(pathlib.Path(path).read_bytes())
        pool = descriptor_pool.DescriptorPool()
        for file in files.file:
            pool.Add(file)
        message_factory.MessageFactory(pool).GetMessages([file.name for file in files.file])
        factory = message_factory.MessageFactory(pool)
        self.field_options = factory.GetPrototype(pool.FindMessageTypeByName("google.protobuf.FieldOptions"))
        self.message_options = factory.GetPrototype(pool.FindMessageTypeByName("google.protobuf.MessageOptions"))
        self.field_extension = pool.FindExtensionByName(OPTIONS_PACKAGE + ".field")
        self.event_extension = pool.FindExtensionByName(OPTIONS_PACKAGE + ".event")
        self.headers = []
        self.messages = {}
        for file in files.file:
            if file.package == OPTIONS_PACKAGE or file.name == "google/protobuf/descriptor.proto":
                continue
            self.headers.append(re.sub(r"[.]proto$", ".pb-c.h", file.name))
            for message in file.message_type:
                if message.nested_type:
                    sys.exit(f"{file.name}: {message.name} holds nested types (or a map); write them at the top")
                self.messages[f"{file.package}.{message.name}"] = message

    def facts_of_field(self, field):
        options = self.field_options.FromString(field.options.SerializeToString())
        return options.Extensions[self.field_extension]

    def event_of(self, message):
        options = self.message_options.FromString(message.options.SerializeToString())
        return options.Extensions[self.event_extension]


def c_text(text):
    return "NULL" if text == "" else json.dumps(text, ensure_ascii=False)


def c_name(full_name):
    """As protoc-c names it: medhub.trace.v1.ItemScanned -> medhub__trace__v1__item_scanned."""
    return "__".join(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", part).lower() for part in full_name.split("."))


def c_struct(full_name):
    """As protoc-c names it: medhub.trace.v1.ItemScanned -> Medhub__Trace__V1__ItemScanned."""
    parts = (part.split("_") for part in full_name.split("."))
    return "__".join("".join(word[:1].upper() + word[1:] for word in words) for words in parts)


PLAIN = {F.TYPE_STRING: "text", F.TYPE_MESSAGE: "message", F.TYPE_BOOL: "truth", F.TYPE_INT64: "64", F.TYPE_UINT64: "64",
         F.TYPE_INT32: "32", F.TYPE_UINT32: "32", F.TYPE_ENUM: "enum"}


def plain_kind(field, facts):
    """How the short way takes it (event/unpack_plain.h): a single value that is neither a choice nor key, subject or the hub's
    own. None: it leaves it alone."""
    if field.label == F.LABEL_REPEATED or field.HasField("oneof_index") or facts.key or facts.subject or facts.hub_only:
        return None
    return PLAIN.get(field.type) if field.number < 2048 else None  # a tag of two bytes


def plain_lines(schema, index, field):
    facts = schema.facts_of_field(field)
    kind = plain_kind(field, facts)
    if kind is None:
        return []
    tag = field.number << 3 | WIRE_TYPE.get(field.type, 0)
    what = {"text": f", {facts.max_length}, {matcher_of(facts)}, {codes_of(facts)}",
            "message": f", &facts_of_{c_name(field.type_name[1:])}, depth",
            "enum": f", &{c_name(field.type_name[1:])}__descriptor"}.get(kind, "")
    return [f"    if (plain.tag == {tag:#x} && !plain_{kind}(&plain, {index}, {1 if tag < 128 else 2}, unpacking, "
            f"&to->{field.name.lower()}{what}))",
            "        goto out;"]


ZIGZAG_OR_FIXED = {F.TYPE_DOUBLE: "DOUBLE", F.TYPE_FLOAT: "FLOAT", F.TYPE_SINT32: "SINT32", F.TYPE_SINT64: "SINT64",
                   F.TYPE_FIXED32: "FIXED32", F.TYPE_FIXED64: "FIXED64", F.TYPE_SFIXED32: "SFIXED32",
                   F.TYPE_SFIXED64: "SFIXED64"}
SIGNED = {F.TYPE_INT32, F.TYPE_ENUM}  # negative ones have ten bytes


def pack_line(message, field):
    """How the field is packed (event/pack_plain.h); what is rare is left to protobuf-c."""
    name, kind = field.name.lower(), field.type
    tag = field.number << 3 | WIRE_TYPE.get(kind, 0)
    facts = f"&facts_of_{c_name(field.type_name[1:])}" if kind == F.TYPE_MESSAGE else ""
    if field.HasField("oneof_index"):
        return f"packing->left_out |= from->{message.oneof_decl[field.oneof_index].name.lower()}_case == {field.number};"
    if field.label == F.LABEL_REPEATED:
        if field.number >= 2048 or kind not in (F.TYPE_STRING, F.TYPE_BYTES, F.TYPE_MESSAGE):
            return f"packing->left_out |= from->n_{name} > 0;"
        call = {F.TYPE_STRING: "texts", F.TYPE_BYTES: "blobs", F.TYPE_MESSAGE: f"messages"}[kind]
        return f"pack_{call}(packing, {tag:#x}, {facts + ', ' if facts else ''}from->{name}, from->n_{name});"
    if kind in ZIGZAG_OR_FIXED or field.number >= 2048:
        type_ = ZIGZAG_OR_FIXED.get(kind) or F.Type.Name(kind)[5:]
        return f"packing->left_out |= reflect_is_set(PROTOBUF_C_TYPE_{type_}, &from->{name});"
    if kind == F.TYPE_MESSAGE:
        return f"pack_message_of(packing, {tag:#x}, {facts}, from->{name});"
    if kind in (F.TYPE_STRING, F.TYPE_BYTES):
        return f"pack_{'text' if kind == F.TYPE_STRING else 'bytes'}(packing, {tag:#x}, from->{name});"
    value = f"(int64_t)(int32_t)from->{name}" if kind in SIGNED else f"from->{name}"
    return f"pack_number(packing, {tag:#x}, {'from->' + name + ' != 0' if kind == F.TYPE_BOOL else '(uint64_t)' + value});"


def pack_function(full_name, message, fields):
    return [f"static void pack_of_{c_name(full_name)}(struct packing *packing, const void *message)", "{",
            f"    const {c_struct(full_name)} *from = message;",
            "    packing->left_out |= from->base.n_unknown_fields > 0;",
            *("    " + pack_line(message, field) for field in reversed(fields)), "}"]


def slots_of(names):
    """Where schema_of() looks for each, the numbers being those of hub/event/facts.h."""
    bits, factor_package, factor, word = 10, 0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, (1 << 64) - 1
    slots = [None] * (1 << bits)
    if len(names) > len(slots) // 2:
        sys.exit("more messages than half the slots; raise FACTS_SLOT_BITS here and in hub/event/facts.h")
    for name in names:
        data = name.encode()
        if len(data) < 15:
            sys.exit(f"{name}: too short a name for schema_of()")
        package, end = (int.from_bytes(data[at:at + 8], "little") for at in (7, len(data) - 8))
        slot = ((package * factor_package + end + len(data)) * factor & word) >> (64 - bits)
        while slots[slot] is not None:
            slot = (slot + 1) % len(slots)
        slots[slot] = name
    return slots


def plain_function(schema, full_name, fields):
    lines = [line for index, field in enumerate(fields) for line in plain_lines(schema, index, field)]
    signature = (f"static const uint8_t *plain_of_{c_name(full_name)}(struct unpacking *unpacking, const uint8_t *at, "
                 "const uint8_t *end, void *message, struct met *met, unsigned depth)")
    if not lines:
        return [signature, "{", "    (void)unpacking, (void)end, (void)message, (void)met, (void)depth;", "    return at;", "}"]
    return [signature, "{", f"    {c_struct(full_name)} *to = message;", "    struct plain plain = plain_begin(at, end);",
            "    (void)depth;", *lines, "out:", "    return plain_end(unpacking, &plain, met);", "}"]


def matcher_of(facts):
    return f"pattern_table[PATTERN_{facts.pattern.upper()}].matches" if facts.pattern else "NULL"


def codes_of(facts):
    return f"&codes_{facts.code_table}" if facts.code_table else "NULL"


def check_field(where, field, facts):
    def wrong(why):
        sys.exit(f"{where}.{field.name}: {why}")

    if facts.pattern and field.type != F.TYPE_STRING:
        wrong("a pattern is for strings")
    if facts.code_table and field.type != F.TYPE_STRING:
        wrong("a code table is for strings")
    if facts.max_length and field.type not in (F.TYPE_STRING, F.TYPE_BYTES):
        wrong("max_length is for strings and bytes")
    if facts.max_items and field.label != F.LABEL_REPEATED:
        wrong("max_items is for lists")
    if (facts.key or facts.subject) and (field.type != F.TYPE_STRING or field.label == F.LABEL_REPEATED):
        wrong("key and subject are single strings")
    if facts.search and (field.type != F.TYPE_STRING or facts.search not in SEARCHES):
        wrong(f"search is for strings and one of {', '.join(SEARCHES)}")
    if field.type == F.TYPE_GROUP or field.proto3_optional:
        wrong("groups and optional are not for protobuf-c")


def look_of(field, facts):
    """What check_message() has to look at: most fields of most events need nothing."""
    single = field.label != F.LABEL_REPEATED and not field.HasField("oneof_index")
    if field.type == F.TYPE_MESSAGE:
        return "LOOK_MESSAGE" if single and field.type_name[1:] != MOMENT else "LOOK_OTHER"
    if not single or facts.required or field.type == F.TYPE_ENUM or (field.type == F.TYPE_BYTES and facts.max_length):
        return "LOOK_TEXT" if single and field.type == F.TYPE_STRING else "LOOK_OTHER"
    if field.type == F.TYPE_STRING and (facts.max_length or facts.pattern or facts.code_table):
        return "LOOK_TEXT"
    return "LOOK_NOTHING"


def holds_searched(schema, field):
    """True if the message in FIELD has, at any depth, something that is searched for. Recursion was refused before."""
    if field.type != F.TYPE_MESSAGE:
        return False
    inner = schema.messages[field.type_name[1:]].field
    return any(schema.facts_of_field(each).search or holds_searched(schema, each) for each in inner)


def holds_wraps(schema, field):
    """True if the message in FIELD is a wrap of a sealed value, or holds one at any depth."""
    if field.type != F.TYPE_MESSAGE:
        return False
    return field.type_name == ".medhub.common.v1.SealWrap" or any(
        holds_wraps(schema, each) for each in schema.messages[field.type_name[1:]].field)


def field_row(schema, where, field):
    facts = schema.facts_of_field(field)
    check_field(where, field, facts)
    repeated = field.label == F.LABEL_REPEATED
    wire_type = WIRE_TYPE.get(field.type, 0)
    message = "NULL"
    if field.type == F.TYPE_MESSAGE:
        message = "&facts_of_" + c_name(field.type_name[1:])
    row = {
        "name": c_text(field.name),
        "json_name": c_text(field.json_name),
        "number": field.number,
        "max_length": facts.max_length,
        "max_items": (facts.max_items or ITEMS_MAX_DEFAULT) if repeated else 0,
        "pattern": f"&pattern_table[PATTERN_{facts.pattern.upper()}]" if facts.pattern else "NULL",
        "codes": codes_of(facts),
        "message": message,
        "names": f"&{c_name(field.type_name[1:])}__descriptor" if field.type == F.TYPE_ENUM else "NULL",
        "sensitivity": "SENSITIVITY_" + SENSITIVITIES[facts.sensitivity],
        "look": look_of(field, facts),
        "offset": f"offsetof({c_struct(where)}, {field.name.lower()})",
        "wire_type": wire_type,
        "packable": str(repeated and wire_type != 2).lower(),
        "text": str(field.type == F.TYPE_STRING).lower(),
        "required": str(facts.required).lower(),
        "key": str(facts.key).lower(),
        "subject": str(facts.subject).lower(),
        "hub_only": str(facts.hub_only).lower(),
        "search": "SEARCH_" + (facts.search or "nothing").upper(),
        "searched_inside": str(holds_searched(schema, field)).lower(),
        "wraps_inside": str(holds_wraps(schema, field)).lower(),
    }
    return "    {" + ", ".join(f".{name} = {value}" for name, value in row.items()
                               if value not in ("NULL", 0, "false", "SENSITIVITY_UNSPECIFIED", "LOOK_NOTHING",
                                                "SEARCH_NOTHING")) + "},"


def place_table(fields):
    limit = max([field.number for field in fields if field.number < PLACES_MAX], default=-1) + 1
    places = [0] * limit
    for index, field in enumerate(fields):
        if field.number < limit:
            places[field.number] = index + 1
    return places


def required_words(where, schema, fields):
    """Which fields are required, as bits."""
    if len(fields) > 64 * FIELD_WORDS:
        sys.exit(f"{where}: more than {64 * FIELD_WORDS} fields; raise FIELD_WORDS here and in hub/event/schema.h")
    bits = sum(1 << i for i, field in enumerate(fields) if schema.facts_of_field(field).required)
    return ", ".join(f"UINT64_C({bits >> 64 * word & (1 << 64) - 1:#x})" for word in range(FIELD_WORDS))


def only_index(where, schema, fields, which):
    found = [i for i, field in enumerate(fields) if getattr(schema.facts_of_field(field), which)]
    if len(found) > 1:
        sys.exit(f"{where}: more than one field is the {which}")
    return found[0] if found else -1


def classes_of(schema, message):
    """The classes that MESSAGE's fields have, at any depth, and whether one has that of the field around the message."""
    classes, inherits = set(), False
    for field in message.field:
        own = schema.facts_of_field(field).sensitivity
        if field.type == F.TYPE_MESSAGE:
            classes |= classes_of(schema, schema.messages[field.type_name[1:]])[0]
        classes |= {own} if own else set()
        inherits |= own == 0  # also of a message that is empty
    return classes, inherits


def write_message(out, schema, full_name, message):
    name = c_name(full_name)
    fields = sorted(message.field, key=lambda field: field.number)
    places = place_table(fields)
    event = schema.event_of(message)
    if fields:
        out.append(f"static const struct field_facts fields_of_{name}[] = {{")
        out += [field_row(schema, full_name, field) for field in fields]
        out.append("};")
    if places:
        out.append(f"static const uint8_t places_of_{name}[] = {{{', '.join(map(str, places))}}};")
    out += plain_function(schema, full_name, fields)
    out += pack_function(full_name, message, fields)
    key = only_index(full_name, schema, fields, "key")
    if event.type and key < 0:
        sys.exit(f"{full_name}: an event without a key field")
    if event.type and not schema.facts_of_field(fields[-1]).hub_only:
        sys.exit(f"{full_name}: an event ends with its provenance")
    out.append(f"static const struct message_facts facts_of_{name} = {{")
    out.append(f"    .name = {c_text(full_name)},")
    out.append(f"    .descriptor = &{name}__descriptor,")
    out.append(f"    .fields = {'fields_of_' + name if fields else 'NULL'}, .field_count = {len(fields)},")
    out.append(f"    .places = {'places_of_' + name if places else 'NULL'}, .place_count = {len(places)},")
    out.append(f"    .key_field = {key}, .subject_field = {only_index(full_name, schema, fields, 'subject')},")
    out.append(f"    .plain = plain_of_{name}, .pack = pack_of_{name},")
    out.append(f"    .required = {{{required_words(full_name, schema, fields)}}},")
    out.append(f"    .moment = {str(full_name == MOMENT).lower()},")
    classes, inherits = classes_of(schema, message)
    names = sorted("SENSITIVITY_" + SENSITIVITIES[one] for one in classes) or ["SENSITIVITY_UNSPECIFIED"]
    out.append(f"    .classes = {' | '.join(names)}, .inherits = {str(inherits).lower()},")
    for attribute in ("type", "topic", "key_kind", "title_zh", "title_en"):
        out.append(f"    .{attribute} = {c_text(getattr(event, attribute))},")
    out.append("};")


def in_order_of_use(schema):
    """Inner messages first; recursion is refused, because unpacking recurses with the data."""
    done, order = set(), []

    def visit(name, path):
        if name in path:
            sys.exit(f"{name}: recursive messages are not allowed ({' > '.join(path)})")
        if name in done:
            return
        for field in schema.messages[name].field:
            if field.type == F.TYPE_MESSAGE:
                visit(field.type_name[1:], path + [name])
        done.add(name)
        order.append(name)

    for name in sorted(schema.messages):
        visit(name, [])
    return order


def write_codes(out, schema, folder):
    names = {schema.facts_of_field(field).code_table
             for message in schema.messages.values() for field in message.field} - {""}
    for name in sorted(names):
        with open(pathlib.Path(folder) / f"{name}.csv", encoding="utf-8", newline="") as file:
            codes = sorted({row["code"] for row in csv.DictReader(file)}, key=lambda code: code.encode())
        out.append(f"static const char *const list_of_{name}[] = {{{', '.join(map(c_text, codes))}}};")
        out.append(f"static const struct code_table codes_{name} = {{{c_text(name)}, list_of_{name}, {len(codes)}}};")


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--descriptors", required=True)
    arguments.add_argument("--codes", required=True)
    arguments.add_argument("--out")
    chosen = arguments.parse_args()

    schema = Schema(chosen.descriptors)
    out = ["/* Generated by schemas/generate_facts.py from the descriptor set. Change the .proto, not this. */",
           '#include "event/facts.h"', '#include "event/search.h"', '#include "event/pack_plain.h"',
           '#include "event/unpack_plain.h"', ""]
    out += [f"#include \"{header}\"" for header in schema.headers] + [""]
    out += [f'_Static_assert(FIELD_WORDS == {FIELD_WORDS}, "as the generator has it");', ""]
    write_codes(out, schema, chosen.codes)
    for name in in_order_of_use(schema):
        write_message(out, schema, name, schema.messages[name])

    def write_index(array, count, names):
        out.append(f"const struct message_facts *const {array}[] = {{")
        out.extend(f"    &facts_of_{c_name(name)}," for name in names)
        out.append("};")
        out.append(f"const size_t {count} = {len(names)};")

    events = {schema.event_of(message).type: name for name, message in schema.messages.items()
              if schema.event_of(message).type}
    write_index("facts_messages", "facts_message_count", sorted(schema.messages))
    write_index("facts_events", "facts_event_count", [events[type_] for type_ in sorted(events)])

    out.append("const struct message_facts *const facts_slots[] = {")
    out += [f"    [{slot}] = &facts_of_{c_name(name)}," for slot, name in enumerate(slots_of(sorted(schema.messages))) if name]
    out += [f"    [{(1 << 10) - 1}] = NULL," if slots_of(sorted(schema.messages))[-1] is None else "", "};"]

    text = "\n".join(out) + "\n"
    if chosen.out:
        pathlib.Path(chosen.out).write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()

#!/usr/bin/python3
"""The schemas stay compatible with schemas/recorded.binpb, and the check sees each kind of break that there is."""
import os
import pathlib
import sys

SOURCE = pathlib.Path(os.environ["MEDHUB_SOURCE_DIR"])
BUILD = pathlib.Path(os.environ["MEDHUB_BUILD_DIR"])
sys.dont_write_bytecode = True
sys.path.insert(0, str(SOURCE / "schemas"))
import compatibility  # noqa: E402

from google.protobuf import descriptor_pb2  # noqa: E402

F = descriptor_pb2.FieldDescriptorProto
REQUIRED = b"\x82\x80\x19\x02\x08\x01"  # option 51200: {required: true}


def message_of(files, package, name):
    file = next(file for file in files.file if file.package == package)
    return next(message for message in file.message_type if message.name == name)


def uploaded(files):
    return message_of(files, "medhub.prescription.v1", "Uploaded")


def field_of(message, name):
    return next(field for field in message.field if field.name == name)


def remove(message, name):
    field = field_of(message, name)
    message.field.remove(field)
    return field


def removed_field(files):
    remove(uploaded(files), "trace_code")


def removed_field_with_only_its_number_reserved(files):
    number = remove(uploaded(files), "trace_code").number
    uploaded(files).reserved_range.add(start=number, end=number + 1)


def reused_number(files):
    number = remove(uploaded(files), "trace_code").number
    uploaded(files).field.add(name="colour", json_name="colour", number=number, type=F.TYPE_STRING,
                              label=F.LABEL_OPTIONAL)


def changed_type(files):
    field_of(uploaded(files), "valid_days").type = F.TYPE_STRING


def list_made_of_one(files):
    field_of(uploaded(files), "trace_code").label = F.LABEL_REPEATED


def other_message_type(files):
    field_of(uploaded(files), "issued_at").type_name = ".medhub.common.v1.Money"


def renamed(files):
    field_of(uploaded(files), "trace_code").name = "tracking_code"


def newly_required(files):
    options = field_of(uploaded(files), "valid_days").options
    options.MergeFromString(REQUIRED)


def new_required_field(files):
    field = uploaded(files).field.add(name="colour", json_name="colour", number=900, type=F.TYPE_STRING,
                                      label=F.LABEL_OPTIONAL)
    field.options.MergeFromString(REQUIRED)


def message_gone(files):
    file = next(file for file in files.file if file.name == "medhub/state/v1/state.proto")
    file.message_type.remove(next(message for message in file.message_type if message.name == "ReleaseTally"))


def enum_value_renumbered(files):
    file = next(file for file in files.file if file.name == "medhub/trace/v1/trace.proto")
    enum = next(enum for enum in file.enum_type if enum.name == "Step")
    enum.value[2].number, enum.value[3].number = enum.value[3].number, enum.value[2].number


def event_type_changed(files):
    options = uploaded(files).options
    changed = options.SerializeToString().replace(b"medhub.prescription.uploaded.v1", b"medhub.prescription.uploaded.v2")
    options.Clear()
    options.MergeFromString(changed)


BREAKS = [removed_field, removed_field_with_only_its_number_reserved, reused_number, changed_type, list_made_of_one,
          other_message_type, renamed, newly_required, new_required_field, message_gone, enum_value_renumbered,
          event_type_changed]


def properly_removed(files):
    number = remove(uploaded(files), "trace_code").number
    uploaded(files).reserved_range.add(start=number, end=number + 1)
    uploaded(files).reserved_name.append("trace_code")


def new_field(files):
    uploaded(files).field.add(name="colour", json_name="colour", number=900, type=F.TYPE_STRING,
                              label=F.LABEL_OPTIONAL)


ALLOWED = [properly_removed, new_field, lambda files: None]


def mutated(files, mutate):
    copy = descriptor_pb2.FileDescriptorSet()
    copy.CopyFrom(files)
    mutate(copy)
    return copy


def main():
    recorded = compatibility.read(SOURCE / "schemas/recorded.binpb")
    failures = compatibility.breaks(recorded, compatibility.read(BUILD / "schemas/descriptors.binpb"))
    for mutate in BREAKS:
        if not compatibility.breaks(recorded, mutated(recorded, mutate)):
            failures.append(f"the check does not see: {mutate.__name__}")
    for mutate in ALLOWED:
        failures += compatibility.breaks(recorded, mutated(recorded, mutate))
    for failure in failures:
        print(failure)
    print(f"{len(BREAKS)} kinds of break tried, {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

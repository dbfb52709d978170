#!/usr/bin/python3
# timeout: 300
"""The OpenAPI and AsyncAPI documents: not stale, valid, and true.

- ops/docs/openapi.json and asyncapi.json are what the program prints today.
- openapi-spec-validator finds nothing wrong with the one, @asyncapi/parser (with its protobuf parser) with the other.
- Events of `medhub gen` are right by the OpenAPI schema, and wrong as soon as something is wrong with them.
- The protobuf schema of every event in the AsyncAPI document compiles by itself, and reads the bytes of our own.

What it needs is installed by ops/deps test."""
import copy
import json
import os
import pathlib
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(os.environ["MEDHUB_SOURCE_DIR"])
DEPS = pathlib.Path(os.environ["MEDHUB_DEPS_DIR"])
MEDHUB = os.environ["MEDHUB"]
PYTHON = DEPS / "python" / "bin" / "python"
NODE_MODULES = DEPS / "asyncapi" / "node_modules"
failures = []

if "MEDHUB_DOCUMENTS_AGAIN" not in os.environ:
    if not PYTHON.exists() or not NODE_MODULES.exists():
        print("run ops/deps test")
        sys.exit(77)
    # The validators live in an environment of their own.
    os.environ["MEDHUB_DOCUMENTS_AGAIN"] = "1"
    os.execv(PYTHON, [str(PYTHON), __file__])

import jsonschema  # noqa: E402
import openapi_spec_validator  # noqa: E402


def check(holds, what):
    if not holds:
        failures.append(what)
        print("failed:", what)


def medhub(*arguments):
    return subprocess.run([MEDHUB, *arguments], check=True, stdout=subprocess.PIPE, timeout=120).stdout.decode()


def the_documents_are_not_stale(documents):
    for name, text in documents.items():
        path = SOURCE / "ops" / "docs" / f"{name}.json"
        check(path.exists() and path.read_text() == text,
              f"{path.relative_to(SOURCE)} is stale: medhub ctl docs {name} >ops/docs/{name}.json")


def openapi_is_valid(document):
    for error in openapi_spec_validator.OpenAPIV31SpecValidator(document).iter_errors():
        check(False, f"openapi.json at {'/'.join(map(str, error.absolute_path))}: {error.message[:300]}")


def asyncapi_is_valid(text):
    done = subprocess.run(["node", str(SOURCE / "tests/contract/asyncapi/check.js")], input=text.encode(), timeout=120,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          env={**os.environ, "NODE_PATH": str(NODE_MODULES)})
    if done.returncode != 0:
        check(False, "asyncapi.json: " + done.stdout.decode()[:2000])
        return
    seen = json.loads(done.stdout)
    document = json.loads(text)
    check(seen["channels"] == len(document["channels"]), "the parser sees every channel")
    check(seen["messages"] == len(document["components"]["messages"]), "the parser sees every message")
    with_schema = [one for one in document["components"]["messages"].values() if "payload" in one]
    check(len(seen["properties"]) == len(with_schema) and min(seen["properties"]) > 0,
          "the parser reads fields out of every protobuf schema")


# ---- events by their schema ----

def validator_of(openapi):
    """One validator for the choice of all events. Formats are checked where the package can."""
    schema = {"$ref": "#/components/schemas/CloudEvent", "components": openapi["components"]}
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())


def generated():
    events = {}
    for what in ("policy,calendar,organisations", "catalogue-2025", "prescriptions", "settlements", "scans"):
        done = subprocess.run([MEDHUB, "gen", "-q", "--seed", "5", "--count", "20", "--what", what],
                              stdout=subprocess.PIPE, timeout=120)
        for line in done.stdout.decode().splitlines()[:400]:
            event = json.loads(line)
            events.setdefault(event["type"], []).append(event)
    return events


def wrongs(event):
    """Copies of a right event with one thing wrong each: (what, event)."""
    for name in ("id", "source", "type", "specversion"):
        less = copy.deepcopy(event)
        del less[name]
        yield f"without {name}", less
    for what, path, value in (("another version of CloudEvents", ("specversion",), "0.3"),
                              ("an unknown type", ("type",), "medhub.unknown.v1"),
                              ("an id that is a number", ("id",), 7),
                              ("a source with a blank", ("source",), "H 1"),
                              ("both kinds of data", ("data_base64",), "AA=="),
                              ("an unknown field", ("data", "unknownField"), 1),
                              ("what only the hub writes", ("data", "provenance"), {"offset": "1"})):
        changed = copy.deepcopy(event)
        place = changed
        for part in path[:-1]:
            place = place[part]
        place[path[-1]] = value
        yield what, changed
    less = copy.deepcopy(event)
    del less["data"]
    yield "without data", less


def events_are_right_by_their_schema(openapi):
    validator = validator_of(openapi)
    events = generated()
    check(len(events) >= 7, f"medhub gen made {sorted(events)}")
    for kind, some in sorted(events.items()):
        for event in some[:40]:
            error = next(iter(validator.iter_errors(event)), None)
            if error is not None:
                deepest = max([error, *(error.context or [])], key=lambda one: len(one.absolute_path))
                check(False, f"{kind} {event['id']}: {deepest.message[:300]} at {list(deepest.absolute_path)}")
                break
        for what, event in wrongs(some[0]):
            check(not validator.is_valid(event), f"{kind} {what} is wrong by its schema")


# ---- protobuf ----

def encode(folder, include, file, message, data, what):
    """JSON-free: the text format of protoc in, bytes out, or the other way round."""
    return subprocess.run(["protoc", f"--proto_path={include}", f"--proto_path={folder}", f"--{what}={message}", str(file)],
                          input=data, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)


def schemas_stand_alone(asyncapi, folder):
    compiled = 0
    for name, message in asyncapi["components"]["messages"].items():
        if "payload" not in message:
            continue
        path = folder / f"{compiled}.proto"
        path.write_text(message["payload"]["schema"])
        done = subprocess.run(["protoc", f"--proto_path={folder}", "--descriptor_set_out=/dev/null", str(path)],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
        check(done.returncode == 0, f"the schema of {name} compiles: {done.stdout.decode()[:300]}")
        compiled += 1
    check(compiled >= 15, "there are schemas of messages")


def bytes_of_ours_are_read(asyncapi, folder):
    """A prescription in text by the shipped .proto is packed; the schema in the document reads it to the same text."""
    schema = folder / "alone.proto"
    schema.write_text(asyncapi["components"]["messages"]["medhub.prescription.uploaded.v1"]["payload"]["schema"])
    text = b'hospital_number: "r-1"\nlines {\n  catalogue_code: "XA01"\n}\nprovenance {\n  topic: "t"\n  offset: 7\n}\n'
    packed = encode(SOURCE / "schemas", SOURCE / "schemas", SOURCE / "schemas/medhub/prescription/v1/prescription.proto",
                    "medhub.prescription.v1.Uploaded", text, "encode")
    check(packed.returncode == 0, f"protoc packs a prescription: {packed.stderr.decode()[:300]}")
    read = encode(folder, folder, schema, "Uploaded", packed.stdout, "decode")
    check(read.stdout == text, f"the schema reads our bytes: {read.stdout!r} {read.stderr!r}")


def main():
    texts = {name: medhub("ctl", "docs", name) for name in ("openapi", "asyncapi")}
    openapi, asyncapi = (json.loads(texts[name]) for name in ("openapi", "asyncapi"))
    the_documents_are_not_stale(texts)
    openapi_is_valid(openapi)
    asyncapi_is_valid(texts["asyncapi"])
    events_are_right_by_their_schema(openapi)
    with tempfile.TemporaryDirectory() as folder:
        schemas_stand_alone(asyncapi, pathlib.Path(folder))
        bytes_of_ours_are_read(asyncapi, pathlib.Path(folder))
    sys.exit(1 if failures else 0)


main()

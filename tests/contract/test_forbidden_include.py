#!/usr/bin/python3
"""A folder sees only what its library links to: an include against the order of the house does not compile.

Each probe is compiled with the very flags of a source file of that folder, taken from compile_commands.json."""
import glob
import json
import os
import re
import shlex
import subprocess
import sys

SOURCE = os.environ["MEDHUB_SOURCE_DIR"]
BUILD = os.environ["MEDHUB_BUILD_DIR"]
ORDER = ["base", "code", "epcis", "event", "kafka", "state", "domain", "flow"]
failures = []
probes = 0


def flags_of_folder():
    """The compile command of one source per folder of hub/, without its input and outputs."""
    flags = {}
    with open(os.path.join(BUILD, "compile_commands.json")) as file:
        entries = json.load(file)
    for entry in entries:
        folder, _, name = os.path.relpath(entry["file"], os.path.join(SOURCE, "hub")).partition("/")
        if folder in ORDER and "/" not in name and folder not in flags:
            words = shlex.split(entry["command"])
            for option in ("-o", "-c"):
                at = words.index(option)
                del words[at : at + 2]
            flags[folder] = words
    return flags


def headers(folder):
    return sorted(os.path.basename(path) for path in glob.glob(f"{SOURCE}/hub/{folder}/*.h"))


def probe(flags, header, visible, who):
    global probes
    probes += 1
    run = subprocess.run(flags + ["-fsyntax-only", "-x", "c", "-"], input=f'#include "{header}"\nextern int probe;\n',
                         capture_output=True, text=True, cwd=BUILD)
    if visible and run.returncode != 0:
        failures.append(f"{who} should see {header}:\n{run.stderr}")
    if not visible and (run.returncode == 0 or not re.search(r"No such file|file not found", run.stderr)):
        failures.append(f"{who} must not see {header}, exit status {run.returncode}\n{run.stderr}")


def check_folders(flags):
    for place, who in enumerate(ORDER):
        if who not in flags:
            continue
        for header in headers("base"):
            probe(flags[who], f"base/{header}", True, who)
        hidden = ORDER[place + 1 :] + (["kafka", "state"] if who == "domain" else [])
        for folder in hidden:
            for header in headers(folder):
                probe(flags[who], f"{folder}/{header}", False, who)


def check_sources():
    """What the include path cannot prevent: going around it, and the one folder that may know librdkafka."""
    for top in ("hub", "connectors", "tests", "ops"):
        for path in sorted(glob.glob(f"{SOURCE}/{top}/**/*.[ch]", recursive=True)):
            name = os.path.relpath(path, SOURCE)
            with open(path, encoding="utf-8") as file:
                includes = re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)', file.read(), re.M)
            for include in includes:
                if ".." in include.split("/"):
                    failures.append(f"{name} includes {include}: name headers by their folder")
                if "rdkafka" in include and top in ("hub", "connectors") and not name.startswith("hub/kafka/"):
                    failures.append(f"{name} includes {include}: only hub/kafka speaks to librdkafka")


flags = flags_of_folder()
check_folders(flags)
check_sources()
for failure in failures:
    print(failure)
print(f"{probes} includes tried, {len(failures)} wrong")
if not failures and "domain" not in flags:
    print("hub/domain has no source yet: nothing proven")
    sys.exit(77)
sys.exit(1 if failures else 0)

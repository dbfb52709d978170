#!/usr/bin/python3
# timeout: 120
"""`medhub code` and `medhub event hash` as scripts rely on them: a line out for each line in, exit codes, links and URNs; and what a
library that reads foreign text promises: no memory of its own, and no text that takes longer than its length."""
import json
import os
import resource
import subprocess
import sys
import tempfile

MEDHUB, BUILD = os.environ["MEDHUB"], os.environ["MEDHUB_BUILD_DIR"]
OK, USAGE, NOT_FOUND, PARTIAL = 0, 2, 3, 6
GTIN, LINK = "06926347962617", "https://id.gs1.org/01/06926347962617"
LINE_BYTES, TOTAL_BYTES, TIMES_SLOWER = 4096, 1 << 16, 2.5
failures = []


def check(what, truth, more=""):
    if not truth:
        failures.append(what)
        print(f"not so: {what} {str(more)[:1500]}", file=sys.stderr)


def run(*words, text="", expect=OK):
    done = subprocess.run([MEDHUB, *words], input=text.encode(), capture_output=True, timeout=100, check=False)
    check(f"medhub {' '.join(words)} ends with {expect}", done.returncode == expect, f"but {done.returncode}: {done.stderr[-300:]}")
    return done.stdout.decode().split("\n")[:-1]


def a_line_for_each_line():
    lines = run("code", "parse", "--year", "2026", text=f"(01){GTIN}(10)A\n\n{'9' * (LINE_BYTES + 9)}\nhello\n(01){GTIN}", expect=PARTIAL)
    answers = [json.loads(line) for line in lines]
    check("five lines, five answers, in their order", [answer["ok"] for answer in answers] == [True, False, False, False, True], lines)
    check("an empty line is one refusal", (answers[1]["error"], answers[1]["at"]) == ("code.empty", 0), answers[1])
    check("more than 4 KB is refused by name", answers[2]["error"] == "code.too_long", answers[2])
    check("a refusal says where and what", {"ok", "error", "at", "message"} <= set(answers[3]), answers[3])
    check("nothing in, nothing out", run("code", "parse") == [])
    run("code", "parse", text=f"(01){GTIN}\n")
    run("code", "parse", "/nowhere", expect=NOT_FOUND)
    run("code", "parse", "--urn", expect=USAGE)
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(f"(01){GTIN}\r\n")
        file.flush()
        check("a file's lines may end as on Windows", json.loads(run("code", "parse", file.name)[0])["di"] == GTIN)


def links_and_urns():
    check("the canonical link: qualifiers in the path in their order, the rest as query, all else encoded",
          run("code", "canonical", "--year", "2026", text=f"(01){GTIN}(17)280131(21)S/1(10)L 1\n(01){GTIN}(10)L/1(22)V\n(00)106141412345678908\n",
              expect=PARTIAL)[1:] == [f"{LINK}/22/V/10/L%2F1", "https://id.gs1.org/00/106141412345678908"])
    refused = json.loads(run("code", "canonical", text="hello\n", expect=PARTIAL)[0])
    check("what has no link says why", not refused["ok"] and refused["error"], refused)

    def urn(*options, code=f"(01){GTIN}(21)S1", expect=OK):
        return run("code", "canonical", "--urn", *options, text=code + "\n", expect=expect)[0]

    check("China's prefixes are built in", urn(code="(01)06901234567892(21)7") == "urn:epc:id:sgtin:6901234.056789.7")
    check("a length may be given", urn("--prefix-length", "8") == "urn:epc:id:sgtin:69263479.06261.S1")
    check("without serial it is a pattern", urn("--prefix-length", "8", code=f"(01){GTIN}") == "urn:epc:idpat:sgtin:69263479.06261.*")
    check("what has none says why", not json.loads(urn(code="(99)A", expect=PARTIAL))["ok"])
    foreign = "(01)04050546003764(21)7"
    check("a prefix that nobody knows is refused", not json.loads(urn(code=foreign, expect=PARTIAL))["ok"])
    tables = ("405054600,9\n", json.dumps({"GCPPrefixFormatList": {"entry": [{"prefix": "4050546", "gcpLength": 9}]}}))
    for table, suffix in zip(tables, (".csv", ".json")):
        with tempfile.NamedTemporaryFile("w", suffix=suffix) as file:
            file.write(table)
            file.flush()
            check(f"a table as {suffix}", urn("--prefixes", file.name, code=foreign) == "urn:epc:id:sgtin:405054600.0376.7", table)


def version_and_hashes():
    check("--version prints the dictionary's release", "2026-01-27" in "\n".join(run("--version")))
    events = [{"type": "ObjectEvent", "eventTime": f"2026-03-02T0{hour}:00:00Z", "eventTimeZoneOffset": "+08:00", "action": "OBSERVE",
               "epcList": [f"{LINK}/21/S1"], "bizStep": "shipping"} for hour in range(3)]
    document = {"@context": ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"], "type": "EPCISDocument", "schemaVersion": "2.0",
                "creationDate": "2026-03-02T00:00:00Z", "epcisBody": {"eventList": events}}
    hashes = run("event", "hash", text=json.dumps(document))
    check("a ni: URI for each event", len(set(hashes)) == 3 and all(line.startswith("ni:///sha-256;") and line.endswith("?ver=CBV2.0")
                                                                     for line in hashes), hashes)


def the_library_takes_no_memory():
    symbols = subprocess.run(["nm", "-u", os.path.join(BUILD, "hub", "code", "libmedhub_code.a")], capture_output=True, text=True, check=True)
    asked = {line.split()[-1] for line in symbols.stdout.splitlines() if line.strip().startswith("U ")}
    check("the library was looked into", "memcpy" in asked or "strlen" in asked or any("arena" in name for name in asked), asked)
    check("it calls no allocator but the caller's arena",
          not asked & {"malloc", "calloc", "realloc", "reallocarray", "strdup", "strndup", "aligned_alloc", "posix_memalign"}, asked)


# What a repair, a search or an escape could make slow.
SHAPES = {"digits": "9", "FNC1": "\x1d", "written FNC1": "<GS>10A", "brackets": "(10)A", "open brackets": "(", "escapes": "(10)\\(",
          "lost FNC1": "10ABC17280131", "blanks": "0 1 ", "wide": "０１", "link": "https://x/01/", "percent": "https://x/%30%31/",
          "HIBC": "+A123ABC/", "MA": "MA.156.M0.", "ISBT": "=A9999", "AHM": "AHM,", "XML": "<udi>", "case": "aBcD", "keyboard": "âäœ"}


def seconds(lines):
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    subprocess.run([MEDHUB, "code", "parse"], input="\n".join(lines).encode() + b"\n", stdout=subprocess.DEVNULL, check=False, timeout=100)
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


def of_length(shape, size):
    text = shape * (size // len(shape.encode()) + 1)
    return text.encode()[:size].decode(errors="ignore")


def time_is_linear():
    """The same bytes in few long lines and in eight times as many short ones: what looks at pairs would take eight times as long."""
    for name, shape in SHAPES.items():
        long, short = of_length(shape, LINE_BYTES - 6), of_length(shape, LINE_BYTES // 8)
        for attempt in range(3):
            slow, quick = seconds([long] * (TOTAL_BYTES // LINE_BYTES)), seconds([short] * (8 * TOTAL_BYTES // LINE_BYTES))
            if slow < TIMES_SLOWER * max(quick, 0.02):
                break
        check(f"{name}: time grows with the length only", slow < TIMES_SLOWER * max(quick, 0.02), f"{slow:.3f} s and {quick:.3f} s")


a_line_for_each_line()
links_and_urns()
version_and_hashes()
the_library_takes_no_memory()
time_is_linear()
sys.exit(f"{len(failures)} not so" if failures else 0)

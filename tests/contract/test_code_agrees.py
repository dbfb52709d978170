#!/usr/bin/python3
# timeout: 300
"""What `medhub code` says of GS1 strings, held against others on the same strings: every identifier of the dictionary, right
and damaged, in brackets, raw and as links.

- The maker of the strings (tests/support/gs1_strings.py), which knows what it put in.
- biip, installed by ops/deps: what both read, both read alike.
- BWIPP, installed by ops/deps, whose authors wrote the dictionary with GS1: the same verdict on brackets and links.
- GS1's own engine (gs1-syntax-engine), where MEDHUB_GS1_ENGINE names its shared library: the same verdict on every string.

Each difference that we mean has a name below and is counted; any other fails the test. MEDHUB_CODE_ROUNDS and
MEDHUB_CODE_SEED make it longer or different."""
import collections
import ctypes
import datetime
import glob
import json
import os
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.environ["MEDHUB_SOURCE_DIR"], "tests", "support"))
import gs1_strings as strings  # noqa: E402

MEDHUB = os.environ["MEDHUB"]
BWIPP_STRINGS = int(os.environ.get("MEDHUB_CODE_BWIPP", "3000"))
ROUNDS = int(os.environ.get("MEDHUB_CODE_ROUNDS", "8"))
SEED = int(os.environ.get("MEDHUB_CODE_SEED", "20260127"))
SKIPPED = 77
ELEMENT_PREFIXES = ("]C1", "]e0", "]d2", "]Q3", "]J1")
SCHEMES = ("http://", "https://", "HTTP://", "HTTPS://")
failures = []
named = collections.Counter()


def fail(text):
    failures.append(text)
    if len(failures) <= 20:
        print(f"not so: {text}", file=sys.stderr)


def medhub(texts, *words):
    done = subprocess.run([MEDHUB, "code", *words], input="\n".join(texts).encode() + b"\n", capture_output=True, timeout=200,
                          check=False)
    lines = done.stdout.decode().split("\n")[:-1]
    if len(lines) != len(texts) or done.returncode not in (0, 6):
        sys.exit(f"{len(lines)} lines for {len(texts)}, exit code {done.returncode}: {done.stderr.decode()[-500:]}")
    return lines


def elements_of(answer):
    return [(element["ai"], element["value"]) for element in answer["elements"]] if answer["ok"] else None


# ---- the maker


def has_two_values(elements):
    return len(dict(elements)) < len(set(elements))


def check_maker(form, text, elements, answer):
    """Right values are read, in their order; what excludes or contradicts one another is not."""
    if form == "link":
        expected = answer["ok"] and sorted(elements_of(answer)) == sorted(set(elements))
        wrong_place = answer.get("error") in ("code.link_attribute", "code.repeated")
        if not expected and not wrong_place and not strings.excluded(elements):
            fail(f"link {text!r}: {answer}")
        return
    if strings.excluded(elements) or has_two_values(elements):
        if answer.get("error") not in ("code.excluded", "code.repeated"):
            fail(f"{form} {text!r} should exclude or contradict itself: {answer}")
    elif elements_of(answer) != elements:
        fail(f"{form} {text!r}: {answer}")
    else:
        check_companions(text, elements, answer)


def check_companions(text, elements, answer):
    ais = {ai for ai, _ in elements}
    missing = set()
    for ai in ais:
        for needs in strings.ENTRIES[ai].needs:
            there = lambda pattern: any(strings.matches(pattern, other) for other in ais if other != ai)  # noqa: E731,B023
            if not any(all(there(pattern) for pattern in group) for group in needs):
                missing.add(f"code.companion_missing: {ai} requires " + ",".join("+".join(group) for group in needs))
    said = {warning for warning in answer["warnings"] if warning.startswith("code.companion_missing")}
    if said != missing:
        fail(f"{text!r}: companions {said} but {missing}")


# ---- biip


def biip_reader():
    folders = glob.glob(os.path.join(os.environ["MEDHUB_DEPS_DIR"], "python", "lib", "python3*", "site-packages"))
    sys.path += folders
    try:
        import biip
        from biip.gs1_digital_link_uris import GS1DigitalLinkURI
        from biip.gs1_messages import GS1Message
    except ImportError:
        return None

    def read(form, text):
        parse = {"raw": GS1Message.parse, "bracketed": GS1Message.parse_hri, "link": GS1DigitalLinkURI.parse}[form]
        try:
            return list(parse(text.removeprefix("]d2")).element_strings), ""
        except biip.ParseError as error:
            return None, str(error)
    return read


# biip does not hold values against all rules of the dictionary.
BIIP_DOES_NOT_CHECK = {f"code.{name}" for name in """excluded repeated link_attribute link_path country currency iban coupon value check_pair
    company_prefix percent position sequence piece_of_total padding time date check_digit character link value_too_long
    value_too_short link_short_gtin unknown_ai link_key link_word_key bracket unknown""".split()}


def check_biip(read, form, text, answer):
    if form == "raw" and not text.startswith("]d2"):
        return
    if form == "bracketed" and ("\\" in text or not text.startswith("(")):
        named["biip: no escapes in bracketed text"] += 1
        return
    elements, error = read(form, text)
    if elements is None and answer["ok"]:
        if "(8010)" in error:
            named["biip: at least five characters of (8010)"] += 1
        elif "(7007)" in error:
            named["biip: no two dates in (7007)"] += 1
        else:
            fail(f"biip refuses {form} {text!r}: {error}")
    elif elements is not None and not answer["ok"]:
        if answer["error"] in BIIP_DOES_NOT_CHECK:
            named[f"biip does not check: {answer['error']}"] += 1
        else:
            fail(f"we refuse {form} {text!r}: {answer['error']}")
    elif elements is not None:
        compare_with_biip(form, text, elements, answer)


def compare_with_biip(form, text, elements, answer):
    if [(element.ai.ai, element.value) for element in elements] != elements_of(answer):
        fail(f"biip reads other elements of {form} {text!r}: {elements}")
    for element in elements:
        if element.ai.ai == "17" and element.date is not None:
            said = answer["expires_on"]
            if said != element.date.isoformat() and not (element.value.endswith("00") and element.date.isoformat().startswith(said)):
                fail(f"{text!r}: expires {said}, biip says {element.date}")


# ---- BWIPP


# Characters of the domain and of the whole URI; that a link needs the 14 digits of a GTIN.
BWIPP_DOES_NOT_CHECK = {"code.link", "code.character", "code.link_short_gtin"}


def check_bwipp(items, answers):
    """True if it is there. It knows no escapes in brackets."""
    folder = os.path.join(os.environ["MEDHUB_DEPS_DIR"], "bwipp")
    if not os.path.exists(os.path.join(folder, "complete")):
        return False
    asked = [(form, text, answer) for (form, text, _), answer in zip(items, answers)
             if (form == "bracketed" and text.startswith("(") and "\\" not in text) or (form == "link" and text.startswith(SCHEMES))]
    asked = asked[:BWIPP_STRINGS]
    judge = os.path.join(os.environ["MEDHUB_SOURCE_DIR"], "tests", "contract", "bwipp", "judge.cjs")
    done = subprocess.run(["node", judge, folder], input="\n".join(json.dumps(row[:2]) for row in asked) + "\n", capture_output=True,
                          text=True, timeout=250, check=False)
    verdicts = [json.loads(line) for line in done.stdout.splitlines()]
    if len(verdicts) != len(asked):
        fail(f"BWIPP answered {len(verdicts)} of {len(asked)}: {done.stderr[-300:]}")
    for (form, text, answer), verdict in zip(asked, verdicts):
        compare_with_bwipp(form, text, answer, verdict)
    print(f"{len(asked):,} strings judged by BWIPP, {sum(not verdict for verdict in verdicts):,} of them right")
    return True


def compare_with_bwipp(form, text, answer, verdict):
    if answer["ok"] == (verdict == ""):
        return
    if form == "link" and verdict == "" and answer["error"] in BWIPP_DOES_NOT_CHECK:
        named[f"BWIPP does not check links for: {answer['error']}"] += 1
        return
    if answer.get("error") == "code.company_prefix" and verdict == "":
        named["BWIPP wants three digits of a company prefix, the dictionary's own rule four"] += 1
        return
    if "GS1UnknownCurrency" in verdict:
        named["BWIPP has an older list of currencies (without VED and ZWG)"] += 1
        return
    if form == "link" and "GS1dlBadHexCharacter" in verdict:
        named["BWIPP refuses a percent sign that encodes nothing; with GS1's engine and biip it stands for itself"] += 1
        return
    fail(f"BWIPP on {form} {text!r}: {verdict or 'right'}, but {answer}")


# ---- GS1's engine


class Engine:
    def __init__(self, path):
        self.library = ctypes.CDLL(path)
        self.call("init", ctypes.c_void_p)
        self.context = ctypes.c_void_p(self.library.gs1_encoder_init(None))
        self.library.gs1_encoder_setValidationEnabled.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_bool]
        self.library.gs1_encoder_setValidationEnabled(self.context, 1, False)  # companions: a warning with us
        for name in ("setAIdataStr", "setScanData", "setDataStr"):
            self.call(name, ctypes.c_bool)
        for name in ("getAIdataStr", "getErrMsg", "getDLuri"):
            self.call(name, ctypes.c_char_p)

    def call(self, name, result):
        getattr(self.library, f"gs1_encoder_{name}").restype = result

    def read(self, form, text):
        name = {"raw": "setScanData", "bracketed": "setAIdataStr", "link": "setDataStr"}[form]
        return getattr(self.library, f"gs1_encoder_{name}")(self.context, text.encode())

    def said(self):
        return self.library.gs1_encoder_getAIdataStr(self.context).decode()

    def error(self):
        return self.library.gs1_encoder_getErrMsg(self.context).decode()

    def link(self):
        uri = self.library.gs1_encoder_getDLuri(self.context, None)
        return uri.decode() if uri else None


def check_engine(engine, form, text, answer, canonical):
    if (form == "raw" and not text.startswith(ELEMENT_PREFIXES)) or (form == "link" and not text.startswith(SCHEMES)):
        named["engine: other text is plain data"] += 1
        return
    right = engine.read(form, text)
    if right != answer["ok"]:
        if answer["ok"] and any(warning.startswith("code.signature_unserialised") for warning in answer["warnings"]):
            named["engine: refuses a signature without serial, we warn"] += 1
        else:
            fail(f"{form} {text!r}: {answer} but the engine: {right} {engine.error()}")
        return
    if right and form != "link" and strings.bracketed(elements_of(answer)) != engine.said():
        fail(f"{form} {text!r}: the engine reads {engine.said()}")
    if right:
        compare_links(engine, text, answer, canonical)


def in_order(uri):
    path, _, query = uri.partition("?")
    return path, sorted(filter(None, query.split("&")))


def compare_links(engine, text, answer, canonical):
    """Ours has the query in lexical order, the engine's has fixed lengths first. With several keys, or the same identifier
    twice, the choice differs."""
    keys = [ai for ai, _ in elements_of(answer) if strings.ENTRIES[ai].key]
    ours, theirs = None if canonical.startswith("{") else canonical, engine.link()
    if len(keys) > 1 or len(dict(elements_of(answer))) < len(answer["elements"]):
        named["engine: takes the first of several keys"] += 1
    elif ours is None or theirs is None:
        if ours != theirs and not (ours and "/235/" in ours):
            fail(f"{text!r}: link {ours}, the engine's {theirs}")
    elif in_order(ours) != in_order(theirs):
        fail(f"{text!r}: link {ours}, the engine's {theirs}")


def main():
    items = list(strings.generate(SEED, ROUNDS))
    texts = [text for _, text, _ in items]
    year = str(datetime.date.today().year)
    answers = [json.loads(line) for line in medhub(texts, "parse", "--strict", "--year", year)]
    read, engine = biip_reader(), None
    canonicals = [""] * len(texts)
    if os.environ.get("MEDHUB_GS1_ENGINE"):
        engine = Engine(os.environ["MEDHUB_GS1_ENGINE"])
        canonicals = medhub(texts, "canonical", "--year", year)
    for (form, text, elements), answer, canonical in zip(items, answers, canonicals):
        if elements is not None:
            check_maker(form, text, elements, answer)
        if read:
            check_biip(read, form, text, answer)
        if engine:
            check_engine(engine, form, text, answer, canonical)
    bwipp = check_bwipp(items, answers)
    print(f"{len(texts):,} strings, {sum(answer['ok'] for answer in answers):,} of them right; biip "
          f"{'compared' if read else 'not installed (ops/deps test)'}, BWIPP {'compared' if bwipp else 'not installed'}, GS1's engine "
          f"{'compared' if engine else 'not there'}")
    for name, count in named.most_common():
        print(f"{count:8,} {name}")
    if failures:
        print(f"{len(failures)} differences", file=sys.stderr)
        return 1
    return 0 if read and bwipp else SKIPPED


if __name__ == "__main__":
    sys.exit(main())

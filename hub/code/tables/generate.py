#!/usr/bin/python3
"""Makes the tables of hub/code from the GS1 Barcode Syntax Dictionary and the code lists.

usage: generate.py DICTIONARY LISTS OUTPUT.c OUTPUT.h

What a line of the dictionary means stands in its own head. A line that this does not understand stops the build."""
import re
import sys

SETS = {"N": "GS1_DIGIT", "X": "GS1_CSET82", "Y": "GS1_CSET39", "Z": "GS1_CSET64"}
RULES = set("""csum csumalpha gcppos1 gcppos2 yymmdd yymmd0 yyyymmdd yyyymmd0 hhmi hh mi ss iso3166 iso3166999 iso3166alpha2
    iso4217 iso5218 iban couponcode couponposoffer pieceoftotal posinseqslash latitude longitude mediatype packagetype
    importeridx hasnondigit nonzero nozeroprefix zero hyphen pcenc winding yesno""".split())
UNLIKELY = {"csum", "csumalpha", "yymmdd", "yymmd0", "yyyymmdd", "iban", "pieceoftotal"}
CSET82 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
CSET39 = "#-/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CSET64 = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"


class Row:
    def __init__(self, ai, flags, parts, attributes, title):
        self.ai, self.flags, self.parts, self.attributes, self.title = ai, flags, parts, attributes, title

    def values(self, key):
        return [value for name, value in self.attributes if name == key]


def read_part(word):
    match = re.fullmatch(r"(\[?)([NXYZ])(\.\.)?(\d+)(\]?)((?:,[a-z0-9]+)*)", word)
    if match is None or bool(match[1]) != bool(match[5]):
        raise SystemExit(f"not a component: {word}")
    rules = [rule for rule in match[6].split(",") if rule]
    if set(rules) - RULES:
        raise SystemExit(f"a rule that we do not have: {word}")
    return {"set": match[2], "min": 1 if match[3] else int(match[4]), "max": int(match[4]), "optional": bool(match[1]),
            "rules": rules}


def read_line(line):
    line, _, title = line.partition("#")
    words = line.split()
    first, _, last = words.pop(0).partition("-")
    flags = ""
    if words and re.fullmatch(r"[*?]+", words[0]):
        flags = words.pop(0)
    parts = []
    while words and re.match(r"\[?[NXYZ]", words[0]):
        parts.append(read_part(words.pop(0)))
    attributes = [tuple(word.split("=", 1)) if "=" in word else (word, "") for word in words]
    if not parts or {name for name, _ in attributes} - {"req", "ex", "dlpkey"}:
        raise SystemExit(f"not understood: {line}")
    return [Row(str(number).zfill(len(first)), flags, parts, attributes, title.strip())
            for number in range(int(first), int(last or first) + 1)]


def read_dictionary(name):
    release, rows = None, []
    with open(name, encoding="utf-8") as file:
        for line in file:
            match = re.match(r"# Release: (\S+)", line)
            if match:
                release = match[1]
            if line.strip() and not line.startswith("#"):
                rows += read_line(line)
    if release is None or [row.ai for row in rows] != sorted(row.ai for row in rows):
        raise SystemExit("the dictionary has no release, or is not in order")
    return release, rows


def read_lists(name):
    lists, current = {}, None
    with open(name, encoding="utf-8") as file:
        for line in file:
            if line.startswith(" "):
                lists[current] += line.split()
            elif line.strip() and not line.startswith("#"):
                current = line.strip()
                lists[current] = []
    return lists


class Tables:
    """Rows refer to shared arrays; equal stretches are kept once."""

    def __init__(self, rows):
        self.rows = rows
        self.number = {row.ai: i for i, row in enumerate(rows)}
        self.parts, self.excludes, self.needs, self.qualifiers, self.texts = [], [], [], [], []

    @staticmethod
    def place(array, stretch):
        for start in range(len(array) - len(stretch) + 1):
            if array[start:start + len(stretch)] == stretch:
                return start
        array.extend(stretch)
        return len(array) - len(stretch)

    def range(self, pattern):
        stem = pattern.rstrip("n")
        hits = [i for i, row in enumerate(self.rows) if row.ai.startswith(stem) and len(row.ai) == len(pattern)]
        if not hits or hits != list(range(hits[0], hits[-1] + 1)):
            raise SystemExit(f"no rows for {pattern}")
        return f"{{{hits[0]}, {hits[-1]}}}"

    def part(self, part):
        rules = ", ".join(f"GS1_RULE_{rule.upper()}" for rule in part["rules"]) or "GS1_RULE_END"
        return (f"{{{SETS[part['set']]}, {part['min']}, {part['max']}, {str(part['optional']).lower()}, "
                f"{{{rules}}}}}")

    def need(self, text):
        if text not in self.texts:
            self.texts.append(text)
        steps = []
        for group in text.split(","):
            for ai in group.split("+"):
                steps.append([self.range(ai), "false", "false", "0"])
            steps[-1][1] = "true"
        steps[-1][2:] = ["true", str(self.texts.index(text))]
        return ["{" + ", ".join(step) + "}" for step in steps]

    def sequences(self, row):
        flat = []
        for alternatives in row.values("dlpkey"):
            for alternative in alternatives.split("|"):
                flat += [str(self.number[ai]) for ai in alternative.split(",") if ai] + ["GS1_NONE"]
        return flat + ["GS1_NONE"]

    def row(self, row):
        excludes = [self.range(ai) for value in row.values("ex") for ai in value.split(",")]
        needs = [step for value in row.values("req") for step in self.need(value)]
        qualifiers = "GS1_NONE"
        if row.values("dlpkey"):
            qualifiers = self.place(self.qualifiers, self.sequences(row))
        parts = self.place(self.parts, [self.part(part) for part in row.parts])
        least = sum(part["min"] for part in row.parts if not part["optional"])
        flag = lambda truth: str(bool(truth)).lower()  # noqa: E731
        rules = {rule for part in row.parts for rule in part["rules"]}
        fields = [f'"{row.ai}"', len(row.ai), flag("*" in row.flags), flag("?" in row.flags), flag(row.values("dlpkey")),
                  flag(rules & UNLIKELY), flag(all(part["set"] == "N" for part in row.parts)), len(row.parts), least,
                  sum(part["max"] for part in row.parts), len(excludes), len(needs), parts,
                  self.place(self.excludes, excludes), self.place(self.needs, needs), qualifiers, f'"{row.title}"']
        return "{" + ", ".join(map(str, fields)) + "}"

    def prefixes(self):
        prefixes, index = [], []
        for number in range(100):
            rows = [row for row in self.rows if row.ai.startswith(f"{number:02}")]
            lengths = {len(row.ai) for row in rows}
            if len(lengths) > 1:
                raise SystemExit(f"identifiers of different lengths begin with {number:02}")
            length = lengths.pop() if lengths else 0
            if length == 2:
                prefixes.append(f"{{2, {self.number[rows[0].ai]}}}")
            elif length == 0:
                prefixes.append("{0, 0}")
            else:
                prefixes.append(f"{{{length}, {len(index)}}}")
                digits = length - 2
                index += [str(self.number.get(f"{number:02}{more:0{digits}}", "GS1_NONE")) for more in range(10 ** digits)]
        return prefixes, index


def array(kind, name, items, size=""):
    return f"const {kind} {name}[{size}] = {{\n" + "".join(f"    {item},\n" for item in items) + "};\n"


def characters():
    values = []
    for byte in range(256):
        letter = chr(byte)
        values.append((letter in "0123456789") | (letter in CSET82) << 1 | (letter in CSET39) << 2 | (letter in CSET64) << 3)
    return values


def bits(codes, index):
    """A bitmap in which the bit index(code) is set."""
    places = {index(code) for code in codes}
    words = [0] * (max(places) // 64 + 1)
    for place in places:
        words[place // 64] |= 1 << place % 64
    return [f"0x{word:016x}" for word in words]


def base36(code):
    """Shorter codes before longer ones: the place of a code of 1 to 3 letters and digits."""
    place = sum(36 ** length for length in range(1, len(code)))
    return place + int(code, 36)


def write(release, rows, lists, source, header):
    tables = Tables(rows)
    lines = [tables.row(row) for row in rows]
    prefixes, index = tables.prefixes()
    head = "/* Made by tables/generate.py from the GS1 Barcode Syntax Dictionary: change those. */\n"
    width = {"country": 1000, "currency": 1000, "media": 100, "country_letters": 676, "package": 36 + 1296 + 46656}
    with open(header, "w", encoding="utf-8") as out:
        out.write(head + "#ifndef CODE_GS1_ROWS_H\n#define CODE_GS1_ROWS_H\n\n")
        out.write("enum {\n    GS1_ROWS = %d,\n" % len(rows))
        out.writelines(f"    GS1_ROW_{row.ai} = {i},\n" for i, row in enumerate(rows))
        out.write("};\n")
        out.writelines(f"enum {{ GS1_{name.upper()}_WORDS = {(size + 63) // 64} }};\n" for name, size in width.items())
        out.write("\n#endif\n")
    with open(source, "w", encoding="utf-8") as out:
        out.write(head + '#include "code/gs1_table.h"\n#include "gs1_rows.h"\n\n#include "code/code.h"\n\n')
        out.write(f'const char code_dictionary_release[] = "{release}";\n')
        out.write(array("struct gs1_row", "gs1_rows", lines))
        out.write(array("struct gs1_part", "gs1_parts", tables.parts))
        out.write(array("struct gs1_range", "gs1_excludes", tables.excludes))
        out.write(array("struct gs1_need", "gs1_needs", tables.needs))
        out.write(array("char *const", "gs1_need_texts", [f'"{text}"' for text in tables.texts]))
        out.write(array("uint16_t", "gs1_qualifiers", tables.qualifiers))
        out.write(array("struct gs1_prefix", "gs1_prefixes", prefixes, "100"))
        out.write(array("uint16_t", "gs1_index", index))
        out.write(array("uint8_t", "gs1_characters", characters(), "256"))
        out.write(array("uint8_t", "gs1_cset82_values", [max(CSET82.find(chr(byte)), 0) for byte in range(256)], "256"))
        for name, size in width.items():
            place = {"country_letters": lambda code: (ord(code[0]) - 65) * 26 + ord(code[1]) - 65,
                     "package": base36}.get(name, int)
            out.write(array("uint64_t", f"gs1_{name}", bits(lists[name] , place), f"GS1_{name.upper()}_WORDS"))


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    write(*read_dictionary(sys.argv[1]), read_lists(sys.argv[2]), sys.argv[3], sys.argv[4])

"""GS1 strings made from the GS1 Barcode Syntax Dictionary: values that are right by its rules, and damaged ones.

Written independently of hub/code, from the head of the dictionary and the names of its rules."""
import os
import random
import re
import urllib.parse

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TABLES = os.path.join(ROOT, "hub", "code", "tables")
CSET82 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
CSET39 = "#-/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
CSET64 = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
CSET32 = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
SETS = {"N": "0123456789", "X": CSET82, "Y": CSET39, "Z": CSET64}
GS = "\x1d"


def read_lists():
    lists, name = {}, None
    for line in open(os.path.join(TABLES, "lists.txt"), encoding="utf-8"):
        if line.startswith(" "):
            lists[name] += line.split()
        elif line.strip() and line[0] != "#":
            name = line.strip()
            lists[name] = []
    return lists


LISTS = read_lists()


class Entry:
    """One application identifier of the dictionary."""

    def __init__(self, ai, flags, parts, attributes):
        self.ai, self.parts = ai, parts
        self.predefined, self.attribute = "*" in flags, "?" in flags
        self.key = any(name == "dlpkey" for name, _ in attributes)
        self.qualifiers = [[ai for ai in sequence.split(",") if ai] for name, value in attributes if name == "dlpkey"
                           for sequence in value.split("|")]
        self.excludes = [value for name, text in attributes if name == "ex" for value in text.split(",")]
        self.needs = [[group.split("+") for group in value.split(",")] for name, value in attributes if name == "req"]


def read_dictionary():
    entries = {}
    for line in open(os.path.join(TABLES, "gs1-syntax-dictionary.txt"), encoding="utf-8"):
        if line.startswith("#") or not line.strip():
            continue
        words = line.split("#")[0].split()
        first, _, last = words[0].partition("-")
        rest = words[1:]
        flags = rest.pop(0) if re.fullmatch(r"[*?]+", rest[0]) else ""
        parts = []
        while rest and re.match(r"\[?[NXYZ][.\d]", rest[0]):
            match = re.fullmatch(r"(\[?)([NXYZ])(\.\.)?(\d+)\]?((?:,\w+)*)", rest.pop(0))
            parts.append((bool(match[1]), match[2], 1 if match[3] else int(match[4]), int(match[4]),
                          [rule for rule in match[5].split(",") if rule]))
        attributes = [(word.split("=", 1) + [""])[:2] for word in rest]
        for number in range(int(first), int(last or first) + 1):
            entry = Entry(str(number).zfill(len(first)), flags, parts, attributes)
            entries[entry.ai] = entry
    return entries


ENTRIES = read_dictionary()


# ---- right values


def check_digit(digits):
    return str(-sum(int(digit) * (3 if i % 2 == 0 else 1) for i, digit in enumerate(reversed(digits))) % 10)


def primes(count):
    found = []
    number = 2
    while len(found) < count:
        if all(number % prime for prime in found):
            found.append(number)
        number += 1
    return found


PRIMES = primes(100)


def check_pair(text):
    total = sum(CSET82.index(letter) * PRIMES[len(text) - 1 - i] for i, letter in enumerate(text)) % 1021
    return CSET32[total >> 5] + CSET32[total & 31]


def month_days(year, month):
    return [31, 29 if year % 4 == 0 and (year % 100 or year % 400 == 0) else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]


def date(dice, digits, zero):
    year, month = dice.randint(1977, 2076) if digits == 6 else dice.randint(1900, 2099), dice.randint(1, 12)
    day = 0 if zero and dice.random() < 0.2 else dice.randint(1, month_days(year, month))
    return (f"{year % 100:02}" if digits == 6 else f"{year:04}") + f"{month:02}{day:02}"


def iban(dice):
    country, body = dice.choice(LISTS["country_letters"]), "".join(dice.choice(CSET82[13:23] + "ABCDEFGHIJKLMNOPQRSTUVWXYZ") for _ in range(dice.randint(10, 30)))
    number = int("".join(str(int(letter, 36)) for letter in body + country + "00"))
    return f"{country}{98 - number % 97:02}{body}"


def digits(dice, count):
    return "".join(dice.choice("0123456789") for _ in range(count))


def sized(dice, least, most, more=0):
    length = dice.randint(least, most)
    return str(length) + digits(dice, length + more)


def purchase(dice):
    return sized(dice, 1, 5) + dice.choice("012349") + digits(dice, 3)


def coupon(dice):
    text = sized(dice, 0, 6, 6) + digits(dice, 6) + sized(dice, 1, 3) + purchase(dice)
    if dice.random() < 0.2:
        text += "1" + dice.choice("0123") + purchase(dice) + dice.choice(["9", "0" + digits(dice, 6)])
    if dice.random() < 0.1:
        text += "2" + purchase(dice) + "9"
    first, second = sorted([date(dice, 8, False), date(dice, 8, False)])
    while first[:2] != "20":
        first, second = sorted([date(dice, 8, False), date(dice, 8, False)])
    text += "3" + second[2:] if dice.random() < 0.3 else ""
    text += "4" + first[2:] if dice.random() < 0.3 else ""
    text += "5" + sized(dice, 0, 2, 6) if dice.random() < 0.3 else ""
    text += "9" + dice.choice("01256") + dice.choice("012") + digits(dice, 1) + dice.choice("01") if dice.random() < 0.3 else ""
    return text if len(text) <= 70 else coupon(dice)


def pos_offer(dice):
    return dice.choice("01") + sized(dice, 0, 6, 6) + digits(dice, 6) + sized(dice, 0, 9, 6)


def piece(dice, length):
    total = dice.randint(1, 10 ** (length // 2) - 1)
    return f"{dice.randint(1, total):0{length // 2}}{total:0{length // 2}}"


def sequence(dice):
    last = dice.randint(1, 9)
    return f"{dice.randint(1, last)}/{last}"


def percent(dice, least, most):
    text = "".join(dice.choice(CSET82.replace("%", "") + "%") for _ in range(dice.randint(least, most)))
    text = re.sub("%", lambda _: "%" + format(dice.randrange(256), "02X"), text)[:most]
    return re.sub("%[^%]?$", "", text) or "A"


WHOLE = {
    "yymmdd": lambda dice, least, most: date(dice, 6, False), "yymmd0": lambda dice, least, most: date(dice, 6, True),
    "yyyymmdd": lambda dice, least, most: date(dice, 8, False), "yyyymmd0": lambda dice, least, most: date(dice, 8, True),
    "hhmi": lambda dice, least, most: f"{dice.randrange(24):02}{dice.randrange(60):02}",
    "hh": lambda dice, least, most: f"{dice.randrange(24):02}", "mi": lambda dice, least, most: f"{dice.randrange(60):02}",
    "ss": lambda dice, least, most: f"{dice.randrange(60):02}",
    "iso3166": lambda dice, least, most: dice.choice(LISTS["country"]),
    "iso3166999": lambda dice, least, most: dice.choice([*LISTS["country"], "999"]),
    "iso3166alpha2": lambda dice, least, most: dice.choice(LISTS["country_letters"]),
    "iso4217": lambda dice, least, most: dice.choice(LISTS["currency"]),
    "mediatype": lambda dice, least, most: dice.choice(LISTS["media"]),
    "packagetype": lambda dice, least, most: dice.choice(LISTS["package"]),
    "iso5218": lambda dice, least, most: dice.choice("0129"), "winding": lambda dice, least, most: dice.choice("019"),
    "yesno": lambda dice, least, most: dice.choice("01"), "iban": lambda dice, least, most: iban(dice),
    "couponcode": lambda dice, least, most: coupon(dice), "couponposoffer": lambda dice, least, most: pos_offer(dice),
    "pieceoftotal": lambda dice, least, most: piece(dice, most), "posinseqslash": lambda dice, least, most: sequence(dice),
    "latitude": lambda dice, least, most: f"{dice.randint(0, 1800000000):010}",
    "longitude": lambda dice, least, most: f"{dice.randint(0, 3600000000):010}",
    "importeridx": lambda dice, least, most: dice.choice(CSET64), "hyphen": lambda dice, least, most: "-",
    "zero": lambda dice, least, most: "0" * most, "pcenc": percent,
    "nonzero": lambda dice, least, most: f"{dice.randint(1, 10 ** most - 1):0{most}}",
    "nozeroprefix": lambda dice, least, most: str(dice.randint(1, 10 ** dice.randint(1, most) - 1)),
}


def component(dice, part):
    _, kind, least, most, rules = part
    for rule in rules:
        if rule in WHOLE:
            return WHOLE[rule](dice, least, most)
    length = dice.choice([least, most, dice.randint(least, most), dice.randint(least, min(most, least + 8))])
    if "gcppos1" in rules or "gcppos2" in rules:
        length = max(length, 5)
    text = "".join(dice.choice(SETS[kind]) for _ in range(length))
    if "gcppos1" in rules:
        text = digits(dice, min(4, length)) + text[4:]
    if "csumalpha" in rules:
        body = digits(dice, 4) + "".join(dice.choice(CSET82) for _ in range(max(length, 8) - 6)) + "A"
        body = body[-(most - 2):]
        body = digits(dice, 4) + body[4:]
        return body + check_pair(body)
    if "csum" in rules:
        text = text[:-1] + check_digit(text[:-1])
    return text


def value(dice, ai):
    parts = ENTRIES[ai].parts
    text = ""
    for part in parts:
        if part[0] and dice.random() < 0.5:
            break
        text += component(dice, part)
    return text


# ---- whole strings: lists of (ai, value)


def matches(pattern, ai):
    return len(pattern) == len(ai) and ai.startswith(pattern.rstrip("n"))


def excluded(elements):
    ais = {ai for ai, _ in elements}
    return any(other != ai and matches(pattern, other) for ai in ais for pattern in ENTRIES[ai].excludes for other in ais)


def udi(dice):
    """As on a label of a device."""
    elements = [("01", value(dice, "01"))]
    for ai, share in (("11", 0.4), ("17", 0.7), ("10", 0.7), ("21", 0.4), ("240", 0.1), ("30", 0.1)):
        if dice.random() < share:
            elements.append((ai, value(dice, ai)))
    return elements


def some(dice, ai=None):
    """AI, some of what it requires, and some other things."""
    elements = [(ai, value(dice, ai))] if ai else udi(dice)
    for needs in ENTRIES[elements[0][0]].needs:
        if dice.random() < 0.7:
            elements += [(other, value(dice, other)) for other in dice.choice(needs) if other in ENTRIES]
    for _ in range(dice.choice([0, 0, 1, 2])):
        other = dice.choice(list(ENTRIES))
        elements.append((other, value(dice, other)))
    if dice.random() < 0.5:
        dice.shuffle(elements)
    return elements


def raw(elements, prefix="]d2"):
    text = prefix
    for i, (ai, content) in enumerate(elements):
        text += ai + content + (GS if not ENTRIES[ai].predefined and i + 1 < len(elements) else "")
    return text


def bracketed(elements):
    return "".join(f"({ai}){content.replace('(', chr(92) + '(')}" for ai, content in elements)


def link(dice, elements):
    """A Digital Link URI, mostly with everything in its place. None without a key."""
    keys = [element for element in elements if ENTRIES[element[0]].key]
    if not keys:
        return None
    key = keys[0]
    sequence = dice.choice(ENTRIES[key[0]].qualifiers or [[]])
    path = [key] + [element for ai in sequence for element in elements if element[0] == ai]
    rest = [element for element in elements if element not in path]
    quote = lambda text: urllib.parse.quote(text, safe="")  # noqa: E731
    text = dice.choice(["https://id.gs1.org", "http://example.com", "https://a.example/some/path"])
    text += "".join(f"/{ai}/{quote(content)}" for ai, content in path)
    return text + ("?" + "&".join(f"{ai}={quote(content)}" for ai, content in rest) if rest else "")


def damage(dice, text, letters):
    place = dice.randrange(len(text))
    kind = dice.randrange(5)
    if kind == 0:
        return text[:place] + text[place + 1:]
    if kind == 1:
        return text[:place] + dice.choice(letters) + text[place:]
    if kind == 2:
        return text[:place] + text[place:place + 2][::-1] + text[place + 2:]
    return text[:place] + dice.choice(letters) + text[place + 1:]


def generate(seed, rounds):
    """(form, text, elements or None if damaged): every identifier ROUNDS times in each form, then labels of devices."""
    dice = random.Random(seed)
    for _ in range(rounds):
        for ai in [*ENTRIES, *["01"] * 200]:
            elements = some(dice, ai) if dice.random() < 0.7 else [(ai, value(dice, ai))] if ai != "01" else udi(dice)
            texts = [("raw", raw(elements)), ("bracketed", bracketed(elements)), ("link", link(dice, elements))]
            for form, text in texts:
                if text is None:
                    continue
                yield form, text, elements
                letters = "0123456789" if dice.random() < 0.5 else CSET82 + ("" if form == "link" else " ^#")
                damaged = damage(dice, text, letters)
                if "\n" not in damaged and damaged:
                    yield form, damaged, None

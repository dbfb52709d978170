#!/usr/bin/env python3
# timeout: 120
"""Random chains of units, boxes, pallets and lots, decided by the hub and by a model of a page: no difference in outcome, warnings,
where each thing stands, who holds it, in which pack it lies, what each holder has and sent to whom. After every chain: each unit lies in one pack at
most and that pack knows it; a pack's scan reaches exactly the units within it; amounts of a lot are conserved. And the same scans of
a lot in another order end with the same amounts."""
import collections
import datetime
import json
import os
import pathlib
import random
import subprocess
import sys

SEED, CHAINS, STEPS = int(os.environ.get("MODEL_SEED", "20260302")), int(os.environ.get("MODEL_CHAINS", "30")), 50
BUILD = pathlib.Path(os.environ["MEDHUB_BUILD_DIR"])
SOURCE = pathlib.Path(os.environ["MEDHUB_SOURCE_DIR"])
IDS = {"器械厂": "R65010000001", "医药公司": "D65010000001", "市一医院": "H65010200001"}
UNIT, BOX, PALLET, LOOSE = "06901234000016", "16901234000013", "26901234000010", "06901234000023"
STOCK = {"NONE", "HELD", "ON_THE_WAY"}
# step: where it is possible, where it leads, what it does
STEPS_OF = {
    "COMMISSIONED": ({"NONE"}, "HELD", "makes"), "PACKED": (STOCK, "HELD", "packs"), "UNPACKED": (STOCK, "HELD", "unpacks"),
    "INBOUND": (STOCK, "HELD", "takes"), "PURCHASED": (STOCK, "HELD", "takes"), "STORED": (STOCK, "HELD", "sees"),
    "OUTBOUND": (STOCK, "ON_THE_WAY", "sends"), "SOLD": (STOCK | {"GIVEN"}, "GIVEN", "gives"),
    "USED": (STOCK | {"GIVEN"}, "GIVEN", "gives"), "RETURNED": ({"NONE", "GIVEN"}, "HELD", "comes"),
    "DESTROYED": (STOCK | {"GIVEN"}, "DESTROYED", "ends"), "SETTLED": (None, None, "books")}


class Thing:
    def __init__(self, product, serial):
        self.name = (product, serial)
        self.standing, self.holder, self.pack, self.last = "NONE", "", None, ""
        self.given = self.back = self.bought = self.settled = 0
        self.contents = set()


class Model:
    """What the rules say, with all switches at alert. Time only goes on."""

    def __init__(self):
        self.things = {}
        self.lots = collections.defaultdict(collections.Counter)
        self.sent = collections.Counter()
        self.reached = []

    def thing(self, name):
        return self.things.setdefault(name, Thing(*name))

    def leave(self, thing):
        if thing.pack is not None:
            self.thing(thing.pack).contents.discard(thing.name)
            thing.pack = None

    def scan(self, name, step, actor, to="", pack=None, carried=False):
        thing, (possible, leads, effect) = self.thing(name), STEPS_OF[step]
        gone, warnings = thing.given > thing.back, set()
        if effect == "gives" and gone:
            warnings.add("trace.given_away_twice")
        if effect == "gives" and not thing.bought and thing.last != "COMMISSIONED":
            warnings.add("trace.given_away_without_purchase")
        if possible is not None and thing.standing not in possible and thing.standing != "NONE":
            warnings.add("trace.step_not_possible")
        if step == "SETTLED" and thing.settled:
            warnings.add("trace.settled_twice")
        if pack and step == "PACKED" and thing.pack not in (None, pack):
            warnings.add("trace.in_two_packs")
        holder = to if effect == "sends" and to else actor
        # packs
        if effect == "packs" and thing.pack != pack:
            self.leave(thing)
            thing.pack = pack
            box = self.thing(pack)
            if box.standing == "NONE":
                box.standing, box.holder, box.last = "HELD", actor, "STORED"
            box.contents.add(name)
        elif effect == "unpacks" and (pack or carried):
            self.leave(thing)
        elif not carried and (effect in ("sends", "gives", "ends") or effect != "books" and thing.last and
                              thing.holder != holder and effect != "packs"):
            self.leave(thing)
        if not pack and effect not in ("makes", "packs"):
            for inner in sorted(thing.contents):
                self.reached.append(inner)
                self.scan(inner, step, actor, to, carried=True)
        # itself
        thing.given += effect == "gives"
        thing.bought += effect == "takes"
        thing.settled += step == "SETTLED"
        if effect == "comes":
            thing.back = thing.given
        if effect != "books":
            thing.standing, thing.holder, thing.last = leads, holder, step
        return warnings

    def at_hand(self, holder):
        lot = self.lots[holder]
        return (lot["made"] + max(lot["inbound"], lot["purchased"]) + lot["cameBack"] - lot["outbound"] - lot["sold"] -
                lot["used"] - lot["destroyed"])

    def scan_lot(self, step, actor, amount, to=""):
        column = {"COMMISSIONED": "made", "INBOUND": "inbound", "PURCHASED": "purchased", "OUTBOUND": "outbound", "SOLD": "sold",
                  "USED": "used", "RETURNED": "cameBack", "DESTROYED": "destroyed", "STORED": None, "SETTLED": "settled"}[step]
        short, effect, warnings = amount > self.at_hand(actor), STEPS_OF[step][2], set()
        if short and effect in ("sends", "ends"):
            warnings.add("trace.more_than_held")
        if short and effect == "gives":
            warnings.add("trace.given_away_without_purchase")
        if column:
            self.lots[actor][column] += amount
        if effect == "sends" and to:
            self.lots[to]["sentToIt"] += amount
            self.sent[f"{IDS[actor]}/{IDS[to]}"] += amount
        return warnings


class Agent:
    def __init__(self):
        self.process = subprocess.Popen([BUILD / "tests/contract/trace_agent"], cwd=SOURCE, text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        self.count = 0

    def ask(self, line):
        self.process.stdin.write(json.dumps(line, ensure_ascii=False) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def say(self, who, said):
        self.count += 1
        return self.ask({"who": who, "id": f"e{self.count}", "says": "trace.item_scanned", "with": said})


def compare(what, story, found, wanted):
    if found != wanted:
        print("\n".join(story))
        sys.exit(f"{what}:\n the hub says {found}\n the model  {wanted}")


def short(standing):
    return standing.removeprefix("ITEM_STANDING_") if standing else "NONE"


def compare_things(agent, model, story):
    for product in (UNIT, BOX, PALLET):
        rows = agent.ask({"rows": product, "prefix": "serial/"})
        inside = agent.ask({"rows": product, "prefix": "in/"})
        packed = {(pack, inner, serial) for _, pack, inner, _, serial in (name.split("/") for name in inside)}
        known = {thing.name[1]: thing for thing in model.things.values() if thing.name[0] == product}
        compare("things", story, set(name.removeprefix("serial/") for name in rows), set(known))
        compare("contents", story, packed, {(serial, *inner) for serial, thing in known.items() for inner in thing.contents})
        for serial, thing in known.items():
            row = rows[f"serial/{serial}"]
            pack = (row["parentGtin"].zfill(14), row["parentSerial"]) if row.get("parentSerial") else None
            compare(f"{product} {serial}", story,
                    (short(row.get("standing")), row.get("holder", ""), pack, row.get("contents", 0), row.get("settled", 0)),
                    (thing.standing, IDS.get(thing.holder, thing.holder), thing.pack, len(thing.contents), thing.settled))


def lot_rows(agent):
    return {name.split("/")[2]: row for name, row in agent.ask({"rows": LOOSE, "prefix": "held/"}).items()}


def sent_rows(agent):
    """sent/L1/GIVER/TAKER: how much, and when last."""
    return {name.split("/", 2)[2]: (int(row["quantityE4"]), row["lastAtMs"])
            for name, row in agent.ask({"rows": LOOSE, "prefix": "sent/"}).items()}


def amounts(row):
    skipped = ("lastScannedAtMs", "lastStep", "madeDay", "region", "expiresDay")
    return {key.removesuffix("E4"): int(value) for key, value in row.items() if key not in skipped}


def compare_lots(agent, model, story):
    rows = lot_rows(agent)
    wanted = {IDS[holder]: {key: value for key, value in lot.items() if value} for holder, lot in model.lots.items()}
    compare("lots", story, {holder: amounts(row) for holder, row in rows.items() if amounts(row)},
            {holder: lot for holder, lot in wanted.items() if lot})
    compare("sent", story, {pair: amount for pair, (amount, _) in sent_rows(agent).items()}, dict(model.sent))
    def column(name):
        return sum(lot[name] for lot in model.lots.values())
    way = sum(lot["sentToIt"] - max(lot["inbound"], lot["purchased"]) for lot in model.lots.values())
    left = sum(model.at_hand(holder) for holder in list(model.lots))
    sent_nowhere = column("outbound") - column("sentToIt")
    compare("conserved", story, left + way + column("sold") + column("used") - column("cameBack") + column("destroyed") +
            sent_nowhere, column("made"))


def draw(chance):
    who = chance.choice(list(IDS))
    to = chance.choice([one for one in IDS if one != who] + [""])
    level = chance.choice([0, 0, 0, 1, 1, 2])
    product, count = ((UNIT, 5), (BOX, 3), (PALLET, 2))[level]
    name = (product, f"S{chance.randrange(count)}")
    weights = {"PACKED": 8 if level < 2 else 0, "UNPACKED": 3, "COMMISSIONED": 4 if level == 0 else 0, "OUTBOUND": 5, "INBOUND": 5}
    step = chance.choices(list(STEPS_OF), [weights.get(step, 1.5) for step in STEPS_OF])[0]
    pack = None
    if step == "PACKED" or step == "UNPACKED" and level < 2 and chance.random() < 0.6:
        pack = (BOX, f"S{chance.randrange(3)}") if level == 0 else (PALLET, f"S{chance.randrange(2)}")
    return name, step, who, to if step == "OUTBOUND" else "", pack


def said_of(name, step, who, to, pack, number, at):
    said = {"product": name[0], "serial": name[1], "lot": None, "step": f"STEP_{step}", "holder": to or who, "scanned_at": at}
    said.update({"counterparty": who} if to else {})
    said.update({"parent_code": f"(01){pack[0]}(21){pack[1]}"} if pack else {})
    said.update({"settlement": f"M-{number}"} if step == "SETTLED" else {})
    return said


def chain(agent, chance):
    agent.ask({"reset": True})
    now = datetime.datetime(2026, 3, 2, 8)
    model, story = Model(), []
    for number in range(STEPS):
        now += datetime.timedelta(minutes=1)
        at = now.strftime("%Y-%m-%d %H:%M:%S")
        agent.ask({"at": at})
        name, step, who, to, pack = draw(chance)
        model.reached = []
        warnings = model.scan(name, step, who, to, pack)
        answer = agent.say(who, said_of(name, step, who, to, pack, number, at))
        story.append(f"{who} {step} {name} to {to} pack {pack} -> {answer}")
        compare("outcome", story, answer["outcome"], "accepted")
        compare("warnings", story, set(answer["warnings"]), warnings)
        compare("reached", story, sum(one.startswith("medhub.trace.item_scanned") for one in answer["followed"]), len(model.reached))
        compare("all accepted", story, [one for one in answer["followed"] if not one.endswith(" accepted")], [])
        compare_things(agent, model, story)


def draw_lot(chance):
    who = chance.choice(list(IDS))
    step = chance.choice(["COMMISSIONED", "INBOUND", "PURCHASED", "OUTBOUND", "OUTBOUND", "SOLD", "USED", "RETURNED", "DESTROYED", "STORED"])
    to = chance.choice([one for one in IDS if one != who] + [""]) if step == "OUTBOUND" else ""
    return step, who, chance.randrange(1, 9) * 10000, to


def tell_lot(agent, scan, at):
    step, who, amount, to = scan
    said = {"product": LOOSE, "serial": None, "lot": "L1", "step": f"STEP_{step}", "holder": to or who, "quantity": {"e4": amount},
            "scanned_at": at}
    said.update({"counterparty": who} if to else {})
    return agent.say(who, said)


def lot(agent, chance):
    agent.ask({"reset": True})
    agent.ask({"at": "2026-03-10 08:00:00"})
    model, story, told = Model(), [], []
    for number in range(STEPS // 2):
        scan, at = draw_lot(chance), f"2026-03-02 08:{number:02}:00"
        told.append((scan, at))
        warnings = model.scan_lot(*scan)
        answer = tell_lot(agent, scan, at)
        story.append(f"{scan} -> {answer}")
        compare("outcome", story, answer["outcome"], "accepted")
        compare("warnings", story, set(answer["warnings"]), warnings)
        compare_lots(agent, model, story)
    first = {holder: (amounts(row), row["lastScannedAtMs"]) for holder, row in lot_rows(agent).items()}
    first_sent = sent_rows(agent)
    agent.ask({"reset": True})
    agent.ask({"at": "2026-03-10 08:00:00"})
    chance.shuffle(told)
    for scan, at in told:
        tell_lot(agent, scan, at)
    compare("another order", story, {holder: (amounts(row), row["lastScannedAtMs"]) for holder, row in lot_rows(agent).items()}, first)
    compare("sent in another order", story, sent_rows(agent), first_sent)


def main():
    agent, chance = Agent(), random.Random(SEED)
    for _ in range(CHAINS):
        chain(agent, chance)
        lot(agent, chance)
    print(f"{CHAINS} chains of {STEPS} scans and as many lots: no difference")
    agent.process.stdin.close()
    agent.process.wait()


main()

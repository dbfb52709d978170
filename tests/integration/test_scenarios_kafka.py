#!/usr/bin/env python3
# timeout: 400
"""The scenarios of tests/scenario once more, on a real Kafka against one hub whose clock the test sets. All families and all
scenarios run side by side: what `own` of the worlds names (persons, products, items, regions) is made each story's own, and
time goes on for all of them together. What is looked at: each answer with the codes of refusal and their paths, and the facts
that timers state. What only memory can show (a record under a wrong key, deliveries, rows; a scenario that says memory_only) is
left to the run in memory; where the hub refuses a source before a rule is asked, that counts."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading

SOURCE = pathlib.Path(os.environ["MEDHUB_SOURCE_DIR"])
BUILD = pathlib.Path(os.environ["MEDHUB_BUILD_DIR"])
MEDHUB = os.environ["MEDHUB"]
AGENT = BUILD / "tests/contract/prescription_agent"
sys.path.insert(0, str(SOURCE / "tests" / "chaos"))

import processes  # noqa: E402

SCENARIOS, WORLD, FIRST_MOMENT = pathlib.Path("tests/scenario"), "world.yaml", "2024-06-01 08:00"
# A story's regions are {place}00 and {place}02, its institutions H{place}0200001 and so on. Without a zero in them no place is a
# province of another, nor does a region stand in another's institution: 101000 would in D110100001, and facts would count twice.
PLACES = [str(place) for place in range(1111, 10000) if "0" not in str(place)]
TABLE_FAMILIES = ("registry.", "policy.", "catalogue.")


def check_digit(digits):
    """GS1, for a product that a story has for its own."""
    return str(-sum(int(digit) * (3, 1)[place % 2] for place, digit in enumerate(reversed(digits))) % 10)


class Talker:
    """A program that answers each line with a line."""

    def __init__(self, *command):
        self.process = subprocess.Popen(command, cwd=SOURCE, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit(f"{self.process.args[0]} ended: {line}")
        return answer.strip()

    def ask_all(self, lines, count):
        """Lines and an empty one, COUNT lines back; a thread writes, so that neither waits for the other's pipe."""
        writer = threading.Thread(target=self._write, args=(lines + "\n",), daemon=True)
        writer.start()
        answers = [self.process.stdout.readline() for _ in range(count)]
        writer.join()
        if count and not answers[-1]:
            sys.exit(f"{self.process.args[0]} ended")
        return answers

    def _write(self, text):
        self.process.stdin.write(text)
        self.process.stdin.flush()

    def end(self):
        self.process.stdin.close()
        self.process.wait(60)


class House:
    def __init__(self, folder):
        self.brokers = processes.Brokers(folder / "kafka", 1)
        self.medhub("ctl", "topics", "apply", "-q")
        self.agent = Talker(AGENT)
        self.agents = {}  # of each family: they know its names and templates
        self.now, self.worlds = self.moment(FIRST_MOMENT, 0), {}
        self.hub = Talker(BUILD / "tests/scenario/scenario_hub", self.brokers.address, folder / "state", str(self.now))
        self.until(lambda: self.hub.ask("ready") == "yes", "the hub is ready")
        self.submitter = Talker(MEDHUB, "ctl", "submit", "-q", "-o", "ndjson", "-b", self.brokers.address)

    def end(self):
        self.submitter.end()
        self.hub.end()
        for agent in (self.agent, *self.agents.values()):
            agent.end()
        self.brokers.stop()

    def medhub(self, *arguments, lines=None):
        where = [] if arguments[0] == "gen" else ["-b", self.brokers.address]
        done = subprocess.run([MEDHUB, *arguments, *where], text=True, stdout=subprocess.PIPE,
                              input=lines, timeout=120, check=False)
        if done.returncode not in (0, 6):
            sys.exit(f"medhub {arguments}: {done.returncode}")
        return done.stdout.splitlines()

    @staticmethod
    def until(true, what, timeout_s=60):
        event, give_up = processes.threading.Event(), processes.time.monotonic() + timeout_s
        while not true():
            if processes.time.monotonic() > give_up:
                sys.exit(f"in vain: {what}")
            event.wait(0.05)  # nobody tells: asked again

    def tick(self):
        """A millisecond: background work goes on in rounds, each due after the batch of the one before."""
        self.ticks += 1
        self.hub.ask(f"clock {self.now + self.ticks}")

    def moment(self, text, now):
        return json.loads(self.agent.ask(json.dumps({"moment": text, "now": now})))["ms"]

    def read(self, path):
        return json.loads(self.agent.ask(json.dumps({"read": str(path)})))

    def convert(self, says, data, family=None):
        return json.loads(self.agents.get(family, self.agent).ask(json.dumps({"convert": says, "with": data, "now": self.now})))

    def submit(self, events):
        """Receipts by id; returns when what they changed in tables is seen by the hub."""
        lines = "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events)  # then an empty line: all are answered
        receipts = [json.loads(line) for line in self.submitter.ask_all(lines, len(events))]
        return {receipt["id"]: receipt for receipt in receipts}

    def see_tables(self):
        self.until(lambda: self.hub.ask("followed") == "yes", "the tables are followed")

    def facts(self, name):
        return [json.loads(line) for line in self.medhub("ctl", "facts", "-q", "--type", name, "--unmask", "--reason", "a test", "-o", "ndjson")]

    @staticmethod
    def event(source, name, converted):
        return {"specversion": "1.0", "id": name, "source": source, "type": converted["type"], "data": converted["data"]}


def item_changed(item):
    return {"item_key": f"{item['kind'][5:]}/{item['code']}", "region": item["region"], "item": item,
            "changes": ["CHANGE_ADDED"], "effective_on": item["valid_from"]}


class Story:
    def __init__(self, number, family, scenario, house):
        self.title, self.steps, self.house, self.family = scenario["title"], scenario["steps"], house, family
        self.policy, self.next, self.fired, self.fact_types = scenario.get("policy", {}), 0, 0, set()
        self.world, self.place = house.worlds[family], PLACES[number]
        self.own_names = {old: self.fill(new) for old, new in self.world["own"].items()}
        self.time = house.moment(self.steps[0]["at"], 0)

    def fill(self, template):
        text = template.replace("{place}", self.place)
        return text.replace("{check}", check_digit(text[:text.index("{check}")])) if "{check}" in text else text

    def own(self, value):
        """Names of the world become the story's own."""
        text = json.dumps(value, ensure_ascii=False)
        for old, new in self.own_names.items():
            text = text.replace(old, new)
        return json.loads(text)

    def fail(self, why):
        sys.exit(f"{self.title}, step {self.next + 1}: {why}")

    def event(self, name, who, says, data):
        return self.house.event(who, f"{self.place}-{name}", self.own(self.house.convert(says, data, self.family)))

    # ---- what it begins with
    def begin(self):
        for name, fields in self.world["organisations"].items():
            data = {"organisation_id": fields["id"], "effective_on": None, "organisation": {  # not the day of the family's template
                **self.world["templates"]["organisation"], **fields, "name": name}}
            yield self.event(f"org-{fields['id']}", "medhub", "registry.organisation_changed", data)
        for index, row in enumerate(self.world["lists"]):
            data = {"institution": row["institution"], "valid_from": "2025-01-01", "designation": row}
            yield self.event(f"list-{index}", "medhub", "registry.designation_listed", data)
        for row in self.world["catalogue"]:
            yield from self.own_item(row)
        for name, value in self.policy.items():
            yield self.event(f"policy-{name}", "medhub", "policy.parameter_set", {
                "name": name, "region": "650000", "valid_from": "2025-01-01", "parameter": {
                    "name": name, "kind": "PARAMETER_KIND_INTEGER", "integer": value, "document": "a scenario"}})

    def own_item(self, row):
        """A row that names the story's own; one that names its makers, in the story's own region."""
        region = "650100" if "permitted_institutions" in row else row.get("region", "000000")
        item = {**self.world["templates"]["item"], **row, "region": region}
        if self.own(item) != item:
            yield self.event(f"item-{row['code']}", "medhub", "catalogue.item_changed", item_changed(item))

    # ---- a step
    def begin_step(self):
        """Its event, or None: the step only lets time pass, or is for memory only."""
        step = self.steps[self.next]
        self.fired += len(step.get("fires", []))
        if "says" not in step or "key" in step:
            return None
        who = self.own(self.world["organisations"].get(step["who"], {}).get("id", step["who"]))
        return self.event(step.get("id", f"e{self.next + 1}"), who, step["says"], step.get("with", {}))

    def check_fired(self):
        fires = self.steps[self.next].get("fires", [])
        self.fact_types.update(fires)

        def facts():
            self.house.tick()
            return sum(any(name in fact["key"] for name in self.own_names.values())
                       for name in self.fact_types for fact in self.house.facts(name))
        if fires:
            self.house.until(lambda: facts() >= self.fired, f"{self.title}: {self.fired} facts of timers")
            if facts() != self.fired:
                self.fail(f"{facts()} facts of timers instead of {self.fired}")

    def check_answer(self, receipt):
        wanted = self.steps[self.next].get("then", "accepted")
        findings = [(finding["code"], finding.get("path", "")) for finding in receipt.get("findings", [])]
        early = any(code.startswith("source.") for code, _ in findings)
        for one in wanted if isinstance(wanted, list) else [wanted]:
            words = one.split()
            if receipt["outcome"] != words[0]:
                self.fail(f"{receipt} instead of {one}")
            if words[0] == "refused" and not early and not any(
                    code == words[1] and (len(words) < 4 or path == words[3]) for code, path in findings):
                self.fail(f"{findings} instead of {one}")

    def end_step(self):
        self.next += 1
        if self.next < len(self.steps) and "at" in self.steps[self.next]:
            self.time = self.house.moment(self.steps[self.next]["at"], 0)


def play_round(house, stories):
    """The next step of each of these stories, at the same moment."""
    events = [(story, story.begin_step()) for story in stories]
    for story in stories:
        story.check_fired()
    receipts = house.submit([event for _, event in events if event]) if any(event for _, event in events) else {}
    for story, event in events:
        if event:
            story.check_answer(receipts[event["id"]])
    if any(event and event["type"].split(".", 1)[1].startswith(TABLE_FAMILIES) for _, event in events):
        house.see_tables()
    for story in stories:
        story.end_step()


def read_worlds(house, families):
    """The world of each family: the common one and what the family adds."""
    common = house.read(SCENARIOS / WORLD)
    for family in families:
        path = SCENARIOS / family / WORLD
        added = {}
        if (SOURCE / path).exists():
            added, house.agents[family] = house.read(path), Talker(AGENT, path)
        house.worlds[family] = {key: {**value, **added.get(key, {})} if isinstance(value, dict) else value + added.get(key, [])
                                for key, value in common.items()}


def found(house, stories):
    """Policy and catalogue for all of them, then what each has for its own."""
    shared = {}
    for row in house.read("ops/policy/national.yaml")["parameters"]:
        value = {"date": row["value"], "kind": "PARAMETER_KIND_DATE"} if row["kind"] == "date" else {
            "integer": row["value"], "kind": "PARAMETER_KIND_INTEGER"}
        name = f"policy-{row['name']}-{row['region']}-{row['valid_from']}"
        shared[name] = house.event("medhub", name, house.convert("policy.parameter_set", {
            "name": row["name"], "region": row["region"], "valid_from": row["valid_from"],
            "parameter": {"name": row["name"], "document": row["document"], **value}}))
    for world in house.worlds.values():
        for row in world["catalogue"]:
            name = f"item-{row['code']}"
            shared[name] = house.event("medhub", name, house.convert("catalogue.item_changed", item_changed(
                {**world["templates"]["item"], **row})))
    calendar = subprocess.run([MEDHUB, "gen", "-q", "--what", "calendar"], check=True, text=True, stdout=subprocess.PIPE).stdout
    shared |= {event["id"]: event for event in map(json.loads, calendar.splitlines())}
    receipts = house.submit([*shared.values(), *(event for story in stories for event in story.begin())])
    refused = [receipt for receipt in receipts.values() if receipt["outcome"] != "accepted"]
    if refused:
        sys.exit(f"the world is not accepted: {refused[0]}")
    house.see_tables()


def gather(house):
    files = sorted(path.relative_to(SOURCE) for path in (SOURCE / SCENARIOS).glob("*/*.yaml") if path.name != WORLD)
    read_worlds(house, sorted({path.parent.name for path in files}))
    scenarios = [(path.parent.name, scenario) for path in files for scenario in house.read(path)
                 if not scenario.get("memory_only")]
    return [Story(number, family, scenario, house) for number, (family, scenario) in enumerate(scenarios)]


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="scenarios-kafka.", dir=BUILD))
    house = House(folder)
    try:
        stories = gather(house)
        found(house, stories)
        count, steps = len(stories), sum(len(story.steps) for story in stories)
        while stories:
            house.now = min(story.time for story in stories)
            house.ticks = 0
            house.hub.ask(f"clock {house.now}")
            play_round(house, [story for story in stories if story.time == house.now])
            stories = [story for story in stories if story.next < len(story.steps)]
        print(f"{count} scenarios, {steps} steps on Kafka as written")
    finally:
        house.end()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()

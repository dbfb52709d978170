#!/usr/bin/env python3
# timeout: 400
"""The scenarios of tests/scenario once more, on a real Kafka against a hub whose clock the test sets. All run side by side: each
has persons, organisations and a region of its own, and time goes on for all of them together. What is looked at: each answer
with the codes of refusal and their paths, and the facts that timers state. What only memory can show (a record under a wrong
key, deliveries, views) is left to the run in memory; where the hub refuses a source before a rule is asked, that counts."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(os.environ["MEDHUB_SOURCE_DIR"])
BUILD = pathlib.Path(os.environ["MEDHUB_BUILD_DIR"])
MEDHUB = os.environ["MEDHUB"]
sys.path.insert(0, str(SOURCE / "tests" / "chaos"))

import processes  # noqa: E402

WORLD, FIRST_MOMENT = "tests/scenario/world.yaml", "2025-01-01 08:00"
TIMER_FACTS = ("prescription.expired", "prescription.claim_lapsed")
TABLES = {"registry.organisation_changed": "registry", "registry.designation_listed": "designation",
          "registry.designation_removed": "designation",
          "policy.parameter_set": "policy"}


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

    def end(self):
        self.process.stdin.close()
        self.process.wait(60)


class House:
    def __init__(self, folder):
        self.brokers = processes.Brokers(folder / "kafka", 1)
        self.medhub("ctl", "topics", "apply", "-q")
        self.agent = Talker(BUILD / "tests/contract/prescription_agent")
        self.now = self.moment(FIRST_MOMENT, 0)
        self.hub = Talker(BUILD / "tests/scenario/scenario_hub", self.brokers.address, folder / "state", str(self.now))
        self.until(lambda: self.hub.ask("ready") == "yes", "the hub is ready")
        self.markers = 0

    def end(self):
        self.hub.end()
        self.agent.end()
        self.brokers.stop()

    def medhub(self, *arguments, lines=None):
        done = subprocess.run([MEDHUB, *arguments, "-b", self.brokers.address], text=True, stdout=subprocess.PIPE,
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

    def moment(self, text, now):
        return json.loads(self.agent.ask(json.dumps({"moment": text, "now": now})))["ms"]

    def read(self, path):
        return json.loads(self.agent.ask(json.dumps({"read": str(path)})))

    def convert(self, says, data):
        return json.loads(self.agent.ask(json.dumps({"convert": says, "with": data, "now": self.now})))

    def submit(self, events):
        """Receipts by id; returns when what they changed in tables is seen by the hub."""
        lines = "\n".join(json.dumps(event, ensure_ascii=False) for event in events) + "\n"
        receipts = [json.loads(line) for line in self.medhub("ctl", "submit", "-q", "-o", "ndjson", lines=lines)]
        return {receipt["id"]: receipt for receipt in receipts}

    def see_tables(self, tables):
        """A row that comes after all others of its table, which has one partition or is only written before the stories."""
        for table in sorted(tables):
            self.markers += 1
            name, before = f"marker.{self.markers}", int(self.hub.ask(f"rows {table}"))
            says, data = {
                "registry": ("registry.organisation_changed", {"organisation_id": name, "organisation": {
                    "id": name, "name": name, "kind": "ORGANISATION_KIND_OTHER", "state": "STATE_APPLIED", "region": "990000"}}),
                "designation": ("registry.designation_listed", {"institution": name, "valid_from": "2025-01-01", "designation": {
                    "list": "DESIGNATION_LIST_HOSPITAL", "institution": name, "region": "990000"}}),
                "policy": ("policy.parameter_set", {"name": name, "region": "990000", "valid_from": "2025-01-01", "parameter": {
                    "name": name, "kind": "PARAMETER_KIND_INTEGER", "integer": 1, "document": "a marker"}}),
            }[table]
            self.submit([self.event("medhub", name, self.convert(says, data))])
            self.until(lambda: int(self.hub.ask(f"rows {table}")) > before, f"{table} is followed")

    @staticmethod
    def event(source, name, converted):
        return {"specversion": "1.0", "id": name, "source": source, "type": converted["type"], "data": converted["data"]}


class Story:
    def __init__(self, number, scenario, house):
        self.title, self.steps, self.house = scenario["title"], scenario["steps"], house
        self.policy, self.next, self.fired = scenario.get("policy", {}), 0, 0
        self.number, self.place = number, str(1000 + number)
        self.time = house.moment(self.steps[0]["at"], 0)

    def own(self, value):
        """Names of the world become the story's own."""
        text = json.dumps(value, ensure_ascii=False)
        for old, new in (("person-1", f"person-1-{self.place}"), ("person-2", f"person-2-{self.place}"),
                         ("650102", f"{self.place}02"), ("650100", f"{self.place}00"), ("650000", f"{self.place}00"),
                         ("D65010000001", f"D{self.place}00001")):
            text = text.replace(old, new)
        return json.loads(text)

    def fail(self, why):
        sys.exit(f"{self.title}, step {self.next + 1}: {why}")

    def event(self, name, who, says, data):
        return self.house.event(who, f"{self.place}-{name}", self.own(self.house.convert(says, data)))

    # ---- what it begins with
    def world(self, world, names):
        for name, fields in world["organisations"].items():
            data = {"organisation_id": fields["id"], "organisation": {**world["templates"]["organisation"], **fields, "name": name}}
            yield self.event(f"org-{fields['id']}", "medhub", "registry.organisation_changed", data)
        for index, row in enumerate(world["lists"]):
            data = {"institution": row["institution"], "valid_from": "2025-01-01", "designation": row}
            yield self.event(f"list-{index}", "medhub", "registry.designation_listed", data)
        for name, value in self.policy.items():
            yield self.event(f"policy-{name}", "medhub", "policy.parameter_set", {
                "name": name, "region": "650000", "valid_from": "2025-01-01", "parameter": {
                    "name": name, "kind": "PARAMETER_KIND_INTEGER", "integer": value, "document": "a scenario"}})

    # ---- a step
    def begin_step(self):
        """Its event, or None: the step only lets time pass, or is for memory only."""
        step = self.steps[self.next]
        self.fired += len(step.get("fires", []))
        if "says" not in step or "key" in step:
            return None
        who = self.own(self.house.names.get(step["who"], step["who"]))
        return self.event(step.get("id", f"e{self.next + 1}"), who, step["says"], step.get("with", {}))

    def check_fired(self):
        def facts():
            return sum(len(self.house.medhub("ctl", "facts", "-q", "--key", f"person-1-{self.place}", "--type", name, "-o", "ndjson"))
                       for name in TIMER_FACTS)
        if self.steps[self.next].get("fires"):
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
    house.see_tables({TABLES[story.steps[story.next]["says"]] for story in stories
                      if story.steps[story.next].get("says") in TABLES})
    for story in stories:
        story.end_step()


def found(house, stories):
    world = house.read(WORLD)
    house.names = {name: fields["id"] for name, fields in world["organisations"].items()}
    shared = []
    for row in house.read("ops/policy/national.yaml")["parameters"]:
        value = {"date": row["value"], "kind": "PARAMETER_KIND_DATE"} if row["kind"] == "date" else {
            "integer": row["value"], "kind": "PARAMETER_KIND_INTEGER"}
        shared.append(house.event("medhub", f"policy-{row['name']}", house.convert("policy.parameter_set", {
            "name": row["name"], "region": row["region"], "valid_from": row["valid_from"],
            "parameter": {"name": row["name"], "document": row["document"], **value}})))
    for story in stories:
        shared += story.world(world, house.names)
    for row in world["catalogue"]:
        item = {**world["templates"]["item"], **row}
        shared.append(house.event("medhub", f"item-{row['code']}", house.convert("catalogue.item_changed", {
            "item_key": f"{row['kind'][5:]}/{row['code']}", "region": "000000", "item": item, "changes": ["CHANGE_ADDED"],
            "effective_on": item["valid_from"]})))
        if "permitted_institutions" in row:  # names its makers: each story has its own
            for story in stories:
                local = {**item, "region": "650100"}
                shared.append(story.event(f"item-{row['code']}", "medhub", "catalogue.item_changed", {
                    "item_key": f"{row['kind'][5:]}/{row['code']}", "region": "650100", "item": local,
                    "changes": ["CHANGE_ADDED"], "effective_on": item["valid_from"]}))
    before = int(house.hub.ask("rows catalogue"))
    receipts = house.submit(shared)
    refused = [receipt for receipt in receipts.values() if receipt["outcome"] != "accepted"]
    if refused:
        sys.exit(f"the world is not accepted: {refused[0]}")
    items = sum(event["type"] == "medhub.catalogue.item_changed.v1" for event in shared)
    house.until(lambda: int(house.hub.ask("rows catalogue")) >= before + items, "the catalogue is followed")
    house.see_tables({"registry", "designation", "policy"})


def main():
    folder = pathlib.Path(tempfile.mkdtemp(prefix="scenarios-kafka.", dir=BUILD))
    house = House(folder)
    try:
        files = sorted((SOURCE / "tests/scenario/prescription").glob("*.yaml"))
        scenarios = [scenario for path in files for scenario in house.read(path.relative_to(SOURCE))]
        stories = [Story(number, scenario, house) for number, scenario in enumerate(scenarios)]
        found(house, stories)
        count, steps = len(stories), sum(len(story.steps) for story in stories)
        while stories:
            house.now = min(story.time for story in stories)
            house.hub.ask(f"clock {house.now}")
            play_round(house, [story for story in stories if story.time == house.now])
            stories = [story for story in stories if story.next < len(story.steps)]
        print(f"{count} scenarios, {steps} steps on Kafka as written")
    finally:
        house.end()
        shutil.rmtree(folder, ignore_errors=True)


main()

#!/usr/bin/env python3
# timeout: 300
"""Random lives of a prescription, decided by the hub and by a model of a page: no difference in outcome, codes of refusal,
status, holder, quantities, or what timers state. At the end every event must have been tried in every status that can be
reached, and each try was either accepted or refused by name."""
import datetime
import json
import os
import pathlib
import random
import subprocess
import sys

SEED, LIVES, STEPS = int(os.environ.get("MODEL_SEED", "20260302")), int(os.environ.get("MODEL_LIVES", "300")), 60
BUILD = pathlib.Path(os.environ["MEDHUB_BUILD_DIR"])
SOURCE = pathlib.Path(os.environ["MEDHUB_SOURCE_DIR"])
ISSUER, IDS = "市一医院", {"市一医院": "H65010200001", "市二医院": "H65010200002",
                        "惠民药店": "P65010200001", "康宁药店": "P65010200002"}
DISPENSERS = ("惠民药店", "康宁药店", "市二医院")
CLAIM = datetime.timedelta(hours=24)
SKEW, DISPENSINGS_MAX, PRESCRIBED = 10, 20, 40000
OPEN, HELD = {"REVIEWED", "PARTLY_DISPENSED"}, {"CLAIMED", "APPROVED"}
GIVEN, CUT_OFF = {"DISPENSED", "SETTLED"}, {"EXPIRED", "REVOKED", "REFUSED_AT_REVIEW"}
POSSIBLE = {
    "pass": {"UPLOADED"}, "refuse": {"UPLOADED"}, "claim": OPEN, "approve": {"CLAIMED"}, "reject": HELD, "release": HELD,
    "dispense": {"APPROVED"}, "return": {"PARTLY_DISPENSED"} | GIVEN | HELD | CUT_OFF,
    "revoke": {"UPLOADED"} | OPEN | HELD, "settle": {"UPLOADED"} | OPEN | GIVEN | HELD | CUT_OFF,
    "unsettle": {"UPLOADED"} | OPEN | GIVEN | HELD | CUT_OFF | {"RETURNED"}}
STATUSES = {"NOT_UPLOADED", "UPLOADED", "RETURNED"} | OPEN | HELD | GIVEN | CUT_OFF


class Refused(Exception):
    pass


class Model:
    """What the rules say, for one prescription of four boxes. Amounts in ten-thousandths of a box."""

    def __init__(self, now):
        self.now, self.status, self.holder = now, "NOT_UPLOADED", ""
        self.given = []        # [dispenser, number, moment, amount, returned]
        self.paid = {}         # message -> payee
        self.lapse = self.expiry = self.issued = None
        self.registry = {name: [(datetime.date(2025, 1, 1), True)] for name in IDS}

    dispensed = property(lambda self: sum(one[3] for one in self.given))
    returned = property(lambda self: sum(one[4] for one in self.given))

    def counted(self):
        if not self.given:
            return "REVIEWED"
        if self.dispensed < PRESCRIBED:
            return "PARTLY_DISPENSED"
        if self.returned >= self.dispensed:
            return "RETURNED"
        by = [one[0] for one in self.given]
        payees = list(self.paid.values())
        return "SETTLED" if all(payees.count(name) >= by.count(name) for name in by) else "DISPENSED"

    def go(self, status):
        self.status = status
        if status not in HELD:
            self.holder, self.lapse = "", None
        if status in CUT_OFF or self.dispensed >= PRESCRIBED and self.given and status != "UPLOADED":
            self.expiry = None

    def live(self, name, day):
        return [state for since, state in self.registry[name] if since <= day][-1]

    # ---- time
    def advance(self, now):
        fired = []
        while True:
            due = sorted((moment, what) for moment, what in ((self.lapse, "claim_lapsed"), (self.expiry, "expired"))
                         if moment is not None and moment <= now)
            if not due:
                break
            moment, what = due[0]
            if what == "claim_lapsed":
                self.lapse = None
                if self.status in HELD:
                    self.go(self.counted())
                    fired.append("medhub.prescription.claim_lapsed.v1")
            else:
                self.expiry = None
                if self.status in {"UPLOADED"} | OPEN | HELD:
                    self.go("EXPIRED")
                    fired.append("medhub.prescription.expired.v1")
        self.now = now
        return fired

    # ---- rules that every step shares
    def step(self, move, actor, at, party):
        codes = set()
        if self.status == "NOT_UPLOADED":
            return {"prescription.unknown"}
        if self.status not in POSSIBLE[move]:
            codes.add("prescription.move_not_possible")
        elif not party:
            codes.add("prescription.not_its_party")
        if at < self.issued or at > self.now and (at - self.now) // datetime.timedelta(minutes=1) >= SKEW:
            codes.add("prescription.moment_not_credible")
        return codes

    def valid(self, at):
        return self.status == "NOT_UPLOADED" or at < self.last and self.now < self.last

    # ---- events: the codes of refusal, or nothing and the model has moved
    def upload(self, who, at, reviewed, **_):
        if self.status != "NOT_UPLOADED":
            return {"prescription.national_number_repeated", "prescription.hospital_number_repeated"}
        self.issued, self.status = at, "REVIEWED" if reviewed else "UPLOADED"
        self.last = self.expiry = datetime.datetime.combine((at + datetime.timedelta(days=3)).date(), datetime.time())

    def review(self, who, at, move, **_):
        ours = who == ISSUER if move in ("pass", "refuse") else who == self.holder
        codes = self.step(move, who, at, ours)
        if not codes:
            self.go({"pass": "REVIEWED", "approve": "APPROVED"}.get(move, "REFUSED_AT_REVIEW"))
        return codes

    def claim(self, who, at, **_):
        codes = self.step("claim", who, at, True)
        codes |= set() if self.live(who, at.date()) else {"prescription.dispenser_not_designated"}
        codes |= set() if self.valid(at) else {"prescription.past_validity"}
        if not codes:
            self.go("CLAIMED")
            self.holder, self.lapse = who, at + CLAIM
        return codes

    def release(self, who, at, **_):
        codes = self.step("release", who, at, who == self.holder)
        if not codes:
            self.go(self.counted())
        return codes

    def dispense(self, who, at, number, amount, **_):
        known = self.status != "NOT_UPLOADED"
        codes = self.step("dispense", who, at, who == self.holder)
        codes |= {"prescription.not_reviewed_by_dispenser"} if self.status == "CLAIMED" else set()
        codes |= set() if self.live(who, at.date()) else {"prescription.dispenser_not_designated"}
        codes |= set() if self.valid(at) else {"prescription.past_validity"}
        codes |= {"prescription.quantity_not_positive"} if amount <= 0 else set()
        codes |= {"prescription.quantity_exceeded"} if known and amount > PRESCRIBED - self.dispensed else set()
        if any((who, number) == (one[0], one[1]) for one in self.given):
            codes.add("prescription.dispensing_number_repeated")
        if len(self.given) >= DISPENSINGS_MAX:
            codes.add("prescription.dispensed_too_often")
        if self.given and at.date() < self.given[-1][2].date():
            codes.add("prescription.dispensed_too_soon")
        if not codes:
            self.given.append([who, number, at, amount, 0])
            self.go(self.counted())
        return codes

    def give_back(self, who, at, number, amount, **_):
        codes = self.step("return", who, at, any(who == one[0] for one in self.given))
        found = [one for one in self.given if (who, number) == (one[0], one[1])]
        if self.status != "NOT_UPLOADED" and not found:
            codes.add("prescription.not_dispensed")
        if found and not 0 < amount <= found[0][3] - found[0][4]:
            codes.add("prescription.return_exceeds")
        if not codes:
            found[0][4] += amount
            self.go(self.status if self.status in HELD | CUT_OFF else self.counted())
        return codes

    def revoke(self, who, at, **_):
        codes = self.step("revoke", who, at, who == ISSUER)
        codes |= {"prescription.dispensed_already"} if self.given else set()
        if not codes:
            self.go("REVOKED")
        return codes

    def settle(self, who, at, message, undo, **_):
        codes = self.step("unsettle" if undo else "settle", who, at, True)
        if codes:
            return codes
        if undo:
            self.paid.pop(message, None)
        else:
            self.paid.setdefault(message, who)
        stays = {"UPLOADED", "RETURNED"} | HELD | CUT_OFF
        self.go(self.status if self.status in stays else self.counted())

    def register(self, who, _at, live):
        day = self.now.date()
        self.registry[who] = [row for row in self.registry[who] if row[0] != day] + [(day, live)]


class Agent:
    def __init__(self):
        self.process = subprocess.Popen([BUILD / "tests/contract/prescription_agent"], cwd=SOURCE, text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, line):
        self.process.stdin.write(json.dumps(line, ensure_ascii=False) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def moment(at):
    return at.strftime("%Y-%m-%d %H:%M:%S")


def organisation(who, live, day):
    kind, role = ("PHARMACY", "pharmacy") if IDS[who][0] == "P" else ("HOSPITAL", "hospital")
    return {"organisation_id": IDS[who], "effective_on": str(day), "organisation": {
        "id": IDS[who], "name": "x", "kind": f"ORGANISATION_KIND_{kind}", "region": "650102", "roles": [role],
        "state": "STATE_LIVE" if live else "STATE_SUSPENDED", "designated_from": "2025-01-01"}}


def draw(chance, model):
    """An event: its name, the model's arguments, and what the agent is told. Likely ones come often."""
    who = chance.choice(DISPENSERS)
    holder = model.holder or who
    if chance.random() < 0.7:
        who = holder
    at = model.now + chance.choice([datetime.timedelta()] * 6 + [
        datetime.timedelta(hours=-1), datetime.timedelta(minutes=5), datetime.timedelta(minutes=15)])
    amount = chance.choice([10000, 20000, 15000, 40000, 1, 0])
    number = f"S-{chance.randrange(6)}"
    mine = [one for one in model.given if one[0] == who]
    message = f"M-{chance.randrange(4)}"
    likely = {"NOT_UPLOADED": "upload", "UPLOADED": "pass", "REVIEWED": "claim", "CLAIMED": "approve",
              "APPROVED": "dispense", "PARTLY_DISPENSED": "claim", "DISPENSED": "settle"}.get(model.status, "return")
    name = likely if chance.random() < 0.45 else chance.choice(
        ["upload", "pass", "refuse", "claim", "approve", "reject", "release", "dispense", "return", "revoke", "settle",
         "unsettle", "register"])
    if name == "upload":
        reviewed = chance.random() < 0.5
        said = {"issued_at": moment(at), "valid_until": moment(at + datetime.timedelta(days=2)), "lines[0].generic_name": "药"}
        said.update({} if reviewed else {"pharmacist": None})
        return name, "uploaded", ISSUER, {"reviewed": reviewed}, at, said
    if name in ("pass", "refuse", "approve", "reject"):
        if name in ("pass", "refuse"):
            who = ISSUER if chance.random() < 0.8 else "市二医院"
        stage = "HOSPITAL" if name in ("pass", "refuse") else "DISPENSER"
        result = "PASSED" if name in ("pass", "approve") else "REFUSED"
        return name, "reviewed", who, {"move": name}, at, {
            "reviewer": who, "stage": f"REVIEW_STAGE_{stage}", "result": f"REVIEW_RESULT_{result}", "reviewed_at": moment(at)}
    if name == "claim":
        return name, "claimed", who, {}, at, {"dispenser": who, "claimed_at": moment(at)}
    if name == "release":
        return name, "released", who, {}, at, {"dispenser": who, "released_at": moment(at)}
    if name == "dispense":
        return name, "dispensed", who, {"number": number, "amount": amount}, at, {
            "dispenser": who, "dispensing_number": number, "dispensed_at": moment(at), "lines[0].quantity": {"e4": amount}}
    if name == "return":
        if mine and chance.random() < 0.8:
            number = chance.choice(mine)[1]
        return name, "returned", who, {"number": number, "amount": amount}, at, {
            "dispenser": who, "dispensing_number": number, "returned_at": moment(at), "lines[0].quantity": {"e4": amount}}
    if name == "revoke":
        who = ISSUER if chance.random() < 0.8 else "市二医院"
        return name, "revoked", who, {}, at, {"revoked_at": moment(at)}
    if name in ("settle", "unsettle"):
        return name, "settled", who, {"message": message, "undo": name == "unsettle"}, at, {
            "payee": who, "message_id": message, "settled_at": moment(at), "reversed": name == "unsettle"}
    live = chance.random() < 0.7
    return name, "registry.organisation_changed", who, {"live": live}, at, organisation(who, live, model.now.date())


HANDLERS = {"upload": Model.upload, "pass": Model.review, "refuse": Model.review, "approve": Model.review,
            "reject": Model.review, "claim": Model.claim, "release": Model.release, "dispense": Model.dispense,
            "return": Model.give_back, "revoke": Model.revoke, "settle": Model.settle, "unsettle": Model.settle,
            "register": Model.register}


def compare(what, story, found, wanted):
    if found != wanted:
        print("\n".join(story))
        sys.exit(f"{what}: the hub says {found}, the model {wanted}")


def live_one(agent, chance, tried):
    now = datetime.datetime(2026, 3, 2, 8) + datetime.timedelta(minutes=chance.randrange(900))
    agent.ask({"reset": True})
    agent.ask({"at": moment(now)})
    model, story = Model(now), []
    for number in range(STEPS):
        if chance.random() < 0.4:
            now = model.now + datetime.timedelta(minutes=chance.choice([1, 7, 30, 60, 240, 720, 1500]))
            fired = model.advance(now)
            story.append(f"{moment(now)} fired {fired}")
            compare("timers", story, agent.ask({"at": moment(now)})["fired"], fired)
        name, says, who, arguments, at, said = draw(chance, model)
        before = model.status
        codes = sorted(HANDLERS[name](model, who, at, **arguments) or ())
        speaker = "medhub" if name in ("settle", "unsettle", "register") else who
        answer = agent.ask({"who": speaker, "id": f"e{number}", "says": says, "with": said})
        story.append(f"{moment(model.now)} {before}: {who} {name} {arguments} at {moment(at)} -> {answer}")
        compare("codes", story, sorted(set(answer["codes"])), codes)
        compare("outcome", story, answer["outcome"], "refused" if codes else "accepted")
        compare("status", story, answer["stands"], model.status)
        compare("holder", story, answer["holder"], IDS.get(model.holder, ""))
        compare("quantities", story, (answer["dispensed"], answer["returned"]), (model.dispensed, model.returned))
        compare("timers set", story, answer["timers"], (model.lapse is not None) + (model.expiry is not None))
        tried.setdefault((before, name), set()).add(answer["outcome"])


def main():
    agent, chance, tried = Agent(), random.Random(SEED), {}
    for _ in range(LIVES):
        live_one(agent, chance, tried)
    missing = [(status, name) for status in sorted(STATUSES) for name in HANDLERS if (status, name) not in tried]
    print(f"{LIVES} lives of {STEPS} events: no difference; {len(tried)} pairs of status and event tried")
    if missing:
        sys.exit(f"never tried: {missing}")
    agent.process.stdin.close()
    agent.process.wait()


main()

#!/usr/bin/env python3
# timeout: 180
"""Every event of the map's sections 1, 3 and 7 (tests/scenario/receivers.csv) goes its whole way by the gateway: its organisation
POSTs it and hears the receipt; the hub's own follow as its clock, which this test moves, brings them; each fact is in the read
model, each receiver of the table finds the event on its feed, and who said it and `ctl find` find it again. An event of these
families that no step says and the hub does not state fails."""
import csv
import json
import pathlib
import shutil
import sqlite3
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from gateway_world import BUILD, SOURCE, World, until  # noqa: E402
from test_scenarios_kafka import AGENT, Talker, item_changed  # noqa: E402

SCENARIOS = "tests/scenario"
FAMILIES = ("prescription", "registry", "person")
OFFICES = {  # who hears beside those of the scenarios' worlds
    "处方流转中心": {"id": "C65010000001", "kind": "ORGANISATION_KIND_CIRCULATION_CENTRE", "region": "650100"},
    "乌市财政局": {"id": "F65010000001", "kind": "ORGANISATION_KIND_OTHER", "roles": ["finance"], "region": "650100"},
    "乌市税务局": {"id": "T65010000001", "kind": "ORGANISATION_KIND_OTHER", "roles": ["tax"], "region": "650100"},
    "乌市乡村振兴局": {"id": "R65010000001", "kind": "ORGANISATION_KIND_OTHER", "roles": ["rural_revitalisation"], "region": "650100"},
    "medhub": {"id": "medhub", "kind": "ORGANISATION_KIND_HUB_OPERATOR", "region": "000000"},
}
ROTATED = {"id": "k0", "algorithm": "KEY_ALGORITHM_ED25519", "publicKey": "L8OEopAg57igvW5EjZ18DE5qSHkI+z1Ae/CR9E8LSf8="}
READERS = {"insurer@": ["乌市医保中心", "吐鲁番医保中心"], "pharmacy@": ["康宁药店"], "hospital@": ["市二医院"], "circulation@": ["处方流转中心"],
           "finance@": ["乌市财政局"], "tax@": ["乌市税务局"], "civil_affairs@": ["乌市民政局"],
           "rural_revitalisation@": ["乌市乡村振兴局"], "H": ["市一医院", "市二医院", "社区医院", "新医院", "兰州医院"],
           "P": ["惠民药店", "康宁药店", "新药店"]}
GRANULES = {"kind": "KIND_GRANULES", "lines[0].catalogue_code": "T00130000000000000001", "lines[0].generic_name": "黄芪配方颗粒"}
LARGE = {  # above the burden that is warned of
    "message_id": "M-9", "payee": "市一医院", "prescription_number": "",
    "amounts": {"total": 60000, "self_paid": 0, "over_limit": 0, "first_self_pay": 0, "in_scope": 60000, "fund_total": 48000,
                "person_total": 12000, "account": 0, "cash": 12000},
    "layers": [{"layer": "LAYER_BASIC_POOLED", "amount": 48000}],
    "lines": [{"line_number": "1", "institution_code": "BED", "quantity": 1, "price": 60000, "amount": 60000, "in_scope": 60000}],
}


def number(count):
    return {"national_number": f"N-{count}"}


def staff(institution, code):
    return {"institution": institution, "practitioner.institution": institution, "practitioner.code": code}


def agreement(step, **more):
    """A live hospital applies in a second region: it stays live, and hears of it, whatever comes of that."""
    return ("吐鲁番医保中心", "registry.agreement_advanced",
            {"institution": "市二医院", "region": "652100", "step": f"AGREEMENT_STEP_{step}", **more})


# (who, says, with): what differs from the template of the scenarios' worlds. A text alone: the hub's clock from now on.
STEPS = [
    "2026-03-02 10:00",
    ("medhub", "registry.practitioner_registered", staff("市二医院", "D650102000009")),
    ("medhub", "registry.practitioner_registered", staff("社区医院", "D650102000008")),
    ("medhub", "registry.practitioner_ended", {"institution": "社区医院", "code": "D650102000008"}),
    ("medhub", "registry.designation_listed", {}),
    ("medhub", "registry.designation_removed", {}),
    ("medhub", "registry.licence_recorded", {"institution": "新医院"}),
    ("medhub", "registry.licence_ended", {"institution": "新医院"}),
    agreement("APPLIED", opened_on="2020-06-01"),
    agreement("APPLIED", opened_on="2025-06-01", institution="新药店"),
    agreement("ACCEPTED"), agreement("REVIEWED"), agreement("INSPECTED"), agreement("PUBLICISED"),

    ("乌市民政局", "person.identity_changed", {}),
    ("乌市医保中心", "person.qualification_granted", {"institutions": ["市一医院"]}),
    ("乌市医保中心", "person.qualification_ended", {}),
    ("乌市医保中心", "person.remote_filing_made", {}),
    ("乌市医保中心", "person.remote_filing_ended", {}),
    ("社区医院", "person.referral_made", {}),
    ("乌市医保中心", "person.account_credited", {}),
    ("乌市医保中心", "person.account_spent", {}),
    ("市一医院", "settlement.posted", LARGE),

    ("市一医院", "uploaded", {"identity": "sealed"}),
    ("惠民药店", "claimed", {}),
    ("惠民药店", "reviewed", {"reviewer": "惠民药店", "stage": "REVIEW_STAGE_DISPENSER"}),
    ("惠民药店", "dispensed", {"lines[0].trace_codes": ["81234561234567890123"]}),
    ("惠民药店", "settlement.posted", {}),
    ("市一医院", "uploaded", {**number(2), "hospital_number": "RX-2", "pharmacist": None, "reviewed_at": None}),
    ("市一医院", "reviewed", number(2)),
    ("惠民药店", "claimed", number(2)),
    ("惠民药店", "released", number(2)),
    ("市一医院", "revoked", number(2)),
    ("市一医院", "uploaded", {**number(3), "hospital_number": "RX-3"}),
    ("惠民药店", "claimed", number(3)),
    ("惠民药店", "reviewed", {**number(3), "reviewer": "惠民药店", "stage": "REVIEW_STAGE_DISPENSER"}),
    ("惠民药店", "dispensed", {**number(3), "dispensing_number": "S-3", "lines[0].trace_codes": ["81234561234567890124"]}),
    ("惠民药店", "returned", {**number(3), "dispensing_number": "S-3", "lines[0].trace_codes": ["81234561234567890124"]}),
    ("市一医院", "uploaded", {**number(4), "hospital_number": "RX-4"}),
    ("惠民药店", "claimed", number(4)),
    ("市一医院", "uploaded", {**number(5), "hospital_number": "RX-5", **GRANULES}),  # dispensed by hospitals
    ("社区医院", "claimed", {**number(5), "dispenser": "社区医院"}),
    ("medhub", "registry.organisation_changed", {"institution": "社区医院"}),
    ("社区医院", "registry.key_rotated", {"organisation_id": "社区医院", "replaced_key": "k0"}),

    "2026-03-03 10:01",  # the claim lapses
    "2026-03-04 12:00",
    ("惠民药店", "claimed", number(4)),
    "2026-03-05 00:01",  # the prescription expires
    "2026-03-13 10:00",
    agreement("CONFIRMED", sign_by="2026-03-20"),
    "2026-03-21 00:01",  # nobody signed
]


class Walk(World):
    """The hub of the scenarios in the place of the shipped one: its clock is set by hand."""

    def __init__(self, folder):
        super().__init__(folder)
        self.agents = {family: Talker(AGENT, f"{SCENARIOS}/{family}/world.yaml") for family in FAMILIES}
        self.organisations, self.names, self.said = dict(OFFICES), {}, []
        for family in (None, *FAMILIES):
            path = f"{SCENARIOS}/{family}/world.yaml" if family else f"{SCENARIOS}/world.yaml"
            self.organisations = {**self.ask("prescription", read=path)["organisations"], **self.organisations}
        self.names = {name: fields["id"] for name, fields in self.organisations.items()}
        self.now = self.moment("2026-03-02 10:00")
        self.hub = Talker(BUILD / "tests/scenario/scenario_hub", self.brokers.address, folder / "state", str(self.now))
        until(lambda: self.hub.ask("ready") == "yes", "the hub is ready")
        self.start("connector store").wait_ready()
        self.start("gateway").wait_ready()
        self.found()

    def ask(self, family, **line):
        return json.loads(self.agents[family].ask(json.dumps(line, ensure_ascii=False)))

    def moment(self, text):
        return self.ask("prescription", moment=text, now=0)["ms"]

    def organisation(self, name):
        fields = {"state": "STATE_LIVE", "region": "650102", "designatedFrom": "2025-01-01", "validFrom": "2025-01-01", "name": name,
                  **self.organisations[name]}
        fields.pop("designated_from", None)
        if fields["state"] != "STATE_LIVE":
            fields.pop("designatedFrom")
        self.give_key(fields)
        fields["keys"].append(ROTATED)
        return fields

    def found(self):
        """Policy, calendar, the scenarios' drugs and everybody, said by the operator."""
        world = self.ask("prescription", read=f"{SCENARIOS}/world.yaml")
        drugs = [self.event("medhub", f"drug-{row['code']}", self.ask("prescription", convert="catalogue.item_changed", now=self.now, **{
            "with": item_changed({**world["templates"]["item"], **row})})) for row in world["catalogue"]]
        events = [self.event("medhub", f"org-{name}", {"type": "medhub.registry.organisation_changed.v1", "data": {
            "organisationId": fields["id"], "organisation": fields}}) for name in self.organisations
            for fields in [self.organisation(name)]]
        lines = self.gen("policy,calendar") + drugs + events
        receipts = self.medhub("ctl", "submit", "-q", "-o", "ndjson", codes=(0, 6),
                               input="".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
        wrong = [line for line in receipts.splitlines() if json.loads(line)["outcome"] != "accepted"]
        assert not wrong, wrong[:3]
        self.follow_tables()
        until(lambda: all(self.caller(key).get("/v1/feeds").status == 200 for key in self.secrets), "the gateway knows everybody")

    def follow_tables(self):
        until(lambda: self.hub.ask("followed") == "yes", "the hub's tables are followed")

    @staticmethod
    def event(source, name, converted):
        return {"specversion": "1.0", "id": name, "source": source, "type": converted["type"], "data": converted["data"]}

    # ---- a step

    def made(self, says, fields):
        """The type and data of what is said."""
        if says == "registry.organisation_changed":
            changed = {**self.organisation(fields["institution"]), "level": "09", "validFrom": "2026-03-02"}
            return {"type": f"medhub.{says}.v1",
                    "data": {"organisationId": changed["id"], "effectiveOn": "2026-03-02", "organisation": changed}}
        if fields.get("identity") == "sealed":
            claims = self.ask("prescription", read=f"{SCENARIOS}/prescription/claim.yaml")
            fields = {**fields, "identity": next(step["with"]["identity"] for story in claims for step in story["steps"]
                                                 if "identity" in step.get("with", {}))}
        family = says.split(".")[0] if says.split(".")[0] in FAMILIES else "prescription"
        return self.ask(family, convert=says, now=self.now, **{"with": fields})

    def say(self, who, says, fields):
        event = self.event(self.names[who], f"w-{len(self.said)}", self.made(says, fields))
        answer = self.caller(event["source"]).submit(event, "/v1/events?wait=30")
        assert answer.status == 200 and answer.json()["outcome"] == "accepted", (who, says, fields, answer)
        self.said.append(event)
        if ".registry." in event["type"]:
            self.follow_tables()

    def go(self):
        for step in STEPS:
            if isinstance(step, str):
                self.now = self.moment(step)
                self.hub.ask(f"clock {self.now}")
                self.wait_for_timers(step)
            else:
                self.say(*step)

    def wait_for_timers(self, moment):
        """What the hub states at a moment is there before anybody goes on."""
        stated = {"2026-03-03 10:01": "prescription.claim_lapsed", "2026-03-05 00:01": "prescription.expired",
                  "2026-03-21 00:01": "registry.agreement_followed"}.get(moment)
        if stated:
            until(lambda: f"medhub.{stated}.v1" in self.facts(), f"{stated} at {moment}")

    # ---- what came of it

    def ask_store(self, query):
        with sqlite3.connect(f"file:{self.folder / 'medhub.sqlite'}?mode=ro", uri=True) as database:
            return database.execute(query).fetchall()

    def facts(self):
        return {kind for kind, in self.ask_store("SELECT DISTINCT type FROM fact")}

    def lacking(self, rows):
        """(type, receiver) of the table that the read model does not have."""
        facts = self.facts()
        heard = set(self.ask_store("SELECT DISTINCT d.type, r.recipient FROM delivery d JOIN recipient r ON r.place = d.place"))
        return [(kind, receiver) for kind, receiver in rows if kind not in facts or (
            receiver[2:] not in facts if receiver.startswith("> ") else
            not any(kind == has and name.startswith(receiver) for has, name in heard))]

    def feed(self, who):
        """The types on the feed of an organisation."""
        types, cursor, page = set(), "", None
        while page is None or not page["atEnd"]:
            answer = self.caller(self.names[who]).get(f"/v1/feeds/deliveries?limit=200{cursor}")
            assert answer.status == 200, (who, answer)
            page = answer.json()
            types |= {event["type"] for event in page["events"]}
            cursor = f"&after={page['next']}"
        return types

    def check_feeds(self, rows):
        feeds = {receiver: set().union(*map(self.feed, readers)) for receiver, readers in READERS.items()}
        missing = [(kind, receiver) for kind, receiver in rows if not receiver.startswith("> ") and kind not in feeds[receiver]]
        assert not missing, f"not on the feeds of their receivers: {missing}"

    def check_found_again(self):
        """One event of each type: its receipt, its source's search, and the timeline of its key."""
        timelines = {}
        for event in {event["type"]: event for event in self.said}.values():
            caller = self.caller(event["source"])
            receipt = caller.get(f"/v1/receipts/{event['source']}/{event['id']}")
            assert (receipt.status, receipt.json()["outcome"]) == (200, "accepted"), (event["type"], receipt)
            found = caller.get(f"/v1/search?key={event['id']}&kind=event")
            assert found.status == 200 and event["type"] in found.body.decode(), (event["type"], found)
            data = event["data"]
            key = data.get("person") or data.get("institution") or data["organisationId"]
            if key not in timelines:
                timelines[key] = self.medhub("ctl", "find", key, "--kind", "key", "-n", "500", "-o", "ndjson", "--set",
                                             f"store.database={self.folder / 'medhub.sqlite'}")
            assert event["type"] in timelines[key], (event["type"], key, timelines[key][:500])
        assert self.caller(self.names["市一医院"]).get("/v1/prescriptions/N-1").status == 200
        assert self.caller(self.names["惠民药店"]).get("/v1/settlements/M-1").status == 200

    def end(self):
        self.hub.end()
        self.close()
        for agent in self.agents.values():
            agent.end()


def main():
    with (SOURCE / SCENARIOS / "receivers.csv").open() as file:
        rows = [(row["type"], row["receiver"]) for row in csv.DictReader(file)]
    folder = pathlib.Path(tempfile.mkdtemp(prefix="event-walk.", dir=BUILD))
    walk = None
    try:
        walk = Walk(folder)
        walk.go()
        until(lambda: not walk.lacking(rows), f"the read model has each row; it lacks {walk.lacking(rows)}", 30)
        walk.check_feeds(rows)
        walk.check_found_again()
        print(f"{len(walk.said)} events said, {len(rows)} rows of {len({kind for kind, _ in rows})} types heard")
    finally:
        if walk is not None:
            walk.end()
        shutil.rmtree(folder, ignore_errors=True)


main()

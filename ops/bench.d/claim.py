"""ops/bench prescription: how soon pharmacies see a prescription that a hospital has posted, with all programs as they are shipped
and all of them on this machine: gateway, hub on a real Kafka, store and feed. Requests are signed with Ed25519."""
import json

from tools import say
from world import World

HOSPITAL, CITY = "H44010000009", "440100"
RATE, CONNECTIONS, DISPENSERS = 500, 64, 4
PARTS = (("answered", "POST to 202: in Kafka", ""), ("committed", "POST to decided: committed, readable in Kafka", ""),
         ("streamed", "POST to claimable on the streams of all its dispensers", "<= 100"),
         ("polled", "POST to claimable in the pages of a long poll", "<= 100"))


def dispensers_of(world_events):
    """Pharmacies of the city, each of which is told of every prescription to be claimed there."""
    organisations = (event["data"].get("organisation") or {} for event in world_events)
    found = {each["id"]: None for each in organisations if "pharmacy" in each.get("roles", []) and each["region"] == CITY}
    return list(found)[:DISPENSERS]


class Circulation(World):
    """A hospital that posts prescriptions and the pharmacies of its city."""

    def __init__(self, bench):
        self.dispensers = []
        super().__init__(bench, "claim", (HOSPITAL,), "ed25519")

    def organisations(self, callers, algorithm):
        self.dispensers = dispensers_of(self.gen("organisations"))
        return super().organisations((*callers, *self.dispensers), algorithm)

    def make_ready(self):
        """What the prescriptions name is in the catalogue, and every partition knows it."""
        event = self.prescription(HOSPITAL)
        codes = {line["catalogueCode"] for line in event["data"]["lines"]}
        self.submit([each for each in self.gen("catalogue-2024,catalogue-2025")
                     if each["data"].get("item", {}).get("code") in codes])
        self.wait_until_accepted(event)
        return event

    def write_events(self, event, count):
        """Each of another person."""
        file = f"{self.folder}/prescriptions.ndjson"
        with open(file, "w", encoding="utf-8") as lines:
            for number in range(count):
                data = {**event["data"], "person": f"p-claim-{number}", "hospitalNumber": f"claim-{number}",
                        "nationalNumber": f"CN{number}"}
                lines.write(json.dumps({**event, "id": f"rx-{number}", "subject": f"claim-{number}", "data": data},
                                       ensure_ascii=False) + "\n")
        return file


def measure(bench, size, table):
    bench.renew_broker()
    world = Circulation(bench)
    event = world.make_ready()
    seconds = size["claim_warm_up_s"] + size["claim_s"]
    file = world.write_events(event, RATE * seconds)
    followers = [word for each in world.dispensers for word in ("--follower", f"{world.key_id(each)},{world.key_file(each)}")]
    say(f"prescriptions to claimable: {RATE}/s for {seconds} s, {len(world.dispensers)} dispensers")
    result = bench.call("bench_claim", *world.caller(HOSPITAL), "--events", file, "--rate", RATE, "--connections", CONNECTIONS,
                        "--warm-up", size["claim_warm_up_s"], *followers)
    for part, figure, wanted in PARTS:
        table.add(f"prescription: {figure}, {RATE}/s, p50 / p99 / max", "ms",
                  " / ".join(f"{result[part][share + '_ms']:.1f}" for share in ("p50", "p99", "max")), wanted=wanted and f"p99 {wanted}")
    world.gateway.stop()
    world.stop_others()
    bench.renew_broker()

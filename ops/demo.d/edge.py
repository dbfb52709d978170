#!/usr/bin/python3
"""What ops/demo does at the hub's HTTP door, in place of the programs of hospitals and pharmacies.

    edge.py join KEY.json URL < EVENTS     the organisations, joined by an access platform: it signs for all of them with that
                                           key; the first pharmacy has a webhook endpoint at URL; prints which it is
                                           on standard error
    edge.py submit GATEWAY KEY EVENTS      submits by signed batches, waits for the decisions, prints one answer a line

    edge.py life GATEWAY KEY EVENTS        the life of the first prescription among them that is dispensed, one step after the
                                           other, with another pharmacy that claims it too and a second dispensing

An empty line among the events is a place where everything before it must be decided first."""
import datetime
import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request

PLATFORM = "AP000000"
BATCH = 500
WAIT_S = 60
OWN_ATTRIBUTES = ("expect", "expectcode")  # of medhub gen, not of the event


def join(key_file, url):
    with open(key_file, encoding="utf-8") as file:
        key = json.load(file)
    events = [json.loads(line) for line in sys.stdin if line.strip()]
    has_endpoint = False
    for event in events:
        organisation = event["data"].get("organisation")
        if organisation is not None:
            organisation["parent"] = PLATFORM
            if organisation["kind"] == "ORGANISATION_KIND_PHARMACY" and not has_endpoint:
                organisation["endpoints"] = [{"id": "main", "url": url, "privateNetwork": True}]
                has_endpoint = True
                print(organisation["id"], organisation["name"], file=sys.stderr)
    first = next(event for event in events if "organisation" in event["data"])
    platform = json.loads(json.dumps(first))
    platform.update(id=f"org-{PLATFORM}", subject=PLATFORM)
    platform["data"].update(organisationId=PLATFORM, organisation={
        "id": PLATFORM, "name": "医保接入平台（演示）", "kind": "ORGANISATION_KIND_OTHER", "roles": ["access_platform"],
        "region": "000000", "state": "STATE_LIVE", "keys": [key],
        **{name: first["data"]["organisation"][name] for name in ("designatedFrom", "validFrom")}})
    for event in [*events, platform]:
        print(json.dumps(event, ensure_ascii=False, separators=(",", ":")))


class Gateway:
    def __init__(self, address, key):
        self.url, self.key = f"{address}/v1/events?wait={WAIT_S}", key

    def post(self, content_type, body):
        """Status and answer of one signed request."""
        sign = [os.environ["MEDHUB"], "ctl", "key", "sign", "--key", self.key, "--keyid", f"{PLATFORM}/k1", "--url", self.url,
                "--body", "-", "--header", f"content-type: {content_type}"]
        signed = subprocess.run(sign, input=body, stdout=subprocess.PIPE, check=True).stdout.decode()
        headers = dict(line.split(": ", 1) for line in signed.splitlines() if line)
        headers["Content-Type"] = content_type
        try:
            with urllib.request.urlopen(urllib.request.Request(self.url, body, headers), timeout=WAIT_S + 30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)


def tell(event, outcome, code="", findings=()):
    print(json.dumps({"id": event["id"], "source": event["source"], "type": event["type"], "outcome": outcome, "input": "",
                      "code": code, "findings": list(findings)}, ensure_ascii=False, separators=(",", ":")), flush=True)


def tell_decision(event, answer, seen):
    if answer["status"] not in ("accepted", "refused", "duplicate"):
        sys.exit(f"not decided within {WAIT_S} s: {answer}")
    # The same id again is answered as the first time; that it is a repetition, the sender knows.
    outcome = "duplicate" if (event["source"], event["id"]) in seen else answer["status"]
    seen.add((event["source"], event["id"]))
    findings = answer.get("findings", [])
    codes = [finding["code"] for finding in findings if finding["severity"] == "refuse"]
    tell(event, outcome, codes[0] if outcome == "refused" and codes else "", findings)


def submit_batch(gateway, events, seen):
    body = json.dumps([{name: value for name, value in event.items() if name not in OWN_ATTRIBUTES} for event in events],
                      ensure_ascii=False).encode()
    status, answer = gateway.post("application/cloudevents-batch+json", body)
    if status == 403 and len(events) == 1:
        tell(events[0], "refused", answer["code"])  # the gateway does not take it: it never reaches the hub
    elif status not in (200, 202):
        sys.exit(f"the gateway answered {status}: {json.dumps(answer, ensure_ascii=False)[:2000]}")
    else:
        for event, one in zip(events, answer, strict=True):
            tell_decision(event, one, seen)


def submit(address, key, file_name):
    gateway, seen, waiting = Gateway(address, key), set(), []
    with open(file_name, encoding="utf-8") as file:
        for line in [*file, "\n"]:
            event = json.loads(line) if line.strip() else None
            stranger = event is not None and event.get("expectcode") == "source.unknown"
            if waiting and (event is None or stranger or len(waiting) == BATCH):
                submit_batch(gateway, waiting, seen)
                waiting = []
            if stranger:
                submit_batch(gateway, [event], seen)
            elif event is not None:
                waiting.append(event)


LIFE = {
    "uploaded": "医院上传，院内药师已审核 / the hospital uploads it, its pharmacist has reviewed it",
    "claimed": "药店认领 / a pharmacy claims it",
    "claimed by another": "另一家药店也来认领 / another pharmacy claims it too",
    "reviewed": "药店药师审方通过 / the pharmacy's pharmacist passes it",
    "dispensed": "配药，逐盒登记追溯码 / it is dispensed, with the trace code of each box",
    "dispensed again": "再配一次 / it is dispensed a second time",
}


def copied(event, name, **data):
    """EVENT said once more under another id, with other data."""
    return {**event, "id": f"{event['id']}-{name}", "data": {**event["data"], **data}}


def moved_to_now(events):
    """A claim lapses after hours: the same life, ending a moment ago."""
    last = max(datetime.datetime.fromisoformat(event["time"]) for event in events)
    by = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0) - last - datetime.timedelta(seconds=2)

    def moved(match):
        return (datetime.datetime.fromisoformat(match[0]) + by).strftime("%Y-%m-%dT%H:%M:%SZ")

    return [json.loads(re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", moved, json.dumps(event, ensure_ascii=False)))
            for event in events]


def steps_of_a_life(events):
    number = next(event["subject"] for event in events if event["type"].endswith("prescription.dispensed.v1"))
    life = {}
    for event in events:
        if event["data"].get("nationalNumber") == number:
            life[event["type"].split(".")[2]] = event
    life = dict(zip(life, moved_to_now(list(life.values())), strict=True))
    others = [event["source"] for event in events
              if event["type"].endswith("prescription.claimed.v1") and event["source"] != life["claimed"]["source"]]
    stranger = copied(life["claimed"], "other", dispenser=others[0])
    stranger["source"] = others[0]
    again = copied(life["dispensed"], "again", dispensingNumber=life["dispensed"]["data"]["dispensingNumber"] + "-2")
    return [("uploaded", life["uploaded"]), ("claimed", life["claimed"]), ("claimed by another", stranger),
            ("reviewed", life["reviewed"]), ("dispensed", life["dispensed"]), ("dispensed again", again)]


def say(gateway, sentence, *events):
    """Says EVENTS of one source at the door, one after the other; prints SENTENCE and the answers. The rules that refused one."""
    print(f"  {events[0]['source']:14} {sentence}")
    accepted, refused_by = 0, []
    for event in events:
        body = {field: value for field, value in event.items() if field not in OWN_ATTRIBUTES}
        status, answer = gateway.post("application/cloudevents+json", json.dumps(body, ensure_ascii=False).encode())
        finding = next((one for one in answer.get("findings", []) if one["severity"] == "refuse"), None)
        if status == 200:
            accepted += 1
        elif status == 422 and finding is not None:
            refused_by.append(finding["rule"])
            print(f"  {'':14} → 422 拒绝 / refused: {finding['rule']} {finding['sentenceZh']} / {finding['sentenceEn']}")
            print(f"  {'':14}   依据 {finding['citation']}；实际 {finding.get('found', '')}；应为 {finding.get('expected', '')}")
        else:
            sys.exit(f"the gateway answered {status}: {json.dumps(answer, ensure_ascii=False)[:2000]}")
    if accepted > 0:
        print(f"  {'':14} {'→ 200 ' * accepted}受理 / accepted")
    return refused_by


def life(address, key, file_name):
    gateway = Gateway(address, key)
    with open(file_name, encoding="utf-8") as file:
        steps = steps_of_a_life([json.loads(line) for line in file if line.strip()])
    for name, event in steps:
        say(gateway, LIFE[name], event)


if __name__ == "__main__":
    {"join": join, "submit": submit, "life": life}[sys.argv[1]](*sys.argv[2:])

#!/usr/bin/env python3
"""Turns Synthea's medication requests into uploads of a hospital, one CloudEvent a line.

    synthea.py REQUESTS.csv CATALOGUE.ndjson HOSPITAL REGION DAY > uploads.ndjson

REQUESTS.csv: patient_id, encounter_id, authored_on, drug_name, frequency, period, period_unit, dose (ops/data/synthea_requests.csv).
CATALOGUE.ndjson: catalogue.item_changed events, as `medhub gen --what catalogue-2025` writes them. DAY: the requests are moved to
it, in their order, a minute apart. One upload for each encounter; a drug whose generic name is not known here, or not on the
catalogue, keeps its English name and no code of ours: the hub says why it refuses it."""
import csv
import datetime
import hashlib
import json
import sys

GENERIC = {  # the words of RxNorm's names that say the substance, and its name on the national list
    "simvastatin": "辛伐他汀", "simvistatin": "辛伐他汀", "acetaminophen": "对乙酰氨基酚", "ibuprofen": "布洛芬",
    "naproxen": "萘普生", "hydrochlorothiazide": "氢氯噻嗪", "clopidogrel": "氯吡格雷", "furosemide": "呋塞米", "lasix": "呋塞米",
    "warfarin": "华法林", "digoxin": "地高辛", "amlodipine": "氨氯地平", "metoprolol": "美托洛尔", "metformin": "二甲双胍",
    "allopurinol": "别嘌醇", "aspirin": "阿司匹林", "carbamazepine": "卡马西平", "loratadine": "氯雷他定", "amoxicillin": "阿莫西林",
    "nitroglycerin": "硝酸甘油", "verapamil": "维拉帕米", "cefuroxime": "头孢呋辛", "cisplatin": "顺铂", "paclitaxel": "紫杉醇",
}
ORAL, INJECTION = "口服常释剂型", "注射剂"


def catalogue_of(path):
    """Items by (name, dosage form), and by name alone."""
    items = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            item = json.loads(line).get("data", {}).get("item", {})
            for key in ((item.get("name"), item.get("dosageForm")), (item.get("name"), None)):
                items.setdefault(key, item)
    return items


def item_of(drug_name, items):
    words = drug_name.lower().replace("[", " ").replace("]", " ").replace("/", " ").split()
    name = next((GENERIC[word] for word in words if word in GENERIC), None)
    form = INJECTION if "injection" in words else ORAL
    return items.get((name, form)) or items.get((name, None))


def line_of(number, request, items):
    item = item_of(request["drug_name"], items)
    line = {"lineNumber": str(number), "catalogueCode": item["code"] if item else "UNKNOWN",
            "genericName": item["name"] if item else request["drug_name"], "dosageForm": item.get("dosageForm", "") if item else "",
            "quantity": {"e4": "10000"}, "quantityUnit": "盒", "days": {"e4": "70000"}}
    if request["frequency"] and request["period_unit"] == "d":
        line["frequency"] = {"code": {"1": "qd", "2": "bid", "3": "tid"}.get(request["frequency"], "prn")}
    return line


def upload_of(encounter, requests, items, hospital, region, moment):
    said = moment.isoformat().replace("+00:00", "Z")
    number = "SY" + hashlib.sha256(encounter.encode()).hexdigest()[:16]
    return {"specversion": "1.0", "id": f"synthea-{encounter}", "source": hospital, "type": "medhub.prescription.uploaded.v1",
            "subject": number, "time": said,
            "data": {"person": "synthea:" + requests[0]["patient_id"], "hospitalNumber": number, "institution": hospital,
                     "doctor": {"code": f"D{region}000001"}, "regionOfCare": region, "regionOfInsurance": region,
                     "kind": "KIND_WESTERN", "issuedAt": said, "validDays": 3,
                     "diagnoses": [{"kind": "DIAGNOSIS_KIND_WESTERN", "code": "Z00.000", "name": "一般性医学检查", "main": True,
                                    "order": 1}],
                     "lines": [line_of(i, each, items) for i, each in enumerate(requests, 1)]}}


def main(requests_path, catalogue_path, hospital, region, day):
    items, encounters = catalogue_of(catalogue_path), {}
    with open(requests_path, encoding="utf-8", newline="") as file:
        for request in csv.DictReader(file):
            encounters.setdefault(request["encounter_id"], []).append(request)
    begin = datetime.datetime.fromisoformat(day + "T01:00:00+00:00")
    for minute, (encounter, requests) in enumerate(encounters.items()):
        print(json.dumps(upload_of(encounter, requests, items, hospital, region, begin + datetime.timedelta(minutes=minute)),
                         ensure_ascii=False))


if __name__ == "__main__":
    if len(sys.argv) != 6:
        sys.exit(__doc__)
    main(*sys.argv[1:])

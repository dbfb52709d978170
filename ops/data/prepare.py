#!/usr/bin/env python3
"""Makes the files of this folder from the public sources that README.md names: prepare.py SOURCE_FOLDER

Run once per edition, by a person; its results are committed. What needs Unicode tables is done here, so that the
programs in C only compare bytes:

- limits: of a product that stands there twice only what both rows say is kept, and the diseases of both; a limit to a line of
  therapy or a department is left out: nothing that travels tells whether it is met.
- region_centres: latitude and longitude of cities, and of the counties that lie in no city, in tenths of a degree: enough to tell
  whether one thing can have been in two places. SOURCE_FOLDER/city-geo/data.json; joined with regions.csv by name.
- code: the national catalogue prints no code, so an item is told by its name and dosage form. Both are folded
  (NFKC, blanks out, Chinese punctuation to ASCII, a final stop dropped) and hashed: "NRDL-" and 12 hexadecimal digits; "COMM-"
  for the list of commercial insurance, which prints no dosage forms.
"""
import csv
import gzip
import hashlib
import json
import pathlib
import re
import sys
import unicodedata

DEVICES, DIAGNOSES = 2000, 400
WRONG_CHECK_DIGIT = ("04050546003765", "00860003321765", "13010733000145")
PUNCTUATION = str.maketrans({
    "，": ",", "。": ".", "；": ";", "：": ":", "（": "(", "）": ")", "、": ",", "·": "", "•": "", "—": "-", "–": "-",
    "～": "~", "“": '"', "”": '"', "【": "[", "】": "]", "〔": "[", "〕": "]"})


def fold(text):
    text = re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))
    return text.translate(PUNCTUATION).rstrip(".")


def code(row, prefix="NRDL-"):
    both = fold(row["drug_name"]) + "\n" + fold(row.get("dosage_form", ""))
    return prefix + hashlib.sha256(both.encode()).hexdigest()[:12].upper()


def read(path):
    opened = gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else open(path, encoding="utf-8")
    with opened as file:
        return list(csv.DictReader(file))


def write(name, columns, rows):
    with open(pathlib.Path(__file__).parent / name, "w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"{name}: {len(rows)} rows")


def catalogue(source, edition):
    rows = read(source / f"nrdl/nrdl_{edition}.csv")
    for row in rows:
        row["code"] = code(row)
    assert len({row["code"] for row in rows}) == len(rows), "two items share a code"
    columns = ["code", "section", "class_code", "class_name", "pay_class", "item_no", "is_repeat", "drug_name",
               "dosage_form", "payment_standard", "limit_remark", "valid_from", "valid_to"]
    write(f"nrdl_{edition}.csv", columns, rows)


def commercial(source):
    rows = read(source / "nrdl/commercial_innovative_drugs_2025.csv")
    for row in rows:
        row["code"] = code(row, "COMM-")
    write("commercial_drugs_2025.csv", ["code", "class_code", "item_no", "drug_name", "brand_name", "indication", "mah",
                                        "authorised_firm", "valid_from", "valid_to"], rows)


def difference(source):
    rows = read(source / "nrdl/nrdl_diff_2024_2025.csv")
    for row in rows:
        row["code"] = code(row)
    write("nrdl_diff_2024_2025.csv", ["change", "code", "drug_name", "dosage_form"], rows)


LIMITS = {"sex": "sex_limit", "age": "age_limit", "insurance": "insurance_limit", "care": "care_mode_limit",
          "level": "institution_limit", "course_days": "course_limit"}


def limit(row):
    made = {name: row[column] for name, column in LIMITS.items()}
    made["course_days"] = made["course_days"].removesuffix("天")
    made["diseases"] = row["disease_limit"].strip("()").split("|") if row["disease_limit"] else []
    return made


def limits(source):
    """One row a product: what stands there twice is limited by what both rows say."""
    products = {}
    for row in read(source / "drug_codes/drug_limit_rules.csv"):
        one, code = limit(row), row["nhsa_drug_code_prefix"]
        if code not in products:
            products[code] = {"code": code, "name": row["drug_name"], **one}
            continue
        both = products[code]
        for name in LIMITS:
            both[name] = both[name] if both[name] == one[name] else ""
        both["diseases"] = both["diseases"] + one["diseases"] if both["diseases"] and one["diseases"] else []
    rows = [{**row, "diseases": "|".join(dict.fromkeys(row["diseases"]))} for row in products.values()
            if row["diseases"] or any(row[name] for name in LIMITS)]
    write("drug_limits.csv", ["code", "name", *LIMITS, "diseases"], rows)


def drug_codes(source):
    """Every code once, in order; what it is called and limited to say the rows of its product in drug_limits.csv."""
    codes = sorted({row["nhsa_drug_code"] for row in read(source / "drug_codes/nhsa_drug_codes_with_rules.csv")})
    with open(pathlib.Path(__file__).parent / "drug_codes.txt.gz", "wb") as file:
        with gzip.GzipFile("", "wb", 9, file, mtime=0) as packed:
            packed.write("".join(code + "\n" for code in codes).encode())
    print(f"drug_codes.txt.gz: {len(codes)} codes")


def spread(rows, count):
    return [rows[i * len(rows) // count] for i in range(count)]


def devices(source):
    rows = read(source / "device_udi/gudid_dental_sample.csv")
    good = [row for row in rows if row["issuing_agency"] == "GS1" and row["status"] == "in"
            and row["primary_di"] not in WRONG_CHECK_DIGIT]
    everything = read(source / "device_udi/gudid_dental_devices.csv.gz")
    wrong = [row for row in everything if row["primary_di"] in WRONG_CHECK_DIGIT]
    write("gudid_devices.csv", ["primary_di", "company", "brand", "model", "lot", "serial", "mfg_date", "exp_date"],
          spread(good, DEVICES) + wrong)


def centres(source, regions):
    with open(source / "city-geo/data.json", encoding="utf-8") as file:
        places = [row for row in json.load(file) if row["lat"]]
    found = {(row["province"], row["area"] or row["city"]): row for row in reversed(places)}
    names, rows = {row["code"]: row["name"] for row in regions}, []
    for region in regions:
        is_city = region["level"] == "2" or region["code"][2:4] == "90"
        place = found.get((names[region["code"][:2] + "0000"], region["name"])) if is_city else None
        if place:
            rows.append({"code": region["code"], "latitude_tenths": round(float(place["lat"]) * 10),
                         "longitude_tenths": round(float(place["lng"]) * 10)})
    write("region_centres.csv", ["code", "latitude_tenths", "longitude_tenths"], rows)


def check_digit_ok(gtin):
    return (len(gtin) == 14 and gtin.isdigit()
            and sum(int(digit) * (1 if place % 2 else 3) for place, digit in enumerate(gtin)) % 10 == 0)


def items(source):
    """Every GS1 identifier with a right check digit, in order, each as what its first 13 digits are more than the one before, in
    hexadecimal; l and s if it has lots and serials; then the packs that hold it, PACK:QUANTITY of what lies in it."""
    packs = {}
    for row in read(source / "device_udi/gudid_dental_other_ids.csv.gz"):
        if (row["id_type"] == "Package" and check_digit_ok(row["device_id"]) and int(row["pkg_quantity"] or 0) > 1
                and row["contains_di"] not in packs):
            packs[row["contains_di"]] = (row["device_id"], row["pkg_quantity"])
    devices = read(source / "device_udi/gudid_dental_devices.csv.gz")
    lines, before = [], 0
    for row in sorted(devices, key=lambda row: row["primary_di"]):
        inner = row["primary_di"]
        if row["issuing_agency"] != "GS1" or not check_digit_ok(inner):
            continue
        line = f"{int(inner[:13]) - before:x}," + ("l" if row["lot"] == "1" else "") + ("s" if row["serial"] == "1" else "")
        before = int(inner[:13])
        for _ in range(2):
            if inner in packs:
                inner, quantity = packs[inner]
                line += f",{inner}:{quantity}"
        lines.append(line + "\n")
    path = pathlib.Path(__file__).parent / "gudid_items.csv.gz"
    path.write_bytes(gzip.compress("".join(lines).encode(), 9, mtime=0))
    print(f"{path.name}: {len(lines)} rows")


def main(source):
    for edition in ("2024", "2025"):
        catalogue(source, edition)
        pieces = read(source / f"nrdl/tcm_pieces_{edition}.csv")
        write(f"tcm_pieces_{edition}.csv", list(pieces[0]), pieces)
    commercial(source)
    difference(source)
    limits(source)
    drug_codes(source)
    devices(source)
    items(source)
    write("working_days.csv", ["date", "is_working_day", "kind", "holiday_name"],
          read(source / "calendar/cn_working_days_2021_2026.csv"))
    write("hospital_names.csv", ["name", "kind_guess_from_name"], read(source / "institutions/hospital_names.csv"))
    regions = [row for row in read(source / "region/region_codes_2023.csv") if row["kind"] != "stat_zone"]
    write("regions.csv", ["code", "name", "level", "parent_code"], regions)
    centres(source, regions)
    diagnoses = [row for row in read(source / "icd/icd10_cn.csv") if re.fullmatch(r"[A-Z][0-9]{2}[.0-9x]*", row["code"])]
    write("icd10.csv", ["code", "name"], spread(diagnoses, DIAGNOSES))


main(pathlib.Path(sys.argv[1]))

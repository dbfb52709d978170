#!/usr/bin/python3
"""A stent's way from its maker to a patient and its settlement, then a recall of its lot, said step by step at the hub's HTTP door.

    chain.py MEDHUB BROKERS DATABASE GATEWAY KEY ORGANISATIONS      prints the story; ends with 1 if something does not hold

ORGANISATIONS are the events of the registry, for the names. The public data that the project ships has no stents: product and
code are those of the scenarios of tests/scenario/trace, with the prefix of GS1 China's sample company."""
import datetime
import json
import subprocess
import sys
import time

import edge
from broadcast import tell

TODAY = datetime.date.today()
MADE_ON, EXPIRES_ON = TODAY - datetime.timedelta(days=40), TODAY + datetime.timedelta(days=1000)
UNIT, BOX, LOT = "06901234000016", "16901234000013", f"L{MADE_ON:%Y%m%d}"
INSURANCE_CODE = "C0201010520001000001"
SERIALS, BOX_SERIAL = ("S001", "S002", "S003"), "X001"
MAKER, DISTRIBUTOR, HOSPITAL = "M44000000001", "D44000000001", "H44010000001"
REGION, PROVINCE = "440100", "440000"
PERSON, SETTLEMENT, RECALL = "p-5f3a1c07e2b94d68", "H44010000001CHAIN0001", "ZH-DEMO-1"
WAIT_S = 60
STEPS = {"commissioned": "赋码", "packed": "装箱", "outbound": "发货", "inbound": "收货", "unpacked": "拆箱", "used": "使用",
         "settled": "结算"}


def code_of(serial):
    return f"(01){UNIT}(17){EXPIRES_ON:%y%m%d}(10){LOT}(21){serial}"


BOX_CODE = f"(01){BOX}(21){BOX_SERIAL}"


def moment(hours_ago):
    then = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=hours_ago)
    return then.strftime("%Y-%m-%dT%H:%M:%SZ")


def pieces(number):
    return {"e4": str(number * 10000)}


def event(id_, source, type_, **data):
    return {"specversion": "1.0", "id": f"chain-{id_}", "source": source, "type": f"medhub.{type_}.v1",
            "datacontenttype": "application/json", "data": data}


def device(product, **more):
    said = {"product": product, "name": "冠状动脉药物洗脱支架", "specification": "3.0×18 mm", "productKind": "PRODUCT_KIND_DEVICE",
            "deviceClass": "DEVICE_CLASS_III", "codeSystem": "CODE_SYSTEM_GS1", "registrant": MAKER, "lotOnLabel": True,
            "serialOnLabel": True, "expiryOnLabel": True, **more}
    return event(f"device-{product}", MAKER, "trace.device_registered", product=product, device=said, validFrom="2025-01-01")


def link(side):
    return event(f"link-{side}", MAKER, "trace.code_linked", product=UNIT, insuranceCode=INSURANCE_CODE,
                 side=f"LINK_SIDE_{side}", validFrom="2025-01-01")


def scan(step, holder, what, hours_ago, **more):
    if what == BOX_SERIAL:
        said = {"product": BOX, "code": BOX_CODE, "serial": BOX_SERIAL}
    else:
        said = {"product": UNIT, "code": code_of(what), "lot": LOT, "serial": what, "expiresOn": str(EXPIRES_ON),
                "name": "冠状动脉药物洗脱支架", "specification": "3.0×18 mm"}
    return event(f"{holder}-{step}-{what}", holder, "trace.item_scanned", **said, step=f"STEP_{step.upper()}",
                 codeSystem="CODE_SYSTEM_GS1", productKind="PRODUCT_KIND_DEVICE", deviceClass="DEVICE_CLASS_III",
                 madeOn=str(MADE_ON), madeOnPrecision="DATE_PRECISION_DAY", quantity=pieces(1), quantityUnit="件", holder=holder,
                 scannedAt=moment(hours_ago), region=REGION, **more)


def use(serial, hours_ago):
    """All that is recorded of the use of a device of class III."""
    return scan("used", HOSPITAL, serial, hours_ago,
                use={"person": PERSON, "site": "冠状动脉左前降支", "purpose": "经皮冠状动脉介入治疗", "visitId": "V-1"})


def settlement(hours_ago):
    nothing, price = {}, {"fen": "79800"}
    fund, own = {"fen": "63840"}, {"fen": "15960"}
    line = {"lineNumber": "1", "catalogueCode": INSURANCE_CODE, "name": "冠状动脉药物洗脱支架", "quantity": pieces(1),
            "price": {"microYuan": "798000000"}, "amount": price, "inScope": price, "chargeClass": "01",
            "traces": [{"code": code_of(SERIALS[0])}]}
    return event("settlement", HOSPITAL, "settlement.posted", person=PERSON, messageId=SETTLEMENT, channel="CHANNEL_INPATIENT",
                 settledAt=moment(hours_ago), payee=HOSPITAL, regionOfCare=REGION, regionOfInsurance=REGION, insuranceType="310",
                 medicalType="21", amounts={"total": price, "selfPaid": nothing, "overLimit": nothing, "firstSelfPay": nothing,
                                            "inScope": price, "fundTotal": fund, "personTotal": own, "account": nothing, "cash": own},
                 layers=[{"layer": "LAYER_BASIC_POOLED", "fundCode": "310100", "amount": fund}], lines=[line])


def recall():
    return event("recall", MAKER, "trace.recall_issued", product=UNIT, recall=RECALL, issuer=MAKER, registrant=MAKER,
                 level="RECALL_LEVEL_I", scope={"lots": [LOT]}, region=PROVINCE, reason="涂层脱落", instruction="停用并退回",
                 issuedAt=moment(0))


def acknowledgement():
    return event("acknowledged", HOSPITAL, "trace.recall_acknowledged", product=UNIT, recall=RECALL, holder=HOSPITAL,
                 counted=pieces(1), acknowledgedAt=moment(0))


class Hub:
    def __init__(self, medhub, brokers, database, gateway, key):
        self.medhub, self.brokers, self.database, self.gateway = medhub, brokers, database, edge.Gateway(gateway, key)

    def ctl(self, *words):
        """Rows of a command; none where it finds none."""
        done = subprocess.run([self.medhub, "ctl", *map(str, words), "-q", "-b", self.brokers, "-o", "ndjson"], capture_output=True,
                              text=True, timeout=WAIT_S)
        if done.returncode not in (0, 3):
            sys.exit(f"medhub ctl {words} ended with {done.returncode}: {done.stderr[-1000:]}")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def wait_for_facts(self, product, type_, count):
        """Follows the facts of PRODUCT until there are COUNT of the type."""
        return self.ctl("facts", "--follow", "--key", product, "--type", type_, "--limit", count)

    def wait_for_delivery(self, recipient, type_):
        return self.ctl("deliveries", "--follow", "--key", UNIT, "--recipient", recipient, "--type", type_, "--limit", 1)

    def ask(self, *words, until):
        """Rows of the read model, which follows Kafka by a moment: asked again until they are as they must become."""
        end = time.monotonic() + WAIT_S
        while True:
            rows = self.ctl(*words, "--set", f"store.database={self.database}")
            if until(rows) or time.monotonic() > end:
                return rows

    def say(self, sentence, *events):
        """The rules that refused one of EVENTS."""
        return edge.say(self.gateway, sentence, *events)

    def must(self, sentence, *events):
        """Ends the story where one of them is refused."""
        if self.say(sentence, *events):
            tell(False, "本应受理 / it should have been accepted")
            sys.exit(1)


def to_the_patient(hub):
    first, second, third = SERIALS
    hub.must("登记产品标识：第三类，冠脉支架；两支装的箱 / the identifiers: a coronary stent, class III, and its box of two",
             device(UNIT), device(BOX, containsProduct=UNIT, containsQuantity=pieces(2)))
    hub.must("标识与医保耗材编码互相指明 / identifier and insurance code name each other",
             link("UDI"), link("INSURANCE"))
    hub.must("三支与一箱赋码 / three stents and a box get their codes",
             *(scan("commissioned", MAKER, what, 480) for what in (*SERIALS, BOX_SERIAL)))
    hub.must("两支装箱 / two are packed", *(scan("packed", MAKER, what, 479, parentCode=BOX_CODE) for what in (first, second)))
    hub.wait_for_facts(BOX, "trace.pack_changed", 2)
    hub.must("发往经销商：箱中的不再逐支扫码 / shipped: what lies in the box is not scanned again",
             *(scan("outbound", MAKER, what, 478, counterparty=DISTRIBUTOR, document="DN-1") for what in (BOX_SERIAL, third)))
    hub.must("收货 / received",
             *(scan("inbound", DISTRIBUTOR, what, 400, counterparty=MAKER, document="DN-1") for what in (BOX_SERIAL, third)))
    hub.must("整箱发往医院 / the box is shipped to a hospital",
             scan("outbound", DISTRIBUTOR, BOX_SERIAL, 300, counterparty=HOSPITAL, document="DN-2"))
    hub.must("收货 / received", scan("inbound", HOSPITAL, BOX_SERIAL, 250, counterparty=DISTRIBUTOR, document="DN-2"))
    scans = 3 + 2 + 2 + 4 * 2  # commissioned, packed, the third's way; each of the box's four scans counts for the two in it
    hub.wait_for_facts(UNIT, "trace.item_scanned", scans)
    hub.must("拆箱 / unpacked", *(scan("unpacked", HOSPITAL, what, 249, parentCode=BOX_CODE) for what in (first, second)))
    hub.must("用于患者：名称、规格、数量、部位、用途齐全 / used: with name, specification, quantity, site and purpose",
             use(first, 200))
    hub.must("结算，明细写明追溯码 / settled, the line names the code", settlement(150))
    hub.wait_for_facts(UNIT, "trace.item_scanned", scans + 2 + 1 + 1)  # the settlement's is said by the hub
    alerts = hub.ctl("facts", "--key", UNIT, "--type", "trace.alert_raised")
    return tell(alerts == [], "每一步都被受理，没有一条预警 / every step is accepted, no alert is raised")


def shown_way(hub, names):
    way = ["commissioned", "packed", "outbound", "inbound", "outbound", "inbound", "unpacked", "used", "settled"]
    rows = hub.ask("trace", "history", code_of(SERIALS[0]), until=lambda rows: len(rows) >= len(way))
    print(f"  患者身上的这一支 / the one in the patient: medhub ctl trace history '{code_of(SERIALS[0])}'")
    for row in rows:
        box = "（随箱 / in its box）" if row["depth"] > 0 else ""
        print(f"      {row['at'][:16]}  {STEPS.get(row['step'], '')} {row['step']:<13} {names[row['holder']]}{box}")
    return tell([row["step"] for row in rows] == way, "从厂家到患者与结算，一环不缺 / from the maker to the patient and the settlement")


def recalled(hub, names):
    hub.must("厂家一级召回该批 / the maker recalls the lot, level I", recall())
    refused_by = hub.say("医院仍想使用同批的另一支 / the hospital wants to use another one of the lot", use(SERIALS[1], 0))
    good = tell(refused_by == ["RC-051"], "召回的下一个事务起即拒绝 / refused from the transaction after the recall's")
    for holder in (HOSPITAL, DISTRIBUTOR):
        hub.wait_for_delivery(holder, "trace.recall_matched")
    hub.must("医院清点一支，确认召回 / the hospital has found one and acknowledges", acknowledgement())
    holders = hub.ask("recall", "list", RECALL, until=lambda rows: any("acknowledgedAt" in row for row in rows))
    status = hub.ask("recall", "status", RECALL, until=lambda rows: rows and rows[0].get("acknowledged") == 1)[0]
    print(f"  medhub ctl recall list {RECALL}")
    for row in holders:
        answered = "已确认 / acknowledged" if "acknowledgedAt" in row else f"须于 {row['acknowledgeUntil'][:16]} 前确认 / still to answer"
        print(f"      {names[row['holder']]}：在库 held {row['held']}，已使用 used {row['used']}；{answered}")
    print(f"  medhub ctl recall status {RECALL}")
    print(f"      在库 held {status['held']}，已使用 used {status['used']}；持有方 holders {status['holders']}，"
          f"已确认 acknowledged {status['acknowledged']}")
    return good & tell({row["holder"]: (row["held"], row["used"]) for row in holders} == {HOSPITAL: (1, 1), DISTRIBUTOR: (1, 0)} and
                       (status["held"], status["used"], status["holders"], status["acknowledged"]) == (2, 1, 2, 1),
                       "三支都找到了：一支在患者身上，两支在两家持有方 / all three are found: one in a patient, two with two holders")


def names_of(file_name):
    with open(file_name, encoding="utf-8") as file:
        said = [json.loads(line)["data"].get("organisation") for line in file if line.strip()]
    return {organisation["id"]: organisation["name"] for organisation in said if organisation is not None}


def main(medhub, brokers, database, gateway, key, organisations):
    hub, names = Hub(medhub, brokers, database, gateway, key), names_of(organisations)
    holds = to_the_patient(hub)
    holds &= shown_way(hub, names)
    holds &= recalled(hub, names)
    sys.exit(0 if holds else 1)


if __name__ == "__main__":
    main(*sys.argv[1:])

#!/usr/bin/python3
"""Speaks to Kafka without our library: signs and submits the CloudEvent on standard input and prints its receipt.

    protoc -I schemas --python_out=DIR $(find schemas -name '*.proto')
    PYTHONPATH=DIR kafka_direct.py BROKERS ORGANISATION/KEY key.pem < scan.json

Needs Debian's python3-confluent-kafka, python3-cryptography and python3-protobuf. The value is the bare protobuf message, the attributes are headers
(CloudEvents 1.0, Kafka binding, binary mode), the key decides the partition as Kafka's own clients do it (murmur2). The header ce_signature says who signs (Ed25519 here; SM2 and HMAC
are taken too): over the texts below, each with its length before it."""
import base64
import json
import struct
import sys

from confluent_kafka import Consumer, Producer, TopicPartition
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from google.protobuf.json_format import ParseDict

from medhub.event.v1.event_pb2 import Outcome, Receipt
from medhub.trace.v1.trace_pb2 import ItemScanned

address, key_id, key_file = sys.argv[1:]
brokers = {"bootstrap.servers": address}
event = json.load(sys.stdin)
message = ParseDict(event["data"], ItemScanned())
key, value = message.product.encode(), message.SerializeToString()


def signature():
    texts = ["medhub-event-1", event["id"], event["source"], event["type"], event["time"], event.get("conformance", "")]
    parts = [text.encode() for text in texts] + [key, value]
    signed = b"".join(struct.pack(">I", len(part)) + part for part in parts)
    with open(key_file, "rb") as file:
        return f"{key_id}:{base64.b64encode(load_pem_private_key(file.read(), None).sign(signed)).decode()}"


reader = Consumer(brokers | {"group.id": "unused", "enable.auto.commit": False, "isolation.level": "read_committed"})
partitions = [TopicPartition("medhub.receipt", number)
              for number in reader.list_topics("medhub.receipt", 10).topics["medhub.receipt"].partitions]
reader.assign([TopicPartition(at.topic, at.partition, reader.get_watermark_offsets(at, 10)[1]) for at in partitions])

failed = []
producer = Producer(brokers | {"partitioner": "murmur2_random", "enable.idempotence": True})
producer.produce("medhub.inbox.trace", key=key, value=value,
                 headers={"ce_specversion": "1.0", "ce_id": event["id"], "ce_source": event["source"], "ce_type": event["type"],
                          "ce_time": event["time"], "ce_signature": signature(), "content-type": "application/protobuf"},
                 on_delivery=lambda error, record: failed.append(error) if error else None)
if producer.flush(30) or failed:
    raise SystemExit(f"not acknowledged: {failed}")

for _ in range(60):
    for record in reader.consume(100, 1):
        receipt = Receipt.FromString(record.value())
        if (receipt.source, receipt.id) == (event["source"], event["id"]):
            print(receipt.id, Outcome.Name(receipt.outcome), *[finding.sentence_zh for finding in receipt.findings])
            raise SystemExit(0)
raise SystemExit("no receipt within a minute")

"""Topics as they are on the brokers: records, ends, the group's offsets. Nothing here knows what a record means."""
import dataclasses
import time

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

TIMEOUT_S = 30
QUIET = {"log_level": 1}  # a broker that was killed is no news


@dataclasses.dataclass(frozen=True)
class Record:
    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes
    value: bytes
    headers: tuple  # of (name, bytes)

    def header(self, name):
        for header, value in self.headers:
            if header == name:
                return value.decode("utf-8", "replace")
        return None

    def where(self):
        return f"{self.topic}/{self.partition}@{self.offset}"


def record_of(message):
    return Record(message.topic(), message.partition(), message.offset(), message.timestamp()[1], message.key(),
                  message.value(), tuple(message.headers() or ()))


def consumer(brokers, committed=True, group="chaos-reader", **more):
    return Consumer({"bootstrap.servers": brokers, "group.id": group, "enable.auto.commit": False,
                     "isolation.level": "read_committed" if committed else "read_uncommitted",
                     "auto.offset.reset": "earliest", "enable.partition.eof": True, "fetch.wait.max.ms": 50, **QUIET, **more})


def topics(brokers):
    """What the brokers say of all topics."""
    return AdminClient({"bootstrap.servers": brokers, **QUIET}).list_topics(timeout=TIMEOUT_S).topics


def partitions(brokers, names):
    """{topic: number of partitions} of those that exist."""
    known = topics(brokers)
    return {topic: len(known[topic].partitions) for topic in names if topic in known}


def read(brokers, names, committed=True):
    """All records that a reader sees now, by (topic, partition), in order."""
    reader = consumer(brokers, committed)
    places = [(topic, number) for topic, count in partitions(brokers, names).items() for number in range(count)]
    found = {place: [] for place in places}
    open_places = set(places)
    reader.assign([TopicPartition(topic, number, 0) for topic, number in places])
    until = time.monotonic() + TIMEOUT_S
    while open_places:
        if time.monotonic() > until:
            raise TimeoutError(f"no end of {sorted(open_places)} within {TIMEOUT_S} s without progress")
        for message in reader.consume(1000, timeout=0.2):
            place = (message.topic(), message.partition())
            if message.error() is None:
                found[place].append(record_of(message))
                until = time.monotonic() + TIMEOUT_S
            elif message.error().name() == "_PARTITION_EOF":
                open_places.discard(place)
            elif not message.error().retriable():
                raise KafkaException(message.error())
    reader.close()
    return found


def ends(brokers, names, committed):
    """{(topic, partition): end}: the last stable offset if COMMITTED, else the high watermark."""
    reader = consumer(brokers, committed)
    found = {(topic, number): reader.get_watermark_offsets(TopicPartition(topic, number), timeout=TIMEOUT_S)[1]
             for topic, count in partitions(brokers, names).items() for number in range(count)}
    reader.close()
    return found


def group_offsets(brokers, group, names):
    """{(topic, partition): next offset of the group}, -1 where it has none."""
    reader = consumer(brokers, group=group)
    places = [TopicPartition(topic, number)
              for topic, count in partitions(brokers, names).items() for number in range(count)]
    found = {(place.topic, place.partition): max(place.offset, -1)
             for place in reader.committed(places, timeout=TIMEOUT_S)}
    reader.close()
    return found


def make_topics(brokers, wanted, replicas):
    """WANTED: {topic: (partitions, {setting: value})}. Topics of the same names are deleted first."""
    admin = AdminClient({"bootstrap.servers": brokers, **QUIET})
    there = [topic for topic in wanted if topic in admin.list_topics(timeout=TIMEOUT_S).topics]
    if there:
        for done in admin.delete_topics(there, operation_timeout=TIMEOUT_S).values():
            done.result()
    until = time.monotonic() + TIMEOUT_S
    missing = dict(wanted)
    while missing:
        made = admin.create_topics([NewTopic(topic, count, replicas, config=settings)
                                    for topic, (count, settings) in missing.items()], operation_timeout=TIMEOUT_S)
        for topic, done in made.items():
            try:
                done.result()
                del missing[topic]
            except KafkaException as error:  # the deletion may not have reached all brokers yet
                if error.args[0].name() != "TOPIC_ALREADY_EXISTS" or time.monotonic() > until:
                    raise
    while True:
        known = admin.list_topics(timeout=TIMEOUT_S).topics
        led = [topic for topic, (count, _) in wanted.items()
               if topic in known and len(known[topic].partitions) == count
               and all(partition.leader >= 0 for partition in known[topic].partitions.values())]
        if len(led) == len(wanted):
            return
        if time.monotonic() > until:
            raise TimeoutError(f"topics without leaders: {sorted(set(wanted) - set(led))}")

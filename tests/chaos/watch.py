"""A read_committed reader of all topics that is there from the start (invariant I5), and what the harness waits by."""
import threading
import time

from confluent_kafka import KafkaException, TopicPartition

import kafka_log


class Watch(threading.Thread):
    """Keeps every record it sees, by (topic, partition). Ends with close()."""

    def __init__(self, brokers, topics):
        super().__init__(daemon=True)
        self.places = [(topic, number)
                       for topic, count in kafka_log.partitions(brokers, topics).items() for number in range(count)]
        self.seen = {place: [] for place in self.places}
        self.reached = {}  # {place: end that was reached}
        self.changed = threading.Condition()
        self.failure = None
        self._ending = False
        self._consumer = kafka_log.consumer(brokers)
        self._consumer.assign([TopicPartition(topic, number, 0) for topic, number in self.places])

    def run(self):
        try:
            while not self._ending:
                self._take(self._consumer.consume(1000, timeout=0.05))
        except Exception as error:  # told by close(): a watch that died proves nothing
            self.failure = error
        self._consumer.close()

    def _take(self, messages):
        for message in messages:
            if message.error() is None:
                self.seen[message.topic(), message.partition()].append(kafka_log.record_of(message))
            elif message.error().name() == "_PARTITION_EOF":
                self.reached[message.topic(), message.partition()] = message.offset()
            elif message.error().fatal():
                raise KafkaException(message.error())
        if messages:
            with self.changed:
                self.changed.notify_all()

    def count(self, topic):
        return sum(len(records) for (name, _), records in self.seen.items() if name == topic)

    def wait_until(self, true, timeout_s, what):
        """Waits for TRUE() to be so, looking when records came."""
        until = time.monotonic() + timeout_s
        with self.changed:
            while not true():
                if self.failure:
                    raise self.failure
                if time.monotonic() > until:
                    raise TimeoutError(f"{what} within {timeout_s} s")
                self.changed.wait(0.1)

    def wait_for_more(self, topic, timeout_s, count=1, what=None):
        """Waits for COUNT more records of TOPIC."""
        wanted = self.count(topic) + count
        self.wait_until(lambda: self.count(topic) >= wanted, timeout_s, what or f"{count} more records of {topic}")

    def close(self):
        self._ending = True
        self.join()
        if self.failure:
            raise self.failure

/* publisher.h: sends records outside of transactions, each exactly once in the log and acknowledged by all
 * replicas in sync: what submitters use (ctl, gateway, client).
 *
 * One thread owns a publisher; others may send too (and then see to it that it stays open meanwhile). What became of a
 * record is told inside publisher_poll and publisher_flush, on the owner's thread, in the order of each partition; until
 * then it counts as pending. The queue is bounded: RETRY means poll and send again. */
#ifndef KAFKA_PUBLISHER_H
#define KAFKA_PUBLISHER_H

#include "kafka/client.h"
#include "kafka/record.h"

struct publisher;

struct publisher_settings {
    int messages_max;        /* in the queue */
    int delivery_timeout_ms; /* counted from publisher_send; then the record is reported as failed */
    int linger_ms;
    const char *compression; /* none, lz4, zstd */
    bool report_at_once;     /* where the answer is heard, on threads of librdkafka: saves the way over publisher_poll */
};

/* CONTEXT is what publisher_send was given. FAULT is NULL if the record stands in the log of all replicas in
 * sync. With report_at_once it may come on several threads at a time and inside publisher_send, and must neither wait nor
 * call the publisher. */
typedef void publisher_report(void *self, void *context, int32_t partition, int64_t offset,
                              const struct fault *fault);

/* Does not wait for a broker. */
enum status publisher_open(const struct kafka_client *client, const struct publisher_settings *settings,
                           publisher_report *report, void *self, struct publisher **publisher,
                           struct fault *fault) MUST_CHECK;
/* Reports what is still pending as failed and releases everything. NULL is fine. */
void publisher_close(struct publisher *publisher);

/* Copies KEY and VALUE (data NULL = null). Takes HEADERS (may be NULL) unless the answer is RETRY: the queue
 * is full. REJECT: this record can never be sent, for example because it is too large. FATAL: this publisher
 * is finished. The partition is chosen by the key with Java's murmur2, so that all clients agree. Any thread. */
enum status publisher_send(struct publisher *publisher, const char *topic, struct bytes key,
                           struct bytes value, struct headers *headers, void *context,
                           struct fault *fault) MUST_CHECK;

/* Serves reports for up to TIMEOUT_MS; returns at once when some came. */
void publisher_poll(struct publisher *publisher, int timeout_ms);
/* Lets a publisher_poll that waits, or the next one, return at once. Any thread, while the publisher is open. */
void publisher_wake(struct publisher *publisher);
size_t publisher_pending(const struct publisher *publisher);

/* Waits until nothing is pending. RETRY after TIMEOUT_MS. */
enum status publisher_flush(struct publisher *publisher, int timeout_ms, struct fault *fault) MUST_CHECK;

#endif

/* sink.h: a transactional producer.
 *
 * One thread owns it. Between sink_begin and sink_commit or sink_abort everything produced and the offsets sent become
 * visible together or never. The statuses of a transaction: OK; REJECT: abort this transaction; FATAL: this producer is
 * finished, close it and open a new one (opening it again with the same id fences what is left of the old). */
#ifndef KAFKA_SINK_H
#define KAFKA_SINK_H

#include "kafka/client.h"
#include "kafka/record.h"

struct sink;
struct source;
struct sink_topic; /* a topic of one sink */

struct sink_settings {
    const char *transactional_id; /* stable per slot: a restart ends what its predecessor left open */
    int transaction_timeout_ms;
    int linger_ms;
    int messages_max;        /* in the queue: at least twice what one transaction produces */
    const char *compression; /* none, lz4, zstd */
};

/* Waits up to TIMEOUT_MS for the coordinator. RETRY: not reachable yet. */
enum status sink_open(const struct kafka_client *client, const struct sink_settings *settings, int timeout_ms,
                      struct sink **sink, struct fault *fault) MUST_CHECK;
void sink_close(struct sink *sink); /* never waits for unsent records */

/* Lends the handle of a topic; NULL if memory is out. */
struct sink_topic *sink_topic(struct sink *sink, const char *name);

enum { PARTITION_BY_KEY = -1 }; /* Java's murmur2, so that all clients agree */

/* Local: the broker hears of the transaction with the first record. */
enum status sink_begin(struct sink *sink, struct fault *fault) MUST_CHECK;

/* Copies KEY and VALUE (data NULL = null); takes HEADERS (may be NULL) whatever it answers. *NEXT_OFFSET, if given,
 * is raised to the record's offset + 1 by the time sink_commit returns OK. A full queue is waited for. */
enum status sink_produce(struct sink *sink, struct sink_topic *topic, int32_t partition, struct bytes key,
                         struct bytes value, struct headers *headers, int64_t *next_offset,
                         struct fault *fault) MUST_CHECK;

struct sink_offset {
    const char *topic;
    int32_t partition;
    int64_t next_offset;
};

/* The group's offsets become part of the transaction, fenced by the source's present generation. */
enum status sink_send_offsets(struct sink *sink, struct source *source, const struct sink_offset *offsets,
                              size_t count, struct fault *fault) MUST_CHECK;

/* Retriable trouble is retried inside, bounded by the transaction's time-out. */
enum status sink_commit(struct sink *sink, struct fault *fault) MUST_CHECK;
enum status sink_abort(struct sink *sink, struct fault *fault) MUST_CHECK;

/* True if a broker was lost or a call took over 2 s while the transaction was ending: a delayed EndTxn could then
 * decide the next transaction, so the caller closes this sink and opens it anew (Jepsen on Bufstream 0.1.0). */
bool sink_is_suspect(const struct sink *sink);

#endif

/* merge.h: follow-ups of one type under one key that one batch makes travel as one record, where the domain allows it
 * (handler.merges_max): the first as it is, of the others their lists, appended. What they say beside lists is the first's.
 *
 * What many events tell one key then costs one event of that key, not one each. They wait until the batch has decided
 * everything and go into the same transaction, behind its other records: all of them or none, as before. The record has the
 * identity of the first. An event is never in two records, so ids stay different. */
#ifndef FLOW_MERGE_H
#define FLOW_MERGE_H

#include "base/bytes.h"
#include "kafka/record.h"
#include "kafka/sink.h"

struct flow;
struct handler;
struct outgoing;

enum { MERGES_MAX = 16, MERGED_BYTES_MAX = 256 * 1024 };

/* A record that others of the batch may still join. */
struct merge {
    const struct handler *handler; /* of its type */
    const struct message_facts *facts;
    struct sink_topic *topic;
    struct headers *headers;
    struct buffer key, value;
    unsigned count;
};
struct merges {
    struct merge waiting[MERGES_MAX];
    size_t count;
};

/* Not on the embedded broker: without isolation a receipt is seen before its batch has ended, and who acts on it would be ahead of
 * the follow-ups. */
bool merge_is_wanted(const struct flow *flow, const struct handler *handler);
/* Takes ITEM's headers. One that is full, or more of them than MERGES_MAX, goes at once. */
enum status merge_take(struct flow *flow, struct outgoing *item, struct fault *fault) MUST_CHECK;
/* Produces all that wait; before the batch sends its offsets. */
enum status merge_produce(struct flow *flow, struct fault *fault) MUST_CHECK;
/* Forgets what waits: the batch is done again. Frees everything. */
void merge_clear(struct merges *merges);

#endif

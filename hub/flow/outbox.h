/* outbox.h: what one event puts into the transaction, built whole before any of it is produced or written.
 *
 * A record costs only itself: while the outbox is being built the event can still be refused (too large, out of
 * memory) without a trace. outbox_apply then changes the store and produces; it fails only with the whole batch. */
#ifndef FLOW_OUTBOX_H
#define FLOW_OUTBOX_H

#include "kafka/record.h"
#include "kafka/sink.h"

struct flow;
struct event;
struct handler;
struct decided_timer;

struct outgoing {
    struct sink_topic *topic;
    int32_t partition;
    struct bytes key, value;
    struct headers *headers; /* owned until produced */
    bool record_headers;     /* it carries those of the record in hand instead */
    bool changelog;          /* also applied to the store, and its offset counts for the checkpoint */
    const struct handler *mergeable; /* may become one with others of the batch (merge.h); else NULL */
};

struct outbox {
    struct outgoing *items;
    size_t count, capacity;
    bool failed;    /* memory is out */
    bool too_large; /* a value is larger than the broker takes */
};

/* Empties it, releasing headers that were not produced. */
void outbox_clear(struct outbox *outbox);
void outbox_done(struct outbox *outbox);

/* KEY and VALUE must live until outbox_apply (the event's arena). Takes HEADERS. */
void outbox_add(struct flow *flow, struct sink_topic *topic, struct bytes key, struct bytes value,
                struct headers *headers);
/* A submission of HANDLER's type, which may become one record with others of the batch (merge.h). */
void outbox_add_mergeable(struct flow *flow, const struct handler *handler, struct sink_topic *topic, struct bytes key,
                          struct bytes value, struct headers *headers);
/* With the headers of the record in hand, taken out when this is produced and not before. Each header made anew is an
 * allocation, so facts travel under those they came with. */
void outbox_add_with_record_headers(struct flow *flow, struct sink_topic *topic, struct bytes key, struct bytes value);
/* A changelog record of the task in hand. */
void outbox_add_changelog(struct flow *flow, struct bytes key, struct bytes value);

/* The changelog record of TIMER of the event's key; both parts lie in the event's arena, and a cancelled timer has no value.
 * False: no memory, or a name or time that cannot be. */
bool outbox_timer_record(const struct event *event, const struct decided_timer *timer, struct bytes *key, struct bytes *value);

/* REJECT: something does not fit; nothing has happened. */
enum status outbox_check(const struct flow *flow, struct fault *fault) MUST_CHECK;
/* Produces all and applies the changelog records to the store. Anything but OK ends the batch. */
enum status outbox_apply(struct flow *flow, struct fault *fault) MUST_CHECK;

#endif

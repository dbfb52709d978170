/* decision.h: the answer to one event: what becomes true, who hears of it, what is remembered, or why not.
 *
 * A decision is built in the event's arena and applied whole by hub/flow inside the Kafka transaction, or not at all.
 * If memory runs out while building, the decision is marked failed and the event is refused ("event.too_complex"). */
#ifndef DOMAIN_DECISION_H
#define DOMAIN_DECISION_H

#include "base/date.h"
#include "event/event.h"

#include "google/protobuf/timestamp.pb-c.h"

enum outcome {
    OUTCOME_NONE = 0,
    OUTCOME_ACCEPTED,  /* facts, writes, deliveries are applied */
    OUTCOME_REFUSED,   /* parked with all findings; nothing else is applied */
    OUTCOME_DUPLICATE, /* says again what was said: answered with the first outcome, nothing is applied */
};

/* Which classes of fields (options in the .proto) a recipient may see: a set of bits. */
enum visibility {
    VISIBLE_PUBLIC = 1,
    VISIBLE_ORGANISATION = 2,
    VISIBLE_CLINICAL = 4,
    VISIBLE_IDENTITY = 8,
    VISIBLE_ALL = 15,
};

struct decided_fact {
    const char *type;      /* CloudEvents type */
    const char *subject;   /* or "" */
    struct bytes original; /* the bytes received, when the fact is the event itself; else BYTES_NONE */
    const ProtobufCMessage *message; /* else a message of the hub's own */
};

struct decided_write {
    const char *name;                /* row of the event's key */
    const ProtobufCMessage *message; /* NULL deletes the row */
};

struct decided_delivery {
    size_t fact;           /* index of the fact it is a projection of */
    const char *recipient; /* an organisation id, or a feed ROLE@REGION such as "pharmacy@650100" */
    unsigned visibility;   /* set of enum visibility */
};

struct decided_table_row {
    const char *table, *key, *region;
    date_t valid_from, valid_until;
    const ProtobufCMessage *message; /* NULL removes the row */
};

struct decided_timer {
    int64_t due_ms;
    const char *name; /* unique within the key: setting it again moves it */
    const char *type; /* which handler wakes: CloudEvents-like type "medhub.prescription.expiry.timer" */
    bool cancel;
};

struct decided_submission {
    const char *type;
    const char *key;
    const char *suffix; /* makes its id: ID of this event + "/" + SUFFIX */
    const ProtobufCMessage *message;
};

struct decision {
    struct arena *arena;
    struct event *event;
    enum outcome outcome;
    const char *duplicate_of; /* for OUTCOME_DUPLICATE: id of the event that was first */
    bool failed;

    struct decided_fact *facts;
    size_t fact_count;
    struct decided_write *writes;
    size_t write_count;
    struct decided_delivery *deliveries;
    size_t delivery_count;
    struct decided_table_row *table_rows;
    size_t table_row_count;
    struct decided_timer *timers;
    size_t timer_count;
    struct decided_submission *submissions;
    size_t submission_count;
};

/* Findings go to event->findings. */
void decision_init(struct decision *decision, struct arena *arena, struct event *event);

/* A new message of DESCRIPTOR with every field at its default, and a zeroed list for COUNT pointers; both live in the
 * arena. NULL when it is full: the decision has then failed and its builder just returns. */
void *decision_message(struct decision *decision, const ProtobufCMessageDescriptor *descriptor);
void *decision_list(struct decision *decision, size_t count);
/* A moment for a field of a message that the hub makes; NULL likewise. */
Google__Protobuf__Timestamp *decision_moment(struct decision *decision, int64_t unix_ms);

/* The event itself becomes a fact, byte for byte. Returns its index for deliveries. */
size_t decision_fact_of_event(struct decision *decision);
/* A fact that the hub states itself, such as an alert or an expiry. MESSAGE must live in the arena. */
size_t decision_fact(struct decision *decision, const char *type, const char *subject,
                     const ProtobufCMessage *message);
/* Texts may be temporary: names, recipients and keys are copied (printf forms). */
void decision_write(struct decision *decision, const ProtobufCMessage *message, const char *name_format, ...)
    __attribute__((format(printf, 3, 4)));
void decision_deliver(struct decision *decision, size_t fact, unsigned visibility, const char *recipient_format, ...)
    __attribute__((format(printf, 4, 5)));
void decision_table_row(struct decision *decision, const char *table, const char *key, const char *region,
                        date_t valid_from, date_t valid_until, const ProtobufCMessage *message);
void decision_timer(struct decision *decision, const char *name, const char *type, int64_t due_ms);
void decision_cancel_timer(struct decision *decision, const char *name);
void decision_submit(struct decision *decision, const char *type, const char *key, const char *suffix,
                     const ProtobufCMessage *message);
/* The event repeats the event EVENT_ID: OUTCOME_DUPLICATE. */
void decision_duplicate_of(struct decision *decision, const char *event_id);
/* Takes back all that was decided so far; outcome and findings stay. */
void decision_apply_nothing(struct decision *decision);

#endif

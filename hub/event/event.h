/* event.h: the one type that flows through the hub.
 *
 * An event is made for each record of an inbox topic and lives until the record is settled; everything it points to
 * is in its arena or lent by the record for as long. Stages fill it from left to right: decode the attributes and the
 * message, authorise the source, check the findings, dedupe the earlier outcome, decide the decision. */
#ifndef EVENT_EVENT_H
#define EVENT_EVENT_H

#include "base/arena.h"
#include "base/fault.h"
#include "event/finding.h"

#include <protobuf-c/protobuf-c.h>

struct decision;      /* domain/decision.h */
struct message_facts; /* event/schema.h */

enum { ATTRIBUTE_BYTES_MAX = 255 }; /* of a CloudEvents attribute, submitted or made by the hub */

/* CloudEvents 1.0 context attributes as medhub uses them. Texts are NUL-terminated; "" when absent. */
struct event_attributes {
    const char *id;
    const char *source; /* the organisation that says it: its registry id */
    const char *type;   /* "medhub.prescription.uploaded.v1" */
    const char *subject;
    const char *time; /* RFC 3339, as sent */
    const char *traceparent;
    const char *conformance; /* extension: "true" for an event of a connection test, decided and never applied */
    const char *signature;   /* extension: who signs it, and how (signature/event_signature.h) */
};

/* None is given. */
#define EVENT_ATTRIBUTES_NONE ((struct event_attributes){"", "", "", "", "", "", "", ""})

/* Where an event was read: with INDEX (0 for the first fact of an event) this names a fact for ever. */
struct event_position {
    const char *topic;
    int32_t partition;
    int64_t offset;
};

struct event {
    struct arena *arena;
    struct event_position position;
    int64_t submitted_ms; /* the broker's time stamp of the record */
    int64_t due_ms;       /* of a timer: when it was due */
    struct bytes key;
    struct bytes value; /* the protobuf bytes as received; never re-packed */
    struct event_attributes attributes;

    const struct message_facts *facts; /* decode: which message it is */
    ProtobufCMessage *message;         /* decode: lent by the arena */
    bool all_known;                    /* decode: the value holds no field that our schema does not know */
    bool all_right;                    /* decode: every field was seen to be what the schema says; false: check looks */
    struct findings findings;          /* check, decide */
    struct decision *decision;         /* decide */
    struct fault fault;                /* the stage that refused says why */
};

/* True if it says that it belongs to a connection test (`medhub ctl org test`): it is authorised for candidates, decided as if
 * its source were live, answered by a receipt, and nothing of its decision is applied. */
bool event_is_conformance(const struct event *event);

/* Fills the fault from the first finding that refuses: its code, its sentence in English, and how many more there are.
 * Returns STATUS_REJECT. */
enum status event_refuse_by_findings(struct event *event) MUST_CHECK;

#endif

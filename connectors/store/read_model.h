/* read_model.h: what the SQL store knows, asked by key. It is filled from Kafka by store_service.h and never written by
 * those who ask.
 *
 * One thread owns a struct read_model (one database connection); open one for each thread that asks. Everything lent lies
 * in the caller's arena. All answers of one call come from one snapshot. REJECT: the arena is full. RETRY: the database is
 * busy or away.
 *
 * What a caller may see is decided once, by the router of the hub: an organisation sees what it submitted itself (facts and
 * receipts of its own events in full) and the deliveries addressed to it or to its feeds (ROLE@REGION), as they were
 * projected for it. struct viewer names that; operators' tools ask without one. */
#ifndef STORE_READ_MODEL_H
#define STORE_READ_MODEL_H

#include "base/arena.h"
#include "base/fault.h"
#include "event/search.h" /* enum search_kind */
#include "store/settings.h"

struct read_model;

/* FATAL: not there, or its schema is older or newer than this program's. */
enum status read_model_open(const struct sql_settings *settings, struct read_model **model,
                            struct fault *fault) MUST_CHECK;
void read_model_close(struct read_model *model);

/* ---- how far it is ---- */

/* Changes whenever something was applied. Cheap enough to ask every few milliseconds while somebody waits: SQLite's
 * data_version, PostgreSQL's notifications. */
enum status read_model_version(struct read_model *model, uint64_t *version, struct fault *fault) MUST_CHECK;

struct read_position {
    const char *topic;
    int32_t partition;
    int64_t next_offset;      /* everything below is applied */
    int64_t last_record_ms;   /* time stamp of the newest applied record; 0: none */
    int64_t caught_up_ms;     /* when the end of the partition was last reached: complete up to then; 0: never yet */
    int64_t lost;             /* records that Kafka had dropped before they were read */
};
enum status read_model_positions(struct read_model *model, struct arena *arena, struct read_position **positions,
                                 size_t *count, struct fault *fault) MUST_CHECK;

/* ---- one submission ---- */

struct input_place { /* of the submission in its inbox topic: the identity of an exchange */
    const char *topic;
    int32_t partition;
    int64_t offset;
};

struct seen_receipt {
    struct input_place input;
    const char *source, *id, *type;
    int outcome;             /* Medhub__Event__V1__Outcome */
    int64_t submitted_at_ms, decided_at_ms;
    struct bytes value;      /* packed medhub.event.v1.Receipt */
};
/* The first answer to (SOURCE, ID): what every repetition is answered with. FOUND false: none yet. */
enum status read_model_receipt(struct read_model *model, const char *source, const char *id, struct arena *arena,
                               struct seen_receipt *receipt, bool *found, struct fault *fault) MUST_CHECK;
/* The answer to the submission at PLACE. */
enum status read_model_receipt_at(struct read_model *model, const struct input_place *place, struct arena *arena,
                                  struct seen_receipt *receipt, bool *found, struct fault *fault) MUST_CHECK;

/* The submission that the RECORD (a fact, receipt, delivery, parked record or webhook outcome) belongs to. */
enum status read_model_input_of(struct read_model *model, const struct input_place *record, struct input_place *input,
                                bool *found, struct fault *fault) MUST_CHECK;

/* ---- feeds ---- */

/* Where a follower stands: the next offset of each partition of medhub.delivery (broadcast and own deliveries alike).
 * Offsets never change, whatever is compacted, rebuilt or restored. */
enum { FEED_PARTITIONS_MAX = 256 };
struct feed_place {
    int32_t partition_count;
    int64_t next_offset[FEED_PARTITIONS_MAX];
};

struct viewer {
    const char *organisation;
    const char *const *recipients; /* the organisation's id and its feeds, "pharmacy@650100" */
    size_t recipient_count;
};

struct seen_delivery {
    int32_t partition;
    int64_t offset;
    int64_t delivered_ms;    /* the record's time stamp */
    struct bytes value;      /* packed medhub.event.v1.Delivery; its recipients are masked to those of the viewer */
};

/* Appends up to LIMIT deliveries for VIEWER from PLACE on, in order per partition, and moves PLACE behind the last one and
 * behind what is not for the viewer. TYPES NULL: all; else only deliveries of these event types. TRUNCATED: PLACE was older
 * than what is kept; some deliveries can no longer be had. */
struct feed_query {
    const struct viewer *viewer; /* NULL: everybody's deliveries, all recipients in the value (the gateway's fan-out) */
    const char *const *types;
    size_t type_count;
    size_t limit;
};
enum status read_model_feed(struct read_model *model, const struct feed_query *query, struct feed_place *place,
                            struct arena *arena, struct seen_delivery **deliveries, size_t *count, bool *truncated,
                            struct fault *fault) MUST_CHECK;
/* How many there are for the query's viewer (not NULL) from PLACE on; of a recipient and partition at most the query's limit is
 * counted, and what has two of his recipients may count twice when he has many. */
enum status read_model_feed_count(struct read_model *model, const struct feed_query *query, const struct feed_place *place,
                                  uint64_t *count, struct fault *fault) MUST_CHECK;
/* Where the feed begins now (the oldest that is kept), and where it ends. */
enum status read_model_feed_begin(struct read_model *model, struct feed_place *place, struct fault *fault) MUST_CHECK;
enum status read_model_feed_end(struct read_model *model, struct feed_place *place, struct fault *fault) MUST_CHECK;
/* The moment (Unix milliseconds) up to which the feed has all that Kafka had; 0: not known yet. */
enum status read_model_feed_complete(struct read_model *model, int64_t *until_ms, struct fault *fault) MUST_CHECK;

/* ---- by what a person knows ---- */

enum seen_step { SEEN_SUBMITTED, SEEN_DECIDED, SEEN_FACT, SEEN_DELIVERY, SEEN_PARKED, SEEN_ANSWERED };

/* One line of the timeline of an exchange. A gap is visible: a step that must follow and is not there has `missing`; its time
 * is that of the step it follows. What a timer of the hub caused was not submitted: it has facts and deliveries only, and the
 * offset of its input is a number that stands for it. */
struct seen_line {
    struct input_place input;
    enum seen_step step;
    bool missing;
    int64_t at_ms;
    const char *source, *id, *type, *subject;
    int outcome;             /* of SEEN_DECIDED, else 0 */
    const char *code;        /* first finding, or what an endpoint answered; "" */
    const char *recipient;   /* of SEEN_DELIVERY, SEEN_ANSWERED; "" */
    const char *topic;       /* where the record of this line lies */
    int32_t partition;
    int64_t offset;
    uint64_t version;        /* of SEEN_FACT */
    unsigned visibility;     /* what VALUE was projected to: bits of enum sensitivity */
    struct bytes value;      /* SEEN_FACT: the event with its provenance; SEEN_DELIVERY: the projection; else the record */
};

/* All exchanges that KEY names (as any of KINDS), newest first, each as its lines in order of time; at most LIMIT exchanges,
 * MORE tells of others. BEFORE (may be NULL) goes on behind the oldest exchange of an earlier call. VIEWER NULL: everything.
 * With a viewer only lines it may see are given. */
struct search_query {
    const char *key;
    unsigned kinds;
    const struct viewer *viewer;
    size_t limit;
    const struct input_place *before;
};
enum status read_model_search(struct read_model *model, const struct search_query *query, struct arena *arena,
                              struct seen_line **lines, size_t *count, bool *more, struct fault *fault) MUST_CHECK;
/* The timeline of the exchange at PLACE. */
enum status read_model_timeline(struct read_model *model, const struct input_place *place, const struct viewer *viewer,
                                struct arena *arena, struct seen_line **lines, size_t *count,
                                struct fault *fault) MUST_CHECK;

#endif

/* explain.h: a decision told and made again: the same functions on the same rows must say the same.
 *
 * The caller brings what Kafka holds: the facts of the key (rebuild.h), the submission, its receipt and the tables. The
 * submission walks through the stages as it did then; what they say is held against the receipt and the facts.
 * An accepted event is decided on the versions of rows that its facts name. A refused one names none: it is decided on
 * the tables as the caller gives them.
 *
 * Pure but for memory; on one thread. */
#ifndef FLOW_EXPLAIN_H
#define FLOW_EXPLAIN_H

#include "flow/rebuild.h"
#include "flow/settings.h"

struct record;

typedef Medhub__Event__V1__Receipt RecordedReceipt;

enum explain_verdict {
    EXPLAIN_SAME,
    EXPLAIN_DIFFERS,
    EXPLAIN_INCOMPLETE, /* it came out otherwise or not at all, but something that it stood on is gone: see gaps */
};

enum explain_stage_state {
    STAGE_PASSED,
    STAGE_REFUSED,
    STAGE_ANSWERED, /* a duplicate: answered like the first time */
    STAGE_NOT_REACHED,
    STAGE_NOT_REPEATED, /* it ran then; what it needs to run again is not there */
};

struct explained_stage {
    const char *name;     /* as in the stage table */
    const char *function; /* and the file that it stands in */
    enum explain_stage_state state;
    const char *code; /* of what it refused, or "" */
    const char *note; /* what is worth telling, or "" */
    const char *note_zh;
};

struct explain_difference {
    const char *what; /* "outcome", "findings[1].found", "facts[0]" */
    const char *recorded, *remade;
};

enum { EXPLAIN_STAGES = 6, EXPLAIN_DIFFERENCES_MAX = 64, EXPLAIN_GAPS_MAX = 16 };

/* What is to be explained. */
struct explain_target {
    struct event_attributes attributes; /* of the submission, if RECORD is NULL and it has no fact */
    struct event_position position;     /* where it was read; topic "timer": nobody submitted it */
    const struct record *record;        /* as it lies in its inbox: then decode runs too; or NULL */
    int32_t partitions;                 /* of its inbox; only with RECORD */
    struct bytes value;                 /* as submitted; BYTES_NONE: its fact holds it, or nothing does */
    const RecordedReceipt *receipt;     /* NULL: a timer's, or forgotten */
    const RecordedReceipt *first;       /* the answer that dedupe remembered for the same key, source and id, or NULL */
    int64_t decided_at_ms;              /* from the receipt or the fact */
    const struct settings *settings;
    struct tables *tables; /* those that the rebuild's reader reads; NULL: authorise is not repeated */
    unsigned visible;      /* bits of enum sensitivity: what texts may tell */
};

struct explanation {
    enum explain_verdict verdict;
    struct remade remade;
    const struct rebuilt_step *step; /* its facts; NULL if it has none */
    const Provenance *provenance;    /* of the first of them */
    enum outcome recorded;           /* outcome */
    struct explained_stage stages[EXPLAIN_STAGES];
    bool decided;                /* the handler was asked: rules, rows and effects are those of remade */
    uint64_t first_version;      /* of a duplicate: of the fact that it repeats; 0: a refusal */
    bool tables_as_they_are;     /* look-ups were answered by the tables as the caller gave them */
    struct explain_difference differences[EXPLAIN_DIFFERENCES_MAX];
    size_t difference_count;
    struct explain_gap {
        const char *zh, *en;
    } gaps[EXPLAIN_GAPS_MAX]; /* why it could not be made again exactly */
    size_t gap_count;
};

/* Orders the facts of REBUILD, replays what came before and decides TARGET again. Everything in *EXPLANATION is lent by
 * ARENA, REBUILD and TARGET. RETRY: memory is out. */
enum status explain_run(struct rebuild *rebuild, const struct explain_target *target, struct arena *arena,
                        struct explanation *explanation, struct fault *fault) MUST_CHECK;

/* True if dedupe remembers the event that was answered so: not one that came from nobody who may say it, and not one
 * that could not be read. */
bool explain_is_remembered(const RecordedReceipt *receipt);

/* Which row it was, for people: what a person was prescribed is clinical, so in an event of a person the key of a
 * catalogue's row is "***" and six digits that are the same for the same key. */
const char *explain_row_key(const struct remade *remade, const char *table, const char *key, unsigned visible,
                            struct arena *arena);

#endif

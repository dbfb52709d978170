/* rebuild.h: what the hub knew of a key at a past moment, made again from the key's facts alone.
 *
 * The facts of one input are a step; steps are taken in order of version. Each is decided again by the handler that
 * decided it the first time, on the rows that its provenance names, and what it writes is what the next step sees. So no
 * store is needed, and nothing that was not committed can be seen.
 *
 *     rebuild_add_fact(rebuild, ...);                  // all of the key, from all topics of its key kind, in any order
 *     rebuild_order(rebuild);
 *     rebuild_replay(rebuild, step);                   // the world is now what step STEP saw
 *     rebuild_begin(rebuild, &remade, arena, ...);
 *     rebuild_decide(rebuild, &remade, provenance);
 *
 * In memory, on one thread. */
#ifndef FLOW_REBUILD_H
#define FLOW_REBUILD_H

#include "domain/rule.h"
#include "state/tables.h"

#include "medhub/event/v1/event.pb-c.h"

typedef Medhub__Event__V1__Provenance Provenance;

struct rebuild_settings {
    const struct domain *const *domains;
    const char *hub_operator;        /* who the hub itself speaks as: the source of timers */
    struct tables_reader *tables;    /* renewed by the caller when all rows are in; NULL: there are none */
    const struct calendar *calendar; /* never NULL */
    size_t memory_bytes_max;         /* for facts and rows of one key */
};

struct rebuilt_fact {
    struct event_attributes attributes;
    struct event_position position; /* of the fact itself */
    struct bytes original;          /* without the provenance */
    const Provenance *provenance;
};

struct rebuilt_step {
    size_t first, count; /* in the facts */
    bool timer;
};

struct rebuild_report {
    size_t steps;             /* taken so far */
    uint64_t missing_version; /* the first that the facts lack, 0 if none: then the world is not what it was */
    size_t undecided;         /* steps whose submission or timer is not known any more */
    size_t differing;         /* steps that came out otherwise than their facts say */
    uint64_t differing_version; /* of the first of those */
    size_t rows_gone;         /* consulted versions that the tables' topics no longer hold */
};

struct rebuilt_row {
    const char *name;
    struct bytes value; /* data NULL: deleted */
};

struct rebuilt_timer {
    const char *name, *type;
    int64_t due_ms;
    bool set;
};

struct rebuild {
    struct rebuild_settings settings;
    struct arena *arena; /* everything below */
    struct arena *step_arena;
    const char *key;
    struct rebuilt_fact *facts;
    size_t fact_count, fact_capacity;
    struct rebuilt_step *steps;
    size_t step_count;
    struct rebuilt_row *rows; /* in byte order of names */
    size_t row_count, row_capacity;
    struct rebuilt_timer *timers;
    size_t timer_count, timer_capacity;
    const Provenance *answering; /* whose versions answer look-ups; NULL: the rows present in the tables */
    struct rebuild_report report;
};

/* A decision made again. Its memory is ARENA's. */
struct remade {
    struct arena *arena;
    struct event event;
    struct decision decision;
    struct view view;
    const struct handler *handler; /* NULL: nobody decides events of that type */
    const struct domain *domain;
};

/* NULL when memory is out. SETTINGS' pointers must outlive it. */
struct rebuild *rebuild_new(const struct rebuild_settings *settings, struct bytes key);
void rebuild_free(struct rebuild *rebuild);

/* Copies. VALUE is the fact as it stands in its topic. REJECT: it carries no provenance. RETRY: memory is out. */
enum status rebuild_add_fact(struct rebuild *rebuild, const struct event_attributes *attributes,
                             const struct event_position *position, struct bytes value,
                             struct fault *fault) MUST_CHECK;
/* After the last fact. A fact that was added twice (another partition cannot hold it) counts once. */
enum status rebuild_order(struct rebuild *rebuild, struct fault *fault) MUST_CHECK;

/* Takes the steps before UPTO that were not taken yet; what went wrong on the way is in the report. */
void rebuild_replay(struct rebuild *rebuild, size_t upto);

/* The fact of STEP that is the submission itself, byte for byte; NULL if all its facts are the hub's own. */
const struct rebuilt_fact *rebuild_submission(const struct rebuild *rebuild, const struct rebuilt_step *step);

/* Makes ready to decide a submission (VALUE) or, with VALUE absent, the timer that ATTRIBUTES' subject names. */
void rebuild_begin(const struct rebuild *rebuild, struct remade *remade, struct arena *arena,
                   const struct event_attributes *attributes, const struct event_position *position,
                   struct bytes value, int64_t now_ms);
/* The type of the pending timer NAME, or NULL. */
const char *rebuild_timer_type(const struct rebuild *rebuild, const char *name);
/* When the timer was due that led to this fact. */
int64_t rebuild_due_ms(const Provenance *of_timer);
/* Runs the handler; look-ups are answered by the versions in ANSWERING, or by the tables as they are if it is NULL.
 * remade->event.message must be set unless it is a timer. */
void rebuild_decide(struct rebuild *rebuild, struct remade *remade, const Provenance *answering);

/* The bytes of fact INDEX of a decision, without provenance. BYTES_NONE when memory is out. */
struct bytes rebuild_fact_bytes(const struct remade *remade, size_t index);
/* The version VERSION of a row that a decision consulted. False: not in the tables' topics any more. */
bool rebuild_find_row(const struct rebuild *rebuild, const Medhub__Event__V1__ConsultedRow *consulted,
                      struct tables_row *row);

#endif

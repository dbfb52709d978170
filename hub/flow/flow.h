/* flow.h: what one worker thread has in hand. Stages get it with the event; nothing in it is shared with another worker
 * except SHARED, which does not change after the start. */
#ifndef FLOW_FLOW_H
#define FLOW_FLOW_H

#include "domain/decision.h"
#include "domain/view.h"
#include "event/event.h"
#include "flow/hub.h"
#include "flow/lanes.h"
#include "flow/measures.h"
#include "flow/merge.h"
#include "flow/outbox.h"
#include "flow/task.h"
#include "kafka/reader.h"
#include "kafka/sink.h"
#include "kafka/source.h"
#include "state/tables.h"

enum { TASKS_MAX = 512, SINKS = 2, SOURCE_CACHE_MAX = 2048 };

struct shared {
    const struct settings *settings;
    const struct kafka_client *client;
    const struct stage *stages;
    struct lanes lanes;
    struct clock clock;
    struct tables *tables;
    struct signatures *signatures; /* NULL: not checked */
    char boot_id[64];
    char name[101]; /* hub.instance or, without one, like no other process's: two of one name fence each other */
};

/* The topics of one sink, resolved once. */
struct outlets {
    struct sink_topic *receipt, *delivery, *parked;
    struct sink_topic *inbox[LANES_MAX], *fact[LANES_MAX];
    struct sink_topic *state[KEYSPACES_MAX];
};

/* What an organisation may do, taken from the registry table for as long as that does not change. */
struct known_source {
    char id[64];
    bool known, live;
    bool candidate; /* has an agreement and is not live yet: may say events of its connection test */
    char state[32];
    char roles[160]; /* "|hospital|pharmacy|" */
};

/* What an event type is: the last one that was looked up. Events of one type come in runs, and the handlers are many. */
struct known_type {
    char type[ATTRIBUTE_BYTES_MAX + 1];
    const struct message_facts *facts; /* NULL: no such type */
    const struct lane *lane;
    const struct handler *handler;
};

/* Of a duplicate: how it was decided the first time. */
struct first_outcome {
    enum outcome outcome;
    uint64_t version;
    const char *code; /* of the first finding of a refusal */
};

struct flow {
    const struct shared *shared;
    unsigned index;
    struct source *source;
    int64_t lost_us; /* when the group last gave our partitions away, 0: never */
    struct reader *asker; /* for questions about offsets; reads nothing */
    struct sink *sinks[SINKS]; /* used in turn: the broker is still ending the other's transaction */
    struct outlets outlets[SINKS];
    unsigned turn;
    struct task *tasks[TASKS_MAX];
    size_t task_count;

    struct tables_reader *tables;
    struct calendar *calendar;
    uint64_t calendar_rows; /* applied when the calendar was built */
    struct known_type last_type;
    struct known_source *sources;
    size_t source_count;
    uint64_t registry_rows; /* of the snapshot that the sources were looked up in */
    date_t registry_day;    /* and for which day: a row may begin or end at midnight */
    int64_t dedupe_days;
    uint64_t policy_rows; /* the same for dedupe_days */
    date_t policy_day;

    /* The batch. */
    struct record *records;
    size_t record_count;
    int64_t now_ms;
    struct merges merges; /* follow-ups that wait for others to join them */

    /* The event in hand. */
    struct arena *arena;
    struct task *task;
    const struct lane *lane;
    const struct handler *handler;
    struct record *record;        /* NULL for a timer */
    bool foreign_headers;         /* it carries headers that a fact must not */
    unsigned redrive;             /* medhub.redrive: how often an operator sent it again */
    uint64_t fingerprint;
    uint8_t dedupe_name[16];
    bool remembered;              /* its source is known: the outcome is remembered under (source, id) */
    struct first_outcome first;
    uint64_t fact_version;        /* of its first fact, 0 if it has none */
    struct decision decision;
    struct view view;
    struct outbox outbox;

    struct measures measures;
    unsigned timing; /* counts events: one in 64 is timed by stage */
    int64_t rebuilds_us[64]; /* moments of the last rebuilds */
    size_t rebuild_count;
    unsigned aborts_in_row;
};

static inline struct sink *flow_sink(struct flow *flow)
{
    return flow->sinks[flow->turn];
}
static inline struct outlets *flow_outlets(struct flow *flow)
{
    return &flow->outlets[flow->turn];
}

struct task *flow_task(struct flow *flow, const struct keyspace *keyspace, int32_t partition);

#endif

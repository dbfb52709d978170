/* task.h: one partition of a keyspace as a worker owns it: its store, its inputs, and where it stands.
 *
 *     NEW ──▶ RESTORING ──▶ RUNNING          any ──▶ REFUSED (somebody reset offsets or deleted a changelog: a person
 *      ▲__________________________|                          must look; the partition stays paused, readiness is off)
 *        after an aborted transaction: replay what Kafka committed, rewind to the group's offset
 *
 * Recovery and take-over are the same path on purpose: what is seldom run is run often. */
#ifndef FLOW_TASK_H
#define FLOW_TASK_H

#include "flow/lanes.h"
#include "kafka/source.h"
#include "state/restore.h"
#include "state/store.h"

enum task_state { TASK_NEW, TASK_RESTORING, TASK_RUNNING, TASK_REFUSED };

struct task_input {
    const struct lane *lane;
    bool assigned;
    int64_t committed;   /* the group's offset at take-over; OFFSET_NONE: never committed */
    int64_t next_offset; /* of the batch being built; OFFSET_NONE: nothing handled yet */
};

struct task {
    const struct keyspace *keyspace;
    int32_t partition;
    enum task_state state;
    struct store *store;
    struct restore *restore;
    int64_t restore_begun_us;
    int64_t restore_told_us;
    int64_t retry_us; /* not advanced before: Kafka did not answer */
    int64_t put_off_told_us; /* when the log last said so */
    struct task_input inputs[LANES_MAX];
    size_t input_count;

    int64_t next_due_ms; /* its earliest timer or expiry; INT64_MAX: none */

    /* Of the batch being built. */
    bool touched;            /* its store transaction is open */
    int64_t changelog_next;  /* raised by the delivery reports of this batch's changelog records */
    struct buffer segment;   /* de-duplication entries of this batch */
    uint32_t segment_number; /* makes segments of one expiry distinct */
};

struct flow;

/* A task with no input assigned; released by task_free, which closes its store. NULL if memory is out. */
struct task *task_new(struct flow *flow, const struct keyspace *keyspace, int32_t partition);
void task_free(struct task *task);
struct task_input *task_input(struct task *task, const char *inbox_topic);

/* Takes the next step towards RUNNING: asks for the group's offsets, restores for a bounded time, holds the two against
 * each other, resumes. RETRY: the broker did not answer, again later. FATAL: the store cannot be used. */
enum status task_advance(struct flow *flow, struct task *task, struct fault *fault) MUST_CHECK;
/* Goes back to NEW after an abort; its inputs are paused and what was read ahead will be read again. */
void task_rewind(struct flow *flow, struct task *task);

/* Opens the store's transaction for this batch if it is not open. */
enum status task_touch(struct task *task, struct fault *fault) MUST_CHECK;

/* Sets next_due_ms from the store, in whose transaction it is called. */
void task_look_up_due(struct task *task);

#endif

#include "flow/batch.h"

#include "base/clock.h"
#include "base/log.h"
#include "flow/walk.h"
#include "base/faults.h"
#include "flow/flow.h"
#include "state/changelog.h"
#include "state/dedupe.h"
#include "state/timers.h"

#include <stdlib.h>

enum { OFFSETS_MAX = TASKS_MAX * CHECKPOINT_INPUTS_MAX, SEGMENT_FLUSH_BYTES = 800000, SEGMENTS_PER_BATCH = 4 };
enum { MILLISECONDS_A_DAY = 86400000 };

/* hub.batch_events_max is at most 100,000, an entry at most 346 bytes: 44 segments of SEGMENT_FLUSH_BYTES. */
enum { SEGMENTS_MAX = 64, ENTRY_BYTES_MAX = 400, EVENTS_MAX = 100000 };
static_assert((long long)EVENTS_MAX * ENTRY_BYTES_MAX / SEGMENT_FLUSH_BYTES < SEGMENTS_MAX - 2,
              "the segments of a batch have numbers of their own");

/* --- before the first event --- */

static enum status renew_tables(struct flow *flow, struct fault *fault)
{
    enum status status = tables_reader_renew(flow->tables, fault);
    if (status == STATUS_OK)
        status = walk_refresh_calendar(flow, fault);
    return status;
}

/* --- what the changelog carries beside the decisions' own records --- */

static enum status produce_changelog(struct flow *flow, struct task *task, struct bytes key, struct bytes value,
                                     struct fault *fault)
{
    metric_add(flow->measures.changelog, 1);
    return sink_produce(flow_sink(flow), flow_outlets(flow)->state[task->keyspace->index], task->partition, key, value,
                        NULL, &task->changelog_next, fault);
}

/* The entries of this batch, as one changelog record that expires as a whole. */
static enum status close_segment(struct flow *flow, struct task *task, struct fault *fault)
{
    struct buffer key;
    int64_t expires_ms = (flow->now_ms / MILLISECONDS_A_DAY + flow->dedupe_days + 1) * MILLISECONDS_A_DAY;

    if (task->segment.length == 0)
        return STATUS_OK;
    buffer_init(&key, 64);
    /* Offsets never repeat, so the number of a segment is taken from where its changelog stands; a batch has fewer
     * segments than SEGMENTS_MAX, see the assertion. */
    struct checkpoint checkpoint;
    store_checkpoint(task->store, &checkpoint);
    uint32_t number = (uint32_t)(checkpoint.changelog_next * SEGMENTS_MAX) + task->segment_number++ % SEGMENTS_MAX;
    changelog_segment_key(expires_ms, number, &key);
    struct bytes name = buffer_bytes(&key);
    enum status status = store_put(task->store, STORE_SEGMENTS, bytes_from(name.data + 1, name.length - 1),
                                   buffer_bytes(&task->segment), fault);
    if (status == STATUS_OK)
        status = produce_changelog(flow, task, name, buffer_bytes(&task->segment), fault);
    buffer_done(&key);
    buffer_clear(&task->segment);
    return status;
}

/* --- records --- */

static enum status decide_record(struct flow *flow, struct task *task, const struct lane *lane, struct record *record,
                                 struct fault *fault)
{
    enum status status = task_touch(task, fault);

    if (status == STATUS_OK)
        status = walk_record(flow, task, lane, record, fault);
    if (status == STATUS_OK && task->segment.length > SEGMENT_FLUSH_BYTES)
        status = close_segment(flow, task, fault);
    return status;
}

/* Where reading begins is librdkafka's to do and ours to hold it to: a record before the next offset was settled, and was
 * seen to come again when a look-up of the partition's beginning was answered after the seek. */
static enum status decide_records(struct flow *flow, struct fault *fault)
{
    enum status status = STATUS_OK;
    size_t settled = 0;

    for (size_t i = 0; status == STATUS_OK && i < flow->record_count; i++) {
        struct record *record = &flow->records[i];
        const struct lane *lane = lane_of_inbox(&flow->shared->lanes, record->topic);
        struct task *task = flow_task(flow, lane->keyspace, record->partition);
        if (task == NULL || task->state != TASK_RUNNING)
            continue; /* it was taken away, or is being restored: nothing of it is ours to decide */
        struct task_input *input = task_input(task, lane->inbox_topic);
        if (record->offset < input->next_offset) {
            settled++;
            continue;
        }
        status = decide_record(flow, task, lane, record, fault);
        input->next_offset = record->offset + 1;
    }
    if (settled > 0)
        log_warn("source.again", LOG_INT("worker", flow->index), LOG_INT("records", settled));
    return status;
}

/* --- what is due --- */

static enum status fire_timers(struct flow *flow, struct task *task, int64_t *left, struct fault *fault)
{
    struct timer timer;
    enum status status = task_touch(task, fault);

    while (status == STATUS_OK && *left > 0 && timer_first(task->store, &timer) && timer.due_ms <= flow->now_ms) {
        status = walk_timer(flow, task, &timer, fault);
        (*left)--;
    }
    return status;
}

static enum status forget_expired(struct flow *flow, struct task *task, struct fault *fault)
{
    struct bytes segment;
    struct buffer key;
    enum status status = task_touch(task, fault);

    buffer_init(&key, 64);
    for (int i = 0; status == STATUS_OK && i < SEGMENTS_PER_BATCH && dedupe_expired(task->store, flow->now_ms, &segment);
         i++) {
        buffer_clear(&key);
        buffer_append_byte(&key, CHANGELOG_DEDUPE);
        buffer_append_bytes(&key, segment);
        struct bytes name = buffer_bytes(&key);
        status = dedupe_apply_segment(task->store, bytes_from(name.data + 1, name.length - 1), BYTES_NONE, fault);
        if (status == STATUS_OK)
            status = produce_changelog(flow, task, name, BYTES_NONE, fault);
    }
    buffer_done(&key);
    return status;
}

static enum status do_what_is_due(struct flow *flow, struct fault *fault)
{
    int64_t left = flow->shared->settings->timers_per_batch;
    enum status status = STATUS_OK;

    for (size_t i = 0; status == STATUS_OK && i < flow->task_count; i++) {
        struct task *task = flow->tasks[i];
        if (task->state != TASK_RUNNING || (!task->touched && task->next_due_ms > flow->now_ms))
            continue; /* a touched one may have got a timer that is due already */
        status = fire_timers(flow, task, &left, fault);
        if (status == STATUS_OK)
            status = forget_expired(flow, task, fault);
    }
    return status;
}

/* --- the end of a task's part --- */

static void set_inputs(const struct task *task, struct checkpoint *checkpoint)
{
    for (size_t i = 0; i < task->input_count; i++) {
        struct checkpoint_input *input = checkpoint_input(checkpoint, task->inputs[i].lane->inbox_topic);
        if (input != NULL && task->inputs[i].next_offset != OFFSET_NONE)
            input->next_offset = task->inputs[i].next_offset;
    }
}

static enum status close_task(struct flow *flow, struct task *task, struct fault *fault)
{
    static const uint8_t name = CHANGELOG_CHECKPOINT;
    struct checkpoint checkpoint;
    struct buffer value;

    /* Asked last and before Kafka commits: a read that failed must not have decided anything. */
    enum status status = close_segment(flow, task, fault);
    if (status == STATUS_OK)
        status = store_check(task->store, fault);
    store_checkpoint(task->store, &checkpoint);
    set_inputs(task, &checkpoint);
    buffer_init(&value, 4096);
    changelog_encode_checkpoint(&checkpoint, &value);
    if (status == STATUS_OK)
        status = produce_changelog(flow, task, bytes_from(&name, 1), buffer_bytes(&value), fault);
    buffer_done(&value);
    return status;
}

static enum status close_tasks(struct flow *flow, struct fault *fault)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; status == STATUS_OK && i < flow->task_count; i++)
        if (flow->tasks[i]->touched)
            status = close_task(flow, flow->tasks[i], fault);
    return status;
}

/* --- commit: Kafka, then the stores --- */

static size_t offsets_of_tasks(const struct flow *flow, struct sink_offset *offsets)
{
    size_t count = 0;

    for (size_t i = 0; i < flow->task_count; i++) {
        const struct task *task = flow->tasks[i];
        for (size_t k = 0; task->touched && k < task->input_count && count < OFFSETS_MAX; k++)
            if (task->inputs[k].assigned && task->inputs[k].next_offset != OFFSET_NONE)
                offsets[count++] = (struct sink_offset){task->inputs[k].lane->inbox_topic, task->partition,
                                                        task->inputs[k].next_offset};
    }
    return count;
}

/* Sent even when only timers fired: the group's generation in it fences a worker that lost its partitions. */
static enum status send_offsets(struct flow *flow, struct fault *fault)
{
    struct sink_offset *offsets = malloc(OFFSETS_MAX * sizeof *offsets);
    enum status status = STATUS_OK;

    if (offsets == NULL)
        return fault_retry(fault, "memory.out", "no memory for offsets");
    size_t count = offsets_of_tasks(flow, offsets);
    if (count > 0)
        status = sink_send_offsets(flow_sink(flow), flow->source, offsets, count, fault);
    free(offsets);
    return status;
}

/* The mistake that the harness must see: offsets after the transaction instead of in it. */
static enum status commit_offsets_outside(struct flow *flow, struct fault *fault)
{
    enum status status = STATUS_OK;

    crash_point("before_offsets_outside");
    for (size_t i = 0; status == STATUS_OK && i < flow->task_count; i++) {
        const struct task *task = flow->tasks[i];
        for (size_t k = 0; status == STATUS_OK && task->touched && k < task->input_count; k++)
            if (task->inputs[k].next_offset != OFFSET_NONE)
                status = source_commit_outside(flow->source, task->inputs[k].lane->inbox_topic, task->partition,
                                               task->inputs[k].next_offset, fault);
    }
    return status;
}

/* The checkpoint stands right behind the transaction's last record. Its commit marker need not be next: the broker writes it after
 * it has said that the transaction is committed, and the other producer's first record may come between. */
static enum status commit_stores(struct flow *flow, struct fault *fault)
{
    for (size_t i = 0; i < flow->task_count; i++) {
        struct task *task = flow->tasks[i];
        struct checkpoint checkpoint;
        if (!task->touched)
            continue;
        store_checkpoint(task->store, &checkpoint);
        set_inputs(task, &checkpoint);
        if (task->changelog_next > checkpoint.changelog_next)
            checkpoint.changelog_next = task->changelog_next + is_broken("marker_is_next");
        task_look_up_due(task);
        enum status status = store_set_checkpoint(task->store, &checkpoint, fault);
        if (status == STATUS_OK)
            status = store_commit(task->store, fault);
        if (status != STATUS_OK)
            return STATUS_FATAL; /* Kafka has it: the restore after the rebuild brings the store up */
        task->touched = false;
        task->changelog_next = 0;
    }
    return STATUS_OK;
}

static enum status commit_kafka(struct flow *flow, struct fault *fault)
{
    int64_t begun_us = clock_monotonic_us();
    bool outside = is_broken("offsets_outside_transaction");

    enum status status = outside ? STATUS_OK : send_offsets(flow, fault);
    if (status != STATUS_OK)
        return status;
    crash_point("after_send_offsets");
    if (flow->record_count > 0)
        crash_point("events_in_doubt"); /* a batch of timers alone has no input that could be lost */
    crash_point("inside_commit");
    status = sink_commit(flow_sink(flow), fault);
    if (status == STATUS_OK && outside)
        status = commit_offsets_outside(flow, fault);
    metric_observe_us(flow->measures.commit_seconds, clock_monotonic_us() - begun_us);
    return status;
}

static enum status commit(struct flow *flow, struct fault *fault)
{
    if (is_broken("store_before_kafka")) {
        enum status status = commit_stores(flow, fault);
        crash_point("after_kafka_commit");
        return status == STATUS_OK ? commit_kafka(flow, fault) : status;
    }
    enum status status = commit_kafka(flow, fault);
    if (status != STATUS_OK)
        return status;
    crash_point("after_kafka_commit");
    crash_point("inside_store_commit");
    status = commit_stores(flow, fault);
    crash_point("after_store_commit");
    return status;
}

static bool anything_touched(const struct flow *flow)
{
    for (size_t i = 0; i < flow->task_count; i++)
        if (flow->tasks[i]->touched)
            return true;
    return false;
}

static enum status fill_transaction(struct flow *flow, struct fault *fault)
{
    enum status status = decide_records(flow, fault);
    if (status == STATUS_OK)
        status = do_what_is_due(flow, fault);
    if (status == STATUS_OK)
        status = merge_produce(flow, fault);
    if (status == STATUS_OK)
        status = close_tasks(flow, fault);
    if (status == STATUS_OK)
        status = tables_reader_check(flow->tables, fault);
    return status;
}

static void measure(struct flow *flow, int64_t begun_us)
{
    metric_add(flow->measures.batches, 1);
    metric_add(flow->measures.batch_events, (int64_t)flow->record_count);
    metric_observe_us(flow->measures.batch_seconds, clock_monotonic_us() - begun_us);
    if (flow->record_count > 0 && flow->records[0].timestamp_ms > 0)
        metric_set(flow->measures.lag_seconds,
                   clock_now_ms(flow->shared->clock) - flow->records[0].timestamp_ms);
}

enum status batch_run(struct flow *flow, struct fault *fault)
{
    int64_t begun_us = clock_monotonic_us();

    flow->now_ms = clock_now_ms(flow->shared->clock);
    merge_clear(&flow->merges); /* of a batch that was given up */
    enum status status = renew_tables(flow, fault);
    if (status == STATUS_OK)
        status = sink_begin(flow_sink(flow), fault);
    if (status != STATUS_OK)
        return status;
    crash_point("before_produce");
    status = fill_transaction(flow, fault);
    if (status == STATUS_OK) {
        crash_point("after_produce");
        status = anything_touched(flow) ? commit(flow, fault) : sink_abort(flow_sink(flow), fault);
    }
    tables_reader_release(flow->tables);
    if (status == STATUS_OK)
        measure(flow, begun_us);
    return status;
}

long long batch_next_due_ms(struct flow *flow)
{
    int64_t due_ms = INT64_MAX;

    for (size_t i = 0; i < flow->task_count; i++)
        if (flow->tasks[i]->state == TASK_RUNNING && flow->tasks[i]->next_due_ms < due_ms)
            due_ms = flow->tasks[i]->next_due_ms;
    return due_ms;
}

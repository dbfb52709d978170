#include "flow/task.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/faults.h"
#include "flow/flow.h"
#include "kafka/topics.h"
#include "state/dedupe.h"
#include "state/timers.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    ASK_TIMEOUT_MS = 2000, /* asked again: in between the worker must hear what the group says */
    RESTORE_RECORDS_MAX = 50000,
    RESTORE_SLICE_MS = 500,
    RESTORE_TELL_US = 2 * 1000 * 1000,
    SEGMENT_BYTES_MAX = 900000,
};

struct task *task_new(struct flow *flow, const struct keyspace *keyspace, int32_t partition)
{
    const struct lanes *lanes = &flow->shared->lanes;
    struct task *task = calloc(1, sizeof *task);

    if (task == NULL)
        return NULL;
    task->keyspace = keyspace;
    task->partition = partition;
    buffer_init(&task->segment, SEGMENT_BYTES_MAX);
    for (size_t i = 0; i < lanes->lane_count; i++)
        if (lanes->lanes[i].keyspace == keyspace)
            task->inputs[task->input_count++] = (struct task_input){
                .lane = &lanes->lanes[i], .committed = OFFSET_NONE, .next_offset = OFFSET_NONE};
    return task;
}

void task_free(struct task *task)
{
    if (task == NULL)
        return;
    restore_end(task->restore);
    store_close(task->store);
    buffer_done(&task->segment);
    free(task);
}

struct task_input *task_input(struct task *task, const char *inbox_topic)
{
    for (size_t i = 0; i < task->input_count; i++)
        if (strcmp(task->inputs[i].lane->inbox_topic, inbox_topic) == 0)
            return &task->inputs[i];
    return NULL;
}

enum status task_touch(struct task *task, struct fault *fault)
{
    if (task->touched)
        return STATUS_OK;
    enum status status = store_begin(task->store, fault);
    task->touched = status == STATUS_OK;
    return status;
}

/* First the group's offsets: the answer waits until transactions in doubt are decided, so what the changelog's high
 * watermark shows afterwards is final. */
static enum status ask_offsets(struct flow *flow, struct task *task, struct fault *fault)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; status == STATUS_OK && i < task->input_count; i++)
        if (task->inputs[i].assigned)
            status = source_committed(flow->source, task->inputs[i].lane->inbox_topic, task->partition,
                                      ASK_TIMEOUT_MS, &task->inputs[i].committed, fault);
    return status;
}

static enum status open_store(struct flow *flow, struct task *task, struct fault *fault)
{
    const struct settings *settings = flow->shared->settings;
    const struct store_settings how = {
        .directory = settings->state_directory,
        .boot_id = flow->shared->boot_id,
        .sync_each = strcmp(settings->state_sync, "txn") == 0,
        .map_bytes = (size_t)settings->state_map_bytes,
        .now_ms = clock_now_ms(flow->shared->clock),
        .age_ms_max = TOPICS_AWAY_MS_MAX,
    };
    char name[128];
    bool empty = false;

    if (task->store != NULL)
        return STATUS_OK;
    (void)snprintf(name, sizeof name, "%s-%d", task->keyspace->kind, (int)task->partition);
    return store_open(&how, name, &task->store, &empty, fault);
}

static enum status begin_restore(struct flow *flow, struct task *task, struct fault *fault)
{
    enum status status = ask_offsets(flow, task, fault);
    if (status == STATUS_OK)
        status = open_store(flow, task, fault);
    if (status == STATUS_OK)
        status = restore_start(flow->shared->client, flow->asker, task->store, task->keyspace->state_topic, task->partition,
                               &task->restore, fault);
    if (status != STATUS_OK)
        return status;
    task->restore_begun_us = task->restore_told_us = clock_monotonic_us();
    task->state = TASK_RESTORING;
    return STATUS_OK;
}

static void tell_progress(struct flow *flow, struct task *task, const struct restore_progress *progress)
{
    int64_t now_us = clock_monotonic_us();
    int64_t took_us = now_us - task->restore_begun_us;

    if (!progress->done && now_us - task->restore_told_us < RESTORE_TELL_US)
        return;
    task->restore_told_us = now_us;
    log_info(progress->done ? "restore.done" : "restore.progress", LOG_STR("keyspace", task->keyspace->kind),
             LOG_INT("partition", task->partition), LOG_INT("applied", progress->applied),
             LOG_INT("from", progress->from), LOG_INT("to", progress->to), LOG_INT("milliseconds", took_us / 1000));
    if (progress->done) {
        metric_add(flow->measures.restored, progress->applied);
        metric_observe_us(flow->measures.restore_seconds, took_us);
    }
}

/* The group's offset and the store's must be the same number: both come from the same transaction. */
static enum status cross_check(struct flow *flow, struct task *task, struct fault *fault)
{
    struct checkpoint checkpoint;

    store_checkpoint(task->store, &checkpoint);
    for (size_t i = 0; i < task->input_count; i++) {
        struct task_input *input = &task->inputs[i];
        const struct checkpoint_input *kept = checkpoint_input(&checkpoint, input->lane->inbox_topic);
        int64_t stored = kept == NULL || kept->next_offset < 0 ? OFFSET_NONE : kept->next_offset;
        if (!input->assigned)
            continue;
        if (flow->shared->client->embedded)
            input->committed = stored; /* the mock cluster forgets the offsets of transactions */
        if (stored != input->committed)
            return fault_reject(fault, "partition.offsets_differ",
                                "%s/%d: the group stands at %lld, the state at %lld: one of the two was reset",
                                input->lane->inbox_topic, (int)task->partition, (long long)input->committed,
                                (long long)stored);
        input->next_offset = stored;
    }
    return STATUS_OK;
}

void task_look_up_due(struct task *task)
{
    struct timer timer;
    struct bytes segment;

    task->next_due_ms = INT64_MAX;
    if (timer_first(task->store, &timer))
        task->next_due_ms = timer.due_ms;
    if (dedupe_expired(task->store, INT64_MAX, &segment) && dedupe_segment_expires_ms(segment) < task->next_due_ms)
        task->next_due_ms = dedupe_segment_expires_ms(segment);
}

static enum status look_up_due(struct task *task, struct fault *fault)
{
    enum status status = store_begin(task->store, fault);

    if (status != STATUS_OK)
        return status;
    task_look_up_due(task);
    store_abort(task->store);
    return STATUS_OK;
}

static enum status resume(struct flow *flow, struct task *task, struct fault *fault)
{
    enum status due = look_up_due(task, fault);
    if (due != STATUS_OK)
        return due;
    for (size_t i = 0; i < task->input_count; i++) {
        struct task_input *input = &task->inputs[i];
        if (!input->assigned)
            continue;
        enum status status =
            source_seek(flow->source, input->lane->inbox_topic, task->partition, input->next_offset, fault);
        if (status != STATUS_OK)
            return status;
    }
    for (size_t i = 0; i < task->input_count; i++)
        if (task->inputs[i].assigned)
            source_resume(flow->source, task->inputs[i].lane->inbox_topic, task->partition);
    task->state = TASK_RUNNING;
    return STATUS_OK;
}

static void refuse(struct task *task, const struct fault *fault)
{
    task->state = TASK_REFUSED;
    log_error("partition.refused", LOG_STR("keyspace", task->keyspace->kind), LOG_INT("partition", task->partition),
              LOG_STR("code", fault->code), LOG_STR("text", fault->text));
}

static enum status finish_restore(struct flow *flow, struct task *task, struct fault *fault)
{
    enum status status = cross_check(flow, task, fault);

    if (status == STATUS_OK)
        status = resume(flow, task, fault);
    if (status == STATUS_RETRY)
        return status; /* the broker is away: the restore stays done, resuming is tried again */
    restore_end(task->restore);
    task->restore = NULL;
    if (status == STATUS_OK)
        return STATUS_OK;
    refuse(task, fault);
    return STATUS_OK;
}

static enum status step_restore(struct flow *flow, struct task *task, struct fault *fault)
{
    struct restore_progress progress;

    enum status status =
        restore_step(task->restore, RESTORE_RECORDS_MAX, RESTORE_SLICE_MS, &progress, fault);
    if (status == STATUS_REJECT) { /* a record that is not ours: never skipped */
        refuse(task, fault);
        return STATUS_OK;
    }
    if (status != STATUS_OK)
        return status;
    if (!progress.done) {
        tell_progress(flow, task, &progress);
        return STATUS_OK;
    }
    status = finish_restore(flow, task, fault);
    if (status == STATUS_OK)
        tell_progress(flow, task, &progress);
    return status;
}

enum status task_advance(struct flow *flow, struct task *task, struct fault *fault)
{
    switch (task->state) {
    case TASK_NEW: {
        enum status status = begin_restore(flow, task, fault);
        if (status == STATUS_FATAL && strcmp(fault->code, "state.ahead") == 0) {
            refuse(task, fault);
            return STATUS_OK;
        }
        return status;
    }
    case TASK_RESTORING:
        return step_restore(flow, task, fault);
    case TASK_RUNNING:
    case TASK_REFUSED:
        break;
    }
    return STATUS_OK;
}

void task_rewind(struct flow *flow, struct task *task)
{
    if (task->touched)
        store_abort(task->store);
    task->touched = false;
    task->changelog_next = 0;
    buffer_clear(&task->segment);
    if (task->state != TASK_RUNNING || is_broken("no_rewind_after_abort"))
        return;
    for (size_t i = 0; i < task->input_count; i++)
        if (task->inputs[i].assigned)
            source_pause(flow->source, task->inputs[i].lane->inbox_topic, task->partition);
    task->state = TASK_NEW;
    struct fault torn;
    if (store_check(task->store, &torn) == STATUS_OK)
        return;
    store_close(task->store); /* opened again it is discarded, and restored whole */
    task->store = NULL;
}

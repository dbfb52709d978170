#include "flow/worker.h"

#include "base/clock.h"
#include "base/log.h"
#include "flow/batch.h"
#include "flow/flow.h"
#include "flow/stages.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    IDLE_POLL_MS = 100,
    ABORTS_AT_ONCE = 3,  /* then a pause before each further try */
    AWAY_POLL_MS = 200,  /* while Kafka does not answer: stay a member, do not spin */
    SINK_TIMEOUT_MS = 15000,
    ARENA_FIRST_BYTES = 256 * 1024,
    PRODUCED_PER_EVENT = 12,
    SINK_MESSAGES_MIN = 200000,
    TASK_RETRY_US = 500 * 1000,
    PUT_OFF_TELL_US = 30 * 1000 * 1000,
    FENCED_BY_ITSELF_US = 30 * 1000 * 1000,
};

struct worker {
    struct flow flow;
    pthread_t thread;
    atomic_bool stopping;
    atomic_bool ready;
    atomic_bool alive;
    atomic_size_t running;
    bool told_away;
    struct fault fault; /* why it ended; read after alive is false */
};

/* --- tasks come and go: called inside source_poll --- */

struct task *flow_task(struct flow *flow, const struct keyspace *keyspace, int32_t partition)
{
    for (size_t i = 0; i < flow->task_count; i++)
        if (flow->tasks[i]->keyspace == keyspace && flow->tasks[i]->partition == partition)
            return flow->tasks[i];
    return NULL;
}

static struct task *add_task(struct flow *flow, const struct keyspace *keyspace, int32_t partition)
{
    struct task *task = flow->task_count == TASKS_MAX ? NULL : task_new(flow, keyspace, partition);

    if (task != NULL)
        flow->tasks[flow->task_count++] = task;
    return task;
}

static void on_assigned(void *self, const char *topic, int32_t partition)
{
    struct flow *flow = self;
    const struct lane *lane = lane_of_inbox(&flow->shared->lanes, topic);

    assert(lane != NULL); /* we subscribe to inboxes only */
    struct task *task = flow_task(flow, lane->keyspace, partition);
    if (task == NULL)
        task = add_task(flow, lane->keyspace, partition);
    if (task == NULL) {
        log_error("partition.no_room", LOG_STR("topic", topic), LOG_INT("partition", partition));
        return; /* it stays paused, and the hub is not ready */
    }
    task_input(task, topic)->assigned = true;
}

/* The batch being collected must not touch what is not ours any more. */
static void drop_records(struct flow *flow, const struct keyspace *keyspace, int32_t partition)
{
    size_t kept = 0;

    for (size_t i = 0; i < flow->record_count; i++) {
        struct record *record = &flow->records[i];
        const struct lane *lane = lane_of_inbox(&flow->shared->lanes, record->topic);
        if (lane->keyspace == keyspace && record->partition == partition)
            record_release(record);
        else
            flow->records[kept++] = *record;
    }
    flow->record_count = kept;
}

static void remove_task(struct flow *flow, struct task *task)
{
    for (size_t i = 0; i < flow->task_count; i++)
        if (flow->tasks[i] == task) {
            flow->tasks[i] = flow->tasks[--flow->task_count];
            break;
        }
    task_free(task);
}

static bool has_inputs(const struct task *task)
{
    for (size_t i = 0; i < task->input_count; i++)
        if (task->inputs[i].assigned)
            return true;
    return false;
}

static void on_revoked(void *self, const char *topic, int32_t partition, bool lost)
{
    struct flow *flow = self;
    const struct lane *lane = lane_of_inbox(&flow->shared->lanes, topic);
    struct task *task = lane == NULL ? NULL : flow_task(flow, lane->keyspace, partition);

    /* No transaction is open across a poll, so there is nothing to commit or abort either way. */
    if (lost)
        flow->lost_us = clock_monotonic_us();
    if (task == NULL)
        return;
    drop_records(flow, lane->keyspace, partition);
    task_input(task, topic)->assigned = false;
    if (!has_inputs(task))
        remove_task(flow, task);
}

/* --- producers --- */

/* False if memory is out. */
static bool resolve_outlets(const struct lanes *lanes, struct sink *sink, struct outlets *to)
{
    *to = (struct outlets){
        .receipt = sink_topic(sink, "medhub.receipt"),
        .delivery = sink_topic(sink, "medhub.delivery"),
        .parked = sink_topic(sink, "medhub.parked"),
    };
    bool all = to->receipt != NULL && to->delivery != NULL && to->parked != NULL;
    for (size_t i = 0; i < lanes->lane_count; i++) {
        to->inbox[i] = sink_topic(sink, lanes->lanes[i].inbox_topic);
        to->fact[i] = sink_topic(sink, lanes->lanes[i].fact_topic);
        all = all && to->inbox[i] != NULL && to->fact[i] != NULL;
    }
    for (size_t i = 0; i < lanes->keyspace_count; i++) {
        to->state[i] = sink_topic(sink, lanes->keyspaces[i].state_topic);
        all = all && to->state[i] != NULL;
    }
    return all;
}

static enum status open_sink(struct flow *flow, unsigned which, struct fault *fault)
{
    const struct settings *settings = flow->shared->settings;
    int64_t messages = settings->batch_events_max * PRODUCED_PER_EVENT;
    char id[300];

    (void)snprintf(id, sizeof id, "%s-%s-%u-%u", settings->hub_group, flow->shared->name, flow->index, which);
    const struct sink_settings how = {
        .transactional_id = id,
        .transaction_timeout_ms = (int)settings->transaction_timeout_ms,
        .linger_ms = (int)settings->linger_ms,
        .messages_max = messages < SINK_MESSAGES_MIN ? SINK_MESSAGES_MIN : (int)messages,
        .compression = settings->compression,
    };
    enum status status = sink_open(flow->shared->client, &how, SINK_TIMEOUT_MS, &flow->sinks[which], fault);
    if (status == STATUS_OK && !resolve_outlets(&flow->shared->lanes, flow->sinks[which], &flow->outlets[which])) {
        sink_close(flow->sinks[which]);
        flow->sinks[which] = NULL;
        return fault_retry(fault, "memory.out", "no memory for the topics of a producer");
    }
    return status;
}

static void close_sink(struct flow *flow, unsigned which)
{
    sink_close(flow->sinks[which]);
    flow->sinks[which] = NULL;
}

/* True if there were too many rebuilds within the window. */
static bool count_rebuild(struct flow *flow)
{
    const struct settings *settings = flow->shared->settings;
    size_t kept = 0, room = sizeof flow->rebuilds_us / sizeof *flow->rebuilds_us;
    int64_t now_us = clock_monotonic_us();

    for (size_t i = 0; i < flow->rebuild_count; i++)
        if (now_us - flow->rebuilds_us[i] < settings->rebuild_window_ms * 1000)
            flow->rebuilds_us[kept++] = flow->rebuilds_us[i];
    if (kept < room)
        flow->rebuilds_us[kept++] = now_us;
    flow->rebuild_count = kept;
    metric_add(flow->measures.rebuilds, 1);
    return (int64_t)kept > settings->rebuilds_max;
}

/* --- recovery --- */

static void forget_batch(struct flow *flow)
{
    for (size_t i = 0; i < flow->record_count; i++)
        record_release(&flow->records[i]);
    flow->record_count = 0;
}

static void rewind_tasks(struct flow *flow)
{
    tables_reader_release(flow->tables);
    for (size_t i = 0; i < flow->task_count; i++)
        task_rewind(flow, flow->tasks[i]);
}

/* After a batch that did not commit: abort or rebuild, and go back to what Kafka says was committed. */
static enum status recover(struct flow *flow, enum status status, struct fault *fault)
{
    struct fault reason = *fault;

    metric_add(flow->measures.aborts, 1);
    flow->aborts_in_row++;
    log_warn("batch.aborted", LOG_STR("status", status_name(status)), LOG_STR("code", reason.code),
             LOG_STR("text", reason.text), LOG_INT("events", flow->record_count));
    if (status != STATUS_FATAL)
        status = sink_abort(flow_sink(flow), fault) == STATUS_OK ? STATUS_RETRY : STATUS_FATAL;
    if (status == STATUS_FATAL) {
        close_sink(flow, flow->turn);
        if (count_rebuild(flow))
            return fault_fatal(fault, "worker.rebuilds", "the producer had to be rebuilt too often: %s", reason.text);
    }
    forget_batch(flow);
    rewind_tasks(flow);
    return STATUS_OK;
}

/* --- the loop --- */

/* True if both producers are there. */
static enum status tend_sinks(struct flow *flow, bool *complete, struct fault *fault)
{
    *complete = true;
    for (unsigned i = 0; i < SINKS; i++) {
        if (flow->sinks[i] != NULL && sink_is_suspect(flow->sinks[i])) {
            log_info("producer.renewed", LOG_INT("worker", flow->index), LOG_INT("producer", i));
            close_sink(flow, i);
        }
        if (flow->sinks[i] != NULL)
            continue;
        enum status status = open_sink(flow, i, fault);
        if (status == STATUS_FATAL && count_rebuild(flow))
            return STATUS_FATAL;
        if (status != STATUS_OK)
            *complete = false;
    }
    return STATUS_OK;
}

static void put_off(struct task *task, const struct fault *why)
{
    int64_t now_us = clock_monotonic_us();

    if (now_us - task->put_off_told_us > PUT_OFF_TELL_US) {
        log_warn("partition.waits", LOG_STR("keyspace", task->keyspace->kind), LOG_INT("partition", task->partition),
                 LOG_STR("code", why->code), LOG_STR("text", why->text));
        task->put_off_told_us = now_us;
    }
    task->retry_us = now_us + TASK_RETRY_US;
}

static enum status tend_tasks(struct worker *worker, struct fault *fault)
{
    struct flow *flow = &worker->flow;
    size_t running = 0;

    for (size_t i = 0; i < flow->task_count; i++) {
        struct task *task = flow->tasks[i];
        enum status status =
            task->retry_us > clock_monotonic_us() ? STATUS_OK : task_advance(flow, task, fault);
        if (status == STATUS_FATAL)
            return STATUS_FATAL;
        if (status != STATUS_OK) /* the others go on meanwhile */
            put_off(task, fault);
        if (task->state == TASK_RUNNING)
            running++;
    }
    atomic_store(&worker->running, running);
    return STATUS_OK;
}

static bool is_restoring(const struct flow *flow)
{
    int64_t now_us = clock_monotonic_us();

    for (size_t i = 0; i < flow->task_count; i++) {
        const struct task *task = flow->tasks[i];
        if ((task->state == TASK_NEW || task->state == TASK_RESTORING) && task->retry_us <= now_us)
            return true;
    }
    return false;
}

static int first_wait_ms(struct flow *flow)
{
    int64_t due_ms = batch_next_due_ms(flow);
    int64_t left_ms = due_ms == INT64_MAX ? IDLE_POLL_MS : due_ms - clock_now_ms(flow->shared->clock);

    if (is_restoring(flow) || left_ms <= 0)
        return 0;
    return left_ms < IDLE_POLL_MS ? (int)left_ms : IDLE_POLL_MS;
}

/* A batch is what the input holds now: until it is drained, or N records, or T ms. */
static enum status collect(struct flow *flow, struct fault *fault)
{
    const struct settings *settings = flow->shared->settings;
    int wait_ms = first_wait_ms(flow);
    int64_t until_us = 0;

    while ((int64_t)flow->record_count < settings->batch_events_max) {
        struct record record;
        if (source_poll(flow->source, wait_ms, &record, fault)) {
            flow->records[flow->record_count++] = record; /* a revocation inside may have taken others out */
            wait_ms = 0;
            continue;
        }
        if (fault->code[0] != '\0')
            return STATUS_FATAL;
        int64_t now_us = clock_monotonic_us();
        if (flow->record_count == 0 || settings->batch_wait_ms == 0)
            break;
        if (until_us == 0)
            until_us = now_us + settings->batch_wait_ms * 1000;
        if (now_us >= until_us)
            break;
        wait_ms = 1;
    }
    return STATUS_OK;
}

static void measure_lag(struct flow *flow)
{
    int64_t lag = 0;

    for (size_t i = 0; i < flow->task_count; i++)
        for (size_t k = 0; k < flow->tasks[i]->input_count; k++) {
            const struct task_input *input = &flow->tasks[i]->inputs[k];
            int64_t end = input->assigned
                              ? source_end(flow->source, input->lane->inbox_topic, flow->tasks[i]->partition)
                              : OFFSET_NONE;
            int64_t at = input->next_offset == OFFSET_NONE ? 0 : input->next_offset;
            if (end > at)
                lag += end - at;
        }
    metric_set(flow->measures.lag, lag);
}

/* Nothing can be decided now: stay a member of the group, and keep what comes in where it is. */
static enum status stand_by(struct flow *flow, struct fault *fault)
{
    struct record record = {0};

    rewind_tasks(flow); /* what is read meanwhile is dropped and read again */
    if (source_poll(flow->source, AWAY_POLL_MS, &record, fault))
        record_release(&record);
    else if (fault->code[0] != '\0')
        return STATUS_FATAL;
    return STATUS_OK;
}

static enum status run_batch(struct flow *flow, struct fault *fault)
{
    bool due = batch_next_due_ms(flow) <= clock_now_ms(flow->shared->clock);

    if (flow->record_count == 0 && !due)
        return STATUS_OK;
    enum status status = batch_run(flow, fault);
    if (status != STATUS_OK) {
        status = recover(flow, status, fault);
        /* What keeps failing, such as a record that the broker refuses for good, must not keep the brokers busy. */
        return status == STATUS_OK && flow->aborts_in_row > ABORTS_AT_ONCE ? stand_by(flow, fault) : status;
    }
    forget_batch(flow);
    flow->aborts_in_row = 0;
    flow->turn = (flow->turn + 1) % SINKS;
    measure_lag(flow);
    return STATUS_OK;
}

/* Kafka does not answer. */
static enum status wait_for_kafka(struct worker *worker, struct fault *fault)
{
    if (!worker->told_away)
        log_warn("kafka.away", LOG_INT("worker", worker->flow.index), LOG_STR("text", fault->text));
    worker->told_away = true;
    return stand_by(&worker->flow, fault);
}

static enum status turn_once(struct worker *worker, struct fault *fault)
{
    struct flow *flow = &worker->flow;
    bool sinks_complete = false;

    enum status status = tend_sinks(flow, &sinks_complete, fault);
    if (status == STATUS_OK && sinks_complete)
        status = tend_tasks(worker, fault);
    if (status != STATUS_OK)
        return status;
    if (!sinks_complete)
        return wait_for_kafka(worker, fault);
    if (worker->told_away)
        log_info("kafka.back", LOG_INT("worker", flow->index));
    worker->told_away = false;
    status = collect(flow, fault);
    if (status == STATUS_OK)
        status = run_batch(flow, fault);
    atomic_store(&worker->ready,
                 source_has_joined(flow->source) && atomic_load(&worker->running) == flow->task_count);
    return status;
}

static enum status open_source(struct flow *flow, struct fault *fault)
{
    const struct settings *settings = flow->shared->settings;
    const struct lanes *lanes = &flow->shared->lanes;
    const char *topics[LANES_MAX];
    char instance[200];

    for (size_t i = 0; i < lanes->lane_count; i++)
        topics[i] = lanes->lanes[i].inbox_topic;
    (void)snprintf(instance, sizeof instance, "%s-%u", settings->hub_instance, flow->index);
    const struct source_settings how = {
        .group = settings->hub_group,
        .instance = settings->hub_instance[0] == '\0' || flow->shared->client->embedded ? NULL : instance,
        .topics = topics,
        .topic_count = lanes->lane_count,
        .session_timeout_ms = (int)settings->session_timeout_ms,
        .poll_interval_ms_max = (int)settings->poll_interval_ms_max,
    };
    const struct source_events events = {on_assigned, on_revoked, flow};
    return source_open(flow->shared->client, &how, events, &flow->source, fault);
}

/* Revokes: frees the tasks, whose stores are closed clean. No transaction may be open. */
static void close_source(struct flow *flow)
{
    forget_batch(flow);
    source_close(flow->source);
    flow->source = NULL;
    while (flow->task_count > 0)
        remove_task(flow, flow->tasks[0]);
}

/* librdkafka has a static member fenced by itself when it lost its partitions because the coordinator was away (its issue
 * 3437): it then joins once more. Fenced without such a loss, another process has its name, and this one must go. */
static enum status join_again(struct worker *worker, struct fault *fault)
{
    struct flow *flow = &worker->flow;
    bool by_itself = flow->lost_us != 0 && clock_monotonic_us() - flow->lost_us < FENCED_BY_ITSELF_US;

    if (!by_itself || strcmp(fault->code, SOURCE_FENCED) != 0)
        return STATUS_FATAL;
    log_warn("group.joined_again", LOG_INT("worker", flow->index), LOG_STR("text", fault->text));
    atomic_store(&worker->ready, false);
    close_source(flow);
    flow->lost_us = 0;
    return open_source(flow, fault);
}

static enum status open_all(struct flow *flow, struct fault *fault)
{
    enum status status = tables_reader_open(flow->shared->tables, &flow->tables, fault);
    if (status == STATUS_OK)
        status = reader_open(flow->shared->client, true, &flow->asker, fault);
    if (status == STATUS_OK)
        status = open_source(flow, fault);
    return status;
}

/* Orderly end: no batch is open here; producers first (their reports point into tasks), then the group. */
static void close_all(struct flow *flow)
{
    for (unsigned i = 0; i < SINKS; i++)
        close_sink(flow, i);
    close_source(flow);
    reader_close(flow->asker);
    tables_reader_close(flow->tables);
    calendar_free(flow->calendar);
    outbox_done(&flow->outbox);
    merge_clear(&flow->merges);
    arena_free(flow->arena);
    free(flow->records);
    free(flow->sources);
}

static void *run(void *self)
{
    struct worker *worker = self;
    struct fault fault = {0};

    enum status status = open_all(&worker->flow, &fault);
    while (status == STATUS_OK && !atomic_load(&worker->stopping)) {
        status = turn_once(worker, &fault);
        if (status == STATUS_FATAL)
            status = join_again(worker, &fault);
    }
    atomic_store(&worker->ready, false);
    close_all(&worker->flow);
    if (status != STATUS_OK) {
        log_error("worker.ended", LOG_INT("worker", worker->flow.index), LOG_STR("code", fault.code),
                  LOG_STR("text", fault.text));
        worker->fault = fault;
        atomic_store(&worker->alive, false);
    }
    return NULL;
}

static bool init_flow(struct flow *flow, const struct shared *shared, unsigned index)
{
    const struct settings *settings = shared->settings;

    flow->shared = shared;
    flow->index = index;
    flow->arena = arena_new(ARENA_FIRST_BYTES, (size_t)settings->event_memory_bytes_max);
    flow->records = calloc((size_t)settings->batch_events_max, sizeof *flow->records);
    flow->sources = calloc(SOURCE_CACHE_MAX + 1, sizeof *flow->sources);
    measures_init(&flow->measures, shared->stages, index);
    return flow->arena != NULL && flow->records != NULL && flow->sources != NULL;
}

enum status worker_start(const struct shared *shared, unsigned index, struct worker **worker, struct fault *fault)
{
    struct worker *made = calloc(1, sizeof *made);

    *worker = NULL;
    if (made == NULL || !init_flow(&made->flow, shared, index)) {
        if (made != NULL)
            close_all(&made->flow);
        free(made);
        return fault_fatal(fault, "memory.out", "no memory for a worker");
    }
    atomic_store(&made->alive, true);
    if (pthread_create(&made->thread, NULL, run, made) != 0) {
        close_all(&made->flow);
        free(made);
        return fault_fatal(fault, "worker.thread", "no thread for a worker");
    }
    *worker = made;
    return STATUS_OK;
}

void worker_stop(struct worker *worker)
{
    atomic_store(&worker->stopping, true);
}

void worker_join(struct worker *worker)
{
    if (worker == NULL)
        return;
    (void)pthread_join(worker->thread, NULL);
    free(worker);
}

bool worker_is_ready(const struct worker *worker)
{
    return atomic_load(&worker->ready);
}

bool worker_is_alive(struct worker *worker, struct fault *fault)
{
    if (atomic_load(&worker->alive))
        return true;
    *fault = worker->fault;
    return false;
}

/* bench_stages: decode, authorise, dedupe, check and decide on prescriptions (--profile scan: on scans), alone: no producing, no
 * commit, no broker (the records come from the embedded cluster, before counting begins). Run it under valgrind:
 *
 *     valgrind --tool=callgrind --toggle-collect=bench_one_event bench_stages --events 500 --directory D
 *
 * The stores are as an engine's: the tables hold all drugs and hospitals, the keyed state --rows rows. */
#include "bench.h"
#include "sample.h"

#include "flow/flow.h"
#include "flow/stages.h"
#include "flow/walk.h"
#include "kafka/embedded.h"
#include "kafka/publisher.h"
#include "kafka/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
    PARTITIONS = 1, QUEUE_MAX = 100000, TIMEOUT_MS = 60000, POLL_MS = 1000, EVENTS_MAX = 3000,
    SAMPLE_ARENA_BYTES = 65536, ARENA_FIRST_BYTES = 256 * 1024, FILLER_BYTES = 300, ROWS_A_COMMIT = 10000,
};
static const size_t MAP_BYTES = (size_t)1 << 32; /* EVENTS_MAX: the embedded cluster keeps 5 MB */

/* --- events as a broker gives them --- */

static void delivered(void *self, void *context, int32_t partition, int64_t offset, const struct fault *fault)
{
    (void)self;
    (void)context;
    (void)partition;
    (void)offset;
    if (fault != NULL)
        bench_fail("%s: %s", fault->code, fault->text);
}

static void publish(const struct kafka_client *client, const struct sample *sample, int64_t events)
{
    const struct publisher_settings how = {QUEUE_MAX, TIMEOUT_MS, 5, "none", false};
    struct arena *arena = arena_new(SAMPLE_ARENA_BYTES, 16 * SAMPLE_ARENA_BYTES);
    struct publisher *publisher = NULL;
    struct fault fault;

    bench_need(publisher_open(client, &how, delivered, NULL, &publisher, &fault), &fault);
    for (int64_t i = 0; i < events; i++) {
        arena_reset(arena);
        struct sample_event event = sample_make(sample, i, arena);
        bench_need(publisher_send(publisher, sample_inbox(sample->profile), event.key, event.value, event.headers,
                                  NULL, &fault), &fault);
    }
    bench_need(publisher_flush(publisher, TIMEOUT_MS, &fault), &fault);
    publisher_close(publisher);
    arena_free(arena);
}

static void fetch(struct reader *reader, const char *topic, struct record *records, int64_t events)
{
    struct fault fault;

    bench_need(reader_add(reader, topic, 0, 0, &fault), &fault);
    for (int64_t i = 0; i < events;) {
        enum reader_result result = reader_poll(reader, POLL_MS, &records[i], &fault);
        if (result == READER_ERROR)
            bench_fail("%s: %s", fault.code, fault.text);
        i += result == READER_RECORD;
    }
}

/* --- stores as an engine's --- */

static void apply_row(const char *topic, struct bytes key, struct bytes value, void *context)
{
    struct fault fault;
    (void)topic;
    bench_need(tables_apply(context, key, value, &fault), &fault);
}

static struct tables *fill_tables(const struct store_settings *how)
{
    struct arena *arena = arena_new(SAMPLE_ARENA_BYTES, 16 * SAMPLE_ARENA_BYTES);
    struct tables *tables = NULL;
    struct fault fault;
    bool empty = false;

    bench_need(tables_open(how, &tables, &empty, &fault), &fault);
    bench_need(tables_begin(tables, &fault), &fault);
    sample_each_row(arena, apply_row, tables);
    bench_need(tables_commit(tables, &fault), &fault);
    arena_free(arena);
    return tables;
}

static void fill_store(struct store *store, int64_t rows)
{
    static const uint8_t filler[FILLER_BYTES] = {0};
    struct fault fault;

    for (int64_t i = 0; i < rows; i++) {
        char entity[40];
        struct row_key key;
        if (i % ROWS_A_COMMIT == 0)
            bench_need(store_begin(store, &fault), &fault);
        (void)snprintf(entity, sizeof entity, "p%032llx", (unsigned long long)i * 0x9e3779b97f4a7c15u);
        if (!row_key_make(&key, bytes_of(entity), ROW_STATE, bytes_of("prescription/1")))
            bench_fail("a row key is too long");
        bench_need(store_put(store, STORE_ROWS, row_key_bytes(&key), bytes_from(filler, sizeof filler), &fault), &fault);
        if (i % ROWS_A_COMMIT == ROWS_A_COMMIT - 1 || i == rows - 1)
            bench_need(store_commit(store, &fault), &fault);
    }
}

static void set_up(struct flow *flow, struct shared *shared, const struct store_settings *how, int64_t rows,
                   enum profile profile)
{
    struct fault fault;
    bool empty = false;

    bench_need(lanes_init(&shared->lanes, domains_all, &fault), &fault);
    for (size_t i = 0; i < shared->lanes.keyspace_count; i++)
        shared->lanes.keyspaces[i].partitions = PARTITIONS;
    shared->tables = fill_tables(how);
    flow->shared = shared;
    flow->now_ms = clock_now_ms(shared->clock);
    flow->arena = arena_new(ARENA_FIRST_BYTES, (size_t)shared->settings->event_memory_bytes_max);
    flow->sources = calloc(SOURCE_CACHE_MAX + 1, sizeof *flow->sources);
    flow->lane = lane_of_inbox(&shared->lanes, sample_inbox(profile));
    flow->task = task_new(flow, flow->lane->keyspace, 0);
    if (flow->arena == NULL || flow->sources == NULL || flow->task == NULL)
        bench_fail("no memory");
    bench_need(store_open(how, "person-0", &flow->task->store, &empty, &fault), &fault);
    fill_store(flow->task->store, rows);
    bench_need(store_begin(flow->task->store, &fault), &fault);
    bench_need(tables_reader_open(shared->tables, &flow->tables, &fault), &fault);
    bench_need(tables_reader_renew(flow->tables, &fault), &fault);
    bench_need(walk_refresh_calendar(flow, &fault), &fault);
}

/* --- what is counted --- */

static int64_t monotonic_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static bool timing;         /* off under callgrind: the clock would be counted too */
static int64_t deciding_ns; /* spent in the domain: rules and decision, its look-ups with it */

static enum status run_stage(const struct stage *stage, struct flow *flow, struct event *event)
{
    int64_t begun_ns = timing && stage->run == decide_stage ? monotonic_ns() : 0;
    enum status status = stage->run(flow, event);
    if (begun_ns != 0)
        deciding_ns += monotonic_ns() - begun_ns;
    return status;
}

/* What flow/walk.c does to begin an event, then the stages up to the decision. */
static void run_event(struct flow *flow, struct record *record)
{
    struct event event = {.arena = flow->arena, .decision = &flow->decision};
    enum status status = STATUS_OK;

    arena_reset(flow->arena);
    flow->handler = NULL;
    flow->record = record;
    flow->view.consulted_count = 0;
    event.position = (struct event_position){flow->lane->inbox_topic, record->partition, record->offset};
    event.submitted_ms = record->timestamp_ms;
    event.key = record->key;
    event.value = record->value;
    event.attributes = EVENT_ATTRIBUTES_NONE;
    findings_init(&event.findings, flow->arena);
    decision_init(event.decision, flow->arena, &event);
    for (size_t i = 0; status == STATUS_OK && flow->shared->stages[i].run != emit_stage; i++)
        status = run_stage(&flow->shared->stages[i], flow, &event);
    if (status != STATUS_OK)
        bench_fail("%s: %s", event.fault.code, event.fault.text);
}

/* Named for callgrind, hence not static nor inlined. */
__attribute__((noinline)) void bench_one_event(struct flow *flow, struct record *record);
void bench_one_event(struct flow *flow, struct record *record)
{
    run_event(flow, record);
}

int main(int argc, char **argv)
{
    const struct bench_options options = {argc, argv};
    const enum profile profile = sample_profile(bench_option(options, "profile", "prescription"));
    const struct sample sample = {profile, 1, 100000, 0, clock_now_ms(clock_system())};
    const struct store_settings how = {
        .directory = bench_option(options, "directory", "bench-stages"), .boot_id = "bench", .map_bytes = MAP_BYTES};
    int64_t events = bench_number(options, "events", 500);
    static struct record records[EVENTS_MAX];
    static struct flow flow;
    struct shared shared = {.stages = stages_standard, .clock = clock_system()};
    struct settings settings;
    struct kafka_client client;
    struct embedded *cluster = NULL;
    struct reader *reader = NULL;
    struct conf *conf = NULL;
    struct fault fault;

    if (events > EVENTS_MAX)
        bench_fail("at most %d events", EVENTS_MAX);
    bench_need(embedded_start(1, &cluster, &fault), &fault);
    bench_need(embedded_topic(cluster, sample_inbox(sample.profile), PARTITIONS, &fault), &fault);
    bench_need(settings_load((struct conf_source){0}, &settings, &client, &conf, &fault), &fault);
    client.brokers = embedded_brokers(cluster);
    publish(&client, &sample, events);
    bench_need(reader_open(&client, true, &reader, &fault), &fault);
    fetch(reader, sample_inbox(sample.profile), records, events);
    shared.settings = &settings;
    set_up(&flow, &shared, &how, bench_number(options, "rows", 100000), profile);

    /* Once to fill the memory of look-ups, as hours of work have in a hub: nothing is remembered of the events themselves, so
     * the second time they are as new. */
    for (int64_t i = 0; i < events; i++)
        run_event(&flow, &records[i]);
    int64_t rounds = bench_number(options, "rounds", 1), count = events * rounds;
    int64_t begun_us = clock_monotonic_us();
    timing = rounds > 1;
    for (int64_t i = 0; i < count; i++)
        bench_one_event(&flow, &records[i % events]);
    printf("{\"events\":%lld,\"microseconds\":%.2f,\"decide_microseconds\":%.3f}\n", (long long)count,
           (double)(clock_monotonic_us() - begun_us) / (double)count, (double)deciding_ns / 1000.0 / (double)count);
    return 0; /* what it holds goes with the process */
}

#include "store/store_service.h"

#include "base/log.h"
#include "kafka/topics.h"
#include "store/rows.h"
#include "store/watch.h"
#include "store/writer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    TOPICS_MAX = 128,
    ARENA_FIRST = 16 * 1024,
    ARENA_LIMIT = 4 * 1024 * 1024,
    IDLE_POLL_MS = 20, /* how late a stop or an answer of the watch is noticed; records are not waited for */
    RETRY_FIRST_MS = 50,
    RETRY_STEP_MS = 50, /* of the pause before a retry: how late a stop is noticed */
    EXPIRE_EVERY_US = 50000,
};

/* A partition that is read. */
struct part {
    struct position *position;
    int64_t target,
        target_ms; /* when next_offset reaches it, the partition is complete up to then; -1: none */
    int64_t latest, latest_ms; /* as last told by the watch */
    int64_t ready_at;          /* end when reading began */
    bool ready;
};

struct store_service {
    const struct sql_settings *settings;
    const struct kafka_client *client;
    struct arena *arena; /* of topics */
    const char *topics[TOPICS_MAX + 1];
    struct watch *watch;
    struct watched watched;
    pthread_t thread;
    bool started;
    atomic_bool stopping, ready, dead;
    struct fault death; /* written before dead */

    /* Of one session with the database: from an opening to a fault. */
    struct writer *writer;
    struct reader *reader;
    struct part parts[WATCHED_MAX];
    size_t part_count, ready_count;
    int64_t opened_ms, expired_us;
    struct metric *lag, *lag_seconds;
};

/* ---- partitions ---- */

static struct part *find_part(struct store_service *service, const char *topic, int32_t partition)
{
    for (size_t i = 0; i < service->part_count; i++) {
        struct part *part = &service->parts[i];
        if (part->position->partition != partition)
            continue;
        if (part->position->reader_topic == topic)
            return part;
        if (strcmp(part->position->topic, topic) == 0) {
            part->position->reader_topic = topic;
            return part;
        }
    }
    return NULL;
}

static void note_ready(struct store_service *service, struct part *part, bool at_end)
{
    if (part->ready || (!at_end && part->position->next_offset < part->ready_at))
        return;
    part->ready = true;
    service->ready_count++;
}

/* After a commit: what is ready is then in the database. A topic that was just made has partitions that
 * nobody leads yet. */
static void note_all_ready(struct store_service *service)
{
    if (atomic_load(&service->ready) || service->part_count == 0 ||
        service->part_count < service->watched.count || service->ready_count < service->part_count)
        return;
    atomic_store(&service->ready, true);
    log_info("store.caught_up", LOG_INT("partitions", service->part_count));
}

static enum status add_part(struct store_service *service, const struct reader_ends *ends,
                            struct fault *fault)
{
    struct position *position = writer_position(service->writer, ends->topic, ends->partition);
    struct part *part = &service->parts[service->part_count];

    if (position == NULL)
        return fault_fatal(fault, "memory.out", "no memory for a position");
    position->low = ends->low;
    if (!position->stored)
        position->first_offset = position->next_offset = ends->low;
    if (position->next_offset > ends->high)
        return fault_fatal(
            fault, "store.ahead",
            "%s partition %d ends at %lld, but the read model holds it up to %lld: was the topic made anew? "
            "Then `medhub connector store --rebuild`",
            ends->topic, (int)ends->partition, (long long)ends->high, (long long)position->next_offset);
    enum status status =
        reader_add(service->reader, ends->topic, ends->partition, position->next_offset, fault);
    if (status != STATUS_OK)
        return status;
    *part = (struct part){.position = position, .target = -1, .ready_at = ends->high};
    service->part_count++;
    return STATUS_OK;
}

/* ---- up to when it is complete ---- */

static void note_caught_up(struct store_service *service, struct part *part)
{
    while (part->target >= 0 && part->position->next_offset >= part->target) {
        writer_caught_up(service->writer, part->position, part->target_ms);
        bool newer = part->latest_ms > part->target_ms;
        part->target = newer ? part->latest : -1;
        part->target_ms = newer ? part->latest_ms : part->target_ms;
    }
}

static void note_end(struct store_service *service, struct part *part, const struct reader_ends *ends,
                     int64_t asked_ms)
{
    part->position->low = ends->low;
    part->latest = ends->high;
    part->latest_ms = asked_ms;
    if (part->target < 0) {
        part->target = ends->high;
        part->target_ms = asked_ms;
    }
    note_caught_up(service, part);
    note_ready(service, part, false);
}

static void measure_lag(struct store_service *service, int64_t now_ms)
{
    int64_t behind = 0, oldest_ms = now_ms;

    for (size_t i = 0; i < service->part_count; i++) {
        const struct part *part = &service->parts[i];
        if (part->latest > part->position->next_offset)
            behind += part->latest - part->position->next_offset;
        if (part->position->caught_up_ms < oldest_ms)
            oldest_ms = part->position->caught_up_ms;
    }
    metric_set(service->lag, behind);
    metric_set(service->lag_seconds, (now_ms - oldest_ms) / 1000);
}

/* What the watch heard: new partitions are read from now on, ends move on. An answer from before this session
 * may be older than what the database holds. */
static enum status take_news(struct store_service *service, struct fault *fault)
{
    enum status status = STATUS_OK;

    if (!watch_take(service->watch, &service->watched) || service->watched.asked_ms < service->opened_ms)
        return STATUS_OK;
    for (size_t i = 0; i < service->watched.count && status == STATUS_OK; i++) {
        const struct reader_ends *ends = &service->watched.ends[i];
        if (ends->high >= 0 && find_part(service, ends->topic, ends->partition) == NULL)
            status = add_part(service, ends, fault);
    }
    for (size_t i = 0; i < service->watched.count && status == STATUS_OK; i++) {
        const struct reader_ends *ends = &service->watched.ends[i];
        if (ends->high >= 0)
            note_end(service, find_part(service, ends->topic, ends->partition), ends,
                     service->watched.asked_ms);
    }
    measure_lag(service, clock_now_ms(clock_system()));
    return status;
}

/* ---- reading ---- */

static enum status apply(struct store_service *service, struct record *record, struct fault *fault)
{
    struct part *part = find_part(service, record->topic, record->partition);

    enum status status =
        part == NULL ? STATUS_OK : writer_apply(service->writer, part->position, record, fault);
    record_release(record);
    if (status == STATUS_OK && part != NULL)
        note_ready(service, part, false);
    return status;
}

static void reach_end(struct store_service *service, const struct record *end)
{
    struct part *part = find_part(service, end->topic, end->partition);

    if (part == NULL)
        return;
    writer_pass(service->writer, part->position, end->offset);
    note_caught_up(service, part);
    note_ready(service, part, true);
}

/* Reads until there is nothing more, the batch is full, or its time is up. The first record is waited for a
 * little, further ones only for settings->batch_wait_ms: under load batches grow by themselves while the
 * database is at work. */
static enum status read_batch(struct store_service *service, struct fault *fault)
{
    int64_t wait_us = service->settings->batch_wait_ms * 1000, began_us = 0;
    int timeout_ms = IDLE_POLL_MS;
    enum status status = STATUS_OK;
    struct record record;

    while (status == STATUS_OK &&
           writer_pending(service->writer) < (size_t)service->settings->batch_rows_max) {
        switch (reader_poll(service->reader, timeout_ms, &record, fault)) {
        case READER_RECORD:
            status = apply(service, &record, fault);
            break;
        case READER_END:
            reach_end(service, &record);
            break;
        case READER_NOTHING:
            return STATUS_OK;
        case READER_ERROR:
            return STATUS_RETRY;
        }
        int64_t now_us = clock_monotonic_us();
        if (began_us == 0)
            began_us = now_us;
        timeout_ms = now_us - began_us >= wait_us ? 0 : (int)((wait_us - (now_us - began_us) + 999) / 1000);
    }
    return status;
}

static enum status expire(struct store_service *service, struct fault *fault)
{
    int64_t now_us = clock_monotonic_us();
    bool more = false;

    if (now_us - service->expired_us < EXPIRE_EVERY_US)
        return STATUS_OK;
    service->expired_us = now_us;
    for (size_t i = 0; i < service->part_count; i++)
        if (service->parts[i].position->first_offset < service->parts[i].position->low)
            return writer_expire(service->writer, service->parts[i].position, &more, fault);
    return STATUS_OK;
}

static enum status follow(struct store_service *service, struct fault *fault)
{
    enum status status = STATUS_OK;

    while (status == STATUS_OK && !atomic_load(&service->stopping)) {
        status = take_news(service, fault);
        if (status == STATUS_OK)
            status = read_batch(service, fault);
        for (size_t i = 0; i < service->part_count; i++)
            note_caught_up(service, &service->parts[i]);
        if (status == STATUS_OK)
            status = writer_commit(service->writer, fault);
        if (status == STATUS_OK)
            note_all_ready(service);
        if (status == STATUS_OK)
            status = expire(service, fault);
    }
    return status;
}

/* ---- sessions with the database ---- */

static void close_session(struct store_service *service)
{
    reader_close(service->reader);
    writer_close(service->writer);
    service->reader = NULL;
    service->writer = NULL;
    service->part_count = service->ready_count = 0;
}

static enum status open_session(struct store_service *service, struct fault *fault)
{
    enum status status =
        service->writer == NULL ? writer_open(service->settings, &service->writer, fault) : STATUS_OK;

    if (status == STATUS_OK)
        status = reader_open(service->client, true, &service->reader, fault);
    service->opened_ms = clock_now_ms(clock_system());
    watch_ask(service->watch);
    return status;
}

static void pause_before_retry(struct store_service *service, int64_t wait_ms)
{
    const struct timespec step = {.tv_nsec = RETRY_STEP_MS * 1000L * 1000L};

    for (int64_t waited_ms = 0; waited_ms < wait_ms && !atomic_load(&service->stopping);
         waited_ms += RETRY_STEP_MS)
        (void)nanosleep(&step, NULL);
}

static void die(struct store_service *service, const struct fault *fault)
{
    log_error("store.died", LOG_STR("code", fault->code), LOG_STR("text", fault->text));
    service->death = *fault;
    atomic_store(&service->dead, true);
}

static void *run(void *self)
{
    struct store_service *service = self;
    int64_t wait_ms = RETRY_FIRST_MS;

    while (!atomic_load(&service->stopping)) {
        struct fault fault = {0};
        int64_t began_us = clock_monotonic_us();
        enum status status = open_session(service, &fault);
        if (status == STATUS_OK)
            status = follow(service, &fault);
        close_session(service);
        if (status == STATUS_FATAL || status == STATUS_REJECT) {
            die(service, &fault);
            break;
        }
        if (status == STATUS_OK)
            break;
        if (clock_monotonic_us() - began_us > 60 * INT64_C(1000000))
            wait_ms = RETRY_FIRST_MS; /* it had been well for a while */
        log_warn("store.retry", LOG_STR("code", fault.code), LOG_STR("text", fault.text),
                 LOG_INT("wait_ms", wait_ms));
        pause_before_retry(service, wait_ms);
        wait_ms = 2 * wait_ms < service->settings->retry_delay_ms_max ? 2 * wait_ms
                                                                      : service->settings->retry_delay_ms_max;
    }
    return NULL;
}

/* ---- start and stop ---- */

static enum status choose_topics(struct store_service *service, struct fault *fault)
{
    struct topics topics;
    size_t count = 0;

    enum status status = topics_shipped(service->arena, &topics, fault);
    for (size_t i = 0; status == STATUS_OK && i < topics.count && count < TOPICS_MAX; i++)
        if (rows_are_made_of(topics.rows[i].name))
            service->topics[count++] = topics.rows[i].name;
    return status;
}

enum status store_service_start(const struct sql_settings *settings, const struct kafka_client *client,
                                struct store_service **service, struct fault *fault)
{
    struct store_service *made = calloc(1, sizeof *made);

    *service = NULL;
    if (made == NULL)
        return fault_fatal(fault, "memory.out", "no memory for the store");
    made->settings = settings;
    made->client = client;
    made->arena = arena_new(ARENA_FIRST, ARENA_LIMIT);
    enum status status = made->arena == NULL ? fault_fatal(fault, "memory.out", "no memory for the store")
                                             : choose_topics(made, fault);
    if (status == STATUS_OK)
        status = writer_open(settings, &made->writer, fault);
    made->lag = metric_get(&store_metric_rows[STORE_LAG_METRIC], NULL);
    made->lag_seconds = metric_get(&store_metric_rows[STORE_LAG_SECONDS_METRIC], NULL);
    if (status == STATUS_OK)
        status = watch_start(client, made->topics, settings->watch_interval_ms, &made->watch, fault);
    if (status == STATUS_OK && pthread_create(&made->thread, NULL, run, made) != 0)
        status = fault_fatal(fault, "thread.none", "no thread for the store");
    made->started = status == STATUS_OK;
    if (status == STATUS_OK)
        *service = made;
    else
        store_service_stop(made);
    return status;
}

bool store_service_is_ready(struct store_service *service)
{
    return atomic_load(&service->ready);
}

bool store_service_is_alive(struct store_service *service, struct fault *fault)
{
    if (!atomic_load(&service->dead))
        return true;
    *fault = service->death;
    return false;
}

void store_service_stop(struct store_service *service)
{
    if (service == NULL)
        return;
    atomic_store(&service->stopping, true);
    if (service->started)
        (void)pthread_join(service->thread, NULL);
    close_session(service);
    watch_stop(service->watch);
    arena_free(service->arena);
    free(service);
}

enum status store_service_clear(const struct sql_settings *settings, struct fault *fault)
{
    struct writer *writer = NULL;

    enum status status = writer_open(settings, &writer, fault);
    if (status == STATUS_OK)
        status = writer_clear(writer, fault);
    writer_close(writer);
    return status;
}

#include "flow/hub.h"

#include "base/log.h"
#include "flow/flow.h"
#include "flow/follower.h"
#include "flow/signatures.h"
#include "flow/stages.h"
#include "flow/worker.h"
#include "kafka/reader.h"
#include "kafka/topics.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

enum { ASK_TIMEOUT_MS = 10000, WORKERS_MAX = 64, START_TIMEOUT_US = 60 * 1000 * 1000 };

static const char *const table_topics[] = {"medhub.table.catalogue", "medhub.table.registry", "medhub.table.policy",
                                           "medhub.table.calendar", "medhub.table.designation",
                                           "medhub.table.practitioner", "medhub.table.release", "medhub.table.device"};
enum { TABLE_TOPICS = sizeof table_topics / sizeof *table_topics };

struct hub {
    struct shared shared;
    struct follower *follower;
    struct worker *workers[WORKERS_MAX];
    size_t worker_count;
    pthread_t starter; /* starts the workers when the tables are ready */
    bool has_starter;
    atomic_bool stopping;
    pthread_mutex_t lock; /* over workers and worker_count while the starter runs */
    struct fault start_fault;
    bool start_failed;
};

/* Equal partition counts make the range assignment hand partition N of all of them to one worker. */
static enum status check_counts(struct hub *hub, struct reader *reader, const char *topic, struct keyspace *keyspace,
                                struct fault *fault)
{
    int32_t count = 0;
    (void)hub;

    enum status status = reader_partition_count(reader, topic, ASK_TIMEOUT_MS, &count, fault);
    if (status != STATUS_OK)
        return status;
    if (count == 0)
        return fault_fatal(fault, "topic.missing", "topic %s does not exist: run `medhub ctl topics apply`", topic);
    if (keyspace->partitions == 0)
        keyspace->partitions = count;
    if (keyspace->partitions != count)
        return fault_fatal(fault, "topic.partitions", "topic %s has %d partitions, the others of key kind %s have %d",
                           topic, (int)count, keyspace->kind, (int)keyspace->partitions);
    return STATUS_OK;
}

static enum status check_topics(struct hub *hub, struct fault *fault)
{
    struct lanes *lanes = &hub->shared.lanes;
    struct reader *reader = NULL;

    enum status status = reader_open(hub->shared.client, true, &reader, fault);
    for (size_t i = 0; status == STATUS_OK && i < lanes->lane_count; i++)
        status = check_counts(hub, reader, lanes->lanes[i].inbox_topic, lanes->lanes[i].keyspace, fault);
    for (size_t i = 0; status == STATUS_OK && i < lanes->keyspace_count; i++)
        status = check_counts(hub, reader, lanes->keyspaces[i].state_topic, &lanes->keyspaces[i], fault);
    reader_close(reader);
    return status;
}

static enum status open_tables(struct hub *hub, struct fault *fault)
{
    const struct settings *settings = hub->shared.settings;
    const struct store_settings how = {
        .directory = settings->state_directory,
        .boot_id = hub->shared.boot_id,
        .sync_each = strcmp(settings->state_sync, "txn") == 0,
        .map_bytes = (size_t)settings->state_map_bytes,
        .now_ms = clock_now_ms(hub->shared.clock),
        .age_ms_max = TOPICS_AWAY_MS_MAX,
    };
    bool empty = false;

    return tables_open(&how, &hub->shared.tables, &empty, fault);
}

static enum status start_follower(struct hub *hub, struct fault *fault)
{
    return follower_start(hub->shared.client, hub->shared.tables, table_topics, TABLE_TOPICS, &hub->follower, fault);
}

/* Topics made a moment ago have no leader yet, and a broker may be starting with us. */
static enum status until_kafka_answers(struct hub *hub, enum status (*step)(struct hub *hub, struct fault *fault),
                                       struct fault *fault)
{
    const struct timespec pause = {.tv_nsec = 200 * 1000 * 1000};
    int64_t give_up_us = clock_monotonic_us() + START_TIMEOUT_US;

    for (;;) {
        enum status status = step(hub, fault);
        if (status != STATUS_RETRY || clock_monotonic_us() > give_up_us)
            return status;
        (void)nanosleep(&pause, NULL);
    }
}

/* The first decision waits for the tables: an empty registry would refuse everybody. */
static void *start_workers(void *self)
{
    struct hub *hub = self;
    struct fault fault = {0};
    const struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};

    while (!follower_is_ready(hub->follower) && !atomic_load(&hub->stopping)) {
        if (!follower_is_alive(hub->follower, &fault))
            return NULL;
        (void)nanosleep(&pause, NULL);
    }
    for (unsigned i = 0; i < (unsigned)hub->shared.settings->hub_workers && !atomic_load(&hub->stopping); i++) {
        struct worker *worker = NULL;
        enum status status = worker_start(&hub->shared, i, &worker, &fault);
        (void)pthread_mutex_lock(&hub->lock);
        if (status == STATUS_OK)
            hub->workers[hub->worker_count++] = worker;
        else if (!hub->start_failed)
            hub->start_fault = fault;
        hub->start_failed = hub->start_failed || status != STATUS_OK;
        (void)pthread_mutex_unlock(&hub->lock);
    }
    return NULL;
}

static bool name_process(struct shared *shared)
{
    const char *instance = shared->settings->hub_instance;
    uint64_t number = 0;

    if (instance[0] != '\0')
        return snprintf(shared->name, sizeof shared->name, "%s", instance) < (int)sizeof shared->name;
    if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number)
        return false;
    (void)snprintf(shared->name, sizeof shared->name, "dynamic-%016llx", (unsigned long long)number);
    return true;
}

enum status hub_start(const struct settings *settings, const struct kafka_client *client,
                      const struct hub_options *options, struct hub **hub, struct fault *fault)
{
    struct hub *made = calloc(1, sizeof *made);

    *hub = NULL;
    if (made == NULL)
        return fault_fatal(fault, "memory.out", "no memory for the hub");
    (void)pthread_mutex_init(&made->lock, NULL);
    made->shared.settings = settings;
    made->shared.client = client;
    made->shared.stages = options->stages != NULL ? options->stages : stages_standard;
    made->shared.clock = options->clock;
    (void)snprintf(made->shared.boot_id, sizeof made->shared.boot_id, "%s", options->boot_id);
    if (!name_process(&made->shared)) {
        hub_stop(made);
        return fault_fatal(fault, "hub.name", "no random number to name this process by");
    }
    metrics_register(measures_rows, measures_row_count);

    enum status status = lanes_init(&made->shared.lanes, options->domains, fault);
    if (status == STATUS_OK)
        status = signatures_open(settings, &made->shared.signatures, fault);
    if (status == STATUS_OK)
        status = until_kafka_answers(made, check_topics, fault);
    if (status == STATUS_OK)
        status = open_tables(made, fault);
    if (status == STATUS_OK)
        status = until_kafka_answers(made, start_follower, fault);
    if (status == STATUS_OK && pthread_create(&made->starter, NULL, start_workers, made) != 0)
        status = fault_fatal(fault, "hub.thread", "no thread to start the workers");
    made->has_starter = status == STATUS_OK;
    if (status != STATUS_OK) {
        hub_stop(made);
        return status;
    }
    *hub = made;
    return STATUS_OK;
}

bool hub_is_ready(struct hub *hub)
{
    bool all = true;

    (void)pthread_mutex_lock(&hub->lock);
    size_t count = hub->worker_count;
    for (size_t i = 0; i < count; i++)
        all = all && worker_is_ready(hub->workers[i]);
    (void)pthread_mutex_unlock(&hub->lock);
    return follower_is_ready(hub->follower) && count == (size_t)hub->shared.settings->hub_workers && all;
}

bool hub_is_alive(struct hub *hub, struct fault *fault)
{
    bool alive = follower_is_alive(hub->follower, fault);

    (void)pthread_mutex_lock(&hub->lock);
    if (hub->start_failed) {
        *fault = hub->start_fault;
        alive = false;
    }
    for (size_t i = 0; alive && i < hub->worker_count; i++)
        alive = worker_is_alive(hub->workers[i], fault);
    (void)pthread_mutex_unlock(&hub->lock);
    return alive;
}

uint64_t hub_table_rows(struct hub *hub, const char *table)
{
    return tables_rows_applied(hub->shared.tables, table);
}

bool hub_has_followed(struct hub *hub, const char *topic, int32_t partition, int64_t offset)
{
    return hub_is_ready(hub) && follower_has_read(hub->follower, topic, partition, offset);
}

void hub_stop(struct hub *hub)
{
    if (hub == NULL)
        return;
    atomic_store(&hub->stopping, true);
    if (hub->has_starter)
        (void)pthread_join(hub->starter, NULL);
    for (size_t i = 0; i < hub->worker_count; i++)
        worker_stop(hub->workers[i]);
    for (size_t i = 0; i < hub->worker_count; i++)
        worker_join(hub->workers[i]);
    follower_stop(hub->follower);
    tables_close(hub->shared.tables);
    signatures_close(hub->shared.signatures);
    (void)pthread_mutex_destroy(&hub->lock);
    free(hub);
}

void hub_read_boot_id(char boot_id[64])
{
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");

    boot_id[0] = '\0';
    if (file == NULL)
        return;
    if (fscanf(file, "%63s", boot_id) != 1)
        boot_id[0] = '\0';
    (void)fclose(file);
}

#include "flow/follower.h"

#include "base/clock.h"
#include "base/log.h"
#include "kafka/reader.h"
#include "kafka/source.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum { PARTITIONS_MAX = 64, ASK_TIMEOUT_MS = 10000, IDLE_POLL_MS = 200, RECORDS_MAX = 20000 };

struct followed {
    const char *topic;
    int32_t partition;
    int64_t next, ready_at;
    bool moved; /* in the open transaction */
    atomic_int_fast64_t kept; /* `next` as of the last commit */
};

struct follower {
    struct tables *tables;
    struct reader *reader;
    struct followed followed[PARTITIONS_MAX];
    size_t count;
    pthread_t thread;
    atomic_bool stopping, ready, alive;
    int64_t begun_us;
    struct fault fault;
};

static enum status follow_partition(struct follower *follower, const char *topic, int32_t partition,
                                    struct fault *fault)
{
    struct followed *to = &follower->followed[follower->count];
    int64_t low = 0;

    if (follower->count == PARTITIONS_MAX)
        return fault_fatal(fault, "tables.partitions", "more than %d partitions of tables", PARTITIONS_MAX);
    *to = (struct followed){.topic = topic, .partition = partition};
    enum status status =
        reader_watermarks(follower->reader, topic, partition, ASK_TIMEOUT_MS, &low, &to->ready_at, fault);
    if (status == STATUS_OK)
        status = tables_begin(follower->tables, fault);
    if (status != STATUS_OK)
        return status;
    int64_t kept = tables_offset(follower->tables, topic, partition);
    status = tables_commit(follower->tables, fault);
    if (status == STATUS_OK && kept > to->ready_at)
        status = fault_fatal(fault, "tables.ahead", "the tables stand at %lld but %s/%d ends at %lld: delete the tables' "
                             "folder if the topic was made anew", (long long)kept, topic, (int)partition,
                             (long long)to->ready_at);
    to->next = kept < low ? low : kept;
    atomic_init(&to->kept, to->next);
    follower->count++;
    return status == STATUS_OK ? reader_add(follower->reader, topic, partition, to->next, fault) : status;
}

static enum status follow_topic(struct follower *follower, const char *topic, struct fault *fault)
{
    int32_t partitions = 0;

    enum status status = reader_partition_count(follower->reader, topic, ASK_TIMEOUT_MS, &partitions, fault);
    if (status == STATUS_OK && partitions == 0)
        status = fault_fatal(fault, "topic.missing", "topic %s does not exist: run `medhub ctl topics apply`", topic);
    for (int32_t i = 0; status == STATUS_OK && i < partitions; i++)
        status = follow_partition(follower, topic, i, fault);
    return status;
}

static struct followed *find(struct follower *follower, const char *topic, int32_t partition)
{
    for (size_t i = 0; i < follower->count; i++)
        if (follower->followed[i].partition == partition && strcmp(follower->followed[i].topic, topic) == 0)
            return &follower->followed[i];
    return NULL;
}

static enum status take(struct follower *follower, enum reader_result result, struct record *record,
                        struct fault *fault)
{
    struct followed *from = find(follower, record->topic, record->partition);
    enum status status = STATUS_OK;

    if (result == READER_RECORD) {
        status = tables_apply(follower->tables, record->key, record->value, fault);
        from->next = record->offset + 1;
        from->moved = true;
    } else if (result == READER_END && record->offset > from->next) {
        from->next = record->offset;
        from->moved = true;
    }
    record_release(record);
    return status;
}

static enum status keep_offsets(struct follower *follower, struct fault *fault)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; status == STATUS_OK && i < follower->count; i++) {
        struct followed *each = &follower->followed[i];
        if (each->moved)
            status = tables_set_offset(follower->tables, each->topic, each->partition, each->next, fault);
        each->moved = false;
    }
    return status;
}

static void tell_offsets(struct follower *follower)
{
    for (size_t i = 0; i < follower->count; i++)
        atomic_store(&follower->followed[i].kept, follower->followed[i].next);
}

static void notice_ready(struct follower *follower)
{
    if (atomic_load(&follower->ready))
        return;
    for (size_t i = 0; i < follower->count; i++)
        if (follower->followed[i].next < follower->followed[i].ready_at)
            return;
    atomic_store(&follower->ready, true);
    log_info("tables.ready", LOG_INT("rows", tables_rows_applied(follower->tables, NULL)),
             LOG_INT("milliseconds", (clock_monotonic_us() - follower->begun_us) / 1000));
}

/* Everything that is there now, in one transaction of the tables. */
static enum status follow_once(struct follower *follower, struct fault *fault)
{
    struct record record = {0};
    enum reader_result result = reader_poll(follower->reader, IDLE_POLL_MS, &record, fault);

    if (result == READER_NOTHING || result == READER_ERROR) {
        notice_ready(follower);
        return result == READER_ERROR ? STATUS_FATAL : STATUS_OK;
    }
    enum status status = tables_begin(follower->tables, fault);
    for (size_t i = 1; status == STATUS_OK && result != READER_NOTHING; i++) {
        if (result == READER_ERROR)
            return STATUS_FATAL;
        status = take(follower, result, &record, fault);
        if (i == RECORDS_MAX) /* before the next is polled: what was polled must be taken */
            break;
        result = reader_poll(follower->reader, 0, &record, fault);
    }
    record_release(&record);
    if (status == STATUS_OK)
        status = keep_offsets(follower, fault);
    if (status == STATUS_OK)
        status = tables_commit(follower->tables, fault);
    if (status == STATUS_OK)
        tell_offsets(follower);
    notice_ready(follower);
    return status;
}

static void *run(void *self)
{
    struct follower *follower = self;
    struct fault fault = {0};
    enum status status = STATUS_OK;

    while (status == STATUS_OK && !atomic_load(&follower->stopping))
        status = follow_once(follower, &fault);
    if (status != STATUS_OK) {
        log_error("tables.stopped", LOG_STR("code", fault.code), LOG_STR("text", fault.text));
        follower->fault = fault;
        atomic_store(&follower->alive, false);
    }
    return NULL;
}

static void release(struct follower *follower)
{
    reader_close(follower->reader);
    free(follower);
}

enum status follower_start(const struct kafka_client *client, struct tables *tables, const char *const *topics,
                           size_t topic_count, struct follower **follower, struct fault *fault)
{
    struct follower *made = calloc(1, sizeof *made);

    *follower = NULL;
    if (made == NULL)
        return fault_fatal(fault, "memory.out", "no memory for the follower of the tables");
    made->tables = tables;
    made->begun_us = clock_monotonic_us();
    atomic_store(&made->alive, true);
    enum status status = reader_open(client, true, &made->reader, fault);
    for (size_t i = 0; status == STATUS_OK && i < topic_count; i++)
        status = follow_topic(made, topics[i], fault);
    if (status == STATUS_OK && pthread_create(&made->thread, NULL, run, made) != 0)
        status = fault_fatal(fault, "follower.thread", "no thread for the follower of the tables");
    if (status != STATUS_OK) {
        release(made);
        return status;
    }
    *follower = made;
    return STATUS_OK;
}

bool follower_is_ready(const struct follower *follower)
{
    return atomic_load(&follower->ready);
}

bool follower_has_read(const struct follower *follower, const char *topic, int32_t partition, int64_t offset)
{
    for (size_t i = 0; i < follower->count; i++)
        if (follower->followed[i].partition == partition && strcmp(follower->followed[i].topic, topic) == 0)
            return atomic_load(&follower->followed[i].kept) >= offset;
    return false;
}

bool follower_is_alive(struct follower *follower, struct fault *fault)
{
    if (atomic_load(&follower->alive))
        return true;
    *fault = follower->fault;
    return false;
}

void follower_stop(struct follower *follower)
{
    if (follower == NULL)
        return;
    atomic_store(&follower->stopping, true);
    (void)pthread_join(follower->thread, NULL);
    release(follower);
}

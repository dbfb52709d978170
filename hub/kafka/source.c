#include "kafka/source.h"

#include "base/faults.h"
#include "base/log.h"
#include "kafka/kafka_fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COMMITTED_TIMEOUT_MS = 3000, SEEK_TIMEOUT_MS = 10000, TOPIC_NAMES_MAX = 64 };

struct source {
    rd_kafka_t *handle;
    struct source_events events;
    bool joined;
    /* Names that records point to: one pointer per topic, so that users may compare and cache by it. */
    struct {
        const rd_kafka_topic_t *topic;
        const char *name;
    } names[TOPIC_NAMES_MAX];
    size_t name_count;
};

static rd_kafka_topic_partition_list_t *list_of_one(const char *topic, int32_t partition, int64_t offset)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, partition)->offset = offset;
    return list;
}

static void tell_each(struct source *source, const rd_kafka_topic_partition_list_t *list, bool assigned, bool lost)
{
    for (int i = 0; i < list->cnt; i++) {
        const rd_kafka_topic_partition_t *each = &list->elems[i];
        if (assigned)
            source->events.assigned(source->events.self, each->topic, each->partition);
        else
            source->events.revoked(source->events.self, each->topic, each->partition, lost);
    }
}

/* Where reading begins is decided after the restore, by source_seek; until then nothing may flow. But an assignment needs
 * a position, and a logical one (the beginning) is looked up at the broker: answered after the seek, it undoes it. So the
 * group's own offsets are given where it has any. */
static void set_positions(rd_kafka_t *handle, rd_kafka_topic_partition_list_t *list)
{
    rd_kafka_resp_err_t code = rd_kafka_committed(handle, list, COMMITTED_TIMEOUT_MS);

    for (int i = 0; i < list->cnt; i++)
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR || list->elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR ||
            list->elems[i].offset < 0)
            list->elems[i].offset = RD_KAFKA_OFFSET_BEGINNING;
}

/* Eager protocol (range): the whole set comes and goes at once. Nothing is read before the owner resumes it. */
static void rebalanced(rd_kafka_t *handle, rd_kafka_resp_err_t code, rd_kafka_topic_partition_list_t *list,
                       void *opaque)
{
    struct source *source = opaque;

    if (code == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        log_info("group.assigned", LOG_INT("partitions", list->cnt));
        source->joined = true;
        set_positions(handle, list);
        (void)rd_kafka_assign(handle, list);
        (void)rd_kafka_pause_partitions(handle, list);
        tell_each(source, list, true, false);
    } else {
        bool lost = rd_kafka_assignment_lost(handle);
        log_info("group.revoked", LOG_INT("partitions", list->cnt), LOG_INT("lost", lost));
        tell_each(source, list, false, lost);
        (void)rd_kafka_assign(handle, NULL);
    }
}

static enum status subscribe(struct source *source, const struct source_settings *settings, struct fault *fault)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)settings->topic_count);

    for (size_t i = 0; i < settings->topic_count; i++)
        rd_kafka_topic_partition_list_add(list, settings->topics[i], RD_KAFKA_PARTITION_UA);
    rd_kafka_resp_err_t code = rd_kafka_subscribe(source->handle, list);
    rd_kafka_topic_partition_list_destroy(list);
    return kafka_fault_code(code, "subscribing", fault);
}

static enum status new_handle(struct source *source, const struct kafka_client *client,
                              const struct source_settings *settings, struct fault *fault)
{
    char session[16], interval[16], error[256];

    (void)snprintf(session, sizeof session, "%d", settings->session_timeout_ms);
    (void)snprintf(interval, sizeof interval, "%d", settings->poll_interval_ms_max);
    const char *const rows[][2] = {
        {"group.id", settings->group},
        {"group.instance.id", settings->instance},
        {"partition.assignment.strategy", "range"}, /* equal partition counts go to one member: co-partitioning */
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"isolation.level", is_broken("read_uncommitted") ? "read_uncommitted" : "read_committed"},
        {"auto.offset.reset", "error"}, /* an offset that is gone is a loss to be told, not skipped */
        {"session.timeout.ms", session},
        {"max.poll.interval.ms", interval},
        {"fetch.wait.max.ms", "100"},
        {"fetch.queue.backoff.ms", "20"},
        {"queued.min.messages", "50000"},
        {"queued.max.messages.kbytes", "32768"},
        {"enable.partition.eof", "false"},
        {NULL, NULL},
    };
    rd_kafka_conf_t *conf = kafka_conf_new(client, rows, fault);
    if (conf == NULL)
        return STATUS_FATAL;
    rd_kafka_conf_set_opaque(conf, source);
    rd_kafka_conf_set_rebalance_cb(conf, rebalanced);

    source->handle = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof error);
    if (source->handle == NULL) {
        rd_kafka_conf_destroy(conf);
        return fault_fatal(fault, "kafka.consumer", "no consumer: %s", error);
    }
    rd_kafka_poll_set_consumer(source->handle);
    return STATUS_OK;
}

enum status source_open(const struct kafka_client *client, const struct source_settings *settings,
                        struct source_events events, struct source **source, struct fault *fault)
{
    struct source *made = calloc(1, sizeof *made);

    *source = NULL;
    if (made == NULL)
        return fault_fatal(fault, "memory.out", "no memory for a consumer");
    made->events = events;
    enum status status = new_handle(made, client, settings, fault);
    if (status == STATUS_OK)
        status = subscribe(made, settings, fault);
    if (status != STATUS_OK) {
        source_close(made);
        return status;
    }
    *source = made;
    return STATUS_OK;
}

void source_close(struct source *source)
{
    if (source == NULL)
        return;
    if (source->handle != NULL) {
        (void)rd_kafka_consumer_close(source->handle); /* ignoring: what it could not tell, the session time-out will */
        rd_kafka_destroy(source->handle);
    }
    for (size_t i = 0; i < source->name_count; i++)
        free((char *)source->names[i].name);
    free(source);
}

static const char *name_of(struct source *source, const rd_kafka_topic_t *topic)
{
    const char *name = rd_kafka_topic_name(topic);

    for (size_t i = 0; i < source->name_count; i++)
        if (source->names[i].topic == topic && strcmp(source->names[i].name, name) == 0)
            return source->names[i].name; /* by the address first; after a rebalance it may be another topic's */
    for (size_t i = 0; i < source->name_count; i++)
        if (strcmp(source->names[i].name, name) == 0) {
            source->names[i].topic = topic; /* librdkafka made the handle anew after a rebalance */
            return source->names[i].name;
        }
    if (source->name_count == TOPIC_NAMES_MAX)
        return name;
    char *copy = strdup(name);
    if (copy == NULL)
        return name;
    source->names[source->name_count].topic = topic;
    source->names[source->name_count].name = copy;
    source->name_count++;
    return copy;
}

static void fill_record(struct source *source, rd_kafka_message_t *message, struct record *record)
{
    *record = (struct record){
        .message = message,
        .topic = name_of(source, message->rkt),
        .partition = message->partition,
        .offset = message->offset,
        .timestamp_ms = rd_kafka_message_timestamp(message, NULL),
        .key = bytes_from(message->key, message->key_len),
        .value = bytes_from(message->payload, message->len),
    };
}

bool source_poll(struct source *source, int timeout_ms, struct record *record, struct fault *fault)
{
    fault_clear(fault);
    rd_kafka_message_t *message = rd_kafka_consumer_poll(source->handle, timeout_ms);
    if (message == NULL)
        return false;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        fill_record(source, message, record);
        return true;
    }
    if (kafka_fault_code(message->err, rd_kafka_message_errstr(message), fault) == STATUS_RETRY) {
        log_info("kafka.consumer_trouble", LOG_STR("text", fault->text));
        fault_clear(fault);
    } else if (rd_kafka_fatal_error(source->handle, NULL, 0) == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID) {
        (void)fault_fatal(fault, SOURCE_FENCED, "the group knows another member of this instance id");
    }
    rd_kafka_message_destroy(message);
    return false;
}

bool source_has_joined(const struct source *source)
{
    return source->joined;
}

enum status source_committed(struct source *source, const char *topic, int32_t partition, int timeout_ms,
                             int64_t *next_offset, struct fault *fault)
{
    rd_kafka_topic_partition_list_t *list = list_of_one(topic, partition, RD_KAFKA_OFFSET_INVALID);
    rd_kafka_resp_err_t code = rd_kafka_committed(source->handle, list, timeout_ms);

    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        code = list->elems[0].err;
    int64_t offset = list->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(list);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return kafka_fault_code(code, "reading the group's offset", fault);
    *next_offset = offset >= 0 ? offset : OFFSET_NONE;
    return STATUS_OK;
}

enum status source_seek(struct source *source, const char *topic, int32_t partition, int64_t offset,
                        struct fault *fault)
{
    rd_kafka_topic_partition_list_t *list =
        list_of_one(topic, partition, offset == OFFSET_NONE ? RD_KAFKA_OFFSET_BEGINNING : offset);
    rd_kafka_error_t *error = rd_kafka_seek_partitions(source->handle, list, SEEK_TIMEOUT_MS);
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;

    if (error != NULL) {
        code = rd_kafka_error_code(error);
        rd_kafka_error_destroy(error);
    } else {
        code = list->elems[0].err;
    }
    rd_kafka_topic_partition_list_destroy(list);
    return kafka_fault_code(code, "seeking", fault);
}

void source_pause(struct source *source, const char *topic, int32_t partition)
{
    rd_kafka_topic_partition_list_t *list = list_of_one(topic, partition, RD_KAFKA_OFFSET_INVALID);
    (void)rd_kafka_pause_partitions(source->handle, list); /* fails only for partitions that are not ours any more */
    rd_kafka_topic_partition_list_destroy(list);
}

void source_resume(struct source *source, const char *topic, int32_t partition)
{
    rd_kafka_topic_partition_list_t *list = list_of_one(topic, partition, RD_KAFKA_OFFSET_INVALID);
    (void)rd_kafka_resume_partitions(source->handle, list);
    rd_kafka_topic_partition_list_destroy(list);
}

int64_t source_end(struct source *source, const char *topic, int32_t partition)
{
    int64_t low = 0, high = 0;

    if (rd_kafka_get_watermark_offsets(source->handle, topic, partition, &low, &high) != RD_KAFKA_RESP_ERR_NO_ERROR ||
        high < 0)
        return OFFSET_NONE;
    return high;
}

enum status source_commit_outside(struct source *source, const char *topic, int32_t partition, int64_t next_offset,
                                  struct fault *fault)
{
    rd_kafka_topic_partition_list_t *list = list_of_one(topic, partition, next_offset);
    rd_kafka_resp_err_t code = rd_kafka_commit(source->handle, list, 0);

    rd_kafka_topic_partition_list_destroy(list);
    return kafka_fault_code(code, "committing an offset outside the transaction", fault);
}

void *source_handle(struct source *source)
{
    return source->handle;
}

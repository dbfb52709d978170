#include "kafka/sink.h"

#include "base/clock.h"
#include "base/log.h"
#include "kafka/kafka_fault.h"
#include "kafka/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TOPICS_MAX = 64, SUSPECT_AFTER_US = 2 * 1000 * 1000, QUEUE_WAIT_MS = 50, PURGE_WAIT_MS = 1000 };

struct sink_topic {
    const char *name;
    rd_kafka_topic_t *topic;
};

struct sink {
    rd_kafka_t *handle;
    struct sink_topic topics[TOPICS_MAX];
    size_t topic_count;
    int transaction_timeout_ms;
    bool ending;            /* inside commit or abort */
    bool suspect;           /* see sink_is_suspect */
    bool delivery_failed;   /* a record of this transaction did not arrive */
    rd_kafka_resp_err_t delivery_error;
};

static void delivered(rd_kafka_t *handle, const rd_kafka_message_t *message, void *opaque)
{
    struct sink *sink = opaque;
    int64_t *next_offset = message->_private;
    (void)handle;

    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        sink->delivery_failed = true;
        sink->delivery_error = message->err;
    } else if (next_offset != NULL && *next_offset <= message->offset) {
        *next_offset = message->offset + 1;
    }
}

static void troubled(rd_kafka_t *handle, int code, const char *reason, void *opaque)
{
    struct sink *sink = opaque;

    log_info("kafka.producer_trouble", LOG_STR("handle", rd_kafka_name(handle)),
             LOG_STR("error", rd_kafka_err2name((rd_kafka_resp_err_t)code)), LOG_STR("text", reason));
    if (sink->ending)
        sink->suspect = true;
}

static enum status new_handle(struct sink *sink, const struct kafka_client *client,
                              const struct sink_settings *settings, struct fault *fault)
{
    char timeout[16], linger[16], messages[16], error[256];

    (void)snprintf(timeout, sizeof timeout, "%d", settings->transaction_timeout_ms);
    (void)snprintf(linger, sizeof linger, "%d", settings->linger_ms);
    (void)snprintf(messages, sizeof messages, "%d", settings->messages_max);
    const char *const rows[][2] = {
        {"transactional.id", settings->transactional_id},
        {"transaction.timeout.ms", timeout},
        {"linger.ms", linger},
        {"queue.buffering.max.messages", messages},
        {"compression.type", settings->compression},
        {"message.max.bytes", "4000000"}, /* a parked record is its original and a kilobyte of headers */
        {"partitioner", "murmur2_random"}, /* what Java's clients do: one key, one partition, whoever sends */
        {NULL, NULL},
    };
    rd_kafka_conf_t *conf = kafka_conf_new(client, rows, fault);
    if (conf == NULL)
        return STATUS_FATAL;
    rd_kafka_conf_set_opaque(conf, sink);
    rd_kafka_conf_set_dr_msg_cb(conf, delivered);
    rd_kafka_conf_set_error_cb(conf, troubled);

    sink->handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
    if (sink->handle == NULL) {
        rd_kafka_conf_destroy(conf);
        return fault_fatal(fault, "kafka.producer", "no producer: %s", error);
    }
    return STATUS_OK;
}

static enum status init_transactions(struct sink *sink, int timeout_ms, struct fault *fault)
{
    int64_t give_up_us = clock_monotonic_us() + (int64_t)timeout_ms * 1000;

    for (;;) {
        int left_ms = (int)((give_up_us - clock_monotonic_us()) / 1000);
        if (left_ms <= 0)
            return STATUS_RETRY;
        enum status status = kafka_fault_transaction(rd_kafka_init_transactions(sink->handle, left_ms),
                                                     "initialising transactions", fault);
        if (status != STATUS_RETRY)
            return status;
    }
}

enum status sink_open(const struct kafka_client *client, const struct sink_settings *settings, int timeout_ms,
                      struct sink **sink, struct fault *fault)
{
    struct sink *made = calloc(1, sizeof *made);
    enum status status = STATUS_FATAL;

    *sink = NULL;
    if (made == NULL)
        return fault_fatal(fault, "memory.out", "no memory for a producer");
    made->transaction_timeout_ms = settings->transaction_timeout_ms;

    status = new_handle(made, client, settings, fault);
    if (status == STATUS_OK)
        status = init_transactions(made, timeout_ms, fault);
    if (status != STATUS_OK) {
        sink_close(made);
        return status;
    }
    *sink = made;
    return STATUS_OK;
}

void sink_close(struct sink *sink)
{
    if (sink == NULL)
        return;
    for (size_t i = 0; i < sink->topic_count; i++) {
        rd_kafka_topic_destroy(sink->topics[i].topic);
        free((char *)sink->topics[i].name);
    }
    if (sink->handle != NULL) {
        (void)rd_kafka_purge(sink->handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT); /* ignoring: leaving */
        (void)rd_kafka_poll(sink->handle, 0);
        rd_kafka_destroy(sink->handle);
    }
    free(sink);
}

struct sink_topic *sink_topic(struct sink *sink, const char *name)
{
    for (size_t i = 0; i < sink->topic_count; i++)
        if (strcmp(sink->topics[i].name, name) == 0)
            return &sink->topics[i];

    if (sink->topic_count == TOPICS_MAX)
        return NULL;
    struct sink_topic *made = &sink->topics[sink->topic_count];
    made->name = strdup(name);
    made->topic = made->name == NULL ? NULL : rd_kafka_topic_new(sink->handle, name, NULL);
    if (made->topic == NULL) {
        free((char *)made->name);
        return NULL;
    }
    sink->topic_count++;
    return made;
}

enum status sink_begin(struct sink *sink, struct fault *fault)
{
    sink->delivery_failed = false;
    return kafka_fault_transaction(rd_kafka_begin_transaction(sink->handle), "beginning a transaction", fault);
}

/* librdkafka's argument macros are statement expressions; its array form frees headers twice before 2.12. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"

/* One attempt. On success librdkafka owns the headers; on failure they stay ours. */
static rd_kafka_resp_err_t produce_once(struct sink *sink, struct sink_topic *topic, int32_t partition,
                                        struct bytes key, struct bytes value, struct headers *headers,
                                        int64_t *next_offset)
{
    if (headers == NULL) {
        int failed = rd_kafka_produce(topic->topic, partition, RD_KAFKA_MSG_F_COPY, (void *)value.data, value.length,
                                      key.data, key.length, next_offset);
        return failed == 0 ? RD_KAFKA_RESP_ERR_NO_ERROR : rd_kafka_last_error();
    }
    return rd_kafka_producev(sink->handle, RD_KAFKA_V_RKT(topic->topic), RD_KAFKA_V_PARTITION(partition),
                             RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key.data, key.length),
                             RD_KAFKA_V_VALUE((void *)value.data, value.length),
                             RD_KAFKA_V_HEADERS((rd_kafka_headers_t *)headers), RD_KAFKA_V_OPAQUE(next_offset),
                             RD_KAFKA_V_END);
}

#pragma GCC diagnostic pop

enum status sink_produce(struct sink *sink, struct sink_topic *topic, int32_t partition, struct bytes key,
                         struct bytes value, struct headers *headers, int64_t *next_offset, struct fault *fault)
{
    int64_t give_up_us = clock_monotonic_us() + (int64_t)sink->transaction_timeout_ms * 1000;
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;

    for (;;) {
        code = produce_once(sink, topic, partition, key, value, headers, next_offset);
        if (code != RD_KAFKA_RESP_ERR__QUEUE_FULL || clock_monotonic_us() > give_up_us)
            break;
        (void)rd_kafka_poll(sink->handle, QUEUE_WAIT_MS);
    }
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return STATUS_OK;
    headers_free(headers);
    (void)fault_reject(fault, "kafka.produce", "producing to %s: %s", topic->name, rd_kafka_err2str(code));
    return code == RD_KAFKA_RESP_ERR__FATAL ? STATUS_FATAL : STATUS_REJECT;
}

static rd_kafka_topic_partition_list_t *offset_list(const struct sink_offset *offsets, size_t count)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);

    for (size_t i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(list, offsets[i].topic, offsets[i].partition)->offset =
            offsets[i].next_offset;
    return list;
}

enum status sink_send_offsets(struct sink *sink, struct source *source, const struct sink_offset *offsets,
                              size_t count, struct fault *fault)
{
    int64_t give_up_us = clock_monotonic_us() + (int64_t)sink->transaction_timeout_ms * 1000;
    rd_kafka_consumer_group_metadata_t *member = rd_kafka_consumer_group_metadata(source_handle(source));
    rd_kafka_topic_partition_list_t *list = offset_list(offsets, count);
    enum status status = STATUS_RETRY;

    while (status == STATUS_RETRY) {
        status = kafka_fault_transaction(rd_kafka_send_offsets_to_transaction(sink->handle, list, member, -1),
                                         "sending offsets to the transaction", fault);
        if (status == STATUS_RETRY && clock_monotonic_us() > give_up_us)
            status = STATUS_FATAL;
    }
    rd_kafka_topic_partition_list_destroy(list);
    rd_kafka_consumer_group_metadata_destroy(member);
    return status;
}

/* Calls END (commit or abort) until it is decided; -1 lets librdkafka use what is left of the transaction's time. */
static enum status end_transaction(struct sink *sink, rd_kafka_error_t *(*end)(rd_kafka_t *, int), const char *doing,
                                   struct fault *fault)
{
    int64_t begun_us = clock_monotonic_us();
    int64_t give_up_us = begun_us + (int64_t)sink->transaction_timeout_ms * 1000;
    enum status status = STATUS_RETRY;

    sink->ending = true;
    while (status == STATUS_RETRY) {
        status = kafka_fault_transaction(end(sink->handle, -1), doing, fault);
        if (status == STATUS_RETRY) {
            sink->suspect = true;
            if (clock_monotonic_us() > give_up_us)
                status = STATUS_FATAL;
        }
    }
    (void)rd_kafka_poll(sink->handle, 0); /* delivery reports and errors that came meanwhile */
    sink->ending = false;
    if (clock_monotonic_us() - begun_us > SUSPECT_AFTER_US)
        sink->suspect = true;
    return status;
}

enum status sink_commit(struct sink *sink, struct fault *fault)
{
    enum status status = end_transaction(sink, rd_kafka_commit_transaction, "committing", fault);

    /* A transaction with a lost record does not commit; this checks librdkafka's word from our side. */
    if (status == STATUS_OK && sink->delivery_failed)
        return fault_fatal(fault, "kafka.lost", "committed although a record failed: %s",
                           rd_kafka_err2str(sink->delivery_error));
    return status;
}

enum status sink_abort(struct sink *sink, struct fault *fault)
{
    return end_transaction(sink, rd_kafka_abort_transaction, "aborting", fault);
}

bool sink_is_suspect(const struct sink *sink)
{
    return sink->suspect;
}

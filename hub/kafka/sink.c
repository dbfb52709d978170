#include "kafka/sink.h"

#include "base/clock.h"
#include "base/log.h"
#include "kafka/kafka_fault.h"
#include "kafka/source.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TOPICS_MAX = 64, SUSPECT_AFTER_US = 2 * 1000 * 1000, QUEUE_WAIT_MS = 50, FLUSH_MS = 500 };

struct sink_topic {
    const char *name;
    rd_kafka_topic_t *topic;
};

/* librdkafka tells of a lost connection on its broker's thread, in its log alone: it retries by itself, and its error
 * callback hears only of connections that do not come. So this outlives the sink if the handle does. */
struct watch {
    struct sink *sink;   /* for callbacks that are served on the owner's thread */
    atomic_bool ending;  /* inside commit or abort */
    atomic_bool suspect; /* see sink_is_suspect */
};

static struct watch no_watch; /* of a sink whose handle was given up */

struct sink {
    rd_kafka_t *handle;
    struct sink_topic topics[TOPICS_MAX];
    size_t topic_count;
    int transaction_timeout_ms;
    struct watch *watch;
    bool delivery_failed;   /* a record of this transaction did not arrive */
    rd_kafka_resp_err_t delivery_error;
};

static void delivered(rd_kafka_t *handle, const rd_kafka_message_t *message, void *opaque)
{
    struct sink *sink = ((struct watch *)opaque)->sink;
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
    struct watch *watch = opaque;

    log_info("kafka.producer_trouble", LOG_STR("handle", rd_kafka_name(handle)),
             LOG_STR("error", rd_kafka_err2name((rd_kafka_resp_err_t)code)), LOG_STR("text", reason));
    if (atomic_load(&watch->ending))
        atomic_store(&watch->suspect, true);
}

/* "FAIL" is the facility under which each connection ends. Any thread. */
static void overheard(const rd_kafka_t *handle, int level, const char *facility, const char *text)
{
    struct watch *watch = rd_kafka_opaque(handle);

    if (strcmp(facility, "FAIL") == 0 && atomic_load(&watch->ending))
        atomic_store(&watch->suspect, true);
    kafka_log(handle, level, facility, text);
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
        {"retry.backoff.ms", "10"}, /* while the broker ends the last transaction it refuses the next; 100 would be its wait */
        {"log.connection.close", "true"}, /* see overheard() */
        {"message.max.bytes", "4000000"}, /* a parked record is its original and a kilobyte of headers */
        {"partitioner", "murmur2_random"}, /* what Java's clients do: one key, one partition, whoever sends */
        {NULL, NULL},
    };
    rd_kafka_conf_t *conf = kafka_conf_new(client, rows, fault);
    if (conf == NULL)
        return STATUS_FATAL;
    rd_kafka_conf_set_opaque(conf, sink->watch);
    rd_kafka_conf_set_log_cb(conf, overheard);
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
    if (made == NULL || (made->watch = calloc(1, sizeof *made->watch)) == NULL) {
        free(made);
        return fault_fatal(fault, "memory.out", "no memory for a producer");
    }
    made->watch->sink = made;
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

static void release_topics(struct sink *sink)
{
    for (size_t i = 0; i < sink->topic_count; i++) {
        rd_kafka_topic_destroy(sink->topics[i].topic);
        free((char *)sink->topics[i].name);
    }
    sink->topic_count = 0;
}

void sink_close(struct sink *sink)
{
    if (sink == NULL)
        return;
    release_topics(sink);
    if (sink->handle != NULL) {
        (void)rd_kafka_purge(sink->handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT); /* ignoring: leaving */
        (void)rd_kafka_poll(sink->handle, 0);
        rd_kafka_destroy(sink->handle);
    }
    if (sink->watch != &no_watch)
        free(sink->watch);
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
    rd_kafka_resp_err_t code = produce_once(sink, topic, partition, key, value, headers, next_offset);
    int64_t give_up_us = 0; /* the clock is read only where a full queue is waited for */

    while (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
        int64_t now_us = clock_monotonic_us();
        if (give_up_us == 0)
            give_up_us = now_us + (int64_t)sink->transaction_timeout_ms * 1000;
        if (now_us > give_up_us)
            break;
        (void)rd_kafka_poll(sink->handle, QUEUE_WAIT_MS);
        code = produce_once(sink, topic, partition, key, value, headers, next_offset);
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

/* rd_kafka_send_offsets_to_transaction waits for ever when the group's coordinator is gone for good, whatever time-out it
 * is given (librdkafka's issues 5456 and 5511, open in 2.14.2). So it is called on a thread of its own: if it does not come
 * back in time, handle and thread are left to each other, and a new producer with the same id takes over. */
struct offsets_call {
    rd_kafka_t *handle;
    rd_kafka_topic_partition_list_t *list;
    rd_kafka_consumer_group_metadata_t *member;
    int timeout_ms;
    pthread_mutex_t lock; /* over what follows */
    pthread_cond_t ended;
    rd_kafka_error_t *error;
    bool done;
    bool abandoned; /* the thread releases the call, and the handle too */
};

static void offsets_call_free(struct offsets_call *call)
{
    rd_kafka_topic_partition_list_destroy(call->list);
    rd_kafka_consumer_group_metadata_destroy(call->member);
    (void)pthread_cond_destroy(&call->ended);
    (void)pthread_mutex_destroy(&call->lock);
    free(call);
}

static void *make_offsets_call(void *self)
{
    struct offsets_call *call = self;
    rd_kafka_error_t *error =
        rd_kafka_send_offsets_to_transaction(call->handle, call->list, call->member, call->timeout_ms);

    (void)pthread_mutex_lock(&call->lock);
    bool abandoned = call->abandoned;
    call->error = error;
    call->done = true;
    (void)pthread_cond_signal(&call->ended);
    (void)pthread_mutex_unlock(&call->lock);
    if (abandoned) {
        rd_kafka_error_destroy(error);
        struct watch *watch = rd_kafka_opaque(call->handle);
        rd_kafka_destroy(call->handle); /* nobody polls it, so no report reaches who has given it up */
        free(watch);
        offsets_call_free(call);
    }
    return NULL;
}

static struct offsets_call *offsets_call_new(struct sink *sink, struct source *source,
                                             const struct sink_offset *offsets, size_t count, int timeout_ms)
{
    struct offsets_call *call = calloc(1, sizeof *call);
    pthread_condattr_t monotonic;

    if (call == NULL)
        return NULL;
    call->handle = sink->handle;
    call->list = offset_list(offsets, count);
    call->member = rd_kafka_consumer_group_metadata(source_handle(source));
    call->timeout_ms = timeout_ms;
    (void)pthread_mutex_init(&call->lock, NULL);
    (void)pthread_condattr_init(&monotonic);
    (void)pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&call->ended, &monotonic);
    (void)pthread_condattr_destroy(&monotonic);
    return call;
}

static bool start_offsets_call(struct offsets_call *call)
{
    pthread_attr_t detached;
    pthread_t thread;

    (void)pthread_attr_init(&detached);
    (void)pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
    bool started = pthread_create(&thread, &detached, make_offsets_call, call) == 0;
    (void)pthread_attr_destroy(&detached);
    return started;
}

/* False: it did not end within its time, and is abandoned. */
static bool await_offsets_call(struct offsets_call *call)
{
    struct timespec until;
    int waited = 0;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += call->timeout_ms / 1000 + 1; /* librdkafka may answer by itself first */
    (void)pthread_mutex_lock(&call->lock);
    while (!call->done && waited == 0)
        waited = pthread_cond_timedwait(&call->ended, &call->lock, &until);
    bool done = call->done;
    call->abandoned = !done;
    (void)pthread_mutex_unlock(&call->lock);
    return done;
}

static enum status send_offsets_once(struct sink *sink, struct source *source, const struct sink_offset *offsets,
                                     size_t count, int timeout_ms, struct fault *fault)
{
    struct offsets_call *call = offsets_call_new(sink, source, offsets, count, timeout_ms);

    if (call == NULL || !start_offsets_call(call)) {
        if (call != NULL)
            offsets_call_free(call);
        (void)fault_reject(fault, "memory.out", "no memory to send offsets");
        return STATUS_REJECT;
    }
    /* Meanwhile the records go out, and do not wait for their linger. Whether all arrive asks the commit. */
    (void)rd_kafka_flush(sink->handle, timeout_ms < FLUSH_MS ? timeout_ms : FLUSH_MS);
    if (!await_offsets_call(call)) {
        release_topics(sink);
        sink->handle = NULL; /* the thread's now, and so is the watch */
        sink->watch = &no_watch;
        return fault_fatal(fault, "kafka.stuck", "sending offsets to the transaction did not end within %d ms",
                           timeout_ms);
    }
    enum status status = kafka_fault_transaction(call->error, "sending offsets to the transaction", fault);
    offsets_call_free(call);
    return status;
}

enum status sink_send_offsets(struct sink *sink, struct source *source, const struct sink_offset *offsets,
                              size_t count, struct fault *fault)
{
    int64_t give_up_us = clock_monotonic_us() + (int64_t)sink->transaction_timeout_ms * 1000;
    enum status status = STATUS_RETRY;

    while (status == STATUS_RETRY) {
        int64_t left_ms = (give_up_us - clock_monotonic_us()) / 1000;
        if (left_ms <= 0)
            return STATUS_FATAL;
        status = send_offsets_once(sink, source, offsets, count, (int)left_ms, fault);
    }
    return status;
}

/* Calls END (commit or abort) until it is decided; -1 lets librdkafka use what is left of the transaction's time. */
static enum status end_transaction(struct sink *sink, rd_kafka_error_t *(*end)(rd_kafka_t *, int), const char *doing,
                                   struct fault *fault)
{
    int64_t begun_us = clock_monotonic_us();
    int64_t give_up_us = begun_us + (int64_t)sink->transaction_timeout_ms * 1000;
    enum status status = STATUS_RETRY;

    atomic_store(&sink->watch->ending, true);
    while (status == STATUS_RETRY) {
        status = kafka_fault_transaction(end(sink->handle, -1), doing, fault);
        if (status == STATUS_RETRY) {
            atomic_store(&sink->watch->suspect, true);
            if (clock_monotonic_us() > give_up_us)
                status = STATUS_FATAL;
        }
    }
    (void)rd_kafka_poll(sink->handle, 0); /* delivery reports and errors that came meanwhile */
    atomic_store(&sink->watch->ending, false);
    if (clock_monotonic_us() - begun_us > SUSPECT_AFTER_US)
        atomic_store(&sink->watch->suspect, true);
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
    return atomic_load(&sink->watch->suspect);
}

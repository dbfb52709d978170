#include "kafka/publisher.h"

#include "kafka/kafka_fault.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

struct publisher {
    rd_kafka_t *handle;
    rd_kafka_queue_t *reports; /* what rd_kafka_poll serves */
    publisher_report *report;
    void *self;
    atomic_size_t pending;
};

/* A record whose topic is known not to exist is reported inside the call that sends it, which then fails as well. */
static _Thread_local bool is_reported;

static void tell(struct publisher *publisher, const rd_kafka_message_t *message)
{
    struct fault fault = {0};

    (void)atomic_fetch_sub(&publisher->pending, 1);
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        publisher->report(publisher->self, message->_private, message->partition, message->offset, NULL);
        return;
    }
    (void)fault_retry(&fault, "kafka.not_delivered", "%s: %s", rd_kafka_topic_name(message->rkt),
                      rd_kafka_err2str(message->err));
    publisher->report(publisher->self, message->_private, message->partition, -1, &fault);
}

/* On the owner's thread: librdkafka calls it only from rd_kafka_poll and rd_kafka_flush. */
static void delivered(rd_kafka_t *handle, const rd_kafka_message_t *message, void *opaque)
{
    (void)handle;

    tell(opaque, message);
}

/* On the thread that heard the broker's answer. */
static rd_kafka_resp_err_t told(rd_kafka_t *handle, rd_kafka_message_t *message, void *self)
{
    (void)handle;

    is_reported = true;
    tell(self, message);
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static rd_kafka_resp_err_t intercept(rd_kafka_t *handle, const rd_kafka_conf_t *conf, void *self, char *error,
                                     size_t error_bytes)
{
    (void)conf, (void)error, (void)error_bytes;

    return rd_kafka_interceptor_add_on_acknowledgement(handle, "medhub", told, self);
}

static void ask_for_reports(rd_kafka_conf_t *conf, struct publisher *publisher, bool at_once)
{
    rd_kafka_conf_set_opaque(conf, publisher);
    if (at_once)
        (void)rd_kafka_conf_interceptor_add_on_new(conf, "medhub", intercept, publisher); /* the only one: no conflict */
    else
        rd_kafka_conf_set_dr_msg_cb(conf, delivered);
}

static enum status new_handle(struct publisher *publisher, const struct kafka_client *client,
                              const struct publisher_settings *settings, struct fault *fault)
{
    char messages[16], timeout[16], linger[16], error[256];

    (void)snprintf(messages, sizeof messages, "%d", settings->messages_max);
    (void)snprintf(timeout, sizeof timeout, "%d", settings->delivery_timeout_ms);
    (void)snprintf(linger, sizeof linger, "%d", settings->linger_ms);
    const char *const rows[][2] = {
        {"enable.idempotence", "true"},
        {"acks", "all"},
        {"partitioner", "murmur2_random"},
        {"queue.buffering.max.messages", messages},
        {"delivery.timeout.ms", timeout},
        {"linger.ms", linger},
        {"compression.type", settings->compression},
        {"allow.auto.create.topics", "false"},
        {NULL, NULL},
    };
    rd_kafka_conf_t *conf = kafka_conf_new(client, rows, fault);
    if (conf == NULL)
        return STATUS_FATAL;
    ask_for_reports(conf, publisher, settings->report_at_once);
    publisher->handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
    if (publisher->handle == NULL) {
        rd_kafka_conf_destroy(conf);
        return fault_fatal(fault, "kafka.publisher", "no publisher: %s", error);
    }
    publisher->reports = rd_kafka_queue_get_main(publisher->handle);
    return STATUS_OK;
}

enum status publisher_open(const struct kafka_client *client, const struct publisher_settings *settings,
                           publisher_report *report, void *self, struct publisher **publisher,
                           struct fault *fault)
{
    struct publisher *made = calloc(1, sizeof *made);

    *publisher = NULL;
    if (made == NULL)
        return fault_fatal(fault, "memory.out", "no memory for a publisher");
    made->report = report;
    made->self = self;
    enum status status = new_handle(made, client, settings, fault);
    if (status != STATUS_OK) {
        publisher_close(made);
        return status;
    }
    *publisher = made;
    return STATUS_OK;
}

void publisher_close(struct publisher *publisher)
{
    enum { PURGE_WAIT_MS = 1000 };

    if (publisher == NULL)
        return;
    if (publisher->handle != NULL) {
        (void)rd_kafka_purge(publisher->handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        (void)rd_kafka_flush(publisher->handle,
                             PURGE_WAIT_MS); /* ignoring: what is left is reported as failed */
        rd_kafka_queue_destroy(publisher->reports);
        rd_kafka_destroy(publisher->handle);
    }
    free(publisher);
}

/* One attempt. On success librdkafka owns the headers; on failure they stay ours. */
static rd_kafka_resp_err_t produce(struct publisher *publisher, const char *topic, struct bytes key,
                                   struct bytes value, struct headers *headers, void *context)
{
    rd_kafka_vu_t parts[] = {
        {.vtype = RD_KAFKA_VTYPE_TOPIC, .u.cstr = topic},
        {.vtype = RD_KAFKA_VTYPE_MSGFLAGS, .u.i = RD_KAFKA_MSG_F_COPY},
        {.vtype = RD_KAFKA_VTYPE_KEY, .u.mem = {(void *)key.data, key.length}},
        {.vtype = RD_KAFKA_VTYPE_VALUE, .u.mem = {(void *)value.data, value.length}},
        {.vtype = RD_KAFKA_VTYPE_OPAQUE, .u.ptr = context},
        {.vtype = RD_KAFKA_VTYPE_HEADERS, .u.headers = (rd_kafka_headers_t *)headers},
    };
    size_t count = sizeof parts / sizeof *parts - (headers == NULL);

    rd_kafka_error_t *error = rd_kafka_produceva(publisher->handle, parts, count);
    if (error == NULL)
        return RD_KAFKA_RESP_ERR_NO_ERROR;
    rd_kafka_resp_err_t code = rd_kafka_error_code(error);
    rd_kafka_error_destroy(error);
    return code;
}

enum status publisher_send(struct publisher *publisher, const char *topic, struct bytes key,
                           struct bytes value, struct headers *headers, void *context, struct fault *fault)
{
    (void)atomic_fetch_add(&publisher->pending, 1); /* before its report can come */
    is_reported = false;
    rd_kafka_resp_err_t code = produce(publisher, topic, key, value, headers, context);

    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        return STATUS_OK;
    if (is_reported) {
        headers_free(headers);
        return STATUS_OK;
    }
    (void)atomic_fetch_sub(&publisher->pending, 1);
    if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL)
        return fault_retry(fault, "kafka.queue_full", "the queue to the brokers is full");
    headers_free(headers);
    (void)fault_reject(fault, "kafka.produce", "producing to %s: %s", topic, rd_kafka_err2str(code));
    return code == RD_KAFKA_RESP_ERR__FATAL ? STATUS_FATAL : STATUS_REJECT;
}

void publisher_poll(struct publisher *publisher, int timeout_ms)
{
    (void)rd_kafka_poll(publisher->handle, timeout_ms);
}

void publisher_wake(struct publisher *publisher)
{
    rd_kafka_queue_yield(publisher->reports);
}

size_t publisher_pending(const struct publisher *publisher)
{
    return atomic_load(&publisher->pending);
}

enum status publisher_flush(struct publisher *publisher, int timeout_ms, struct fault *fault)
{
    rd_kafka_resp_err_t code = rd_kafka_flush(publisher->handle, timeout_ms);
    return kafka_fault_code(code, "waiting for acknowledgements", fault);
}

#include "kafka/reader.h"

#include "base/faults.h"
#include "base/log.h"
#include "kafka/kafka_fault.h"
#include "kafka/source.h" /* OFFSET_NONE */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_MAX = 128 };

struct reader {
    rd_kafka_t *handle;
    char *names[NAMES_MAX]; /* what records and ends point to */
    size_t name_count;
};

enum status reader_open(const struct kafka_client *client, bool read_committed, struct reader **reader,
                        struct fault *fault)
{
    return reader_open_bounded(client, read_committed, 65536, reader, fault);
}

enum status reader_open_bounded(const struct kafka_client *client, bool read_committed, int ahead_kilobytes,
                                struct reader **reader, struct fault *fault)
{
    char ahead[16];

    (void)snprintf(ahead, sizeof ahead, "%d", ahead_kilobytes);
    const char *const rows[][2] = {
        {"group.id", "medhub-reader"}, /* required by the library, never joined */
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"enable.partition.eof", "true"},
        {"isolation.level", read_committed ? "read_committed" : "read_uncommitted"},
        {"auto.offset.reset", "earliest"},
        {"fetch.wait.max.ms", "50"},
        {"fetch.queue.backoff.ms", "10"},
        {"queued.min.messages", "100000"},
        {"queued.max.messages.kbytes", ahead},
        {NULL, NULL},
    };
    struct reader *made = calloc(1, sizeof *made);
    char error[256];

    *reader = NULL;
    if (made == NULL)
        return fault_fatal(fault, "memory.out", "no memory for a reader");
    rd_kafka_conf_t *conf = kafka_conf_new(client, rows, fault);
    if (conf == NULL) {
        free(made);
        return STATUS_FATAL;
    }
    made->handle = rd_kafka_new(RD_KAFKA_CONSUMER, conf, error, sizeof error);
    if (made->handle == NULL) {
        rd_kafka_conf_destroy(conf);
        free(made);
        return fault_fatal(fault, "kafka.reader", "no reader: %s", error);
    }
    rd_kafka_poll_set_consumer(made->handle);
    *reader = made;
    return STATUS_OK;
}

void reader_close(struct reader *reader)
{
    if (reader == NULL)
        return;
    (void)rd_kafka_consumer_close(reader->handle);
    rd_kafka_destroy(reader->handle);
    for (size_t i = 0; i < reader->name_count; i++)
        free(reader->names[i]);
    free(reader);
}

static const char *keep_name(struct reader *reader, const char *name)
{
    for (size_t i = 0; i < reader->name_count; i++)
        if (strcmp(reader->names[i], name) == 0)
            return reader->names[i];
    if (reader->name_count == NAMES_MAX)
        return NULL;
    char *copy = strdup(name);
    if (copy != NULL)
        reader->names[reader->name_count++] = copy;
    return copy;
}

enum status reader_partition_count(struct reader *reader, const char *topic, int timeout_ms, int32_t *count,
                                   struct fault *fault)
{
    rd_kafka_topic_t *handle = rd_kafka_topic_new(reader->handle, topic, NULL);
    const struct rd_kafka_metadata *metadata = NULL;

    *count = 0;
    rd_kafka_resp_err_t code = rd_kafka_metadata(reader->handle, 0, handle, &metadata, timeout_ms);
    rd_kafka_topic_destroy(handle);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        return kafka_fault_code(code, "asking for partitions", fault);
    code = metadata->topic_cnt == 1 ? metadata->topics[0].err : RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        *count = metadata->topics[0].partition_cnt;
    rd_kafka_metadata_destroy(metadata);
    if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC)
        return STATUS_OK; /* it does not exist */
    return kafka_fault_code(code, "asking for partitions", fault);
}

/* ListOffsets asks the leader that the handle remembers, for minutes after that node has died. */
static void refresh_leader(struct reader *reader, const char *topic, int timeout_ms)
{
    rd_kafka_topic_t *handle = rd_kafka_topic_new(reader->handle, topic, NULL);
    const struct rd_kafka_metadata *metadata = NULL;

    if (rd_kafka_metadata(reader->handle, 0, handle, &metadata, timeout_ms) == RD_KAFKA_RESP_ERR_NO_ERROR)
        rd_kafka_metadata_destroy(metadata);
    rd_kafka_topic_destroy(handle);
}

/* rd_kafka_query_watermark_offsets answers with the last stable offset to a read_committed handle, so the high
 * watermark is asked for with ListOffsets and its own isolation level where the library has it. */
#if RD_KAFKA_VERSION >= 0x020300ff
static void take_offsets(const rd_kafka_ListOffsets_result_t *result, struct reader_ends *ends, size_t count, bool low)
{
    size_t answered = 0;
    const rd_kafka_ListOffsetsResultInfo_t **infos = rd_kafka_ListOffsets_result_infos(result, &answered);

    for (size_t i = 0; i < answered; i++) {
        const rd_kafka_topic_partition_t *answer = rd_kafka_ListOffsetsResultInfo_topic_partition(infos[i]);
        for (size_t j = 0; j < count; j++)
            if (answer->err == RD_KAFKA_RESP_ERR_NO_ERROR && answer->partition == ends[j].partition &&
                strcmp(answer->topic, ends[j].topic) == 0)
                *(low ? &ends[j].low : &ends[j].high) = answer->offset;
    }
}

static rd_kafka_resp_err_t list_offsets(struct reader *reader, struct reader_ends *ends, size_t count, bool low,
                                        int timeout_ms)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)count);
    rd_kafka_AdminOptions_t *options = rd_kafka_AdminOptions_new(reader->handle, RD_KAFKA_ADMIN_OP_LISTOFFSETS);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(reader->handle);
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__TIMED_OUT;

    for (size_t i = 0; i < count; i++)
        rd_kafka_topic_partition_list_add(list, ends[i].topic, ends[i].partition)->offset =
            low ? RD_KAFKA_OFFSET_SPEC_EARLIEST : RD_KAFKA_OFFSET_SPEC_LATEST;
    (void)rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms, NULL, 0);
    (void)rd_kafka_AdminOptions_set_isolation_level(options, is_broken("restore_to_stable_offset")
                                                                 ? RD_KAFKA_ISOLATION_LEVEL_READ_COMMITTED
                                                                 : RD_KAFKA_ISOLATION_LEVEL_READ_UNCOMMITTED);
    rd_kafka_ListOffsets(reader->handle, list, options, queue);

    rd_kafka_event_t *event = rd_kafka_queue_poll(queue, timeout_ms);
    if (event != NULL) {
        code = rd_kafka_event_error(event);
        const rd_kafka_ListOffsets_result_t *result = rd_kafka_event_ListOffsets_result(event);
        if (code == RD_KAFKA_RESP_ERR_NO_ERROR && result != NULL)
            take_offsets(result, ends, count, low);
        rd_kafka_event_destroy(event);
    }
    rd_kafka_queue_destroy(queue);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_topic_partition_list_destroy(list);
    return code;
}

static rd_kafka_resp_err_t ask_ends(struct reader *reader, struct reader_ends *ends, size_t count, int timeout_ms)
{
    for (size_t i = 0; i < count; i++)
        ends[i].low = ends[i].high = -1;
    rd_kafka_resp_err_t code = list_offsets(reader, ends, count, true, timeout_ms);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        code = list_offsets(reader, ends, count, false, timeout_ms);
    for (size_t i = 0; i < count; i++)
        if (ends[i].low < 0 || ends[i].high < 0)
            ends[i].low = ends[i].high = -1;
    return code;
}

static rd_kafka_resp_err_t watermarks(struct reader *reader, const char *topic, int32_t partition, int timeout_ms,
                                      int64_t *low, int64_t *high)
{
    struct reader_ends ends = {.topic = topic, .partition = partition};

    rd_kafka_resp_err_t code = ask_ends(reader, &ends, 1, timeout_ms);
    /* Where the leader went away while it was asked, the answer is "no such entry", or no error and no offset. */
    if (code == RD_KAFKA_RESP_ERR__NOENT || (code == RD_KAFKA_RESP_ERR_NO_ERROR && ends.high < 0))
        code = RD_KAFKA_RESP_ERR__TRANSPORT;
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        refresh_leader(reader, topic, timeout_ms);
    *low = ends.low;
    *high = ends.high;
    return code;
}
#else
static rd_kafka_resp_err_t watermarks(struct reader *reader, const char *topic, int32_t partition, int timeout_ms,
                                      int64_t *low, int64_t *high)
{
    rd_kafka_resp_err_t code = rd_kafka_query_watermark_offsets(reader->handle, topic, partition, low, high, timeout_ms);
    int64_t cached_low = 0, cached_high = 0;

    /* The cached value, once something was fetched, is the real high watermark. */
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR &&
        rd_kafka_get_watermark_offsets(reader->handle, topic, partition, &cached_low, &cached_high) ==
            RD_KAFKA_RESP_ERR_NO_ERROR &&
        cached_high > *high)
        *high = cached_high;
    return code;
}
#endif

#if RD_KAFKA_VERSION < 0x020300ff
static rd_kafka_resp_err_t ask_ends(struct reader *reader, struct reader_ends *ends, size_t count, int timeout_ms)
{
    for (size_t i = 0; i < count; i++) {
        ends[i].low = ends[i].high = -1;
        rd_kafka_resp_err_t code =
            watermarks(reader, ends[i].topic, ends[i].partition, timeout_ms, &ends[i].low, &ends[i].high);
        if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
            return code;
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}
#endif

enum status reader_ends(struct reader *reader, struct reader_ends *ends, size_t count, int timeout_ms,
                        struct fault *fault)
{
    if (count == 0)
        return STATUS_OK;
    rd_kafka_resp_err_t code = ask_ends(reader, ends, count, timeout_ms);
    for (size_t i = 0; i < count && code == RD_KAFKA_RESP_ERR_NO_ERROR; i++)
        if (ends[i].high >= 0)
            return STATUS_OK;
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR || code == RD_KAFKA_RESP_ERR__NOENT)
        code = RD_KAFKA_RESP_ERR__TRANSPORT;
    refresh_leader(reader, ends[0].topic, timeout_ms);
    return kafka_fault_code(code, "asking for ends", fault);
}

enum status reader_watermarks(struct reader *reader, const char *topic, int32_t partition, int timeout_ms, int64_t *low,
                              int64_t *high, struct fault *fault)
{
    return kafka_fault_code(watermarks(reader, topic, partition, timeout_ms, low, high), "asking for watermarks",
                            fault);
}

enum status reader_offset_at(struct reader *reader, const char *topic, int32_t partition, int64_t unix_ms,
                             int timeout_ms, int64_t *offset, struct fault *fault)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);

    rd_kafka_topic_partition_list_add(list, topic, partition)->offset = unix_ms;
    rd_kafka_resp_err_t code = rd_kafka_offsets_for_times(reader->handle, list, timeout_ms);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR)
        code = list->elems[0].err;
    *offset = list->elems[0].offset;
    rd_kafka_topic_partition_list_destroy(list);
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR && *offset < 0) {
        int64_t low = 0;
        return reader_watermarks(reader, topic, partition, timeout_ms, &low, offset, fault);
    }
    return kafka_fault_code(code, "looking up an offset by time", fault);
}

enum status reader_add(struct reader *reader, const char *topic, int32_t partition, int64_t offset,
                       struct fault *fault)
{
    const char *name = keep_name(reader, topic);
    if (name == NULL)
        return fault_fatal(fault, "reader.topics", "no room for another topic");

    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, name, partition)->offset =
        offset == OFFSET_NONE ? RD_KAFKA_OFFSET_BEGINNING : offset;
    rd_kafka_error_t *error = rd_kafka_incremental_assign(reader->handle, list);
    rd_kafka_topic_partition_list_destroy(list);
    return kafka_fault_transaction(error, "adding a partition to read", fault);
}

enum status reader_remove(struct reader *reader, const char *topic, int32_t partition, struct fault *fault)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
    rd_kafka_topic_partition_list_add(list, topic, partition);
    rd_kafka_error_t *error = rd_kafka_incremental_unassign(reader->handle, list);
    rd_kafka_topic_partition_list_destroy(list);
    return kafka_fault_transaction(error, "taking a partition out", fault);
}

static enum reader_result settle_error(struct reader *reader, rd_kafka_message_t *message, struct record *record,
                                       struct fault *fault)
{
    enum reader_result result = READER_NOTHING;

    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        *record = (struct record){.topic = keep_name(reader, rd_kafka_topic_name(message->rkt)),
                                  .partition = message->partition,
                                  .offset = message->offset};
        result = READER_END;
    } else if (kafka_fault_code(message->err, rd_kafka_message_errstr(message), fault) != STATUS_RETRY) {
        result = READER_ERROR;
    } else {
        log_debug("kafka.reader_trouble", LOG_STR("text", rd_kafka_err2name(message->err)));
    }
    rd_kafka_message_destroy(message);
    return result;
}

void reader_wake(struct reader *reader, int descriptor)
{
    const uint64_t one = 1;
    rd_kafka_queue_t *queue = rd_kafka_queue_get_consumer(reader->handle);

    rd_kafka_queue_io_event_enable(queue, descriptor, &one, sizeof one);
    rd_kafka_queue_destroy(queue);
}

enum reader_result reader_poll(struct reader *reader, int timeout_ms, struct record *record, struct fault *fault)
{
    rd_kafka_message_t *message = rd_kafka_consumer_poll(reader->handle, timeout_ms);

    if (message == NULL)
        return READER_NOTHING;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
        return settle_error(reader, message, record, fault);
    *record = (struct record){
        .message = message,
        .topic = keep_name(reader, rd_kafka_topic_name(message->rkt)),
        .partition = message->partition,
        .offset = message->offset,
        .timestamp_ms = rd_kafka_message_timestamp(message, NULL),
        .key = bytes_from(message->key, message->key_len),
        .value = bytes_from(message->payload, message->len),
    };
    return READER_RECORD;
}

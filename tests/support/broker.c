// links: medhub_kafka rdkafka::static
#include "support/broker.h"

#include "kafka/source.h" /* OFFSET_NONE */
#include "support/cmocka_all.h"

#include <librdkafka/rdkafka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void broker_start(struct broker *broker)
{
    *broker = (struct broker){0};
    assert_int_equal(embedded_start(1, &broker->embedded, &broker->fault), STATUS_OK);
    kafka_client_init(&broker->client, embedded_brokers(broker->embedded));
    broker->client.embedded = true;
}

void broker_stop(struct broker *broker)
{
    if (broker->producer != NULL)
        rd_kafka_destroy(broker->producer);
    kafka_client_done(&broker->client);
    embedded_stop(broker->embedded);
    *broker = (struct broker){0};
}

void broker_topic(struct broker *broker, const char *topic, int32_t partitions)
{
    assert_int_equal(embedded_topic(broker->embedded, topic, partitions, &broker->fault), STATUS_OK);
}

void broker_fail(struct broker *broker, int16_t api_key, int code)
{
    embedded_push_errors(broker->embedded, api_key, &code, 1);
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char error[256];
    assert_int_equal(rd_kafka_conf_set(conf, name, value, error, sizeof error), RD_KAFKA_CONF_OK);
}

static rd_kafka_t *producer_of(struct broker *broker)
{
    char error[256];

    if (broker->producer != NULL)
        return broker->producer;
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    set(conf, "bootstrap.servers", broker->client.brokers);
    set(conf, "linger.ms", "0");
    set(conf, "partitioner", "murmur2_random");
    set(conf, "message.max.bytes", "8000000");
    set(conf, "queue.buffering.max.messages", "1000000");
    broker->producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
    assert_non_null(broker->producer);
    return broker->producer;
}

/* librdkafka's argument macros are statement expressions. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
void broker_send(struct broker *broker, const char *topic, int32_t partition, struct bytes key, struct bytes value,
                 const char *const *headers)
{
    rd_kafka_headers_t *list = rd_kafka_headers_new(8);

    for (size_t i = 0; headers != NULL && headers[i] != NULL; i += 2)
        assert_int_equal(rd_kafka_header_add(list, headers[i], -1, headers[i + 1], -1), RD_KAFKA_RESP_ERR_NO_ERROR);
    assert_int_equal(rd_kafka_producev(producer_of(broker), RD_KAFKA_V_TOPIC(topic), RD_KAFKA_V_PARTITION(partition),
                                       RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key.data, key.length),
                                       RD_KAFKA_V_VALUE((void *)value.data, value.length), RD_KAFKA_V_HEADERS(list),
                                       RD_KAFKA_V_END),
                     RD_KAFKA_RESP_ERR_NO_ERROR);
}
#pragma GCC diagnostic pop

void broker_send_flush(struct broker *broker)
{
    assert_int_equal(rd_kafka_flush(producer_of(broker), BROKER_WAIT_MS), RD_KAFKA_RESP_ERR_NO_ERROR);
}

static struct bytes copy_of(struct bytes bytes)
{
    if (bytes.data == NULL)
        return BYTES_NONE;
    uint8_t *copy = malloc(bytes.length + 1);
    assert_non_null(copy);
    memcpy(copy, bytes.data, bytes.length);
    copy[bytes.length] = '\0';
    return bytes_from(copy, bytes.length);
}

static bool keep_header(const char *name, struct bytes value, void *context)
{
    struct kept_record *record = context;

    assert_true(record->header_count < sizeof record->headers / sizeof *record->headers);
    struct kept_header *to = &record->headers[record->header_count++];
    (void)snprintf(to->name, sizeof to->name, "%s", name);
    to->value = copy_of(value);
    return true;
}

static void keep(struct kept *kept, const struct record *record)
{
    kept->records = realloc(kept->records, (kept->count + 1) * sizeof *kept->records);
    assert_non_null(kept->records);
    struct kept_record *to = &kept->records[kept->count++];
    *to = (struct kept_record){.partition = record->partition,
                               .offset = record->offset,
                               .key = copy_of(record->key),
                               .value = copy_of(record->value)};
    (void)snprintf(to->topic, sizeof to->topic, "%s", record->topic);
    record_each_header(record, keep_header, to);
}

static void read_partition(struct broker *broker, struct kept *kept, const char *topic, int32_t partition)
{
    struct reader *reader = NULL;
    int64_t low = 0, high = 0, next = 0;

    assert_int_equal(reader_open(&broker->client, true, &reader, &broker->fault), STATUS_OK);
    assert_int_equal(reader_watermarks(reader, topic, partition, BROKER_WAIT_MS, &low, &high, &broker->fault),
                     STATUS_OK);
    if (low < high)
        assert_int_equal(reader_add(reader, topic, partition, OFFSET_NONE, &broker->fault), STATUS_OK);
    while (low < high && next < high) {
        struct record record = {0};
        enum reader_result result = reader_poll(reader, BROKER_WAIT_MS, &record, &broker->fault);
        assert_true(result == READER_RECORD || result == READER_END);
        next = result == READER_END ? record.offset : record.offset + 1;
        if (result == READER_RECORD)
            keep(kept, &record);
        record_release(&record);
    }
    reader_close(reader);
}

struct kept *broker_read(struct broker *broker, const char *topic)
{
    struct kept *kept = calloc(1, sizeof *kept);
    struct reader *reader = NULL;
    int32_t partitions = 0;

    assert_int_equal(reader_open(&broker->client, true, &reader, &broker->fault), STATUS_OK);
    assert_int_equal(reader_partition_count(reader, topic, BROKER_WAIT_MS, &partitions, &broker->fault), STATUS_OK);
    reader_close(reader);
    for (int32_t i = 0; i < partitions; i++)
        read_partition(broker, kept, topic, i);
    return kept;
}

void kept_free(struct kept *kept)
{
    for (size_t i = 0; i < kept->count; i++) {
        struct kept_record *record = &kept->records[i];
        free((void *)record->key.data);
        free((void *)record->value.data);
        for (size_t k = 0; k < record->header_count; k++)
            free((void *)record->headers[k].value.data);
    }
    free(kept->records);
    free(kept);
}

struct bytes kept_header(const struct kept_record *record, const char *name)
{
    for (size_t i = 0; i < record->header_count; i++)
        if (strcmp(record->headers[i].name, name) == 0)
            return record->headers[i].value;
    return BYTES_NONE;
}

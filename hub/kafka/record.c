#include "kafka/record.h"

#include <librdkafka/rdkafka.h>

/* struct headers is never defined: it is librdkafka's list under a name of ours. */
static rd_kafka_headers_t *list_of(struct headers *headers)
{
    return (rd_kafka_headers_t *)headers;
}

void record_release(struct record *record)
{
    if (record->message != NULL)
        rd_kafka_message_destroy(record->message);
    *record = (struct record){0};
}

void record_each_header(const struct record *record, bool (*each)(const char *name, struct bytes value, void *context),
                        void *context)
{
    rd_kafka_headers_t *list = NULL;
    if (rd_kafka_message_headers(record->message, &list) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return;

    const char *name = NULL;
    const void *value = NULL;
    size_t length = 0;
    for (size_t i = 0; rd_kafka_header_get_all(list, i, &name, &value, &length) == RD_KAFKA_RESP_ERR_NO_ERROR; i++)
        if (!each(name, bytes_from(value, length), context))
            return;
}

struct headers *headers_new(size_t expected_count)
{
    return (struct headers *)rd_kafka_headers_new(expected_count);
}

void headers_free(struct headers *headers)
{
    if (headers != NULL)
        rd_kafka_headers_destroy(list_of(headers));
}

bool headers_add(struct headers *headers, const char *name, struct bytes value)
{
    return rd_kafka_header_add(list_of(headers), name, -1, value.data, (ssize_t)value.length) ==
           RD_KAFKA_RESP_ERR_NO_ERROR;
}

bool headers_add_text(struct headers *headers, const char *name, const char *text)
{
    return headers_add(headers, name, bytes_of(text));
}

struct bytes headers_get(const struct headers *headers, const char *name)
{
    const void *value = NULL;
    size_t length = 0;

    if (rd_kafka_header_get_last((const rd_kafka_headers_t *)headers, name, &value, &length) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return BYTES_NONE;
    return bytes_from(value, length);
}

void headers_remove(struct headers *headers, const char *name)
{
    (void)rd_kafka_header_remove(list_of(headers), name); /* ignoring: it may not be there */
}

struct headers *record_take_headers(struct record *record)
{
    rd_kafka_headers_t *list = NULL;
    if (rd_kafka_message_detach_headers(record->message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR)
        return (struct headers *)list;
    return headers_new(8);
}

struct headers *record_copy_headers(const struct record *record)
{
    rd_kafka_headers_t *list = NULL;
    if (rd_kafka_message_headers(record->message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR)
        return (struct headers *)rd_kafka_headers_copy(list);
    return headers_new(8);
}

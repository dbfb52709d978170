#include "store/place.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(7 + 13 + PLACE_OFFSET_BITS == 63, "a place is never negative");

static enum status keep(struct topic_names *topics, int64_t number, struct bytes name, struct fault *fault)
{
    if (number < 1 || number > PLACE_TOPICS_MAX)
        return fault_fatal(fault, "store.topics", "topic number %lld is none of ours", (long long)number);
    char **to = &topics->names[number];
    if (*to != NULL)
        return STATUS_OK;
    *to = strndup((const char *)name.data, name.length);
    if (*to == NULL)
        return fault_retry(fault, "memory.out", "no memory for a topic");
    if (number > topics->count)
        topics->count = (int)number;
    return STATUS_OK;
}

enum status topic_names_load(struct topic_names *topics, struct sql *sql, struct fault *fault)
{
    const struct sql_value known = sql_integer(topics->count);
    struct sql_cursor cursor;
    bool row = true;

    enum status status =
        sql_start(sql, "SELECT number, name FROM topic WHERE number > $1", &known, 1, &cursor, fault);
    while (status == STATUS_OK && row) {
        status = sql_next(&cursor, &row, fault);
        if (status == STATUS_OK && row)
            status = keep(topics, sql_column_integer(&cursor, 0), sql_column_bytes(&cursor, 1), fault);
    }
    sql_end(&cursor);
    return status;
}

void topic_names_done(struct topic_names *topics)
{
    for (int i = 0; i <= PLACE_TOPICS_MAX; i++)
        free(topics->names[i]);
    *topics = (struct topic_names){0};
}

int topic_names_find(const struct topic_names *topics, const char *name)
{
    for (int i = 1; i <= topics->count; i++)
        if (topics->names[i] != NULL && strcmp(topics->names[i], name) == 0)
            return i;
    return 0;
}

const char *topic_names_get(const struct topic_names *topics, int number)
{
    return number < 1 || number > topics->count || topics->names[number] == NULL ? "" : topics->names[number];
}

enum status topic_names_add(struct topic_names *topics, struct sql *sql, const char *name, int *number,
                            struct fault *fault)
{
    *number = topic_names_find(topics, name);
    if (*number != 0)
        return STATUS_OK;
    if (topics->count >= PLACE_TOPICS_MAX)
        return fault_reject(fault, "store.topics", "more than %d topics", PLACE_TOPICS_MAX);
    *number = topics->count + 1;
    const struct sql_value values[] = {sql_integer(*number), sql_text(name)};
    enum status status =
        sql_run(sql, "INSERT INTO topic(number, name) VALUES($1, $2)", values, 2, NULL, fault);
    return status == STATUS_OK ? keep(topics, *number, bytes_of(name), fault) : status;
}

enum status place_of(struct topic_names *topics, struct sql *sql, const char *topic, int32_t partition,
                     int64_t offset, int64_t *place, struct fault *fault)
{
    int number = 0;

    if (partition < 0 || partition >= PLACE_PARTITIONS_MAX || offset < 0 || offset > PLACE_OFFSET_MAX)
        return fault_reject(fault, "store.place",
                            "partition %d, offset %lld of %s are beyond what can be stored", (int)partition,
                            (long long)offset, topic);
    enum status status = topic_names_add(topics, sql, topic, &number, fault);
    if (status == STATUS_OK)
        *place = place_make(number, partition, offset);
    return status;
}

/* Rows leave with their records: what Kafka no longer has is deleted, and what is found by it. */
#include "store/rows.h"
#include "store/writer_inside.h"

#include <stdio.h>
#include <string.h>

enum { TEXT_BYTES_MAX = 1024 };

static enum table_id table_of(const char *topic)
{
    if (strcmp(topic, "medhub.receipt") == 0)
        return TABLE_RECEIPT;
    if (strcmp(topic, "medhub.delivery") == 0)
        return TABLE_DELIVERY;
    if (strcmp(topic, "medhub.parked") == 0)
        return TABLE_PARKED;
    return strcmp(topic, "medhub.webhook.outcome") == 0 ? TABLE_ANSWER : TABLE_FACT;
}

static const char *select_all(enum table_id id, const char *where, char text[TEXT_BYTES_MAX])
{
    const struct table *table = &tables[id];
    int length = snprintf(text, TEXT_BYTES_MAX, "SELECT ");

    for (size_t i = 0; i < table->column_count; i++)
        length += snprintf(text + length, (size_t)(TEXT_BYTES_MAX - length), "%s%s", i == 0 ? "" : ", ",
                           table->columns[i].name);
    (void)snprintf(text + length, (size_t)(TEXT_BYTES_MAX - length), " FROM %s WHERE %s", table->name, where);
    return text;
}

/* Rows by which the rows of ID that WHERE names are found. COUNT and LAST_PLACE (may be NULL) are of those
 * that were looked at: all, unless the memory for one record would not do. */
static enum status finding_rows(struct writer *writer, enum table_id id, const char *where,
                                const struct sql_value *values, size_t value_count, struct rows *rows,
                                size_t *count, int64_t *last_place, struct fault *fault)
{
    size_t room = (size_t)writer->settings->record_memory_bytes_max / 2;
    char text[TEXT_BYTES_MAX];
    struct sql_cursor cursor;
    bool row = true;

    enum status status =
        sql_start(writer->sql, select_all(id, where, text), values, value_count, &cursor, fault);
    while (status == STATUS_OK && row && arena_used(writer->arena) < room) {
        status = sql_next(&cursor, &row, fault);
        if (status != STATUS_OK || !row)
            break;
        *count += 1;
        if (last_place != NULL)
            *last_place = sql_column_integer(&cursor, 0);
        status = rows_that_find(rows, id, &cursor, fault);
    }
    sql_end(&cursor);
    return status;
}

static enum status delete_row(struct writer *writer, const struct store_row *row, struct fault *fault)
{
    const struct table *table = &tables[row->table];
    char text[TEXT_BYTES_MAX];
    int length = snprintf(text, sizeof text, "DELETE FROM %s WHERE ", table->name);

    for (size_t i = 0; i < table->key_count; i++)
        length += snprintf(text + length, sizeof text - (size_t)length, "%s%s = $%zu", i == 0 ? "" : " AND ",
                           table->columns[i].name, i + 1);
    return sql_run(writer->sql, text, row->values, table->key_count, NULL, fault);
}

/* What other records of the same submission are found by must stay: it is made of them anew. */
static enum status restore_keys(struct writer *writer, int64_t input, struct fault *fault)
{
    static const enum table_id with_keys[] = {TABLE_FACT, TABLE_RECEIPT, TABLE_PARKED};
    const struct sql_value value = sql_integer(input);
    struct arena_mark mark = arena_mark(writer->arena);
    enum status status = STATUS_OK;
    struct rows rows;
    size_t count = 0;

    rows_init(&rows, writer->arena, &writer->topics, writer->sql);
    for (size_t i = 0; i < sizeof with_keys / sizeof *with_keys && status == STATUS_OK; i++)
        status = finding_rows(writer, with_keys[i], "input = $1", &value, 1, &rows, &count, NULL, fault);
    if (status == STATUS_OK)
        status = writer_insert_rows(writer, &rows, fault);
    arena_reset_to(writer->arena, mark);
    return status;
}

static enum status delete_found(struct writer *writer, const struct rows *rows, struct fault *fault)
{
    enum status status = STATUS_OK;
    int64_t input = -1;

    for (const struct store_row *row = rows->first; row != NULL && status == STATUS_OK; row = row->next)
        status = delete_row(writer, row, fault);
    for (const struct store_row *row = rows->first; row != NULL && status == STATUS_OK; row = row->next) {
        if (row->table != TABLE_BUSINESS_KEY || row->values[2].integer == input)
            continue;
        input = row->values[2].integer;
        status = restore_keys(writer, input, fault);
    }
    return status;
}

static enum status delete_range(struct writer *writer, enum table_id id, const struct sql_value *range,
                                struct fault *fault)
{
    char text[TEXT_BYTES_MAX];
    int64_t changed = 0;

    (void)snprintf(text, sizeof text, "DELETE FROM %s WHERE place >= $1 AND place <= $2", tables[id].name);
    enum status status = sql_run(writer->sql, text, range, 2, &changed, fault);
    metric_add(writer->expired, changed);
    return status;
}

/* One bounded step over the rows of POSITION with first_offset <= offset < low. */
static enum status expire_step(struct writer *writer, struct position *position, int number, bool *more,
                               struct fault *fault)
{
    enum table_id id = table_of(position->topic);
    const struct sql_value from = sql_integer(place_make(number, position->partition, 0));
    const struct sql_value until = sql_integer(place_make(number, position->partition, position->low));
    const struct sql_value values[] = {from, until, sql_integer(writer->settings->expire_rows_max)};
    int64_t last_place = until.integer - 1;
    struct rows rows;
    size_t count = 0;

    rows_init(&rows, writer->arena, &writer->topics, writer->sql);
    enum status status = finding_rows(writer, id, "place >= $1 AND place < $2 ORDER BY place LIMIT $3",
                                      values, 3, &rows, &count, &last_place, fault);
    *more = count == (size_t)writer->settings->expire_rows_max ||
            arena_used(writer->arena) >= (size_t)writer->settings->record_memory_bytes_max / 2;
    if (!*more)
        last_place = until.integer - 1;
    const struct sql_value range[] = {from, sql_integer(last_place)};
    if (status == STATUS_OK)
        status = delete_range(writer, id, range, fault);
    if (status == STATUS_OK)
        status = delete_range(writer, TABLE_UNREAD, range, fault);
    if (status == STATUS_OK)
        status = delete_found(writer, &rows, fault);
    position->first_offset = place_offset(last_place) + 1;
    writer_note_change(writer, position);
    return status;
}

enum status writer_expire(struct writer *writer, struct position *position, bool *more, struct fault *fault)
{
    int number = topic_names_find(&writer->topics, position->topic);

    *more = false;
    if (position->first_offset >= position->low)
        return STATUS_OK;
    enum status status = sql_begin(writer->sql, fault);
    if (status == STATUS_OK && number != 0) {
        status = expire_step(writer, position, number, more, fault);
    } else if (status == STATUS_OK) {
        position->first_offset = position->low; /* nothing of this topic was ever written */
        writer_note_change(writer, position);
    }
    if (status == STATUS_OK)
        status = writer_finish(writer, fault);
    arena_reset(writer->arena);
    return status;
}

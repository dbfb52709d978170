#include "store/sql_postgres_insert.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

/* Types by number, as catalog/pg_type.dat has them. */
enum { OID_BYTEA = 17, OID_INT8 = 20, OID_TEXT = 25 };
enum {
    COLUMN_BYTES_MAX = 512 * 1024 * 1024, /* of one column in one statement; the protocol ends at 1 GiB */
    FLUSH_BYTES = 16 * 1024 * 1024,
    FLUSH_ROWS = 20000,
    COUNT_AT = 12, /* where an array says how many it holds */
};

#define BY_BYTES " COLLATE \"C\"" /* whatever the order of the database is */

struct postgres_insert {
    struct sql_insert base;
    char *text;
    int64_t rows;
    struct buffer columns[SQL_COLUMNS_MAX]; /* arrays as they travel */
};

static uint32_t element_type(enum sql_type type)
{
    switch (type) {
    case SQL_INTEGER:
        return OID_INT8;
    case SQL_TEXT:
        return OID_TEXT;
    case SQL_BYTES:
        break;
    }
    return OID_BYTEA;
}

static void append_be32(struct buffer *buffer, uint32_t number)
{
    number = htobe32(number);
    buffer_append(buffer, &number, sizeof number);
}

/* dimensions, no nulls, element type, how many (filled in later), first index */
static void begin_array(struct buffer *buffer, enum sql_type type)
{
    buffer_clear(buffer);
    append_be32(buffer, 1);
    append_be32(buffer, 0);
    append_be32(buffer, element_type(type));
    append_be32(buffer, 0);
    append_be32(buffer, 1);
}

void postgres_insert_clear(struct sql_insert *insert)
{
    struct postgres_insert *ours = (struct postgres_insert *)insert;

    for (size_t i = 0; i < insert->column_count; i++)
        begin_array(&ours->columns[i], insert->types[i]);
    ours->rows = 0;
}

void postgres_insert_close(struct sql_insert *insert)
{
    struct postgres_insert *ours = (struct postgres_insert *)insert;

    for (size_t i = 0; i < SQL_COLUMNS_MAX; i++)
        buffer_done(&ours->columns[i]);
    free(ours->text);
    free(ours);
}

/* One statement cannot merge two rows into the same one: of those of a batch only the last goes there. */
static void append_last_of_each(struct buffer *text, const struct sql_column *columns, struct sql_merge merge)
{
    buffer_append_text(text, " ORDER BY ");
    for (size_t i = 0; i < merge.key_count + merge.order_count; i++)
        buffer_append_format(text, "%s%s%s", i == 0 ? "" : ", ", columns[i].name, i < merge.key_count ? "" : " DESC");
}

static void append_names(struct buffer *text, const struct sql_column *columns, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buffer_append_format(text, "%s%s", i == 0 ? "" : ", ", columns[i].name);
}

/* Of a greatest column the greatest of the batch goes with that last row. Where the key is the whole row, repetitions within a
 * statement are found by sorting: cheaper than one by one in the table, and rows in order go into its index faster. */
static void append_what_is_selected(struct buffer *text, const struct sql_column *columns, size_t count, struct sql_merge merge)
{
    buffer_append_text(text, ") SELECT ");
    if (merge.order_count == 0) {
        buffer_append_text(text, merge.key_count == count ? "DISTINCT * FROM unnest(" : "* FROM unnest(");
        return;
    }
    buffer_append_text(text, "DISTINCT ON (");
    append_names(text, columns, merge.key_count);
    buffer_append_text(text, ") ");
    for (size_t i = 0; i < count; i++) {
        bool greatest = (merge.greatest >> i & 1) != 0;
        buffer_append_format(text, greatest ? "%smax(%s" BY_BYTES ") OVER (PARTITION BY " : "%s%s", i == 0 ? "" : ", ",
                             columns[i].name);
        if (greatest) {
            append_names(text, columns, merge.key_count);
            buffer_append_byte(text, ')');
        }
    }
    buffer_append_text(text, " FROM unnest(");
}

enum status postgres_insert_open(struct sql *sql, const char *table, const struct sql_column *columns, size_t count,
                                 struct sql_merge merge, struct sql_insert **insert, struct fault *fault)
{
    struct postgres_insert *made = calloc(1, sizeof *made);
    struct buffer text;

    (void)sql;
    *insert = NULL;
    if (made == NULL)
        return fault_retry(fault, "memory.out", "no memory for an insert");
    buffer_init(&text, 8192);
    buffer_append_format(&text, "INSERT INTO %s(", table);
    for (size_t i = 0; i < count; i++)
        buffer_append_format(&text, "%s%s", i == 0 ? "" : ",", columns[i].name);
    append_what_is_selected(&text, columns, count, merge);
    for (size_t i = 0; i < count; i++)
        buffer_append_format(&text, "%s$%zu::%s[]", i == 0 ? "" : ",", i + 1,
                             columns[i].type == SQL_INTEGER ? "bigint"
                             : columns[i].type == SQL_TEXT  ? "text"
                                                            : "bytea");
    buffer_append_text(&text, ")");
    if (merge.order_count > 0) {
        buffer_append_text(&text, " AS new(");
        for (size_t i = 0; i < count; i++)
            buffer_append_format(&text, "%s%s", i == 0 ? "" : ",", columns[i].name);
        buffer_append_text(&text, ")");
        append_last_of_each(&text, columns, merge);
        sql_append_merge(&text, table, columns, count, merge, BY_BYTES);
    } else {
        for (size_t i = 0; merge.key_count == count && i < count; i++)
            buffer_append_format(&text, "%s%zu", i == 0 ? " ORDER BY " : ", ", i + 1);
        buffer_append_text(&text, " ON CONFLICT DO NOTHING");
    }
    made->text = strdup(buffer_text(&text));
    buffer_done(&text);
    for (size_t i = 0; i < count; i++) {
        buffer_init(&made->columns[i], COLUMN_BYTES_MAX);
        begin_array(&made->columns[i], columns[i].type);
    }
    *insert = &made->base;
    return STATUS_OK;
}

static void append_value(struct buffer *column, const struct sql_value *value)
{
    if (value->type == SQL_INTEGER) {
        uint64_t number = htobe64((uint64_t)value->integer);
        append_be32(column, sizeof number);
        buffer_append(column, &number, sizeof number);
    } else {
        append_be32(column, (uint32_t)value->bytes.length);
        buffer_append_bytes(column, value->bytes);
    }
}

enum status postgres_insert_row(struct sql_insert *insert, const struct sql_value *values, struct fault *fault)
{
    struct postgres_insert *ours = (struct postgres_insert *)insert;
    bool full = ++ours->rows >= FLUSH_ROWS;

    for (size_t i = 0; i < insert->column_count; i++) {
        append_value(&ours->columns[i], &values[i]);
        full = full || ours->columns[i].length >= FLUSH_BYTES;
        if (!buffer_ok(&ours->columns[i]))
            return fault_retry(fault, "memory.out", "no memory for rows");
    }
    return full ? sql_insert_flush(insert, fault) : STATUS_OK;
}

enum status postgres_insert_flush(struct sql_insert *insert, struct fault *fault)
{
    struct postgres_insert *ours = (struct postgres_insert *)insert;
    struct sql_value arguments[SQL_COLUMNS_MAX];
    uint32_t count = htobe32((uint32_t)ours->rows);

    if (ours->rows == 0)
        return STATUS_OK;
    for (size_t i = 0; i < insert->column_count; i++) {
        memcpy(ours->columns[i].data + COUNT_AT, &count, sizeof count);
        arguments[i] = sql_bytes(buffer_bytes(&ours->columns[i]));
    }
    enum status status = sql_run(insert->sql, ours->text, arguments, insert->column_count, NULL, fault);
    postgres_insert_clear(insert);
    return status;
}

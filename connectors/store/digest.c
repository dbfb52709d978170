#include "store/digest.h"

#include "base/hash.h"
#include "store/migrate.h"
#include "store/place.h"

#include <string.h>

enum { PAGE_ROWS = 2000, TEXT_BYTES_MAX = 1024, ROW_BYTES_MAX = 64 * 1024 * 1024, KEY_BYTES_MAX = 16 * 1024 };

struct digesting {
    struct sql *sql;
    struct topic_names topics;
    struct buffer row;
    struct buffer last[SQL_COLUMNS_MAX]; /* text of the key of the last row */
};

static void add_integer(struct buffer *row, int64_t integer)
{
    uint64_t number = (uint64_t)integer;

    for (int i = 0; i < 8; i++)
        buffer_append_byte(row, (uint8_t)(number >> (8 * i)));
}

static void add_bytes(struct buffer *row, struct bytes bytes)
{
    for (int i = 0; i < 4; i++)
        buffer_append_byte(row, (uint8_t)((uint32_t)bytes.length >> (8 * i)));
    buffer_append_bytes(row, bytes);
}

static void add_place(struct digesting *digesting, int64_t place)
{
    add_bytes(&digesting->row, bytes_of(topic_names_get(&digesting->topics, place_topic(place))));
    add_integer(&digesting->row, place_partition(place));
    add_integer(&digesting->row, place_offset(place));
}

static void add_row(struct digesting *digesting, const struct table *table, const struct sql_cursor *cursor,
                    struct table_digest *digest)
{
    buffer_clear(&digesting->row);
    for (size_t i = 0; i < table->column_count; i++) {
        if (table->columns[i].type != SQL_INTEGER)
            add_bytes(&digesting->row, sql_column_bytes(cursor, (int)i));
        else if ((table->places >> i & 1) != 0)
            add_place(digesting, sql_column_integer(cursor, (int)i));
        else
            add_integer(&digesting->row, sql_column_integer(cursor, (int)i));
    }
    digest->rows++;
    for (uint64_t seed = 0; seed < 2; seed++)
        digest->sums[seed] += hash_bytes(buffer_bytes(&digesting->row), seed);
}

/* All columns of the rows behind the one whose key is given, in order of the key. */
static void page_text(const struct table *table, bool first, struct buffer *text)
{
    size_t parameter = 1;

    buffer_append_text(text, "SELECT ");
    for (size_t i = 0; i < table->column_count; i++)
        buffer_append_format(text, "%s%s", i == 0 ? "" : ", ", table->columns[i].name);
    buffer_append_format(text, " FROM %s", table->name);
    if (!first) {
        buffer_append_text(text, " WHERE (");
        for (size_t i = 0; i < table->key_count; i++)
            buffer_append_format(text, "%s%s", i == 0 ? "" : ", ", table->columns[i].name);
        buffer_append_text(text, ") > (");
        for (size_t i = 0; i < table->key_count; i++)
            buffer_append_format(text, "%s$%zu", i == 0 ? "" : ", ", parameter++);
        buffer_append_text(text, ")");
    }
    buffer_append_text(text, " ORDER BY ");
    for (size_t i = 0; i < table->key_count; i++)
        buffer_append_format(text, "%s%s", i == 0 ? "" : ", ", table->columns[i].name);
    buffer_append_format(text, " LIMIT $%zu", parameter);
}

static void keep_key(struct digesting *digesting, const struct table *table, const struct sql_cursor *cursor,
                     struct sql_value *key)
{
    for (size_t i = 0; i < table->key_count; i++) {
        key[i].type = table->columns[i].type;
        if (key[i].type == SQL_INTEGER) {
            key[i].integer = sql_column_integer(cursor, (int)i);
            continue;
        }
        buffer_clear(&digesting->last[i]);
        buffer_append_bytes(&digesting->last[i], sql_column_bytes(cursor, (int)i));
        key[i].bytes = buffer_bytes(&digesting->last[i]);
    }
}

static enum status digest_page(struct digesting *digesting, const struct table *table, const char *text,
                               struct sql_value *arguments, size_t count, struct table_digest *digest,
                               int *rows, struct fault *fault)
{
    struct sql_value key[SQL_COLUMNS_MAX] = {{0}};
    struct sql_cursor cursor;
    bool row = true;

    *rows = 0;
    enum status status = sql_start(digesting->sql, text, arguments, count, &cursor, fault);
    while (status == STATUS_OK && row) {
        status = sql_next(&cursor, &row, fault);
        if (status != STATUS_OK || !row)
            break;
        add_row(digesting, table, &cursor, digest);
        if (++*rows == PAGE_ROWS)
            keep_key(digesting, table, &cursor, key);
    }
    sql_end(&cursor);
    memcpy(arguments, key, table->key_count * sizeof *arguments);
    return status;
}

static enum status digest_table(struct digesting *digesting, const struct table *table,
                                struct table_digest *digest, struct fault *fault)
{
    struct sql_value arguments[SQL_COLUMNS_MAX + 1] = {sql_integer(PAGE_ROWS)};
    enum status status = STATUS_OK;
    int rows = PAGE_ROWS;

    *digest = (struct table_digest){.table = table->name};
    for (bool first = true; rows == PAGE_ROWS && status == STATUS_OK; first = false) {
        struct buffer text;
        buffer_init(&text, TEXT_BYTES_MAX);
        page_text(table, first, &text);
        status = digest_page(digesting, table, buffer_text(&text), arguments,
                             first ? 1 : table->key_count + 1, digest, &rows, fault);
        arguments[table->key_count] = sql_integer(PAGE_ROWS);
        buffer_done(&text);
    }
    return buffer_ok(&digesting->row) ? status : fault_retry(fault, "memory.out", "no memory for a row");
}

enum status digest_all(const struct sql_settings *settings, struct table_digest digests[TABLE_COUNT],
                       struct fault *fault)
{
    struct digesting digesting = {0};

    buffer_init(&digesting.row, ROW_BYTES_MAX);
    for (size_t i = 0; i < SQL_COLUMNS_MAX; i++)
        buffer_init(&digesting.last[i], KEY_BYTES_MAX);
    enum status status = sql_open(settings, SQL_READ, &digesting.sql, fault);
    if (status == STATUS_OK)
        status = migrate_check(digesting.sql, fault);
    if (status == STATUS_OK)
        status = sql_begin(digesting.sql, fault);
    if (status == STATUS_OK)
        status = topic_names_load(&digesting.topics, digesting.sql, fault);
    for (int i = 0; i < TABLE_COUNT && status == STATUS_OK; i++)
        status = digest_table(&digesting, &tables[i], &digests[i], fault);
    if (digesting.sql != NULL)
        sql_rollback(digesting.sql);
    sql_close(digesting.sql);
    topic_names_done(&digesting.topics);
    buffer_done(&digesting.row);
    for (size_t i = 0; i < SQL_COLUMNS_MAX; i++)
        buffer_done(&digesting.last[i]);
    return status;
}

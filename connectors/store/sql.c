#include "store/sql_driver.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SCRIPT_BYTES_MAX = 1024 * 1024, LOCK_PAUSE_MS = 50 };

void sql_close(struct sql *sql)
{
    if (sql != NULL)
        sql->driver->close(sql);
}

const char *sql_dialect(const struct sql *sql)
{
    return sql->driver->dialect;
}

enum status sql_begin(struct sql *sql, struct fault *fault)
{
    enum status status = sql->driver->begin(sql, fault);

    sql->in_transaction = status == STATUS_OK;
    return status;
}

enum status sql_commit(struct sql *sql, struct fault *fault)
{
    enum status status = sql->driver->commit(sql, fault);

    if (status == STATUS_OK)
        sql->in_transaction = false;
    return status;
}

void sql_rollback(struct sql *sql)
{
    if (sql->in_transaction)
        sql->driver->rollback(sql);
    sql->in_transaction = false;
}

enum status sql_start(struct sql *sql, const char *text, const struct sql_value *arguments, size_t count,
                      struct sql_cursor *cursor, struct fault *fault)
{
    *cursor = (struct sql_cursor){.sql = sql};
    return sql->driver->start(sql, text, arguments, count, cursor, fault);
}

enum status sql_stream(struct sql *sql, const char *text, const struct sql_value *arguments, size_t count,
                       struct sql_cursor *cursor, struct fault *fault)
{
    *cursor = (struct sql_cursor){.sql = sql};
    return sql->driver->stream(sql, text, arguments, count, cursor, fault);
}

enum status sql_next(struct sql_cursor *cursor, bool *row, struct fault *fault)
{
    return cursor->sql->driver->next(cursor, row, fault);
}

int64_t sql_column_integer(const struct sql_cursor *cursor, int column)
{
    return cursor->sql->driver->column_integer(cursor, column);
}

struct bytes sql_column_bytes(const struct sql_cursor *cursor, int column)
{
    return cursor->sql->driver->column_bytes(cursor, column);
}

void sql_end(struct sql_cursor *cursor)
{
    if (cursor->statement != NULL)
        cursor->sql->driver->end(cursor);
    cursor->statement = NULL;
}

enum status sql_run(struct sql *sql, const char *text, const struct sql_value *arguments, size_t count,
                    int64_t *changed, struct fault *fault)
{
    struct sql_cursor cursor;
    bool row = true;

    enum status status = sql_start(sql, text, arguments, count, &cursor, fault);
    while (status == STATUS_OK && row)
        status = sql_next(&cursor, &row, fault);
    if (status == STATUS_OK && changed != NULL)
        *changed = sql->driver->changed(&cursor);
    sql_end(&cursor);
    return status;
}

/* ---- scripts ---- */

static bool is_for_other(const char *dialect, struct bytes line)
{
    static const char *const dialects[] = {"sqlite", "postgresql"};

    for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++) {
        struct bytes name = bytes_of(dialects[i]);
        size_t mark = name.length + 3; /* "-- " */
        if (line.length >= mark &&
            memcmp(line.data + line.length - name.length, name.data, name.length) == 0 &&
            memcmp(line.data + line.length - mark, "-- ", 3) == 0)
            return strcmp(dialects[i], dialect) != 0;
    }
    return false;
}

enum status sql_script(struct sql *sql, struct bytes text, struct fault *fault)
{
    struct buffer ours;

    buffer_init(&ours, SCRIPT_BYTES_MAX);
    while (text.length > 0) {
        const uint8_t *end = memchr(text.data, '\n', text.length);
        size_t length = end == NULL ? text.length : (size_t)(end - text.data);
        struct bytes line = bytes_from(text.data, length);
        if (!is_for_other(sql->driver->dialect, line)) {
            buffer_append_bytes(&ours, line);
            buffer_append_byte(&ours, '\n');
        }
        size_t used = length + (end != NULL);
        text = bytes_from(text.data + used, text.length - used);
    }
    enum status status = buffer_ok(&ours) ? sql->driver->script(sql, buffer_text(&ours), fault)
                                          : fault_fatal(fault, "store.script", "a script is too long");
    buffer_done(&ours);
    return status;
}

/* ---- many rows ---- */

enum status sql_insert_open(struct sql *sql, const char *table, const struct sql_column *columns,
                            size_t count, struct sql_merge merge, struct sql_insert **insert,
                            struct fault *fault)
{
    enum status status = sql->driver->insert_open(sql, table, columns, count, merge, insert, fault);

    if (status != STATUS_OK)
        return status;
    (*insert)->sql = sql;
    (*insert)->column_count = count;
    for (size_t i = 0; i < count; i++)
        (*insert)->types[i] = columns[i].type;
    return STATUS_OK;
}

void sql_insert_close(struct sql_insert *insert)
{
    if (insert != NULL)
        insert->sql->driver->insert_close(insert);
}

enum status sql_insert_row(struct sql_insert *insert, const struct sql_value *values, struct fault *fault)
{
    return insert->sql->driver->insert_row(insert, values, fault);
}

enum status sql_insert_flush(struct sql_insert *insert, struct fault *fault)
{
    return insert->sql->driver->insert_flush(insert, fault);
}

void sql_insert_clear(struct sql_insert *insert)
{
    insert->sql->driver->insert_clear(insert);
}

enum status sql_version(struct sql *sql, uint64_t *version, struct fault *fault)
{
    return sql->driver->version(sql, version, fault);
}

/* ---- for the drivers ---- */

struct sql_prepared *sql_prepared_find(struct sql_prepared *table, const char *text)
{
    uint64_t hash = hash_bytes(bytes_of(text), 0);

    for (size_t i = 0; i < SQL_STATEMENTS_MAX; i++) {
        struct sql_prepared *place = &table[(hash + i) % SQL_STATEMENTS_MAX];
        if (place->text == NULL) {
            place->hash = hash;
            return place;
        }
        if (place->hash == hash && strcmp(place->text, text) == 0)
            return place;
    }
    return NULL;
}

/* ---- merging: "excluded" is the row that comes, TABLE the one that is there ---- */

static void append_columns(struct buffer *text, const char *of, const struct sql_column *columns, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buffer_append_format(text, "%s%s.%s", i == 0 ? "" : ", ", of, columns[i].name);
}

static void append_is_later(struct buffer *text, const char *table, const struct sql_column *columns, struct sql_merge merge)
{
    const struct sql_column *order = columns + merge.key_count;

    buffer_append_text(text, "(");
    append_columns(text, "excluded", order, merge.order_count);
    buffer_append_text(text, ") > (");
    append_columns(text, table, order, merge.order_count);
    buffer_append_text(text, ")");
}

static bool is_greatest(struct sql_merge merge, size_t column)
{
    return (merge.greatest >> column & 1) != 0;
}

static void append_setting(struct buffer *text, const char *table, const struct sql_column *columns, size_t column,
                           struct sql_merge merge, const char *by_bytes)
{
    const char *name = columns[column].name;

    if (merge.greatest == 0) {
        buffer_append_format(text, "%s = excluded.%s", name, name);
        return;
    }
    buffer_append_format(text, "%s = CASE WHEN ", name);
    if (is_greatest(merge, column))
        buffer_append_format(text, "excluded.%s%s > %s.%s", name, by_bytes, table, name);
    else
        append_is_later(text, table, columns, merge);
    buffer_append_format(text, " THEN excluded.%s ELSE %s.%s END", name, table, name);
}

void sql_append_merge(struct buffer *text, const char *table, const struct sql_column *columns, size_t count,
                      struct sql_merge merge, const char *by_bytes)
{
    buffer_append_text(text, " ON CONFLICT(");
    for (size_t i = 0; i < merge.key_count; i++)
        buffer_append_format(text, "%s%s", i == 0 ? "" : ",", columns[i].name);
    buffer_append_text(text, ") DO UPDATE SET ");
    for (size_t i = merge.key_count; i < count; i++) {
        buffer_append_text(text, i == merge.key_count ? "" : ", ");
        append_setting(text, table, columns, i, merge, by_bytes);
    }
    buffer_append_text(text, " WHERE ");
    append_is_later(text, table, columns, merge);
    for (size_t i = merge.key_count; i < count; i++)
        if (is_greatest(merge, i))
            buffer_append_format(text, " OR excluded.%s%s > %s.%s", columns[i].name, by_bytes, table, columns[i].name);
}

bool sql_lock_pause(int64_t *waited_ms, int64_t limit_ms)
{
    const struct timespec pause = {.tv_nsec = LOCK_PAUSE_MS * 1000L * 1000L};

    if (*waited_ms >= limit_ms)
        return false;
    *waited_ms += LOCK_PAUSE_MS;
    (void)nanosleep(&pause, NULL);
    return true;
}

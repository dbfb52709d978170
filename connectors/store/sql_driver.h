/* sql_driver.h: what a database has to be able to do. Internal to sql*.c. */
#ifndef STORE_SQL_DRIVER_H
#define STORE_SQL_DRIVER_H

#include "store/sql.h"

struct sql_driver {
    const char *dialect;
    enum status (*begin)(struct sql *sql, struct fault *fault);
    enum status (*commit)(struct sql *sql, struct fault *fault);
    void (*rollback)(struct sql *sql);
    enum status (*start)(struct sql *sql, const char *text, const struct sql_value *arguments, size_t count,
                         struct sql_cursor *cursor, struct fault *fault);
    enum status (*stream)(struct sql *sql, const char *text, const struct sql_value *arguments, size_t count,
                          struct sql_cursor *cursor, struct fault *fault);
    enum status (*next)(struct sql_cursor *cursor, bool *row, struct fault *fault);
    int64_t (*column_integer)(const struct sql_cursor *cursor, int column);
    struct bytes (*column_bytes)(const struct sql_cursor *cursor, int column);
    void (*end)(struct sql_cursor *cursor);
    int64_t (*changed)(const struct sql_cursor *cursor); /* after the last sql_next, before the end */
    enum status (*script)(struct sql *sql, const char *text, struct fault *fault);
    enum status (*insert_open)(struct sql *sql, const char *table, const struct sql_column *columns, size_t count,
                               struct sql_merge merge, struct sql_insert **insert, struct fault *fault);
    void (*insert_close)(struct sql_insert *insert);
    enum status (*insert_row)(struct sql_insert *insert, const struct sql_value *values, struct fault *fault);
    enum status (*insert_flush)(struct sql_insert *insert, struct fault *fault);
    void (*insert_clear)(struct sql_insert *insert);
    enum status (*version)(struct sql *sql, uint64_t *version, struct fault *fault);
    void (*close)(struct sql *sql);
};

/* Both begin with this. */
struct sql {
    const struct sql_driver *driver;
    bool in_transaction;
};
struct sql_insert {
    struct sql *sql;
    size_t column_count;
    enum sql_type types[SQL_COLUMNS_MAX];
};

enum status sqlite_open(const struct sql_settings *settings, const char *file, enum sql_use use, struct sql **sql,
                        struct fault *fault) MUST_CHECK;
enum status postgres_open(const struct sql_settings *settings, enum sql_use use, struct sql **sql,
                          struct fault *fault) MUST_CHECK;

/* Prepared statements by their text: a small table that both use. */
enum { SQL_STATEMENTS_MAX = 256 };
struct sql_prepared {
    char *text; /* NULL: free */
    uint64_t hash;
    void *handle;
    bool busy;
};
/* The place of TEXT: found, or free to be filled. NULL when the table is full of others. */
struct sql_prepared *sql_prepared_find(struct sql_prepared *table, const char *text);

/* What is done where the key is there: all columns that are not of the key are set, WHERE the new row is the later one; with
 * MERGE's greatest columns, each by itself. BY_BYTES is put behind a text that is compared byte by byte. */
void sql_append_merge(struct buffer *text, const char *table, const struct sql_column *columns, size_t count,
                      struct sql_merge merge, const char *by_bytes);

/* Waits between two tries to get the writer's lock. False when the time is up. */
bool sql_lock_pause(int64_t *waited_ms, int64_t limit_ms);

#endif

/* sql.h: one connection to the read model's database, SQLite or PostgreSQL, behind one small door.
 *
 * Statements are the same text for both, with $1, $2 ... as parameters; each is prepared once per connection and found again
 * by its text. Values are 64-bit integers, UTF-8 text without NUL, and bytes. What differs between the two databases lies in
 * sql_sqlite.c and sql_postgres.c and nowhere else, but for lines of migrations that end with "-- sqlite" or
 * "-- postgresql".
 *
 * One thread owns a struct sql. RETRY: the database is busy, full or away; a lost connection is made anew by the next
 * sql_begin or sql_start outside of a transaction. FATAL: it is not ours, damaged, or refuses what a right program asks. */
#ifndef STORE_SQL_H
#define STORE_SQL_H

#include "base/arena.h"
#include "base/fault.h"
#include "store/settings.h"

struct sql;

enum sql_use {
    SQL_WRITE, /* the one that fills it: makes a SQLite file that is not there, holds the writer's lock until closed */
    SQL_READ,
};
/* FATAL "store.locked": another writer fills this database and did not go within settings->lock_wait_ms. */
enum status sql_open(const struct sql_settings *settings, enum sql_use use, struct sql **sql,
                     struct fault *fault) MUST_CHECK;
void sql_close(struct sql *sql); /* NULL is fine; what was not committed is undone */
/* "sqlite" or "postgresql". */
const char *sql_dialect(const struct sql *sql);

/* ---- values ---- */

enum sql_type { SQL_INTEGER, SQL_TEXT, SQL_BYTES };

struct sql_value {
    enum sql_type type;
    int64_t integer;
    struct bytes bytes; /* of text and bytes; never NULL in the database: absent is empty */
};

static inline struct sql_value sql_integer(int64_t integer)
{
    return (struct sql_value){.type = SQL_INTEGER, .integer = integer};
}
static inline struct sql_value sql_text(const char *text)
{
    return (struct sql_value){.type = SQL_TEXT, .bytes = bytes_of(text == NULL ? "" : text)};
}
static inline struct sql_value sql_bytes(struct bytes bytes)
{
    return (struct sql_value){.type = SQL_BYTES, .bytes = bytes};
}

/* ---- transactions ---- */

/* A writer's transaction, or a reader's snapshot. */
enum status sql_begin(struct sql *sql, struct fault *fault) MUST_CHECK;
enum status sql_commit(struct sql *sql, struct fault *fault) MUST_CHECK;
void sql_rollback(struct sql *sql); /* nothing happens outside of a transaction */

/* ---- asking and changing ---- */

/* The answer of one statement, row by row. Cursors of different texts may be open at once. */
struct sql_cursor {
    struct sql *sql;
    void *statement; /* NULL: ended */
    void *answer;
    int row;
    bool streams;
};

/* TEXT is one statement; ARGUMENTS are lent until sql_end. */
enum status sql_start(struct sql *sql, const char *text, const struct sql_value *arguments, size_t count,
                      struct sql_cursor *cursor, struct fault *fault) MUST_CHECK;
/* The same for many rows: the first ones come while the others are still looked for. No other statement may run until
 * sql_end. */
enum status sql_stream(struct sql *sql, const char *text, const struct sql_value *arguments, size_t count,
                       struct sql_cursor *cursor, struct fault *fault) MUST_CHECK;
/* *ROW false: no more. */
enum status sql_next(struct sql_cursor *cursor, bool *row, struct fault *fault) MUST_CHECK;
int64_t sql_column_integer(const struct sql_cursor *cursor, int column);
struct bytes sql_column_bytes(const struct sql_cursor *cursor, int column); /* lent until the next sql_next */
void sql_end(struct sql_cursor *cursor); /* an ended one is fine */

/* A statement whose rows do not matter. *CHANGED (may be NULL): how many rows it changed. */
enum status sql_run(struct sql *sql, const char *text, const struct sql_value *arguments, size_t count, int64_t *changed,
                    struct fault *fault) MUST_CHECK;
/* Several statements without parameters, separated by ";". Lines marked for the other database are left out. */
enum status sql_script(struct sql *sql, struct bytes text, struct fault *fault) MUST_CHECK;

/* ---- many rows ---- */

struct sql_column {
    const char *name;
    enum sql_type type;
};
enum { SQL_COLUMNS_MAX = 16 };

/* What becomes of a row whose key, the first KEY_COUNT columns, is there already: the row stays that is the last in the
 * order of the ORDER_COUNT columns behind the key; 0: the first that came. Of a text column whose bit is in GREATEST the greatest
 * that ever came stays, byte by byte: what is known once is not lost to a later row that has nothing to say. */
struct sql_merge {
    size_t key_count, order_count;
    unsigned greatest;
};
/* Rows into one table, each with a value for every column. They are in the database at the latest after sql_flush. */
struct sql_insert;
enum status sql_insert_open(struct sql *sql, const char *table, const struct sql_column *columns, size_t count,
                            struct sql_merge merge, struct sql_insert **insert, struct fault *fault) MUST_CHECK;
void sql_insert_close(struct sql_insert *insert);
enum status sql_insert_row(struct sql_insert *insert, const struct sql_value *values, struct fault *fault) MUST_CHECK;
enum status sql_insert_flush(struct sql_insert *insert, struct fault *fault) MUST_CHECK;
/* Forgets rows that were not flushed: after a rollback. */
void sql_insert_clear(struct sql_insert *insert);

/* ---- news ---- */

/* Changes whenever another connection committed. */
enum status sql_version(struct sql *sql, uint64_t *version, struct fault *fault) MUST_CHECK;

#endif

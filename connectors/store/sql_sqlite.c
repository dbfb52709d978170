/* sql_sqlite.c: the only file that includes sqlite3.h. */
#include "store/sql_driver.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

enum { TEXT_BYTES_MAX = 64 * 1024 };

struct sqlite {
    struct sql base;
    sqlite3 *handle;
    int lock; /* of a writer: "FILE.lock", held by flock; -1: none */
    struct sql_prepared prepared[SQL_STATEMENTS_MAX];
};

struct sqlite_insert {
    struct sql_insert base;
    sqlite3_stmt *statement;
};

/* ---- what a result code means ---- */

static enum status refuse(sqlite3 *handle, int code, const char *doing, struct fault *fault)
{
    const char *why = handle == NULL ? sqlite3_errstr(code) : sqlite3_errmsg(handle);

    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_NOMEM:
    case SQLITE_INTERRUPT:
    case SQLITE_PROTOCOL:
        return fault_retry(fault, "store.busy", "%s: %s", doing, why);
    case SQLITE_CONSTRAINT:
        return fault_fatal(fault, "store.constraint", "%s: %s", doing, why);
    default:
        return fault_fatal(fault, "store.sqlite", "%s: %s", doing, why);
    }
}

/* ---- statements ---- */

/* SQLite knows $1 only as a name: ?1 is the first parameter wherever it stands. */
static void translate(const char *text, struct buffer *out)
{
    for (; *text != '\0'; text++)
        buffer_append_byte(out,
                           (uint8_t)(text[0] == '$' && text[1] >= '0' && text[1] <= '9' ? '?' : text[0]));
}

static enum status prepare(struct sqlite *sqlite, const char *text, sqlite3_stmt **statement,
                           struct fault *fault)
{
    struct buffer ours;

    buffer_init(&ours, TEXT_BYTES_MAX);
    translate(text, &ours);
    int code = buffer_ok(&ours) ? sqlite3_prepare_v3(sqlite->handle, buffer_text(&ours), -1,
                                                     SQLITE_PREPARE_PERSISTENT, statement, NULL)
                                : SQLITE_TOOBIG;
    buffer_done(&ours);
    return code == SQLITE_OK ? STATUS_OK : refuse(sqlite->handle, code, "preparing a statement", fault);
}

static int bind_value(sqlite3_stmt *statement, int place, const struct sql_value *value)
{
    const void *data = value->bytes.data == NULL ? "" : (const void *)value->bytes.data;

    switch (value->type) {
    case SQL_INTEGER:
        return sqlite3_bind_int64(statement, place, value->integer);
    case SQL_TEXT:
        return sqlite3_bind_text64(statement, place, data, value->bytes.length, SQLITE_STATIC, SQLITE_UTF8);
    case SQL_BYTES:
        break;
    }
    return sqlite3_bind_blob64(statement, place, data, value->bytes.length, SQLITE_STATIC);
}

static enum status bind_all(sqlite3_stmt *statement, const struct sql_value *values, size_t count,
                            struct fault *fault)
{
    for (size_t i = 0; i < count; i++) {
        int code = bind_value(statement, (int)i + 1, &values[i]);
        if (code != SQLITE_OK)
            return refuse(sqlite3_db_handle(statement), code, "binding a value", fault);
    }
    return STATUS_OK;
}

static enum status sqlite_start(struct sql *sql, const char *text, const struct sql_value *arguments,
                                size_t count, struct sql_cursor *cursor, struct fault *fault)
{
    struct sqlite *sqlite = (struct sqlite *)sql;
    struct sql_prepared *place = sql_prepared_find(sqlite->prepared, text);

    if (place == NULL || place->busy)
        return fault_fatal(fault, "store.statements", "too many statements, or one within itself");
    if (place->text == NULL) {
        sqlite3_stmt *statement = NULL;
        enum status status = prepare(sqlite, text, &statement, fault);
        if (status != STATUS_OK)
            return status;
        place->text = strdup(text);
        place->handle = statement;
        if (place->text == NULL) {
            (void)sqlite3_finalize(statement);
            return fault_retry(fault, "memory.out", "no memory for a statement");
        }
    }
    enum status status = bind_all(place->handle, arguments, count, fault);
    if (status == STATUS_OK) {
        place->busy = true;
        cursor->statement = place;
    }
    return status;
}

static sqlite3_stmt *statement_of(const struct sql_cursor *cursor)
{
    return ((struct sql_prepared *)cursor->statement)->handle;
}

static enum status sqlite_next(struct sql_cursor *cursor, bool *row, struct fault *fault)
{
    int code = sqlite3_step(statement_of(cursor));

    *row = code == SQLITE_ROW;
    if (code == SQLITE_ROW || code == SQLITE_DONE)
        return STATUS_OK;
    return refuse(((struct sqlite *)cursor->sql)->handle, code, "running a statement", fault);
}

static int64_t sqlite_column(const struct sql_cursor *cursor, int column)
{
    return sqlite3_column_int64(statement_of(cursor), column);
}

static struct bytes sqlite_bytes(const struct sql_cursor *cursor, int column)
{
    const void *data = sqlite3_column_blob(statement_of(cursor), column);

    return bytes_from(data == NULL ? "" : data, (size_t)sqlite3_column_bytes(statement_of(cursor), column));
}

static void sqlite_end(struct sql_cursor *cursor)
{
    (void)sqlite3_reset(statement_of(cursor)); /* says again what sqlite3_step said */
    (void)sqlite3_clear_bindings(statement_of(cursor));
    ((struct sql_prepared *)cursor->statement)->busy = false;
}

static int64_t sqlite_changed(const struct sql_cursor *cursor)
{
    return sqlite3_changes64(((struct sqlite *)cursor->sql)->handle);
}

static enum status sqlite_script(struct sql *sql, const char *text, struct fault *fault)
{
    sqlite3 *handle = ((struct sqlite *)sql)->handle;
    int code = sqlite3_exec(handle, text, NULL, NULL, NULL);

    return code == SQLITE_OK ? STATUS_OK : refuse(handle, code, "running a script", fault);
}

/* ---- transactions ---- */

/* IMMEDIATE: the one writer takes its lock before it has read anything, so it is never told to begin again.
 */
static enum status sqlite_begin(struct sql *sql, struct fault *fault)
{
    return sql_run(sql, ((struct sqlite *)sql)->lock >= 0 ? "BEGIN IMMEDIATE" : "BEGIN", NULL, 0, NULL,
                   fault);
}

static enum status sqlite_commit(struct sql *sql, struct fault *fault)
{
    return sql_run(sql, "COMMIT", NULL, 0, NULL, fault);
}

static void sqlite_rollback(struct sql *sql)
{
    struct fault ignored; /* there may be no transaction left: an error can have ended it */

    (void)!sql_run(sql, "ROLLBACK", NULL, 0, NULL, &ignored);
}

/* ---- many rows: a prepared statement per table, stepped for each; within a transaction nothing is faster
 * ---- */

static enum status sqlite_insert_open(struct sql *sql, const char *table, const struct sql_column *columns,
                                      size_t count, struct sql_merge merge, struct sql_insert **insert,
                                      struct fault *fault)
{
    struct sqlite_insert *made = calloc(1, sizeof *made);
    struct buffer text;

    *insert = NULL;
    if (made == NULL)
        return fault_retry(fault, "memory.out", "no memory for an insert");
    buffer_init(&text, TEXT_BYTES_MAX);
    buffer_append_format(&text, "INSERT%s INTO %s(", merge.order_count == 0 ? " OR IGNORE" : "", table);
    for (size_t i = 0; i < count; i++)
        buffer_append_format(&text, "%s%s", i == 0 ? "" : ",", columns[i].name);
    buffer_append_text(&text, ") VALUES(");
    for (size_t i = 0; i < count; i++)
        buffer_append_format(&text, "%s$%zu", i == 0 ? "" : ",", i + 1);
    buffer_append_text(&text, ")");
    if (merge.order_count > 0)
        sql_append_merge(&text, table, columns, count, merge, "");
    enum status status = prepare((struct sqlite *)sql, buffer_text(&text), &made->statement, fault);
    buffer_done(&text);
    if (status == STATUS_OK)
        *insert = &made->base;
    else
        free(made);
    return status;
}

static void sqlite_insert_close(struct sql_insert *insert)
{
    (void)sqlite3_finalize(((struct sqlite_insert *)insert)->statement);
    free(insert);
}

static enum status sqlite_insert_row(struct sql_insert *insert, const struct sql_value *values,
                                     struct fault *fault)
{
    sqlite3_stmt *statement = ((struct sqlite_insert *)insert)->statement;

    enum status status = bind_all(statement, values, insert->column_count, fault);
    if (status != STATUS_OK)
        return status;
    int code = sqlite3_step(statement);
    (void)sqlite3_reset(statement);
    return code == SQLITE_DONE ? STATUS_OK
                               : refuse(((struct sqlite *)insert->sql)->handle, code, "writing a row", fault);
}

static enum status sqlite_insert_flush(struct sql_insert *insert, struct fault *fault)
{
    (void)insert, (void)fault;
    return STATUS_OK;
}

static void sqlite_insert_clear(struct sql_insert *insert)
{
    (void)insert;
}

static enum status sqlite_version(struct sql *sql, uint64_t *version, struct fault *fault)
{
    struct sql_cursor cursor;
    bool row = false;

    enum status status = sql_start(sql, "PRAGMA data_version", NULL, 0, &cursor, fault);
    if (status == STATUS_OK)
        status = sql_next(&cursor, &row, fault);
    if (status == STATUS_OK && row)
        *version = (uint64_t)sql_column_integer(&cursor, 0);
    sql_end(&cursor);
    return status;
}

/* ---- open and close ---- */

static void sqlite_close(struct sql *sql)
{
    struct sqlite *sqlite = (struct sqlite *)sql;

    for (size_t i = 0; i < SQL_STATEMENTS_MAX; i++) {
        (void)sqlite3_finalize(sqlite->prepared[i].handle);
        free(sqlite->prepared[i].text);
    }
    (void)sqlite3_close_v2(sqlite->handle);
    if (sqlite->lock >= 0)
        (void)close(sqlite->lock);
    free(sqlite);
}

static const struct sql_driver driver = {
    .dialect = "sqlite",
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .start = sqlite_start,
    .stream = sqlite_start, /* steps row by row anyway */
    .next = sqlite_next,
    .column_integer = sqlite_column,
    .column_bytes = sqlite_bytes,
    .end = sqlite_end,
    .changed = sqlite_changed,
    .script = sqlite_script,
    .insert_open = sqlite_insert_open,
    .insert_close = sqlite_insert_close,
    .insert_row = sqlite_insert_row,
    .insert_flush = sqlite_insert_flush,
    .insert_clear = sqlite_insert_clear,
    .version = sqlite_version,
    .close = sqlite_close,
};

/* The kernel gives the lock back however the process ends. SQLite's own locks last for a transaction only. */
static enum status take_lock(struct sqlite *sqlite, const char *file, int64_t wait_ms, struct fault *fault)
{
    char name[4096 + 8];
    int64_t waited_ms = 0;

    (void)snprintf(name, sizeof name, "%s.lock", file);
    sqlite->lock = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (sqlite->lock < 0)
        return fault_fatal(fault, "store.file", "%s cannot be opened: %s", name, strerror(errno));
    while (flock(sqlite->lock, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK && errno != EINTR)
            return fault_fatal(fault, "store.file", "%s cannot be locked: %s", name, strerror(errno));
        if (!sql_lock_pause(&waited_ms, wait_ms))
            return fault_fatal(fault, "store.locked",
                               "another medhub connector store fills %s (its lock is %s)", file, name);
    }
    return STATUS_OK;
}

/* What is in it is for the hub's operators alone; SQLite would make it readable for all. Its other files
 * follow this one. */
static void make_private(const char *file)
{
    int made = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (made >= 0)
        (void)close(made); /* else sqlite3_open_v2 says why */
}

/* NORMAL is enough: rows and offsets stand in one transaction, and a write-ahead log loses whole transactions
 * at the end if at all. After a loss of power the offsets are those of the rows that are left, and Kafka
 * gives the rest again. */
static const char writer_settings[] =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA temp_store=MEMORY;"
    "PRAGMA wal_autocheckpoint=4000; PRAGMA journal_size_limit=268435456;";
static const char reader_settings[] = "PRAGMA query_only=ON; PRAGMA temp_store=MEMORY;";

static enum status set_up(struct sqlite *sqlite, const struct sql_settings *settings, enum sql_use use,
                          struct fault *fault)
{
    char cache[96];

    (void)sqlite3_busy_timeout(sqlite->handle, (int)settings->busy_wait_ms);
    (void)snprintf(cache, sizeof cache, "PRAGMA cache_size=-%lld;", (long long)settings->cache_mib * 1024);
    enum status status =
        sqlite_script(&sqlite->base, use == SQL_WRITE ? writer_settings : reader_settings, fault);
    return status == STATUS_OK ? sqlite_script(&sqlite->base, cache, fault) : status;
}

enum status sqlite_open(const struct sql_settings *settings, const char *file, enum sql_use use,
                        struct sql **sql, struct fault *fault)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (use == SQL_WRITE ? SQLITE_OPEN_CREATE : 0);
    struct sqlite *sqlite = calloc(1, sizeof *sqlite);

    *sql = NULL;
    if (sqlite == NULL)
        return fault_retry(fault, "memory.out", "no memory for a database");
    sqlite->base.driver = &driver;
    sqlite->lock = -1;
    enum status status =
        use == SQL_WRITE ? take_lock(sqlite, file, settings->lock_wait_ms, fault) : STATUS_OK;
    if (status == STATUS_OK && use == SQL_WRITE)
        make_private(file);
    if (status == STATUS_OK) {
        int code = sqlite3_open_v2(file, &sqlite->handle, flags, NULL);
        if (code == SQLITE_CANTOPEN)
            status = fault_fatal(fault, "store.file", "the read model %s cannot be opened%s", file,
                                 use == SQL_READ ? ": has `medhub connector store` made it? Where it is say store.database, "
                                                   "MEDHUB_STORE_DATABASE or -s store.database=FILE"
                                                 : "");
        else if (code != SQLITE_OK)
            status = refuse(sqlite->handle, code, "opening the read model", fault);
    }
    if (status == STATUS_OK)
        status = set_up(sqlite, settings, use, fault);
    if (status == STATUS_OK)
        *sql = &sqlite->base;
    else
        sqlite_close(&sqlite->base);
    return status;
}

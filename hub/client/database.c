#include "client/database.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct database {
    sqlite3 *connection;
    const struct database_kind *kind;
    sqlite3_stmt **statements;
    bool relaxed;
    bool reading; /* a transaction is open for look-ups */
};

enum medhub_status database_failed(struct database *database, struct medhub_error *error)
{
    int code = sqlite3_errcode(database->connection);
    if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
        return error_say(error, "storage.busy", NULL);
    if (code == SQLITE_NOTADB)
        return error_say(error, "storage.foreign", NULL);
    return error_say(error, "storage.failed", "%s (%d)", sqlite3_errmsg(database->connection),
                     sqlite3_extended_errcode(database->connection));
}

static enum medhub_status execute(struct database *database, const char *sql, struct medhub_error *error)
{
    return sqlite3_exec(database->connection, sql, NULL, NULL, NULL) == SQLITE_OK
               ? MEDHUB_OK
               : database_failed(database, error);
}

static enum medhub_status read_pragma(struct database *database, const char *sql, int *number,
                                      struct medhub_error *error)
{
    sqlite3_stmt *statement = NULL;
    enum medhub_status status = MEDHUB_OK;

    if (sqlite3_prepare_v2(database->connection, sql, -1, &statement, NULL) != SQLITE_OK ||
        sqlite3_step(statement) != SQLITE_ROW)
        status = database_failed(database, error);
    else
        *number = sqlite3_column_int(statement, 0);
    (void)sqlite3_finalize(statement);
    return status;
}

static enum medhub_status migrate(struct database *database, struct medhub_error *error)
{
    const struct database_kind *kind = database->kind;
    int version = 0, application = 0;
    char mark[100];
    enum medhub_status status = read_pragma(database, "PRAGMA user_version", &version, error);

    if (status == MEDHUB_OK)
        status = read_pragma(database, "PRAGMA application_id", &application, error);
    if (status == MEDHUB_OK && version > 0 && application != kind->application_id)
        return error_say(error, "storage.foreign", NULL);
    if (status == MEDHUB_OK && version > kind->version)
        return error_say(error, "storage.newer", "%d > %d", version, kind->version);
    for (; status == MEDHUB_OK && version < kind->version; version++) {
        (void)snprintf(mark, sizeof mark, "PRAGMA user_version=%d; PRAGMA application_id=%d", version + 1,
                       kind->application_id);
        status = database_begin(database, error);
        if (status == MEDHUB_OK)
            status = execute(database, kind->migrations[version], error);
        if (status == MEDHUB_OK)
            status = execute(database, mark, error);
        if (status == MEDHUB_OK)
            status = database_commit(database, error);
        else
            database_rollback(database);
    }
    return status;
}

static enum medhub_status prepare(struct database *database, struct medhub_error *error)
{
    const struct database_kind *kind = database->kind;

    database->statements = calloc(kind->statement_count + 1, sizeof(sqlite3_stmt *));
    if (database->statements == NULL)
        return error_say(error, "memory.out", NULL);
    for (size_t i = 0; i < kind->statement_count; i++)
        if (sqlite3_prepare_v3(database->connection, kind->statements[i], -1, SQLITE_PREPARE_PERSISTENT,
                               &database->statements[i], NULL) != SQLITE_OK)
            return database_failed(database, error);
    return MEDHUB_OK;
}

/* The name of a new file is only on disk once its folder is. */
static enum medhub_status sync_folder(const char *path, struct medhub_error *error)
{
    char folder[4096];
    (void)snprintf(folder, sizeof folder, "%s", path);
    char *slash = strrchr(folder, '/');
    if (slash == NULL)
        (void)snprintf(folder, sizeof folder, ".");
    else
        slash[slash == folder] = '\0';
    int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int failed = descriptor < 0 || fsync(descriptor) != 0;
    int reason = errno;
    if (descriptor >= 0)
        (void)close(descriptor);
    return failed ? error_say(error, "storage.failed", "%s: %s", folder, strerror(reason)) : MEDHUB_OK;
}

/* Events hold personal data: nobody else may read the file. Only a new one is opened here, because closing a
 * file would give up the locks that another handle of this process has on it. */
static void create_private(const char *path)
{
    int descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (descriptor >= 0) /* ignoring: SQLite will say what is wrong with the path */
        (void)close(descriptor);
}

/* Exclusive locking before the first access: the lock is kept, and the log needs no shared memory. EXTRA
 * while the file changes over to the log: the journal of that moment must not come back after a power loss.
 */
static const char settle_sql[] = "PRAGMA locking_mode=EXCLUSIVE; PRAGMA synchronous=EXTRA; PRAGMA "
                                 "journal_mode=WAL; PRAGMA synchronous=FULL;"
                                 "PRAGMA wal_autocheckpoint=1000; PRAGMA journal_size_limit=16777216;"
                                 "PRAGMA trusted_schema=OFF; BEGIN IMMEDIATE; COMMIT";

/* A page holds some rows of a few hundred bytes: fewer, larger pages are fewer to find, to write and to read. */
static const char settle_new_sql[] = "PRAGMA page_size=8192; PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=OFF; "
                                     "PRAGMA synchronous=OFF; PRAGMA trusted_schema=OFF; BEGIN IMMEDIATE; COMMIT";

static enum medhub_status open_with(const char *path, const struct database_kind *kind, const char *settle,
                                    struct database **database, struct medhub_error *error)
{
    struct database *opened = calloc(1, sizeof *opened);
    enum medhub_status status = MEDHUB_OK;

    *database = NULL;
    if (opened == NULL)
        return error_say(error, "memory.out", NULL);
    opened->kind = kind;
    create_private(path);
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    if (sqlite3_open_v2(path, &opened->connection, flags, NULL) != SQLITE_OK)
        status = opened->connection == NULL ? error_say(error, "memory.out", NULL)
                                            : database_failed(opened, error);
    if (status == MEDHUB_OK)
        status = execute(opened, settle, error);
    if (status == MEDHUB_OK)
        status = migrate(opened, error);
    if (status == MEDHUB_OK)
        status = sync_folder(path, error);
    if (status == MEDHUB_OK)
        status = prepare(opened, error);
    if (status == MEDHUB_OK)
        *database = opened;
    else
        database_close(opened);
    return status;
}

enum medhub_status database_open(const char *path, const struct database_kind *kind,
                                 struct database **database, struct medhub_error *error)
{
    return open_with(path, kind, settle_sql, database, error);
}

enum medhub_status database_create(const char *path, const struct database_kind *kind,
                                   struct database **database, struct medhub_error *error)
{
    return open_with(path, kind, settle_new_sql, database, error);
}

enum medhub_status database_finish(struct database *database, struct medhub_error *error)
{
    return execute(database, "PRAGMA journal_mode=WAL", error);
}

void database_close(struct database *database)
{
    if (database == NULL)
        return;
    for (size_t i = 0; database->statements != NULL && i < database->kind->statement_count; i++)
        (void)sqlite3_finalize(database->statements[i]);
    free(database->statements);
    (void)sqlite3_close_v2(database->connection);
    free(database);
}

void database_keep_reading(struct database *database)
{
    if (!database->reading) /* ignoring a failure: then each read has a transaction of its own */
        database->reading = sqlite3_exec(database->connection, "BEGIN", NULL, NULL, NULL) == SQLITE_OK;
}

enum medhub_status database_begin(struct database *database, struct medhub_error *error)
{
    if (database->reading)
        database_rollback(database); /* nothing was written in it */
    database->reading = false;
    return execute(database, "BEGIN IMMEDIATE", error);
}

enum medhub_status database_commit(struct database *database, struct medhub_error *error)
{
    enum medhub_status status = execute(database, "COMMIT", error);
    if (status != MEDHUB_OK)
        database_rollback(database);
    return status;
}

void database_rollback(struct database *database)
{
    if (!sqlite3_get_autocommit(database->connection)) /* ignoring: SQLite may have rolled back by itself */
        (void)sqlite3_exec(database->connection, "ROLLBACK", NULL, NULL, NULL);
}

void database_relaxed(struct database *database, bool relaxed)
{
    if (database->relaxed == relaxed)
        return;
    database->relaxed = relaxed; /* ignoring: it stays at the stricter one */
    (void)sqlite3_exec(database->connection,
                       relaxed ? "PRAGMA synchronous=NORMAL" : "PRAGMA synchronous=FULL", NULL, NULL, NULL);
}

sqlite3_stmt *database_statement(struct database *database, size_t index)
{
    sqlite3_stmt *statement = database->statements[index];
    (void)sqlite3_reset(statement);
    (void)sqlite3_clear_bindings(statement);
    return statement;
}

void statement_bind_text(sqlite3_stmt *statement, int place, const char *text)
{
    (void)sqlite3_bind_text(statement, place, text, -1, SQLITE_STATIC);
}

void statement_bind_bytes(sqlite3_stmt *statement, int place, struct bytes bytes)
{
    (void)sqlite3_bind_text64(statement, place, (const char *)bytes.data, bytes.length, SQLITE_STATIC,
                              SQLITE_UTF8);
}

const char *statement_text(sqlite3_stmt *statement, int column)
{
    const unsigned char *text = sqlite3_column_text(statement, column);
    return text == NULL ? "" : (const char *)text;
}

bool statement_step(struct database *database, sqlite3_stmt *statement, enum medhub_status *status,
                    struct medhub_error *error)
{
    int code = sqlite3_step(statement);
    *status = code == SQLITE_ROW || code == SQLITE_DONE ? MEDHUB_OK : database_failed(database, error);
    if (code != SQLITE_ROW)
        (void)sqlite3_reset(statement);
    return code == SQLITE_ROW;
}

enum medhub_status database_run(struct database *database, sqlite3_stmt *statement,
                                struct medhub_error *error)
{
    enum medhub_status status = MEDHUB_OK;
    while (statement_step(database, statement, &status, error))
        ;
    return status;
}

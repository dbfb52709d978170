/* sql_postgres.c: the only file that includes libpq-fe.h. Parameters, arrays and results travel in binary. */
#include "store/sql_driver.h"

#include "base/secret_file.h"
#include "store/sql_postgres_insert.h"

#include <endian.h>
#include <inttypes.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    ARGUMENTS_MAX = 128,
    NAME_BYTES = 24,
};
#define WRITER_LOCK "7810206401869013618" /* of pg_advisory_lock: "medhub" and no other meaning */
#define CHANNEL     "medhub_store"

struct postgres {
    struct sql base;
    PGconn *connection;
    bool writes;
    bool listening; /* since the first sql_version */
    int64_t statement_timeout_ms;
    uint64_t version;
    uint64_t statements_made; /* gives each prepared statement its name */
    struct sql_prepared prepared[SQL_STATEMENTS_MAX];
};

/* ---- what an error means ---- */

static bool is_temporary(const char *state)
{
    /* connection, resources, operator's intervention, serialisation, locks */
    static const char *const classes[] = {"08", "53", "57", "40", "55"};

    if (state == NULL)
        return true; /* the connection ended */
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
        if (strncmp(state, classes[i], 2) == 0)
            return true;
    return false;
}

/* The primary message names tables and rules; the detail may quote a row, so it stays out of faults and logs.
 */
static enum status refuse(const struct postgres *postgres, const PGresult *result, const char *doing,
                          struct fault *fault)
{
    const char *state = result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *why = result == NULL ? NULL : PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

    if (why == NULL)
        why = PQerrorMessage(postgres->connection);
    int length = (int)strcspn(why, "\n");
    if (PQstatus(postgres->connection) != CONNECTION_OK || is_temporary(state))
        return fault_retry(fault, "store.away", "%s: %.*s", doing, length, why);
    if (strncmp(state, "23", 2) == 0)
        return fault_fatal(fault, "store.constraint", "%s: %.*s", doing, length, why);
    return fault_fatal(fault, "store.postgresql", "%s: %.*s (%s)", doing, length, why, state);
}

static enum status run_simple(struct postgres *postgres, const char *text, struct fault *fault)
{
    PGresult *result = PQexec(postgres->connection, text);
    ExecStatusType code = PQresultStatus(result);

    enum status status = code == PGRES_COMMAND_OK || code == PGRES_TUPLES_OK
                             ? STATUS_OK
                             : refuse(postgres, result, "running a statement", fault);
    PQclear(result);
    return status;
}

/* ---- the connection ---- */

static void forget_statements(struct postgres *postgres)
{
    for (size_t i = 0; i < SQL_STATEMENTS_MAX; i++) {
        free(postgres->prepared[i].handle);
        free(postgres->prepared[i].text);
        postgres->prepared[i] = (struct sql_prepared){0};
    }
}

/* synchronous_commit off is enough for the reason that SQLite's NORMAL is: what a crash of the server takes
 * away, it takes with its offsets. jit off: compiling a statement takes 300 ms and more, which none of ours
 * runs. */
static enum status greet(struct postgres *postgres, struct fault *fault)
{
    char text[256];

    (void)snprintf(text, sizeof text,
                   "SET client_encoding='UTF8'; SET synchronous_commit=off; SET client_min_messages=warning;"
                   "SET jit=off;"
                   "SET statement_timeout=%" PRId64 "; SET lock_timeout=%" PRId64,
                   postgres->statement_timeout_ms, postgres->statement_timeout_ms);
    enum status status = run_simple(postgres, text, fault);
    if (status == STATUS_OK &&
        strcmp(PQparameterStatus(postgres->connection, "server_encoding"), "UTF8") != 0)
        return fault_fatal(fault, "store.encoding", "the database must be made with ENCODING 'UTF8', not %s",
                           PQparameterStatus(postgres->connection, "server_encoding"));
    if (status == STATUS_OK && postgres->listening)
        status = run_simple(postgres, "LISTEN " CHANNEL, fault);
    return status;
}

/* A reader comes back by itself. A writer may not: its lock went with the connection. */
static enum status be_connected(struct postgres *postgres, struct fault *fault)
{
    if (PQstatus(postgres->connection) == CONNECTION_OK)
        return STATUS_OK;
    if (postgres->writes)
        return fault_retry(fault, "store.away", "the connection to the database was lost");
    forget_statements(postgres);
    postgres->version++;
    PQreset(postgres->connection);
    return PQstatus(postgres->connection) == CONNECTION_OK
               ? greet(postgres, fault)
               : refuse(postgres, NULL, "connecting to the database", fault);
}

/* ---- transactions ---- */

static enum status postgres_begin(struct sql *sql, struct fault *fault)
{
    struct postgres *postgres = (struct postgres *)sql;

    enum status status = be_connected(postgres, fault);
    if (status != STATUS_OK)
        return status;
    return run_simple(postgres,
                      postgres->writes ? "BEGIN" : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", fault);
}

static enum status postgres_commit(struct sql *sql, struct fault *fault)
{
    struct postgres *postgres = (struct postgres *)sql;

    return run_simple(postgres, postgres->writes ? "NOTIFY " CHANNEL "; COMMIT" : "COMMIT", fault);
}

static void postgres_rollback(struct sql *sql)
{
    struct fault ignored; /* without a connection there is nothing left to undo */

    (void)!run_simple((struct postgres *)sql, "ROLLBACK", &ignored);
}

/* ---- statements ---- */

static enum status prepare(struct postgres *postgres, struct sql_prepared *place, const char *text,
                           struct fault *fault)
{
    char name[NAME_BYTES];

    (void)snprintf(name, sizeof name, "s%" PRIu64, postgres->statements_made++);
    PGresult *result = PQprepare(postgres->connection, name, text, 0, NULL);
    enum status status = PQresultStatus(result) == PGRES_COMMAND_OK
                             ? STATUS_OK
                             : refuse(postgres, result, "preparing a statement", fault);
    PQclear(result);
    if (status != STATUS_OK)
        return status;
    place->text = strdup(text);
    place->handle = strdup(name);
    if (place->text != NULL && place->handle != NULL)
        return STATUS_OK;
    free(place->text);
    free(place->handle);
    *place = (struct sql_prepared){0};
    return fault_retry(fault, "memory.out", "no memory for a statement");
}

struct parameters {
    const char *values[ARGUMENTS_MAX];
    int lengths[ARGUMENTS_MAX], formats[ARGUMENTS_MAX];
    uint64_t integers[ARGUMENTS_MAX];
};

static void fill(struct parameters *to, const struct sql_value *arguments, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        to->formats[i] = 1;
        if (arguments[i].type == SQL_INTEGER) {
            to->integers[i] = htobe64((uint64_t)arguments[i].integer);
            to->values[i] = (const char *)&to->integers[i];
            to->lengths[i] = sizeof to->integers[i];
        } else {
            to->values[i] = arguments[i].bytes.data == NULL ? "" : (const char *)arguments[i].bytes.data;
            to->lengths[i] = (int)arguments[i].bytes.length;
        }
    }
}

/* The name of the prepared statement TEXT; its parameters in PARAMETERS. */
static enum status make_ready(struct postgres *postgres, const char *text, const struct sql_value *arguments,
                              size_t count, struct parameters *parameters, const char **name,
                              struct fault *fault)
{
    enum status status = postgres->base.in_transaction ? STATUS_OK : be_connected(postgres, fault);

    if (status != STATUS_OK)
        return status;
    struct sql_prepared *place = sql_prepared_find(postgres->prepared, text);
    if (place == NULL || count > ARGUMENTS_MAX)
        return fault_fatal(fault, "store.statements", "too many statements or parameters");
    if (place->text == NULL)
        status = prepare(postgres, place, text, fault);
    if (status != STATUS_OK)
        return status;
    fill(parameters, arguments, count);
    *name = place->handle;
    return STATUS_OK;
}

static enum status postgres_start(struct sql *sql, const char *text, const struct sql_value *arguments,
                                  size_t count, struct sql_cursor *cursor, struct fault *fault)
{
    struct postgres *postgres = (struct postgres *)sql;
    struct parameters parameters;
    const char *name = NULL;

    enum status status = make_ready(postgres, text, arguments, count, &parameters, &name, fault);
    if (status != STATUS_OK)
        return status;
    PGresult *result = PQexecPrepared(postgres->connection, name, (int)count, parameters.values,
                                      parameters.lengths, parameters.formats, 1);
    ExecStatusType code = PQresultStatus(result);
    if (code != PGRES_COMMAND_OK && code != PGRES_TUPLES_OK) {
        status = refuse(postgres, result, "running a statement", fault);
        PQclear(result);
        return status;
    }
    cursor->statement = result;
    cursor->row = -1;
    return STATUS_OK;
}

/* ---- many rows of an answer: one PGresult each, as they come ---- */

/* The next of them; the one without a row is the last. */
static enum status take_streamed(struct sql_cursor *cursor, struct fault *fault)
{
    struct postgres *postgres = (struct postgres *)cursor->sql;
    PGresult *result = PQgetResult(postgres->connection);
    ExecStatusType code = PQresultStatus(result);

    PQclear(cursor->statement);
    cursor->statement = result;
    return code == PGRES_SINGLE_TUPLE || code == PGRES_TUPLES_OK
               ? STATUS_OK
               : refuse(postgres, result, "running a statement", fault);
}

/* What is still to come is not wanted. */
static void end_stream(struct postgres *postgres)
{
    PGcancel *cancel = PQgetCancel(postgres->connection);
    PGresult *result = PQgetResult(postgres->connection);
    char why[256];

    if (result != NULL && cancel != NULL)
        (void)PQcancel(cancel, why, sizeof why); /* ignoring: then it comes, and is thrown away */
    for (; result != NULL; result = PQgetResult(postgres->connection))
        PQclear(result);
    PQfreeCancel(cancel);
}

static enum status postgres_stream(struct sql *sql, const char *text, const struct sql_value *arguments,
                                   size_t count, struct sql_cursor *cursor, struct fault *fault)
{
    struct postgres *postgres = (struct postgres *)sql;
    struct parameters parameters;
    const char *name = NULL;

    enum status status = make_ready(postgres, text, arguments, count, &parameters, &name, fault);
    if (status != STATUS_OK)
        return status;
    if (PQsendQueryPrepared(postgres->connection, name, (int)count, parameters.values, parameters.lengths,
                            parameters.formats, 1) == 0 ||
        PQsetSingleRowMode(postgres->connection) == 0)
        return refuse(postgres, NULL, "running a statement", fault);
    cursor->streams = true;
    cursor->row = -1;
    status = take_streamed(cursor, fault);
    if (status != STATUS_OK)
        sql_end(cursor);
    return status;
}

static enum status next_streamed(struct sql_cursor *cursor, bool *row, struct fault *fault)
{
    enum status status = cursor->row < 0 ? STATUS_OK : take_streamed(cursor, fault);

    cursor->row = 0;
    *row = status == STATUS_OK && PQntuples(cursor->statement) > 0;
    return status;
}

static enum status postgres_next(struct sql_cursor *cursor, bool *row, struct fault *fault)
{
    if (cursor->streams)
        return next_streamed(cursor, row, fault);
    *row = ++cursor->row < PQntuples(cursor->statement);
    return STATUS_OK;
}

static int64_t postgres_integer(const struct sql_cursor *cursor, int column)
{
    const char *data = PQgetvalue(cursor->statement, cursor->row, column);
    uint64_t wide = 0;
    uint32_t narrow = 0;

    switch (PQgetlength(cursor->statement, cursor->row, column)) {
    case sizeof wide:
        memcpy(&wide, data, sizeof wide);
        return (int64_t)be64toh(wide);
    case sizeof narrow: /* a constant in a statement */
        memcpy(&narrow, data, sizeof narrow);
        return (int32_t)be32toh(narrow);
    default:
        return 0; /* NULL, of max() over nothing */
    }
}

static struct bytes postgres_bytes(const struct sql_cursor *cursor, int column)
{
    return bytes_from(PQgetvalue(cursor->statement, cursor->row, column),
                      (size_t)PQgetlength(cursor->statement, cursor->row, column));
}

static void postgres_end(struct sql_cursor *cursor)
{
    PQclear(cursor->statement);
    if (cursor->streams)
        end_stream((struct postgres *)cursor->sql);
}

static int64_t postgres_changed(const struct sql_cursor *cursor)
{
    return strtoll(PQcmdTuples(cursor->statement), NULL, 10);
}

static enum status postgres_script(struct sql *sql, const char *text, struct fault *fault)
{
    return run_simple((struct postgres *)sql, text, fault);
}

/* ---- news ---- */

static enum status listen(struct postgres *postgres, struct fault *fault)
{
    enum status status = be_connected(postgres, fault);

    if (status == STATUS_OK && !postgres->listening)
        status = run_simple(postgres, "LISTEN " CHANNEL, fault);
    postgres->listening = status == STATUS_OK;
    return status;
}

static enum status postgres_version(struct sql *sql, uint64_t *version, struct fault *fault)
{
    struct postgres *postgres = (struct postgres *)sql;
    PGnotify *note;

    enum status status = postgres->listening ? be_connected(postgres, fault) : listen(postgres, fault);
    if (status != STATUS_OK)
        return status;
    if (PQconsumeInput(postgres->connection) == 0)
        return refuse(postgres, NULL, "listening to the database", fault);
    while ((note = PQnotifies(postgres->connection)) != NULL) {
        postgres->version++;
        PQfreemem(note);
    }
    *version = postgres->version;
    return STATUS_OK;
}

/* ---- open and close ---- */

static void postgres_close(struct sql *sql)
{
    struct postgres *postgres = (struct postgres *)sql;

    forget_statements(postgres);
    PQfinish(postgres->connection);
    free(postgres);
}

static const struct sql_driver driver = {
    .dialect = "postgresql",
    .begin = postgres_begin,
    .commit = postgres_commit,
    .rollback = postgres_rollback,
    .start = postgres_start,
    .stream = postgres_stream,
    .next = postgres_next,
    .column_integer = postgres_integer,
    .column_bytes = postgres_bytes,
    .end = postgres_end,
    .changed = postgres_changed,
    .script = postgres_script,
    .insert_open = postgres_insert_open,
    .insert_close = postgres_insert_close,
    .insert_row = postgres_insert_row,
    .insert_flush = postgres_insert_flush,
    .insert_clear = postgres_insert_clear,
    .version = postgres_version,
    .close = postgres_close,
};

static enum status try_lock(struct postgres *postgres, bool *locked, struct fault *fault)
{
    PGresult *result = PQexec(postgres->connection, "SELECT pg_try_advisory_lock(" WRITER_LOCK ")");

    enum status status = PQresultStatus(result) == PGRES_TUPLES_OK
                             ? STATUS_OK
                             : refuse(postgres, result, "asking for the writer's lock", fault);
    *locked = status == STATUS_OK && PQgetvalue(result, 0, 0)[0] == 't';
    PQclear(result);
    return status;
}

/* The server gives the lock back when the connection ends. */
static enum status take_lock(struct postgres *postgres, int64_t wait_ms, struct fault *fault)
{
    int64_t waited_ms = 0;
    bool locked = false;

    enum status status = try_lock(postgres, &locked, fault);
    while (status == STATUS_OK && !locked) {
        if (!sql_lock_pause(&waited_ms, wait_ms))
            return fault_fatal(fault, "store.locked", "another medhub connector store fills the database %s",
                               PQdb(postgres->connection));
        status = try_lock(postgres, &locked, fault);
    }
    return status;
}

/* PASSWORD "" is none given. */
static PGconn *connect_to(const struct sql_settings *settings, const char *password)
{
    char seconds[24];

    (void)snprintf(seconds, sizeof seconds, "%lld", (long long)(settings->busy_wait_ms + 999) / 1000 + 1);
    const char *const names[] = {
        "connect_timeout",           "application_name", "keepalives_idle", "tcp_user_timeout",
        "fallback_application_name", "password",         "dbname",          NULL};
    const char *const values[] = {seconds,  "medhub",           "10", "30000", "medhub",
                                  password, settings->database, NULL};
    return PQconnectdbParams(names, values, 1); /* the URL comes last: what it says counts */
}

static enum status connect_with_password(struct postgres *postgres, const struct sql_settings *settings,
                                         struct fault *fault)
{
    char password[SECRET_BYTES_MAX] = "";
    enum status status = STATUS_OK;

    if (settings->password_file != NULL && settings->password_file[0] != '\0')
        status = secret_file_read(settings->password_file, password, fault);
    if (status == STATUS_OK)
        postgres->connection = connect_to(settings, password);
    explicit_bzero(password, sizeof password);
    if (status != STATUS_OK)
        return status;
    return PQstatus(postgres->connection) == CONNECTION_OK
               ? greet(postgres, fault)
               : refuse(postgres, NULL, "connecting to the database", fault);
}

enum status postgres_open(const struct sql_settings *settings, enum sql_use use, struct sql **sql,
                          struct fault *fault)
{
    struct postgres *postgres = calloc(1, sizeof *postgres);

    *sql = NULL;
    if (postgres == NULL)
        return fault_retry(fault, "memory.out", "no memory for a database");
    postgres->base.driver = &driver;
    postgres->writes = use == SQL_WRITE;
    postgres->statement_timeout_ms = settings->statement_timeout_ms;
    enum status status = connect_with_password(postgres, settings, fault);
    if (status == STATUS_OK && postgres->writes)
        status = take_lock(postgres, settings->lock_wait_ms, fault);
    if (status == STATUS_OK)
        *sql = &postgres->base;
    else
        postgres_close(&postgres->base);
    return status;
}

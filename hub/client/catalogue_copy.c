#include "client/catalogue_copy.h"

#include "base/date.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { REGION_BYTES = 7 };

enum copy_statement {
    COPY_PUT,
    COPY_ADD,
    COPY_GET,
    COPY_BEFORE,
    COPY_VERSION,
    COPY_FIND,
    COPY_FIND_ANYWHERE,
    COPY_MAP,
    COPY_ALL,
    COPY_GET_FACTS,
    COPY_PUT_FACTS,
    COPY_DELETE,
    COPY_ENDED_ON,
    COPY_PEND,
    COPY_IS_PENDING,
    COPY_PENDING,
    COPY_UNPEND,
    COPY_PUT_RELEASE,
    COPY_GET_RELEASE,
    COPY_APPLIED,
    COPY_READY,
    COPY_NOT_BEFORE,
    COPY_OTHERS,
    COPY_BLOCKED,
    COPY_FIRST_READY,
    COPY_DROP_SINGLE,
    COPY_LATE,
    COPY_PUT_SCOPE,
    COPY_GET_SCOPE,
    COPY_STATEMENTS,
};

static const char *const migrations[] = {
    "CREATE TABLE row ("
    "  tbl TEXT NOT NULL, code TEXT NOT NULL, region TEXT NOT NULL,"
    "  valid_from TEXT NOT NULL, valid_until TEXT NOT NULL,"
    "  item TEXT NOT NULL, digest BLOB NOT NULL, version INTEGER NOT NULL,"
    "  PRIMARY KEY (tbl, code, region, valid_from)) WITHOUT ROWID;"
    "CREATE TABLE facts ("
    "  one INTEGER PRIMARY KEY CHECK (one = 1), rows INTEGER NOT NULL, digest BLOB NOT NULL,"
    "  snapshot_ms INTEGER NOT NULL, refreshed_ms INTEGER NOT NULL, cursor TEXT NOT NULL);",
    "CREATE TABLE pending ("
    "  release TEXT NOT NULL, tbl TEXT NOT NULL, code TEXT NOT NULL, region TEXT NOT NULL, event TEXT NOT NULL,"
    "  PRIMARY KEY (release, tbl, code, region)) WITHOUT ROWID;"
    "CREATE TABLE release ("
    "  id TEXT NOT NULL PRIMARY KEY, items INTEGER NOT NULL, state INTEGER NOT NULL,"
    "  digest TEXT NOT NULL, applied_ms INTEGER NOT NULL) WITHOUT ROWID;",
    ("ALTER TABLE pending ADD COLUMN version INTEGER NOT NULL DEFAULT 0;"
     "CREATE INDEX pending_item ON pending (tbl, code, version);"),
    "CREATE TABLE scope (one INTEGER PRIMARY KEY CHECK (one = 1), regions TEXT NOT NULL);",
};

#define ROW_COLUMNS "tbl, code, region, valid_from, valid_until, item, digest, version"
#define FOUND_COLUMNS "region, valid_from, valid_until, item, digest, version"
#define OF_ITEM     " FROM row WHERE tbl = ?1 AND code = ?2 AND region = ?3"

static const char *const statements[COPY_STATEMENTS] = {
    [COPY_PUT] = ("INSERT OR REPLACE INTO row (" ROW_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"),
    [COPY_ADD] = ("INSERT INTO row (" ROW_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"),
    [COPY_GET] = ("SELECT " ROW_COLUMNS OF_ITEM " AND valid_from = ?4"),
    [COPY_BEFORE] =
        ("SELECT " ROW_COLUMNS OF_ITEM " AND valid_from < ?4 AND (valid_until = '' OR valid_until >= ?5) "
         "ORDER BY valid_from DESC LIMIT 1"),
    [COPY_VERSION] = "SELECT max(version) FROM row WHERE tbl = ?1 AND code = ?2",
    /* The code of an inner region is the greater number. The pluses keep SQLite at one seek for the item, whose rows are few, instead
     * of one for each region. */
    [COPY_FIND] =
        ("SELECT " FOUND_COLUMNS " FROM row WHERE tbl = ?1 AND code = ?2 AND "
         "(+region = ?3 OR +region = ?5 OR +region = ?6 OR +region = '000000') AND valid_from <= ?4 AND "
         "(valid_until = '' OR valid_until >= ?4) ORDER BY region DESC, valid_from DESC LIMIT 1"),
    [COPY_FIND_ANYWHERE] =
        ("SELECT " FOUND_COLUMNS " FROM row WHERE tbl = ?1 AND code = ?2 AND valid_from <= ?4 AND "
         "(valid_until = '' OR valid_until >= ?4) ORDER BY valid_from DESC LIMIT 1"),
    /* Look-ups at random read pages through the map instead of a system call each. */
    [COPY_MAP] = "PRAGMA mmap_size = 1073741824",
    [COPY_ALL] = ("SELECT " ROW_COLUMNS " FROM row"),
    [COPY_GET_FACTS] = "SELECT rows, digest, snapshot_ms, refreshed_ms, cursor FROM facts",
    [COPY_DELETE] = "DELETE FROM row WHERE tbl = ?1 AND code = ?2 AND region = ?3 AND valid_from = ?4",
    [COPY_ENDED_ON] = ("SELECT " ROW_COLUMNS OF_ITEM " AND valid_until = ?4"),
    [COPY_PEND] = ("INSERT OR REPLACE INTO pending (release, tbl, code, region, event, version) "
                   "VALUES (?1, ?2, ?3, ?4, ?5, ?6)"),
    [COPY_IS_PENDING] = "SELECT 1 FROM pending WHERE tbl = ?1 AND code = ?2 LIMIT 1",
    [COPY_PENDING] = ("SELECT pending.release, pending.event FROM release CROSS JOIN pending ON pending.release = release.id "
                      "WHERE release.state = 2 ORDER BY pending.tbl, pending.code, pending.version"),
    [COPY_UNPEND] = "DELETE FROM pending WHERE release IN (SELECT id FROM release WHERE state = 2)",
    [COPY_PUT_RELEASE] = ("INSERT OR REPLACE INTO release (id, items, state, digest, applied_ms) "
                          "VALUES (?1, ?2, ?3, ?4, ?5)"),
    [COPY_GET_RELEASE] = "SELECT state, digest FROM release WHERE id = ?1",
    /* Not those that were taken back, nor the withdrawals. */
    [COPY_APPLIED] = ("SELECT id, digest, applied_ms FROM release WHERE state = 1 AND substr(id, 1, 1) NOT IN ('-', '+') AND NOT EXISTS "
                      "(SELECT 1 FROM release AS other WHERE other.state = 1 AND other.id = '-' || release.id) "
                      "ORDER BY applied_ms, id"),
    [COPY_READY] = ("UPDATE release SET state = 2 WHERE state = 0 AND items <= "
                    "(SELECT count(*) FROM pending WHERE pending.release = release.id)"),
    /* Withdrawals bear the release's name with a "-" before it, and come after what they withdraw. */
    [COPY_NOT_BEFORE] = ("UPDATE release SET state = 0 WHERE state = 2 AND EXISTS "
                         "(SELECT 1 FROM release AS other WHERE other.state = 0 AND release.id = '-' || other.id)"),
    [COPY_OTHERS] = ("SELECT 1 FROM pending WHERE release NOT IN (SELECT id FROM release WHERE state = 2) LIMIT 1"),
    /* What has an item that something earlier, which is not ready, changes first. */
    [COPY_BLOCKED] = ("UPDATE release SET state = 0 WHERE state = 2 AND EXISTS "
                      "(SELECT 1 FROM pending AS mine CROSS JOIN pending AS other "
                      "ON other.tbl = mine.tbl AND other.code = mine.code AND other.version < mine.version "
                      "WHERE mine.release = release.id AND other.release NOT IN (SELECT id FROM release WHERE state = 2))"),
    [COPY_FIRST_READY] = "SELECT id FROM release WHERE state = 2 LIMIT 1",
    [COPY_DROP_SINGLE] = "DELETE FROM release WHERE state = 2 AND substr(id, 1, 1) = '+'",
    [COPY_LATE] = "SELECT id FROM release WHERE state = 0 LIMIT 1",
    [COPY_PUT_SCOPE] = "INSERT OR REPLACE INTO scope (one, regions) VALUES (1, ?1)",
    [COPY_GET_SCOPE] = "SELECT 1 FROM scope WHERE regions = ?1",
    [COPY_PUT_FACTS] = ("INSERT OR REPLACE INTO facts (one, rows, digest, snapshot_ms, refreshed_ms, cursor) "
                        "VALUES (1, ?1, ?2, ?3, ?4, ?5)"),
};

static const struct database_kind kind = {
    .application_id = 0x6d686331, /* "mhc1" */
    .migrations = migrations,
    .version = sizeof migrations / sizeof *migrations,
    .statements = statements,
    .statement_count = COPY_STATEMENTS,
};

struct catalogue_copy {
    struct database *database;
    struct copy_facts facts; /* what is committed */
    struct copy_facts next;  /* of the open transaction */
    struct buffer line;      /* of the row whose digest is worked out */
};

static bool read_digest(sqlite3_stmt *statement, int column, struct digest_sum *digest)
{
    const void *blob = sqlite3_column_blob(statement, column);
    if (blob == NULL || sqlite3_column_bytes(statement, column) != DIGEST_SUM_BYTES)
        return false;
    memcpy(digest->bytes, blob, DIGEST_SUM_BYTES);
    return true;
}

static enum medhub_status read_facts(struct catalogue_copy *copy, struct medhub_error *error)
{
    sqlite3_stmt *statement = database_statement(copy->database, COPY_GET_FACTS);
    enum medhub_status status = MEDHUB_OK;

    if (statement_step(copy->database, statement, &status, error)) {
        copy->facts.rows = (uint64_t)sqlite3_column_int64(statement, 0);
        copy->facts.snapshot_ms = sqlite3_column_int64(statement, 2);
        copy->facts.refreshed_ms = sqlite3_column_int64(statement, 3);
        if (!read_digest(statement, 1, &copy->facts.digest))
            status = error_say(error, "catalogue.damaged", NULL);
    }
    (void)sqlite3_reset(statement);
    return status;
}

enum medhub_status copy_create(const char *path, struct catalogue_copy **copy, struct medhub_error *error)
{
    struct catalogue_copy *created = calloc(1, sizeof *created);

    *copy = NULL;
    if (created == NULL)
        return error_say(error, "memory.out", NULL);
    buffer_init(&created->line, SIZE_MAX);
    enum medhub_status status = database_create(path, &kind, &created->database, error);
    if (status == MEDHUB_OK)
        *copy = created;
    else
        copy_close(created);
    return status;
}

enum medhub_status copy_finish(struct catalogue_copy *copy, struct medhub_error *error)
{
    return database_finish(copy->database, error);
}

enum medhub_status copy_open(const char *path, struct catalogue_copy **copy, struct medhub_error *error)
{
    struct catalogue_copy *opened = calloc(1, sizeof *opened);

    *copy = NULL;
    if (opened == NULL)
        return error_say(error, "memory.out", NULL);
    buffer_init(&opened->line, SIZE_MAX);
    enum medhub_status status = database_open(path, &kind, &opened->database, error);
    if (status == MEDHUB_OK) {
        database_relaxed(opened->database, true);
        status = database_run(opened->database, database_statement(opened->database, COPY_MAP), error);
    }
    if (status == MEDHUB_OK)
        status = read_facts(opened, error);
    if (status == MEDHUB_OK)
        *copy = opened;
    else
        copy_close(opened);
    return status;
}

void copy_close(struct catalogue_copy *copy)
{
    if (copy == NULL)
        return;
    database_close(copy->database);
    buffer_done(&copy->line);
    free(copy);
}

struct copy_facts copy_facts(const struct catalogue_copy *copy)
{
    return copy->facts;
}

enum medhub_status copy_cursor(struct catalogue_copy *copy, char **cursor, struct medhub_error *error)
{
    sqlite3_stmt *statement = database_statement(copy->database, COPY_GET_FACTS);
    enum medhub_status status = MEDHUB_OK;

    bool found = statement_step(copy->database, statement, &status, error);
    *cursor = status == MEDHUB_OK ? strdup(found ? statement_text(statement, 4) : "") : NULL;
    (void)sqlite3_reset(statement);
    return status == MEDHUB_OK && *cursor == NULL ? error_say(error, "memory.out", NULL) : status;
}

/* ---- changes ---- */

enum medhub_status copy_begin(struct catalogue_copy *copy, struct medhub_error *error)
{
    copy->next = copy->facts;
    return database_begin(copy->database, error);
}

static void bind_key(sqlite3_stmt *statement, const char *table, const char *code, const char *region,
                     const char *day)
{
    statement_bind_text(statement, 1, table);
    statement_bind_text(statement, 2, code);
    statement_bind_text(statement, 3, region);
    statement_bind_text(statement, 4, day);
}

/* Takes the digest of the row that PUT will replace out of the sum. */
static enum medhub_status forget_replaced(struct catalogue_copy *copy, const struct catalogue_row *row,
                                          struct medhub_error *error)
{
    sqlite3_stmt *statement = database_statement(copy->database, COPY_GET);
    enum medhub_status status = MEDHUB_OK;
    struct digest_sum replaced;

    bind_key(statement, row->table, row->code, row->region, row->valid_from);
    if (statement_step(copy->database, statement, &status, error)) {
        if (read_digest(statement, 6, &replaced))
            digest_sum_subtract(&copy->next.digest, &replaced);
        copy->next.rows--;
    }
    (void)sqlite3_reset(statement);
    return status;
}

static enum medhub_status write_row(struct catalogue_copy *copy, enum copy_statement how, const struct catalogue_row *row,
                                    const struct digest_sum *digest, struct medhub_error *error)
{
    sqlite3_stmt *statement = database_statement(copy->database, how);

    bind_key(statement, row->table, row->code, row->region, row->valid_from);
    statement_bind_text(statement, 5, row->valid_until);
    statement_bind_text(statement, 6, row->item);
    (void)sqlite3_bind_blob(statement, 7, digest->bytes, DIGEST_SUM_BYTES, SQLITE_STATIC);
    (void)sqlite3_bind_int64(statement, 8, row->version);
    enum medhub_status status = database_run(copy->database, statement, error);
    digest_sum_add(&copy->next.digest, digest);
    copy->next.rows++;
    return status;
}

enum medhub_status copy_put(struct catalogue_copy *copy, const struct catalogue_row *row,
                            struct medhub_error *error)
{
    struct digest_sum digest = digest_of_row(row, &copy->line);
    enum medhub_status status = forget_replaced(copy, row, error);

    return status == MEDHUB_OK ? write_row(copy, COPY_PUT, row, &digest, error) : status;
}

enum medhub_status copy_add(struct catalogue_copy *copy, const struct catalogue_row *row, const struct digest_sum *digest,
                            struct medhub_error *error)
{
    return write_row(copy, COPY_ADD, row, digest, error);
}

static void read_row(sqlite3_stmt *statement, struct catalogue_row *row)
{
    *row = (struct catalogue_row){.table = statement_text(statement, 0),
                                  .code = statement_text(statement, 1),
                                  .region = statement_text(statement, 2),
                                  .valid_from = statement_text(statement, 3),
                                  .valid_until = statement_text(statement, 4),
                                  .item = statement_text(statement, 5),
                                  .version = sqlite3_column_int64(statement, 7)};
}

enum medhub_status copy_version(struct catalogue_copy *copy, const char *table, const char *code,
                                int64_t *version, struct medhub_error *error)
{
    sqlite3_stmt *statement = database_statement(copy->database, COPY_VERSION);
    enum medhub_status status = MEDHUB_OK;

    statement_bind_text(statement, 1, table);
    statement_bind_text(statement, 2, code);
    *version =
        statement_step(copy->database, statement, &status, error) ? sqlite3_column_int64(statement, 0) : 0;
    (void)sqlite3_reset(statement);
    return status;
}

static enum medhub_status put_ended(struct catalogue_copy *copy, const struct catalogue_row *row,
                                    const char *first_day, const char *item, const char *last_day,
                                    struct medhub_error *error)
{
    struct catalogue_row ended = *row;
    ended.valid_from = first_day;
    ended.valid_until = last_day;
    ended.item = item;
    return copy_put(copy, &ended, error);
}

enum medhub_status copy_end_before(struct catalogue_copy *copy, const struct catalogue_row *row,
                                   struct medhub_error *error)
{
    char last_day[DATE_TEXT_BYTES];
    date_t first = date_parse(bytes_of(row->valid_from));
    enum medhub_status status = MEDHUB_OK;

    if (first == DATE_NONE)
        return error_say(error, "catalogue.date", NULL);
    (void)date_format(first - 1, last_day);
    sqlite3_stmt *statement = database_statement(copy->database, COPY_BEFORE);
    bind_key(statement, row->table, row->code, row->region, row->valid_from);
    statement_bind_text(statement, 5, last_day);
    if (!statement_step(copy->database, statement, &status, error))
        return status;
    char *first_day = strdup(statement_text(statement, 3)), *item = strdup(statement_text(statement, 5));
    (void)sqlite3_reset(statement);
    status = first_day == NULL || item == NULL ? error_say(error, "memory.out", NULL)
                                               : put_ended(copy, row, first_day, item, last_day, error);
    free(first_day);
    free(item);
    return status;
}

static enum medhub_status put_facts(struct catalogue_copy *copy, const char *cursor,
                                    struct medhub_error *error)
{
    sqlite3_stmt *statement = database_statement(copy->database, COPY_PUT_FACTS);

    (void)sqlite3_bind_int64(statement, 1, (int64_t)copy->next.rows);
    (void)sqlite3_bind_blob(statement, 2, copy->next.digest.bytes, DIGEST_SUM_BYTES, SQLITE_STATIC);
    (void)sqlite3_bind_int64(statement, 3, copy->next.snapshot_ms);
    (void)sqlite3_bind_int64(statement, 4, copy->next.refreshed_ms);
    statement_bind_text(statement, 5, cursor);
    return database_run(copy->database, statement, error);
}

enum medhub_status copy_end(struct catalogue_copy *copy, enum medhub_status status, const char *cursor,
                            int64_t snapshot_ms, int64_t refreshed_ms, struct medhub_error *error)
{
    copy->next.snapshot_ms = snapshot_ms;
    copy->next.refreshed_ms = refreshed_ms;
    if (status == MEDHUB_OK)
        status = put_facts(copy, cursor, error);
    if (status == MEDHUB_OK)
        status = database_commit(copy->database, error);
    else
        database_rollback(copy->database);
    if (status == MEDHUB_OK)
        copy->facts = copy->next;
    return status;
}

enum medhub_status copy_put_scope(struct catalogue_copy *copy, const char *regions, struct medhub_error *error)
{
    sqlite3_stmt *statement = database_statement(copy->database, COPY_PUT_SCOPE);

    statement_bind_text(statement, 1, regions);
    return database_run(copy->database, statement, error);
}

bool copy_has_scope(struct catalogue_copy *copy, const char *regions)
{
    sqlite3_stmt *statement = database_statement(copy->database, COPY_GET_SCOPE);
    enum medhub_status status = MEDHUB_OK;

    statement_bind_text(statement, 1, regions);
    bool has = statement_step(copy->database, statement, &status, NULL);
    (void)sqlite3_reset(statement);
    return has;
}

/* ---- what was withdrawn ---- */

static enum medhub_status delete_row(struct catalogue_copy *copy, const struct catalogue_row *row,
                                     struct medhub_error *error)
{
    enum medhub_status status = forget_replaced(copy, row, error);
    sqlite3_stmt *statement = database_statement(copy->database, COPY_DELETE);

    if (status != MEDHUB_OK)
        return status;
    bind_key(statement, row->table, row->code, row->region, row->valid_from);
    return database_run(copy->database, statement, error);
}

/* True if the row that begins on ROW's first day came with RELEASE. */
static bool is_of_release(struct catalogue_copy *copy, const struct catalogue_row *row, const char *release,
                          enum medhub_status *status, struct medhub_error *error)
{
    sqlite3_stmt *statement = database_statement(copy->database, COPY_GET);
    bool is = false;

    bind_key(statement, row->table, row->code, row->region, row->valid_from);
    if (statement_step(copy->database, statement, status, error))
        is = catalogue_item_text_is(statement_text(statement, 5), "release", release);
    (void)sqlite3_reset(statement);
    return is;
}

static enum medhub_status reopen(struct catalogue_copy *copy, const struct catalogue_row *row,
                                 struct medhub_error *error)
{
    char last_day[DATE_TEXT_BYTES], said_until[DATE_TEXT_BYTES];
    sqlite3_stmt *statement = database_statement(copy->database, COPY_ENDED_ON);
    enum medhub_status status = MEDHUB_OK;

    bind_key(statement, row->table, row->code, row->region,
             date_format(date_parse(bytes_of(row->valid_from)) - 1, last_day));
    if (!statement_step(copy->database, statement, &status, error))
        return status;
    char *first_day = strdup(statement_text(statement, 3)), *item = strdup(statement_text(statement, 5));
    (void)sqlite3_reset(statement);
    if (first_day == NULL || item == NULL)
        status = error_say(error, "memory.out", NULL);
    else if (!catalogue_item_text(item, "validUntil", said_until, sizeof said_until) ||
             strcmp(said_until, "") == 0 || strcmp(said_until, row->valid_from) >= 0)
        status = put_ended(copy, row, first_day, item, said_until, error);
    free(first_day);
    free(item);
    return status;
}

enum medhub_status copy_undo(struct catalogue_copy *copy, const struct catalogue_row *row, const char *release,
                             struct medhub_error *error)
{
    enum medhub_status status = MEDHUB_OK;
    bool opened = is_of_release(copy, row, release, &status, error);

    if (status == MEDHUB_OK && opened)
        status = delete_row(copy, row, error);
    return status == MEDHUB_OK ? reopen(copy, row, error) : status;
}

/* ---- what waits for its release ---- */

enum medhub_status copy_pend(struct catalogue_copy *copy, const char *release, const struct catalogue_row *row,
                             const char *event, struct medhub_error *error)
{
    sqlite3_stmt *statement = database_statement(copy->database, COPY_PEND);

    statement_bind_text(statement, 1, release);
    statement_bind_text(statement, 2, row->table);
    statement_bind_text(statement, 3, row->code);
    statement_bind_text(statement, 4, row->region);
    statement_bind_text(statement, 5, event);
    (void)sqlite3_bind_int64(statement, 6, row->version);
    return database_run(copy->database, statement, error);
}

bool copy_is_pending(struct catalogue_copy *copy, const struct catalogue_row *row)
{
    sqlite3_stmt *statement = database_statement(copy->database, COPY_IS_PENDING);
    enum medhub_status status = MEDHUB_OK;

    statement_bind_text(statement, 1, row->table);
    statement_bind_text(statement, 2, row->code);
    bool found = statement_step(copy->database, statement, &status, NULL);
    (void)sqlite3_reset(statement);
    return found;
}

enum medhub_status copy_each_ready(struct catalogue_copy *copy,
                                   enum medhub_status (*each)(void *context, const char *release, const char *event,
                                                              struct medhub_error *error),
                                   void *context, struct medhub_error *error)
{
    sqlite3_stmt *next = database_statement(copy->database, COPY_PENDING);
    enum medhub_status status = MEDHUB_OK;

    while (status == MEDHUB_OK && statement_step(copy->database, next, &status, error))
        status = each(context, statement_text(next, 0), statement_text(next, 1), error);
    (void)sqlite3_reset(next);
    if (status == MEDHUB_OK)
        status = database_run(copy->database, database_statement(copy->database, COPY_UNPEND), error);
    if (status == MEDHUB_OK)
        status = database_run(copy->database, database_statement(copy->database, COPY_DROP_SINGLE), error);
    return status;
}

enum medhub_status copy_put_release(struct catalogue_copy *copy, const char *id, const struct copy_release *release,
                                    struct medhub_error *error)
{
    sqlite3_stmt *statement = database_statement(copy->database, COPY_PUT_RELEASE);

    statement_bind_text(statement, 1, id);
    (void)sqlite3_bind_int64(statement, 2, release->items);
    (void)sqlite3_bind_int(statement, 3, release->state);
    statement_bind_text(statement, 4, release->digest);
    (void)sqlite3_bind_int64(statement, 5, release->applied_ms);
    return database_run(copy->database, statement, error);
}

enum copy_release_state copy_release(struct catalogue_copy *copy, const char *id, char digest[COPY_DIGEST_BYTES])
{
    sqlite3_stmt *statement = database_statement(copy->database, COPY_GET_RELEASE);
    enum copy_release_state state = COPY_RELEASE_UNKNOWN;
    enum medhub_status status = MEDHUB_OK;

    statement_bind_text(statement, 1, id);
    if (statement_step(copy->database, statement, &status, NULL)) {
        state = (enum copy_release_state)sqlite3_column_int(statement, 0);
        if (digest != NULL)
            (void)snprintf(digest, COPY_DIGEST_BYTES, "%s", statement_text(statement, 1));
    }
    (void)sqlite3_reset(statement);
    return state;
}

enum medhub_status copy_each_release(struct catalogue_copy *copy,
                                     void (*each)(void *context, const char *id, const char *digest, int64_t applied_ms),
                                     void *context, struct medhub_error *error)
{
    sqlite3_stmt *statement = database_statement(copy->database, COPY_APPLIED);
    enum medhub_status status = MEDHUB_OK;

    while (statement_step(copy->database, statement, &status, error))
        each(context, statement_text(statement, 0), statement_text(statement, 1), sqlite3_column_int64(statement, 2));
    return status;
}

static bool release_of(struct catalogue_copy *copy, enum copy_statement which, char *release, size_t size)
{
    sqlite3_stmt *statement = database_statement(copy->database, which);
    enum medhub_status status = MEDHUB_OK;
    bool found = statement_step(copy->database, statement, &status, NULL);

    if (found)
        (void)snprintf(release, size, "%s", statement_text(statement, 0));
    (void)sqlite3_reset(statement);
    return found;
}

static bool has_any(struct catalogue_copy *copy, enum copy_statement which)
{
    char text[128];

    return release_of(copy, which, text, sizeof text);
}

static enum medhub_status unready(struct catalogue_copy *copy, enum copy_statement which, bool *some,
                                  struct medhub_error *error)
{
    sqlite3_stmt *statement = database_statement(copy->database, which);
    enum medhub_status status = database_run(copy->database, statement, error);

    *some = status == MEDHUB_OK && sqlite3_changes(sqlite3_db_handle(statement)) > 0;
    return status;
}

enum medhub_status copy_choose_ready(struct catalogue_copy *copy, struct medhub_error *error)
{
    bool early = true, blocked = true;
    enum medhub_status status = database_run(copy->database, database_statement(copy->database, COPY_READY), error);

    while (status == MEDHUB_OK && (early || blocked)) {
        status = unready(copy, COPY_NOT_BEFORE, &early, error);
        blocked = false;
        if (status == MEDHUB_OK && has_any(copy, COPY_FIRST_READY) && has_any(copy, COPY_OTHERS))
            status = unready(copy, COPY_BLOCKED, &blocked, error);
    }
    return status;
}

bool copy_ready_release(struct catalogue_copy *copy, char *release, size_t size)
{
    return release_of(copy, COPY_FIRST_READY, release, size);
}

bool copy_waits(struct catalogue_copy *copy)
{
    char release[128];

    return release_of(copy, COPY_LATE, release, sizeof release);
}

/* ---- reading ---- */

/* The digest that stands in COLUMN is ROW's; it is in *DIGEST. */
static bool is_whole(struct catalogue_copy *copy, sqlite3_stmt *statement, int column, const struct catalogue_row *row,
                     struct digest_sum *digest)
{
    struct digest_sum stored;

    *digest = digest_of_row(row, &copy->line);
    return read_digest(statement, column, &stored) && memcmp(&stored, digest, sizeof stored) == 0;
}

enum medhub_status copy_find(struct catalogue_copy *copy, const char *table, const char *code,
                             const char *region, const char *date, struct catalogue_row *row,
                             struct medhub_error *error)
{
    sqlite3_stmt *statement = database_statement(copy->database, region == NULL ? COPY_FIND_ANYWHERE : COPY_FIND);
    char city[REGION_BYTES] = "", province[REGION_BYTES] = "";
    enum medhub_status status = MEDHUB_OK;
    struct digest_sum digest;

    database_keep_reading(copy->database);
    bind_key(statement, table, code, region == NULL ? "" : region, date);
    if (region != NULL) {
        memcpy(memcpy(city, "000000", REGION_BYTES), region, 4);
        memcpy(memcpy(province, "000000", REGION_BYTES), region, 2);
        statement_bind_text(statement, 5, city);
        statement_bind_text(statement, 6, province);
    }
    if (!statement_step(copy->database, statement, &status, error))
        return status == MEDHUB_OK ? MEDHUB_NOT_FOUND : error_say(error, "catalogue.damaged", "SQLite");
    *row = (struct catalogue_row){.table = table,
                                  .code = code,
                                  .region = statement_text(statement, 0),
                                  .valid_from = statement_text(statement, 1),
                                  .valid_until = statement_text(statement, 2),
                                  .item = statement_text(statement, 3),
                                  .version = sqlite3_column_int64(statement, 5)};
    return is_whole(copy, statement, 4, row, &digest) ? MEDHUB_OK
                                                      : error_say(error, "catalogue.damaged", "%s/%s", table, code);
}

enum medhub_status copy_check(struct catalogue_copy *copy, struct medhub_error *error)
{
    sqlite3_stmt *statement = database_statement(copy->database, COPY_ALL);
    enum medhub_status status = MEDHUB_OK;
    struct digest_sum sum = {{0}}, digest;
    struct catalogue_row row;
    uint64_t rows = 0;
    bool whole = true;

    for (; whole && statement_step(copy->database, statement, &status, error); rows++) {
        read_row(statement, &row);
        whole = is_whole(copy, statement, 6, &row, &digest);
        digest_sum_add(&sum, &digest);
    }
    (void)sqlite3_reset(statement);
    if (status != MEDHUB_OK || !whole || rows != copy->facts.rows ||
        memcmp(&sum, &copy->facts.digest, sizeof sum) != 0)
        return error_say(error, "catalogue.damaged", NULL);
    return MEDHUB_OK;
}

/* database.h: a SQLite file of this library. One thread at a time; the handle's lock sees to that. */
#ifndef CLIENT_DATABASE_H
#define CLIENT_DATABASE_H

#include "client/error.h"

#include "base/bytes.h"

#include <sqlite3.h>

struct database;

/* What a file is: MIGRATIONS bring a file of version I to I + 1, forward only. */
struct database_kind {
    int application_id;
    const char *const *migrations;
    int version;
    const char *const *statements; /* prepared once, used by their index */
    size_t statement_count;
};

/* Opens PATH, creates it if absent, and keeps it locked for itself: a second opener, of this process too,
 * gets "storage.busy". Write-ahead log; a commit is on disk when it returns (synchronous=FULL) unless
 * database_relaxed said otherwise. */
enum medhub_status database_open(const char *path, const struct database_kind *kind,
                                 struct database **database, struct medhub_error *error);
/* A new file that nobody looks into before it is whole: without journal, and nothing of it is synced. If anything fails before
 * database_finish, the file is of no use. It lasts once it was closed and synced. */
enum medhub_status database_create(const char *path, const struct database_kind *kind,
                                   struct database **database, struct medhub_error *error);
/* Makes a created one such as database_open finds and leaves it. */
enum medhub_status database_finish(struct database *database, struct medhub_error *error);
void database_close(struct database *database); /* NULL is fine */

enum medhub_status database_begin(struct database *database, struct medhub_error *error); /* to write */
enum medhub_status database_commit(struct database *database,
                                   struct medhub_error *error); /* rolls back if it fails */
void database_rollback(struct database *database);
/* One transaction for all that is read until the next database_begin: to open and close one takes longer than to find a row. Nobody
 * else writes the file, so nothing is missed. */
void database_keep_reading(struct database *database);
/* Commits survive the end of the process but not of the machine until it is switched off again. */
void database_relaxed(struct database *database, bool relaxed);

/* Statement INDEX, reset, with nothing bound. */
sqlite3_stmt *database_statement(struct database *database, size_t index);
void statement_bind_text(sqlite3_stmt *statement, int place, const char *text); /* must live until the step */
void statement_bind_bytes(sqlite3_stmt *statement, int place, struct bytes bytes);
/* "" for NULL; lives until the next step or reset. */
const char *statement_text(sqlite3_stmt *statement, int column);
/* Steps to the end, rows are passed over, and resets. */
enum medhub_status database_run(struct database *database, sqlite3_stmt *statement,
                                struct medhub_error *error);
/* True: there is a row, read its columns. False: the end, and the statement is reset; *STATUS tells whether
 * it is a good one. */
bool statement_step(struct database *database, sqlite3_stmt *statement, enum medhub_status *status,
                    struct medhub_error *error);
/* Fills ERROR from what SQLite said last. */
enum medhub_status database_failed(struct database *database, struct medhub_error *error);

#endif

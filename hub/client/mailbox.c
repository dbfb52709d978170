#include "client/mailbox.h"

#include <string.h>

enum medhub_status mailbox_cursor(struct database *local, const char *feed, char **cursor,
                                  struct medhub_error *error)
{
    sqlite3_stmt *statement = database_statement(local, LOCAL_GET_CURSOR);
    enum medhub_status status = MEDHUB_OK;

    statement_bind_text(statement, 1, feed);
    bool found = statement_step(local, statement, &status, error);
    *cursor = status == MEDHUB_OK ? strdup(found ? statement_text(statement, 0) : "") : NULL;
    (void)sqlite3_reset(statement);
    return status == MEDHUB_OK && *cursor == NULL ? error_say(error, "memory.out", NULL) : status;
}

static enum medhub_status put_cursor(struct database *local, const char *feed, const char *cursor,
                                     int64_t now_ms, struct medhub_error *error)
{
    sqlite3_stmt *statement = database_statement(local, LOCAL_PUT_CURSOR);

    statement_bind_text(statement, 1, feed);
    statement_bind_text(statement, 2, cursor);
    (void)sqlite3_bind_int64(statement, 3, now_ms);
    return database_run(local, statement, error);
}

static enum medhub_status put_item(struct database *local, const char *feed, enum medhub_item_kind kind,
                                   const char *body, struct medhub_error *error)
{
    sqlite3_stmt *statement = database_statement(local, LOCAL_PUT_ITEM);

    statement_bind_text(statement, 1, feed);
    (void)sqlite3_bind_int(statement, 2, (int)kind);
    statement_bind_text(statement, 3, body);
    return database_run(local, statement, error);
}

static enum medhub_status end(struct database *local, enum medhub_status status, struct medhub_error *error)
{
    if (status == MEDHUB_OK)
        return database_commit(local, error);
    database_rollback(local);
    return status;
}

enum medhub_status mailbox_rewind(struct database *local, const char *feed, const char *cursor,
                                  int64_t now_ms, struct medhub_error *error)
{
    database_relaxed(local, false);
    enum medhub_status status = database_begin(local, error);
    if (status != MEDHUB_OK)
        return status;
    sqlite3_stmt *statement = database_statement(local, LOCAL_DELETE_ITEMS);
    statement_bind_text(statement, 1, feed);
    status = database_run(local, statement, error);
    if (status == MEDHUB_OK)
        status = put_cursor(local, feed, cursor, now_ms, error);
    return end(local, status, error);
}

enum medhub_status mailbox_put(struct database *local, const char *feed, const struct mailbox_page *page,
                               int64_t now_ms, struct medhub_error *error)
{
    database_relaxed(local, true);
    enum medhub_status status = database_begin(local, error);
    if (status != MEDHUB_OK)
        return status;
    for (size_t i = 0; i < page->count && status == MEDHUB_OK; i++)
        status = put_item(local, feed, page->kind, page->bodies[i], error);
    if (status == MEDHUB_OK)
        status = put_cursor(local, feed, page->next, now_ms, error);
    return end(local, status, error);
}

enum medhub_status mailbox_first(struct database *local, const char *feed, struct mailbox_item *item,
                                 struct medhub_error *error)
{
    sqlite3_stmt *statement = database_statement(local, LOCAL_FIRST_ITEM);
    enum medhub_status status = MEDHUB_OK;

    *item = (struct mailbox_item){0};
    statement_bind_text(statement, 1, feed);
    bool found = statement_step(local, statement, &status, error);
    if (found) {
        *item = (struct mailbox_item){.sequence = sqlite3_column_int64(statement, 0),
                                      .kind = (enum medhub_item_kind)sqlite3_column_int(statement, 1),
                                      .body = strdup(statement_text(statement, 2))};
        if (item->body == NULL)
            status = error_say(error, "memory.out", NULL);
    }
    (void)sqlite3_reset(statement);
    return found || status != MEDHUB_OK ? status : MEDHUB_NOT_FOUND;
}

enum medhub_status mailbox_handled(struct database *local, int64_t sequence, struct medhub_error *error)
{
    sqlite3_stmt *statement = database_statement(local, LOCAL_DELETE_ITEM);

    database_relaxed(local, true);
    (void)sqlite3_bind_int64(statement, 1, sequence);
    return database_run(local, statement, error);
}

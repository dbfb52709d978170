#include "client/outbox.h"

#include <stdlib.h>
#include <string.h>

struct outbox {
    struct database *local;
    struct outbox_limits limits;
    struct clock clock;
    struct outbox_counts counts; /* of what is committed */
};

static enum medhub_status count_all(struct outbox *outbox, struct medhub_error *error)
{
    sqlite3_stmt *statement = database_statement(outbox->local, LOCAL_COUNT);
    enum medhub_status status = MEDHUB_OK;

    while (statement_step(outbox->local, statement, &status, error)) {
        uint64_t *count = sqlite3_column_int(statement, 0) ? &outbox->counts.sent : &outbox->counts.waiting;
        *count = (uint64_t)sqlite3_column_int64(statement, 1);
        outbox->counts.bytes += (uint64_t)sqlite3_column_int64(statement, 2);
    }
    return status;
}

enum medhub_status outbox_open(struct database *local, const struct outbox_limits *limits, struct clock clock,
                               struct outbox **outbox, struct medhub_error *error)
{
    struct outbox *opened = calloc(1, sizeof *opened);

    *outbox = NULL;
    if (opened == NULL)
        return error_say(error, "memory.out", NULL);
    *opened = (struct outbox){.local = local, .limits = *limits, .clock = clock};
    enum medhub_status status = count_all(opened, error);
    if (status == MEDHUB_OK)
        *outbox = opened;
    else
        free(opened);
    return status;
}

void outbox_close(struct outbox *outbox)
{
    free(outbox);
}

struct outbox_counts outbox_counts(const struct outbox *outbox)
{
    return outbox->counts;
}

/* ---- put ---- */

/* *FOUND: the id is known, in the outbox or by its receipt. */
static enum medhub_status find_known(struct outbox *outbox, const struct outbox_event *event, bool *found,
                                     struct medhub_error *error)
{
    static const struct {
        enum local_statement statement;
        int fingerprint_column;
    } places[] = {{LOCAL_FIND_EVENT, 1}, {LOCAL_FIND_RECEIPT, 2}};
    enum medhub_status status = MEDHUB_OK;

    *found = false;
    for (size_t i = 0; i < 2 && status == MEDHUB_OK && !*found; i++) {
        sqlite3_stmt *statement = database_statement(outbox->local, places[i].statement);
        statement_bind_text(statement, 1, event->id);
        *found = statement_step(outbox->local, statement, &status, error);
        if (*found &&
            (uint64_t)sqlite3_column_int64(statement, places[i].fingerprint_column) != event->fingerprint)
            status = error_say(error, "event.conflict", NULL);
        (void)sqlite3_reset(statement);
    }
    return status;
}

static enum medhub_status key_waits(struct outbox *outbox, const char *key, bool *waits,
                                    struct medhub_error *error)
{
    sqlite3_stmt *statement = database_statement(outbox->local, LOCAL_KEY_WAITS);
    enum medhub_status status = MEDHUB_OK;

    statement_bind_text(statement, 1, key);
    *waits = statement_step(outbox->local, statement, &status, error);
    (void)sqlite3_reset(statement);
    return status;
}

static enum medhub_status insert(struct outbox *outbox, const struct outbox_event *event,
                                 struct medhub_error *error)
{
    bool waits = false;
    enum medhub_status status = key_waits(outbox, event->key, &waits, error);
    if (status != MEDHUB_OK)
        return status;
    sqlite3_stmt *statement = database_statement(outbox->local, LOCAL_PUT);
    statement_bind_text(statement, 1, event->id);
    statement_bind_text(statement, 2, event->key);
    (void)sqlite3_bind_int(statement, 3, waits ? EVENT_BEHIND : EVENT_READY);
    (void)sqlite3_bind_int64(statement, 4, clock_now_ms(outbox->clock));
    (void)sqlite3_bind_int64(statement, 5, (int64_t)event->fingerprint);
    statement_bind_bytes(statement, 6, event->body);
    return database_run(outbox->local, statement, error);
}

static enum medhub_status check_room(const struct outbox *outbox, const struct outbox_counts *after,
                                     struct medhub_error *error)
{
    if (after->waiting + after->sent > (uint64_t)outbox->limits.events_max)
        return error_say(error, "outbox.full", "outbox_events_max %lld",
                         (long long)outbox->limits.events_max);
    if (after->bytes > (uint64_t)outbox->limits.bytes_max)
        return error_say(error, "outbox.full", "outbox_bytes_max %lld", (long long)outbox->limits.bytes_max);
    return MEDHUB_OK;
}

static enum medhub_status put_all(struct outbox *outbox, const struct outbox_event *events, size_t count,
                                  struct outbox_counts *after, struct medhub_error *error)
{
    enum medhub_status status = MEDHUB_OK;

    for (size_t i = 0; i < count && status == MEDHUB_OK; i++) {
        bool known = false;
        status = find_known(outbox, &events[i], &known, error);
        if (status != MEDHUB_OK || known)
            continue;
        after->waiting++;
        after->bytes += events[i].body.length;
        status = check_room(outbox, after, error);
        if (status == MEDHUB_OK)
            status = insert(outbox, &events[i], error);
    }
    return status;
}

/* Every change is one transaction; COUNTS follow it. */
static enum medhub_status end_change(struct outbox *outbox, enum medhub_status status,
                                     const struct outbox_counts *after, struct medhub_error *error)
{
    if (status == MEDHUB_OK)
        status = database_commit(outbox->local, error);
    else
        database_rollback(outbox->local);
    if (status == MEDHUB_OK)
        outbox->counts = *after;
    return status;
}

/* RELAXED: what a power loss may take back, because it then only happens again. */
static enum medhub_status begin_change(struct outbox *outbox, bool relaxed, struct medhub_error *error)
{
    database_relaxed(outbox->local, relaxed);
    return database_begin(outbox->local, error);
}

enum medhub_status outbox_put(struct outbox *outbox, const struct outbox_event *events, size_t count,
                              struct medhub_error *error)
{
    struct outbox_counts after = outbox->counts;
    enum medhub_status status = begin_change(outbox, false, error);

    if (status != MEDHUB_OK)
        return status;
    status = put_all(outbox, events, count, &after, error);
    return end_change(outbox, status, &after, error);
}

/* ---- what is due ---- */

static bool contains(const int64_t *list, size_t count, int64_t value)
{
    for (size_t i = 0; i < count; i++)
        if (list[i] == value)
            return true;
    return false;
}

static enum medhub_status copy_entry(sqlite3_stmt *row, struct outbox_entry *entry,
                                     struct medhub_error *error)
{
    *entry = (struct outbox_entry){.sequence = sqlite3_column_int64(row, 0),
                                   .attempts = sqlite3_column_int64(row, 2),
                                   .sent_ms = sqlite3_column_int64(row, 3),
                                   .id = strdup(statement_text(row, 1)),
                                   .body = strdup(statement_text(row, 4))};
    if (entry->id != NULL && entry->body != NULL)
        return MEDHUB_OK;
    outbox_entry_done(entry);
    return error_say(error, "memory.out", NULL);
}

enum medhub_status outbox_due(struct outbox *outbox, enum event_place place, const int64_t *busy,
                              size_t busy_count, struct outbox_entry *entry, struct medhub_error *error)
{
    sqlite3_stmt *statement = database_statement(outbox->local, LOCAL_DUE);
    enum medhub_status status = MEDHUB_OK;
    bool found = false;

    *entry = (struct outbox_entry){0};
    (void)sqlite3_bind_int(statement, 1, (int)place);
    (void)sqlite3_bind_int64(statement, 2, clock_now_ms(outbox->clock));
    while (!found && statement_step(outbox->local, statement, &status, error))
        found = !contains(busy, busy_count, sqlite3_column_int64(statement, 0));
    if (found)
        status = copy_entry(statement, entry, error);
    (void)sqlite3_reset(statement);
    return found || status != MEDHUB_OK ? status : MEDHUB_NOT_FOUND;
}

void outbox_entry_done(struct outbox_entry *entry)
{
    free(entry->id);
    free(entry->body);
    *entry = (struct outbox_entry){0};
}

int64_t outbox_next_due_ms(struct outbox *outbox, enum event_place place)
{
    sqlite3_stmt *statement = database_statement(outbox->local, LOCAL_NEXT_DUE);
    enum medhub_status status = MEDHUB_OK;
    int64_t due_ms = INT64_MAX;

    (void)sqlite3_bind_int(statement, 1, (int)place);
    (void)sqlite3_bind_int64(statement, 2, clock_now_ms(outbox->clock));
    if (statement_step(outbox->local, statement, &status, NULL) &&
        sqlite3_column_type(statement, 0) != SQLITE_NULL)
        due_ms = sqlite3_column_int64(statement, 0);
    (void)sqlite3_reset(statement);
    return due_ms;
}

/* ---- what became of it ---- */

/* An event as it lies there now. Its texts end with the next use of the statement. */
struct stored {
    char *id, *key;
    enum event_place place;
    uint64_t bytes;
    int64_t fingerprint;
};

static void stored_done(struct stored *stored)
{
    free(stored->id);
    free(stored->key);
}

static enum medhub_status get_stored(struct outbox *outbox, int64_t sequence, struct stored *stored,
                                     bool *found, struct medhub_error *error)
{
    sqlite3_stmt *statement = database_statement(outbox->local, LOCAL_GET);
    enum medhub_status status = MEDHUB_OK;

    *stored = (struct stored){0};
    (void)sqlite3_bind_int64(statement, 1, sequence);
    *found = statement_step(outbox->local, statement, &status, error);
    if (*found) {
        *stored = (struct stored){.id = strdup(statement_text(statement, 0)),
                                  .key = strdup(statement_text(statement, 1)),
                                  .place = (enum event_place)sqlite3_column_int(statement, 2),
                                  .fingerprint = sqlite3_column_int64(statement, 3),
                                  .bytes = (uint64_t)sqlite3_column_int64(statement, 4)};
        if (stored->id == NULL || stored->key == NULL)
            status = error_say(error, "memory.out", NULL);
    }
    (void)sqlite3_reset(statement);
    return status;
}

static enum medhub_status update(struct outbox *outbox, int64_t sequence, enum event_place place,
                                 int64_t due_ms, int64_t attempts, int64_t sent_ms,
                                 struct medhub_error *error)
{
    sqlite3_stmt *statement = database_statement(outbox->local, LOCAL_UPDATE);
    (void)sqlite3_bind_int64(statement, 1, sequence);
    (void)sqlite3_bind_int(statement, 2, (int)place);
    (void)sqlite3_bind_int64(statement, 3, due_ms);
    (void)sqlite3_bind_int64(statement, 4, attempts);
    (void)sqlite3_bind_int64(statement, 5, sent_ms);
    return database_run(outbox->local, statement, error);
}

static enum medhub_status promote_next(struct outbox *outbox, const char *key, struct medhub_error *error)
{
    sqlite3_stmt *statement = database_statement(outbox->local, LOCAL_PROMOTE);
    statement_bind_text(statement, 1, key);
    return database_run(outbox->local, statement, error);
}

static enum medhub_status delete_event(struct outbox *outbox, int64_t sequence, struct medhub_error *error)
{
    sqlite3_stmt *statement = database_statement(outbox->local, LOCAL_DELETE);
    (void)sqlite3_bind_int64(statement, 1, sequence);
    return database_run(outbox->local, statement, error);
}

enum medhub_status outbox_postpone(struct outbox *outbox, const struct outbox_entry *entry, int64_t due_ms,
                                   struct medhub_error *error)
{
    struct stored stored;
    bool found = false;
    enum medhub_status status = get_stored(outbox, entry->sequence, &stored, &found, error);

    database_relaxed(outbox->local, true); /* forgotten by a power loss, it is only tried earlier */
    if (status == MEDHUB_OK && found)
        status =
            update(outbox, entry->sequence, stored.place, due_ms, entry->attempts + 1, entry->sent_ms, error);
    stored_done(&stored);
    return status;
}

static enum medhub_status take(struct outbox *outbox, const struct outbox_entry *entry,
                               const struct stored *stored, int64_t ask_ms, struct medhub_error *error)
{
    enum medhub_status status =
        update(outbox, entry->sequence, EVENT_SENT, ask_ms, 0, clock_now_ms(outbox->clock), error);
    return status == MEDHUB_OK ? promote_next(outbox, stored->key, error) : status;
}

enum medhub_status outbox_taken(struct outbox *outbox, const struct outbox_entry *entry, int64_t ask_ms,
                                struct medhub_error *error)
{
    struct outbox_counts after = outbox->counts;
    struct stored stored = {0};
    bool found = false;
    enum medhub_status status = begin_change(outbox, true, error);

    if (status != MEDHUB_OK)
        return status;
    status = get_stored(outbox, entry->sequence, &stored, &found, error);
    if (status == MEDHUB_OK && found)
        status = take(outbox, entry, &stored, ask_ms, error);
    if (found && stored.place != EVENT_SENT) {
        after.waiting--;
        after.sent++;
    }
    stored_done(&stored);
    return end_change(outbox, status, &after, error);
}

static enum medhub_status put_receipt(struct outbox *outbox, const struct stored *stored,
                                      enum medhub_outcome outcome, struct bytes answer,
                                      struct medhub_error *error)
{
    sqlite3_stmt *statement = database_statement(outbox->local, LOCAL_PUT_RECEIPT);
    statement_bind_text(statement, 1, stored->id);
    (void)sqlite3_bind_int(statement, 2, (int)outcome);
    (void)sqlite3_bind_int64(statement, 3, stored->fingerprint);
    (void)sqlite3_bind_int64(statement, 4, clock_now_ms(outbox->clock));
    statement_bind_bytes(statement, 5, answer);
    enum medhub_status status = database_run(outbox->local, statement, error);
    if (status != MEDHUB_OK)
        return status;
    statement = database_statement(outbox->local, LOCAL_FORGET_RECEIPTS);
    (void)sqlite3_bind_int64(statement, 1, outbox->limits.receipts_max);
    return database_run(outbox->local, statement, error);
}

/* The event leaves the outbox, with a receipt unless ANSWER is absent. */
static enum medhub_status leave(struct outbox *outbox, int64_t sequence, enum medhub_outcome outcome,
                                struct bytes answer, struct medhub_error *error)
{
    struct outbox_counts after = outbox->counts;
    struct stored stored = {0};
    bool found = false;
    enum medhub_status status = begin_change(outbox, answer.data != NULL, error);

    if (status != MEDHUB_OK)
        return status;
    status = get_stored(outbox, sequence, &stored, &found, error);
    if (status == MEDHUB_OK && found && answer.data != NULL)
        status = put_receipt(outbox, &stored, outcome, answer, error);
    if (status == MEDHUB_OK && found)
        status = delete_event(outbox, sequence, error);
    if (status == MEDHUB_OK && found)
        status = promote_next(outbox, stored.key, error);
    if (found) {
        *(stored.place == EVENT_SENT ? &after.sent : &after.waiting) -= 1;
        after.bytes -= stored.bytes;
    }
    stored_done(&stored);
    return end_change(outbox, status, &after, error);
}

enum medhub_status outbox_settle(struct outbox *outbox, const struct outbox_entry *entry,
                                 enum medhub_outcome outcome, struct bytes answer, struct medhub_error *error)
{
    return leave(outbox, entry->sequence, outcome, answer.data == NULL ? bytes_of("{}") : answer, error);
}

enum medhub_status outbox_withdraw(struct outbox *outbox, const char *id, struct medhub_error *error)
{
    sqlite3_stmt *statement = database_statement(outbox->local, LOCAL_FIND_EVENT);
    enum medhub_status status = MEDHUB_OK;

    statement_bind_text(statement, 1, id);
    bool found = statement_step(outbox->local, statement, &status, error);
    int64_t sequence = found ? sqlite3_column_int64(statement, 0) : 0;
    (void)sqlite3_reset(statement);
    if (status != MEDHUB_OK)
        return status;
    return found ? leave(outbox, sequence, MEDHUB_PENDING, BYTES_NONE, error)
                 : error_say(error, "event.unknown", NULL);
}

/* ---- receipts ---- */

static enum medhub_status is_on_its_way(struct outbox *outbox, const char *id, struct medhub_error *error)
{
    sqlite3_stmt *statement = database_statement(outbox->local, LOCAL_FIND_EVENT);
    enum medhub_status status = MEDHUB_OK;

    statement_bind_text(statement, 1, id);
    bool found = statement_step(outbox->local, statement, &status, error);
    (void)sqlite3_reset(statement);
    if (status != MEDHUB_OK)
        return status;
    return error_say(error, found ? "event.pending" : "event.unknown", NULL);
}

enum medhub_status outbox_receipt(struct outbox *outbox, const char *id, enum medhub_outcome *outcome,
                                  char **answer, struct medhub_error *error)
{
    sqlite3_stmt *statement = database_statement(outbox->local, LOCAL_FIND_RECEIPT);
    enum medhub_status status = MEDHUB_OK;

    *answer = NULL;
    statement_bind_text(statement, 1, id);
    bool found = statement_step(outbox->local, statement, &status, error);
    if (found) {
        *outcome = (enum medhub_outcome)sqlite3_column_int(statement, 0);
        *answer = strdup(statement_text(statement, 1));
        if (*answer == NULL)
            status = error_say(error, "memory.out", NULL);
    }
    (void)sqlite3_reset(statement);
    return found || status != MEDHUB_OK ? status : is_on_its_way(outbox, id, error);
}

enum medhub_status outbox_untold(struct outbox *outbox, struct untold_receipt *receipt,
                                 struct medhub_error *error)
{
    sqlite3_stmt *statement = database_statement(outbox->local, LOCAL_UNTOLD);
    enum medhub_status status = MEDHUB_OK;

    *receipt = (struct untold_receipt){0};
    bool found = statement_step(outbox->local, statement, &status, error);
    if (found)
        *receipt = (struct untold_receipt){.sequence = sqlite3_column_int64(statement, 0),
                                           .id = strdup(statement_text(statement, 1)),
                                           .outcome = (enum medhub_outcome)sqlite3_column_int(statement, 2),
                                           .answer = strdup(statement_text(statement, 3))};
    (void)sqlite3_reset(statement);
    return found || status != MEDHUB_OK ? status : MEDHUB_NOT_FOUND;
}

enum medhub_status outbox_told(struct outbox *outbox, int64_t sequence, struct medhub_error *error)
{
    sqlite3_stmt *statement = database_statement(outbox->local, LOCAL_TOLD);
    database_relaxed(outbox->local, true); /* forgotten by a power loss, it is told again */
    (void)sqlite3_bind_int64(statement, 1, sequence);
    return database_run(outbox->local, statement, error);
}

static enum medhub_status ask_number(struct outbox *outbox, enum local_statement index, int64_t *number,
                                     struct medhub_error *error)
{
    sqlite3_stmt *statement = database_statement(outbox->local, index);
    enum medhub_status status = MEDHUB_OK;

    *number =
        statement_step(outbox->local, statement, &status, error) ? sqlite3_column_int64(statement, 0) : 0;
    (void)sqlite3_reset(statement);
    return status;
}

enum medhub_status outbox_ages(struct outbox *outbox, int64_t *oldest_ms, uint64_t *receipts,
                               struct medhub_error *error)
{
    int64_t count = 0;
    enum medhub_status status = ask_number(outbox, LOCAL_OLDEST, oldest_ms, error);
    if (status == MEDHUB_OK)
        status = ask_number(outbox, LOCAL_COUNT_RECEIPTS, &count, error);
    *receipts = (uint64_t)count;
    return status;
}

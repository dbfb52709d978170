#include "store/writer.h"

#include "base/clock.h"
#include "base/log.h"
#include "store/migrate.h"
#include "store/rows.h"
#include "store/store_service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_FIRST = 256 * 1024, POSITIONS_MAX = 4096, TEXT_BYTES_MAX = 1024 };

struct writer {
    const struct sql_settings *settings;
    struct sql *sql;
    struct arena *arena; /* of one record */
    struct topic_names topics;
    struct sql_insert *inserts[TABLE_COUNT];
    struct position *positions[POSITIONS_MAX];
    size_t position_count;
    size_t pending;
    int64_t began_us;
    bool news;
    struct metric *rows[TABLE_COUNT], *unread, *batches, *batch_seconds, *lost, *expired;
};

const struct metric_row store_metric_rows[] = {
    /* in the order of the enum in writer.h */
    {"medhub_store_rows_total", METRIC_COUNTER, "table", "Rows written to the SQL read model, by table."},
    {"medhub_store_batches_total", METRIC_COUNTER, NULL,
     "SQL transactions of the store with records in them."},
    {"medhub_store_batch_seconds", METRIC_HISTOGRAM, NULL,
     "From the first record of a SQL transaction to its commit."},
    {"medhub_store_unread_total", METRIC_COUNTER, NULL,
     "Records that could not be read and were kept as they are."},
    {"medhub_store_lost_total", METRIC_COUNTER, NULL,
     "Records that Kafka had dropped before the store read them."},
    {"medhub_store_expired_total", METRIC_COUNTER, NULL,
     "Rows deleted because their records have left Kafka."},
    {"medhub_store_lag_records", METRIC_GAUGE, NULL,
     "Offsets that the store has still to read, over all partitions."},
    {"medhub_store_lag_seconds", METRIC_GAUGE, NULL,
     "Age of the moment up to which the read model is complete."},
};
const size_t store_metric_row_count = sizeof store_metric_rows / sizeof *store_metric_rows;

/* ---- positions ---- */

static struct position *find(const struct writer *writer, const char *topic, int32_t partition)
{
    for (size_t i = 0; i < writer->position_count; i++)
        if (writer->positions[i]->partition == partition && strcmp(writer->positions[i]->topic, topic) == 0)
            return writer->positions[i];
    return NULL;
}

struct position *writer_position(struct writer *writer, const char *topic, int32_t partition)
{
    struct position *position = find(writer, topic, partition);

    if (position != NULL || writer->position_count == POSITIONS_MAX)
        return position;
    position = calloc(1, sizeof *position);
    if (position == NULL)
        return NULL;
    position->topic = strdup(topic);
    position->partition = partition;
    if (position->topic == NULL) {
        free(position);
        return NULL;
    }
    writer->positions[writer->position_count++] = position;
    return position;
}

struct position *const *writer_positions(const struct writer *writer, size_t *count)
{
    *count = writer->position_count;
    return writer->positions;
}

static enum status load_position(struct writer *writer, const struct sql_cursor *cursor, struct fault *fault)
{
    char *topic = arena_text(writer->arena, sql_column_bytes(cursor, 0));
    struct position *position =
        topic == NULL ? NULL : writer_position(writer, topic, (int32_t)sql_column_integer(cursor, 1));

    if (position == NULL)
        return fault_fatal(fault, "memory.out", "no memory for positions");
    position->first_offset = sql_column_integer(cursor, 2);
    position->next_offset = position->stored_next = sql_column_integer(cursor, 3);
    position->last_record_ms = sql_column_integer(cursor, 4);
    position->caught_up_ms = sql_column_integer(cursor, 5);
    position->lost = sql_column_integer(cursor, 6);
    position->stored = true;
    return STATUS_OK;
}

static enum status load_positions(struct writer *writer, struct fault *fault)
{
    struct sql_cursor cursor;
    bool row = true;

    enum status status =
        sql_start(writer->sql,
                  "SELECT topic, partition, first_offset, next_offset, last_record_ms, caught_up_ms, lost "
                  "FROM position",
                  NULL, 0, &cursor, fault);
    while (status == STATUS_OK && row) {
        status = sql_next(&cursor, &row, fault);
        if (status == STATUS_OK && row)
            status = load_position(writer, &cursor, fault);
    }
    sql_end(&cursor);
    arena_reset(writer->arena);
    return status;
}

/* The offset as it was read is part of the condition: if it is another one by now, another writer is at work
 * and this transaction must not be committed. */
static enum status store_position(struct writer *writer, struct position *position, struct fault *fault)
{
    const struct sql_value values[] = {
        sql_text(position->topic),
        sql_integer(position->partition),
        sql_integer(position->first_offset),
        sql_integer(position->next_offset),
        sql_integer(position->last_record_ms),
        sql_integer(position->caught_up_ms),
        sql_integer(position->lost),
        sql_integer(position->stored_next),
    };
    int64_t changed = 0;

    enum status status = position->stored
                             ? sql_run(writer->sql,
                                       "UPDATE position SET first_offset = $3, next_offset = $4, "
                                       "last_record_ms = $5, caught_up_ms = $6, "
                                       "lost = $7 WHERE topic = $1 AND partition = $2 AND next_offset = $8",
                                       values, 8, &changed, fault)
                             : sql_run(writer->sql,
                                       "INSERT INTO position(topic, partition, first_offset, next_offset, "
                                       "last_record_ms, caught_up_ms, lost) "
                                       "VALUES($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
                                       values, 7, &changed, fault);
    if (status == STATUS_OK && changed != 1)
        return fault_fatal(fault, "store.fenced", "another writer has moved %s partition %d", position->topic,
                           (int)position->partition);
    return status;
}

/* Once in a while all partitions are complete up to the same moment: one statement says it, not one for each.
 */
static enum status store_moment_for_all(struct writer *writer, bool *done, struct fault *fault)
{
    const struct position *const *positions = (const struct position *const *)writer->positions;

    *done = false;
    for (size_t i = 0; i < writer->position_count; i++)
        if (!positions[i]->stored || positions[i]->caught_up_ms != positions[0]->caught_up_ms)
            return STATUS_OK;
    *done = true;
    const struct sql_value value = sql_integer(positions[0]->caught_up_ms);
    return sql_run(writer->sql, "UPDATE position SET caught_up_ms = $1", &value, 1, NULL, fault);
}

static enum status store_positions(struct writer *writer, struct fault *fault)
{
    enum status status = STATUS_OK;
    bool any_moment = false, done = false;

    for (size_t i = 0; i < writer->position_count; i++)
        any_moment = any_moment || writer->positions[i]->caught_up;
    if (any_moment)
        status = store_moment_for_all(writer, &done, fault);
    for (size_t i = 0; i < writer->position_count && status == STATUS_OK; i++)
        if (writer->positions[i]->moved || (writer->positions[i]->caught_up && !done))
            status = store_position(writer, writer->positions[i], fault);
    return status;
}

static void positions_are_stored(struct writer *writer)
{
    for (size_t i = 0; i < writer->position_count; i++) {
        struct position *position = writer->positions[i];
        if (!position->moved && !position->caught_up)
            continue;
        position->stored = true;
        position->stored_next = position->next_offset;
        position->moved = position->caught_up = false;
    }
}

static void note_change(struct writer *writer, struct position *position)
{
    position->moved = true;
    writer->news = true;
}

/* ---- open and close ---- */

static void find_metrics(struct writer *writer)
{
    metrics_register(store_metric_rows, store_metric_row_count);
    for (int i = 0; i < TABLE_COUNT; i++)
        writer->rows[i] = metric_get(&store_metric_rows[STORE_ROWS_METRIC], tables[i].name);
    writer->batches = metric_get(&store_metric_rows[STORE_BATCHES_METRIC], NULL);
    writer->batch_seconds = metric_get(&store_metric_rows[STORE_BATCH_SECONDS_METRIC], NULL);
    writer->unread = metric_get(&store_metric_rows[STORE_UNREAD_METRIC], NULL);
    writer->lost = metric_get(&store_metric_rows[STORE_LOST_METRIC], NULL);
    writer->expired = metric_get(&store_metric_rows[STORE_EXPIRED_METRIC], NULL);
}

static enum status open_inserts(struct writer *writer, struct fault *fault)
{
    enum status status = STATUS_OK;

    for (int i = 0; i < TABLE_COUNT && status == STATUS_OK; i++)
        status = sql_insert_open(writer->sql, tables[i].name, tables[i].columns, tables[i].column_count,
                                 (struct sql_merge){tables[i].key_count, tables[i].order_count},
                                 &writer->inserts[i], fault);
    return status;
}

enum status writer_open(const struct sql_settings *settings, struct writer **writer, struct fault *fault)
{
    struct writer *made = calloc(1, sizeof *made);

    *writer = NULL;
    if (made == NULL)
        return fault_fatal(fault, "memory.out", "no memory for a writer");
    made->settings = settings;
    made->arena = arena_new(ARENA_FIRST, (size_t)settings->record_memory_bytes_max);
    enum status status = made->arena == NULL ? fault_fatal(fault, "memory.out", "no memory for a writer")
                                             : sql_open(settings, SQL_WRITE, &made->sql, fault);
    if (status == STATUS_OK)
        status = migrate_up_to(made->sql, migrate_newest(), fault);
    if (status == STATUS_OK)
        status = topic_names_load(&made->topics, made->sql, fault);
    if (status == STATUS_OK)
        status = load_positions(made, fault);
    if (status == STATUS_OK)
        status = open_inserts(made, fault);
    find_metrics(made);
    if (status == STATUS_OK)
        *writer = made;
    else
        writer_close(made);
    return status;
}

void writer_close(struct writer *writer)
{
    if (writer == NULL)
        return;
    for (int i = 0; i < TABLE_COUNT; i++)
        sql_insert_close(writer->inserts[i]);
    if (writer->sql != NULL)
        sql_rollback(writer->sql);
    sql_close(writer->sql);
    for (size_t i = 0; i < writer->position_count; i++) {
        free(writer->positions[i]->topic);
        free(writer->positions[i]);
    }
    topic_names_done(&writer->topics);
    arena_free(writer->arena);
    free(writer);
}

/* ---- records ---- */

static enum status begin(struct writer *writer, struct fault *fault)
{
    if (writer->pending > 0)
        return STATUS_OK;
    writer->began_us = clock_monotonic_us();
    return sql_begin(writer->sql, fault);
}

static enum status insert_rows(struct writer *writer, const struct rows *rows, struct fault *fault)
{
    enum status status = STATUS_OK;

    for (const struct store_row *row = rows->first; row != NULL && status == STATUS_OK; row = row->next) {
        status = sql_insert_row(writer->inserts[row->table], row->values, fault);
        metric_add(writer->rows[row->table], 1);
    }
    return status;
}

static enum status keep_unread(struct writer *writer, struct rows *rows, const struct record *record,
                               int64_t place, const struct fault *why, struct fault *fault)
{
    log_error("store.unread", LOG_STR("topic", record->topic), LOG_INT("partition", record->partition),
              LOG_INT("offset", record->offset), LOG_STR("code", why->code), LOG_STR("text", why->text));
    metric_add(writer->unread, 1);
    arena_reset(writer->arena);
    rows_init(rows, writer->arena, &writer->topics, writer->sql);
    return rows_of_unread(rows, record, place, why->code, fault);
}

/* Kafka had dropped records before they were read. Other jumps are control records and aborted ones. */
static void note_lost(struct writer *writer, struct position *position, int64_t offset)
{
    int64_t reached = position->low < offset ? position->low : offset;

    if (reached <= position->next_offset)
        return;
    log_error("store.lost", LOG_STR("topic", position->topic), LOG_INT("partition", position->partition),
              LOG_INT("from", position->next_offset), LOG_INT("to", reached));
    metric_add(writer->lost, reached - position->next_offset);
    position->lost += reached - position->next_offset;
}

enum status writer_apply(struct writer *writer, struct position *position, const struct record *record,
                         struct fault *fault)
{
    struct fault why = {0};
    struct rows rows;
    int64_t place = 0;

    enum status status = begin(writer, fault);
    if (status == STATUS_OK)
        status = place_of(&writer->topics, writer->sql, record->topic, record->partition, record->offset,
                          &place, fault);
    if (status != STATUS_OK)
        return status == STATUS_REJECT ? STATUS_FATAL
                                       : status; /* its place itself cannot be stored: nothing can be kept */
    rows_init(&rows, writer->arena, &writer->topics, writer->sql);
    status = rows_of_record(&rows, record, place, &why);
    if (status == STATUS_REJECT)
        status = keep_unread(writer, &rows, record, place, &why, fault);
    else if (status != STATUS_OK)
        *fault = why;
    if (status == STATUS_OK)
        status = insert_rows(writer, &rows, fault);
    arena_reset(writer->arena);
    if (status != STATUS_OK)
        return status;

    note_lost(writer, position, record->offset);
    position->next_offset = record->offset + 1;
    if (record->timestamp_ms > position->last_record_ms)
        position->last_record_ms = record->timestamp_ms;
    note_change(writer, position);
    writer->pending++;
    return STATUS_OK;
}

void writer_pass(struct writer *writer, struct position *position, int64_t offset)
{
    if (offset <= position->next_offset)
        return;
    note_lost(writer, position, offset);
    position->next_offset = offset;
    note_change(writer, position);
}

void writer_caught_up(struct writer *writer, struct position *position, int64_t unix_ms)
{
    if (unix_ms <= position->caught_up_ms)
        return;
    position->caught_up_ms = unix_ms;
    position->caught_up = true;
    writer->news = true;
}

size_t writer_pending(const struct writer *writer)
{
    return writer->pending;
}

bool writer_has_news(const struct writer *writer)
{
    return writer->news;
}

static enum status flush(struct writer *writer, struct fault *fault)
{
    enum status status = STATUS_OK;

    for (int i = 0; i < TABLE_COUNT && status == STATUS_OK; i++)
        status = sql_insert_flush(writer->inserts[i], fault);
    return status;
}

static enum status finish(struct writer *writer, struct fault *fault)
{
    enum status status = flush(writer, fault);

    if (status == STATUS_OK)
        status = store_positions(writer, fault);
    if (status == STATUS_OK)
        status = sql_commit(writer->sql, fault);
    if (status != STATUS_OK)
        return status;
    positions_are_stored(writer);
    writer->news = false;
    return STATUS_OK;
}

enum status writer_commit(struct writer *writer, struct fault *fault)
{
    if (!writer->news)
        return STATUS_OK;
    enum status status = begin(writer, fault);
    if (status == STATUS_OK)
        status = finish(writer, fault);
    if (status == STATUS_OK && writer->pending > 0) {
        metric_add(writer->batches, 1);
        metric_observe_us(writer->batch_seconds, clock_monotonic_us() - writer->began_us);
        writer->pending = 0;
    }
    return status;
}

/* ---- what leaves ---- */

static enum table_id table_of(const char *topic)
{
    if (strcmp(topic, "medhub.receipt") == 0)
        return TABLE_RECEIPT;
    if (strcmp(topic, "medhub.delivery") == 0)
        return TABLE_DELIVERY;
    if (strcmp(topic, "medhub.parked") == 0)
        return TABLE_PARKED;
    return strcmp(topic, "medhub.webhook.outcome") == 0 ? TABLE_ANSWER : TABLE_FACT;
}

static const char *select_all(enum table_id id, const char *where, char text[TEXT_BYTES_MAX])
{
    const struct table *table = &tables[id];
    int length = snprintf(text, TEXT_BYTES_MAX, "SELECT ");

    for (size_t i = 0; i < table->column_count; i++)
        length += snprintf(text + length, (size_t)(TEXT_BYTES_MAX - length), "%s%s", i == 0 ? "" : ", ",
                           table->columns[i].name);
    (void)snprintf(text + length, (size_t)(TEXT_BYTES_MAX - length), " FROM %s WHERE %s", table->name, where);
    return text;
}

/* Rows by which the rows of ID that WHERE names are found. COUNT and LAST_PLACE (may be NULL) are of those
 * that were looked at: all, unless the memory for one record would not do. */
static enum status finding_rows(struct writer *writer, enum table_id id, const char *where,
                                const struct sql_value *values, size_t value_count, struct rows *rows,
                                size_t *count, int64_t *last_place, struct fault *fault)
{
    size_t room = (size_t)writer->settings->record_memory_bytes_max / 2;
    char text[TEXT_BYTES_MAX];
    struct sql_cursor cursor;
    bool row = true;

    enum status status =
        sql_start(writer->sql, select_all(id, where, text), values, value_count, &cursor, fault);
    while (status == STATUS_OK && row && arena_used(writer->arena) < room) {
        status = sql_next(&cursor, &row, fault);
        if (status != STATUS_OK || !row)
            break;
        *count += 1;
        if (last_place != NULL)
            *last_place = sql_column_integer(&cursor, 0);
        status = rows_that_find(rows, id, &cursor, fault);
    }
    sql_end(&cursor);
    return status;
}

static enum status delete_row(struct writer *writer, const struct store_row *row, struct fault *fault)
{
    const struct table *table = &tables[row->table];
    char text[TEXT_BYTES_MAX];
    int length = snprintf(text, sizeof text, "DELETE FROM %s WHERE ", table->name);

    for (size_t i = 0; i < table->key_count; i++)
        length += snprintf(text + length, sizeof text - (size_t)length, "%s%s = $%zu", i == 0 ? "" : " AND ",
                           table->columns[i].name, i + 1);
    return sql_run(writer->sql, text, row->values, table->key_count, NULL, fault);
}

/* What other records of the same submission are found by must stay: it is made of them anew. */
static enum status restore_keys(struct writer *writer, int64_t input, struct fault *fault)
{
    static const enum table_id with_keys[] = {TABLE_FACT, TABLE_RECEIPT, TABLE_PARKED};
    const struct sql_value value = sql_integer(input);
    struct arena_mark mark = arena_mark(writer->arena);
    enum status status = STATUS_OK;
    struct rows rows;
    size_t count = 0;

    rows_init(&rows, writer->arena, &writer->topics, writer->sql);
    for (size_t i = 0; i < sizeof with_keys / sizeof *with_keys && status == STATUS_OK; i++)
        status = finding_rows(writer, with_keys[i], "input = $1", &value, 1, &rows, &count, NULL, fault);
    if (status == STATUS_OK)
        status = insert_rows(writer, &rows, fault);
    arena_reset_to(writer->arena, mark);
    return status;
}

static enum status delete_found(struct writer *writer, const struct rows *rows, struct fault *fault)
{
    enum status status = STATUS_OK;
    int64_t input = -1;

    for (const struct store_row *row = rows->first; row != NULL && status == STATUS_OK; row = row->next)
        status = delete_row(writer, row, fault);
    for (const struct store_row *row = rows->first; row != NULL && status == STATUS_OK; row = row->next) {
        if (row->table != TABLE_BUSINESS_KEY || row->values[2].integer == input)
            continue;
        input = row->values[2].integer;
        status = restore_keys(writer, input, fault);
    }
    return status;
}

static enum status delete_range(struct writer *writer, enum table_id id, const struct sql_value *range,
                                struct fault *fault)
{
    char text[TEXT_BYTES_MAX];
    int64_t changed = 0;

    (void)snprintf(text, sizeof text, "DELETE FROM %s WHERE place >= $1 AND place <= $2", tables[id].name);
    enum status status = sql_run(writer->sql, text, range, 2, &changed, fault);
    metric_add(writer->expired, changed);
    return status;
}

/* One bounded step over the rows of POSITION with first_offset <= offset < low. */
static enum status expire_step(struct writer *writer, struct position *position, int number, bool *more,
                               struct fault *fault)
{
    enum table_id id = table_of(position->topic);
    const struct sql_value from = sql_integer(place_make(number, position->partition, 0));
    const struct sql_value until = sql_integer(place_make(number, position->partition, position->low));
    const struct sql_value values[] = {from, until, sql_integer(writer->settings->expire_rows_max)};
    int64_t last_place = until.integer - 1;
    struct rows rows;
    size_t count = 0;

    rows_init(&rows, writer->arena, &writer->topics, writer->sql);
    enum status status = finding_rows(writer, id, "place >= $1 AND place < $2 ORDER BY place LIMIT $3",
                                      values, 3, &rows, &count, &last_place, fault);
    *more = count == (size_t)writer->settings->expire_rows_max ||
            arena_used(writer->arena) >= (size_t)writer->settings->record_memory_bytes_max / 2;
    if (!*more)
        last_place = until.integer - 1;
    const struct sql_value range[] = {from, sql_integer(last_place)};
    if (status == STATUS_OK)
        status = delete_range(writer, id, range, fault);
    if (status == STATUS_OK)
        status = delete_range(writer, TABLE_UNREAD, range, fault);
    if (status == STATUS_OK)
        status = delete_found(writer, &rows, fault);
    position->first_offset = place_offset(last_place) + 1;
    note_change(writer, position);
    return status;
}

enum status writer_expire(struct writer *writer, struct position *position, bool *more, struct fault *fault)
{
    int number = topic_names_find(&writer->topics, position->topic);

    *more = false;
    if (position->first_offset >= position->low)
        return STATUS_OK;
    enum status status = sql_begin(writer->sql, fault);
    if (status == STATUS_OK && number != 0) {
        status = expire_step(writer, position, number, more, fault);
    } else if (status == STATUS_OK) {
        position->first_offset = position->low; /* nothing of this topic was ever written */
        note_change(writer, position);
    }
    if (status == STATUS_OK)
        status = finish(writer, fault);
    arena_reset(writer->arena);
    return status;
}

enum status writer_clear(struct writer *writer, struct fault *fault)
{
    char text[TEXT_BYTES_MAX];

    enum status status = sql_begin(writer->sql, fault);
    if (status == STATUS_OK)
        status = sql_script(writer->sql, bytes_of("SET LOCAL statement_timeout=0; -- postgresql\n"), fault);
    for (int i = 0; i < TABLE_COUNT && status == STATUS_OK; i++) {
        (void)snprintf(text, sizeof text, "DELETE FROM %s; -- sqlite\nTRUNCATE %s; -- postgresql\n",
                       tables[i].name, tables[i].name);
        status = sql_script(writer->sql, bytes_of(text), fault);
    }
    if (status == STATUS_OK)
        status = sql_script(writer->sql, bytes_of("DELETE FROM position"),
                            fault); /* topics keep their numbers: readers know them */
    return status == STATUS_OK ? sql_commit(writer->sql, fault) : status;
}

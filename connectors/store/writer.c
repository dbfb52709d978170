#include "store/writer_inside.h"

#include "base/clock.h"
#include "base/log.h"
#include "store/migrate.h"
#include "store/rows.h"
#include "store/store_service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_FIRST = 256 * 1024, TEXT_BYTES_MAX = 256 };

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
                                 table_merge(&tables[i]),
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
        status = writer_load_positions(made, fault);
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

enum status writer_insert_rows(struct writer *writer, const struct rows *rows, struct fault *fault)
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
        status = writer_insert_rows(writer, &rows, fault);
    arena_reset(writer->arena);
    if (status != STATUS_OK)
        return status;

    note_lost(writer, position, record->offset);
    position->next_offset = record->offset + 1;
    if (record->timestamp_ms > position->last_record_ms)
        position->last_record_ms = record->timestamp_ms;
    writer_note_change(writer, position);
    writer->pending++;
    return STATUS_OK;
}

void writer_pass(struct writer *writer, struct position *position, int64_t offset)
{
    if (offset <= position->next_offset)
        return;
    note_lost(writer, position, offset);
    position->next_offset = offset;
    writer_note_change(writer, position);
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

enum status writer_finish(struct writer *writer, struct fault *fault)
{
    enum status status = flush(writer, fault);

    if (status == STATUS_OK)
        status = writer_store_positions(writer, fault);
    if (status == STATUS_OK)
        status = sql_commit(writer->sql, fault);
    if (status != STATUS_OK)
        return status;
    writer_positions_stored(writer);
    writer->news = false;
    return STATUS_OK;
}

enum status writer_commit(struct writer *writer, struct fault *fault)
{
    if (!writer->news)
        return STATUS_OK;
    enum status status = begin(writer, fault);
    if (status == STATUS_OK)
        status = writer_finish(writer, fault);
    if (status == STATUS_OK && writer->pending > 0) {
        metric_add(writer->batches, 1);
        metric_observe_us(writer->batch_seconds, clock_monotonic_us() - writer->began_us);
        writer->pending = 0;
    }
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

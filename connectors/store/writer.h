/* writer.h: records of Kafka into the database, with where Kafka stands in the same transaction: the effect is exactly
 * once, however the process ends.
 *
 *     writer_open(...);
 *     reader_add(..., writer_position(writer, topic, partition)->next_offset);
 *     writer_apply(writer, record);      as often as records come; begins a transaction when none is open
 *     writer_commit(writer);
 *
 * After RETRY or FATAL the writer is only good for writer_close: what was not committed is undone, and a new one tells
 * from which offsets on to read again. One thread owns a writer. */
#ifndef STORE_WRITER_H
#define STORE_WRITER_H

#include "kafka/record.h"
#include "store/place.h"
#include "store/tables.h"

struct writer;

struct position {
    char *topic;
    int32_t partition;
    int topic_number;          /* in places */
    int64_t first_offset, next_offset, last_record_ms, caught_up_ms, lost; /* as in the table position */
    int64_t stored_next;       /* what the database holds */
    int64_t low;               /* first offset that Kafka still has, as last heard */
    bool stored, moved, caught_up; /* in the database; to be written: all of it, only caught_up_ms */
    const char *reader_topic;  /* the pointer that the reader gives this topic */
};

/* Rows of store_metric_rows (store_service.h). */
enum {
    STORE_ROWS_METRIC,
    STORE_BATCHES_METRIC,
    STORE_BATCH_SECONDS_METRIC,
    STORE_UNREAD_METRIC,
    STORE_LOST_METRIC,
    STORE_EXPIRED_METRIC,
    STORE_LAG_METRIC,
    STORE_LAG_SECONDS_METRIC,
};

/* Takes the writer's lock, brings the schema up to date, reads the positions. */
enum status writer_open(const struct sql_settings *settings, struct writer **writer, struct fault *fault) MUST_CHECK;
void writer_close(struct writer *writer); /* NULL is fine */

/* The partition's position: found, or a new one at offset 0. NULL: no memory. It stays until the close. */
struct position *writer_position(struct writer *writer, const char *topic, int32_t partition);
/* Lent, in no order. */
struct position *const *writer_positions(const struct writer *writer, size_t *count);

/* RECORD's rows, and POSITION behind it. A record that cannot be read becomes a row that keeps it, a line in the log and a
 * count. */
enum status writer_apply(struct writer *writer, struct position *position, const struct record *record,
                         struct fault *fault) MUST_CHECK;
/* Nothing lies before OFFSET any more that was not applied: control records and aborted ones have been passed. */
void writer_pass(struct writer *writer, struct position *position, int64_t offset);
/* Everything committed in Kafka up to then is applied. */
void writer_caught_up(struct writer *writer, struct position *position, int64_t unix_ms);

/* Records applied since the last commit. */
size_t writer_pending(const struct writer *writer);
/* True if there is something to commit: records, or positions that moved without. */
bool writer_has_news(const struct writer *writer);
enum status writer_commit(struct writer *writer, struct fault *fault) MUST_CHECK;

/* Deletes rows whose records have left Kafka (offset below POSITION->low), at most settings->expire_rows_max records in a
 * transaction of its own. *MORE: there are others. Nothing may be pending. */
enum status writer_expire(struct writer *writer, struct position *position, bool *more, struct fault *fault) MUST_CHECK;

/* Empties all tables and positions in one transaction: everything is read again from the first offset. */
enum status writer_clear(struct writer *writer, struct fault *fault) MUST_CHECK;

#endif

/* rows.h: what a record of Kafka is in the read model: one row of its own table and the rows by which it is found. The same
 * record gives the same rows for ever, so a rebuild gives the same tables. */
#ifndef STORE_ROWS_H
#define STORE_ROWS_H

#include "base/arena.h"
#include "kafka/record.h"
#include "store/place.h"
#include "store/tables.h"

struct store_row {
    struct store_row *next;
    enum table_id table;
    struct sql_value values[]; /* for each column of the table */
};

/* Rows in the order in which they were made; they lie in ARENA and lend from the record. */
struct rows {
    struct arena *arena;
    struct topic_names *topics;
    struct sql *sql; /* where new topics are added */
    struct store_row *first, **last;
    bool full; /* the arena was */
};
void rows_init(struct rows *rows, struct arena *arena, struct topic_names *topics, struct sql *sql);

/* The values of a new row of TABLE, all to be set; NULL: there is no room, which the whole record then hears of. */
struct sql_value *rows_add(struct rows *rows, enum table_id table);
/* TEXT, or empty if it is not UTF-8 without NUL: the databases take no other. */
struct sql_value rows_text(struct bytes text);

/* True for medhub.fact.*, medhub.receipt, medhub.delivery, medhub.parked and medhub.webhook.outcome. */
bool rows_are_made_of(const char *topic);

/* Appends the rows of RECORD, which lies at PLACE. REJECT: it cannot be read; nothing is appended then. */
enum status rows_of_record(struct rows *rows, const struct record *record, int64_t place, struct fault *fault) MUST_CHECK;
/* Appends the row that keeps a record that cannot be read. */
enum status rows_of_unread(struct rows *rows, const struct record *record, int64_t place, const char *code,
                           struct fault *fault) MUST_CHECK;

/* The rows by which the row of TABLE under CURSOR is found (all its columns in order), so that they can be deleted with it.
 * Nothing is appended where nothing can be read. */
enum status rows_that_find(struct rows *rows, enum table_id table, const struct sql_cursor *cursor,
                           struct fault *fault) MUST_CHECK;

#endif

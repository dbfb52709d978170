/* rows.h: what a record of Kafka is in the read model: one row of its own table and the rows by which it is found. The same
 * record gives the same rows for ever, so a rebuild gives the same tables. */
#ifndef STORE_ROWS_H
#define STORE_ROWS_H

#include "kafka/record.h"
#include "store/row_list.h"

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

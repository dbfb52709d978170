/* tables.h: the global tables: compacted topics that every process holds in full, with dated rows.
 *
 * One thread writes (the follower), any thread reads through a struct tables_reader of its own, whose snapshot does not
 * change between tables_reader_renew calls: all decisions of a batch see the same tables. Every version that was seen
 * is kept, so that a decision can be explained with the rows it read. */
#ifndef STATE_TABLES_H
#define STATE_TABLES_H

#include "base/date.h"
#include "state/memo.h"
#include "state/store.h"

struct tables;
struct tables_reader;

/* As store_open, for the store of all tables. Readers are closed before tables_close. */
enum status tables_open(const struct store_settings *settings, struct tables **tables, bool *empty,
                        struct fault *fault) MUST_CHECK;
void tables_close(struct tables *tables);

/* Writer side: a transaction around the records of one poll. Offsets are kept per topic and partition. */
enum status tables_begin(struct tables *tables, struct fault *fault) MUST_CHECK;
/* VALUE is a packed medhub.event.v1.TableRow, or absent: then the row KEY names goes. REJECT: not a row of ours. */
enum status tables_apply(struct tables *tables, struct bytes key, struct bytes value, struct fault *fault) MUST_CHECK;
enum status tables_set_offset(struct tables *tables, const char *topic, int32_t partition, int64_t next_offset,
                              struct fault *fault) MUST_CHECK;
int64_t tables_offset(struct tables *tables, const char *topic, int32_t partition); /* -1: none. Begun only. */
enum status tables_commit(struct tables *tables, struct fault *fault) MUST_CHECK;
/* Rows of TABLE that were committed since the start; of all tables if it is NULL. Any thread. To notice news in a snapshot
 * ask the snapshot: tables_reader_rows. */
uint64_t tables_rows_applied(const struct tables *tables, const char *table);

/* Kafka key of a row: TABLE NUL KEY NUL REGION NUL VALID_FROM. False if tables_apply would refuse such a row: too long,
 * or no first day. */
bool tables_row_key(const char *table, const char *key, const char *region, date_t valid_from, struct buffer *out);

/* One for each thread; renew takes the snapshot that is read until the next renew or release. */
enum status tables_reader_open(struct tables *tables, struct tables_reader **reader, struct fault *fault) MUST_CHECK;
void tables_reader_close(struct tables_reader *reader);
enum status tables_reader_renew(struct tables_reader *reader, struct fault *fault) MUST_CHECK;
void tables_reader_release(struct tables_reader *reader); /* lets old pages go while the worker waits */
/* Changes when the snapshot may hold other rows of TABLE than the one before. Never misses a change: what was counted was
 * committed before the snapshot was taken. */
uint64_t tables_reader_rows(const struct tables_reader *reader, const char *table);
/* For what is worked out of the rows: forgotten when the snapshot changes. */
struct memo *tables_reader_memo(struct tables_reader *reader);
/* FATAL if a read of the tables has failed, so that "there is no such row" may have been wrong (store_check). */
enum status tables_reader_check(struct tables_reader *reader, struct fault *fault) MUST_CHECK;

struct tables_row {
    struct bytes value; /* the message; lent until renew or release */
    uint64_t version;
    date_t valid_from, valid_until;
};
/* The row of KEY for exactly REGION valid on DATE. */
bool tables_find(struct tables_reader *reader, const char *table, const char *key, const char *region, date_t date,
                 struct tables_row *row);
/* The version VERSION of the row that begins on VALID_FROM, present or past; false if it was never seen here. */
bool tables_find_version(struct tables_reader *reader, const char *table, const char *key, const char *region,
                         date_t valid_from, uint64_t version, struct tables_row *row);
/* Calls EACH for all present rows of TABLE in order of key. */
void tables_each(struct tables_reader *reader, const char *table,
                 bool (*each)(const char *key, const char *region, const struct tables_row *row, void *context),
                 void *context);

#endif

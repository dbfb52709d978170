/* catalogue_copy.h: one copy of the catalogue: a SQLite file with dated rows, the feed's cursor behind them
 * and the digest of them all, moved together. It can always be had again, so a commit is not synced. One
 * thread at a time. */
#ifndef CLIENT_CATALOGUE_COPY_H
#define CLIENT_CATALOGUE_COPY_H

#include "client/catalogue_row.h"
#include "client/database.h"

struct catalogue_copy;

struct copy_facts {
    uint64_t rows;
    struct digest_sum digest;
    int64_t snapshot_ms, refreshed_ms;
};

/* Creates it if absent: without rows, snapshot_ms 0. */
enum medhub_status copy_open(const char *path, struct catalogue_copy **copy, struct medhub_error *error);
void copy_close(struct catalogue_copy *copy);

struct copy_facts copy_facts(const struct catalogue_copy *copy);
/* *CURSOR to be freed. */
enum medhub_status copy_cursor(struct catalogue_copy *copy, char **cursor, struct medhub_error *error);

/* Changes lie between begin and end; END with MEDHUB_OK keeps them together with CURSOR and the times of
 * FACTS, anything else takes them back. Returns STATUS, or why it could not be kept. */
enum medhub_status copy_begin(struct catalogue_copy *copy, struct medhub_error *error);
enum medhub_status copy_put(struct catalogue_copy *copy, const struct catalogue_row *row,
                            struct medhub_error *error);
/* The highest version of the item's rows; 0: none. */
enum medhub_status copy_version(struct catalogue_copy *copy, const char *table, const char *code,
                                int64_t *version, struct medhub_error *error);
/* The row in force on the day before ROW->valid_from ends on that day. */
enum medhub_status copy_end_before(struct catalogue_copy *copy, const struct catalogue_row *row,
                                   struct medhub_error *error);
enum medhub_status copy_end(struct catalogue_copy *copy, enum medhub_status status, const char *cursor,
                            int64_t snapshot_ms, int64_t refreshed_ms, struct medhub_error *error);

/* The row in force on DATE in exactly REGION. What ROW lends lives until the next call. NOT_FOUND without
 * ERROR; DAMAGED. */
enum medhub_status copy_find(struct catalogue_copy *copy, const char *table, const char *code,
                             const char *region, const char *date, struct catalogue_row *row,
                             struct medhub_error *error);
/* Reads everything. DAMAGED: rows, their number or the file are not what they were. */
enum medhub_status copy_check(struct catalogue_copy *copy, struct medhub_error *error);

#endif

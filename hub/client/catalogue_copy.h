/* catalogue_copy.h: one copy of the catalogue: a SQLite file with dated rows, the feed's cursor behind them
 * and the digest of them all, moved together. It can always be had again, so a commit is not synced. One
 * thread at a time. */
#ifndef CLIENT_CATALOGUE_COPY_H
#define CLIENT_CATALOGUE_COPY_H

#include "client/catalogue_row.h"
#include "client/database.h"

#include <stdbool.h>

struct catalogue_copy;

struct copy_facts {
    uint64_t rows;
    struct digest_sum digest;
    int64_t snapshot_ms, refreshed_ms;
};

/* Creates it if absent: without rows, snapshot_ms 0. */
enum medhub_status copy_open(const char *path, struct catalogue_copy **copy, struct medhub_error *error);
/* A new one that a snapshot goes into, between one copy_begin and copy_end. When copy_finish answers OK it is closed, to be synced
 * and opened; else the file is of no use. */
enum medhub_status copy_create(const char *path, struct catalogue_copy **copy, struct medhub_error *error);
enum medhub_status copy_finish(struct catalogue_copy *copy, struct medhub_error *error);
void copy_close(struct catalogue_copy *copy);

struct copy_facts copy_facts(const struct catalogue_copy *copy);
/* *CURSOR to be freed. */
enum medhub_status copy_cursor(struct catalogue_copy *copy, char **cursor, struct medhub_error *error);

/* Changes lie between begin and end; END with MEDHUB_OK keeps them together with CURSOR and the times of
 * FACTS, anything else takes them back. Returns STATUS, or why it could not be kept. */
enum medhub_status copy_begin(struct catalogue_copy *copy, struct medhub_error *error);
enum medhub_status copy_put(struct catalogue_copy *copy, const struct catalogue_row *row,
                            struct medhub_error *error);
/* A row that is not there yet, as all of a snapshot's; DIGEST is digest_of_row's. */
enum medhub_status copy_add(struct catalogue_copy *copy, const struct catalogue_row *row, const struct digest_sum *digest,
                            struct medhub_error *error);
/* The highest version of the item's rows; 0: none. */
enum medhub_status copy_version(struct catalogue_copy *copy, const char *table, const char *code,
                                int64_t *version, struct medhub_error *error);
/* The row in force on the day before ROW->valid_from ends on that day. */
enum medhub_status copy_end_before(struct catalogue_copy *copy, const struct catalogue_row *row,
                                   struct medhub_error *error);
enum medhub_status copy_end(struct catalogue_copy *copy, enum medhub_status status, const char *cursor,
                            int64_t snapshot_ms, int64_t refreshed_ms, struct medhub_error *error);

/* Of which regions it holds the rows, as catalogue_scope_text says it; between begin and end. A copy that does not know has no
 * scope. */
enum medhub_status copy_put_scope(struct catalogue_copy *copy, const char *regions, struct medhub_error *error);
bool copy_has_scope(struct catalogue_copy *copy, const char *regions);

/* What RELEASE did to ROW's item from ROW->valid_from on is undone: the row that began then goes, the one that ended on the day
 * before is as it was, with ROW->version. */
enum medhub_status copy_undo(struct catalogue_copy *copy, const struct catalogue_row *row, const char *release,
                             struct medhub_error *error);

/* Changes of a release wait beside the rows, where nobody finds them, until all of them are there. What comes later for an item
 * that waits must wait as well, as a release of its own of one change ("+VERSION"). */
enum copy_release_state {
    COPY_RELEASE_UNKNOWN = -1,
    COPY_RELEASE_ANNOUNCED = 0, /* published; some of its changes may still be on their way */
    COPY_RELEASE_APPLIED = 1,
    COPY_RELEASE_READY = 2, /* while it is being applied */
};
enum medhub_status copy_pend(struct catalogue_copy *copy, const char *release, const struct catalogue_row *row,
                             const char *event, struct medhub_error *error);
/* True if a change of ROW's item waits, in whatever region. */
bool copy_is_pending(struct catalogue_copy *copy, const struct catalogue_row *row);
/* Announced releases all of whose changes are there, and before whose changes nothing else of their items waits, become READY. */
enum medhub_status copy_choose_ready(struct catalogue_copy *copy, struct medhub_error *error);
/* Calls EACH for all changes of those, each item's in order of version, and drops them. */
enum medhub_status copy_each_ready(struct catalogue_copy *copy,
                                   enum medhub_status (*each)(void *context, const char *release, const char *event,
                                                              struct medhub_error *error),
                                   void *context, struct medhub_error *error);
enum { COPY_DIGEST_BYTES = 130 };
struct copy_release {
    enum copy_release_state state;
    int64_t items;      /* that belong to it */
    const char *digest; /* hexadecimal; "": it has none */
    int64_t applied_ms; /* 0: not yet */
};
enum medhub_status copy_put_release(struct catalogue_copy *copy, const char *id, const struct copy_release *release,
                                    struct medhub_error *error);
/* DIGEST may be NULL. */
enum copy_release_state copy_release(struct catalogue_copy *copy, const char *id, char digest[COPY_DIGEST_BYTES]);
/* Calls EACH for the releases that the copy holds and that were not taken back. */
enum medhub_status copy_each_release(struct catalogue_copy *copy,
                                     void (*each)(void *context, const char *id, const char *digest, int64_t applied_ms),
                                     void *context, struct medhub_error *error);
/* One that is READY; false: none. */
bool copy_ready_release(struct catalogue_copy *copy, char *release, size_t size);
/* True if an announced release still waits for changes. */
bool copy_waits(struct catalogue_copy *copy);

/* The row in force on DATE in REGION (six digits), else in its city, its province, the nation; REGION NULL: in whatever region. What ROW lends lives until the next call. NOT_FOUND without
 * ERROR; DAMAGED. */
enum medhub_status copy_find(struct catalogue_copy *copy, const char *table, const char *code,
                             const char *region, const char *date, struct catalogue_row *row,
                             struct medhub_error *error);
/* Reads everything. DAMAGED: rows, their number or the file are not what they were. */
enum medhub_status copy_check(struct catalogue_copy *copy, struct medhub_error *error);

#endif

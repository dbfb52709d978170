/* restore.h: brings a store from its checkpoint to the high watermark of its changelog partition.
 *
 * The end is the high watermark taken after the assignment, not the last stable offset: behind an older open
 * transaction there may be records that a later owner committed. Reading is read_committed, so the restore waits there
 * until the transaction is decided. */
#ifndef STATE_RESTORE_H
#define STATE_RESTORE_H

#include "kafka/reader.h"
#include "state/changelog.h"

struct restore;

struct restore_progress {
    int64_t applied; /* records so far */
    int64_t from, to; /* offsets */
    bool done;
};

/* Starts with STORE's checkpoint. ASKER is the worker's reader for questions; one that reads is only opened when there is
 * something to read. NULL: it opens one for both. RETRY: the broker did not answer. FATAL: the checkpoint lies beyond the end of the
 * changelog: somebody deleted one of the two. */
enum status restore_start(const struct kafka_client *client, struct reader *asker, struct store *store,
                          const char *topic, int32_t partition, struct restore **restore,
                          struct fault *fault) MUST_CHECK;
/* Applies up to RECORDS_MAX records or MILLISECONDS_MAX, commits them to the store, and says how far it is. */
enum status restore_step(struct restore *restore, size_t records_max, int milliseconds_max,
                         struct restore_progress *progress, struct fault *fault) MUST_CHECK;
void restore_end(struct restore *restore);

#endif

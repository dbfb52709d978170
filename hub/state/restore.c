#include "state/restore.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

enum { ASK_TIMEOUT_MS = 2000, POLL_MS = 100 };

struct restore {
    struct store *store;
    struct reader *reader;
    char topic[KAFKA_TOPIC_BYTES_MAX + 1];
    int32_t partition;
    struct restore_progress progress;
    int64_t next; /* of the changelog */
};

enum status restore_start(const struct kafka_client *client, struct reader *asker, struct store *store,
                          const char *topic, int32_t partition, struct restore **restore, struct fault *fault)
{
    struct restore *made = calloc(1, sizeof *made);
    struct checkpoint checkpoint;
    int64_t low = 0, high = 0;

    *restore = NULL;
    if (made == NULL || strlen(topic) > KAFKA_TOPIC_BYTES_MAX) {
        free(made);
        return fault_fatal(fault, "memory.out", "no memory for a restore");
    }
    made->store = store;
    made->partition = partition;
    memcpy(made->topic, topic, strlen(topic) + 1);
    store_checkpoint(store, &checkpoint);
    made->next = checkpoint.changelog_next;

    enum status status = asker == NULL ? reader_open(client, true, &made->reader, fault) : STATUS_OK;
    if (asker == NULL)
        asker = made->reader;
    if (status == STATUS_OK)
        status = reader_watermarks(asker, topic, partition, ASK_TIMEOUT_MS, &low, &high, fault);
    if (status == STATUS_OK && made->next > high)
        status = fault_fatal(fault, "state.ahead",
                             "the store stands at %lld but the changelog %s/%d ends at %lld: one of the two was deleted",
                             (long long)made->next, topic, (int)partition, (long long)high);
    if (status == STATUS_OK && made->next < low)
        made->next = low; /* compaction or a new topic: what is gone was superseded */
    made->progress = (struct restore_progress){.from = made->next, .to = high, .done = made->next >= high};
    if (status == STATUS_OK && !made->progress.done && made->reader == NULL)
        status = reader_open(client, true, &made->reader, fault);
    if (status == STATUS_OK && !made->progress.done)
        status = reader_add(made->reader, topic, partition, made->next, fault);
    if (status != STATUS_OK) {
        restore_end(made);
        return status;
    }
    *restore = made;
    return STATUS_OK;
}

/* One record, or the end of the partition, taken into account. */
static enum status take(struct restore *restore, enum reader_result result, struct record *record,
                        struct checkpoint *checkpoint, struct fault *fault)
{
    enum status status = STATUS_OK;

    if (result == READER_RECORD) {
        status = changelog_apply(restore->store, checkpoint, record->key, record->value, fault);
        restore->next = record->offset + 1;
        restore->progress.applied++;
        record_release(record);
    } else if (result == READER_END && record->offset > restore->next) {
        restore->next = record->offset; /* control records and aborted ones are never delivered */
    }
    restore->progress.done = restore->next >= restore->progress.to;
    return status;
}

static enum status read_and_apply(struct restore *restore, size_t records_max, int64_t until_us,
                                  struct checkpoint *checkpoint, bool *interrupted, struct fault *fault)
{
    enum status status = STATUS_OK;

    for (size_t count = 0; status == STATUS_OK && !restore->progress.done && count < records_max; count++) {
        struct record record = {0};
        enum reader_result result = reader_poll(restore->reader, POLL_MS, &record, fault);
        if (result == READER_ERROR) {
            /* What was applied before it is committed: the reader will not give these records again. */
            *interrupted = true;
            break;
        }
        status = take(restore, result, &record, checkpoint, fault);
        if (clock_monotonic_us() >= until_us)
            break;
    }
    return status;
}

enum status restore_step(struct restore *restore, size_t records_max, int milliseconds_max,
                         struct restore_progress *progress, struct fault *fault)
{
    struct checkpoint checkpoint;
    int64_t until_us = clock_monotonic_us() + (int64_t)milliseconds_max * 1000;
    bool interrupted = false;

    *progress = restore->progress;
    if (restore->progress.done)
        return STATUS_OK;
    enum status status = store_begin(restore->store, fault);
    if (status != STATUS_OK)
        return status;
    store_checkpoint(restore->store, &checkpoint);
    status = read_and_apply(restore, records_max, until_us, &checkpoint, &interrupted, fault);
    checkpoint.changelog_next = restore->next;
    if (status == STATUS_OK)
        status = store_set_checkpoint(restore->store, &checkpoint, fault);
    if (status == STATUS_OK)
        status = store_commit(restore->store, fault);
    else
        store_abort(restore->store);
    *progress = restore->progress;
    return status == STATUS_OK && interrupted ? STATUS_RETRY : status;
}

void restore_end(struct restore *restore)
{
    if (restore == NULL)
        return;
    reader_close(restore->reader);
    free(restore);
}

/* reader.h: reads partitions from given offsets without a group: restore of a changelog, global tables, looking. */
#ifndef KAFKA_READER_H
#define KAFKA_READER_H

#include "kafka/client.h"
#include "kafka/record.h"

struct reader;

/* READ_COMMITTED false shows aborted records too: for verification only. */
enum status reader_open(const struct kafka_client *client, bool read_committed, struct reader **reader,
                        struct fault *fault) MUST_CHECK;
/* The same, reading ahead at most so much. */
enum status reader_open_bounded(const struct kafka_client *client, bool read_committed, int ahead_kilobytes,
                                struct reader **reader, struct fault *fault) MUST_CHECK;
void reader_close(struct reader *reader);

/* Number of partitions of TOPIC; 0 if it does not exist. */
enum status reader_partition_count(struct reader *reader, const char *topic, int timeout_ms, int32_t *count,
                                   struct fault *fault) MUST_CHECK;

/* The first offset still there and the high watermark: the end of what was written, decided or not. A restore must
 * reach it: stopping at the last stable offset would miss records behind an older open transaction. */
enum status reader_watermarks(struct reader *reader, const char *topic, int32_t partition, int timeout_ms, int64_t *low,
                              int64_t *high, struct fault *fault) MUST_CHECK;
/* The same for COUNT partitions at once. One that nobody answers for has low and high -1; RETRY if that is all of them. */
struct reader_ends {
    const char *topic;
    int32_t partition;
    int64_t low, high;
};
enum status reader_ends(struct reader *reader, struct reader_ends *ends, size_t count, int timeout_ms,
                        struct fault *fault) MUST_CHECK;
/* The first offset whose record is not older than UNIX_MS; the end if there is none. */
enum status reader_offset_at(struct reader *reader, const char *topic, int32_t partition, int64_t unix_ms,
                             int timeout_ms, int64_t *offset, struct fault *fault) MUST_CHECK;

/* Adds a partition to what is read, from OFFSET on (OFFSET_NONE: the beginning); or takes it out again. */
enum status reader_add(struct reader *reader, const char *topic, int32_t partition, int64_t offset,
                       struct fault *fault) MUST_CHECK;
enum status reader_remove(struct reader *reader, const char *topic, int32_t partition,
                          struct fault *fault) MUST_CHECK;

enum reader_result {
    READER_RECORD,
    READER_END, /* *RECORD has topic, partition and offset of the end just reached; nothing else */
    READER_NOTHING, /* within the time */
    READER_ERROR,
};
enum reader_result reader_poll(struct reader *reader, int timeout_ms, struct record *record, struct fault *fault);

/* DESCRIPTOR, an eventfd, is written to when something is there to be polled where nothing was before: for a loop that waits
 * elsewhere. Poll until there is nothing before waiting. */
void reader_wake(struct reader *reader, int descriptor);

#endif

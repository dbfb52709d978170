#include "ops/ctl/fetch.h"

#include "kafka/reader.h"

#include "base/clock.h"
#include "base/text.h"

#include <string.h>

enum { POLL_MS = 200, WAIT_US_MAX = 15 * 1000 * 1000 };

static enum status wait_for(struct fetched *fetched, int64_t offset, struct fault *fault)
{
    int64_t until_us = clock_monotonic_us() + WAIT_US_MAX;

    while (clock_monotonic_us() < until_us && !stop_requested()) {
        enum reader_result result = reader_poll(fetched->reader, POLL_MS, &fetched->record, fault);
        if (result == READER_ERROR)
            return STATUS_FATAL;
        if (result == READER_RECORD && fetched->record.offset == offset)
            return STATUS_OK;
        if (result == READER_RECORD) { /* what stood there was never committed, or was compacted away */
            record_release(&fetched->record);
            return STATUS_OK;
        }
        fetched->record = (struct record){0};
        if (result == READER_END)
            return STATUS_OK;
    }
    return fault_retry(fault, "kafka.unavailable", "the brokers stopped answering");
}

enum status fetch_record(struct session *session, const struct event_position *position, struct fetched *fetched,
                         struct fault *fault)
{
    int64_t low = 0, high = 0;

    *fetched = (struct fetched){0};
    enum status status = reader_open(&session->client, true, &fetched->reader, fault);
    if (status == STATUS_OK)
        status = reader_partition_count(fetched->reader, position->topic, SESSION_TIMEOUT_MS, &fetched->partitions,
                                        fault);
    if (status != STATUS_OK || position->partition < 0 || position->partition >= fetched->partitions)
        return status;
    status = reader_watermarks(fetched->reader, position->topic, position->partition, SESSION_TIMEOUT_MS, &low, &high,
                               fault);
    if (status != STATUS_OK || position->offset < low || position->offset >= high)
        return status;
    status = reader_add(fetched->reader, position->topic, position->partition, position->offset, fault);
    return status == STATUS_OK ? wait_for(fetched, position->offset, fault) : status;
}

void fetch_done(struct fetched *fetched)
{
    record_release(&fetched->record);
    reader_close(fetched->reader);
    *fetched = (struct fetched){0};
}

bool fetch_parse_position(const char *text, struct arena *arena, struct event_position *position)
{
    const char *last = strrchr(text, '/');
    const char *middle = last;
    int64_t partition = 0, offset = 0;

    while (middle != NULL && middle > text && *--middle != '/')
        ;
    if (middle == NULL || middle <= text || middle == last)
        return false;
    if (!text_parse_i64(bytes_from(middle + 1, (size_t)(last - middle) - 1), &partition) ||
        !text_parse_i64(bytes_of(last + 1), &offset) || partition < 0 || partition > INT32_MAX || offset < 0)
        return false;
    position->topic = arena_text(arena, bytes_from(text, (size_t)(middle - text)));
    position->partition = (int32_t)partition;
    position->offset = offset;
    return position->topic != NULL && strncmp(position->topic, "medhub.", 7) == 0;
}

#include "ops/ctl/scan.h"

#include "kafka/reader.h"
#include "kafka/source.h" /* OFFSET_NONE */

#include "base/clock.h"
#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

enum { PARTITIONS_MAX = 4096, POLL_MS = 200, SILENCE_US_MAX = 30 * 1000 * 1000 };

struct part {
    const char *topic;
    int32_t partition;
    int64_t first;
    int64_t end; /* reading is done when the next offset would be this */
    bool done;
};

struct scan {
    struct session *session;
    const struct scan_request *request;
    struct reader *reader;
    struct part *parts;
    size_t part_count, open;
    struct fault *fault;
};

static enum status add_partition(struct scan *scan, const char *topic, int32_t partition)
{
    int64_t low = 0, high = 0, first = 0;

    enum status status =
        reader_watermarks(scan->reader, topic, partition, SESSION_TIMEOUT_MS, &low, &high, scan->fault);
    first = low;
    if (status == STATUS_OK && scan->request->since_ms >= 0)
        status = reader_offset_at(scan->reader, topic, partition, scan->request->since_ms, SESSION_TIMEOUT_MS,
                                  &first, scan->fault);
    if (status != STATUS_OK || scan->part_count == PARTITIONS_MAX)
        return status;
    bool nothing = first >= high && !scan->request->follow;
    scan->parts[scan->part_count++] = (struct part){topic, partition, first, high, nothing};
    scan->open += !nothing;
    return STATUS_OK;
}

/* After all questions are answered: behind a fetch that waits for records each would wait as long. */
static enum status begin_reading(struct scan *scan)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; i < scan->part_count && status == STATUS_OK; i++)
        if (!scan->parts[i].done)
            status = reader_add(scan->reader, scan->parts[i].topic, scan->parts[i].partition,
                                scan->parts[i].first, scan->fault);
    return status;
}

static enum status add_topic(struct scan *scan, const char *topic)
{
    int32_t count = 0;

    enum status status = reader_partition_count(scan->reader, topic, SESSION_TIMEOUT_MS, &count, scan->fault);
    if (status == STATUS_OK && count > 0 && scan->request->key.data != NULL)
        return add_partition(scan, topic, hash_kafka_partition(scan->request->key, count));
    for (int32_t partition = 0; partition < count && status == STATUS_OK; partition++)
        status = add_partition(scan, topic, partition);
    return status;
}

static void note_progress(struct scan *scan, const struct record *record, bool at_end)
{
    if (scan->request->follow)
        return;
    for (size_t i = 0; i < scan->part_count; i++) {
        struct part *part = &scan->parts[i];
        if (part->partition != record->partition || strcmp(part->topic, record->topic) != 0)
            continue;
        /* The end comes at the last stable offset: what lies behind it is not decided yet. */
        if (!part->done && (at_end || record->offset + 1 >= part->end)) {
            part->done = true;
            scan->open--;
        }
        return;
    }
}

static bool is_wanted(const struct scan *scan, const struct record *record)
{
    const struct scan_request *request = scan->request;

    for (size_t i = 0; !request->follow && i < scan->part_count; i++)
        if (scan->parts[i].partition == record->partition &&
            strcmp(scan->parts[i].topic, record->topic) == 0 && record->offset >= scan->parts[i].end)
            return false;
    return (request->since_ms < 0 || record->timestamp_ms >= request->since_ms) &&
           (request->until_ms < 0 || record->timestamp_ms < request->until_ms);
}

static enum status read_on(struct scan *scan, scan_each *each, void *self)
{
    int64_t heard_us = clock_monotonic_us();

    while ((scan->open > 0 || scan->request->follow) && !stop_requested()) {
        struct record record = {0};
        enum reader_result result = reader_poll(scan->reader, POLL_MS, &record, scan->fault);
        if (result == READER_ERROR)
            return STATUS_FATAL;
        if (result == READER_NOTHING) {
            if (!scan->request->follow && clock_monotonic_us() - heard_us > SILENCE_US_MAX)
                return fault_retry(scan->fault, "kafka.unavailable", "the brokers stopped answering");
            continue;
        }
        heard_us = clock_monotonic_us();
        bool go_on = result == READER_END || !is_wanted(scan, &record) || each(self, &record);
        note_progress(scan, &record, result == READER_END);
        if (result == READER_RECORD)
            record_release(&record);
        if (!go_on)
            break;
    }
    return STATUS_OK;
}

enum status scan_topics(struct session *session, const struct scan_request *request, scan_each *each,
                        void *self, struct fault *fault)
{
    struct scan scan = {.session = session, .request = request, .fault = fault};

    scan.parts = calloc(PARTITIONS_MAX, sizeof *scan.parts);
    if (scan.parts == NULL)
        return fault_fatal(fault, "memory.out", "no memory for a scan");
    enum status status = reader_open(&session->client, true, &scan.reader, fault);
    for (size_t i = 0; i < request->topic_count && status == STATUS_OK; i++)
        status = add_topic(&scan, request->topics[i]);
    if (status == STATUS_OK)
        status = begin_reading(&scan);
    if (status == STATUS_OK)
        status = read_on(&scan, each, self);
    if (request->keep_records && session->kept_reader == NULL)
        session->kept_reader = scan.reader;
    else
        reader_close(scan.reader);
    free(scan.parts);
    return status;
}

/* bench_look: what stands at the end of a topic, so that the raw passthrough can be told to write the same.
 *
 *     bench_look --brokers B --topic T [--records 40000]     of each partition
 *
 * Prints one JSON object: mean sizes of ordinary records; a changelog's segments and checkpoints apart. */
#include "bench.h"

#include "kafka/reader.h"
#include "state/changelog.h"

#include <stdio.h>
#include <string.h>

enum { TIMEOUT_MS = 30000, POLL_MS = 1000, PARTITIONS_MAX = 64 };

struct sums {
    int64_t records, key_bytes, value_bytes, headers;
};

enum { ROWS, SEGMENTS, CHECKPOINTS, KINDS };

struct look {
    struct reader *reader;
    const char *topic;
    int32_t partitions, reached;
    bool whole[PARTITIONS_MAX]; /* a segment has been seen: from there on transactions are whole */
    struct sums sums[PARTITIONS_MAX][KINDS];
};

static bool count_header(const char *name, struct bytes value, void *context)
{
    (void)name;
    (void)value;
    (*(int64_t *)context)++;
    return true;
}

static int kind_of(struct bytes key)
{
    uint8_t kind = key.length > 0 ? key.data[0] : 0;

    if (key.length == 13 && kind == CHANGELOG_DEDUPE)
        return SEGMENTS;
    return key.length == 1 && kind == CHANGELOG_CHECKPOINT ? CHECKPOINTS : ROWS;
}

/* A segment closes what its transaction wrote to the partition: what stands before the first one is part of a
 * transaction and would be weighed against a whole segment. */
static void add(struct look *look, const struct record *record)
{
    struct sums *sums = look->sums[record->partition];
    int kind = kind_of(record->key);

    if (kind == SEGMENTS && !look->whole[record->partition]) {
        look->whole[record->partition] = true;
        memset(sums, 0, sizeof look->sums[0]);
        return;
    }
    sums[kind].records++;
    sums[kind].key_bytes += (int64_t)record->key.length;
    sums[kind].value_bytes += (int64_t)record->value.length;
    record_each_header(record, count_header, &sums[kind].headers);
}

static void begin(struct look *look, int64_t records)
{
    struct fault fault;
    int64_t low = 0, end = 0;

    bench_need(reader_partition_count(look->reader, look->topic, TIMEOUT_MS, &look->partitions, &fault), &fault);
    if (look->partitions < 1 || look->partitions > PARTITIONS_MAX)
        bench_fail("topic %s has %d partitions", look->topic, (int)look->partitions);
    for (int32_t i = 0; i < look->partitions; i++) {
        bench_need(reader_watermarks(look->reader, look->topic, i, TIMEOUT_MS, &low, &end, &fault), &fault);
        int64_t from = end - records > low ? end - records : low;
        bench_need(reader_add(look->reader, look->topic, i, from, &fault), &fault);
    }
}

static void read_all(struct look *look)
{
    struct record record = {0};
    struct fault fault;

    while (look->reached < look->partitions) {
        switch (reader_poll(look->reader, POLL_MS, &record, &fault)) {
        case READER_RECORD:
            add(look, &record);
            record_release(&record);
            break;
        case READER_END:
            look->reached++;
            break;
        case READER_NOTHING:
            break;
        case READER_ERROR:
            bench_fail("%s: %s", fault.code, fault.text);
        }
    }
}

static void print(const struct look *look, int kind, const char *name)
{
    struct sums all = {0};

    for (int32_t i = 0; i < look->partitions; i++) {
        all.records += look->sums[i][kind].records;
        all.key_bytes += look->sums[i][kind].key_bytes;
        all.value_bytes += look->sums[i][kind].value_bytes;
        all.headers += look->sums[i][kind].headers;
    }
    double records = all.records == 0 ? 1 : (double)all.records;
    printf("\"%s\":{\"records\":%lld,\"key\":%.1f,\"value\":%.1f,\"headers\":%.1f}", name, (long long)all.records,
           (double)all.key_bytes / records, (double)all.value_bytes / records, (double)all.headers / records);
}

int main(int argc, char **argv)
{
    const struct bench_options options = {argc, argv};
    static struct look look;
    struct kafka_client client;
    struct fault fault;

    look.topic = bench_option(options, "topic", "peer-facts");
    kafka_client_init(&client, bench_option(options, "brokers", "127.0.0.1:9092"));
    bench_need(reader_open(&client, true, &look.reader, &fault), &fault);
    begin(&look, bench_number(options, "records", 40000));
    read_all(&look);
    printf("{");
    print(&look, ROWS, "rows");
    printf(",");
    print(&look, SEGMENTS, "segments");
    printf(",");
    print(&look, CHECKPOINTS, "checkpoints");
    printf("}\n");
    reader_close(look.reader);
    kafka_client_done(&client);
    return 0;
}

/* bench_look: what stands at the end of a topic, so that the raw passthrough can be told to write the same.
 *
 *     bench_look --brokers B --topic T [--records 20000]     of each partition
 *
 * Prints one JSON object: mean sizes of ordinary records; a changelog's segments and checkpoints apart. */
#include "bench.h"

#include "kafka/reader.h"
#include "state/changelog.h"

#include <stdio.h>

enum { TIMEOUT_MS = 30000, POLL_MS = 1000, PARTITIONS_MAX = 64 };

struct sums {
    int64_t records, key_bytes, value_bytes, headers;
};

struct look {
    struct reader *reader;
    const char *topic;
    int64_t end[PARTITIONS_MAX];
    int32_t partitions, reached;
    struct sums rows, segments, checkpoints;
};

static bool count_header(const char *name, struct bytes value, void *context)
{
    (void)name;
    (void)value;
    (*(int64_t *)context)++;
    return true;
}

static void add(struct look *look, const struct record *record)
{
    uint8_t kind = record->key.length > 0 ? record->key.data[0] : 0;
    bool checkpoint = record->key.length == 1 && kind == CHANGELOG_CHECKPOINT;
    bool segment = record->key.length == 13 && kind == CHANGELOG_DEDUPE;
    struct sums *sums = checkpoint ? &look->checkpoints : segment ? &look->segments : &look->rows;

    sums->records++;
    sums->key_bytes += (int64_t)record->key.length;
    sums->value_bytes += (int64_t)record->value.length;
    record_each_header(record, count_header, &sums->headers);
}

static void begin(struct look *look, int64_t records)
{
    struct fault fault;
    int64_t low = 0;

    bench_need(reader_partition_count(look->reader, look->topic, TIMEOUT_MS, &look->partitions, &fault), &fault);
    if (look->partitions < 1 || look->partitions > PARTITIONS_MAX)
        bench_fail("topic %s has %d partitions", look->topic, (int)look->partitions);
    for (int32_t i = 0; i < look->partitions; i++) {
        int64_t *end = &look->end[i];
        bench_need(reader_watermarks(look->reader, look->topic, i, TIMEOUT_MS, &low, end, &fault), &fault);
        int64_t from = *end - records > low ? *end - records : low;
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

static void print(const char *name, const struct sums *sums)
{
    double records = sums->records == 0 ? 1 : (double)sums->records;

    printf("\"%s\":{\"records\":%lld,\"key\":%.1f,\"value\":%.1f,\"headers\":%.1f}", name, (long long)sums->records,
           (double)sums->key_bytes / records, (double)sums->value_bytes / records, (double)sums->headers / records);
}

int main(int argc, char **argv)
{
    const struct bench_options options = {argc, argv};
    struct look look = {.topic = bench_option(options, "topic", "peer-facts")};
    struct kafka_client client;
    struct fault fault;

    kafka_client_init(&client, bench_option(options, "brokers", "127.0.0.1:9092"));
    bench_need(reader_open(&client, true, &look.reader, &fault), &fault);
    begin(&look, bench_number(options, "records", 20000));
    read_all(&look);
    printf("{");
    print("rows", &look.rows);
    printf(",");
    print("segments", &look.segments);
    printf(",");
    print("checkpoints", &look.checkpoints);
    printf("}\n");
    reader_close(look.reader);
    kafka_client_done(&client);
    return 0;
}

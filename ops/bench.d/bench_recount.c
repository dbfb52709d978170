/* bench_recount: does peer-facts hold what follows from peer-in? Recounted here from the contract alone, in a hash
 * table of its own, and compared record by record: within a partition facts come in the order of their inputs.
 *
 *     bench_recount --brokers B
 *
 * Prints {"inputs":N,"facts":N,"repeats":N,"total":N,"wrong":N,"missing":N}; exit status 1 if anything is wrong or missing. */
#include "bench.h"

#include "base/hash.h"
#include "kafka/reader.h"
#include "state/numbers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TIMEOUT_MS = 30000, POLL_MS = 1000, KEPT = 16, KEY_BYTES_MAX = 64, PARTITIONS_MAX = 64, SLOTS = 1 << 22 };

struct tally {
    char key[KEY_BYTES_MAX];
    uint64_t total, count, last[KEPT];
};

/* What must stand in peer-facts next. */
struct expected {
    uint64_t sequence, total, count;
};
struct partition {
    struct expected *expected;
    size_t count, capacity, checked;
    bool reached;
};

static struct tally *tallies[SLOTS];
static struct partition partitions[PARTITIONS_MAX];
static long long inputs, facts, repeats, wrong;

static struct tally *tally_of(struct bytes key)
{
    uint64_t slot = hash_bytes(key, 0) % SLOTS;

    if (key.length >= KEY_BYTES_MAX)
        bench_fail("a key of %zu bytes", key.length);
    for (; tallies[slot] != NULL; slot = (slot + 1) % SLOTS)
        if (strlen(tallies[slot]->key) == key.length && memcmp(tallies[slot]->key, key.data, key.length) == 0)
            return tallies[slot];
    tallies[slot] = calloc(1, sizeof **tallies);
    if (tallies[slot] == NULL)
        bench_fail("no memory for the tallies");
    memcpy(tallies[slot]->key, key.data, key.length);
    return tallies[slot];
}

static void expect(struct partition *partition, struct expected next)
{
    if (partition->count == partition->capacity) {
        partition->capacity = partition->capacity == 0 ? 1024 : 2 * partition->capacity;
        partition->expected = realloc(partition->expected, partition->capacity * sizeof *partition->expected);
        if (partition->expected == NULL)
            bench_fail("no memory for what is expected");
    }
    partition->expected[partition->count++] = next;
}

static void take_input(const struct record *record)
{
    struct tally *tally = tally_of(record->key);
    uint64_t sequence = get_le64(record->value.data);

    inputs++;
    for (uint64_t i = 0; i < KEPT && i < tally->count; i++)
        if (tally->last[i] == sequence) {
            repeats++;
            return;
        }
    tally->last[tally->count % KEPT] = sequence;
    tally->count++;
    tally->total += get_le64(record->value.data + 8);
    expect(&partitions[record->partition], (struct expected){sequence, tally->total, tally->count});
}

static void take_fact(const struct record *record)
{
    struct partition *partition = &partitions[record->partition];
    const uint8_t *end = record->value.data + record->value.length;

    facts++;
    if (partition->checked == partition->count) {
        wrong++;
        return;
    }
    struct expected next = partition->expected[partition->checked++];
    if (record->value.length < 32 || get_le64(record->value.data) != next.sequence ||
        get_le64(end - 16) != next.total || get_le64(end - 8) != next.count)
        wrong++;
}

static void read_topic(const struct kafka_client *client, const char *topic, void (*take)(const struct record *))
{
    struct reader *reader = NULL;
    struct record record = {0};
    struct fault fault;
    int32_t count = 0, reached = 0;

    bench_need(reader_open(client, true, &reader, &fault), &fault);
    bench_need(reader_partition_count(reader, topic, TIMEOUT_MS, &count, &fault), &fault);
    if (count < 1 || count > PARTITIONS_MAX)
        bench_fail("topic %s has %d partitions", topic, (int)count);
    for (int32_t i = 0; i < count; i++)
        bench_need(reader_add(reader, topic, i, 0, &fault), &fault);
    while (reached < count) {
        enum reader_result result = reader_poll(reader, POLL_MS, &record, &fault);
        if (result == READER_ERROR)
            bench_fail("%s: %s", fault.code, fault.text);
        if (result == READER_END)
            reached++;
        if (result != READER_RECORD)
            continue;
        take(&record);
        record_release(&record);
    }
    reader_close(reader);
}

int main(int argc, char **argv)
{
    const struct bench_options options = {argc, argv};
    struct kafka_client client;
    long long total = 0, missing = 0;

    kafka_client_init(&client, bench_option(options, "brokers", "127.0.0.1:9092"));
    read_topic(&client, "peer-in", take_input);
    read_topic(&client, "peer-facts", take_fact);
    for (size_t i = 0; i < SLOTS; i++)
        total += tallies[i] == NULL ? 0 : (long long)tallies[i]->total;
    for (size_t i = 0; i < PARTITIONS_MAX; i++)
        missing += (long long)(partitions[i].count - partitions[i].checked);
    printf("{\"inputs\":%lld,\"facts\":%lld,\"repeats\":%lld,\"total\":%lld,\"wrong\":%lld,\"missing\":%lld}\n", inputs,
           facts, repeats, total, wrong, missing);
    kafka_client_done(&client);
    return wrong == 0 && missing == 0 ? 0 : 1; /* what it holds goes with the process */
}

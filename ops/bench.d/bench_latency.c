/* bench_latency: from the moment an event is given to the producer until its fact is read with read_committed.
 *
 *     bench_latency --brokers B --profile counter|prescription --keys K --first F [--rate 1000] [--seconds 20]
 *                   [--warm-up 0] [--lines FILE]
 *
 * Prints percentiles, and the longest pause between two facts: with a hub that was killed and started again meanwhile,
 * the time it took to serve again. What is submitted in the first WARM-UP seconds is awaited but not counted. FILE gets a
 * line for each fact that counts, in the order seen: when it was submitted and how long it took, in microseconds. */
#include "bench.h"
#include "sample.h"

#include "base/clock.h"
#include "kafka/publisher.h"
#include "kafka/reader.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { TIMEOUT_MS = 30000, LAST_FACTS_US = 20 * 1000 * 1000, ARENA_BYTES = 65536, POLL_MS = 100, BATCH_PAUSE_NS = 500000 };

struct submitter {
    const struct kafka_client *client;
    struct sample sample;
    int64_t first, events, rate;
    int64_t warm_up; /* so many of EVENTS do not count */
    int64_t *submitted_us; /* of event FIRST + i; written before it is sent */
};

static void delivered(void *self, void *context, int32_t partition, int64_t offset, const struct fault *fault)
{
    (void)self;
    (void)context;
    (void)partition;
    (void)offset;
    if (fault != NULL)
        bench_fail("%s: %s", fault->code, fault->text);
}

static void submit_one(struct submitter *submitter, struct publisher *publisher, int64_t index, struct arena *arena)
{
    struct fault fault;

    arena_reset(arena);
    struct sample_event event = sample_make(&submitter->sample, submitter->first + index, arena);
    submitter->submitted_us[index] = clock_monotonic_us();
    bench_need(publisher_send(publisher, sample_inbox(submitter->sample.profile), event.key, event.value,
                              event.headers, NULL, &fault), &fault);
}

static void *submit(void *self)
{
    struct submitter *submitter = self;
    const struct publisher_settings how = {100000, TIMEOUT_MS, 0, "lz4", false};
    const struct timespec pause = {.tv_nsec = BATCH_PAUSE_NS};
    struct arena *arena = arena_new(ARENA_BYTES, 16 * ARENA_BYTES);
    struct publisher *publisher = NULL;
    struct fault fault;
    int64_t begun_us = clock_monotonic_us();

    bench_need(publisher_open(submitter->client, &how, delivered, NULL, &publisher, &fault), &fault);
    for (int64_t i = 0; i < submitter->events; i++) {
        while (clock_monotonic_us() < begun_us + i * 1000000 / submitter->rate) {
            publisher_poll(publisher, 0);
            (void)nanosleep(&pause, NULL);
        }
        submit_one(submitter, publisher, i, arena);
    }
    bench_need(publisher_flush(publisher, TIMEOUT_MS, &fault), &fault);
    publisher_close(publisher);
    arena_free(arena);
    return NULL;
}

struct seen {
    int64_t *latency_us;
    int64_t facts; /* of the warm-up too */
    int64_t count, last_us, longest_pause_us;
    FILE *lines; /* NULL: not wanted */
};

static struct reader *open_reader(const struct kafka_client *client, const char *topic)
{
    struct reader *reader = NULL;
    struct fault fault;
    int32_t count = 0;
    int64_t low = 0, high = 0;

    bench_need(reader_open(client, true, &reader, &fault), &fault);
    bench_need(reader_partition_count(reader, topic, TIMEOUT_MS, &count, &fault), &fault);
    for (int32_t i = 0; i < count; i++) {
        bench_need(reader_watermarks(reader, topic, i, TIMEOUT_MS, &low, &high, &fault), &fault);
        bench_need(reader_add(reader, topic, i, high, &fault), &fault);
    }
    return reader;
}

static void take(struct submitter *submitter, struct seen *seen, const struct record *fact)
{
    int64_t index = sample_number(submitter->sample.profile, fact) - submitter->first;
    int64_t now_us = clock_monotonic_us();

    if (index < 0 || index >= submitter->events || submitter->submitted_us[index] == 0)
        return;
    seen->facts++;
    if (index < submitter->warm_up)
        return;
    if (seen->last_us > 0 && now_us - seen->last_us > seen->longest_pause_us)
        seen->longest_pause_us = now_us - seen->last_us;
    seen->last_us = now_us;
    seen->latency_us[seen->count++] = now_us - submitter->submitted_us[index];
    if (seen->lines != NULL)
        (void)fprintf(seen->lines, "%lld %lld\n", (long long)submitter->submitted_us[index],
                      (long long)(now_us - submitter->submitted_us[index]));
}

static void watch(struct submitter *submitter, struct reader *reader, struct seen *seen)
{
    struct record record = {0};
    struct fault fault;
    int64_t quiet_since_us = clock_monotonic_us();
    int64_t wanted = submitter->sample.profile == PROFILE_COUNTER ? sample_distinct(submitter->first, submitter->events)
                                                                  : submitter->events;

    while (seen->facts < wanted && clock_monotonic_us() - quiet_since_us < LAST_FACTS_US) {
        enum reader_result result = reader_poll(reader, POLL_MS, &record, &fault);
        if (result == READER_ERROR)
            bench_fail("%s: %s", fault.code, fault.text);
        if (result != READER_RECORD)
            continue;
        take(submitter, seen, &record);
        quiet_since_us = clock_monotonic_us();
        record_release(&record);
    }
    if (seen->facts < wanted)
        bench_fail("%lld of %lld facts came", (long long)seen->facts, (long long)wanted);
}

static int compare(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static double percentile_ms(const struct seen *seen, double share)
{
    return seen->count == 0 ? 0 : (double)seen->latency_us[(int64_t)((double)(seen->count - 1) * share)] / 1000;
}

static FILE *open_lines(const char *path)
{
    FILE *file = path == NULL ? NULL : fopen(path, "we");

    if (path != NULL && file == NULL)
        bench_fail("%s cannot be written", path);
    return file;
}

int main(int argc, char **argv)
{
    const struct bench_options options = {argc, argv};
    struct kafka_client client;
    struct submitter submitter = {
        .client = &client,
        .sample = {.profile = sample_profile(bench_option(options, "profile", "counter")),
                   .seed = (uint64_t)bench_number(options, "seed", 1),
                   .keys = bench_number(options, "keys", 10000),
                   .now_ms = clock_now_ms(clock_system())},
        .first = bench_number(options, "first", 0),
        .rate = bench_number(options, "rate", 1000),
    };
    struct seen seen = {.lines = open_lines(bench_option(options, "lines", NULL))};
    pthread_t thread;

    submitter.warm_up = submitter.rate * bench_number(options, "warm-up", 0);
    submitter.events = submitter.warm_up + submitter.rate * bench_number(options, "seconds", 20);
    submitter.submitted_us = calloc((size_t)submitter.events, sizeof *submitter.submitted_us);
    seen.latency_us = calloc((size_t)submitter.events, sizeof *seen.latency_us);
    kafka_client_init(&client, bench_option(options, "brokers", "127.0.0.1:9092"));
    struct reader *reader = open_reader(&client, sample_facts(submitter.sample.profile));
    if (submitter.submitted_us == NULL || seen.latency_us == NULL ||
        pthread_create(&thread, NULL, submit, &submitter) != 0)
        bench_fail("no memory");
    watch(&submitter, reader, &seen);
    (void)pthread_join(thread, NULL);
    reader_close(reader);
    if (seen.lines != NULL)
        (void)fclose(seen.lines);
    qsort(seen.latency_us, (size_t)seen.count, sizeof *seen.latency_us, compare);
    printf("{\"facts\":%lld,\"p50_ms\":%.2f,\"p99_ms\":%.2f,\"max_ms\":%.2f,\"longest_pause_ms\":%.2f}\n",
           (long long)seen.count, percentile_ms(&seen, 0.5), percentile_ms(&seen, 0.99), percentile_ms(&seen, 1),
           (double)seen.longest_pause_us / 1000);
    free(submitter.submitted_us);
    free(seen.latency_us);
    kafka_client_done(&client);
    return 0;
}

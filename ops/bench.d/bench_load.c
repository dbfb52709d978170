/* bench_load: writes events to an inbox, idempotently, each key to the partition that Java's clients would choose.
 *
 *     bench_load --brokers B --profile counter|prescription --keys K [--base B] [--first F] --events N [--seed S]
 *     bench_load --brokers B --tables 1        the table rows without which no prescription is accepted */
#include "bench.h"
#include "sample.h"

#include "base/clock.h"
#include "kafka/publisher.h"

#include <stdio.h>
#include <stdlib.h>

enum { ARENA_BYTES = 65536, QUEUE_MAX = 200000, DELIVERY_TIMEOUT_MS = 60000, LINGER_MS = 20, WAIT_MS = 20 };

struct loader {
    struct publisher *publisher;
    int64_t delivered;
};

static void delivered(void *self, void *context, int32_t partition, int64_t offset, const struct fault *fault)
{
    struct loader *loader = self;
    (void)context;
    (void)partition;
    (void)offset;

    if (fault != NULL)
        bench_fail("%s: %s", fault->code, fault->text);
    loader->delivered++;
}

static void send(struct loader *loader, const char *topic, struct bytes key, struct bytes value,
                 struct headers *headers)
{
    struct fault fault;
    enum status status = STATUS_RETRY;

    while ((status = publisher_send(loader->publisher, topic, key, value, headers, NULL, &fault)) == STATUS_RETRY)
        publisher_poll(loader->publisher, WAIT_MS);
    bench_need(status, &fault);
    publisher_poll(loader->publisher, 0);
}

static void send_row(const char *topic, struct bytes key, struct bytes value, void *context)
{
    send(context, topic, key, value, NULL);
}

static void send_events(struct loader *loader, struct bench_options options, struct arena *arena)
{
    const struct sample sample = {
        .profile = sample_profile(bench_option(options, "profile", "counter")),
        .seed = (uint64_t)bench_number(options, "seed", 1),
        .keys = bench_number(options, "keys", 10000),
        .base = bench_number(options, "base", 0),
        .now_ms = clock_now_ms(clock_system()),
    };
    int64_t first = bench_number(options, "first", 0), events = bench_number(options, "events", 1000);

    for (int64_t i = first; i < first + events; i++) {
        arena_reset(arena);
        struct sample_event event = sample_make(&sample, i, arena);
        send(loader, sample_inbox(sample.profile), event.key, event.value, event.headers);
    }
}

int main(int argc, char **argv)
{
    const struct bench_options options = {argc, argv};
    const struct publisher_settings how = {QUEUE_MAX, DELIVERY_TIMEOUT_MS, LINGER_MS, "lz4", false};
    struct loader loader = {0};
    struct kafka_client client;
    struct fault fault;
    struct arena *arena = arena_new(ARENA_BYTES, 16 * ARENA_BYTES);
    int64_t begun_us = clock_monotonic_us();

    kafka_client_init(&client, bench_option(options, "brokers", "127.0.0.1:9092"));
    bench_need(publisher_open(&client, &how, delivered, &loader, &loader.publisher, &fault), &fault);
    if (bench_option(options, "tables", NULL) != NULL)
        sample_each_row(arena, send_row, &loader);
    else
        send_events(&loader, options, arena);
    bench_need(publisher_flush(loader.publisher, DELIVERY_TIMEOUT_MS, &fault), &fault);
    publisher_close(loader.publisher);
    printf("{\"records\":%lld,\"seconds\":%.3f}\n", (long long)loader.delivered,
           (double)(clock_monotonic_us() - begun_us) / 1e6);
    arena_free(arena);
    kafka_client_done(&client);
    return 0;
}

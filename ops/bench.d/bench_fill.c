/* bench_fill: as many serial items of one product as a hub holds after years, written where it would restore them from: into the
 * changelog of medhub.state.product, row by row as the trace family writes them. The next hub restores them; nothing was decided.
 *
 *     bench_fill --brokers B --product GTIN --items N --holders H */
#include "bench.h"

#include "base/clock.h"
#include "base/hash.h"
#include "domain/messages.h"
#include "domain/trace_state.h"
#include "event/pack.h"
#include "state/changelog.h"

#include <inttypes.h>
#include <librdkafka/rdkafka.h>
#include <stdio.h>

enum { PARTITIONS = 6, ARENA_BYTES = 4096, FLUSH_MS = 60000, WAIT_MS = 20, DAY_MS = 86400000 };
#define TOPIC "medhub.state.product"
#define LOT   "L1"

struct filler {
    rd_kafka_t *producer;
    rd_kafka_topic_t *topic;
    const char *product;
    int64_t holders, now_ms;
    int32_t partition;
};

static void open_producer(struct filler *filler, const char *brokers)
{
    const char *const rows[][2] = {{"bootstrap.servers", brokers}, {"enable.idempotence", "true"}, {"linger.ms", "20"},
                                   {"compression.type", "lz4"}, {"queue.buffering.max.messages", "200000"}};
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char error[256];

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rd_kafka_conf_set(conf, rows[i][0], rows[i][1], error, sizeof error) != RD_KAFKA_CONF_OK)
            bench_fail("%s: %s", rows[i][0], error);
    filler->producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
    if (filler->producer == NULL)
        bench_fail("no producer: %s", error);
    filler->topic = rd_kafka_topic_new(filler->producer, TOPIC, NULL);
}

/* A holder bought it; its key is 'r' and the key of the row. */
static struct bytes make_row(const struct filler *filler, int64_t number, struct row_key *key, struct arena *arena)
{
    const struct trace_move move = {.step = STEP_PURCHASED,
                                    .holder = arena_format(arena, "H6501%07" PRId64, number % filler->holders),
                                    .at_ms = filler->now_ms - DAY_MS,
                                    .region = 650102,
                                    .quantity_e4 = 10000,
                                    .lot = LOT,
                                    .made_on = date_in_china(filler->now_ms) - 60,
                                    .expires_on = DATE_NONE};
    ScannedItemState item = MEDHUB__STATE__V1__SCANNED_ITEM__INIT;
    const char *name = arena_format(arena, "serial/S%08" PRId64, number);

    trace_move_item(&item, &move);
    if (name == NULL || !row_key_make(key, bytes_of(filler->product), ROW_STATE, bytes_of(name)))
        bench_fail("a row key is too long");
    return pack_message(&item.base, arena);
}

static void produce(const struct filler *filler, const struct row_key *key, struct bytes value)
{
    uint8_t record_key[STORE_KEY_BYTES_MAX + 1] = {CHANGELOG_ROW};

    memcpy(record_key + 1, key->data, key->length);
    while (rd_kafka_produce(filler->topic, filler->partition, RD_KAFKA_MSG_F_COPY, (void *)value.data, value.length, record_key,
                            key->length + 1, NULL) != 0) {
        if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL)
            bench_fail("%s", rd_kafka_err2str(rd_kafka_last_error()));
        (void)rd_kafka_poll(filler->producer, WAIT_MS);
    }
}

int main(int argc, char **argv)
{
    const struct bench_options options = {argc, argv};
    struct filler filler = {.product = bench_option(options, "product", "06901299999998"),
                            .holders = bench_number(options, "holders", 1000),
                            .now_ms = clock_now_ms(clock_system())};
    struct arena *arena = arena_new(ARENA_BYTES, 4 * ARENA_BYTES);
    int64_t items = bench_number(options, "items", 1000000), bytes = 0;

    filler.partition = hash_kafka_partition(bytes_of(filler.product), PARTITIONS);
    open_producer(&filler, bench_option(options, "brokers", "127.0.0.1:9092"));
    for (int64_t i = 0; i < items; i++) {
        struct row_key key;
        arena_reset(arena);
        struct bytes value = make_row(&filler, i, &key, arena);
        bytes += (int64_t)(key.length + value.length);
        produce(&filler, &key, value);
    }
    if (rd_kafka_flush(filler.producer, FLUSH_MS) != RD_KAFKA_RESP_ERR_NO_ERROR)
        bench_fail("not everything was written");
    printf("{\"items\":%" PRId64 ",\"partition\":%d,\"bytes_an_item\":%.1f}\n", items, filler.partition, (double)bytes / (double)items);
    rd_kafka_topic_destroy(filler.topic);
    rd_kafka_destroy(filler.producer);
    arena_free(arena);
    return 0;
}

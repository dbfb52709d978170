/* bench_topics: makes, or deletes, the topics that a run needs: those of schemas/topics.csv and the counter's.
 *
 *     bench_topics --brokers B --do create|delete     delete: only what bench alone uses (peer-*, raw-*) */
#include "bench.h"

#include "kafka/topics.h"

#include <librdkafka/rdkafka.h>
#include <stdlib.h>
#include <string.h>

enum { TIMEOUT_MS = 30000, ARENA_BYTES = 1 << 20 };

static const char csv[] =
    "topic,key,partitions,retention_ms,cleanup_policy,min_insync_replicas,max_message_bytes,what,what_zh\n"
    "peer-in,any,6,604800000,delete,1,1048576,bench,bench\n"
    "peer-facts,any,6,604800000,delete,1,1048576,bench,bench\n"
    "peer-receipts,any,6,604800000,delete,1,1048576,bench,bench\n"
    "peer-state,any,6,-1,compact,1,1048576,bench,bench\n"
    "raw-facts,any,6,604800000,delete,1,1048576,bench,bench\n"
    "raw-receipts,any,6,604800000,delete,1,1048576,bench,bench\n"
    "raw-deliveries,any,6,604800000,delete,1,1048576,bench,bench\n"
    "raw-state,any,6,-1,compact,1,1048576,bench,bench\n";

static void create(const struct kafka_client *client, const struct topics *topics, struct arena *arena)
{
    struct topics_seen seen;
    struct topics_plan plan;
    struct fault fault;

    bench_need(topics_describe(client, topics, TIMEOUT_MS, arena, &seen, &fault), &fault);
    bench_need(topics_plan(topics, &seen, arena, &plan, &fault), &fault);
    bench_need(topics_apply(client, &plan, TIMEOUT_MS, &fault), &fault);
}

static void delete_all(const char *brokers, const struct topics *topics)
{
    rd_kafka_DeleteTopic_t *doomed[16];
    size_t count = topics->count < 16 ? topics->count : 16;
    rd_kafka_conf_t *conf = rd_kafka_conf_new();

    (void)rd_kafka_conf_set(conf, "bootstrap.servers", brokers, NULL, 0);
    rd_kafka_t *handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, NULL, 0);
    rd_kafka_queue_t *queue = rd_kafka_queue_new(handle);
    for (size_t i = 0; i < count; i++)
        doomed[i] = rd_kafka_DeleteTopic_new(topics->rows[i].name);
    rd_kafka_DeleteTopics(handle, doomed, count, NULL, queue);
    rd_kafka_event_t *answer = rd_kafka_queue_poll(queue, TIMEOUT_MS);
    if (answer == NULL || rd_kafka_event_error(answer) != RD_KAFKA_RESP_ERR_NO_ERROR)
        bench_fail("the topics could not be deleted");
    rd_kafka_event_destroy(answer);
    rd_kafka_DeleteTopic_destroy_array(doomed, count);
    rd_kafka_queue_destroy(queue);
    rd_kafka_destroy(handle);
}

int main(int argc, char **argv)
{
    const struct bench_options options = {argc, argv};
    const char *brokers = bench_option(options, "brokers", "127.0.0.1:9092");
    struct arena *arena = arena_new(ARENA_BYTES, 16 * ARENA_BYTES);
    struct topics shipped, own;
    struct kafka_client client;
    struct fault fault;

    kafka_client_init(&client, brokers);
    bench_need(topics_shipped(arena, &shipped, &fault), &fault);
    bench_need(topics_parse(bytes_of(csv), arena, &own, &fault), &fault);
    if (strcmp(bench_option(options, "do", "create"), "delete") == 0) {
        delete_all(brokers, &own);
    } else {
        create(&client, &shipped, arena);
        create(&client, &own, arena);
    }
    kafka_client_done(&client);
    arena_free(arena);
    return 0;
}

/* bench_raw: the raw limit. What a passthrough on plain librdkafka reaches that does the same input and output as the
 * engine: as many outputs of the same sizes per input, the submission's headers on the facts, the same transaction
 * size, two transactional producers in turn, offsets in the transaction. No decoding, no decision, no state.
 *
 *     bench_raw --brokers B --input TOPIC --group G --workers 1|2 --events N [--batch 5000] [--wait-ms 2]
 *               --output TOPIC,COUNT,KEY,VALUE[,headers|state]...  [--state TOPIC,SEGMENT,CHECKPOINT]
 *
 * --output: COUNT records per input (fractions add up) of KEY and VALUE bytes; KEY 0: the input's key, which also
 * chooses the partition. headers: they carry the input's headers. state: to the input's partition.
 * --state: per partition and transaction one record of SEGMENT bytes per input and one of CHECKPOINT bytes. */
#include "bench.h"

#include "base/clock.h"

#include <librdkafka/rdkafka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    WORKERS_MAX = 8, OUTPUTS_MAX = 8, PARTITIONS_MAX = 64, PRODUCERS = 2, BATCH_MAX = 100000,
    TIMEOUT_MS = 30000, TRANSACTION_MS = 10000, FILLER_BYTES = 1 << 20, IDLE_MS = 100,
};

struct output {
    char topic[100];
    double per_input;
    size_t key_bytes, value_bytes;
    bool with_headers, is_state;
};

struct job {
    const char *brokers, *input, *group;
    int workers, batch_max, partitions;
    int64_t wait_us;
    struct output outputs[OUTPUTS_MAX];
    size_t output_count;
    char state_topic[100];
    double segment_bytes;
    size_t checkpoint_bytes;
    char *filler; /* text like the input's own */
};

struct producer {
    rd_kafka_t *handle;
    rd_kafka_topic_t *topics[OUTPUTS_MAX], *state;
};

struct worker {
    const struct job *job;
    int index;
    pthread_t thread;
    rd_kafka_t *consumer;
    struct producer producers[PRODUCERS];
    unsigned turn;
    double due[OUTPUTS_MAX];
    rd_kafka_message_t **records;
    int record_count;
    int64_t next_offset[PARTITIONS_MAX];
    int in_batch[PARTITIONS_MAX];
};

static atomic_llong committed_events;
static atomic_int working;
static atomic_bool stopping;

/* --- handles --- */

static void need_error(rd_kafka_error_t *error, const char *doing)
{
    if (error != NULL)
        bench_fail("%s: %s", doing, rd_kafka_error_string(error));
}

static rd_kafka_t *handle_new(rd_kafka_type_t type, const char *const rows[][2])
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char error[256];

    for (int i = 0; rows[i][0] != NULL; i++)
        if (rd_kafka_conf_set(conf, rows[i][0], rows[i][1], error, sizeof error) != RD_KAFKA_CONF_OK)
            bench_fail("%s: %s", rows[i][0], error);
    rd_kafka_t *handle = rd_kafka_new(type, conf, error, sizeof error);
    if (handle == NULL)
        bench_fail("no handle: %s", error);
    return handle;
}

static void open_producer(struct worker *worker, unsigned which)
{
    const struct job *job = worker->job;
    struct producer *producer = &worker->producers[which];
    char id[200];

    (void)snprintf(id, sizeof id, "%s-%d-%u", job->group, worker->index, which);
    const char *const rows[][2] = { /* as hub/kafka/sink.c has them */
        {"bootstrap.servers", job->brokers}, {"transactional.id", id}, {"transaction.timeout.ms", "10000"},
        {"linger.ms", "5"}, {"queue.buffering.max.messages", "200000"}, {"compression.type", "lz4"},
        {"message.max.bytes", "4000000"}, {"partitioner", "murmur2_random"}, {"socket.nagle.disable", "true"},
        {NULL, NULL}};
    producer->handle = handle_new(RD_KAFKA_PRODUCER, rows);
    need_error(rd_kafka_init_transactions(producer->handle, TIMEOUT_MS), "initialising transactions");
    for (size_t i = 0; i < job->output_count; i++)
        producer->topics[i] = rd_kafka_topic_new(producer->handle, job->outputs[i].topic, NULL);
    if (job->state_topic[0] != '\0')
        producer->state = rd_kafka_topic_new(producer->handle, job->state_topic, NULL);
}

/* Partitions are dealt out, not joined for: a passthrough without a group's work is the faster limit. */
static void open_consumer(struct worker *worker)
{
    const struct job *job = worker->job;
    rd_kafka_topic_partition_list_t *mine = rd_kafka_topic_partition_list_new(job->partitions);
    const char *const rows[][2] = { /* as hub/kafka/source.c has them */
        {"bootstrap.servers", job->brokers}, {"group.id", job->group}, {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"}, {"isolation.level", "read_committed"},
        {"auto.offset.reset", "earliest"}, {"fetch.wait.max.ms", "100"}, {"fetch.queue.backoff.ms", "20"},
        {"queued.min.messages", "50000"}, {"queued.max.messages.kbytes", "32768"}, {"socket.nagle.disable", "true"},
        {NULL, NULL}};

    worker->consumer = handle_new(RD_KAFKA_CONSUMER, rows);
    (void)rd_kafka_poll_set_consumer(worker->consumer);
    for (int i = worker->index; i < job->partitions; i += job->workers)
        rd_kafka_topic_partition_list_add(mine, job->input, i)->offset = RD_KAFKA_OFFSET_STORED;
    if (rd_kafka_assign(worker->consumer, mine) != RD_KAFKA_RESP_ERR_NO_ERROR)
        bench_fail("the partitions could not be assigned");
    rd_kafka_topic_partition_list_destroy(mine);
}

/* --- one transaction --- */

static bool poll_one(struct worker *worker, int wait_ms)
{
    rd_kafka_message_t *message = rd_kafka_consumer_poll(worker->consumer, wait_ms);

    if (message == NULL)
        return false;
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
        rd_kafka_message_destroy(message);
        return false;
    }
    worker->records[worker->record_count++] = message;
    return true;
}

/* Until the input is drained, or N records, or T ms: like the engine's. */
static void collect(struct worker *worker)
{
    int wait_ms = IDLE_MS;
    int64_t until_us = 0;

    while (worker->record_count < worker->job->batch_max) {
        if (poll_one(worker, wait_ms)) {
            wait_ms = 0;
            continue;
        }
        int64_t now_us = clock_monotonic_us();
        if (worker->record_count == 0)
            return;
        if (until_us == 0)
            until_us = now_us + worker->job->wait_us;
        if (now_us >= until_us)
            return;
        wait_ms = 1;
    }
}

/* librdkafka's argument macros are statement expressions. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"

static void produce(struct producer *producer, rd_kafka_topic_t *topic, int32_t partition, const void *key,
                    size_t key_bytes, const void *value, size_t value_bytes, rd_kafka_headers_t *headers)
{
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;

    do {
        if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL)
            (void)rd_kafka_poll(producer->handle, 50);
        if (headers != NULL)
            code = rd_kafka_producev(producer->handle, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_PARTITION(partition),
                                     RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key, key_bytes),
                                     RD_KAFKA_V_VALUE((void *)value, value_bytes), RD_KAFKA_V_HEADERS(headers),
                                     RD_KAFKA_V_END);
        else
            code = rd_kafka_produce(topic, partition, RD_KAFKA_MSG_F_COPY, (void *)value, value_bytes, key, key_bytes,
                                    NULL) == 0
                       ? RD_KAFKA_RESP_ERR_NO_ERROR
                       : rd_kafka_last_error();
    } while (code == RD_KAFKA_RESP_ERR__QUEUE_FULL);
    if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
        bench_fail("producing: %s", rd_kafka_err2str(code));
}

#pragma GCC diagnostic pop

static void produce_output(struct worker *worker, struct producer *producer, size_t which, rd_kafka_message_t *record)
{
    const struct job *job = worker->job;
    const struct output *output = &job->outputs[which];
    bool own_key = output->key_bytes == 0;
    /* Beginning somewhere else each time, so that records are not copies of each other. */
    const char *filler = job->filler + (size_t)record->offset * 61 % (FILLER_BYTES / 2);
    const void *value = output->value_bytes <= record->len ? record->payload : filler;
    rd_kafka_headers_t *headers = NULL;

    if (output->with_headers && rd_kafka_message_detach_headers(record, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
        headers = NULL;
    produce(producer, producer->topics[which], output->is_state ? record->partition : RD_KAFKA_PARTITION_UA,
            own_key ? record->key : filler, own_key ? record->key_len : output->key_bytes, value, output->value_bytes,
            headers);
}

static void pass_on(struct worker *worker, struct producer *producer, rd_kafka_message_t *record)
{
    for (size_t i = 0; i < worker->job->output_count; i++)
        for (worker->due[i] += worker->job->outputs[i].per_input; worker->due[i] >= 1; worker->due[i] -= 1)
            produce_output(worker, producer, i, record);
    worker->next_offset[record->partition] = record->offset + 1;
    worker->in_batch[record->partition]++;
}

/* What the engine's changelog carries once per partition and transaction. */
static void close_partition(struct worker *worker, struct producer *producer, int partition)
{
    const struct job *job = worker->job;
    size_t segment = (size_t)(job->segment_bytes * worker->in_batch[partition]);

    if (producer->state != NULL && segment > 0)
        produce(producer, producer->state, partition, job->filler, 13, job->filler, segment, NULL);
    if (producer->state != NULL && job->checkpoint_bytes > 0)
        produce(producer, producer->state, partition, "c", 1, job->filler, job->checkpoint_bytes, NULL);
}

static void send_offsets(struct worker *worker, struct producer *producer)
{
    rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(PARTITIONS_MAX);
    rd_kafka_consumer_group_metadata_t *member = rd_kafka_consumer_group_metadata(worker->consumer);

    for (int i = 0; i < worker->job->partitions; i++)
        if (worker->in_batch[i] > 0)
            rd_kafka_topic_partition_list_add(list, worker->job->input, i)->offset = worker->next_offset[i];
    rd_kafka_error_t *error = rd_kafka_send_offsets_to_transaction(producer->handle, list, member, -1);
    while (error != NULL && rd_kafka_error_is_retriable(error)) {
        rd_kafka_error_destroy(error);
        error = rd_kafka_send_offsets_to_transaction(producer->handle, list, member, -1);
    }
    need_error(error, "sending offsets");
    rd_kafka_consumer_group_metadata_destroy(member);
    rd_kafka_topic_partition_list_destroy(list);
}

static void run_transaction(struct worker *worker)
{
    struct producer *producer = &worker->producers[worker->turn];

    need_error(rd_kafka_begin_transaction(producer->handle), "beginning");
    memset(worker->in_batch, 0, sizeof worker->in_batch);
    for (int i = 0; i < worker->record_count; i++)
        pass_on(worker, producer, worker->records[i]);
    for (int i = 0; i < worker->job->partitions; i++)
        if (worker->in_batch[i] > 0)
            close_partition(worker, producer, i);
    send_offsets(worker, producer);
    need_error(rd_kafka_commit_transaction(producer->handle, -1), "committing");
    for (int i = 0; i < worker->record_count; i++)
        rd_kafka_message_destroy(worker->records[i]);
    atomic_fetch_add(&committed_events, worker->record_count);
    worker->record_count = 0;
    worker->turn = (worker->turn + 1) % PRODUCERS;
}

static void *work(void *self)
{
    struct worker *worker = self;

    for (unsigned i = 0; i < PRODUCERS; i++)
        open_producer(worker, i);
    open_consumer(worker);
    atomic_fetch_add(&working, 1);
    while (!atomic_load(&stopping)) {
        collect(worker);
        if (worker->record_count > 0)
            run_transaction(worker);
    }
    for (unsigned i = 0; i < PRODUCERS; i++) {
        for (size_t k = 0; k < worker->job->output_count; k++)
            rd_kafka_topic_destroy(worker->producers[i].topics[k]);
        if (worker->producers[i].state != NULL)
            rd_kafka_topic_destroy(worker->producers[i].state);
        rd_kafka_destroy(worker->producers[i].handle);
    }
    (void)rd_kafka_consumer_close(worker->consumer);
    rd_kafka_destroy(worker->consumer);
    return NULL;
}

/* --- the job --- */

static void read_output(const char *text, struct output *output)
{
    char kind[20] = "";

    if (sscanf(text, "%99[^,],%lf,%zu,%zu,%19s", output->topic, &output->per_input, &output->key_bytes,
               &output->value_bytes, kind) < 4 || output->value_bytes > FILLER_BYTES / 2)
        bench_fail("--output %s: expected TOPIC,COUNT,KEY,VALUE[,headers|state]", text);
    output->with_headers = strcmp(kind, "headers") == 0;
    output->is_state = strcmp(kind, "state") == 0;
}

static char *make_filler(void)
{
    static const char digits[] = "0123456789abcdef";
    char *filler = malloc(FILLER_BYTES);
    uint32_t x = 1;

    for (size_t i = 0; filler != NULL && i < FILLER_BYTES; i++) {
        x = x * 1664525u + 1013904223u;
        filler[i] = digits[x >> 28];
    }
    return filler;
}

static int count_partitions(const char *brokers, const char *topic)
{
    const char *const rows[][2] = {{"bootstrap.servers", brokers}, {NULL, NULL}};
    rd_kafka_t *handle = handle_new(RD_KAFKA_PRODUCER, rows);
    rd_kafka_topic_t *of = rd_kafka_topic_new(handle, topic, NULL);
    const struct rd_kafka_metadata *metadata = NULL;

    if (rd_kafka_metadata(handle, 0, of, &metadata, TIMEOUT_MS) != RD_KAFKA_RESP_ERR_NO_ERROR)
        bench_fail("no broker answers at %s", brokers);
    int count = metadata->topics[0].partition_cnt;
    rd_kafka_metadata_destroy(metadata);
    rd_kafka_topic_destroy(of);
    rd_kafka_destroy(handle);
    if (count < 1 || count > PARTITIONS_MAX)
        bench_fail("topic %s has %d partitions", topic, count);
    return count;
}

static struct job read_job(struct bench_options options)
{
    struct job job = {
        .brokers = bench_option(options, "brokers", "127.0.0.1:9092"),
        .input = bench_option(options, "input", "peer-in"),
        .group = bench_option(options, "group", "raw"),
        .workers = (int)bench_number(options, "workers", 1),
        .batch_max = (int)bench_number(options, "batch", 5000),
        .wait_us = bench_number(options, "wait-ms", 2) * 1000,
        .filler = make_filler(),
    };
    const char *text = NULL;

    while (job.output_count < OUTPUTS_MAX &&
           (text = bench_nth_option(options, "output", (int)job.output_count)) != NULL)
        read_output(text, &job.outputs[job.output_count++]);
    text = bench_option(options, "state", NULL);
    if (text != NULL &&
        sscanf(text, "%99[^,],%lf,%zu", job.state_topic, &job.segment_bytes, &job.checkpoint_bytes) != 3)
        bench_fail("--state %s: expected TOPIC,SEGMENT,CHECKPOINT", text);
    if (job.workers < 1 || job.workers > WORKERS_MAX || job.batch_max < 1 || job.batch_max > BATCH_MAX ||
        job.filler == NULL)
        bench_fail("workers or batch out of bounds");
    job.partitions = count_partitions(job.brokers, job.input);
    return job;
}

static int64_t committed(void *self)
{
    (void)self;
    return atomic_load(&committed_events);
}

static bool ready(void *job)
{
    return atomic_load(&working) == ((const struct job *)job)->workers;
}

static void check(void *self)
{
    (void)self; /* a worker that fails ends the process itself */
}

int main(int argc, char **argv)
{
    const struct bench_options options = {argc, argv};
    static struct worker workers[WORKERS_MAX];
    struct job job = read_job(options);
    const struct bench_watched watched = {committed, ready, check, &job};

    bench_block_signals();
    for (int i = 0; i < job.workers; i++) {
        workers[i] = (struct worker){.job = &job, .index = i};
        workers[i].records = calloc((size_t)job.batch_max, sizeof *workers[i].records);
        if (workers[i].records == NULL || pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
            bench_fail("no memory for a worker");
    }
    struct bench_run run = bench_watch(&watched, bench_number(options, "events", 0));
    atomic_store(&stopping, true);
    for (int i = 0; i < job.workers; i++) {
        (void)pthread_join(workers[i].thread, NULL);
        free(workers[i].records);
    }
    printf("{");
    bench_print_run(&run);
    printf("}\n");
    free(job.filler);
    return 0;
}

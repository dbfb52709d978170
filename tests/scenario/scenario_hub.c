/* scenario_hub BROKERS STATE_FOLDER FIRST_MOMENT_MS: the hub with the shipped domains on an existing Kafka, and a clock that
 * only its standard input moves. Lines in, one line out each:
 *     clock MS   the hub's time from now on                                      -> ok
 *     ready      restored and assigned?                                          -> yes or no
 *     followed   does it know every table row that was written until now?        -> yes or no
 * The end of the input stops it in order. */
#include "base/log.h"
#include "flow/hub.h"
#include "kafka/reader.h"
#include "kafka/topics.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t read_clock(void *self)
{
    return atomic_load((atomic_int_fast64_t *)self);
}

enum { ASK_TIMEOUT_MS = 5000 };

struct answerer {
    struct hub *hub;
    struct reader *reader; /* asks where the tables' topics end */
    struct topics topics;
    atomic_int_fast64_t *now_ms;
};

static bool partition_followed(const struct answerer *answerer, const char *topic, int32_t partition)
{
    int64_t low, high;
    struct fault fault = {0};
    return reader_watermarks(answerer->reader, topic, partition, ASK_TIMEOUT_MS, &low, &high, &fault) == STATUS_OK &&
           hub_has_followed(answerer->hub, topic, partition, high);
}

static bool tables_followed(const struct answerer *answerer)
{
    bool followed = true;
    for (size_t i = 0; i < answerer->topics.count; i++) {
        const struct topic_row *topic = &answerer->topics.rows[i];
        bool is_table = strncmp(topic->name, "medhub.table.", strlen("medhub.table.")) == 0;
        for (int32_t partition = 0; is_table && followed && partition < topic->partitions; partition++)
            followed = partition_followed(answerer, topic->name, partition);
    }
    return followed;
}

static void answer(const struct answerer *answerer, char *line)
{
    char *argument = strchr(line, ' ');
    line[strcspn(line, "\n")] = '\0';
    if (argument != NULL)
        *argument++ = '\0';
    if (strcmp(line, "clock") == 0 && argument != NULL) {
        atomic_store(answerer->now_ms, strtoll(argument, NULL, 10));
        (void)puts("ok");
    } else if (strcmp(line, "followed") == 0) {
        (void)puts(tables_followed(answerer) ? "yes" : "no");
    } else {
        (void)puts(hub_is_ready(answerer->hub) ? "yes" : "no");
    }
    (void)fflush(stdout);
}

static enum status run(const char *const *sets, size_t set_count, atomic_int_fast64_t *now_ms,
                       struct fault *fault)
{
    struct settings settings;
    struct kafka_client client;
    struct conf *conf = NULL;
    struct arena *arena = arena_new(16 * 1024, 1024 * 1024);
    struct answerer answerer = {.now_ms = now_ms};
    char line[256];
    const struct conf_source source = {.sets = sets, .set_count = set_count};
    const struct hub_options options = {
        .domains = domains_all, .clock = {read_clock, now_ms}, .boot_id = "scenario"};

    enum status status = settings_load(source, &settings, &client, &conf, fault);
    if (status != STATUS_OK)
        return status;
    status = hub_start(&settings, &client, &options, &answerer.hub, fault);
    if (status == STATUS_OK)
        status = topics_shipped(arena, &answerer.topics, fault);
    if (status == STATUS_OK)
        status = reader_open(&client, true, &answerer.reader, fault);
    while (status == STATUS_OK && fgets(line, sizeof line, stdin) != NULL)
        answer(&answerer, line);
    reader_close(answerer.reader);
    hub_stop(answerer.hub);
    kafka_client_done(&client);
    conf_free(conf);
    arena_free(arena);
    return status;
}

int main(int count, char **arguments)
{
    char brokers[256], folder[512];
    struct fault fault = {0};

    if (count != 4)
        return 2;
    log_set_level(LOG_LEVEL_WARN);
    (void)snprintf(brokers, sizeof brokers, "kafka.brokers=%s", arguments[1]);
    (void)snprintf(folder, sizeof folder, "state.directory=%s", arguments[2]);
    atomic_int_fast64_t now_ms = strtoll(arguments[3], NULL, 10);
    const char *const sets[] = {brokers, folder, "hub.workers=2", "monitor.port=-1"};
    if (run(sets, sizeof sets / sizeof *sets, &now_ms, &fault) == STATUS_OK)
        return EXIT_SUCCESS;
    (void)fprintf(stderr, "%s: %s\n", fault.code, fault.text);
    return EXIT_FAILURE;
}

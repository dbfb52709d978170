/* scenario_hub: the hub with the shipped domains on an existing Kafka, and a clock that only its standard
 * input moves. scenario_hub BROKERS STATE_FOLDER FIRST_MOMENT_MS Lines in, one line out each: clock MS the
 * hub's time from now on     -> ok rows TABLE      what its tables hold so far    -> a number ready restored
 * and assigned?         -> yes or no The end of the input stops it in order. */
#include "base/log.h"
#include "flow/hub.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t read_clock(void *self)
{
    return atomic_load((atomic_int_fast64_t *)self);
}

static void answer(struct hub *hub, atomic_int_fast64_t *now_ms, char *line)
{
    char *argument = strchr(line, ' ');
    line[strcspn(line, "\n")] = '\0';
    if (argument != NULL)
        *argument++ = '\0';
    if (strcmp(line, "clock") == 0 && argument != NULL) {
        atomic_store(now_ms, strtoll(argument, NULL, 10));
        (void)puts("ok");
    } else if (strcmp(line, "rows") == 0) {
        (void)printf("%" PRIu64 "\n", hub_table_rows(hub, argument));
    } else {
        (void)puts(hub_is_ready(hub) ? "yes" : "no");
    }
    (void)fflush(stdout);
}

static enum status run(const char *const *sets, size_t set_count, atomic_int_fast64_t *now_ms,
                       struct fault *fault)
{
    struct settings settings;
    struct kafka_client client;
    struct conf *conf = NULL;
    struct hub *hub = NULL;
    char line[256];
    const struct conf_source source = {.sets = sets, .set_count = set_count};
    const struct hub_options options = {
        .domains = domains_all, .clock = {read_clock, now_ms}, .boot_id = "scenario"};

    enum status status = settings_load(source, &settings, &client, &conf, fault);
    if (status != STATUS_OK)
        return status;
    status = hub_start(&settings, &client, &options, &hub, fault);
    while (status == STATUS_OK && fgets(line, sizeof line, stdin) != NULL)
        answer(hub, now_ms, line);
    hub_stop(hub);
    kafka_client_done(&client);
    conf_free(conf);
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

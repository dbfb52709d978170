/* bench_hub: the engine with all its stages, measured.
 *
 *     bench_hub --profile counter|prescription [--events N] [--set KEY=VALUE]...
 *
 * Ends when N events are committed, or at SIGTERM; prints what it reached as one JSON object. */
#include "bench.h"
#include "peer.h"

#include "base/log.h"
#include "flow/hub.h"
#include "flow/measures.h"

#include <stdio.h>
#include <string.h>

enum { SETS_MAX = 32 };

static const struct domain *const domains_peer[] = {&domain_peer, NULL};

static int64_t measured(const char *name, const char *label)
{
    for (size_t i = 0; i < measures_row_count; i++)
        if (strcmp(measures_rows[i].name, name) == 0)
            return metric_value(metric_get(&measures_rows[i], label));
    bench_fail("the engine has no metric %s", name);
}

static int64_t committed(void *hub)
{
    (void)hub;
    return measured("medhub_batch_events_total", NULL);
}

static bool ready(void *hub)
{
    return hub_is_ready(hub);
}

static void check(void *hub)
{
    struct fault fault = {0};

    if (!hub_is_alive(hub, &fault))
        bench_fail("the hub has ended: %s: %s", fault.code, fault.text);
}

static struct conf_source settings_of(struct bench_options options, const char *sets[SETS_MAX])
{
    struct conf_source source = {.sets = sets};

    for (const char *set = bench_nth_option(options, "set", 0); set != NULL && source.set_count < SETS_MAX;
         set = bench_nth_option(options, "set", (int)source.set_count))
        sets[source.set_count++] = set;
    return source;
}

static void set_log_level(const char *name)
{
    enum log_level level = LOG_LEVEL_INFO;

    if (log_level_parse(name, &level))
        log_set_level(level);
}

static void print(const struct bench_run *run)
{
    printf("{");
    bench_print_run(run);
    printf(",\"accepted\":%lld,\"refused\":%lld,\"duplicate\":%lld,\"facts\":%lld,\"deliveries\":%lld,"
           "\"changelog\":%lld,\"batches\":%lld,\"batch_events\":%lld,\"aborts\":%lld}\n",
           (long long)measured("medhub_events_total", "accepted"), (long long)measured("medhub_events_total", "refused"),
           (long long)measured("medhub_events_total", "duplicate"), (long long)measured("medhub_facts_total", NULL),
           (long long)measured("medhub_deliveries_total", NULL),
           (long long)measured("medhub_changelog_records_total", NULL),
           (long long)measured("medhub_batches_total", NULL), (long long)measured("medhub_batch_events_total", NULL),
           (long long)measured("medhub_aborts_total", NULL));
}

int main(int argc, char **argv)
{
    const struct bench_options options = {argc, argv};
    bool counter = strcmp(bench_option(options, "profile", "counter"), "counter") == 0;
    const char *sets[SETS_MAX];
    struct settings settings;
    struct kafka_client client;
    struct conf *conf = NULL;
    struct hub *hub = NULL;
    struct fault fault;
    char boot_id[64];

    bench_block_signals();
    bench_need(settings_load(settings_of(options, sets), &settings, &client, &conf, &fault), &fault);
    set_log_level(settings.log_level);
    hub_read_boot_id(boot_id);
    const struct hub_options how = {
        .domains = counter ? domains_peer : domains_all,
        .stages = counter ? peer_stages : NULL,
        .clock = clock_system(),
        .boot_id = boot_id,
    };
    bench_need(hub_start(&settings, &client, &how, &hub, &fault), &fault);
    const struct bench_watched watched = {committed, ready, check, hub};
    struct bench_run run = bench_watch(&watched, bench_number(options, "events", 0));
    hub_stop(hub);
    print(&run);
    kafka_client_done(&client);
    conf_free(conf);
    return 0;
}

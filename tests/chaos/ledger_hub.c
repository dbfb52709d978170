/* ledger_hub: the hub's engine with the domain of the chaos tests, and a look into its stores.
 *
 *     ledger_hub --set KEY=VALUE...                       runs until SIGTERM; logs ledger_hub.ready when it is
 *     ledger_hub --dump-store DIRECTORY NAME              prints a store, one row a line; nobody may have it open
 *     ledger_hub --dump-changelog BROKERS TOPIC PARTITION DIRECTORY
 *                                                         restores it into a new store in DIRECTORY and prints that
 *     ledger_hub --has-faults                             exit status 0 if crash points are built in */
#include "ledger.h"

#include "base/log.h"
#include "flow/hub.h"
#include "state/restore.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOOK_MS = 20, SETS_MAX = 64, RESTORE_RECORDS = 10000, RESTORE_MS = 1000, ASK_TIMES = 10 };
static const size_t DUMP_MAP_BYTES = (size_t)1 << 30;

static int fail(const struct fault *fault)
{
    log_error("ledger_hub.failed", LOG_STR("code", fault->code), LOG_STR("text", fault->text));
    return 1;
}

/* ---- run */

/* Waits for a signal to end; says meanwhile when the hub becomes ready. */
static int watch(struct hub *hub, const sigset_t *signals)
{
    const struct timespec look = {.tv_nsec = LOOK_MS * 1000 * 1000};
    struct fault fault;
    bool ready = false;

    for (;;) {
        if (sigtimedwait(signals, NULL, &look) > 0)
            return 0;
        if (!hub_is_alive(hub, &fault))
            return fail(&fault);
        if (hub_is_ready(hub) != ready) {
            ready = !ready;
            if (ready)
                log_info("ledger_hub.ready");
            else
                log_info("ledger_hub.not_ready");
        }
    }
}

static int run(int count, char **arguments)
{
    static const struct domain *const domains[] = {&domain_ledger, NULL};
    const char *sets[SETS_MAX];
    struct conf_source source = {.sets = sets};
    struct settings settings;
    struct kafka_client client;
    struct conf *conf = NULL;
    struct hub *hub = NULL;
    struct fault fault;
    sigset_t signals;
    char boot_id[64];

    for (int i = 0; i + 1 < count && source.set_count < SETS_MAX; i += 2)
        sets[source.set_count++] = arguments[i + 1];
    if (settings_load(source, &settings, &client, &conf, &fault) != STATUS_OK)
        return fail(&fault);

    (void)sigemptyset(&signals);
    (void)sigaddset(&signals, SIGTERM);
    (void)sigaddset(&signals, SIGINT);
    (void)pthread_sigmask(SIG_BLOCK, &signals, NULL); /* before there are threads: they inherit it */

    hub_read_boot_id(boot_id);
    const struct hub_options options = {.domains = domains, .clock = clock_system(), .boot_id = boot_id};
    int result = 1;
    if (hub_start(&settings, &client, &options, &hub, &fault) != STATUS_OK) {
        result = fail(&fault);
    } else {
        result = watch(hub, &signals);
        hub_stop(hub);
        log_info("ledger_hub.stopped");
    }
    kafka_client_done(&client);
    conf_free(conf);
    return result;
}

/* ---- look */

static void print_hex(struct bytes bytes)
{
    putchar(' ');
    for (size_t i = 0; i < bytes.length; i++)
        printf("%02x", bytes.data[i]);
}

static bool print_row(struct bytes key, struct bytes value, void *context)
{
    fputs(context, stdout);
    print_hex(key);
    print_hex(value);
    putchar('\n');
    return true;
}

static int print_store(struct store *store)
{
    struct checkpoint checkpoint;
    struct fault fault;

    if (store_begin(store, &fault) != STATUS_OK)
        return fail(&fault);
    store_checkpoint(store, &checkpoint);
    printf("checkpoint %" PRId64 "\n", checkpoint.changelog_next);
    for (size_t i = 0; i < checkpoint.input_count; i++)
        printf("input %s %" PRId64 "\n", checkpoint.inputs[i].topic, checkpoint.inputs[i].next_offset);
    store_each(store, STORE_ROWS, BYTES_NONE, print_row, (void *)"rows");
    store_each(store, STORE_TIMERS, BYTES_NONE, print_row, (void *)"timers");
    store_each(store, STORE_SEGMENTS, BYTES_NONE, print_row, (void *)"segments");
    store_abort(store);
    return 0;
}

static enum status open_store(const char *directory, const char *name, struct store **store, bool *empty,
                              struct fault *fault)
{
    char boot_id[64];

    hub_read_boot_id(boot_id);
    const struct store_settings settings = {.directory = directory, .boot_id = boot_id, .map_bytes = DUMP_MAP_BYTES};
    return store_open(&settings, name, store, empty, fault);
}

static int dump_store(const char *directory, const char *name)
{
    struct store *store = NULL;
    struct fault fault;
    bool empty = false;

    if (open_store(directory, name, &store, &empty, &fault) != STATUS_OK)
        return fail(&fault);
    int result = print_store(store);
    store_close(store);
    return result;
}

/* Asks again, as the hub does, when a broker does not answer. */
static enum status restore_all(const struct kafka_client *client, struct store *store, const char *topic,
                               int32_t partition, struct fault *fault)
{
    struct restore *restore = NULL;
    struct restore_progress progress = {0};
    enum status status;
    int asked = 0;

    do
        status = restore_start(client, NULL, store, topic, partition, &restore, fault);
    while (status == STATUS_RETRY && ++asked < ASK_TIMES);
    while (!progress.done && (status == STATUS_OK || (status == STATUS_RETRY && ++asked < ASK_TIMES)))
        status = restore_step(restore, RESTORE_RECORDS, RESTORE_MS, &progress, fault);
    restore_end(restore);
    return status;
}

static int dump_changelog(const char *brokers, const char *topic, int32_t partition, const char *directory)
{
    struct kafka_client client;
    struct store *store = NULL;
    struct fault fault;
    bool empty = false;
    int result = 1;

    kafka_client_init(&client, brokers);
    if (open_store(directory, "fresh", &store, &empty, &fault) != STATUS_OK ||
        restore_all(&client, store, topic, partition, &fault) != STATUS_OK)
        result = fail(&fault);
    else
        result = print_store(store);
    store_close(store);
    kafka_client_done(&client);
    return result;
}

static bool has_faults(void)
{
#ifdef MEDHUB_FAULTS
    return true;
#else
    return false;
#endif
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--has-faults") == 0)
        return has_faults() ? 0 : 1;
    if (argc == 4 && strcmp(argv[1], "--dump-store") == 0)
        return dump_store(argv[2], argv[3]);
    if (argc == 6 && strcmp(argv[1], "--dump-changelog") == 0)
        return dump_changelog(argv[2], argv[3], (int32_t)atoi(argv[4]), argv[5]);
    if (argc > 1 && strcmp(argv[1], "--set") == 0)
        return run(argc - 1, argv + 1);
    fputs("usage: ledger_hub --set KEY=VALUE... | --dump-store DIRECTORY NAME |\n"
          "                  --dump-changelog BROKERS TOPIC PARTITION DIRECTORY | --has-faults\n",
          stderr);
    return 2;
}

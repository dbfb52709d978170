#include "webhook/webhook.h"

#include "base/log.h"
#include "domain/view.h"
#include "flow/follower.h"
#include "flow/hub.h"
#include "kafka/source.h"
#include "kafka/topics.h"
#include "webhook/dispatch.h"
#include "webhook/measures.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAP_BYTES = 1024 * 1024 * 1024, PAUSE_MS = 20, START_TIMEOUT_US = 60 * 1000 * 1000, REJOIN_US = 60 * 1000 * 1000 };

struct webhook {
    const struct webhook_settings *settings;
    const struct kafka_client *client;
    struct clock clock;
    struct tables *tables;
    struct tables_reader *registry;
    struct follower *follower;
    pthread_t thread;
    bool has_thread;
    atomic_bool stopping, ready, ended;
    struct fault fault; /* written before ENDED */
};

/* ---- the thread ---- */

static void pause_a_little(void)
{
    const struct timespec pause = {.tv_nsec = PAUSE_MS * 1000 * 1000};
    (void)nanosleep(&pause, NULL);
}

/* An empty registry would look as if nobody had an endpoint. */
static bool wait_for_registry(struct webhook *webhook)
{
    while (!follower_is_ready(webhook->follower)) {
        if (atomic_load(&webhook->stopping) || !follower_is_alive(webhook->follower, &webhook->fault))
            return false;
        pause_a_little();
    }
    return true;
}

/* A broker may be starting with us. */
static enum status open_dispatch(struct webhook *webhook, struct dispatch **dispatch)
{
    int64_t give_up_us = clock_monotonic_us() + START_TIMEOUT_US;

    for (;;) {
        enum status status = dispatch_open(webhook->settings, webhook->client, webhook->clock, webhook->registry, dispatch,
                                           &webhook->fault);
        if (status != STATUS_RETRY || clock_monotonic_us() > give_up_us || atomic_load(&webhook->stopping))
            return status;
        pause_a_little();
    }
}

static enum status serve(struct webhook *webhook)
{
    struct dispatch *dispatch = NULL;
    enum status status = open_dispatch(webhook, &dispatch);

    while (status == STATUS_OK && !atomic_load(&webhook->stopping)) {
        status = dispatch_run(dispatch, &webhook->fault);
        atomic_store(&webhook->ready, status == STATUS_OK && dispatch_is_ready(dispatch));
    }
    dispatch_close(dispatch);
    return status;
}

/* librdkafka has a static member fenced by itself when the coordinator was away (its issue 3437): it joins again. Who is fenced
 * twice in a short time has a rival of its name, and ends. Where the endpoints stand is in Kafka, so nothing is lost either
 * way. */
static enum status serve_and_join_again(struct webhook *webhook)
{
    int64_t fenced_us = -REJOIN_US;

    for (;;) {
        enum status status = serve(webhook);
        int64_t now_us = clock_monotonic_us();
        if (status == STATUS_OK || strcmp(webhook->fault.code, SOURCE_FENCED) != 0 || now_us - fenced_us < REJOIN_US)
            return status;
        log_warn("webhook.joins_again", LOG_STR("code", webhook->fault.code));
        fenced_us = now_us;
    }
}

static void *run(void *self)
{
    struct webhook *webhook = self;

    if (wait_for_registry(webhook) && serve_and_join_again(webhook) == STATUS_OK)
        return NULL;
    if (!atomic_load(&webhook->stopping))
        log_error("webhook.ended", LOG_STR("code", webhook->fault.code), LOG_STR("text", webhook->fault.text));
    atomic_store(&webhook->ended, true);
    return NULL;
}

/* ---- life ---- */

static enum status open_registry(struct webhook *webhook, struct fault *fault)
{
    static const char *const topics[] = {"medhub.table." TABLE_REGISTRY};
    char boot_id[64];
    bool empty = false;

    hub_read_boot_id(boot_id);
    const struct store_settings how = {
        .directory = webhook->settings->directory,
        .boot_id = boot_id,
        .map_bytes = MAP_BYTES,
        .now_ms = clock_now_ms(webhook->clock),
        .age_ms_max = TOPICS_AWAY_MS_MAX,
    };
    enum status status = tables_open(&how, &webhook->tables, &empty, fault);
    if (status == STATUS_OK)
        status = tables_reader_open(webhook->tables, &webhook->registry, fault);
    int64_t give_up_us = clock_monotonic_us() + START_TIMEOUT_US;
    while (status == STATUS_OK) {
        status = follower_start(webhook->client, webhook->tables, topics, 1, &webhook->follower, fault);
        if (status != STATUS_RETRY || clock_monotonic_us() > give_up_us)
            break;
        pause_a_little();
        status = STATUS_OK;
    }
    return status;
}

enum status webhook_start(const struct webhook_settings *settings, const struct kafka_client *client, struct clock clock,
                          struct webhook **webhook, struct fault *fault)
{
    struct webhook *made = calloc(1, sizeof *made);

    *webhook = NULL;
    if (made == NULL)
        return fault_fatal(fault, "memory.out", "no memory for the connector");
    metrics_register(webhook_measures_rows, webhook_measures_row_count);
    made->settings = settings;
    made->client = client;
    made->clock = clock;
    enum status status = open_registry(made, fault);
    if (status == STATUS_OK && pthread_create(&made->thread, NULL, run, made) != 0)
        status = fault_fatal(fault, "webhook.thread", "no thread for the connector");
    made->has_thread = status == STATUS_OK;
    if (status != STATUS_OK) {
        webhook_stop(made);
        return status;
    }
    *webhook = made;
    return STATUS_OK;
}

bool webhook_is_ready(struct webhook *webhook)
{
    return atomic_load(&webhook->ready);
}

bool webhook_is_alive(struct webhook *webhook, struct fault *fault)
{
    if (atomic_load(&webhook->ended)) {
        *fault = webhook->fault;
        return false;
    }
    return follower_is_alive(webhook->follower, fault);
}

void webhook_stop(struct webhook *webhook)
{
    if (webhook == NULL)
        return;
    atomic_store(&webhook->stopping, true);
    if (webhook->has_thread)
        (void)pthread_join(webhook->thread, NULL);
    follower_stop(webhook->follower);
    tables_reader_close(webhook->registry);
    tables_close(webhook->tables);
    free(webhook);
}

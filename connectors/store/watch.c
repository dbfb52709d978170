#include "store/watch.h"

#include "base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ASK_TIMEOUT_MS = 5000 };

struct watch {
    const char *const *topics;
    int64_t interval_ms;
    struct reader *reader;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    bool started, stopping, asked; /* under the mutex */
    struct watched answer;         /* likewise */
    struct watched asking;         /* the thread's own */
    bool failing;
};

static bool is_watched(const struct watched *watched, const char *topic)
{
    for (size_t i = 0; i < watched->count; i++)
        if (watched->ends[i].topic == topic)
            return true;
    return false;
}

/* Partitions of topics that were not there before. */
static enum status discover(struct watch *watch, struct fault *fault)
{
    enum status status = STATUS_OK;

    for (const char *const *topic = watch->topics; *topic != NULL && status == STATUS_OK; topic++) {
        int32_t partitions = 0;
        if (is_watched(&watch->asking, *topic))
            continue;
        status = reader_partition_count(watch->reader, *topic, ASK_TIMEOUT_MS, &partitions, fault);
        for (int32_t i = 0; i < partitions && watch->asking.count < WATCHED_MAX; i++)
            watch->asking.ends[watch->asking.count++] = (struct reader_ends){.topic = *topic, .partition = i};
    }
    return status;
}

static void ask(struct watch *watch)
{
    struct fault fault = {0};

    enum status status = discover(watch, &fault);
    watch->asking.asked_ms = clock_now_ms(clock_system());
    if (status == STATUS_OK)
        status = reader_ends(watch->reader, watch->asking.ends, watch->asking.count, ASK_TIMEOUT_MS, &fault);
    if (status != STATUS_OK && !watch->failing)
        log_warn("store.watch", LOG_STR("code", fault.code), LOG_STR("text", fault.text));
    watch->failing = status != STATUS_OK;
    if (status != STATUS_OK || watch->asking.count == 0)
        return;
    watch->asking.number++;
    (void)pthread_mutex_lock(&watch->mutex);
    memcpy(watch->answer.ends, watch->asking.ends, watch->asking.count * sizeof *watch->asking.ends);
    watch->answer.count = watch->asking.count;
    watch->answer.asked_ms = watch->asking.asked_ms;
    watch->answer.number = watch->asking.number;
    (void)pthread_mutex_unlock(&watch->mutex);
}

static struct timespec until(int64_t wait_ms)
{
    struct timespec at;

    (void)clock_gettime(CLOCK_MONOTONIC, &at);
    int64_t ns = at.tv_nsec + (wait_ms % 1000) * 1000000;
    at.tv_sec += (time_t)(wait_ms / 1000 + ns / 1000000000);
    at.tv_nsec = (long)(ns % 1000000000);
    return at;
}

/* False when it is time to end. */
static bool wait_for_turn(struct watch *watch)
{
    struct timespec at = until(watch->interval_ms);

    (void)pthread_mutex_lock(&watch->mutex);
    while (!watch->stopping && !watch->asked)
        if (pthread_cond_timedwait(&watch->wake, &watch->mutex, &at) == ETIMEDOUT)
            break;
    watch->asked = false;
    bool go_on = !watch->stopping;
    (void)pthread_mutex_unlock(&watch->mutex);
    return go_on;
}

static void *run(void *self)
{
    struct watch *watch = self;

    do {
        ask(watch);
    } while (wait_for_turn(watch));
    return NULL;
}

static void init_locks(struct watch *watch)
{
    pthread_condattr_t attributes;

    (void)pthread_mutex_init(&watch->mutex, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&watch->wake, &attributes);
    (void)pthread_condattr_destroy(&attributes);
}

enum status watch_start(const struct kafka_client *client, const char *const *topics, int64_t interval_ms,
                        struct watch **watch, struct fault *fault)
{
    struct watch *made = calloc(1, sizeof *made);

    *watch = NULL;
    if (made == NULL)
        return fault_fatal(fault, "memory.out", "no memory for a watch");
    made->topics = topics;
    made->interval_ms = interval_ms;
    init_locks(made);
    enum status status = reader_open(client, true, &made->reader, fault);
    if (status == STATUS_OK && pthread_create(&made->thread, NULL, run, made) != 0)
        status = fault_fatal(fault, "thread.none", "no thread for the watch");
    made->started = status == STATUS_OK;
    if (status == STATUS_OK)
        *watch = made;
    else
        watch_stop(made);
    return status;
}

void watch_stop(struct watch *watch)
{
    if (watch == NULL)
        return;
    (void)pthread_mutex_lock(&watch->mutex);
    watch->stopping = true;
    (void)pthread_cond_signal(&watch->wake);
    (void)pthread_mutex_unlock(&watch->mutex);
    if (watch->started)
        (void)pthread_join(watch->thread, NULL);
    reader_close(watch->reader);
    (void)pthread_cond_destroy(&watch->wake);
    (void)pthread_mutex_destroy(&watch->mutex);
    free(watch);
}

void watch_ask(struct watch *watch)
{
    (void)pthread_mutex_lock(&watch->mutex);
    watch->asked = true;
    (void)pthread_cond_signal(&watch->wake);
    (void)pthread_mutex_unlock(&watch->mutex);
}

bool watch_take(struct watch *watch, struct watched *watched)
{
    (void)pthread_mutex_lock(&watch->mutex);
    bool news = watch->answer.number != watched->number;
    if (news) {
        memcpy(watched->ends, watch->answer.ends, watch->answer.count * sizeof *watched->ends);
        watched->count = watch->answer.count;
        watched->asked_ms = watch->answer.asked_ms;
        watched->number = watch->answer.number;
    }
    (void)pthread_mutex_unlock(&watch->mutex);
    return news;
}

#include "gateway/pulse.h"

#include "base/log.h"
#include "kafka/reader.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

enum { EVERY_S = 2, ASK_TIMEOUT_MS = 1500 };

struct pulse {
    const char *topic;
    struct reader *reader;
    pthread_t thread;
    atomic_bool there;
    pthread_mutex_t lock; /* over stopping */
    pthread_cond_t news;
    bool stopping;
};

static void ask(struct pulse *pulse)
{
    int64_t low = 0, high = 0;
    struct fault fault;

    /* The end of a partition is asked of its leader each time; the number of partitions might come from a cache. */
    bool there = reader_watermarks(pulse->reader, pulse->topic, 0, ASK_TIMEOUT_MS, &low, &high, &fault) == STATUS_OK;
    if (there != atomic_exchange(&pulse->there, there))
        log_info("gateway.brokers", LOG_STR("state", there ? "there" : "away"));
}

/* False: the end. */
static bool pause_between(struct pulse *pulse)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += EVERY_S;
    (void)pthread_mutex_lock(&pulse->lock);
    int result = 0;
    while (!pulse->stopping && result == 0)
        result = pthread_cond_timedwait(&pulse->news, &pulse->lock, &until);
    bool stopping = pulse->stopping;
    (void)pthread_mutex_unlock(&pulse->lock);
    return !stopping;
}

static void *run(void *self)
{
    do
        ask(self);
    while (pause_between(self));
    return NULL;
}

static void release(struct pulse *pulse)
{
    reader_close(pulse->reader);
    (void)pthread_mutex_destroy(&pulse->lock);
    (void)pthread_cond_destroy(&pulse->news);
    free(pulse);
}

enum status pulse_start(const struct kafka_client *client, const char *topic, struct pulse **pulse, struct fault *fault)
{
    struct pulse *made = calloc(1, sizeof *made);

    *pulse = NULL;
    if (made == NULL)
        return fault_fatal(fault, "memory.out", "no memory to watch the brokers");
    made->topic = topic;
    (void)pthread_mutex_init(&made->lock, NULL);
    (void)pthread_cond_init(&made->news, NULL);
    enum status status = reader_open(client, true, &made->reader, fault);
    if (status == STATUS_OK && pthread_create(&made->thread, NULL, run, made) != 0)
        status = fault_fatal(fault, "gateway.thread", "no thread to watch the brokers");
    if (status != STATUS_OK) {
        release(made);
        return status;
    }
    *pulse = made;
    return STATUS_OK;
}

bool pulse_is_there(const struct pulse *pulse)
{
    return atomic_load(&pulse->there);
}

void pulse_stop(struct pulse *pulse)
{
    if (pulse == NULL)
        return;
    (void)pthread_mutex_lock(&pulse->lock);
    pulse->stopping = true;
    (void)pthread_cond_signal(&pulse->news);
    (void)pthread_mutex_unlock(&pulse->lock);
    (void)pthread_join(pulse->thread, NULL);
    release(pulse);
}

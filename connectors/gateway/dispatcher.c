#include "gateway/dispatcher.h"

#include "base/log.h"
#include "kafka/record.h"

#include <pthread.h>
#include <stdlib.h>

enum { POLL_MS = 100 };

struct dispatcher {
    const struct kafka_client *client;
    struct dispatcher_settings settings;
    pthread_t thread;
    bool has_thread;
    atomic_size_t events; /* on their way: from dispatcher_send to done */
    atomic_bool stopping;
    atomic_bool broken; /* the publisher is finished: the thread makes it anew */

    pthread_rwlock_t lock; /* over all that follows; who sends only reads */
    struct publisher *publisher;
    bool closed;
    struct fault fault; /* why it ended by itself */
};

/* ---- the end of an event ---- */

static void settle(struct dispatcher *dispatcher, struct dispatch *dispatch)
{
    size_t count = dispatch->count;

    if (atomic_fetch_sub(&dispatch->left, 1) > 1)
        return;
    (void)atomic_fetch_sub(&dispatcher->events, count);
    dispatch->done(dispatch);
}

/* On one of librdkafka's threads, each event once; the threads of several brokers may tell of one dispatch. */
static void reported(void *self, void *context, int32_t partition, int64_t offset, const struct fault *fault)
{
    struct dispatch_event *event = context;

    event->acknowledged = fault == NULL;
    event->partition = partition;
    event->offset = offset;
    settle(self, event->dispatch);
}

/* ---- sending, on the HTTP threads ---- */

/* An event that cannot be sent is told as failed. The queue holds all that is_room_for lets in, unless it is full of bytes. */
static void send_event(struct dispatcher *dispatcher, struct dispatch_event *event)
{
    struct fault fault = {0};
    struct headers *headers = event->headers;

    event->headers = NULL; /* it may be reported, and gone, before publisher_send returns */
    enum status status = publisher_send(dispatcher->publisher, event->topic, event->key, event->value, headers, event, &fault);
    if (status == STATUS_OK)
        return;
    if (status == STATUS_RETRY)
        headers_free(headers);
    if (status == STATUS_FATAL && !atomic_exchange(&dispatcher->broken, true))
        log_error("gateway.publisher", LOG_STR("code", fault.code), LOG_STR("text", fault.text));
    settle(dispatcher, event->dispatch);
}

static bool is_room_for(struct dispatcher *dispatcher, size_t count)
{
    if (atomic_fetch_add(&dispatcher->events, count) + count <= (size_t)dispatcher->settings.publisher.messages_max)
        return true;
    (void)atomic_fetch_sub(&dispatcher->events, count);
    return false;
}

enum status dispatcher_send(struct dispatcher *dispatcher, struct dispatch *dispatch, struct fault *fault)
{
    size_t count = dispatch->count; /* with its last event DISPATCH may be gone */

    atomic_store(&dispatch->left, count);
    if (!is_room_for(dispatcher, count))
        return fault_retry(fault, "gateway.busy", "too many events are on their way to the brokers");
    (void)pthread_rwlock_rdlock(&dispatcher->lock);
    bool open = !dispatcher->closed;
    for (size_t i = 0; open && i < count; i++)
        send_event(dispatcher, &dispatch->events[i]);
    (void)pthread_rwlock_unlock(&dispatcher->lock);
    if (open)
        return STATUS_OK;
    (void)atomic_fetch_sub(&dispatcher->events, count);
    return fault_retry(fault, "gateway.stopping", "the gateway is stopping");
}

/* ---- the thread ---- */

/* A publisher that is finished reports what it still had as failed; a new one takes its place. */
static enum status renew_publisher(struct dispatcher *dispatcher, struct fault *fault)
{
    (void)pthread_rwlock_wrlock(&dispatcher->lock);
    publisher_close(dispatcher->publisher);
    dispatcher->publisher = NULL;
    enum status status = publisher_open(dispatcher->client, &dispatcher->settings.publisher, reported, dispatcher,
                                        &dispatcher->publisher, fault);
    dispatcher->closed = status != STATUS_OK;
    atomic_store(&dispatcher->broken, false);
    (void)pthread_rwlock_unlock(&dispatcher->lock);
    return status;
}

static void close_publisher(struct dispatcher *dispatcher, const struct fault *fault)
{
    (void)pthread_rwlock_wrlock(&dispatcher->lock);
    dispatcher->closed = true;
    dispatcher->fault = *fault;
    struct publisher *publisher = dispatcher->publisher;
    dispatcher->publisher = NULL;
    (void)pthread_rwlock_unlock(&dispatcher->lock);
    publisher_close(publisher);
}

static void *run(void *self)
{
    struct dispatcher *dispatcher = self;
    struct fault fault = {0};
    enum status status = STATUS_OK;

    while (status == STATUS_OK && !atomic_load(&dispatcher->stopping)) {
        publisher_poll(dispatcher->publisher, POLL_MS); /* only this thread takes it away */
        if (atomic_load(&dispatcher->broken))
            status = renew_publisher(dispatcher, &fault);
    }
    if (status != STATUS_OK)
        log_error("gateway.publisher_lost", LOG_STR("code", fault.code), LOG_STR("text", fault.text));
    close_publisher(dispatcher, &fault);
    return NULL;
}

bool dispatcher_is_alive(struct dispatcher *dispatcher, struct fault *fault)
{
    (void)pthread_rwlock_rdlock(&dispatcher->lock);
    bool alive = !dispatcher->closed;
    if (!alive)
        *fault = dispatcher->fault;
    (void)pthread_rwlock_unlock(&dispatcher->lock);
    return alive;
}

/* A writer goes first, or steady senders would keep a finished publisher for ever. */
static void init_lock(struct dispatcher *dispatcher)
{
    pthread_rwlockattr_t attributes;

    (void)pthread_rwlockattr_init(&attributes);
    (void)pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
    (void)pthread_rwlock_init(&dispatcher->lock, &attributes);
    (void)pthread_rwlockattr_destroy(&attributes);
}

enum status dispatcher_start(const struct kafka_client *client, const struct dispatcher_settings *settings,
                             struct dispatcher **dispatcher, struct fault *fault)
{
    struct dispatcher *made = calloc(1, sizeof *made);

    *dispatcher = NULL;
    if (made == NULL)
        return fault_fatal(fault, "memory.out", "no memory for a dispatcher");
    made->client = client;
    made->settings = *settings;
    init_lock(made);
    enum status status = renew_publisher(made, fault);
    if (status == STATUS_OK && pthread_create(&made->thread, NULL, run, made) != 0)
        status = fault_fatal(fault, "gateway.thread", "no thread for the dispatcher");
    if (status != STATUS_OK) {
        dispatcher_free(made);
        return status;
    }
    made->has_thread = true;
    *dispatcher = made;
    return STATUS_OK;
}

void dispatcher_finish(struct dispatcher *dispatcher)
{
    if (dispatcher == NULL || !dispatcher->has_thread)
        return;
    atomic_store(&dispatcher->stopping, true);
    (void)pthread_rwlock_rdlock(&dispatcher->lock);
    if (dispatcher->publisher != NULL)
        publisher_wake(dispatcher->publisher);
    (void)pthread_rwlock_unlock(&dispatcher->lock);
    (void)pthread_join(dispatcher->thread, NULL);
    dispatcher->has_thread = false;
}

void dispatcher_free(struct dispatcher *dispatcher)
{
    if (dispatcher == NULL)
        return;
    publisher_close(dispatcher->publisher);
    (void)pthread_rwlock_destroy(&dispatcher->lock);
    free(dispatcher);
}

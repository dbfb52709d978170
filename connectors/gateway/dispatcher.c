#include "gateway/dispatcher.h"

#include "base/log.h"
#include "kafka/record.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

enum { POLL_MS = 100 };

struct dispatcher {
    const struct kafka_client *client;
    struct dispatcher_settings settings;
    struct publisher *publisher; /* the thread's */
    struct dispatch *backlog;    /* the thread's: taken out of the queue, not wholly sent */
    struct dispatch *backlog_last;
    pthread_t thread;
    bool has_thread;
    atomic_size_t events; /* from dispatcher_send to done */

    pthread_mutex_t lock; /* over all that follows */
    pthread_cond_t news;
    struct dispatch *first, *last;
    bool sleeping; /* the thread waits for news */
    bool polling;  /* the thread is, or is about to be, inside publisher_poll */
    bool stopping, dead;
    struct fault fault;
};

/* ---- the end of an event ---- */

static void settle(struct dispatcher *dispatcher, struct dispatch *dispatch)
{
    if (--dispatch->left > 0)
        return;
    (void)atomic_fetch_sub(&dispatcher->events, dispatch->count);
    dispatch->done(dispatch);
}

static void reported(void *self, void *context, int32_t partition, int64_t offset, const struct fault *fault)
{
    struct dispatch_event *event = context;

    event->acknowledged = fault == NULL;
    event->partition = partition;
    event->offset = offset;
    settle(self, event->dispatch);
}

static void fail(struct dispatcher *dispatcher, struct dispatch_event *event)
{
    headers_free(event->headers);
    event->headers = NULL;
    settle(dispatcher, event->dispatch);
}

/* ---- sending ---- */

/* A publisher that is finished reports what it still had; a new one takes its place. */
static enum status renew_publisher(struct dispatcher *dispatcher, struct fault *fault)
{
    (void)pthread_mutex_lock(&dispatcher->lock);
    dispatcher->polling = false; /* nobody wakes the old one */
    (void)pthread_mutex_unlock(&dispatcher->lock);
    publisher_close(dispatcher->publisher);
    dispatcher->publisher = NULL;
    return publisher_open(dispatcher->client, &dispatcher->settings.publisher, reported, dispatcher,
                          &dispatcher->publisher, fault);
}

/* RETRY: the queue to the brokers is full, EVENT is still to be sent. */
static enum status send_event(struct dispatcher *dispatcher, struct dispatch_event *event, struct fault *fault)
{
    enum status status = publisher_send(dispatcher->publisher, event->topic, event->key, event->value, event->headers,
                                        event, fault);
    if (status == STATUS_RETRY)
        return STATUS_RETRY;
    event->headers = NULL; /* taken, whatever came of it */
    if (status == STATUS_OK)
        return STATUS_OK;
    if (status == STATUS_FATAL) {
        log_error("gateway.publisher", LOG_STR("code", fault->code), LOG_STR("text", fault->text));
        status = renew_publisher(dispatcher, fault);
    } else {
        status = STATUS_OK;
    }
    settle(dispatcher, event->dispatch);
    return status;
}

/* SENT counts on before the event is sent: the last one's report may end the dispatch. */
static enum status send_dispatch(struct dispatcher *dispatcher, struct dispatch *dispatch, struct fault *fault)
{
    size_t count = dispatch->count;

    for (size_t i = dispatch->sent; i < count; i++) {
        struct dispatch_event *event = &dispatch->events[i];
        dispatch->sent = i + 1;
        enum status status = send_event(dispatcher, event, fault);
        if (status == STATUS_RETRY)
            dispatch->sent = i;
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static enum status send_backlog(struct dispatcher *dispatcher, struct fault *fault)
{
    enum status status = STATUS_OK;

    while (status == STATUS_OK && dispatcher->backlog != NULL) {
        struct dispatch *dispatch = dispatcher->backlog;
        struct dispatch *next = dispatch->next; /* DISPATCH may be gone when it was sent */
        status = send_dispatch(dispatcher, dispatch, fault);
        if (status == STATUS_RETRY)
            return STATUS_OK;
        dispatcher->backlog = next;
    }
    return status;
}

static void fail_backlog(struct dispatcher *dispatcher)
{
    while (dispatcher->backlog != NULL) {
        struct dispatch *dispatch = dispatcher->backlog;
        dispatcher->backlog = dispatch->next;
        size_t count = dispatch->count;
        for (size_t i = dispatch->sent; i < count; i++)
            fail(dispatcher, &dispatch->events[i]);
    }
}

/* ---- the thread ---- */

static void take_queue(struct dispatcher *dispatcher)
{
    if (dispatcher->first == NULL)
        return;
    if (dispatcher->backlog == NULL)
        dispatcher->backlog = dispatcher->first;
    else
        dispatcher->backlog_last->next = dispatcher->first;
    dispatcher->backlog_last = dispatcher->last;
    dispatcher->first = dispatcher->last = NULL;
}

/* False: the end. */
static bool wait_for_work(struct dispatcher *dispatcher)
{
    (void)pthread_mutex_lock(&dispatcher->lock);
    dispatcher->polling = false;
    while (dispatcher->first == NULL && dispatcher->backlog == NULL && publisher_pending(dispatcher->publisher) == 0 &&
           !dispatcher->stopping) {
        dispatcher->sleeping = true;
        (void)pthread_cond_wait(&dispatcher->news, &dispatcher->lock);
    }
    dispatcher->sleeping = false;
    take_queue(dispatcher);
    bool stopping = dispatcher->stopping;
    dispatcher->polling = true;
    (void)pthread_mutex_unlock(&dispatcher->lock);
    return !stopping;
}

static void *run(void *self)
{
    struct dispatcher *dispatcher = self;
    struct fault fault = {0};
    enum status status = STATUS_OK;

    while (status == STATUS_OK && wait_for_work(dispatcher)) {
        status = send_backlog(dispatcher, &fault);
        if (status == STATUS_OK && publisher_pending(dispatcher->publisher) > 0)
            publisher_poll(dispatcher->publisher, POLL_MS);
    }
    (void)pthread_mutex_lock(&dispatcher->lock);
    dispatcher->dead = true;
    dispatcher->polling = false;
    dispatcher->fault = fault;
    take_queue(dispatcher);
    (void)pthread_mutex_unlock(&dispatcher->lock);
    if (status != STATUS_OK)
        log_error("gateway.publisher_lost", LOG_STR("code", fault.code), LOG_STR("text", fault.text));
    fail_backlog(dispatcher);
    publisher_close(dispatcher->publisher); /* reports what is pending as failed */
    dispatcher->publisher = NULL;
    return NULL;
}

/* Under the lock. The first of the queue wakes the thread, where it may be waiting; the others are found with it. */
static void append(struct dispatcher *dispatcher, struct dispatch *dispatch, bool *asleep)
{
    bool first = dispatcher->first == NULL;

    if (first)
        dispatcher->first = dispatch;
    else
        dispatcher->last->next = dispatch;
    dispatcher->last = dispatch;
    *asleep = dispatcher->sleeping;
    if (first && dispatcher->polling) /* under the lock: the publisher is not closed meanwhile */
        publisher_wake(dispatcher->publisher);
}

static bool is_room_for(struct dispatcher *dispatcher, size_t count)
{
    if (atomic_fetch_add(&dispatcher->events, count) + count <= dispatcher->settings.events_max)
        return true;
    (void)atomic_fetch_sub(&dispatcher->events, count);
    return false;
}

enum status dispatcher_send(struct dispatcher *dispatcher, struct dispatch *dispatch, struct fault *fault)
{
    bool asleep = false;

    dispatch->left = dispatch->count;
    dispatch->sent = 0;
    dispatch->next = NULL;
    size_t count = dispatch->count;
    if (!is_room_for(dispatcher, count))
        return fault_retry(fault, "gateway.busy", "too many events are on their way to the brokers");
    (void)pthread_mutex_lock(&dispatcher->lock);
    bool taken = !dispatcher->dead && !dispatcher->stopping;
    if (taken)
        append(dispatcher, dispatch, &asleep);
    (void)pthread_mutex_unlock(&dispatcher->lock);
    if (asleep)
        (void)pthread_cond_signal(&dispatcher->news);
    if (taken)
        return STATUS_OK;
    (void)atomic_fetch_sub(&dispatcher->events, count);
    return fault_retry(fault, "gateway.stopping", "the gateway is stopping");
}

bool dispatcher_is_alive(struct dispatcher *dispatcher, struct fault *fault)
{
    (void)pthread_mutex_lock(&dispatcher->lock);
    bool alive = !dispatcher->dead;
    if (!alive)
        *fault = dispatcher->fault;
    (void)pthread_mutex_unlock(&dispatcher->lock);
    return alive;
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
    (void)pthread_mutex_init(&made->lock, NULL);
    (void)pthread_cond_init(&made->news, NULL);
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
    if (dispatcher == NULL)
        return;
    (void)pthread_mutex_lock(&dispatcher->lock);
    dispatcher->stopping = true;
    (void)pthread_cond_signal(&dispatcher->news);
    if (dispatcher->polling)
        publisher_wake(dispatcher->publisher);
    (void)pthread_mutex_unlock(&dispatcher->lock);
    if (dispatcher->has_thread)
        (void)pthread_join(dispatcher->thread, NULL);
    dispatcher->has_thread = false;
}

void dispatcher_free(struct dispatcher *dispatcher)
{
    if (dispatcher == NULL)
        return;
    publisher_close(dispatcher->publisher);
    (void)pthread_mutex_destroy(&dispatcher->lock);
    (void)pthread_cond_destroy(&dispatcher->news);
    free(dispatcher);
}

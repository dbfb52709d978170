/* dispatcher.h: the way to Kafka: one struct publisher into which all HTTP threads send, and a thread that makes it anew when
 * it is finished. What became of an event is heard on librdkafka's threads: each thread less on the way is a wake-up less.
 * What is on its way is bounded.
 *
 * What is handed over is told about once, when the brokers have acknowledged or given up on each of its events, or at the
 * end: nobody waits for ever. */
#ifndef GATEWAY_DISPATCHER_H
#define GATEWAY_DISPATCHER_H

#include "base/fault.h"
#include "kafka/client.h"
#include "kafka/publisher.h"

#include <stdatomic.h>

struct dispatcher;

struct dispatch_event {
    const char *topic;
    struct bytes key, value;
    struct headers *headers; /* the dispatcher's from dispatcher_send on */
    struct dispatch *dispatch;
    /* afterwards: */
    bool acknowledged;
    int32_t partition;
    int64_t offset;
};

/* Some events of one request. Everything is lent until DONE, which is called once, on the thread that heard of the last of
 * them or, where that could not even be sent, inside dispatcher_send. It must not wait, nor send. */
struct dispatch {
    struct dispatch_event *events;
    size_t count;
    void (*done)(struct dispatch *dispatch);
    void *context;
    atomic_size_t left; /* the dispatcher's */
};

struct dispatcher_settings {
    struct publisher_settings publisher; /* messages_max: also the bound on what is on its way */
};

enum status dispatcher_start(const struct kafka_client *client, const struct dispatcher_settings *settings,
                             struct dispatcher **dispatcher, struct fault *fault) MUST_CHECK;
/* RETRY: too many events are on their way, or it has ended; the headers are then the caller's still and DONE is not called.
 * Any thread. */
enum status dispatcher_send(struct dispatcher *dispatcher, struct dispatch *dispatch, struct fault *fault) MUST_CHECK;
/* False once it could not make a publisher anew. Any thread. */
bool dispatcher_is_alive(struct dispatcher *dispatcher, struct fault *fault);
/* What has not been acknowledged by then is told as failed; from now on nothing is taken. NULL is fine. */
void dispatcher_finish(struct dispatcher *dispatcher);
void dispatcher_free(struct dispatcher *dispatcher); /* finished before; NULL is fine */

#endif

/* waiter.h: the one thread that looks for news in the read model on behalf of all who wait: for the decision on what they
 * submitted, or for something new in a feed.
 *
 * It asks for the read model's version every few milliseconds, and only while somebody waits. When that has changed it reads
 * what is new once, for all followers together: a delivery is rendered once and handed to those whose feed it belongs to. So
 * a thousand followers cost one query. Decisions are looked up by their place, partition by partition in order.
 *
 * Whoever waits does so until a deadline of his own. */
#ifndef GATEWAY_WAITER_H
#define GATEWAY_WAITER_H

#include "gateway/follow.h"
#include "store/read_model.h"

struct waiter;

/* What a submission waits for. In the request's arena. */
struct awaited {
    struct awaited_event {
        struct input_place place;
        const char *source, *id;
        struct bytes receipt; /* packed, in the request's arena, once it is there */
    } *events;
    size_t count, decided;
    int64_t deadline_us;
    void (*then)(struct request *request); /* on an HTTP thread: all decided, or the deadline */
    struct request *request;
    struct awaited *next; /* the waiter's */
};

struct waiter_settings {
    int64_t poll_us, keepalive_us;
    size_t waiting_max;
};

/* FATAL: the database is not there. */
enum status waiter_start(const struct sql_settings *sql, const struct waiter_settings *settings, struct waiter **waiter,
                         struct fault *fault) MUST_CHECK;
/* False: too many wait, or it has stopped; the caller still has the request. Any thread. */
bool waiter_await(struct waiter *waiter, struct awaited *awaited);
/* FOLLOW has just asked and found nothing more. When something comes, or at its deadline, a page is answered; a stream goes on
 * until it ends. False as above. */
bool waiter_follow(struct waiter *waiter, struct follow *follow);
size_t waiter_count(struct waiter *waiter);
/* Answers everybody with what there is; from now on nobody is admitted. NULL is fine. */
void waiter_finish(struct waiter *waiter);
void waiter_free(struct waiter *waiter); /* finished before; NULL is fine */

#endif

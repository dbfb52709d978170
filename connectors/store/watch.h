/* watch.h: a thread that asks Kafka again and again where the topics begin and end, so that the one that reads never waits
 * for such an answer: up to when the read model is complete, what has left Kafka, and which topics have come. */
#ifndef STORE_WATCH_H
#define STORE_WATCH_H

#include "base/clock.h"
#include "kafka/client.h"
#include "kafka/reader.h"

struct watch;

/* TOPICS (lent, NULL-terminated): those that do not exist yet are looked for again. */
enum status watch_start(const struct kafka_client *client, const char *const *topics, int64_t interval_ms,
                        struct watch **watch, struct fault *fault) MUST_CHECK;
void watch_stop(struct watch *watch); /* NULL is fine */
/* Asks at once, not only when the interval is over. */
void watch_ask(struct watch *watch);

enum { WATCHED_MAX = 4096 };
struct watched {
    struct reader_ends ends[WATCHED_MAX]; /* -1: not answered this time */
    size_t count;
    int64_t asked_ms; /* before the question: what was committed then lies below the high ends */
    uint64_t number;  /* of the answer */
};
/* True, and all of the last answer, if it is another one than WATCHED holds (number 0: none). Any thread. */
bool watch_take(struct watch *watch, struct watched *watched);

#endif

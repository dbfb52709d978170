/* webhook_trial.h: an endpoint with its target, and deliveries for it, over the embedded broker: for the tests of journal.h,
 * assignment.h and feeder.h. */
#ifndef TEST_WEBHOOK_TRIAL_H
#define TEST_WEBHOOK_TRIAL_H

#include "webhook/target.h"

#include "base/clock.h"
#include "support/broker.h"
#include "support/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>

enum { TRIAL_PARTITIONS = 2, TRIAL_WAIT_S = 90 };
#define TRIAL_NOW_MS INT64_C(1769832000000) /* 2026-01-31T04:00:00Z */

static const struct endpoint_plan trial_plan = {
    .window_events = 4,
    .window_bytes = 1 << 20,
    .concurrency = 4,
    .refusals_max = 1,
    .retry = {1000, 60000, 3600000},
    .breaker = {3, 5000, 60000},
};

/* "ORGANISATION/e1", which stands at the beginning of medhub.delivery and may send. */
static inline struct target *trial_target(const char *organisation)
{
    static const int64_t start[TRIAL_PARTITIONS] = {0};
    char name[TARGET_NAME_BYTES];

    (void)snprintf(name, sizeof name, "%s/e1", organisation);
    struct endpoint *endpoint = endpoint_new(name, &trial_plan, TRIAL_PARTITIONS, start);
    assert_non_null(endpoint);
    struct target *target = target_new(endpoint, organisation, "e1");
    assert_non_null(target);
    endpoint->owner = target;
    endpoint->enabled = true;
    target->generation = 1;
    return target;
}

/* As after a kill: what was on its way is not settled. */
static inline void trial_target_free(struct target *target)
{
    if (target == NULL)
        return;
    target->endpoint->in_flight = target->endpoint->settling = 0;
    target_free(target);
}

static inline enum endpoint_takes trial_take(struct target *target, struct delivery_pool *pool, const struct record *record)
{
    Medhub__Event__V1__Delivery said = MEDHUB__EVENT__V1__DELIVERY__INIT;

    said.decided_at_ms = TRIAL_NOW_MS;
    struct delivery *delivery = delivery_new(pool, record, &said);
    assert_non_null(delivery);
    enum endpoint_takes answer = endpoint_take(target->endpoint, delivery, TRIAL_NOW_MS);
    delivery_release(delivery);
    return answer;
}

/* The next one goes out and is answered: settled with STATUS. */
static inline struct waiting *trial_answer(struct target *target, int status)
{
    struct http_answer said = {.retry_after_ms = -1};
    struct waiting *waiting = endpoint_next(target->endpoint, TRIAL_NOW_MS);

    assert_non_null(waiting);
    http_answer_of_status(&said, status);
    said.retry_after_ms = -1;
    assert_true(endpoint_answered(target->endpoint, waiting, &said, TRIAL_NOW_MS));
    return waiting;
}

/* Until DONE(CONTEXT), which does a little work each time; nobody tells, so it is asked again. */
static inline void trial_until(bool (*done)(void *context), void *context, const char *what)
{
    int64_t until_us = clock_monotonic_us() + TRIAL_WAIT_S * INT64_C(1000000);

    while (!done(context))
        if (clock_monotonic_us() > until_us)
            fail_msg("in %d seconds not %s", TRIAL_WAIT_S, what);
}

#endif

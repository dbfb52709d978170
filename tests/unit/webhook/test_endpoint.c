/* endpoint.h: one behaviour each, with a clock that a test moves. */
#include "webhook/endpoint.h"

#include "support/cmocka_all.h"

#include <stdlib.h>

static const struct endpoint_plan plan = {
    .window_events = 8,
    .window_bytes = 1 << 20,
    .concurrency = 4,
    .refusals_max = 3,
    .retry = {1000, 60000, 3600000},
    .breaker = {3, 5000, 60000},
};

struct fixture {
    struct delivery_pool pool;
    struct endpoint *endpoint;
    int64_t now_ms;
};

static int set_up(void **state)
{
    static const int64_t start[] = {0, 0};
    struct fixture *fixture = calloc(1, sizeof *fixture);

    fixture->now_ms = 1000000;
    fixture->endpoint = endpoint_new("O/e", &plan, 2, start);
    assert_non_null(fixture->endpoint);
    fixture->endpoint->enabled = true;
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    for (struct waiting *each = fixture->endpoint->oldest, *next = NULL; each != NULL; each = next) {
        next = each->newer;
        fixture->endpoint->in_flight -= each->state == SENDING;
        fixture->endpoint->settling -= each->state == SETTLING;
    }
    endpoint_free(fixture->endpoint);
    assert_int_equal(fixture->pool.count, 0);
    assert_int_equal(fixture->pool.bytes, 0);
    free(fixture);
    return 0;
}

static enum endpoint_takes take(struct fixture *fixture, int32_t partition, int64_t offset, const char *key)
{
    Medhub__Event__V1__Delivery said = MEDHUB__EVENT__V1__DELIVERY__INIT;
    const struct record record = {.partition = partition, .offset = offset, .key = bytes_of(key)};

    said.decided_at_ms = fixture->now_ms;
    struct delivery *delivery = delivery_new(&fixture->pool, &record, &said);
    enum endpoint_takes answer = endpoint_take(fixture->endpoint, delivery, fixture->now_ms);
    delivery_release(delivery);
    return answer;
}

static struct waiting *send(struct fixture *fixture)
{
    return endpoint_next(fixture->endpoint, fixture->now_ms);
}

static bool answer(struct fixture *fixture, struct waiting *waiting, int http_status, int64_t retry_after_ms)
{
    struct http_answer said = {.retry_after_ms = retry_after_ms};

    if (http_status == 0)
        http_answer_of_failure(&said, "timeout");
    else
        http_answer_of_status(&said, http_status);
    said.retry_after_ms = retry_after_ms;
    return endpoint_answered(fixture->endpoint, waiting, &said, fixture->now_ms);
}

static void a_key_goes_in_order_and_others_do_not_wait(void **state)
{
    struct fixture *fixture = *state;

    for (int64_t i = 0; i < 4; i++)
        assert_int_equal(take(fixture, 0, i, i < 3 ? "a" : "b"), ENDPOINT_TOOK);
    struct waiting *a = send(fixture), *b = send(fixture);
    assert_int_equal(a->open.offset, 0);
    assert_int_equal(b->open.offset, 3);
    assert_null(send(fixture));
    assert_true(answer(fixture, a, 200, -1));
    a = send(fixture);
    assert_int_equal(a->open.offset, 1);
    assert_false(answer(fixture, a, 429, -1)); /* again, before the third */
    assert_null(send(fixture));
    fixture->now_ms = endpoint_due_ms(fixture->endpoint);
    a = send(fixture);
    assert_int_equal(a->open.offset, 1);
    assert_int_equal(a->open.attempts, 1);
}

static void the_same_key_in_two_partitions_is_two_keys(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(take(fixture, 0, 5, "a"), ENDPOINT_TOOK);
    assert_int_equal(take(fixture, 1, 5, "a"), ENDPOINT_TOOK);
    assert_non_null(send(fixture));
    assert_non_null(send(fixture));
}

static void a_full_window_takes_nothing_until_ends_are_written(void **state)
{
    struct fixture *fixture = *state;

    for (int64_t i = 0; i < (int64_t)plan.window_events; i++)
        assert_int_equal(take(fixture, 0, i, "a"), ENDPOINT_TOOK);
    assert_int_equal(take(fixture, 0, 8, "a"), ENDPOINT_FULL);
    assert_false(endpoint_has_room(fixture->endpoint));
    assert_int_equal(progress_next(&fixture->endpoint->progress, 0), 8);
    struct waiting *first = send(fixture);
    assert_true(answer(fixture, first, 204, -1));
    assert_int_equal(take(fixture, 0, 8, "a"), ENDPOINT_FULL);
    endpoint_settled(fixture->endpoint, first);
    assert_int_equal(take(fixture, 0, 8, "a"), ENDPOINT_TOOK);
    assert_int_equal(take(fixture, 0, 3, "a"), ENDPOINT_KNOWS);
}

static void it_runs_dry_when_it_could_soon_send_more_than_it_has(void **state)
{
    struct fixture *fixture = *state;
    char key[] = "a";

    fixture->endpoint->concurrency = 2;
    for (int64_t i = 0; i < 4; i++, key[0]++) {
        assert_true(endpoint_runs_dry(fixture->endpoint, fixture->now_ms));
        assert_int_equal(take(fixture, 0, i, key), ENDPOINT_TOOK);
    }
    assert_false(endpoint_runs_dry(fixture->endpoint, fixture->now_ms)); /* twice what it may send at once */
    assert_true(endpoint_runs_dry(fixture->endpoint, fixture->now_ms - 1)); /* nothing is due yet */
    assert_non_null(send(fixture));
    assert_true(endpoint_runs_dry(fixture->endpoint, fixture->now_ms));
    endpoint_pause(fixture->endpoint, MEDHUB__WEBHOOK__V1__PAUSE_REASON__PAUSE_REASON_OPERATOR, "", fixture->now_ms);
    assert_false(endpoint_runs_dry(fixture->endpoint, fixture->now_ms)); /* it sends nothing, whatever it has */
}

static void it_is_not_well_from_a_failure_to_the_next_success(void **state)
{
    struct fixture *fixture = *state;

    take(fixture, 0, 0, "a");
    take(fixture, 0, 1, "b");
    assert_true(endpoint_is_well(fixture->endpoint));
    struct waiting *first = send(fixture), *second = send(fixture);
    assert_false(answer(fixture, first, 500, -1));
    assert_false(endpoint_is_well(fixture->endpoint));
    assert_true(answer(fixture, second, 200, -1));
    assert_true(endpoint_is_well(fixture->endpoint));
    fixture->endpoint->enabled = false;
    assert_false(endpoint_is_well(fixture->endpoint));
}

static void refusals_set_it_aside_after_so_many(void **state)
{
    struct fixture *fixture = *state;
    struct waiting *waiting = NULL;

    (void)!take(fixture, 0, 0, "a");
    (void)!take(fixture, 0, 1, "a");
    for (unsigned i = 1; i < plan.refusals_max; i++) {
        waiting = send(fixture);
        assert_false(answer(fixture, waiting, 404, -1));
        assert_null(send(fixture));
        fixture->now_ms = endpoint_due_ms(fixture->endpoint);
    }
    waiting = send(fixture);
    assert_true(answer(fixture, waiting, 404, -1));
    assert_int_equal(waiting->result, MEDHUB__WEBHOOK__V1__RESULT__RESULT_SET_ASIDE);
    assert_string_equal(waiting->code, "http.404");
    assert_int_equal(send(fixture)->open.offset, 1); /* the next of its key goes on */
}

static void it_gives_up_after_its_time(void **state)
{
    struct fixture *fixture = *state;
    int64_t begun_ms = fixture->now_ms;
    struct waiting *waiting = NULL;

    (void)!take(fixture, 0, 0, "a");
    do {
        fixture->now_ms = endpoint_due_ms(fixture->endpoint);
        waiting = send(fixture);
    } while (!answer(fixture, waiting, 503, -1));
    assert_int_equal(waiting->result, MEDHUB__WEBHOOK__V1__RESULT__RESULT_SET_ASIDE);
    assert_string_equal(waiting->code, "http.503");
    assert_in_range(fixture->now_ms - begun_ms, plan.retry.give_up_after_ms - 80000, plan.retry.give_up_after_ms);
}

static void a_day_away_costs_a_probe_now_and_then_and_ends_at_once(void **state)
{
    struct fixture *fixture = *state;
    int64_t begun_ms = fixture->now_ms;
    unsigned tries = 0;
    struct endpoint_plan patient = plan;

    patient.retry.give_up_after_ms = 3 * 86400000LL;
    fixture->endpoint->plan = &patient;
    for (int64_t i = 0; i < 8; i++)
        (void)!take(fixture, 0, i, i % 2 == 0 ? "a" : "b");
    while (fixture->now_ms - begun_ms < 86400000) {
        fixture->now_ms = endpoint_due_ms(fixture->endpoint) > fixture->now_ms ? endpoint_due_ms(fixture->endpoint)
                                                                               : fixture->now_ms;
        struct waiting *probe = send(fixture);
        if (tries > 0)
            assert_null(send(fixture)); /* one at a time */
        assert_false(answer(fixture, probe, 0, -1));
        tries++;
    }
    assert_in_range(tries, 86400000 / 75000, 86400000 / 45000 + 20);
    fixture->now_ms = endpoint_due_ms(fixture->endpoint);
    assert_true(answer(fixture, send(fixture), 200, -1));
    for (unsigned i = 1; i < 8; i++) /* it is back: nobody waits for what had been its fault */
        assert_true(answer(fixture, send(fixture), 200, -1));
    assert_null(send(fixture));
}

static void retry_after_holds_the_whole_endpoint(void **state)
{
    struct fixture *fixture = *state;

    (void)!take(fixture, 0, 0, "a");
    (void)!take(fixture, 0, 1, "b");
    struct waiting *a = send(fixture);
    assert_false(answer(fixture, a, 429, 30000));
    assert_null(send(fixture));
    assert_int_equal(endpoint_due_ms(fixture->endpoint), fixture->now_ms + 30000);
    fixture->now_ms += 29999;
    assert_null(send(fixture));
    fixture->now_ms += 1;
    assert_non_null(send(fixture));
    assert_int_equal(breaker_state(&fixture->endpoint->breaker, fixture->now_ms), BREAKER_CLOSED);
}

static void gone_pauses_it_and_loses_nothing(void **state)
{
    struct fixture *fixture = *state;

    (void)!take(fixture, 0, 0, "a");
    assert_false(answer(fixture, send(fixture), 410, -1));
    assert_int_equal(fixture->endpoint->paused, MEDHUB__WEBHOOK__V1__PAUSE_REASON__PAUSE_REASON_GONE);
    assert_int_equal(endpoint_due_ms(fixture->endpoint), INT64_MAX);
    fixture->now_ms += 86400000;
    assert_null(send(fixture));
    endpoint_resume(fixture->endpoint, fixture->now_ms);
    assert_int_equal(send(fixture)->open.offset, 0);
}

static void a_resume_ends_every_wait(void **state)
{
    struct fixture *fixture = *state;

    (void)!take(fixture, 0, 0, "a");
    for (unsigned i = 0; i < plan.breaker.failures_max; i++) {
        fixture->now_ms = endpoint_due_ms(fixture->endpoint);
        assert_false(answer(fixture, send(fixture), 500, 60000));
    }
    endpoint_pause(fixture->endpoint, MEDHUB__WEBHOOK__V1__PAUSE_REASON__PAUSE_REASON_OPERATOR, "why", fixture->now_ms);
    assert_null(send(fixture));
    endpoint_resume(fixture->endpoint, fixture->now_ms);
    assert_non_null(send(fixture));
}

static void what_was_redriven_goes_again(void **state)
{
    struct fixture *fixture = *state;
    struct endpoint *endpoint = fixture->endpoint;

    progress_looked_at(&endpoint->progress, 0, 100);
    assert_true(endpoint_redrive(endpoint, 0, 40));
    assert_true(endpoint_redrive(endpoint, 0, 40));
    assert_true(endpoint_redrive(endpoint, 0, 100)); /* comes by itself */
    assert_true(endpoint_redrive(endpoint, 9, 1));
    assert_int_equal(endpoint->progress.wanted_count, 1);
    assert_int_equal(progress_read_from(&endpoint->progress, 0), 40);
    assert_int_equal(take(fixture, 0, 40, "a"), ENDPOINT_TOOK);
    assert_int_equal(take(fixture, 0, 41, "a"), ENDPOINT_KNOWS);
    struct waiting *waiting = send(fixture);
    assert_true(waiting->open.redriven);
    assert_int_equal(progress_read_from(&endpoint->progress, 0), 100);
}

static void attempts_and_waits_outlive_a_restart(void **state)
{
    struct fixture *fixture = *state;
    static const int64_t start[] = {0, 0};
    struct arena *arena = arena_new(4096, 1 << 20);

    (void)!take(fixture, 0, 7, "a");
    (void)!take(fixture, 1, 3, "b");
    struct waiting *waiting = send(fixture);
    assert_false(answer(fixture, waiting, 503, 20000));
    Medhub__Webhook__V1__EndpointState *kept = endpoint_state(fixture->endpoint, fixture->now_ms, arena);
    struct endpoint *again = endpoint_new("O/e", &plan, 2, start);
    assert_true(endpoint_restore(again, kept));
    again->enabled = true;
    assert_int_equal(again->progress.wanted_count, 2);
    assert_int_equal(progress_low(&again->progress, 0), 7);
    assert_int_equal(progress_low(&again->progress, 1), 3);
    assert_int_equal(progress_next(&again->progress, 0), 8);
    assert_int_equal(again->breaker.failures, 1);
    assert_string_equal(again->failure, "http.503"); /* what ctl webhook show tells */
    assert_int_equal(again->failure_ms, fixture->now_ms);
    struct endpoint *before = fixture->endpoint;
    fixture->endpoint = again;
    assert_int_equal(take(fixture, 0, 7, "a"), ENDPOINT_TOOK);
    assert_int_equal(take(fixture, 0, 7, "a"), ENDPOINT_KNOWS);
    assert_int_equal(endpoint_due_ms(again), fixture->now_ms + 20000);
    fixture->now_ms += 20000;
    assert_int_equal(send(fixture)->open.attempts, 1);
    fixture->endpoint->in_flight = 0;
    endpoint_free(again);
    fixture->endpoint = before;
    arena_free(arena);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_key_goes_in_order_and_others_do_not_wait),
        TEST(the_same_key_in_two_partitions_is_two_keys),
        TEST(a_full_window_takes_nothing_until_ends_are_written),
        TEST(it_runs_dry_when_it_could_soon_send_more_than_it_has),
        TEST(it_is_not_well_from_a_failure_to_the_next_success),
        TEST(refusals_set_it_aside_after_so_many),
        TEST(it_gives_up_after_its_time),
        TEST(a_day_away_costs_a_probe_now_and_then_and_ends_at_once),
        TEST(retry_after_holds_the_whole_endpoint),
        TEST(gone_pauses_it_and_loses_nothing),
        TEST(a_resume_ends_every_wait),
        TEST(what_was_redriven_goes_again),
        TEST(attempts_and_waits_outlive_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

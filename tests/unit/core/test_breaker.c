/* breaker.h: closed, open, half open, and back. */
#include "core/breaker.h"

#include "support/cmocka_all.h"

static const struct breaker_plan plan = {.failures_max = 3, .open_ms_first = 1000, .open_ms_max = 8000};

static struct breaker opened(int64_t now_ms)
{
    struct breaker breaker = {0};

    for (unsigned i = 0; i < plan.failures_max; i++)
        breaker_failed(&breaker, &plan, now_ms, 0);
    return breaker;
}

static void it_opens_after_so_many_failures_in_a_row(void **state)
{
    struct breaker breaker = {0};
    (void)state;

    for (unsigned round = 0; round < 5; round++) {
        breaker_failed(&breaker, &plan, 0, 0);
        breaker_failed(&breaker, &plan, 0, 0);
        assert_int_equal(breaker_state(&breaker, 0), BREAKER_CLOSED);
        breaker_succeeded(&breaker);
    }
    breaker = opened(0);
    assert_int_equal(breaker_state(&breaker, 0), BREAKER_OPEN);
    assert_false(breaker_allows(&breaker, 0));
}

static void half_open_lets_one_request_through(void **state)
{
    struct breaker breaker = opened(0);
    (void)state;

    assert_int_equal(breaker_state(&breaker, 2000), BREAKER_HALF_OPEN);
    assert_true(breaker_allows(&breaker, 2000));
    breaker_sent(&breaker, 2000);
    assert_false(breaker_allows(&breaker, 2000));
    breaker_succeeded(&breaker);
    assert_int_equal(breaker_state(&breaker, 2000), BREAKER_CLOSED);
    assert_true(breaker_allows(&breaker, 2000));
}

static void each_failed_probe_opens_it_for_longer_up_to_a_limit(void **state)
{
    struct breaker breaker = opened(0);
    int64_t now_ms = 0, longest = 0;
    (void)state;

    for (unsigned i = 0; i < 12; i++) {
        int64_t open_ms = breaker.until_ms - now_ms;
        int64_t doubled = i < 3 ? 1000LL << i : 8000;
        assert_in_range(open_ms, doubled * 3 / 4, doubled * 5 / 4);
        longest = open_ms > longest ? open_ms : longest;
        now_ms = breaker.until_ms;
        breaker_sent(&breaker, now_ms);
        breaker_failed(&breaker, &plan, now_ms, 0);
        assert_int_equal(breaker_state(&breaker, now_ms), BREAKER_OPEN);
    }
    assert_true(longest > 6000);
}

static void late_failures_do_not_keep_it_open_longer(void **state)
{
    struct breaker breaker = opened(0);
    int64_t until_ms = breaker.until_ms;
    (void)state;

    breaker_failed(&breaker, &plan, 500, 0);
    assert_int_equal(breaker.until_ms, until_ms);
}

static void a_probe_that_told_nothing_lets_another_go(void **state)
{
    struct breaker breaker = opened(0);
    (void)state;

    breaker_sent(&breaker, 2000);
    breaker_told_nothing(&breaker);
    assert_true(breaker_allows(&breaker, 2000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_opens_after_so_many_failures_in_a_row),
        cmocka_unit_test(half_open_lets_one_request_through),
        cmocka_unit_test(each_failed_probe_opens_it_for_longer_up_to_a_limit),
        cmocka_unit_test(late_failures_do_not_keep_it_open_longer),
        cmocka_unit_test(a_probe_that_told_nothing_lets_another_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

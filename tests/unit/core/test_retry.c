/* retry.h: the schedule is a pure function; Retry-After in all its forms. */
#include "core/retry.h"

#include "support/cmocka_all.h"

static const struct retry_plan plan = {.delay_ms_first = 1000, .delay_ms_max = 60000, .give_up_after_ms = 3 * 86400000LL};

static void retry_waits_longer_each_time_up_to_its_limit(void **state)
{
    (void)state;
    for (unsigned attempt = 1; attempt < 40; attempt++) {
        int64_t doubled = attempt < 7 ? 1000LL << (attempt - 1) : 60000;
        int64_t delay = retry_due_ms(&plan, attempt, 0, 0, 7);
        assert_in_range(delay, doubled - doubled / 4, doubled + doubled / 4);
    }
}

static void retry_is_the_same_for_the_same_seed_and_spread_over_many(void **state)
{
    int64_t lowest = INT64_MAX, highest = 0;
    (void)state;

    for (uint64_t seed = 0; seed < 1000; seed++) {
        int64_t due = retry_due_ms(&plan, 3, 0, 0, seed);
        assert_int_equal(due, retry_due_ms(&plan, 3, 0, 0, seed));
        lowest = due < lowest ? due : lowest;
        highest = due > highest ? due : highest;
    }
    assert_true(lowest < 3100);
    assert_true(highest > 4900);
    assert_in_range(lowest, 3000, 5000);
    assert_in_range(highest, 3000, 5000);
}

static void retry_gives_up_when_the_next_try_comes_too_late(void **state)
{
    const struct retry_plan never = {.delay_ms_first = 1000, .delay_ms_max = 60000};
    (void)state;
    assert_int_not_equal(retry_due_ms(&plan, 9, 0, plan.give_up_after_ms - 80000, 0), RETRY_GIVE_UP);
    assert_int_equal(retry_due_ms(&plan, 9, 0, plan.give_up_after_ms - 40000, 0), RETRY_GIVE_UP);
    assert_int_not_equal(retry_due_ms(&never, 9, 0, plan.give_up_after_ms * 1000, 0), RETRY_GIVE_UP);
}

static void a_day_of_retries_takes_no_time(void **state)
{
    int64_t now_ms = 0;
    unsigned attempt = 0;
    (void)state;

    while (now_ms < 86400000)
        now_ms = retry_due_ms(&plan, ++attempt, 0, now_ms, 1);
    assert_in_range(attempt, 86400000 / 75000, 86400000 / 45000 + 7);
}

/* Sun, 06 Nov 1994 08:49:37 GMT */
enum { AT_S = 784111777 };

static void retry_after_is_read_in_all_its_forms(void **state)
{
    static const struct {
        const char *text;
        int64_t wait_ms; /* -1: refused */
    } cases[] = {
        {"0", 0},
        {"120", 120000},
        {"99999999999999999", 3600000},
        {"3601", 3600000},
        {"Sun, 06 Nov 1994 08:49:37 GMT", 10000},
        {"Sunday, 06-Nov-94 08:49:37 GMT", 10000},
        {"Sun Nov  6 08:49:37 1994", 10000},
        {"Sun, 06 Nov 1994 08:49:27 GMT", 0},
        {"Sat, 05 Nov 1994 08:49:37 GMT", 0},
        {"Mon, 07 Nov 1994 08:49:37 GMT", 3600000},
        {"", -1},
        {"-1", -1},
        {"soon", -1},
        {"12 seconds", -1},
        {"1.5", -1},
        {"Sun, 31 Feb 1994 08:49:37 GMT", -1},
        {"Sun, 06 Nov 1994 25:49:37 GMT", -1},
        {"Sun, 06 Foo 1994 08:49:37 GMT", -1},
        {"Sun, 06 Nov 1994 08:49:37", -1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t wait_ms = -1;
        bool read = retry_after_parse(bytes_of(cases[i].text), (AT_S - 10) * 1000LL, 3600000, &wait_ms);
        if (read != (cases[i].wait_ms >= 0) || wait_ms != cases[i].wait_ms)
            fail_msg("\"%s\": %d, %lld", cases[i].text, (int)read, (long long)wait_ms);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retry_waits_longer_each_time_up_to_its_limit),
        cmocka_unit_test(retry_is_the_same_for_the_same_seed_and_spread_over_many),
        cmocka_unit_test(retry_gives_up_when_the_next_try_comes_too_late),
        cmocka_unit_test(a_day_of_retries_takes_no_time),
        cmocka_unit_test(retry_after_is_read_in_all_its_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// links: medhub_base
#include "base/clock.h"

#include "cmocka_all.h"

#include <time.h>

static void the_fixed_clock_says_what_the_test_sets(void **state)
{
    int64_t now_ms = 1000;

    (void)state;
    struct clock clock = clock_fixed(&now_ms);
    assert_int_equal(clock_now_ms(clock), 1000);
    now_ms += 1800000;
    assert_int_equal(clock_now_ms(clock), 1801000);
}

static void the_system_clock_is_unix_time_in_milliseconds(void **state)
{
    (void)state;
    int64_t before_s = time(NULL);
    int64_t now_ms = clock_now_ms(clock_system());
    /* time() may lag behind by a tick of the kernel. */
    assert_in_range(now_ms / 1000, before_s, before_s + 60);
}

static void the_monotonic_reading_never_goes_back(void **state)
{
    int64_t last_us = clock_monotonic_us();

    (void)state;
    for (int i = 0; i < 10000; i++) {
        int64_t now_us = clock_monotonic_us();
        assert_true(now_us >= last_us);
        last_us = now_us;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fixed_clock_says_what_the_test_sets),
        cmocka_unit_test(the_system_clock_is_unix_time_in_milliseconds),
        cmocka_unit_test(the_monotonic_reading_never_goes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

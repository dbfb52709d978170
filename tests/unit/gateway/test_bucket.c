// links: medhub_gateway
/* bucket.h: bursts, rates, and who is forgotten. Time is an argument. */
#include "gateway/bucket.h"

#include "support/cmocka_all.h"

#include <stdio.h>

static void a_burst_is_allowed_then_the_rate(void **state)
{
    struct buckets *buckets = buckets_new(10, 5, 100);
    int64_t now_us = 1000000000;
    (void)state;

    for (int i = 0; i < 5; i++)
        assert_int_equal(buckets_take(buckets, "H1", now_us), 0);
    assert_int_equal(buckets_take(buckets, "H1", now_us), 101); /* a tenth of a second, and a little */
    assert_int_equal(buckets_take(buckets, "H1", now_us + 99000), 2);
    assert_int_equal(buckets_take(buckets, "H1", now_us + 100000), 0);
    assert_int_not_equal(buckets_take(buckets, "H1", now_us + 100000), 0);
    buckets_free(buckets);
}

static void nobody_takes_from_another(void **state)
{
    struct buckets *buckets = buckets_new(1, 1, 100);
    (void)state;

    assert_int_equal(buckets_take(buckets, "H1", 1000), 0);
    assert_int_not_equal(buckets_take(buckets, "H1", 1000), 0);
    assert_int_equal(buckets_take(buckets, "H2", 1000), 0);
    buckets_free(buckets);
}

static void a_pause_fills_the_bucket_and_no_more(void **state)
{
    struct buckets *buckets = buckets_new(1000000, 3, 16);
    int64_t a_year_us = INT64_C(365) * 86400 * 1000000;
    (void)state;

    assert_int_equal(buckets_take(buckets, "H1", 1), 0);
    for (int i = 0; i < 3; i++)
        assert_int_equal(buckets_take(buckets, "H1", a_year_us), 0);
    assert_int_not_equal(buckets_take(buckets, "H1", a_year_us), 0);
    buckets_free(buckets);
}

static void the_sustained_rate_is_the_rate(void **state)
{
    struct buckets *buckets = buckets_new(250, 10, 16);
    int64_t taken = 0;
    (void)state;

    for (int64_t now_us = 0; now_us < 10 * 1000000; now_us += 500)
        taken += buckets_take(buckets, "H1", now_us) == 0;
    assert_in_range(taken, 2500, 2511);
    buckets_free(buckets);
}

static void strangers_take_the_place_of_the_longest_silent(void **state)
{
    struct buckets *buckets = buckets_new(1, 1, 8); /* one set of places */
    char name[16];
    (void)state;

    assert_int_equal(buckets_take(buckets, "kept", 1000), 0);
    for (int i = 0; i < 100; i++) {
        (void)snprintf(name, sizeof name, "H%d", i);
        assert_int_equal(buckets_take(buckets, name, 2000 + i * 10), 0);
        assert_int_not_equal(buckets_take(buckets, "kept", 2001 + i * 10), 0); /* who keeps asking is not forgotten */
    }
    buckets_free(buckets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_is_allowed_then_the_rate),
        cmocka_unit_test(nobody_takes_from_another),
        cmocka_unit_test(a_pause_fills_the_bucket_and_no_more),
        cmocka_unit_test(the_sustained_rate_is_the_rate),
        cmocka_unit_test(strangers_take_the_place_of_the_longest_silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

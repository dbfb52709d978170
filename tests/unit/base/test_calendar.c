// links: medhub_base
#include "base/calendar.h"

#include "cmocka_all.h"
#include "random.h"

#include <stdlib.h>

static struct calendar *calendar;

static int setup(void **state)
{
    (void)state;
    calendar = calendar_new();
    return calendar == NULL;
}

static int teardown(void **state)
{
    (void)state;
    calendar_free(calendar);
    return 0;
}

static date_t day(int year, int month, int number)
{
    return date_from_civil(year, month, number);
}

/* The Spring Festival of 2026: off from Sunday the 15th to Monday the 23rd, worked on Saturdays the 14th and
 * 28th. */
static void set_february_2026(void)
{
    for (date_t date = day(2026, 2, 1); date <= day(2026, 2, 28); date++) {
        bool weekend = (date + 3) % 7 >= 5; /* 1970-01-01 was a Thursday */
        bool festival = date >= day(2026, 2, 15) && date <= day(2026, 2, 23);
        bool moved = date == day(2026, 2, 14) || date == day(2026, 2, 28);
        assert_true(calendar_set(calendar, date, moved || (!weekend && !festival)));
    }
}

static void assert_working(date_t date, bool expected)
{
    bool working_day = !expected;

    assert_true(calendar_is_working_day(calendar, date, &working_day));
    assert_int_equal(working_day, expected);
}

static void it_says_what_it_was_told(void **state)
{
    (void)state;
    set_february_2026();
    assert_working(day(2026, 2, 13), true);
    assert_working(day(2026, 2, 14), true);
    assert_working(day(2026, 2, 16), false);
    assert_working(day(2026, 2, 8), false);
}

static void a_day_that_is_not_covered_is_not_guessed(void **state)
{
    bool working_day;

    (void)state;
    assert_false(calendar_is_working_day(calendar, 0, &working_day));
    set_february_2026();
    assert_false(calendar_is_working_day(calendar, day(2026, 1, 31), &working_day));
    assert_false(calendar_is_working_day(calendar, day(2026, 3, 1), &working_day));
    assert_false(calendar_is_working_day(calendar, DATE_NONE, &working_day));
}

static void a_day_may_be_corrected(void **state)
{
    (void)state;
    assert_true(calendar_set(calendar, 5, true));
    assert_true(calendar_set(calendar, 5, false));
    assert_working(5, false);
    assert_true(calendar_set(calendar, 5, true));
    assert_working(5, true);
}

static void what_is_no_day_is_refused(void **state)
{
    date_t first, last;

    (void)state;
    assert_false(calendar_set(calendar, DATE_NONE, true));
    assert_false(calendar_set(calendar, INT32_MAX, true));
    assert_false(calendar_span(calendar, &first, &last));
}

static void working_days_are_counted_over_a_festival(void **state)
{
    date_t result = 0;

    (void)state;
    set_february_2026();
    assert_true(calendar_add_working_days(calendar, day(2026, 2, 13), 1, &result));
    assert_int_equal(result, day(2026, 2, 14));
    assert_true(calendar_add_working_days(calendar, day(2026, 2, 13), 2, &result));
    assert_int_equal(result, day(2026, 2, 24));
    assert_true(calendar_add_working_days(calendar, day(2026, 2, 17), 5, &result));
    assert_int_equal(result, day(2026, 2, 28));
    assert_true(calendar_add_working_days(calendar, day(2026, 2, 17), 0, &result));
    assert_int_equal(result, day(2026, 2, 17));
}

static void counting_beyond_the_calendar_or_backwards_is_refused(void **state)
{
    date_t result;

    (void)state;
    set_february_2026();
    assert_false(calendar_add_working_days(calendar, day(2026, 2, 27), 2, &result));
    assert_false(calendar_add_working_days(calendar, day(2026, 2, 27), -1, &result));
    assert_false(calendar_add_working_days(calendar, DATE_NONE, 1, &result));
    assert_false(calendar_add_working_days(calendar, INT32_MAX, 1, &result));
}

static void counting_starts_on_the_eve_of_the_calendar(void **state)
{
    date_t result = 0;

    (void)state;
    set_february_2026();
    assert_true(calendar_add_working_days(calendar, day(2026, 1, 31), 1, &result));
    assert_int_equal(result, day(2026, 2, 2));
}

static void a_gap_is_not_skipped(void **state)
{
    date_t result;

    (void)state;
    assert_true(calendar_set(calendar, 1, true));
    assert_true(calendar_set(calendar, 3, true));
    assert_false(calendar_add_working_days(calendar, 1, 1, &result));
}

static void the_span_has_the_first_and_last_day(void **state)
{
    date_t first = 0, last = 0;

    (void)state;
    set_february_2026();
    assert_true(calendar_span(calendar, &first, &last));
    assert_int_equal(first, day(2026, 2, 1));
    assert_int_equal(last, day(2026, 2, 28));
}

enum { DAYS = 2000 };

static void days_may_come_in_any_order(void **state)
{
    signed char expected[DAYS]; /* -1: not told */
    uint64_t seed = 7;

    (void)state;
    memset(expected, -1, sizeof expected);
    for (int round = 0; round < DAYS; round++) {
        size_t index = random_next(&seed) % DAYS;
        expected[index] = (signed char)(random_next(&seed) % 2);
        assert_true(calendar_set(calendar, (date_t)index - DAYS / 2, expected[index] == 1));
    }
    for (int i = 0; i < DAYS; i++) {
        bool working_day = false;
        assert_int_equal(calendar_is_working_day(calendar, i - DAYS / 2, &working_day), expected[i] >= 0);
        assert_int_equal(working_day, expected[i] == 1);
    }
}

static void the_whole_range_of_dates_fits(void **state)
{
    (void)state;
    assert_true(calendar_set(calendar, day(9999, 12, 31), true));
    assert_true(calendar_set(calendar, day(1, 1, 1), true));
    assert_working(day(1, 1, 1), true);
    assert_working(day(9999, 12, 31), true);
}

static void freeing_nothing_is_fine(void **state)
{
    (void)state;
    calendar_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(it_says_what_it_was_told, setup, teardown),
        cmocka_unit_test_setup_teardown(a_day_that_is_not_covered_is_not_guessed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_day_may_be_corrected, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_day_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(working_days_are_counted_over_a_festival, setup, teardown),
        cmocka_unit_test_setup_teardown(counting_beyond_the_calendar_or_backwards_is_refused, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(counting_starts_on_the_eve_of_the_calendar, setup, teardown),
        cmocka_unit_test_setup_teardown(a_gap_is_not_skipped, setup, teardown),
        cmocka_unit_test_setup_teardown(the_span_has_the_first_and_last_day, setup, teardown),
        cmocka_unit_test_setup_teardown(days_may_come_in_any_order, setup, teardown),
        cmocka_unit_test_setup_teardown(the_whole_range_of_dates_fits, setup, teardown),
        cmocka_unit_test(freeing_nothing_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

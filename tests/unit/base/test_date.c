// links: medhub_base
#include "base/date.h"

#include "cmocka_all.h"
#include "random.h"

static date_t parsed(const char *text)
{
    return date_parse(bytes_of(text));
}

static const char *formatted(date_t date)
{
    static char text[DATE_TEXT_BYTES];

    return date_format(date, text);
}

static void known_days_have_known_numbers(void **state)
{
    (void)state;
    assert_int_equal(date_from_civil(1970, 1, 1), 0);
    assert_int_equal(date_from_civil(1969, 12, 31), -1);
    assert_int_equal(date_from_civil(2000, 2, 29), 11016);
    assert_int_equal(date_from_civil(2026, 1, 31), 20484);
    assert_int_equal(date_from_civil(1, 1, 1), -719162);
    assert_int_equal(date_from_civil(9999, 12, 31), 2932896);
}

static void days_that_do_not_exist_are_none(void **state)
{
    (void)state;
    assert_int_equal(date_from_civil(2026, 2, 29), DATE_NONE);
    assert_int_equal(date_from_civil(1900, 2, 29), DATE_NONE);
    assert_int_equal(date_from_civil(2026, 4, 31), DATE_NONE);
    assert_int_equal(date_from_civil(2026, 13, 1), DATE_NONE);
    assert_int_equal(date_from_civil(2026, 0, 1), DATE_NONE);
    assert_int_equal(date_from_civil(2026, 1, 0), DATE_NONE);
    assert_int_equal(date_from_civil(0, 1, 1), DATE_NONE);
    assert_int_equal(date_from_civil(10000, 1, 1), DATE_NONE);
    assert_int_equal(date_from_civil(-1, -1, -1), DATE_NONE);
}

/* The next day as a calendar on the wall has it. */
static void step(int *year, int *month, int *day)
{
    if (date_from_civil(*year, *month, ++*day) != DATE_NONE)
        return;
    *day = 1;
    if (++*month <= 12)
        return;
    *month = 1;
    ++*year;
}

static void every_day_of_ten_thousand_years_comes_back(void **state)
{
    int year = 1, month = 1, day = 1;

    (void)state;
    for (date_t date = -719162; date <= 2932896; date++, step(&year, &month, &day)) {
        int back_year, back_month, back_day;
        date_to_civil(date, &back_year, &back_month, &back_day);
        if (date_from_civil(year, month, day) != date || back_year != year || back_month != month ||
            back_day != day)
            fail_msg("day %d is not %d-%d-%d", (int)date, year, month, day);
    }
    assert_int_equal(year, 10000);
}

static void every_text_comes_back(void **state)
{
    (void)state;
    for (date_t date = -719162; date <= 2932896; date += 17) {
        if (parsed(formatted(date)) != date)
            fail_msg("day %d", (int)date);
    }
    assert_string_equal(formatted(date_from_civil(2026, 1, 5)), "2026-01-05");
    assert_string_equal(formatted(date_from_civil(1, 1, 1)), "0001-01-01");
}

static void what_is_no_day_has_an_empty_text(void **state)
{
    (void)state;
    assert_string_equal(formatted(DATE_NONE), "");
    assert_string_equal(formatted(2932897), "");
    assert_string_equal(formatted(INT32_MAX), "");
}

static void other_forms_of_dates_are_refused(void **state)
{
    static const char *const wrong[] = {"",           "2026-1-31",  "20260131",    "2026-01-32",
                                        "2026-02-29", "2026/01/31", "2026-01-31 ", " 026-01-31",
                                        "2026-01-3x", "+026-01-31", "0000-01-01",  "2026-00-10"};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(parsed(wrong[i]), DATE_NONE);
    assert_int_equal(date_parse(BYTES_NONE), DATE_NONE);
}

static void the_day_in_china_begins_at_16_hours_utc(void **state)
{
    date_t date = date_from_civil(2026, 2, 1);
    int64_t begin_ms = date_begin_in_china_ms(date);
    char text[MOMENT_TEXT_BYTES];

    (void)state;
    assert_string_equal(moment_format_ms(begin_ms, text), "2026-01-31T16:00:00Z");
    assert_int_equal(date_in_china(begin_ms), date);
    assert_int_equal(date_in_china(begin_ms - 1), date - 1);
    assert_int_equal(date_in_china(begin_ms + 86400000 - 1), date);
}

static void the_day_in_china_is_right_before_1970_and_none_out_of_range(void **state)
{
    (void)state;
    assert_int_equal(date_in_china(-1), 0);
    assert_int_equal(date_in_china(-8 * 3600 * 1000), 0);
    assert_int_equal(date_in_china(-8 * 3600 * 1000 - 1), -1);
    assert_int_equal(date_in_china(INT64_MAX), DATE_NONE);
    assert_int_equal(date_in_china(INT64_MIN), DATE_NONE);
}

static void assert_moment(const char *text, int64_t seconds, int32_t nanoseconds)
{
    int64_t got_seconds = 0;
    int32_t got_nanoseconds = 0;

    assert_true(moment_parse(bytes_of(text), &got_seconds, &got_nanoseconds));
    assert_int_equal(got_seconds, seconds);
    assert_int_equal(got_nanoseconds, nanoseconds);
}

static void moments_are_read_with_any_offset_and_fraction(void **state)
{
    (void)state;
    assert_moment("1970-01-01T00:00:00Z", 0, 0);
    assert_moment("2026-02-01T00:00:00+08:00", 1769875200, 0);
    assert_moment("2026-01-31T16:00:00Z", 1769875200, 0);
    assert_moment("2026-01-31T10:30:00.5-05:30", 1769875200, 500000000);
    assert_moment("1969-12-31t23:59:59.000000001z", -1, 1);
    assert_moment("0001-01-01T00:00:00Z", -62135596800, 0);
    assert_moment("9999-12-31T23:59:59.999999999Z", 253402300799, 999999999);
}

static void other_forms_of_moments_are_refused(void **state)
{
    static const char *const wrong[] = {
        "",
        "2026-01-31",
        "2026-01-31T16:00:00",
        "2026-01-31 16:00:00Z",
        "2026-01-31T16:00Z",
        "2026-01-31T24:00:00Z",
        "2026-01-31T16:60:00Z",
        "2026-01-31T16:00:60Z",
        "2026-01-31T16:00:00.Z",
        "2026-01-31T16:00:00.1234567890Z",
        "2026-01-31T16:00:00,5Z",
        "2026-01-31T16:00:00.5",
        "2026-01-31T16:00:00ZZ",
        "2026-01-31T16:00:00+0800",
        "2026-01-31T16:00:00+24:00",
        "2026-01-31T16:00:00+08:60",
        "2026-01-31T16:00:00+08:00x",
        "2026-02-30T16:00:00Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
    };
    int64_t seconds;
    int32_t nanoseconds;

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        if (moment_parse(bytes_of(wrong[i]), &seconds, &nanoseconds))
            fail_msg("%s", wrong[i]);
    }
}

static void moments_are_written_with_as_few_decimals_as_needed(void **state)
{
    char text[MOMENT_TEXT_BYTES];

    (void)state;
    assert_string_equal(moment_format(1769875200, 0, text), "2026-01-31T16:00:00Z");
    assert_string_equal(moment_format(1769875200, 120000000, text), "2026-01-31T16:00:00.120Z");
    assert_string_equal(moment_format(1769875200, 1000, text), "2026-01-31T16:00:00.000001Z");
    assert_string_equal(moment_format(1769875200, 1, text), "2026-01-31T16:00:00.000000001Z");
    assert_string_equal(moment_format_ms(-1, text), "1969-12-31T23:59:59.999Z");
}

static void moments_out_of_range_have_an_empty_text(void **state)
{
    char text[MOMENT_TEXT_BYTES];

    (void)state;
    assert_string_equal(moment_format(253402300800, 0, text), "");
    assert_string_equal(moment_format(-62135596801, 0, text), "");
    assert_string_equal(moment_format(0, -1, text), "");
    assert_string_equal(moment_format(0, 1000000000, text), "");
    assert_string_equal(moment_format_ms(INT64_MAX, text), "");
    assert_string_equal(moment_format_ms(INT64_MIN, text), "");
}

static void every_moment_comes_back(void **state)
{
    uint64_t seed = 2;
    char text[MOMENT_TEXT_BYTES];

    (void)state;
    for (int round = 0; round < 100000; round++) {
        int64_t seconds = (int64_t)(random_next(&seed) % 315537897600) - 62135596800;
        int32_t nanoseconds = (int32_t)(random_next(&seed) % 1000000000);
        if (round % 3 == 0)
            nanoseconds -= nanoseconds % 1000;
        assert_moment(moment_format(seconds, nanoseconds, text), seconds, nanoseconds);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_days_have_known_numbers),
        cmocka_unit_test(days_that_do_not_exist_are_none),
        cmocka_unit_test(every_day_of_ten_thousand_years_comes_back),
        cmocka_unit_test(every_text_comes_back),
        cmocka_unit_test(what_is_no_day_has_an_empty_text),
        cmocka_unit_test(other_forms_of_dates_are_refused),
        cmocka_unit_test(the_day_in_china_begins_at_16_hours_utc),
        cmocka_unit_test(the_day_in_china_is_right_before_1970_and_none_out_of_range),
        cmocka_unit_test(moments_are_read_with_any_offset_and_fraction),
        cmocka_unit_test(other_forms_of_moments_are_refused),
        cmocka_unit_test(moments_are_written_with_as_few_decimals_as_needed),
        cmocka_unit_test(moments_out_of_range_have_an_empty_text),
        cmocka_unit_test(every_moment_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

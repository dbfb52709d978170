#include "domain/policy.h"

#include "support/trial.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SET      "medhub.policy.parameter_set.v1"
#define CALENDAR "medhub.policy.calendar_published.v1"
#define NAME     "dedupe.window_days"

struct fixture {
    struct trial *trial;
    ParameterSet said;
    Parameter parameter;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    fixture.trial = trial_new("2026-01-31T03:00:05Z");
    medhub__policy__v1__parameter_set__init(&fixture.said);
    medhub__policy__v1__parameter__init(&fixture.parameter);
    fixture.parameter.name = chars(NAME);
    fixture.parameter.kind = PARAMETER_INTEGER;
    fixture.parameter.integer = 30;
    fixture.parameter.document = chars("a document");
    fixture.said.name = chars(NAME);
    fixture.said.region = chars("650000");
    fixture.said.valid_from = chars("2025-01-01");
    fixture.said.parameter = &fixture.parameter;
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    trial_free(((struct fixture *)*state)->trial);
    return 0;
}

static void say(struct fixture *fixture)
{
    trial_submit(fixture->trial, SET, "policy-office", NAME, &fixture->said.base);
}

static void set_from(struct fixture *fixture, const char *valid_from, int64_t value)
{
    fixture->said.valid_from = chars(valid_from);
    fixture->parameter.integer = value;
    say(fixture);
    assert_accepted(fixture->trial);
    trial_apply(fixture->trial);
}

/* What the view says of the parameter in the region on the day; -1: nothing. */
static int64_t value_on(struct fixture *fixture, const char *region, const char *date)
{
    struct trial *trial = fixture->trial;
    int64_t value = -1;
    view_init(&trial->view, &memory_view_operations, trial->world, trial->arena, NAME, trial->now_ms,
              trial->calendar);
    (void)view_policy_int(&trial->view, NAME, region, date_parse(bytes_of(date)), &value);
    return value;
}

static void a_value_holds_from_its_day_in_its_region(void **state)
{
    struct fixture *fixture = *state;
    set_from(fixture, "2025-01-01", 30);
    assert_int_equal(value_on(fixture, "650102", "2025-01-01"), 30);
    assert_int_equal(value_on(fixture, "650102", "2024-12-31"), -1);
    assert_int_equal(value_on(fixture, "620000", "2025-01-01"), -1);
}

static void a_later_value_ends_the_earlier_one(void **state)
{
    struct fixture *fixture = *state;
    set_from(fixture, "2025-01-01", 30);
    set_from(fixture, "2026-01-01", 60);
    assert_int_equal(value_on(fixture, "650000", "2025-12-31"), 30);
    assert_int_equal(value_on(fixture, "650000", "2026-01-01"), 60);
}

static void the_same_day_again_is_a_correction(void **state)
{
    struct fixture *fixture = *state;
    set_from(fixture, "2025-01-01", 30);
    set_from(fixture, "2025-01-01", 45);
    assert_int_equal(value_on(fixture, "650000", "2025-06-01"), 45);
    const ParameterRows *rows = (const ParameterRows *)fixture->trial->decision.writes[0].message;
    assert_int_equal(rows->n_rows, 1);
}

static void a_withdrawal_ends_without_a_successor(void **state)
{
    struct fixture *fixture = *state;
    set_from(fixture, "2025-01-01", 30);
    fixture->said.withdrawn = true;
    set_from(fixture, "2026-01-01", 0);
    assert_int_equal(value_on(fixture, "650000", "2025-12-31"), 30);
    assert_int_equal(value_on(fixture, "650000", "2026-01-01"), -1);
    set_from(fixture, "2025-01-01", 0); /* from the first day: as if it had never been */
    assert_int_equal(value_on(fixture, "650000", "2025-06-01"), -1);
    say(fixture);
    assert_refused(fixture->trial, "policy.nothing_to_withdraw");
    assert_finding(fixture->trial, SEVERITY_REFUSE, "policy.nothing_to_withdraw", "validFrom", "2025-01-01",
                   "a day on which a value is in force", "苏医保规〔2021〕2号");
}

static void values_do_not_overlap(void **state)
{
    struct fixture *fixture = *state;
    set_from(fixture, "2026-01-01", 30);
    fixture->said.valid_from = chars("2025-01-01");
    say(fixture);
    assert_refused(fixture->trial, "policy.values_overlap");
    assert_finding(fixture->trial, SEVERITY_REFUSE, "policy.values_overlap", "validFrom", "2025-01-01",
                   "to end before 2026-01-01, when the next value begins", "苏医保规〔2021〕2号");
    fixture->said.valid_until = chars("2025-12-31");
    say(fixture);
    assert_accepted(fixture->trial);
    fixture->said.valid_until = chars("2024-12-31");
    say(fixture);
    assert_refused(fixture->trial, "policy.values_overlap");
}

static void a_value_names_its_document(void **state)
{
    struct fixture *fixture = *state;
    fixture->parameter.document = chars("");
    say(fixture);
    assert_finding(fixture->trial, SEVERITY_REFUSE, "policy.document_missing", "parameter.document", "",
                   "the document that sets the value", "苏医保规〔2021〕2号");
}

static void a_value_is_of_its_kind(void **state)
{
    struct fixture *fixture = *state;
    fixture->parameter.kind = PARAMETER_DATE;
    fixture->parameter.date = chars("2022-02-30");
    say(fixture);
    assert_finding(fixture->trial, SEVERITY_REFUSE, "policy.value_missing", "parameter.date", "2022-02-30",
                   "a date", "苏医保规〔2021〕2号");
    fixture->parameter.date = chars("2022-02-28");
    say(fixture);
    assert_accepted(fixture->trial);
}

static void the_name_is_the_key(void **state)
{
    struct fixture *fixture = *state;
    fixture->parameter.name = chars("other");
    say(fixture);
    assert_finding(fixture->trial, SEVERITY_REFUSE, "policy.name_differs", "parameter.name", "other", NAME,
                   "苏医保规〔2021〕2号");
}

/* --- calendar --- */

static void publish(struct fixture *fixture, int32_t year, size_t bytes)
{
    static uint8_t days[64];
    CalendarPublished said = MEDHUB__POLICY__V1__CALENDAR_PUBLISHED__INIT;
    Medhub__Policy__V1__CalendarYear calendar = MEDHUB__POLICY__V1__CALENDAR_YEAR__INIT;
    calendar.year = year;
    calendar.working_days = (ProtobufCBinaryData){bytes, days};
    said.year = chars("2026");
    said.calendar = &calendar;
    trial_submit(fixture->trial, CALENDAR, "policy-office", "2026", &said.base);
}

static void a_calendar_becomes_a_row(void **state)
{
    struct fixture *fixture = *state;
    publish(fixture, 2026, 46);
    assert_accepted(fixture->trial);
    assert_string_equal(fixture->trial->decision.table_rows[0].table, TABLE_CALENDAR);
    assert_string_equal(fixture->trial->decision.table_rows[0].key, "2026");
}

static void a_calendar_tells_every_day_of_its_year(void **state)
{
    struct fixture *fixture = *state;
    publish(fixture, 2026, 45);
    assert_finding(fixture->trial, SEVERITY_REFUSE, "policy.calendar_incomplete", "calendar.workingDays",
                   "45 bytes", "46 bytes, one bit for each day", "国务院令第795号");
    publish(fixture, 2025, 46);
    assert_finding(fixture->trial, SEVERITY_REFUSE, "policy.year_differs", "year", "2026", "2025",
                   "国务院办公厅");
    publish(fixture, -5, 46);
    assert_refused(fixture->trial, "policy.calendar_incomplete");
}

/* --- what the nation lets a region do --- */

static void set_national(struct fixture *fixture, int may, int64_t value)
{
    fixture->said.region = chars("000000");
    fixture->parameter.region_may = (Medhub__Policy__V1__RegionMay)may;
    set_from(fixture, "2025-01-01", value);
    fixture->said.region = chars("650000");
    fixture->parameter.region_may = 0;
}

static bool region_says(struct fixture *fixture, int64_t value)
{
    fixture->said.valid_from = chars("2025-06-01");
    fixture->parameter.integer = value;
    say(fixture);
    if (fixture->trial->decision.outcome == OUTCOME_ACCEPTED)
        return true;
    assert_refused(fixture->trial, "policy.weakens_the_nation");
    return false;
}

static void a_region_does_not_weaken_the_nation(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        int may;
        bool lower, same, higher;
    } rows[] = {{0, true, true, true},
                {REGION_MAY_NOTHING, false, true, false},
                {REGION_MAY_RAISE, false, true, true},
                {REGION_MAY_LOWER, true, true, false},
                {MEDHUB__POLICY__V1__REGION_MAY__REGION_MAY_ANYTHING, true, true, true}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        set_national(fixture, rows[i].may, 30);
        assert_int_equal(region_says(fixture, 29), rows[i].lower);
        assert_int_equal(region_says(fixture, 30), rows[i].same);
        assert_int_equal(region_says(fixture, 31), rows[i].higher);
    }
    fixture->parameter.kind = PARAMETER_TEXT;
    fixture->parameter.text = chars("thirty");
    assert_false(region_says(fixture, 0));
}

static void a_region_may_set_an_earlier_day(void **state)
{
    struct fixture *fixture = *state;
    fixture->parameter.kind = PARAMETER_DATE;
    fixture->parameter.date = chars("2022-06-01");
    set_national(fixture, REGION_MAY_LOWER, 0);
    fixture->parameter.date = chars("2022-05-31");
    assert_true(region_says(fixture, 0));
    fixture->parameter.date = chars("2022-06-02");
    assert_false(region_says(fixture, 0));
}

/* Before the nation has spoken, and after its value has ended, nothing binds. */
static void the_nations_value_binds_on_its_days(void **state)
{
    struct fixture *fixture = *state;
    assert_true(region_says(fixture, 1));
    fixture->said.valid_until = chars("2025-03-31");
    set_national(fixture, REGION_MAY_NOTHING, 30);
    fixture->said.valid_until = chars("");
    assert_true(region_says(fixture, 1));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_value_holds_from_its_day_in_its_region),
        TEST(a_later_value_ends_the_earlier_one),
        TEST(the_same_day_again_is_a_correction),
        TEST(a_withdrawal_ends_without_a_successor),
        TEST(values_do_not_overlap),
        TEST(a_value_names_its_document),
        TEST(a_value_is_of_its_kind),
        TEST(the_name_is_the_key),
        TEST(a_calendar_becomes_a_row),
        TEST(a_calendar_tells_every_day_of_its_year),
        cmocka_unit_test_setup_teardown(a_region_does_not_weaken_the_nation, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_region_may_set_an_earlier_day, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_nations_value_binds_on_its_days, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

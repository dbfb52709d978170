// links: dep::jansson
/* The three lists for dual-channel drugs: listed, removed, and what is asked of them on a day. */
#include "domain/designation.h"

#include "support/plain_words.h"
#include "support/stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define WORLD    "tests/scenario/world.yaml"
#define PHARMACY "P65010200002" /* on no list of the world */

static int set_up(void **state)
{
    *state = stage_new(WORLD, NULL);
    return 0;
}

static int tear_down(void **state)
{
    stage_free(*state);
    return 0;
}

static void say(struct stage *stage, const char *type, const char *text, const char *key)
{
    static int number;
    char id[24];
    json_t *data = json_loads(text, 0, NULL);
    assert_non_null(data);
    (void)snprintf(id, sizeof id, "d%d", number++);
    stage_say(stage, &(struct said){"medhub", id, stage_type(type), data, key});
    json_decref(data);
}

static void list(struct stage *stage, const char *from, const char *until)
{
    char text[400];
    (void)snprintf(text, sizeof text,
                   "{\"institution\": \"" PHARMACY "\", \"valid_from\": \"%s\", \"valid_until\": \"%s\", "
                   "\"designation\": {\"list\": \"DESIGNATION_LIST_PHARMACY\", \"institution\": \"" PHARMACY
                   "\", \"region\": \"650100\"}}",
                   from, until);
    say(stage, "registry.designation_listed", text, NULL);
}

static void take_off(struct stage *stage, const char *from)
{
    char text[400];
    (void)snprintf(
        text, sizeof text,
        "{\"institution\": \"" PHARMACY "\", \"removed_from\": \"%s\", \"designation\": {\"list\": "
        "\"DESIGNATION_LIST_PHARMACY\", \"institution\": \"" PHARMACY "\", \"region\": \"650100\"}}",
        from);
    say(stage, "registry.designation_removed", text, NULL);
}

static bool is_listed(struct stage *stage, const char *region, const char *day)
{
    struct view *view = &stage->trial->view;
    return designation_holds(view, LIST_PHARMACY, PHARMACY, "", region, date_parse(bytes_of(day)));
}

static void a_list_holds_on_its_days_in_its_region(void **state)
{
    struct stage *stage = *state;
    list(stage, "2026-01-10", "2026-01-31");
    assert_accepted(stage->trial);
    assert_int_equal(trial_delivery(stage->trial, 0, "insurer@650100"),
                     VISIBLE_PUBLIC | VISIBLE_ORGANISATION);
    assert_false(is_listed(stage, "650102", "2026-01-09"));
    assert_true(is_listed(stage, "650102", "2026-01-10"));
    assert_true(is_listed(stage, "650100", "2026-01-31"));
    assert_false(is_listed(stage, "650102", "2026-02-01"));
    assert_false(is_listed(stage, "650200", "2026-01-10"));
}

static void a_removal_ends_it_on_the_day_before(void **state)
{
    struct stage *stage = *state;
    list(stage, "2026-01-10", "");
    take_off(stage, "2026-01-20");
    assert_accepted(stage->trial);
    assert_true(is_listed(stage, "650102", "2026-01-19"));
    assert_false(is_listed(stage, "650102", "2026-01-20"));
    list(stage, "2026-02-01", "");
    assert_accepted(stage->trial);
    assert_true(is_listed(stage, "650102", "2026-02-01"));
    assert_true(is_listed(stage, "650102", "2026-01-19"));
}

static void a_removal_on_the_first_day_takes_it_away(void **state)
{
    struct stage *stage = *state;
    list(stage, "2026-01-10", "");
    take_off(stage, "2026-01-10");
    assert_accepted(stage->trial);
    assert_false(is_listed(stage, "650102", "2026-01-10"));
    take_off(stage, "2026-01-10");
    assert_refused(stage->trial, "designation.not_listed");
}

static void spans_follow_one_another(void **state)
{
    struct stage *stage = *state;
    list(stage, "2026-01-10", "2026-01-09");
    assert_refused(stage->trial, "designation.dates_reversed");
    list(stage, "2026-01-10", "2026-01-31");
    list(stage, "2026-01-31", "");
    assert_refused(stage->trial, "designation.listed_already");
    list(stage, "2026-01-01", "2026-01-05");
    assert_refused(stage->trial, "designation.listed_already");
    take_off(stage, "2026-02-01");
    assert_finding(stage->trial, SEVERITY_REFUSE, "designation.not_listed", "removedFrom", "2026-02-01",
                   "a day on which it is on the list", "甘医保发〔2021〕118号");
}

static void what_is_listed_belongs_to_the_key(void **state)
{
    struct stage *stage = *state;
    const char *other =
        "{\"institution\": \"P1\", \"valid_from\": \"2026-01-01\", \"designation\": {\"list\": "
        "\"DESIGNATION_LIST_PHARMACY\", \"institution\": \"P2\", \"region\": \"650100\"}}";
    const char *nobody =
        "{\"institution\": \"H1\", \"valid_from\": \"2026-01-01\", \"designation\": {\"list\": "
        "\"DESIGNATION_LIST_DOCTOR\", \"institution\": \"H1\", \"region\": \"650100\"}}";
    const char *removal =
        "{\"institution\": \"P1\", \"removed_from\": \"2026-01-01\", \"designation\": {\"list\": "
        "\"DESIGNATION_LIST_PHARMACY\", \"institution\": \"P1\", \"region\": \"650100\"}}";
    say(stage, "registry.designation_listed", other, NULL);
    assert_finding(stage->trial, SEVERITY_REFUSE, "designation.institution_differs",
                   "designation.institution", "P2", "P1", "甘医保发〔2021〕118号");
    say(stage, "registry.designation_listed", nobody, NULL);
    assert_finding(stage->trial, SEVERITY_REFUSE, "designation.institution_differs", "designation.doctor", "",
                   "the doctor's code", "甘医保发〔2021〕118号");
    say(stage, "registry.designation_removed", removal, "P9");
    assert_refused(stage->trial, "designation.institution_differs");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_list_holds_on_its_days_in_its_region),   TEST(a_removal_ends_it_on_the_day_before),
        TEST(a_removal_on_the_first_day_takes_it_away), TEST(spans_follow_one_another),
        TEST(what_is_listed_belongs_to_the_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

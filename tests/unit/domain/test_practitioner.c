// links: dep::jansson
/* The register of doctors and pharmacists: versions in time, who leaves, how many there are. */
#include "domain/practitioner.h"

#include "support/plain_words.h"
#include "support/stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define WORLD    "tests/scenario/world.yaml"
#define HOSPITAL "H65010200001"
#define DOCTOR   "D650102000001"

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

/* Says TYPE with the changes WITH (JSON) to the world's template. */
static void say(struct stage *stage, const char *type, const char *with)
{
    static int number;
    char id[24];
    json_t *changes = json_loads(with, 0, NULL);
    assert_non_null(changes);
    json_t *data = stage_data(stage, type, changes);
    (void)snprintf(id, sizeof id, "p%d", number++);
    stage_say(stage, &(struct said){"medhub", id, stage_type(type), data, HOSPITAL});
    json_decref(data);
    json_decref(changes);
}

static const Practitioner *on(struct stage *stage, const char *day)
{
    view_init(&stage->trial->view, &memory_view_operations, stage->trial->world, stage->trial->arena,
              HOSPITAL, stage->trial->now_ms, stage->trial->calendar);
    return practitioner_on(&stage->trial->view, HOSPITAL, DOCTOR, date_parse(bytes_of(day)));
}

static const StaffState *staff(struct stage *stage)
{
    return (const StaffState *)stage_row(stage, STAFF_STATE, HOSPITAL, "staff");
}

static void each_day_has_its_version(void **state)
{
    struct stage *stage = *state;
    say(stage, "registry.practitioner_registered", "{}");
    assert_accepted(stage->trial);
    say(stage, "registry.practitioner_registered",
        "{\"effective_on\": \"2026-03-01\", \"practitioner.title_code\": \"231\"}");
    assert_accepted(stage->trial);
    assert_null(on(stage, "2024-12-31"));
    assert_string_equal(on(stage, "2026-02-28")->title_code, "233");
    assert_string_equal(on(stage, "2026-03-01")->title_code, "231");
}

static void a_version_does_not_begin_before_the_one_it_replaces(void **state)
{
    struct stage *stage = *state;
    say(stage, "registry.practitioner_registered", "{\"effective_on\": \"2026-03-01\"}");
    say(stage, "registry.practitioner_registered", "{\"effective_on\": \"2026-02-28\"}");
    assert_refused(stage->trial, "practitioner.out_of_order");
}

static void who_leaves_is_known_to_have_left(void **state)
{
    struct stage *stage = *state;
    say(stage, "registry.practitioner_ended", "{}");
    assert_refused(stage->trial, "practitioner.not_registered");
    say(stage, "registry.practitioner_registered", "{}");
    say(stage, "registry.practitioner_ended", "{\"ended_on\": \"2026-03-02\"}");
    assert_accepted(stage->trial);
    assert_false(on(stage, "2026-03-01")->ended);
    assert_true(on(stage, "2026-03-02")->ended);
    say(stage, "registry.practitioner_ended", "{\"ended_on\": \"2026-03-03\"}");
    assert_refused(stage->trial, "practitioner.not_registered");
}

static void practitioners_are_counted_once(void **state)
{
    struct stage *stage = *state;
    say(stage, "registry.practitioner_registered", "{}");
    say(stage, "registry.practitioner_registered", "{\"effective_on\": \"2026-03-01\"}");
    assert_int_equal(staff(stage)->first_registered_doctors, 1);
    say(stage, "registry.practitioner_registered",
        "{\"practitioner.code\": \"HY1\", \"practitioner.kind\": \"PRACTITIONER_KIND_PHARMACIST\"}");
    assert_int_equal(staff(stage)->pharmacists, 1);
    say(stage, "registry.practitioner_ended", "{\"ended_on\": \"2026-03-02\"}");
    assert_int_equal(staff(stage)->first_registered_doctors, 0);
    assert_int_equal(staff(stage)->pharmacists, 1);
}

static void a_licence_has_days_and_a_department_of_the_house(void **state)
{
    struct stage *stage = *state;
    say(stage, "registry.practitioner_registered", "{\"practitioner.licence_until\": \"2024-12-31\"}");
    assert_refused(stage->trial, "practitioner.licence_dates_reversed");
    say(stage, "registry.practitioner_registered", "{\"practitioner.institution\": \"H65010200002\"}");
    assert_refused(stage->trial, "practitioner.institution_differs");
    say(stage, "registry.practitioner_ended", "{\"institution\": \"H65010200002\"}");
    assert_refused(stage->trial, "practitioner.institution_differs");

    say(stage, "registry.organisation_changed",
        "{\"organisation_id\": \"" HOSPITAL
        "\", \"effective_on\": \"2025-06-01\", \"organisation\": {\"id\": \"" HOSPITAL
        "\", \"name\": \"市一医院\", \"kind\": \"ORGANISATION_KIND_HOSPITAL\", \"roles\": [\"hospital\"], "
        "\"region\": \"650102\", "
        "\"state\": \"STATE_LIVE\", \"designated_from\": \"2025-01-01\", \"departments\": [{\"code\": "
        "\"A03\"}]}}");
    assert_accepted(stage->trial);
    say(stage, "registry.practitioner_registered", "{\"practitioner.department_code\": \"A02\"}");
    assert_refused(stage->trial, "practitioner.department_unknown");
    say(stage, "registry.practitioner_registered", "{\"practitioner.department_code\": \"A03\"}");
    assert_accepted(stage->trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_day_has_its_version, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_version_does_not_begin_before_the_one_it_replaces, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(who_leaves_is_known_to_have_left, set_up, tear_down),
        cmocka_unit_test_setup_teardown(practitioners_are_counted_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_licence_has_days_and_a_department_of_the_house, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("practitioner", tests, NULL, NULL);
}

#include "domain/registry.h"

#include "support/trial.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define CHANGED "medhub.registry.organisation_changed.v1"
#define ID      "H65010200001"

struct fixture {
    struct trial *trial;
    OrganisationChanged said;
    Organisation organisation;
};

static int set_up(void **state)
{
    static struct fixture fixture;
    fixture.trial = trial_new("2026-01-31T03:00:05Z");
    medhub__registry__v1__organisation_changed__init(&fixture.said);
    medhub__registry__v1__organisation__init(&fixture.organisation);
    fixture.organisation.id = chars(ID);
    fixture.organisation.name = chars("第一医院");
    fixture.organisation.kind = ORGANISATION_HOSPITAL;
    fixture.organisation.region = chars("650102");
    fixture.organisation.state = STATE_LIVE;
    fixture.organisation.designated_from = chars("2025-01-01");
    fixture.said.organisation_id = chars(ID);
    fixture.said.organisation = &fixture.organisation;
    fixture.said.effective_on = chars("2025-01-01");
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
    trial_submit(fixture->trial, CHANGED, "registrar", ID, &fixture->said.base);
}

static date_t day(const char *text)
{
    return date_parse(bytes_of(text));
}

static void a_registration_opens_a_row_of_the_registry(void **state)
{
    struct fixture *fixture = *state;
    say(fixture);
    assert_accepted(fixture->trial);
    assert_int_equal(fixture->trial->decision.table_row_count, 1);
    assert_string_equal(fixture->trial->decision.table_rows[0].key, ID);
    assert_string_equal(fixture->trial->decision.table_rows[0].region, REGION_NATION);
    assert_int_equal(fixture->trial->decision.table_rows[0].valid_from, day("2025-01-01"));
    const unsigned expected = VISIBLE_PUBLIC | VISIBLE_ORGANISATION;
    assert_int_equal(trial_delivery(fixture->trial, 0, ID), expected);
    assert_int_equal(trial_delivery(fixture->trial, 0, "insurer@650100"), expected);
}

static void a_suspension_holds_from_its_day(void **state)
{
    struct fixture *fixture = *state;
    say(fixture);
    trial_apply(fixture->trial);
    fixture->organisation.state = STATE_SUSPENDED;
    fixture->said.effective_on = chars("2026-02-01");
    say(fixture);
    assert_accepted(fixture->trial);
    trial_apply(fixture->trial);
    assert_int_equal(fixture->trial->decision.table_rows[0].valid_until, day("2026-01-31"));
    assert_int_equal(
        memory_count_rows(fixture->trial->world, TABLE_REGISTRY, ID, REGION_NATION, day("2026-01-31")), 1);
    assert_int_equal(
        memory_count_rows(fixture->trial->world, TABLE_REGISTRY, ID, REGION_NATION, day("2026-02-01")), 1);
}

static void without_a_day_a_change_holds_from_today(void **state)
{
    struct fixture *fixture = *state;
    fixture->said.effective_on = chars("");
    say(fixture);
    assert_int_equal(fixture->trial->decision.table_rows[0].valid_from, day("2026-01-31"));
}

static void the_id_must_be_the_key(void **state)
{
    struct fixture *fixture = *state;
    fixture->organisation.id = chars("H2");
    say(fixture);
    assert_refused(fixture->trial, "registry.id_differs");
    assert_finding(fixture->trial, SEVERITY_REFUSE, "registry.id_differs", "organisation.id", "H2", ID,
                   "协议管理经办规程");
}

static void states_follow_one_another(void **state)
{
    struct fixture *fixture = *state;
    fixture->organisation.state = STATE_APPLIED;
    say(fixture);
    assert_accepted(fixture->trial);
    trial_apply(fixture->trial);
    fixture->organisation.state = STATE_LIVE;
    say(fixture);
    assert_refused(fixture->trial, "registry.state_not_allowed");
    assert_finding(fixture->trial, SEVERITY_REFUSE, "registry.state_not_allowed", "organisation.state",
                   "LIVE", "a state that may follow APPLIED", "协议管理经办规程");
}

static void the_whole_way_and_back(void **state)
{
    (void)state;
    assert_true(registry_may_become(STATE_UNSPECIFIED, STATE_APPLIED));
    assert_true(registry_may_become(STATE_APPLIED, STATE_DESIGNATED));
    assert_true(registry_may_become(STATE_DESIGNATED, STATE_TESTED));
    assert_true(registry_may_become(STATE_TESTED, STATE_LIVE));
    assert_true(registry_may_become(STATE_LIVE, STATE_SUSPENDED));
    assert_true(registry_may_become(STATE_SUSPENDED, STATE_LIVE));
    assert_true(registry_may_become(STATE_LIVE, STATE_ENDED));
    assert_true(registry_may_become(STATE_LIVE, STATE_LIVE));
    assert_false(registry_may_become(STATE_DESIGNATED, STATE_LIVE));
    assert_false(registry_may_become(STATE_ENDED, STATE_LIVE));
    assert_false(registry_may_become(STATE_UNSPECIFIED, STATE_SUSPENDED));
    assert_false(registry_may_become(STATE_LIVE, (OrganisationState)99));
}

static void versions_follow_in_time(void **state)
{
    struct fixture *fixture = *state;
    say(fixture);
    trial_apply(fixture->trial);
    fixture->said.effective_on = chars("2024-12-31");
    say(fixture);
    assert_finding(fixture->trial, SEVERITY_REFUSE, "registry.out_of_order", "effectiveOn", "2024-12-31",
                   "not before 2025-01-01", "协议管理经办规程");
}

static void a_live_institution_has_a_dated_designation(void **state)
{
    struct fixture *fixture = *state;
    fixture->organisation.designated_from = chars("");
    say(fixture);
    assert_finding(fixture->trial, SEVERITY_REFUSE, "registry.designation_undated",
                   "organisation.designatedFrom", "", "the first day of the designation", "协议管理经办规程");
    fixture->organisation.designated_from = chars("2025-01-01");
    fixture->organisation.designated_until = chars("2024-12-31");
    say(fixture);
    assert_finding(fixture->trial, SEVERITY_REFUSE, "registry.designation_undated",
                   "organisation.designatedUntil", "2024-12-31", "not before 2025-01-01", "协议管理经办规程");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_registration_opens_a_row_of_the_registry),
        TEST(a_suspension_holds_from_its_day),
        TEST(without_a_day_a_change_holds_from_today),
        TEST(the_id_must_be_the_key),
        TEST(states_follow_one_another),
        TEST(the_whole_way_and_back),
        TEST(versions_follow_in_time),
        TEST(a_live_institution_has_a_dated_designation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

// links: medhub_domain medhub_schemas dep::protobuf-c
/* Who has applied a release, and whom a reminder names. The whole way stands in tests/scenario/release/uptake.yaml. */
#include "domain/catalogue.h"
#include "domain/release.h"
#include "support/cmocka_all.h"
#include "support/trial.h"

#include <stdio.h>
#include <stdlib.h>

#define KEY    "release/R-1"
#define BUREAU "B650100"

enum { AUDIENCE = 150, ANSWERED = 20, DIFFERENT = 3 };

struct fixture {
    struct trial *trial;
    char names[AUDIENCE][16], *audience[AUDIENCE];
};

static void put_release(struct fixture *fixture, uint64_t applied, uint64_t different)
{
    ReleaseState release = MEDHUB__STATE__V1__RELEASE__INIT;
    ReleaseTally tally = MEDHUB__STATE__V1__RELEASE_TALLY__INIT;
    uint8_t digest[RELEASE_DIGEST_BYTES] = {0, 0, 0, 0, 0, 0, 0, 7};

    release.status = RELEASE_IS_PUBLISHED;
    release.region = chars("650100");
    release.publisher = chars(BUREAU);
    release.effective_on = chars("2026-04-01");
    release.audience_count = AUDIENCE;
    release.applied_count = applied;
    release.different_count = different;
    tally.digest = (ProtobufCBinaryData){sizeof digest, digest};
    memory_put_state(fixture->trial->world, KEY, "release", &release.base);
    memory_put_state(fixture->trial->world, KEY, "tally", &tally.base);
}

static void put_answer(struct fixture *fixture, const char *institution, bool different)
{
    ReleaseAnswer answer = MEDHUB__STATE__V1__RELEASE_ANSWER__INIT;
    char name[40];

    answer.different = different;
    (void)snprintf(name, sizeof name, "applied/%s", institution);
    memory_put_state(fixture->trial->world, KEY, name, &answer.base);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    fixture->trial = trial_new("2026-03-31T02:00:00Z");
    for (size_t i = 0; i < AUDIENCE; i++) {
        (void)snprintf(fixture->names[i], sizeof fixture->names[i], "H65010200%03zu", i);
        fixture->audience[i] = fixture->names[i];
    }
    put_release(fixture, ANSWERED - DIFFERENT, DIFFERENT);
    memory_put_policy_int(fixture->trial->world, CATALOGUE_REMINDERS, REGION_NATION, 1);
    memory_put_policy_int(fixture->trial->world, CATALOGUE_REMIND_HOURS, REGION_NATION, 24);
    memory_put_policy_int(fixture->trial->world, CATALOGUE_DIFFERENT_REFUSED, REGION_NATION, 0);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    trial_free(fixture->trial);
    free(fixture);
    return 0;
}

static const CatalogueOverdue *remind(struct fixture *fixture)
{
    trial_fire(fixture->trial, RELEASE_OVERDUE_TIMER, KEY, "overdue");
    assert_int_equal(fixture->trial->decision.fact_count, 1);
    assert_string_equal(fixture->trial->decision.facts[0].type, CATALOGUE_OVERDUE_TYPE);
    return (const CatalogueOverdue *)fixture->trial->decision.facts[0].message;
}

static void a_reminder_names_who_is_late_to_the_bureau_only(void **state)
{
    struct fixture *fixture = *state;
    ReleaseAudience audience = MEDHUB__STATE__V1__RELEASE_AUDIENCE__INIT;

    audience.n_institutions = AUDIENCE;
    audience.institutions = fixture->audience;
    memory_put_state(fixture->trial->world, KEY, "audience", &audience.base);
    for (size_t i = 0; i < ANSWERED; i++)
        put_answer(fixture, fixture->names[i], i < DIFFERENT);
    const CatalogueOverdue *overdue = remind(fixture);
    assert_int_equal(overdue->missing_count, AUDIENCE - ANSWERED);
    assert_int_equal(overdue->n_missing, 100); /* the first of them */
    assert_string_equal(overdue->missing[0], fixture->names[ANSWERED]);
    assert_int_equal(overdue->n_different, DIFFERENT);
    assert_string_equal(overdue->different[2], fixture->names[2]);
    assert_int_equal(trial_delivery(fixture->trial, 0, BUREAU), VISIBLE_ALL);
    assert_int_equal(trial_delivery(fixture->trial, 0, "institution@650100"), VISIBLE_PUBLIC);
}

static void whose_audience_was_not_named_is_told_in_numbers(void **state)
{
    const CatalogueOverdue *overdue = remind(*state);

    assert_int_equal(overdue->n_missing + overdue->n_different + overdue->missing_count, 0);
    assert_int_equal(overdue->applied_count, ANSWERED - DIFFERENT);
    assert_int_equal(overdue->audience_count, AUDIENCE);
}

static uint64_t applied_after_answer_of(struct fixture *fixture, const char *institution, const char *region)
{
    Organisation organisation = MEDHUB__REGISTRY__V1__ORGANISATION__INIT;
    CatalogueApplied said = MEDHUB__CATALOGUE__V1__APPLIED__INIT;
    Google__Protobuf__Timestamp now = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    uint8_t digest[RELEASE_DIGEST_BYTES] = {0, 0, 0, 0, 0, 0, 0, 7};

    organisation.id = chars(institution);
    organisation.region = chars(region);
    memory_put_table(fixture->trial->world, TABLE_REGISTRY, institution, REGION_NATION, "2025-01-01", "", &organisation.base);
    now.seconds = 1774922400;
    said.item_key = chars(KEY);
    said.release = chars("R-1");
    said.institution = chars(institution);
    said.digest = (ProtobufCBinaryData){sizeof digest, digest};
    said.applied_at = &now;
    trial_submit(fixture->trial, CATALOGUE_APPLIED_TYPE, institution, KEY, &said.base);
    assert_accepted(fixture->trial);
    assert_int_equal(fixture->trial->decision.writes[0].message->descriptor == RELEASE_STATE, 1);
    return ((const ReleaseState *)fixture->trial->decision.writes[0].message)->applied_count;
}

static void only_answers_of_the_region_count(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(applied_after_answer_of(fixture, "H65010200999", "650102"), ANSWERED - DIFFERENT + 1);
    assert_int_equal(applied_after_answer_of(fixture, "H44010000999", "440100"), ANSWERED - DIFFERENT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_reminder_names_who_is_late_to_the_bureau_only),
        TEST(whose_audience_was_not_named_is_told_in_numbers),
        TEST(only_answers_of_the_region_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

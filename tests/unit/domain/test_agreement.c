// links: medhub_signature
/* Agreements: the table of moves as a whole, days of deadlines, the state of the organisation, signed
 * reports. The rules are shown in tests/scenario/registry. */
#include "domain/agreement.h"
#include "domain/conformance.h"
#include "signature/signing_key.h"

#include "support/trial.h"

#include <setjmp.h>
#include <stdarg.h>

#include <stdlib.h>

#include <cmocka.h>

enum { STAGES = AGREEMENT_CANCELLED + 1, STEPS = AGREEMENT_STEP_LAPSED + 1 };

/* --- the table --- */

static void every_stage_is_reached_and_every_step_is_somewhere_possible(void **state)
{
    bool reached[STAGES] = {[AGREEMENT_NONE] = true};
    (void)state;
    for (int round = 0; round < STAGES; round++)
        for (int stage = 0; stage < STAGES; stage++)
            for (int step = 1; step < STEPS; step++)
                if (reached[stage] &&
                    agreement_mover((AgreementStage)stage, (AgreementStep)step) != AGREEMENT_BY_NOBODY) {
                    AgreementState agreement;
                    medhub__state__v1__agreement__init(&agreement);
                    agreement.stage = (AgreementStage)stage;
                    agreement_move(&agreement, (AgreementStep)step, CAUSE_OTHER, chars("2026-03-02"));
                    reached[agreement.stage] = true;
                }
    for (int stage = 0; stage < STAGES; stage++)
        assert_true(reached[stage]);
    for (int step = 1; step < STEPS; step++)
        assert_int_not_equal(agreement_party((AgreementStep)step), AGREEMENT_BY_NOBODY);
}

static void a_connection_test_cannot_be_passed_over(void **state)
{
    (void)state;
    for (int stage = 0; stage < STAGES; stage++) {
        bool tested = stage == AGREEMENT_CONNECTION_TESTED;
        assert_true((agreement_mover((AgreementStage)stage, AGREEMENT_STEP_PUBLISHED) ==
                     AGREEMENT_BY_NOBODY) != tested);
    }
    assert_int_equal(agreement_party(AGREEMENT_STEP_CONNECTION_TESTED), AGREEMENT_BY_OPERATOR);
}

static void a_new_application_forgets_the_old_one_but_its_failures(void **state)
{
    AgreementState agreement;
    (void)state;
    medhub__state__v1__agreement__init(&agreement);
    agreement.stage = AGREEMENT_ACCEPTED;
    agreement.supplement_requested_on = chars("2026-02-01");
    agreement_move(&agreement, AGREEMENT_STEP_FAILED, CAUSE_REVIEW, chars("2026-03-02"));
    assert_string_equal(agreement.ended_on, "2026-03-02");
    agreement_move(&agreement, AGREEMENT_STEP_APPLIED, CAUSE_NONE, chars("2026-06-02"));
    assert_string_equal(agreement.supplement_requested_on, "");
    assert_string_equal(agreement.ended_on, "");
    assert_int_equal(agreement.failures, 1);
}

static void the_best_agreement_makes_the_state(void **state)
{
    AgreementState a, b, *list[] = {&a, &b};
    AgreementsState agreements;
    (void)state;
    medhub__state__v1__agreement__init(&a);
    medhub__state__v1__agreement__init(&b);
    medhub__state__v1__agreements__init(&agreements);
    assert_int_equal(agreement_organisation_state(NULL), STATE_UNSPECIFIED);
    agreements.agreements = list;
    agreements.n_agreements = 2;
    a.stage = AGREEMENT_ENDED;
    b.stage = AGREEMENT_PUBLISHED;
    assert_int_equal(agreement_organisation_state(&agreements), STATE_TESTED);
    b.stage = AGREEMENT_PAUSED;
    assert_int_equal(agreement_organisation_state(&agreements), STATE_SUSPENDED);
    agreements.taken_over = STATE_LIVE;
    assert_int_equal(agreement_organisation_state(&agreements), STATE_LIVE);
}

/* --- days --- */

static date_t day(const char *text)
{
    return date_parse(bytes_of(text));
}

static void months_end_on_the_last_day_at_the_latest(void **state)
{
    (void)state;
    assert_int_equal(date_after_months(day("2026-01-31"), 1), day("2026-02-28"));
    assert_int_equal(date_after_months(day("2024-02-29"), 12), day("2025-02-28"));
    assert_int_equal(date_after_months(day("2026-05-31"), -3), day("2026-02-28"));
    assert_int_equal(date_after_months(day("2026-11-15"), 2), day("2027-01-15"));
    assert_int_equal(date_after_months(day("9999-12-01"), 1), DATE_NONE);
    assert_int_equal(date_after_months(DATE_NONE, 1), DATE_NONE);
}

static void a_working_day_that_the_calendar_does_not_know_is_not_guessed(void **state)
{
    struct calendar *calendar = calendar_new();
    const struct deadline_row *answer = deadline_row_of("answer");
    (void)state;
    assert_true(calendar_set(calendar, day("2026-03-03"), true));
    assert_int_equal(deadline_due(answer, calendar, day("2026-03-02"), 1, DATE_NONE), day("2026-03-03"));
    assert_int_equal(deadline_due(answer, calendar, day("2026-03-02"), 2, DATE_NONE), DATE_NONE);
    assert_int_equal(deadline_due(deadline_row_of("pause"), calendar, day("2026-03-02"), 180, DATE_NONE),
                     day("2026-08-29"));
    calendar_free(calendar);
}

static bool is_cited(const char *parameter)
{
    for (size_t i = 0; i < AGREEMENT_RULES; i++)
        if (agreement_rules[i].parameter != NULL && strcmp(agreement_rules[i].parameter, parameter) == 0)
            return true;
    return false;
}

static void each_deadline_has_a_rule_that_cites_its_parameter(void **state)
{
    (void)state;
    for (size_t i = 0; i < deadline_row_count; i++)
        if (deadline_rows[i].parameter != NULL)
            assert_true(is_cited(deadline_rows[i].parameter));
}

static void a_timer_names_region_and_deadline(void **state)
{
    struct arena *arena = arena_new(1024, 1024);
    const char *region, *name;
    (void)state;
    assert_true(deadline_of_timer("agreement/650100/paper_review", arena, &region, &name));
    assert_string_equal(region, "650100");
    assert_string_equal(name, "paper_review");
    assert_false(deadline_of_timer("claim/N-1", arena, &region, &name));
    assert_false(deadline_of_timer("agreement/650100", arena, &region, &name));
    arena_free(arena);
}

/* --- reports --- */

#define HOSPITAL "H65010200009"

struct proof {
    struct trial *trial;
    struct signing_key *key;
    ConformanceReport report;
    uint8_t public_key[SIGNING_PUBLIC_BYTES_MAX], signature[SIGNATURE_BYTES_MAX];
    Medhub__Registry__V1__Key registered;
};

static void put_operator(struct proof *proof, OrganisationKind kind)
{
    Medhub__Registry__V1__Key *keys[] = {&proof->registered};
    Organisation organisation;
    medhub__registry__v1__organisation__init(&organisation);
    organisation.id = chars("medhub");
    organisation.kind = kind;
    organisation.keys = keys;
    organisation.n_keys = 1;
    memory_put_table(proof->trial->world, TABLE_REGISTRY, "medhub", REGION_NATION, "2025-01-01", "",
                     &organisation.base);
}

static void sign(struct proof *proof)
{
    struct arena *arena = arena_new(1024, 4096);
    struct fault fault;
    size_t length = 0;
    struct bytes statement = conformance_statement(arena, HOSPITAL, "650100", &proof->report);
    assert_int_equal(signing_key_sign(proof->key, statement, proof->signature, &length, &fault), STATUS_OK);
    proof->report.signature = (ProtobufCBinaryData){length, proof->signature};
    arena_free(arena);
}

static struct proof *prove(enum signing_algorithm algorithm)
{
    struct fault fault;
    struct proof *proof = calloc(1, sizeof *proof);
    assert_non_null(proof);
    proof->trial = trial_new("2026-05-06T02:00:00Z");
    assert_int_equal(signing_key_generate(algorithm, &proof->key, &fault), STATUS_OK);
    medhub__registry__v1__key__init(&proof->registered);
    proof->registered.id = chars("k1");
    proof->registered.algorithm = algorithm == SIGNING_ED25519
                                      ? MEDHUB__REGISTRY__V1__KEY_ALGORITHM__KEY_ALGORITHM_ED25519
                                      : MEDHUB__REGISTRY__V1__KEY_ALGORITHM__KEY_ALGORITHM_SM2;
    proof->registered.public_key =
        (ProtobufCBinaryData){signing_key_public_bytes(proof->key, proof->public_key), proof->public_key};
    medhub__registry__v1__conformance_report__init(&proof->report);
    proof->report.digest = chars("4f4f");
    proof->report.cases = 12;
    proof->report.tested_on = chars("2026-05-06");
    proof->report.signer = chars("medhub");
    proof->report.key_id = chars("k1");
    sign(proof);
    put_operator(proof, ORGANISATION_HUB_OPERATOR);
    return proof;
}

static void proof_free(struct proof *proof)
{
    signing_key_free(proof->key);
    trial_free(proof->trial);
    free(proof);
}

static const char *fault_of(struct proof *proof)
{
    view_init(&proof->trial->view, &memory_view_operations, proof->trial->world, proof->trial->arena,
              HOSPITAL, proof->trial->now_ms, proof->trial->calendar);
    return conformance_fault(&proof->trial->view, HOSPITAL, "650100", &proof->report);
}

static void a_report_that_the_operator_signed_holds(void **state)
{
    (void)state;
    for (int algorithm = SIGNING_ED25519; algorithm <= SIGNING_SM2_SM3; algorithm++) {
        struct proof *proof = prove((enum signing_algorithm)algorithm);
        assert_null(fault_of(proof));
        proof_free(proof);
    }
}

static void nothing_of_a_report_can_be_exchanged(void **state)
{
    struct proof *proof = prove(SIGNING_ED25519);
    (void)state;
    proof->report.digest = chars("4f50");
    assert_string_equal(fault_of(proof), "the signature does not hold");
    proof->report.digest = chars("4f4f");
    proof->report.cases = 13;
    assert_string_equal(fault_of(proof), "the signature does not hold");
    proof->report.cases = 12;
    proof->report.tested_on = chars("2026-05-07");
    assert_string_equal(fault_of(proof), "the signature does not hold");
    proof->report.tested_on = chars("2026-05-06");
    proof->signature[0] ^= 1;
    assert_string_equal(fault_of(proof), "the signature does not hold");
    proof->signature[0] ^= 1;
    assert_null(fault_of(proof));
    proof_free(proof);
}

static void only_a_valid_key_of_the_operator_signs(void **state)
{
    struct proof *proof = prove(SIGNING_ED25519);
    Timestamp ended;
    (void)state;
    proof->report.key_id = chars("k2");
    assert_string_equal(fault_of(proof), "the operator has no such key now");
    proof->report.key_id = chars("k1");
    google__protobuf__timestamp__init(&ended);
    ended.seconds = proof->trial->now_ms / 1000;
    proof->registered.valid_until = &ended;
    put_operator(proof, ORGANISATION_HUB_OPERATOR);
    assert_string_equal(fault_of(proof), "the operator has no such key now");
    put_operator(proof, ORGANISATION_HOSPITAL);
    assert_string_equal(fault_of(proof), "not of the hub's operator");
    proof_free(proof);
}

static void a_failed_case_is_no_proof(void **state)
{
    struct proof *proof = prove(SIGNING_ED25519);
    (void)state;
    proof->report.failed = 1;
    sign(proof);
    assert_string_equal(fault_of(proof), "not every case passed");
    proof_free(proof);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_stage_is_reached_and_every_step_is_somewhere_possible),
        cmocka_unit_test(a_connection_test_cannot_be_passed_over),
        cmocka_unit_test(a_new_application_forgets_the_old_one_but_its_failures),
        cmocka_unit_test(the_best_agreement_makes_the_state),
        cmocka_unit_test(months_end_on_the_last_day_at_the_latest),
        cmocka_unit_test(a_working_day_that_the_calendar_does_not_know_is_not_guessed),
        cmocka_unit_test(each_deadline_has_a_rule_that_cites_its_parameter),
        cmocka_unit_test(a_timer_names_region_and_deadline),
        cmocka_unit_test(a_report_that_the_operator_signed_holds),
        cmocka_unit_test(nothing_of_a_report_can_be_exchanged),
        cmocka_unit_test(only_a_valid_key_of_the_operator_signs),
        cmocka_unit_test(a_failed_case_is_no_proof),
    };
    return cmocka_run_group_tests_name("agreement", tests, NULL, NULL);
}

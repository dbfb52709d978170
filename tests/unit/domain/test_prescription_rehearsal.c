// links: dep::jansson
/* A candidate's connection test: what it uploads, claims and dispenses is judged by every rule, and nothing comes of it. */
#include "domain/prescription_rehearsal.h"

#include "support/stage.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define REVIEWED "\"national_number\": \"" REHEARSAL_REVIEWED "\""
#define APPROVED "\"national_number\": \"" REHEARSAL_APPROVED "\""
#define DRUG(n)                                                                                              \
    "\"lines\": [{\"line_number\": \"1\", \"catalogue_code\": \"" REHEARSAL_DRUG                             \
    "\", \"generic_name\": \"" REHEARSAL_DRUG "\", \"quantity\": " n "}]"

static int set_up(void **state)
{
    struct stage *stage = stage_new("tests/scenario/world.yaml", NULL);
    stage_set_clock(stage, 1772416800000); /* 2026-03-02 10:00 */
    stage->trial->conformance = true;
    *state = stage;
    return 0;
}

static int tear_down(void **state)
{
    stage_free(*state);
    return 0;
}

/* WHO says TYPE, changed by WITH; CODE: of the refusal, NULL: accepted, and nothing comes of it. */
static void says(struct stage *stage, const char *who, const char *type, const char *with, const char *code)
{
    json_t *changes = json_loads(with, 0, NULL);
    assert_non_null(changes);
    json_t *data = stage_data(stage, type, changes);
    stage_try(stage, &(struct said){stage_id_of(stage, who), "e", stage_type(type), data, NULL});
    if (code == NULL)
        assert_accepted(stage->trial);
    else
        assert_refused(stage->trial, code);
    assert_int_equal(stage->trial->decision.fact_count, 0);
    assert_int_equal(stage->trial->decision.write_count, 0);
    assert_int_equal(stage->trial->decision.delivery_count, 0);
    json_decref(data);
    json_decref(changes);
}

static void a_hospital_uploads_the_drug_of_the_test(void **state)
{
    says(*state, "市一医院", "uploaded", "{" DRUG("2") "}", NULL);
    says(*state, "市一医院", "uploaded", "{\"diagnoses[0].main\": false, " DRUG("2") "}", "prescription.main_diagnosis");
    says(*state, "市一医院", "uploaded", "{\"lines[0].catalogue_code\": \"ANOTHER\"}", "prescription.line_not_on_catalogue");
}

static void a_pharmacy_claims_and_dispenses_its_prescriptions(void **state)
{
    says(*state, "惠民药店", "claimed", "{" REVIEWED "}", NULL);
    says(*state, "惠民药店", "dispensed", "{" APPROVED ", " DRUG("2") "}", NULL);
    says(*state, "惠民药店", "claimed", "{" REVIEWED "}", NULL); /* it still stands where it stood */
}

static void every_rule_judges_it(void **state)
{
    says(*state, "惠民药店", "claimed", "{" APPROVED "}", "prescription.move_not_possible");
    says(*state, "惠民药店", "dispensed", "{" REVIEWED ", " DRUG("2") "}", "prescription.move_not_possible");
    says(*state, "惠民药店", "dispensed", "{" APPROVED ", " DRUG("3") "}", "prescription.quantity_exceeded");
    says(*state, "惠民药店", "claimed", "{\"national_number\": \"N-1\"}", "prescription.unknown");
}

static void nobody_else_sees_them(void **state)
{
    struct stage *stage = *state;
    stage->trial->conformance = false;
    says(stage, "惠民药店", "claimed", "{" REVIEWED "}", "prescription.unknown");
    says(stage, "市一医院", "uploaded", "{" DRUG("2") "}", "prescription.line_not_on_catalogue");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_hospital_uploads_the_drug_of_the_test, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_pharmacy_claims_and_dispenses_its_prescriptions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_rule_judges_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nobody_else_sees_them, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

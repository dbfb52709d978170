#include "domain/prescription.h"

#include "support/trial.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define UPLOADED    "medhub.prescription.uploaded.v1"
#define HOSPITAL_ID "H65010200001"
#define PERSON      "person-1"
#define DRUG        "XA02BCA211A012010100154"

/* A prescription that every rule accepts; a test spoils one thing. */
struct fixture {
    struct trial *trial;
    PrescriptionUploaded said;
    Timestamp issued_at, valid_until;
    Medhub__Common__V1__Practitioner doctor;
    Medhub__Prescription__V1__Diagnosis diagnosis, *diagnoses[1];
    PrescriptionLine line, *lines[1];
    Quantity quantity;
};

static Timestamp moment(const char *text)
{
    Timestamp timestamp = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    assert_true(moment_parse(bytes_of(text), &timestamp.seconds, &timestamp.nanos));
    return timestamp;
}

static void register_hospital(struct fixture *fixture, int kind, int state, const char *designated_until)
{
    Organisation hospital = MEDHUB__REGISTRY__V1__ORGANISATION__INIT;
    hospital.id = chars(HOSPITAL_ID);
    hospital.kind = (OrganisationKind)kind;
    hospital.state = (OrganisationState)state;
    hospital.region = chars("650102");
    hospital.designated_from = chars("2025-01-01");
    hospital.designated_until = chars(designated_until);
    memory_put_table(fixture->trial->world, TABLE_REGISTRY, HOSPITAL_ID, REGION_NATION, "2025-01-01", "",
                     &hospital.base);
}

static void list_drug(struct fixture *fixture, const char *region, const char *from, const char *until)
{
    CatalogueItem item = MEDHUB__CATALOGUE__V1__ITEM__INIT;
    item.kind = KIND_WESTERN_DRUG;
    item.code = chars(DRUG);
    memory_put_table(fixture->trial->world, TABLE_CATALOGUE, "WESTERN_DRUG/" DRUG, region, from, until,
                     &item.base);
}

static void fill(struct fixture *fixture)
{
    PrescriptionUploaded *said = &fixture->said;
    medhub__prescription__v1__uploaded__init(said);
    fixture->issued_at = moment("2026-01-31T03:00:00Z");
    fixture->valid_until = moment("2026-02-02T03:00:00Z");
    medhub__common__v1__practitioner__init(&fixture->doctor);
    medhub__prescription__v1__diagnosis__init(&fixture->diagnosis);
    medhub__prescription__v1__line__init(&fixture->line);
    medhub__common__v1__quantity__init(&fixture->quantity);
    fixture->diagnosis.code = chars("K25.901");
    fixture->diagnosis.main = true;
    fixture->diagnoses[0] = &fixture->diagnosis;
    fixture->quantity.e4 = 20000;
    fixture->line.catalogue_code = chars(DRUG);
    fixture->line.quantity = &fixture->quantity;
    fixture->lines[0] = &fixture->line;
    said->person = chars(PERSON);
    said->hospital_number = chars("RX-1");
    said->national_number = chars("N-1");
    said->institution = chars(HOSPITAL_ID);
    said->doctor = &fixture->doctor;
    said->region_of_care = chars("650102");
    said->region_of_insurance = chars("650100");
    said->kind = LINE_WESTERN;
    said->issued_at = &fixture->issued_at;
    said->valid_until = &fixture->valid_until;
    said->n_diagnoses = 1;
    said->diagnoses = fixture->diagnoses;
    said->n_lines = 1;
    said->lines = fixture->lines;
}

static int set_up(void **state)
{
    static struct fixture fixture;
    fixture.trial = trial_new("2026-01-31T03:00:05Z");
    register_hospital(&fixture, ORGANISATION_HOSPITAL, STATE_LIVE, "");
    list_drug(&fixture, REGION_NATION, "2026-01-01", "");
    fill(&fixture);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    trial_free(((struct fixture *)*state)->trial);
    return 0;
}

static void submit(struct fixture *fixture)
{
    trial_submit(fixture->trial, UPLOADED, HOSPITAL_ID, PERSON, &fixture->said.base);
}

/* --- accepted --- */

static void a_right_prescription_becomes_a_fact_a_row_and_a_timer(void **state)
{
    struct fixture *fixture = *state;
    const struct decision *decision = &fixture->trial->decision;
    submit(fixture);
    assert_accepted(fixture->trial);
    assert_int_equal(fixture->trial->event.findings.count, 0);
    assert_int_equal(decision->fact_count, 1);
    assert_ptr_equal(decision->facts[0].original.data, fixture->trial->event.value.data);
    assert_int_equal(decision->write_count, 3);
    assert_string_equal(decision->writes[2].name, "medication");
    assert_string_equal(decision->writes[0].name, "prescription/N-1");
    assert_string_equal(decision->writes[1].name, "prescription/" HOSPITAL_ID "/RX-1");
    assert_int_equal(decision->timer_count, 1);
    assert_string_equal(decision->timers[0].name, "prescription/N-1");
    Timestamp midnight = moment("2026-02-02T16:00:00Z"); /* 3 February, 00:00 in China */
    assert_int_equal(decision->timers[0].due_ms, midnight.seconds * 1000);
}

static void each_recipient_sees_what_it_may(void **state)
{
    struct fixture *fixture = *state;
    submit(fixture);
    assert_int_equal(fixture->trial->decision.delivery_count, 3);
    assert_int_equal(trial_delivery(fixture->trial, 0, "circulation@650100"), VISIBLE_ALL);
    assert_int_equal(trial_delivery(fixture->trial, 0, "insurer@650100"), VISIBLE_ALL);
    assert_int_equal(trial_delivery(fixture->trial, 0, "pharmacy@650100"),
                     VISIBLE_PUBLIC | VISIBLE_ORGANISATION | VISIBLE_CLINICAL);
}

static void the_fact_can_say_what_it_was_decided_on(void **state)
{
    struct fixture *fixture = *state;
    submit(fixture);
    assert_int_equal(fixture->trial->view.consulted_count, 6);
    assert_string_equal(fixture->trial->view.consulted[0].table, TABLE_REGISTRY);
    assert_string_equal(fixture->trial->view.consulted[1].key, "WESTERN_DRUG/" DRUG);
    assert_string_equal(fixture->trial->view.consulted[1].region, REGION_NATION);
    assert_string_equal(fixture->trial->view.consulted[2].key, "PAYMENT_LIMIT/XA02BCA211A0");
    assert_int_equal(fixture->trial->view.consulted[2].version, 0);
    assert_string_equal(fixture->trial->view.consulted[3].table, TABLE_PRACTITIONER);
    assert_string_equal(fixture->trial->view.consulted[4].key, "registry.practitioners_complete");
    assert_string_equal(fixture->trial->view.consulted[5].key, "registry.licences_complete");
}

static void the_lines_may_stand_on_the_catalogue_of_the_region(void **state)
{
    struct fixture *fixture = *state;
    list_drug(fixture, REGION_NATION, "2026-01-01", "2026-01-30");
    list_drug(fixture, "650000", "2026-01-01", "");
    submit(fixture);
    assert_accepted(fixture->trial);
}

/* --- refused, each with its citation --- */

static void the_person_must_be_the_key(void **state)
{
    struct fixture *fixture = *state;
    fixture->said.person = chars("person-2");
    submit(fixture);
    assert_refused(fixture->trial, "prescription.person_differs");
    assert_finding(fixture->trial, SEVERITY_REFUSE, "prescription.person_differs", "person", "***",
                   "the key of the event", "甘医保发〔2021〕118号");
}

static void the_issuer_must_say_it_itself(void **state)
{
    struct fixture *fixture = *state;
    trial_submit(fixture->trial, UPLOADED, "H65010200002", PERSON, &fixture->said.base);
    assert_finding(fixture->trial, SEVERITY_REFUSE, "prescription.source_is_not_issuer", "institution",
                   HOSPITAL_ID, "the source, H65010200002", "津医保局发〔2021〕106号《支持处方流转医保政策》：处方实时上传");
}

static void the_issuer_must_be_designated_on_the_day(void **state)
{
    struct fixture *fixture = *state;
    register_hospital(fixture, ORGANISATION_HOSPITAL, STATE_LIVE, "2026-01-30");
    submit(fixture);
    assert_refused(fixture->trial, "prescription.issuer_not_designated");
    assert_finding(fixture->trial, SEVERITY_REFUSE, "prescription.issuer_not_designated", "institution",
                   HOSPITAL_ID ": LIVE", "live and designated on 2026-01-31", "津医保局发〔2021〕106号");
    register_hospital(fixture, ORGANISATION_HOSPITAL, STATE_SUSPENDED, "");
    submit(fixture);
    assert_finding(fixture->trial, SEVERITY_REFUSE, "prescription.issuer_not_designated", "institution",
                   HOSPITAL_ID ": SUSPENDED", "live and designated on 2026-01-31", "津医保局发〔2021〕106号");
    register_hospital(fixture, ORGANISATION_HOSPITAL, STATE_LIVE, "2026-01-31");
    submit(fixture);
    assert_accepted(fixture->trial);
}

static void a_pharmacy_does_not_issue(void **state)
{
    struct fixture *fixture = *state;
    register_hospital(fixture, ORGANISATION_PHARMACY, STATE_LIVE, "");
    submit(fixture);
    assert_finding(fixture->trial, SEVERITY_REFUSE, "prescription.issuer_of_wrong_kind", "institution",
                   HOSPITAL_ID, "an organisation of kind HOSPITAL", "津医保局发〔2021〕106号");
}

static void a_line_must_be_on_the_catalogue_on_the_day_of_issue(void **state)
{
    struct fixture *fixture = *state;
    list_drug(fixture, REGION_NATION, "2026-01-01", "2026-01-30");
    submit(fixture);
    assert_refused(fixture->trial, "prescription.line_not_on_catalogue");
    assert_finding(fixture->trial, SEVERITY_REFUSE, "prescription.line_not_on_catalogue",
                   "lines[0].catalogueCode", "***", "on the catalogue of region 650100 on 2026-01-31",
                   "津医保局发〔2021〕106号");
}

static void a_quantity_must_be_positive(void **state)
{
    struct fixture *fixture = *state;
    fixture->quantity.e4 = 0;
    submit(fixture);
    assert_finding(fixture->trial, SEVERITY_REFUSE, "prescription.quantity_not_positive", "lines[0].quantity",
                   "***", "more than 0", "D001 drugCnt");
}

static void one_diagnosis_must_be_the_main_one(void **state)
{
    struct fixture *fixture = *state;
    fixture->diagnosis.main = false;
    submit(fixture);
    assert_finding(fixture->trial, SEVERITY_REFUSE, "prescription.main_diagnosis", "diagnoses",
                   "0 marked as main", "exactly one marked as main", "maindiagFlag");
}

static void it_must_not_end_before_it_was_issued(void **state)
{
    struct fixture *fixture = *state;
    fixture->valid_until = moment("2026-01-31T02:59:59Z");
    submit(fixture);
    assert_finding(fixture->trial, SEVERITY_REFUSE, "prescription.valid_until_before_issue", "validUntil",
                   "2026-01-31T02:59:59Z", "not before 2026-01-31T03:00:00Z", "valiEndTime");
}

static void without_a_last_moment_the_policy_counts_the_days(void **state)
{
    struct fixture *fixture = *state;
    fixture->said.valid_until = NULL;
    submit(fixture);
    assert_refused(fixture->trial, "policy.missing");
    assert_finding(fixture->trial, SEVERITY_REFUSE, "policy.missing", "", "none",
                   "a value of prescription.valid_days_default for region 650102 on 2026-01-31", "第十八条");

    memory_put_policy_int(fixture->trial->world, PRESCRIPTION_VALID_DAYS, "650000", 3);
    submit(fixture);
    assert_accepted(fixture->trial);
    Timestamp midnight = moment("2026-02-02T16:00:00Z"); /* 31 January, 1 and 2 February */
    assert_int_equal(fixture->trial->decision.timers[0].due_ms, midnight.seconds * 1000);
}

static void a_national_number_is_uploaded_once(void **state)
{
    struct fixture *fixture = *state;
    submit(fixture);
    trial_apply(fixture->trial);
    fixture->said.hospital_number = chars("RX-2");
    submit(fixture);
    assert_refused(fixture->trial, "prescription.national_number_repeated");
    assert_finding(fixture->trial, SEVERITY_REFUSE, "prescription.national_number_repeated", "nationalNumber",
                   "N-1", "a number that was not uploaded before", "hiRxno");
    assert_null(trial_finding(fixture->trial, "prescription.hospital_number_repeated"));
}

static void a_hospital_number_is_used_once(void **state)
{
    struct fixture *fixture = *state;
    submit(fixture);
    trial_apply(fixture->trial);
    fixture->said.national_number = chars("N-2");
    submit(fixture);
    assert_finding(fixture->trial, SEVERITY_REFUSE, "prescription.hospital_number_repeated", "hospitalNumber",
                   "RX-1", "a number that " HOSPITAL_ID " did not use before", "hospRxno");
    assert_null(trial_finding(fixture->trial, "prescription.national_number_repeated"));
}

static void every_broken_rule_is_reported(void **state)
{
    struct fixture *fixture = *state;
    fixture->quantity.e4 = -1;
    fixture->diagnosis.main = false;
    fixture->line.catalogue_code = chars("X-unknown");
    submit(fixture);
    assert_int_equal(fixture->trial->event.findings.refusing, 3);
}

/* --- expiry --- */

static void an_open_prescription_expires(void **state)
{
    struct fixture *fixture = *state;
    const struct decision *decision = &fixture->trial->decision;
    submit(fixture);
    trial_apply(fixture->trial);
    trial_fire(fixture->trial, PRESCRIPTION_EXPIRY_TIMER, PERSON, "prescription/N-1");
    assert_accepted(fixture->trial);
    assert_int_equal(decision->fact_count, 1);
    assert_string_equal(decision->facts[0].type, PRESCRIPTION_EXPIRED_TYPE);
    const PrescriptionExpired *expired = (const PrescriptionExpired *)decision->facts[0].message;
    assert_string_equal(expired->person, PERSON);
    assert_string_equal(expired->national_number, "N-1");
    assert_int_equal(trial_delivery(fixture->trial, 0, HOSPITAL_ID), VISIBLE_ALL);
    assert_int_equal(trial_delivery(fixture->trial, 0, "insurer@650100"), VISIBLE_ALL);
    trial_apply(fixture->trial);

    trial_fire(fixture->trial, PRESCRIPTION_EXPIRY_TIMER, PERSON, "prescription/N-1");
    assert_accepted(fixture->trial);
    assert_int_equal(decision->fact_count, 0); /* once is enough */
}

static void a_dispensed_one_does_not_expire(void **state)
{
    struct fixture *fixture = *state;
    PrescriptionState dispensed = MEDHUB__STATE__V1__PRESCRIPTION__INIT;
    dispensed.status = PRESCRIPTION_DISPENSED;
    memory_put_state(fixture->trial->world, PERSON, "prescription/N-9", &dispensed.base);
    trial_fire(fixture->trial, PRESCRIPTION_EXPIRY_TIMER, PERSON, "prescription/N-9");
    assert_accepted(fixture->trial);
    assert_int_equal(fixture->trial->decision.fact_count, 0);
}

static void the_same_input_gives_the_same_decision(void **state)
{
    struct fixture *fixture = *state;
    struct arena *kept = arena_new(64 * 1024, 1024 * 1024);
    submit(fixture);
    struct bytes first = trial_bytes(fixture->trial, kept);
    submit(fixture);
    assert_true(bytes_equal(first, trial_bytes(fixture->trial, kept)));
    arena_free(kept);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_right_prescription_becomes_a_fact_a_row_and_a_timer),
        TEST(each_recipient_sees_what_it_may),
        TEST(the_fact_can_say_what_it_was_decided_on),
        TEST(the_lines_may_stand_on_the_catalogue_of_the_region),
        TEST(the_person_must_be_the_key),
        TEST(the_issuer_must_say_it_itself),
        TEST(the_issuer_must_be_designated_on_the_day),
        TEST(a_pharmacy_does_not_issue),
        TEST(a_line_must_be_on_the_catalogue_on_the_day_of_issue),
        TEST(a_quantity_must_be_positive),
        TEST(one_diagnosis_must_be_the_main_one),
        TEST(it_must_not_end_before_it_was_issued),
        TEST(without_a_last_moment_the_policy_counts_the_days),
        TEST(a_national_number_is_uploaded_once),
        TEST(a_hospital_number_is_used_once),
        TEST(every_broken_rule_is_reported),
        TEST(an_open_prescription_expires),
        TEST(a_dispensed_one_does_not_expire),
        TEST(the_same_input_gives_the_same_decision),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

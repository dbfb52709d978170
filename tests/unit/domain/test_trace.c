#include "domain/trace.h"

#include "support/trial.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define SCANNED  "medhub.trace.item_scanned.v1"
#define HOSPITAL "H65010200001"
#define PRODUCT  "06926347962617"
#define CODE     "]d20106926347962617172801311021\x1d"
#define CODE_WITH_SERIAL                                                                                     \
    "0106926347962617172801311021\x1d"                                                                       \
    "21S-7"

/* A class III stent of a hospital, used on a person; a test spoils one thing. */
struct fixture {
    struct trial *trial;
    ItemScanned said;
    Timestamp scanned_at;
    Quantity quantity;
    Medhub__Trace__V1__Use use;
};

static void fill(struct fixture *fixture)
{
    ItemScanned *said = &fixture->said;
    medhub__trace__v1__item_scanned__init(said);
    google__protobuf__timestamp__init(&fixture->scanned_at);
    medhub__common__v1__quantity__init(&fixture->quantity);
    medhub__trace__v1__use__init(&fixture->use);
    assert_true(moment_parse(bytes_of("2026-01-31T03:00:00Z"), &fixture->scanned_at.seconds,
                             &fixture->scanned_at.nanos));
    fixture->quantity.e4 = 10000;
    fixture->use.person = chars("person-1");
    fixture->use.site = chars("left coronary artery");
    fixture->use.purpose = chars("stenosis");
    said->product = chars(PRODUCT);
    said->step = STEP_USED;
    said->code = chars(CODE_WITH_SERIAL);
    said->device_class = DEVICE_CLASS_III;
    said->made_on = chars("2025-01-31");
    said->holder = chars(HOSPITAL);
    said->scanned_at = &fixture->scanned_at;
    said->region = chars("650102");
    said->name = chars("stent");
    said->specification = chars("3.0 x 18 mm");
    said->quantity = &fixture->quantity;
    said->use = &fixture->use;
}

/* As shipped, but for what an item's registration and purchase say: those have tests of their own. */
static void put_policy(struct memory_view *world)
{
    static const struct {
        const char *name;
        int value;
    } switches[] = {
        {"trace.sold_after_expiry.refuse", 1},     {"trace.sold_twice.refuse", 0},
        {"trace.udi_missing.refuse", 1},           {"trace.use_not_recorded.refuse", 1},
        {"trace.not_registered.refuse", 0},        {"trace.restricted_use.refuse", 1},
        {"trace.split_exceeded.refuse", 0},        {"trace.sold_without_purchase.refuse", 0},
        {"trace.settled_twice.refuse", 0},         {"trace.code_swapped.refuse", 0},
        {"trace.codes_differ.refuse", 0},          {"trace.two_places.refuse", 0},
        {"trace.step_not_possible.refuse", 0},     {"trace.more_than_held.refuse", 0},
        {"trace.in_two_packs.refuse", 0},          {"trace.more_out_than_in.refuse", 0},
        {"trace.travel_km_per_hour", 900},         {"trace.clock_skew_minutes", 10},
    };
    for (size_t i = 0; i < sizeof switches / sizeof *switches; i++)
        memory_put_policy_int(world, switches[i].name, REGION_NATION, switches[i].value);
    memory_put_policy_date(world, "trace.purchase_required_from", REGION_NATION, "2030-01-01");
}

static void register_device(struct memory_view *world)
{
    Device device = MEDHUB__TRACE__V1__DEVICE__INIT;
    device.product = chars(PRODUCT);
    device.name = chars("stent");
    memory_put_table(world, TABLE_DEVICE, PRODUCT, REGION_NATION, "2021-01-01", "", &device.base);
}

static int set_up(void **state)
{
    static struct fixture fixture;
    fixture.trial = trial_new("2026-01-31T03:00:05Z");
    memory_put_policy_date(fixture.trial->world, TRACE_UDI_REQUIRED_FROM, REGION_NATION, "2022-06-01");
    put_policy(fixture.trial->world);
    register_device(fixture.trial->world);
    fill(&fixture);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    trial_free(((struct fixture *)*state)->trial);
    return 0;
}

static void scan(struct fixture *fixture)
{
    trial_submit(fixture->trial, SCANNED, HOSPITAL, PRODUCT, &fixture->said.base);
}

/* --- accepted --- */

static void a_right_scan_becomes_a_fact_and_a_row(void **state)
{
    struct fixture *fixture = *state;
    scan(fixture);
    assert_accepted(fixture->trial);
    assert_int_equal(fixture->trial->event.findings.count, 0);
    assert_int_equal(fixture->trial->decision.fact_count, 1);
    assert_string_equal(fixture->trial->decision.writes[0].name, "serial/S-7");
    const ScannedItemState *row = (const ScannedItemState *)fixture->trial->decision.writes[0].message;
    assert_int_equal(row->used, 1);
    assert_string_equal(row->lot, "21");
    assert_int_equal(row->expires_day, date_parse(bytes_of("2028-01-31")));
    assert_string_equal(row->holder, HOSPITAL);
}

static void those_who_follow_the_item_do_not_see_the_patient(void **state)
{
    struct fixture *fixture = *state;
    fixture->said.step = MEDHUB__TRACE__V1__STEP__STEP_OUTBOUND;
    fixture->said.holder = chars("H65010200002");
    scan(fixture);
    const unsigned expected = VISIBLE_PUBLIC | VISIBLE_ORGANISATION;
    assert_int_equal(trial_delivery(fixture->trial, 0, "trace_platform@650000"), expected);
    assert_int_equal(trial_delivery(fixture->trial, 0, "regulator@650000"), expected);
    assert_int_equal(trial_delivery(fixture->trial, 0, "H65010200002"), expected);
}

static void an_item_without_serial_counts_for_its_lot(void **state)
{
    struct fixture *fixture = *state;
    fixture->said.code = chars(CODE);
    scan(fixture);
    assert_accepted(fixture->trial);
    assert_int_equal(fixture->trial->decision.write_count, 1);
    assert_string_equal(fixture->trial->decision.writes[0].name, "held/21/" HOSPITAL);
}

static void a_drug_trace_code_is_product_and_serial(void **state)
{
    struct fixture *fixture = *state;
    fixture->said.device_class = MEDHUB__TRACE__V1__DEVICE_CLASS__DEVICE_CLASS_UNSPECIFIED;
    fixture->said.step = STEP_SOLD;
    fixture->said.product = chars("8385793");
    fixture->said.code = chars("83857930000879766660");
    trial_submit(fixture->trial, SCANNED, HOSPITAL, "8385793", &fixture->said.base);
    assert_accepted(fixture->trial);
    assert_string_equal(fixture->trial->decision.writes[0].name, "serial/0000879766660");
}

static void a_code_of_another_system_is_taken_with_a_warning(void **state)
{
    struct fixture *fixture = *state;
    fixture->said.code_system = MEDHUB__TRACE__V1__CODE_SYSTEM__CODE_SYSTEM_MA;
    fixture->said.code = chars("MA.156.M0.100002.12345678");
    scan(fixture);
    assert_accepted(fixture->trial);
    assert_int_equal(trial_finding(fixture->trial, "trace.code_unreadable")->severity, SEVERITY_WARN);
}

/* --- refused --- */

static void a_wrong_check_digit_is_refused_with_its_place(void **state)
{
    struct fixture *fixture = *state;
    fixture->said.code = chars("0106926347962618");
    scan(fixture);
    assert_refused(fixture->trial, "trace.code_unreadable");
    assert_finding(fixture->trial, SEVERITY_REFUSE, "trace.code_unreadable", "code",
                   "code.check_digit at byte 15", "a GS1 element string or a 20-digit drug trace code",
                   "《GS1 General Specifications》：7.8");
}

static void what_is_said_to_be_a_drug_code_must_be_one(void **state)
{
    struct fixture *fixture = *state;
    fixture->said.code_system = CODE_DRUG_TRACE;
    scan(fixture);
    assert_finding(fixture->trial, SEVERITY_REFUSE, "trace.code_unreadable", "code",
                   "not 20 digits beginning with 8", "a drug trace code", "《GS1 General Specifications》");
}

static void the_code_must_name_the_product(void **state)
{
    struct fixture *fixture = *state;
    fixture->said.product = chars("06931718175589");
    trial_submit(fixture->trial, SCANNED, HOSPITAL, "06931718175589", &fixture->said.base);
    assert_refused(fixture->trial, "trace.product_differs");
    assert_finding(fixture->trial, SEVERITY_REFUSE, "trace.product_differs", "product", "06931718175589",
                   PRODUCT, "甘药监发〔2021〕184号");
}

static void the_product_must_be_the_key(void **state)
{
    struct fixture *fixture = *state;
    trial_submit(fixture->trial, SCANNED, HOSPITAL, "06931718175589", &fixture->said.base);
    assert_finding(fixture->trial, SEVERITY_REFUSE, "trace.product_differs", "product", PRODUCT,
                   "06931718175589", "甘药监发〔2021〕184号");
}

static void fields_must_say_what_the_label_says(void **state)
{
    struct fixture *fixture = *state;
    fixture->said.lot = chars("22");
    fixture->said.serial = chars("S-7");
    scan(fixture);
    assert_refused(fixture->trial, "trace.label_differs");
    assert_finding(fixture->trial, SEVERITY_REFUSE, "trace.label_differs", "lot", "22", "21", "甘药监发〔2021〕184号");
    fixture->said.lot = chars("");
    fixture->said.expires_on = chars("2028-02-01");
    scan(fixture);
    assert_finding(fixture->trial, SEVERITY_REFUSE, "trace.label_differs", "expiresOn", "2028-02-01",
                   "2028-01-31", "甘药监发〔2021〕184号");
}

static void class_iii_made_since_the_day_needs_a_udi(void **state)
{
    struct fixture *fixture = *state;
    fixture->said.code = chars("");
    fixture->said.made_on = chars("2022-06-01");
    scan(fixture);
    assert_refused(fixture->trial, "trace.udi_missing");
    assert_finding(fixture->trial, SEVERITY_REFUSE, "trace.udi_missing", "code",
                   "no code, made on 2022-06-01", "a UDI if made on or after 2022-06-01",
                   "甘药监发〔2021〕184号");
}

static void class_iii_made_before_may_be_without(void **state)
{
    struct fixture *fixture = *state;
    fixture->said.code = chars("");
    fixture->said.made_on = chars("2022-05-31");
    scan(fixture);
    assert_accepted(fixture->trial);
}

static void without_code_the_day_of_production_must_be_known(void **state)
{
    struct fixture *fixture = *state;
    fixture->said.code = chars("");
    fixture->said.made_on = chars("");
    scan(fixture);
    assert_finding(fixture->trial, SEVERITY_REFUSE, "trace.udi_missing", "madeOn",
                   "no code and no date of production", "a UDI, or made before 2022-06-01", "甘药监发〔2021〕184号");
}

static void other_classes_and_returns_may_be_without(void **state)
{
    struct fixture *fixture = *state;
    fixture->said.code = chars("");
    fixture->said.step = STEP_RETURNED;
    scan(fixture);
    assert_accepted(fixture->trial);
    fixture->said.step = STEP_SOLD;
    fixture->said.device_class = MEDHUB__TRACE__V1__DEVICE_CLASS__DEVICE_CLASS_II;
    scan(fixture);
    assert_accepted(fixture->trial);
}

static void the_use_of_class_iii_is_recorded_in_full(void **state)
{
    struct fixture *fixture = *state;
    fixture->said.name = chars("");
    fixture->use.purpose = chars("");
    scan(fixture);
    assert_refused(fixture->trial, "trace.use_not_recorded");
    assert_int_equal(fixture->trial->event.findings.refusing, 2);
    assert_finding(fixture->trial, SEVERITY_REFUSE, "trace.use_not_recorded", "name", "",
                   "recorded with the use", "《医用耗材支付管理办法（试行，征求意见稿）》（2025，未载文号）：第三类耗材使用登记");
}

/* --- alerts --- */

static void move_to(struct fixture *fixture, const char *moment)
{
    assert_true(moment_parse(bytes_of(moment), &fixture->scanned_at.seconds, &fixture->scanned_at.nanos));
    fixture->trial->now_ms = timestamp_ms(&fixture->scanned_at);
}

static void an_expired_item_is_not_used(void **state)
{
    struct fixture *fixture = *state;
    move_to(fixture, "2028-01-31T03:00:00Z");
    scan(fixture);
    assert_accepted(fixture->trial);
    move_to(fixture, "2028-02-01T03:00:00Z");
    scan(fixture);
    assert_refused(fixture->trial, "trace.given_away_after_expiry");
    assert_finding(fixture->trial, SEVERITY_REFUSE, "trace.given_away_after_expiry", "expiresOn",
                   "2028-01-31", "not before 2028-02-01", "国务院令第739号");
}

static void where_the_policy_says_so_expiry_is_an_alert(void **state)
{
    struct fixture *fixture = *state;
    memory_put_policy_int(fixture->trial->world, "trace.sold_after_expiry.refuse", "650000", 0);
    move_to(fixture, "2028-02-01T03:00:00Z");
    scan(fixture);
    assert_accepted(fixture->trial);
    assert_int_equal(fixture->trial->decision.fact_count, 2);
    const AlertRaised *alert = (const AlertRaised *)fixture->trial->decision.facts[1].message;
    assert_int_equal(alert->alert, ALERT_SOLD_AFTER_EXPIRY);
}

static void sell_twice(struct fixture *fixture)
{
    scan(fixture);
    assert_accepted(fixture->trial);
    trial_apply(fixture->trial);
    fixture->said.holder = chars("H65010200002");
    trial_submit(fixture->trial, SCANNED, "H65010200002", PRODUCT, &fixture->said.base);
}

static void a_serial_used_twice_raises_an_alert(void **state)
{
    struct fixture *fixture = *state;
    sell_twice(fixture);
    assert_accepted(fixture->trial);
    assert_finding(fixture->trial, SEVERITY_WARN, "trace.given_away_twice", "serial",
                   "S-7, sold or used before by " HOSPITAL,
                   "one sale or use for each serial, unless it was returned", "采集应用的通知");
    assert_int_equal(fixture->trial->decision.fact_count, 2);
    assert_string_equal(fixture->trial->decision.facts[1].type, TRACE_ALERT_TYPE);
    const AlertRaised *alert = (const AlertRaised *)fixture->trial->decision.facts[1].message;
    assert_int_equal(alert->alert, ALERT_SOLD_TWICE);
    assert_string_equal(alert->rule, "TR-102");
    assert_string_equal(alert->other_holder, HOSPITAL);
    assert_int_equal(alert->earlier_at->seconds, fixture->scanned_at.seconds);
    assert_int_not_equal(trial_delivery(fixture->trial, 1, "regulator@650000"), 0);
    assert_int_not_equal(trial_delivery(fixture->trial, 1, "insurer@650000"), 0);
}

static void where_the_policy_says_so_it_is_refused(void **state)
{
    struct fixture *fixture = *state;
    memory_put_policy_int(fixture->trial->world, "trace.sold_twice.refuse", "650000", 1);
    sell_twice(fixture);
    assert_refused(fixture->trial, "trace.given_away_twice");
}

static void a_return_makes_room_for_another_sale(void **state)
{
    struct fixture *fixture = *state;
    scan(fixture);
    trial_apply(fixture->trial);
    fixture->said.step = STEP_RETURNED;
    scan(fixture);
    assert_accepted(fixture->trial);
    trial_apply(fixture->trial);
    fixture->said.step = STEP_USED;
    scan(fixture);
    assert_accepted(fixture->trial);
    assert_int_equal(fixture->trial->decision.fact_count, 1);
    trial_apply(fixture->trial);
    scan(fixture);
    assert_int_equal(fixture->trial->decision.fact_count, 2);
}

static void a_return_to_the_supplier_is_not_a_sale_back(void **state)
{
    struct fixture *fixture = *state;
    fixture->said.step = STEP_RETURNED; /* never sold */
    scan(fixture);
    trial_apply(fixture->trial);
    fixture->said.step = STEP_USED;
    scan(fixture);
    trial_apply(fixture->trial);
    scan(fixture);
    assert_int_equal(fixture->trial->decision.fact_count, 2);
}

static void parts_of_a_pack_share_its_code(void **state)
{
    struct fixture *fixture = *state;
    fixture->said.split = true;
    sell_twice(fixture);
    assert_int_equal(fixture->trial->decision.fact_count, 1);
}

static void the_same_input_gives_the_same_decision(void **state)
{
    struct fixture *fixture = *state;
    struct arena *kept = arena_new(64 * 1024, 1024 * 1024);
    sell_twice(fixture);
    struct bytes first = trial_bytes(fixture->trial, kept);
    trial_submit(fixture->trial, SCANNED, "H65010200002", PRODUCT, &fixture->said.base);
    assert_true(bytes_equal(first, trial_bytes(fixture->trial, kept)));
    arena_free(kept);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_right_scan_becomes_a_fact_and_a_row),
        TEST(those_who_follow_the_item_do_not_see_the_patient),
        TEST(an_item_without_serial_counts_for_its_lot),
        TEST(a_drug_trace_code_is_product_and_serial),
        TEST(a_code_of_another_system_is_taken_with_a_warning),
        TEST(a_wrong_check_digit_is_refused_with_its_place),
        TEST(what_is_said_to_be_a_drug_code_must_be_one),
        TEST(the_code_must_name_the_product),
        TEST(the_product_must_be_the_key),
        TEST(fields_must_say_what_the_label_says),
        TEST(class_iii_made_since_the_day_needs_a_udi),
        TEST(class_iii_made_before_may_be_without),
        TEST(without_code_the_day_of_production_must_be_known),
        TEST(other_classes_and_returns_may_be_without),
        TEST(the_use_of_class_iii_is_recorded_in_full),
        TEST(an_expired_item_is_not_used),
        TEST(where_the_policy_says_so_expiry_is_an_alert),
        TEST(a_serial_used_twice_raises_an_alert),
        TEST(where_the_policy_says_so_it_is_refused),
        TEST(a_return_makes_room_for_another_sale),
        TEST(a_return_to_the_supplier_is_not_a_sale_back),
        TEST(parts_of_a_pack_share_its_code),
        TEST(the_same_input_gives_the_same_decision),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "domain/catalogue_lookup.h"

#include "support/trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define XINJIANG "650000"
#define CITY     "650100"
#define COUNTY   "650102"
#define HOSPITAL "H65010200001"

static struct trial *trial;
static struct catalogue_answer answer;

static int set_up(void **state)
{
    (void)state;
    trial = trial_new("2026-01-31T03:00:05Z");
    view_init(&trial->view, &memory_view_operations, trial->world, trial->arena, "", trial->now_ms, trial->calendar);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    trial_free(trial);
    return 0;
}

/* A row of WESTERN_DRUG/CODE called NAME. */
static void put(const char *code, const char *region, const char *from, const char *until, const char *name, bool protected_)
{
    CatalogueItem item = MEDHUB__CATALOGUE__V1__ITEM__INIT;
    char key[128];
    item.kind = KIND_WESTERN_DRUG;
    item.code = chars(code);
    item.name = chars(name);
    item.region = chars(region);
    item.release = chars("NRDL-2025");
    item.nationally_protected = protected_;
    (void)snprintf(key, sizeof key, "WESTERN_DRUG/%s", code);
    memory_put_table(trial->world, TABLE_CATALOGUE, key, region, from, until, &item.base);
}

static void put_map(const char *old, const char *code, Medhub__Catalogue__V1__MapReason reason)
{
    CatalogueItem item = MEDHUB__CATALOGUE__V1__ITEM__INIT;
    Medhub__Catalogue__V1__CodeMap map = MEDHUB__CATALOGUE__V1__CODE_MAP__INIT;
    char key[128];
    map.reason = reason;
    item.kind = KIND_CODE_MAP;
    item.mapped_code = chars(code);
    item.details_case = DETAILS_CODE_MAP;
    item.code_map = &map;
    (void)snprintf(key, sizeof key, "CODE_MAP/WESTERN_DRUG/%s", old);
    memory_put_table(trial->world, TABLE_CATALOGUE, key, REGION_NATION, "2025-01-01", "", &item.base);
}

static void put_formulary(const char *code, bool temporary)
{
    CatalogueItem item = MEDHUB__CATALOGUE__V1__ITEM__INIT;
    FormularyEntry entry = MEDHUB__CATALOGUE__V1__FORMULARY_ENTRY__INIT;
    char key[128];
    entry.temporary_purchase = temporary;
    item.kind = KIND_FORMULARY_ITEM;
    item.name = chars("in stock");
    item.region = chars(COUNTY);
    item.details_case = DETAILS_FORMULARY;
    item.formulary = &entry;
    (void)snprintf(key, sizeof key, "FORMULARY_ITEM/" HOSPITAL "/WESTERN_DRUG/%s", code);
    memory_put_table(trial->world, TABLE_CATALOGUE, key, COUNTY, "2025-01-01", "", &item.base);
}

static void ask_question(const struct catalogue_question *question)
{
    catalogue_lookup(&trial->view, question, &answer);
    assert_false(trial->view.failed);
}

static void ask_at(const char *code, const char *region, const char *institution, date_t date)
{
    struct catalogue_question question = {
        .kind = KIND_WESTERN_DRUG, .code = code, .region = region, .institution = institution, .date = date};
    ask_question(&question);
    assert_ptr_equal(catalogue_item_on(&trial->view, &question) == NULL, answer.item == NULL || answer.layer == LAYER_INSTITUTION);
}

static void ask(const char *code, const char *region, const char *institution, const char *day)
{
    ask_at(code, region, institution, date_parse(bytes_of(day)));
}

static void assert_row(const char *name, enum catalogue_layer layer, const char *region)
{
    assert_non_null(answer.item);
    assert_string_equal(answer.item->name, name);
    assert_int_equal(answer.layer, layer);
    assert_string_equal(answer.region, region);
}

static void assert_reasons(size_t count, enum catalogue_reason first, enum catalogue_reason second)
{
    assert_int_equal(answer.reason_count, count);
    assert_int_equal(answer.reasons[0], first);
    if (count > 1)
        assert_int_equal(answer.reasons[1], second);
}

static void regions_lie_over_the_nation(void **state)
{
    (void)state;
    put("A", REGION_NATION, "2026-01-01", "", "national", false);
    put("A", XINJIANG, "2026-01-01", "", "regional", false);
    ask("A", "620102", NULL, "2026-02-01");
    assert_row("national", LAYER_NATION, REGION_NATION);
    assert_reasons(1, REASON_NATIONAL_ROW, 0);
    assert_string_equal(answer.release, "NRDL-2025");
    ask("A", COUNTY, "", "2026-02-01");
    assert_row("regional", LAYER_REGION, XINJIANG);
    assert_reasons(1, REASON_REGIONAL_ROW, 0);
    put("A", CITY, "2026-02-01", "2026-02-28", "of the city", false);
    ask("A", COUNTY, NULL, "2026-02-28");
    assert_row("of the city", LAYER_REGION, CITY);
    ask("A", COUNTY, NULL, "2026-03-01");
    assert_row("regional", LAYER_REGION, XINJIANG);
}

static void protected_items_are_the_nations_whatever_a_region_has(void **state)
{
    (void)state;
    put("A", XINJIANG, "2025-01-01", "", "residual", false);
    put("A", REGION_NATION, "2026-01-01", "", "national", true);
    ask("A", COUNTY, NULL, "2025-12-31");
    assert_row("residual", LAYER_REGION, XINJIANG);
    ask("A", COUNTY, NULL, "2026-01-01");
    assert_row("national", LAYER_NATION, REGION_NATION);
    assert_reasons(1, REASON_PROTECTED, 0);
    const struct catalogue_question question = {
        .kind = KIND_WESTERN_DRUG, .code = "A", .region = COUNTY, .date = date_parse(bytes_of("2026-01-01"))};
    assert_string_equal(catalogue_item_on(&trial->view, &question)->name, "national");
}

static void old_and_new_stand_side_by_side_then_the_old_code_leads_to_the_new(void **state)
{
    (void)state;
    put("OLD", REGION_NATION, "2025-01-01", "2026-01-31", "old", false);
    put("NEW", REGION_NATION, "2026-01-01", "", "new", false);
    put_map("OLD", "NEW", MAP_SUPERSEDED);
    put_map("another name", "NEW", MAP_ALIAS);
    ask("OLD", COUNTY, NULL, "2026-01-31");
    assert_row("old", LAYER_NATION, REGION_NATION);
    ask("NEW", COUNTY, NULL, "2026-01-31");
    assert_row("new", LAYER_NATION, REGION_NATION);
    ask("OLD", COUNTY, NULL, "2026-02-01");
    assert_row("new", LAYER_NATION, REGION_NATION);
    assert_reasons(2, REASON_SUPERSEDED, REASON_NATIONAL_ROW);
    assert_string_equal(answer.key, "WESTERN_DRUG/NEW");
    ask("another name", COUNTY, NULL, "2026-02-01");
    assert_reasons(2, REASON_ALIAS, REASON_NATIONAL_ROW);
}

static void codes_that_lead_in_a_circle_end(void **state)
{
    (void)state;
    put_map("A", "B", MAP_SUPERSEDED);
    put_map("B", "A", MAP_SUPERSEDED);
    ask("A", COUNTY, NULL, "2026-02-01");
    assert_null(answer.item);
    assert_int_equal(answer.reasons[answer.reason_count - 1], REASON_NOTHING_ON_THAT_DAY);
}

static void an_institution_says_whether_it_has_it(void **state)
{
    (void)state;
    put("A", REGION_NATION, "2026-01-01", "", "national", false);
    put("B", REGION_NATION, "2026-01-01", "", "other", false);
    put_formulary("A", false);
    put_formulary("C", true);
    ask("A", COUNTY, HOSPITAL, "2026-02-01");
    assert_row("national", LAYER_NATION, REGION_NATION);
    assert_reasons(2, REASON_NATIONAL_ROW, REASON_IN_FORMULARY);
    assert_non_null(answer.formulary);
    ask("B", COUNTY, HOSPITAL, "2026-02-01");
    assert_reasons(2, REASON_NATIONAL_ROW, REASON_NOT_IN_FORMULARY);
    ask("C", COUNTY, HOSPITAL, "2026-02-01");
    assert_row("in stock", LAYER_INSTITUTION, COUNTY);
    assert_reasons(1, REASON_TEMPORARY_PURCHASE, 0);
    ask("D", COUNTY, HOSPITAL, "2026-02-01");
    assert_reasons(2, REASON_NOT_IN_FORMULARY, REASON_NOTHING_ON_THAT_DAY);
}

/* In China's time zone midnight is 16:00 UTC of the day before. */
static void the_cut_over_is_at_midnight_to_the_millisecond(void **state)
{
    (void)state;
    int64_t midnight_ms = date_begin_in_china_ms(date_parse(bytes_of("2026-01-01")));
    put("A", REGION_NATION, "2025-01-01", "2025-12-31", "of 2024", false);
    put("A", REGION_NATION, "2026-01-01", "", "of 2025", false);
    assert_int_equal(midnight_ms, INT64_C(1767196800000));
    ask_at("A", COUNTY, NULL, date_in_china(midnight_ms - 1));
    assert_row("of 2024", LAYER_NATION, REGION_NATION);
    assert_int_equal(answer.valid_until, date_parse(bytes_of("2025-12-31")));
    ask_at("A", COUNTY, NULL, date_in_china(midnight_ms));
    assert_row("of 2025", LAYER_NATION, REGION_NATION);
    assert_int_equal(answer.valid_until, DATE_NONE);
}

/* --- what the fund pays --- */

static void put_item(const char *region, CatalogueItem *item)
{
    char key[128];
    item->region = chars(region);
    (void)snprintf(key, sizeof key, "%s/%s", catalogue_kind_name(item->kind), item->code);
    memory_put_table(trial->world, TABLE_CATALOGUE, key, region, "2026-01-01", "", &item->base);
}

static void put_service(const char *region, bool across, bool at_home)
{
    CatalogueItem item = MEDHUB__CATALOGUE__V1__ITEM__INIT;
    Medhub__Catalogue__V1__ServiceItem service = MEDHUB__CATALOGUE__V1__SERVICE_ITEM__INIT;
    service.payable_across_provinces = across;
    service.payable_at_home = at_home;
    item.kind = KIND_SERVICE_ITEM;
    item.code = chars("S");
    item.details_case = DETAILS_SERVICE_ITEM;
    item.service_item = &service;
    put_item(region, &item);
}

static bool is_paid(CatalogueKind kind, const char *code, const char *insurance_type, bool across_provinces)
{
    ask_question(&(struct catalogue_question){.kind = kind,
                                              .code = code,
                                              .region = COUNTY,
                                              .date = date_parse(bytes_of("2026-02-01")),
                                              .insurance_type = insurance_type,
                                              .across_provinces = across_provinces});
    return answer.payable;
}

static void a_service_item_says_where_it_is_paid(void **state)
{
    static const struct {
        bool across, at_home, paid_across, paid_at_home;
    } cases[] = {{false, false, true, true}, {true, true, true, true}, {true, false, true, false}, {false, true, false, true}};
    (void)state;
    assert_false(is_paid(KIND_SERVICE_ITEM, "S", NULL, false)); /* listed nowhere */
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        put_service(REGION_NATION, cases[i].across, cases[i].at_home);
        assert_int_equal(is_paid(KIND_SERVICE_ITEM, "S", NULL, true), cases[i].paid_across);
        assert_int_equal(is_paid(KIND_SERVICE_ITEM, "S", NULL, false), cases[i].paid_at_home);
        assert_reasons(cases[i].paid_at_home ? 1 : 2, REASON_NATIONAL_ROW, REASON_NOT_PAID_AT_HOME);
    }
    is_paid(KIND_SERVICE_ITEM, "S", NULL, true);
    assert_reasons(2, REASON_NATIONAL_ROW, REASON_NOT_PAID_ACROSS_PROVINCES);
}

/* The nation's list is the one that is used across provinces; what a province pays for at home its own row says. */
static void across_provinces_the_nations_service_items_come_first(void **state)
{
    (void)state;
    put_service(REGION_NATION, true, false);
    put_service(XINJIANG, false, true);
    assert_true(is_paid(KIND_SERVICE_ITEM, "S", NULL, true));
    assert_row("", LAYER_NATION, REGION_NATION);
    assert_reasons(1, REASON_ACROSS_PROVINCES, 0);
    assert_true(is_paid(KIND_SERVICE_ITEM, "S", NULL, false));
    assert_row("", LAYER_REGION, XINJIANG);
    put_service(REGION_NATION, false, true);
    assert_false(is_paid(KIND_SERVICE_ITEM, "S", NULL, true)); /* the nation does not: the province of care decides */
    assert_row("", LAYER_REGION, XINJIANG);
}

static void some_are_never_paid_and_a_limit_names_the_insurance(void **state)
{
    CatalogueItem item = MEDHUB__CATALOGUE__V1__ITEM__INIT;
    PaymentLimit limit = MEDHUB__CATALOGUE__V1__PAYMENT_LIMIT__INIT;
    (void)state;
    item.kind = KIND_WESTERN_DRUG;
    item.code = chars("A");
    item.pay_class = PAY_CLASS_B;
    put_item(REGION_NATION, &item);
    assert_true(is_paid(KIND_WESTERN_DRUG, "A", "310", false));
    limit.insurance = LIMIT_MATERNITY;
    item.limit = &limit;
    put_item(REGION_NATION, &item);
    assert_false(is_paid(KIND_WESTERN_DRUG, "A", "310", false));
    assert_reasons(2, REASON_NATIONAL_ROW, REASON_NOT_OF_THE_INSURANCE);
    assert_true(is_paid(KIND_WESTERN_DRUG, "A", "510", false));
    assert_true(is_paid(KIND_WESTERN_DRUG, "A", NULL, false)); /* any insurance */
    assert_false(is_paid(KIND_WESTERN_DRUG, "A", "", false));  /* not said which */
    limit.insurance = LIMIT_WORK_INJURY;
    item.pay_class = PAY_CLASS_C;
    put_item(REGION_NATION, &item);
    assert_false(is_paid(KIND_WESTERN_DRUG, "A", "510", false));
    assert_int_equal(answer.reason_count, 3);
    assert_int_equal(answer.reasons[1], REASON_NEVER_PAID);
    item = (CatalogueItem)MEDHUB__CATALOGUE__V1__ITEM__INIT;
    item.kind = KIND_COMMERCIAL_DRUG;
    item.code = chars("N");
    put_item(REGION_NATION, &item);
    assert_false(is_paid(KIND_COMMERCIAL_DRUG, "N", "310", false));
    assert_reasons(2, REASON_NATIONAL_ROW, REASON_NEVER_PAID);
}

static int64_t price_limit_of(const char *day)
{
    ask("A", COUNTY, NULL, day);
    return answer.has_price_limit ? answer.price_limit_micro : -1;
}

/* Lowest of standard and ceiling; a region says either in a row of its own; while an agreement runs there is one for the nation. */
static void a_price_counts_up_to_standard_and_ceiling(void **state)
{
    CatalogueItem item = MEDHUB__CATALOGUE__V1__ITEM__INIT, regional = item;
    Medhub__Common__V1__Price ten = MEDHUB__COMMON__V1__PRICE__INIT, eight = ten, twelve = ten;
    (void)state;
    ten.micro_yuan = 10000000;
    eight.micro_yuan = 8000000;
    twelve.micro_yuan = 12000000;
    item.kind = KIND_WESTERN_DRUG;
    item.code = chars("A");
    put_item(REGION_NATION, &item);
    assert_int_equal(price_limit_of("2026-02-01"), -1);
    item.payment_standard = &ten;
    put_item(REGION_NATION, &item);
    assert_int_equal(price_limit_of("2026-02-01"), 10000000);
    item.price_limit = &eight;
    put_item(REGION_NATION, &item);
    assert_int_equal(price_limit_of("2026-02-01"), 8000000);
    item.price_limit = NULL;
    item.agreement_from = chars("2026-03-01");
    item.agreement_until = chars("2026-03-31");
    put_item(REGION_NATION, &item);
    regional.kind = KIND_PAYMENT_STANDARD;
    regional.code = chars("WESTERN_DRUG/A");
    regional.payment_standard = &twelve;
    put_item(XINJIANG, &regional);
    assert_int_equal(price_limit_of("2026-02-28"), 12000000);
    assert_int_equal(price_limit_of("2026-03-01"), 10000000);
    assert_int_equal(price_limit_of("2026-03-31"), 10000000);
    assert_int_equal(price_limit_of("2026-04-01"), 12000000);
}

static void every_reason_has_its_words(void **state)
{
    (void)state;
    for (enum catalogue_reason reason = 0; reason < CATALOGUE_REASONS; reason++) {
        const struct catalogue_reason_text *text = catalogue_reason_text(reason);
        assert_true(text->name[0] != '\0' && text->zh[0] != '\0' && text->en[0] != '\0');
    }
    assert_string_equal(catalogue_layer_name(LAYER_INSTITUTION), "INSTITUTION");
}

static void without_memory_the_view_has_failed(void **state)
{
    (void)state;
    put("A", XINJIANG, "2026-01-01", "", "regional", false);
    int failed = 0;
    for (size_t limit = 16; limit < 2048; limit += 16) {
        struct arena *small = arena_new(limit, limit);
        view_init(&trial->view, &memory_view_operations, trial->world, small, "", trial->now_ms, trial->calendar);
        catalogue_lookup(&trial->view,
                         &(struct catalogue_question){
                             .kind = KIND_WESTERN_DRUG, .code = "A", .region = COUNTY, .institution = HOSPITAL, .date = 20500},
                         &answer);
        failed += trial->view.failed;
        assert_true(trial->view.failed || answer.item != NULL);
        arena_free(small);
    }
    assert_true(failed > 3 && failed < 100);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(regions_lie_over_the_nation),
        TEST(protected_items_are_the_nations_whatever_a_region_has),
        TEST(old_and_new_stand_side_by_side_then_the_old_code_leads_to_the_new),
        TEST(codes_that_lead_in_a_circle_end),
        TEST(an_institution_says_whether_it_has_it),
        TEST(the_cut_over_is_at_midnight_to_the_millisecond),
        TEST(a_service_item_says_where_it_is_paid),
        TEST(across_provinces_the_nations_service_items_come_first),
        TEST(some_are_never_paid_and_a_limit_names_the_insurance),
        TEST(a_price_counts_up_to_standard_and_ceiling),
        TEST(every_reason_has_its_words),
        TEST(without_memory_the_view_has_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

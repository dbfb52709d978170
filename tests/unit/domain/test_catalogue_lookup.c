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

static void ask_at(const char *code, const char *region, const char *institution, date_t date)
{
    catalogue_lookup(&trial->view, &(struct catalogue_question){KIND_WESTERN_DRUG, code, region, institution, date}, &answer);
    assert_false(trial->view.failed);
    assert_ptr_equal(catalogue_item_on(&trial->view, KIND_WESTERN_DRUG, code, region, date) == NULL,
                     answer.item == NULL || answer.layer == LAYER_INSTITUTION);
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
    assert_string_equal(catalogue_item_on(&trial->view, KIND_WESTERN_DRUG, "A", COUNTY, date_parse(bytes_of("2026-01-01")))->name,
                        "national");
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
        catalogue_lookup(&trial->view, &(struct catalogue_question){KIND_WESTERN_DRUG, "A", COUNTY, HOSPITAL, 20500}, &answer);
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
        TEST(every_reason_has_its_words),
        TEST(without_memory_the_view_has_failed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

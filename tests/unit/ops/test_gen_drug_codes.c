// links: medhub_event medhub_domain dep::zlib
/* Every real national drug code as load: taken in as an item, then looked up with the limit of its product. Items do not touch one
 * another, so each hundred has a small world of its own. */
#include "ops/gen/drug_code.h"
#include "ops/gen/gen.h"

#include "domain/catalogue_lookup.h"

#include "support/trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#define DATA    "ops/data"
#define CHANGED "medhub.catalogue.item_changed.v1"
#define DAY     "2026-03-02"
enum { ITEMS_IN_A_WORLD = 100, PRODUCT = 0, INSURANCE = 4 };

static struct {
    struct arena *arena;
    struct data_table limits;
    struct drug_codes codes;
} data;

static int read_data(void **state)
{
    struct fault fault = {0};
    (void)state;
    data.arena = arena_new(1 << 20, 64 << 20);
    if (table_read(DATA, "drug_limits.csv", gen_limit_columns, data.arena, &data.limits, &fault) != STATUS_OK ||
        drug_codes_read(DATA, data.arena, &data.codes, &fault) != STATUS_OK)
        fail_msg("%s", fault.text);
    return 0;
}

static int free_data(void **state)
{
    (void)state;
    arena_free(data.arena);
    return 0;
}

static CatalogueKind kind_of(const char *code)
{
    return code[0] == 'Z' ? KIND_PATENT_DRUG : KIND_WESTERN_DRUG;
}

static void add_item(struct trial *trial, const char *code)
{
    ItemChanged said = MEDHUB__CATALOGUE__V1__ITEM_CHANGED__INIT;
    CatalogueItem item = MEDHUB__CATALOGUE__V1__ITEM__INIT;
    CatalogueChange added[] = {CHANGE_ADDED};
    char key[64];
    (void)snprintf(key, sizeof key, "%s/%s", catalogue_kind_name(kind_of(code)), code);
    item.kind = kind_of(code);
    item.code = item.name = chars(code);
    said.region = item.region = chars(REGION_NATION);
    said.effective_on = item.valid_from = chars("2025-01-01");
    said.item_key = key;
    said.item = &item;
    said.changes = added;
    said.n_changes = 1;
    trial_submit(trial, CHANGED, "nhsa", key, &said.base);
    assert_accepted(trial);
    trial_apply(trial);
}

/* The limit of its product, as drug_limits.csv has it. */
static void put_limit(struct trial *trial, size_t product)
{
    CatalogueItem item = MEDHUB__CATALOGUE__V1__ITEM__INIT;
    PaymentLimit limit = MEDHUB__CATALOGUE__V1__PAYMENT_LIMIT__INIT;
    const char *insurance = table_cell(&data.limits, product, INSURANCE);
    char key[64];
    (void)snprintf(key, sizeof key, "PAYMENT_LIMIT/%s", table_cell(&data.limits, product, PRODUCT));
    if (insurance[0] != '\0')
        limit.insurance = strcmp(insurance, "工伤") == 0 ? LIMIT_WORK_INJURY : LIMIT_MATERNITY;
    item.kind = KIND_PAYMENT_LIMIT;
    item.limit = &limit;
    memory_put_table(trial->world, TABLE_CATALOGUE, key, REGION_NATION, "2025-01-01", "", &item.base);
}

static bool is_paid(struct trial *trial, const char *code, const char *insurance_type)
{
    struct catalogue_answer answer;
    view_init(&trial->view, &memory_view_operations, trial->world, trial->arena, "", trial->now_ms, trial->calendar);
    catalogue_lookup(&trial->view,
                     &(struct catalogue_question){.kind = kind_of(code),
                                                  .code = code,
                                                  .region = "650102",
                                                  .date = date_parse(bytes_of(DAY)),
                                                  .insurance_type = insurance_type},
                     &answer);
    assert_false(trial->view.failed);
    assert_non_null(answer.item);
    return answer.payable;
}

/* The rules of supervision name 112 codes that are limited to an insurance; drug_limits.csv, gathered apart from them, agrees: 27 to
 * maternity, 85 to work injury, which nothing here pays. */
static void every_code_is_found_and_limited_as_its_product(void **state)
{
    struct trial *trial = NULL;
    size_t paid_to_employees = 0, paid_to_mothers = 0, last_product = data.limits.row_count;
    (void)state;
    assert_int_equal(data.codes.count, 13738);
    for (size_t i = 0; i < data.codes.count; i++) {
        const char *code = data.codes.rows[i];
        size_t product = drug_code_product(&data.limits, code);
        assert_true(product < data.limits.row_count);
        if (i % ITEMS_IN_A_WORLD == 0) {
            trial_free(trial);
            trial = trial_new(DAY "T02:00:00Z");
            last_product = data.limits.row_count;
        }
        if (product != last_product)
            put_limit(trial, product);
        last_product = product;
        add_item(trial, code);
        paid_to_employees += is_paid(trial, code, "310");
        paid_to_mothers += is_paid(trial, code, "510");
    }
    trial_free(trial);
    assert_int_equal(paid_to_employees, 13738 - 112);
    assert_int_equal(paid_to_mothers, 13738 - 85);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_code_is_found_and_limited_as_its_product)};
    return cmocka_run_group_tests(tests, read_data, free_data);
}

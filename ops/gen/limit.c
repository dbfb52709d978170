/* limit.c: on what the fund pays for a drug, as rows PAYMENT_LIMIT/PRODUCT of the catalogue. */
#include "ops/gen/gen.h"

#include <stdlib.h>
#include <string.h>

#define VALID_FROM "2025-01-01"

enum { CODE, NAME, SEX, AGE, INSURANCE, CARE, LEVEL, COURSE_DAYS, DISEASES, COLUMNS, DISEASES_MAX = 50 };
const char *const gen_limit_columns[COLUMNS + 1] = {"code", "name",  "sex",         "age",      "insurance",
                                                    "care", "level", "course_days", "diseases", NULL};

/* TEXT "a|b" as the words of which a diagnosis needs one. */
static void fill_diseases(struct gen *gen, PaymentLimit *limit, const char *text)
{
    limit->diseases = gen_list(gen, DISEASES_MAX);
    while (*text != '\0' && limit->n_diseases < DISEASES_MAX) {
        size_t length = strcspn(text, "|");
        limit->diseases[limit->n_diseases++] = gen_text(gen, "%.*s", (int)length, text);
        text += length;
        text += *text == '|';
    }
}

static PaymentLimit *limit_of(struct gen *gen, const struct data_table *limits, size_t row)
{
    PaymentLimit *limit = gen_new(gen, &medhub__catalogue__v1__payment_limit__descriptor);
    const char *sex = table_cell(limits, row, SEX), *insurance = table_cell(limits, row, INSURANCE);
    const char *level = table_cell(limits, row, LEVEL);

    if (*sex != '\0')
        limit->sex = strcmp(sex, "男") == 0 ? LIMIT_MALE : LIMIT_FEMALE;
    if (*table_cell(limits, row, AGE) != '\0')
        limit->age = LIMIT_CHILDREN;
    if (*insurance != '\0')
        limit->insurance = strcmp(insurance, "工伤") == 0 ? LIMIT_WORK_INJURY : LIMIT_MATERNITY;
    if (*table_cell(limits, row, CARE) != '\0')
        limit->care = LIMIT_INPATIENT;
    if (*level != '\0')
        limit->institution_level = strcmp(level, "三级") == 0 ? LEVEL_THIRD : LEVEL_SECOND;
    limit->course_days = (uint32_t)strtoul(table_cell(limits, row, COURSE_DAYS), NULL, 10);
    fill_diseases(gen, limit, table_cell(limits, row, DISEASES));
    return limit;
}

static void say_limit(struct gen *gen, const struct data_table *limits, size_t row)
{
    CatalogueItem *item = gen_new(gen, CATALOGUE_ITEM);

    item->kind = KIND_PAYMENT_LIMIT;
    item->code = (char *)table_cell(limits, row, CODE);
    item->name = (char *)table_cell(limits, row, NAME);
    item->region = gen_constant("000000");
    item->valid_from = gen_constant(VALID_FROM);
    item->limit = limit_of(gen, limits, row);
    gen_added_item(gen, item, "limit");
}

void gen_limits(struct gen *gen, const struct data_table *limits)
{
    for (size_t i = 0; i < limits->row_count; i++) {
        gen_begin(gen);
        say_limit(gen, limits, i);
    }
}

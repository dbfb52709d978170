#include "ops/gen/drug_code.h"

#include "ops/gen/gen.h"
#include "ops/gen/packed_lines.h"

#include <string.h>

#define VALID_FROM "2025-01-01"

static bool take_code(void *context, char *line)
{
    struct drug_codes *codes = context;
    size_t length = strlen(line);

    if (codes->count == DRUG_CODES_MAX || length == 0 || length >= DRUG_CODE_BYTES)
        return false;
    memcpy(codes->rows[codes->count++], line, length); /* the rows are zeroed */
    return true;
}

enum status drug_codes_read(const char *folder, struct arena *arena, struct drug_codes *codes, struct fault *fault)
{
    *codes = (struct drug_codes){.rows = arena_take_zeroed(arena, DRUG_CODES_MAX * sizeof *codes->rows)};
    if (codes->rows == NULL)
        return fault_fatal(fault, "memory.out", "no memory for the drug codes");
    return packed_lines_read(folder, "drug_codes.txt.gz", take_code, codes, fault);
}

size_t drug_code_product(const struct data_table *limits, const char *code)
{
    size_t found = limits->row_count, longest = 0;

    for (size_t i = 0; i < limits->row_count; i++) {
        const char *product = table_cell(limits, i, 0);
        size_t length = strlen(product);
        if (length > longest && strncmp(product, code, length) == 0) {
            found = i;
            longest = length;
        }
    }
    return found;
}

static void say_code(struct gen *gen, const char *code, const char *name)
{
    CatalogueItem *item = gen_new(gen, CATALOGUE_ITEM);

    item->kind = code[0] == 'Z' ? KIND_PATENT_DRUG : KIND_WESTERN_DRUG;
    item->code = (char *)code;
    item->name = (char *)name;
    item->region = gen_constant("000000");
    item->valid_from = gen_constant(VALID_FROM);
    gen_added_item(gen, item, "drug");
}

void gen_drug_codes(struct gen *gen, const struct drug_codes *codes, const struct data_table *limits)
{
    enum { PRODUCT_NAME = 1 };

    for (size_t i = 0; i < codes->count; i++) {
        size_t product = drug_code_product(limits, codes->rows[i]);
        gen_begin(gen);
        say_code(gen, codes->rows[i], product < limits->row_count ? table_cell(limits, product, PRODUCT_NAME) : codes->rows[i]);
    }
}

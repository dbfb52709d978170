#include "ops/gen/drug_code.h"

#include "ops/gen/gen.h"

#include "domain/catalogue_key.h"

#include <stdio.h>
#include <string.h>
#include <zlib.h>

#define VALID_FROM "2025-01-01"

static enum status read_rows(gzFile file, struct drug_codes *codes, struct fault *fault)
{
    char line[DRUG_CODE_BYTES + 1];

    while (gzgets(file, line, sizeof line) != NULL) {
        size_t length = strcspn(line, "\n");
        if (codes->count == DRUG_CODES_MAX || length == 0 || length >= DRUG_CODE_BYTES || line[length] != '\n')
            return fault_reject(fault, "data.malformed", "drug_codes.txt.gz, line %zu is not a code", codes->count + 1);
        memcpy(codes->rows[codes->count++], line, length); /* the rows are zeroed */
    }
    return codes->count > 0 && gzeof(file) != 0 ? STATUS_OK
                                                : fault_reject(fault, "data.malformed", "drug_codes.txt.gz ends early");
}

enum status drug_codes_read(const char *folder, struct arena *arena, struct drug_codes *codes, struct fault *fault)
{
    char path[1024];

    (void)snprintf(path, sizeof path, "%s/drug_codes.txt.gz", folder);
    *codes = (struct drug_codes){.rows = arena_take_zeroed(arena, DRUG_CODES_MAX * sizeof *codes->rows)};
    if (codes->rows == NULL)
        return fault_fatal(fault, "memory.out", "no memory for the drug codes");
    gzFile file = gzopen(path, "rb");
    if (file == NULL)
        return fault_reject(fault, "data.missing", "%s cannot be read", path);
    enum status status = read_rows(file, codes, fault);
    (void)gzclose(file);
    return status;
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
    ItemChanged *said = gen_new(gen, &medhub__catalogue__v1__item_changed__descriptor);
    CatalogueItem *item = gen_new(gen, CATALOGUE_ITEM);

    item->kind = code[0] == 'Z' ? KIND_PATENT_DRUG : KIND_WESTERN_DRUG;
    item->code = (char *)code;
    item->name = (char *)name;
    item->region = gen_constant("000000");
    item->valid_from = gen_constant(VALID_FROM);
    said->item = item;
    said->item_key = (char *)catalogue_key(gen->arena, item->kind, item->code);
    said->region = item->region;
    said->effective_on = item->valid_from;
    said->changes = gen_list(gen, 1);
    said->changes[said->n_changes++] = CHANGE_ADDED;
    gen_event(gen, gen->world->bureau->id, gen_text(gen, "drug-%s", code),
              date_begin_in_china_ms(date_parse(bytes_of(VALID_FROM))), &said->base, (struct expected){0});
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

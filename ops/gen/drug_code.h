/* drug_code.h: real national drug codes (ops/data/drug_codes.txt.gz), each of a product of drug_limits.csv. */
#ifndef GEN_DRUG_CODE_H
#define GEN_DRUG_CODE_H

#include "ops/gen/world.h"

enum { DRUG_CODE_BYTES = 24, DRUG_CODES_MAX = 20000 };

struct drug_codes {
    char (*rows)[DRUG_CODE_BYTES]; /* in ascending order */
    size_t count;
};

/* The rows lie in ARENA. REJECT names file and line. */
enum status drug_codes_read(const char *folder, struct arena *arena, struct drug_codes *codes, struct fault *fault) MUST_CHECK;

/* The row of LIMITS, whose first column is a product's code, of which the drug CODE is a product: the longest. LIMITS' row_count:
 * none. */
size_t drug_code_product(const struct data_table *limits, const char *code);

#endif

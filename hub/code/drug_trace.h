/* drug_trace.h: the 20-digit drug trace code (码上放心): 7 digits name product and pack layer, 13 digits the
 * unit. It has no published check digit; other makers' own codes exist, so "not of this form" does not mean
 * "not a code". */
#ifndef CODE_DRUG_TRACE_H
#define CODE_DRUG_TRACE_H

#include "base/bytes.h"

enum { DRUG_TRACE_PRODUCT_DIGITS = 7, DRUG_TRACE_DIGITS = 20 };

struct drug_trace {
    struct bytes product; /* views into the text */
    struct bytes serial;
};

/* False unless TEXT is 20 digits beginning with 8. */
bool drug_trace_parse(struct bytes text, struct drug_trace *trace);

#endif

#include "code/drug_trace.h"

bool drug_trace_parse(struct bytes text, struct drug_trace *trace)
{
    if (text.length != DRUG_TRACE_DIGITS || text.data[0] != '8')
        return false;
    for (size_t i = 0; i < text.length; i++)
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
    trace->product = bytes_from(text.data, DRUG_TRACE_PRODUCT_DIGITS);
    trace->serial =
        bytes_from(text.data + DRUG_TRACE_PRODUCT_DIGITS, DRUG_TRACE_DIGITS - DRUG_TRACE_PRODUCT_DIGITS);
    return true;
}

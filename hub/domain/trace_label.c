#include "domain/trace.h"

#include "code/drug_trace.h"

static bool keep(struct arena *arena, struct bytes text, const char **kept)
{
    *kept = text.data == NULL ? "" : arena_text(arena, text);
    return *kept != NULL;
}

static bool keep_value(struct arena *arena, const struct gs1_scan *scan, const char *code, const char **kept)
{
    char text[GS1_VALUE_CHARACTERS_MAX + 1];
    const struct gs1_element *element = gs1_find(scan, code);
    bool is_there = element != NULL && gs1_value_text(element, text, sizeof text);
    return keep(arena, is_there ? bytes_of(text) : BYTES_NONE, kept);
}

static bool read_gs1(struct arena *arena, const struct gs1_scan *scan, int current_year, struct label *label)
{
    struct gs1_date expiry;
    label->form = CODE_FORM_GS1;
    if (gs1_expiry(scan, current_year, &expiry))
        label->expires_on = expiry.date;
    return keep(arena, gs1_item(scan), &label->product) && keep_value(arena, scan, "21", &label->serial) &&
           keep_value(arena, scan, "10", &label->lot);
}

static bool read_drug(struct arena *arena, const struct drug_trace *trace, struct label *label)
{
    label->form = CODE_FORM_DRUG;
    return keep(arena, trace->product, &label->product) && keep(arena, trace->serial, &label->serial);
}

/* Codes of other issuers are taken as they are until we can read them. */
static bool is_readable_system(const ItemScanned *said)
{
    return said->code_system == CODE_UNSPECIFIED || said->code_system == CODE_GS1 ||
           said->code_system == CODE_DRUG_TRACE;
}

bool trace_read_label(struct arena *arena, const ItemScanned *said, int current_year, struct label *label)
{
    struct drug_trace drug;
    struct gs1_scan gs1;
    struct bytes code = bytes_of(said->code);

    *label = (struct label){.product = "", .serial = "", .lot = "", .expires_on = DATE_NONE};
    if (code.length == 0)
        return true;
    if (!is_readable_system(said)) {
        label->form = CODE_FORM_OTHER;
        return true;
    }
    if (said->code_system != CODE_GS1 && drug_trace_parse(code, &drug))
        return read_drug(arena, &drug, label);
    if (said->code_system != CODE_DRUG_TRACE && gs1_parse(code, current_year, &gs1))
        return read_gs1(arena, &gs1, current_year, label);

    label->form = CODE_FORM_UNREADABLE;
    label->error = said->code_system == CODE_DRUG_TRACE ? GS1_OK : gs1.error;
    label->error_offset = said->code_system == CODE_DRUG_TRACE ? 0 : gs1.error_offset;
    return true;
}

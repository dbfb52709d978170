#include "domain/trace.h"

static bool keep(struct arena *arena, struct bytes text, const char **kept)
{
    *kept = text.data == NULL ? "" : arena_text(arena, text);
    return *kept != NULL;
}

/* What identifies the item: (01), else the first 14 digits of (8006); of a logistic unit all of (00), which
 * is also its serial. */
static struct bytes item(const struct code *code)
{
    const struct code_element *piece = code_find(code, "8006"), *unit = code_find(code, "00");
    if (code->di.data != NULL)
        return code->di;
    return piece != NULL ? bytes_from(piece->value.data, 14) : unit != NULL ? unit->value : BYTES_NONE;
}

static struct bytes serial_of(const struct code *code)
{
    const struct code_element *unit = code_find(code, "00");
    return code->di.data == NULL && unit != NULL ? unit->value : code->serial;
}

/* The last day of use; of a month without a day its last. */
static date_t last_day(const struct code_date *date)
{
    if (date->precision == CODE_NO_DATE)
        return DATE_NONE;
    if (date->precision != CODE_MONTH)
        return date_from_civil(date->year, date->month, date->day);
    int next = date->month % 12 + 1;
    return date_from_civil(date->year + (next == 1), next, 1) - 1;
}

static bool fill(struct arena *arena, const struct code *code, struct bytes product, struct label *label)
{
    label->expires_on = last_day(&code->expires_on);
    return keep(arena, product, &label->product) && keep(arena, serial_of(code), &label->serial) &&
           keep(arena, code->lot, &label->lot);
}

/* Codes of other issuers are taken as they are until we can read them. */
static bool is_readable_system(const ItemScanned *said)
{
    return said->code_system == CODE_UNSPECIFIED || said->code_system == CODE_GS1 ||
           said->code_system == CODE_DRUG_TRACE;
}

static enum label_form form_of(const ItemScanned *said, const struct code *code)
{
    if (code->agency == CODE_AGENCY_GS1)
        return said->code_system == CODE_DRUG_TRACE ? LABEL_UNREADABLE : LABEL_GS1;
    if (code->agency == CODE_AGENCY_DRUG20)
        return said->code_system == CODE_GS1 ? LABEL_UNREADABLE : LABEL_DRUG;
    return said->code_system == CODE_UNSPECIFIED ? LABEL_OTHER : LABEL_UNREADABLE;
}

static bool read_code(struct arena *arena, const ItemScanned *said, int current_year, struct label *label)
{
    struct code code;
    struct code_options options = {.current_year = current_year, .strict = true};
    bool read = code_parse(bytes_of(said->code), &options, arena, &code);

    label->form = read ? form_of(said, &code) : LABEL_UNREADABLE;
    if (label->form == LABEL_GS1)
        return fill(arena, &code, item(&code), label);
    if (label->form == LABEL_DRUG)
        return fill(arena, &code, code.di, label);
    if (label->form == LABEL_UNREADABLE && said->code_system != CODE_DRUG_TRACE) {
        label->error = read ? CODE_UNKNOWN : code.error;
        label->error_offset = code.at;
    }
    return true;
}

bool trace_read_label(struct arena *arena, const ItemScanned *said, int current_year, struct label *label)
{
    *label = (struct label){.product = "", .serial = "", .lot = "", .expires_on = DATE_NONE};
    if (said->code == NULL || *said->code == '\0')
        return true;
    if (!is_readable_system(said)) {
        label->form = LABEL_OTHER;
        return true;
    }
    return read_code(arena, said, current_year, label);
}

bool trace_read_code(struct view *view, const char *code, struct label *label)
{
    ItemScanned scan = MEDHUB__TRACE__V1__ITEM_SCANNED__INIT;
    int year, month, day;
    date_to_civil(date_in_china(view->now_ms), &year, &month, &day);
    scan.code = lent(code);
    bool read = trace_read_label(view->arena, &scan, year, label);
    view->failed |= !read;
    return read;
}

bool label_names_product(const struct label *label)
{
    return (label->form == LABEL_GS1 || label->form == LABEL_DRUG) && is_given(label->product);
}

bool label_names_item(const struct label *label)
{
    return label_names_product(label) && (is_given(label->serial) || is_given(label->lot));
}

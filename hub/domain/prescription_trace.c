#include "domain/prescription_trace.h"



static ItemUse *use_by(struct decision *decision, const struct prescription_step *step,
                       const struct scanned_code *scanned)
{
    ItemUse *use = decision_message(decision, ITEM_USE);
    if (use == NULL)
        return NULL;
    use->person = lent(step->person);
    use->doctor = (Medhub__Common__V1__Practitioner *)scanned->pharmacist;
    return use;
}

static ItemScanned *scan_of(struct decision *decision, const struct prescription_step *step,
                            Medhub__Trace__V1__Step trace_step, const struct scanned_code *scanned,
                            const struct label *label)
{
    ItemScanned *scan = decision_message(decision, ITEM_SCANNED);
    if (scan == NULL)
        return NULL;
    scan->product = lent(label->product);
    scan->step = trace_step;
    scan->code = lent(scanned->code);
    scan->product_kind = PRODUCT_DRUG;
    scan->lot = lent(scanned->lot);
    scan->expires_on = lent(scanned->expires_on);
    scan->split = scanned->split;
    scan->holder = lent(step->actor);
    scan->scanned_at = decision_moment(decision, step->at_ms);
    scan->region = step->registered == NULL ? step->state->region_of_care : step->registered->region;
    scan->use = use_by(decision, step, scanned);
    scan->document = lent(is_given(step->state->national_number) ? step->state->national_number
                                                                 : step->state->hospital_number);
    scan->catalogue_code = lent(scanned->catalogue_code);
    scan->name = lent(scanned->name);
    return decision->failed ? NULL : scan;
}

void prescription_tell_trace(struct view *view, struct decision *decision,
                             const struct prescription_step *step, Medhub__Trace__V1__Step trace_step,
                             const struct scanned_code *scanned, const char *suffix)
{
    struct label label;
    if (!trace_read_code(view, scanned->code, &label) || !label_names_product(&label))
        return; /* a code of a system that the hub does not read yet: said as a warning */
    const ItemScanned *scan = scan_of(decision, step, trace_step, scanned, &label);
    if (scan != NULL)
        decision_submit(decision, ITEM_SCANNED_TYPE, label.product, suffix, &scan->base);
}

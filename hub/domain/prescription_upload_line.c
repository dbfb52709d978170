/* What the lines of an upload must be. */
#include "domain/prescription.h"

#include "domain/line_quantity.h"

static const struct upload *upload_of(const struct rule_context *context)
{
    return context->prepared;
}

void upload_lines_are_on_the_catalogue(struct rule_context *context)
{
    const struct upload *upload = upload_of(context);
    for (size_t i = 0; i < upload->said->n_lines; i++)
        if (upload->lines[i].item == NULL)
            rule_refuse(context, rule_text(context, "lines[%zu].catalogueCode", i), "***",
                        rule_text(context, "on the catalogue of region %s on %s", upload->benefit_region,
                                  rule_day(context, upload->issued_on)));
}

void upload_quantities_are_positive(struct rule_context *context)
{
    const PrescriptionUploaded *said = upload_of(context)->said;
    for (size_t i = 0; i < said->n_lines; i++)
        if (said->lines[i]->quantity == NULL || said->lines[i]->quantity->e4 <= 0)
            rule_refuse(context, rule_text(context, "lines[%zu].quantity", i), "***", "more than 0");
}

void upload_line_numbers_are_different(struct rule_context *context)
{
    const PrescriptionUploaded *said = upload_of(context)->said;
    char one[LINE_NUMBER_BYTES], other[LINE_NUMBER_BYTES];
    for (size_t i = 1; i < said->n_lines; i++)
        for (size_t j = 0; j < i; j++)
            if (strcmp(line_number_of(said->lines[i], i, one), line_number_of(said->lines[j], j, other)) == 0)
                rule_refuse(context, rule_text(context, "lines[%zu].lineNumber", i),
                            said->lines[i]->line_number, rule_text(context, "not that of line %zu", j + 1));
}

void upload_pieces_are_in_doses(struct rule_context *context)
{
    const PrescriptionUploaded *said = upload_of(context)->said;
    if (said->kind == LINE_PIECES && (said->tcm == NULL || quantity_e4(said->tcm->doses) <= 0))
        rule_refuse(context, "tcm.doses", "***", "more than 0 for TCM pieces");
}

void upload_preparations_are_the_hospitals_own(struct rule_context *context)
{
    const struct upload *upload = upload_of(context);
    for (size_t i = 0; i < upload->said->n_lines; i++)
        if (upload->said->lines[i]->hospital_preparation && upload->lines[i].item != NULL &&
            !prescription_item_permits(upload->lines[i].item, upload->said->institution))
            rule_refuse(context, rule_text(context, "lines[%zu].catalogueCode", i), "***",
                        rule_text(context, "a preparation that %s makes or is a named partner for",
                                  upload->said->institution));
}

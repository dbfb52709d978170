/* Who may prescribe and review: what the registers of practitioners and licences say on the day of issue. */
#include "domain/prescription.h"

#include "domain/licence.h"
#include "domain/practitioner.h"

/* drProfttlCodg: 231 is the highest title, 235 the lowest. */
void doctor_may_prescribe_it(struct rule_context *context)
{
    const struct upload *upload = context->prepared;
    const char *title =
        upload->doctor == NULL ? upload->said->doctor->title_code : upload->doctor->title_code;
    for (size_t i = 0; i < upload->said->n_lines; i++) {
        const CatalogueItem *item = upload->lines[i].item;
        if (item != NULL && is_given(item->prescriber_title) &&
            (!is_given(title) || strcmp(title, item->prescriber_title) > 0))
            rule_refuse(
                context, "doctor.titleCode", title,
                rule_text(context, "%s or a higher title, for line %zu", item->prescriber_title, i + 1));
    }
}

static void ask_for_licence(struct rule_context *context, const NamedPractitioner *said,
                            PractitionerKind kind, const char *path)
{
    const struct upload *upload = context->prepared;
    practitioner_must_be_licensed(context, &(struct practitioner_asked){
                                               .path = path,
                                               .institution = upload->said->institution,
                                               .region = upload->said->region_of_care,
                                               .said = said,
                                               .kind = kind,
                                               .day = upload->issued_on,
                                           });
}

void doctor_is_licensed(struct rule_context *context)
{
    ask_for_licence(context, ((const struct upload *)context->prepared)->said->doctor, PRACTITIONER_DOCTOR,
                    "doctor.code");
}

void pharmacist_is_licensed(struct rule_context *context)
{
    const NamedPractitioner *said = ((const struct upload *)context->prepared)->said->pharmacist;
    if (said != NULL && is_given(said->code))
        ask_for_licence(context, said, PRACTITIONER_PHARMACIST, "pharmacist.code");
}

void issuer_is_licensed(struct rule_context *context)
{
    const struct upload *upload = context->prepared;
    licence_must_count(context, "institution", upload->said->institution, upload->said->region_of_care,
                       upload->issued_on);
}

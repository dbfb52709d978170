/* What an upload must be beside what the person has: chronic diseases, other prescriptions, examinations. */
#include "domain/prescription.h"

#include "domain/designation.h"
#include "domain/medication.h"
#include "domain/person.h"

static const struct upload *upload_of(const struct rule_context *context)
{
    return context->prepared;
}

/* medType: 140104 chronic, 140201 special diseases of outpatients */
static bool is_chronic_visit(const PrescriptionUploaded *said)
{
    const char *type = said->visit == NULL ? "" : said->visit->medical_type;
    return strncmp(type, "1401", 4) == 0 || strncmp(type, "1402", 4) == 0;
}

void upload_chronic_disease_is_one(struct rule_context *context)
{
    const PrescriptionUploaded *said = upload_of(context)->said;
    const char *disease = said->chronic_disease == NULL ? "" : said->chronic_disease->code;
    if (is_chronic_visit(said) && !is_given(disease))
        rule_refuse(context, "chronicDisease.code", "", "the chronic disease that the prescription is for");
    for (size_t i = 0; i < said->n_lines; i++)
        if (is_given(said->lines[i]->chronic_disease_code) &&
            strcmp(said->lines[i]->chronic_disease_code, disease) != 0)
            rule_refuse(context, rule_text(context, "lines[%zu].chronicDiseaseCode", i), "***",
                        "the prescription's own disease: another one has a prescription of its own");
}

void upload_chronic_disease_is_qualified_for(struct rule_context *context)
{
    const struct upload *upload = upload_of(context);
    const PrescriptionUploaded *said = upload->said;
    if (is_chronic_visit(said) && said->chronic_disease != NULL && is_given(said->chronic_disease->code) &&
        rule_is_switched_on(context, upload->benefit_region, upload->issued_on) && /* declared complete */
        !person_is_qualified(context->view, said->chronic_disease->code, said->institution, upload->issued_on))
        rule_refuse(context, "chronicDisease.code", "***",
                    rule_text(context, "a disease for which the person is qualified on %s",
                              rule_day(context, upload->issued_on)));
}

/* What another hospital found counts where it stands in the directory of mutual recognition. */
void upload_examinations_are_recognised(struct rule_context *context)
{
    const struct upload *upload = upload_of(context);
    const PrescriptionUploaded *said = upload->said;
    if (said->n_examinations == 0 || !rule_is_switched_on(context, said->region_of_care, upload->issued_on))
        return; /* a directory has to be declared complete */
    for (size_t i = 0; i < said->n_examinations; i++) {
        const char *institution = said->examinations[i]->institution;
        if (strcmp(institution, said->institution) != 0 &&
            !designation_holds(context->view, LIST_RECOGNITION, institution, "", said->region_of_care, upload->issued_on))
            rule_refuse(context, rule_text(context, "examinations[%zu].institution", i), institution,
                        rule_text(context, "in the directory of mutual recognition of region %s on %s", said->region_of_care,
                                  rule_day(context, upload->issued_on)));
    }
}

void upload_drugs_are_not_taken_twice(struct rule_context *context)
{
    const struct upload *upload = upload_of(context);
    for (size_t i = 0; i < upload->said->n_lines; i++) {
        const PrescriptionLine *line = upload->said->lines[i];
        const MedicationItem *other = medication_overlap(upload->medication, line->generic_name,
                                                         medication_days(line, upload->issued_on));
        if (other != NULL)
            rule_refuse_or_warn(
                context, upload->said->region_of_care, upload->issued_on,
                rule_text(context, "lines[%zu].genericName", i), "***",
                rule_text(context, "no other prescription of it from %s to %s", other->from, other->until));
    }
}

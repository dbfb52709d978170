#include "domain/prescription_dual_channel.h"

#include "domain/catalogue_lookup.h"
#include "domain/designation.h"
#include "domain/prescription_dispense.h"

/* --- uploaded --- */

static const struct upload *upload_of(const struct rule_context *context)
{
    return context->prepared;
}

static bool is_dual_channel(const struct upload *upload)
{
    return upload->said->extra_attribute == DUAL_CHANNEL;
}

void dual_channel_hospital_is_listed(struct rule_context *context)
{
    const struct upload *upload = upload_of(context);
    if (is_dual_channel(upload) && !designation_holds(context->view, LIST_HOSPITAL, upload->said->institution,
                                                      "", upload->said->region_of_care, upload->issued_on))
        rule_refuse(context, "institution", upload->said->institution,
                    rule_text(context, "on the list of designated hospitals of region %s on %s",
                              upload->said->region_of_care, rule_day(context, upload->issued_on)));
}

void dual_channel_doctor_is_listed(struct rule_context *context)
{
    const struct upload *upload = upload_of(context);
    const char *doctor = upload->said->doctor->code;
    if (is_dual_channel(upload) &&
        (!is_given(doctor) || !designation_holds(context->view, LIST_DOCTOR, upload->said->institution,
                                                 doctor, upload->said->region_of_care, upload->issued_on)))
        rule_refuse(context, "doctor.code", doctor,
                    rule_text(context, "on the list of responsible doctors of region %s on %s",
                              upload->said->region_of_care, rule_day(context, upload->issued_on)));
}

/* The hub cannot open the seal: it sees to it that name and number travel with the prescription. */
void dual_channel_patient_is_named(struct rule_context *context)
{
    const struct upload *upload = upload_of(context);
    if (is_dual_channel(upload) && upload->said->identity == NULL)
        rule_refuse(context, "identity", "", "the patient's sealed name and identity number");
}

static bool is_a_dual_channel_drug(struct view *view, const struct upload *upload, const char *code)
{
    return catalogue_item_on(view, &(struct catalogue_question){.kind = KIND_DUAL_CHANNEL_DRUG,
                                                                .code = code,
                                                                .region = upload->benefit_region,
                                                                .date = upload->issued_on}) != NULL;
}

void dual_channel_drugs_are_listed(struct rule_context *context)
{
    const struct upload *upload = upload_of(context);
    if (!is_dual_channel(upload) || !rule_is_switched_on(context, upload->benefit_region, upload->issued_on))
        return; /* a list has to be declared complete */
    for (size_t i = 0; i < upload->said->n_lines; i++)
        if (!is_a_dual_channel_drug(context->view, upload, upload->said->lines[i]->catalogue_code))
            rule_refuse(context, rule_text(context, "lines[%zu].catalogueCode", i), "***",
                        rule_text(context, "on the dual-channel list of region %s on %s", upload->benefit_region,
                                  rule_day(context, upload->issued_on)));
}

/* --- claimed, dispensed --- */

void dual_channel_dispenser_is_listed(struct rule_context *context)
{
    const struct prescription_step *step = context->prepared;
    const PrescriptionState *state = step->state;
    DesignationList list = step_is_of_a_pharmacy(step) ? LIST_PHARMACY : LIST_HOSPITAL;
    if (state == NULL || state->extra_attribute != DUAL_CHANNEL)
        return;
    if (!designation_holds(context->view, list, step->actor, "", state->region_of_care, step->day))
        rule_refuse(context, step->actor_path, step->actor,
                    rule_text(context, "on the dual-channel lists of region %s on %s", state->region_of_care,
                              rule_day(context, step->day)));
}

/* --- dispensed --- */

void dual_channel_patient_is_identified(struct rule_context *context)
{
    const struct dispensing *dispensing = context->prepared;
    const PrescriptionState *state = dispensing->step.state;
    if (state != NULL && state->extra_attribute == DUAL_CHANNEL &&
        !is_given(dispensing->said->credential_type))
        rule_refuse(context, "credentialType", "", "the document or voucher that the patient showed");
}

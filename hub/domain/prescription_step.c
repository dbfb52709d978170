#include "domain/prescription_step.h"

#include "domain/format.h"
#include "domain/organisation.h"
#include "domain/prescription_identity.h"
#include "domain/prescription_rehearsal.h"
#include "domain/region.h"

#define CLAIM_PREFIX "claim/"

/* --- what the rules look at --- */

PrescriptionState *prescription_find(struct view *view, const char *national_number, const char *institution,
                                     const char *hospital_number, const char **row)
{
    *row = is_given(national_number)
               ? format_in(view->arena, "prescription/%s", national_number)
               : format_in(view->arena, "prescription/%s/%s", institution, hospital_number);
    view->failed |= *row == NULL;
    PrescriptionState *state = *row == NULL ? NULL : rehearsal_prescription(view, national_number);
    if (*row != NULL && state == NULL)
        state = (PrescriptionState *)view_state(view, PRESCRIPTION_STATE, "%s", *row);
    if (state == NULL || !is_given(state->stands_at))
        return state;
    *row = state->stands_at;
    return (PrescriptionState *)view_state(view, PRESCRIPTION_STATE, "%s", *row);
}

void step_begin(struct view *view, struct prescription_step *step)
{
    step->state =
        prescription_find(view, step->national_number, step->institution, step->hospital_number, &step->row);
    step->at_ms = step->at == NULL ? view->now_ms : timestamp_ms(step->at);
    step->day = date_in_china(step->at_ms);
    step->registered = organisation_on(view, step->actor, step->day);
}

static const struct prescription_step *step_of(const struct rule_context *context)
{
    return context->prepared;
}

/* --- rules --- */

void step_person_is_the_key(struct rule_context *context)
{
    if (strcmp(step_of(context)->person, context->view->key) != 0)
        rule_refuse(context, "person", "***", "the key of the event");
}

static const char *named_path(const struct prescription_step *step)
{
    return is_given(step->national_number) ? "nationalNumber" : "hospitalNumber";
}

static const char *named(const struct prescription_step *step)
{
    return is_given(step->national_number) ? step->national_number : step->hospital_number;
}

void step_prescription_is_known(struct rule_context *context)
{
    const struct prescription_step *step = step_of(context);
    if (step->state == NULL)
        rule_refuse(context, named_path(step), named(step), "a prescription of this person");
    else if (is_given(step->institution) && strcmp(step->institution, step->state->issuer) != 0)
        rule_refuse(context, "institution", step->institution, "the institution that issued it");
}

void step_move_is_possible(struct rule_context *context)
{
    const struct prescription_step *step = step_of(context);
    if (step->state == NULL || prescription_mover(step->state, step->move) != PARTY_NONE)
        return;
    rule_refuse(
        context, named_path(step),
        rule_text(context, "%s: %s is not possible", prescription_status_row(step->state->status)->name,
                  prescription_move_name(step->move)),
        rule_text(context, "one of: %s", prescription_moves_possible(step->state, context->view->arena)));
}

static bool gave_some_of_it(const PrescriptionState *state, const char *dispenser)
{
    for (size_t i = 0; i < state->n_dispensings; i++)
        if (strcmp(state->dispensings[i]->dispenser, dispenser) == 0)
            return true;
    return false;
}

/* Who has it is nobody else's business, so a finding says which party is meant and not its name; NULL: it is
 * this one. */
static const char *party_wanted(const struct prescription_step *step)
{
    switch (prescription_party(step->move)) {
    case PARTY_ISSUER:
        return strcmp(step->actor, step->state->issuer) == 0 ? NULL : "the institution that issued it";
    case PARTY_HOLDER:
        return strcmp(step->actor, step->state->claimed_by) == 0 ? NULL : "the dispenser that claimed it";
    case PARTY_GIVER:
        return gave_some_of_it(step->state, step->actor) ? NULL : "a dispenser that dispensed some of it";
    case PARTY_DISPENSER:
    case PARTY_HUB:
    case PARTY_NONE:
        break;
    }
    return NULL;
}

/* Whom the registry knows as a participant is not the hub. */
static bool is_the_hub(struct view *view, const char *source)
{
    const Organisation *known = organisation_on(view, source, date_in_china(view->now_ms));
    return known == NULL || known->kind == ORGANISATION_HUB_OPERATOR;
}

void step_party_says_it(struct rule_context *context)
{
    const struct prescription_step *step = step_of(context);
    const char *source = context->event->attributes.source;
    if (prescription_party(step->move) == PARTY_HUB) {
        if (!is_the_hub(context->view, source))
            rule_refuse(context, step->actor_path, source, "the hub");
    } else if (strcmp(step->actor, source) != 0) {
        rule_refuse(context, step->actor_path, step->actor, rule_text(context, "the source, %s", source));
    } else if (step->state != NULL && prescription_mover(step->state, step->move) != PARTY_NONE) {
        const char *wanted = party_wanted(step);
        if (wanted != NULL)
            rule_refuse(context, step->actor_path, step->actor, wanted);
    }
}

void step_moment_is_credible(struct rule_context *context)
{
    const struct prescription_step *step = step_of(context);
    const struct view *view = context->view;
    char said[MOMENT_TEXT_BYTES], bound[MOMENT_TEXT_BYTES];
    int64_t skew_minutes;
    if (step->state == NULL)
        return;
    const char *found = moment_format_ms(step->at_ms, said);
    if (step->at_ms < step->state->issued_at_ms) {
        rule_refuse(context, step->at_path, rule_text(context, "%s", found),
                    rule_text(context, "not before %s", moment_format_ms(step->state->issued_at_ms, bound)));
        return;
    }
    if (step->at_ms <= view->now_ms)
        return;
    date_t today = date_in_china(view->now_ms);
    if (!view_policy_int(context->view, context->rule->parameter, step->state->region_of_care, today,
                         &skew_minutes))
        rule_policy_missing(context, step->state->region_of_care, today);
    else if ((step->at_ms - view->now_ms) / 60000 >= skew_minutes)
        rule_refuse(context, step->at_path, rule_text(context, "%s", found),
                    rule_text(context, "not after %s", moment_format_ms(view->now_ms, bound)));
}

/* --- the decision --- */

size_t step_take(struct decision *decision, struct prescription_step *step)
{
    prescription_move(step->state, step->move);
    decision_write(decision, &step->state->base, "%s", step->row);
    return decision_fact_of_event(decision);
}

const char *prescription_benefit_region(const PrescriptionState *state)
{
    return is_given(state->region_of_insurance) ? state->region_of_insurance : state->region_of_care;
}

void tell_centre(struct decision *decision, size_t fact, const PrescriptionState *state)
{
    decision_deliver(decision, fact, VISIBLE_ALL, "circulation@%s", region_city(state->region_of_care).code);
}

void tell_insurer(struct decision *decision, size_t fact, const PrescriptionState *state)
{
    decision_deliver(decision, fact, VISIBLE_ALL, "insurer@%s", prescription_benefit_region(state));
}

void tell_organisation(struct decision *decision, size_t fact, const char *organisation)
{
    if (is_given(organisation) && strcmp(organisation, decision->event->attributes.source) != 0)
        decision_deliver(decision, fact, VISIBLE_ALL, "%s", organisation);
}

void tell_issuer(struct decision *decision, size_t fact, const PrescriptionState *state)
{
    tell_organisation(decision, fact, state->issuer);
}

/* Granules are for medical institutions only, so no pharmacy needs to see them. */
void tell_dispensers(struct decision *decision, size_t fact, LineKind kind, const char *region_of_care,
                     unsigned visibility)
{
    decision_deliver(decision, fact, visibility, kind == LINE_GRANULES ? "hospital@%s" : "pharmacy@%s",
                     region_city(region_of_care).code);
}

/* --- timers --- */

void prescription_set_claim_timer(struct decision *decision, const char *row, int64_t due_ms)
{
    const char *name = format_in(decision->arena, CLAIM_PREFIX "%s", row);
    if (name == NULL)
        decision->failed = true;
    else
        decision_timer(decision, name, PRESCRIPTION_CLAIM_TIMER, due_ms);
}

void prescription_cancel_claim_timer(struct decision *decision, const char *row)
{
    const char *name = format_in(decision->arena, CLAIM_PREFIX "%s", row);
    if (name == NULL)
        decision->failed = true;
    else
        decision_cancel_timer(decision, name);
}

void prescription_end(struct view *view, struct decision *decision, const char *row)
{
    prescription_cancel_claim_timer(decision, row);
    decision_cancel_timer(decision, row);
    identity_forget(view, decision, row);
}

const char *prescription_row_of_claim_timer(const char *name)
{
    return name + strlen(CLAIM_PREFIX);
}

/* Revoked: the issuer takes back what is not dispensed. */
#include "domain/prescription.h"

#include "domain/medication.h"

void *revoke_prepare(struct view *view, const struct event *event)
{
    const PrescriptionRevoked *said = (const PrescriptionRevoked *)event->message;
    struct prescription_step *step = arena_take(view->arena, sizeof *step);
    if (step == NULL)
        return NULL;
    *step = (struct prescription_step){
        STEP_PRESCRIPTION(said),
        .move = MOVE_REVOKE,
        .actor = event->attributes.source,
        .actor_path = "institution",
        .at = said->revoked_at,
        .at_path = "revokedAt",
    };
    step_begin(view, step);
    return step;
}

/* --- rules --- */

/* Where the policy lets the rest of it go, it says so as a warning. */
static void nothing_is_dispensed(struct rule_context *context)
{
    const struct prescription_step *step = context->prepared;
    if (step->state != NULL && step->state->n_dispensings > 0)
        rule_refuse_or_warn(context, step->state->region_of_care, step->day, "nationalNumber",
                            rule_text(context, "%zu dispensings of it", step->state->n_dispensings),
                            "a prescription of which nothing was dispensed");
}

const struct rule prescription_revoked_rules[REVOKED_RULES] = {
    PRESCRIPTION_STEP_RULES("14"),
    {
        .id = "RX-146",
        .code = "prescription.dispensed_already",
        .document = SOURCE_PRESCRIPTION_CENTRE,
        .clause = "D004 rxUndo",
        .parameter = "prescription.revoke_partly_dispensed.refuse",
        .evaluate = nothing_is_dispensed,
        .sentence_zh = "已调配的处方不得撤销",
        .sentence_en = "Only what is not dispensed is revoked.",
    },
};

/* --- the decision --- */

void revoke_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    struct prescription_step *step = prepared;
    PrescriptionState *state = step->state;
    const char *holder = state->claimed_by;
    (void)event;

    size_t fact = step_take(decision, step);
    medication_ended(view, decision, step->row);
    prescription_end(view, decision, step->row);
    tell_centre(decision, fact, state);
    tell_insurer(decision, fact, state);
    tell_organisation(decision, fact, holder);
    tell_dispensers(decision, fact, state->kind, state->region_of_care, SEEN_BY_DISPENSERS);
}

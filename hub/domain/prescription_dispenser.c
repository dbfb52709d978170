/* Rules that claiming and dispensing share: who may hold and give it, and until when. */
#include "domain/licence.h"
#include "domain/organisation.h"
#include "domain/prescription_step.h"

static const struct prescription_step *step_of(const struct rule_context *context)
{
    return context->prepared;
}

bool step_is_of_a_pharmacy(const struct prescription_step *step)
{
    return step->registered != NULL && step->registered->kind == ORGANISATION_PHARMACY;
}

void step_dispenser_is_designated(struct rule_context *context)
{
    const struct prescription_step *step = step_of(context);
    if (!organisation_is_designated(step->registered, step->day))
        rule_refuse(context, step->actor_path,
                    rule_text(context, "%s: %s", step->actor, organisation_state_name(step->registered)),
                    rule_text(context, "live and designated on %s", rule_day(context, step->day)));
}

void step_dispenser_is_licensed(struct rule_context *context)
{
    const struct prescription_step *step = step_of(context);
    if (step->state != NULL)
        licence_must_count(context, step->actor_path, step->actor, step->state->region_of_care, step->day);
}

/* Whether the expiry's timer fired before this event was decided or not makes no difference. */
void step_is_within_validity(struct rule_context *context)
{
    const struct prescription_step *step = step_of(context);
    char bound[MOMENT_TEXT_BYTES];
    if (step->state == NULL)
        return;
    int64_t until_ms = step->state->valid_until_ms;
    if (step->at_ms >= until_ms || context->view->now_ms >= until_ms)
        rule_refuse(context, step->at_path, "after its last valid moment",
                    rule_text(context, "before %s", moment_format_ms(until_ms, bound)));
}

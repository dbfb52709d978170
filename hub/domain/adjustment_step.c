#include "domain/adjustment_step.h"

#include "domain/catalogue.h"
#include "domain/format.h"

#define KEY_PREFIX "adjustment/"

/* --- what the rules look at --- */

void adjustment_begin(struct view *view, struct adjustment_step *step)
{
    step->state = (AdjustmentState *)view_state(view, ADJUSTMENT_STATE, "adjustment");
    step->at_ms = timestamp_ms(step->said->taken_at);
    step->day = date_in_china(step->at_ms);
    if (step->state != NULL)
        step->cycle = life_cycle_find(step->state->life_cycle);
    else if (step->applied != NULL)
        step->cycle = life_cycle_find(step->applied->life_cycle);
    step->region = step->state != NULL ? step->state->region : step->applied != NULL ? step->applied->region : "";
    if (step->cycle != NULL)
        step->row = adjustment_move_row(step->cycle, step->state, step->move);
}

void *adjustment_prepare(struct view *view, size_t size, const char *item_key, const AdjustmentStep *said,
                         enum adjustment_move move)
{
    struct adjustment_step *step = arena_take_zeroed(view->arena, size);
    if (step == NULL)
        return NULL;
    step->item_key = item_key;
    step->said = said;
    step->move = move;
    adjustment_begin(view, step);
    return step;
}

static const struct adjustment_step *step_of(const struct rule_context *context)
{
    return context->prepared;
}

/* --- rules --- */

void adjustment_move_is_possible(struct rule_context *context)
{
    const struct adjustment_step *step = step_of(context);
    if (strcmp(step->item_key, context->view->key) != 0 ||
        strncmp(step->item_key, KEY_PREFIX, strlen(KEY_PREFIX)) != 0)
        rule_refuse(context, "itemKey", step->item_key, "adjustment/ID, the key of the event");
    else if (step->cycle == NULL)
        rule_refuse(context, "itemKey", step->item_key, "an application that was made");
    else if (step->row == NULL)
        rule_refuse(context, "itemKey",
                    rule_text(context, "%s: %s is not possible",
                              adjustment_status_name(step->state == NULL ? ADJUSTMENT_STATUS_NONE : step->state->status),
                              adjustment_move_name(step->move)),
                    rule_text(context, "one of: %s",
                              adjustment_moves_possible(step->cycle, step->state, context->view->arena)));
}

void adjustment_party_takes_it(struct rule_context *context)
{
    const struct adjustment_step *step = step_of(context);
    const char *source = context->event->attributes.source, *actor = step->said->actor;
    if (strcmp(actor, source) != 0)
        rule_refuse(context, "step.actor", actor, rule_text(context, "the source, %s", source));
    else if (step->row != NULL && step->row->party == ADJUSTMENT_BUREAU &&
             !bureau_speaks_for(context->view, source, step->region))
        rule_refuse(context, "step.actor", actor, rule_text(context, "a bureau that speaks for %s", step->region));
}

/* True if DAY lies in the row's window; a policy without the window is said. */
static void window_is_open(struct rule_context *context, const struct adjustment_step *step)
{
    const char *from_name = rule_text(context, "%s_from", step->row->window);
    const char *until_name = rule_text(context, "%s_until", step->row->window);
    date_t from, until;
    if (!view_policy_date(context->view, from_name, step->region, step->day, &from) ||
        !view_policy_date(context->view, until_name, step->region, step->day, &until))
        rule_refuse(context, "step.takenAt", rule_day(context, step->day),
                    rule_text(context, "a policy that has %s and %s", from_name, until_name));
    else if (step->day < from || step->day > until)
        rule_refuse(context, "step.takenAt", rule_day(context, step->day),
                    rule_text(context, "from %s until %s", rule_day(context, from), rule_day(context, until)));
}

void adjustment_is_in_time(struct rule_context *context)
{
    const struct adjustment_step *step = step_of(context);
    date_t today = date_in_china(context->view->now_ms);
    if (step->day > today)
        rule_refuse(context, "step.takenAt", rule_day(context, step->day),
                    rule_text(context, "not after %s", rule_day(context, today)));
    else if (step->state != NULL && step->at_ms < step->state->stands_since_ms)
        rule_refuse(context, "step.takenAt", rule_day(context, step->day), "not before the step before it");
    if (step->row != NULL && step->row->window != NULL)
        window_is_open(context, step);
}

void adjustment_leaves_a_trace(struct rule_context *context)
{
    if (step_of(context)->said->n_evidence == 0)
        rule_refuse(context, "step.evidence", "none", "at least one paper");
}

/* --- the decision --- */

size_t adjustment_take(struct view *view, struct decision *decision, struct adjustment_step *step)
{
    AdjustmentState *state = step->state;
    adjustment_move(state, step->row, step->at_ms);
    state->evidence_count += (uint32_t)step->said->n_evidence;
    if (step->row->party == ADJUSTMENT_BUREAU)
        state->bureau = step->said->actor;
    decision_write(decision, &state->base, "adjustment");
    adjustment_set_timer(view, decision, step);
    return decision_fact_of_event(decision);
}

void adjustment_tell(struct decision *decision, size_t fact, const AdjustmentState *state, bool publicly)
{
    if (strcmp(state->applicant, decision->event->attributes.source) != 0)
        decision_deliver(decision, fact, VISIBLE_PUBLIC, "%s", state->applicant);
    if (publicly)
        decision_deliver(decision, fact, VISIBLE_PUBLIC, "institution@%s", state->region);
}

void adjustment_take_and_tell(struct view *view, struct decision *decision, struct adjustment_step *step, bool publicly)
{
    adjustment_tell(decision, adjustment_take(view, decision, step), step->state, publicly);
}

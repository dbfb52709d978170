/* adjustment_overdue.c: the step after the last one is due within so many working days; else the hub says so, once. */
#include "domain/adjustment_step.h"

#define TIMER_NAME "step"

/* Without a calendar that tells the days nothing can be due. */
void adjustment_set_timer(struct view *view, struct decision *decision, const struct adjustment_step *step)
{
    int64_t days;
    date_t due;
    if (!adjustment_is_open(step->state)) {
        decision_cancel_timer(decision, TIMER_NAME);
        return;
    }
    if (view_policy_int(view, STEP_DAYS, step->region, step->day, &days) && days > 0 && days <= 366 &&
        calendar_add_working_days(view->calendar, step->day, (int)days, &due))
        decision_timer(decision, TIMER_NAME, ADJUSTMENT_OVERDUE_TIMER, date_begin_in_china_ms(due + 1));
}

void adjustment_overdue_fire(struct view *view, const struct event *event, struct decision *decision)
{
    const AdjustmentState *state = (const AdjustmentState *)view_state(view, ADJUSTMENT_STATE, "adjustment");
    const struct life_cycle *cycle = state == NULL ? NULL : life_cycle_find(state->life_cycle);
    (void)event;
    if (cycle == NULL || !adjustment_is_open(state))
        return;
    AdjustmentOverdue *overdue = decision_message(decision, ADJUSTMENT_OVERDUE_MESSAGE);
    if (overdue == NULL)
        return;
    overdue->item_key = lent(view->key);
    overdue->status = lent(adjustment_status_name(state->status));
    overdue->possible = lent(adjustment_moves_possible(cycle, state, decision->arena));
    overdue->region = state->region;
    overdue->since = decision_moment(decision, state->stands_since_ms);
    size_t fact = decision_fact(decision, ADJUSTMENT_OVERDUE_TYPE, view->key, &overdue->base);
    decision_deliver(decision, fact, VISIBLE_PUBLIC, "%s", state->applicant);
    if (is_given(state->bureau) && strcmp(state->bureau, state->applicant) != 0)
        decision_deliver(decision, fact, VISIBLE_PUBLIC, "%s", state->bureau);
}

/* adjustment.h: the adjustment family: how catalogues are adjusted. Key: adjustment/ID. The life cycles are told in
 * adjustment_state.h; what all steps share in adjustment_step.h; here are the events.
 *
 *     adjustment_apply.c    applied
 *     adjustment_review.c   formally_reviewed, publicised, rechecked, announced, expert_reviewed
 *     adjustment_panel.c    selected, consulted, approved
 *     adjustment_service_review.c   surveyed, scored, estimated
 *     adjustment_publish.c  priced, published, exited
 *
 * Row of an application: adjustment. What is published becomes a change of the item, submitted by the hub. */
#ifndef DOMAIN_ADJUSTMENT_H
#define DOMAIN_ADJUSTMENT_H

#include "domain/adjustment_step.h"

extern const struct domain domain_adjustment;

/* Of each event its own rules after the four of every step; decide is adjustment_decide where nothing else is remembered. */
#define ADJUSTMENT_EVENT(name, own_rules)                                                                                        \
    enum { ADJUSTMENT_RULES_OF_##name = ADJUSTMENT_STEP_RULE_COUNT + (own_rules) };                                              \
    extern const struct rule adjustment_##name##_rules[ADJUSTMENT_RULES_OF_##name];                                              \
    void *adjustment_##name##_prepare(struct view *view, const struct event *event);                                             \
    void adjustment_##name##_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)

ADJUSTMENT_EVENT(applied, 5);
ADJUSTMENT_EVENT(formally_reviewed, 1);
ADJUSTMENT_EVENT(publicised, 2);
ADJUSTMENT_EVENT(rechecked, 1);
ADJUSTMENT_EVENT(announced, 1);
ADJUSTMENT_EVENT(expert_reviewed, 4);
ADJUSTMENT_EVENT(priced, 2);
ADJUSTMENT_EVENT(selected, 4);
ADJUSTMENT_EVENT(consulted, 3);
ADJUSTMENT_EVENT(approved, 1);
ADJUSTMENT_EVENT(surveyed, 1);
ADJUSTMENT_EVENT(scored, 1);
ADJUSTMENT_EVENT(estimated, 1);
ADJUSTMENT_EVENT(published, 5);
ADJUSTMENT_EVENT(exited, 0);

/* adjustment_review.c: a rule of every step that waits for the end of the publicity. */
void adjustment_publicity_is_over(struct rule_context *context);

#endif

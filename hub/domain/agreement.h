/* agreement.h: an institution's insurance agreement with a pooling region, as events.
 *
 *     medhub.registry.agreement_advanced.v1      the next step: who may say which is in the table of
 * agreement_state.c medhub.registry.agreement_deadline.timer   midnight after a deadline's last day:
 * agreement_deadline.c
 *
 * facts of the hub's own: agreement_followed (what a deadline, or an end in another region, brought about),
 * deadline_set, deadline_missed. Row of an institution: agreements. Each step that changes the organisation's
 * state writes a new version of its row in the registry table, so that authorise follows. */
#ifndef DOMAIN_AGREEMENT_H
#define DOMAIN_AGREEMENT_H

#include "domain/agreement_deadline.h"
#include "domain/agreement_state.h"
#include "domain/rule.h"

/* What the rules and the decision of a step look at. */
struct advance {
    const AgreementAdvanced *said;
    const RegisteredOrganisation *registered; /* the institution, or NULL */
    const StaffState *staff;                  /* or NULL */
    AgreementsState *agreements;              /* or NULL */
    AgreementState *agreement;                /* of the region, or NULL */
    AgreementStage stage;
    date_t day; /* of the step */
    date_t valid_from,
        valid_until; /* the term, where the step makes one; DATE_NONE: neither said nor in the policy */
};

enum { AGREEMENT_RULES = 30 };
extern const struct rule agreement_rules[AGREEMENT_RULES];
void *agreement_prepare(struct view *view, const struct event *event);
void agreement_decide(struct view *view, const struct event *event, void *prepared,
                      struct decision *decision);
void agreement_deadline_passes(struct view *view, const struct event *event, struct decision *decision);

/* The last day that ROW would set for this step; DATE_NONE: the policy has no value, or the calendar does not
 * reach so far. */
date_t agreement_due(struct view *view, const struct advance *advance, const struct deadline_row *row);

#endif

/* agreement_deadline.h: until when the next step of an agreement is due, and what follows if it does not
 * come. One table: what sets a deadline, what meets it, how long it is (a policy parameter, in working days,
 * days or months), its clause.
 *
 * A deadline is a fact deadline_set, a row in the agreement and a timer at the midnight after its last day;
 * if the timer fires it is a fact deadline_missed and, for some, a step of the hub's own. */
#ifndef DOMAIN_AGREEMENT_DEADLINE_H
#define DOMAIN_AGREEMENT_DEADLINE_H

#include "domain/agreement_state.h"
#include "domain/decision.h"
#include "domain/view.h"

#define AGREEMENT_DEADLINE_TIMER "medhub.registry.agreement_deadline.timer"

enum deadline_unit {
    DEADLINE_WORKING_DAYS,
    DEADLINE_DAYS,
    DEADLINE_MONTHS,
    DEADLINE_MONTHS_BEFORE_END, /* of the agreement's term */
    DEADLINE_AS_SAID,           /* sign_by, valid_until */
};

/* What the hub does when a deadline was missed. */
enum deadline_effect {
    MISSED_IS_TOLD,           /* nothing but the fact */
    MISSED_LAPSES,            /* the agreement lapses */
    MISSED_ENDS_TERM,         /* a hospital's agreement lapses, a pharmacy's is ended [C4 L6084] */
    MISSED_DECIDES_ON_CHANGE, /* resumed if the change has been told meanwhile, else ended [C4 L6110, L6112]
                               */
};

struct deadline_row {
    const char *name;
    const char *parameter; /* NULL: AS_SAID */
    enum deadline_unit unit;
    uint32_t set_by, met_by; /* sets of bits of AgreementStep */
    AgreementCause only_for; /* set only if the step has this cause; CAUSE_NONE: always */
    bool stops;              /* the time of a supplement is not counted [C4 L6031] */
    enum deadline_effect effect;
    AgreementCause cause; /* of the effect */
    const char *clause;
};
extern const struct deadline_row deadline_rows[];
extern const size_t deadline_row_count;

/* The row of a name or of a parameter; NULL if there is none. */
const struct deadline_row *deadline_row_of(const char *name);
const struct deadline_row *deadline_row_of_parameter(const char *parameter);
bool deadline_is_set_by(const struct deadline_row *row, AgreementStep step, AgreementCause cause);

/* MONTHS later (or, negative, earlier) on the same day of the month, or on its last. */
date_t date_after_months(date_t date, int64_t months);

/* The last day of the deadline ROW, set on DAY under a policy value AMOUNT; SAID: the day that the event
 * says, or the end of the term. DATE_NONE if the calendar does not reach so far. */
date_t deadline_due(const struct deadline_row *row, const struct calendar *calendar, date_t day,
                    int64_t amount, date_t said);

/* --- the decision: facts, timers and rows of AGREEMENT of the institution INSTITUTION --- */

void deadline_set(struct decision *decision, AgreementState *agreement, const char *institution,
                  const struct deadline_row *row, date_t due);
/* Ends those that STEP meets; all of them if the agreement is over. */
void deadlines_meet(struct decision *decision, AgreementState *agreement, AgreementStep step);
/* Their time stands still from now on: they cannot be missed. */
void deadlines_stop(struct decision *decision, const AgreementState *agreement);
/* It goes on; it stood still for DAYS. */
void deadlines_go_on(struct decision *decision, AgreementState *agreement, const char *institution,
                     int32_t days);
/* States that it was missed, and takes its row away; returns it, or NULL if it does not run any more. */
const struct deadline_row *deadline_missed(struct decision *decision, AgreementState *agreement,
                                           const char *institution, const char *name);
/* "agreement/650100/review" -> the region and the name, in the arena; false if it is no timer of ours. */
bool deadline_of_timer(const char *timer, struct arena *arena, const char **region, const char **name);

#endif

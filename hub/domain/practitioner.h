/* practitioner.h: the register of doctors and pharmacists, kept by institution. Table "practitioner": key
 * INSTITUTION/CODE, dated rows of the nation. A row says what holds of the practitioner from its first day
 * on: licence, title, department, or that he no longer works there. */
#ifndef DOMAIN_PRACTITIONER_H
#define DOMAIN_PRACTITIONER_H

#include "domain/messages.h"
#include "domain/rule.h"

/* Switch: 1 where a region's register is complete, so that who is not on it has no licence. */
#define PRACTITIONERS_COMPLETE "registry.practitioners_complete"

/* What the register says of CODE at INSTITUTION on DATE, or NULL. */
const Practitioner *practitioner_on(struct view *view, const char *institution, const char *code,
                                    date_t date);

/* What a rule asks about a practitioner whom an event names. */
struct practitioner_asked {
    const char *path; /* of the field that names him: "doctor.code" */
    const char *institution, *region;
    const NamedPractitioner *said;
    PractitionerKind kind;
    date_t day;
};
/* Refuses who is known and has no licence of that kind there on that day, and who is not known where the
 * region's register is complete (the rule's parameter is PRACTITIONERS_COMPLETE). */
void practitioner_must_be_licensed(struct rule_context *context, const struct practitioner_asked *asked);

/* Events of the registry family: registry_practitioner.c. */
enum { PRACTITIONER_REGISTERED_RULES = 4, PRACTITIONER_ENDED_RULES = 2 };
extern const struct rule practitioner_registered_rules[PRACTITIONER_REGISTERED_RULES];
extern const struct rule practitioner_ended_rules[PRACTITIONER_ENDED_RULES];
void *practitioner_prepare_registration(struct view *view, const struct event *event);
void practitioner_register(struct view *view, const struct event *event, void *prepared,
                           struct decision *decision);
void *practitioner_prepare_end(struct view *view, const struct event *event);
void practitioner_end(struct view *view, const struct event *event, void *prepared,
                      struct decision *decision);

#endif

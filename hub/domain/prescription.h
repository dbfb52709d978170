/* prescription.h: the prescription family. Key: the person's pseudonym.
 *
 *     medhub.prescription.uploaded.v1       an issuing hospital says it          -> fact, row, timer
 *     medhub.prescription.expiry.timer      midnight after the last valid day    ->
 * medhub.prescription.expired.v1
 *
 * Rows: see Prescription in schemas/medhub/state/v1/state.proto. The timer's name is the name of the row. */
#ifndef DOMAIN_PRESCRIPTION_H
#define DOMAIN_PRESCRIPTION_H

#include "domain/messages.h"
#include "domain/rule.h"

#define PRESCRIPTION_EXPIRED_TYPE "medhub.prescription.expired.v1"
#define PRESCRIPTION_EXPIRY_TIMER "medhub.prescription.expiry.timer"
#define PRESCRIPTION_VALID_DAYS   "prescription.valid_days_default"

extern const struct domain domain_prescription;

/* What the rules and the decision of an upload look at; made by prescription_prepare. */
struct upload {
    const PrescriptionUploaded *said;
    const char *benefit_region; /* of insurance; of care where it is not given */
    const Organisation *issuer; /* as registered on the day of issue, or NULL */
    date_t issued_on;
    date_t last_day; /* on which it may be dispensed; DATE_NONE: neither said nor in the policy */
};

/* prescription_decide.c; the rules and the table of handlers are in prescription.c. */
void *prescription_prepare(struct view *view, const struct event *event);
void prescription_decide(struct view *view, const struct event *event, void *prepared,
                         struct decision *decision);
void prescription_expire(struct view *view, const struct event *event, struct decision *decision);

#endif

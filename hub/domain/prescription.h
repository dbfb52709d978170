/* prescription.h: the prescription family. Key: the person's pseudonym.
 *
 *     medhub.prescription.uploaded.v1        the issuing hospital: it was written prescription_upload.c
 *     medhub.prescription.reviewed.v1        its pharmacist, then the dispenser's prescription_review.c
 *     medhub.prescription.claimed.v1         a dispenser holds it, for a while prescription_claim.c
 *     medhub.prescription.released.v1        and lets it go
 *     medhub.prescription.identity_passed_on.v1  the hub, with a claim: prescription_identity.h
 *     medhub.prescription.dispensed.v1       the holder gives some or all of it prescription_dispense.c
 *     medhub.prescription.returned.v1        some of it comes back prescription_return.c
 *     medhub.prescription.revoked.v1         the issuer takes back what is not dispensed
 * prescription_revoke.c medhub.prescription.settled.v1         the hub: a settlement named it
 * prescription_settle.c medhub.prescription.expiry.timer       midnight after the last valid day: expired
 * prescription_expire.c medhub.prescription.claim.timer        a claim was not used in time: claim_lapsed
 * prescription_claim.c
 *
 * Which of these is possible when, and for whom, is said by one table in prescription_state.c; what they
 * share is in prescription_step.h. Rows: Prescription and Medication in schemas/medhub/state/v1/state.proto.
 */
#ifndef DOMAIN_PRESCRIPTION_H
#define DOMAIN_PRESCRIPTION_H

#include "domain/prescription_limit.h"
#include "domain/prescription_step.h"

#define PRESCRIPTION_EXPIRED_TYPE      "medhub.prescription.expired.v1"
#define PRESCRIPTION_CLAIM_LAPSED_TYPE "medhub.prescription.claim_lapsed.v1"
#define PRESCRIPTION_SETTLED_TYPE      "medhub.prescription.settled.v1"
#define PRESCRIPTION_IDENTITY_TYPE     "medhub.prescription.identity_passed_on.v1"

/* Policy parameters that a decision reads besides the rule that names them. */
#define PRESCRIPTION_VALID_DAYS           "prescription.valid_days_default"
#define PRESCRIPTION_LONG_TERM_VALID_DAYS "prescription.long_term_valid_days_default"
#define PRESCRIPTION_CLAIM_HOURS          "prescription.claim_hours"

extern const struct domain domain_prescription;

/* One file each: the rules, what they look at, the decision. */
enum {
    UPLOADED_RULES = 36,
    REVIEWED_RULES = 7,
    CLAIMED_RULES = 13,
    RELEASED_RULES = 5,
    DISPENSED_RULES = 22,
    RETURNED_RULES = 8,
    REVOKED_RULES = 6,
    SETTLED_RULES = 5,
};
extern const struct rule prescription_uploaded_rules[UPLOADED_RULES];
void *upload_prepare(struct view *view, const struct event *event);
void upload_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision);
extern const struct rule prescription_reviewed_rules[REVIEWED_RULES];
void *review_prepare(struct view *view, const struct event *event);
void review_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision);
extern const struct rule prescription_claimed_rules[CLAIMED_RULES];
void *claim_prepare(struct view *view, const struct event *event);
void claim_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision);
void claim_lapse(struct view *view, const struct event *event, struct decision *decision);
extern const struct rule prescription_released_rules[RELEASED_RULES];
void *release_claim_prepare(struct view *view, const struct event *event);
void release_claim_decide(struct view *view, const struct event *event, void *prepared,
                          struct decision *decision);
extern const struct rule prescription_dispensed_rules[DISPENSED_RULES];
void *dispense_prepare(struct view *view, const struct event *event);
void dispense_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision);
extern const struct rule prescription_returned_rules[RETURNED_RULES];
void *return_prepare(struct view *view, const struct event *event);
void return_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision);
extern const struct rule prescription_revoked_rules[REVOKED_RULES];
void *revoke_prepare(struct view *view, const struct event *event);
void revoke_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision);
extern const struct rule prescription_settled_rules[SETTLED_RULES];
void *settle_prepare(struct view *view, const struct event *event);
void settle_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision);
void prescription_expire(struct view *view, const struct event *event, struct decision *decision);

/* --- uploaded --- */

struct upload_line {
    const CatalogueItem *item; /* as listed in the region on the day, or NULL */
    const PaymentLimit *limit; /* or NULL */
};

/* What the rules and the decision of an upload look at. */
struct upload {
    const PrescriptionUploaded *said;
    const char *benefit_region; /* of insurance; of care where it is not given */
    const Organisation *issuer; /* as registered on the day of issue, or NULL */
    const Practitioner *doctor; /* the same */
    date_t issued_on;
    date_t last_day;           /* on which it may be dispensed; DATE_NONE: neither said nor in the policy */
    struct upload_line *lines; /* one for each line of what was said */
    const Medication *medication; /* what the person takes already, or NULL */
};

/* Rules about its lines: prescription_upload_line.c. */
void upload_lines_are_on_the_catalogue(struct rule_context *context);
void upload_quantities_are_positive(struct rule_context *context);
void upload_line_numbers_are_different(struct rule_context *context);
void upload_pieces_are_in_doses(struct rule_context *context);
void upload_preparations_are_the_hospitals_own(struct rule_context *context);

/* Rules about what the person has: prescription_upload_disease.c. */
void upload_chronic_disease_is_one(struct rule_context *context);
void upload_chronic_disease_is_qualified_for(struct rule_context *context);
void upload_examinations_are_recognised(struct rule_context *context);
void upload_drugs_are_not_taken_twice(struct rule_context *context);

/* Rules about who writes and reviews it: prescription_licence.c. */
void doctor_may_prescribe_it(struct rule_context *context);
void doctor_is_licensed(struct rule_context *context);
void issuer_is_licensed(struct rule_context *context);
void pharmacist_is_licensed(struct rule_context *context);

/* The catalogue's row of a drug of KIND in REGION on DATE, or NULL. */
const CatalogueItem *prescription_item(struct view *view, LineKind kind, bool hospital_preparation,
                                       const char *code, const char *region, date_t date);
/* True if INSTITUTION may make or use the hospital preparation ITEM. */
bool prescription_item_permits(const CatalogueItem *item, const char *institution);

#endif

/* prescription_identity.h: the way of a person's sealed identity from the upload to the dispenser that claims
 * it.
 *
 * Who will claim is not known at the upload. So the hospital seals for whom it lets claim: the dispensers in
 * scope or those that the patient names, at most 32 wraps. The hub cannot open it; it keeps it in a row of
 * its own and with a claim passes it on to the dispenser that claimed, with that dispenser's wraps and no
 * other, as a fact of the claim's transaction (IdentityPassedOn). Who did not claim gets neither person nor
 * wrap. A dispenser that the hospital did not seal for is told so and asks the hospital. The row goes when
 * the prescription ends. */
#ifndef DOMAIN_PRESCRIPTION_IDENTITY_H
#define DOMAIN_PRESCRIPTION_IDENTITY_H

#include "domain/decision.h"
#include "domain/messages.h"
#include "domain/view.h"

/* ROW is the prescription's row. IDENTITY NULL: it was uploaded without one; then nothing is kept or passed
 * on. */
void identity_keep(struct decision *decision, const char *row, const SealedValue *identity);
/* STATE says who claimed it. */
void identity_pass_on(struct view *view, struct decision *decision, const char *row,
                      const PrescriptionState *state);
void identity_forget(struct view *view, struct decision *decision, const char *row);

#endif

/* Expired: midnight after the last valid day has come before everything was dispensed. The timer is called
 * like the row. */
#include "domain/prescription.h"

#include "domain/medication.h"
#include "domain/prescription_identity.h"

static const PrescriptionExpired *expired(struct decision *decision, const char *person,
                                          const PrescriptionState *state)
{
    PrescriptionExpired *message = decision_message(decision, PRESCRIPTION_EXPIRED_MESSAGE);
    if (message == NULL)
        return NULL;
    message->person = lent(person);
    message->hospital_number = state->hospital_number;
    message->national_number = state->national_number;
    message->institution = state->issuer;
    message->valid_until = decision_moment(decision, state->valid_until_ms);
    message->region_of_care = state->region_of_care;
    message->region_of_insurance = state->region_of_insurance;
    return decision->failed ? NULL : message;
}

void prescription_expire(struct view *view, const struct event *event, struct decision *decision)
{
    const char *row = event->attributes.subject;
    PrescriptionState *state = (PrescriptionState *)view_state(view, PRESCRIPTION_STATE, "%s", row);
    if (state == NULL || prescription_mover(state, MOVE_EXPIRE) == PARTY_NONE)
        return; /* dispensed, revoked or gone in the meantime: nothing expires */

    const char *holder = state->claimed_by;
    const PrescriptionExpired *message = expired(decision, view->key, state);
    if (message == NULL)
        return;
    prescription_move(state, MOVE_EXPIRE);
    decision_write(decision, &state->base, "%s", row);
    medication_ended(view, decision, row);
    prescription_cancel_claim_timer(decision, row);
    identity_forget(view, decision, row);

    size_t fact = decision_fact(decision, PRESCRIPTION_EXPIRED_TYPE, state->hospital_number, &message->base);
    tell_issuer(decision, fact, state);
    tell_organisation(decision, fact, holder);
    tell_centre(decision, fact, state);
    tell_insurer(decision, fact, state);
    tell_dispensers(decision, fact, state->kind, state->region_of_care,
                    SEEN_BY_DISPENSERS | VISIBLE_CLINICAL);
}

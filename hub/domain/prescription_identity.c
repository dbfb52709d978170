#include "domain/prescription_identity.h"

#include "domain/prescription.h"

#include <string.h>

#define IDENTITY_ROW "identity/%s"

void identity_keep(struct decision *decision, const char *row, const SealedValue *identity)
{
    if (identity != NULL)
        decision_write(decision, &identity->base, IDENTITY_ROW, row);
}

static const SealedValue *identity_kept(struct view *view, const char *row)
{
    return (const SealedValue *)view_state(view, SEALED_VALUE, IDENTITY_ROW, row);
}

/* KEPT with the wraps of DISPENSER only; NULL: it has none, or memory is out. */
static SealedValue *identity_for(struct decision *decision, const SealedValue *kept, const char *dispenser)
{
    SealedValue *own = decision_message(decision, SEALED_VALUE);
    SealedWrap **wraps = decision_list(decision, kept->n_wraps + 1);
    size_t count = 0;

    if (own == NULL || wraps == NULL)
        return NULL;
    for (size_t i = 0; i < kept->n_wraps; i++)
        if (strcmp(kept->wraps[i]->recipient, dispenser) == 0)
            wraps[count++] = kept->wraps[i];
    *own = *kept;
    own->n_wraps = count;
    own->wraps = wraps;
    return count > 0 ? own : NULL;
}

void identity_pass_on(struct view *view, struct decision *decision, const char *row,
                      const PrescriptionState *state)
{
    const SealedValue *kept = identity_kept(view, row);
    if (kept == NULL)
        return;
    PrescriptionIdentityPassedOn *message = decision_message(decision, PRESCRIPTION_IDENTITY_PASSED);
    if (message == NULL)
        return;
    message->person = lent(view->key);
    message->national_number = state->national_number;
    message->institution = state->issuer;
    message->hospital_number = state->hospital_number;
    message->dispenser = state->claimed_by;
    message->uploaded_source = state->source;
    message->uploaded_id = state->event_id;
    message->identity = identity_for(decision, kept, state->claimed_by);
    message->not_sealed_for_dispenser = message->identity == NULL;
    if (decision->failed)
        return;
    size_t fact = decision_fact(decision, PRESCRIPTION_IDENTITY_TYPE, state->national_number, &message->base);
    decision_deliver(decision, fact, VISIBLE_ALL, "%s", state->claimed_by);
}

void identity_forget(struct view *view, struct decision *decision, const char *row)
{
    if (identity_kept(view, row) != NULL)
        decision_write(decision, NULL, IDENTITY_ROW, row);
}

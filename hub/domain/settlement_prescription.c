/* What a settlement has to do with circulated prescriptions: they lie under the same person, so the same
 * decision sees them. */
#include "domain/format.h"
#include "domain/prescription.h"
#include "domain/settlement.h"

/* The row of the prescription NUMBER: a national number, else one of the hospital whose quota is charged, or
 * of the payee. NULL: it was not circulated, which most are not. */
static const char *find_row(struct view *view, const SettlementPosted *said, const char *number)
{
    const char *const hospitals[] = {said->quota_owner, said->payee};
    const char *row;
    if (prescription_find(view, number, "", "", &row) != NULL)
        return row;
    for (size_t i = 0; i < sizeof hospitals / sizeof *hospitals; i++)
        if (is_given(hospitals[i]) && prescription_find(view, "", hospitals[i], number, &row) != NULL)
            return row;
    return NULL;
}

const PrescriptionState *settlement_prescription(struct view *view, const SettlementPosted *said, const char *number)
{
    const char *row = find_row(view, said, number);
    return row == NULL ? NULL : (const PrescriptionState *)view_state(view, PRESCRIPTION_STATE, "%s", row);
}

static void add_once(struct view *view, const SettlementPosted *said, const char *number,
                     SettlementState *state)
{
    const char *row = is_given(number) ? find_row(view, said, number) : NULL;
    for (size_t i = 0; row != NULL && i < state->n_prescriptions; i++)
        if (strcmp(state->prescriptions[i], row) == 0)
            return;
    if (row != NULL)
        state->prescriptions[state->n_prescriptions++] = lent(row);
}

bool settlement_find_prescriptions(struct view *view, struct decision *decision, const SettlementPosted *said,
                                   SettlementState *state)
{
    const char *last = said->prescription_number;
    state->prescriptions = decision_list(decision, said->n_lines + 1);
    if (state->prescriptions == NULL)
        return false;
    add_once(view, said, last, state);
    for (size_t i = 0; i < said->n_lines; i++) {
        const char *number = said->lines[i]->prescription_number;
        if (strcmp(number, last) != 0) /* the lines of one prescription stand together */
            add_once(view, said, number, state);
        last = number;
    }
    return !view->failed;
}

static void tell(struct view *view, struct decision *decision, const SettlementState *state,
                 const char *person, bool reversed, size_t place)
{
    const char *suffix = format_in(decision->arena, "prescription/%zu", place);
    const PrescriptionState *prescription =
        (const PrescriptionState *)view_state(view, PRESCRIPTION_STATE, "%s", state->prescriptions[place]);
    PrescriptionSettled *said = decision_message(decision, PRESCRIPTION_SETTLED_MESSAGE);
    if (suffix == NULL || said == NULL) {
        decision->failed = true;
        return;
    }
    if (prescription == NULL)
        return;
    said->person = lent(person);
    said->national_number = prescription->national_number;
    said->institution = prescription->issuer;
    said->hospital_number = prescription->hospital_number;
    said->payee = state->payee;
    said->message_id = state->message_id;
    said->settlement_id = state->settlement_id;
    said->settled_at = decision_moment(decision, state->settled_at_ms);
    said->reversed = reversed;
    decision_submit(decision, PRESCRIPTION_SETTLED_TYPE, person, suffix, &said->base);
}

void settlement_tell_prescriptions(struct view *view, struct decision *decision, const SettlementState *state,
                                   const char *person, bool reversed)
{
    for (size_t i = 0; i < state->n_prescriptions; i++)
        tell(view, decision, state, person, reversed, i);
}

/* Settled: the settlement flow tells that a settlement named the prescription, or that one that did was
 * reversed. It may come before the dispensing: dispensers settle at the counter. */
#include "domain/prescription.h"

struct settling {
    struct prescription_step step;
    const PrescriptionSettled *said;
    size_t place; /* among the settlements in force; their count: it is not one of them */
};

static size_t place_of(const PrescriptionState *state, const char *message_id)
{
    size_t place = 0;
    while (place < state->n_settlements && strcmp(state->settlements[place]->message_id, message_id) != 0)
        place++;
    return place;
}

void *settle_prepare(struct view *view, const struct event *event)
{
    const PrescriptionSettled *said = (const PrescriptionSettled *)event->message;
    struct settling *settling = arena_take(view->arena, sizeof *settling);
    if (settling == NULL)
        return NULL;
    *settling = (struct settling){
        .step =
            {
                STEP_PRESCRIPTION(said),
                .move = said->reversed ? MOVE_UNSETTLE : MOVE_SETTLE,
                .actor = said->payee,
                .actor_path = "payee",
                .at = said->settled_at,
                .at_path = "settledAt",
            },
        .said = said,
    };
    step_begin(view, &settling->step);
    if (settling->step.state != NULL)
        settling->place = place_of(settling->step.state, said->message_id);
    return settling;
}

const struct rule prescription_settled_rules[SETTLED_RULES] = {PRESCRIPTION_STEP_RULES("15")};

/* --- the decision --- */

static void add_settlement(struct decision *decision, const struct settling *settling)
{
    PrescriptionState *state = settling->step.state;
    PrescriptionSettlementState *added = decision_message(decision, PRESCRIPTION_SETTLEMENT_STATE);
    PrescriptionSettlementState **settlements = decision_list(decision, state->n_settlements + 1);
    if (added == NULL || settlements == NULL)
        return;
    added->message_id = settling->said->message_id;
    added->payee = settling->said->payee;
    if (state->n_settlements > 0)
        memcpy(settlements, state->settlements, state->n_settlements * sizeof(void *));
    settlements[state->n_settlements++] = added;
    state->settlements = settlements;
}

static void take_settlement_away(PrescriptionState *state, size_t place)
{
    for (state->n_settlements--; place < state->n_settlements; place++)
        state->settlements[place] = state->settlements[place + 1];
}

void settle_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    struct settling *settling = prepared;
    PrescriptionState *state = settling->step.state;
    bool is_in_force = settling->place < state->n_settlements;
    (void)view;
    (void)event;

    if (settling->said->reversed && is_in_force)
        take_settlement_away(state, settling->place);
    else if (!settling->said->reversed && !is_in_force)
        add_settlement(decision, settling);
    size_t fact = step_take(decision, &settling->step);
    tell_issuer(decision, fact, state);
}

/* adjustment_state.h: how an item gets into a catalogue, is renewed, gets out: one table of moves for each life cycle, one
 * setter. The tables stand in a file each, beside the rules that only they have:
 *
 *     drug        applied ─▶ formally reviewed ─▶ publicised ─▶ rechecked ─▶ announced ─▶ expert reviewed ─┬─▶ published
 *                                                                    negotiated, bid or renewed ◀──┘   └──▶ ▲
 *     ethnic      applied ─▶ formally reviewed ─▶ selected ─▶ selected again ─▶ consulted ─▶ approved ─▶ published
 *     service     applied ─▶ surveyed ─▶ scored ─▶ fund estimated ─▶ published
 *     consumable  applied ─▶ expert reviewed ─▶ publicised ─▶ published ─▶ exited
 *
 * Way out of each review: refused. Pure; nothing else in the house writes AdjustmentState.status. */
#ifndef DOMAIN_ADJUSTMENT_STATE_H
#define DOMAIN_ADJUSTMENT_STATE_H

#include "domain/messages.h"

#include "base/arena.h"

enum adjustment_move {
    ADJUST_APPLY,
    ADJUST_PASS_FORMAL,
    ADJUST_FAIL_FORMAL,
    ADJUST_PUBLICISE,
    ADJUST_PASS_RECHECK,
    ADJUST_FAIL_RECHECK,
    ADJUST_ANNOUNCE,
    ADJUST_LIST,           /* by experts: to be published as it is */
    ADJUST_LIST_FOR_PRICE, /* by experts: to be negotiated, bid or renewed */
    ADJUST_FAIL_REVIEW,    /* by experts */
    ADJUST_PRICE,
    ADJUST_FAIL_PRICE,
    ADJUST_SELECT_ONCE,
    ADJUST_FAIL_SELECT_ONCE,
    ADJUST_SELECT_TWICE,
    ADJUST_FAIL_SELECT_TWICE,
    ADJUST_CONSULT,
    ADJUST_FAIL_CONSULT,
    ADJUST_APPROVE,
    ADJUST_FAIL_APPROVE,
    ADJUST_SURVEY,
    ADJUST_SCORE,
    ADJUST_ESTIMATE,
    ADJUST_FAIL_ESTIMATE,
    ADJUST_PUBLISH,
    ADJUST_EXIT,
    ADJUSTMENT_MOVES,
};

enum adjustment_party {
    ADJUSTMENT_NOBODY = 0,
    ADJUSTMENT_APPLICANT,
    ADJUSTMENT_BUREAU, /* of the region, or its experts' office */
};

struct adjustment_move_row {
    enum adjustment_move move;
    unsigned from; /* set of ADJUSTMENT_IN(status) */
    AdjustmentStatus to;
    enum adjustment_party party;
    const char *window; /* the policy has its days as WINDOW_from and WINDOW_until; NULL: any day */
};
#define ADJUSTMENT_IN(status) (1u << (status))

struct life_cycle {
    LifeCycle id;
    const char *name, *name_zh;
    OrganisationKind applicant;
    const struct adjustment_move_row *moves;
    size_t move_count;
};
extern const struct life_cycle life_cycle_drug, life_cycle_ethnic, life_cycle_service_item, life_cycle_consumable;

/* NULL: there is no such life cycle. */
const struct life_cycle *life_cycle_find(LifeCycle id);

const char *adjustment_status_name(AdjustmentStatus status); /* "FORMALLY_REVIEWED" */
const char *adjustment_move_name(enum adjustment_move move);

/* The row of MOVE where it stands; NULL: it is not possible. STATE NULL: not applied for. */
const struct adjustment_move_row *adjustment_move_row(const struct life_cycle *cycle, const AdjustmentState *state,
                                                      enum adjustment_move move);
/* "publicise, announce": what is possible, in the arena; "" when it is full. */
const char *adjustment_moves_possible(const struct life_cycle *cycle, const AdjustmentState *state, struct arena *arena);
/* True if a step still has to come for an end: a consumable that is in may stay in. */
bool adjustment_is_open(const AdjustmentState *state);

/* The setter. ROW is what adjustment_move_row gave for STATE. */
void adjustment_move(AdjustmentState *state, const struct adjustment_move_row *row, int64_t at_ms);

/* True if some life cycle has a window of which PARAMETER is an end: for those who hold the policy against the tables. */
bool adjustment_window_reads(const char *parameter);

#endif

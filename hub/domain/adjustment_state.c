#include "domain/adjustment_state.h"

#include "domain/format.h"

#include <assert.h>

static const struct life_cycle *const life_cycles[] = {
    &life_cycle_drug,
    &life_cycle_ethnic,
    &life_cycle_service_item,
    &life_cycle_consumable,
};
enum { LIFE_CYCLES = sizeof life_cycles / sizeof *life_cycles };

const struct life_cycle *life_cycle_find(LifeCycle id)
{
    for (size_t i = 0; i < LIFE_CYCLES; i++)
        if (life_cycles[i]->id == id)
            return life_cycles[i];
    return NULL;
}

/* --- names --- */

const char *adjustment_status_name(AdjustmentStatus status)
{
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value(&medhub__state__v1__adjustment_status__descriptor, (int)status);
    return value == NULL || status == ADJUSTMENT_STATUS_NONE ? "NOT_APPLIED"
                                                             : value->name + strlen("ADJUSTMENT_STATUS_");
}

static const char *const move_names[ADJUSTMENT_MOVES] = {
    [ADJUST_APPLY] = "apply",
    [ADJUST_PASS_FORMAL] = "formal review: pass",
    [ADJUST_FAIL_FORMAL] = "formal review: fail",
    [ADJUST_PUBLICISE] = "publicise",
    [ADJUST_PASS_RECHECK] = "recheck: pass",
    [ADJUST_FAIL_RECHECK] = "recheck: fail",
    [ADJUST_ANNOUNCE] = "announce",
    [ADJUST_LIST] = "experts: list",
    [ADJUST_LIST_FOR_PRICE] = "experts: list for a price",
    [ADJUST_FAIL_REVIEW] = "experts: refuse",
    [ADJUST_PRICE] = "price: agreed",
    [ADJUST_FAIL_PRICE] = "price: not agreed",
    [ADJUST_SELECT_ONCE] = "select, first round",
    [ADJUST_FAIL_SELECT_ONCE] = "select, first round: refuse",
    [ADJUST_SELECT_TWICE] = "select, second round",
    [ADJUST_FAIL_SELECT_TWICE] = "select, second round: refuse",
    [ADJUST_CONSULT] = "consult",
    [ADJUST_FAIL_CONSULT] = "consult: refuse",
    [ADJUST_APPROVE] = "approve",
    [ADJUST_FAIL_APPROVE] = "approve: refuse",
    [ADJUST_SURVEY] = "survey",
    [ADJUST_SCORE] = "score",
    [ADJUST_ESTIMATE] = "estimate the fund's part",
    [ADJUST_FAIL_ESTIMATE] = "estimate the fund's part: refuse",
    [ADJUST_PUBLISH] = "publish",
    [ADJUST_EXIT] = "exit",
};

const char *adjustment_move_name(enum adjustment_move move)
{
    return move_names[move];
}

/* --- moves --- */

const struct adjustment_move_row *adjustment_move_row(const struct life_cycle *cycle, const AdjustmentState *state,
                                                      enum adjustment_move move)
{
    unsigned from = ADJUSTMENT_IN(state == NULL ? ADJUSTMENT_STATUS_NONE : state->status);
    for (size_t i = 0; i < cycle->move_count; i++)
        if (cycle->moves[i].move == move && (cycle->moves[i].from & from) != 0)
            return &cycle->moves[i];
    return NULL;
}

const char *adjustment_moves_possible(const struct life_cycle *cycle, const AdjustmentState *state, struct arena *arena)
{
    const char *text = "";
    for (enum adjustment_move move = 0; move < ADJUSTMENT_MOVES && text != NULL; move++)
        if (adjustment_move_row(cycle, state, move) != NULL)
            text = format_in(arena, "%s%s%s", text, *text == '\0' ? "" : ", ", move_names[move]);
    return text == NULL ? "" : text;
}

bool adjustment_is_open(const AdjustmentState *state)
{
    const unsigned ended =
        ADJUSTMENT_IN(ADJUSTMENT_PUBLISHED) | ADJUSTMENT_IN(ADJUSTMENT_REFUSED) | ADJUSTMENT_IN(ADJUSTMENT_EXITED);
    return (ADJUSTMENT_IN(state->status) & ended) == 0;
}

void adjustment_move(AdjustmentState *state, const struct adjustment_move_row *row, int64_t at_ms)
{
    assert((row->from & ADJUSTMENT_IN(state->status)) != 0);
    state->status = row->to;
    state->stands_since_ms = at_ms;
}

/* --- windows --- */

static bool is_end_of(const char *window, const char *parameter)
{
    size_t length = strlen(window);
    return strncmp(parameter, window, length) == 0 &&
           (strcmp(parameter + length, "_from") == 0 || strcmp(parameter + length, "_until") == 0);
}

bool adjustment_window_reads(const char *parameter)
{
    for (size_t i = 0; i < LIFE_CYCLES; i++)
        for (size_t j = 0; j < life_cycles[i]->move_count; j++)
            if (life_cycles[i]->moves[j].window != NULL && is_end_of(life_cycles[i]->moves[j].window, parameter))
                return true;
    return false;
}

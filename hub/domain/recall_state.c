#include "domain/recall.h"

#include <assert.h>

#define IN(status) (1u << (status))

enum { AS_IT_IS = -1 };

static const struct {
    unsigned from;
    int to;
} moves[] = {
    [RECALL_ISSUE] = {IN(RECALL_STATUS_NONE), RECALL_MATCHING},
    [RECALL_MATCHED_ALL] = {IN(RECALL_MATCHING), RECALL_TELLING},
    [RECALL_TOLD_ALL] = {IN(RECALL_TELLING), RECALL_OPEN},
    [RECALL_REMIND] = {IN(RECALL_OPEN), RECALL_REMINDING},
    [RECALL_REMINDED_ALL] = {IN(RECALL_REMINDING), RECALL_OPEN},
    [RECALL_ACKNOWLEDGE] = {IN(RECALL_TELLING) | IN(RECALL_OPEN) | IN(RECALL_REMINDING), AS_IT_IS},
    [RECALL_CLOSE] = {IN(RECALL_OPEN), RECALL_CLOSED},
};

static RecallStatus status_of(const RecallState *state)
{
    return state == NULL ? RECALL_STATUS_NONE : state->status;
}

bool recall_may(const RecallState *state, enum recall_move move)
{
    return (moves[move].from & IN(status_of(state))) != 0;
}

void recall_move(RecallState *state, enum recall_move move)
{
    assert(recall_may(state, move));
    if (moves[move].to != AS_IT_IS)
        state->status = (RecallStatus)moves[move].to;
}

const char *recall_status_name(const RecallState *state)
{
    static const char *const names[] = {
        [RECALL_STATUS_NONE] = "not issued", [RECALL_MATCHING] = "matching",   [RECALL_TELLING] = "telling",
        [RECALL_OPEN] = "open",              [RECALL_REMINDING] = "reminding", [RECALL_CLOSED] = "closed",
    };
    size_t status = (size_t)status_of(state);
    return status < sizeof names / sizeof *names ? names[status] : "unknown";
}

RecallState *recall_find(struct view *view, const char *number)
{
    return (RecallState *)view_state(view, RECALL_STATE, "recall/%s", number);
}

RecallHolderState *recall_find_holder(struct view *view, const char *number, const char *holder)
{
    return (RecallHolderState *)view_state(view, RECALL_HOLDER_STATE, "recall_holder/%s/%s", number, holder);
}

int64_t recall_moment_ms(const struct view *view, const Timestamp *said)
{
    int64_t said_ms = timestamp_ms(said);
    return said_ms < view->now_ms ? said_ms : view->now_ms;
}

Withheld *recall_withheld(struct view *view)
{
    return (Withheld *)view_state(view, WITHHELD, "withheld");
}

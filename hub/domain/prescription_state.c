#include "domain/prescription_state.h"

#include "domain/format.h"
#include "domain/line_quantity.h"

#include <assert.h>

/* --- statuses --- */

static const struct prescription_status_row statuses[] = {
    {PRESCRIPTION_STATUS_NONE, "NOT_UPLOADED", "未上传", ""},
    {PRESCRIPTION_UPLOADED, "UPLOADED", "已上传", "1"},
    {PRESCRIPTION_REVIEWED, "REVIEWED", "已审核", "1"},
    {PRESCRIPTION_CLAIMED, "CLAIMED", "已认领", "1"},
    {PRESCRIPTION_APPROVED, "APPROVED", "药店已审方", "1"},
    {PRESCRIPTION_PARTLY_DISPENSED, "PARTLY_DISPENSED", "部分配药", "1"},
    {PRESCRIPTION_DISPENSED, "DISPENSED", "已配药", "1"},
    {PRESCRIPTION_SETTLED, "SETTLED", "已结算", "1"},
    {PRESCRIPTION_REFUSED_AT_REVIEW, "REFUSED_AT_REVIEW", "审核未通过", "1"},
    {PRESCRIPTION_REVOKED, "REVOKED", "已撤销", "3"},
    {PRESCRIPTION_EXPIRED, "EXPIRED", "已过期", "2"},
    {PRESCRIPTION_RETURNED, "RETURNED", "已退药", "1"},
};

const struct prescription_status_row *prescription_status_row(PrescriptionStatus status)
{
    static const struct prescription_status_row unknown = {PRESCRIPTION_STATUS_NONE, "unknown", "未知", ""};
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        if (statuses[i].status == status)
            return &statuses[i];
    return &unknown;
}

static PrescriptionStatus status_of(const PrescriptionState *state)
{
    return state == NULL ? PRESCRIPTION_STATUS_NONE : state->status;
}

/* --- the table --- */

/* Statuses as a set of bits. */
#define IN(status) (1u << (status))

/* Nobody holds it and some of it can still be had. */
#define OPEN  (IN(PRESCRIPTION_REVIEWED) | IN(PRESCRIPTION_PARTLY_DISPENSED))
#define HELD  (IN(PRESCRIPTION_CLAIMED) | IN(PRESCRIPTION_APPROVED))
#define GIVEN (IN(PRESCRIPTION_DISPENSED) | IN(PRESCRIPTION_SETTLED))
/* It ended although some of it may have been dispensed before. */
#define CUT_OFF (IN(PRESCRIPTION_EXPIRED) | IN(PRESCRIPTION_REVOKED) | IN(PRESCRIPTION_REFUSED_AT_REVIEW))

/* Targets that are no status. */
enum { AS_COUNTED = -1, AS_IT_IS = -2 };

static const struct move_row {
    enum prescription_move move;
    unsigned from;
    int to;
    enum prescription_party party;
} moves[] = {
    {MOVE_UPLOAD, IN(PRESCRIPTION_STATUS_NONE), PRESCRIPTION_UPLOADED, PARTY_ISSUER},
    {MOVE_UPLOAD_REVIEWED, IN(PRESCRIPTION_STATUS_NONE), PRESCRIPTION_REVIEWED, PARTY_ISSUER},
    {MOVE_REVIEW_PASS, IN(PRESCRIPTION_UPLOADED), PRESCRIPTION_REVIEWED, PARTY_ISSUER},
    {MOVE_REVIEW_REFUSE, IN(PRESCRIPTION_UPLOADED), PRESCRIPTION_REFUSED_AT_REVIEW, PARTY_ISSUER},
    {MOVE_CLAIM, OPEN, PRESCRIPTION_CLAIMED, PARTY_DISPENSER},
    {MOVE_APPROVE, IN(PRESCRIPTION_CLAIMED), PRESCRIPTION_APPROVED, PARTY_HOLDER},
    {MOVE_APPROVE_REFUSE, HELD, PRESCRIPTION_REFUSED_AT_REVIEW, PARTY_HOLDER},
    {MOVE_RELEASE, HELD, AS_COUNTED, PARTY_HOLDER},
    {MOVE_LAPSE, HELD, AS_COUNTED, PARTY_HUB},
    {MOVE_DISPENSE, IN(PRESCRIPTION_APPROVED), AS_COUNTED, PARTY_HOLDER},
    {MOVE_RETURN, IN(PRESCRIPTION_PARTLY_DISPENSED) | GIVEN, AS_COUNTED, PARTY_GIVER},
    {MOVE_RETURN, HELD | CUT_OFF, AS_IT_IS, PARTY_GIVER},
    {MOVE_REVOKE, IN(PRESCRIPTION_UPLOADED) | OPEN | HELD, PRESCRIPTION_REVOKED, PARTY_ISSUER},
    {MOVE_EXPIRE, IN(PRESCRIPTION_UPLOADED) | OPEN | HELD, PRESCRIPTION_EXPIRED, PARTY_HUB},
    /* Dispensers settle at the counter: the settlement may be told before the dispensing. */
    {MOVE_SETTLE, OPEN | GIVEN, AS_COUNTED, PARTY_HUB},
    {MOVE_SETTLE, IN(PRESCRIPTION_UPLOADED) | HELD | CUT_OFF, AS_IT_IS, PARTY_HUB},
    {MOVE_UNSETTLE, OPEN | GIVEN, AS_COUNTED, PARTY_HUB},
    {MOVE_UNSETTLE, IN(PRESCRIPTION_UPLOADED) | HELD | CUT_OFF | IN(PRESCRIPTION_RETURNED), AS_IT_IS,
     PARTY_HUB},
};

static const char *const move_names[PRESCRIPTION_MOVES] = {
    [MOVE_UPLOAD] = "upload",
    [MOVE_UPLOAD_REVIEWED] = "upload reviewed",
    [MOVE_REVIEW_PASS] = "review: pass",
    [MOVE_REVIEW_REFUSE] = "review: refuse",
    [MOVE_CLAIM] = "claim",
    [MOVE_APPROVE] = "dispenser's review: pass",
    [MOVE_APPROVE_REFUSE] = "dispenser's review: refuse",
    [MOVE_RELEASE] = "release",
    [MOVE_LAPSE] = "lapse",
    [MOVE_DISPENSE] = "dispense",
    [MOVE_RETURN] = "return",
    [MOVE_REVOKE] = "revoke",
    [MOVE_EXPIRE] = "expire",
    [MOVE_SETTLE] = "settle",
    [MOVE_UNSETTLE] = "unsettle",
};

const char *prescription_move_name(enum prescription_move move)
{
    return move_names[move];
}

static const struct move_row *find_move(const PrescriptionState *state, enum prescription_move move)
{
    unsigned from = IN(status_of(state));
    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++)
        if (moves[i].move == move && (moves[i].from & from) != 0)
            return &moves[i];
    return NULL;
}

enum prescription_party prescription_mover(const PrescriptionState *state, enum prescription_move move)
{
    const struct move_row *row = find_move(state, move);
    return row == NULL ? PARTY_NONE : row->party;
}

enum prescription_party prescription_party(enum prescription_move move)
{
    for (size_t i = 0; i < sizeof moves / sizeof *moves; i++)
        if (moves[i].move == move)
            return moves[i].party;
    return PARTY_NONE;
}

const char *prescription_moves_possible(const PrescriptionState *state, struct arena *arena)
{
    const char *text = "";
    for (enum prescription_move move = 0; move < PRESCRIPTION_MOVES && text != NULL; move++)
        if (find_move(state, move) != NULL)
            text = format_in(arena, "%s%s%s", text, *text == '\0' ? "" : ", ", move_names[move]);
    return text == NULL ? "" : text;
}

/* --- the setter --- */

static size_t dispensings_by(const PrescriptionState *state, const char *dispenser)
{
    size_t count = 0;
    for (size_t i = 0; i < state->n_dispensings; i++)
        count += strcmp(state->dispensings[i]->dispenser, dispenser) == 0;
    return count;
}

static size_t settlements_of(const PrescriptionState *state, const char *payee)
{
    size_t count = 0;
    for (size_t i = 0; i < state->n_settlements; i++)
        count += strcmp(state->settlements[i]->payee, payee) == 0;
    return count;
}

/* Each dispenser was paid as often as it dispensed. */
static bool is_settled(const PrescriptionState *state)
{
    for (size_t i = 0; i < state->n_dispensings; i++) {
        const char *dispenser = state->dispensings[i]->dispenser;
        if (settlements_of(state, dispenser) < dispensings_by(state, dispenser))
            return false;
    }
    return state->n_dispensings > 0;
}

static PrescriptionStatus status_as_counted(const PrescriptionState *state)
{
    if (state->n_dispensings == 0)
        return PRESCRIPTION_REVIEWED;
    if (!lines_all_dispensed(state))
        return PRESCRIPTION_PARTLY_DISPENSED;
    if (lines_all_returned(state))
        return PRESCRIPTION_RETURNED;
    return is_settled(state) ? PRESCRIPTION_SETTLED : PRESCRIPTION_DISPENSED;
}

bool prescription_is_held(const PrescriptionState *state)
{
    return (IN(status_of(state)) & HELD) != 0;
}

void prescription_move(PrescriptionState *state, enum prescription_move move)
{
    const struct move_row *row = find_move(state, move);
    assert(row != NULL);
    if (row->to == AS_COUNTED)
        state->status = status_as_counted(state);
    else if (row->to != AS_IT_IS)
        state->status = (PrescriptionStatus)row->to;
    if (prescription_is_held(state))
        return;
    state->claimed_by = lent("");
    state->claimed_at_ms = 0;
}

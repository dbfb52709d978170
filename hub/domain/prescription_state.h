/* prescription_state.h: the life of a prescription: one table of moves, one setter.
 *
 *     uploaded ─▶ reviewed ─▶ claimed ─▶ approved ─▶ partly dispensed ─▶ dispensed ─▶ settled
 *                    ▲           │           │             │
 *                    └── released, lapsed ◀──┘             └─▶ claimed again, by anybody
 *
 * ways out: refused at review, revoked, expired, returned. A dispensing uses up the claim: what remains is
 * claimed again. Pure; nothing else in the house writes PrescriptionState.status. */
#ifndef DOMAIN_PRESCRIPTION_STATE_H
#define DOMAIN_PRESCRIPTION_STATE_H

#include "domain/messages.h"

#include "base/arena.h"

enum prescription_move {
    MOVE_UPLOAD,          /* without its hospital's review */
    MOVE_UPLOAD_REVIEWED, /* with it, as D003 has it */
    MOVE_REVIEW_PASS,     /* the issuer's pharmacist */
    MOVE_REVIEW_REFUSE,
    MOVE_CLAIM,
    MOVE_APPROVE, /* the dispenser's pharmacist */
    MOVE_APPROVE_REFUSE,
    MOVE_RELEASE,
    MOVE_LAPSE,
    MOVE_DISPENSE,
    MOVE_RETURN,
    MOVE_REVOKE,
    MOVE_EXPIRE,
    MOVE_SETTLE,
    MOVE_UNSETTLE,
    PRESCRIPTION_MOVES,
};

/* Who may make a move. */
enum prescription_party {
    PARTY_NONE = 0,
    PARTY_ISSUER,    /* the institution that issued it */
    PARTY_DISPENSER, /* any designated pharmacy or hospital */
    PARTY_HOLDER,    /* the dispenser that claimed it */
    PARTY_GIVER,     /* a dispenser that dispensed some of it */
    PARTY_HUB,       /* timers and follow-ups */
};

/* How a status is called, and what the e-prescription centre calls it. */
struct prescription_status_row {
    PrescriptionStatus status;
    const char *name, *name_zh;
    const char *national; /* rxStasCodg: 1 valid, 2 expired, 3 revoked (nhsa-wire 2.3) */
};
/* The row of STATUS; that of an unknown number says "unknown". */
const struct prescription_status_row *prescription_status_row(PrescriptionStatus status);

const char *prescription_move_name(enum prescription_move move);

/* Who may make MOVE where it stands; PARTY_NONE: nobody, the move is not possible. STATE NULL: not uploaded.
 */
enum prescription_party prescription_mover(const PrescriptionState *state, enum prescription_move move);
/* Who may make MOVE wherever it is possible. */
enum prescription_party prescription_party(enum prescription_move move);
/* "claim, revoke, expire": the moves that are possible where it stands, in the arena; "" when it is full. */
const char *prescription_moves_possible(const PrescriptionState *state, struct arena *arena);

/* The setter. MOVE must be possible. What it counts (lines, dispensings, settlements) must be up to date:
 * where a move only says "as counted", the status follows from them. A claim ends with the last status in
 * which somebody holds it. */
void prescription_move(PrescriptionState *state, enum prescription_move move);

/* True while a dispenser holds it. */
bool prescription_is_held(const PrescriptionState *state);

#endif

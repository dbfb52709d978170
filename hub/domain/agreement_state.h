/* agreement_state.h: the life of an insurance agreement in one region: one table of moves, one setter.
 *
 *     applied ─▶ accepted ─▶ reviewed ─▶ inspected ─▶ publicised ─▶ confirmed ─▶ agreed ─▶ connection tested
 *                 │    ▲         │           │             │            │                         │
 *            supplementing       └── failed ─┘         cancelled      lapsed        live ◀── published
 *
 * a live one is renewed, changed, paused, suspended and resumed; it ends or lapses, and may be applied for
 * again [C4 L6025- 6120]. The organisation's own state, which authorise asks, follows from the agreements of
 * all regions. Pure; nothing else in the house writes AgreementState.stage. */
#ifndef DOMAIN_AGREEMENT_STATE_H
#define DOMAIN_AGREEMENT_STATE_H

#include "domain/messages.h"

#include "base/arena.h"

/* Who may say a step. */
enum agreement_party {
    AGREEMENT_BY_NOBODY = 0,
    AGREEMENT_BY_AGENCY,      /* an agency, bureau or registrar that acts for the region */
    AGREEMENT_BY_INSTITUTION, /* the institution itself, or the agency for it */
    AGREEMENT_BY_OPERATOR,    /* the hub's operator */
    AGREEMENT_BY_HUB,         /* timers */
};

/* "REVIEWED", "SUPPLEMENT_REQUESTED", "FRAUD"; "unknown" for an unknown number. Lend constants. */
const char *agreement_stage_name(AgreementStage stage);
const char *agreement_step_name(AgreementStep step);

/* Who may say STEP of an agreement that is at STAGE; AGREEMENT_BY_NOBODY: it is not possible there. */
enum agreement_party agreement_mover(AgreementStage stage, AgreementStep step);
/* Who may say STEP wherever it is possible. */
enum agreement_party agreement_party(AgreementStep step);
/* "ACCEPTED, FAILED": the steps that are possible there, in the arena; "" when it is full. */
const char *agreement_steps_possible(AgreementStage stage, struct arena *arena);

/* The setter. STEP must be possible. DAY ("YYYY-MM-DD") is lent for as long as STATE. */
void agreement_move(AgreementState *state, AgreementStep step, AgreementCause cause, char *day);

/* True if it is over and may be applied for again. */
bool agreement_is_over(AgreementStage stage);

/* What the organisation's state follows from: the best of its agreements and of what a registrar had taken
 * over before there was one. STATE_UNSPECIFIED: it has none. */
OrganisationState agreement_organisation_state(const AgreementsState *agreements);
/* The agreement of REGION, or NULL. */
AgreementState *agreement_of(const AgreementsState *agreements, const char *region);

#define AGREEMENT_STEP_NONE     MEDHUB__REGISTRY__V1__AGREEMENT_STEP__AGREEMENT_STEP_UNSPECIFIED
#define AGREEMENT_STEP_APPLIED  MEDHUB__REGISTRY__V1__AGREEMENT_STEP__AGREEMENT_STEP_APPLIED
#define AGREEMENT_STEP_ACCEPTED MEDHUB__REGISTRY__V1__AGREEMENT_STEP__AGREEMENT_STEP_ACCEPTED
#define AGREEMENT_STEP_SUPPLEMENT_REQUESTED                                                                  \
    MEDHUB__REGISTRY__V1__AGREEMENT_STEP__AGREEMENT_STEP_SUPPLEMENT_REQUESTED
#define AGREEMENT_STEP_SUPPLEMENTED MEDHUB__REGISTRY__V1__AGREEMENT_STEP__AGREEMENT_STEP_SUPPLEMENTED
#define AGREEMENT_STEP_REVIEWED     MEDHUB__REGISTRY__V1__AGREEMENT_STEP__AGREEMENT_STEP_REVIEWED
#define AGREEMENT_STEP_INSPECTED    MEDHUB__REGISTRY__V1__AGREEMENT_STEP__AGREEMENT_STEP_INSPECTED
#define AGREEMENT_STEP_PUBLICISED   MEDHUB__REGISTRY__V1__AGREEMENT_STEP__AGREEMENT_STEP_PUBLICISED
#define AGREEMENT_STEP_CANCELLED    MEDHUB__REGISTRY__V1__AGREEMENT_STEP__AGREEMENT_STEP_CANCELLED
#define AGREEMENT_STEP_CONFIRMED    MEDHUB__REGISTRY__V1__AGREEMENT_STEP__AGREEMENT_STEP_CONFIRMED
#define AGREEMENT_STEP_FAILED       MEDHUB__REGISTRY__V1__AGREEMENT_STEP__AGREEMENT_STEP_FAILED
#define AGREEMENT_STEP_AGREED       MEDHUB__REGISTRY__V1__AGREEMENT_STEP__AGREEMENT_STEP_AGREED
#define AGREEMENT_STEP_CONNECTION_TESTED                                                                     \
    MEDHUB__REGISTRY__V1__AGREEMENT_STEP__AGREEMENT_STEP_CONNECTION_TESTED
#define AGREEMENT_STEP_PUBLISHED MEDHUB__REGISTRY__V1__AGREEMENT_STEP__AGREEMENT_STEP_PUBLISHED
#define AGREEMENT_STEP_LIVE      MEDHUB__REGISTRY__V1__AGREEMENT_STEP__AGREEMENT_STEP_LIVE
#define AGREEMENT_STEP_RENEWAL_REQUESTED                                                                     \
    MEDHUB__REGISTRY__V1__AGREEMENT_STEP__AGREEMENT_STEP_RENEWAL_REQUESTED
#define AGREEMENT_STEP_RENEWED      MEDHUB__REGISTRY__V1__AGREEMENT_STEP__AGREEMENT_STEP_RENEWED
#define AGREEMENT_STEP_CHANGED      MEDHUB__REGISTRY__V1__AGREEMENT_STEP__AGREEMENT_STEP_CHANGED
#define AGREEMENT_STEP_PAUSED       MEDHUB__REGISTRY__V1__AGREEMENT_STEP__AGREEMENT_STEP_PAUSED
#define AGREEMENT_STEP_SUSPENDED    MEDHUB__REGISTRY__V1__AGREEMENT_STEP__AGREEMENT_STEP_SUSPENDED
#define AGREEMENT_STEP_RESUMED      MEDHUB__REGISTRY__V1__AGREEMENT_STEP__AGREEMENT_STEP_RESUMED
#define AGREEMENT_STEP_ENDED        MEDHUB__REGISTRY__V1__AGREEMENT_STEP__AGREEMENT_STEP_ENDED
#define AGREEMENT_STEP_LAPSED       MEDHUB__REGISTRY__V1__AGREEMENT_STEP__AGREEMENT_STEP_LAPSED
#define AGREEMENT_NONE              MEDHUB__REGISTRY__V1__AGREEMENT_STAGE__AGREEMENT_STAGE_UNSPECIFIED
#define AGREEMENT_APPLIED           MEDHUB__REGISTRY__V1__AGREEMENT_STAGE__AGREEMENT_STAGE_APPLIED
#define AGREEMENT_ACCEPTED          MEDHUB__REGISTRY__V1__AGREEMENT_STAGE__AGREEMENT_STAGE_ACCEPTED
#define AGREEMENT_SUPPLEMENTING     MEDHUB__REGISTRY__V1__AGREEMENT_STAGE__AGREEMENT_STAGE_SUPPLEMENTING
#define AGREEMENT_REVIEWED          MEDHUB__REGISTRY__V1__AGREEMENT_STAGE__AGREEMENT_STAGE_REVIEWED
#define AGREEMENT_INSPECTED         MEDHUB__REGISTRY__V1__AGREEMENT_STAGE__AGREEMENT_STAGE_INSPECTED
#define AGREEMENT_PUBLICISED        MEDHUB__REGISTRY__V1__AGREEMENT_STAGE__AGREEMENT_STAGE_PUBLICISED
#define AGREEMENT_CONFIRMED         MEDHUB__REGISTRY__V1__AGREEMENT_STAGE__AGREEMENT_STAGE_CONFIRMED
#define AGREEMENT_AGREED            MEDHUB__REGISTRY__V1__AGREEMENT_STAGE__AGREEMENT_STAGE_AGREED
#define AGREEMENT_CONNECTION_TESTED MEDHUB__REGISTRY__V1__AGREEMENT_STAGE__AGREEMENT_STAGE_CONNECTION_TESTED
#define AGREEMENT_PUBLISHED         MEDHUB__REGISTRY__V1__AGREEMENT_STAGE__AGREEMENT_STAGE_PUBLISHED
#define AGREEMENT_LIVE              MEDHUB__REGISTRY__V1__AGREEMENT_STAGE__AGREEMENT_STAGE_LIVE
#define AGREEMENT_PAUSED            MEDHUB__REGISTRY__V1__AGREEMENT_STAGE__AGREEMENT_STAGE_PAUSED
#define AGREEMENT_SUSPENDED         MEDHUB__REGISTRY__V1__AGREEMENT_STAGE__AGREEMENT_STAGE_SUSPENDED
#define AGREEMENT_ENDED             MEDHUB__REGISTRY__V1__AGREEMENT_STAGE__AGREEMENT_STAGE_ENDED
#define AGREEMENT_LAPSED            MEDHUB__REGISTRY__V1__AGREEMENT_STAGE__AGREEMENT_STAGE_LAPSED
#define AGREEMENT_FAILED            MEDHUB__REGISTRY__V1__AGREEMENT_STAGE__AGREEMENT_STAGE_FAILED
#define AGREEMENT_CANCELLED         MEDHUB__REGISTRY__V1__AGREEMENT_STAGE__AGREEMENT_STAGE_CANCELLED
#define CAUSE_NONE                  MEDHUB__REGISTRY__V1__AGREEMENT_CAUSE__AGREEMENT_CAUSE_UNSPECIFIED
#define CAUSE_OWN_REQUEST           MEDHUB__REGISTRY__V1__AGREEMENT_CAUSE__AGREEMENT_CAUSE_OWN_REQUEST
#define CAUSE_REVIEW                MEDHUB__REGISTRY__V1__AGREEMENT_CAUSE__AGREEMENT_CAUSE_REVIEW
#define CAUSE_COMPLAINT             MEDHUB__REGISTRY__V1__AGREEMENT_CAUSE__AGREEMENT_CAUSE_COMPLAINT
#define CAUSE_FRAUD                 MEDHUB__REGISTRY__V1__AGREEMENT_CAUSE__AGREEMENT_CAUSE_FRAUD
#define CAUSE_UNLAWFUL              MEDHUB__REGISTRY__V1__AGREEMENT_CAUSE__AGREEMENT_CAUSE_UNLAWFUL
#define CAUSE_SERIOUS_BREACH        MEDHUB__REGISTRY__V1__AGREEMENT_CAUSE__AGREEMENT_CAUSE_SERIOUS_BREACH
#define CAUSE_LATE_CHANGE           MEDHUB__REGISTRY__V1__AGREEMENT_CAUSE__AGREEMENT_CAUSE_LATE_CHANGE
#define CAUSE_EXPIRED               MEDHUB__REGISTRY__V1__AGREEMENT_CAUSE__AGREEMENT_CAUSE_EXPIRED
#define CAUSE_PAUSED_TOO_LONG       MEDHUB__REGISTRY__V1__AGREEMENT_CAUSE__AGREEMENT_CAUSE_PAUSED_TOO_LONG
#define CAUSE_NOT_SIGNED            MEDHUB__REGISTRY__V1__AGREEMENT_CAUSE__AGREEMENT_CAUSE_NOT_SIGNED
#define CAUSE_OTHER                 MEDHUB__REGISTRY__V1__AGREEMENT_CAUSE__AGREEMENT_CAUSE_OTHER

#endif

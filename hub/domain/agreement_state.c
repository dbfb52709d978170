#include "domain/agreement_state.h"

#include "domain/format.h"

#include <assert.h>

static const char *name_of(const ProtobufCEnumDescriptor *names, int number, const char *prefix)
{
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(names, number);
    return value == NULL ? "unknown" : value->name + strlen(prefix);
}

const char *agreement_stage_name(AgreementStage stage)
{
    return stage == AGREEMENT_NONE ? "NOT_APPLIED"
                                   : name_of(AGREEMENT_STAGE_ENUM, (int)stage, "AGREEMENT_STAGE_");
}

const char *agreement_step_name(AgreementStep step)
{
    return name_of(AGREEMENT_STEP_ENUM, (int)step, "AGREEMENT_STEP_");
}

/* --- the table --- */

/* Stages as a set of bits. */
#define IN(stage) (1u << (stage))

#define OVER (IN(AGREEMENT_ENDED) | IN(AGREEMENT_LAPSED) | IN(AGREEMENT_FAILED) | IN(AGREEMENT_CANCELLED))
/* Signed. */
#define MADE    (IN(AGREEMENT_AGREED) | IN(AGREEMENT_CONNECTION_TESTED) | IN(AGREEMENT_PUBLISHED) | RUNNING)
#define RUNNING (IN(AGREEMENT_LIVE) | IN(AGREEMENT_PAUSED) | IN(AGREEMENT_SUSPENDED))
#define JUDGED  (IN(AGREEMENT_ACCEPTED) | IN(AGREEMENT_REVIEWED) | IN(AGREEMENT_INSPECTED))

/* A target that is no stage. */
enum { AS_IT_IS = -1 };

static const struct move_row {
    AgreementStep step;
    unsigned from;
    int to;
    enum agreement_party party;
} moves[] = {
    {AGREEMENT_STEP_APPLIED, IN(AGREEMENT_NONE) | OVER, AGREEMENT_APPLIED, AGREEMENT_BY_AGENCY},
    {AGREEMENT_STEP_ACCEPTED, IN(AGREEMENT_APPLIED), AGREEMENT_ACCEPTED, AGREEMENT_BY_AGENCY},
    {AGREEMENT_STEP_SUPPLEMENT_REQUESTED, IN(AGREEMENT_ACCEPTED), AGREEMENT_SUPPLEMENTING,
     AGREEMENT_BY_AGENCY},
    {AGREEMENT_STEP_SUPPLEMENTED, IN(AGREEMENT_SUPPLEMENTING), AGREEMENT_ACCEPTED, AGREEMENT_BY_AGENCY},
    {AGREEMENT_STEP_REVIEWED, IN(AGREEMENT_ACCEPTED), AGREEMENT_REVIEWED, AGREEMENT_BY_AGENCY},
    {AGREEMENT_STEP_INSPECTED, IN(AGREEMENT_REVIEWED), AGREEMENT_INSPECTED, AGREEMENT_BY_AGENCY},
    {AGREEMENT_STEP_PUBLICISED, IN(AGREEMENT_INSPECTED), AGREEMENT_PUBLICISED, AGREEMENT_BY_AGENCY},
    {AGREEMENT_STEP_CANCELLED, IN(AGREEMENT_PUBLICISED), AGREEMENT_CANCELLED, AGREEMENT_BY_AGENCY},
    {AGREEMENT_STEP_CONFIRMED, IN(AGREEMENT_PUBLICISED), AGREEMENT_CONFIRMED, AGREEMENT_BY_AGENCY},
    {AGREEMENT_STEP_FAILED, JUDGED, AGREEMENT_FAILED, AGREEMENT_BY_AGENCY},
    {AGREEMENT_STEP_AGREED, IN(AGREEMENT_CONFIRMED), AGREEMENT_AGREED, AGREEMENT_BY_AGENCY},
    {AGREEMENT_STEP_CONNECTION_TESTED, IN(AGREEMENT_AGREED), AGREEMENT_CONNECTION_TESTED,
     AGREEMENT_BY_OPERATOR},
    {AGREEMENT_STEP_PUBLISHED, IN(AGREEMENT_CONNECTION_TESTED), AGREEMENT_PUBLISHED, AGREEMENT_BY_AGENCY},
    {AGREEMENT_STEP_LIVE, IN(AGREEMENT_PUBLISHED), AGREEMENT_LIVE, AGREEMENT_BY_AGENCY},
    {AGREEMENT_STEP_RENEWAL_REQUESTED, IN(AGREEMENT_LIVE), AS_IT_IS, AGREEMENT_BY_INSTITUTION},
    {AGREEMENT_STEP_RENEWED, IN(AGREEMENT_LIVE), AS_IT_IS, AGREEMENT_BY_AGENCY},
    {AGREEMENT_STEP_CHANGED, RUNNING, AS_IT_IS, AGREEMENT_BY_INSTITUTION},
    {AGREEMENT_STEP_PAUSED, IN(AGREEMENT_LIVE), AGREEMENT_PAUSED, AGREEMENT_BY_AGENCY},
    {AGREEMENT_STEP_SUSPENDED, IN(AGREEMENT_LIVE) | IN(AGREEMENT_PAUSED), AGREEMENT_SUSPENDED,
     AGREEMENT_BY_AGENCY},
    {AGREEMENT_STEP_RESUMED, IN(AGREEMENT_PAUSED) | IN(AGREEMENT_SUSPENDED), AGREEMENT_LIVE,
     AGREEMENT_BY_AGENCY},
    {AGREEMENT_STEP_ENDED, MADE, AGREEMENT_ENDED, AGREEMENT_BY_AGENCY},
    {AGREEMENT_STEP_LAPSED, IN(AGREEMENT_CONFIRMED) | MADE, AGREEMENT_LAPSED, AGREEMENT_BY_HUB},
};
enum { MOVES = sizeof moves / sizeof *moves };

static const struct move_row *find_move(AgreementStage stage, AgreementStep step)
{
    for (size_t i = 0; i < MOVES; i++)
        if (moves[i].step == step && (moves[i].from & IN(stage)) != 0)
            return &moves[i];
    return NULL;
}

enum agreement_party agreement_mover(AgreementStage stage, AgreementStep step)
{
    const struct move_row *row = find_move(stage, step);
    return row == NULL ? AGREEMENT_BY_NOBODY : row->party;
}

enum agreement_party agreement_party(AgreementStep step)
{
    for (size_t i = 0; i < MOVES; i++)
        if (moves[i].step == step)
            return moves[i].party;
    return AGREEMENT_BY_NOBODY;
}

const char *agreement_steps_possible(AgreementStage stage, struct arena *arena)
{
    const char *text = "";
    for (size_t i = 0; i < MOVES && text != NULL; i++)
        if ((moves[i].from & IN(stage)) != 0)
            text = format_in(arena, "%s%s%s", text, *text == '\0' ? "" : ", ",
                             agreement_step_name(moves[i].step));
    return text == NULL ? "" : text;
}

bool agreement_is_over(AgreementStage stage)
{
    return (IN(stage) & OVER) != 0;
}

/* --- the setter --- */

/* A new application begins anew; what was failed before is still counted. */
static void forget_application(AgreementState *state)
{
    state->publicised_on = state->confirmed_on = state->supplement_requested_on = lent("");
    state->ended_on = state->valid_from = state->valid_until = lent("");
    state->suspended_on = state->changed_on = lent("");
}

static void note_day(AgreementState *state, AgreementStep step, char *day)
{
    switch ((int)step) {
    case AGREEMENT_STEP_APPLIED:
        forget_application(state);
        state->applied_on = day;
        break;
    case AGREEMENT_STEP_SUPPLEMENT_REQUESTED:
        state->supplement_requested_on = day;
        break;
    case AGREEMENT_STEP_PUBLICISED:
        state->publicised_on = day;
        break;
    case AGREEMENT_STEP_CONFIRMED:
        state->confirmed_on = day;
        state->failures = 0;
        break;
    case AGREEMENT_STEP_CHANGED:
        state->changed_on = day;
        break;
    case AGREEMENT_STEP_SUSPENDED:
        state->suspended_on = day;
        break;
    case AGREEMENT_STEP_FAILED:
        state->failures++;
        break;
    default:
        break;
    }
}

void agreement_move(AgreementState *state, AgreementStep step, AgreementCause cause, char *day)
{
    const struct move_row *row = find_move(state->stage, step);
    assert(row != NULL);
    note_day(state, step, day);
    state->moved_on = day;
    if (row->to == AS_IT_IS)
        return;
    state->stage = (AgreementStage)row->to;
    state->cause = cause;
    if (agreement_is_over(state->stage))
        state->ended_on = day;
}

/* --- the organisation --- */

/* In this order the better one counts. */
static const struct state_row {
    OrganisationState state;
    unsigned stages;
} states[] = {
    {STATE_LIVE, IN(AGREEMENT_LIVE)},
    {STATE_SUSPENDED, IN(AGREEMENT_PAUSED) | IN(AGREEMENT_SUSPENDED)},
    {STATE_TESTED, IN(AGREEMENT_CONNECTION_TESTED) | IN(AGREEMENT_PUBLISHED)},
    {STATE_DESIGNATED, IN(AGREEMENT_AGREED)},
    {STATE_APPLIED, JUDGED | IN(AGREEMENT_APPLIED) | IN(AGREEMENT_SUPPLEMENTING) | IN(AGREEMENT_PUBLICISED) |
                        IN(AGREEMENT_CONFIRMED)},
    {STATE_ENDED, OVER},
};

OrganisationState agreement_organisation_state(const AgreementsState *agreements)
{
    unsigned stages = 0;
    for (size_t i = 0; agreements != NULL && i < agreements->n_agreements; i++)
        stages |= IN(agreements->agreements[i]->stage);
    for (size_t i = 0; stages != 0 && i < sizeof states / sizeof *states; i++)
        if ((states[i].stages & stages) != 0 || states[i].state == agreements->taken_over)
            return states[i].state;
    return STATE_UNSPECIFIED;
}

AgreementState *agreement_of(const AgreementsState *agreements, const char *region)
{
    for (size_t i = 0; agreements != NULL && i < agreements->n_agreements; i++)
        if (strcmp(agreements->agreements[i]->region, region) == 0)
            return agreements->agreements[i];
    return NULL;
}

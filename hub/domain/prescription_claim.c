/* Claimed, released, lapsed: one dispenser at a time holds it, for as long as the policy says. */
#include "domain/prescription.h"

#include "domain/licence.h"
#include "domain/line_quantity.h"
#include "domain/organisation.h"
#include "domain/prescription_dual_channel.h"
#include "domain/prescription_identity.h"
#include "domain/registry.h"

enum { HOUR_MS = 3600000 };

struct claim {
    struct prescription_step step;
    const PrescriptionClaimed *said;
    int64_t hours; /* for which it is held; below 1: the policy does not say */
};

void *claim_prepare(struct view *view, const struct event *event)
{
    const PrescriptionClaimed *said = (const PrescriptionClaimed *)event->message;
    struct claim *claim = arena_take(view->arena, sizeof *claim);
    if (claim == NULL)
        return NULL;
    *claim = (struct claim){
        .step =
            {
                STEP_PRESCRIPTION(said),
                .move = MOVE_CLAIM,
                .actor = said->dispenser,
                .actor_path = "dispenser",
                .at = said->claimed_at,
                .at_path = "claimedAt",
            },
        .said = said,
    };
    step_begin(view, &claim->step);
    if (claim->step.state != NULL)
        (void)view_policy_int(view, PRESCRIPTION_CLAIM_HOURS, claim->step.state->region_of_care,
                              claim->step.day, &claim->hours);
    return claim;
}

/* --- rules: who may hold it --- */

static const struct prescription_step *step_of(const struct rule_context *context)
{
    return context->prepared;
}

static void dispenser_is_an_institution(struct rule_context *context)
{
    const struct prescription_step *step = step_of(context);
    if (step->registered != NULL && !step_is_of_a_pharmacy(step) &&
        step->registered->kind != ORGANISATION_HOSPITAL)
        rule_refuse(context, "dispenser", step->actor, "a hospital or a pharmacy");
}

static bool may_dispense_preparation(struct view *view, const struct prescription_step *step,
                                     const PrescriptionLineState *line)
{
    const CatalogueItem *item = prescription_item(view, line->kind, true, line->catalogue_code,
                                                  prescription_benefit_region(step->state), step->day);
    return item != NULL && prescription_item_permits(item, step->actor);
}

static void preparations_stay_with_maker_and_partners(struct rule_context *context)
{
    const struct prescription_step *step = step_of(context);
    for (size_t i = 0; step->state != NULL && i < step->state->n_lines; i++) {
        const PrescriptionLineState *line = step->state->lines[i];
        if (line->hospital_preparation && !may_dispense_preparation(context->view, step, line))
            rule_refuse(context, "dispenser", step->actor,
                        rule_text(context, "the maker or a named partner of the preparation of line %s",
                                  line->line_number));
    }
}

static void granules_stay_in_medical_institutions(struct rule_context *context)
{
    const struct prescription_step *step = step_of(context);
    for (size_t i = 0; step->state != NULL && step_is_of_a_pharmacy(step) && i < step->state->n_lines; i++)
        if (step->state->lines[i]->kind == LINE_GRANULES) {
            rule_refuse(context, "dispenser", step->actor, "a medical institution, for formula granules");
            return;
        }
}

/* --- rules: for how long --- */

static void claim_has_an_end(struct rule_context *context)
{
    const struct claim *claim = context->prepared;
    if (claim->step.state != NULL && claim->hours < 1)
        rule_policy_missing(context, claim->step.state->region_of_care, claim->step.day);
}

const struct rule prescription_claimed_rules[CLAIMED_RULES] = {
    PRESCRIPTION_STEP_RULES("06"),
    {
        .id = "RX-066",
        .code = "prescription.dispenser_not_designated",
        .document = SOURCE_TIANJIN_CIRCULATION,
        .clause = "定点医疗机构或定点零售药店调配",
        .evaluate = step_dispenser_is_designated,
        .sentence_zh = "认领机构在认领当日须为在网的定点机构",
        .sentence_en = "On the day of the claim the dispenser is live and designated.",
    },
    {
        .id = "RX-067",
        .code = "prescription.dispenser_of_wrong_kind",
        .document = SOURCE_TIANJIN_CIRCULATION,
        .clause = "调配方为定点医疗机构或定点零售药店",
        .evaluate = dispenser_is_an_institution,
        .sentence_zh = "处方只能由医疗机构或药店认领",
        .sentence_en = "A prescription is claimed by a hospital or a pharmacy.",
    },
    {
        .id = "RX-068",
        .code = "prescription.dispenser_not_listed",
        .document = SOURCE_GANSU_DUAL_CHANNEL,
        .clause = "三定：定零售药店",
        .evaluate = dual_channel_dispenser_is_listed,
        .sentence_zh = "双通道处方的认领机构须在统筹地区三定名单内",
        .sentence_en = "The dispenser of a dual-channel prescription is on the region's lists.",
    },
    {
        .id = "RX-069",
        .code = "prescription.preparation_elsewhere",
        .document = SOURCE_JIANGSU_DRUG_USE,
        .clause = "医疗机构制剂",
        .also = {{SOURCE_XINJIANG_ETHNIC_DRUGS, "制剂限配制机构和指定协作医疗机构使用"}},
        .evaluate = preparations_stay_with_maker_and_partners,
        .sentence_zh = "医疗机构制剂只能由配制机构或指定协作机构调配",
        .sentence_en = "A hospital preparation is dispensed by its maker or a named partner only.",
    },
    {
        .id = "RX-070",
        .code = "prescription.granules_in_pharmacy",
        .document = SOURCE_HENAN_GRANULES,
        .clause = "配方颗粒不得在医疗机构以外销售",
        .evaluate = granules_stay_in_medical_institutions,
        .sentence_zh = "中药配方颗粒只能在医疗机构内使用",
        .sentence_en = "Formula granules are dispensed in medical institutions only.",
    },
    {
        .id = "RX-071",
        .code = "prescription.past_validity",
        .document = SOURCE_PRESCRIPTION_CENTRE,
        .clause = "D001 valiEndTime",
        .evaluate = step_is_within_validity,
        .sentence_zh = "处方须在有效期内认领",
        .sentence_en = "A prescription is claimed while it is valid.",
    },
    {
        .id = "RX-072",
        .code = "prescription.claim_without_end",
        .document = SOURCE_PRACTICE,
        .clause = "处方认领时限，由统筹地区确定",
        .parameter = PRESCRIPTION_CLAIM_HOURS,
        .evaluate = claim_has_an_end,
        .sentence_zh = "认领在政策规定的小时数后自动失效",
        .sentence_en = "A claim lapses after the hours that the policy says.",
    },
    {
        .id = "RX-073",
        .code = "prescription.dispenser_not_licensed",
        .document = SOURCE_XINJIANG_ADMISSION,
        .clause = "药品经营许可证、医疗机构执业许可证",
        .parameter = LICENCES_COMPLETE,
        .evaluate = step_dispenser_is_licensed,
        .sentence_zh = "认领机构当日须有有效许可",
        .sentence_en = "On the day of the claim the dispenser's licence counts.",
    },
};

/* --- claimed --- */

/* Whoever else could dispense it learns that it is taken, not for whom. */
static void tell_of_claim(struct decision *decision, size_t fact, const PrescriptionState *state)
{
    tell_centre(decision, fact, state);
    tell_issuer(decision, fact, state);
    tell_dispensers(decision, fact, state->kind, state->region_of_care, SEEN_BY_DISPENSERS);
}

void claim_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    struct claim *claim = prepared;
    PrescriptionState *state = claim->step.state;
    (void)event;

    size_t fact = step_take(decision, &claim->step);
    state->claimed_by = lent(claim->step.actor);
    state->claimed_at_ms = claim->step.at_ms;
    prescription_set_claim_timer(decision, claim->step.row, claim->step.at_ms + claim->hours * HOUR_MS);
    tell_of_claim(decision, fact, state);
    identity_pass_on(view, decision, claim->step.row, state);
}

/* --- released --- */

void *release_claim_prepare(struct view *view, const struct event *event)
{
    const PrescriptionReleased *said = (const PrescriptionReleased *)event->message;
    struct prescription_step *step = arena_take(view->arena, sizeof *step);
    if (step == NULL)
        return NULL;
    *step = (struct prescription_step){
        STEP_PRESCRIPTION(said),
        .move = MOVE_RELEASE,
        .actor = said->dispenser,
        .actor_path = "dispenser",
        .at = said->released_at,
        .at_path = "releasedAt",
    };
    step_begin(view, step);
    return step;
}

const struct rule prescription_released_rules[RELEASED_RULES] = {PRESCRIPTION_STEP_RULES("08")};

void release_claim_decide(struct view *view, const struct event *event, void *prepared,
                          struct decision *decision)
{
    struct prescription_step *step = prepared;
    (void)view;
    (void)event;
    size_t fact = step_take(decision, step);
    prescription_cancel_claim_timer(decision, step->row);
    tell_of_claim(decision, fact, step->state);
}

/* --- lapsed --- */

static const PrescriptionClaimLapsed *lapsed(struct decision *decision, const struct view *view,
                                             const PrescriptionState *state)
{
    PrescriptionClaimLapsed *message = decision_message(decision, PRESCRIPTION_CLAIM_LAPSED);
    if (message == NULL)
        return NULL;
    message->person = lent(view->key);
    message->national_number = state->national_number;
    message->institution = state->issuer;
    message->hospital_number = state->hospital_number;
    message->dispenser = state->claimed_by;
    message->claimed_at = decision_moment(decision, state->claimed_at_ms);
    message->lapsed_at = decision_moment(decision, view->now_ms);
    return decision->failed ? NULL : message;
}

void claim_lapse(struct view *view, const struct event *event, struct decision *decision)
{
    const char *row = prescription_row_of_claim_timer(event->attributes.subject);
    PrescriptionState *state = (PrescriptionState *)view_state(view, PRESCRIPTION_STATE, "%s", row);
    if (prescription_mover(state, MOVE_LAPSE) == PARTY_NONE)
        return; /* dispensed, released or gone in the meantime */

    const char *holder = state->claimed_by;
    const PrescriptionClaimLapsed *message = lapsed(decision, view, state);
    if (message == NULL)
        return;
    prescription_move(state, MOVE_LAPSE);
    decision_write(decision, &state->base, "%s", row);
    size_t fact =
        decision_fact(decision, PRESCRIPTION_CLAIM_LAPSED_TYPE, state->national_number, &message->base);
    tell_organisation(decision, fact, holder);
    tell_of_claim(decision, fact, state);
}

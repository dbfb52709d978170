/* adjustment_review.c: the reviews of an application: formal, public, rechecked, announced, by experts. */
#include "domain/adjustment.h"

#define DATA_UNTIL "adjustment.drug.data_until"

static AdjustmentState *state_of(const struct rule_context *context)
{
    return ((const struct adjustment_step *)context->prepared)->state;
}

/* --- formally reviewed --- */

struct formal_review {
    struct adjustment_step step;
    const AdjustmentFormallyReviewed *said;
};

void *adjustment_formally_reviewed_prepare(struct view *view, const struct event *event)
{
    const AdjustmentFormallyReviewed *said = (const AdjustmentFormallyReviewed *)event->message;
    struct formal_review *review =
        adjustment_prepare(view, sizeof *review, said->item_key, said->step,
                           said->result == STEP_PASSED ? ADJUST_PASS_FORMAL : ADJUST_FAIL_FORMAL);
    if (review != NULL)
        review->said = said;
    return review;
}

static void regulator_has_looked(struct rule_context *context)
{
    const struct formal_review *review = context->prepared;
    if (review->step.state != NULL && review->step.state->item->kind == KIND_HOSPITAL_PREPARATION &&
        review->said->result == STEP_PASSED && !review->said->regulator_rechecked)
        rule_refuse(context, "regulatorRechecked", "false", "the drug regulator's recheck of a preparation");
}

const struct rule adjustment_formally_reviewed_rules[ADJUSTMENT_RULES_OF_formally_reviewed] = {
    ADJUSTMENT_STEP_RULES("02", SOURCE_DRUG_PLAN),
    ADJUSTMENT_RULE("AD-025", "not_rechecked_by_regulator", regulator_has_looked, SOURCE_XINJIANG_ETHNIC_DRUGS,
                    "形式审查，药监部门复核制剂", NULL, "医疗机构制剂通过形式审查须经药监部门复核",
                    "A preparation passes formal review only after the drug regulator's recheck."),
};

void adjustment_formally_reviewed_decide(struct view *view, const struct event *event, void *prepared,
                                         struct decision *decision)
{
    (void)event;
    adjustment_take_and_tell(view, decision, prepared, false);
}

/* --- publicised --- */

struct publicity {
    struct adjustment_step step;
    const AdjustmentPublicised *said;
};

void *adjustment_publicised_prepare(struct view *view, const struct event *event)
{
    const AdjustmentPublicised *said = (const AdjustmentPublicised *)event->message;
    struct publicity *publicity =
        adjustment_prepare(view, sizeof *publicity, said->item_key, said->step, ADJUST_PUBLICISE);
    if (publicity != NULL)
        publicity->said = said;
    return publicity;
}

static void no_economic_data_is_shown(struct rule_context *context)
{
    if (((const struct publicity *)context->prepared)->said->economic_data)
        rule_refuse(context, "economicData", "true", "false: publicity is without economic data");
}

static void publicity_has_days(struct rule_context *context)
{
    const struct publicity *publicity = context->prepared;
    if (text_day(publicity->said->until) < text_day(publicity->said->from))
        rule_refuse(context, "until", publicity->said->until, rule_text(context, "not before %s", publicity->said->from));
}

const struct rule adjustment_publicised_rules[ADJUSTMENT_RULES_OF_publicised] = {
    ADJUSTMENT_STEP_RULES("03", SOURCE_DRUG_PLAN),
    ADJUSTMENT_RULE("AD-035", "economic_data_shown", no_economic_data_is_shown, SOURCE_DRUG_PLAN, "公示（不含经济性信息）",
                    NULL, "公示不含经济性信息", "What is publicised shows no economic data."),
    ADJUSTMENT_RULE("AD-036", "publicity_without_days", publicity_has_days, SOURCE_DRUG_PLAN, "公示", NULL,
                    "公示截止日期不得早于起始日期", "Publicity ends on its first day or later."),
};

void adjustment_publicised_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    struct publicity *publicity = prepared;
    (void)event;
    publicity->step.state->publicised_until = publicity->said->until;
    adjustment_take_and_tell(view, decision, &publicity->step, true);
}

/* --- rechecked --- */

void *adjustment_rechecked_prepare(struct view *view, const struct event *event)
{
    const AdjustmentRechecked *said = (const AdjustmentRechecked *)event->message;
    return adjustment_prepare(view, sizeof(struct adjustment_step), said->item_key, said->step,
                              said->result == STEP_PASSED ? ADJUST_PASS_RECHECK : ADJUST_FAIL_RECHECK);
}

void adjustment_publicity_is_over(struct rule_context *context)
{
    const struct adjustment_step *step = context->prepared;
    if (step->state != NULL && is_given(step->state->publicised_until) &&
        step->day <= text_day(step->state->publicised_until))
        rule_refuse(context, "step.takenAt", rule_day(context, step->day),
                    rule_text(context, "after the publicity, which ends on %s", step->state->publicised_until));
}

const struct rule adjustment_rechecked_rules[ADJUSTMENT_RULES_OF_rechecked] = {
    ADJUSTMENT_STEP_RULES("04", SOURCE_DRUG_PLAN),
    ADJUSTMENT_RULE("AD-045", "publicity_not_over", adjustment_publicity_is_over, SOURCE_DRUG_PLAN, "公示、复核", NULL,
                    "公示结束后才能复核", "Objections are rechecked when the publicity is over."),
};

void adjustment_rechecked_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    (void)event;
    adjustment_take_and_tell(view, decision, prepared, false);
}

/* --- announced --- */

struct announcement {
    struct adjustment_step step;
    const AdjustmentAnnounced *said;
};

void *adjustment_announced_prepare(struct view *view, const struct event *event)
{
    const AdjustmentAnnounced *said = (const AdjustmentAnnounced *)event->message;
    struct announcement *announcement =
        adjustment_prepare(view, sizeof *announcement, said->item_key, said->step, ADJUST_ANNOUNCE);
    if (announcement != NULL)
        announcement->said = said;
    return announcement;
}

static void applicant_is_answered(struct rule_context *context)
{
    if (!is_given(((const struct announcement *)context->prepared)->said->reply))
        rule_refuse(context, "reply", "", "the reply to the applicant");
}

const struct rule adjustment_announced_rules[ADJUSTMENT_RULES_OF_announced] = {
    ADJUSTMENT_STEP_RULES("05", SOURCE_DRUG_PLAN),
    ADJUSTMENT_RULE("AD-055", "applicant_not_answered", applicant_is_answered, SOURCE_DRUG_PLAN, "公告，并通过目录调整模块反馈企业", NULL,
                    "公告须同时答复申报方", "With the announcement the applicant is answered."),
};

void adjustment_announced_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    (void)event;
    adjustment_take_and_tell(view, decision, prepared, true);
}

/* --- reviewed by experts --- */

struct expert_review {
    struct adjustment_step step;
    const AdjustmentExpertReviewed *said;
};

/* Drugs come onto one of the four lists; consumables pass or fail. */
static enum adjustment_move move_of(const AdjustmentExpertReviewed *said)
{
    switch ((int)said->list) {
    case EXPERT_LIST_NEGOTIATE_OR_BID:
    case EXPERT_LIST_RENEWAL_BY_RULE:
        return ADJUST_LIST_FOR_PRICE;
    case EXPERT_LIST_DIRECT_ENTRY:
    case EXPERT_LIST_DIRECT_REMOVAL:
        return ADJUST_LIST;
    case EXPERT_LIST_NONE:
        return ADJUST_FAIL_REVIEW;
    default:
        return said->result == STEP_PASSED ? ADJUST_LIST : ADJUST_FAIL_REVIEW;
    }
}

void *adjustment_expert_reviewed_prepare(struct view *view, const struct event *event)
{
    const AdjustmentExpertReviewed *said = (const AdjustmentExpertReviewed *)event->message;
    struct expert_review *review = adjustment_prepare(view, sizeof *review, said->item_key, said->step, move_of(said));
    if (review != NULL)
        review->said = said;
    return review;
}

static void drug_is_on_a_list(struct rule_context *context)
{
    const struct expert_review *review = context->prepared;
    const AdjustmentState *state = state_of(context);
    if (state != NULL && state->life_cycle == LIFE_CYCLE_DRUG && review->said->list == 0)
        rule_refuse(context, "list", "none", "direct entry, negotiate or bid, direct removal, renewal by rule, or on none");
}

static void negotiation_knows_its_subject(struct rule_context *context)
{
    const AdjustmentExpertReviewed *said = ((const struct expert_review *)context->prepared)->said;
    const struct {
        const char *path, *text;
    } wanted[] = {{"mainSpecification", said->main_specification},
                  {"comparator", said->comparator},
                  {"paymentScope", said->payment_scope}};
    if (said->list != EXPERT_LIST_NEGOTIATE_OR_BID)
        return;
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
        if (!is_given(wanted[i].text))
            rule_refuse(context, wanted[i].path, "", "what a negotiated drug is negotiated by");
}

static void removal_has_its_ground(struct rule_context *context)
{
    const AdjustmentExpertReviewed *said = ((const struct expert_review *)context->prepared)->said;
    if (said->list == EXPERT_LIST_DIRECT_REMOVAL && said->removal_ground == 0)
        rule_refuse(context, "removalGround", "none", "not supplied, or not supplied as agreed");
}

/* Exclusivity, labels and prices are those of the plan's last day or earlier. */
static void data_end_with_the_plan(struct rule_context *context)
{
    const struct expert_review *review = context->prepared;
    date_t last, until = text_day(review->said->data_until);
    if (review->said->list != EXPERT_LIST_NEGOTIATE_OR_BID)
        return;
    if (!view_policy_date(context->view, context->rule->parameter, review->step.region, review->step.day, &last))
        rule_policy_missing(context, review->step.region, review->step.day);
    else if (until == DATE_NONE || until > last)
        rule_refuse(context, "dataUntil", review->said->data_until, rule_text(context, "until %s", rule_day(context, last)));
}

const struct rule adjustment_expert_reviewed_rules[ADJUSTMENT_RULES_OF_expert_reviewed] = {
    ADJUSTMENT_STEP_RULES("06", SOURCE_DRUG_PLAN),
    ADJUSTMENT_RULE("AD-065", "on_no_list", drug_is_on_a_list, SOURCE_DRUG_PLAN, "专家评审形成四类名单", NULL,
                    "药品经专家评审列入四类名单之一，或均不列入", "Experts put a drug on one of four lists, or on none."),
    ADJUSTMENT_RULE("AD-066", "subject_not_fixed", negotiation_knows_its_subject, SOURCE_DRUG_PLAN,
                    "主规格、参照药品、支付范围", NULL, "拟谈判药品须确定主规格、参照药品和支付范围",
                    "What is to be negotiated has its main specification, comparator and payment scope."),
    ADJUSTMENT_RULE("AD-067", "removal_without_ground", removal_has_its_ground, SOURCE_DRUG_PLAN,
                    "直接调出：近三年未向定点机构供应，或谈判药品未按协议供应", NULL, "直接调出须有规定情形",
                    "What is taken out directly has one of the plan's grounds."),
    ADJUSTMENT_RULE("AD-068", "data_too_late", data_end_with_the_plan, SOURCE_DRUG_PLAN, "独家、说明书、价格等信息截止日", DATA_UNTIL,
                    "拟谈判药品的独家、说明书、价格信息不得晚于方案截止日",
                    "What a negotiation stands on ends with the plan's last day of data."),
};

void adjustment_expert_reviewed_decide(struct view *view, const struct event *event, void *prepared,
                                       struct decision *decision)
{
    struct expert_review *review = prepared;
    (void)event;
    review->step.state->list = review->said->list;
    adjustment_take_and_tell(view, decision, &review->step, false);
}

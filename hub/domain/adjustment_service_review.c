/* adjustment_service_review.c: what service items go through: surveyed, scored, the fund's part estimated. */
#include "domain/adjustment.h"

#define SURVEY_AREAS "adjustment.service_item.survey_areas"

/* --- surveyed --- */

struct survey {
    struct adjustment_step step;
    const AdjustmentSurveyed *said;
};

void *adjustment_surveyed_prepare(struct view *view, const struct event *event)
{
    const AdjustmentSurveyed *said = (const AdjustmentSurveyed *)event->message;
    struct survey *survey = adjustment_prepare(view, sizeof *survey, said->item_key, said->step, ADJUST_SURVEY);
    if (survey != NULL)
        survey->said = said;
    return survey;
}

static void survey_covers_the_nation(struct rule_context *context)
{
    const struct survey *survey = context->prepared;
    int64_t wanted;
    if (!view_policy_int(context->view, context->rule->parameter, survey->step.region, survey->step.day, &wanted))
        rule_policy_missing(context, survey->step.region, survey->step.day);
    else if (survey->said->areas < wanted)
        rule_refuse(context, "areas", rule_text(context, "%u", survey->said->areas),
                    rule_text(context, "%lld: every province and the Corps", (long long)wanted));
}

const struct rule adjustment_surveyed_rules[ADJUSTMENT_RULES_OF_surveyed] = {
    ADJUSTMENT_STEP_RULES("11", SOURCE_SERVICE_ITEMS),
    ADJUSTMENT_RULE("AD-115", "survey_not_complete", survey_covers_the_nation, SOURCE_SERVICE_ITEMS,
                    "31个省份和兵团医院调研", SURVEY_AREAS, "医院调研须覆盖全部省份和兵团",
                    "The survey of hospitals covers every province and the Corps."),
};

void adjustment_surveyed_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    (void)event;
    adjustment_take_and_tell(view, decision, prepared, false);
}

/* --- scored --- */

struct scoring {
    struct adjustment_step step;
    const AdjustmentScored *said;
};

void *adjustment_scored_prepare(struct view *view, const struct event *event)
{
    const AdjustmentScored *said = (const AdjustmentScored *)event->message;
    struct scoring *scoring = adjustment_prepare(view, sizeof *scoring, said->item_key, said->step,
                                                 said->result == STEP_PASSED ? ADJUST_SCORE : ADJUST_FAIL_REVIEW);
    if (scoring != NULL)
        scoring->said = said;
    return scoring;
}

static void everything_is_scored_by_both(struct rule_context *context)
{
    const AdjustmentScored *said = ((const struct scoring *)context->prepared)->said;
    const struct {
        const char *path;
        uint32_t score;
    } scores[] = {{"healthGain", said->health_gain},
                  {"need", said->need},
                  {"fairness", said->fairness},
                  {"costEffectiveness", said->cost_effectiveness}};
    size_t clinical = 0;
    for (size_t i = 0; i < sizeof scores / sizeof *scores; i++)
        if (scores[i].score == 0)
            rule_refuse(context, scores[i].path, "none", "a score");
    for (size_t i = 0; i < said->panel->n_experts; i++)
        clinical += said->panel->experts[i]->clinical ? 1 : 0;
    if (clinical == 0 || clinical == said->panel->n_experts)
        rule_refuse(context, "panel.experts", rule_text(context, "%zu clinical of %zu", clinical, said->panel->n_experts),
                    "experts of management and clinical experts");
}

const struct rule adjustment_scored_rules[ADJUSTMENT_RULES_OF_scored] = {
    ADJUSTMENT_STEP_RULES("12", SOURCE_SERVICE_ITEMS),
    ADJUSTMENT_RULE("AD-125", "not_all_scored", everything_is_scored_by_both, SOURCE_SERVICE_ITEMS,
                    "管理和临床专家评分：健康收益、需求、公平、成本效益", NULL, "管理和临床专家须对四个维度评分",
                    "Management and clinical experts score health gain, need, fairness and cost-effectiveness."),
};

void adjustment_scored_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    (void)event;
    adjustment_take_and_tell(view, decision, prepared, false);
}

/* --- the fund's part --- */

struct estimate {
    struct adjustment_step step;
    const AdjustmentEstimated *said;
};

void *adjustment_estimated_prepare(struct view *view, const struct event *event)
{
    const AdjustmentEstimated *said = (const AdjustmentEstimated *)event->message;
    struct estimate *estimate = adjustment_prepare(view, sizeof *estimate, said->item_key, said->step,
                                                    said->result == STEP_FAILED ? ADJUST_FAIL_ESTIMATE : ADJUST_ESTIMATE);
    if (estimate != NULL)
        estimate->said = said;
    return estimate;
}

static void fund_can_bear_it(struct rule_context *context)
{
    const AdjustmentEstimated *said = ((const struct estimate *)context->prepared)->said;
    if (said->result != STEP_FAILED && !said->controllable)
        rule_refuse(context, "controllable", "false", "an effect on the fund that is under control");
}

const struct rule adjustment_estimated_rules[ADJUSTMENT_RULES_OF_estimated] = {
    ADJUSTMENT_STEP_RULES("13", SOURCE_SERVICE_ITEMS),
    ADJUSTMENT_RULE("AD-135", "fund_not_controllable", fund_can_bear_it, SOURCE_SERVICE_ITEMS, "基金影响可控", NULL,
                    "纳入项目的基金影响须可控", "The effect on the fund is under control."),
};

void adjustment_estimated_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    (void)event;
    adjustment_take_and_tell(view, decision, prepared, false);
}

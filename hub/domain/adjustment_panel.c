/* adjustment_panel.c: panels of experts and the leading group, as the ethnic plan has them: selected twice, consulted,
 * approved. */
#include "domain/adjustment.h"

#include "domain/organisation.h"

#define SELECTION_EXPERTS  "adjustment.ethnic.selection_experts"
#define LOWER_LEVEL        "adjustment.ethnic.selection_lower_level_percent"
#define CONSULTING_EXPERTS "adjustment.ethnic.consulting_experts"
#define AUTHORITIES        "adjustment.ethnic.authorities"

/* Begins with the step, so that the rules of panels find both. */
struct panel_step {
    struct adjustment_step step;
    const ExpertPanel *panel;
};

static void *prepare(struct view *view, const char *item_key, const AdjustmentStep *said, enum adjustment_move move,
                     const ExpertPanel *panel)
{
    struct panel_step *step = adjustment_prepare(view, sizeof *step, item_key, said, move);
    if (step != NULL)
        step->panel = panel;
    return step;
}

static const struct panel_step *panel_of(const struct rule_context *context)
{
    return context->prepared;
}

/* The rule's parameter where the application belongs; false: it was said that there is none. */
static bool policy(struct rule_context *context, int64_t *value)
{
    const struct adjustment_step *step = context->prepared;
    if (view_policy_int(context->view, context->rule->parameter, step->region, step->day, value))
        return true;
    rule_policy_missing(context, step->region, step->day);
    return false;
}

/* --- rules of panels --- */

static bool is_named_before(const ExpertPanel *panel, size_t place)
{
    for (size_t i = 0; i < place; i++)
        if (strcmp(panel->experts[i]->pseudonym, panel->experts[place]->pseudonym) == 0)
            return true;
    return false;
}

/* As many different experts as the policy says. */
static void panel_is_complete(struct rule_context *context)
{
    const ExpertPanel *panel = panel_of(context)->panel;
    int64_t wanted;
    size_t different = 0;
    for (size_t i = 0; i < panel->n_experts; i++)
        different += !is_named_before(panel, i);
    if (policy(context, &wanted) && (int64_t)different != wanted)
        rule_refuse(context, "panel.experts", rule_text(context, "%zu", different),
                    rule_text(context, "%lld different experts", (long long)wanted));
}

static void panel_is_drawn_at_random(struct rule_context *context)
{
    if (!panel_of(context)->panel->drawn_at_random)
        rule_refuse(context, "panel.drawnAtRandom", "false", "true: nobody chooses the experts");
}

static void panel_has_lower_levels(struct rule_context *context)
{
    const ExpertPanel *panel = panel_of(context)->panel;
    int64_t percent;
    size_t lower = 0;
    for (size_t i = 0; i < panel->n_experts; i++)
        lower += panel->experts[i]->institution_level == LEVEL_FIRST || panel->experts[i]->institution_level == LEVEL_SECOND;
    if (policy(context, &percent) && (int64_t)lower * 100 < percent * (int64_t)panel->n_experts)
        rule_refuse(context, "panel.experts", rule_text(context, "%zu of %zu", lower, panel->n_experts),
                    rule_text(context, "at least %lld %% from hospitals of level 2 or below", (long long)percent));
}

static void consultants_are_senior(struct rule_context *context)
{
    const ExpertPanel *panel = panel_of(context)->panel;
    for (size_t i = 0; i < panel->n_experts; i++)
        if (panel->experts[i]->institution_level != LEVEL_THIRD || !panel->experts[i]->senior_title)
            rule_refuse(context, rule_text(context, "panel.experts[%zu]", i), "***",
                        "an expert of a level-3 hospital with a senior title");
}

/* --- selected --- */

void *adjustment_selected_prepare(struct view *view, const struct event *event)
{
    const AdjustmentSelected *said = (const AdjustmentSelected *)event->message;
    bool first = said->round == 1, passed = said->result == STEP_PASSED;
    enum adjustment_move move = first ? passed ? ADJUST_SELECT_ONCE : ADJUST_FAIL_SELECT_ONCE
                                : passed ? ADJUST_SELECT_TWICE
                                         : ADJUST_FAIL_SELECT_TWICE;
    return prepare(view, said->item_key, said->step, move, said->panel);
}

static void there_are_two_rounds(struct rule_context *context)
{
    const AdjustmentSelected *said = (const AdjustmentSelected *)context->event->message;
    if (said->round != 1 && said->round != 2)
        rule_refuse(context, "round", rule_text(context, "%u", said->round), "1 or 2");
}

const struct rule adjustment_selected_rules[ADJUSTMENT_RULES_OF_selected] = {
    ADJUSTMENT_STEP_RULES("08", SOURCE_XINJIANG_ETHNIC_DRUGS),
    ADJUSTMENT_RULE("AD-085", "panel_not_complete", panel_is_complete, SOURCE_XINJIANG_ETHNIC_DRUGS, "遴选专家23名",
                    SELECTION_EXPERTS, "遴选专家人数须符合规定", "A round of selection has as many experts as laid down."),
    ADJUSTMENT_RULE("AD-086", "panel_not_random", panel_is_drawn_at_random, SOURCE_XINJIANG_ETHNIC_DRUGS, "随机抽取，行政部门不干预",
                    NULL, "专家须随机抽取", "Experts are drawn at random."),
    ADJUSTMENT_RULE("AD-087", "panel_too_few_lower_levels", panel_has_lower_levels, SOURCE_XINJIANG_ETHNIC_DRUGS,
                    "二级及以下医疗机构专家不少于30%", LOWER_LEVEL, "二级及以下医疗机构专家须达到规定比例",
                    "Enough of the experts come from hospitals of level 2 or below."),
    ADJUSTMENT_RULE("AD-088", "no_such_round", there_are_two_rounds, SOURCE_XINJIANG_ETHNIC_DRUGS, "两轮遴选", NULL, "遴选共两轮",
                    "There are two rounds of selection."),
};

void adjustment_selected_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    (void)event;
    adjustment_take_and_tell(view, decision, prepared, false);
}

/* --- consulted --- */

void *adjustment_consulted_prepare(struct view *view, const struct event *event)
{
    const AdjustmentConsulted *said = (const AdjustmentConsulted *)event->message;
    return prepare(view, said->item_key, said->step, said->result == STEP_PASSED ? ADJUST_CONSULT : ADJUST_FAIL_CONSULT,
                   said->panel);
}

const struct rule adjustment_consulted_rules[ADJUSTMENT_RULES_OF_consulted] = {
    ADJUSTMENT_STEP_RULES("09", SOURCE_XINJIANG_ETHNIC_DRUGS),
    ADJUSTMENT_RULE("AD-095", "panel_not_complete", panel_is_complete, SOURCE_XINJIANG_ETHNIC_DRUGS, "咨询专家13名",
                    CONSULTING_EXPERTS, "咨询专家人数须符合规定", "There are as many consulting experts as laid down."),
    ADJUSTMENT_RULE("AD-096", "panel_not_senior", consultants_are_senior, SOURCE_XINJIANG_ETHNIC_DRUGS,
                    "三级医疗机构高级职称", NULL, "咨询专家须来自三级医疗机构且具有高级职称",
                    "Consulting experts come from level-3 hospitals and have a senior title."),
    ADJUSTMENT_RULE("AD-097", "panel_not_random", panel_is_drawn_at_random, SOURCE_XINJIANG_ETHNIC_DRUGS, "随机抽取，行政部门不干预",
                    NULL, "专家须随机抽取", "Experts are drawn at random."),
};

void adjustment_consulted_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    (void)event;
    adjustment_take_and_tell(view, decision, prepared, false);
}

/* --- approved by the leading group --- */

struct approval {
    struct adjustment_step step;
    const AdjustmentApproved *said;
};

void *adjustment_approved_prepare(struct view *view, const struct event *event)
{
    const AdjustmentApproved *said = (const AdjustmentApproved *)event->message;
    struct approval *approval = adjustment_prepare(view, sizeof *approval, said->item_key, said->step,
                                                   said->result == STEP_PASSED ? ADJUST_APPROVE : ADJUST_FAIL_APPROVE);
    if (approval != NULL)
        approval->said = said;
    return approval;
}

static bool is_listed_before(char *const *names, size_t place)
{
    for (size_t i = 0; i < place; i++)
        if (strcmp(names[i], names[place]) == 0)
            return true;
    return false;
}

static bool is_bureau(struct rule_context *context, const char *id)
{
    const struct adjustment_step *step = context->prepared;
    const Organisation *organisation = organisation_on(context->view, id, step->day);
    return organisation != NULL && organisation->kind == ORGANISATION_BUREAU;
}

static void authorities_act_together(struct rule_context *context)
{
    const AdjustmentApproved *said = ((const struct approval *)context->prepared)->said;
    int64_t wanted;
    size_t different = 0;
    for (size_t i = 0; i < said->n_authorities; i++)
        different += !is_listed_before(said->authorities, i);
    if (policy(context, &wanted) && (int64_t)different < wanted)
        rule_refuse(context, "authorities", rule_text(context, "%zu", different),
                    rule_text(context, "%lld authorities together", (long long)wanted));
    for (size_t i = 0; i < said->n_authorities; i++)
        if (!is_bureau(context, said->authorities[i]))
            rule_refuse(context, rule_text(context, "authorities[%zu]", i), said->authorities[i], "a bureau");
}

const struct rule adjustment_approved_rules[ADJUSTMENT_RULES_OF_approved] = {
    ADJUSTMENT_STEP_RULES("10", SOURCE_XINJIANG_ETHNIC_DRUGS),
    ADJUSTMENT_RULE("AD-105", "authority_missing", authorities_act_together, SOURCE_XINJIANG_ETHNIC_DRUGS, "自治区与兵团共同组织",
                    AUTHORITIES, "自治区和兵团须共同审定", "The region and the Corps approve together."),
};

void adjustment_approved_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    (void)event;
    adjustment_take_and_tell(view, decision, prepared, false);
}

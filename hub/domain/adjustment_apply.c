/* adjustment_apply.c: medhub.adjustment.applied.v1: somebody asks for an item to get in, to stay, or for another scope. */
#include "domain/adjustment.h"

#include "domain/format.h"
#include "domain/organisation.h"

#define APPROVED_FROM  "adjustment.drug.approved_from"
#define AGREEMENT_ENDS "adjustment.drug.agreement_ends"

struct application {
    struct adjustment_step step; /* first: the common rules find it */
    const AdjustmentApplied *said;
    const Organisation *applicant; /* or NULL */
};

void *adjustment_applied_prepare(struct view *view, const struct event *event)
{
    struct application *application = arena_take_zeroed(view->arena, sizeof *application);
    if (application == NULL)
        return NULL;
    application->said = (const AdjustmentApplied *)event->message;
    application->step = (struct adjustment_step){
        .item_key = application->said->item_key,
        .said = application->said->step,
        .move = ADJUST_APPLY,
        .applied = application->said,
    };
    adjustment_begin(view, &application->step);
    application->applicant = organisation_on(view, application->said->step->actor, application->step.day);
    return application;
}

static const struct application *application_of(const struct rule_context *context)
{
    return context->prepared;
}

/* --- rules --- */

static void applicant_may_apply(struct rule_context *context)
{
    const struct application *application = application_of(context);
    const Organisation *applicant = application->applicant;
    if (application->step.cycle == NULL || applicant == NULL)
        return;
    if (applicant->kind != application->step.cycle->applicant)
        rule_refuse(context, "step.actor", application->said->step->actor,
                    rule_text(context, "an applicant for %s: organisation kind %d", application->step.cycle->name,
                              (int)application->step.cycle->applicant));
    else if (applicant->kind == ORGANISATION_HOSPITAL && !organisation_is_designated(applicant, application->step.day))
        rule_refuse(context, "step.actor", application->said->step->actor, "a designated hospital");
}

static bool is_of_the_cycle(LifeCycle cycle, CatalogueKind kind)
{
    switch ((int)cycle) {
    case LIFE_CYCLE_DRUG:
        return kind == KIND_WESTERN_DRUG || kind == KIND_PATENT_DRUG;
    case LIFE_CYCLE_ETHNIC:
        return kind == KIND_ETHNIC_DRUG || kind == KIND_HOSPITAL_PREPARATION;
    case LIFE_CYCLE_SERVICE_ITEM:
        return kind == KIND_SERVICE_ITEM;
    default:
        return kind == KIND_CONSUMABLE;
    }
}

/* A service item stands in the price-item guide; a consumable has its generic name and class; ethnic medicine is approved and in
 * its standard, a preparation approved and only for its maker and the named partners. */
static void item_is_of_the_cycle(struct rule_context *context)
{
    const AdjustmentApplied *said = application_of(context)->said;
    const CatalogueItem *item = said->item;
    if (!is_of_the_cycle(said->life_cycle, item->kind))
        rule_refuse(context, "item.kind", catalogue_kind_name(item->kind), "a kind of this life cycle");
    else if (item->kind == KIND_SERVICE_ITEM &&
             (item->details_case != DETAILS_SERVICE_ITEM || !is_given(item->service_item->price_item)))
        rule_refuse(context, "item.serviceItem.priceItem", "", "an item of the national price-item guide");
    else if (said->life_cycle == LIFE_CYCLE_ETHNIC && !is_given(item->approval_number))
        rule_refuse(context, "item.approvalNumber", "", "the number of its approval");
    else if (item->kind == KIND_ETHNIC_DRUG &&
             (item->details_case != DETAILS_ETHNIC_DRUG || !is_given(item->ethnic_drug->standard)))
        rule_refuse(context, "item.ethnicDrug.standard", "", "the standard of ethnic medicine in which it stands");
    else if (item->kind == KIND_HOSPITAL_PREPARATION && item->n_permitted_institutions == 0)
        rule_refuse(context, "item.permittedInstitutions", "none", "its maker and the named partners");
    else if (item->kind == KIND_CONSUMABLE && (item->details_case != DETAILS_CONSUMABLE || !is_given(item->class_code)))
        rule_refuse(context, "item.consumable.genericName", "", "its generic name and class");
}

static void nothing_excludes_it(struct rule_context *context)
{
    const AdjustmentApplied *said = application_of(context)->said;
    if (said->exclusion != EXCLUSION_NONE)
        rule_refuse(context, "exclusion", rule_text(context, "%d", (int)said->exclusion), "none: such items never enter");
}

/* Approvals and major changes of indication count within the plan's days, both included. */
static void ground_lies_in_the_plan(struct rule_context *context)
{
    const struct application *application = application_of(context);
    const AdjustmentApplied *said = application->said;
    date_t from, until, on = text_day(said->ground_on);
    if (said->life_cycle != LIFE_CYCLE_DRUG || said->request != REQUEST_ENTRY)
        return;
    if (said->ground == GROUND_UNKNOWN)
        rule_refuse(context, "ground", "none", "one of the plan's conditions of entry");
    if (said->ground != GROUND_NEWLY_APPROVED && said->ground != GROUND_MAJOR_INDICATION_CHANGE)
        return;
    if (!view_policy_date(context->view, context->rule->parameter, said->region, application->step.day, &from) ||
        !view_policy_date(context->view, "adjustment.drug.approved_until", said->region, application->step.day, &until))
        rule_policy_missing(context, said->region, application->step.day);
    else if (on == DATE_NONE || on < from || on > until)
        rule_refuse(context, "groundOn", said->ground_on,
                    rule_text(context, "from %s until %s", rule_day(context, from), rule_day(context, until)));
}

static void agreement_ends_with_the_plan(struct rule_context *context)
{
    const struct application *application = application_of(context);
    const AdjustmentApplied *said = application->said;
    date_t ends;
    if (said->life_cycle != LIFE_CYCLE_DRUG || said->request != REQUEST_RENEWAL)
        return;
    if (!view_policy_date(context->view, context->rule->parameter, said->region, application->step.day, &ends))
        rule_policy_missing(context, said->region, application->step.day);
    else if (text_day(said->agreement_until) != ends)
        rule_refuse(context, "agreementUntil", said->agreement_until, rule_day(context, ends));
}

const struct rule adjustment_applied_rules[ADJUSTMENT_RULES_OF_applied] = {
    ADJUSTMENT_STEP_RULES("01", SOURCE_DRUG_PLAN),
    {.id = "AD-015", .code = "adjustment.not_an_applicant", .document = SOURCE_DRUG_PLAN, .clause = "企业申报",
     .also = {{SOURCE_XINJIANG_ETHNIC_DRUGS, "定点医疗机构申报"}, {SOURCE_XINJIANG_CONSUMABLES, "定点医疗机构申报"}},
     .evaluate = applicant_may_apply, .sentence_zh = "药品由企业申报，民族药、制剂和耗材由定点医疗机构申报",
     .sentence_en = "Companies apply for drugs, designated hospitals for ethnic medicine, preparations and consumables."},
    {.id = "AD-016", .code = "adjustment.item_not_of_its_kind", .document = SOURCE_SERVICE_ITEMS, .clause = "已纳入立项指南",
     .also = {{SOURCE_XINJIANG_CONSUMABLES, "医保通用名与统一分类"}, {SOURCE_XINJIANG_ETHNIC_DRUGS, "经批准、符合民族药标准，制剂限配制和协作机构"}},
     .evaluate = item_is_of_the_cycle, .sentence_zh = "申报条目须属于该目录，并写明必需的信息",
     .sentence_en = "The item is of the catalogue that is adjusted, and says what it must."},
    {.id = "AD-017", .code = "adjustment.never_payable", .document = SOURCE_SERVICE_ITEMS, .clause = "不予纳入的情形",
     .also = {{SOURCE_XINJIANG_CONSUMABLES, "不予纳入的情形"}}, .evaluate = nothing_excludes_it,
     .sentence_zh = "不予纳入的项目和耗材不得申报", .sentence_en = "What is never payable cannot be applied for."},
    ADJUSTMENT_RULE("AD-018", "ground_not_in_plan", ground_lies_in_the_plan, SOURCE_DRUG_PLAN, "申报条件", APPROVED_FROM,
                    "新批准或适应症重大变化的药品，批准日期须在方案规定期间内",
                    "New approvals and major changes of indication lie within the plan's days."),
    ADJUSTMENT_RULE("AD-019", "agreement_not_ending", agreement_ends_with_the_plan, SOURCE_DRUG_PLAN, "目录内药品申报",
                    AGREEMENT_ENDS, "续约申报的协议须于方案规定之日到期", "A renewal is of an agreement that ends on the plan's day."),
};

void adjustment_applied_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    struct application *application = prepared;
    AdjustmentState *state = decision_message(decision, ADJUSTMENT_STATE);
    (void)event;
    if (state == NULL)
        return;
    state->life_cycle = application->said->life_cycle;
    state->request = application->said->request;
    state->applicant = application->said->step->actor;
    state->region = application->said->region;
    state->item = application->said->item;
    application->step.state = state;
    adjustment_tell(decision, adjustment_take(view, decision, &application->step), state, false);
}

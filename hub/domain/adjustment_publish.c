/* adjustment_publish.c: what comes out of an adjustment: a price, a row of the catalogue, or an exit. */
#include "domain/adjustment.h"

#include "domain/catalogue.h"

/* --- negotiated, bid or renewed --- */

struct pricing {
    struct adjustment_step step;
    const AdjustmentPriced *said;
};

void *adjustment_priced_prepare(struct view *view, const struct event *event)
{
    const AdjustmentPriced *said = (const AdjustmentPriced *)event->message;
    struct pricing *pricing = adjustment_prepare(view, sizeof *pricing, said->item_key, said->step,
                                                 said->result == STEP_PASSED ? ADJUST_PRICE : ADJUST_FAIL_PRICE);
    if (pricing != NULL)
        pricing->said = said;
    return pricing;
}

static void way_is_that_of_the_list(struct rule_context *context)
{
    const struct pricing *pricing = context->prepared;
    const AdjustmentState *state = pricing->step.state;
    if (state == NULL)
        return;
    bool renewed = pricing->said->way == PRICE_RENEWED;
    if ((state->list == EXPERT_LIST_RENEWAL_BY_RULE) != renewed)
        rule_refuse(context, "way", renewed ? "renewed" : "negotiated or bid",
                    renewed ? "what its list says: negotiation or bid" : "what its list says: renewal by rule");
}

static void agreement_is_whole(struct rule_context *context)
{
    const AdjustmentPriced *said = ((const struct pricing *)context->prepared)->said;
    if (said->result != STEP_PASSED)
        return;
    if (said->payment_standard == NULL || said->payment_standard->micro_yuan <= 0)
        rule_refuse(context, "paymentStandard", "none", "one payment standard for the nation");
    if (!is_given(said->agreement_from) || text_day(said->agreement_until) < text_day(said->agreement_from))
        rule_refuse(context, "agreementUntil", said->agreement_until, "the agreement's days");
    if (!said->confirmed_in_writing)
        rule_refuse(context, "confirmedInWriting", "false", "true");
    if (!said->supply_clause)
        rule_refuse(context, "supplyClause", "false", "true");
}

const struct rule adjustment_priced_rules[ADJUSTMENT_RULES_OF_priced] = {
    ADJUSTMENT_STEP_RULES("07", SOURCE_DRUG_PLAN),
    ADJUSTMENT_RULE("AD-075", "way_not_of_its_list", way_is_that_of_the_list, SOURCE_DRUG_PLAN, "谈判、竞价、简易续约", NULL,
                    "谈判、竞价或续约须与专家评审名单一致", "It is negotiated, bid or renewed as the experts' list says."),
    ADJUSTMENT_RULE("AD-076", "agreement_not_whole", agreement_is_whole, SOURCE_DRUG_PLAN,
                    "全国统一医保支付标准、书面确认、协议约定供应", NULL, "达成一致须有支付标准、协议期、书面确认和供应条款",
                    "An agreement has a payment standard, its days, a written confirmation and a supply clause."),
};

void adjustment_priced_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    struct pricing *pricing = prepared;
    AdjustmentState *state = pricing->step.state;
    (void)event;
    if (pricing->said->result == STEP_PASSED) {
        state->payment_standard = pricing->said->payment_standard;
        state->agreement_from = pricing->said->agreement_from;
        state->agreement_until = pricing->said->agreement_until;
    }
    adjustment_take_and_tell(view, decision, &pricing->step, false);
}

/* --- published --- */

struct publication {
    struct adjustment_step step;
    const AdjustmentPublished *said;
    change_set changes;
};

void *adjustment_published_prepare(struct view *view, const struct event *event)
{
    const AdjustmentPublished *said = (const AdjustmentPublished *)event->message;
    struct publication *publication =
        adjustment_prepare(view, sizeof *publication, said->item_key, said->step, ADJUST_PUBLISH);
    if (publication == NULL)
        return NULL;
    publication->said = said;
    for (size_t i = 0; i < said->n_changes; i++)
        publication->changes |= change_bit(said->changes[i]);
    return publication;
}

static const struct publication *publication_of(const struct rule_context *context)
{
    return context->prepared;
}

static void item_is_the_one_applied_for(struct rule_context *context)
{
    const struct publication *publication = publication_of(context);
    const AdjustmentState *state = publication->step.state;
    const CatalogueItem *item = publication->said->item;
    if (state == NULL)
        return;
    if (item->kind != state->item->kind || strcmp(item->code, state->item->code) != 0)
        rule_refuse(context, "item.code", item->code, state->item->code);
    if (strcmp(item->region, state->region) != 0)
        rule_refuse(context, "item.region", item->region, state->region);
}

static bool prices_are_equal(const Medhub__Common__V1__Price *a, const Medhub__Common__V1__Price *b)
{
    return a != NULL && b != NULL && a->micro_yuan == b->micro_yuan;
}

static void terms_are_those_agreed(struct rule_context *context)
{
    const struct publication *publication = publication_of(context);
    const AdjustmentState *state = publication->step.state;
    const CatalogueItem *item = publication->said->item;
    if (state == NULL || state->payment_standard == NULL)
        return;
    if (!prices_are_equal(item->payment_standard, state->payment_standard))
        rule_refuse(context, "item.paymentStandard", "another", "the payment standard that was agreed");
    if (strcmp(item->agreement_from, state->agreement_from) != 0 ||
        strcmp(item->agreement_until, state->agreement_until) != 0)
        rule_refuse(context, "item.agreementUntil", item->agreement_until, state->agreement_until);
}

static void kind_says_what_it_is_paid_by(struct rule_context *context)
{
    const struct publication *publication = publication_of(context);
    const AdjustmentState *state = publication->step.state;
    const CatalogueItem *item = publication->said->item;
    if (state == NULL)
        return;
    if (state->life_cycle == LIFE_CYCLE_SERVICE_ITEM &&
        (item->details_case != DETAILS_SERVICE_ITEM || !item->service_item->payable_across_provinces))
        rule_refuse(context, "item.serviceItem.payableAcrossProvinces", "false", "true: it is used across provinces first");
    if (state->life_cycle == LIFE_CYCLE_CONSUMABLE && item->payment_standard == NULL)
        rule_refuse(context, "item.paymentStandard", "none", "a payment standard: it is a part of the catalogue");
    if (state->life_cycle == LIFE_CYCLE_CONSUMABLE && item->pay_class == PAY_CLASS_UNKNOWN)
        rule_refuse(context, "item.payClass", "none", "its payment class");
    if (state->life_cycle == LIFE_CYCLE_ETHNIC && item->pay_class != PAY_CLASS_B)
        rule_refuse(context, "item.payClass", rule_text(context, "%d", (int)item->pay_class), "PAY_CLASS_B");
}

static void removal_is_on_the_removal_list(struct rule_context *context)
{
    const struct publication *publication = publication_of(context);
    const AdjustmentState *state = publication->step.state;
    bool removes = (publication->changes & change_bit(CHANGE_REMOVED)) != 0;
    if (state != NULL && removes != (state->list == EXPERT_LIST_DIRECT_REMOVAL))
        rule_refuse(context, "changes", removes ? "REMOVED" : "not REMOVED",
                    removes ? "what the experts' list says" : "REMOVED: the experts put it on the removal list");
}

const struct rule adjustment_published_rules[ADJUSTMENT_RULES_OF_published] = {
    ADJUSTMENT_STEP_RULES("14", SOURCE_DRUG_PLAN),
    ADJUSTMENT_RULE("AD-145", "item_differs", item_is_the_one_applied_for, SOURCE_DRUG_PLAN, "公布", NULL,
                    "公布的条目须为所申报的条目", "What is published is what was applied for."),
    ADJUSTMENT_RULE("AD-146", "terms_differ", terms_are_those_agreed, SOURCE_DRUG_PLAN, "支付标准与协议期", NULL,
                    "公布的支付标准和协议期须与约定一致", "Payment standard and agreement are those that were agreed."),
    {.id = "AD-147", .code = "adjustment.way_of_payment_missing", .document = SOURCE_SERVICE_ITEMS, .clause = "先用于跨省异地就医结算",
     .also = {{SOURCE_XINJIANG_CONSUMABLES, "支付类别与支付标准纳入目录"}, {SOURCE_XINJIANG_ETHNIC_DRUGS, "民族药和制剂纳入乙类"}},
     .evaluate = kind_says_what_it_is_paid_by,
     .sentence_zh = "服务项目先用于跨省异地就医，耗材须有支付类别和支付标准，民族药和制剂纳入乙类",
     .sentence_en = "A service item is payable across provinces; a consumable has class and payment standard; ethnic medicine and "
                    "preparations are of class B."},
    ADJUSTMENT_RULE("AD-148", "removal_not_listed", removal_is_on_the_removal_list, SOURCE_DRUG_PLAN, "直接调出", NULL,
                    "调出须列入直接调出名单，反之亦然", "What is removed was on the removal list, and the other way round."),
    {.id = "AD-149", .code = "adjustment.publicity_not_over", .document = SOURCE_XINJIANG_CONSUMABLES, .clause = "专家评审结果公示",
     .also = {{SOURCE_DRUG_PLAN, "公示"}}, .evaluate = adjustment_publicity_is_over, .sentence_zh = "公示结束后才能公布",
     .sentence_en = "It is published when the publicity is over."},
};

/* The row itself is a change of the item, under the item's key. */
static void submit_change(struct decision *decision, const CatalogueItem *item, const CatalogueChange *changes,
                          size_t change_count, const char *effective_on, const char *release, const char *document)
{
    ItemChanged *changed = decision_message(decision, CATALOGUE_ITEM_CHANGED);
    const char *key = catalogue_key(decision->arena, item->kind, item->code);
    if (changed == NULL || key == NULL) {
        decision->failed = true;
        return;
    }
    changed->item_key = lent(key);
    changed->region = item->region;
    changed->item = (CatalogueItem *)(uintptr_t)item; /* generated structures have no const; nobody writes to it */
    changed->changes = (CatalogueChange *)(uintptr_t)changes;
    changed->n_changes = change_count;
    changed->effective_on = lent(effective_on);
    changed->release = lent(release);
    changed->document = lent(document);
    decision_submit(decision, ITEM_CHANGED_TYPE, key, "item", &changed->base);
}

void adjustment_published_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    struct publication *publication = prepared;
    const AdjustmentPublished *said = publication->said;
    AdjustmentState *state = publication->step.state;
    (void)event;
    state->item = said->item;
    submit_change(decision, said->item, said->changes, said->n_changes, said->effective_on, said->release, said->document);
    adjustment_take_and_tell(view, decision, &publication->step, true);
}

/* --- exited --- */

struct leaving {
    struct adjustment_step step;
    const AdjustmentExited *said;
};

void *adjustment_exited_prepare(struct view *view, const struct event *event)
{
    const AdjustmentExited *said = (const AdjustmentExited *)event->message;
    struct leaving *leaving = adjustment_prepare(view, sizeof *leaving, said->item_key, said->step, ADJUST_EXIT);
    if (leaving != NULL)
        leaving->said = said;
    return leaving;
}

const struct rule adjustment_exited_rules[ADJUSTMENT_RULES_OF_exited] = {
    ADJUSTMENT_STEP_RULES("15", SOURCE_XINJIANG_CONSUMABLES),
};

void adjustment_exited_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    static const CatalogueChange removed[] = {CHANGE_REMOVED};
    struct leaving *leaving = prepared;
    AdjustmentState *state = leaving->step.state;
    (void)event;
    submit_change(decision, state->item, removed, 1, leaving->said->effective_on, "", "");
    adjustment_take_and_tell(view, decision, &leaving->step, true);
}

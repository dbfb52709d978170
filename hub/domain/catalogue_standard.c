/* catalogue_standard.c: medhub.catalogue.payment_standard_changed.v1: what the fund pays for an item, and nothing else of it. */
#include "domain/catalogue.h"

struct standard_change {
    struct row_change row; /* first: the common rules find it */
    const PaymentStandardChanged *said;
    const CatalogueItem *before; /* the region's row of the day before, else the nation's of the day; or NULL */
};

void *payment_standard_prepare(struct view *view, const struct event *event)
{
    struct standard_change *change = arena_take_zeroed(view->arena, sizeof *change);
    if (change == NULL)
        return NULL;
    change->said = (const PaymentStandardChanged *)event->message;
    change->row = (struct row_change){
        .item_key = change->said->item_key,
        .region = change->said->region,
        .effective_on = change->said->effective_on,
        .item = change->said->item,
    };
    if (!row_change_begin(view, &change->row))
        return NULL;
    change->before = change->row.predecessor != NULL ? change->row.predecessor->item : change->row.national;
    return change;
}

static const struct standard_change *change_of(const struct rule_context *context)
{
    return context->prepared;
}

static void there_is_an_item(struct rule_context *context)
{
    if (change_of(context)->before == NULL)
        rule_refuse(context, "effectiveOn", change_of(context)->said->effective_on,
                    "a day on which the item is in force already");
}

static void nothing_else_changes(struct rule_context *context)
{
    const struct standard_change *change = change_of(context);
    if (change->before == NULL)
        return;
    change_set actual = catalogue_difference(change->before, change->said->item);
    if (actual != change_bit(CHANGE_PAYMENT_STANDARD))
        rule_refuse(context, "item",
                    actual == 0 ? "as before" : catalogue_change_names(context->view->arena, actual),
                    "PAYMENT_STANDARD_CHANGED");
}

/* One national standard while the agreement runs: only the nation sets another, by negotiation or renewal. */
static void negotiated_standards_stay(struct rule_context *context)
{
    const struct standard_change *change = change_of(context);
    bool by_the_nation = change->said->basis == BASIS_NEGOTIATION || change->said->basis == BASIS_RENEWAL;
    if (!item_is_under_agreement(change->before, change->row.day))
        return;
    if (strcmp(change->row.region, REGION_NATION) != 0 || !by_the_nation)
        rule_refuse(context, "basis", rule_text(context, "%d", (int)change->said->basis),
                    rule_text(context, "the nation's negotiation or renewal: the agreement runs until %s",
                              change->before->agreement_until));
}

const struct rule payment_standard_rules[PAYMENT_STANDARD_RULES] = {
    ROW_CHANGE_RULES("20"),
    ROW_RULE("CA-206", "catalogue.not_its_region", row_bureau_speaks_for_the_region, SOURCE_JIANGSU_DRUG_USE,
             "支付标准制定权限", "支付标准由本地区或国家医疗保障局确定",
             "A payment standard is set by the bureau of its region or the nation's."),
    ROW_RULE("CA-207", "catalogue.nationally_protected", row_is_not_nationally_protected, SOURCE_JIANGSU_DRUG_USE,
             "不得变更国家药品", "地区不得变更国家目录内受保护的条目",
             "A region does not alter an item that the nation protects."),
    ROW_RULE("CA-208", "catalogue.nothing_to_change", there_is_an_item, SOURCE_JIANGSU_DRUG_USE, "支付标准",
             "支付标准变更的条目须已有效", "The item whose standard changes is in force."),
    ROW_RULE("CA-209", "catalogue.more_than_standard", nothing_else_changes, SOURCE_JIANGSU_DRUG_USE,
             "支付标准", "支付标准变更只改变支付标准", "Nothing but the payment standard changes."),
    ROW_RULE("CA-210", "catalogue.standard_negotiated", negotiated_standards_stay, SOURCE_TIANJIN_DRUG_LIST,
             "协议期内执行全国统一支付标准，不得二次议价", "协议期内谈判药品执行全国统一支付标准",
             "While its agreement runs a negotiated drug has one national payment standard."),
};

void payment_standard_decide(struct view *view, const struct event *event, void *prepared,
                             struct decision *decision)
{
    struct standard_change *change = prepared;
    (void)view;
    (void)event;
    size_t fact = decision_fact_of_event(decision);
    row_change_apply(decision, &change->row);
    decision_deliver(decision, fact, VISIBLE_PUBLIC, "institution@%s", change->row.region);
}

/* catalogue_listing.c: medhub.catalogue.listing_changed.v1: what a procurement platform lists, at which price. */
#include "domain/catalogue.h"

#include "domain/format.h"

#include "base/money.h"

struct listing_change {
    struct row_change row; /* first: the common rules find it */
    const ListingChanged *said;
    const CatalogueItem *listed; /* the item itself on that day, or NULL */
};

static const CatalogueItem *item_of(struct view *view, const struct row_change *row, const char *item_key)
{
    return (const CatalogueItem *)view_table_message(view, CATALOGUE_ITEM, TABLE_CATALOGUE, item_key, row->region,
                                                     row->day);
}

void *listing_prepare(struct view *view, const struct event *event)
{
    struct listing_change *change = arena_take_zeroed(view->arena, sizeof *change);
    if (change == NULL)
        return NULL;
    change->said = (const ListingChanged *)event->message;
    change->row = (struct row_change){
        .item_key = change->said->item_key,
        .region = change->said->region,
        .effective_on = change->said->effective_on,
        .item = change->said->item,
        .is_removal = change->said->removed,
    };
    if (!row_change_begin(view, &change->row))
        return NULL;
    if (change->row.item->details_case == DETAILS_LISTING)
        change->listed = item_of(view, &change->row, change->row.item->listing->item_key);
    return change;
}

static const struct listing_change *change_of(const struct rule_context *context)
{
    return context->prepared;
}

/* The code of a line is PLATFORM/KIND/CODE, and the platform is the source. */
static void platform_lists_its_own(struct rule_context *context)
{
    const CatalogueItem *item = change_of(context)->said->item;
    const char *source = context->event->attributes.source;
    if (item->kind != KIND_PLATFORM_LISTING || item->details_case != DETAILS_LISTING) {
        rule_refuse(context, "item", catalogue_kind_name(item->kind), "a PLATFORM_LISTING and its listing");
        return;
    }
    const char *code = rule_text(context, "%s/%s", source, item->listing->item_key);
    if (strcmp(item->listing->platform, source) != 0)
        rule_refuse(context, "item.listing.platform", item->listing->platform,
                    rule_text(context, "the source, %s", source));
    if (strcmp(item->code, code) != 0)
        rule_refuse(context, "item.code", item->code, code);
}

static const char *yuan(struct rule_context *context, int64_t micro_yuan)
{
    char text[MONEY_TEXT_BYTES];
    return rule_text(context, "%s", money_format(micro_yuan, 6, text));
}

static void price_is_within_the_standard(struct rule_context *context)
{
    const struct listing_change *change = change_of(context);
    const CatalogueItem *item = change->said->item;
    if (change->row.is_removal || item->details_case != DETAILS_LISTING || item->listing->price == NULL ||
        change->listed == NULL || change->listed->payment_standard == NULL)
        return;
    int64_t price = item->listing->price->micro_yuan, standard = change->listed->payment_standard->micro_yuan;
    if (price > standard)
        rule_refuse(context, "item.listing.price", yuan(context, price),
                    rule_text(context, "at most the payment standard, %s", yuan(context, standard)));
}

const struct rule listing_rules[LISTING_RULES] = {
    ROW_CHANGE_RULES("30"),
    ROW_REMOVAL_RULE("30"),
    ROW_RULE("CA-306", "catalogue.not_its_platform", platform_lists_its_own, DUAL_CHANNEL_DRUGS,
             "省级药品集中采购平台直接挂网，C4 L5504", "挂网信息由采购平台自己提交，编码为“平台/类别/编码”",
             "A platform says its own listings, under PLATFORM/KIND/CODE."),
    ROW_RULE("CA-307", "catalogue.price_above_standard", price_is_within_the_standard, DRUG_LIST_2021,
             "挂网价不得高于同规格支付标准，C1 L1401", "挂网价不得高于支付标准",
             "A listing price is not above the payment standard."),
};

void listing_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    struct listing_change *change = prepared;
    (void)view;
    (void)event;
    size_t fact = decision_fact_of_event(decision);
    row_change_apply(decision, &change->row);
    decision_deliver(decision, fact, VISIBLE_PUBLIC, "institution@%s", change->row.region);
    decision_deliver(decision, fact, VISIBLE_PUBLIC, "insurer@%s", change->row.region);
}

/* catalogue_listing.c: medhub.catalogue.listing_changed.v1: what a procurement platform lists, at which price. */
#include "domain/catalogue.h"

#include "base/money.h"

struct listing_change {
    struct row_change row; /* first: the common rules find it */
    const ListingChanged *said;
    const Listing *listing;      /* or NULL: it says none */
    const CatalogueItem *listed; /* the item itself on that day, or NULL */
};

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
    if (change->row.item->details_case != DETAILS_LISTING)
        return change;
    change->listing = change->row.item->listing;
    change->listed = row_change_other_item(view, &change->row, change->listing->item_key, change->row.day);
    return change;
}

static const struct listing_change *change_of(const struct rule_context *context)
{
    return context->prepared;
}

/* The code of a line is PLATFORM/KIND/CODE, and the platform is the source. */
static void platform_lists_its_own(struct rule_context *context)
{
    const Listing *listing = change_of(context)->listing;
    (void)row_is_of_its_owner(context, &(struct own_row){
                                           .kind = KIND_PLATFORM_LISTING,
                                           .details = DETAILS_LISTING,
                                           .missing = "a PLATFORM_LISTING and its listing",
                                           .owner = listing == NULL ? "" : listing->platform,
                                           .owner_path = "item.listing.platform",
                                           .item_key = listing == NULL ? "" : listing->item_key,
                                       });
}

static const char *yuan(struct rule_context *context, int64_t micro_yuan)
{
    char text[MONEY_TEXT_BYTES];
    return rule_text(context, "%s", money_format(micro_yuan, 6, text));
}

static void price_is_within_the_standard(struct rule_context *context)
{
    const struct listing_change *change = change_of(context);
    int64_t standard;
    if (change->row.is_removal || change->listing == NULL || change->listing->price == NULL || change->listed == NULL ||
        !item_price_limit(context->view, change->listed, change->row.region, change->row.day, &standard))
        return;
    if (change->listing->price->micro_yuan > standard)
        rule_refuse(context, "item.listing.price", yuan(context, change->listing->price->micro_yuan),
                    rule_text(context, "at most the payment standard, %s", yuan(context, standard)));
}

const struct rule listing_rules[LISTING_RULES] = {
    ROW_CHANGE_RULES("30"),
    ROW_REMOVAL_RULE("30"),
    ROW_RULE("CA-306", "catalogue.not_its_platform", platform_lists_its_own, SOURCE_GANSU_DUAL_CHANNEL,
             "省级药品集中采购平台直接挂网", "挂网信息由采购平台自己提交，编码为“平台/类别/编码”",
             "A platform says its own listings, under PLATFORM/KIND/CODE."),
    ROW_RULE("CA-307", "catalogue.price_above_standard", price_is_within_the_standard, SOURCE_TIANJIN_DRUG_LIST,
             "挂网价不得高于同规格支付标准", "挂网价不得高于支付标准",
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

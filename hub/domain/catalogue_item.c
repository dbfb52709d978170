/* catalogue_item.c: what items of each kind must say of themselves. */
#include "domain/catalogue.h"

static const struct item_change *change_of(const struct rule_context *context)
{
    return context->prepared;
}

/* --- details --- */

/* Which details a kind has; kinds that are not named have none. */
static const struct kind_details {
    CatalogueKind kind;
    int details;
    const char *name;
    bool needed;
    bool named_by_item; /* a row that says something of another item, whose key is its code, so that it is found */
} kind_details[] = {
    {KIND_WESTERN_DRUG, DETAILS_DRUG, "item.drug", false, false},
    {KIND_PATENT_DRUG, DETAILS_DRUG, "item.drug", false, false},
    {KIND_TCM_PIECE, DETAILS_PIECE, "item.piece", false, false},
    {KIND_TCM_GRANULE, DETAILS_GRANULE, "item.granule", false, false},
    {KIND_ETHNIC_DRUG, DETAILS_ETHNIC_DRUG, "item.ethnicDrug", false, false},
    {KIND_HOSPITAL_PREPARATION, DETAILS_PREPARATION, "item.preparation", false, false},
    {KIND_COMMERCIAL_DRUG, DETAILS_COMMERCIAL_DRUG, "item.commercialDrug", true, false},
    {KIND_CONSUMABLE, DETAILS_CONSUMABLE, "item.consumable", true, false},
    {KIND_SERVICE_ITEM, DETAILS_SERVICE_ITEM, "item.serviceItem", false, false},
    {KIND_DIAGNOSIS, DETAILS_CODING, "item.coding", false, false},
    {KIND_OPERATION, DETAILS_CODING, "item.coding", false, false},
    {KIND_FORMULARY_ITEM, DETAILS_FORMULARY, "item.formulary", true, false},
    {KIND_PLATFORM_LISTING, DETAILS_LISTING, "item.listing", true, false},
    {KIND_CODE_MAP, DETAILS_CODE_MAP, "item.codeMap", false, false},
    {KIND_DUAL_CHANNEL_DRUG, DETAILS_OF_ITEM, "item.ofItem", true, false},
    {KIND_PAYMENT_STANDARD, DETAILS_OF_ITEM, "item.ofItem", true, true},
    {KIND_PRICE_CEILING, DETAILS_OF_ITEM, "item.ofItem", true, true},
    {KIND_SELF_PAY_RATIO, DETAILS_OF_ITEM, "item.ofItem", true, true},
};

static const struct kind_details *details_of_kind(CatalogueKind kind)
{
    static const struct kind_details none = {0, DETAILS_NONE, "item", false, false};
    for (size_t i = 0; i < sizeof kind_details / sizeof *kind_details; i++)
        if (kind_details[i].kind == kind)
            return &kind_details[i];
    return &none;
}

void item_details_are_of_its_kind(struct rule_context *context)
{
    const CatalogueItem *item = change_of(context)->said->item;
    const struct kind_details *wanted = details_of_kind(item->kind);
    int said = (int)item->details_case;
    const char *kind = catalogue_kind_name(item->kind);
    if (said != DETAILS_NONE && said != wanted->details)
        rule_refuse(context, "item", "details of another kind", rule_text(context, "a %s", kind));
    else if (said == DETAILS_NONE && wanted->needed)
        rule_refuse(context, wanted->name, "none", rule_text(context, "the details of a %s", kind));
    else if (wanted->named_by_item && strcmp(item->code, item->of_item->item_key) != 0)
        rule_refuse(context, "item.code", item->code, rule_text(context, "the item's key, %s", item->of_item->item_key));
    if (item->kind == KIND_CONSUMABLE && !is_given(item->class_code))
        rule_refuse(context, "item.classCode", "", "the unified class of the consumable");
}

/* --- class, users --- */

void item_has_a_class_that_is_possible(struct rule_context *context)
{
    const struct item_change *change = change_of(context);
    const CatalogueItem *item = change->said->item;
    bool only_b = item->kind == KIND_ETHNIC_DRUG || item->kind == KIND_HOSPITAL_PREPARATION ||
                  item_is_under_agreement(item, change->row.day);
    if (only_b && item->pay_class != PAY_CLASS_UNKNOWN && item->pay_class != PAY_CLASS_B)
        rule_refuse(context, "item.payClass", rule_text(context, "%d", (int)item->pay_class),
                    "PAY_CLASS_B");
}

void item_names_who_may_use_it(struct rule_context *context)
{
    const CatalogueItem *item = change_of(context)->said->item;
    if (item->kind == KIND_HOSPITAL_PREPARATION && item->n_permitted_institutions == 0)
        rule_refuse(context, "item.permittedInstitutions", "none", "its maker and the named partners");
}

/* --- other items --- */

void item_supersedes_something(struct rule_context *context)
{
    const struct item_change *change = change_of(context);
    const CatalogueItem *item = change->said->item;
    if (change->row.is_removal || !is_given(item->supersedes))
        return;
    bool had_it = change->row.predecessor != NULL &&
                  strcmp(change->row.predecessor->item->supersedes, item->supersedes) == 0;
    const char *key = catalogue_key(context->view->arena, item->kind, item->supersedes);
    bool is_itself = strcmp(item->supersedes, item->code) == 0;
    if (key == NULL)
        context->view->failed = true;
    else if (is_itself || (!had_it && row_change_other_item(context->view, &change->row, key, change->row.day - 1) == NULL))
        rule_refuse(context, "item.supersedes", item->supersedes,
                    "the code of another item of its kind that is in force on the day before");
}

void item_is_within_its_agreement(struct rule_context *context)
{
    const struct item_change *change = change_of(context);
    const CatalogueItem *item = change->said->item;
    if (item->kind != KIND_DUAL_CHANNEL_DRUG || change->row.is_removal || item->details_case != DETAILS_OF_ITEM)
        return;
    const CatalogueItem *drug = row_change_other_item(context->view, &change->row, item->of_item->item_key, change->row.day);
    if (!item_is_under_agreement(drug, change->row.day))
        rule_refuse(context, "item.ofItem.itemKey", item->of_item->item_key,
                    "a negotiated drug in its agreement's term on that day");
}

/* While its agreement runs a negotiated drug has one standard for the nation, in its own row. */
void item_sets_no_standard_of_a_negotiated_drug(struct rule_context *context)
{
    const struct item_change *change = change_of(context);
    const CatalogueItem *item = change->said->item;
    if (item->kind != KIND_PAYMENT_STANDARD || change->row.is_removal || item->details_case != DETAILS_OF_ITEM)
        return;
    const CatalogueItem *drug = row_change_other_item(context->view, &change->row, item->of_item->item_key, change->row.day);
    if (item_is_under_agreement(drug, change->row.day))
        rule_refuse(context, "item.ofItem.itemKey", item->of_item->item_key,
                    rule_text(context, "an item whose agreement does not run; this one's runs until %s", drug->agreement_until));
}

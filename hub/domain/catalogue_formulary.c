/* catalogue_formulary.c: medhub.catalogue.formulary_changed.v1: what an institution keeps, by decision of its drug committee. */
#include "domain/catalogue.h"

#include "domain/organisation.h"

struct formulary_change {
    struct row_change row; /* first: the common rules find it */
    const FormularyChanged *said;
    const FormularyEntry *entry;      /* or NULL: it says none */
    const Organisation *institution;  /* the source on that day, or NULL */
    const CatalogueItem *item;        /* of the entry on that day, or NULL */
};

void *formulary_prepare(struct view *view, const struct event *event)
{
    struct formulary_change *change = arena_take_zeroed(view->arena, sizeof *change);
    if (change == NULL)
        return NULL;
    change->said = (const FormularyChanged *)event->message;
    change->row = (struct row_change){
        .item_key = change->said->item_key,
        .region = change->said->region,
        .effective_on = change->said->effective_on,
        .item = change->said->item,
        .is_removal = change->said->removed,
    };
    if (!row_change_begin(view, &change->row))
        return NULL;
    change->institution = organisation_on(view, event->attributes.source, change->row.day);
    if (change->row.item->details_case != DETAILS_FORMULARY)
        return change;
    change->entry = change->row.item->formulary;
    change->item = row_change_other_item(view, &change->row, change->entry->item_key, change->row.day);
    return change;
}

static const struct formulary_change *change_of(const struct rule_context *context)
{
    return context->prepared;
}

/* The code of a line is INSTITUTION/KIND/CODE; institution and region are the source's. */
static void institution_says_its_own(struct rule_context *context)
{
    const struct formulary_change *change = change_of(context);
    const FormularyEntry *entry = change->entry;
    const struct own_row own = {
        .kind = KIND_FORMULARY_ITEM,
        .details = DETAILS_FORMULARY,
        .missing = "a FORMULARY_ITEM and its entry",
        .owner = entry == NULL ? "" : entry->institution,
        .owner_path = "item.formulary.institution",
        .item_key = entry == NULL ? "" : entry->item_key,
    };
    if (row_is_of_its_owner(context, &own) && change->institution != NULL &&
        strcmp(change->institution->region, change->row.region) != 0)
        rule_refuse(context, "region", change->row.region, change->institution->region);
}

static void committee_has_met(struct rule_context *context)
{
    const struct formulary_change *change = change_of(context);
    date_t met_on = text_day(change->said->committee_met_on);
    if (change->row.is_removal || change->entry == NULL || change->entry->temporary_purchase)
        return;
    if (met_on == DATE_NONE || met_on > change->row.day)
        rule_refuse(context, "committeeMetOn", change->said->committee_met_on,
                    rule_text(context, "a day until %s, or a temporary purchase", change->said->effective_on));
}

static bool may_use(const CatalogueItem *item, const char *institution)
{
    for (size_t i = 0; i < item->n_permitted_institutions; i++)
        if (strcmp(item->permitted_institutions[i], institution) == 0)
            return true;
    return item->kind != KIND_HOSPITAL_PREPARATION;
}

static void preparation_is_permitted_here(struct rule_context *context)
{
    const struct formulary_change *change = change_of(context);
    if (change->item != NULL && !change->row.is_removal && !may_use(change->item, change->entry->institution))
        rule_refuse(context, "item.formulary.itemKey", change->entry->item_key,
                    "a preparation that this institution makes or may use");
}

const struct rule formulary_rules[FORMULARY_RULES] = {
    ROW_CHANGE_RULES("40"),
    ROW_REMOVAL_RULE("40"),
    ROW_RULE("CA-406", "catalogue.not_its_formulary", institution_says_its_own, SOURCE_JIANGSU_DRUG_USE,
             "医疗机构用药目录", "用药目录由医疗机构自己提交，编码为“机构/类别/编码”",
             "An institution says its own formulary, under INSTITUTION/KIND/CODE."),
    {.id = "CA-407", .code = "catalogue.committee_not_met", .document = SOURCE_SHANXI_DRUG_LIST, .clause = "药事委员会",
     .also = {{SOURCE_GANSU_DUAL_CHANNEL, "临时采购"}}, .evaluate = committee_has_met,
     .sentence_zh = "药品须经药事会讨论后进入用药目录，临时采购除外",
     .sentence_en = "What enters a formulary was before the drug committee, unless it is a temporary purchase."},
    ROW_RULE("CA-408", "catalogue.preparation_elsewhere", preparation_is_permitted_here, SOURCE_JIANGSU_DRUG_USE,
             "医疗机构制剂限配制机构及批准调剂范围", "医疗机构制剂只进入配制和协作机构的用药目录",
             "A preparation enters the formularies of its maker and the named partners only."),
};

void formulary_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    struct formulary_change *change = prepared;
    (void)view;
    (void)event;
    size_t fact = decision_fact_of_event(decision);
    row_change_apply(decision, &change->row);
    decision_deliver(decision, fact, VISIBLE_PUBLIC, "insurer@%s", change->row.region);
    decision_deliver(decision, fact, VISIBLE_PUBLIC, "%s", change->entry->institution);
}

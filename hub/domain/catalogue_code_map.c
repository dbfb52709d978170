/* catalogue_code_map.c: medhub.catalogue.code_mapped.v1: an old code or another name leads to an item. Said by the hub when it accepts
 * an item that supersedes one or has aliases; the row lies under a key of its own, CODE_MAP/KIND/OLD, which look-ups follow. */
#include "domain/catalogue.h"

#include "domain/format.h"

/* Longer names are no names that anyone looks up; the key must fit into the table. */
enum { OLD_BYTES_MAX = 300 };

/* --- the follow-up --- */

static CatalogueItem *mapping(struct decision *decision, const struct row_change *change, const char *old,
                              Medhub__Catalogue__V1__MapReason reason)
{
    CatalogueItem *item = decision_message(decision, CATALOGUE_ITEM);
    Medhub__Catalogue__V1__CodeMap *code_map = decision_message(decision, CODE_MAP);
    char *code = format_in(decision->arena, "%s/%s", catalogue_kind_name(change->item->kind), old);
    if (item == NULL || code_map == NULL || code == NULL) {
        decision->failed = true;
        return NULL;
    }
    code_map->reason = reason;
    item->kind = KIND_CODE_MAP;
    item->code = code;
    item->name = change->item->name;
    item->region = lent(change->region);
    item->valid_from = lent(change->effective_on);
    item->mapped_code = change->item->code;
    item->release = change->item->release;
    item->details_case = DETAILS_CODE_MAP;
    item->code_map = code_map;
    return item;
}

static void submit(struct decision *decision, const struct row_change *change, const char *old,
                   Medhub__Catalogue__V1__MapReason reason)
{
    CodeMapped *mapped = decision_message(decision, CODE_MAPPED);
    CatalogueItem *item = mapping(decision, change, old, reason);
    const char *key = item == NULL ? NULL : catalogue_key(decision->arena, KIND_CODE_MAP, item->code);
    if (mapped == NULL || key == NULL) {
        decision->failed = true;
        return;
    }
    mapped->item_key = lent(key);
    mapped->region = lent(change->region);
    mapped->item = item;
    mapped->effective_on = lent(change->effective_on);
    decision_submit(decision, CODE_MAPPED_TYPE, key, key, &mapped->base);
}

static bool has_alias(const CatalogueItem *item, const char *alias)
{
    for (size_t i = 0; item != NULL && i < item->n_aliases; i++)
        if (strcmp(item->aliases[i], alias) == 0)
            return true;
    return false;
}

void code_map_submit(struct decision *decision, const struct row_change *change)
{
    const CatalogueItem *item = change->item, *before = change->predecessor == NULL ? NULL : change->predecessor->item;
    if (change->is_removal || item->kind == KIND_CODE_MAP)
        return;
    if (is_given(item->supersedes) && (before == NULL || strcmp(before->supersedes, item->supersedes) != 0))
        submit(decision, change, item->supersedes, MAP_SUPERSEDED);
    for (size_t i = 0; i < item->n_aliases; i++)
        if (!has_alias(before, item->aliases[i]) && is_given(item->aliases[i]) &&
            strlen(item->aliases[i]) <= OLD_BYTES_MAX)
            submit(decision, change, item->aliases[i], MAP_ALIAS);
}

/* --- the event --- */

struct mapping_change {
    struct row_change row; /* first: the common rules find it */
};

void *code_map_prepare(struct view *view, const struct event *event)
{
    const CodeMapped *said = (const CodeMapped *)event->message;
    struct mapping_change *change = arena_take_zeroed(view->arena, sizeof *change);
    if (change == NULL)
        return NULL;
    change->row = (struct row_change){
        .item_key = said->item_key, .region = said->region, .effective_on = said->effective_on, .item = said->item};
    return row_change_begin(view, &change->row) ? change : NULL;
}

/* True if the row that is in force on the day leads there already. */
static bool leads_there(const struct row_change *row, const char *code)
{
    for (size_t i = 0; i < row->rows->n_rows; i++)
        if (span_covers(row->spans[i], row->day))
            return strcmp(row->rows->rows[i]->item->mapped_code, code) == 0;
    return false;
}

static void old_code_leads_to_one_item(struct rule_context *context)
{
    const struct row_change *row = context->prepared;
    size_t conflict = spans_conflict(row->spans, row->rows->n_rows, row->span);
    if (conflict < row->rows->n_rows && !leads_there(row, row->item->mapped_code))
        rule_refuse(context, "item.mappedCode", row->item->mapped_code, row->rows->rows[conflict]->item->mapped_code);
}

const struct rule code_map_rules[CODE_MAP_RULES] = {
    ROW_RULE("CA-501", "catalogue.code_mapped_otherwise", old_code_leads_to_one_item, SOURCE_JIANGSU_DRUG_USE,
             "名称变更与替代", "一个旧编码或别名同日只对应一个条目",
             "From a day on an old code or another name leads to one item."),
};

void code_map_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    struct mapping_change *change = prepared;
    (void)view;
    (void)event;
    size_t fact = decision_fact_of_event(decision);
    if (leads_there(&change->row, change->row.item->mapped_code))
        return; /* no row changes, so there is nothing for those who follow the rows */
    row_change_apply(decision, &change->row);
    decision_deliver(decision, fact, VISIBLE_PUBLIC, "institution@%s", change->row.region);
}

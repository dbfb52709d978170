#include "domain/catalogue.h"

#include "domain/organisation.h"
#include "domain/release.h"

static const struct item_change *change_of(const struct rule_context *context)
{
    return context->prepared;
}

static void key_is_kind_and_code(struct rule_context *context)
{
    const ItemChanged *said = change_of(context)->said;
    const char *expected = catalogue_key(context->view->arena, said->item->kind, said->item->code);
    if (expected == NULL || strcmp(said->item_key, expected) != 0 ||
        strcmp(said->item_key, context->view->key) != 0)
        rule_refuse(context, "itemKey", said->item_key, expected == NULL ? "" : expected);
}

bool bureau_speaks_for(struct view *view, const char *source, const char *region)
{
    const Organisation *bureau = organisation_on(view, source, date_in_china(view->now_ms));
    if (bureau == NULL)
        return true; /* the hub's operator, whom the authorise stage lets pass without a registry row */
    if (strcmp(bureau->region, REGION_NATION) == 0 || strcmp(bureau->region, region) == 0)
        return true;
    for (size_t i = 0; i < bureau->n_regions; i++)
        if (strcmp(bureau->regions[i], region) == 0)
            return true;
    return false;
}

static void source_speaks_for_the_region(struct rule_context *context)
{
    const char *region = change_of(context)->said->region;
    const char *source = context->event->attributes.source;
    if (!bureau_speaks_for(context->view, source, region))
        rule_refuse(context, "region", region, rule_text(context, "a region that %s speaks for", source));
}

static void row_agrees_with_the_change(struct rule_context *context)
{
    const struct item_change *change = change_of(context);
    const CatalogueItem *item = change->said->item;
    if (strcmp(item->region, change->said->region) != 0)
        rule_refuse(context, "item.region", item->region, change->said->region);
    if (!change->is_removal && strcmp(item->valid_from, change->said->effective_on) != 0)
        rule_refuse(context, "item.validFrom", item->valid_from, change->said->effective_on);
}

static void dates_are_in_order(struct rule_context *context)
{
    const struct item_change *change = change_of(context);
    if (!span_is_ordered(change->span))
        rule_refuse(context, "item.validUntil", change->said->item->valid_until,
                    rule_text(context, "not before %s", rule_day(context, change->span.from)));
}

static void rows_do_not_overlap(struct rule_context *context)
{
    const struct item_change *change = change_of(context);
    size_t conflict = spans_conflict(change->spans, change->rows->n_rows, change->span);
    if (conflict == change->rows->n_rows)
        return;
    const CatalogueRow *row = change->rows->rows[conflict];
    rule_refuse(context, "effectiveOn", change->said->effective_on,
                rule_text(context, "no other row of region %s; there is one from %s to %s",
                          change->said->region, row->valid_from,
                          is_given(row->valid_until) ? row->valid_until : "further notice"));
}

static void removal_has_something_to_end(struct rule_context *context)
{
    const struct item_change *change = change_of(context);
    if (change->is_removal && change->predecessor == NULL)
        rule_refuse(context, "effectiveOn", change->said->effective_on,
                    "the day after a day on which the item is in force");
}

static void national_items_stay_as_they_are(struct rule_context *context)
{
    const struct item_change *change = change_of(context);
    if (change->national != NULL && change->national->nationally_protected)
        rule_refuse(context, "region", change->said->region, "000000: the nation protects this item");
}

static void declared_changes_are_the_actual_ones(struct rule_context *context)
{
    const struct item_change *change = change_of(context);
    if (change->declared == change->actual)
        return;
    struct arena *arena = context->view->arena;
    rule_refuse(context, "changes", catalogue_change_names(arena, change->declared),
                change->actual == 0 ? "none: the item is as before"
                                    : catalogue_change_names(arena, change->actual));
}

/* --- the family --- */

#define DRUG_LIST "津医保局发〔2021〕109号" /* Tianjin: the national drug list 2021 */
#define DRUG_USE  "苏医保规〔2021〕2号"     /* Jiangsu: use of drugs */
#define CUT_OVER  "晋医保发〔2021〕25号"    /* Shanxi: one drug list */

static const struct rule changed_rules[] = {
    {
        .id = "CA-001",
        .code = "catalogue.key_differs",
        .document = DRUG_USE,
        .clause = "国家医保药品代码，C2 L3120",
        .evaluate = key_is_kind_and_code,
        .sentence_zh = "条目键须为“类别/编码”，且与条目一致",
        .sentence_en = "The key is KIND/CODE of the item.",
    },
    {
        .id = "CA-002",
        .code = "catalogue.not_its_region",
        .document = DRUG_USE,
        .clause = "统筹地区不得自行调整，C2 L3079",
        .evaluate = source_speaks_for_the_region,
        .sentence_zh = "只有本地区或国家医疗保障局可以变更本地区目录",
        .sentence_en = "A region's catalogue is changed by its own bureau or the nation's.",
    },
    {
        .id = "CA-003",
        .code = "catalogue.row_differs",
        .document = DRUG_LIST,
        .clause = "执行时间，C1 L1419",
        .evaluate = row_agrees_with_the_change,
        .sentence_zh = "条目的地区与起始日期须与变更一致",
        .sentence_en = "Region and first day of the item are those of the change.",
    },
    {
        .id = "CA-004",
        .code = "catalogue.dates_reversed",
        .document = DRUG_LIST,
        .clause = "执行期限，C1 L1413",
        .evaluate = dates_are_in_order,
        .sentence_zh = "截止日期不得早于起始日期",
        .sentence_en = "The last day is not before the first.",
    },
    {
        .id = "CA-005",
        .code = "catalogue.rows_overlap",
        .document = CUT_OVER,
        .clause = "新旧目录衔接，C2 L1975",
        .evaluate = rows_do_not_overlap,
        .sentence_zh = "同一条目在同一地区的有效期不得重叠",
        .sentence_en = "The spans of an item in a region do not overlap.",
    },
    {
        .id = "CA-006",
        .code = "catalogue.nothing_to_remove",
        .document = DRUG_USE,
        .clause = "调出，C2 L3105",
        .evaluate = removal_has_something_to_end,
        .sentence_zh = "调出的条目须在前一日有效",
        .sentence_en = "What is removed was in force on the day before.",
    },
    {
        .id = "CA-007",
        .code = "catalogue.nationally_protected",
        .document = DRUG_USE,
        .clause = "不得变更国家药品，C2 L3079",
        .evaluate = national_items_stay_as_they_are,
        .sentence_zh = "地区不得变更国家目录内受保护的条目",
        .sentence_en = "A region does not alter an item that the nation protects.",
    },
    {
        .id = "CA-008",
        .code = "catalogue.changes_differ",
        .document = DRUG_USE,
        .clause = "目录调整公布，C2 L3114",
        .evaluate = declared_changes_are_the_actual_ones,
        .sentence_zh = "声明的变更类型须与实际差异一致",
        .sentence_en = "The declared changes are what differs from the row before.",
    },
};

static const struct handler handlers[] = {
    {
        .type = "medhub.catalogue.item_changed.v1",
        .rules = changed_rules,
        .rule_count = sizeof changed_rules / sizeof *changed_rules,
        .prepare = catalogue_prepare,
        .decide = catalogue_decide,
        .roles = "bureau",
    },
    {
        .type = "medhub.catalogue.release_published.v1",
        .rules = release_published_rules,
        .rule_count = RELEASE_PUBLISHED_RULES,
        .prepare = release_prepare,
        .decide = release_decide,
        .roles = "bureau",
    },
    {
        .type = RELEASE_ITEM_COUNTED_TYPE,
        .decide = release_count,
        .roles = "hub",
    },
    {
        .type = RELEASE_STAGED_TYPE,
        .rules = release_staged_rules,
        .rule_count = RELEASE_STAGED_RULES,
        .prepare = release_stage_prepare,
        .decide = release_stage_decide,
        .roles = "bureau",
    },
    {
        .type = RELEASE_APPROVED_TYPE,
        .rules = release_approved_rules,
        .rule_count = RELEASE_APPROVED_RULES,
        .prepare = release_approve_prepare,
        .decide = release_approve_decide,
        .roles = "bureau",
    },
    {
        .type = RELEASE_WITHDRAWN_TYPE,
        .rules = release_withdrawn_rules,
        .rule_count = RELEASE_WITHDRAWN_RULES,
        .prepare = release_withdraw_prepare,
        .decide = release_withdraw_decide,
        .roles = "bureau",
    },
    {
        .type = CATALOGUE_APPLIED_TYPE,
        .rules = catalogue_applied_rules,
        .rule_count = CATALOGUE_APPLIED_RULES,
        .prepare = catalogue_applied_prepare,
        .decide = catalogue_applied_decide,
        .roles = "hospital|pharmacy",
    },
    {
        .type = ITEM_CHANGE_WITHDRAWN_TYPE,
        .decide = release_undo_decide,
        .roles = "hub",
    },
    {
        .type = RELEASE_PIECE_TIMER,
        .fire = release_piece_fire,
    },
    {
        .type = RELEASE_OVERDUE_TIMER,
        .fire = release_overdue_fire,
    },
};

const struct domain domain_catalogue = {
    .name = "catalogue",
    .key_kind = "item",
    .handlers = handlers,
    .handler_count = sizeof handlers / sizeof *handlers,
};

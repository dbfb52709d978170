/* catalogue_change.h: what every event that changes a row of the catalogue has in common: which dated row of which item in
 * which region it opens or ends, the rules that follow from that, and the decision.
 *
 * A handler's prepared structure begins with its row_change, so that these rules find it:
 *
 *     struct listing { struct row_change change; ... };
 *     static const struct rule rules[] = { ROW_CHANGE_RULES("30"), ROW_REMOVAL_RULE("30"), {.id = "CA-307", ...}, ... }; */
#ifndef DOMAIN_CATALOGUE_CHANGE_H
#define DOMAIN_CATALOGUE_CHANGE_H

#include "domain/catalogue_key.h"
#include "domain/messages.h"
#include "domain/rule.h"
#include "domain/span.h"

struct row_change {
    /* what the event says; filled by the handler before row_change_begin */
    const char *item_key, *region, *effective_on;
    const CatalogueItem *item; /* as it is from then on; of a removal: as it was */
    bool is_removal;

    /* filled by row_change_begin */
    date_t day;                /* effective_on */
    struct span span;          /* of the row it opens; of a removal: that day */
    CatalogueRows *rows;       /* of the region, never NULL */
    struct span *spans;        /* of these rows */
    CatalogueRow *predecessor; /* in force on the day before, or NULL */
    const CatalogueItem *national; /* what the nation has in force on the day, if another region speaks; or NULL */
};

/* False when the arena is full. */
bool row_change_begin(struct view *view, struct row_change *change);
/* Ends the predecessor on the day before, opens the row unless it is a removal, and tells the table. */
void row_change_apply(struct decision *decision, struct row_change *change);

/* The item ITEM_KEY, which lies under another key, as the table has it for the region on DATE, or NULL. */
const CatalogueItem *row_change_other_item(struct view *view, const struct row_change *change, const char *item_key,
                                           date_t date);

/* --- rules --- */

/* Of a list that its owner says itself: the item is of KIND with DETAILS (MISSING says what is expected), OWNER is the source, and
 * the item's code is OWNER/ITEM_KEY. False: it is not of that kind, and nothing else was looked at. */
struct own_row {
    CatalogueKind kind;
    int details;
    const char *missing;
    const char *owner, *owner_path;
    const char *item_key;
};
bool row_is_of_its_owner(struct rule_context *context, const struct own_row *own);

void row_key_is_kind_and_code(struct rule_context *context);
void row_agrees_with_the_change(struct rule_context *context);
void row_dates_are_in_order(struct rule_context *context);
void row_does_not_overlap(struct rule_context *context);
void row_removal_has_something_to_end(struct rule_context *context);
/* The bureau of the region, one that acts for it, or the nation's. */
void row_bureau_speaks_for_the_region(struct rule_context *context);
void row_is_not_nationally_protected(struct rule_context *context);

/* clang-format off */
#define ROW_RULE(id_, code_, evaluate_, document_, clause_, zh_, en_)                                        \
    {.id = (id_), .code = (code_), .document = (document_), .clause = (clause_), .evaluate = (evaluate_),    \
     .sentence_zh = (zh_), .sentence_en = (en_)}

/* The first four rules of each handler; TENS are the digits that its ids share. ROW_REMOVAL_RULE is the fifth of those that
 * can also take away. */
#define ROW_CHANGE_RULES(tens)                                                                               \
    ROW_RULE("CA-" tens "1", "catalogue.key_differs", row_key_is_kind_and_code, SOURCE_JIANGSU_DRUG_USE,     \
             "国家医保药品代码", "条目键须为“类别/编码”，且与条目一致",                                    \
             "The key is KIND/CODE of the item."),                                                           \
    ROW_RULE("CA-" tens "2", "catalogue.row_differs", row_agrees_with_the_change, SOURCE_TIANJIN_DRUG_LIST,  \
             "执行时间", "条目的地区与起始日期须与变更一致",                                                 \
             "Region and first day of the item are those of the change."),                                   \
    ROW_RULE("CA-" tens "3", "catalogue.dates_reversed", row_dates_are_in_order, SOURCE_TIANJIN_DRUG_LIST,   \
             "执行期限", "截止日期不得早于起始日期", "The last day is not before the first."),               \
    ROW_RULE("CA-" tens "4", "catalogue.rows_overlap", row_does_not_overlap, SOURCE_SHANXI_DRUG_LIST,        \
             "新旧目录衔接", "同一条目在同一地区的有效期不得重叠",                                           \
             "The spans of an item in a region do not overlap.")
#define ROW_REMOVAL_RULE(tens)                                                                               \
    ROW_RULE("CA-" tens "5", "catalogue.nothing_to_remove", row_removal_has_something_to_end, SOURCE_JIANGSU_DRUG_USE, \
             "调出", "调出的条目须在前一日有效",                                                             \
             "What is removed was in force on the day before.")
/* clang-format on */

#endif

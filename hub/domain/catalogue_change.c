#include "domain/catalogue_change.h"

#include "domain/catalogue.h"

/* --- what the rules look at --- */

static CatalogueRows *rows_of(struct view *view, const char *region)
{
    CatalogueRows *rows = (CatalogueRows *)view_state(view, CATALOGUE_ROWS, "rows/%s", region);
    if (rows != NULL)
        return rows;
    rows = arena_take(view->arena, sizeof *rows);
    if (rows != NULL)
        medhub__state__v1__catalogue_rows__init(rows);
    return rows;
}

static struct span span_of(const CatalogueRow *row)
{
    return (struct span){text_day(row->valid_from), text_day(row->valid_until)};
}

static bool read_spans(struct view *view, struct row_change *change)
{
    size_t count = change->rows->n_rows;
    change->spans = arena_take(view->arena, (count + 1) * sizeof *change->spans);
    for (size_t i = 0; change->spans != NULL && i < count; i++)
        change->spans[i] = span_of(change->rows->rows[i]);
    return change->spans != NULL;
}

static const CatalogueItem *item_on(const CatalogueRows *rows, date_t date)
{
    for (size_t i = 0; rows != NULL && i < rows->n_rows; i++)
        if (span_covers(span_of(rows->rows[i]), date))
            return rows->rows[i]->item;
    return NULL;
}

bool row_change_begin(struct view *view, struct row_change *change)
{
    change->day = text_day(change->effective_on);
    change->span.from = change->day;
    change->span.until = change->is_removal ? change->day : text_day(change->item->valid_until);
    change->rows = rows_of(view, change->region);
    if (change->rows == NULL || !read_spans(view, change))
        return false;
    size_t predecessor = spans_predecessor(change->spans, change->rows->n_rows, change->day);
    if (predecessor < change->rows->n_rows)
        change->predecessor = change->rows->rows[predecessor];
    if (strcmp(change->region, REGION_NATION) != 0)
        change->national = item_on(
            (const CatalogueRows *)view_state(view, CATALOGUE_ROWS, "rows/%s", REGION_NATION), change->day);
    return true;
}

const CatalogueItem *row_change_other_item(struct view *view, const struct row_change *change, const char *item_key,
                                           date_t date)
{
    return (const CatalogueItem *)view_table_message(view, CATALOGUE_ITEM, TABLE_CATALOGUE, item_key, change->region, date);
}

/* --- rules --- */

static const struct row_change *change_of(const struct rule_context *context)
{
    return context->prepared;
}

void row_key_is_kind_and_code(struct rule_context *context)
{
    const struct row_change *change = change_of(context);
    const char *expected = catalogue_key(context->view->arena, change->item->kind, change->item->code);
    if (expected == NULL || strcmp(change->item_key, expected) != 0 ||
        strcmp(change->item_key, context->view->key) != 0)
        rule_refuse(context, "itemKey", change->item_key, expected == NULL ? "" : expected);
}

bool row_is_of_its_owner(struct rule_context *context, const struct own_row *own)
{
    const CatalogueItem *item = change_of(context)->item;
    const char *source = context->event->attributes.source;
    if (item->kind != own->kind || (int)item->details_case != own->details) {
        rule_refuse(context, "item", catalogue_kind_name(item->kind), own->missing);
        return false;
    }
    const char *code = rule_text(context, "%s/%s", source, own->item_key);
    if (strcmp(own->owner, source) != 0)
        rule_refuse(context, own->owner_path, own->owner, rule_text(context, "the source, %s", source));
    if (strcmp(item->code, code) != 0)
        rule_refuse(context, "item.code", item->code, code);
    return true;
}

void row_bureau_speaks_for_the_region(struct rule_context *context)
{
    const char *region = change_of(context)->region, *source = context->event->attributes.source;
    if (!bureau_speaks_for(context->view, source, region))
        rule_refuse(context, "region", region, rule_text(context, "a region that %s speaks for", source));
}

void row_agrees_with_the_change(struct rule_context *context)
{
    const struct row_change *change = change_of(context);
    if (strcmp(change->item->region, change->region) != 0)
        rule_refuse(context, "item.region", change->item->region, change->region);
    if (!change->is_removal && strcmp(change->item->valid_from, change->effective_on) != 0)
        rule_refuse(context, "item.validFrom", change->item->valid_from, change->effective_on);
}

void row_dates_are_in_order(struct rule_context *context)
{
    const struct row_change *change = change_of(context);
    if (!span_is_ordered(change->span))
        rule_refuse(context, "item.validUntil", change->item->valid_until,
                    rule_text(context, "not before %s", rule_day(context, change->span.from)));
}

void row_does_not_overlap(struct rule_context *context)
{
    const struct row_change *change = change_of(context);
    size_t conflict = spans_conflict(change->spans, change->rows->n_rows, change->span);
    if (conflict == change->rows->n_rows)
        return;
    const CatalogueRow *row = change->rows->rows[conflict];
    rule_refuse(context, "effectiveOn", change->effective_on,
                rule_text(context, "no other row of region %s; there is one from %s to %s", change->region,
                          row->valid_from, is_given(row->valid_until) ? row->valid_until : "further notice"));
}

void row_removal_has_something_to_end(struct rule_context *context)
{
    const struct row_change *change = change_of(context);
    if (change->is_removal && change->predecessor == NULL)
        rule_refuse(context, "effectiveOn", change->effective_on,
                    "the day after a day on which the item is in force");
}

void row_is_not_nationally_protected(struct rule_context *context)
{
    const struct row_change *change = change_of(context);
    if (change->national != NULL && change->national->nationally_protected)
        rule_refuse(context, "region", change->region, "000000: the nation protects this item");
}

/* --- the decision --- */

/* The predecessor's last day is the day before; the table must know when that is news. */
static void end_predecessor(struct decision *decision, const struct row_change *change)
{
    char day[DATE_TEXT_BYTES];
    CatalogueRow *row = change->predecessor;
    date_t last_day = change->day - 1;
    if (row == NULL || text_day(row->valid_until) == last_day)
        return;
    row->valid_until = arena_text(decision->arena, bytes_of(date_format(last_day, day)));
    if (row->valid_until == NULL) {
        decision->failed = true;
        return;
    }
    decision_table_row(decision, TABLE_CATALOGUE, change->item_key, change->region, text_day(row->valid_from),
                       last_day, &row->item->base);
}

/* Puts ADDED where its first day belongs. */
static void insert_row(struct decision *decision, struct row_change *change, CatalogueRow *added)
{
    CatalogueRows *rows = change->rows;
    CatalogueRow **list = decision_list(decision, rows->n_rows + 1);
    size_t place = 0;
    if (list == NULL)
        return;
    while (place < rows->n_rows && change->spans[place].from < change->day)
        place++;
    for (size_t i = 0; i < place; i++)
        list[i] = rows->rows[i];
    list[place] = added;
    for (size_t i = place; i < rows->n_rows; i++)
        list[i + 1] = rows->rows[i];
    rows->rows = list;
    rows->n_rows++;
}

static void open_row(struct decision *decision, struct row_change *change)
{
    CatalogueRow *row = decision_message(decision, CATALOGUE_ROW);
    if (row == NULL)
        return;
    row->item = (CatalogueItem *)(uintptr_t)change->item; /* generated structures have no const; nobody writes to it */
    row->valid_from = lent(change->effective_on);
    row->valid_until = change->item->valid_until;
    insert_row(decision, change, row);
    decision_table_row(decision, TABLE_CATALOGUE, change->item_key, change->region, change->span.from,
                       change->span.until, &change->item->base);
}

void row_change_apply(struct decision *decision, struct row_change *change)
{
    end_predecessor(decision, change);
    if (!change->is_removal)
        open_row(decision, change);
    decision_write(decision, &change->rows->base, "rows/%s", change->region);
}

#include "domain/catalogue.h"

#include "domain/format.h"
#include "domain/release.h"

/* --- what the rules look at --- */

static bool read_spans(struct view *view, struct item_change *change)
{
    size_t count = change->rows->n_rows;
    change->spans = arena_take(view->arena, (count + 1) * sizeof *change->spans);
    for (size_t i = 0; change->spans != NULL && i < count; i++)
        change->spans[i] = (struct span){text_day(change->rows->rows[i]->valid_from),
                                         text_day(change->rows->rows[i]->valid_until)};
    return change->spans != NULL;
}

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

static const CatalogueItem *item_on(const CatalogueRows *rows, date_t date)
{
    for (size_t i = 0; rows != NULL && i < rows->n_rows; i++) {
        const CatalogueRow *row = rows->rows[i];
        if (span_covers((struct span){text_day(row->valid_from), text_day(row->valid_until)}, date))
            return row->item;
    }
    return NULL;
}

static change_set declared_changes(const ItemChanged *said)
{
    change_set changes = 0;
    for (size_t i = 0; i < said->n_changes; i++)
        changes |= change_bit(said->changes[i]);
    return changes;
}

static change_set actual_changes(const struct item_change *change)
{
    if (change->is_removal)
        return change_bit(CHANGE_REMOVED);
    if (change->predecessor == NULL)
        return change_bit(CHANGE_ADDED);
    return catalogue_difference(change->predecessor->item, change->said->item);
}

void *catalogue_prepare(struct view *view, const struct event *event)
{
    struct item_change *change = arena_take_zeroed(view->arena, sizeof *change);
    if (change == NULL)
        return NULL;
    change->said = (const ItemChanged *)event->message;
    change->effective_on = text_day(change->said->effective_on);
    change->declared = declared_changes(change->said);
    change->is_removal = (change->declared & change_bit(CHANGE_REMOVED)) != 0;
    change->span.from = change->effective_on;
    change->span.until =
        change->is_removal ? change->effective_on : text_day(change->said->item->valid_until);

    change->rows = rows_of(view, change->said->region);
    if (change->rows == NULL || !read_spans(view, change))
        return NULL;
    size_t predecessor = spans_predecessor(change->spans, change->rows->n_rows, change->effective_on);
    if (predecessor < change->rows->n_rows)
        change->predecessor = change->rows->rows[predecessor];
    if (strcmp(change->said->region, REGION_NATION) != 0)
        change->national =
            item_on((const CatalogueRows *)view_state(view, CATALOGUE_ROWS, "rows/%s", REGION_NATION),
                    change->effective_on);
    change->actual = actual_changes(change);
    return change;
}

/* --- the decision --- */

/* The predecessor's last day is the day before; the table must know when that is news. */
static void end_predecessor(struct decision *decision, const struct item_change *change)
{
    char day[DATE_TEXT_BYTES];
    CatalogueRow *row = change->predecessor;
    date_t last_day = change->effective_on - 1;
    if (row == NULL || text_day(row->valid_until) == last_day)
        return;
    row->valid_until = arena_text(decision->arena, bytes_of(date_format(last_day, day)));
    if (row->valid_until == NULL) {
        decision->failed = true;
        return;
    }
    decision_table_row(decision, TABLE_CATALOGUE, change->said->item_key, change->said->region,
                       text_day(row->valid_from), last_day, &row->item->base);
}

/* Puts ADDED where its first day belongs. */
static void insert_row(struct decision *decision, struct item_change *change, CatalogueRow *added)
{
    CatalogueRows *rows = change->rows;
    CatalogueRow **list = decision_list(decision, rows->n_rows + 1);
    size_t place = 0;
    if (list == NULL)
        return;
    while (place < rows->n_rows && change->spans[place].from < change->effective_on)
        place++;
    for (size_t i = 0; i < place; i++)
        list[i] = rows->rows[i];
    list[place] = added;
    for (size_t i = place; i < rows->n_rows; i++)
        list[i + 1] = rows->rows[i];
    rows->rows = list;
    rows->n_rows++;
}

static void open_row(struct decision *decision, struct item_change *change)
{
    const ItemChanged *said = change->said;
    CatalogueRow *row = decision_message(decision, CATALOGUE_ROW);
    if (row == NULL)
        return;
    row->item = said->item;
    row->valid_from = said->effective_on;
    row->valid_until = said->item->valid_until;
    insert_row(decision, change, row);
    decision_table_row(decision, TABLE_CATALOGUE, said->item_key, said->region, change->span.from,
                       change->span.until, &said->item->base);
}

/* The release has a key of its own; it is told of the item by a follow-up event. */
static void count_for_release(struct decision *decision, const struct item_change *change)
{
    const ItemChanged *said = change->said;
    uint64_t digest;
    ReleaseItemCounted *counted = decision_message(decision, RELEASE_ITEM_COUNTED);
    const char *key = format_in(decision->arena, "release/%s", said->release);
    if (counted == NULL || key == NULL ||
        !catalogue_row_digest(decision->arena, said, change->actual, &digest)) {
        decision->failed = true;
        return;
    }
    counted->item_key = lent(key);
    counted->release = said->release;
    counted->counted_item = said->item_key;
    counted->n_changes = said->n_changes;
    counted->changes = said->changes;
    counted->row_digest = release_digest_bytes(decision->arena, digest);
    counted->region = said->region;
    if (counted->row_digest.data == NULL)
        decision->failed = true;
    else
        decision_submit(decision, RELEASE_ITEM_COUNTED_TYPE, key, "release", &counted->base);
}

void catalogue_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    struct item_change *change = prepared;
    (void)view;
    (void)event;
    size_t fact = decision_fact_of_event(decision);
    end_predecessor(decision, change);
    if (!change->is_removal)
        open_row(decision, change);
    decision_write(decision, &change->rows->base, "rows/%s", change->said->region);
    decision_deliver(decision, fact, VISIBLE_PUBLIC, "institution@%s", change->said->region);
    if (is_given(change->said->release))
        count_for_release(decision, change);
}

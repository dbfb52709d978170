#include "domain/catalogue.h"

#include "domain/release.h"

/* --- what the rules look at --- */

static change_set declared_changes(const ItemChanged *said)
{
    change_set changes = 0;
    for (size_t i = 0; i < said->n_changes; i++)
        changes |= change_bit(said->changes[i]);
    return changes;
}

static change_set actual_changes(const struct item_change *change)
{
    if (change->row.is_removal)
        return change_bit(CHANGE_REMOVED);
    if (change->row.predecessor == NULL)
        return change_bit(CHANGE_ADDED);
    return catalogue_difference(change->row.predecessor->item, change->said->item);
}

void *catalogue_prepare(struct view *view, const struct event *event)
{
    struct item_change *change = arena_take_zeroed(view->arena, sizeof *change);
    if (change == NULL)
        return NULL;
    change->said = (const ItemChanged *)event->message;
    change->declared = declared_changes(change->said);
    change->row = (struct row_change){
        .item_key = change->said->item_key,
        .region = change->said->region,
        .effective_on = change->said->effective_on,
        .item = change->said->item,
        .is_removal = (change->declared & change_bit(CHANGE_REMOVED)) != 0,
    };
    if (!row_change_begin(view, &change->row))
        return NULL;
    change->actual = actual_changes(change);
    return change;
}

/* --- the decision --- */

static void count_for_release(struct decision *decision, const struct item_change *change)
{
    const ItemChanged *said = change->said;
    uint64_t digest = 0;
    bool summed = catalogue_row_digest(decision->arena, said, change->actual, &digest);
    ProtobufCBinaryData bytes = release_digest_bytes(decision->arena, digest);
    if (!summed || bytes.data == NULL)
        decision->failed = true;
    else
        release_count_item(decision, said->release, said->item_key, said->changes, said->n_changes, bytes, false);
}

void catalogue_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    struct item_change *change = prepared;
    (void)view;
    (void)event;
    size_t fact = decision_fact_of_event(decision);
    code_map_submit(decision, &change->row);
    row_change_apply(decision, &change->row);
    decision_deliver(decision, fact, VISIBLE_PUBLIC, "institution@%s", change->said->region);
    if (is_given(change->said->release))
        count_for_release(decision, change);
}

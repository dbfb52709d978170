/* Some pieces of a release in each batch: while it is published every item is told what the release says of it; while it is
 * taken back, that this does not hold; when that is over, or its day has come, what was staged is forgotten. */
#include "domain/release.h"

#include "domain/background.h"
#include "domain/catalogue.h"

/* A piece has 1,000 items at most: so many events one batch adds. */
enum { PIECES_AT_ONCE = 4 };

void release_go_on(struct view *view, struct decision *decision)
{
    background_continue(view, decision, "piece", RELEASE_PIECE_TIMER);
}

/* --- what the release changes of an item --- */

/* The row of exactly REGION on DATE. */
static const CatalogueItem *item_in_force(struct view *view, const char *key, const char *region, date_t date)
{
    struct table_row row;
    if (!view_table(view, TABLE_CATALOGUE, key, region, date, &row) || strcmp(row.region, region) != 0)
        return NULL;
    return (const CatalogueItem *)view_table_message(view, CATALOGUE_ITEM, TABLE_CATALOGUE, key, region, date);
}

static change_set changes_of(struct view *view, const ReleaseState *release, const StagedItem *staged, const char *key)
{
    const CatalogueItem *before = item_in_force(view, key, release->region, text_day(release->effective_on) - 1);
    if (staged->removed)
        return before == NULL ? 0 : change_bit(CHANGE_REMOVED);
    return before == NULL ? change_bit(CHANGE_ADDED) : catalogue_difference(before, staged->item);
}

static void list_changes(struct decision *decision, ItemChanged *changed, change_set changes)
{
    changed->changes = decision_list(decision, 32);
    for (unsigned change = 1; changed->changes != NULL && change < 32; change++)
        if ((changes & change_bit((CatalogueChange)change)) != 0)
            changed->changes[changed->n_changes++] = (CatalogueChange)change;
}

static void tell_item(struct view *view, struct decision *decision, ReleaseState *release, const char *id,
                      StagedItem *staged, const char *suffix)
{
    const char *key = catalogue_key(decision->arena, staged->item->kind, staged->item->code);
    ItemChanged *changed = decision_message(decision, ITEM_CHANGED);
    if (key == NULL || changed == NULL) {
        decision->failed = true;
        return;
    }
    change_set changes = changes_of(view, release, staged, key);
    if (changes == 0) {
        release->same_count++;
        return;
    }
    staged->item->valid_from = release->effective_on;
    staged->item->release = lent(id);
    changed->item_key = lent(key);
    changed->region = release->region;
    changed->item = staged->item;
    changed->effective_on = release->effective_on;
    changed->release = lent(id);
    changed->document = release->document;
    list_changes(decision, changed, changes);
    decision_submit(decision, ITEM_CHANGED_TYPE, key, suffix, &changed->base);
    release->told_count++;
}

static void take_back_item(struct decision *decision, const ReleaseState *release, const char *id,
                           const StagedItem *staged, const char *suffix)
{
    const char *key = catalogue_key(decision->arena, staged->item->kind, staged->item->code);
    ItemChangeWithdrawn *withdrawn = decision_message(decision, ITEM_CHANGE_WITHDRAWN);
    if (key == NULL || withdrawn == NULL) {
        decision->failed = true;
        return;
    }
    withdrawn->item_key = lent(key);
    withdrawn->region = release->region;
    withdrawn->release = lent(id);
    withdrawn->effective_on = release->effective_on;
    decision_submit(decision, ITEM_CHANGE_WITHDRAWN_TYPE, key, suffix, &withdrawn->base);
}

/* --- pieces --- */

static void take_piece(struct view *view, struct decision *decision, ReleaseState *release, const char *id)
{
    ReleasePiece *piece = (ReleasePiece *)view_state(view, RELEASE_PIECE, "piece/%u", release->next_piece);
    for (size_t i = 0; piece != NULL && i < piece->n_items && !decision->failed; i++) {
        const char *suffix = arena_format(decision->arena, "%s/%u.%zu",
                                          release->status == RELEASE_PUBLISHING ? "told" : "back", release->next_piece, i);
        if (suffix == NULL)
            decision->failed = true;
        else if (release->status == RELEASE_PUBLISHING)
            tell_item(view, decision, release, id, piece->items[i], suffix);
        else if (release->status == RELEASE_TAKING_BACK)
            take_back_item(decision, release, id, piece->items[i], suffix);
    }
}

static bool keeps_pieces(const ReleaseState *release)
{
    return release->status == RELEASE_PUBLISHING || release->status == RELEASE_TAKING_BACK;
}

/* How far it has come, for those who ask and for `ctl explain` (background.h). */
static void state_progress(struct view *view, struct decision *decision, const ReleaseState *release, const char *id)
{
    ReleaseProgressed *progressed = decision_message(decision, RELEASE_PROGRESSED);
    if (progressed == NULL)
        return;
    progressed->item_key = lent(view->key);
    progressed->release = lent(id);
    progressed->region = release->region;
    progressed->pieces_done = release->next_piece - 1;
    progressed->piece_count = release->piece_count;
    progressed->told_count = release->told_count;
    progressed->same_count = release->same_count;
    (void)decision_fact(decision, RELEASE_PROGRESSED_TYPE, view->key, &progressed->base);
}

void release_piece_fire(struct view *view, const struct event *event, struct decision *decision)
{
    ReleaseState *release = release_state(view);
    ReleaseTally *tally = release_tally(view);
    const char *slash = strchr(view->key, '/');
    (void)event;
    if (release == NULL || tally == NULL || slash == NULL)
        return;
    for (int i = 0; i < PIECES_AT_ONCE && release->next_piece <= release->piece_count; i++, release->next_piece++)
        if (keeps_pieces(release))
            take_piece(view, decision, release, slash + 1);
        else
            decision_write(decision, NULL, "piece/%u", release->next_piece);
    if (release->next_piece <= release->piece_count)
        release_go_on(view, decision);
    state_progress(view, decision, release, slash + 1);
    decision_write(decision, &release->base, "release");
    release_complete(view, decision, release, tally);
}

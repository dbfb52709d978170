/* What lies in recalled packs, or was taken out of them, is recalled with them. A pack that a recall meets is
 * written down (recall_pack/NUMBER/SERIAL); rounds of a timer (background.h) go through these packs and name
 * the units and lots to their products' partitions, as many as a round may. */
#include "domain/recall.h"

#include "domain/background.h"
#include "domain/format.h"
#include "domain/trace_content.h"
#include "domain/trace_state.h"

/* Units of one round, and of one submission (max_items of RecallExtended's serials and lots). */
enum { ROUND_UNITS_MAX = 500, SUBMISSION_UNITS_MAX = 100 };

static const char SERIAL_ROWS[] = "serial/", PACKS_TIMER[] = "recall_packs/", TAKEN_OUT[] = "out/";

/* --- a pack is met --- */

static void go_on(const struct view *view, struct decision *decision, const RecallState *state)
{
    const char *timer = arena_format(decision->arena, "%s%s", PACKS_TIMER, state->recall);
    if (timer == NULL)
        decision->failed = true;
    else
        background_continue(view, decision, timer, RECALL_PACKS_TIMER);
}

static void write_pack(struct decision *decision, const RecallState *state, const RecallPack *pack)
{
    decision_write(decision, &pack->base, "recall_pack/%s/%s", state->recall, pack->serial);
}

void recall_enter_pack(struct view *view, struct decision *decision, const RecallState *state,
                       const char *name, const ProtobufCMessage *row)
{
    const ScannedItemState *item = (const ScannedItemState *)row;
    if (row->descriptor != SCANNED_ITEM_STATE || (item->contents == 0 && item->filled == 0))
        return;
    RecallPack *pack = decision_message(decision, RECALL_PACK);
    if (pack == NULL)
        return;
    pack->serial = lent(name + strlen(SERIAL_ROWS));
    write_pack(decision, state, pack);
    go_on(view, decision, state);
}

/* --- a round --- */

struct packs_round {
    struct view *view;
    struct decision *decision;
    RecallState *state;
    RecallExtended *said; /* the submission that is being filled, or NULL */
    size_t left;          /* units that the round may still name */
};

static RecallExtended *begin_submission(struct packs_round *round, const char *product)
{
    const RecallState *state = round->state;
    RecallExtended *said = decision_message(round->decision, RECALL_EXTENDED);
    const char *suffix =
        arena_format(round->decision->arena, "%u/%zu", state->round, round->decision->submission_count);
    if (said == NULL || suffix == NULL) {
        round->decision->failed = true;
        return NULL;
    }
    said->product = lent(product);
    said->recall = state->recall;
    said->issuer = state->issuer;
    said->registrant = state->registrant;
    said->collectors = state->takers + 1; /* behind the registrant */
    said->n_collectors = state->n_takers - 1;
    said->level = state->level;
    said->scope = decision_message(round->decision, RECALL_SCOPE);
    said->region = state->region;
    said->reason = state->reason;
    said->instruction = state->instruction;
    said->issued_at = decision_moment(round->decision, state->issued_at_ms);
    said->extends_product = lent(round->view->key);
    said->serials = decision_list(round->decision, SUBMISSION_UNITS_MAX);
    said->lots = decision_list(round->decision, SUBMISSION_UNITS_MAX);
    decision_submit(round->decision, RECALL_EXTENDED_TYPE, said->product, suffix, &said->base);
    return round->decision->failed ? NULL : said;
}

/* The submission to PRODUCT that still has room. */
static RecallExtended *submission_for(struct packs_round *round, const char *product)
{
    RecallExtended *said = round->said;
    if (said == NULL || said->n_serials + said->n_lots == SUBMISSION_UNITS_MAX ||
        strcmp(said->product, product) != 0)
        round->said = begin_submission(round, product);
    return round->said;
}

/* Where the goods are of which the pack stands like this. NULL: it was never seen, or there is no memory. */
static RecallAmounts *amounts_of(struct decision *decision, const ScannedItemState *pack, int64_t quantity_e4)
{
    RecallAmounts *amounts = decision_message(decision, RECALL_AMOUNTS);
    if (amounts == NULL)
        return NULL;
    switch ((int)pack->standing) {
    case ITEM_HELD:
        amounts->held_e4 = quantity_e4;
        return amounts;
    case ITEM_ON_THE_WAY:
        amounts->on_the_way_e4 = quantity_e4;
        return amounts;
    case ITEM_GIVEN:
        *(pack->last_step == STEP_SOLD ? &amounts->delivered_e4 : &amounts->used_e4) = quantity_e4;
        return amounts;
    case ITEM_DESTROYED:
        amounts->destroyed_e4 = quantity_e4;
        return amounts;
    default:
        return NULL;
    }
}

/* So many of a lot as the recall was not told of yet. TAKEN_BY: who took them out; "" they lie in the pack.
 */
static void name_lot(struct packs_round *round, const ScannedItemState *pack, PackContent *content,
                     const char *name, const char *taken_by)
{
    static const ScannedItemState taken_out = {
        .standing = ITEM_HELD}; /* where they are now is looked for over there */
    RecalledAmount *named = trace_recalled_of(round->decision, content, round->state->recall);
    int64_t more_e4 = named == NULL ? 0 : content->quantity_e4 - named->quantity_e4;
    if (more_e4 <= 0)
        return;
    RecallAmounts *amounts = amounts_of(round->decision, is_given(taken_by) ? &taken_out : pack, more_e4);
    RecalledLot *lot = decision_message(round->decision, RECALLED_LOT);
    const char *holder = is_given(taken_by) ? taken_by : pack->holder;
    if (amounts == NULL || lot == NULL || !is_given(holder)) {
        round->state->undetermined++;
        return;
    }
    lot->lot = content->lot;
    lot->holder = lent(holder);
    lot->amounts = amounts;
    lot->taken_out = is_given(taken_by);
    if (lot->taken_out && content->taken_at_ms > 0)
        lot->taken_out_at = decision_moment(round->decision, content->taken_at_ms);
    RecallExtended *said = submission_for(round, content->product);
    if (said == NULL)
        return;
    said->lots[said->n_lots++] = lot;
    named->quantity_e4 += more_e4;
    trace_write_content(round->decision, name, content);
}

static void name_row(struct packs_round *round, const ScannedItemState *pack, const struct view_row *row)
{
    const char *taken_by;
    PackContent *content = trace_read_content(round->view, row, &taken_by);
    if (content == NULL) {
        round->decision->failed = true;
        return;
    }
    if (!is_given(content->serial)) {
        name_lot(round, pack, content, row->name, taken_by);
        return;
    }
    RecallExtended *said = submission_for(round, content->product);
    if (said != NULL)
        said->serials[said->n_serials++] = content->serial;
}

/* The rows with PREFIX behind the pack's cursor, as many as the round may. True when that was all. */
static bool name_rows(struct packs_round *round, RecallPack *pack, const ScannedItemState *item,
                      const char *prefix)
{
    if (prefix == NULL || round->left == 0) {
        round->decision->failed |= prefix == NULL;
        return false;
    }
    struct view_rows rows = view_scan(round->view, prefix, pack->after, round->left);
    for (size_t i = 0; i < rows.count && !round->decision->failed; i++)
        name_row(round, item, &rows.rows[i]);
    round->left -= rows.count;
    if (rows.count > 0)
        pack->after = lent(rows.rows[rows.count - 1].name);
    return !rows.more;
}

/* True when all that lies in PACK, and all that was taken out of it, was named. */
static bool name_contents(struct packs_round *round, RecallPack *pack)
{
    static const ScannedItemState unknown = MEDHUB__STATE__V1__SCANNED_ITEM__INIT;
    struct arena *arena = round->view->arena;
    const ScannedItemState *item =
        (const ScannedItemState *)view_state(round->view, SCANNED_ITEM_STATE, "serial/%s", pack->serial);
    if (item == NULL)
        item = &unknown;
    if (strncmp(pack->after, TAKEN_OUT, strlen(TAKEN_OUT)) != 0) {
        if (!name_rows(round, pack, item, trace_contents_prefix(arena, pack->serial)))
            return false;
        pack->after = lent(TAKEN_OUT); /* sorts behind all that lies in it and before what was taken out */
    }
    return name_rows(round, pack, item, trace_taken_out_prefix(arena, pack->serial));
}

/* True when there is no pack left. */
static bool go_through_packs(struct packs_round *round)
{
    const char *prefix = arena_format(round->view->arena, "recall_pack/%s/", round->state->recall);
    if (prefix == NULL) {
        round->decision->failed = true;
        return false;
    }
    struct view_rows packs = view_scan(round->view, prefix, "", round->left);
    for (size_t i = 0; i < packs.count; i++) {
        RecallPack *pack = (RecallPack *)view_unpack(round->view, RECALL_PACK, &packs.rows[i]);
        if (pack == NULL || round->left == 0 || round->decision->failed)
            return false;
        if (!name_contents(round, pack)) {
            write_pack(round->decision, round->state, pack);
            return false;
        }
        decision_write(round->decision, NULL, "%s", packs.rows[i].name);
    }
    return !packs.more;
}

static void state_progress(struct packs_round *round)
{
    RecallProgressed *told = decision_message(round->decision, RECALL_PROGRESSED);
    if (told == NULL)
        return;
    told->product = lent(round->view->key);
    told->recall = round->state->recall;
    told->stage = lent(recall_status_name(round->state)); /* the packs are gone through beside it */
    told->round = round->state->round;
    told->rows = round->state->rows;
    told->undetermined = round->state->undetermined;
    told->amounts = round->state->amounts;
    told->issuer = round->state->issuer;
    (void)decision_fact(round->decision, RECALL_PROGRESSED_TYPE, round->state->recall, &told->base);
}

void recall_packs_fire(struct view *view, const struct event *event, struct decision *decision)
{
    const size_t rows = background_rows(view);
    struct packs_round round = {
        .view = view, .decision = decision, .left = rows < ROUND_UNITS_MAX ? rows : ROUND_UNITS_MAX};
    round.state = recall_find(view, event->attributes.subject + strlen(PACKS_TIMER));
    if (round.state == NULL)
        return;
    round.state->round++;
    bool is_done = go_through_packs(&round);
    if (view->failed || decision->failed)
        return;
    state_progress(&round);
    decision_write(decision, &round.state->base, "recall/%s", round.state->recall);
    if (!is_done)
        go_on(view, decision, round.state);
}

/* --- in the units' partition --- */

static void reach(struct decision *decision, ScannedItemState *item, const char *number)
{
    char **recalls = decision_list(decision, item->n_recalls + 1);
    if (recalls == NULL)
        return;
    for (size_t i = 0; i < item->n_recalls; i++)
        recalls[i] = item->recalls[i];
    recalls[item->n_recalls] = lent(number);
    item->recalls = recalls;
    item->n_recalls++;
}

static bool is_named_before(char *const *serials, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(serials[i], serials[count]) == 0)
            return true;
    return false;
}

void recall_reach_units(struct view *view, struct decision *decision, const char *number,
                        char *const *serials, size_t count)
{
    for (size_t i = 0; i < count && !decision->failed; i++) {
        if (is_named_before(serials, i)) /* it lies in one recalled pack and was taken out of another */
            continue;
        ScannedItemState *item =
            (ScannedItemState *)view_state(view, SCANNED_ITEM_STATE, "serial/%s", serials[i]);
        if (item == NULL) /* never scanned by itself: it will be known when it is */
            item = decision_message(decision, SCANNED_ITEM_STATE);
        if (item == NULL || recall_reached(item, number))
            continue;
        reach(decision, item, number);
        decision_write(decision, &item->base, "serial/%s", serials[i]);
    }
}

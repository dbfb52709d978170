/* What lies in recalled packs is recalled with them. A pack that a recall meets is written down
 * (recall_pack/NUMBER/SERIAL); rounds of a timer (background.h) go through these packs and name the units to
 * their products' partitions, as many as a round may. */
#include "domain/recall.h"

#include "domain/background.h"
#include "domain/format.h"
#include "domain/trace_state.h"

/* Units of one round, and of one submission (max_items of RecallExtended.serials). */
enum { ROUND_UNITS_MAX = 500, SUBMISSION_UNITS_MAX = 100 };

static const char SERIAL_ROWS[] = "serial/", PACKS_TIMER[] = "recall_packs/";

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
    if (row->descriptor != SCANNED_ITEM_STATE || ((const ScannedItemState *)row)->contents == 0)
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
    decision_submit(round->decision, RECALL_EXTENDED_TYPE, said->product, suffix, &said->base);
    return round->decision->failed ? NULL : said;
}

/* What has no serial cannot be told from the rest of its lot. */
static void name_unit(struct packs_round *round, const PackContent *content)
{
    if (!is_given(content->serial)) {
        round->state->undetermined++;
        return;
    }
    if (round->said == NULL || round->said->n_serials == SUBMISSION_UNITS_MAX ||
        strcmp(round->said->product, content->product) != 0)
        round->said = begin_submission(round, content->product);
    if (round->said != NULL)
        round->said->serials[round->said->n_serials++] = content->serial;
}

/* True when all that lies in PACK was named. */
static bool name_units(struct packs_round *round, RecallPack *pack)
{
    const char *prefix = trace_contents_prefix(round->view->arena, pack->serial);
    if (prefix == NULL) {
        round->decision->failed = true;
        return false;
    }
    struct view_rows rows = view_scan(round->view, prefix, pack->after, round->left);
    for (size_t i = 0; i < rows.count && !round->decision->failed; i++) {
        const PackContent *content =
            (const PackContent *)view_unpack(round->view, PACK_CONTENT, &rows.rows[i]);
        if (content == NULL)
            return false;
        name_unit(round, content);
    }
    round->left -= rows.count;
    if (rows.count > 0)
        pack->after = lent(rows.rows[rows.count - 1].name);
    return !rows.more;
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
        if (!name_units(round, pack)) {
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

void recall_reach_units(struct view *view, struct decision *decision, const char *number,
                        char *const *serials, size_t count)
{
    for (size_t i = 0; i < count && !decision->failed; i++) {
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

/* Goods without serials that a recall reached because they lie, or lay, in a recalled pack. So many of a lot
 * cannot be told from the rest of it: the holder's row says how many are recalled (RecalledPart), and what
 * leaves the holder takes of them.
 *
 * What is destroyed, or goes to who takes back, is of the recalled ones first: that is what it is done for.
 * What is sold, used or sent on is of the others first; more than the others is refused as recalled. */
#include "domain/recall.h"

#include "domain/trace.h"
#include "domain/trace_state.h"

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t not_below_zero(int64_t amount)
{
    return amount > 0 ? amount : 0;
}

const RecallAmounts *recall_part_of(const LotHolding *holding, const char *number)
{
    for (size_t i = 0; i < holding->n_recalled; i++)
        if (strcmp(holding->recalled[i]->recall, number) == 0)
            return holding->recalled[i]->amounts;
    return NULL;
}

/* Made if there is none; NULL when the arena is full. */
static RecallAmounts *part_of(struct decision *decision, LotHolding *holding, const char *number)
{
    const RecallAmounts *known = recall_part_of(holding, number);
    if (known != NULL)
        return (RecallAmounts *)known;
    RecalledPart **list = decision_list(decision, holding->n_recalled + 1);
    RecalledPart *made = decision_message(decision, RECALLED_PART);
    RecallAmounts *amounts = decision_message(decision, RECALL_AMOUNTS);
    if (list == NULL || made == NULL || amounts == NULL)
        return NULL;
    made->recall = lent(number);
    made->amounts = amounts;
    for (size_t i = 0; i < holding->n_recalled; i++)
        list[i] = holding->recalled[i];
    list[holding->n_recalled++] = made;
    holding->recalled = list;
    return amounts;
}

/* --- what a holder has of them --- */

/* As much of LEFT as THERE is beyond what is recalled already. */
static void take_share(int64_t *recalled, int64_t there, int64_t *left)
{
    int64_t share = least(*left, not_below_zero(there - *recalled));
    *recalled += share;
    *left -= share;
}

/* How much of LEFT the holder has, or had and used, sold or destroyed: what is there first. Returns the rest, which it sent on. */
static int64_t share_out(RecallAmounts *part, const LotHolding *holding, int64_t left)
{
    take_share(&part->held_e4, trace_at_hand_e4(holding), &left);
    take_share(&part->used_e4, holding->used_e4, &left);
    take_share(&part->delivered_e4, holding->sold_e4 - holding->came_back_e4, &left);
    take_share(&part->destroyed_e4, holding->destroyed_e4, &left);
    return left;
}

/* The row as this decision has it: several packs of a submission may be of one lot and holder. */
static LotHolding *holding_now(struct view *view, struct decision *decision, const char *name)
{
    for (size_t i = 0; i < decision->write_count; i++)
        if (strcmp(decision->writes[i].name, name) == 0)
            return (LotHolding *)decision->writes[i].message;
    LotHolding *holding = (LotHolding *)view_state(view, LOT_HOLDING, "%s", name);
    if (holding == NULL)
        holding = decision_message(decision, LOT_HOLDING);
    if (holding != NULL)
        decision_write(decision, &holding->base, "%s", name);
    return holding;
}

/* --- to whom they were sent on --- */

enum { PURSUIT_DEPTH_MAX = 12, PURSUIT_ROWS_MAX = 500 };

/* Goods that were taken out of a recalled pack and sent on lie among others of their lot. Each of those who got of the lot since
 * then may have them, so each is recalled as much as it got, at most as many as are looked for: too many rather than too few. With
 * one receiver that is exact. */
struct pursuit {
    struct view *view;
    struct decision *decision;
    const char *number, *lot;
    int64_t since_ms; /* when they were taken out: what was sent before cannot be of them */
    size_t rows_left; /* that this decision may still read */
};

/* Returns how much of QUANTITY was found neither with HOLDER nor with those to whom it sent. */
static int64_t pursue(struct pursuit *pursuit, const char *holder, int64_t quantity_e4, unsigned depth);

static int64_t pursue_sent(struct pursuit *pursuit, const char *holder, int64_t quantity_e4, unsigned depth)
{
    const char *prefix = trace_sent_prefix(pursuit->view->arena, pursuit->lot, holder);
    int64_t found_e4 = 0;
    if (prefix == NULL || depth == PURSUIT_DEPTH_MAX || pursuit->rows_left == 0) {
        pursuit->decision->failed |= prefix == NULL;
        return quantity_e4;
    }
    struct view_rows rows = view_scan(pursuit->view, prefix, "", pursuit->rows_left);
    pursuit->rows_left -= rows.count;
    for (size_t i = 0; i < rows.count && !pursuit->decision->failed; i++) {
        const LotSent *sent = (const LotSent *)view_unpack(pursuit->view, LOT_SENT, &rows.rows[i]);
        if (sent == NULL || sent->last_at_ms < pursuit->since_ms)
            continue;
        int64_t looked_for_e4 = least(quantity_e4, sent->quantity_e4);
        found_e4 += looked_for_e4 - pursue(pursuit, rows.rows[i].name + strlen(prefix), looked_for_e4, depth + 1);
    }
    return rows.more ? quantity_e4 : not_below_zero(quantity_e4 - found_e4);
}

static int64_t pursue(struct pursuit *pursuit, const char *holder, int64_t quantity_e4, unsigned depth)
{
    const char *name = trace_holding_name(pursuit->view->arena, pursuit->lot, holder);
    LotHolding *holding = name == NULL ? NULL : holding_now(pursuit->view, pursuit->decision, name);
    RecallAmounts *part = holding == NULL ? NULL : part_of(pursuit->decision, holding, pursuit->number);
    int64_t left = quantity_e4;
    if (part == NULL) {
        pursuit->decision->failed = true;
        return left;
    }
    if (depth > 0)
        take_share(&part->on_the_way_e4, trace_on_the_way_e4(holding), &left);
    left = share_out(part, holding, left);
    return left == 0 ? 0 : pursue_sent(pursuit, holder, left, depth);
}

/* --- the recall arrives --- */

static void reach_in_pack(struct view *view, struct decision *decision, const char *number, const RecalledLot *lot)
{
    const char *name = trace_holding_name(view->arena, lot->lot, lot->holder);
    LotHolding *holding = name == NULL ? NULL : holding_now(view, decision, name);
    RecallAmounts *part = holding == NULL ? NULL : part_of(decision, holding, number);
    if (part == NULL)
        decision->failed = true;
    else
        recall_amounts_add(part, lot->amounts, 1);
}

size_t recall_reach_lots(struct view *view, struct decision *decision, const char *number,
                         RecalledLot *const *lots, size_t count)
{
    struct pursuit pursuit = {.view = view, .decision = decision, .number = number, .rows_left = PURSUIT_ROWS_MAX};
    size_t undetermined = 0;
    for (size_t i = 0; i < count && !decision->failed; i++) {
        if (lots[i]->amounts == NULL)
            continue;
        if (!lots[i]->taken_out) {
            reach_in_pack(view, decision, number, lots[i]);
            continue;
        }
        pursuit.lot = lots[i]->lot;
        pursuit.since_ms = lots[i]->taken_out_at == NULL ? 0 : timestamp_ms(lots[i]->taken_out_at);
        undetermined += pursue(&pursuit, lots[i]->holder, lots[i]->amounts->held_e4, 0) > 0;
    }
    return undetermined;
}

/* --- what scans do with it --- */

static int64_t move(int64_t *from, int64_t *to, int64_t quantity_e4)
{
    int64_t moved = least(not_below_zero(*from), quantity_e4);
    *from -= moved;
    *to += moved;
    return moved;
}

/* How much of what SCAN takes away is recalled goods, where the others go first. */
static int64_t beyond_the_others_e4(const struct scan *scan, const LotHolding *before,
                                    const RecallAmounts *part)
{
    return least(part->held_e4, not_below_zero(scan->move.quantity_e4 -
                                               not_below_zero(trace_at_hand_e4(before) - part->held_e4)));
}

bool recall_takes_of_part(const struct scan *scan, const char *number)
{
    const LotHolding *holding = trace_is_of_lot(scan) ? scan->holding : NULL;
    const RecallAmounts *part = holding == NULL ? NULL : recall_part_of(holding, number);
    if (part == NULL || scan->move.cancels || scan->step->effect == EFFECT_MAKES)
        return false; /* what is made of the lot meanwhile is none of it */
    if (scan->step->effect == EFFECT_TAKES_IN)
        return part->on_the_way_e4 > 0 &&
               scan->move.quantity_e4 > not_below_zero(trace_on_the_way_e4(holding) - part->on_the_way_e4);
    return beyond_the_others_e4(scan, holding, part) > 0;
}

/* A wrong scan is taken back: what it moved goes the other way. */
static void move_back(RecallAmounts *part, const struct scan *scan, int64_t quantity_e4)
{
    switch (scan->step->effect) {
    case EFFECT_TAKES_IN:
        (void)move(&part->held_e4, &part->on_the_way_e4, quantity_e4);
        break;
    case EFFECT_GIVES:
        (void)move(scan->said->step == STEP_USED ? &part->used_e4 : &part->delivered_e4, &part->held_e4,
                   quantity_e4);
        break;
    case EFFECT_ENDS:
        (void)move(&part->destroyed_e4, &part->held_e4, quantity_e4);
        break;
    default:
        break;
    }
}

static void move_part(RecallAmounts *part, const struct scan *scan, const LotHolding *before)
{
    int64_t quantity_e4 = scan->move.quantity_e4;
    switch (scan->step->effect) {
    case EFFECT_TAKES_IN:
        (void)move(&part->on_the_way_e4, &part->held_e4, quantity_e4);
        break;
    case EFFECT_GIVES:
        (void)move(&part->held_e4, scan->said->step == STEP_USED ? &part->used_e4 : &part->delivered_e4,
                   beyond_the_others_e4(scan, before, part));
        break;
    case EFFECT_COMES_BACK:
        quantity_e4 -= move(&part->delivered_e4, &part->held_e4, quantity_e4);
        (void)move(&part->used_e4, &part->held_e4, quantity_e4);
        break;
    case EFFECT_ENDS:
        (void)move(&part->held_e4, &part->destroyed_e4, quantity_e4);
        break;
    default:
        break;
    }
}

/* Who takes goods of the recall back gets those first. */
static bool goes_back(const struct scan *scan, const char *number)
{
    for (size_t i = 0; scan->withheld != NULL && i < scan->withheld->n_recalls; i++) {
        const WithheldRecall *recall = scan->withheld->recalls[i];
        const struct recall_takers takers = {recall->takers, recall->n_takers};
        if (strcmp(recall->recall, number) == 0)
            return recall_is_taker(&takers, scan->taker);
    }
    return false;
}

/* From the sender's part to that of the TAKER's row (NULL: not said, then it stays on the way from the
 * sender). What the taker has received before the sender says so is not on its way any more. */
static void send_part(struct decision *decision, const struct scan *scan, const RecalledPart *sent,
                      LotHolding *taker)
{
    RecallAmounts *part = sent->amounts;
    RecallAmounts *arrives = taker == NULL ? part : part_of(decision, taker, sent->recall);
    int64_t quantity_e4 = scan->move.quantity_e4;
    if (arrives == NULL)
        return;
    if (scan->move.cancels) {
        (void)move(&arrives->on_the_way_e4, &part->held_e4, quantity_e4);
        return;
    }
    if (!goes_back(scan, sent->recall))
        quantity_e4 = beyond_the_others_e4(scan, scan->holding, part);
    int64_t moved = move(&part->held_e4, &arrives->on_the_way_e4, quantity_e4);
    if (taker != NULL) {
        int64_t under_way = not_below_zero(trace_on_the_way_e4(taker) + scan->move.quantity_e4);
        (void)move(&arrives->on_the_way_e4, &arrives->held_e4,
                   least(moved, not_below_zero(arrives->on_the_way_e4 - under_way)));
    }
}

void recall_move_parts(struct decision *decision, const struct scan *scan, LotHolding *taker)
{
    LotHolding *holding = scan->holding;
    for (size_t i = 0; i < holding->n_recalled && !decision->failed; i++)
        if (scan->step->effect == EFFECT_SENDS)
            send_part(decision, scan, holding->recalled[i], taker);
        else if (scan->move.cancels)
            move_back(holding->recalled[i]->amounts, scan, scan->move.quantity_e4);
        else
            move_part(holding->recalled[i]->amounts, scan, holding);
}

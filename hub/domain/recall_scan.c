/* What recalls and suspended sales say of a scan, and what a scan changes in them. */
#include "domain/recall.h"

#include "domain/region.h"
#include "domain/trace.h"
#include "domain/trace_state.h"

static struct recall_takers takers_of(const WithheldRecall *recall)
{
    return (struct recall_takers){recall->takers, recall->n_takers};
}

/* --- may it be scanned --- */

static bool goes_to_a_taker(const ItemScanned *said, const struct recall_takers *takers)
{
    return recall_is_taker(takers, said->holder) ||
           (said->step == STEP_OUTBOUND && recall_is_taker(takers, said->counterparty));
}

/* On its way back it may pass through other hands. */
static bool is_on_its_way_back(const struct scan *scan)
{
    return scan->said->step == STEP_INBOUND && scan->earlier != NULL &&
           scan->earlier->standing == ITEM_ON_THE_WAY && scan->earlier->last_step == STEP_RETURNED;
}

static bool is_new_trade_or_use(const struct scan *scan, const struct recall_takers *takers)
{
    switch ((int)scan->said->step) {
    case STEP_INBOUND:
    case STEP_PURCHASED:
    case STEP_OUTBOUND:
        return !goes_to_a_taker(scan->said, takers) && !is_on_its_way_back(scan);
    case STEP_COMMISSIONED:
    case STEP_PACKED:
    case STEP_SOLD:
    case STEP_USED:
        return true;
    default: /* it comes back, is set apart, destroyed, or was given away before: all of that has to be said */
        return false;
    }
}

static date_t made_on(const struct scan *scan)
{
    date_t said = text_day(scan->said->made_on);
    if (said != DATE_NONE || scan->earlier == NULL || scan->earlier->made_day == 0)
        return said;
    return (date_t)scan->earlier->made_day;
}

static const char *lot_of(const struct scan *scan)
{
    return is_given(scan->lot) || scan->earlier == NULL ? scan->lot : scan->earlier->lot;
}

/* What was done before the recall is true all the same: it is told late, and counted. */
static bool was_before(const struct scan *scan, int64_t at_ms)
{
    return timestamp_ms(scan->said->scanned_at) < at_ms;
}

static bool is_of(const WithheldRecall *recall, const struct scan *scan)
{
    return recall_covers(recall->scope, scan->serial, lot_of(scan), made_on(scan)) ||
           (scan->earlier != NULL && recall_reached(scan->earlier, recall->recall)) ||
           recall_takes_of_part(scan, recall->recall);
}

/* Its pack was scanned under another identifier, and that scan was accepted: refusing the unit's would only make
 * the hub look for it where it is no more. The recall follows it to its new holder instead. */
static bool has_gone_with_its_pack(const struct scan *scan)
{
    return scan->said->carried != NULL;
}

void scan_is_not_of_recalled(struct rule_context *context)
{
    struct scan *scan = context->prepared;
    for (size_t i = 0; scan->withheld != NULL && i < scan->withheld->n_recalls; i++) {
        const WithheldRecall *recall = scan->withheld->recalls[i];
        struct recall_takers takers = takers_of(recall);
        if (!is_new_trade_or_use(scan, &takers) || !is_of(recall, scan))
            continue;
        const char *found = rule_text(context, "recalled: %s", recall->recall);
        if (was_before(scan, recall->issued_at_ms))
            rule_warn(context, "product", found, "told before the recall");
        else
            (has_gone_with_its_pack(scan) ? trace_alert_only : trace_alert)(
                context, ALERT_SOLD_AFTER_RECALL, "product", found,
                "returned, destroyed, or sent to who takes it back");
    }
}

static bool is_sale(const ItemScanned *said)
{
    return said->step == STEP_SOLD || said->step == STEP_PURCHASED || said->step == STEP_OUTBOUND;
}

/* In the region and all those inside it. */
static bool holds_in(const SaleSuspension *suspension, const char *region)
{
    struct region searched = region_of(region);
    do {
        if (strcmp(searched.code, suspension->region) == 0)
            return true;
    } while (region_widen(&searched));
    return false;
}

static bool suspends_lot(const SaleSuspension *suspension, const char *lot)
{
    for (size_t i = 0; i < suspension->n_lots; i++)
        if (strcmp(suspension->lots[i], lot) == 0)
            return true;
    return suspension->n_lots == 0;
}

void scan_is_not_of_suspended(struct rule_context *context)
{
    const struct scan *scan = context->prepared;
    for (size_t i = 0; scan->withheld != NULL && is_sale(scan->said) && i < scan->withheld->n_suspensions; i++) {
        const SaleSuspension *suspension = scan->withheld->suspensions[i];
        if (holds_in(suspension, scan->region) && suspends_lot(suspension, lot_of(scan)) &&
            !was_before(scan, suspension->suspended_at_ms))
            rule_refuse_or_warn(context, scan->region, scan->scanned_on, "product",
                                rule_text(context, "suspended by %s in %s", suspension->authority,
                                          suspension->region),
                                "a product whose sale is not suspended");
    }
}

/* --- what it changes --- */

static bool counts(const RecallState *state, const char *row_name)
{
    return state->status != RECALL_MATCHING || strcmp(row_name, state->after) <= 0;
}

static bool has_more_in_it(const ProtobufCMessage *before, const ProtobufCMessage *after)
{
    return after->descriptor == SCANNED_ITEM_STATE &&
           ((const ScannedItemState *)after)->filled > ((const ScannedItemState *)before)->filled;
}

static void compare_row(struct recall_tally *tally, const struct decided_write *write)
{
    const ProtobufCMessageDescriptor *message = recall_row_message(write->name);
    struct recall_unit unit;
    if (message == NULL || !counts(tally->state, write->name))
        return;
    const ProtobufCMessage *before = view_state(tally->view, message, "%s", write->name);
    bool was_of_it =
        before != NULL && recall_unit_of(tally->view->arena, tally->state, write->name, before, &unit);
    if (was_of_it)
        recall_tally_add(tally, &unit, -1);
    if (write->message == NULL ||
        !recall_unit_of(tally->view->arena, tally->state, write->name, write->message, &unit))
        return;
    recall_tally_add(tally, &unit, 1);
    if (!was_of_it || has_more_in_it(before, write->message))
        recall_enter_pack(tally->view, tally->decision, tally->state, write->name, write->message);
}

static void state_change(struct recall_tally *tally, const char *holder, RecallHolderState *row)
{
    struct recall_takers takers = recall_takers_of(tally->state);
    RecallHoldingChanged *message = decision_message(tally->decision, RECALL_HOLDING_CHANGED);
    if (message == NULL)
        return;
    message->product = lent(tally->view->key);
    message->recall = tally->state->recall;
    message->holder = lent(holder);
    message->amounts = row->amounts;
    message->total = tally->state->amounts;
    message->stage = lent(recall_status_name(tally->state));
    message->rows = tally->state->rows;
    message->undetermined = tally->state->undetermined;
    (void)decision_fact(tally->decision, RECALL_HOLDING_CHANGED_TYPE, tally->state->recall, &message->base);
    if (tally->state->status != RECALL_MATCHING && !row->told && recall_concerns(row->amounts) &&
        !recall_is_taker(&takers, holder))
        recall_tell(tally->view, tally->decision, tally->state, holder, row);
}

static void follow_one(struct view *view, const WithheldRecall *recall, struct decision *decision,
                       size_t write_count)
{
    RecallState *state = recall_find(view, recall->recall);
    struct recall_tally tally;
    if (state == NULL || !recall_tally_begin(&tally, view, decision, state, 2 * write_count))
        return;
    for (size_t i = 0; i < write_count && !decision->failed; i++)
        compare_row(&tally, &decision->writes[i]);
    if (tally.count == 0)
        return;
    recall_tally_write(&tally, state_change);
    decision_write(decision, &state->base, "recall/%s", state->recall);
}

void recall_follow(struct view *view, const Withheld *withheld, struct decision *decision)
{
    size_t write_count = decision->write_count; /* of the scan itself */
    for (size_t i = 0; withheld != NULL && i < withheld->n_recalls && !decision->failed; i++)
        if (!withheld->recalls[i]->closed)
            follow_one(view, withheld->recalls[i], decision, write_count);
        else
            recall_refuse_new_items(view, decision, recall_find(view, withheld->recalls[i]->recall), write_count);
}

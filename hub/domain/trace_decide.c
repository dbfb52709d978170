/* What a scan changes: the row of its serial or of its lot, what packs hear of it, whom it is told, and the
 * alerts. */
#include "domain/trace.h"

#include "domain/format.h"
#include "domain/recall.h"
#include "domain/region.h"

/* --- alerts --- */

static AlertRaised *make_alert(struct decision *decision, const struct scan *scan, AlertKind kind,
                               const struct rule *rule)
{
    AlertRaised *message = decision_message(decision, ALERT_RAISED);
    if (message == NULL)
        return NULL;
    message->product = scan->said->product;
    message->alert = kind;
    message->rule = lent(rule->id);
    message->citation = lent(rule_citation(rule, decision->arena));
    message->code = scan->said->code;
    message->lot = lent(scan->lot);
    message->serial = lent(scan->serial);
    message->holder = scan->said->holder;
    message->step = scan->said->step;
    message->scanned_at = scan->said->scanned_at;
    message->region = scan->said->region;
    message->settlement = scan->said->settlement;
    message->sentence_zh = lent(rule->sentence_zh);
    message->sentence_en = lent(rule->sentence_en);
    if (is_given(scan->before.holder)) {
        message->other_holder = lent(scan->before.holder);
        message->earlier_at = decision_moment(decision, scan->before.at_ms);
    }
    return message->citation == NULL ? NULL : message;
}

static void raise_alerts(struct decision *decision, const struct scan *scan)
{
    struct region province = region_province(scan->region);
    const unsigned visibility = VISIBLE_PUBLIC | VISIBLE_ORGANISATION;
    for (size_t i = 0; i < scan->alert_count; i++) {
        const AlertRaised *message = make_alert(decision, scan, scan->alerts[i].kind, scan->alerts[i].rule);
        if (message == NULL) {
            decision->failed = true;
            return;
        }
        size_t fact = decision_fact(decision, TRACE_ALERT_TYPE, message->serial, &message->base);
        decision_deliver(decision, fact, visibility, "regulator@%s", province.code);
        decision_deliver(decision, fact, visibility, "insurer@%s", province.code);
    }
}

/* --- the chain --- */

/* The trace platform, the regulator and the other side follow the item, not the patient. */
static void tell_the_chain(struct decision *decision, size_t fact, const struct scan *scan)
{
    struct region province = region_province(scan->region);
    const char *source = decision->event->attributes.source, *holder = scan->said->holder;
    const char *other = scan->said->counterparty;
    const unsigned visibility = VISIBLE_PUBLIC | VISIBLE_ORGANISATION;
    decision_deliver(decision, fact, visibility, "trace_platform@%s", province.code);
    decision_deliver(decision, fact, visibility, "regulator@%s", province.code);
    if (strcmp(holder, source) != 0)
        decision_deliver(decision, fact, visibility, "%s", holder);
    if (is_given(other) && strcmp(other, source) != 0 && strcmp(other, holder) != 0)
        decision_deliver(decision, fact, visibility, "%s", other);
    if (scan->step->effect == EFFECT_BOOKS)
        decision_deliver(decision, fact, visibility, "insurer@%s", province.code);
}

/* --- rows --- */

static void remember_item(struct decision *decision, struct scan *scan)
{
    trace_move_item(scan->earlier, &scan->move);
    decision_write(decision, &scan->earlier->base, "serial/%s", scan->serial);
}

static void write_holding(struct decision *decision, const struct scan *scan, const LotHolding *holding,
                          const char *holder)
{
    const char *name = trace_holding_name(decision->arena, scan->lot, holder);
    if (name == NULL)
        decision->failed = true;
    else
        decision_write(decision, &holding->base, "%s", name);
}

static LotHolding *holding_of(struct view *view, struct decision *decision, const struct scan *scan,
                              const char *holder)
{
    const char *name = trace_holding_name(view->arena, scan->lot, holder);
    LotHolding *holding = name == NULL ? NULL : (LotHolding *)view_state(view, LOT_HOLDING, "%s", name);
    return holding != NULL ? holding : decision_message(decision, LOT_HOLDING);
}

/* The row of whom it is sent to, or NULL. */
static LotHolding *row_of_taker(struct view *view, struct decision *decision, const struct scan *scan)
{
    bool is_sent = scan->step->effect == EFFECT_SENDS && is_given(scan->taker) && strcmp(scan->taker, scan->giver) != 0;
    return is_sent ? holding_of(view, decision, scan, scan->taker) : NULL;
}

/* To whom it went: a recall of what it lay in goes on to them (recall_lot.c). What goes with its pack is found there. */
static void remember_sending(struct view *view, struct decision *decision, const struct scan *scan)
{
    const char *prefix =
        scan->said->carried != NULL ? NULL : trace_sent_prefix(view->arena, scan->lot, scan->stock_of);
    LotSent *sent = prefix == NULL ? NULL : (LotSent *)view_state(view, LOT_SENT, "%s%s", prefix, scan->taker);
    if (prefix == NULL) {
        decision->failed |= scan->said->carried == NULL;
        return;
    }
    if (sent == NULL)
        sent = decision_message(decision, LOT_SENT);
    if (sent == NULL)
        return;
    trace_add_to_sent(sent, &scan->move);
    decision_write(decision, sent->quantity_e4 > 0 ? &sent->base : NULL, "%s%s", prefix, scan->taker);
}

static void remember_lot(struct view *view, struct decision *decision, struct scan *scan)
{
    if (scan->step->effect == EFFECT_PACKS || scan->step->effect == EFFECT_UNPACKS)
        return; /* the pack knows what lies in it; its holder has as much as before */
    if (scan->holding == NULL)
        scan->holding = decision_message(decision, LOT_HOLDING);
    if (scan->holding == NULL)
        return;
    LotHolding *sent_to = row_of_taker(view, decision, scan);
    recall_move_parts(decision, scan, sent_to);
    trace_add_to_holding(scan->holding, &scan->move);
    write_holding(decision, scan, scan->holding, scan->stock_of);
    if (sent_to == NULL)
        return;
    trace_add_sent_to(sent_to, &scan->move);
    write_holding(decision, scan, sent_to, scan->taker);
    remember_sending(view, decision, scan);
}

/* --- the decision --- */

void trace_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    struct scan *scan = prepared;
    (void)event;
    size_t fact = decision_fact_of_event(decision);
    tell_the_chain(decision, fact, scan);
    if (is_given(scan->serial) && scan->earlier == NULL)
        scan->earlier = decision_message(decision, SCANNED_ITEM_STATE);
    trace_tell_packs(view, decision, scan);
    if (scan->earlier != NULL)
        remember_item(decision, scan);
    else if (is_given(scan->lot))
        remember_lot(view, decision, scan);
    raise_alerts(decision, scan);
    recall_follow(view, scan->withheld, decision);
}

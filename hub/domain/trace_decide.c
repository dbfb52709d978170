#include "domain/trace.h"

#include "domain/format.h"
#include "domain/recall.h"
#include "domain/region.h"
#include "domain/trace_state.h"

enum { ONE_E4 = 10000 };

/* --- what the rules look at --- */

static int current_year(const struct view *view)
{
    int year, month, day;
    date_to_civil(date_in_china(view->now_ms), &year, &month, &day);
    return year;
}

void *trace_prepare(struct view *view, const struct event *event)
{
    const ItemScanned *said = (const ItemScanned *)event->message;
    struct scan *scan = arena_take_zeroed(view->arena, sizeof *scan);
    if (scan == NULL || !trace_read_label(view->arena, said, current_year(view), &scan->label))
        return NULL;
    scan->said = said;
    scan->serial = is_given(scan->label.serial) ? scan->label.serial : said->serial;
    scan->lot = is_given(scan->label.lot) ? scan->label.lot : said->lot;
    scan->expires_on =
        scan->label.expires_on == DATE_NONE ? text_day(said->expires_on) : scan->label.expires_on;
    scan->scanned_on = timestamp_day(said->scanned_at);
    scan->region = is_given(said->region) ? said->region : REGION_NATION;
    scan->withheld = recall_withheld(view);
    if (is_given(scan->serial))
        scan->earlier = (ScannedItemState *)view_state(view, SCANNED_ITEM_STATE, "serial/%s", scan->serial);
    return scan;
}

bool trace_gives_away(const struct scan *scan)
{
    return scan->said->step == STEP_SOLD || scan->said->step == STEP_USED;
}

bool trace_is_gone(const struct scan *scan)
{
    return trace_item_is_gone(scan->earlier);
}

/* --- the serial's row --- */

static struct trace_move move_of(const struct scan *scan)
{
    const ItemScanned *said = scan->said;
    return (struct trace_move){
        .step = said->step,
        .holder = said->holder,
        .at_ms = timestamp_ms(said->scanned_at),
        .region = region_number(scan->region),
        .quantity_e4 = said->quantity == NULL ? ONE_E4 : said->quantity->e4,
        .split = said->split,
        .lot = scan->lot,
        .made_on = text_day(said->made_on),
        .expires_on = scan->expires_on,
    };
}

static const ScannedItemState *remember(struct decision *decision, struct scan *scan)
{
    ScannedItemState *state =
        scan->earlier != NULL ? scan->earlier : decision_message(decision, SCANNED_ITEM_STATE);
    struct trace_move move = move_of(scan);
    if (state != NULL)
        trace_move_item(state, &move);
    return state;
}

/* --- alerts --- */

/* What an alert says of the earlier scan must be read before the row is changed. */
struct earlier {
    const char *holder;
    int64_t at_ms;
};

static AlertRaised *make_alert(struct decision *decision, const struct scan *scan, AlertKind kind,
                               const struct rule *rule, const struct earlier *earlier)
{
    AlertRaised *message = decision_message(decision, ALERT_RAISED);
    if (message == NULL)
        return NULL;
    message->product = scan->said->product;
    message->alert = kind;
    message->rule = lent(rule->id);
    message->citation = format_in(decision->arena, "%s %s", rule->document, rule->clause);
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
    if (kind == ALERT_SOLD_TWICE) {
        message->other_holder = lent(earlier->holder);
        message->earlier_at = decision_moment(decision, earlier->at_ms);
    }
    return message->citation == NULL ? NULL : message;
}

static void raise_alerts(struct decision *decision, const struct scan *scan, const struct earlier *earlier)
{
    struct region province = region_province(scan->region);
    for (size_t i = 0; i < scan->alert_count; i++) {
        const AlertRaised *message =
            make_alert(decision, scan, scan->alerts[i].kind, scan->alerts[i].rule, earlier);
        if (message == NULL) {
            decision->failed = true;
            return;
        }
        size_t fact = decision_fact(decision, TRACE_ALERT_TYPE, message->serial, &message->base);
        decision_deliver(decision, fact, VISIBLE_PUBLIC | VISIBLE_ORGANISATION, "regulator@%s",
                         province.code);
        decision_deliver(decision, fact, VISIBLE_PUBLIC | VISIBLE_ORGANISATION, "insurer@%s", province.code);
    }
}

/* --- the decision --- */

/* The trace platform, the regulator and the next holder follow the item, not the patient. */
static void tell_the_chain(struct decision *decision, size_t fact, const struct scan *scan)
{
    struct region province = region_province(scan->region);
    const unsigned visibility = VISIBLE_PUBLIC | VISIBLE_ORGANISATION;
    decision_deliver(decision, fact, visibility, "trace_platform@%s", province.code);
    decision_deliver(decision, fact, visibility, "regulator@%s", province.code);
    if (strcmp(scan->said->holder, decision->event->attributes.source) != 0)
        decision_deliver(decision, fact, visibility, "%s", scan->said->holder);
}

void trace_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    struct scan *scan = prepared;
    struct earlier earlier = {"", 0};
    (void)event;
    if (scan->earlier != NULL)
        earlier = (struct earlier){scan->earlier->holder, scan->earlier->last_scanned_at_ms};

    size_t fact = decision_fact_of_event(decision);
    tell_the_chain(decision, fact, scan);
    if (is_given(scan->serial)) {
        const ScannedItemState *state = remember(decision, scan);
        if (state == NULL) {
            decision->failed = true;
            return;
        }
        decision_write(decision, &state->base, "serial/%s", scan->serial);
    }
    raise_alerts(decision, scan, &earlier);
    recall_follow(view, scan->withheld, decision);
}

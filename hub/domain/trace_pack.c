/* Packs: what lies in them is kept in the pack's partition, one row each (in/PACK/...). A scan of a pack is
 * passed on to what lies in it, each as a scan of its own product in the same transaction; of a large pack in
 * rounds (background.h). */
#include "domain/background.h"
#include "domain/format.h"
#include "domain/line_quantity.h"
#include "domain/recall.h"
#include "domain/region.h"
#include "domain/trace.h"
#include "domain/trace_content.h"

/* A scan per thing: what one decision holds must stay small. */
enum { PACK_ROUND_MAX = 500 };

/* --- what comes out of a pack or goes into one is told to the pack --- */

static void tell_pack(struct decision *decision, const struct scan *scan, const char *product,
                      const char *serial, bool out)
{
    PackChanged *said = decision_message(decision, PACK_CHANGED);
    if (said == NULL)
        return;
    said->product = lent(product);
    said->serial = lent(serial);
    said->content_product = scan->said->product;
    said->content_serial = lent(scan->serial);
    said->content_lot = lent(scan->lot);
    said->quantity = scan->said->quantity;
    said->out = out;
    said->holder = lent(scan->stock_of);
    said->changed_at = scan->said->scanned_at;
    said->region = scan->said->region;
    decision_submit(decision, TRACE_PACK_TYPE, product, out ? "out" : "in", &said->base);
}

/* Out of the pack that it was known to lie in. */
static void leave_pack(struct decision *decision, struct scan *scan)
{
    ScannedItemState *item = scan->earlier;
    if (item == NULL || !is_given(item->parent_serial) || scan->is_late)
        return;
    const char *product = trace_parent_product(decision->arena, item);
    if (product == NULL)
        decision->failed = true;
    else if (scan->said->carried == NULL)
        tell_pack(decision, scan, product, item->parent_serial, true);
    trace_set_parent(item, "", "");
}

static void enter_pack(struct decision *decision, struct scan *scan)
{
    const struct label *pack = &scan->pack;
    if (scan->is_late || !label_names_item(pack))
        return;
    if (scan->earlier != NULL) {
        if (trace_lies_in(scan->earlier, pack->product, pack->serial))
            return;
        leave_pack(decision, scan);
        trace_set_parent(scan->earlier, pack->product, pack->serial);
    }
    tell_pack(decision, scan, pack->product, pack->serial, false);
}

static void come_out(struct decision *decision, struct scan *scan)
{
    if (scan->earlier != NULL)
        leave_pack(decision, scan);
    else if (label_names_item(&scan->pack))
        tell_pack(decision, scan, scan->pack.product, scan->pack.serial, true);
}

/* --- what lies in a pack --- */

/* What the contents hear: where the pack sends, the taker is the holder and the giver the counterparty. */
static ItemScanned *as_contents_hear_it(struct decision *decision, const struct scan *scan)
{
    const ItemScanned *said = scan->said;
    const bool sends = scan->step->effect == EFFECT_SENDS && is_given(scan->taker);
    ItemScanned *heard = decision_message(decision, ITEM_SCANNED);
    Carried *carried = decision_message(decision, CARRIED);
    if (heard == NULL || carried == NULL)
        return NULL;
    carried->product = said->product;
    carried->serial = lent(scan->serial);
    carried->depth = (said->carried == NULL ? 0 : said->carried->depth) + 1;
    carried->scan = said->carried == NULL ? lent(decision->event->attributes.id) : said->carried->scan;
    heard->carried = carried;
    heard->step = said->step;
    heard->product_kind = said->product_kind;
    heard->holder = lent(sends ? scan->taker : scan->stock_of);
    heard->counterparty = sends ? lent(scan->giver) : said->counterparty;
    heard->scanned_at = said->scanned_at;
    heard->region = said->region;
    heard->place = said->place;
    heard->use = said->use;
    heard->document = said->document;
    heard->settlement = said->settlement;
    heard->settlement_line = said->settlement_line;
    return heard;
}

static Quantity *quantity_of(struct decision *decision, int64_t e4)
{
    Quantity *quantity = decision_message(decision, QUANTITY);
    if (quantity != NULL)
        quantity->e4 = e4;
    return quantity;
}

static void pass_on(struct decision *decision, const ItemScanned *heard, const PackContent *content,
                    const char *suffix)
{
    ItemScanned *said = decision_message(decision, ITEM_SCANNED);
    if (said == NULL)
        return;
    *said = *heard;
    said->product = content->product;
    said->serial = content->serial;
    said->lot = content->lot;
    if (!is_given(content->serial))
        said->quantity = quantity_of(decision, content->quantity_e4);
    decision_submit(decision, ITEM_SCANNED_TYPE, content->product, suffix, &said->base);
}

static void take_out_all(struct view *view, struct decision *decision, const ItemScanned *heard,
                         const char *pack, PackContent *content)
{
    const struct trace_placed placed = {
        pack,          content->product,     content->serial,
        content->lot,  heard->holder,        content->quantity_e4,
        timestamp_ms(heard->scanned_at)};
    (void)trace_take_from_pack(view, decision, &placed, content);
}

/* One round of those behind AFTER. Returns the name of the last one, or NULL when that was all. UNPACKED:
 * they lie in it no more. */
static const char *pass_on_round(struct view *view, struct decision *decision, const ItemScanned *heard,
                                 const char *pack, const char *after, uint32_t *count)
{
    const char *prefix = trace_contents_prefix(view->arena, pack);
    size_t rows_max = background_rows(view);
    *count = 0;
    if (prefix == NULL) {
        decision->failed = true;
        return NULL;
    }
    struct view_rows rows =
        view_scan(view, prefix, after, rows_max < PACK_ROUND_MAX ? rows_max : PACK_ROUND_MAX);
    for (size_t i = 0; i < rows.count; i++) {
        PackContent *content = trace_read_content(view, &rows.rows[i], NULL);
        if (content == NULL)
            return NULL;
        pass_on(decision, heard, content, rows.rows[i].name);
        if (heard->step == STEP_UNPACKED)
            take_out_all(view, decision, heard, pack, content);
    }
    *count = (uint32_t)rows.count;
    return rows.more ? rows.rows[rows.count - 1].name : NULL;
}

static void go_on_later(struct view *view, struct decision *decision, const char *name,
                        const ItemScanned *heard, const char *pack, const char *after)
{
    PackCarrying *carrying = decision_message(decision, PACK_CARRYING);
    if (carrying == NULL)
        return;
    carrying->scan = (ItemScanned *)heard;
    carrying->pack = lent(pack);
    carrying->after = lent(after);
    decision_write(decision, &carrying->base, "%s", name);
    background_continue(view, decision, name, TRACE_PACK_TIMER);
}

static void pass_on_to_contents(struct view *view, struct decision *decision, struct scan *scan)
{
    ItemScanned *heard = as_contents_hear_it(decision, scan);
    uint32_t count;
    if (heard == NULL)
        return;
    heard->product = scan->said->product;
    const char *after = pass_on_round(view, decision, heard, scan->serial, "", &count);
    const char *name = format_in(view->arena, "carry/%s/%s", decision->event->attributes.source,
                                 decision->event->attributes.id);
    if (after != NULL && name != NULL)
        go_on_later(view, decision, name, heard, scan->serial, after);
    decision->failed |= name == NULL;
    if (scan->said->step == STEP_UNPACKED)
        scan->earlier->contents = after == NULL ? 0 : scan->earlier->contents - count;
}

/* Without a record of what was packed, a package counts for as many as it was registered to contain, of the
 * same lot. */
static void pass_on_as_registered(struct decision *decision, struct scan *scan)
{
    const Device *device = scan->device;
    int64_t each_e4 = quantity_e4(device->contains_quantity);
    PackContent content = MEDHUB__STATE__V1__PACK_CONTENT__INIT;
    if (!is_given(scan->lot) || each_e4 <= 0 || scan->step->effect == EFFECT_UNPACKS ||
        each_e4 > INT64_MAX / scan->move.quantity_e4)
        return;
    ItemScanned *heard = as_contents_hear_it(decision, scan);
    if (heard == NULL)
        return;
    heard->made_on = scan->said->made_on;
    heard->expires_on = scan->said->expires_on;
    content.product = device->contains_product;
    content.lot = lent(scan->lot);
    content.quantity_e4 = each_e4 * scan->move.quantity_e4 / TRACE_ONE_E4;
    pass_on(decision, heard, &content, "content");
}

static void pass_on_scan(struct view *view, struct decision *decision, struct scan *scan)
{
    if (scan->earlier != NULL && scan->earlier->contents > 0)
        pass_on_to_contents(view, decision, scan);
    else if (scan->device != NULL && is_given(scan->device->contains_product))
        pass_on_as_registered(decision, scan);
}

/* What is scanned by itself and goes, or is found with somebody else, is in its pack no more. */
static bool goes_without_pack(const struct scan *scan)
{
    const enum trace_effect effect = scan->step->effect;
    if (scan->said->carried != NULL)
        return false;
    if (effect == EFFECT_SENDS || effect == EFFECT_GIVES || effect == EFFECT_ENDS)
        return true;
    return effect != EFFECT_BOOKS && scan->earlier != NULL &&
           strcmp(scan->earlier->holder, scan->move.holder) != 0;
}

void trace_tell_packs(struct view *view, struct decision *decision, struct scan *scan)
{
    const enum trace_effect effect = scan->step->effect;
    if (scan->move.cancels) {
        if (effect == EFFECT_PACKS)
            come_out(decision, scan);
        return;
    }
    if (effect == EFFECT_PACKS)
        enter_pack(decision, scan);
    else if (effect == EFFECT_UNPACKS && (is_given(scan->said->parent_code) || scan->said->carried != NULL))
        come_out(decision, scan);
    else if (goes_without_pack(scan))
        leave_pack(decision, scan);
    if (scan->step->expands && !is_given(scan->said->parent_code))
        pass_on_scan(view, decision, scan);
}

/* --- the timer --- */

static void state_round(struct decision *decision, const PackCarrying *carrying, uint32_t count, bool more)
{
    PackCarried *fact = decision_message(decision, PACK_CARRIED);
    if (fact == NULL)
        return;
    fact->product = carrying->scan->carried->product;
    fact->serial = carrying->pack;
    fact->step = carrying->scan->step;
    fact->passed_on = count;
    fact->more = more;
    decision_fact(decision, TRACE_PACK_CARRIED_TYPE, fact->serial, &fact->base);
}

static void count_out(struct view *view, struct decision *decision, const PackCarrying *carrying,
                      uint32_t count)
{
    ScannedItemState *pack =
        (ScannedItemState *)view_state(view, SCANNED_ITEM_STATE, "serial/%s", carrying->pack);
    if (pack == NULL || carrying->scan->step != STEP_UNPACKED)
        return;
    pack->contents -= count < pack->contents ? count : pack->contents;
    decision_write(decision, &pack->base, "serial/%s", carrying->pack);
}

void trace_pack_fire(struct view *view, const struct event *event, struct decision *decision)
{
    const char *name = event->attributes.subject;
    PackCarrying *carrying = (PackCarrying *)view_state(view, PACK_CARRYING, "%s", name);
    uint32_t count;
    if (carrying == NULL)
        return; /* done already */
    const char *after =
        pass_on_round(view, decision, carrying->scan, carrying->pack, carrying->after, &count);
    state_round(decision, carrying, count, after != NULL);
    count_out(view, decision, carrying, count);
    if (after != NULL)
        go_on_later(view, decision, name, carrying->scan, carrying->pack, after);
    else
        decision_write(decision, NULL, "%s", name);
}

/* --- the pack hears of its contents --- */

struct pack_change {
    const PackChanged *said;
    struct trace_placed placed;
    PackContent *content;   /* or NULL */
    ScannedItemState *pack; /* or NULL */
    bool is_short;          /* less lies in it than is to come out */
};

void *trace_pack_prepare(struct view *view, const struct event *event)
{
    const PackChanged *said = (const PackChanged *)event->message;
    struct pack_change *change = arena_take_zeroed(view->arena, sizeof *change);
    if (change == NULL)
        return NULL;
    change->said = said;
    change->placed = (struct trace_placed){
        said->serial,      said->content_product, said->content_serial,
        said->content_lot, said->holder,          said->quantity == NULL ? TRACE_ONE_E4 : said->quantity->e4,
        timestamp_ms(said->changed_at)};
    const char *name = trace_content_name(view->arena, &change->placed);
    if (name == NULL)
        return NULL;
    change->content = (PackContent *)view_state(view, PACK_CONTENT, "%s", name);
    change->pack = (ScannedItemState *)view_state(view, SCANNED_ITEM_STATE, "serial/%s", said->serial);
    change->is_short =
        said->out && (change->content == NULL || (!is_given(said->content_serial) &&
                                                  change->content->quantity_e4 < change->placed.quantity_e4));
    return change;
}

static void pack_is_the_key(struct rule_context *context)
{
    const struct pack_change *change = context->prepared;
    rule_key_is(context, "product", change->said->product);
}

static void no_more_comes_out_than_lies_in_it(struct rule_context *context)
{
    const struct pack_change *change = context->prepared;
    const char *region = is_given(change->said->region) ? change->said->region : REGION_NATION;
    if (change->is_short)
        rule_refuse_or_warn(context, region, timestamp_day(change->said->changed_at), "quantity",
                            "more than lies in the pack", "no more than was packed");
}

const struct rule pack_changed_rules[PACK_CHANGED_RULES] = {
    {
        .id = "TR-121",
        .code = "trace.pack_differs",
        .document = SOURCE_EPCIS,
        .clause = "包装关联以父码为键",
        .evaluate = pack_is_the_key,
        .sentence_zh = "包装的产品标识须与事件键一致",
        .sentence_en = "The pack's identifier is the event's key.",
    },
    {
        .id = "TR-122",
        .code = "trace.more_out_than_in",
        .document = SOURCE_EPCIS,
        .clause = "拆箱数量不超过装箱数量",
        .parameter = "trace.more_out_than_in.refuse",
        .evaluate = no_more_comes_out_than_lies_in_it,
        .sentence_zh = "拆箱数量不得超过包装内数量",
        .sentence_en = "No more comes out of a pack than was packed.",
    },
};

static void raise_shortage(struct decision *decision, const struct pack_change *change)
{
    AlertRaised *alert = decision_message(decision, ALERT_RAISED);
    const struct rule *rule = &pack_changed_rules[1];
    if (alert == NULL)
        return;
    struct region province = region_province(change->said->region);
    alert->product = change->said->product;
    alert->alert = ALERT_MORE_THAN_HELD;
    alert->rule = lent(rule->id);
    alert->citation = lent(rule_citation(rule, decision->arena));
    alert->serial = change->said->serial;
    alert->lot = change->said->content_lot;
    alert->holder = change->said->holder;
    alert->step = STEP_UNPACKED;
    alert->scanned_at = change->said->changed_at;
    alert->region = change->said->region;
    alert->sentence_zh = lent(rule->sentence_zh);
    alert->sentence_en = lent(rule->sentence_en);
    size_t fact = decision_fact(decision, TRACE_ALERT_TYPE, alert->serial, &alert->base);
    decision_deliver(decision, fact, VISIBLE_PUBLIC | VISIBLE_ORGANISATION, "regulator@%s", province.code);
}

/* A pack is first heard of through what lies in it. */
static ScannedItemState *pack_row(struct decision *decision, const struct pack_change *change)
{
    ScannedItemState *pack =
        change->pack != NULL ? change->pack : decision_message(decision, SCANNED_ITEM_STATE);
    if (pack == NULL || pack->standing != ITEM_NEVER_SEEN)
        return pack;
    pack->standing = ITEM_HELD;
    pack->last_step = STEP_STORED;
    pack->holder = change->said->holder;
    pack->last_scanned_at_ms = timestamp_ms(change->said->changed_at);
    pack->region = region_number(change->said->region);
    return pack;
}

static void put_in(struct view *view, struct decision *decision, const struct pack_change *change,
                   ScannedItemState *pack)
{
    pack->filled++;
    pack->contents += (uint32_t)trace_put_in_pack(view, decision, &change->placed, change->content);
}

static void take_out(struct view *view, struct decision *decision, const struct pack_change *change,
                     ScannedItemState *pack)
{
    bool is_gone = trace_take_from_pack(view, decision, &change->placed, change->content) < 0;
    pack->contents -= is_gone && pack->contents > 0;
}

/* The pack was scanned after this went into it, and the scan came first: what came late is brought to where
 * its pack stands. */
static void catch_up(struct decision *decision, const struct pack_change *change,
                     const ScannedItemState *pack)
{
    const PackChanged *said = change->said;
    PackContent content = MEDHUB__STATE__V1__PACK_CONTENT__INIT;
    const struct trace_step *step = trace_step(pack->last_step, false);
    if (pack->last_scanned_at_ms <= timestamp_ms(said->changed_at) || !step->expands ||
        step->effect == EFFECT_NONE)
        return;
    ItemScanned *heard = decision_message(decision, ITEM_SCANNED);
    Carried *carried = decision_message(decision, CARRIED);
    if (heard == NULL || carried == NULL)
        return;
    carried->product = said->product;
    carried->serial = said->serial;
    carried->depth = 1;
    heard->carried = carried;
    heard->step = pack->last_step;
    heard->holder = pack->holder;
    if (step->effect == EFFECT_SENDS && strcmp(pack->holder, said->holder) != 0)
        heard->counterparty = said->holder;
    heard->scanned_at = decision_moment(decision, pack->last_scanned_at_ms);
    heard->region = said->region;
    content.product = said->content_product;
    content.serial = said->content_serial;
    content.lot = said->content_lot;
    content.quantity_e4 = change->placed.quantity_e4;
    pass_on(decision, heard, &content, "late");
}

void trace_pack_decide(struct view *view, const struct event *event, void *prepared,
                       struct decision *decision)
{
    const struct pack_change *change = prepared;
    (void)event;
    ScannedItemState *pack = pack_row(decision, change);
    if (pack == NULL)
        return;
    decision_fact_of_event(decision);
    (change->said->out ? take_out : put_in)(view, decision, change, pack);
    decision_write(decision, &pack->base, "serial/%s", change->said->serial);
    if (!change->said->out)
        catch_up(decision, change, pack);
    if (change->is_short)
        raise_shortage(decision, change);
    recall_follow(view, recall_withheld(view), decision);
    if (!change->said->out)
        recall_refuse_content(view, recall_withheld(view), decision, change->said, pack);
}

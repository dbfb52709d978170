/* What the rules and the decision of a scan look at, looked up once. */
#include "domain/trace.h"

#include "base/hash.h"
#include "domain/line_quantity.h"
#include "domain/recall.h"
#include "domain/region.h"

static int current_year(const struct view *view)
{
    int year, month, day;
    date_to_civil(date_in_china(view->now_ms), &year, &month, &day);
    return year;
}

/* --- who --- */

/* HOLDER has it after the step. Where the other side is named too, the source is the giver if it is one of
 * them; what the hub passes on names the taker as holder and the giver as counterparty. */
static void find_sides(struct scan *scan, const char *source)
{
    const ItemScanned *said = scan->said;
    bool is_own = strcmp(said->holder, source) == 0;
    if (!is_given(said->counterparty)) {
        scan->giver = is_own || said->carried != NULL ? said->holder : source;
        scan->taker = is_own || said->carried != NULL ? "" : said->holder;
    } else {
        scan->giver = is_own ? said->holder : said->counterparty;
        scan->taker = is_own ? said->counterparty : said->holder;
    }
}

/* --- what --- */

/* What comes back goes to whom it came from where another organisation is named, else it is from a patient.
 */
static bool is_to_supplier(const ItemScanned *said)
{
    return said->step == STEP_RETURNED && is_given(said->counterparty);
}

static bool read_labels(struct view *view, struct scan *scan)
{
    const ItemScanned *said = scan->said;
    ItemScanned pack = MEDHUB__TRACE__V1__ITEM_SCANNED__INIT;
    pack.code = said->parent_code;
    if (!trace_read_label(view->arena, said, current_year(view), &scan->label) ||
        !trace_read_label(view->arena, &pack, current_year(view), &scan->pack))
        return false;
    scan->serial = is_given(scan->label.serial) ? scan->label.serial : said->serial;
    scan->lot = is_given(scan->label.lot) ? scan->label.lot : said->lot;
    return true;
}

static date_t known_day(uint32_t day)
{
    return day == 0 ? DATE_NONE : (date_t)day;
}

/* What neither the label nor the scan says was perhaps said before. */
static void find_days(struct scan *scan)
{
    const ItemScanned *said = scan->said;
    scan->scanned_on = timestamp_day(said->scanned_at);
    scan->made_on = text_day(said->made_on);
    scan->expires_on =
        scan->label.expires_on == DATE_NONE ? text_day(said->expires_on) : scan->label.expires_on;
    if (scan->made_on == DATE_NONE)
        scan->made_on = known_day(scan->earlier != NULL   ? scan->earlier->made_day
                                  : scan->holding != NULL ? scan->holding->made_day
                                                          : 0);
    if (scan->expires_on == DATE_NONE)
        scan->expires_on = known_day(scan->earlier != NULL   ? scan->earlier->expires_day
                                     : scan->holding != NULL ? scan->holding->expires_day
                                                             : 0);
}

/* --- what is known of it --- */

bool trace_is_of_lot(const struct scan *scan)
{
    return !is_given(scan->serial) && is_given(scan->lot);
}

static void find_rows(struct view *view, struct scan *scan)
{
    if (is_given(scan->serial)) {
        scan->earlier = (ScannedItemState *)view_state(view, SCANNED_ITEM_STATE, "serial/%s", scan->serial);
    } else if (is_given(scan->lot)) {
        const char *name = trace_holding_name(view->arena, scan->lot, scan->stock_of);
        view->failed |= name == NULL;
        scan->holding = name == NULL ? NULL : (LotHolding *)view_state(view, LOT_HOLDING, "%s", name);
    }
    scan->before.holder = "";
    if (scan->earlier == NULL)
        return;
    scan->before.holder = scan->earlier->holder;
    scan->before.at_ms = scan->earlier->last_scanned_at_ms;
    scan->before.region = scan->earlier->region;
}

/* A device that left the market may still be used if it was registered when it was made. */
static void find_device(struct view *view, struct scan *scan)
{
    const char *key = view->key;
    scan->device =
        (const Device *)view_table_message(view, DEVICE, TABLE_DEVICE, key, REGION_NATION, scan->scanned_on);
    if (scan->device == NULL && scan->made_on != DATE_NONE)
        scan->device =
            (const Device *)view_table_message(view, DEVICE, TABLE_DEVICE, key, REGION_NATION, scan->made_on);
}

static void make_move(struct scan *scan)
{
    const ItemScanned *said = scan->said;
    bool is_known = scan->step->effect == EFFECT_SENDS && is_given(scan->taker);
    scan->move = (struct trace_move){
        .step = said->step,
        .holder = is_known ? scan->taker : scan->stock_of,
        .at_ms = timestamp_ms(said->scanned_at),
        .region = region_number(scan->region),
        .quantity_e4 = said->quantity == NULL ? TRACE_ONE_E4 : said->quantity->e4,
        .split = said->split,
        .to_supplier = is_to_supplier(said),
        .cancels = is_given(said->cancels),
        .settlement =
            is_given(said->settlement) ? (uint32_t)hash_bytes(bytes_of(said->settlement), 0) | 1U : 0,
        .lot = scan->lot,
        .made_on = scan->made_on,
        .expires_on = scan->expires_on,
    };
    scan->is_late = scan->earlier != NULL && trace_is_late(scan->earlier, &scan->move);
}

void *trace_prepare(struct view *view, const struct event *event)
{
    const ItemScanned *said = (const ItemScanned *)event->message;
    struct scan *scan = arena_take_zeroed(view->arena, sizeof *scan);
    if (scan == NULL)
        return NULL;
    scan->said = said;
    if (!read_labels(view, scan))
        return NULL;
    scan->step = trace_step(said->step, is_to_supplier(said));
    find_sides(scan, event->attributes.source);
    scan->stock_of = scan->step->effect == EFFECT_SENDS ? scan->giver : said->holder;
    scan->region = is_given(said->region) ? said->region : REGION_NATION;
    scan->withheld = recall_withheld(view);
    find_rows(view, scan);
    find_days(scan);
    make_move(scan);
    find_device(view, scan);
    return scan;
}

/* --- short questions --- */

bool trace_gives_away(const struct scan *scan)
{
    return scan->step->effect == EFFECT_GIVES && !scan->move.cancels;
}

bool trace_is_class_iii(const struct scan *scan)
{
    return scan->said->device_class == DEVICE_CLASS_III ||
           (scan->device != NULL && scan->device->device_class == DEVICE_CLASS_III);
}

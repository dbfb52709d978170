/* Rules of a scan on what was known before. Each raises an alert; the policy says whether it also refuses.
 * The table is in trace_rules.c. */
#include "domain/line_quantity.h"
#include "domain/region.h"
#include "domain/region_distance.h"
#include "domain/trace.h"

static struct scan *scan_of(const struct rule_context *context)
{
    return context->prepared;
}

static void note_alert(const struct rule_context *context, AlertKind kind)
{
    struct scan *scan = scan_of(context);
    for (size_t i = 0; i < scan->alert_count; i++)
        if (scan->alerts[i].rule == context->rule)
            return;
    if (scan->alert_count == TRACE_ALERTS_MAX)
        return;
    scan->alerts[scan->alert_count].kind = kind;
    scan->alerts[scan->alert_count++].rule = context->rule;
}

void trace_alert(struct rule_context *context, AlertKind kind, const char *path, const char *found,
                 const char *expected)
{
    const struct scan *scan = scan_of(context);
    rule_refuse_or_warn(context, scan->region, scan->scanned_on, path, found, expected);
    note_alert(context, kind);
}

void trace_alert_only(struct rule_context *context, AlertKind kind, const char *path, const char *found,
                      const char *expected)
{
    rule_warn(context, path, found, expected);
    note_alert(context, kind);
}

/* --- sold and used --- */

void scan_not_given_away_after_expiry(struct rule_context *context)
{
    const struct scan *scan = scan_of(context);
    if (trace_gives_away(scan) && scan->expires_on != DATE_NONE && scan->scanned_on > scan->expires_on)
        trace_alert(context, ALERT_SOLD_AFTER_EXPIRY, "expiresOn", rule_day(context, scan->expires_on),
                    rule_text(context, "not before %s", rule_day(context, scan->scanned_on)));
}

/* A part of a split pack carries the code of the pack and may come several times. */
void scan_not_given_away_twice(struct rule_context *context)
{
    const struct scan *scan = scan_of(context);
    if (trace_gives_away(scan) && !scan->said->split && trace_item_is_gone(scan->earlier))
        trace_alert(context, ALERT_SOLD_TWICE, "serial",
                    rule_text(context, "%s, sold or used before by %s", scan->serial, scan->before.holder),
                    "one sale or use for each serial, unless it was returned");
}

static int64_t pack_size_e4(const struct scan *scan)
{
    int64_t registered = scan->device == NULL ? 0 : quantity_e4(scan->device->pack_size);
    return registered > 0 ? registered : quantity_e4(scan->said->pack_size);
}

void scan_split_within_the_pack(struct rule_context *context)
{
    const struct scan *scan = scan_of(context);
    int64_t size_e4 = pack_size_e4(scan);
    int64_t before_e4 = scan->earlier == NULL ? 0 : scan->earlier->quantity_sold_e4;
    if (trace_gives_away(scan) && scan->said->split && size_e4 > 0 &&
        scan->move.quantity_e4 > size_e4 - before_e4)
        trace_alert(context, ALERT_SPLIT_EXCEEDED, "quantity", "more parts than the pack has left",
                    "parts of one pack, together no more than it holds");
}

static bool came_in(const struct scan *scan)
{
    if (trace_is_of_lot(scan))
        return scan->holding != NULL && trace_at_hand_e4(scan->holding) >= scan->move.quantity_e4;
    return scan->earlier != NULL &&
           (scan->earlier->purchased > 0 || scan->earlier->last_step == STEP_COMMISSIONED);
}

void scan_bought_before_it_was_sold(struct rule_context *context)
{
    const struct scan *scan = scan_of(context);
    date_t required_from;
    bool is_known = is_given(scan->serial) || is_given(scan->lot);
    if (!trace_gives_away(scan) || !is_known || came_in(scan))
        return;
    if (!view_policy_date(context->view, context->rule->parameter_also, scan->region, scan->scanned_on,
                          &required_from))
        rule_policy_missing(context, scan->region, scan->scanned_on);
    else if (scan->scanned_on >= required_from)
        trace_alert(context, ALERT_SOLD_WITHOUT_PURCHASE, trace_is_of_lot(scan) ? "quantity" : "serial",
                    trace_is_of_lot(scan) ? "more than came in" : "never bought or received",
                    "bought before it is sold or used");
}

/* --- billed --- */

void scan_not_settled_twice(struct rule_context *context)
{
    const struct scan *scan = scan_of(context);
    if (scan->said->step == STEP_SETTLED && !scan->said->split && !scan->move.cancels &&
        scan->earlier != NULL && scan->earlier->settled > scan->earlier->unsettled &&
        !trace_is_same_settlement(scan->earlier, &scan->move))
        trace_alert(context, ALERT_SETTLED_TWICE, "serial", scan->serial, "one settlement for each code");
}

static bool is_billed(const struct scan *scan)
{
    return scan->step->effect == EFFECT_GIVES || scan->said->step == STEP_CHARGED ||
           scan->said->step == STEP_SETTLED;
}

/* Only the product's own codes can say so: a product without any is not judged. */
void scan_code_is_of_the_billed_item(struct rule_context *context)
{
    const struct scan *scan = scan_of(context);
    if (!is_given(scan->said->catalogue_code) || !is_billed(scan))
        return;
    const ProductCodes *codes = (const ProductCodes *)view_state(context->view, PRODUCT_CODES, "codes");
    if (codes != NULL && codes->n_codes > 0 &&
        !product_code_holds(codes, scan->said->catalogue_code, scan->scanned_on))
        trace_alert(context, ALERT_CODE_SWAPPED, "catalogueCode", scan->said->catalogue_code,
                    rule_text(context, "an insurance code of %s", scan->said->product));
}

/* Said with the first code of a line; parts of packs are billed in other units. */
void scan_codes_are_as_many_as_billed(struct rule_context *context)
{
    const struct scan *scan = scan_of(context);
    const ItemScanned *said = scan->said;
    if (said->billed_codes > 0 && !said->split &&
        quantity_e4(said->billed_quantity) != (int64_t)said->billed_codes * TRACE_ONE_E4)
        trace_alert(context, ALERT_QUANTITY_DIFFERS, "billedCodes",
                    rule_text(context, "%u codes", said->billed_codes), "as many codes as were billed");
}

/* --- where --- */

enum { HOUR_MS = 3600 * 1000 };

/* Compared with the scan that was the latest so far: one that lies before it in time must fit too. */
void scan_not_in_two_places(struct rule_context *context)
{
    const struct scan *scan = scan_of(context);
    int64_t km_per_hour;
    if (scan->before.region == 0 || scan->move.region == 0 || scan->step->effect == EFFECT_BOOKS)
        return;
    int km = region_distance_km(scan->before.region, scan->move.region);
    if (km == 0)
        return;
    if (!view_policy_int(context->view, context->rule->parameter_also, scan->region, scan->scanned_on,
                         &km_per_hour)) {
        rule_policy_missing(context, scan->region, scan->scanned_on);
        return;
    }
    int64_t apart_ms = scan->move.at_ms - scan->before.at_ms;
    apart_ms = apart_ms < 0 ? -apart_ms : apart_ms;
    if (km_per_hour > 0 && apart_ms < km * (int64_t)HOUR_MS / km_per_hour)
        trace_alert(context, ALERT_TWO_PLACES, "region",
                    rule_text(context, "%d km in %lld minutes", km, (long long)(apart_ms / (60 * 1000))),
                    rule_text(context, "no faster than %lld km/h", (long long)km_per_hour));
}

/* A scan that arrives late says what was before; a second sale and parts of a pack have rules of their own.
 */
void scan_step_is_possible(struct rule_context *context)
{
    const struct scan *scan = scan_of(context);
    if (scan->earlier == NULL || scan->is_late || scan->move.cancels || scan->said->split ||
        trace_is_possible(scan->earlier, scan->said->step, scan->move.to_supplier))
        return;
    trace_alert(context, ALERT_STEP_NOT_POSSIBLE, "step", trace_standing_name(scan->earlier),
                rule_text(context, "where it can be %s", scan->step->name));
}

static bool takes_from_stock(const struct scan *scan)
{
    return (scan->step->effect == EFFECT_SENDS || scan->step->effect == EFFECT_ENDS) && !scan->move.cancels;
}

void scan_no_more_leaves_than_is_there(struct rule_context *context)
{
    const struct scan *scan = scan_of(context);
    int64_t there_e4 = scan->holding == NULL ? 0 : trace_at_hand_e4(scan->holding);
    if (trace_is_of_lot(scan) && takes_from_stock(scan) && scan->move.quantity_e4 > there_e4)
        trace_alert(context, ALERT_MORE_THAN_HELD, "quantity", "more than is at hand",
                    rule_text(context, "no more than %s has of the lot", scan->stock_of));
}

void scan_not_in_two_packs(struct rule_context *context)
{
    const struct scan *scan = scan_of(context);
    const ScannedItemState *earlier = scan->earlier;
    if (scan->said->step != STEP_PACKED || earlier == NULL || scan->is_late ||
        !is_given(earlier->parent_serial))
        return;
    if (!trace_lies_in(earlier, scan->pack.product, scan->pack.serial))
        trace_alert(context, ALERT_STEP_NOT_POSSIBLE, "parentCode", "it lies in another pack",
                    "unpacked before it is packed again");
}

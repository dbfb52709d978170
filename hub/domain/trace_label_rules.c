/* Rules of a scan on what is printed and what must be said with it. The table is in trace_rules.c. */
#include "domain/trace.h"

static const struct scan *scan_of(const struct rule_context *context)
{
    return context->prepared;
}

/* --- the code --- */

void scan_code_is_readable(struct rule_context *context)
{
    const struct label *label = &scan_of(context)->label;
    if (label->form == LABEL_OTHER)
        rule_warn(context, "code", "a code of another system", "not read yet: only its form was checked");
    if (label->form != LABEL_UNREADABLE)
        return;
    if (label->error == CODE_OK)
        rule_refuse(context, "code", "not 20 digits beginning with 8", "a drug trace code");
    else
        rule_refuse(context, "code",
                    rule_text(context, "%s at byte %zu", code_error_name(label->error), label->error_offset),
                    "a GS1 element string or a 20-digit drug trace code");
}

void scan_code_names_the_product(struct rule_context *context)
{
    const struct scan *scan = scan_of(context);
    bool is_read = scan->label.form == LABEL_GS1 || scan->label.form == LABEL_DRUG;
    rule_key_is(context, "product", scan->said->product);
    if (is_read && strcmp(scan->label.product, scan->said->product) != 0)
        rule_refuse(context, "product", scan->said->product,
                    is_given(scan->label.product) ? scan->label.product : "a code with an item identifier");
}

static void compare_with_label(struct rule_context *context, const char *path, const char *said,
                               const char *printed)
{
    if (is_given(said) && is_given(printed) && strcmp(said, printed) != 0)
        rule_refuse(context, path, said, printed);
}

void scan_fields_say_what_the_label_says(struct rule_context *context)
{
    const struct scan *scan = scan_of(context);
    compare_with_label(context, "serial", scan->said->serial, scan->label.serial);
    compare_with_label(context, "lot", scan->said->lot, scan->label.lot);

    date_t said = text_day(scan->said->expires_on), printed = scan->label.expires_on;
    if (said != DATE_NONE && printed != DATE_NONE && said != printed)
        rule_refuse(context, "expiresOn", rule_day(context, said), rule_day(context, printed));
}

/* A pack that has no identity of its own cannot be looked into later. */
void scan_pack_is_named(struct rule_context *context)
{
    const struct scan *scan = scan_of(context);
    if (scan->said->step == STEP_PACKED && !is_given(scan->said->parent_code))
        rule_refuse(context, "parentCode", "", "the code of the pack it goes into");
    else if (scan->pack.form != LABEL_NONE &&
             (!label_names_item(&scan->pack) || !is_given(scan->pack.serial)))
        rule_refuse(context, "parentCode", "a code without product and serial",
                    "the code of a pack with its serial");
}

/* --- how much, when --- */

void scan_quantity_is_positive(struct rule_context *context)
{
    const struct scan *scan = scan_of(context);
    if (scan->move.quantity_e4 <= 0)
        rule_refuse(context, "quantity", "none", "more than nothing");
    else if (is_given(scan->serial) && !scan->said->split && scan->move.quantity_e4 != TRACE_ONE_E4)
        rule_refuse(context, "quantity", "several with one serial", "one, or a part of a split pack");
}

enum { MINUTE_MS = 60 * 1000 };

/* However old: an offline batch is decided when it comes. */
void scan_moment_is_credible(struct rule_context *context)
{
    const struct scan *scan = scan_of(context);
    int64_t skew_minutes, ahead_ms = scan->move.at_ms - context->view->now_ms;
    if (ahead_ms <= 0)
        return;
    if (!view_policy_int(context->view, context->rule->parameter, scan->region, scan->scanned_on,
                         &skew_minutes))
        rule_policy_missing(context, scan->region, scan->scanned_on);
    else if (ahead_ms / MINUTE_MS >= skew_minutes)
        rule_refuse(context, "scannedAt",
                    rule_text(context, "%lld minutes ahead", (long long)(ahead_ms / MINUTE_MS)),
                    rule_text(context, "less than %lld minutes ahead of the hub", (long long)skew_minutes));
}

/* --- class III, registration, restricted use --- */

/* What comes back or is destroyed may lack the code; everything else is trade, storage or use. What the hub
 * passes on from a pack was not scanned itself. */
static bool is_trade_or_use(const struct scan *scan)
{
    return scan->said->step != STEP_RETURNED && scan->said->step != STEP_DESTROYED &&
           scan->step->effect != EFFECT_BOOKS && scan->said->carried == NULL;
}

/* "以后" leaves open whether the first day counts; it does here, as in the notice's own 自…起 [C4 L5403]. */
void scan_class_iii_bears_a_udi(struct rule_context *context)
{
    const struct scan *scan = scan_of(context);
    date_t required_from;
    if (!trace_is_class_iii(scan) || !is_trade_or_use(scan) || scan->label.form != LABEL_NONE)
        return;
    if (!view_policy_date(context->view, TRACE_UDI_REQUIRED_FROM, scan->region, scan->scanned_on,
                          &required_from))
        rule_policy_missing(context, scan->region, scan->scanned_on);
    else if (scan->made_on == DATE_NONE)
        trace_alert(context, ALERT_WITHOUT_CODE, "madeOn", "no code and no date of production",
                    rule_text(context, "a UDI, or made before %s", rule_day(context, required_from)));
    else if (scan->made_on >= required_from)
        trace_alert(context, ALERT_WITHOUT_CODE, "code",
                    rule_text(context, "no code, made on %s", rule_day(context, scan->made_on)),
                    rule_text(context, "a UDI if made on or after %s", rule_day(context, required_from)));
}

/* Each thing that is missing is a finding; one alert speaks of all. */
void scan_class_iii_use_is_recorded(struct rule_context *context)
{
    const struct scan *scan = scan_of(context);
    const ItemScanned *said = scan->said;
    if (!trace_is_class_iii(scan) || said->step != STEP_USED || said->carried != NULL || scan->move.cancels)
        return;
    const struct {
        const char *path;
        bool is_there;
    } fields[] = {
        {"name", is_given(said->name)},
        {"specification", is_given(said->specification)},
        {"quantity", said->quantity != NULL && said->quantity->e4 > 0},
        {"use.site", said->use != NULL && is_given(said->use->site)},
        {"use.purpose", said->use != NULL && is_given(said->use->purpose)},
    };
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        if (!fields[i].is_there)
            trace_alert(context, ALERT_USE_NOT_RECORDED, fields[i].path, "", "recorded with the use");
}

/* The duty is that of class III made since the day from which its UDI is required; others register of their
 * own will [C4 L5325]. */
void scan_product_is_registered(struct rule_context *context)
{
    const struct scan *scan = scan_of(context);
    date_t required_from;
    if (scan->device != NULL || !trace_is_class_iii(scan) || !is_trade_or_use(scan) ||
        scan->label.form == LABEL_NONE)
        return;
    if (!view_policy_date(context->view, TRACE_UDI_REQUIRED_FROM, scan->region, scan->scanned_on,
                          &required_from))
        rule_policy_missing(context, scan->region, scan->scanned_on);
    else if (scan->made_on == DATE_NONE || scan->made_on >= required_from)
        trace_alert(context, ALERT_NOT_REGISTERED, "product", scan->said->product,
                    rule_text(context, "registered on %s", rule_day(context, scan->scanned_on)));
}

void scan_restricted_use_is_consented(struct rule_context *context)
{
    const struct scan *scan = scan_of(context);
    const ItemUse *use = scan->said->use;
    bool is_restricted = scan->said->restricted_use || (scan->device != NULL && scan->device->restricted_use);
    if (!is_restricted || scan->said->step != STEP_USED || scan->said->carried != NULL || scan->move.cancels)
        return;
    if (use == NULL || !is_given(use->consent_reference))
        trace_alert(context, ALERT_RESTRICTED_USE, "use.consentReference", "", "the patient's consent");
    if (use == NULL || !is_given(use->approval_reference))
        trace_alert(context, ALERT_RESTRICTED_USE, "use.approvalReference", "", "the institution's approval");
}

/* --- what only the hub may say; corrections --- */

/* Whom the registry knows as a participant is not the hub. */
void scan_is_carried_by_the_hub(struct rule_context *context)
{
    const struct scan *scan = scan_of(context);
    if (scan->said->carried == NULL && scan->said->billed_codes == 0)
        return;
    const Organisation *known = (const Organisation *)view_table_message(
        context->view, &medhub__registry__v1__organisation__descriptor, TABLE_REGISTRY,
        context->event->attributes.source, REGION_NATION, date_in_china(context->view->now_ms));
    if (known != NULL && known->kind != ORGANISATION_HUB_OPERATOR)
        rule_refuse(context, scan->said->carried != NULL ? "carried" : "billedCodes",
                    context->event->attributes.source, "said by the hub only");
    if (scan->said->carried != NULL && scan->said->carried->depth > TRACE_PACK_DEPTH_MAX)
        rule_refuse(context, "carried.depth", rule_text(context, "%u", scan->said->carried->depth),
                    "packs within packs that end");
}

/* A correction is an event of its own; it says again what was wrong, and can take back only what was counted.
 */
void scan_cancels_what_was_counted(struct rule_context *context)
{
    const struct scan *scan = scan_of(context);
    if (!scan->move.cancels)
        return;
    bool is_counted = trace_is_of_lot(scan)
                          ? trace_amount_e4(scan->holding, &scan->move) >= scan->move.quantity_e4
                          : scan->earlier != NULL && trace_times_counted(scan->earlier, &scan->move) > 0;
    if (!is_counted)
        rule_refuse(context, "cancels", scan->said->cancels, "a scan of this step that was counted");
}

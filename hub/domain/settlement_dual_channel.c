/* How the fund pays for dual-channel drugs: alike at hospital and pharmacy, by themselves, and at least the share that is laid
 * down for the insurance [C4 L5500, C2 L3130]. Judged where every line of an outpatient settlement is of a dual-channel prescription
 * that was circulated: amounts of a settlement are not told apart by prescription. */
#include "domain/settlement.h"

static bool is_dual_channel(struct view *view, const SettlementPosted *said, const char *number)
{
    const PrescriptionState *prescription = settlement_prescription(view, said, number);
    return prescription != NULL && prescription->extra_attribute == DUAL_CHANNEL;
}

static bool is_of_dual_channel_only(struct view *view, const SettlementPosted *said)
{
    const char *last = NULL;
    for (size_t i = 0; i < said->n_lines; i++) {
        const char *own = said->lines[i]->prescription_number;
        const char *number = is_given(own) ? own : said->prescription_number;
        if (!is_given(number))
            return false;
        if ((last == NULL || strcmp(number, last) != 0) && !is_dual_channel(view, said, number))
            return false;
        last = number;
    }
    return said->n_lines > 0 && said->channel != CHANNEL_INPATIENT;
}

static void share_is_reached(struct rule_context *context, const char *insurance_type)
{
    const struct posting *posting = context->prepared;
    const SettlementPosted *said = posting->said;
    const char *region = said->region_of_insurance;
    int64_t fund = money_fen(said->amounts->fund_total), percent;
    if (posting->earlier != NULL || strcmp(said->insurance_type, insurance_type) != 0 ||
        !is_of_dual_channel_only(context->view, said))
        return;
    if (!view_policy_int(context->view, context->rule->parameter_also, region, posting->settled_on, &percent)) {
        rule_policy_missing(context, region, posting->settled_on);
        return;
    }
    if (settlement_below_percent(fund, money_fen(said->amounts->in_scope), percent))
        rule_refuse_or_warn(context, region, posting->settled_on, "amounts.fundTotal", settlement_yuan(context, fund),
                            rule_text(context, "at least %lld percent of what is in scope", (long long)percent));
}

void settlement_dual_channel_share_of_employees(struct rule_context *context)
{
    share_is_reached(context, INSURANCE_EMPLOYEES);
}

void settlement_dual_channel_share_of_residents(struct rule_context *context)
{
    share_is_reached(context, INSURANCE_RESIDENTS);
}

void settlement_dual_channel_is_paid_by_itself(struct rule_context *context)
{
    const struct posting *posting = context->prepared;
    int method = (int)posting->said->payment_method;
    if (posting->earlier == NULL && method != PAYMENT_METHOD_UNSPECIFIED && method != PAYMENT_BY_ITEM &&
        is_of_dual_channel_only(context->view, posting->said))
        rule_refuse_or_warn(context, posting->said->region_of_insurance, posting->settled_on, "paymentMethod",
                            "within a package", "ITEM: a dual-channel drug is paid by itself");
}

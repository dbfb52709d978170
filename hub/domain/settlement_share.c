#include "domain/settlement.h"

#include "base/money.h"

const char *settlement_yuan(struct rule_context *context, int64_t fen)
{
    char text[MONEY_TEXT_BYTES];
    return rule_text(context, "%s", money_format(fen, 2, text));
}

bool settlement_is_a_stay(const struct posting *posting)
{
    return posting->earlier == NULL && posting->said->channel == CHANNEL_INPATIENT;
}

int64_t settlement_paid_by(const SettlementPosted *said, SettlementLayer layer)
{
    int64_t paid = 0;
    for (size_t i = 0; i < said->n_layers; i++)
        if (said->layers[i]->layer == layer)
            (void)money_add(paid, money_fen(said->layers[i]->amount), &paid);
    return paid;
}

bool settlement_below_percent(int64_t paid, int64_t whole, int64_t percent)
{
    int64_t has, owed;
    return !__builtin_mul_overflow(paid, 100, &has) && !__builtin_mul_overflow(whole, percent, &owed) && has < owed;
}

bool settlement_exceeds_percent(int64_t paid, int64_t whole, int64_t percent)
{
    int64_t has, most;
    return !__builtin_mul_overflow(paid, 100, &has) && !__builtin_mul_overflow(whole, percent, &most) && has > most;
}

int64_t settlement_policy(const struct rule_context *context, const char *parameter)
{
    const struct posting *posting = context->prepared;
    int64_t value = 0;
    (void)view_policy_int(context->view, parameter, posting->said->region_of_insurance, settlement_day_of_service(posting), &value);
    return value;
}

void settlement_differs(struct rule_context *context, const char *path, int64_t found_fen, const char *expected)
{
    const struct posting *posting = context->prepared;
    rule_refuse_or_warn(context, posting->said->region_of_insurance, settlement_day_of_service(posting), path,
                        settlement_yuan(context, found_fen), expected);
}

/* How far the fund pays for what is on the catalogue: up to the payment standard or the price ceiling, where a service item is
 * payable, and for the insurance that it is limited to [events.md 2]. The row is that of the day of service, looked up once by
 * settlement_catalogue.c. */
#include "domain/settlement.h"

#include "domain/catalogue_payment.h"

#include "base/money.h"

/* Refuses or warns, as the region of the insurance says. */
static void report(struct rule_context *context, const char *path, const char *found, const char *expected)
{
    const struct posting *posting = context->prepared;
    rule_refuse_or_warn(context, posting->said->region_of_insurance, posting->settled_on, path, found, expected);
}

/* Calls JUDGE for each line that the fund pays for and whose item is on the catalogue. */
static void each_paid_line(struct rule_context *context,
                           void (*judge)(struct rule_context *context, size_t place, const struct paid_line *paid))
{
    const struct posting *posting = context->prepared;
    for (size_t i = 0; posting->paid_lines != NULL && i < posting->said->n_lines; i++)
        if (posting->paid_lines[i].item != NULL)
            judge(context, i, &posting->paid_lines[i]);
}

/* --- the excess over the payment standard --- */

static const char *yuan(struct rule_context *context, int64_t scaled, int decimals)
{
    char text[MONEY_TEXT_BYTES];
    return rule_text(context, "%s", money_format(scaled, decimals, text));
}

/* What fund and person share: all but what is the person's alone. A line that does not say what is in scope says the rest. */
static bool shared_fen(const SettlementLine *line, int64_t *fen)
{
    if (line->in_scope != NULL)
        return money_add(line->in_scope->fen, money_fen(line->first_self_pay), fen);
    int64_t own;
    return money_add(money_fen(line->self_paid), money_fen(line->over_limit), &own) && own >= 0 &&
           money_add(money_fen(line->amount), -own, fen);
}

/* Platforms round the excess or the rest, so a fen more is shared without fault. */
enum { ROUNDING_FEN = 1 };

static void judge_excess(struct rule_context *context, size_t place, const struct paid_line *paid)
{
    const struct posting *posting = context->prepared;
    const SettlementLine *line = posting->said->lines[place];
    int64_t limit, shared, at_most;
    if (line->price == NULL || line->quantity == NULL ||
        !item_price_limit(context->view, paid->item, posting->list_region, paid->day, &limit) ||
        line->price->micro_yuan <= limit)
        return;
    if (!shared_fen(line, &shared) || !money_fen_of(limit, line->quantity->e4, &at_most) || shared - ROUNDING_FEN <= at_most)
        return;
    report(context, rule_text(context, "lines[%zu].overLimit", place), yuan(context, money_fen(line->over_limit), 2),
           rule_text(context, "the excess over %s a unit, the standard on %s: at most %s is shared", yuan(context, limit, 6),
                     rule_day(context, paid->day), yuan(context, at_most, 2)));
}

void settlement_excess_is_borne_by_the_person(struct rule_context *context)
{
    each_paid_line(context, judge_excess);
}

/* --- where, and of which insurance --- */

static void judge_place(struct rule_context *context, size_t place, const struct paid_line *paid)
{
    bool across = ((const struct posting *)context->prepared)->across_provinces;
    if (!item_is_paid_there(paid->item, across))
        report(context, rule_text(context, "lines[%zu].catalogueCode", place), "***",
               across ? "a service item that is payable across provinces" : "a service item that is payable at home");
}

void settlement_items_are_paid_there(struct rule_context *context)
{
    each_paid_line(context, judge_place);
}

static void judge_insurance(struct rule_context *context, size_t place, const struct paid_line *paid)
{
    const struct posting *posting = context->prepared;
    const PaymentLimit *limit = payment_limit_of(context->view, paid->item, posting->said->lines[place]->catalogue_code,
                                                 posting->list_region, paid->day);
    if (!limit_includes_insurance(limit, posting->said->insurance_type))
        report(context, rule_text(context, "lines[%zu].catalogueCode", place), "***",
               rule_text(context, "an item that insurance %s pays for, or paid by the person", posting->said->insurance_type));
}

void settlement_items_are_of_the_insurance(struct rule_context *context)
{
    each_paid_line(context, judge_insurance);
}

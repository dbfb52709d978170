/* The arithmetic identities of a settlement, to the fen [nhsa-wire 1.10]. The strong ones (I1, I6, I8) refuse
 * or warn as the region's policy says; the others warn, because platforms are seen to break them. */
#include "domain/settlement.h"

#include "base/money.h"

static const struct posting *posting_of(const struct rule_context *context)
{
    return context->prepared;
}

/* --- sums --- */

/* A sum that says when it left the range of int64. */
struct sum {
    int64_t fen;
    bool overflow;
};

static void add(struct sum *sum, int64_t fen)
{
    sum->overflow |= !money_add(sum->fen, fen, &sum->fen);
}

static void subtract(struct sum *sum, int64_t fen)
{
    if (fen == INT64_MIN)
        sum->overflow = true;
    else
        add(sum, -fen);
}

static bool equals(const struct sum *sum, int64_t fen)
{
    return !sum->overflow && sum->fen == fen;
}

static const char *sum_text(struct rule_context *context, const struct sum *sum)
{
    return sum->overflow ? "out of range" : settlement_yuan(context, sum->fen);
}

static void differs_hard(struct rule_context *context, const char *path, int64_t found,
                         const struct sum *expected)
{
    const struct posting *posting = posting_of(context);
    rule_refuse_or_warn(context, posting->said->region_of_insurance, posting->settled_on, path,
                        settlement_yuan(context, found), sum_text(context, expected));
}

static void differs_soft(struct rule_context *context, const char *path, int64_t found,
                         const struct sum *expected)
{
    rule_warn(context, path, settlement_yuan(context, found), sum_text(context, expected));
}

/* --- I1: the lines add up to the totals --- */

struct component {
    const char *path;
    size_t in_line;   /* offset of the Money pointer in SettlementLine */
    size_t in_totals; /* and in SettlementAmounts */
};

static const struct component components[] = {
    {"amounts.total", offsetof(SettlementLine, amount), offsetof(SettlementAmounts, total)},
    {"amounts.selfPaid", offsetof(SettlementLine, self_paid), offsetof(SettlementAmounts, self_paid)},
    {"amounts.overLimit", offsetof(SettlementLine, over_limit), offsetof(SettlementAmounts, over_limit)},
    {"amounts.firstSelfPay", offsetof(SettlementLine, first_self_pay),
     offsetof(SettlementAmounts, first_self_pay)},
    {"amounts.inScope", offsetof(SettlementLine, in_scope), offsetof(SettlementAmounts, in_scope)},
};

static const Money *money_at(const void *message, size_t offset)
{
    return *(Money *const *)(const void *)((const char *)message + offset);
}

/* False if no line states the component: then there is nothing to add up. */
static bool sum_of_lines(const SettlementPosted *said, size_t offset, struct sum *sum)
{
    bool stated = false;
    for (size_t i = 0; i < said->n_lines; i++) {
        const Money *money = money_at(said->lines[i], offset);
        stated |= money != NULL;
        add(sum, money_fen(money));
    }
    return stated;
}

void settlement_i1_lines_add_up(struct rule_context *context)
{
    const SettlementPosted *said = posting_of(context)->said;
    for (size_t i = 0; i < sizeof components / sizeof *components; i++) {
        struct sum sum = {0};
        int64_t total = money_fen(money_at(said->amounts, components[i].in_totals));
        if (sum_of_lines(said, components[i].in_line, &sum) && !equals(&sum, total))
            differs_hard(context, components[i].path, total, &sum);
    }
}

/* --- I2: amount = quantity x price --- */

void settlement_i2_line_amounts(struct rule_context *context)
{
    const SettlementPosted *said = posting_of(context)->said;
    for (size_t i = 0; i < said->n_lines; i++) {
        const SettlementLine *line = said->lines[i];
        struct sum product = {0};
        if (line->price == NULL || line->quantity == NULL)
            continue;
        product.overflow = !money_fen_of(line->price->micro_yuan, line->quantity->e4, &product.fen);
        if (!equals(&product, money_fen(line->amount)))
            differs_soft(context, rule_text(context, "lines[%zu].amount", i), money_fen(line->amount),
                         &product);
    }
}

/* --- I3 to I8: the totals among themselves --- */

void settlement_i3_partition(struct rule_context *context)
{
    const SettlementAmounts *amounts = posting_of(context)->said->amounts;
    struct sum sum = {0};
    add(&sum, money_fen(amounts->self_paid));
    add(&sum, money_fen(amounts->over_limit));
    add(&sum, money_fen(amounts->first_self_pay));
    add(&sum, money_fen(amounts->in_scope));
    if (!equals(&sum, money_fen(amounts->total)))
        differs_soft(context, "amounts.total", money_fen(amounts->total), &sum);
}

void settlement_i4_layers_add_up(struct rule_context *context)
{
    const SettlementPosted *said = posting_of(context)->said;
    struct sum sum = {0};
    for (size_t i = 0; i < said->n_layers; i++)
        add(&sum, money_fen(said->layers[i]->amount));
    if (said->n_layers > 0 && !equals(&sum, money_fen(said->amounts->fund_total)))
        differs_soft(context, "amounts.fundTotal", money_fen(said->amounts->fund_total), &sum);
}

void settlement_i6_person_pays_the_rest(struct rule_context *context)
{
    const SettlementAmounts *amounts = posting_of(context)->said->amounts;
    struct sum rest = {0};
    add(&rest, money_fen(amounts->total));
    subtract(&rest, money_fen(amounts->fund_total));
    subtract(&rest, money_fen(amounts->institution_borne));
    if (!equals(&rest, money_fen(amounts->person_total)))
        differs_hard(context, "amounts.personTotal", money_fen(amounts->person_total), &rest);
}

void settlement_i7_account_and_cash(struct rule_context *context)
{
    const SettlementAmounts *amounts = posting_of(context)->said->amounts;
    struct sum sum = {0};
    add(&sum, money_fen(amounts->account));
    add(&sum, money_fen(amounts->cash));
    if (!equals(&sum, money_fen(amounts->person_total)))
        differs_soft(context, "amounts.personTotal", money_fen(amounts->person_total), &sum);
}

void settlement_i8_all_payers(struct rule_context *context)
{
    const SettlementAmounts *amounts = posting_of(context)->said->amounts;
    struct sum sum = {0};
    add(&sum, money_fen(amounts->fund_total));
    add(&sum, money_fen(amounts->account));
    add(&sum, money_fen(amounts->cash));
    add(&sum, money_fen(amounts->institution_borne));
    if (!equals(&sum, money_fen(amounts->total)))
        differs_hard(context, "amounts.total", money_fen(amounts->total), &sum);
}

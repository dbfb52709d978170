/* settlement.c: settlements whose amounts close to the fen, some reversals, and one wrong one for each rule.
 */
#include "ops/ctl/printed_price.h"
#include "ops/gen/gen.h"

#include <stdio.h>
#include <string.h>

typedef Medhub__Settlement__V1__LayerPayment LayerPayment;

enum { REVERSED_PERCENT = 5, SAID_AGAIN_PERCENT = 3 };

/* PRICE_FEN, or the payment standard of the edition of DRUG if that is lower. */
static int64_t at_most_the_standard(const struct drug *drug, int64_t price_fen)
{
    int64_t micro_yuan;

    return drug != NULL && printed_price(bytes_of(drug->payment_standard), &micro_yuan) && micro_yuan / 10000 < price_fen
               ? micro_yuan / 10000
               : price_fen;
}

static SettlementLine *line_of(struct gen *gen, const struct drug *drug, struct dice *dice, size_t number)
{
    SettlementLine *line = gen_new(gen, &medhub__settlement__v1__line__descriptor);
    int64_t price_fen = at_most_the_standard(drug->other, at_most_the_standard(drug, 50 + (int64_t)dice_roll(dice, 20000)));
    int64_t count = 1 + (int64_t)dice_roll(dice, 6);
    bool class_a = strcmp(drug->pay_class, "甲") == 0;
    int64_t amount = price_fen * count, first_self_pay = class_a ? 0 : amount / 10;

    line->line_number = gen_text(gen, "%zu", number);
    line->catalogue_code = (char *)drug->code;
    line->name = gen_text(gen, "%.*s", (int)bytes_utf8_cut(bytes_of(drug->name), 190), drug->name);
    line->quantity = gen_quantity(gen, count * 10000);
    line->price = gen_new(gen, &medhub__common__v1__price__descriptor);
    line->price->micro_yuan = price_fen * 10000;
    line->amount = gen_money(gen, amount);
    line->self_paid = gen_money(gen, 0);
    line->over_limit = gen_money(gen, 0);
    line->first_self_pay = gen_money(gen, first_self_pay);
    line->in_scope = gen_money(gen, amount - first_self_pay);
    line->charge_class = gen_constant(class_a ? "01" : "02");
    return line;
}

/* Sums of the lines, then who pays them: 70 % of what is in scope by the funds, the rest by the person. */
static void fill_amounts(struct gen *gen, SettlementPosted *said, struct dice *dice)
{
    SettlementAmounts *amounts = gen_new(gen, &medhub__settlement__v1__amounts__descriptor);
    int64_t total = 0, first_self_pay = 0, in_scope = 0;

    for (size_t i = 0; i < said->n_lines; i++) {
        total += said->lines[i]->amount->fen;
        first_self_pay += said->lines[i]->first_self_pay->fen;
        in_scope += said->lines[i]->in_scope->fen;
    }
    int64_t fund = in_scope * 7 / 10, person = total - fund;
    int64_t account = (int64_t)dice_roll(dice, (uint64_t)person + 1);
    amounts->total = gen_money(gen, total);
    amounts->self_paid = gen_money(gen, 0);
    amounts->over_limit = gen_money(gen, 0);
    amounts->first_self_pay = gen_money(gen, first_self_pay);
    amounts->in_scope = gen_money(gen, in_scope);
    amounts->fund_total = gen_money(gen, fund);
    amounts->person_total = gen_money(gen, person);
    amounts->account = gen_money(gen, account);
    amounts->cash = gen_money(gen, person - account);
    said->amounts = amounts;
}

static LayerPayment *layer_of(struct gen *gen, Medhub__Settlement__V1__Layer layer, const char *fund,
                              int64_t fen)
{
    LayerPayment *payment = gen_new(gen, &medhub__settlement__v1__layer_payment__descriptor);

    payment->layer = layer;
    payment->fund_code = (char *)fund;
    payment->amount = gen_money(gen, fen);
    return payment;
}

static void fill_layers(struct gen *gen, SettlementPosted *said)
{
    int64_t fund = said->amounts->fund_total->fen, serious = fund / 10;
    bool employee = strcmp(said->insurance_type, "310") == 0;

    said->layers = gen_list(gen, 2);
    said->layers[said->n_layers++] = layer_of(gen, MEDHUB__SETTLEMENT__V1__LAYER__LAYER_BASIC_POOLED,
                                              employee ? "310100" : "390100", fund - serious);
    said->layers[said->n_layers++] =
        layer_of(gen, MEDHUB__SETTLEMENT__V1__LAYER__LAYER_SERIOUS_ILLNESS, "390200", serious);
}

static void fill_lines(struct gen *gen, SettlementPosted *said, struct dice *dice)
{
    int kind = (int)dice_roll(dice, 2);
    size_t count = 1 + dice_roll(dice, 4), first = dice_roll(dice, gen->world->lasting_count[kind]);

    said->lines = gen_list(gen, count);
    for (size_t i = 0; i < count; i++) {
        size_t at = (first + i * 131) % gen->world->lasting_count[kind];
        said->lines[said->n_lines++] = line_of(gen, gen->world->lasting[kind][at], dice, i + 1);
    }
}

static SettlementPosted *right_settlement(struct gen *gen, int64_t number, struct dice *dice)
{
    const struct participant *payee = dice_roll(dice, 3) == 0
                                          ? &gen->world->pharmacies[dice_roll(dice, PHARMACIES)]
                                          : &gen->world->hospitals[dice_roll(dice, HOSPITALS)];
    SettlementPosted *said = gen_new(gen, &medhub__settlement__v1__posted__descriptor);
    bool pharmacy = payee->kind == ORGANISATION_PHARMACY;
    char person[PERSON_BYTES];

    said->person =
        gen_text(gen, "%s", gen_person(gen, dice_roll(dice, (uint64_t)gen->count / 3 + 1), person));
    said->message_id = gen_text(gen, "%s%s%05lld", payee->id, gen->run, (long long)number);
    said->channel = pharmacy ? MEDHUB__SETTLEMENT__V1__CHANNEL__CHANNEL_PHARMACY
                             : MEDHUB__SETTLEMENT__V1__CHANNEL__CHANNEL_OUTPATIENT;
    said->settled_at = gen_moment(gen, gen_moment_of(gen, number));
    said->payee = (char *)payee->id;
    if (pharmacy)
        said->quota_owner = (char *)gen->world->hospitals[dice_roll(dice, HOSPITALS)].id;
    said->region_of_care = (char *)payee->region;
    said->region_of_insurance = (char *)payee->region;
    said->insurance_type = gen_constant(dice_roll(dice, 2) == 0 ? "310" : "390");
    said->medical_type = gen_constant(pharmacy ? "41" : "11");
    said->account_used = true;
    fill_lines(gen, said, dice);
    fill_amounts(gen, said, dice);
    fill_layers(gen, said);
    return said;
}

/* ---- faults of postings ---- */

struct draft {
    SettlementPosted *said;
    const char *source;
};

static void total_off(struct gen *gen, const struct gen_state *state, struct draft *draft)
{
    (void)gen, (void)state;
    draft->said->amounts->total->fen++;
}

static void person_off(struct gen *gen, const struct gen_state *state, struct draft *draft)
{
    (void)gen, (void)state;
    draft->said->amounts->person_total->fen++;
}

static void cash_off(struct gen *gen, const struct gen_state *state, struct draft *draft)
{
    (void)gen, (void)state;
    draft->said->amounts->cash->fen++;
}

static void layer_negative(struct gen *gen, const struct gen_state *state, struct draft *draft)
{
    int64_t fund = draft->said->amounts->fund_total->fen;
    (void)gen, (void)state;

    draft->said->layers[0]->amount->fen = fund + 100;
    draft->said->layers[1]->amount->fen = -100;
}

static void message_id_again(struct gen *gen, const struct gen_state *state, struct draft *draft)
{
    draft->said->person = gen_text(gen, "%s", state->settlement.person);
    draft->said->message_id = gen_text(gen, "%s", state->settlement.message_id);
    draft->said->payee = gen_text(gen, "%s", state->settlement.payee);
    draft->source = draft->said->payee;
    /* Never the amounts that were posted under it. */
    if (draft->said->amounts->total->fen != state->settlement.total_fen)
        return;
    draft->said->lines[0]->amount->fen += 100;
    draft->said->amounts->total->fen += 100;
    draft->said->amounts->cash->fen += 100;
    draft->said->amounts->person_total->fen += 100;
}

static void said_by_another(struct gen *gen, const struct gen_state *state, struct draft *draft)
{
    const struct participant *other = &gen->world->hospitals[0];
    (void)state;

    draft->source = strcmp(other->id, draft->source) == 0 ? gen->world->hospitals[1].id : other->id;
}

static const struct posting_fault {
    const char *code;
    void (*apply)(struct gen *gen, const struct gen_state *state, struct draft *draft);
    bool needs_earlier;
} posting_faults[] = {
    {"settlement.lines_do_not_add_up", total_off, false},
    {"settlement.message_id_reused", message_id_again, true},
    {"settlement.person_part_differs", person_off, false},
    {"settlement.source_is_no_party", said_by_another, false},
    {"settlement.payers_do_not_add_up", cash_off, false},
    {"settlement.layer_negative", layer_negative, false},
};
enum { POSTING_FAULTS = sizeof posting_faults / sizeof *posting_faults };

/* ---- reversals ---- */

static SettlementReversed *reversal_of(struct gen *gen, const struct gen_state *state, int64_t number)
{
    SettlementReversed *said = gen_new(gen, &medhub__settlement__v1__reversed__descriptor);

    said->person = gen_text(gen, "%s", state->settlement.person);
    said->message_id = gen_text(gen, "%sX%s%04lld", state->settlement.payee, gen->run, (long long)number);
    said->original_message_id = gen_text(gen, "%s", state->settlement.message_id);
    said->payee = gen_text(gen, "%s", state->settlement.payee);
    said->reversed_at = gen_moment(gen, gen_moment_of(gen, number));
    said->total = gen_money(gen, state->settlement.total_fen);
    said->fund_total = gen_money(gen, state->settlement.fund_fen);
    said->reason = gen_constant("退费");
    said->region_of_care = gen_text(gen, "%s", state->settlement.region);
    said->region_of_insurance = said->region_of_care;
    return said;
}

static void say_reversal(struct gen *gen, const SettlementReversed *said, int64_t number,
                         struct expected expected)
{
    gen_event(gen, said->payee, gen_text(gen, "%s-rev-%lld", gen->run, (long long)number),
              gen_moment_of(gen, number), &said->base, expected);
}

static void right_reversal(struct gen *gen, struct gen_state *state, int64_t number)
{
    SettlementReversed *said = reversal_of(gen, state, number);

    state->settlement.reversed = true;
    (void)snprintf(state->settlement.reversal_id, sizeof state->settlement.reversal_id, "%s",
                   said->message_id);
    say_reversal(gen, said, number, (struct expected){0});
}

/* Of nothing, of another sum, or of what was reversed before. */
static const char *const reversal_faults[] = {"settlement.reversal_of_nothing", "settlement.reversal_differs",
                                              "settlement.reversed_before"};
enum {
    REVERSAL_FAULTS = sizeof reversal_faults / sizeof *reversal_faults,
    OF_NOTHING = 0,
    OF_ANOTHER_SUM = 1
};

static void wrong_reversal(struct gen *gen, struct gen_state *state, int64_t number, size_t which)
{
    bool before = which != OF_NOTHING && which != OF_ANOTHER_SUM;

    if (before && !state->settlement.reversed)
        right_reversal(gen, state, number);
    SettlementReversed *said = reversal_of(gen, state, number);
    if (which == OF_NOTHING)
        said->original_message_id = gen_text(gen, "NOTHING%s%04lld", gen->run, (long long)number);
    else if (before)
        said->message_id = gen_text(gen, "%sY%s%04lld", state->settlement.payee, gen->run, (long long)number);
    else
        said->total->fen++;
    gen_event(gen, said->payee, gen_text(gen, "%s-wrong-rev-%lld", gen->run, (long long)number),
              gen_moment_of(gen, number), &said->base,
              (struct expected){EXPECT_REFUSED, reversal_faults[which], false});
}

/* ---- the load ---- */

static void remember(struct gen_state *state, const SettlementPosted *said)
{
    state->settlement.known = true;
    state->settlement.reversed = false;
    (void)snprintf(state->settlement.person, sizeof state->settlement.person, "%s", said->person);
    (void)snprintf(state->settlement.payee, sizeof state->settlement.payee, "%s", said->payee);
    (void)snprintf(state->settlement.region, sizeof state->settlement.region, "%s", said->region_of_care);
    (void)snprintf(state->settlement.message_id, sizeof state->settlement.message_id, "%s", said->message_id);
    state->settlement.total_fen = said->amounts->total->fen;
    state->settlement.fund_fen = said->amounts->fund_total->fen;
}

static void wrong_posting(struct gen *gen, struct gen_state *state, int64_t number, struct draft *draft,
                          const struct posting_fault *fault)
{
    if (fault->needs_earlier && !state->settlement.known)
        fault = &posting_faults[0];
    fault->apply(gen, state, draft);
    gen_event(gen, draft->source, gen_text(gen, "%s-set-%lld", gen->run, (long long)number),
              gen_moment_of(gen, number), &draft->said->base,
              (struct expected){EXPECT_REFUSED, fault->code, false});
}

/* The same posting under an event id of its own: its message id makes it a duplicate. */
static void say_again(struct gen *gen, const struct draft *draft, int64_t number)
{
    gen_event(gen, draft->source, gen_text(gen, "%s-set-%lld-again", gen->run, (long long)number),
              gen_moment_of(gen, number), &draft->said->base,
              (struct expected){.outcome = EXPECT_DUPLICATE, .forgotten = true});
}

void gen_settlement(struct gen *gen, struct gen_state *state, int64_t number)
{
    struct dice dice = dice_of(gen->seed, "settlement", (uint64_t)number);

    gen_begin(gen);
    if (state->settlement.known && !state->settlement.reversed && dice_percent(&dice, REVERSED_PERCENT)) {
        right_reversal(gen, state, number);
        return;
    }
    struct draft draft = {.said = right_settlement(gen, number, &dice)};
    draft.source = draft.said->payee;
    if (dice_percent(&dice, gen->wrong_percent)) {
        size_t which = state->wrong_settlements++ % (POSTING_FAULTS + REVERSAL_FAULTS);
        if (which < POSTING_FAULTS || !state->settlement.known)
            wrong_posting(gen, state, number, &draft, &posting_faults[which % POSTING_FAULTS]);
        else
            wrong_reversal(gen, state, number, which - POSTING_FAULTS);
    } else {
        remember(state, draft.said);
        gen_event(gen, draft.source, gen_text(gen, "%s-set-%lld", gen->run, (long long)number),
                  gen_moment_of(gen, number), &draft.said->base, (struct expected){0});
        if (gen->repeat_percent > 0 && dice_percent(&dice, SAID_AGAIN_PERCENT))
            say_again(gen, &draft, number);
    }
    gen_maybe_repeat(gen, &dice);
}

/* What insurance for serious illness and medical assistance owe to whom civil affairs help [C2 L1695, L1709, C3 4243]: from its
 * month of benefits a status halves the deductible and raises the share; of several statuses the best one counts. Deductibles are
 * parts of last year's income per head and count over the year: an income of 0 is one that the region has not set. Stays are
 * judged; what chronic diseases of outpatients leave counts towards their deductibles [C3 3322]. */
#include "domain/person.h"
#include "domain/settlement.h"

#include "base/money.h"

#define RELIEF "settlement.relief."

/* What is given to each status, in the order of the schema. */
static const struct help {
    const char *aid_percent, *aid_deductible; /* parameters; NULL: no deductible is laid down */
    bool in_serious_illness;                  /* deductible halved, share raised, no ceiling */
} helps[] = {
    [HELP_NONE] = {NULL, NULL, false},
    [1] = {RELIEF "aid_percent.destitute", NULL, true},
    [2] = {RELIEF "aid_percent.minimum_allowance", NULL, true},
    [3] = {RELIEF "aid_percent.returned_to_poverty", NULL, true},
    [4] = {RELIEF "aid_percent.edge_family", RELIEF "aid_deductible_percent.edge_family", false},
    [5] = {RELIEF "aid_percent.at_risk", RELIEF "aid_deductible_percent.at_risk", false},
    [6] = {RELIEF "aid_percent.illness_impoverished", RELIEF "aid_deductible_percent.illness_impoverished", false},
    [7] = {RELIEF "aid_percent.out_of_poverty", NULL, false},
};
enum { HELPS = sizeof helps / sizeof *helps };

static const struct posting *posting_of(const struct rule_context *context)
{
    return context->prepared;
}

/* --- what is left to the person, layer by layer --- */

/* Of what is in scope, what the layers before LAYER leave. */
static int64_t left_by_layers_before(const SettlementPosted *said, SettlementLayer layer)
{
    int64_t left = money_fen(said->amounts->in_scope);
    for (size_t i = 0; i < said->n_layers; i++) {
        int64_t paid = money_fen(said->layers[i]->amount);
        if (said->layers[i]->layer < layer && (paid < 0 || !money_add(left, -paid, &left)))
            return 0; /* another rule refuses it */
    }
    return left > 0 ? left : 0;
}

struct burden_parts settlement_burden(const SettlementPosted *said)
{
    if (said->channel != CHANNEL_INPATIENT && !settlement_is_chronic(said->medical_type))
        return (struct burden_parts){0};
    return (struct burden_parts){.before_serious_illness_fen = left_by_layers_before(said, LAYER_SERIOUS_ILLNESS),
                                 .before_aid_fen = left_by_layers_before(said, LAYER_MEDICAL_AID)};
}

/* How much of OWN, after BEFORE of the same year, lies above DEDUCTIBLE. */
static int64_t above(int64_t before, int64_t own, int64_t deductible)
{
    int64_t together;
    if (!money_add(before, own, &together) || together <= deductible)
        return 0;
    return before >= deductible ? own : together - deductible;
}

/* PERCENT of last year's income; below 0: the region has not set it. */
static int64_t of_income(const struct rule_context *context, int64_t percent)
{
    int64_t income = settlement_policy(context, RELIEF "income_fen"), product;
    return income <= 0 || __builtin_mul_overflow(income, percent, &product) ? -1 : product / 100;
}

static const PersonTotals *totals_before(const struct rule_context *context)
{
    return person_totals(context->view, timestamp_ms(posting_of(context)->said->settled_at));
}

/* --- serious illness --- */

static bool is_helped(const struct rule_context *context)
{
    date_t day = settlement_day_of_service(posting_of(context));
    for (size_t i = 1; i < HELPS; i++)
        if (helps[i].in_serious_illness && person_has_benefits_of(context->view, (HelpStatus)i, day))
            return true;
    return false;
}

/* A ceiling excuses, but not of who is helped: there is none for them. */
static bool is_at_its_ceiling(const LayerPayment *layer)
{
    return layer->period_limit != NULL && money_fen(layer->amount) >= layer->period_limit->fen;
}

void settlement_serious_illness_share(struct rule_context *context)
{
    const struct posting *posting = posting_of(context);
    const SettlementPosted *said = posting->said;
    for (size_t i = 0; settlement_is_a_stay(posting) && i < said->n_layers; i++) {
        const LayerPayment *layer = said->layers[i];
        if (layer->layer != LAYER_SERIOUS_ILLNESS || layer->in_scope == NULL)
            continue;
        bool helped = is_helped(context);
        int64_t percent = settlement_policy(context, RELIEF "serious_illness_percent") +
                          (helped ? settlement_policy(context, RELIEF "serious_illness_points") : 0);
        if (settlement_below_percent(money_fen(layer->amount), layer->in_scope->fen, percent) &&
            (helped || !is_at_its_ceiling(layer)))
            settlement_differs(context, rule_text(context, "layers[%zu].amount", i), money_fen(layer->amount),
                    rule_text(context, "at least %lld percent of what is in its scope", (long long)percent));
    }
}

void settlement_serious_illness_deductible(struct rule_context *context)
{
    const struct posting *posting = posting_of(context);
    const SettlementPosted *said = posting->said;
    if (!settlement_is_a_stay(posting) || strcmp(said->insurance_type, INSURANCE_RESIDENTS) != 0)
        return;
    int64_t deductible = of_income(context, settlement_policy(context, RELIEF "serious_illness_deductible_percent"));
    if (deductible < 0)
        return;
    if (is_helped(context))
        deductible = deductible / 100 * settlement_policy(context, RELIEF "serious_illness_helped_percent");
    const PersonTotals *totals = totals_before(context);
    int64_t owed = above(totals == NULL ? 0 : totals->before_serious_illness_fen,
                         left_by_layers_before(said, LAYER_SERIOUS_ILLNESS), deductible);
    int64_t in_scope = 0;
    for (size_t i = 0; i < said->n_layers; i++) {
        const LayerPayment *layer = said->layers[i];
        if (layer->layer == LAYER_SERIOUS_ILLNESS && layer->in_scope == NULL)
            return; /* it does not say of how much it pays */
        if (layer->layer == LAYER_SERIOUS_ILLNESS && !money_add(in_scope, layer->in_scope->fen, &in_scope))
            return;
    }
    if (in_scope < owed)
        settlement_differs(context, "layers", in_scope,
                rule_text(context, "%s in the scope of serious illness: the year is %s above its deductible",
                          settlement_yuan(context, owed), settlement_yuan(context, owed)));
}

/* --- medical assistance --- */

/* The status whose assistance pays the greatest share, of several such the one without deductible; NULL: none is in force. */
static const struct help *best_help(const struct rule_context *context, int64_t *percent)
{
    date_t day = settlement_day_of_service(posting_of(context));
    const struct help *best = NULL;
    *percent = 0;
    for (size_t i = 1; i < HELPS; i++) {
        int64_t own = person_has_benefits_of(context->view, (HelpStatus)i, day) ? settlement_policy(context, helps[i].aid_percent) : 0;
        if (own > *percent) {
            best = &helps[i];
            *percent = own;
        }
    }
    return best;
}

static bool aid_is_at_its_ceiling(const SettlementPosted *said)
{
    for (size_t i = 0; i < said->n_layers; i++)
        if (said->layers[i]->layer == LAYER_MEDICAL_AID && is_at_its_ceiling(said->layers[i]))
            return true;
    return false;
}

void settlement_medical_aid_share(struct rule_context *context)
{
    const struct posting *posting = posting_of(context);
    const SettlementPosted *said = posting->said;
    int64_t percent, deductible = 0, paid = settlement_paid_by(said, LAYER_MEDICAL_AID);
    const struct help *help = settlement_is_a_stay(posting) ? best_help(context, &percent) : NULL;
    if (help == NULL || (paid == 0 && settlement_left_without_referral(context)))
        return;
    if (help->aid_deductible != NULL)
        deductible = of_income(context, settlement_policy(context, help->aid_deductible));
    if (deductible < 0)
        return;
    const PersonTotals *totals = totals_before(context);
    int64_t owed = above(totals == NULL ? 0 : totals->before_aid_fen, left_by_layers_before(said, LAYER_MEDICAL_AID), deductible);
    if (settlement_below_percent(paid, owed, percent) && !aid_is_at_its_ceiling(said))
        settlement_differs(context, "layers", paid,
                rule_text(context, "at least %lld percent of what is left, by medical assistance", (long long)percent));
}

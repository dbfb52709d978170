/* What a referral does to a stay: referred up, the difference of the two deductibles is charged, down none; who leaves the region
 * without one bears more, and medical assistance pays nothing [C4 L6211, C2 L1733]. Referrals and filings lie under the same person:
 * person.h. A deductible or share of 0 is one that the region has not set: nothing is judged by it. */
#include "domain/organisation.h"
#include "domain/person.h"
#include "domain/prescription_limit.h"
#include "domain/region.h"
#include "domain/settlement.h"

static const struct posting *posting_of(const struct rule_context *context)
{
    return context->prepared;
}

/* --- the deductible --- */

/* What a stay at INSTITUTION costs before the fund pays; 0: not set. */
static int64_t deductible_at(const struct rule_context *context, const char *institution)
{
    static const char *const parameters[] = {
        [LEVEL_UNKNOWN] = NULL,
        [LEVEL_FIRST] = "settlement.inpatient_deductible_fen.primary",
        [LEVEL_SECOND] = "settlement.inpatient_deductible_fen.secondary",
        [LEVEL_THIRD] = "settlement.inpatient_deductible_fen.tertiary",
    };
    const Organisation *organisation =
        organisation_on(context->view, institution, settlement_day_of_service(posting_of(context)));
    InstitutionLevel level = organisation == NULL ? LEVEL_UNKNOWN : institution_level(organisation->level);
    return parameters[level] == NULL ? 0 : settlement_policy(context, parameters[level]);
}

static void referred_up(struct rule_context *context, const Referral *referral, int64_t said_fen)
{
    int64_t lower = deductible_at(context, referral->from_institution), upper = deductible_at(context, referral->to_institution);
    if (lower > 0 && upper > 0 && said_fen > (upper > lower ? upper - lower : 0))
        settlement_differs(context, "amounts.deductible", said_fen,
                rule_text(context, "at most %s: referred up, the difference of the deductibles",
                          settlement_yuan(context, upper > lower ? upper - lower : 0)));
}

void settlement_deductible_is_that_of_the_referral(struct rule_context *context)
{
    const struct posting *posting = posting_of(context);
    int64_t said_fen = money_fen(posting->said->amounts->deductible);
    if (!settlement_is_a_stay(posting) || said_fen <= 0)
        return;
    const Referral *referral = person_referred_to(context->view, posting->said->payee, settlement_day_of_service(posting));
    if (referral != NULL && referral->direction == REFERRED_DOWN)
        settlement_differs(context, "amounts.deductible", said_fen, "0.00: referred down, no second deductible");
    else if (referral != NULL && referral->direction == REFERRED_UP)
        referred_up(context, referral, said_fen);
}

/* --- who was not referred --- */

bool settlement_left_without_referral(const struct rule_context *context)
{
    const struct posting *posting = posting_of(context);
    const SettlementPosted *said = posting->said;
    struct region care = region_city(said->region_of_care), insurance = region_city(said->region_of_insurance);
    date_t day = settlement_day_of_service(posting);
    return settlement_is_a_stay(posting) && strcmp(care.code, insurance.code) != 0 &&
           person_referred_to(context->view, said->payee, day) == NULL &&
           !person_filed_for(context->view, said->region_of_care, said->payee, day);
}

void settlement_unreferred_bear_more(struct rule_context *context)
{
    const SettlementPosted *said = posting_of(context)->said;
    if (!settlement_left_without_referral(context))
        return;
    int64_t percent = settlement_policy(context, "settlement.inpatient_share.fund_percent");
    int64_t points = settlement_policy(context, "settlement.inpatient_share.unreferred_points");
    int64_t most = percent > points ? percent - points : 0;
    int64_t shared = money_fen(said->amounts->in_scope) - money_fen(said->amounts->deductible);
    int64_t pooled = said->n_layers == 0 ? money_fen(said->amounts->fund_total) : settlement_paid_by(said, LAYER_BASIC_POOLED);
    if (percent > 0 && settlement_exceeds_percent(pooled, shared, most))
        settlement_differs(context, "layers", pooled,
                rule_text(context, "at most %lld percent of what is shared: left the region without referral", (long long)most));
}

void settlement_unreferred_have_no_assistance(struct rule_context *context)
{
    int64_t paid = settlement_paid_by(posting_of(context)->said, LAYER_MEDICAL_AID);
    if (paid > 0 && settlement_left_without_referral(context))
        settlement_differs(context, "layers", paid, "0.00: medical assistance needs a referral or a filing");
}

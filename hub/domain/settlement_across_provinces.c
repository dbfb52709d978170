/* The gate for care in another province: the person has filed for it there, and for a chronic disease is qualified
 * [C1 L860-878, C2 L2968-2973]. Filings and qualifications lie under the same person: person.h. */
#include "domain/person.h"
#include "domain/settlement.h"

date_t settlement_day_of_service(const struct posting *posting)
{
    const SettlementPosted *said = posting->said;
    return is_given(said->service_date) ? text_day(said->service_date) : posting->settled_on;
}

/* Whether the rule is asked of this posting: filings and qualifications have to be declared complete. */
static bool is_asked(struct rule_context *context)
{
    const struct posting *posting = context->prepared;
    return posting->earlier == NULL && posting->across_provinces &&
           rule_is_switched_on(context, posting->said->region_of_insurance, settlement_day_of_service(posting));
}

void settlement_person_has_filed(struct rule_context *context)
{
    const struct posting *posting = context->prepared;
    const SettlementPosted *said = posting->said;
    date_t day = settlement_day_of_service(posting);
    if (is_asked(context) && !person_filed_for(context->view, said->region_of_care, said->payee, day))
        rule_refuse(context, "regionOfCare", said->region_of_care,
                    rule_text(context, "a filing in force on %s for %s", rule_day(context, day), said->payee));
}

bool settlement_is_chronic(const char *medical_type)
{
    return strncmp(medical_type, "1401", 4) == 0 || strncmp(medical_type, "1402", 4) == 0;
}

void settlement_person_is_qualified(struct rule_context *context)
{
    const struct posting *posting = context->prepared;
    const SettlementPosted *said = posting->said;
    const char *disease = said->disease == NULL ? "" : said->disease->code;
    date_t day = settlement_day_of_service(posting);
    if (settlement_is_chronic(said->medical_type) && is_asked(context) &&
        !(is_given(disease) && person_is_qualified(context->view, disease, said->payee, day)))
        rule_refuse(context, "disease.code", is_given(disease) ? "***" : "",
                    rule_text(context, "one disease for which the person is qualified on %s", rule_day(context, day)));
}

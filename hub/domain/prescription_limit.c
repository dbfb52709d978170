#include "domain/prescription.h"

#include "domain/catalogue_payment.h"
#include "domain/line_quantity.h"

/* hosp_lv: each code and the step it belongs to. */
InstitutionLevel institution_level(const char *level)
{
    static const struct {
        const char *code, *name;
        InstitutionLevel level;
    } levels[] = {
        {"01", "三级特等", LEVEL_THIRD},  {"02", "三级甲等", LEVEL_THIRD},  {"03", "三级乙等", LEVEL_THIRD},
        {"04", "三级丙等", LEVEL_THIRD},  {"05", "二级甲等", LEVEL_SECOND}, {"06", "二级乙等", LEVEL_SECOND},
        {"07", "二级丙等", LEVEL_SECOND}, {"08", "一级甲等", LEVEL_FIRST},  {"09", "一级乙等", LEVEL_FIRST},
        {"10", "一级丙等", LEVEL_FIRST},  {"12", "三级无等", LEVEL_THIRD},  {"13", "二级无等", LEVEL_SECOND},
        {"14", "一级无等", LEVEL_FIRST},
    };
    for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
        if (strcmp(levels[i].code, level) == 0 || strcmp(levels[i].name, level) == 0)
            return levels[i].level;
    return LEVEL_UNKNOWN;
}

/* --- rules: one predicate each, asked of every limited line --- */

struct limited_line {
    const struct upload *upload;
    const PrescriptionLine *line;
    const PaymentLimit *limit;
};

/* Reports PATH ("%zu" is the line's place) for each line that the fund should pay although PREDICATE does not
 * hold. */
static void hold(struct rule_context *context, bool (*predicate)(const struct limited_line *asked),
                 const char *path, bool of_line, const char *expected)
{
    const struct upload *upload = context->prepared;
    for (size_t i = 0; i < upload->said->n_lines; i++) {
        struct limited_line asked = {upload, upload->said->lines[i], upload->lines[i].limit};
        if (asked.limit == NULL || asked.line->approval == SELF_PAID || predicate(&asked))
            continue;
        rule_refuse(context, of_line ? rule_text(context, "lines[%zu].%s", i, path) : path, "***",
                    rule_text(context, "for line %zu: %s, or paid by the patient", i + 1, expected));
    }
}

static bool is_of_the_sex(const struct limited_line *asked)
{
    const Medhub__Prescription__V1__Visit *visit = asked->upload->said->visit;
    if (asked->limit->sex == 0)
        return true;
    return visit != NULL && ((asked->limit->sex == LIMIT_MALE && visit->sex == PATIENT_MALE) ||
                             (asked->limit->sex == LIMIT_FEMALE && visit->sex == PATIENT_FEMALE));
}

void limit_sex_is_met(struct rule_context *context)
{
    hold(context, is_of_the_sex, "visit.sex", false, "the sex that the drug is limited to");
}

static bool is_limited_to_children(const struct upload *upload)
{
    for (size_t i = 0; i < upload->said->n_lines; i++)
        if (upload->lines[i].limit != NULL && upload->lines[i].limit->age == LIMIT_CHILDREN)
            return true;
    return false;
}

void limit_age_is_met(struct rule_context *context)
{
    const struct upload *upload = context->prepared;
    const PrescriptionUploaded *said = upload->said;
    const Quantity *age = said->visit == NULL ? NULL : said->visit->age_years;
    int64_t below_years;
    if (!is_limited_to_children(upload))
        return;
    if (!view_policy_int(context->view, context->rule->parameter, upload->benefit_region, upload->issued_on,
                         &below_years)) {
        rule_policy_missing(context, upload->benefit_region, upload->issued_on);
        return;
    }
    if (age != NULL && age->e4 / 10000 < below_years)
        return;
    for (size_t i = 0; i < said->n_lines; i++)
        if (upload->lines[i].limit != NULL && upload->lines[i].limit->age == LIMIT_CHILDREN &&
            said->lines[i]->approval != SELF_PAID)
            rule_refuse(context, "visit.ageYears", "***",
                        rule_text(context, "for line %zu: a child below %lld years, or paid by the patient",
                                  i + 1, (long long)below_years));
}

static bool is_of_the_insurance(const struct limited_line *asked)
{
    return limit_includes_insurance(asked->limit, asked->upload->said->insurance_type);
}

void limit_insurance_is_met(struct rule_context *context)
{
    hold(context, is_of_the_insurance, "insuranceType", false, "the insurance that the drug is limited to");
}

static bool is_of_the_care(const struct limited_line *asked)
{
    const Medhub__Prescription__V1__Visit *visit = asked->upload->said->visit;
    return asked->limit->care != LIMIT_INPATIENT || (visit != NULL && visit->setting == SETTING_INPATIENT);
}

void limit_care_is_met(struct rule_context *context)
{
    hold(context, is_of_the_care, "visit.setting", false, "inpatient care");
}

static bool is_of_the_level(const struct limited_line *asked)
{
    const Organisation *issuer = asked->upload->issuer;
    return asked->limit->institution_level == LEVEL_UNKNOWN ||
           (issuer != NULL && institution_level(issuer->level) >= asked->limit->institution_level);
}

void limit_level_is_met(struct rule_context *context)
{
    hold(context, is_of_the_level, "institution", false,
         "a hospital of the level that the drug is limited to");
}

static bool is_for_the_disease(const struct limited_line *asked)
{
    const PrescriptionUploaded *said = asked->upload->said;
    for (size_t i = 0; i < said->n_diagnoses; i++)
        for (size_t j = 0; j < asked->limit->n_diseases; j++)
            if (strstr(said->diagnoses[i]->name, asked->limit->diseases[j]) != NULL)
                return true;
    return asked->limit->n_diseases == 0;
}

void limit_disease_is_met(struct rule_context *context)
{
    hold(context, is_for_the_disease, "diagnoses", false, "a diagnosis that the drug is limited to");
}

static bool is_within_the_course(const struct limited_line *asked)
{
    int64_t days_e4 = quantity_e4(asked->line->days);
    return asked->limit->course_days == 0 ||
           (asked->line->days != NULL && days_e4 <= (int64_t)asked->limit->course_days * 10000);
}

void limit_course_is_met(struct rule_context *context)
{
    hold(context, is_within_the_course, "days", true, "no longer a course than the drug is limited to");
}

static bool is_within_the_amount(const struct limited_line *asked)
{
    return asked->limit->amount == NULL ||
           quantity_e4(asked->line->quantity) <= quantity_e4(asked->limit->amount);
}

void limit_amount_is_met(struct rule_context *context)
{
    hold(context, is_within_the_amount, "quantity", true, "no more than the drug is limited to");
}

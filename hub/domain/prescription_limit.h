/* prescription_limit.h: on what the catalogue lets the fund pay for a drug (限定支付): sex, age, insurance,
 * care, level of the institution, diagnosis, course, amount. Where a limit stands: catalogue_payment.h. A line that
 * the hospital declares self-paid is not limited. */
#ifndef DOMAIN_PRESCRIPTION_LIMIT_H
#define DOMAIN_PRESCRIPTION_LIMIT_H

#include "domain/messages.h"
#include "domain/rule.h"

/* "三级" of hosp_lv 01 to 14 or its name; LEVEL_UNKNOWN for anything else. */
InstitutionLevel institution_level(const char *level);

/* One function for each rule of an upload. */
void limit_sex_is_met(struct rule_context *context);
void limit_age_is_met(struct rule_context *context);
void limit_insurance_is_met(struct rule_context *context);
void limit_care_is_met(struct rule_context *context);
void limit_level_is_met(struct rule_context *context);
void limit_disease_is_met(struct rule_context *context);
void limit_course_is_met(struct rule_context *context);
void limit_amount_is_met(struct rule_context *context);

#endif

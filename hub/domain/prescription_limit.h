/* prescription_limit.h: on what the catalogue lets the fund pay for a drug (限定支付): sex, age, insurance,
 * care, level of the institution, diagnosis, course, amount. A limit stands in the drug's own row, or in the
 * row PAYMENT_LIMIT/PRODUCT of the first 12 (else 11) characters of its national code. A line that the
 * hospital declares self-paid is not limited. */
#ifndef DOMAIN_PRESCRIPTION_LIMIT_H
#define DOMAIN_PRESCRIPTION_LIMIT_H

#include "domain/messages.h"
#include "domain/rule.h"

/* The limit of the drug CODE, whose row is ITEM, or NULL. */
const PaymentLimit *payment_limit_of(struct view *view, const CatalogueItem *item, const char *code,
                                     const char *region, date_t date);

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

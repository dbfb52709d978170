/* gs1_rules.h: rules of gs1_value.c that stand in a file of their own, and what they share with it. A rule gets a component whose
 * characters and length are right and answers, in *AT, where in it the fault is. */
#ifndef CODE_GS1_RULES_H
#define CODE_GS1_RULES_H

#include "code/gs1.h"

bool gs1_all_digits(struct bytes value, size_t *at);
/* Six digits; the century follows from CURRENT_YEAR. */
enum code_error gs1_yymmdd(struct bytes value, int current_year, bool day_may_be_0, size_t *at);

/* gs1_coupon.c */
enum code_error gs1_couponcode(struct bytes value, size_t *at);
enum code_error gs1_couponposoffer(struct bytes value, size_t *at);

#endif

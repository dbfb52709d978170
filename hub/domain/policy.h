/* policy.h: policy is data. Key: the parameter's name, or the year of a calendar.
 *
 *     medhub.policy.parameter_set.v1        one value of one region from a day on -> fact, dated row of the
 * policy table medhub.policy.calendar_published.v1   the working days of a year -> fact, row of the calendar
 * table
 *
 * Row of a parameter: rows/REGION, its dated values. A value ends the one before it on the day before; a
 * withdrawal ends without a successor. A value for the same first day takes the place of the earlier one (a
 * correction). */
#ifndef DOMAIN_POLICY_H
#define DOMAIN_POLICY_H

#include "domain/messages.h"
#include "domain/rule.h"

extern const struct domain domain_policy;

#endif

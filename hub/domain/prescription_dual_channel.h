/* prescription_dual_channel.h: negotiated drugs that hospitals and pharmacies dispense alike (双通道). Hospital, doctor and
 * dispenser stand on the region's lists of designations (designation.h), the drugs on its dual-channel list, and the patient is
 * known by name from the prescription to the counter. One function for each rule; how the fund pays: settlement_dual_channel.c. */
#ifndef DOMAIN_PRESCRIPTION_DUAL_CHANNEL_H
#define DOMAIN_PRESCRIPTION_DUAL_CHANNEL_H

#include "domain/rule.h"

/* Of an upload. */
void dual_channel_hospital_is_listed(struct rule_context *context);
void dual_channel_doctor_is_listed(struct rule_context *context);
void dual_channel_patient_is_named(struct rule_context *context);
void dual_channel_drugs_are_listed(struct rule_context *context); /* parameter: whether the list is complete */
/* Of a claim and of a dispensing. */
void dual_channel_dispenser_is_listed(struct rule_context *context);
/* Of a dispensing. */
void dual_channel_patient_is_identified(struct rule_context *context);

#endif

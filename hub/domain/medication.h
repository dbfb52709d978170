/* medication.h: what a person takes, across all prescriptions: one row of the person, "medication", that is
 * kept up as prescriptions are uploaded, dispensed and end. Each function below writes the row; at
 * most one of them is called in a decision. What ended long before the day in hand is left out, so the row
 * stays small. */
#ifndef DOMAIN_MEDICATION_H
#define DOMAIN_MEDICATION_H

#include "domain/decision.h"
#include "domain/messages.h"
#include "domain/span.h"
#include "domain/view.h"

/* The person's row, or NULL. */
const Medication *medication_of(struct view *view);
/* The days for which LINE is prescribed, if it begins on DAY and does not say otherwise. */
struct span medication_days(const PrescriptionLine *line, date_t day);
/* A drug called GENERIC_NAME that another prescription gives on one of these days; NULL if there is none.
 * MEDICATION may be NULL. */
const MedicationItem *medication_overlap(const Medication *medication, const char *generic_name,
                                         struct span days);

/* ROW was uploaded with these lines; BEFORE is medication_of the person. */
void medication_prescribed(const Medication *before, struct decision *decision, const char *row,
                           const PrescriptionUploaded *said, date_t issued_on);
/* Some of ROW was dispensed on DAY: its days begin then. */
void medication_dispensed(struct view *view, struct decision *decision, const char *row,
                          const PrescriptionDispensed *said, date_t day);
/* ROW ended: what was not dispensed by then is not taken. */
void medication_ended(struct view *view, struct decision *decision, const char *row);

#endif

/* prescription_rehearsal.h: what a candidate finds in its connection test (domain/conformance.h): a drug that every catalogue
 * lists, and two prescriptions that it may claim and dispense. Only the decision of a test's event sees them (view->candidate),
 * and nothing of that decision is ever applied. */
#ifndef DOMAIN_PRESCRIPTION_REHEARSAL_H
#define DOMAIN_PRESCRIPTION_REHEARSAL_H

#include "domain/messages.h"
#include "domain/view.h"

#define REHEARSAL_DRUG     "CONFORMANCE"
#define REHEARSAL_REVIEWED "CONFORMANCE-REVIEWED" /* free to be claimed */
#define REHEARSAL_APPROVED "CONFORMANCE-APPROVED" /* the candidate's; its pharmacist has passed it */

enum { REHEARSAL_QUANTITY = 2 }; /* boxes of its one line, "1" */

/* The drug; NULL: CODE is another one, the event is of no test, or the view's arena is full. */
const CatalogueItem *rehearsal_item(struct view *view, const char *code);
/* The prescription of that national number; NULL likewise. */
PrescriptionState *rehearsal_prescription(struct view *view, const char *national_number);

#endif

/* prescription_dispense.h: what the rules and the decision of a dispensing look at. */
#ifndef DOMAIN_PRESCRIPTION_DISPENSE_H
#define DOMAIN_PRESCRIPTION_DISPENSE_H

#include "domain/prescription.h"

struct dispensing_line {
    PrescriptionLineState *line; /* of the prescription; NULL: it has none of that number */
    const CatalogueItem *item;   /* of what was given, on the day; or NULL */
};

struct dispensing {
    struct prescription_step step;
    const PrescriptionDispensed *said;
    struct dispensing_line *lines; /* one for each line of what was said */
};

#endif

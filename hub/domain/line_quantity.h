/* line_quantity.h: what was prescribed, dispensed and returned of each line of a prescription.
 * Ten-thousandths of the line's unit; an absent quantity is 0. */
#ifndef DOMAIN_LINE_QUANTITY_H
#define DOMAIN_LINE_QUANTITY_H

#include "domain/decision.h"
#include "domain/messages.h"

static inline int64_t quantity_e4(const Quantity *quantity)
{
    return quantity == NULL ? 0 : quantity->e4;
}

/* The line NUMBER, or NULL. */
PrescriptionLineState *line_of_number(const PrescriptionState *state, const char *number);
/* What may still be dispensed of it: never below 0. */
int64_t line_open_e4(const PrescriptionLineState *line);

/* Nothing of any line, nor of the doses of TCM pieces, is still to be had. */
bool lines_all_dispensed(const PrescriptionState *state);
/* All that was dispensed came back. */
bool lines_all_returned(const PrescriptionState *state);

/* How a line is called: as the hospital numbered it, else by its PLACE (0, 1, ...) as "1", "2", ... in TEXT.
 */
enum { LINE_NUMBER_BYTES = 24 };
const char *line_number_of(const PrescriptionLine *line, size_t place, char text[LINE_NUMBER_BYTES]);

/* BEFORE + MORE as a new message; NULL when the arena is full. Rules see to it that the sum is no more than a
 * quantity that was said. */
Quantity *quantity_sum(struct decision *decision, const Quantity *before, const Quantity *more);

#endif

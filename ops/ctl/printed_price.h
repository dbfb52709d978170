/* printed_price.h: prices as lists print them. */
#ifndef CTL_PRINTED_PRICE_H
#define CTL_PRINTED_PRICE_H

#include "base/bytes.h"

/* "63.00", or "63.00元(10mg/支)" with one price. False for a text with several packs, or "*" (confidential): it has none that can
 * be compared. */
bool printed_price(struct bytes text, int64_t *micro_yuan);

#endif

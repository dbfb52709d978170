/* money.h: scaled integers with the scale in the name; never floating point.
 * The national platform's scales: amounts (16,2), prices (16,6), quantities (16,4), ratios (5,4). */
#ifndef BASE_MONEY_H
#define BASE_MONEY_H

#include "base/bytes.h"

enum { MONEY_TEXT_BYTES = 32 };

/* SUM = A + B, A x B / DIVISOR rounded half away from zero; false on overflow, SUM then untouched. */
bool money_add(int64_t a, int64_t b, int64_t *sum);
bool money_multiply(int64_t a, int64_t b, int64_t divisor, int64_t *product);
/* Amount in fen of PRICE (millionths of a yuan) x QUANTITY (ten-thousandths), rounded half away
 * from zero, so that a return mirrors its sale [nhsa-wire I2]. */
bool money_fen_of(int64_t price_micro, int64_t quantity_e4, int64_t *fen);

/* Splits TOTAL by WEIGHTS so that the parts add up to it exactly (largest remainder, ties to the earlier
 * part); a negative total is split as the mirror of the positive one. PARTS must not overlap WEIGHTS. False
 * if there is no positive weight, a weight is negative, or the sum overflows. */
bool money_allocate(int64_t total, const int64_t *weights, size_t count, int64_t *parts);

/* "123.45", "-0.05" for DECIMALS = 2 and so on (0..18). Returns TEXT. */
const char *money_format(int64_t scaled, int decimals, char text[MONEY_TEXT_BYTES]);
/* Strict: optional "-", digits, at most DECIMALS decimals. False if anything else or out of range. */
bool money_parse(struct bytes text, int decimals, int64_t *scaled);

#endif

/* retry.h: when to try again. Pure: no clock, no memory. */
#ifndef CLIENT_RETRY_H
#define CLIENT_RETRY_H

#include <stdint.h>

struct retry_plan {
    int64_t first_ms, max_ms;
};

/* How long to pause after failure number ATTEMPT (1 = first): doubles up to the maximum, spread by a fifth
 * from SEED so that many programs do not come back at once. What the gateway asked for (RETRY_AFTER_MS,
 * negative: nothing) is the least, but never more than ten times the maximum: an answer must not stop a
 * program for a year. */
int64_t retry_pause_ms(const struct retry_plan *plan, int64_t attempt, int64_t retry_after_ms, uint64_t seed);

#endif

/* retry.h: when to try again. Pure: no clock, no memory, no I/O; any thread. */
#ifndef CORE_RETRY_H
#define CORE_RETRY_H

#include "base/bytes.h"

struct retry_plan {
    int64_t delay_ms_first;
    int64_t delay_ms_max;
    int64_t give_up_after_ms; /* counted from the first try; 0: never */
};

#define RETRY_GIVE_UP INT64_MAX

/* When the try after failure number ATTEMPT (1 = first) is due. The delay doubles up to its maximum and is spread by up to
 * a quarter in both directions from SEED and ATTEMPT, so that a partner coming back is not met by everything at once.
 * RETRY_GIVE_UP if that would be too late. */
int64_t retry_due_ms(const struct retry_plan *plan, unsigned attempt, int64_t first_try_ms, int64_t now_ms, uint64_t seed);

/* Reads the value of Retry-After (RFC 9110 section 10.2.3): seconds, or an HTTP-date in any of its three forms. *WAIT_MS is
 * counted from NOW_MS, at least 0 and at most LIMIT_MS. False if it is neither: then *WAIT_MS is untouched. */
bool retry_after_parse(struct bytes text, int64_t now_ms, int64_t limit_ms, int64_t *wait_ms);

#endif

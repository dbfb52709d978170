#include "client/retry.h"

#include <assert.h>

int64_t retry_pause_ms(const struct retry_plan *plan, int64_t attempt, int64_t retry_after_ms, uint64_t seed)
{
    assert(attempt >= 1);
    int64_t pause_ms = plan->first_ms, most_ms = plan->max_ms * 10;

    for (int64_t i = 1; i < attempt && pause_ms < plan->max_ms; i++)
        pause_ms *= 2;
    if (pause_ms > plan->max_ms)
        pause_ms = plan->max_ms;
    pause_ms -= (int64_t)(seed % (uint64_t)(pause_ms / 5 + 1));
    if (retry_after_ms > pause_ms)
        pause_ms = retry_after_ms;
    return pause_ms < most_ms ? pause_ms : most_ms;
}

#include "core/breaker.h"

#include "core/retry.h"

enum breaker_state breaker_state(const struct breaker *breaker, int64_t now_ms)
{
    if (breaker->until_ms == 0)
        return BREAKER_CLOSED;
    return now_ms < breaker->until_ms ? BREAKER_OPEN : BREAKER_HALF_OPEN;
}

const char *breaker_state_name(enum breaker_state state)
{
    static const char *const names[] = {"closed", "open", "half_open"};
    return names[state];
}

bool breaker_allows(const struct breaker *breaker, int64_t now_ms)
{
    switch (breaker_state(breaker, now_ms)) {
    case BREAKER_CLOSED:
        return true;
    case BREAKER_OPEN:
        return false;
    case BREAKER_HALF_OPEN:
        return !breaker->probing;
    }
    return false;
}

void breaker_sent(struct breaker *breaker, int64_t now_ms)
{
    if (breaker_state(breaker, now_ms) == BREAKER_HALF_OPEN)
        breaker->probing = true;
}

void breaker_succeeded(struct breaker *breaker)
{
    *breaker = (struct breaker){0};
}

void breaker_told_nothing(struct breaker *breaker)
{
    breaker->probing = false;
}

void breaker_failed(struct breaker *breaker, const struct breaker_plan *plan, int64_t now_ms, uint64_t seed)
{
    const struct retry_plan pauses = {.delay_ms_first = plan->open_ms_first, .delay_ms_max = plan->open_ms_max};
    bool was_probing = breaker->probing;

    breaker->probing = false;
    breaker->failures++;
    if (breaker->until_ms != 0 ? !was_probing : breaker->failures < plan->failures_max)
        return;
    breaker->openings++;
    breaker->until_ms = retry_due_ms(&pauses, breaker->openings, now_ms, now_ms, seed);
}

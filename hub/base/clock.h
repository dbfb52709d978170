/* clock.h: time is an argument. Production code takes the system clock, tests a clock that they set. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

struct clock {
    int64_t (*now_ms)(void *self); /* Unix time in milliseconds */
    void *self;
};

struct clock clock_system(void);
/* Reads *NOW_MS, which the caller may move. */
struct clock clock_fixed(const int64_t *now_ms);

static inline int64_t clock_now_ms(struct clock clock)
{
    return clock.now_ms(clock.self);
}

/* A monotonic reading in microseconds for measuring durations; never for deadlines of the domain. */
int64_t clock_monotonic_us(void);

#endif

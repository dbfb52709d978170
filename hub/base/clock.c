#include "base/clock.h"

#include <stddef.h>
#include <time.h>

static int64_t now_of_system(void *self)
{
    struct timespec now;

    (void)self;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t now_of_variable(void *self)
{
    return *(const int64_t *)self;
}

struct clock clock_system(void)
{
    return (struct clock){now_of_system, NULL};
}

struct clock clock_fixed(const int64_t *now_ms)
{
    return (struct clock){now_of_variable, (void *)now_ms};
}

int64_t clock_monotonic_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

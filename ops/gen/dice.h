/* dice.h: chance that is the same for the same seed, everywhere and for ever (splitmix64). */
#ifndef GEN_DICE_H
#define GEN_DICE_H

#include "base/hash.h"

struct dice {
    uint64_t state;
};

/* The dice of thing NUMBER of a kind: what one thing rolls does not depend on how often another was rolled.
 */
static inline struct dice dice_of(uint64_t seed, const char *kind, uint64_t number)
{
    return (struct dice){hash_bytes(bytes_of(kind), seed) + number * UINT64_C(0x9E3779B97F4A7C15)};
}

static inline uint64_t dice_next(struct dice *dice)
{
    dice->state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t mixed = dice->state;
    mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94D049BB133111EB);
    return mixed ^ (mixed >> 31);
}

/* 0 .. SIDES - 1; SIDES is at least 1. */
static inline uint64_t dice_roll(struct dice *dice, uint64_t sides)
{
    return dice_next(dice) % sides;
}

static inline bool dice_percent(struct dice *dice, int64_t percent)
{
    return (int64_t)dice_roll(dice, 100) < percent;
}

#endif

/* pattern.h: the shapes that strings may have, each under one name, in one place. A .proto names them.
 *
 * They are permissive: the national platform is the authority on its codes, no check digit of them is published
 * (schemas/README.md), and a partner with an odd but consistent code must not be locked out. */
#ifndef EVENT_PATTERN_H
#define EVENT_PATTERN_H

#include "base/bytes.h"

enum pattern_id {
    PATTERN_CATALOGUE_CODE,
    PATTERN_DATE,
    PATTERN_DIAGNOSIS,
    PATTERN_INSTITUTION,
    PATTERN_ITEM_CODE,
    PATTERN_ITEM_KEY,
    PATTERN_ORGANISATION,
    PATTERN_PERSON,
    PATTERN_REGION,
    PATTERN_SCAN,
    PATTERN_TOKEN,
    PATTERN_VISIBLE,
    PATTERN_YEAR,
    PATTERN_COUNT,
};

struct pattern {
    const char *name;       /* as options in the .proto write it */
    const char *expression; /* POSIX extended, for people and for other programs; says the same as matches() */
    const char *expected_zh;
    const char *expected_en;
    bool (*matches)(struct bytes text);
};

/* In the order of enum pattern_id, which is the order of name. */
extern const struct pattern pattern_table[PATTERN_COUNT];

#endif

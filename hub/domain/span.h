/* span.h: days on which something is in force, both ends included. Dated rows never overlap; a new row
 * shortens the one before it. Pure arithmetic, shared by everything that is dated: catalogue items, policy
 * parameters. */
#ifndef DOMAIN_SPAN_H
#define DOMAIN_SPAN_H

#include "base/date.h"

struct span {
    date_t from;
    date_t until; /* DATE_NONE = open */
};

bool span_is_ordered(struct span span); /* it has at least one day */
bool span_covers(struct span span, date_t date);
bool spans_overlap(struct span a, struct span b);

/* Where a row that begins on FROM finds its predecessor: the row begun earlier that is in force on the day
 * before. COUNT if there is none. SPANS are in order and do not overlap. */
size_t spans_predecessor(const struct span *spans, size_t count, date_t from);
/* A row with which ADDED would overlap although the predecessor is shortened: one that begins on the same day
 * or later. COUNT if there is none. */
size_t spans_conflict(const struct span *spans, size_t count, struct span added);

#endif

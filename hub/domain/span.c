#include "domain/span.h"

static date_t last_day(struct span span)
{
    return span.until == DATE_NONE ? INT32_MAX : span.until;
}

bool span_is_ordered(struct span span)
{
    return span.from != DATE_NONE && span.from <= last_day(span);
}

bool span_covers(struct span span, date_t date)
{
    return span.from <= date && date <= last_day(span);
}

bool spans_overlap(struct span a, struct span b)
{
    return a.from <= last_day(b) && b.from <= last_day(a);
}

size_t spans_predecessor(const struct span *spans, size_t count, date_t from)
{
    for (size_t i = 0; i < count; i++)
        if (spans[i].from < from && span_covers(spans[i], from - 1))
            return i;
    return count;
}

size_t spans_conflict(const struct span *spans, size_t count, struct span added)
{
    for (size_t i = 0; i < count; i++)
        if (spans[i].from >= added.from && spans_overlap(spans[i], added))
            return i;
    return count;
}

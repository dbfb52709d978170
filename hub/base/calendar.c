#include "base/calendar.h"

#include <stdlib.h>

enum { DAYS_PER_SPAN = 64 };

/* One bit a day, so ten years need a kilobyte. */
struct span {
    uint64_t covered;
    uint64_t working;
};

struct calendar {
    struct span *spans;
    size_t count;
    int64_t first_span; /* number of spans[0], counted from 1970-01-01 */
    date_t first, last; /* covered; first > last: none */
};

struct calendar *calendar_new(void)
{
    struct calendar *calendar = calloc(1, sizeof *calendar);

    if (calendar != NULL)
        calendar->first = 1;
    return calendar;
}

void calendar_free(struct calendar *calendar)
{
    if (calendar == NULL)
        return;
    free(calendar->spans);
    free(calendar);
}

static int64_t span_number(date_t date)
{
    return date >= 0 ? date / DAYS_PER_SPAN : -((DAYS_PER_SPAN - 1 - (int64_t)date) / DAYS_PER_SPAN);
}

static uint64_t day_bit(date_t date)
{
    return UINT64_C(1) << (date - span_number(date) * DAYS_PER_SPAN);
}

/* NULL if DATE lies outside of the spans that exist. */
static struct span *find_span(const struct calendar *calendar, date_t date)
{
    int64_t index = span_number(date) - calendar->first_span;

    return index >= 0 && (uint64_t)index < calendar->count ? &calendar->spans[index] : NULL;
}

/* Makes the spans reach NUMBER and, as days mostly come in order, as far again as they reach now. */
static bool reach_span(struct calendar *calendar, int64_t number)
{
    enum { SPANS_AHEAD_MIN = 6 /* about a year */ };
    int64_t first = number, end = number + 1;
    int64_t ahead = SPANS_AHEAD_MIN + (int64_t)calendar->count;

    if (calendar->count > 0) {
        int64_t old_end = calendar->first_span + (int64_t)calendar->count;
        first = number < calendar->first_span ? number - ahead : calendar->first_span;
        end = number >= old_end ? number + 1 + ahead : old_end;
    }
    struct span *spans = calloc((size_t)(end - first), sizeof *spans);
    if (spans == NULL)
        return false;
    if (calendar->count > 0)
        memcpy(spans + (calendar->first_span - first), calendar->spans, calendar->count * sizeof *spans);

    free(calendar->spans);
    calendar->spans = spans;
    calendar->count = (size_t)(end - first);
    calendar->first_span = first;
    return true;
}

static void widen(struct calendar *calendar, date_t date)
{
    bool none = calendar->first > calendar->last;

    if (none || date < calendar->first)
        calendar->first = date;
    if (none || date > calendar->last)
        calendar->last = date;
}

bool calendar_set(struct calendar *calendar, date_t date, bool working_day)
{
    char text[DATE_TEXT_BYTES];

    /* What has no text is no day of the years 1..9999; it would only make the bitmap huge. */
    if (date_format(date, text)[0] == '\0')
        return false;
    if (find_span(calendar, date) == NULL && !reach_span(calendar, span_number(date)))
        return false;

    struct span *span = find_span(calendar, date);
    span->covered |= day_bit(date);
    span->working = working_day ? span->working | day_bit(date) : span->working & ~day_bit(date);
    widen(calendar, date);
    return true;
}

bool calendar_is_working_day(const struct calendar *calendar, date_t date, bool *working_day)
{
    const struct span *span = find_span(calendar, date);

    if (span == NULL || (span->covered & day_bit(date)) == 0)
        return false;
    *working_day = (span->working & day_bit(date)) != 0;
    return true;
}

bool calendar_add_working_days(const struct calendar *calendar, date_t date, int days, date_t *result)
{
    bool working_day;

    if (days < 0 || date == DATE_NONE)
        return false;
    while (days > 0) {
        if (date == INT32_MAX || !calendar_is_working_day(calendar, ++date, &working_day))
            return false;
        days -= working_day;
    }
    *result = date;
    return true;
}

bool calendar_span(const struct calendar *calendar, date_t *first, date_t *last)
{
    if (calendar->first > calendar->last)
        return false;
    *first = calendar->first;
    *last = calendar->last;
    return true;
}

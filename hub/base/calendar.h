/* calendar.h: working days of the State Council's holiday notices. A value: filled from the calendar table
 * (or a CSV in tests), then read-only. */
#ifndef BASE_CALENDAR_H
#define BASE_CALENDAR_H

#include "base/date.h"

struct calendar;

/* Covers no day yet; NULL when memory is out. calendar_free takes NULL. */
struct calendar *calendar_new(void);
void calendar_free(struct calendar *calendar);
/* Says whether DATE is a working day; days may come in any order. False when memory is out or it is no
 * day of the years 1..9999. */
bool calendar_set(struct calendar *calendar, date_t date, bool working_day);
/* False if DATE is not covered: the caller must say so, not guess. */
bool calendar_is_working_day(const struct calendar *calendar, date_t date, bool *working_day);
/* The DAYS-th working day after DATE (days = 1: the next working day; 0: DATE itself). False if DAYS is
 * negative or a day on the way is not covered. */
bool calendar_add_working_days(const struct calendar *calendar, date_t date, int days, date_t *result);
/* The first and last covered day. False while there is none. */
bool calendar_span(const struct calendar *calendar, date_t *first, date_t *last);

#endif

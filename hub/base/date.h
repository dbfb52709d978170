/* date.h: civil dates and moments. China has one time zone (UTC+8, no summer time since 1991), so a local day
 * is a fixed shift from UTC; every conversion here says which it means. */
#ifndef BASE_DATE_H
#define BASE_DATE_H

#include "base/bytes.h"

/* Days since 1970-01-01 in the proleptic Gregorian calendar. DATE_NONE = not given. */
typedef int32_t date_t;
#define DATE_NONE     INT32_MIN
#define DATE_MAX_YEAR 9999
enum { DATE_TEXT_BYTES = 11, MOMENT_TEXT_BYTES = 32 };

/* DATE_NONE if there is no such day; years 1..9999. */
date_t date_from_civil(int year, int month, int day);
/* DATE must be a day of the years 1..9999. */
void date_to_civil(date_t date, int *year, int *month, int *day);
/* Strict "YYYY-MM-DD". DATE_NONE if it is anything else. */
date_t date_parse(struct bytes text);
/* Writes "YYYY-MM-DD" and a NUL; "" for DATE_NONE and outside of the years 1..9999. Returns TEXT. */
const char *date_format(date_t date, char text[DATE_TEXT_BYTES]);

/* The day in China (UTC+8) at the moment UNIX_MS, and the moment at which that day begins.
 * DATE_NONE outside of the years 1..9999. */
date_t date_in_china(int64_t unix_ms);
int64_t date_begin_in_china_ms(date_t date);

/* RFC 3339 with any offset, up to nanoseconds (further digits are refused). False if it is anything else, a
 * leap second (which has no Unix time), or outside of the years 1..9999 in UTC. */
bool moment_parse(struct bytes text, int64_t *unix_seconds, int32_t *nanoseconds);
/* "2026-01-31T16:00:00Z", with 3, 6 or 9 decimals as needed (the proto3 JSON form); "" outside of the years
 * 1..9999. Returns TEXT. */
const char *moment_format(int64_t unix_seconds, int32_t nanoseconds, char text[MOMENT_TEXT_BYTES]);
const char *moment_format_ms(int64_t unix_ms, char text[MOMENT_TEXT_BYTES]);

#endif

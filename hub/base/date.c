#include "base/date.h"

#include <assert.h>
#include <stdio.h>

enum { DAYS_PER_ERA = 146097, DAYS_FROM_0000_03_01_TO_1970 = 719468 };
enum { DATE_FIRST = -719162 /* 0001-01-01 */, DATE_LAST = 2932896 /* 9999-12-31 */ };

#define MS_PER_DAY      INT64_C(86400000)
#define SECONDS_PER_DAY INT64_C(86400)
#define CHINA_OFFSET_MS (INT64_C(8) * 3600 * 1000)
#define SECONDS_FIRST   (DATE_FIRST * SECONDS_PER_DAY)
#define SECONDS_LAST    (DATE_LAST * SECONDS_PER_DAY + SECONDS_PER_DAY - 1)

static bool is_leap_year(int year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_of_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return month == 2 && is_leap_year(year) ? 29 : days[month - 1];
}

static int64_t floor_divide(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static bool is_in_range(date_t date)
{
    return date >= DATE_FIRST && date <= DATE_LAST;
}

/* Howard Hinnant's days_from_civil: years begin in March, so the leap day is the last one, and repeat every
 * 400 years. No negative years here, which spares the rounding towards minus infinity. */
date_t date_from_civil(int year, int month, int day)
{
    if (year < 1 || year > DATE_MAX_YEAR || month < 1 || month > 12 || day < 1 ||
        day > days_of_month(year, month))
        return DATE_NONE;

    int shifted_year = month <= 2 ? year - 1 : year;
    int era = shifted_year / 400;
    int year_of_era = shifted_year % 400;
    int day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

    return era * DAYS_PER_ERA + day_of_era - DAYS_FROM_0000_03_01_TO_1970;
}

void date_to_civil(date_t date, int *year, int *month, int *day)
{
    assert(is_in_range(date));

    /* Unsigned: a division by a constant is then a multiplication and a shift, half the instructions. */
    unsigned days = (unsigned)(date + DAYS_FROM_0000_03_01_TO_1970);
    unsigned era = days / DAYS_PER_ERA;
    unsigned day_of_era = days % DAYS_PER_ERA;
    unsigned year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned month_from_march = (5 * day_of_year + 2) / 153;

    *day = (int)(day_of_year - (153 * month_from_march + 2) / 5 + 1);
    *month = (int)(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    *year = (int)(era * 400 + year_of_era) + (*month <= 2);
}

/* COUNT digits at DATA, or -1. */
static int digits(const uint8_t *data, int count)
{
    int value = 0;

    for (int i = 0; i < count; i++) {
        if (data[i] < '0' || data[i] > '9')
            return -1;
        value = value * 10 + (data[i] - '0');
    }
    return value;
}

date_t date_parse(struct bytes text)
{
    if (text.length != DATE_TEXT_BYTES - 1 || text.data[4] != '-' || text.data[7] != '-')
        return DATE_NONE;
    /* -1 for what are no digits is no year, month or day either. */
    return date_from_civil(digits(text.data, 4), digits(text.data + 5, 2), digits(text.data + 8, 2));
}

static void put_digits(char *text, int count, int value)
{
    for (int i = count - 1; i >= 0; i--, value /= 10)
        text[i] = (char)('0' + value % 10);
}

static inline void put_two(char *text, int value)
{
    text[0] = (char)('0' + (unsigned)value / 10);
    text[1] = (char)('0' + (unsigned)value % 10);
}

const char *date_format(date_t date, char text[DATE_TEXT_BYTES])
{
    int year, month, day;

    text[0] = '\0';
    if (!is_in_range(date))
        return text;
    date_to_civil(date, &year, &month, &day);
    memcpy(text, "YYYY-MM-DD", DATE_TEXT_BYTES);
    put_two(text, (int)((unsigned)year / 100));
    put_two(text + 2, (int)((unsigned)year % 100));
    put_two(text + 5, month);
    put_two(text + 8, day);
    return text;
}

date_t date_in_china(int64_t unix_ms)
{
    int64_t local_ms;

    if (__builtin_add_overflow(unix_ms, CHINA_OFFSET_MS, &local_ms))
        return DATE_NONE;
    int64_t date = floor_divide(local_ms, MS_PER_DAY);
    return date >= DATE_FIRST && date <= DATE_LAST ? (date_t)date : DATE_NONE;
}

int64_t date_begin_in_china_ms(date_t date)
{
    assert(date != DATE_NONE);
    return date * MS_PER_DAY - CHINA_OFFSET_MS;
}

/* "hh:mm:ss" at TEXT, or -1. Second 60 is refused: a leap second has no Unix time. */
static int64_t parse_time_of_day(const uint8_t *text)
{
    int hour = digits(text, 2);
    int minute = digits(text + 3, 2);
    int second = digits(text + 6, 2);

    if (text[2] != ':' || text[5] != ':' || hour < 0 || hour > 23 || minute < 0 || minute > 59 ||
        second < 0 || second > 59)
        return -1;
    return hour * 3600 + minute * 60 + second;
}

/* Takes ".123" from the front of REST, nothing if there is no point. */
static bool take_fraction(struct bytes *rest, int32_t *nanoseconds)
{
    enum { DIGITS_MAX = 9 };
    size_t count = 0;

    *nanoseconds = 0;
    if (rest->length == 0 || rest->data[0] != '.')
        return true;
    while (count + 1 < rest->length && digits(rest->data + count + 1, 1) >= 0)
        count++;
    if (count == 0 || count > DIGITS_MAX)
        return false;

    int32_t value = digits(rest->data + 1, (int)count);
    for (size_t i = count; i < DIGITS_MAX; i++)
        value *= 10;
    *nanoseconds = value;
    *rest = bytes_from(rest->data + count + 1, rest->length - count - 1);
    return true;
}

/* "Z" or "+08:00", and nothing after it. */
static bool parse_offset(struct bytes text, int64_t *seconds)
{
    if (text.length == 1 && (text.data[0] == 'Z' || text.data[0] == 'z')) {
        *seconds = 0;
        return true;
    }
    if (text.length != 6 || (text.data[0] != '+' && text.data[0] != '-') || text.data[3] != ':')
        return false;

    int hours = digits(text.data + 1, 2);
    int minutes = digits(text.data + 4, 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
        return false;
    *seconds = (text.data[0] == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
    return true;
}

bool moment_parse(struct bytes text, int64_t *unix_seconds, int32_t *nanoseconds)
{
    enum { DATE_BYTES = 10, SECOND_BYTES = 19 };
    int64_t offset;
    int32_t nanos;

    if (text.length <= SECOND_BYTES || (text.data[DATE_BYTES] != 'T' && text.data[DATE_BYTES] != 't'))
        return false;
    date_t date = date_parse(bytes_from(text.data, DATE_BYTES));
    int64_t time = parse_time_of_day(text.data + DATE_BYTES + 1);
    struct bytes rest = bytes_from(text.data + SECOND_BYTES, text.length - SECOND_BYTES);
    if (date == DATE_NONE || time < 0 || !take_fraction(&rest, &nanos) || !parse_offset(rest, &offset))
        return false;

    int64_t seconds = date * SECONDS_PER_DAY + time - offset;
    if (seconds < SECONDS_FIRST || seconds > SECONDS_LAST)
        return false;
    *unix_seconds = seconds;
    *nanoseconds = nanos;
    return true;
}

/* ".123", ".123456", ".123456789" or nothing: as few groups of three as tell it all. */
static size_t put_fraction(char *text, int32_t nanoseconds)
{
    if (nanoseconds == 0)
        return 0;
    int places = nanoseconds % 1000000 == 0 ? 3 : nanoseconds % 1000 == 0 ? 6 : 9;
    for (int i = places; i < 9; i++)
        nanoseconds /= 10;
    text[0] = '.';
    put_digits(text + 1, places, nanoseconds);
    return (size_t)places + 1;
}

const char *moment_format(int64_t unix_seconds, int32_t nanoseconds, char text[MOMENT_TEXT_BYTES])
{
    text[0] = '\0';
    if (unix_seconds < SECONDS_FIRST || unix_seconds > SECONDS_LAST || nanoseconds < 0 ||
        nanoseconds > 999999999)
        return text;

    date_t date = (date_t)floor_divide(unix_seconds, SECONDS_PER_DAY);
    int time = (int)(unix_seconds - date * SECONDS_PER_DAY);
    date_format(date, text);
    memcpy(text + 10, "Thh:mm:ss", 9);
    put_digits(text + 11, 2, time / 3600);
    put_digits(text + 14, 2, time / 60 % 60);
    put_digits(text + 17, 2, time % 60);
    size_t length = 19 + put_fraction(text + 19, nanoseconds);
    memcpy(text + length, "Z", 2);
    return text;
}

const char *moment_format_ms(int64_t unix_ms, char text[MOMENT_TEXT_BYTES])
{
    int64_t seconds = floor_divide(unix_ms, 1000);
    int32_t milliseconds = (int32_t)(unix_ms % 1000 + (unix_ms % 1000 < 0 ? 1000 : 0));

    return moment_format(seconds, milliseconds * 1000000, text);
}

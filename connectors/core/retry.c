#include "core/retry.h"

#include "base/date.h"
#include "base/hash.h"
#include "base/text.h"

#include <assert.h>
#include <stdio.h>

static int64_t doubled(const struct retry_plan *plan, unsigned attempt)
{
    int64_t delay_ms = plan->delay_ms_first;

    for (unsigned i = 1; i < attempt && delay_ms < plan->delay_ms_max; i++)
        delay_ms *= 2;
    return delay_ms < plan->delay_ms_max ? delay_ms : plan->delay_ms_max;
}

/* From three quarters to five quarters of DELAY_MS. */
static int64_t spread(int64_t delay_ms, unsigned attempt, uint64_t seed)
{
    uint64_t chance = hash_bytes(bytes_from(&seed, sizeof seed), attempt) % 1024;
    return delay_ms - delay_ms / 4 + (delay_ms / 2) * (int64_t)chance / 1023;
}

int64_t retry_due_ms(const struct retry_plan *plan, unsigned attempt, int64_t first_try_ms, int64_t now_ms, uint64_t seed)
{
    assert(attempt >= 1);
    assert(plan->delay_ms_first > 0 && plan->delay_ms_max >= plan->delay_ms_first);

    int64_t due_ms = now_ms + spread(doubled(plan, attempt), attempt, seed);
    bool too_late = plan->give_up_after_ms > 0 && due_ms - first_try_ms > plan->give_up_after_ms;
    return too_late ? RETRY_GIVE_UP : due_ms;
}

/* ---- Retry-After ---- */

struct civil {
    int year, month, day, hour, minute, second;
};

static int month_of(const char *name)
{
    static const char names[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return (int)i + 1;
    return 0;
}

/* IMF-fixdate, and the two obsolete forms that a recipient must accept. */
static bool read_http_date(const char *text, int this_year, struct civil *at)
{
    char month[4] = "", end = 0;

    if (sscanf(text, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GM%c", &at->day, month, &at->year, &at->hour, &at->minute,
               &at->second, &end) == 7 ||
        sscanf(text, "%*3[A-Za-z] %3[A-Za-z] %2d %2d:%2d:%2d %4d", month, &at->day, &at->hour, &at->minute, &at->second,
               &at->year) == 6) {
        at->month = month_of(month);
        return true;
    }
    if (sscanf(text, "%*[A-Za-z], %2d-%3[A-Za-z]-%2d %2d:%2d:%2d GM%c", &at->day, month, &at->year, &at->hour, &at->minute,
               &at->second, &end) != 7)
        return false;
    at->month = month_of(month);
    at->year += this_year / 100 * 100;
    if (at->year > this_year + 50) /* RFC 9110 section 5.6.7 */
        at->year -= 100;
    return true;
}

static bool parse_http_date(struct bytes text, int64_t now_ms, int64_t *at_ms)
{
    char copy[64];
    struct civil at = {0};
    int this_year = 0, month = 0, day = 0;

    if (text.length >= sizeof copy || date_in_china(now_ms) == DATE_NONE)
        return false;
    memcpy(copy, text.data, text.length);
    copy[text.length] = '\0';
    date_to_civil(date_in_china(now_ms), &this_year, &month, &day);
    if (!read_http_date(copy, this_year, &at))
        return false;
    date_t date = date_from_civil(at.year, at.month, at.day);
    bool good = date != DATE_NONE && at.hour >= 0 && at.hour < 24 && at.minute >= 0 && at.minute < 60 && at.second >= 0 &&
                at.second <= 60;
    if (good)
        *at_ms = ((int64_t)date * 86400 + at.hour * 3600 + at.minute * 60 + at.second) * 1000;
    return good;
}

static int64_t within(int64_t value, int64_t limit)
{
    return value < 0 ? 0 : value > limit ? limit : value;
}

bool retry_after_parse(struct bytes text, int64_t now_ms, int64_t limit_ms, int64_t *wait_ms)
{
    int64_t number = 0;

    if (text.length == 0)
        return false;
    if (text.data[0] >= '0' && text.data[0] <= '9' && text_parse_i64(text, &number)) {
        *wait_ms = within(number > limit_ms / 1000 ? limit_ms : number * 1000, limit_ms);
        return true;
    }
    if (!parse_http_date(text, now_ms, &number))
        return false;
    *wait_ms = within(number - now_ms, limit_ms);
    return true;
}

#include "base/money.h"

#include <assert.h>

/* Holds every product of two int64_t; the word before it tells -Wpedantic that we know it is no ISO C. */
__extension__ typedef __int128 wide;

enum { DECIMALS_MAX = 18 };

static bool narrow(wide value, int64_t *result)
{
    if (value < INT64_MIN || value > INT64_MAX)
        return false;
    *result = (int64_t)value;
    return true;
}

bool money_add(int64_t a, int64_t b, int64_t *sum)
{
    int64_t result;

    if (__builtin_add_overflow(a, b, &result))
        return false;
    *sum = result;
    return true;
}

static wide magnitude(wide value)
{
    return value < 0 ? -value : value;
}

/* Half away from zero, so that taking a line back gives exactly what it cost. */
static wide divide_rounded(wide dividend, wide divisor)
{
    wide quotient = dividend / divisor;
    wide remainder = dividend % divisor;

    if (2 * magnitude(remainder) < magnitude(divisor))
        return quotient;
    return (dividend < 0) == (divisor < 0) ? quotient + 1 : quotient - 1;
}

bool money_multiply(int64_t a, int64_t b, int64_t divisor, int64_t *product)
{
    return divisor != 0 && narrow(divide_rounded((wide)a * b, divisor), product);
}

bool money_fen_of(int64_t price_micro, int64_t quantity_e4, int64_t *fen)
{
    /* yuan/10^6 x 1/10^4 = yuan/10^10, and a fen is yuan/10^2. */
    return money_multiply(price_micro, quantity_e4, INT64_C(100000000), fen);
}

static bool sum_weights(const int64_t *weights, size_t count, int64_t *sum)
{
    *sum = 0;
    for (size_t i = 0; i < count; i++) {
        if (weights[i] < 0 || !money_add(*sum, weights[i], sum))
            return false;
    }
    return *sum > 0;
}

static size_t count_above(const int64_t *values, size_t count, int64_t limit)
{
    size_t above = 0;

    for (size_t i = 0; i < count; i++)
        above += values[i] > limit;
    return above;
}

/* The smallest value that at most WANTED of VALUES exceed, by bisection over 0..MAX: needs no memory for
 * sorting. */
static int64_t cut_of_largest(const int64_t *values, size_t count, int64_t max, size_t wanted)
{
    int64_t low = 0, high = max;

    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (count_above(values, count, middle) <= wanted)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Fills PARTS with what is left of TOTAL x weight after division by SUM; returns how many units the divisions
 * lose. */
static size_t put_remainders(wide total, const int64_t *weights, size_t count, int64_t sum, int64_t *parts)
{
    wide lost = 0;

    for (size_t i = 0; i < count; i++) {
        parts[i] = (int64_t)(total * weights[i] % sum);
        lost += parts[i];
    }
    assert(lost % sum == 0);
    return (size_t)(lost / sum);
}

bool money_allocate(int64_t total, const int64_t *weights, size_t count, int64_t *parts)
{
    int64_t sum;

    if (!sum_weights(weights, count, &sum))
        return false;

    /* A negative total is the mirror of the positive one: a reversal takes from each what the posting gave.
     */
    wide sign = total < 0 ? -1 : 1;
    wide size = magnitude(total);
    size_t units = put_remainders(size, weights, count, sum, parts);
    int64_t cut = cut_of_largest(parts, count, sum, units);
    size_t units_at_cut = units - count_above(parts, count, cut);

    for (size_t i = 0; i < count; i++) {
        bool at_cut = parts[i] == cut && units_at_cut > 0;
        wide part = size * weights[i] / sum + (parts[i] > cut || at_cut);
        units_at_cut -= at_cut;
        parts[i] = (int64_t)(sign * part);
    }
    assert(units_at_cut == 0);
    return true;
}

const char *money_format(int64_t scaled, int decimals, char text[MONEY_TEXT_BYTES])
{
    char reversed[MONEY_TEXT_BYTES];
    int length = 0;
    int written = 0;
    /* Negated as unsigned: INT64_MIN has no positive counterpart. */
    uint64_t rest = scaled < 0 ? 0 - (uint64_t)scaled : (uint64_t)scaled;

    assert(decimals >= 0 && decimals <= DECIMALS_MAX);
    for (int digit = 0; digit <= decimals || rest > 0; digit++, rest /= 10) {
        if (digit == decimals && decimals > 0)
            reversed[length++] = '.';
        reversed[length++] = (char)('0' + rest % 10);
    }
    if (scaled < 0)
        text[written++] = '-';
    while (length > 0)
        text[written++] = reversed[--length];
    text[written] = '\0';
    return text;
}

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

/* Collected below zero, where there is room for INT64_MIN too. */
static bool push_digit(int64_t *negative, int digit)
{
    return !__builtin_mul_overflow(*negative, INT64_C(10), negative) &&
           !__builtin_sub_overflow(*negative, (int64_t)digit, negative);
}

bool money_parse(struct bytes text, int decimals, int64_t *scaled)
{
    bool minus = text.length > 0 && text.data[0] == '-';
    size_t at = minus;
    int places = -1; /* decimals read; -1 before the point */
    int64_t negative = 0;

    assert(decimals >= 0 && decimals <= DECIMALS_MAX);
    if (at == text.length || !is_digit(text.data[at]) || !is_digit(text.data[text.length - 1]))
        return false;
    for (; at < text.length; at++) {
        if (text.data[at] == '.' && places < 0) {
            places = 0;
            continue;
        }
        if (!is_digit(text.data[at]) || places == decimals || !push_digit(&negative, text.data[at] - '0'))
            return false;
        places += places >= 0;
    }
    for (places = places < 0 ? 0 : places; places < decimals; places++) {
        if (!push_digit(&negative, 0))
            return false;
    }
    if (!minus && negative == INT64_MIN)
        return false;
    *scaled = minus ? negative : -negative;
    return true;
}

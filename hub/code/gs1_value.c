/* gs1_value.c: the value rules of the GS1 Barcode Syntax Dictionary, one function each, under their names
 * there. A rule gets a component whose characters and length are right, and answers where in it the fault is.
 */
#include "code/gs1.h"
#include "code/gs1_rules.h"
#include "gs1_rows.h"

static bool bit(const uint64_t *bits, unsigned place)
{
    return bits[place / 64] >> place % 64 & 1;
}

bool gs1_all_digits(struct bytes value, size_t *at)
{
    for (size_t i = 0; i < value.length; i++) {
        if (!gs1_is_digit(value.data[i])) {
            *at = i;
            return false;
        }
    }
    return true;
}

/* --- check digits and characters --- */

/* Modulo 10, weights 3 and 1 from the right [GenSpecs 7.9.1]. */
static bool csum_ok(struct bytes value)
{
    unsigned sum = 0, weight = 1;
    for (size_t i = value.length; i-- > 0; weight = 4 - weight)
        sum += weight * (unsigned)(value.data[i] - '0');
    return sum % 10 == 0;
}

static enum code_error csum(struct bytes value, size_t *at)
{
    *at = value.length - 1;
    return csum_ok(value) ? CODE_OK : CODE_CHECK_DIGIT;
}

bool code_check_digit_ok(struct bytes digits)
{
    size_t at;
    return digits.length > 0 && digits.length <= 18 && gs1_all_digits(digits, &at) && csum_ok(digits);
}

/* Modulo 1021 over primes, two characters [GenSpecs 7.9.5]. */
static enum code_error csumalpha(struct bytes value, size_t *at)
{
    static const uint16_t primes[] = {2,  3,  5,  7,  11, 13, 17, 19, 23, 29, 31, 37,
                                      41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83};
    static const char pair[] = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    enum { PRIMES = sizeof primes / sizeof *primes };
    uint32_t sum = 0;

    *at = 0;
    if (value.length < 2 || value.length - 2 > PRIMES)
        return CODE_CHECK_PAIR;
    size_t checked = value.length - 2;
    for (size_t i = 0; i < checked; i++)
        sum += (uint32_t)gs1_cset82_values[value.data[i]] * primes[checked - 1 - i];
    sum %= 1021;
    *at = checked;
    bool right =
        value.data[checked] == (uint8_t)pair[sum >> 5] && value.data[checked + 1] == (uint8_t)pair[sum & 31];
    return right ? CODE_OK : CODE_CHECK_PAIR;
}

/* The shortest company prefix has four digits; only that they are there can be known here. */
static enum code_error company_prefix(struct bytes value, size_t skip, size_t *at)
{
    enum { SHORTEST = 4 };
    *at = 0;
    if (value.length < skip + SHORTEST)
        return CODE_PREFIX;
    for (*at = skip; *at < skip + SHORTEST; (*at)++)
        if (!gs1_is_digit(value.data[*at]))
            return CODE_PREFIX;
    return CODE_OK;
}

/* --- dates and times --- */

int gs1_year(int two_digits, int current_year)
{
    int distance = two_digits - current_year % 100, century = current_year - current_year % 100;
    return two_digits + century - (distance >= 51 ? 100 : distance <= -50 ? -100 : 0);
}

int gs1_month_days(int year, int month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (month < 1 || month > 12)
        return 0;
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

static enum code_error day_of(int year, const uint8_t *digits, bool day_may_be_0, size_t *at)
{
    int days = gs1_month_days(year, gs1_two_digits(digits)), day = gs1_two_digits(digits + 2);
    *at = days == 0 ? 0 : 2;
    return days == 0 || day > days || (day == 0 && !day_may_be_0) ? CODE_DATE : CODE_OK;
}

enum code_error gs1_yymmdd(struct bytes value, int current_year, bool day_may_be_0, size_t *at)
{
    int year = gs1_year(gs1_two_digits(value.data), current_year);
    enum code_error error = day_of(year, value.data + 2, day_may_be_0, at);
    *at += 2;
    return error;
}

static enum code_error yyyymmdd(struct bytes value, bool day_may_be_0, size_t *at)
{
    int year = gs1_two_digits(value.data) * 100 + gs1_two_digits(value.data + 2);
    enum code_error error = day_of(year, value.data + 4, day_may_be_0, at);
    *at += 4;
    return error;
}

static enum code_error at_most(struct bytes value, size_t place, int most, size_t *at)
{
    *at = place;
    return gs1_two_digits(value.data + place) > most ? CODE_TIME : CODE_OK;
}

static enum code_error hhmi(struct bytes value, size_t *at)
{
    enum code_error error = at_most(value, 0, 23, at);
    return error == CODE_OK ? at_most(value, 2, 59, at) : error;
}

/* --- code lists --- */

static unsigned three_digits(struct bytes value)
{
    return (unsigned)(value.data[0] - '0') * 100 + (unsigned)gs1_two_digits(value.data + 1);
}

static bool is_letter(uint8_t c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_country_letters(const uint8_t *letters)
{
    return is_letter(letters[0]) && is_letter(letters[1]) &&
           bit(gs1_country_letters, (letters[0] - 'A') * 26U + letters[1] - 'A');
}

/* Three digits or fewer; the place is that of base36() in tables/generate.py. */
static bool is_package(struct bytes value)
{
    static const unsigned first[] = {0, 0, 36, 36 + 36 * 36};
    unsigned place = 0;
    if (value.length > 3)
        return false;
    for (size_t i = 0; i < value.length; i++) {
        uint8_t c = value.data[i];
        if (!gs1_is_digit(c) && !is_letter(c))
            return false;
        place = place * 36 + (unsigned)(gs1_is_digit(c) ? c - '0' : c - 'A' + 10);
    }
    return bit(gs1_package, first[value.length] + place);
}

/* ISO 13616: country, then modulo 97 of the number that it spells when the first four characters stand last.
 */
static enum code_error iban(struct bytes value, size_t *at)
{
    unsigned sum = 0;
    *at = 0;
    if (value.length <= 10 || !is_country_letters(value.data))
        return CODE_IBAN;
    for (size_t i = 0; i < value.length; i++) {
        *at = (i + 4) % value.length;
        uint8_t c = value.data[*at];
        if (gs1_is_digit(c))
            sum = (sum * 10 + c - '0') % 97;
        else if (is_letter(c))
            sum = (sum * 100 + c - 'A' + 10U) % 97;
        else
            return CODE_IBAN;
    }
    *at = 2;
    return sum == 1 ? CODE_OK : CODE_IBAN;
}

/* --- the others --- */

/* Two numbers of equally many digits. */
static int compare_digits(const uint8_t *a, const uint8_t *b, size_t count)
{
    return memcmp(a, b, count);
}

static enum code_error pieceoftotal(struct bytes value, size_t *at)
{
    static const uint8_t zeros[GS1_VALUE_BYTES_MAX] = "00000000000000000000000000000000";
    size_t half = value.length / 2;
    *at = 0;
    if (value.length == 0 || value.length % 2 != 0 || half > 32 || memcmp(value.data, zeros, half) == 0)
        return CODE_PIECE;
    bool total_is_0 = memcmp(value.data + half, zeros, half) == 0;
    *at = total_is_0 ? half : 0;
    return total_is_0 || compare_digits(value.data, value.data + half, half) > 0 ? CODE_PIECE : CODE_OK;
}

/* "2/3": two numbers without leading zero, the first not beyond the second. */
static enum code_error posinseqslash(struct bytes value, size_t *at)
{
    const uint8_t *slash = memchr(value.data, '/', value.length);
    size_t more, first = slash == NULL ? 0 : (size_t)(slash - value.data), second = value.length - first - 1;
    *at = 0;
    if (first == 0 || second == 0 || !gs1_all_digits(bytes_from(value.data, first), &more) ||
        !gs1_all_digits(bytes_from(slash + 1, second), &more) || value.data[0] == '0' || slash[1] == '0')
        return CODE_SEQUENCE;
    bool beyond = first > second || (first == second && compare_digits(value.data, slash + 1, first) > 0);
    return beyond ? CODE_SEQUENCE : CODE_OK;
}

static enum code_error degrees(struct bytes value, uint64_t most, size_t *at)
{
    uint64_t number = 0;
    *at = 0;
    for (size_t i = 0; i < value.length; i++)
        number = number * 10 + value.data[i] - '0';
    return number > most ? CODE_POSITION : CODE_OK;
}

static enum code_error one_of(struct bytes value, const char *allowed, size_t *at)
{
    *at = 0;
    return value.length == 1 && strchr(allowed, value.data[0]) != NULL ? CODE_OK : CODE_VALUE;
}

/* True if C stands in VALUE only, everywhere. */
static bool only(struct bytes value, uint8_t c)
{
    for (size_t i = 0; i < value.length; i++)
        if (value.data[i] != c)
            return false;
    return value.length > 0;
}

static bool is_hexadecimal(uint8_t c)
{
    return gs1_is_digit(c) || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
}

static enum code_error pcenc(struct bytes value, size_t *at)
{
    for (size_t i = 0; i < value.length; i++) {
        if (value.data[i] != '%')
            continue;
        *at = i;
        if (i + 2 >= value.length || !is_hexadecimal(value.data[i + 1]) || !is_hexadecimal(value.data[i + 2]))
            return CODE_PERCENT;
        i += 2;
    }
    return CODE_OK;
}

static enum code_error importeridx(struct bytes value, size_t *at)
{
    *at = 0;
    return value.length == 1 && gs1_characters[value.data[0]] & GS1_CSET64 ? CODE_OK : CODE_VALUE;
}

static enum code_error says(bool truth, enum code_error otherwise, size_t *at)
{
    *at = 0;
    return truth ? CODE_OK : otherwise;
}

static enum code_error apply(enum gs1_rule rule, struct bytes value, int current_year, size_t *at)
{
    size_t ignored;
    switch (rule) {
    case GS1_RULE_END:
        return CODE_OK;
    case GS1_RULE_CSUM:
        return csum(value, at);
    case GS1_RULE_CSUMALPHA:
        return csumalpha(value, at);
    case GS1_RULE_GCPPOS1:
        return company_prefix(value, 0, at);
    case GS1_RULE_GCPPOS2:
        return company_prefix(value, 1, at);
    case GS1_RULE_YYMMDD:
        return gs1_yymmdd(value, current_year, false, at);
    case GS1_RULE_YYMMD0:
        return gs1_yymmdd(value, current_year, true, at);
    case GS1_RULE_YYYYMMDD:
        return yyyymmdd(value, false, at);
    case GS1_RULE_YYYYMMD0:
        return yyyymmdd(value, true, at);
    case GS1_RULE_HHMI:
        return hhmi(value, at);
    case GS1_RULE_HH:
        return at_most(value, 0, 23, at);
    case GS1_RULE_MI:
    case GS1_RULE_SS:
        return at_most(value, 0, 59, at);
    case GS1_RULE_ISO3166:
        return says(bit(gs1_country, three_digits(value)), CODE_COUNTRY, at);
    case GS1_RULE_ISO3166999:
        return says(three_digits(value) == 999 || bit(gs1_country, three_digits(value)), CODE_COUNTRY, at);
    case GS1_RULE_ISO3166ALPHA2:
        return says(is_country_letters(value.data), CODE_COUNTRY, at);
    case GS1_RULE_ISO4217:
        return says(bit(gs1_currency, three_digits(value)), CODE_CURRENCY, at);
    case GS1_RULE_ISO5218:
        return one_of(value, "0129", at);
    case GS1_RULE_IBAN:
        return iban(value, at);
    case GS1_RULE_COUPONCODE:
        return gs1_couponcode(value, at);
    case GS1_RULE_COUPONPOSOFFER:
        return gs1_couponposoffer(value, at);
    case GS1_RULE_PIECEOFTOTAL:
        return pieceoftotal(value, at);
    case GS1_RULE_POSINSEQSLASH:
        return posinseqslash(value, at);
    case GS1_RULE_LATITUDE:
        return degrees(value, 1800000000, at);
    case GS1_RULE_LONGITUDE:
        return degrees(value, 3600000000, at);
    case GS1_RULE_MEDIATYPE:
        return says(bit(gs1_media, (unsigned)gs1_two_digits(value.data)), CODE_VALUE, at);
    case GS1_RULE_PACKAGETYPE:
        return says(is_package(value), CODE_VALUE, at);
    case GS1_RULE_IMPORTERIDX:
        return importeridx(value, at);
    case GS1_RULE_HASNONDIGIT:
        return says(!gs1_all_digits(value, &ignored), CODE_CHARACTER, at);
    case GS1_RULE_NONZERO:
        return says(!only(value, '0'), CODE_VALUE, at);
    case GS1_RULE_NOZEROPREFIX:
        return says(value.data[0] != '0', CODE_VALUE, at);
    case GS1_RULE_ZERO:
        return says(only(value, '0'), CODE_VALUE, at);
    case GS1_RULE_HYPHEN:
        return says(only(value, '-'), CODE_VALUE, at);
    case GS1_RULE_PCENC:
        return pcenc(value, at);
    case GS1_RULE_WINDING:
        return one_of(value, "019", at);
    case GS1_RULE_YESNO:
        return one_of(value, "01", at);
    }
    return CODE_OK;
}

/* Base64url ends with at most two pad characters, and then its length is a multiple of three, as GS1's own
 * rule has it. */
static enum code_error padded(struct bytes value, size_t *at)
{
    size_t length = value.length;
    while (length > 0 && value.data[length - 1] == '=')
        length--;
    size_t pads = value.length - length;
    *at = length;
    if (pads > 2 || (pads > 0 && value.length % 3 != 0))
        return CODE_PADDING;
    for (*at = 0; *at < length; (*at)++)
        if (!(gs1_characters[value.data[*at]] & GS1_CSET64))
            return CODE_CHARACTER;
    return CODE_OK;
}

static enum code_error characters(const struct gs1_part *part, struct bytes value, size_t *at)
{
    if (part->characters == GS1_CSET64)
        return padded(value, at);
    for (size_t i = 0; i < value.length; i++) {
        if (!(gs1_characters[value.data[i]] & part->characters)) {
            *at = i;
            return CODE_CHARACTER;
        }
    }
    return CODE_OK;
}

static enum code_error component(const struct gs1_part *part, struct bytes value, int current_year,
                                 size_t *at)
{
    enum code_error error = characters(part, value, at);
    for (size_t i = 0; error == CODE_OK && part->rules[i] != GS1_RULE_END; i++)
        error = apply(part->rules[i], value, current_year, at);
    return error;
}

enum code_error gs1_value_check(const struct gs1_row *row, struct bytes value, int current_year, size_t *at)
{
    const struct gs1_part *part = &gs1_parts[row->parts];
    size_t done = 0;

    for (size_t i = 0; i < row->part_count; i++, part++) {
        size_t left = value.length - done, length = left < part->max ? left : part->max;
        if (part->optional && length == 0)
            continue;
        *at = value.length;
        if (length < part->min)
            return CODE_VALUE_SHORT;
        enum code_error error = component(part, bytes_from(value.data + done, length), current_year, at);
        if (error != CODE_OK) {
            *at += done;
            return error;
        }
        done += length;
    }
    *at = done;
    return done < value.length ? CODE_VALUE_LONG : CODE_OK;
}

#include "epcis/identifier.h"

#include <ctype.h>
#include <stdio.h>

static const char stem[] = "https://id.gs1.org";

/* --- EPC URNs [EPC Tag Data Standard 2.0, 6.3] --- */

enum tail {
    TAIL_NONE,      /* prefix and reference are all */
    TAIL_QUALIFIER, /* ".serial" becomes "/21/serial" */
    TAIL_APPENDED,  /* ".serial" is part of the key */
    TAIL_PIECES,    /* ".01.02", then a qualifier or "*" */
    TAIL_FREE,      /* the reference itself is of any characters */
    TAIL_PART,      /* the same, and then a serial: CPI */
    TAIL_PATTERN,   /* ".*" */
    TAIL_PART_PATTERN,
};

static const struct scheme {
    const char *urn, *ai;
    uint8_t digits; /* of prefix and reference together */
    bool indicator; /* the first digit of the reference stands in front */
    bool checked;   /* a check digit is added */
    uint8_t tail, tail_max;
    const char *qualifier;
} schemes[] = {
    {"id:sgtin:", "01", 13, true, true, TAIL_QUALIFIER, 20, "21"},
    {"id:upui:", "01", 13, true, true, TAIL_QUALIFIER, 28, "235"},
    {"class:lgtin:", "01", 13, true, true, TAIL_QUALIFIER, 20, "10"},
    {"id:sscc:", "00", 17, true, true, TAIL_NONE, 0, NULL},
    {"id:sgln:", "414", 12, false, true, TAIL_QUALIFIER, 20, "254"},
    {"id:pgln:", "417", 12, false, true, TAIL_NONE, 0, NULL},
    {"id:grai:", "8003", 12, false, true, TAIL_APPENDED, 16, NULL},
    {"id:gdti:", "253", 12, false, true, TAIL_APPENDED, 17, NULL},
    {"id:sgcn:", "255", 12, false, true, TAIL_APPENDED, 12, NULL},
    {"id:gsrn:", "8018", 17, false, true, TAIL_NONE, 0, NULL},
    {"id:gsrnp:", "8017", 17, false, true, TAIL_NONE, 0, NULL},
    {"id:gsin:", "402", 16, false, true, TAIL_NONE, 0, NULL},
    {"id:giai:", "8004", 0, false, false, TAIL_FREE, 30, NULL},
    {"id:ginc:", "401", 0, false, false, TAIL_FREE, 30, NULL},
    {"id:cpi:", "8010", 0, false, false, TAIL_PART, 30, "8011"},
    {"id:itip:", "8006", 13, true, true, TAIL_PIECES, 20, "21"},
    {"idpat:sgtin:", "01", 13, true, true, TAIL_PATTERN, 0, NULL},
    {"idpat:upui:", "01", 13, true, true, TAIL_PATTERN, 0, NULL},
    {"idpat:grai:", "8003", 12, false, true, TAIL_PATTERN, 0, NULL},
    {"idpat:gdti:", "253", 12, false, true, TAIL_PATTERN, 0, NULL},
    {"idpat:sgcn:", "255", 12, false, true, TAIL_PATTERN, 0, NULL},
    {"idpat:itip:", "8006", 13, true, true, TAIL_PIECES, 0, NULL},
    {"idpat:cpi:", "8010", 0, false, false, TAIL_PART_PATTERN, 30, NULL},
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static size_t digits_at(const char *text)
{
    return strspn(text, "0123456789");
}

static char check_digit(const char *digits)
{
    unsigned sum = 0, weight = 3;
    for (size_t i = strlen(digits); i-- > 0; weight = 4 - weight)
        sum += weight * (unsigned)(digits[i] - '0');
    return (char)('0' + (10 - sum % 10) % 10);
}

/* Characters of a serial in a URN, each "%XX" one: how many; 0: others among them. */
static size_t serial_length(const char *text, size_t length)
{
    size_t count = 0;
    for (size_t i = 0; i < length; i++, count++) {
        if (text[i] == '%' && i + 2 < length && isxdigit((unsigned char)text[i + 1]) &&
            isxdigit((unsigned char)text[i + 2]))
            i += 2;
        else if (!isalnum((unsigned char)text[i]) && strchr("!')(*+,.:;=_-", text[i]) == NULL)
            return 0;
    }
    return count;
}

/* What a link may not hold plain; a URN's own percent-encoding stays. */
static const char *encoded(struct arena *arena, const char *text, size_t length)
{
    char *out = arena_take(arena, 3 * length + 1);
    size_t at = 0;
    for (size_t i = 0; out != NULL && i < length; i++) {
        if (strchr("!()*+,:", text[i]) == NULL)
            out[at++] = text[i];
        else
            at += (size_t)sprintf(out + at, "%%%02X", (unsigned)text[i]);
    }
    if (out != NULL)
        out[at] = '\0';
    return out;
}

/* The digits of the key without check digit: prefix and reference, its indicator in front. False: not of this
 * build. */
static bool key_digits(const struct scheme *scheme, const char *text, char digits[24], const char **rest)
{
    size_t prefix = digits_at(text), reference = 0;
    if (prefix < 6 || prefix > 12 || text[prefix] != '.')
        return false;
    reference = digits_at(text + prefix + 1);
    if (prefix + reference != scheme->digits || (scheme->indicator && reference == 0))
        return false;
    const char *begin = text + prefix + 1;
    int indicator = scheme->indicator ? 1 : 0;
    (void)snprintf(digits, 24, "%s%.*s%.*s%.*s", strcmp(scheme->ai, "8003") == 0 ? "0" : "", indicator, begin,
                   (int)prefix, text, (int)reference - indicator, begin + indicator);
    *rest = begin + reference;
    return true;
}

static const char *with_serial(struct arena *arena, const struct scheme *scheme, const char *key,
                               const char *rest)
{
    size_t length = *rest == '.' ? strlen(rest + 1) : 0,
           characters = serial_length(rest + (length > 0), length);
    if (characters == 0 || characters > scheme->tail_max)
        return NULL;
    const char *serial = encoded(arena, rest + 1, length);
    if (serial == NULL)
        return NULL;
    if (scheme->tail == TAIL_APPENDED)
        return arena_format(arena, "%s%s", key, serial);
    if (strcmp(scheme->qualifier, "254") == 0 && strcmp(serial, "0") == 0)
        return key;
    return arena_format(arena, "%s/%s/%s", key, scheme->qualifier, serial);
}

/* ".01.02" and what follows. */
static const char *with_pieces(struct arena *arena, const struct scheme *scheme, const char *key,
                               const char *rest)
{
    for (size_t i = 0; i < 6; i++)
        if (i % 3 == 0 ? rest[i] != '.' : !is_digit(rest[i]))
            return NULL;
    const char *whole = arena_format(arena, "%s%.2s%.2s", key, rest + 1, rest + 4);
    if (scheme->qualifier == NULL)
        return strcmp(rest + 6, ".*") == 0 ? whole : NULL;
    return whole == NULL ? NULL : with_serial(arena, scheme, whole, rest + 6);
}

static const char *numbered(struct arena *arena, const struct scheme *scheme, const char *text)
{
    char digits[24];
    const char *rest;
    if (!key_digits(scheme, text, digits, &rest))
        return NULL;
    const char *key = arena_format(arena, "%s/%s/%s%c", stem, scheme->ai, digits, check_digit(digits));
    if (key == NULL)
        return NULL;
    switch ((enum tail)scheme->tail) {
    case TAIL_QUALIFIER:
    case TAIL_APPENDED:
        return with_serial(arena, scheme, key, rest);
    case TAIL_PIECES:
        return with_pieces(arena, scheme, key, rest);
    case TAIL_PATTERN:
        return strcmp(rest, ".*") == 0 ? key : NULL;
    default:
        return *rest == '\0' ? key : NULL;
    }
}

/* Prefix, and a reference of any characters: GIAI, GINC, CPI. */
static const char *lettered(struct arena *arena, const struct scheme *scheme, const char *text)
{
    size_t prefix = digits_at(text);
    if (prefix < 6 || prefix > 12 || text[prefix] != '.')
        return NULL;
    const char *reference = text + prefix + 1, *serial = strrchr(reference, '.');
    bool part = scheme->tail == TAIL_PART || scheme->tail == TAIL_PART_PATTERN;
    size_t length = part && serial != NULL ? (size_t)(serial - reference) : strlen(reference);
    size_t characters = serial_length(reference, length);
    if (characters == 0 || characters + prefix > scheme->tail_max || (part && serial == NULL))
        return NULL;
    const char *whole = encoded(arena, reference, length);
    if (scheme->tail == TAIL_PART_PATTERN && strcmp(serial, ".*") != 0)
        return NULL;
    if (scheme->tail == TAIL_PART && (serial[1] == '\0' || digits_at(serial + 1) != strlen(serial + 1)))
        return NULL;
    return whole == NULL ? NULL
                         : arena_format(arena, "%s/%s/%.*s%s%s%s", stem, scheme->ai, (int)prefix, text, whole,
                                        scheme->tail == TAIL_PART ? "/8011/" : "",
                                        scheme->tail == TAIL_PART ? serial + 1 : "");
}

static const char *of_urn(struct arena *arena, const char *text)
{
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t length = strlen(schemes[i].urn);
        if (strncmp(text, schemes[i].urn, length) != 0)
            continue;
        return schemes[i].digits == 0 ? lettered(arena, &schemes[i], text + length)
                                      : numbered(arena, &schemes[i], text + length);
    }
    return NULL;
}

/* --- links --- */

/* How a key may look: DIGITS, then up to MORE characters of SET. */
static const char cset[] = "\"'-.0123456789;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";
static const char part_set[] = "#-/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
static const char digit_set[] = "0123456789";

static const struct key {
    const char *ai, *word;
    uint8_t digits, more;
    const char *set;
    const char *qualifiers; /* from the finest on */
} keys[] = {
    {"00", "sscc", 18, 0, "", ""},          {"01", "gtin", 14, 0, "", " 21 10 235 "},
    {"253", "gdti", 13, 17, cset, ""},      {"255", "gcn", 13, 12, digit_set, ""},
    {"401", "ginc", 0, 30, cset, ""},       {"402", "gsin", 17, 0, "", ""},
    {"414", "gln", 13, 0, "", " 254 "},     {"417", "party", 13, 0, "", ""},
    {"8003", "grai", 14, 16, cset, ""},     {"8004", "giai", 0, 30, cset, ""},
    {"8006", "itip", 18, 0, "", " 21 10 "}, {"8010", "cpid", 0, 30, part_set, " 8011 "},
    {"8017", "gsrnp", 18, 0, "", ""},       {"8018", "gsrn", 18, 0, "", ""},
};
static const char *const qualifier_words[][2] = {{"22", "cpv"}, {"10", "lot"}, {"21", "ser"}};

static bool is_word(const char *segment, size_t length, const char *word)
{
    return strlen(word) == length && memcmp(segment, word, length) == 0;
}

static const struct key *find_key(const char *segment, size_t length)
{
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (is_word(segment, length, keys[i].ai) || is_word(segment, length, keys[i].word))
            return &keys[i];
    return NULL;
}

static bool is_key_value(const struct key *key, const char *value, size_t length)
{
    if (length < key->digits || length > (size_t)key->digits + key->more || length == 0 ||
        digits_at(value) < key->digits)
        return false;
    return strspn(value + key->digits, key->set) >= length - key->digits;
}

/* GTIN-8, 12 and 13 grow to 14 digits. */
static const char *key_value(struct arena *arena, const struct key *key, const char *value, size_t length)
{
    static const char zeros[] = "000000";
    bool short_gtin = strcmp(key->ai, "01") == 0 && (length == 8 || length == 12 || length == 13);
    if (short_gtin)
        return arena_format(arena, "%.*s%.*s", 14 - (int)length, zeros, (int)length, value);
    return is_key_value(key, value, length) ? arena_format(arena, "%.*s", (int)length, value) : NULL;
}

/* The qualifiers that follow the key, in pairs: the finest stays. False if there is anything else. */
struct qualifier {
    const char *ai, *value;
    size_t length, rank;
};

static const char *qualifier_ai(const char *segment, size_t length, char ai[8])
{
    for (size_t i = 0; i < sizeof qualifier_words / sizeof *qualifier_words; i++)
        if (is_word(segment, length, qualifier_words[i][1]))
            return qualifier_words[i][0];
    if (length == 0 || length > 4)
        return NULL;
    (void)snprintf(ai, 8, "%.*s", (int)length, segment);
    return ai;
}

static bool take_qualifier(const struct key *key, const char *ai, const char *value, size_t length,
                           struct qualifier *finest)
{
    char word[10];
    (void)snprintf(word, sizeof word, " %s ", ai);
    const char *place = strstr(key->qualifiers, word);
    if (strcmp(ai, "22") == 0)
        return strcmp(key->ai, "01") == 0 || strcmp(key->ai, "8006") == 0;
    if (place == NULL || length == 0 || strspn(value, strcmp(ai, "8011") == 0 ? digit_set : cset) < length)
        return false;
    size_t rank = (size_t)(place - key->qualifiers);
    if (finest->value == NULL || rank < finest->rank)
        *finest = (struct qualifier){NULL, value, length, rank};
    return true;
}

static const char *of_key(struct arena *arena, const struct key *key, const char *value, const char *end)
{
    struct qualifier finest = {.value = NULL};
    char finest_ai[8] = "";
    const char *slash = memchr(value, '/', (size_t)(end - value)), *at = slash == NULL ? end : slash;
    const char *text = key_value(arena, key, value, (size_t)(at - value));

    if (text == NULL || digits_at(value) < 4)
        return NULL;
    while (at < end) {
        const char *name = at + 1, *name_end = memchr(name, '/', (size_t)(end - name));
        char ai[8];
        const char *known = name_end == NULL ? NULL : qualifier_ai(name, (size_t)(name_end - name), ai);
        if (known == NULL)
            return NULL;
        const char *begin = name_end + 1, *next = memchr(begin, '/', (size_t)(end - begin));
        const char *before = finest.value;
        at = next == NULL ? end : next;
        if (!take_qualifier(key, known, begin, (size_t)(at - begin), &finest))
            return NULL;
        if (finest.value != before)
            (void)snprintf(finest_ai, sizeof finest_ai, "%s", known);
    }
    if (finest.value == NULL)
        return arena_format(arena, "%s/%s/%s", stem, key->ai, text);
    return arena_format(arena, "%s/%s/%s/%s/%.*s", stem, key->ai, text, finest_ai, (int)finest.length,
                        finest.value);
}

static const char *of_link(struct arena *arena, const char *text)
{
    const char *domain = strstr(text, "://"), *end = text + strcspn(text, "?");
    const char *slash =
        domain == NULL ? NULL : memchr(domain + 3, '/', (size_t)(end > domain + 3 ? end - domain - 3 : 0));
    while (slash != NULL) {
        const char *begin = slash + 1, *next = memchr(begin, '/', (size_t)(end - begin));
        const struct key *key = next == NULL ? NULL : find_key(begin, (size_t)(next - begin));
        const char *found = key == NULL ? NULL : of_key(arena, key, next + 1, end);
        if (found != NULL)
            return found;
        slash = next;
    }
    return NULL;
}

const char *identifier_canonical(struct arena *arena, const char *text)
{
    static const char urn[] = "urn:epc:";
    const char *found = NULL;
    if (strncmp(text, urn, sizeof urn - 1) == 0)
        found = of_urn(arena, text + sizeof urn - 1);
    else if (strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0)
        found = of_link(arena, text);
    return found == NULL ? text : found;
}

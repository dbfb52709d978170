/* gs1.h: GS1 element strings as scanners read them and people type them: (01)06926347962617(17)280131(21)A7.
 *
 * Raw (variable-length values end with FNC1, 0x1D, with or without a symbology prefix such as ]d2) and
 * bracketed text. Pure: no allocation, no clock; elements are views into the input, time is linear in it.
 * What is accepted is right: known identifiers, their lengths and characters, check digits, existing dates.
 * Nothing is repaired or guessed.
 *
 *     struct gs1_scan scan;
 *     if (gs1_parse(bytes_of(text), 2026, &scan))
 *         gtin = gs1_find(&scan, "01")->value;
 *     else
 *         printf("%s at byte %zu", gs1_error_name(scan.error), scan.error_offset);
 */
#ifndef CODE_GS1_H
#define CODE_GS1_H

#include "base/bytes.h"
#include "base/date.h"

enum { GS1_ELEMENTS_MAX = 64, GS1_INPUT_BYTES_MAX = 8191, GS1_VALUE_CHARACTERS_MAX = 90, GS1_PARTS_MAX = 2 };
enum { GS1_FNC1 = 0x1D };

enum gs1_error {
    GS1_OK = 0,
    GS1_EMPTY,          /* no element at all */
    GS1_INPUT_TOO_LONG, /* more than GS1_INPUT_BYTES_MAX bytes */
    GS1_SYMBOLOGY,      /* a prefix "]xy" that does not announce element strings */
    GS1_UNKNOWN_AI,     /* no application identifier of our table begins here */
    GS1_BRACKET,        /* bracketed text: "(" or ")" is missing */
    GS1_VALUE_TOO_SHORT,
    GS1_VALUE_TOO_LONG,
    GS1_CHARACTER, /* not a digit where digits stand, or outside of CSET 82 */
    GS1_CHECK_DIGIT,
    GS1_DATE,     /* no such day; for some identifiers also day 00 */
    GS1_TIME,     /* no such hour or minute */
    GS1_PIECE,    /* piece of total: neither may be 0, the piece not beyond the total */
    GS1_REPEATED, /* the same identifier twice with different values */
    GS1_EXCLUDED, /* two identifiers that may not stand on one item */
    GS1_TOO_MANY, /* more than GS1_ELEMENTS_MAX elements */
};

/* What a part of a value must satisfy beyond its characters and length. */
enum gs1_lint { GS1_ANY, GS1_CHECKED, GS1_YYMMDD, GS1_YYMMD0, GS1_HHMI, GS1_PIECE_OF_TOTAL };

struct gs1_part {
    char characters; /* 'N' digits, 'X' CSET 82; 0 ends the list */
    unsigned char min, max;
    enum gs1_lint lint;
};

/* One row of the table of application identifiers, in the terms of the GS1 Barcode Syntax Dictionary. */
struct gs1_ai {
    const char *code; /* "01" */
    const char *title;
    bool predefined;      /* its length is known from its first two digits: no FNC1 needed after it */
    const char *excludes; /* identifiers that may not stand beside it, " 02 37 ", or NULL */
    struct gs1_part parts[GS1_PARTS_MAX + 1];
};

struct gs1_element {
    const struct gs1_ai *ai;
    struct bytes value; /* a view into the input; bracketed text may hold "\(" in it, see gs1_value_text */
    size_t offset;      /* of the value in the input */
};

struct gs1_scan {
    struct bytes symbology; /* "]d2"; BYTES_NONE when the input had none */
    struct gs1_element elements[GS1_ELEMENTS_MAX];
    size_t count;
    enum gs1_error error; /* GS1_OK after success */
    size_t error_offset;  /* byte of the input at which ERROR was seen */
};

struct gs1_date {
    date_t date;
    bool day_given; /* false: the label said day 00, and date is the last day of that month */
};

/* Takes INPUT apart. The result lends from INPUT. CURRENT_YEAR decides the century of two-digit years. False:
 * the error and where it is stand in SCAN, whose elements are those before it. */
bool gs1_parse(struct bytes input, int current_year, struct gs1_scan *scan);

/* The element with identifier CODE, or NULL. */
const struct gs1_element *gs1_find(const struct gs1_scan *scan, const char *code);
/* The 14 digits that identify the item: of (01), else of (8006). BYTES_NONE if it has neither. */
struct bytes gs1_item(const struct gs1_scan *scan);
/* The last day on which the item may be used: (17), else the day of (7003). False if it states none. */
bool gs1_expiry(const struct gs1_scan *scan, int current_year, struct gs1_date *date);

/* Six digits YYMMDD with day 00 allowed. The year is the one within 49 years back and 50 ahead of
 * CURRENT_YEAR. */
bool gs1_date_read(struct bytes digits, int current_year, struct gs1_date *date);
/* Copies the value without the escapes of bracketed text and adds a NUL; false if SIZE is too small. */
bool gs1_value_text(const struct gs1_element *element, char *text, size_t size);

/* True if DIGITS (8 to 18 digits and nothing else) end with the right modulo-10 check digit. */
bool gs1_check_digit_ok(struct bytes digits);
/* The row of the identifier that TEXT begins with, or NULL. */
const struct gs1_ai *gs1_ai_find(struct bytes text);
/* "gs1.check_digit". Lends a constant. */
const char *gs1_error_name(enum gs1_error error);

#endif

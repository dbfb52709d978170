/* code.h: takes apart what a scanner or a person gives: GS1, MA, AHM, HIBC, ISBT 128, drug trace codes,
 * national codes of drugs and consumables. One entry point; it says which it is and how sure.
 *
 * Pure: no clock, no locale, no global state; any thread. Time is linear in the input. Nothing is allocated
 * but copies in the caller's arena, and those only where the input had to be decoded or repaired: otherwise
 * all results are views into the input, which must outlive them.
 *
 *     struct code code;
 *     struct code_options options = {.current_year = 2026};
 *     if (code_parse(bytes_of("(01)06926347962617(17)280131"), &options, arena, &code))
 *         use(code.di, code.expires_on);
 *     else
 *         printf("%s at byte %zu: %s", code_error_name(code.error), code.at, code_error_text(code.error));
 */
#ifndef CODE_CODE_H
#define CODE_CODE_H

#include "base/arena.h"
#include "base/bytes.h"

enum { CODE_BYTES_MAX = 4096, CODE_ELEMENTS_MAX = 64, CODE_WARNINGS_MAX = 32, CODE_DATE_TEXT_BYTES = 20 };
enum { CODE_FNC1 = 0x1D };

/* Who issues it. */
enum code_agency {
    CODE_AGENCY_NONE = 0,
    CODE_AGENCY_GS1,
    CODE_AGENCY_MA,      /* ZIIOT, IDcode */
    CODE_AGENCY_AHM,     /* Ali Health, devices */
    CODE_AGENCY_HIBC,    /* ANSI/HIBC 2.6 */
    CODE_AGENCY_ISBT128, /* ICCBBA */
    CODE_AGENCY_DRUG20,  /* 20-digit drug trace code */
    CODE_AGENCY_NHSA,    /* national insurance codes of drugs and consumables */
};

enum code_form {
    CODE_FORM_NONE = 0,
    CODE_FORM_RAW,          /* GS1 element string, FNC1 as 0x1D or "<GS>" */
    CODE_FORM_BRACKETED,    /* (01)...(10)... */
    CODE_FORM_DIGITAL_LINK, /* https://id.gs1.org/01/... */
    CODE_FORM_GTIN,         /* bare GTIN-8, 12, 13, 14 */
    CODE_FORM_PRIMARY,      /* HIBC: what it is */
    CODE_FORM_SECONDARY,    /* HIBC: its lot, serial, dates */
    CODE_FORM_CONCATENATED, /* HIBC: both */
    CODE_FORM_TEXT,
    CODE_FORM_LINK, /* a code behind "=" of some URI */
    CODE_FORM_XML,  /* MA: <UDI IAC="MA"> */
    CODE_FORM_DRUG,
    CODE_FORM_CONSUMABLE,
};

/* strict: as the standard has it. repaired: scanner damage was undone and only one reading remains. guessed:
 * several remain and the likeliest was taken. */
enum code_confidence { CODE_STRICT = 0, CODE_REPAIRED, CODE_GUESSED };

/* What was repaired: a set of bits. */
enum code_repair {
    CODE_REPAIR_SPACES = 1 << 0,             /* blanks and line ends that do not belong to it */
    CODE_REPAIR_CASE = 1 << 1,               /* upper and lower case */
    CODE_REPAIR_KEYBOARD = 1 << 2,           /* typed by the scanner on another keyboard layout */
    CODE_REPAIR_FULL_WIDTH = 1 << 3,         /* full-width characters of an input method */
    CODE_REPAIR_SEPARATOR_LOST = 1 << 4,     /* FNC1 is missing between two values */
    CODE_REPAIR_SEPARATOR_REPLACED = 1 << 5, /* another character stands for FNC1 */
    CODE_REPAIR_SYMBOLOGY = 1 << 6,          /* the prefix does not announce what follows */
};
enum { CODE_REPAIRS = 7 };

enum code_error {
    CODE_OK = 0,
    CODE_EMPTY,
    CODE_TOO_LONG,    /* more than CODE_BYTES_MAX */
    CODE_UNKNOWN,     /* no code that we know */
    CODE_SYMBOLOGY,   /* a prefix "]xy" that is not known */
    CODE_ARENA_FULL,  /* the caller's arena */
    CODE_TOO_MANY,    /* more than CODE_ELEMENTS_MAX elements */
    CODE_UNKNOWN_AI,  /* no application identifier begins here */
    CODE_BRACKET,     /* "(" or ")" is missing */
    CODE_VALUE_SHORT, /* also: empty */
    CODE_VALUE_LONG,
    CODE_CHARACTER,       /* outside of the character set of the value */
    CODE_PADDING,         /* base64url: pad characters */
    CODE_CHECK_DIGIT,     /* modulo 10 */
    CODE_CHECK_PAIR,      /* modulo 1021 */
    CODE_CHECK_CHARACTER, /* HIBC, modulo 43 */
    CODE_PREFIX,          /* no company prefix where one must stand */
    CODE_DATE,
    CODE_TIME,
    CODE_COUNTRY,
    CODE_CURRENCY,
    CODE_IBAN,
    CODE_COUPON,
    CODE_PIECE,          /* piece of total */
    CODE_SEQUENCE,       /* position "1/3" */
    CODE_POSITION,       /* latitude, longitude */
    CODE_VALUE,          /* another value than the few that are allowed */
    CODE_PERCENT,        /* percent-encoding within a value */
    CODE_REPEATED,       /* one identifier, two values */
    CODE_EXCLUDED,       /* two identifiers that may not stand together */
    CODE_LINK,           /* not a URI, or no domain or path in it */
    CODE_LINK_KEY,       /* no identification key in the path */
    CODE_LINK_PATH,      /* qualifiers not in their order */
    CODE_LINK_ATTRIBUTE, /* an identifier in the query that may not stand there */
    CODE_LINK_SHORT_GTIN,
    CODE_LINK_WORD, /* word keys such as /gtin/ */
    CODE_LINK_COMPRESSED,
    CODE_STRUCTURE,     /* MA, AHM, HIBC, ISBT 128: not built as the agency says */
    CODE_NO_LINK,       /* canonical: cannot be said as a Digital Link URI */
    CODE_NO_URN,        /* canonical: no EPC scheme for it */
    CODE_PREFIX_LENGTH, /* canonical: the length of the company prefix is not known */
    CODE_ERRORS,
};

enum code_precision {
    CODE_NO_DATE = 0,
    CODE_MONTH, /* the label said day 00 */
    CODE_DAY,
    CODE_HOUR,
    CODE_MINUTE,
};

/* A date as printed. With CODE_MONTH the day is 0, and means the last one of the month. */
struct code_date {
    int16_t year;
    uint8_t month, day, hour, minute;
    uint8_t precision; /* enum code_precision */
};

enum code_warning_kind {
    CODE_COMPANION_MISSING = 0,  /* AI stands without what it requires */
    CODE_SIGNATURE_UNSERIALISED, /* (8030) with a key that has no serial component */
    CODE_SEPARATOR_DOUBTFUL,     /* no FNC1 at all, and the last value could be two */
    CODE_CHECK_DOUBTFUL,         /* MA: the published algorithms disagree, so a mismatch refuses nothing */
    CODE_AMBIGUOUS,              /* could also be a code of another agency */
};

struct code_warning {
    enum code_warning_kind kind;
    const char *ai;      /* or NULL */
    const char *missing; /* what it requires, in the words of the dictionary, or NULL */
};

struct code_element {
    const char *ai; /* "01"; of other agencies their own tag, such as "L" */
    struct bytes value;
    uint16_t at;  /* byte of the input (of the repaired text) at which the value begins */
    uint16_t row; /* GS1: row of the table, see gs1.h */
};

struct code {
    enum code_error error; /* CODE_OK after success */
    size_t at;             /* byte of the input at which the error was seen */
    enum code_agency agency;
    enum code_form form;
    enum code_confidence confidence;
    unsigned repairs;             /* bits of enum code_repair */
    struct bytes symbology;       /* "]d2", or BYTES_NONE */
    struct bytes di, lot, serial; /* BYTES_NONE: not said */
    struct code_date made_on, expires_on;
    int64_t quantity; /* -1: not said */
    size_t element_count, warning_count;
    struct code_element elements[CODE_ELEMENTS_MAX];
    struct code_warning warnings[CODE_WARNINGS_MAX];
};

struct code_options {
    int current_year; /* decides the century of two-digit years [GenSpecs 7.12]; must be given */
    bool strict;      /* repair and guess nothing */
};

/* Takes INPUT apart. Elements lend from INPUT or from ARENA. False: why and where stand in CODE. The arena
 * may be NULL with options->strict, if a Digital Link, "<GS>" or an escaped bracket may then be refused as
 * CODE_ARENA_FULL. */
bool code_parse(struct bytes input, const struct code_options *options, struct arena *arena,
                struct code *code);

/* The element with identifier AI, or NULL. */
const struct code_element *code_find(const struct code *code, const char *ai);

/* GS1: the number behind a value with implied decimals such as (3103)001750 -> "1.750" or (3922)1299 ->
 * "12.99", with the digits before it (currency) left out. False if ELEMENT has none or SIZE is too small. */
bool code_decimal(const struct code_element *element, char *text, size_t size);

/* "2028-01", "2028-01-31", "2028-01-31T10", "2028-01-31T10:30"; "" for none. Returns TEXT. */
const char *code_date_text(const struct code_date *date, char text[CODE_DATE_TEXT_BYTES]);

/* "gs1", "raw", "strict", "separator_lost", "month", "code.check_digit", and a sentence. Lend constants; NULL
 * for CODE_NO_DATE and values outside of the enum. */
const char *code_agency_name(enum code_agency agency);
const char *code_form_name(enum code_form form);
const char *code_confidence_name(enum code_confidence confidence);
const char *code_repair_name(unsigned bit);
const char *code_precision_name(enum code_precision precision);
const char *code_error_name(enum code_error error);
const char *code_error_text(enum code_error error);
const char *code_error_text_zh(enum code_error error);
const char *code_warning_name(enum code_warning_kind kind);

/* Appends the one-line JSON object that `medhub code parse` prints, without a line end. */
void code_json(const struct code *code, struct buffer *buffer);

/* Appends the canonical GS1 Digital Link URI [GS1 Digital Link: URI Syntax, 4.12]: key, its qualifiers in the
 * order of the dictionary, then the other identifiers as query in lexical order. False, with the error in
 * CODE and nothing appended: CODE_NO_LINK, if some identifier has no place in a link. */
bool code_canonical(struct code *code, struct buffer *buffer);

/* How long a company prefix is that begins with PREFIX. */
struct code_prefix {
    char digits[13];
    uint8_t length; /* of the whole company prefix; 0: not in use */
};
struct code_prefixes {
    const struct code_prefix *rows; /* sorted by digits; NULL: the shipped ones, see code_prefixes_shipped */
    size_t count;
    unsigned length; /* not 0: this for all */
};
/* China's: 690-691 seven digits, 692-696 eight, 697 nine [GB 12904]. */
extern const struct code_prefixes code_prefixes_shipped;

/* Appends the EPC URN [EPC Tag Data Standard 6.3], the finest one that the identifiers give: of an instance,
 * else of a lot, else of all items of a kind. False, with the error in CODE and nothing appended:
 * CODE_NO_URN, CODE_PREFIX_LENGTH. */
bool code_urn(struct code *code, const struct code_prefixes *prefixes, struct buffer *buffer);

/* True if DIGITS (1 to 18 digits and nothing else) end with the right modulo-10 check digit [GenSpecs 7.9.1].
 */
bool code_check_digit_ok(struct bytes digits);

/* "2026-01-27": the GS1 Barcode Syntax Dictionary that the tables were made from. */
extern const char code_dictionary_release[];

#endif

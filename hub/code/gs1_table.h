/* gs1_table.h: the GS1 Barcode Syntax Dictionary as tables. tables/generate.py makes them at build time from
 * tables/gs1-syntax-dictionary.txt and tables/lists.txt. Only hub/code includes this. */
#ifndef CODE_GS1_TABLE_H
#define CODE_GS1_TABLE_H

#include "base/bytes.h"

/* The value rules ("linters") of the dictionary, by their names there. */
enum gs1_rule {
    GS1_RULE_END = 0,
    GS1_RULE_CSUM,
    GS1_RULE_CSUMALPHA,
    GS1_RULE_GCPPOS1,
    GS1_RULE_GCPPOS2,
    GS1_RULE_YYMMDD,
    GS1_RULE_YYMMD0,
    GS1_RULE_YYYYMMDD,
    GS1_RULE_YYYYMMD0,
    GS1_RULE_HHMI,
    GS1_RULE_HH,
    GS1_RULE_MI,
    GS1_RULE_SS,
    GS1_RULE_ISO3166,
    GS1_RULE_ISO3166999,
    GS1_RULE_ISO3166ALPHA2,
    GS1_RULE_ISO4217,
    GS1_RULE_ISO5218,
    GS1_RULE_IBAN,
    GS1_RULE_COUPONCODE,
    GS1_RULE_COUPONPOSOFFER,
    GS1_RULE_PIECEOFTOTAL,
    GS1_RULE_POSINSEQSLASH,
    GS1_RULE_LATITUDE,
    GS1_RULE_LONGITUDE,
    GS1_RULE_MEDIATYPE,
    GS1_RULE_PACKAGETYPE,
    GS1_RULE_IMPORTERIDX,
    GS1_RULE_HASNONDIGIT,
    GS1_RULE_NONZERO,
    GS1_RULE_NOZEROPREFIX,
    GS1_RULE_ZERO,
    GS1_RULE_HYPHEN,
    GS1_RULE_PCENC,
    GS1_RULE_WINDING,
    GS1_RULE_YESNO,
};

enum { GS1_RULES_MAX = 3 };

struct gs1_part {
    uint8_t characters; /* bit of gs1_characters */
    uint8_t min, max;
    bool optional;
    uint8_t rules[GS1_RULES_MAX + 1]; /* ends with GS1_RULE_END */
};

/* Rows FIRST..LAST: "310n" is a range of rows, "01" one row. */
struct gs1_range {
    uint16_t first, last;
};

/* One step of a requirement: the range must be there. LAST_OF_GROUP ends "01+21"; LAST_OF_ALL ends the
 * alternatives. */
struct gs1_need {
    struct gs1_range range;
    bool last_of_group, last_of_all;
    uint16_t text; /* with last_of_all: the requirement in words, gs1_need_texts */
};

struct gs1_row {
    char ai[5];
    uint8_t ai_length;
    bool predefined; /* "*": no FNC1 needed after it */
    bool attribute;  /* "?": may stand in the query of a link */
    bool key;        /* dlpkey */
    bool checked;    /* has a rule that a damaged value is unlikely to satisfy: check digit, date */
    bool numeric;    /* digits only */
    uint8_t part_count;
    uint8_t min, max; /* of the whole value */
    uint8_t exclude_count, need_count;
    uint16_t parts, excludes, needs; /* first of its parts, ranges, steps */
    uint16_t qualifiers;             /* first of its alternatives in gs1_qualifiers; GS1_NONE: none */
    const char *title;
};

/* Where rows of a two-digit prefix are: AI_LENGTH 0 none, 2 BASE is the row, 3 and 4 gs1_index[BASE + further
 * digits]. */
struct gs1_prefix {
    uint8_t ai_length;
    uint16_t base;
};

enum { GS1_NONE = 0xFFFF, GS1_DIGIT = 1, GS1_CSET82 = 2, GS1_CSET39 = 4, GS1_CSET64 = 8 };

extern const struct gs1_row gs1_rows[];
extern const struct gs1_part gs1_parts[];
extern const struct gs1_range gs1_excludes[];
extern const struct gs1_need gs1_needs[];
extern const char *const gs1_need_texts[];
extern const uint16_t gs1_qualifiers[]; /* rows; GS1_NONE after each alternative, twice after the last */
extern const struct gs1_prefix gs1_prefixes[100];
extern const uint16_t gs1_index[];
extern const uint8_t gs1_characters[256];    /* bits of the sets that a byte belongs to */
extern const uint8_t gs1_cset82_values[256]; /* place in CSET 82 */

extern const uint64_t gs1_country[], gs1_currency[], gs1_country_letters[], gs1_media[], gs1_package[];

#endif

/* structured.h: Structured Field Values for HTTP (RFC 9651, which takes the place of RFC 8941), as much as signatures and
 * digests need: dictionaries, inner lists, parameters; values are integers, strings, tokens, byte sequences and booleans.
 * Decimals, dates and display strings are refused by name. Nothing is repaired: what the grammar does not allow is refused,
 * with one exception that the RFC itself makes: the later of two equal keys takes the place of the earlier one.
 *
 * Pure, any thread. Texts of values lie in the field that was read or, where it had escapes, in the arena. */
#ifndef SIGNATURE_STRUCTURED_H
#define SIGNATURE_STRUCTURED_H

#include "base/arena.h"
#include "base/fault.h"

enum structured_kind {
    STRUCTURED_BOOLEAN,
    STRUCTURED_INTEGER, /* at most 15 digits */
    STRUCTURED_STRING,  /* printable ASCII */
    STRUCTURED_TOKEN,
    STRUCTURED_BYTES, /* ":BASE64:", padded, unused bits zero */
    STRUCTURED_INNER_LIST,
};

struct structured_value {
    enum structured_kind kind;
    bool boolean;
    int64_t integer;
    struct bytes text; /* of a string without quotes, of a token, or the bytes themselves */
};

struct structured_parameter {
    struct bytes key;
    struct structured_value value;
};

struct structured_item {
    struct structured_value value;
    struct structured_parameter *parameters; /* in order */
    size_t parameter_count;
};

struct structured_member {
    struct bytes key;
    struct structured_item item; /* kind STRUCTURED_INNER_LIST: items below, its parameters here */
    struct structured_item *items;
    size_t item_count;
};

struct structured_dictionary {
    struct structured_member *members; /* in order */
    size_t member_count;
};

/* Most members of a dictionary, items of a list and parameters of an item: more are refused. */
enum { STRUCTURED_COUNT_MAX = 64 };

/* REJECT "structured.syntax": not a dictionary of the kinds above; the text tells where. REJECT "structured.too_large": the
 * arena is full or a list too long. An empty FIELD is an empty dictionary. */
enum status structured_parse_dictionary(struct bytes field, struct arena *arena,
                                        struct structured_dictionary *dictionary, struct fault *fault) MUST_CHECK;

/* NULL if there is none. */
const struct structured_member *structured_find(const struct structured_dictionary *dictionary, const char *key);
const struct structured_value *structured_parameter(const struct structured_item *item, const char *key);

/* Appends the one serialisation that a value has (RFC 9651 section 4.1). */
void structured_write_item(const struct structured_item *item, struct buffer *out);
void structured_write_inner_list(const struct structured_member *member, struct buffer *out);
/* False if TEXT cannot be a String: only printable ASCII can. */
bool structured_is_string(struct bytes text);

#endif

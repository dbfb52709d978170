/* json_text.h: JSON taken apart where it lies, without making a tree of it: what the hub writes, 200,000 rows of it in a snapshot.
 *
 * Only the plain form: UTF-8, no white space between tokens, no escapes in names, and in texts those that RFC 8785 (JSON
 * Canonicalization Scheme) writes, whole numbers of at most 18 digits, no name twice, bounded in depth and width. Of anything else
 * these functions say false, which is no error: whoever calls reads it with a parser. */
#ifndef BASE_JSON_TEXT_H
#define BASE_JSON_TEXT_H

#include "base/bytes.h"

enum { JSON_TEXT_MEMBERS_MAX = 64, JSON_TEXT_DEPTH_MAX = 8 };

struct json_member {
    struct bytes name;
    struct bytes value; /* as it stands there, a text with its quotes */
};
struct json_members {
    struct json_member items[JSON_TEXT_MEMBERS_MAX];
    size_t count;
};
/* The members of OBJECT in their order; views into it. False: not of the plain form. */
bool json_text_members(struct bytes object, struct json_members *members);

/* What a member's text says, without the quotes. False: it is no text, or one with escapes. */
bool json_text_string(struct bytes value, struct bytes *text);

/* Appends OBJECT with the members of all objects in it ordered by name: its canonical form as in RFC 8785. False: not of the plain form; what was appended is then of no use. */
bool json_text_sorted(struct bytes object, struct buffer *out);

#endif

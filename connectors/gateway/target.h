/* target.h: the request target (RFC 9112 origin-form) taken apart: outside bytes. Any thread. */
#ifndef GATEWAY_TARGET_H
#define GATEWAY_TARGET_H

#include "base/arena.h"

/* TEXT percent-decoded (RFC 3986; "+" stays "+") with a NUL behind it, in the arena. NULL: a bad encoding, a NUL or a
 * control character inside, not UTF-8, or the arena is full. */
const char *target_decode(struct bytes text, struct arena *arena);
/* The path and, without its "?", the query (BYTES_NONE if there is none) of TARGET. */
void target_split(const char *target, struct bytes *path, struct bytes *query);
/* The next "/" part of PATH, which shrinks; false at its end. An empty part is a part. */
bool target_next_part(struct bytes *path, struct bytes *part);

enum target_found { TARGET_ABSENT, TARGET_VALUE, TARGET_MALFORMED };
/* The value of NAME in QUERY. MALFORMED: see target_decode, or NAME twice. */
enum target_found target_query(struct bytes query, const char *name, struct arena *arena, const char **value);
/* Calls EACH with the undecoded name of every part of QUERY until it returns false. */
void target_each_name(struct bytes query, bool (*each)(struct bytes name, void *context), void *context);
/* Appends TEXT so that target_decode gives it back: letters, digits and -._~@ stay. */
void target_append_encoded(struct buffer *out, const char *text);

#endif

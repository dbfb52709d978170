/* text.h: small conversions between text and values that several folders need. Strict: what is not exactly
 * the form is refused, nothing is trimmed. No locale, any thread. */
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/arena.h"

/* Optional "-", then digits (leading zeros are fine). False if it is anything else or out of range. */
bool text_parse_i64(struct bytes text, int64_t *value);

/* Lower-case hexadecimal. NULL when the arena is full. */
char *text_hex(struct arena *arena, struct bytes bytes);

/* Characters of the base64 of COUNT bytes, without the NUL; and the most bytes that COUNT characters decode
 * to. */
#define TEXT_BASE64_LENGTH(count)    (((count) + 2) / 3 * 4)
#define TEXT_BASE64_BYTES_MAX(count) ((count) / 4 * 3)

/* RFC 4648 section 4 with padding and a NUL into TEXT of CAPACITY bytes. Returns the length without the NUL;
 * if it does not fit, 0 and TEXT is "" (when there is room for that). */
size_t text_base64_encode(struct bytes bytes, char *text, size_t capacity);
/* The reverse: padded, no white space, unused bits zero (one text for each content). False if it is anything
 * else or longer than CAPACITY; *LENGTH is then untouched. */
bool text_base64_decode(struct bytes text, uint8_t *data, size_t capacity, size_t *length);

/* True for a resident identity number: 17 digits and the right check character of GB 11643 (X in either case). */
bool text_is_identity_number(struct bytes text);

#endif

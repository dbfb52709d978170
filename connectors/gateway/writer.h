/* writer.h: JSON written by hand into a buffer: members with their commas. Texts are UTF-8. */
#ifndef GATEWAY_WRITER_H
#define GATEWAY_WRITER_H

#include "base/bytes.h"

void write_begin(struct buffer *out, char bracket); /* { or [, with a comma where one is due */
void write_end(struct buffer *out, char bracket);
void write_name(struct buffer *out, const char *name); /* of the member whose value follows */
void write_text(struct buffer *out, const char *name, const char *text); /* NULL: left out */
void write_text_if(struct buffer *out, const char *name, const char *text); /* NULL and "" are left out */
void write_integer(struct buffer *out, const char *name, int64_t value);
void write_unsigned(struct buffer *out, const char *name, uint64_t value); /* as a string: may exceed 2^53 */
void write_bool(struct buffer *out, const char *name, bool value);
void write_moment(struct buffer *out, const char *name, int64_t unix_ms); /* 0: left out */

#endif

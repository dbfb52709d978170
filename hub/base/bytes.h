/* bytes.h: a view of bytes that somebody else owns. Passed by value; never NUL-terminated by promise. */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
    const uint8_t *data; /* NULL means absent; length is then 0 */
    size_t length;
};

#define BYTES_NONE ((struct bytes){NULL, 0})

/* Views the characters of TEXT without the NUL; NULL gives BYTES_NONE. */
static inline struct bytes bytes_of(const char *text)
{
    return (struct bytes){(const uint8_t *)text, text == NULL ? 0 : strlen(text)};
}

static inline struct bytes bytes_from(const void *data, size_t length)
{
    return (struct bytes){data, length};
}

static inline bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

static inline bool bytes_equal_text(struct bytes a, const char *text)
{
    return bytes_equal(a, bytes_of(text));
}

static inline bool bytes_start_with(struct bytes a, struct bytes prefix)
{
    return a.length >= prefix.length &&
           (prefix.length == 0 || memcmp(a.data, prefix.data, prefix.length) == 0);
}

/* Order of memcmp, a shorter prefix first. <0, 0, >0. */
int bytes_compare(struct bytes a, struct bytes b);

/* True if A is well-formed UTF-8 (no surrogates, no overlong forms, at most U+10FFFF). */
bool bytes_is_utf8(struct bytes a);
/* Bytes of the first character of A (1..4); 0 if A is empty or does not begin with a well-formed one. */
size_t bytes_utf8_step(struct bytes a);
/* How much of A to keep for at most BYTES_MAX bytes without splitting a character. */
size_t bytes_utf8_cut(struct bytes a, size_t bytes_max);

/* A buffer that grows up to a limit fixed at init; partner data is untrusted. On the first append that does
 * not fit (or when memory is out) it becomes failed and stays so: append freely, check once with buffer_ok().
 * What is appended must not lie in the buffer itself. */
struct buffer {
    uint8_t *data;
    size_t length;
    size_t capacity;
    size_t limit;
    bool failed;
};

/* Takes no memory yet; never grows beyond LIMIT_BYTES. */
void buffer_init(struct buffer *buffer, size_t limit_bytes);
void buffer_done(struct buffer *buffer);  /* frees; usable again after buffer_init */
void buffer_clear(struct buffer *buffer); /* length 0, not failed, memory kept */
void buffer_append(struct buffer *buffer, const void *data, size_t length);
void buffer_append_text(struct buffer *buffer, const char *text);
void buffer_append_bytes(struct buffer *buffer, struct bytes bytes);
void buffer_append_byte(struct buffer *buffer, uint8_t byte);
void buffer_append_format(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static inline bool buffer_ok(const struct buffer *buffer)
{
    return !buffer->failed;
}
/* Lends the content until the next append. */
static inline struct bytes buffer_bytes(const struct buffer *buffer)
{
    return (struct bytes){buffer->data, buffer->length};
}
/* NUL-terminates (not counted in length) and lends the text; "" when empty or failed. */
const char *buffer_text(struct buffer *buffer);

#endif

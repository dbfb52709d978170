#include "base/bytes.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

int bytes_compare(struct bytes a, struct bytes b)
{
    size_t common = a.length < b.length ? a.length : b.length;
    int order = common == 0 ? 0 : memcmp(a.data, b.data, common);

    return order != 0 ? order : (a.length > b.length) - (a.length < b.length);
}

static uint64_t word_at(const uint8_t *data)
{
    uint64_t word;

    memcpy(&word, data, sizeof word);
    return word;
}

/* Most of what we see: eight bytes at a time, the last ones overlapping those before. */
static bool is_ascii(struct bytes a)
{
    uint64_t seen = 0;

    if (a.length < sizeof seen) {
        for (size_t at = 0; at < a.length; at++)
            seen |= a.data[at];
    } else {
        for (size_t at = 0; at + sizeof seen < a.length; at += sizeof seen)
            seen |= word_at(a.data + at);
        seen |= word_at(a.data + a.length - sizeof seen);
    }
    return (seen & UINT64_C(0x8080808080808080)) == 0;
}

static bool is_continuation(uint8_t byte)
{
    return (byte & 0xc0) == 0x80;
}

/* The Unicode standard's table 3-7: after these first bytes the second byte has a narrower range, which keeps
 * out overlong forms (e0, f0), surrogates (ed) and what lies above U+10FFFF (f4). */
static bool second_byte_fits(uint8_t first, uint8_t second)
{
    switch (first) {
    case 0xe0:
        return second >= 0xa0 && second <= 0xbf;
    case 0xed:
        return second >= 0x80 && second <= 0x9f;
    case 0xf0:
        return second >= 0x90 && second <= 0xbf;
    case 0xf4:
        return second >= 0x80 && second <= 0x8f;
    default:
        return is_continuation(second);
    }
}

static size_t length_from_first_byte(uint8_t first)
{
    if (first < 0x80)
        return 1;
    if (first >= 0xc2 && first <= 0xdf)
        return 2;
    if (first >= 0xe0 && first <= 0xef)
        return 3;
    return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

size_t bytes_utf8_step(struct bytes a)
{
    size_t length = a.length == 0 ? 0 : length_from_first_byte(a.data[0]);

    if (length == 0 || length > a.length)
        return 0;
    if (length > 1 && !second_byte_fits(a.data[0], a.data[1]))
        return 0;
    for (size_t i = 2; i < length; i++) {
        if (!is_continuation(a.data[i]))
            return 0;
    }
    return length;
}

/* Most of what is not ASCII here: three bytes of a Chinese character, of those whose second byte has no narrower range. */
static bool is_plain_three(const uint8_t *data)
{
    return (data[0] & 0xf0) == 0xe0 && data[0] != 0xe0 && data[0] != 0xed && is_continuation(data[1]) &&
           is_continuation(data[2]);
}

bool bytes_is_utf8(struct bytes a)
{
    if (is_ascii(a))
        return true;
    for (size_t at = 0; at < a.length;) {
        if (a.length - at >= 3 && is_plain_three(a.data + at)) {
            at += 3;
            continue;
        }
        if (a.length - at >= sizeof(uint64_t) && (word_at(a.data + at) & UINT64_C(0x8080808080808080)) == 0) {
            at += sizeof(uint64_t);
            continue;
        }
        if (a.data[at] < 0x80) {
            at++;
            continue;
        }
        size_t step = bytes_utf8_step(bytes_from(a.data + at, a.length - at));
        if (step == 0)
            return false;
        at += step;
    }
    return true;
}

size_t bytes_utf8_cut(struct bytes a, size_t bytes_max)
{
    if (a.length <= bytes_max)
        return a.length;
    /* Only a character that spans the limit is shortened by its head; ill-formed bytes are cut where they
     * are. */
    for (size_t back = 1; back <= 3 && back <= bytes_max; back++) {
        size_t start = bytes_max - back;
        if (is_continuation(a.data[start]))
            continue;
        return bytes_utf8_step(bytes_from(a.data + start, a.length - start)) > back ? start : bytes_max;
    }
    return bytes_max;
}

void buffer_init(struct buffer *buffer, size_t limit_bytes)
{
    *buffer = (struct buffer){.limit = limit_bytes};
}

void buffer_done(struct buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct buffer){.limit = buffer->limit};
}

void buffer_clear(struct buffer *buffer)
{
    buffer->length = 0;
    buffer->failed = false;
}

/* Twice what it was, so that N appends copy O(N) bytes, but not above the limit. One byte is kept for the
 * NUL. */
static size_t next_capacity(const struct buffer *buffer, size_t length)
{
    enum { FIRST_BYTES = 64 };
    size_t capacity = buffer->capacity == 0 ? FIRST_BYTES : buffer->capacity;

    while (capacity <= length && capacity <= SIZE_MAX / 2)
        capacity *= 2;
    if (capacity <= length || capacity > buffer->limit)
        capacity = buffer->limit;
    return capacity <= length ? length + 1 : capacity;
}

/* Makes room for MORE bytes and a NUL, or marks the buffer failed. */
static bool reserve(struct buffer *buffer, size_t more)
{
    if (buffer->failed)
        return false;
    if (more > buffer->limit - buffer->length || buffer->length + more == SIZE_MAX) {
        buffer->failed = true;
        return false;
    }
    if (buffer->length + more < buffer->capacity)
        return true;

    size_t capacity = next_capacity(buffer, buffer->length + more);
    uint8_t *data = realloc(buffer->data, capacity);
    if (data == NULL) {
        buffer->failed = true;
        return false;
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

void buffer_append(struct buffer *buffer, const void *data, size_t length)
{
    if (length == 0 || !reserve(buffer, length))
        return;
    memcpy(buffer->data + buffer->length, data, length);
    buffer->length += length;
}

void buffer_append_text(struct buffer *buffer, const char *text)
{
    buffer_append(buffer, text, strlen(text));
}

void buffer_append_bytes(struct buffer *buffer, struct bytes bytes)
{
    buffer_append(buffer, bytes.data, bytes.length);
}

void buffer_append_byte(struct buffer *buffer, uint8_t byte)
{
    if (!reserve(buffer, 1))
        return;
    buffer->data[buffer->length++] = byte;
}

void buffer_append_format(struct buffer *buffer, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);

    if (length < 0) {
        buffer->failed = true;
        return;
    }
    if (length == 0 || !reserve(buffer, (size_t)length))
        return;
    va_start(arguments, format);
    vsnprintf((char *)buffer->data + buffer->length, (size_t)length + 1, format, arguments);
    va_end(arguments);
    buffer->length += (size_t)length;
}

const char *buffer_text(struct buffer *buffer)
{
    if (buffer->failed || buffer->length == 0)
        return "";
    assert(buffer->length < buffer->capacity);
    buffer->data[buffer->length] = '\0';
    return (const char *)buffer->data;
}

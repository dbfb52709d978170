#include "gateway/target.h"

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The byte at *AT, which moves behind it; -1 if it must not be. */
static int decoded_byte(struct bytes text, size_t *at)
{
    int byte = text.data[*at];

    if (byte == '%') {
        if (*at + 2 >= text.length || hex_digit(text.data[*at + 1]) < 0 || hex_digit(text.data[*at + 2]) < 0)
            return -1;
        byte = hex_digit(text.data[*at + 1]) * 16 + hex_digit(text.data[*at + 2]);
        *at += 2;
    }
    *at += 1;
    return byte < 0x20 || byte == 0x7F ? -1 : byte;
}

const char *target_decode(struct bytes text, struct arena *arena)
{
    uint8_t *out = arena_take(arena, text.length + 1);
    size_t length = 0, at = 0;

    if (out == NULL)
        return NULL;
    while (at < text.length) {
        int byte = decoded_byte(text, &at);
        if (byte < 0)
            return NULL;
        out[length++] = (uint8_t)byte;
    }
    out[length] = '\0';
    return bytes_is_utf8(bytes_from(out, length)) ? (const char *)out : NULL;
}

void target_split(const char *target, struct bytes *path, struct bytes *query)
{
    const char *mark = strchr(target, '?');

    *path = mark == NULL ? bytes_of(target) : bytes_from(target, (size_t)(mark - target));
    *query = mark == NULL ? BYTES_NONE : bytes_of(mark + 1);
}

bool target_next_part(struct bytes *path, struct bytes *part)
{
    if (path->length == 0 || path->data[0] != '/')
        return false;
    const uint8_t *begin = path->data + 1;
    size_t left = path->length - 1;
    const uint8_t *end = left == 0 ? NULL : memchr(begin, '/', left);
    size_t length = end == NULL ? left : (size_t)(end - begin);

    *part = bytes_from(begin, length);
    *path = bytes_from(begin + length, left - length);
    return true;
}

/* The next "name=value" of QUERY, which shrinks. */
static bool next_pair(struct bytes *query, struct bytes *name, struct bytes *value)
{
    if (query->length == 0)
        return false;
    const uint8_t *end = memchr(query->data, '&', query->length);
    size_t length = end == NULL ? query->length : (size_t)(end - query->data);
    const uint8_t *equals = length == 0 ? NULL : memchr(query->data, '=', length);
    size_t name_length = equals == NULL ? length : (size_t)(equals - query->data);

    *name = bytes_from(query->data, name_length);
    *value = equals == NULL ? bytes_from(query->data + length, 0) : bytes_from(equals + 1, length - name_length - 1);
    size_t step = end == NULL ? length : length + 1;
    *query = bytes_from(query->data + step, query->length - step);
    return true;
}

enum target_found target_query(struct bytes query, const char *name, struct arena *arena, const char **value)
{
    struct bytes own_name, own_value, found = BYTES_NONE;
    bool seen = false;

    *value = NULL;
    while (next_pair(&query, &own_name, &own_value)) {
        if (!bytes_equal_text(own_name, name))
            continue;
        if (seen)
            return TARGET_MALFORMED;
        seen = true;
        found = own_value;
    }
    if (!seen)
        return TARGET_ABSENT;
    *value = target_decode(found, arena);
    return *value == NULL ? TARGET_MALFORMED : TARGET_VALUE;
}

void target_each_name(struct bytes query, bool (*each)(struct bytes name, void *context), void *context)
{
    struct bytes name, value;

    while (next_pair(&query, &name, &value))
        if (name.length > 0 && !each(name, context))
            return;
}

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' ||
           c == '~' || c == '@';
}

void target_append_encoded(struct buffer *out, const char *text)
{
    while (*text != '\0') {
        size_t run = 0;
        while (is_plain(text[run]))
            run++;
        buffer_append(out, text, run);
        text += run;
        if (*text != '\0')
            buffer_append_format(out, "%%%02X", (uint8_t)*text++);
    }
}

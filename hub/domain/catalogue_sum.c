#include "domain/catalogue_sum.h"

#include "signature/digest.h"

#include <stdio.h>

static void append_line(struct buffer *line, const char *text)
{
    buffer_append_text(line, text);
    buffer_append_byte(line, '\n');
}

/* The code may hold further slashes. */
static void append_key(struct buffer *line, const char *key)
{
    const char *slash = strchr(key, '/');

    if (slash != NULL)
        buffer_append(line, key, (size_t)(slash - key));
    buffer_append_byte(line, '\n');
    append_line(line, slash == NULL ? key : slash + 1);
}

static void append_row(struct buffer *line, const struct catalogue_sum_row *row)
{
    char day[DATE_TEXT_BYTES];

    append_key(line, row->key);
    append_line(line, row->region);
    append_line(line, date_format(row->valid_from, day));
    append_line(line, date_format(row->valid_until, day));
    buffer_append_bytes(line, row->item);
    buffer_append_format(line, "\n%llu", (unsigned long long)row->version);
}

bool catalogue_sum_add(struct catalogue_sum *sum, const struct catalogue_sum_row *row, struct buffer *line)
{
    uint8_t hash[DIGEST_BYTES_MAX];
    unsigned carry = 0;

    buffer_clear(line);
    append_row(line, row);
    if (!buffer_ok(line) || digest_of(DIGEST_SHA_256, buffer_bytes(line), hash) != CATALOGUE_SUM_BYTES)
        return false;
    for (size_t i = CATALOGUE_SUM_BYTES; i-- > 0; carry >>= 8) {
        carry += (unsigned)sum->bytes[i] + hash[i];
        sum->bytes[i] = (uint8_t)carry;
    }
    sum->rows++;
    return true;
}

const char *catalogue_sum_text(const struct catalogue_sum *sum, char text[CATALOGUE_SUM_TEXT_BYTES])
{
    for (size_t i = 0; i < CATALOGUE_SUM_BYTES; i++)
        (void)snprintf(text + 2 * i, 3, "%02x", sum->bytes[i]);
    return text;
}

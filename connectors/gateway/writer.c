#include "gateway/writer.h"

#include "base/date.h"
#include "event/json.h"

#include <inttypes.h>

static void comma(struct buffer *out)
{
    uint8_t last = out->length == 0 ? '{' : out->data[out->length - 1];

    if (last != '{' && last != '[' && last != ':')
        buffer_append_byte(out, ',');
}

void write_begin(struct buffer *out, char bracket)
{
    if (out->length > 0)
        comma(out);
    buffer_append_byte(out, (uint8_t)bracket);
}

void write_end(struct buffer *out, char bracket)
{
    buffer_append_byte(out, (uint8_t)bracket);
}

void write_name(struct buffer *out, const char *name)
{
    comma(out);
    buffer_append_byte(out, '"');
    buffer_append_text(out, name);
    buffer_append_text(out, "\":");
}

void write_text(struct buffer *out, const char *name, const char *text)
{
    if (text == NULL)
        return;
    write_name(out, name);
    json_append_text(out, bytes_of(text));
}

void write_text_if(struct buffer *out, const char *name, const char *text)
{
    if (text != NULL && text[0] != '\0')
        write_text(out, name, text);
}

void write_integer(struct buffer *out, const char *name, int64_t value)
{
    write_name(out, name);
    buffer_append_format(out, "%" PRId64, value);
}

void write_unsigned(struct buffer *out, const char *name, uint64_t value)
{
    write_name(out, name);
    buffer_append_format(out, "\"%" PRIu64 "\"", value);
}

void write_bool(struct buffer *out, const char *name, bool value)
{
    write_name(out, name);
    buffer_append_text(out, value ? "true" : "false");
}

void write_moment(struct buffer *out, const char *name, int64_t unix_ms)
{
    char text[MOMENT_TEXT_BYTES];

    if (unix_ms != 0)
        write_text_if(out, name, moment_format_ms(unix_ms, text));
}

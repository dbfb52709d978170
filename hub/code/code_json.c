/* code_json.c: the one-line JSON object of a code. */
#include "code/code.h"

#include <inttypes.h>
#include <stdio.h>

static void append_string(struct buffer *buffer, struct bytes text)
{
    size_t begin = 0;
    buffer_append_byte(buffer, '"');
    for (size_t i = 0; i < text.length; i++) {
        uint8_t c = text.data[i];
        if (c != '"' && c != '\\' && c >= ' ' && c <= '~')
            continue;
        char escaped[8];
        buffer_append(buffer, text.data + begin, i - begin);
        if (c == '"' || c == '\\')
            (void)snprintf(escaped, sizeof escaped, "\\%c", c);
        else
            (void)snprintf(escaped, sizeof escaped, "\\u%04x", c);
        buffer_append_text(buffer, escaped);
        begin = i + 1;
    }
    buffer_append(buffer, text.data + begin, text.length - begin);
    buffer_append_byte(buffer, '"');
}

/* ,"name":"text" unless there is none. Names and constants need no escapes. */
static void append_member(struct buffer *buffer, const char *name, struct bytes text)
{
    if (text.data == NULL)
        return;
    buffer_append_text(buffer, ",\"");
    buffer_append_text(buffer, name);
    buffer_append_text(buffer, "\":");
    append_string(buffer, text);
}

static void append_date(struct buffer *buffer, const char *name, const struct code_date *date)
{
    char text[CODE_DATE_TEXT_BYTES];
    if (date->precision != CODE_NO_DATE)
        append_member(buffer, name, bytes_of(code_date_text(date, text)));
}

static void append_elements(struct buffer *buffer, const struct code *code)
{
    buffer_append_text(buffer, ",\"elements\":[");
    for (size_t i = 0; i < code->element_count; i++) {
        buffer_append_text(buffer, i == 0 ? "{\"ai\":" : ",{\"ai\":");
        append_string(buffer, bytes_of(code->elements[i].ai));
        append_member(buffer, "value", code->elements[i].value);
        buffer_append_byte(buffer, '}');
    }
    buffer_append_byte(buffer, ']');
}

static void append_repairs(struct buffer *buffer, const struct code *code)
{
    bool first = true;
    buffer_append_text(buffer, ",\"repairs\":[");
    for (unsigned bit = 0; bit < CODE_REPAIRS; bit++) {
        if (!(code->repairs >> bit & 1))
            continue;
        buffer_append_text(buffer, first ? "\"" : ",\"");
        buffer_append_text(buffer, code_repair_name(bit));
        buffer_append_byte(buffer, '"');
        first = false;
    }
    buffer_append_byte(buffer, ']');
}

/* "code.companion_missing: 10 requires 01,02,03,8006,8026" */
static void append_warning(struct buffer *buffer, const struct code_warning *warning)
{
    buffer_append_byte(buffer, '"');
    buffer_append_text(buffer, code_warning_name(warning->kind));
    if (warning->ai != NULL) {
        buffer_append_text(buffer, ": ");
        buffer_append_text(buffer, warning->ai);
    }
    if (warning->missing != NULL) {
        buffer_append_text(buffer, " requires ");
        buffer_append_text(buffer, warning->missing);
    }
    buffer_append_byte(buffer, '"');
}

static void append_warnings(struct buffer *buffer, const struct code *code)
{
    buffer_append_text(buffer, ",\"warnings\":[");
    for (size_t i = 0; i < code->warning_count; i++) {
        if (i > 0)
            buffer_append_byte(buffer, ',');
        append_warning(buffer, &code->warnings[i]);
    }
    buffer_append_byte(buffer, ']');
}

static void append_fault(const struct code *code, struct buffer *buffer)
{
    buffer_append_text(buffer, "{\"ok\":false");
    append_member(buffer, "error", bytes_of(code_error_name(code->error)));
    buffer_append_format(buffer, ",\"at\":%zu", code->at);
    append_member(buffer, "message", bytes_of(code_error_text(code->error)));
    buffer_append_text(buffer, ",\"message_zh\":\"");
    buffer_append_text(buffer, code_error_text_zh(code->error));
    buffer_append_text(buffer, "\"}");
}

void code_json(const struct code *code, struct buffer *buffer)
{
    if (code->error != CODE_OK) {
        append_fault(code, buffer);
        return;
    }
    buffer_append_text(buffer, "{\"ok\":true");
    append_member(buffer, "agency", bytes_of(code_agency_name(code->agency)));
    append_member(buffer, "form", bytes_of(code_form_name(code->form)));
    append_member(buffer, "di", code->di);
    append_member(buffer, "lot", code->lot);
    append_member(buffer, "serial", code->serial);
    append_date(buffer, "made_on", &code->made_on);
    append_date(buffer, "expires_on", &code->expires_on);
    append_member(buffer, "expires_on_precision", bytes_of(code_precision_name(code->expires_on.precision)));
    if (code->quantity >= 0)
        buffer_append_format(buffer, ",\"quantity\":%" PRId64, code->quantity);
    append_elements(buffer, code);
    append_member(buffer, "confidence", bytes_of(code_confidence_name(code->confidence)));
    append_repairs(buffer, code);
    append_warnings(buffer, code);
    buffer_append_byte(buffer, '}');
}

#include "base/fault.h"

#include "base/bytes.h"

#include <stdarg.h>
#include <stdio.h>

/* A fault text ends up in protobuf strings and JSON, which refuse ill-formed UTF-8. It may quote a code that
 * came from outside, so what is no character becomes '?'; a character that the limit would split is left out.
 */
static void make_well_formed(char *text, size_t bytes_max)
{
    size_t length = bytes_utf8_cut(bytes_of(text), bytes_max);

    text[length] = '\0';
    for (size_t at = 0; at < length;) {
        size_t step = bytes_utf8_step(bytes_from(text + at, length - at));
        if (step == 0)
            text[at] = '?';
        at += step == 0 ? 1 : step;
    }
}

static PRINTF_LIKE(3, 0) void fill(struct fault *fault, const char *code, const char *format,
                                   va_list arguments)
{
    /* Formatted beside the fault because the arguments may be its own old text; a little longer than the
     * limit so that the cut can see whether it splits a character. */
    char text[FAULT_TEXT_BYTES + 4];
    char code_copy[FAULT_CODE_BYTES];

    if (fault == NULL)
        return;
    if (vsnprintf(text, sizeof text, format, arguments) < 0)
        text[0] = '\0';
    make_well_formed(text, FAULT_TEXT_BYTES - 1);
    snprintf(code_copy, sizeof code_copy, "%s", code);

    memcpy(fault->code, code_copy, sizeof code_copy);
    snprintf(fault->text, sizeof fault->text, "%.*s", FAULT_TEXT_BYTES - 1, text);
}

enum status fault_reject(struct fault *fault, const char *code, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fill(fault, code, format, arguments);
    va_end(arguments);
    return STATUS_REJECT;
}

enum status fault_retry(struct fault *fault, const char *code, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fill(fault, code, format, arguments);
    va_end(arguments);
    return STATUS_RETRY;
}

enum status fault_fatal(struct fault *fault, const char *code, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fill(fault, code, format, arguments);
    va_end(arguments);
    return STATUS_FATAL;
}

void fault_clear(struct fault *fault)
{
    if (fault != NULL)
        *fault = (struct fault){0};
}

#include "domain/format.h"

#include <stdio.h>

enum { SHORT_BYTES = 256 };

/* Puts a form of words and %s together in TEXT. 0 if it holds anything else or does not fit. */
static size_t join_words(char text[SHORT_BYTES], const char *format, va_list arguments)
{
    size_t length = 0;
    while (*format != '\0') {
        bool is_word = format[0] == '%' && format[1] == 's';
        const char *piece = is_word ? va_arg(arguments, const char *) : format;
        size_t bytes = is_word ? strlen(piece) : (size_t)(strchrnul(format, '%') - format);
        if ((bytes == 0 && !is_word) || length + bytes > SHORT_BYTES)
            return 0;
        memcpy(text + length, piece, bytes);
        length += bytes;
        format += is_word ? 2 : bytes;
    }
    return length;
}

static char *format_printf(struct arena *arena, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

static char *format_printf(struct arena *arena, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);

    char *text = length < 0 ? NULL : arena_take(arena, (size_t)length + 1);
    if (text != NULL)
        vsnprintf(text, (size_t)length + 1, format, arguments);
    return text;
}

char *format_text(struct arena *arena, const char *format, va_list arguments)
{
    char text[SHORT_BYTES];
    va_list again;
    va_copy(again, arguments);
    size_t length = join_words(text, format, again);
    va_end(again);
    return length > 0 ? arena_text(arena, bytes_from(text, length)) : format_printf(arena, format, arguments);
}

char *format_in(struct arena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = format_text(arena, format, arguments);
    va_end(arguments);
    return text;
}

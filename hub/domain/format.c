#include "domain/format.h"

#include <stdio.h>

static bool is_words_only(const char *format)
{
    for (const char *c = strchr(format, '%'); c != NULL; c = strchr(c + 2, '%'))
        if (c[1] != 's')
            return false;
    return true;
}

/* Length of the text; writes it when TEXT is not NULL. */
static size_t join_words(char *text, const char *format, va_list arguments)
{
    size_t length = 0;
    while (*format != '\0') {
        bool is_word = *format == '%';
        const char *piece = is_word ? va_arg(arguments, const char *) : format;
        size_t bytes = is_word ? strlen(piece) : strcspn(format, "%");
        if (text != NULL)
            memcpy(text + length, piece, bytes);
        length += bytes;
        format += is_word ? 2 : bytes;
    }
    return length;
}

static char *format_words(struct arena *arena, const char *format, va_list arguments)
{
    va_list again;
    va_copy(again, arguments);
    size_t length = join_words(NULL, format, again);
    va_end(again);

    char *text = arena_take(arena, length + 1);
    if (text == NULL)
        return NULL;
    join_words(text, format, arguments);
    text[length] = '\0';
    return text;
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
    return is_words_only(format) ? format_words(arena, format, arguments)
                                 : format_printf(arena, format, arguments);
}

/* format.h: texts made in the arena. A decision makes a dozen short texts ("prescription/H65.../RX1"), so
 * forms made only of words and %s are put together without printf, which would cost more than the rules
 * themselves. */
#ifndef DOMAIN_FORMAT_H
#define DOMAIN_FORMAT_H

#include "base/arena.h"

#include <stdarg.h>

/* NULL when the arena is full. ARGUMENTS is used up. */
char *format_text(struct arena *arena, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));
char *format_in(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif

/* timeline.c: the lines of one exchange. */
#include "store/timeline.h"

#include <string.h>

enum { LINES_FIRST = 16 };

struct seen_line *timeline_add_line(struct seen_lines *lines)
{
    if (lines->count == lines->capacity) {
        size_t capacity = lines->capacity == 0 ? LINES_FIRST : 2 * lines->capacity;
        struct seen_line *items = arena_take(lines->arena, capacity * sizeof *items);
        if (items == NULL)
            return NULL;
        if (lines->count > 0)
            memcpy(items, lines->items, lines->count * sizeof *items);
        lines->items = items;
        lines->capacity = capacity;
    }
    return &lines->items[lines->count++];
}

const struct seen_line *timeline_find(const struct exchange *exchange, enum seen_step step)
{
    for (size_t i = exchange->first; i < exchange->lines->count; i++)
        if (exchange->lines->items[i].step == step)
            return &exchange->lines->items[i];
    return NULL;
}

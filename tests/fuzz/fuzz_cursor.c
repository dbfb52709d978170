// links: medhub_gateway
/* Any text as a cursor: refused, or a place that is written again as the same text. */
#include "gateway/cursor.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    struct arena *arena = arena_new(16 * 1024, 1 << 20);
    struct feed_place place;
    const char *text = arena == NULL ? NULL : arena_text(arena, bytes_from(data, length));

    if (text != NULL && cursor_decode(text, &place)) {
        const char *again = cursor_encode(&place, arena);
        if (place.partition_count < 0 || place.partition_count > FEED_PARTITIONS_MAX || again == NULL ||
            strcmp(again, text) != 0)
            abort();
    }
    arena_free(arena);
    return 0;
}

// links: medhub_epcis dep::jansson
/* Whatever document comes: the walk ends within its arena, and each event gets an ID of the promised form. */
#include "epcis/event_hash.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool require_id(void *self, const char *prehash)
{
    char uri[EVENT_HASH_URI_BYTES];
    (void)self;
    if (strncmp(prehash, "eventType=", 10) != 0 || strlen(event_hash_uri(prehash, uri)) != 14 + 64 + 11)
        abort();
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fault fault;
    json_t *document = json_loadb((const char *)data, size, JSON_DECODE_ANY, NULL);
    struct arena *arena = arena_new(64 * 1024, 4 * 1024 * 1024);
    if (document != NULL && event_hash_walk(document, arena, require_id, NULL, &fault) == STATUS_FATAL)
        abort();
    json_decref(document);
    arena_free(arena);
    return 0;
}

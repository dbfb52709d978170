// links: medhub_client dep::jansson
/* A snapshot's row from the gateway: what json_text.h takes, jansson reads, and writes the same. */
#include "client/json_text.h"

#include <jansson.h>
#include <stdlib.h>

static void must(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes text = bytes_from(data, size);
    struct json_members members;
    struct buffer sorted;

    buffer_init(&sorted, 1024 * 1024);
    if (json_text_sorted(text, &sorted)) {
        json_t *root = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
        char *expected = json_dumps(root, JSON_COMPACT | JSON_SORT_KEYS);
        must(expected != NULL && bytes_equal_text(buffer_bytes(&sorted), expected));
        must(json_text_members(text, &members) && members.count == json_object_size(root));
        free(expected);
        json_decref(root);
    }
    buffer_done(&sorted);
    return 0;
}

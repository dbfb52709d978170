// links: medhub_base dep::jansson
/* A snapshot's row from the gateway: what json_text.h takes, jansson reads, and writes the same. */
#include "base/json_text.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* jansson writes the digits of u001F large, RFC 8785 small. */
static void lower_escapes(char *json)
{
    for (char *at = strchr(json, '\\'); at != NULL; at = strchr(at + 2, '\\'))
        for (int i = 2; at[1] == 'u' && i < 6; i++)
            at[i] = (char)(at[i] >= 'A' && at[i] <= 'F' ? at[i] - 'A' + 'a' : at[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes text = bytes_from(data, size);
    struct json_members members;
    struct buffer sorted;

    buffer_init(&sorted, 1024 * 1024);
    if (json_text_sorted(text, &sorted)) {
        json_t *root = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
        char *expected = json_dumps(root, JSON_COMPACT | JSON_SORT_KEYS);
        must(expected != NULL);
        lower_escapes(expected);
        must(bytes_equal_text(buffer_bytes(&sorted), expected));
        must(json_text_members(text, &members) && members.count == json_object_size(root));
        free(expected);
        json_decref(root);
    }
    buffer_done(&sorted);
    return 0;
}

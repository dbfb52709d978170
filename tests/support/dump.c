// links: medhub_state
#include "support/dump.h"

static void append_length(struct buffer *out, size_t length)
{
    for (int i = 0; i < 4; i++)
        buffer_append_byte(out, (uint8_t)(length >> (8 * i)));
}

static bool append_entry(struct bytes key, struct bytes value, void *context)
{
    append_length(context, key.length);
    buffer_append_bytes(context, key);
    append_length(context, value.length);
    buffer_append_bytes(context, value);
    return true;
}

void dump_store(struct store *store, struct buffer *out)
{
    for (int database = 0; database < STORE_META; database++) {
        buffer_append_byte(out, (uint8_t)('A' + database));
        store_each(store, (enum store_database)database, BYTES_NONE, append_entry, out);
    }
}

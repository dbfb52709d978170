#include "state/rows.h"

bool row_key_make(struct row_key *key, struct bytes entity, enum row_kind kind, struct bytes name)
{
    if (entity.length > ENTITY_BYTES_MAX || name.length > ROW_NAME_BYTES_MAX ||
        (entity.length > 0 && memchr(entity.data, '\0', entity.length) != NULL))
        return false;

    size_t at = 0;
    if (entity.length > 0)
        memcpy(key->data, entity.data, entity.length);
    at += entity.length;
    key->data[at++] = '\0';
    key->data[at++] = (uint8_t)kind;
    if (name.length > 0)
        memcpy(key->data + at, name.data, name.length);
    key->length = at + name.length;
    return true;
}

bool row_key_split(struct bytes key, struct bytes *entity, enum row_kind *kind, struct bytes *name)
{
    const uint8_t *end = key.length == 0 ? NULL : memchr(key.data, '\0', key.length);
    if (end == NULL || end + 1 >= key.data + key.length)
        return false;

    uint8_t mark = end[1];
    if (mark != ROW_STATE && mark != ROW_VERSION && mark != ROW_DEDUPE && mark != ROW_TIMER)
        return false;
    *entity = bytes_from(key.data, (size_t)(end - key.data));
    *kind = (enum row_kind)mark;
    *name = bytes_from(end + 2, key.length - entity->length - 2);
    return entity->length <= ENTITY_BYTES_MAX && name->length <= ROW_NAME_BYTES_MAX;
}

struct naming {
    bool (*each)(struct bytes name, struct bytes value, void *context);
    void *context;
};

static bool give_name(struct bytes key, struct bytes value, void *context)
{
    const struct naming *naming = context;
    struct bytes entity, name;
    enum row_kind kind;

    return row_key_split(key, &entity, &kind, &name) && naming->each(name, value, naming->context);
}

void rows_each_after(struct store *store, struct bytes entity, enum row_kind kind, struct bytes prefix,
                     struct bytes after, bool (*each)(struct bytes name, struct bytes value, void *context),
                     void *context)
{
    struct naming naming = {each, context};
    struct row_key first, last_seen;

    if (!row_key_make(&first, entity, kind, prefix) || !row_key_make(&last_seen, entity, kind, after))
        return; /* no row can have such a name */
    store_each_after(store, STORE_ROWS, row_key_bytes(&first), row_key_bytes(&last_seen), give_name, &naming);
}

uint64_t row_version(struct store *store, struct bytes entity)
{
    struct row_key key;
    uint64_t version = 0;

    if (!row_key_make(&key, entity, ROW_VERSION, BYTES_NONE))
        return 0;
    struct bytes row = store_get(store, STORE_ROWS, row_key_bytes(&key));
    for (size_t i = row.length; i > 0; i--)
        version = version << 8 | row.data[i - 1];
    return version;
}

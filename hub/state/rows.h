/* rows.h: names of keyed rows. Rows of one entity stand side by side, so that one event touches few pages.
 *
 * Key of a row: ENTITY 0x00 KIND NAME. ENTITY is the event's key (person, product, ...). */
#ifndef STATE_ROWS_H
#define STATE_ROWS_H

#include "state/store.h"

enum row_kind {
    ROW_STATE = 's',   /* a row that the domain wrote: protobuf */
    ROW_VERSION = 'v', /* how many facts the key has: 8 bytes, little-endian */
    ROW_DEDUPE = 'd',  /* an event that was decided (dedupe.h): name is 16 bytes */
    ROW_TIMER = 't',   /* when the timer NAME is due: 8 bytes, big-endian */
};

enum { ENTITY_BYTES_MAX = 255, ROW_NAME_BYTES_MAX = 240 };

struct row_key {
    uint8_t data[STORE_KEY_BYTES_MAX];
    size_t length;
};

/* False if ENTITY or NAME is too long or ENTITY holds a NUL. */
bool row_key_make(struct row_key *key, struct bytes entity, enum row_kind kind, struct bytes name);
static inline struct bytes row_key_bytes(const struct row_key *key)
{
    return bytes_from(key->data, key->length);
}
/* Splits a key made above; false if it is none. */
bool row_key_split(struct bytes key, struct bytes *entity, enum row_kind *kind, struct bytes *name);

/* Calls EACH for the rows of ENTITY of kind KIND whose names begin with PREFIX and come after AFTER (empty: from the first), in
 * byte order of names, until it returns false. Within a transaction; EACH must not use the store. */
void rows_each_after(struct store *store, struct bytes entity, enum row_kind kind, struct bytes prefix,
                     struct bytes after, bool (*each)(struct bytes name, struct bytes value, void *context),
                     void *context);

/* The key's version: number of facts so far. */
uint64_t row_version(struct store *store, struct bytes entity);

#endif

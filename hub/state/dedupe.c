#include "state/dedupe.h"

#include "base/hash.h"
#include "state/numbers.h"

#include <stdio.h>
#include <stdlib.h>

/* An entry in a segment: entity length 2 bytes, entity, name 16, outcome 1, fingerprint 8, version 8, decided 8,
 * code length 1, code. Its row holds the same from the outcome on. */
enum { FIXED_BYTES = 1 + 8 + 8 + 8 + 1, ROW_BYTES_MAX = FIXED_BYTES + DEDUPE_CODE_BYTES };

void dedupe_name(struct bytes source, struct bytes id, uint8_t name[DEDUPE_NAME_BYTES])
{
    /* Two independent 64-bit hashes of a text that cannot be split two ways: the length of SOURCE is in the seed. */
    uint64_t seed = source.length + 1;
    put_le64(name, hash_bytes(id, hash_bytes(source, seed)));
    put_le64(name + 8, hash_bytes(id, hash_bytes(source, ~seed)));
}

static size_t encode_row(const struct dedupe_entry *entry, uint8_t row[ROW_BYTES_MAX])
{
    size_t code_length = strnlen(entry->code, DEDUPE_CODE_BYTES - 1);

    row[0] = entry->outcome;
    put_le64(row + 1, entry->fingerprint);
    put_le64(row + 9, entry->version);
    put_le64(row + 17, (uint64_t)entry->decided_ms);
    row[25] = (uint8_t)code_length;
    memcpy(row + FIXED_BYTES, entry->code, code_length);
    return FIXED_BYTES + code_length;
}

static bool decode_row(struct bytes row, struct dedupe_entry *entry)
{
    if (row.length < FIXED_BYTES || row.data[25] >= DEDUPE_CODE_BYTES ||
        row.length != (size_t)FIXED_BYTES + row.data[25])
        return false;
    *entry = (struct dedupe_entry){
        .outcome = row.data[0],
        .fingerprint = get_le64(row.data + 1),
        .version = get_le64(row.data + 9),
        .decided_ms = (int64_t)get_le64(row.data + 17),
    };
    memcpy(entry->code, row.data + FIXED_BYTES, row.data[25]);
    return true;
}

bool dedupe_find(struct store *store, struct bytes entity, const uint8_t name[DEDUPE_NAME_BYTES],
                 struct dedupe_entry *entry)
{
    struct row_key key;

    if (!row_key_make(&key, entity, ROW_DEDUPE, bytes_from(name, DEDUPE_NAME_BYTES)))
        return false;
    return decode_row(store_get(store, STORE_ROWS, row_key_bytes(&key)), entry);
}

enum status dedupe_remember(struct store *store, struct bytes entity, const uint8_t name[DEDUPE_NAME_BYTES],
                            const struct dedupe_entry *entry, struct buffer *segment, struct fault *fault)
{
    uint8_t row[ROW_BYTES_MAX];
    struct row_key key;

    if (!row_key_make(&key, entity, ROW_DEDUPE, bytes_from(name, DEDUPE_NAME_BYTES)))
        return fault_reject(fault, "key.too_long", "the event's key is longer than %d bytes", ENTITY_BYTES_MAX);
    size_t length = encode_row(entry, row);

    buffer_append_byte(segment, (uint8_t)(entity.length >> 8));
    buffer_append_byte(segment, (uint8_t)entity.length);
    buffer_append_bytes(segment, entity);
    buffer_append(segment, name, DEDUPE_NAME_BYTES);
    buffer_append(segment, row, length);
    if (!buffer_ok(segment))
        return fault_fatal(fault, "dedupe.segment", "a segment of de-duplication entries is full");
    return store_put(store, STORE_ROWS, row_key_bytes(&key), bytes_from(row, length), fault);
}

/* Takes the first entry off SEGMENT. False if it is malformed. */
static bool next_entry(struct bytes *segment, struct bytes *entity, struct bytes *name, struct bytes *row)
{
    if (segment->length < 2)
        return false;
    size_t entity_length = (size_t)segment->data[0] << 8 | segment->data[1];
    size_t before_row = 2 + entity_length + DEDUPE_NAME_BYTES;
    if (entity_length > ENTITY_BYTES_MAX || segment->length < before_row + FIXED_BYTES)
        return false;
    size_t row_length = FIXED_BYTES + (size_t)segment->data[before_row + FIXED_BYTES - 1];
    if (segment->length < before_row + row_length)
        return false;

    *entity = bytes_from(segment->data + 2, entity_length);
    *name = bytes_from(segment->data + 2 + entity_length, DEDUPE_NAME_BYTES);
    *row = bytes_from(segment->data + before_row, row_length);
    segment->data += before_row + row_length;
    segment->length -= before_row + row_length;
    return true;
}

static enum status add_entries(struct store *store, struct bytes segment, struct fault *fault)
{
    struct bytes entity, name, row;
    struct dedupe_entry entry;
    struct row_key key;
    enum status status = STATUS_OK;

    while (status == STATUS_OK && segment.length > 0) {
        if (!next_entry(&segment, &entity, &name, &row) || !decode_row(row, &entry) ||
            !row_key_make(&key, entity, ROW_DEDUPE, name))
            return fault_reject(fault, "changelog.segment", "a malformed segment of de-duplication entries");
        status = store_put(store, STORE_ROWS, row_key_bytes(&key), row, fault);
    }
    return status;
}

/* An event decided anew later (a redrive) has an entry in a later segment as well: only the same decision goes. */
static enum status forget_entry(struct store *store, const struct row_key *key, struct bytes row, struct fault *fault)
{
    struct bytes kept = store_get(store, STORE_ROWS, row_key_bytes(key));

    return bytes_equal(kept, row) ? store_delete(store, STORE_ROWS, row_key_bytes(key), fault) : STATUS_OK;
}

static enum status forget_entries(struct store *store, struct bytes segment, struct fault *fault)
{
    struct bytes entity, name, row;
    struct row_key key;
    enum status status = STATUS_OK;

    while (status == STATUS_OK && segment.length > 0 && next_entry(&segment, &entity, &name, &row))
        if (row_key_make(&key, entity, ROW_DEDUPE, name))
            status = forget_entry(store, &key, row, fault);
    return status;
}

static enum status forget_segment(struct store *store, struct bytes segment_key, struct fault *fault)
{
    struct bytes lent = store_get(store, STORE_SEGMENTS, segment_key);
    struct buffer copy; /* what the store lends ends with its first write */

    if (lent.data == NULL)
        return STATUS_OK;
    buffer_init(&copy, lent.length);
    buffer_append_bytes(&copy, lent);
    enum status status = buffer_ok(&copy) ? forget_entries(store, buffer_bytes(&copy), fault)
                                          : fault_fatal(fault, "memory.out", "no memory to forget a segment");
    buffer_done(&copy);
    if (status == STATUS_OK)
        status = store_delete(store, STORE_SEGMENTS, segment_key, fault);
    return status;
}

enum status dedupe_apply_segment(struct store *store, struct bytes segment_key, struct bytes value,
                                 struct fault *fault)
{
    if (value.data == NULL)
        return forget_segment(store, segment_key, fault);

    enum status status = add_entries(store, value, fault);
    if (status == STATUS_OK)
        status = store_put(store, STORE_SEGMENTS, segment_key, value, fault);
    return status;
}

bool dedupe_each_entry(struct bytes segment,
                       bool (*each)(struct bytes entity, struct bytes name, const struct dedupe_entry *entry,
                                    void *context),
                       void *context)
{
    struct bytes entity, name, row;
    struct dedupe_entry entry;

    while (segment.length > 0) {
        if (!next_entry(&segment, &entity, &name, &row) || !decode_row(row, &entry))
            return false;
        if (!each(entity, name, &entry, context))
            break;
    }
    return true;
}

bool dedupe_expired(struct store *store, int64_t now_ms, struct bytes *segment_key)
{
    struct bytes value;

    return store_seek(store, STORE_SEGMENTS, BYTES_NONE, segment_key, &value) && segment_key->length >= 8 &&
           dedupe_segment_expires_ms(*segment_key) <= now_ms;
}

int64_t dedupe_segment_expires_ms(struct bytes segment_key)
{
    return (int64_t)get_be64(segment_key.data);
}

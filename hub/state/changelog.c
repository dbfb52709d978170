#include "state/changelog.h"

#include "state/dedupe.h"
#include "state/numbers.h"
#include "state/timers.h"

enum { SEGMENT_KEY_BYTES = 12, DUE_BYTES = 8, TIMER_TYPE_BYTES_MAX = 255 };

static enum status apply_row(struct store *store, struct bytes key, struct bytes value, struct fault *fault)
{
    struct bytes entity, name;
    enum row_kind kind;

    if (!row_key_split(key, &entity, &kind, &name) || (kind != ROW_STATE && kind != ROW_VERSION))
        return fault_reject(fault, "changelog.row", "a changelog record with a malformed row key");
    if (kind == ROW_VERSION && value.data != NULL && value.length != 8)
        return fault_reject(fault, "changelog.row", "a version of %zu bytes in the changelog", value.length);
    return value.data == NULL ? store_delete(store, STORE_ROWS, key, fault)
                              : store_put(store, STORE_ROWS, key, value, fault);
}

static enum status apply_timer(struct store *store, struct bytes key, struct bytes value, struct fault *fault)
{
    const uint8_t *end = key.length == 0 ? NULL : memchr(key.data, '\0', key.length);

    if (end == NULL || (size_t)(end - key.data) > ENTITY_BYTES_MAX)
        return fault_reject(fault, "changelog.timer", "a changelog record with a malformed timer key");
    struct bytes entity = bytes_from(key.data, (size_t)(end - key.data));
    struct bytes name = bytes_from(end + 1, key.length - entity.length - 1);

    if (value.data == NULL)
        return timer_cancel(store, entity, name, fault);
    if (value.length < DUE_BYTES || value.length > DUE_BYTES + TIMER_TYPE_BYTES_MAX)
        return fault_reject(fault, "changelog.timer", "a timer of %zu bytes in the changelog", value.length);
    return timer_set(store, entity, name, bytes_from(value.data + DUE_BYTES, value.length - DUE_BYTES),
                     (int64_t)get_be64(value.data), fault);
}

static enum status apply_checkpoint(struct checkpoint *checkpoint, struct bytes value, struct fault *fault)
{
    while (value.length > 0) {
        char topic[sizeof checkpoint->inputs[0].topic];
        size_t length = value.data[0];
        if (length >= sizeof topic || value.length < 1 + length + 8)
            return fault_reject(fault, "changelog.checkpoint", "a malformed checkpoint in the changelog");
        memcpy(topic, value.data + 1, length);
        topic[length] = '\0';

        struct checkpoint_input *input = checkpoint_input(checkpoint, topic);
        if (input == NULL)
            return fault_reject(fault, "changelog.checkpoint", "more than %d inputs", CHECKPOINT_INPUTS_MAX);
        input->next_offset = (int64_t)get_le64(value.data + 1 + length);
        value.data += 1 + length + 8;
        value.length -= 1 + length + 8;
    }
    return STATUS_OK;
}

enum status changelog_apply(struct store *store, struct checkpoint *checkpoint, struct bytes key, struct bytes value,
                            struct fault *fault)
{
    if (key.length == 0)
        return fault_reject(fault, "changelog.key", "a changelog record without key");

    struct bytes rest = bytes_from(key.data + 1, key.length - 1);
    switch (key.data[0]) {
    case CHANGELOG_ROW:
        return apply_row(store, rest, value, fault);
    case CHANGELOG_TIMER:
        return apply_timer(store, rest, value, fault);
    case CHANGELOG_DEDUPE:
        if (rest.length != SEGMENT_KEY_BYTES)
            return fault_reject(fault, "changelog.segment", "a segment key of %zu bytes", rest.length);
        return dedupe_apply_segment(store, rest, value, fault);
    case CHANGELOG_CHECKPOINT:
        return apply_checkpoint(checkpoint, value, fault);
    default:
        return fault_reject(fault, "changelog.kind", "a changelog record of unknown kind %u", key.data[0]);
    }
}

void changelog_encode_checkpoint(const struct checkpoint *checkpoint, struct buffer *value)
{
    for (size_t i = 0; i < checkpoint->input_count; i++) {
        const struct checkpoint_input *input = &checkpoint->inputs[i];
        uint8_t offset[8];
        put_le64(offset, (uint64_t)input->next_offset);
        buffer_append_byte(value, (uint8_t)strlen(input->topic));
        buffer_append_text(value, input->topic);
        buffer_append(value, offset, sizeof offset);
    }
}

void changelog_timer_key(struct bytes entity, struct bytes name, struct buffer *key)
{
    buffer_append_byte(key, CHANGELOG_TIMER);
    buffer_append_bytes(key, entity);
    buffer_append_byte(key, '\0');
    buffer_append_bytes(key, name);
}

void changelog_segment_key(int64_t expires_ms, uint32_t number, struct buffer *key)
{
    uint8_t bytes[SEGMENT_KEY_BYTES];

    put_be64(bytes, (uint64_t)expires_ms);
    put_be32(bytes + 8, number);
    buffer_append_byte(key, CHANGELOG_DEDUPE);
    buffer_append(key, bytes, sizeof bytes);
}

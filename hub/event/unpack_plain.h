/* unpack_plain.h: the short way of unpacking: what nearly every field of nearly every event is, read by code that is generated
 * for each message (schemas/generate_facts.py), one line a field in order of number, as every implementation sends them:
 *
 *     if (plain.tag == 0xa && !plain_text(&plain, 0, 1, unpacking, &to->person, 64, pattern_is_person, NULL))
 *         goto out;
 *
 * What comes in another order, is longer than it mostly is, or wrong, is left where it is for unpack.c, which knows all of
 * protobuf and says what is wrong: a line only has to know when it is not sure. Each value is held against its field's options
 * while it is in hand; where that leaves a doubt, check_message() looks again. A prescription of 113 fields in 30 messages costs
 * 18,400 instructions this way; a walk along the table of facts took 17,400, and checking afterwards 8,900. Internal to
 * hub/event. */
#ifndef EVENT_UNPACK_PLAIN_H
#define EVENT_UNPACK_PLAIN_H

#include "base/arena.h"
#include "event/right.h"
#include "event/wire.h"
#include "event/wire_read.h"

/* The message's bytes are copied once, and strings stay in the copy where they lie: the NUL behind one falls on the tag of
 * the field that follows, which is read from the original. */
struct unpacking {
    struct arena *arena;
    const uint8_t *value;
    uint8_t *copy;
    enum wire_origin origin;
    uint32_t fields_left;
    struct wire_summary summary;
    struct fault *fault;
    bool refused;  /* the fault says why */
    bool doubtful; /* some value may not be what its field asks for: check_message() must look, and say so */
};

/* Which fields of a message have been met, other than with the value that stands for nothing; and where a list begins. */
struct met {
    uint64_t bits[FIELD_WORDS];
};

/* Where the short way stands in a message. */
struct plain {
    const uint8_t *at, *end;
    uint32_t tag;   /* that lies at AT; 0: none that the short way takes */
    struct met met; /* on this way, on which a single field comes once at most */
};

static inline uint8_t *in_copy(const struct unpacking *unpacking, const uint8_t *at)
{
    return unpacking->copy + (at - unpacking->value);
}

/* The copy, unlike the original, may be read some bytes behind the text's end. */
WIRE_INLINE bool is_readable_text(const struct unpacking *unpacking, struct bytes text)
{
    const uint8_t *copy = in_copy(unpacking, text.data);
    bool chinese = text.length > 0 && *copy >= 0x80;
    return (chinese ? wire_is_chinese(copy, text.length) : wire_is_ascii(copy, text.length)) ||
           wire_text_wrong(text) == NULL;
}

WIRE_INLINE void unpack_text(struct unpacking *unpacking, struct bytes content, void *to)
{
    char *text = (char *)in_copy(unpacking, content.data);
    text[content.length] = '\0';
    memcpy(to, &text, sizeof(text));
}

/* CONTENT as the message that *TO points to, made if it is NULL: a second occurrence merges into the first. False: the fault
 * says why. */
bool unpack_inner(struct unpacking *unpacking, const struct message_facts *facts, struct bytes content, void *to,
                  unsigned depth);

/* ---- along a message ---- */

WIRE_INLINE void plain_go_on(struct plain *plain, const uint8_t *at)
{
    ptrdiff_t left = plain->end - at;
    plain->at = at;
    if (left >= 2 && at[0] < 0x80) /* a tag, and at least a byte of a value */
        plain->tag = at[0];
    else if (left >= 3 && at[1] < 0x80 && at[1] != 0) /* not a tag of needless length */
        plain->tag = (at[0] & 0x7fU) | (uint32_t)at[1] << 7;
    else
        plain->tag = 0;
}

WIRE_INLINE struct plain plain_begin(const uint8_t *at, const uint8_t *end)
{
    struct plain plain = {.end = end};
    plain_go_on(&plain, at);
    return plain;
}

/* A single field that was met before this way: the last value counts, and which of them the looks were at is not worth
 * knowing. */
WIRE_INLINE const uint8_t *plain_end(struct unpacking *unpacking, const struct plain *plain, struct met *met)
{
    for (size_t i = 0; i < FIELD_WORDS; i++) {
        unpacking->doubtful |= (met->bits[i] & plain->met.bits[i]) != 0;
        met->bits[i] |= plain->met.bits[i];
    }
    return unpacking->refused ? NULL : plain->at;
}

/* One more field of the event's; false: it has too many. */
WIRE_INLINE bool plain_count(struct unpacking *unpacking)
{
    if (unpacking->fields_left == 0)
        return false;
    unpacking->fields_left--;
    return true;
}

WIRE_INLINE void plain_meet(struct plain *plain, size_t index, bool given)
{
    plain->met.bits[index / 64] |= (uint64_t)given << (index % 64);
}

/* ---- one field: INDEX in the facts, a tag of TAG_BYTES. False: it is not plain, or (unpacking->refused) wrong ---- */

/* The block's content, if its length is one byte. */
WIRE_INLINE bool plain_block(const struct plain *plain, unsigned tag_bytes, struct bytes *content)
{
    const uint8_t *at = plain->at + tag_bytes; /* < end: plain_go_on() saw to it */
    *content = (struct bytes){at + 1, *at};
    return *at < 0x80 && *at < plain->end - at;
}

WIRE_INLINE bool plain_text(struct plain *plain, size_t index, unsigned tag_bytes, struct unpacking *unpacking, char **to,
                            uint32_t max_length, bool (*matches)(struct bytes text), const struct code_table *codes)
{
    struct bytes text;
    if (!plain_block(plain, tag_bytes, &text) || !is_readable_text(unpacking, text) || !plain_count(unpacking))
        return false;
    if (text.length > 0 && ((max_length > 0 && text.length > max_length && right_count_characters(text) > max_length) ||
                            (matches != NULL && !matches(text)) || (codes != NULL && !schema_has_code(codes, text))))
        unpacking->doubtful = true;
    unpack_text(unpacking, text, to);
    plain_meet(plain, index, text.length > 0);
    plain_go_on(plain, text.data + text.length);
    return true;
}

WIRE_INLINE bool plain_message(struct plain *plain, size_t index, unsigned tag_bytes, struct unpacking *unpacking, void *to,
                               const struct message_facts *facts, unsigned depth)
{
    struct bytes content;
    if (!plain_block(plain, tag_bytes, &content) || !plain_count(unpacking) ||
        !unpack_inner(unpacking, facts, content, to, depth))
        return false;
    plain_meet(plain, index, true);
    plain_go_on(plain, content.data + content.length);
    return true;
}

WIRE_INLINE bool plain_varint(struct plain *plain, size_t index, unsigned tag_bytes, struct unpacking *unpacking,
                              uint64_t *value)
{
    const uint8_t *after = wire_read_varint(plain->at + tag_bytes, plain->end, WIRE_VARINT_BYTES_MAX, value);
    if (after == NULL || !plain_count(unpacking))
        return false;
    plain_meet(plain, index, *value != 0);
    plain_go_on(plain, after);
    return true;
}

WIRE_INLINE bool plain_32(struct plain *plain, size_t index, unsigned tag_bytes, struct unpacking *unpacking, void *to)
{
    uint64_t value;
    if (!plain_varint(plain, index, tag_bytes, unpacking, &value))
        return false;
    uint32_t low = (uint32_t)value;
    memcpy(to, &low, sizeof(low));
    return true;
}

WIRE_INLINE bool plain_64(struct plain *plain, size_t index, unsigned tag_bytes, struct unpacking *unpacking, void *to)
{
    uint64_t value;
    if (!plain_varint(plain, index, tag_bytes, unpacking, &value))
        return false;
    memcpy(to, &value, sizeof(value));
    return true;
}

WIRE_INLINE bool plain_truth(struct plain *plain, size_t index, unsigned tag_bytes, struct unpacking *unpacking,
                             protobuf_c_boolean *to)
{
    uint64_t value;
    if (!plain_varint(plain, index, tag_bytes, unpacking, &value))
        return false;
    *to = value != 0;
    return true;
}

WIRE_INLINE bool plain_enum(struct plain *plain, size_t index, unsigned tag_bytes, struct unpacking *unpacking, void *to,
                            const ProtobufCEnumDescriptor *names)
{
    uint64_t value;
    if (!plain_varint(plain, index, tag_bytes, unpacking, &value))
        return false;
    uint32_t low = (uint32_t)value;
    memcpy(to, &low, sizeof(low));
    unpacking->doubtful |= !right_number(names, (int32_t)low);
    return true;
}

#endif

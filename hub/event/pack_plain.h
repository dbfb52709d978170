/* pack_plain.h: packing by code that is generated for each message (schemas/generate_facts.py), one line a field:
 *
 *     pack_text(packing, 0xa, from->person);
 *
 * Written backwards, from the last field to the first, a message's length is known when it is put before it: nothing is measured
 * first, which is half of what protobuf-c's packing costs; the other half is a call for every value. Whatever is rare in our
 * schemas (lists of numbers, zigzag, fixed width, choices, unknown fields) or larger than the room is left to protobuf-c, whole.
 * Internal to hub/event. */
#ifndef EVENT_PACK_PLAIN_H
#define EVENT_PACK_PLAIN_H

#include "event/reflect.h"
#include "event/wire_read.h"

enum { PACK_ROOM_BYTES = 8192, PACK_HEAD_BYTES_MAX = 20 /* a tag and a varint */ };

struct packing {
    uint8_t *begin; /* of the room */
    uint8_t *at;    /* of what is written so far */
    bool left_out;  /* something that is protobuf-c's to do */
};

WIRE_INLINE void pack_varint(struct packing *packing, uint64_t value)
{
    size_t bytes = value < 0x80 ? 1 : (size_t)(70 - __builtin_clzll(value)) / 7; /* 7 bits each, rounded up */
    uint8_t *to = packing->at -= bytes;
    for (; value >= 0x80; value >>= 7)
        *to++ = (uint8_t)(value | 0x80);
    *to = (uint8_t)value;
}

/* TAG is a constant of one or two bytes; where it is not, the generator leaves the field out. */
WIRE_INLINE void pack_head(struct packing *packing, uint32_t tag, uint64_t value)
{
    pack_varint(packing, value);
    if (tag >= 0x80)
        *--packing->at = (uint8_t)(tag >> 7);
    *--packing->at = (uint8_t)(tag >= 0x80 ? tag | 0x80 : tag);
}

/* Room for MORE bytes and a head; false: it does not do. */
WIRE_INLINE bool pack_has_room(struct packing *packing, size_t more)
{
    if ((size_t)(packing->at - packing->begin) >= PACK_HEAD_BYTES_MAX + more && more < PACK_ROOM_BYTES)
        return true;
    packing->left_out = true;
    return false;
}

static __attribute__((noinline, unused)) void pack_block(struct packing *packing, uint32_t tag, const void *data, size_t length)
{
    if (!pack_has_room(packing, length))
        return;
    packing->at -= length;
    if (length > 0)
        memcpy(packing->at, data, length);
    pack_head(packing, tag, length);
}

/* A single value is left out when it is its type's zero; an element of a list is not. */
WIRE_INLINE void pack_text(struct packing *packing, uint32_t tag, const char *text)
{
    if (text != NULL && text[0] != '\0')
        pack_block(packing, tag, text, strlen(text));
}

WIRE_INLINE void pack_bytes(struct packing *packing, uint32_t tag, ProtobufCBinaryData bytes)
{
    if (bytes.len > 0)
        pack_block(packing, tag, bytes.data, bytes.len);
}

WIRE_INLINE void pack_number(struct packing *packing, uint32_t tag, uint64_t value)
{
    if (value != 0 && pack_has_room(packing, 0))
        pack_head(packing, tag, value);
}

WIRE_INLINE void pack_element(struct packing *packing, uint32_t tag, const struct message_facts *facts, const void *message)
{
    const uint8_t *end = packing->at;
    if (message != NULL)
        facts->pack(packing, message);
    if (pack_has_room(packing, 0))
        pack_head(packing, tag, (uint64_t)(end - packing->at));
}

WIRE_INLINE void pack_message_of(struct packing *packing, uint32_t tag, const struct message_facts *facts, const void *message)
{
    if (message != NULL)
        pack_element(packing, tag, facts, message);
}

WIRE_INLINE void pack_messages(struct packing *packing, uint32_t tag, const struct message_facts *facts, const void *list,
                               size_t count)
{
    const void *const *messages = list;
    while (count-- > 0)
        pack_element(packing, tag, facts, messages[count]);
}

WIRE_INLINE void pack_texts(struct packing *packing, uint32_t tag, char *const *texts, size_t count)
{
    while (count-- > 0)
        pack_block(packing, tag, texts[count], texts[count] == NULL ? 0 : strlen(texts[count]));
}

WIRE_INLINE void pack_blobs(struct packing *packing, uint32_t tag, const ProtobufCBinaryData *blobs, size_t count)
{
    while (count-- > 0)
        pack_block(packing, tag, blobs[count].data, blobs[count].len);
}

#endif

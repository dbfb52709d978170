#include "event/pack.h"

#include "event/pack_plain.h"
#include "event/wire.h"

/* The tag of field 2047, wire type 2. */
static const uint8_t provenance_tag[] = {0xfa, 0x7f};
enum { LENGTH_BYTES_MAX = 5 };

/* MESSAGE at the end of ROOM; data NULL: it is protobuf-c's to do. */
static struct bytes pack_into(uint8_t room[PACK_ROOM_BYTES], const ProtobufCMessage *message)
{
    static const uint8_t nothing[1];
    struct packing packing = {.begin = room, .at = room + PACK_ROOM_BYTES};
    const struct message_facts *facts = schema_of(message->descriptor);

    if (facts == NULL)
        return BYTES_NONE;
    facts->pack(&packing, message);
    if (packing.left_out)
        return BYTES_NONE;
    size_t length = (size_t)(room + PACK_ROOM_BYTES - packing.at);
    return (struct bytes){length == 0 ? nothing : packing.at, length};
}

/* ---- what others call ---- */

struct bytes pack_message(const ProtobufCMessage *message, struct arena *arena)
{
    uint8_t room[PACK_ROOM_BYTES];
    struct bytes packed = pack_into(room, message);
    size_t length = packed.data != NULL ? packed.length : protobuf_c_message_get_packed_size(message);
    uint8_t *data = arena_take(arena, length == 0 ? 1 : length);

    if (data == NULL)
        return BYTES_NONE;
    if (packed.data == NULL)
        (void)protobuf_c_message_pack(message, data);
    else
        memcpy(data, packed.data, length);
    return (struct bytes){data, length};
}

static void append(ProtobufCBuffer *base, size_t length, const uint8_t *data)
{
    struct {
        ProtobufCBuffer base;
        struct buffer *out;
    } *to = (void *)base;
    buffer_append(to->out, data, length);
}

void pack_append(const ProtobufCMessage *message, struct buffer *out)
{
    struct {
        ProtobufCBuffer base;
        struct buffer *out;
    } to = {{.append = append}, out};
    protobuf_c_message_pack_to_buffer(message, &to.base);
}

static size_t write_varint(uint8_t *to, size_t value)
{
    size_t count = 0;
    for (; value >= 0x80; value >>= 7)
        to[count++] = (uint8_t)(value | 0x80);
    to[count++] = (uint8_t)value;
    return count;
}

struct bytes pack_fact(struct bytes original, const ProtobufCMessage *provenance, struct arena *arena)
{
    uint8_t room[PACK_ROOM_BYTES];
    struct bytes packed = pack_into(room, provenance);
    size_t length = packed.data != NULL ? packed.length : protobuf_c_message_get_packed_size(provenance);
    uint8_t *data = arena_take(arena, original.length + sizeof(provenance_tag) + LENGTH_BYTES_MAX + length);
    if (data == NULL)
        return BYTES_NONE;

    size_t at = original.length;
    if (at > 0)
        memcpy(data, original.data, at);
    memcpy(data + at, provenance_tag, sizeof(provenance_tag));
    at += sizeof(provenance_tag);
    at += write_varint(data + at, length);
    if (packed.data == NULL)
        (void)protobuf_c_message_pack(provenance, data + at);
    else
        memcpy(data + at, packed.data, length);
    return (struct bytes){data, at + length};
}

static size_t length_of_varint(size_t value)
{
    uint8_t scratch[10];
    return write_varint(scratch, value);
}

struct bytes pack_original(struct bytes fact, struct bytes *provenance)
{
    struct bytes found = wire_find(fact, PACK_PROVENANCE);
    if (found.data != NULL)
        fact.length -= found.length + length_of_varint(found.length) + sizeof(provenance_tag);
    if (provenance != NULL)
        *provenance = found;
    return fact;
}

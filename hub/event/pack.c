#include "event/pack.h"

#include "event/wire.h"

/* The tag of field 2047, wire type 2. */
static const uint8_t provenance_tag[] = {0xfa, 0x7f};
enum { LENGTH_BYTES_MAX = 5 };

struct bytes pack_message(const ProtobufCMessage *message, struct arena *arena)
{
    size_t length = protobuf_c_message_get_packed_size(message);
    uint8_t *data = arena_take(arena, length == 0 ? 1 : length);
    if (data == NULL)
        return BYTES_NONE;
    return (struct bytes){data, protobuf_c_message_pack(message, data)};
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
    size_t length = protobuf_c_message_get_packed_size(provenance);
    uint8_t *data = arena_take(arena, original.length + sizeof(provenance_tag) + LENGTH_BYTES_MAX + length);
    if (data == NULL)
        return BYTES_NONE;

    size_t at = original.length;
    if (at > 0)
        memcpy(data, original.data, at);
    memcpy(data + at, provenance_tag, sizeof(provenance_tag));
    at += sizeof(provenance_tag);
    at += write_varint(data + at, length);
    at += protobuf_c_message_pack(provenance, data + at);
    return (struct bytes){data, at};
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

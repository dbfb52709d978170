#include "event/pack.h"

#include "event/reflect.h"
#include "event/wire.h"
#include "event/wire_read.h"

/* The tag of field 2047, wire type 2. */
static const uint8_t provenance_tag[] = {0xfa, 0x7f};
enum { LENGTH_BYTES_MAX = 5 };

/* ---- from the end to the beginning ---- */

/* Written backwards, a message's length is known when it is put before it: nothing is measured first, which is half of what
 * protobuf-c's packing costs; the other half is a call for every value. Whatever is rare in our schemas (lists of numbers,
 * zigzag, fixed width, proto2, unknown fields) or larger than the room is left to protobuf-c, whole. */
enum { ROOM_BYTES = 8192, HEAD_BYTES_MAX = 20 /* a tag and a varint */ };

struct packing {
    uint8_t *begin; /* of the room */
    uint8_t *at;    /* of what is written so far */
    bool left_out;  /* something that is protobuf-c's to do */
};

static inline void put_varint(struct packing *packing, uint64_t value)
{
    size_t bytes = value < 0x80 ? 1 : (size_t)(70 - __builtin_clzll(value)) / 7; /* 7 bits each, rounded up */
    uint8_t *to = packing->at -= bytes;
    for (; value >= 0x80; value >>= 7)
        *to++ = (uint8_t)(value | 0x80);
    *to = (uint8_t)value;
}

static inline void put_head(struct packing *packing, field_descriptor *field, unsigned wire_type, uint64_t value)
{
    put_varint(packing, value);
    put_varint(packing, (uint64_t)field->id << 3 | wire_type);
}

/* Room for MORE bytes and a head; false: it does not do. */
static inline bool has_room(struct packing *packing, size_t more)
{
    if ((size_t)(packing->at - packing->begin) >= HEAD_BYTES_MAX + more && more < ROOM_BYTES)
        return true;
    packing->left_out = true;
    return false;
}

static inline void put_block(struct packing *packing, field_descriptor *field, struct bytes content)
{
    if (!has_room(packing, content.length))
        return;
    packing->at -= content.length;
    if (content.length > 0)
        memcpy(packing->at, content.data, content.length);
    put_head(packing, field, WIRE_BLOCK, content.length);
}

static void put_fields(struct packing *packing, const ProtobufCMessage *message);

static __attribute__((noinline)) void put_message(struct packing *packing, field_descriptor *field, const ProtobufCMessage *message)
{
    const uint8_t *end = packing->at;
    if (message != NULL)
        put_fields(packing, message);
    if (has_room(packing, 0))
        put_head(packing, field, WIRE_BLOCK, (uint64_t)(end - packing->at));
}

static inline void put_number(struct packing *packing, field_descriptor *field, uint64_t value)
{
    if (has_room(packing, 0))
        put_head(packing, field, WIRE_VARINT, value);
}

/* Of a list's element; a single value is left out when it is its type's zero. */
static inline void put_text(struct packing *packing, field_descriptor *field, const char *text, bool element)
{
    if (text[0] != '\0' || element)
        put_block(packing, field, bytes_of(text));
}

static inline void put_integer(struct packing *packing, field_descriptor *field, uint64_t value)
{
    if (value != 0)
        put_number(packing, field, value);
}

WIRE_INLINE void put_value(struct packing *packing, field_descriptor *field, const void *value, bool element)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
        put_text(packing, field, reflect_text(value), element);
        break;
    case PROTOBUF_C_TYPE_BYTES:
        if (reflect_bytes(value).length > 0 || element)
            put_block(packing, field, reflect_bytes(value));
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        if (reflect_message(value) != NULL || element)
            put_message(packing, field, reflect_message(value));
        break;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
        put_integer(packing, field, reflect_uint64(value));
        break;
    case PROTOBUF_C_TYPE_UINT32:
        put_integer(packing, field, (uint32_t)reflect_int32(value));
        break;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_ENUM: /* negative ones have ten bytes */
        put_integer(packing, field, (uint64_t)(int64_t)reflect_int32(value));
        break;
    case PROTOBUF_C_TYPE_BOOL:
        put_integer(packing, field, reflect_int32(value) != 0);
        break;
    default:
        packing->left_out |= reflect_is_set(field->type, value);
        break;
    }
}

static bool is_list_of_blocks(field_descriptor *field)
{
    return field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_BYTES ||
           field->type == PROTOBUF_C_TYPE_MESSAGE;
}

static void put_list(struct packing *packing, field_descriptor *field, const ProtobufCMessage *message)
{
    size_t count = reflect_count(message, field), size = reflect_size(field->type);
    if (count == 0)
        return;
    packing->left_out |= !is_list_of_blocks(field);
    const char *elements = reflect_list(message, field);
    while (count-- > 0 && !packing->left_out)
        put_value(packing, field, elements + count * size, true);
}

/* Not one that proto2 has, nor one of a choice: there a zero may have to be said. */
static inline bool is_plain(field_descriptor *field)
{
    return field->flags == 0 && (field->label == PROTOBUF_C_LABEL_NONE ||
                                 (field->label == PROTOBUF_C_LABEL_OPTIONAL && field->type == PROTOBUF_C_TYPE_MESSAGE));
}

static void put_fields(struct packing *packing, const ProtobufCMessage *message)
{
    field_descriptor *first = message->descriptor->fields, *field = first + message->descriptor->n_fields;

    packing->left_out |= message->n_unknown_fields > 0;
    while (field-- > first && !packing->left_out) {
        if (is_plain(field))
            put_value(packing, field, reflect_member(message, field), false);
        else if (reflect_is_list(field))
            put_list(packing, field, message);
        else
            packing->left_out |= !reflect_is_choice(field) || reflect_choice(message, field) != 0;
    }
}

/* MESSAGE at the end of ROOM; data NULL: it is protobuf-c's to do. */
static struct bytes pack_into(uint8_t room[ROOM_BYTES], const ProtobufCMessage *message)
{
    static const uint8_t nothing[1];
    struct packing packing = {.begin = room, .at = room + ROOM_BYTES};

    put_fields(&packing, message);
    if (packing.left_out)
        return BYTES_NONE;
    size_t length = (size_t)(room + ROOM_BYTES - packing.at);
    return (struct bytes){length == 0 ? nothing : packing.at, length};
}

/* ---- what others call ---- */

struct bytes pack_message(const ProtobufCMessage *message, struct arena *arena)
{
    uint8_t room[ROOM_BYTES];
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
    uint8_t room[ROOM_BYTES];
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

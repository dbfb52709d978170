/* reflect.h: reads and writes the members of a protobuf-c structure through its descriptor. Internal to hub/event. */
#ifndef EVENT_REFLECT_H
#define EVENT_REFLECT_H

#include "event/schema.h"

typedef const ProtobufCFieldDescriptor field_descriptor;

/* Bytes of one element in memory. */
static inline size_t reflect_size(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        return sizeof(void *);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_ENUM:
        break;
    }
    return 4;
}

static inline bool reflect_is_list(field_descriptor *field)
{
    return field->label == PROTOBUF_C_LABEL_REPEATED;
}

static inline bool reflect_is_choice(field_descriptor *field)
{
    return (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
}

static inline const void *reflect_member(const ProtobufCMessage *message, field_descriptor *field)
{
    return (const char *)message + field->offset;
}

/* Of a list: how many; of a member of a oneof: the number of the field that is set. */
static inline size_t reflect_count(const ProtobufCMessage *message, field_descriptor *field)
{
    size_t count;
    memcpy(&count, (const char *)message + field->quantifier_offset, sizeof(count));
    return count;
}

static inline uint32_t reflect_choice(const ProtobufCMessage *message, field_descriptor *field)
{
    uint32_t number;
    memcpy(&number, (const char *)message + field->quantifier_offset, sizeof(number));
    return number;
}

static inline const void *reflect_list(const ProtobufCMessage *message, field_descriptor *field)
{
    const void *list;
    memcpy(&list, reflect_member(message, field), sizeof(list));
    return list;
}

static inline const ProtobufCMessage *reflect_message(const void *element)
{
    const ProtobufCMessage *message;
    memcpy(&message, element, sizeof(message));
    return message;
}

static inline const char *reflect_text(const void *element)
{
    const char *text;
    memcpy(&text, element, sizeof(text));
    return text == NULL ? "" : text;
}

static inline struct bytes reflect_bytes(const void *element)
{
    ProtobufCBinaryData data;
    memcpy(&data, element, sizeof(data));
    return (struct bytes){data.len == 0 ? NULL : data.data, data.len};
}

static inline int32_t reflect_int32(const void *element)
{
    int32_t value;
    memcpy(&value, element, sizeof(value));
    return value;
}

static inline uint64_t reflect_uint64(const void *element)
{
    uint64_t value;
    memcpy(&value, element, sizeof(value));
    return value;
}

/* False if an element is the default that proto3 does not send. */
static inline bool reflect_is_set(ProtobufCType type, const void *element)
{
    switch (type) {
    case PROTOBUF_C_TYPE_STRING:
        return reflect_text(element)[0] != '\0';
    case PROTOBUF_C_TYPE_BYTES:
        return reflect_bytes(element).length > 0;
    case PROTOBUF_C_TYPE_MESSAGE:
        return reflect_message(element) != NULL;
    case PROTOBUF_C_TYPE_FLOAT: {
        float value;
        memcpy(&value, element, sizeof(value));
        return !(value >= 0 && value <= 0); /* NaN is set */
    }
    case PROTOBUF_C_TYPE_DOUBLE: {
        double value;
        memcpy(&value, element, sizeof(value));
        return !(value >= 0 && value <= 0);
    }
    default:
        return reflect_size(type) == 8 ? reflect_uint64(element) != 0 : reflect_int32(element) != 0;
    }
}

/* True if the field is there: what proto3 would send. */
static inline bool reflect_is_present(const ProtobufCMessage *message, field_descriptor *field)
{
    if (reflect_is_list(field))
        return reflect_count(message, field) > 0;
    if (reflect_is_choice(field))
        return reflect_choice(message, field) == field->id;
    return reflect_is_set(field->type, reflect_member(message, field));
}

#endif

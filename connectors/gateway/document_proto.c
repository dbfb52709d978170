/* document_proto.c: one message and all that it needs as a proto3 file that stands alone. */
#include "gateway/document.h"

#include <string.h>

enum { TYPES_MAX = 128 };

/* Messages and enumerations in order of first use, each once. */
struct types {
    const ProtobufCMessageDescriptor *messages[TYPES_MAX];
    const ProtobufCEnumDescriptor *enums[TYPES_MAX];
    size_t message_count, enum_count;
};

static bool is_moment(const ProtobufCMessageDescriptor *message)
{
    return strcmp(message->name, "google.protobuf.Timestamp") == 0;
}

static void collect_enum(struct types *types, const ProtobufCEnumDescriptor *found)
{
    for (size_t i = 0; i < types->enum_count; i++)
        if (types->enums[i] == found)
            return;
    if (types->enum_count < TYPES_MAX)
        types->enums[types->enum_count++] = found;
}

static void collect(struct types *types, const ProtobufCMessageDescriptor *found)
{
    for (size_t i = 0; i < types->message_count; i++)
        if (types->messages[i] == found)
            return;
    if (types->message_count == TYPES_MAX)
        return;
    types->messages[types->message_count++] = found;
    for (unsigned i = 0; i < found->n_fields && !is_moment(found); i++) {
        if (found->fields[i].type == PROTOBUF_C_TYPE_MESSAGE)
            collect(types, found->fields[i].descriptor);
        else if (found->fields[i].type == PROTOBUF_C_TYPE_ENUM)
            collect_enum(types, found->fields[i].descriptor);
    }
}

/* ---- names ---- */

static bool is_last_part(const char *full, const char *part)
{
    size_t length = strlen(full), part_length = strlen(part);
    return length > part_length && full[length - part_length - 1] == '.' && strcmp(full + length - part_length, part) == 0;
}

static bool is_taken_by_another(const struct types *types, const char *full, const char *short_name)
{
    for (size_t i = 0; i < types->message_count; i++)
        if (strcmp(types->messages[i]->name, full) != 0 && is_last_part(types->messages[i]->name, short_name))
            return true;
    for (size_t i = 0; i < types->enum_count; i++)
        if (strcmp(types->enums[i]->name, full) != 0 && is_last_part(types->enums[i]->name, short_name))
            return true;
    return false;
}

/* The last part of FULL, or all of it with underscores where two types share the last part. */
static void write_name(const struct types *types, const char *full, struct buffer *out)
{
    const char *point = strrchr(full, '.');
    const char *short_name = point == NULL ? full : point + 1;

    if (!is_taken_by_another(types, full, short_name)) {
        buffer_append_text(out, short_name);
        return;
    }
    for (; *full != '\0'; full++)
        buffer_append_byte(out, *full == '.' ? '_' : (uint8_t)*full);
}

static void write_type(const struct types *types, const ProtobufCFieldDescriptor *field, struct buffer *out)
{
    static const char *const names[] = {
        [PROTOBUF_C_TYPE_INT32] = "int32",       [PROTOBUF_C_TYPE_SINT32] = "sint32", [PROTOBUF_C_TYPE_SFIXED32] = "sfixed32",
        [PROTOBUF_C_TYPE_INT64] = "int64",       [PROTOBUF_C_TYPE_SINT64] = "sint64", [PROTOBUF_C_TYPE_SFIXED64] = "sfixed64",
        [PROTOBUF_C_TYPE_UINT32] = "uint32",     [PROTOBUF_C_TYPE_FIXED32] = "fixed32",
        [PROTOBUF_C_TYPE_UINT64] = "uint64",     [PROTOBUF_C_TYPE_FIXED64] = "fixed64",
        [PROTOBUF_C_TYPE_FLOAT] = "float",       [PROTOBUF_C_TYPE_DOUBLE] = "double", [PROTOBUF_C_TYPE_BOOL] = "bool",
        [PROTOBUF_C_TYPE_STRING] = "string",     [PROTOBUF_C_TYPE_BYTES] = "bytes",
    };

    if (field->type == PROTOBUF_C_TYPE_ENUM) {
        const ProtobufCEnumDescriptor *named = field->descriptor;
        write_name(types, named->name, out);
    } else if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        const ProtobufCMessageDescriptor *named = field->descriptor;
        if (is_moment(named))
            buffer_append_text(out, named->name);
        else
            write_name(types, named->name, out);
    } else {
        buffer_append_text(out, names[field->type]);
    }
}

/* ---- the file ---- */

static void write_enum(const struct types *types, const ProtobufCEnumDescriptor *descriptor, struct buffer *out)
{
    buffer_append_text(out, "\nenum ");
    write_name(types, descriptor->name, out);
    buffer_append_text(out, " {\n");
    for (unsigned i = 0; i < descriptor->n_values; i++)
        buffer_append_format(out, "  %s = %d;\n", descriptor->values[i].name, descriptor->values[i].value);
    buffer_append_text(out, "}\n");
}

static void write_message(const struct types *types, const ProtobufCMessageDescriptor *descriptor, struct buffer *out)
{
    buffer_append_text(out, "\nmessage ");
    write_name(types, descriptor->name, out);
    buffer_append_text(out, " {\n");
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
        buffer_append_text(out, field->label == PROTOBUF_C_LABEL_REPEATED ? "  repeated " : "  ");
        write_type(types, field, out);
        buffer_append_format(out, " %s = %u;\n", field->name, field->id);
    }
    buffer_append_text(out, "}\n");
}

void document_write_proto(const struct message_facts *facts, struct buffer *out)
{
    struct types types = {.message_count = 0};
    bool has_moment = false;

    collect(&types, facts->descriptor);
    for (size_t i = 0; i < types.message_count; i++)
        has_moment = has_moment || is_moment(types.messages[i]);
    buffer_append_text(out, "syntax = \"proto3\";\n");
    if (has_moment)
        buffer_append_text(out, "import \"google/protobuf/timestamp.proto\";\n");
    for (size_t i = 0; i < types.enum_count; i++)
        write_enum(&types, types.enums[i], out);
    for (size_t i = 0; i < types.message_count; i++)
        if (!is_moment(types.messages[i]))
            write_message(&types, types.messages[i], out);
}

#include "event/json.h"
#include "event/reflect.h"

#include "base/date.h"
#include "base/json_text.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define MOMENT_SECONDS_MIN INT64_C(-62135596800) /* 0001-01-01T00:00:00Z */
#define MOMENT_SECONDS_MAX INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

enum { CANONICAL_BYTES_MAX = 4 * 1024 * 1024, PIECE_BYTES = 128 };

struct encoding {
    struct json_options options;
    struct buffer *out;
    struct fault *fault;
};

/* ---- values ---- */

static void append_escape(struct buffer *out, uint8_t c)
{
    static const char shorts[] = {['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't', ['"'] = '"',
                                  ['\\'] = '\\'};
    if (c < sizeof(shorts) && shorts[c] != 0) {
        buffer_append_byte(out, '\\');
        buffer_append_byte(out, (uint8_t)shorts[c]);
    } else {
        buffer_append_format(out, "\\u%04x", c);
    }
}

static bool needs_escape(uint8_t c)
{
    return c < 0x20 || c == '"' || c == '\\';
}

static uint64_t has_zero_byte(uint64_t word)
{
    return (word - UINT64_C(0x0101010101010101)) & ~word & UINT64_C(0x8080808080808080);
}

/* The same of eight bytes at a time. */
static bool word_needs_escape(const uint8_t *data)
{
    const uint64_t each = UINT64_C(0x0101010101010101);
    uint64_t word;

    memcpy(&word, data, sizeof word);
    uint64_t control = (word - each * 0x20) & ~word & each * 0x80;
    return (control | has_zero_byte(word ^ each * '"') | has_zero_byte(word ^ each * '\\')) != 0;
}

static size_t first_to_escape(struct bytes text, size_t from)
{
    size_t at = from;

    while (text.length - at >= sizeof(uint64_t) && !word_needs_escape(text.data + at))
        at += sizeof(uint64_t);
    while (at < text.length && !needs_escape(text.data[at]))
        at++;
    return at;
}

/* TEXT needs no escapes. In one piece where it is as short as most are. */
static void append_quoted(struct buffer *out, struct bytes text)
{
    char piece[PIECE_BYTES];

    if (text.length + 2 > sizeof piece) {
        buffer_append_byte(out, '"');
        buffer_append_bytes(out, text);
        buffer_append_byte(out, '"');
        return;
    }
    piece[0] = '"';
    if (text.length > 0)
        memcpy(piece + 1, text.data, text.length);
    piece[text.length + 1] = '"';
    buffer_append(out, piece, text.length + 2);
}

void json_append_text(struct buffer *out, struct bytes text)
{
    size_t run = 0, at = first_to_escape(text, 0);

    if (at == text.length) {
        append_quoted(out, text);
        return;
    }
    buffer_append_byte(out, '"');
    for (; at < text.length; at = first_to_escape(text, run)) {
        buffer_append(out, text.data + run, at - run);
        append_escape(out, text.data[at]);
        run = at + 1;
    }
    buffer_append(out, text.data + run, text.length - run);
    buffer_append_byte(out, '"');
}

static enum status encode_text(struct encoding *encoding, const struct field_facts *field, struct bytes text)
{
    if (!bytes_is_utf8(text))
        return fault_reject(encoding->fault, "json.utf8", "%s is not UTF-8", field->name);
    json_append_text(encoding->out, text);
    return STATUS_OK;
}

static void encode_blob(struct buffer *out, struct bytes blob)
{
    enum { PIECE = 3 * 256 };
    char text[TEXT_BASE64_LENGTH(PIECE) + 1];

    buffer_append_byte(out, '"');
    while (blob.length > 0) {
        struct bytes piece = {blob.data, blob.length < PIECE ? blob.length : PIECE};
        buffer_append(out, text, text_base64_encode(piece, text, sizeof(text)));
        blob = (struct bytes){blob.data + piece.length, blob.length - piece.length};
    }
    buffer_append_byte(out, '"');
}

/* The shortest of the usual precisions that reads back as the same number. */
static void encode_real(struct buffer *out, double value, bool single)
{
    if (isnan(value) || isinf(value)) {
        buffer_append_text(out, isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"");
        return;
    }
    char text[40];
    for (int digits = single ? 6 : 15; digits <= (single ? 9 : 17); digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, value);
        double back = single ? (double)strtof(text, NULL) : strtod(text, NULL);
        if (back >= value && back <= value)
            break;
    }
    buffer_append_text(out, text);
}

static enum status encode_moment(struct encoding *encoding, const struct field_facts *field,
                                 const ProtobufCMessage *message)
{
    const ProtobufCFieldDescriptor *fields = message->descriptor->fields;
    int64_t seconds = (int64_t)reflect_uint64(reflect_member(message, &fields[0]));
    int32_t nanos = reflect_int32(reflect_member(message, &fields[1]));
    if (seconds < MOMENT_SECONDS_MIN || seconds > MOMENT_SECONDS_MAX || nanos < 0 || nanos > 999999999)
        return fault_reject(encoding->fault, "json.moment", "%s is not within the years 1 to 9999",
                            field == NULL ? "the time" : field->name);

    char text[MOMENT_TEXT_BYTES];
    append_quoted(encoding->out, bytes_of(moment_format(seconds, nanos, text)));
    return STATUS_OK;
}

/* A number's digits, with or without quotes: what printf() takes a thousand instructions for, twice. */
static void encode_digits(struct buffer *out, uint64_t magnitude, bool negative, bool quoted)
{
    char text[24], *at = text + sizeof text;

    if (quoted)
        *--at = '"';
    do
        *--at = (char)('0' + magnitude % 10);
    while ((magnitude /= 10) > 0);
    if (negative)
        *--at = '-';
    if (quoted)
        *--at = '"';
    buffer_append(out, at, (size_t)(text + sizeof text - at));
}

static void encode_signed(struct buffer *out, int64_t value, bool quoted)
{
    encode_digits(out, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, value < 0, quoted);
}

static void encode_enum(struct buffer *out, field_descriptor *descriptor, int32_t value)
{
    const ProtobufCEnumValue *named = protobuf_c_enum_descriptor_get_value(descriptor->descriptor, value);

    if (named == NULL) {
        encode_signed(out, value, false);
        return;
    }
    append_quoted(out, bytes_of(named->name));
}

static enum status encode_message(struct encoding *encoding, const struct message_facts *facts,
                                  const ProtobufCMessage *message, enum sensitivity within, unsigned depth);

static enum status encode_element(struct encoding *encoding, const struct field_facts *field,
                                  field_descriptor *descriptor, const void *element, enum sensitivity within,
                                  unsigned depth)
{
    struct buffer *out = encoding->out;
    switch (descriptor->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        encode_signed(out, reflect_int32(element), false);
        break;
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        encode_digits(out, (uint32_t)reflect_int32(element), false, false);
        break;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        encode_signed(out, (int64_t)reflect_uint64(element), true);
        break;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        encode_digits(out, reflect_uint64(element), false, true);
        break;
    case PROTOBUF_C_TYPE_FLOAT: {
        float value;
        memcpy(&value, element, sizeof(value));
        encode_real(out, (double)value, true);
        break;
    }
    case PROTOBUF_C_TYPE_DOUBLE: {
        double value;
        memcpy(&value, element, sizeof(value));
        encode_real(out, value, false);
        break;
    }
    case PROTOBUF_C_TYPE_BOOL:
        buffer_append_text(out, reflect_int32(element) != 0 ? "true" : "false");
        break;
    case PROTOBUF_C_TYPE_ENUM:
        encode_enum(out, descriptor, reflect_int32(element));
        break;
    case PROTOBUF_C_TYPE_STRING:
        return encode_text(encoding, field, bytes_of(reflect_text(element)));
    case PROTOBUF_C_TYPE_BYTES:
        encode_blob(out, reflect_bytes(element));
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        if (field->message->moment)
            return encode_moment(encoding, field, reflect_message(element));
        return encode_message(encoding, field->message, reflect_message(element), within, depth + 1);
    }
    return STATUS_OK;
}

/* ---- messages ---- */

static bool is_hidden(const struct encoding *encoding, const struct field_facts *field, enum sensitivity within)
{
    if (encoding->options.visible == 0)
        return false;
    /* Without a class of its own a message's fields decide one by one. */
    if (field->message != NULL && !field->message->moment && field->sensitivity == SENSITIVITY_UNSPECIFIED)
        return false;
    return (sensitivity_of_value(within) & encoding->options.visible) == 0;
}

static enum status encode_list(struct encoding *encoding, const struct field_facts *field,
                               field_descriptor *descriptor, const ProtobufCMessage *message, enum sensitivity within,
                               unsigned depth)
{
    size_t count = reflect_count(message, descriptor);
    const char *elements = reflect_list(message, descriptor);
    size_t size = reflect_size(descriptor->type);

    buffer_append_byte(encoding->out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buffer_append_byte(encoding->out, ',');
        enum status status =
            encode_element(encoding, field, descriptor, elements + i * size, within, depth);
        if (status != STATUS_OK)
            return status;
    }
    buffer_append_byte(encoding->out, ']');
    return STATUS_OK;
}

/* ,"name": and for the first one of an object without the comma. In one piece where it is as short as names are. */
static void encode_name(struct buffer *out, const char *name, bool first)
{
    char piece[PIECE_BYTES];
    size_t length = strlen(name), used = 0;

    if (!first)
        piece[used++] = ',';
    if (length + 4 > sizeof piece) {
        buffer_append(out, piece, used);
        append_quoted(out, bytes_of(name));
        buffer_append_byte(out, ':');
        return;
    }
    piece[used++] = '"';
    memcpy(piece + used, name, length);
    memcpy(piece + used + length, "\":", 2);
    buffer_append(out, piece, used + length + 2);
}

static enum status encode_field(struct encoding *encoding, const struct field_facts *field,
                                field_descriptor *descriptor, const ProtobufCMessage *message, enum sensitivity within,
                                unsigned depth)
{
    if (is_hidden(encoding, field, within)) {
        buffer_append_text(encoding->out, "\"***\"");
        return STATUS_OK;
    }
    if (reflect_is_list(descriptor))
        return encode_list(encoding, field, descriptor, message, within, depth);
    return encode_element(encoding, field, descriptor, reflect_member(message, descriptor), within, depth);
}

/* Fields that have a default to show: not messages, not members of a oneof. */
static bool has_default(field_descriptor *descriptor)
{
    return reflect_is_list(descriptor) ||
           (!reflect_is_choice(descriptor) && descriptor->type != PROTOBUF_C_TYPE_MESSAGE);
}

static enum status encode_message(struct encoding *encoding, const struct message_facts *facts,
                                  const ProtobufCMessage *message, enum sensitivity within, unsigned depth)
{
    if (depth > JSON_DEPTH_MAX)
        return fault_reject(encoding->fault, "json.depth", "%s is nested too deeply", facts->name);

    bool first = true;
    buffer_append_byte(encoding->out, '{');
    for (size_t i = 0; i < facts->field_count; i++) {
        field_descriptor *descriptor = &facts->descriptor->fields[i];
        if (!reflect_is_present(message, descriptor) && !(encoding->options.defaults && has_default(descriptor)))
            continue;
        const struct field_facts *field = &facts->fields[i];
        encode_name(encoding->out, field->json_name, first);
        first = false;
        enum status status = encode_field(encoding, field, descriptor, message,
                                          sensitivity_within(within, field->sensitivity), depth);
        if (status != STATUS_OK)
            return status;
    }
    buffer_append_byte(encoding->out, '}');
    return STATUS_OK;
}

enum status json_encode(const struct message_facts *facts, const ProtobufCMessage *message,
                        const struct json_options *options, struct buffer *out, struct fault *fault)
{
    struct encoding encoding = {.out = out, .fault = fault};
    if (options != NULL)
        encoding.options = *options;

    size_t before = out->length;
    enum status status = facts->moment ? encode_moment(&encoding, NULL, message)
                                       : encode_message(&encoding, facts, message, SENSITIVITY_UNSPECIFIED, 1);
    if (status == STATUS_OK && !buffer_ok(out))
        status = fault_reject(fault, "json.too_large", "%s is too large as JSON", facts->name);
    if (status != STATUS_OK)
        out->length = before;
    return status;
}

enum status json_encode_canonical(const struct message_facts *facts, const ProtobufCMessage *message, struct buffer *out,
                                  struct fault *fault)
{
    struct buffer line;

    buffer_init(&line, CANONICAL_BYTES_MAX);
    enum status status = json_encode(facts, message, NULL, &line, fault);
    if (status == STATUS_OK && !json_text_sorted(buffer_bytes(&line), out))
        status = buffer_ok(out) ? fault_reject(fault, "json.canonical", "%s has no canonical form", facts->name)
                                : fault_reject(fault, "json.too_large", "%s is too large", facts->name);
    buffer_done(&line);
    return status;
}

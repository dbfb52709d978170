#include "event/json.h"
#include "event/reflect.h"

#include "base/date.h"

#include <errno.h>
#include <float.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>

/* Where we are, linked on the C stack. */
struct place {
    const struct place *outer;
    const char *name;
    size_t index; /* NO_INDEX: not in a list */
};
#define NO_INDEX SIZE_MAX

struct decoding {
    struct arena *arena;
    struct fault *fault;
};

/* ---- refusing ---- */

static void write_path(const struct place *place, struct buffer *out)
{
    if (place->outer != NULL)
        write_path(place->outer, out);
    if (place->name[0] != '\0' && out->length > 0)
        buffer_append_byte(out, '.');
    buffer_append_text(out, place->name);
    if (place->index != NO_INDEX)
        buffer_append_format(out, "[%zu]", place->index);
}

static enum status refuse(const struct decoding *decoding, const struct place *place, const char *code,
                          const char *sentence)
{
    struct buffer path;
    buffer_init(&path, 8192);
    write_path(place, &path);
    const char *text = buffer_text(&path);
    enum status status = fault_reject(decoding->fault, code, "%s %s", text[0] == '\0' ? "the message" : text, sentence);
    buffer_done(&path);
    return status;
}

static enum status refuse_memory(const struct decoding *decoding, const struct place *place)
{
    return refuse(decoding, place, "json.too_large", "needs more memory than one event may take");
}

/* ---- numbers ---- */

/* A number that has no fraction, in twice the range we need on either side. */
struct whole {
    bool negative;
    uint64_t magnitude;
};

static bool whole_from_digits(const char *text, size_t length, struct whole *whole)
{
    size_t at = length > 0 && text[0] == '-';
    *whole = (struct whole){.negative = at == 1};
    if (at == length)
        return false;
    for (; at < length; at++) {
        if (text[at] < '0' || text[at] > '9')
            return false;
        uint64_t digit = (uint64_t)(text[at] - '0');
        if (whole->magnitude > (UINT64_MAX - digit) / 10)
            return false;
        whole->magnitude = whole->magnitude * 10 + digit;
    }
    return true;
}

/* 1.0 and 1e3 are whole numbers. Above 2^53 a real no longer says which number was meant. */
static bool whole_from_real(double real, struct whole *whole)
{
    double magnitude = fabs(real);
    if (!(magnitude <= 9007199254740992.0) || floor(magnitude) < magnitude)
        return false;
    *whole = (struct whole){.negative = real < 0, .magnitude = (uint64_t)magnitude};
    return true;
}

static bool looks_like_real(const char *text, size_t length)
{
    return length > 0 && strspn(text, "0123456789+-.eE") == length && text[0] != '+' &&
           strpbrk(text, ".eE") != NULL;
}

static bool read_whole(const json_t *value, struct whole *whole)
{
    if (json_is_integer(value)) {
        json_int_t number = json_integer_value(value);
        *whole = (struct whole){number < 0, number < 0 ? 0 - (uint64_t)number : (uint64_t)number};
        return true;
    }
    if (json_is_real(value))
        return whole_from_real(json_real_value(value), whole);

    const char *text = json_string_value(value);
    size_t length = json_string_length(value);
    if (whole_from_digits(text, length, whole))
        return true;
    return looks_like_real(text, length) && whole_from_real(strtod(text, NULL), whole);
}

static bool whole_fits(struct whole whole, uint64_t most, uint64_t most_negative)
{
    return whole.magnitude <= (whole.negative ? most_negative : most);
}

static enum status decode_whole(const struct decoding *decoding, const struct place *place, ProtobufCType type,
                                const json_t *value, void *element)
{
    struct whole whole;
    if (!json_is_number(value) && !json_is_string(value))
        return refuse(decoding, place, "json.type", "must be a whole number");
    if (!read_whole(value, &whole))
        return refuse(decoding, place, "json.type", "must be a whole number");

    bool fits = false;
    switch (type) {
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        fits = whole_fits(whole, UINT32_MAX, 0);
        break;
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        fits = whole_fits(whole, UINT64_MAX, 0);
        break;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        fits = whole_fits(whole, INT64_MAX, (uint64_t)INT64_MAX + 1);
        break;
    default:
        fits = whole_fits(whole, INT32_MAX, (uint64_t)INT32_MAX + 1);
        break;
    }
    if (!fits)
        return refuse(decoding, place, "json.range", "is out of the range of its type");

    uint64_t bits = whole.negative ? 0 - whole.magnitude : whole.magnitude;
    uint32_t low_bits = (uint32_t)bits;
    if (reflect_size(type) == 8)
        memcpy(element, &bits, sizeof(bits));
    else
        memcpy(element, &low_bits, sizeof(low_bits));
    return STATUS_OK;
}

static bool read_real(const json_t *value, double *real)
{
    if (json_is_number(value)) {
        *real = json_number_value(value);
        return true;
    }
    const char *text = json_string_value(value);
    if (text == NULL)
        return false;
    if (strcmp(text, "NaN") == 0 || strcmp(text, "Infinity") == 0 || strcmp(text, "-Infinity") == 0) {
        *real = strtod(text, NULL);
        return true;
    }
    size_t length = json_string_length(value);
    char *end;
    *real = strtod(text, &end);
    return length > 0 && strspn(text, "0123456789+-.eE") == length && text[0] != '+' && *end == '\0' && isfinite(*real);
}

static enum status decode_real(const struct decoding *decoding, const struct place *place, ProtobufCType type,
                               const json_t *value, void *element)
{
    double real;
    if (!read_real(value, &real))
        return refuse(decoding, place, "json.type", "must be a number");
    if (type == PROTOBUF_C_TYPE_DOUBLE) {
        memcpy(element, &real, sizeof(real));
        return STATUS_OK;
    }
    if (isfinite(real) && fabs(real) > (double)FLT_MAX)
        return refuse(decoding, place, "json.range", "is out of the range of its type");
    float single = (float)real;
    memcpy(element, &single, sizeof(single));
    return STATUS_OK;
}

static enum status decode_bool(const struct decoding *decoding, const struct place *place, const json_t *value,
                               void *element)
{
    if (!json_is_boolean(value))
        return refuse(decoding, place, "json.type", "must be true or false");
    protobuf_c_boolean truth = json_is_true(value);
    memcpy(element, &truth, sizeof(truth));
    return STATUS_OK;
}

static enum status decode_enum(const struct decoding *decoding, const struct place *place,
                               field_descriptor *descriptor, const json_t *value, void *element)
{
    if (!json_is_string(value))
        return decode_whole(decoding, place, PROTOBUF_C_TYPE_INT32, value, element);
    const ProtobufCEnumValue *named =
        protobuf_c_enum_descriptor_get_value_by_name(descriptor->descriptor, json_string_value(value));
    if (named == NULL)
        return refuse(decoding, place, "json.enum", "must be one of the names of its enumeration");
    int32_t number = named->value;
    memcpy(element, &number, sizeof(number));
    return STATUS_OK;
}

/* ---- texts, bytes, moments ---- */

static enum status decode_text(const struct decoding *decoding, const struct place *place, const json_t *value,
                               void *element)
{
    if (!json_is_string(value))
        return refuse(decoding, place, "json.type", "must be a string");
    struct bytes bytes = bytes_from(json_string_value(value), json_string_length(value));
    if (bytes.length > 0 && memchr(bytes.data, 0, bytes.length) != NULL)
        return refuse(decoding, place, "json.nul", "holds a NUL character");
    char *text = arena_text(decoding->arena, bytes);
    if (text == NULL)
        return refuse_memory(decoding, place);
    memcpy(element, &text, sizeof(text));
    return STATUS_OK;
}

static int base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

/* Either alphabet, padded or not. Returns the count of bytes, or -1. */
static long read_base64(const char *text, size_t length, uint8_t *to)
{
    size_t padding = 0;
    while (padding < 2 && length > padding && text[length - padding - 1] == '=')
        padding++;
    if (padding > 0 && length % 4 != 0)
        return -1;
    length -= padding;
    if (length % 4 == 1)
        return -1;

    uint32_t bits = 0;
    long count = 0;
    for (size_t i = 0; i < length; i++) {
        int digit = base64_digit(text[i]);
        if (digit < 0)
            return -1;
        bits = bits << 6 | (uint32_t)digit;
        if (i % 4 != 0)
            to[count++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
    }
    return count;
}

static enum status decode_blob(const struct decoding *decoding, const struct place *place, const json_t *value,
                               void *element)
{
    if (!json_is_string(value))
        return refuse(decoding, place, "json.type", "must be a string of base64");
    size_t length = json_string_length(value);
    uint8_t *data = arena_take(decoding->arena, length / 4 * 3 + 3);
    if (data == NULL)
        return refuse_memory(decoding, place);
    long count = read_base64(json_string_value(value), length, data);
    if (count < 0)
        return refuse(decoding, place, "json.base64", "must be base64");
    ProtobufCBinaryData blob = {.len = (size_t)count, .data = data};
    memcpy(element, &blob, sizeof(blob));
    return STATUS_OK;
}

static enum status decode_moment(const struct decoding *decoding, const struct place *place, const json_t *value,
                                 ProtobufCMessage *message)
{
    int64_t seconds;
    int32_t nanos;
    if (!json_is_string(value))
        return refuse(decoding, place, "json.type", "must be a string with an RFC 3339 time");
    if (!moment_parse(bytes_from(json_string_value(value), json_string_length(value)), &seconds, &nanos))
        return refuse(decoding, place, "json.moment", "must be an RFC 3339 time such as 2026-01-31T08:00:00Z");
    const ProtobufCFieldDescriptor *fields = message->descriptor->fields;
    memcpy((char *)message + fields[0].offset, &seconds, sizeof(seconds));
    memcpy((char *)message + fields[1].offset, &nanos, sizeof(nanos));
    return STATUS_OK;
}

/* ---- messages ---- */

static enum status decode_message(const struct decoding *decoding, const struct place *place,
                                  const struct message_facts *facts, const json_t *value, unsigned depth,
                                  ProtobufCMessage **message);

static enum status decode_element(const struct decoding *decoding, const struct place *place,
                                  const struct field_facts *field, field_descriptor *descriptor, const json_t *value,
                                  unsigned depth, void *element)
{
    switch (descriptor->type) {
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        return decode_real(decoding, place, descriptor->type, value, element);
    case PROTOBUF_C_TYPE_BOOL:
        return decode_bool(decoding, place, value, element);
    case PROTOBUF_C_TYPE_ENUM:
        return decode_enum(decoding, place, descriptor, value, element);
    case PROTOBUF_C_TYPE_STRING:
        return decode_text(decoding, place, value, element);
    case PROTOBUF_C_TYPE_BYTES:
        return decode_blob(decoding, place, value, element);
    case PROTOBUF_C_TYPE_MESSAGE: {
        ProtobufCMessage *inner = NULL;
        enum status status = decode_message(decoding, place, field->message, value, depth + 1, &inner);
        memcpy(element, &inner, sizeof(inner));
        return status;
    }
    default:
        return decode_whole(decoding, place, descriptor->type, value, element);
    }
}

static enum status decode_list(const struct decoding *decoding, struct place *place, const struct field_facts *field,
                               field_descriptor *descriptor, const json_t *value, unsigned depth,
                               ProtobufCMessage *message)
{
    if (!json_is_array(value))
        return refuse(decoding, place, "json.type", "must be a list");
    size_t count = json_array_size(value);
    if (count == 0)
        return STATUS_OK;
    size_t size = reflect_size(descriptor->type);
    char *elements = arena_take_zeroed(decoding->arena, count * size);
    if (elements == NULL)
        return refuse_memory(decoding, place);

    for (size_t i = 0; i < count; i++) {
        const json_t *one = json_array_get(value, i);
        place->index = i;
        if (json_is_null(one))
            return refuse(decoding, place, "json.null", "must not be null");
        enum status status = decode_element(decoding, place, field, descriptor, one, depth, elements + i * size);
        if (status != STATUS_OK)
            return status;
    }
    memcpy((char *)message + descriptor->offset, &elements, sizeof(elements));
    memcpy((char *)message + descriptor->quantifier_offset, &count, sizeof(count));
    return STATUS_OK;
}

static enum status decode_field(const struct decoding *decoding, struct place *place, const struct field_facts *field,
                                field_descriptor *descriptor, const json_t *value, unsigned depth,
                                ProtobufCMessage *message)
{
    if (reflect_is_list(descriptor))
        return decode_list(decoding, place, field, descriptor, value, depth, message);
    if (reflect_is_choice(descriptor)) {
        if (reflect_choice(message, descriptor) != 0)
            return refuse(decoding, place, "json.twice", "is one of several of which only one may be given");
        memcpy((char *)message + descriptor->quantifier_offset, &field->number, sizeof(field->number));
    }
    return decode_element(decoding, place, field, descriptor, value, depth, (char *)message + descriptor->offset);
}

static size_t index_of_name(const struct message_facts *facts, const char *name)
{
    for (size_t i = 0; i < facts->field_count; i++) {
        const struct field_facts *field = &facts->fields[i];
        if (strcmp(field->json_name, name) == 0 || strcmp(field->name, name) == 0)
            return i;
    }
    return facts->field_count;
}

/* jansson refuses one name twice; this finds one field under its two names. */
static bool is_given_twice(const struct field_facts *field, const char *name, const json_t *object)
{
    const char *other = strcmp(field->json_name, name) == 0 ? field->name : field->json_name;
    return strcmp(other, name) != 0 && json_object_get(object, other) != NULL;
}

static enum status decode_fields(const struct decoding *decoding, const struct place *outer,
                                 const struct message_facts *facts, const json_t *object, unsigned depth,
                                 ProtobufCMessage *message)
{
    /* jansson's iterator wants an object it may change; it changes nothing. */
    json_t *walked = (json_t *)(uintptr_t)object;
    for (void *at = json_object_iter(walked); at != NULL; at = json_object_iter_next(walked, at)) {
        const char *name = json_object_iter_key(at);
        const json_t *value = json_object_iter_value(at);
        struct place place = {.outer = outer, .name = name, .index = NO_INDEX};

        size_t index = index_of_name(facts, name);
        if (index == facts->field_count)
            return refuse(decoding, &place, "json.unknown_field", "is not a field of the message");
        const struct field_facts *field = &facts->fields[index];
        if (is_given_twice(field, name, object))
            return refuse(decoding, &place, "json.twice", "is given twice, under both its names");
        if (json_is_null(value))
            continue;
        enum status status =
            decode_field(decoding, &place, field, &facts->descriptor->fields[index], value, depth, message);
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

static enum status decode_message(const struct decoding *decoding, const struct place *place,
                                  const struct message_facts *facts, const json_t *value, unsigned depth,
                                  ProtobufCMessage **message)
{
    if (depth > JSON_DEPTH_MAX)
        return refuse(decoding, place, "json.depth", "is nested too deeply");
    if (!facts->moment && !json_is_object(value))
        return refuse(decoding, place, "json.type", "must be an object");

    ProtobufCMessage *made = arena_take(decoding->arena, facts->descriptor->sizeof_message);
    if (made == NULL)
        return refuse_memory(decoding, place);
    protobuf_c_message_init(facts->descriptor, made);
    enum status status = facts->moment ? decode_moment(decoding, place, value, made)
                                       : decode_fields(decoding, place, facts, value, depth, made);
    if (status == STATUS_OK)
        *message = made;
    return status;
}

enum status json_decode_value(const struct message_facts *facts, const struct json_t *value, const char *path,
                              struct arena *arena, ProtobufCMessage **message, struct fault *fault)
{
    struct decoding decoding = {.arena = arena, .fault = fault};
    struct place place = {.name = path, .index = NO_INDEX};
    return decode_message(&decoding, &place, facts, value, 1, message);
}

/* ---- texts ---- */

/* jansson recurses up to 2048 levels; we look before it does. Brackets inside strings do not count. */
static bool is_too_deep(struct bytes text)
{
    unsigned depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < text.length; i++) {
        uint8_t c = text.data[i];
        if (quoted && c == '\\')
            i++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == '{' || c == '['))
            depth++;
        else if (!quoted && (c == '}' || c == ']') && depth > 0)
            depth--;
        if (depth > JSON_DEPTH_MAX)
            return true;
    }
    return false;
}

/* jansson's own text may quote the input, which may be about a person: only its place is told. */
static void refuse_syntax(const json_error_t *error, struct fault *fault)
{
    const char *code = "json.syntax";
    const char *what = "is malformed";
    if (json_error_code(error) == json_error_duplicate_key) {
        code = "json.twice";
        what = "holds an object with one name twice";
    } else if (json_error_code(error) == json_error_numeric_overflow) {
        code = "json.range";
        what = "holds a number out of range (write large ones as strings)";
    } else if (json_error_code(error) == json_error_null_character ||
               json_error_code(error) == json_error_null_byte_in_key) {
        code = "json.nul";
        what = "holds a string with a NUL character";
    }
    (void)fault_reject(fault, code, "the JSON %s at line %d, column %d", what, error->line, error->column);
}

struct json_t *json_parse(struct bytes text, struct fault *fault)
{
    if (is_too_deep(text)) {
        (void)fault_reject(fault, "json.depth", "the JSON is nested more than %d levels deep", JSON_DEPTH_MAX);
        return NULL;
    }
    json_error_t error;
    json_t *value = json_loadb(text.data == NULL ? "" : (const char *)text.data, text.length,
                               JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (value == NULL)
        refuse_syntax(&error, fault);
    return value;
}

enum status json_decode(const struct message_facts *facts, struct bytes text, struct arena *arena,
                        ProtobufCMessage **message, struct fault *fault)
{
    json_t *value = json_parse(text, fault);
    if (value == NULL)
        return STATUS_REJECT;
    enum status status = json_decode_value(facts, value, "", arena, message, fault);
    json_decref(value);
    return status;
}

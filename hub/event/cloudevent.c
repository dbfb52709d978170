#include "event/cloudevent.h"

#include "base/date.h"
#include "base/text.h"
#include "event/pack.h"
#include "event/reflect.h"
#include "event/unpack.h"
#include "event/wire.h"

#include <jansson.h>
#include <stddef.h>

/* ---- reading ---- */

struct attribute_row {
    const char *name;
    size_t offset;
    bool required;
};
static const struct attribute_row attribute_rows[] = {
    {"id", offsetof(struct event_attributes, id), true},
    {"source", offsetof(struct event_attributes, source), true},
    {"type", offsetof(struct event_attributes, type), true},
    {"subject", offsetof(struct event_attributes, subject), false},
    {"time", offsetof(struct event_attributes, time), false},
    {"traceparent", offsetof(struct event_attributes, traceparent), false},
    {"conformance", offsetof(struct event_attributes, conformance), false},
};
enum { ATTRIBUTE_COUNT = sizeof(attribute_rows) / sizeof(attribute_rows[0]) };

static enum status refuse_attribute(struct fault *fault, const char *name, const char *sentence)
{
    return fault_reject(fault, "cloudevent.attribute", "%s %s", name, sentence);
}

static enum status read_attribute(const json_t *envelope, const struct attribute_row *row, struct arena *arena,
                                  struct event_attributes *attributes, struct fault *fault)
{
    const char **target = (const char **)(void *)((char *)attributes + row->offset);
    const json_t *value = json_object_get(envelope, row->name);
    *target = "";
    if (value == NULL || json_is_null(value))
        return row->required ? refuse_attribute(fault, row->name, "is missing") : STATUS_OK;
    if (!json_is_string(value))
        return refuse_attribute(fault, row->name, "must be a string");
    struct bytes text = bytes_from(json_string_value(value), json_string_length(value));
    if (text.length > 0 && memchr(text.data, 0, text.length) != NULL)
        return refuse_attribute(fault, row->name, "holds a NUL character");
    if (text.length == 0 && row->required)
        return refuse_attribute(fault, row->name, "is empty");
    *target = arena_text(arena, text);
    return *target == NULL ? fault_reject(fault, "json.too_large", "the event is too large") : STATUS_OK;
}

static enum status check_attributes(const struct event_attributes *attributes, struct fault *fault)
{
    int64_t seconds;
    int32_t nanos;

    for (size_t i = 0; i < ATTRIBUTE_COUNT; i++)
        if (attribute_rows[i].required &&
            (*(const char *const *)(const void *)((const char *)attributes + attribute_rows[i].offset))[0] == '\0')
            return refuse_attribute(fault, attribute_rows[i].name, "is missing");
    if (attributes->time[0] != '\0' && !moment_parse(bytes_of(attributes->time), &seconds, &nanos))
        return refuse_attribute(fault, "time", "must be an RFC 3339 time");
    return STATUS_OK;
}

static enum status read_attributes(const json_t *envelope, struct arena *arena, struct event_attributes *attributes,
                                   struct fault *fault)
{
    if (!json_is_object(envelope))
        return fault_reject(fault, "json.type", "an event must be an object");
    const char *version = json_string_value(json_object_get(envelope, "specversion"));
    if (version == NULL || strcmp(version, "1.0") != 0)
        return refuse_attribute(fault, "specversion", "must be \"1.0\"");
    for (size_t i = 0; i < ATTRIBUTE_COUNT; i++) {
        enum status status = read_attribute(envelope, &attribute_rows[i], arena, attributes, fault);
        if (status != STATUS_OK)
            return status;
    }
    return check_attributes(attributes, fault);
}

static enum status read_json_data(const json_t *data, struct arena *arena, struct cloudevent *event,
                                  struct fault *fault)
{
    ProtobufCMessage *message = NULL;
    enum status status = json_decode_value(event->facts, data, "data", arena, &message, fault);
    if (status != STATUS_OK)
        return status;
    event->data = pack_message(message, arena);
    return event->data.data == NULL ? fault_reject(fault, "json.too_large", "the event is too large") : STATUS_OK;
}

static enum status read_base64_data(const json_t *data, struct arena *arena, struct cloudevent *event,
                                    struct fault *fault)
{
    if (!json_is_string(data))
        return fault_reject(fault, "json.type", "data_base64 must be a string of base64");
    struct bytes text = bytes_from(json_string_value(data), json_string_length(data));
    size_t capacity = TEXT_BASE64_BYTES_MAX(text.length);
    uint8_t *decoded = arena_take(arena, capacity + 1);
    if (decoded == NULL)
        return fault_reject(fault, "json.too_large", "the event is too large");
    size_t length = 0;
    if (!text_base64_decode(text, decoded, capacity, &length))
        return fault_reject(fault, "json.base64", "data_base64 must be base64");
    event->data = (struct bytes){decoded, length};
    return STATUS_OK;
}

static enum status read_data(const json_t *envelope, struct arena *arena, struct cloudevent *event,
                             struct fault *fault)
{
    const json_t *json = json_object_get(envelope, "data");
    const json_t *base64 = json_object_get(envelope, "data_base64");
    if ((json == NULL) == (base64 == NULL))
        return fault_reject(fault, "cloudevent.data", "an event has either data or data_base64");
    return json != NULL ? read_json_data(json, arena, event, fault) : read_base64_data(base64, arena, event, fault);
}

/* Key and subject from the bytes, so that both ways of giving data end in the same look at them. A field that only the
 * hub writes is left to the hub to refuse, with a receipt. */
static enum status read_key(struct arena *arena, struct cloudevent *event, struct fault *fault)
{
    struct wire_summary summary;
    enum status status = wire_check(event->facts, event->data, WIRE_OWN, &summary, fault);
    if (status != STATUS_OK)
        return status;
    event->key = summary.key.length == 0 ? BYTES_NONE : summary.key;
    if (event->attributes.subject[0] == '\0' && summary.subject.length > 0)
        event->attributes.subject = arena_text(arena, summary.subject);
    return event->attributes.subject == NULL ? fault_reject(fault, "json.too_large", "the event is too large")
                                             : STATUS_OK;
}

static enum status find_facts(struct cloudevent *event, struct fault *fault)
{
    event->facts = schema_find_event(event->attributes.type);
    return event->facts != NULL
               ? STATUS_OK
               : fault_reject(fault, "cloudevent.unknown_type", "the hub knows no such type of event");
}

enum status cloudevent_parse_value(const json_t *envelope, struct arena *arena, struct cloudevent *event,
                                   struct fault *fault)
{
    *event = (struct cloudevent){0};
    enum status status = read_attributes(envelope, arena, &event->attributes, fault);
    if (status == STATUS_OK)
        status = find_facts(event, fault);
    if (status == STATUS_OK)
        status = read_data(envelope, arena, event, fault);
    return status == STATUS_OK ? read_key(arena, event, fault) : status;
}

static enum status decode_json_data(struct bytes data, struct arena *arena, struct cloudevent *event,
                                    struct fault *fault)
{
    json_t *value = json_parse(data, fault);
    if (value == NULL)
        return STATUS_REJECT;
    enum status status = read_json_data(value, arena, event, fault);
    json_decref(value);
    return status;
}

enum status cloudevent_from_data(struct bytes data, bool is_json, struct arena *arena, struct cloudevent *event,
                                 struct fault *fault)
{
    enum status status = check_attributes(&event->attributes, fault);
    if (status == STATUS_OK)
        status = find_facts(event, fault);
    if (status == STATUS_OK && is_json)
        status = decode_json_data(data, arena, event, fault);
    else if (status == STATUS_OK)
        event->data = data.data == NULL ? bytes_from("", 0) : data;
    return status == STATUS_OK ? read_key(arena, event, fault) : status;
}

enum status cloudevent_parse(struct bytes line, struct arena *arena, struct cloudevent *event, struct fault *fault)
{
    json_t *envelope = json_parse(line, fault);
    *event = (struct cloudevent){0};
    if (envelope == NULL)
        return STATUS_REJECT;
    enum status status = cloudevent_parse_value(envelope, arena, event, fault);
    json_decref(envelope);
    return status;
}

/* ---- writing ---- */

static void print_attributes(const struct event_attributes *attributes, struct buffer *out)
{
    buffer_append_text(out, "{\"specversion\":\"1.0\"");
    for (size_t i = 0; i < ATTRIBUTE_COUNT; i++) {
        const char *text = *(const char *const *)(const void *)((const char *)attributes + attribute_rows[i].offset);
        if (text == NULL || text[0] == '\0')
            continue;
        buffer_append_format(out, ",\"%s\":", attribute_rows[i].name);
        json_append_text(out, bytes_of(text));
    }
}

static bool print_json_data(const struct message_facts *facts, struct bytes data, const struct json_options *options,
                            struct arena *arena, struct buffer *out)
{
    size_t before = out->length;
    ProtobufCMessage *message;
    if (facts == NULL || wire_check(facts, data, WIRE_OWN, NULL, NULL) != STATUS_OK ||
        unpack_message(facts, data, arena, &message, NULL) != STATUS_OK)
        return false;
    buffer_append_text(out, ",\"datacontenttype\":\"application/json\",\"data\":");
    if (json_encode(facts, message, options, out, NULL) == STATUS_OK)
        return true;
    out->length = before;
    return false;
}

static void print_base64_data(struct bytes data, struct buffer *out)
{
    enum { PIECE = 3 * 256 };
    char text[TEXT_BASE64_LENGTH(PIECE) + 1];

    buffer_append_text(out, ",\"datacontenttype\":\"application/protobuf\",\"data_base64\":\"");
    while (data.length > 0) {
        struct bytes piece = {data.data, data.length < PIECE ? data.length : PIECE};
        buffer_append(out, text, text_base64_encode(piece, text, sizeof(text)));
        data = (struct bytes){data.data + piece.length, data.length - piece.length};
    }
    buffer_append_byte(out, '"');
}

enum status cloudevent_print(const struct event_attributes *attributes, struct bytes data,
                             const struct json_options *options, struct arena *arena, struct buffer *out,
                             struct fault *fault)
{
    bool masked = options != NULL && options->visible != 0;
    size_t before = out->length;

    print_attributes(attributes, out);
    if (!print_json_data(schema_find_event(attributes->type), data, options, arena, out) && !masked)
        print_base64_data(data, out);
    buffer_append_byte(out, '}');
    if (buffer_ok(out))
        return STATUS_OK;
    out->length = before;
    return fault_reject(fault, "json.too_large", "the event is too large as JSON");
}

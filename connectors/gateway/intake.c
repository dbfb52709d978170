#include "gateway/intake.h"

#include "gateway/target.h"

#include <jansson.h>
#include <strings.h>

enum mode { MODE_NONE, MODE_STRUCTURED, MODE_BATCH, MODE_BINARY_JSON, MODE_BINARY_PROTOBUF };

static const struct {
    const char *type;
    enum mode mode;
} modes[] = {
    {"application/cloudevents+json", MODE_STRUCTURED},
    {"application/cloudevents-batch+json", MODE_BATCH},
    {"application/json", MODE_BINARY_JSON},
    {"application/protobuf", MODE_BINARY_PROTOBUF},
};

/* The media type without its parameters. */
static struct bytes media_type(struct bytes value)
{
    const uint8_t *end = value.length == 0 ? NULL : memchr(value.data, ';', value.length);

    if (end != NULL)
        value.length = (size_t)(end - value.data);
    while (value.length > 0 && (value.data[value.length - 1] == ' ' || value.data[value.length - 1] == '\t'))
        value.length--;
    return value;
}

static enum mode mode_of(const struct http_view *view)
{
    bool repeated = false;
    struct bytes type = media_type(http_view_header(view, "Content-Type", &repeated));

    for (size_t i = 0; !repeated && i < sizeof modes / sizeof *modes; i++)
        if (strlen(modes[i].type) == type.length && strncasecmp(modes[i].type, (const char *)type.data, type.length) == 0)
            return modes[i].mode;
    return MODE_NONE;
}

static bool is_encoded(const struct http_view *view)
{
    struct bytes encoding = http_view_header(view, "Content-Encoding", NULL);

    return encoding.length > 0 && !(encoding.length == 8 && strncasecmp((const char *)encoding.data, "identity", 8) == 0);
}

/* ---- binary mode ---- */

/* A quoted string without its quotes, each backslash taken for the character behind it. */
static struct bytes unquoted(struct bytes value, struct arena *arena)
{
    if (value.length < 2 || value.data[0] != '"' || value.data[value.length - 1] != '"')
        return value;
    uint8_t *out = arena_take(arena, value.length);
    size_t length = 0;
    for (size_t i = 1; out != NULL && i + 1 < value.length; i++) {
        if (value.data[i] == '\\' && i + 2 < value.length)
            i++;
        out[length++] = value.data[i];
    }
    return bytes_from(out, out == NULL ? 0 : length);
}

const char *intake_header_text(struct bytes value, struct arena *arena)
{
    value = unquoted(value, arena);
    return value.data == NULL ? NULL : target_decode(value, arena);
}

static enum status read_header(const struct http_view *view, const char *name, struct arena *arena, const char **text,
                               struct fault *fault)
{
    bool repeated = false;
    struct bytes value = http_view_header(view, name, &repeated);

    *text = value.data == NULL ? "" : intake_header_text(value, arena);
    return repeated || *text == NULL
               ? fault_reject(fault, "cloudevent.attribute", "%s is given twice, not well encoded, or not text", name)
               : STATUS_OK;
}

static enum status read_headers(const struct http_view *view, struct arena *arena, struct event_attributes *attributes,
                                struct fault *fault)
{
    const char *version = "";
    const struct {
        const char *name;
        const char **text;
    } rows[] = {
        {"ce-specversion", &version},        {"ce-id", &attributes->id},     {"ce-source", &attributes->source},
        {"ce-type", &attributes->type},      {"ce-time", &attributes->time}, {"ce-subject", &attributes->subject},
        {"traceparent", &attributes->traceparent}, {"ce-conformance", &attributes->conformance},
    };
    enum status status = STATUS_OK;

    for (size_t i = 0; status == STATUS_OK && i < sizeof rows / sizeof *rows; i++)
        status = read_header(view, rows[i].name, arena, rows[i].text, fault);
    if (status == STATUS_OK && strcmp(version, "1.0") != 0)
        return fault_reject(fault, "cloudevent.attribute",
                            "ce-specversion must be 1.0; or send application/cloudevents+json");
    return status;
}

static enum status read_binary(const struct http_view *view, bool is_json, struct arena *arena, struct intake *intake,
                               struct fault *fault)
{
    enum status status = read_headers(view, arena, &intake->events[0].attributes, fault);

    return status == STATUS_OK ? cloudevent_from_data(view->body, is_json, arena, &intake->events[0], fault) : status;
}

/* ---- batch mode ---- */

static enum status read_list(const json_t *list, size_t events_max, struct arena *arena, struct intake *intake,
                             unsigned *http_status, struct fault *fault)
{
    size_t count = json_array_size(list);
    enum status status = STATUS_OK;

    if (!json_is_array(list))
        return fault_reject(fault, "json.type", "a batch must be a list of events");
    if (count == 0)
        return fault_reject(fault, "batch.empty", "a batch holds at least one event");
    if (count > events_max) {
        *http_status = 413;
        return fault_reject(fault, "batch.too_large", "a batch holds at most %zu events", events_max);
    }
    intake->events = arena_take_zeroed(arena, count * sizeof *intake->events);
    if (intake->events == NULL)
        return fault_retry(fault, "gateway.busy", "no memory for the batch");
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        intake->index = i;
        status = cloudevent_parse_value(json_array_get(list, i), arena, &intake->events[i], fault);
    }
    intake->count = count;
    return status;
}

static enum status read_batch(struct bytes body, size_t events_max, struct arena *arena, struct intake *intake,
                              unsigned *http_status, struct fault *fault)
{
    json_t *list = json_parse(body, fault);

    intake->batch = true;
    if (list == NULL)
        return STATUS_REJECT;
    enum status status = read_list(list, events_max, arena, intake, http_status, fault);
    json_decref(list);
    return status;
}

/* ---- all modes ---- */

/* The hub refuses longer ones without knowing whose they are: here the caller can still be told. */
static enum status check_lengths(struct intake *intake, struct fault *fault)
{
    for (size_t i = 0; i < intake->count; i++) {
        const struct event_attributes *of = &intake->events[i].attributes;
        const char *const texts[] = {of->id, of->source, of->type, of->subject, of->time, of->traceparent, of->conformance};
        intake->index = i;
        for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
            if (strlen(texts[k]) > ATTRIBUTE_BYTES_MAX)
                return fault_reject(fault, "event.attribute", "an attribute is longer than %d bytes", ATTRIBUTE_BYTES_MAX);
    }
    return STATUS_OK;
}

enum status intake_read(const struct http_view *view, size_t events_max, struct arena *arena, struct intake *intake,
                        unsigned *http_status, struct fault *fault)
{
    enum mode mode = mode_of(view);
    enum status status = STATUS_OK;

    *http_status = 415;
    *intake = (struct intake){.count = 1};
    if (mode == MODE_NONE)
        return fault_reject(fault, "request.media_type",
                            "Content-Type must be application/cloudevents+json, application/cloudevents-batch+json, "
                            "application/json or application/protobuf");
    if (is_encoded(view))
        return fault_reject(fault, "request.encoding", "Content-Encoding is not taken");
    *http_status = 400;
    intake->events = arena_take_zeroed(arena, sizeof *intake->events);
    if (intake->events == NULL)
        return fault_retry(fault, "gateway.busy", "no memory for the event");
    if (mode == MODE_STRUCTURED)
        status = cloudevent_parse(view->body, arena, &intake->events[0], fault);
    else if (mode == MODE_BATCH)
        status = read_batch(view->body, events_max, arena, intake, http_status, fault);
    else
        status = read_binary(view, mode == MODE_BINARY_JSON, arena, intake, fault);
    return status == STATUS_OK ? check_lengths(intake, fault) : status;
}

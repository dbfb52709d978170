#include "core/delivery_event.h"

#include "base/date.h"
#include "event/cloudevent.h"
#include "event/unpack.h"

#include "medhub/event/v1/event.pb-c.h"

#include <inttypes.h>
#include <stdio.h>

typedef Medhub__Event__V1__Delivery Delivery;

static void append_text(struct buffer *out, const char *name, const char *text)
{
    if (text[0] == '\0')
        return;
    buffer_append_format(out, ",\"%s\":", name);
    json_append_text(out, bytes_of(text));
}

/* Takes the closing brace away, adds the extension attributes, and closes again. */
static void append_extensions(const Delivery *delivery, struct buffer *out)
{
    out->length--;
    buffer_append_text(out, ",\"factid\":");
    char id[400];
    (void)snprintf(id, sizeof id, "%s/%" PRId32 "/%" PRId64 "/%" PRIu32, delivery->input_topic, delivery->input_partition,
                   delivery->input_offset, delivery->index);
    json_append_text(out, bytes_of(id));
    buffer_append_format(out, ",\"factversion\":\"%" PRIu64 "\"", delivery->version);
    append_text(out, "partitionkey", delivery->key);
    buffer_append_byte(out, '}');
}

enum status delivery_event_print(struct bytes value, struct arena *arena, struct buffer *out, const char **type,
                                 struct fault *fault)
{
    ProtobufCMessage *message = NULL;
    char time[MOMENT_TEXT_BYTES];
    size_t before = out->length;

    enum status status =
        unpack_message(schema_of(&medhub__event__v1__delivery__descriptor), value, arena, &message, fault);
    if (status != STATUS_OK)
        return status;
    const Delivery *delivery = (const Delivery *)message;
    const struct event_attributes attributes = {
        .id = delivery->id,
        .source = delivery->source,
        .type = delivery->type,
        .subject = delivery->subject,
        .time = moment_format_ms(delivery->decided_at_ms, time),
        .traceparent = "",
        .conformance = "",
    };
    status = cloudevent_print(&attributes, bytes_from(delivery->data.data, delivery->data.len), NULL, arena, out, fault);
    if (status == STATUS_OK)
        append_extensions(delivery, out);
    if (type != NULL)
        *type = delivery->type;
    if (status == STATUS_OK && !buffer_ok(out)) {
        out->length = before;
        return fault_reject(fault, "json.too_large", "the delivery is too large as JSON");
    }
    return status;
}

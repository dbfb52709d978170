#include "flow/stages.h"

#include "base/hash.h"
#include "base/text.h"
#include "event/schema.h"
#include "event/unpack.h"
#include "event/wire.h"
#include "flow/flow.h"

#include <stddef.h>
#include <strings.h>

/* Headers that are read, and where they go. */
static const struct header_row {
    const char *name;
    size_t offset; /* in struct event_attributes */
} header_rows[] = {
    {"ce_id", offsetof(struct event_attributes, id)},
    {"ce_source", offsetof(struct event_attributes, source)},
    {"ce_type", offsetof(struct event_attributes, type)},
    {"ce_subject", offsetof(struct event_attributes, subject)},
    {"ce_time", offsetof(struct event_attributes, time)},
    {"traceparent", offsetof(struct event_attributes, traceparent)},
};

struct header_walk {
    struct flow *flow;
    struct event *event;
    const char *specversion;
    const char *content_type;
    enum status status; /* of the first header that cannot be read; the others are read all the same */
};

/* NUL-terminated in the arena; NULL if it is too long or not text. */
static const char *attribute_text(struct header_walk *walk, const char *name, struct bytes value)
{
    if (value.length > ATTRIBUTE_BYTES_MAX || !bytes_is_utf8(value) ||
        (value.length > 0 && memchr(value.data, '\0', value.length) != NULL)) {
        walk->status = fault_reject(&walk->event->fault, "event.attribute",
                                    "header %.64s is longer than %d bytes or not UTF-8 text", name, ATTRIBUTE_BYTES_MAX);
        return NULL;
    }
    const char *text = arena_text(walk->event->arena, value);
    if (text == NULL)
        walk->status = fault_reject(&walk->event->fault, "event.too_complex", "no memory left for the event's headers");
    return text;
}

static bool take_header(const char *name, struct bytes value, void *context)
{
    struct header_walk *walk = context;
    const char **to = NULL;
    int64_t redrive = 0;

    for (size_t i = 0; i < sizeof header_rows / sizeof *header_rows && to == NULL; i++)
        if (strcmp(header_rows[i].name, name) == 0)
            to = (const char **)((char *)&walk->event->attributes + header_rows[i].offset);
    if (to == NULL && strcmp(name, "ce_specversion") == 0)
        to = &walk->specversion;
    if (to == NULL && strcmp(name, "content-type") == 0)
        to = &walk->content_type;
    if (to != NULL) {
        const char *text = attribute_text(walk, name, value);
        if (text != NULL)
            *to = text;
        return true;
    }
    walk->flow->foreign_headers = true;
    if (strcmp(name, "medhub.redrive") == 0 && text_parse_i64(value, &redrive) && redrive > 0 && redrive < 1000000)
        walk->flow->redrive = (unsigned)redrive;
    return true;
}

static enum status check_attributes(const struct header_walk *walk)
{
    struct event *event = walk->event;
    const struct event_attributes *have = &event->attributes;

    if (walk->status != STATUS_OK)
        return walk->status;
    if (have->id[0] == '\0' || have->source[0] == '\0' || have->type[0] == '\0')
        return fault_reject(&event->fault, "event.attributes", "a CloudEvent needs ce_id, ce_source and ce_type");
    if (strcmp(walk->specversion, "1.0") != 0)
        return fault_reject(&event->fault, "event.specversion", "ce_specversion is \"%.16s\", expected \"1.0\"",
                            walk->specversion);
    if (strcasecmp(walk->content_type, "application/protobuf") != 0)
        return fault_reject(&event->fault, "event.content_type",
                            "content-type is \"%.64s\", expected \"application/protobuf\"", walk->content_type);
    return STATUS_OK;
}

static enum status check_envelope(struct flow *flow, struct event *event)
{
    struct fault *fault = &event->fault;
    int64_t bytes_max = flow->shared->settings->event_bytes_max;

    if (event->key.data == NULL || event->key.length == 0)
        return fault_reject(fault, "event.no_key", "the record has no key");
    if (event->key.length > ENTITY_BYTES_MAX || !bytes_is_utf8(event->key) ||
        memchr(event->key.data, '\0', event->key.length) != NULL)
        return fault_reject(fault, "event.key", "the key is longer than %d bytes or not text", ENTITY_BYTES_MAX);
    if (event->value.data == NULL)
        return fault_reject(fault, "event.no_value", "the record has no value");
    if ((int64_t)event->value.length > bytes_max)
        return fault_reject(fault, "event.too_large", "the event has %zu bytes, at most %lld are decided",
                            event->value.length, (long long)bytes_max);
    return STATUS_OK;
}

static enum status find_type(struct flow *flow, struct event *event)
{
    const char *type = event->attributes.type;
    const struct lane *lane = lane_of_type(&flow->shared->lanes, type, &flow->handler);

    event->facts = schema_find_event(type);
    if (lane == NULL || event->facts == NULL || flow->handler->decide == NULL)
        return fault_reject(&event->fault, "event.type", "unknown event type or version %.128s", type);
    if (lane != flow->lane)
        return fault_reject(&event->fault, "event.topic", "%.128s belongs in %s", type, lane->inbox_topic);
    return STATUS_OK;
}

/* Two clients that hash differently would spread one key over two partitions, and its state with it. */
static enum status check_partition(struct flow *flow, struct event *event)
{
    int32_t expected = hash_kafka_partition(event->key, flow->lane->keyspace->partitions);

    if (expected == event->position.partition)
        return STATUS_OK;
    return fault_reject(&event->fault, "event.partition",
                        "the key belongs in partition %d (murmur2, as Java's clients do), the record is in %d",
                        (int)expected, (int)event->position.partition);
}

static enum status decode_message(struct event *event)
{
    struct wire_summary summary;

    enum status status = unpack_submitted(event->facts, event->value, WIRE_SUBMITTED, event->arena, &event->message,
                                          &summary, &event->fault);
    if (status != STATUS_OK)
        return status;
    if (!bytes_equal(summary.key, event->key))
        return fault_reject(&event->fault, "event.key_differs", "the record's key is not the message's %s",
                            event->facts->key_field >= 0 ? event->facts->fields[event->facts->key_field].json_name : "key");
    return STATUS_OK;
}

enum status decode_stage(struct flow *flow, struct event *event)
{
    struct header_walk walk = {flow, event, "", "", STATUS_OK};

    /* Read before anything is refused: whoever can be told gets a receipt. */
    record_each_header(flow->record, take_header, &walk);
    enum status status = check_envelope(flow, event);
    if (status == STATUS_OK)
        status = check_attributes(&walk);
    if (status == STATUS_OK)
        status = find_type(flow, event);
    if (status == STATUS_OK)
        status = check_partition(flow, event);
    if (status == STATUS_OK)
        status = decode_message(event);
    return status;
}

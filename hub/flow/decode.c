#include "flow/stages.h"

#include "base/hash.h"
#include "event/attributes.h"
#include "event/schema.h"
#include "event/unpack.h"
#include "event/wire.h"
#include "flow/flow.h"

#include <stdio.h>

static bool take_header(const char *name, struct bytes value, void *context)
{
    attributes_take(context, name, value);
    return true;
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

static void look_up_type(struct flow *flow, const char *type)
{
    struct known_type *known = &flow->last_type;

    if (strcmp(known->type, type) == 0)
        return; /* "" is refused before */
    (void)snprintf(known->type, sizeof known->type, "%s", type); /* attributes are no longer */
    known->lane = lane_of_type(&flow->shared->lanes, type, &known->handler);
    known->facts = schema_find_event(type);
}

static enum status find_type(struct flow *flow, struct event *event)
{
    const char *type = event->attributes.type;
    const struct known_type *known = &flow->last_type;

    look_up_type(flow, type);
    event->facts = known->facts;
    flow->handler = known->handler;
    if (known->lane == NULL || event->facts == NULL || flow->handler->decide == NULL)
        return fault_reject(&event->fault, "event.type", "unknown event type or version %.128s", type);
    if (known->lane != flow->lane)
        return fault_reject(&event->fault, "event.topic", "%.128s belongs in %s", type, known->lane->inbox_topic);
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
    event->all_known = !summary.unknown;
    event->all_right = summary.right;
    if (!bytes_equal(summary.key, event->key))
        return fault_reject(&event->fault, "event.key_differs", "the record's key is not the message's %s",
                            event->facts->key_field >= 0 ? event->facts->fields[event->facts->key_field].json_name : "key");
    return STATUS_OK;
}

enum status decode_stage(struct flow *flow, struct event *event)
{
    struct attribute_reader reader;

    /* Read before anything is refused: whoever can be told gets a receipt. */
    attributes_begin(&reader, event);
    record_each_header(flow->record, take_header, &reader);
    flow->foreign_headers = reader.foreign;
    flow->redrive = reader.redrive;
    enum status status = check_envelope(flow, event);
    if (status == STATUS_OK)
        status = attributes_check(&reader);
    if (status == STATUS_OK)
        status = find_type(flow, event);
    if (status == STATUS_OK)
        status = check_partition(flow, event);
    if (status == STATUS_OK)
        status = decode_message(event);
    return status;
}

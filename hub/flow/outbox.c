#include "flow/outbox.h"

#include "flow/flow.h"
#include "state/changelog.h"
#include "state/numbers.h"

#include <stdlib.h>

/* The broker's default message.max.bytes less what a record's frame and headers take. */
enum { RECORD_BYTES_MAX = 1000000 };

void outbox_clear(struct outbox *outbox)
{
    for (size_t i = 0; i < outbox->count; i++)
        headers_free(outbox->items[i].headers);
    outbox->count = 0;
    outbox->failed = false;
    outbox->too_large = false;
}

void outbox_done(struct outbox *outbox)
{
    outbox_clear(outbox);
    free(outbox->items);
    *outbox = (struct outbox){0};
}

static struct outgoing *make_room(struct outbox *outbox)
{
    if (outbox->count == outbox->capacity) {
        size_t capacity = outbox->capacity == 0 ? 32 : 2 * outbox->capacity;
        struct outgoing *grown = realloc(outbox->items, capacity * sizeof *grown);
        if (grown == NULL) {
            outbox->failed = true;
            return NULL;
        }
        outbox->items = grown;
        outbox->capacity = capacity;
    }
    return &outbox->items[outbox->count++];
}

static void add(struct flow *flow, struct outgoing item)
{
    struct outbox *outbox = &flow->outbox;
    struct outgoing *to = make_room(outbox);

    if (to == NULL) {
        headers_free(item.headers);
        return;
    }
    *to = item;
    if (item.key.length + item.value.length > RECORD_BYTES_MAX)
        outbox->too_large = true;
}

void outbox_add(struct flow *flow, struct sink_topic *topic, struct bytes key, struct bytes value,
                struct headers *headers)
{
    add(flow, (struct outgoing){
                  .topic = topic, .partition = PARTITION_BY_KEY, .key = key, .value = value, .headers = headers});
}

void outbox_add_mergeable(struct flow *flow, const struct handler *handler, struct sink_topic *topic, struct bytes key,
                          struct bytes value, struct headers *headers)
{
    add(flow, (struct outgoing){.topic = topic,
                                .partition = PARTITION_BY_KEY,
                                .key = key,
                                .value = value,
                                .headers = headers,
                                .mergeable = handler});
}

void outbox_add_with_record_headers(struct flow *flow, struct sink_topic *topic, struct bytes key, struct bytes value)
{
    add(flow, (struct outgoing){
                  .topic = topic, .partition = PARTITION_BY_KEY, .key = key, .value = value, .record_headers = true});
}

void outbox_add_changelog(struct flow *flow, struct bytes key, struct bytes value)
{
    if (key.data == NULL)
        flow->outbox.failed = true;
    add(flow, (struct outgoing){.topic = flow_outlets(flow)->state[flow->task->keyspace->index],
                                .partition = flow->task->partition,
                                .key = key,
                                .value = value,
                                .changelog = true});
}

bool outbox_timer_record(const struct event *event, const struct decided_timer *timer, struct bytes *key, struct bytes *value)
{
    struct buffer name, when;
    uint8_t due[8];

    buffer_init(&name, STORE_KEY_BYTES_MAX + 1);
    buffer_init(&when, 512);
    changelog_timer_key(event->key, bytes_of(timer->name), &name);
    if (!timer->cancel) {
        put_be64(due, (uint64_t)timer->due_ms);
        buffer_append(&when, due, sizeof due);
        buffer_append_text(&when, timer->type);
    }
    bool possible = buffer_ok(&name) && buffer_ok(&when) && timer->due_ms >= 0;
    *key = possible ? arena_bytes(event->arena, buffer_bytes(&name)) : BYTES_NONE;
    *value = possible && !timer->cancel ? arena_bytes(event->arena, buffer_bytes(&when)) : BYTES_NONE;
    buffer_done(&name);
    buffer_done(&when);
    return key->data != NULL && (timer->cancel || value->data != NULL);
}

enum status outbox_check(const struct flow *flow, struct fault *fault)
{
    if (flow->outbox.failed)
        return fault_reject(fault, "event.too_complex", "no memory left for the event's results");
    if (flow->outbox.too_large)
        return fault_reject(fault, "event.result_too_large", "a result of the event is larger than %d bytes",
                            RECORD_BYTES_MAX);
    return STATUS_OK;
}

static enum status apply_one(struct flow *flow, struct outgoing *item, struct fault *fault)
{
    struct checkpoint unused = {0};

    if (item->mergeable != NULL)
        return merge_take(flow, item, fault);
    struct headers *headers = item->record_headers ? record_take_headers(flow->record) : item->headers;

    if (item->changelog) {
        enum status status = changelog_apply(flow->task->store, &unused, item->key, item->value, fault);
        if (status != STATUS_OK)
            return STATUS_FATAL; /* what we write must be what we can read */
        metric_add(flow->measures.changelog, 1);
    }
    if (item->record_headers && headers == NULL)
        return fault_retry(fault, "memory.out", "no memory for the headers of a fact");
    item->headers = NULL;
    return sink_produce(flow_sink(flow), item->topic, item->partition, item->key, item->value, headers,
                        item->changelog ? &flow->task->changelog_next : NULL, fault);
}

enum status outbox_apply(struct flow *flow, struct fault *fault)
{
    enum status status = task_touch(flow->task, fault);

    for (size_t i = 0; status == STATUS_OK && i < flow->outbox.count; i++)
        status = apply_one(flow, &flow->outbox.items[i], fault);
    return status;
}

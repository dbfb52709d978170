#include "flow/merge.h"

#include "event/wire.h"
#include "flow/flow.h"
#include "flow/signatures.h"

static void forget(struct merge *merge)
{
    headers_free(merge->headers);
    buffer_done(&merge->key);
    buffer_done(&merge->value);
    *merge = (struct merge){0};
}

void merge_clear(struct merges *merges)
{
    for (size_t i = 0; i < merges->count; i++)
        forget(&merges->waiting[i]);
    merges->count = 0;
}

static enum status produce(struct flow *flow, struct merge *merge, struct fault *fault)
{
    struct headers *headers = merge->headers;

    enum status status = signatures_vouch(flow->shared->signatures, headers, buffer_bytes(&merge->key),
                                          buffer_bytes(&merge->value), fault);
    if (status != STATUS_OK)
        return status;
    merge->headers = NULL; /* sink_produce takes them whatever it answers */
    return sink_produce(flow_sink(flow), merge->topic, PARTITION_BY_KEY, buffer_bytes(&merge->key),
                        buffer_bytes(&merge->value), headers, NULL, fault);
}

bool merge_is_wanted(const struct flow *flow, const struct handler *handler)
{
    return handler->merges_max > 1 && !flow->shared->client->embedded;
}

static struct merge *find(struct merges *merges, const struct outgoing *item)
{
    for (size_t i = 0; i < merges->count; i++)
        if (merges->waiting[i].handler == item->mergeable &&
            bytes_equal(buffer_bytes(&merges->waiting[i].key), item->key))
            return &merges->waiting[i];
    return NULL;
}

static bool has_room(const struct merge *merge, const struct outgoing *item)
{
    return merge->count < merge->handler->merges_max && merge->value.length + item->value.length <= MERGED_BYTES_MAX;
}

/* A place: that of the full one before, a free one, or the first's. What was there goes. */
static enum status make_place(struct flow *flow, struct merge **place, struct fault *fault)
{
    struct merges *merges = &flow->merges;

    if (*place == NULL && merges->count < MERGES_MAX) {
        *place = &merges->waiting[merges->count++];
        **place = (struct merge){0};
        return STATUS_OK;
    }
    if (*place == NULL)
        *place = merges->waiting;
    enum status status = produce(flow, *place, fault);
    forget(*place);
    return status;
}

static void begin(struct merge *merge, struct outgoing *item)
{
    *merge = (struct merge){.handler = item->mergeable,
                            .facts = schema_find_event(item->mergeable->type),
                            .topic = item->topic,
                            .headers = item->headers};
    item->headers = NULL;
    buffer_init(&merge->key, item->key.length + 1);
    buffer_init(&merge->value, item->value.length + MERGED_BYTES_MAX);
    buffer_append_bytes(&merge->key, item->key);
    buffer_append_bytes(&merge->value, item->value);
}

enum status merge_take(struct flow *flow, struct outgoing *item, struct fault *fault)
{
    struct merge *merge = find(&flow->merges, item);
    enum status status = STATUS_OK;
    bool joined = true;

    if (merge == NULL || !has_room(merge, item)) {
        status = make_place(flow, &merge, fault);
        begin(merge, item);
    } else {
        joined = wire_append_lists(merge->facts, item->value, &merge->value);
        headers_free(item->headers);
        item->headers = NULL;
    }
    merge->count++;
    if (status == STATUS_OK && (!joined || !buffer_ok(&merge->key) || !buffer_ok(&merge->value)))
        return fault_retry(fault, "memory.out", "no memory for follow-ups that are merged");
    return status;
}

enum status merge_produce(struct flow *flow, struct fault *fault)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; status == STATUS_OK && i < flow->merges.count; i++)
        status = produce(flow, &flow->merges.waiting[i], fault);
    merge_clear(&flow->merges);
    return status;
}

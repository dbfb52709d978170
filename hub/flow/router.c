#include "flow/router.h"

#include "event/pack.h"
#include "event/schema.h"
#include "domain/feed.h"
#include "event/unpack.h"
#include "event/wire.h"
#include "event/wire_wraps.h"
#include "flow/flow.h"

#include "medhub/event/v1/event.pb-c.h"

#include <stdio.h>

typedef Medhub__Event__V1__Delivery Delivery;

enum { VISIBILITIES = VISIBLE_ALL + 1 };

/* Recipients of fact INDEX who see exactly VISIBILITY. */
static size_t recipients_of(const struct decision *decision, size_t index, unsigned visibility, char **recipients)
{
    size_t count = 0;

    for (size_t i = 0; i < decision->delivery_count; i++)
        if (decision->deliveries[i].fact == index && decision->deliveries[i].visibility == visibility)
            recipients[count++] = (char *)decision->deliveries[i].recipient;
    return count;
}

static const struct message_facts *facts_of(const struct event *event, size_t index)
{
    const struct decided_fact *fact = &event->decision->facts[index];
    return fact->original.data != NULL ? event->facts : schema_of(fact->message->descriptor);
}

static struct bytes projection(struct event *event, size_t index, struct bytes bare, unsigned visibility)
{
    const struct message_facts *facts = facts_of(event, index);
    bool all_known = event->decision->facts[index].original.data == NULL || event->all_known;
    struct buffer seen;

    if (visibility == VISIBLE_ALL)
        return bare;
    if (facts == NULL)
        return BYTES_NONE;
    buffer_init(&seen, bare.length);
    struct bytes result = BYTES_NONE;
    if (all_known ? wire_project_known(facts, bare, visibility, &seen) : wire_project(facts, bare, visibility, &seen))
        result = arena_bytes(event->arena, bytes_from(seen.data == NULL ? (const uint8_t *)"" : seen.data, seen.length));
    buffer_done(&seen);
    return result;
}

/* ---- sealed values: to each recipient its own wraps ---- */

struct wrap_keeping {
    struct flow *flow;
    struct event *event;
    const char *recipient; /* an organisation, or a feed */
};

static bool hears_feed(const Organisation *organisation, const char *feed, date_t today, struct arena *arena)
{
    size_t count = 0;
    const char *const *feeds = feeds_of(organisation, today, arena, &count);
    for (size_t i = 0; feeds != NULL && i < count; i++)
        if (strcmp(feeds[i], feed) == 0)
            return true;
    return false;
}

/* A feed has many readers: it carries the wraps of those who hear it today. */
static bool keep_wrap(void *self, struct bytes recipient)
{
    struct wrap_keeping *keeping = self;
    struct event *event = keeping->event;
    date_t today = date_in_china(keeping->flow->now_ms);
    const char *organisation = arena_text(event->arena, recipient);
    ProtobufCMessage *message = NULL;
    struct tables_row row;
    struct fault fault; /* ignoring: a row that cannot be read gives no wrap away */

    if (feed_of(keeping->recipient) == NULL)
        return bytes_equal_text(recipient, keeping->recipient);
    return organisation != NULL &&
           tables_find(keeping->flow->tables, TABLE_REGISTRY, organisation, REGION_NATION, today, &row) &&
           unpack_message(schema_of(ORGANISATION), row.value, event->arena, &message, &fault) == STATUS_OK &&
           hears_feed((const Organisation *)message, keeping->recipient, today, event->arena);
}

/* DATA as RECIPIENT may have it; BYTES_NONE when memory is out. */
static struct bytes with_own_wraps(struct flow *flow, struct event *event, const struct message_facts *facts,
                                   struct bytes data, const char *recipient)
{
    struct wrap_keeping keeping = {flow, event, recipient};
    struct bytes result = BYTES_NONE;
    struct buffer kept;

    buffer_init(&kept, data.length + 1);
    if (wire_keep_wraps(facts, data, keep_wrap, &keeping, &kept))
        result = arena_bytes(event->arena, bytes_from(kept.data == NULL ? (const uint8_t *)"" : kept.data, kept.length));
    buffer_done(&kept);
    return result;
}

/* ---- deliveries ---- */

/* Adds one record: DATA for COUNT recipients. */
static void add_delivery(struct flow *flow, struct event *event, size_t index, struct bytes data, uint64_t version,
                         unsigned visibility, char **recipients, size_t count)
{
    const struct decided_fact *fact = &event->decision->facts[index];
    Delivery delivery = MEDHUB__EVENT__V1__DELIVERY__INIT;

    delivery.n_recipients = count;
    delivery.recipients = recipients;
    delivery.type = (char *)(fact->original.data != NULL ? event->attributes.type : fact->type);
    delivery.id = (char *)event->attributes.id;
    delivery.source = (char *)event->attributes.source;
    delivery.subject = (char *)fact->subject;
    /* The key is the person's pseudonym where the key kind says so: who may not see the person gets no key. */
    delivery.key = (visibility & VISIBLE_IDENTITY) != 0 || strcmp(flow->lane->keyspace->kind, "person") != 0
                       ? (char *)flow->view.key
                       : (char *)"";
    delivery.version = version;
    delivery.visibility = visibility;
    delivery.decided_at_ms = flow->now_ms;
    delivery.input_topic = (char *)event->position.topic;
    delivery.input_partition = event->position.partition;
    delivery.input_offset = event->position.offset;
    delivery.index = (uint32_t)index;
    delivery.data.data = (uint8_t *)data.data;
    delivery.data.len = data.length;
    struct bytes value = pack_message(&delivery.base, event->arena);
    if (data.data == NULL || value.data == NULL)
        flow->outbox.failed = true;
    outbox_add(flow, flow_outlets(flow)->delivery, event->key, value, NULL);
    metric_add(flow->measures.deliveries, 1);
}

/* One record for all who see the same; where a sealed value is among it, one for each, with its own wraps. */
static void deliver(struct flow *flow, struct event *event, size_t index, struct bytes bare, uint64_t version,
                    unsigned visibility, char **recipients, size_t count)
{
    const struct message_facts *facts = facts_of(event, index);
    struct bytes data = projection(event, index, bare, visibility);

    if ((visibility & VISIBLE_IDENTITY) == 0 || facts == NULL || !wire_has_wraps(facts, data)) {
        add_delivery(flow, event, index, data, version, visibility, recipients, count);
        return;
    }
    for (size_t i = 0; i < count; i++)
        add_delivery(flow, event, index, with_own_wraps(flow, event, facts, data, recipients[i]), version, visibility,
                     &recipients[i], 1);
}

void route_deliveries(struct flow *flow, struct event *event, size_t index, struct bytes bare, uint64_t version)
{
    const struct decision *decision = event->decision;

    if (decision->delivery_count == 0)
        return;
    char **recipients = arena_take(event->arena, decision->delivery_count * sizeof *recipients);
    if (recipients == NULL) {
        flow->outbox.failed = true;
        return;
    }
    for (unsigned visibility = 1; visibility < VISIBILITIES; visibility++) {
        size_t count = recipients_of(decision, index, visibility, recipients);
        if (count > 0)
            deliver(flow, event, index, bare, version, visibility, recipients, count);
    }
}

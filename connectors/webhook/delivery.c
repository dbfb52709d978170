#include "webhook/delivery.h"

#include "base/hash.h"
#include "event/json.h"
#include "event/unpack.h"

#include <stdlib.h>

enum { JSON_BYTES_MAX = 16 * 1024 * 1024 };

enum status delivery_read(const struct record *record, struct arena *arena, Medhub__Event__V1__Delivery **message,
                          struct fault *fault)
{
    ProtobufCMessage *read = NULL;
    enum status status =
        unpack_message(schema_of(&medhub__event__v1__delivery__descriptor), record->value, arena, &read, fault);

    *message = (Medhub__Event__V1__Delivery *)read;
    return status;
}

/* Copies TEXT to *AT, which moves behind it. */
static const char *keep(char **at, const char *text)
{
    size_t length = strlen(text) + 1;
    char *kept = memcpy(*at, text, length);

    *at += length;
    return kept;
}

struct delivery *delivery_new(struct delivery_pool *pool, const struct record *record,
                              const Medhub__Event__V1__Delivery *message)
{
    size_t texts = strlen(message->type) + strlen(message->id) + strlen(message->source) + strlen(message->subject) +
                   strlen(message->input_topic) + strlen(message->key) + 6;
    struct delivery *made = malloc(sizeof *made + texts + message->data.len);

    if (made == NULL)
        return NULL;
    char *at = (char *)(made + 1);
    *made = (struct delivery){
        .pool = pool,
        .references = 1,
        .bytes = sizeof *made + texts + message->data.len,
        .partition = record->partition,
        .offset = record->offset,
        .key = hash_bytes(record->key, 0),
        .decided_at_ms = message->decided_at_ms,
        .input_partition = message->input_partition,
        .input_offset = message->input_offset,
        .index = message->index,
        .visibility = message->visibility,
        .version = message->version,
    };
    made->type = keep(&at, message->type);
    made->id = keep(&at, message->id);
    made->source = keep(&at, message->source);
    made->subject = keep(&at, message->subject);
    made->input_topic = keep(&at, message->input_topic);
    made->partition_key = keep(&at, message->key);
    if (message->data.len > 0)
        memcpy(at, message->data.data, message->data.len);
    made->data = bytes_from(at, message->data.len);
    pool->count++;
    pool->bytes += made->bytes;
    return made;
}

struct delivery *delivery_share(struct delivery *delivery)
{
    delivery->references++;
    return delivery;
}

void delivery_release(struct delivery *delivery)
{
    if (delivery == NULL || --delivery->references > 0)
        return;
    delivery->pool->count--;
    delivery->pool->bytes -= delivery->bytes;
    free((void *)(uintptr_t)delivery->json.data);
    free(delivery);
}

void delivery_pool_done(struct delivery_pool *pool)
{
    buffer_done(&pool->json);
}

static bool keep_json(struct delivery *delivery, struct bytes json)
{
    uint8_t *copy = malloc(json.length);

    if (copy == NULL)
        return false;
    memcpy(copy, json.data, json.length);
    delivery->json = bytes_from(copy, json.length);
    delivery->bytes += json.length;
    delivery->pool->bytes += json.length;
    return true;
}

static bool make_json(struct delivery *delivery, struct arena *scratch)
{
    const struct message_facts *facts = schema_find_event(delivery->type);
    struct buffer *out = &delivery->pool->json;
    ProtobufCMessage *message = NULL;
    struct fault fault; /* ignoring: what has no JSON form goes as protobuf */

    if (out->limit == 0)
        buffer_init(out, JSON_BYTES_MAX);
    buffer_clear(out);
    bool ok = facts != NULL && unpack_message(facts, delivery->data, scratch, &message, &fault) == STATUS_OK &&
              json_encode(facts, message, NULL, out, &fault) == STATUS_OK && keep_json(delivery, buffer_bytes(out));
    arena_reset(scratch);
    return ok;
}

struct bytes delivery_body(struct delivery *delivery, bool protobuf, struct arena *scratch, const char **content_type)
{
    if (!protobuf && delivery->json.data == NULL && !delivery->json_failed)
        delivery->json_failed = !make_json(delivery, scratch);
    if (protobuf || delivery->json_failed) {
        *content_type = "application/protobuf";
        return delivery->data;
    }
    *content_type = "application/json";
    return delivery->json;
}

static void put_hex(char *at, uint64_t number)
{
    for (int i = 15; i >= 0; i--, number >>= 4)
        at[i] = "0123456789abcdef"[number & 15];
}

void delivery_id(const struct delivery *delivery, const char *endpoint, char id[DELIVERY_ID_BYTES])
{
    uint64_t halves[2];

    for (unsigned half = 0; half < 2; half++) {
        const uint64_t numbers[] = {(uint64_t)delivery->input_partition, (uint64_t)delivery->input_offset, delivery->index,
                                    delivery->visibility};
        uint64_t of_topic = hash_bytes(bytes_of(delivery->input_topic), half);
        halves[half] = hash_bytes(bytes_of(endpoint), hash_bytes(bytes_from(numbers, sizeof numbers), of_topic));
    }
    memcpy(id, "dlv_", 4);
    put_hex(id + 4, halves[0]);
    put_hex(id + 20, halves[1]);
    id[36] = '\0';
}

// links: medhub_event
/* Any text as the JSON of any message: what is accepted encodes, and what was encoded decodes to the same JSON. The
 * first byte chooses the message; 0xff reads a CloudEvent instead. */
#include "event/cloudevent.h"
#include "event/pack.h"
#include "event/wire.h"

#include <stdlib.h>

enum { MEMORY_MAX = 16 * 1024 * 1024 };

static struct arena *arena;
static struct buffer first;
static struct buffer second;

static void must(bool holds)
{
    if (!holds)
        abort();
}

static const struct message_facts *choose(uint8_t byte)
{
    size_t count = 0;
    while (schema_message(count) != NULL)
        count++;
    return schema_message(byte % count);
}

static void read_message(const struct message_facts *facts, struct bytes text)
{
    struct fault fault = {0};
    ProtobufCMessage *message = NULL;
    if (json_decode(facts, text, arena, &message, &fault) != STATUS_OK) {
        must(fault.code[0] != '\0');
        return;
    }
    struct bytes packed = pack_message(message, arena);
    if (packed.data == NULL) /* a full arena */
        return;
    must(wire_check(facts, packed, WIRE_OWN, NULL, NULL) == STATUS_OK);
    must(json_encode(facts, message, NULL, &first, &fault) == STATUS_OK);
    if (json_decode(facts, buffer_bytes(&first), arena, &message, &fault) != STATUS_OK) {
        must(strcmp(fault.code, "json.too_large") == 0);
        return;
    }
    must(json_encode(facts, message, NULL, &second, &fault) == STATUS_OK);
    must(bytes_equal(buffer_bytes(&first), buffer_bytes(&second)));
}

static void read_event(struct bytes text)
{
    struct fault fault = {0};
    struct cloudevent event;
    if (cloudevent_parse(text, arena, &event, &fault) != STATUS_OK)
        must(fault.code[0] != '\0');
    else if (cloudevent_print(&event.attributes, event.data, NULL, arena, &first, &fault) != STATUS_OK)
        must(strcmp(fault.code, "json.too_large") == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (arena == NULL) {
        arena = arena_new(64 * 1024, MEMORY_MAX);
        buffer_init(&first, MEMORY_MAX);
        buffer_init(&second, MEMORY_MAX);
    }
    if (size < 1)
        return 0;
    struct bytes text = {data + 1, size - 1};
    if (data[0] == 0xff)
        read_event(text);
    else
        read_message(choose(data[0]), text);
    arena_reset(arena);
    buffer_clear(&first);
    buffer_clear(&second);
    return 0;
}

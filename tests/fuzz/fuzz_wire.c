// links: medhub_event
/* Any bytes as any message: what wire_check() accepts unpacks, can be checked and projected, and the projection is
 * itself acceptable. The first byte chooses the message, the second what may be seen. */
#include "event/check.h"
#include "event/json.h"
#include "event/unpack.h"
#include "event/wire.h"

#include <stdlib.h>

enum { MEMORY_MAX = 16 * 1024 * 1024 };

static struct arena *arena;
static struct buffer out;

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

/* Unpacked or too large for the arena, nothing else. */
static ProtobufCMessage *unpacked(const struct message_facts *facts, struct bytes value)
{
    struct fault fault = {0};
    ProtobufCMessage *message = NULL;
    if (unpack_message(facts, value, arena, &message, &fault) == STATUS_OK)
        return message;
    must(strcmp(fault.code, "unpack.too_large") == 0);
    return NULL;
}

static void look_at(const struct message_facts *facts, const ProtobufCMessage *message)
{
    struct findings findings;
    findings_init(&findings, arena);
    check_message(facts, message, &findings);
    struct fault fault = {0};
    buffer_clear(&out);
    if (json_encode(facts, message, NULL, &out, &fault) != STATUS_OK)
        must(strcmp(fault.code, "json.moment") == 0 || strcmp(fault.code, "json.too_large") == 0);
}

static void project(const struct message_facts *facts, struct bytes value, unsigned visible)
{
    buffer_clear(&out);
    must(wire_project(facts, value, visible, &out));
    struct bytes seen = buffer_bytes(&out);
    must(seen.length <= value.length);
    struct wire_summary summary;
    must(wire_check(facts, seen, WIRE_OWN, &summary, NULL) == STATUS_OK);
    must(!summary.unknown);

    /* Who sees less sees less again: projecting twice changes nothing more. */
    struct buffer again;
    buffer_init(&again, MEMORY_MAX);
    must(wire_project(facts, seen, visible, &again));
    must(bytes_equal(buffer_bytes(&again), seen));
    buffer_done(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (arena == NULL) {
        arena = arena_new(64 * 1024, MEMORY_MAX);
        buffer_init(&out, MEMORY_MAX);
    }
    if (size < 2)
        return 0;
    const struct message_facts *facts = choose(data[0]);
    struct bytes value = {data + 2, size - 2};
    struct wire_summary summary;
    struct fault fault = {0};

    (void)wire_find(value, 2047);
    if (wire_check(facts, value, WIRE_OWN, &summary, &fault) == STATUS_OK) {
        ProtobufCMessage *message = unpacked(facts, value);
        if (message != NULL)
            look_at(facts, message);
        project(facts, value, data[1] & SENSITIVITY_ALL);
    } else {
        must(fault.code[0] != '\0');
    }
    arena_reset(arena);
    return 0;
}

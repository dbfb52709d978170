// links: medhub_event
/* Any bytes as any message: wire_check() and unpacking agree, protobuf-c reads the same, what is accepted can be checked
 * and projected, and the projection is itself acceptable. The first byte chooses the message, the second what may be seen. */
#include "event/check.h"
#include "event/json.h"
#include "event/pack.h"
#include "event/unpack.h"
#include "event/wire.h"

#include <stdlib.h>

enum { MEMORY_MAX = 16 * 1024 * 1024 };

static struct arena *arena;
static struct buffer out;
static struct buffer theirs;
static bool right; /* what unpacking says of the message in hand */

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

static void write_json(const struct message_facts *facts, const ProtobufCMessage *message, struct buffer *json)
{
    struct fault fault = {0};
    buffer_clear(json);
    if (json_encode(facts, message, NULL, json, &fault) != STATUS_OK) {
        must(strcmp(fault.code, "json.moment") == 0 || strcmp(fault.code, "json.too_large") == 0);
        buffer_append_text(json, fault.code);
    }
}

static void compare_as_json(const struct message_facts *facts, struct bytes value, const ProtobufCMessage *message)
{
    ProtobufCMessage *other = protobuf_c_message_unpack(facts->descriptor, NULL, value.length, value.data);
    if (other == NULL) /* it refuses tags of needless length */
        return;
    write_json(facts, message, &out);
    write_json(facts, other, &theirs);
    must(bytes_equal(buffer_bytes(&out), buffer_bytes(&theirs)));
    protobuf_c_message_free_unpacked(other, NULL);
}

/* Our unpacking against protobuf-c's. It loses fields when a message comes in two halves (we do as Google does), so its
 * reading of the input itself counts only where nothing was merged; packed anew, it must always read what we read. */
static void compare_with_protobuf_c(const struct message_facts *facts, struct bytes value,
                                    const ProtobufCMessage *message)
{
    struct wire_summary given = {0};
    struct wire_summary canonical = {0};
    struct bytes packed = pack_message(message, arena);
    if (packed.data == NULL)
        return;
    buffer_clear(&out);
    pack_append(message, &out); /* protobuf-c's own packing */
    must(buffer_ok(&out) && bytes_equal(buffer_bytes(&out), packed));
    must(wire_check(facts, packed, WIRE_OWN, &canonical, NULL) == STATUS_OK);
    must(wire_check(facts, value, WIRE_OWN, &given, NULL) == STATUS_OK);
    compare_as_json(facts, packed, message);
    if (given.fields == canonical.fields && value.length == packed.length)
        compare_as_json(facts, value, message);
}

/* Checking alone and checking while unpacking say the same. NULL if refused or too large. */
static ProtobufCMessage *unpacked(const struct message_facts *facts, struct bytes value)
{
    static const enum wire_origin origins[] = {WIRE_SUBMITTED, WIRE_OWN};
    ProtobufCMessage *message = NULL;
    for (size_t i = 0; i < 2; i++) {
        struct fault checked = {0};
        struct fault fault = {0};
        struct wire_summary one = {0};
        struct wire_summary two = {0};
        enum status status = wire_check(facts, value, origins[i], &one, &checked);
        message = NULL;
        if (unpack_submitted(facts, value, origins[i], arena, &message, &two, &fault) == STATUS_OK) {
            must(status == STATUS_OK && one.fields == two.fields && one.unknown == two.unknown);
            must(bytes_equal(one.key, two.key) && bytes_equal(one.subject, two.subject));
            right = two.right;
        } else if (strcmp(fault.code, "unpack.too_large") != 0) {
            must(status == STATUS_REJECT && strcmp(fault.code, checked.code) == 0);
            must(strcmp(fault.text, checked.text) == 0 && fault.text[0] != '\0');
        }
    }
    return message;
}

/* Where unpacking saw that all is right there is nothing to find. */
static void look_at(const struct message_facts *facts, const ProtobufCMessage *message)
{
    struct findings findings;
    findings_init(&findings, arena);
    check_message(facts, message, &findings);
    must(!right || findings.count == 0);
}

static void project(const struct message_facts *facts, struct bytes value, unsigned visible)
{
    struct wire_summary summary;
    buffer_clear(&out);
    must(wire_project(facts, value, visible, &out));
    struct bytes seen = buffer_bytes(&out);
    must(seen.length <= value.length);

    buffer_clear(&theirs);
    must(wire_check(facts, value, WIRE_OWN, &summary, NULL) == STATUS_OK);
    must(summary.unknown || (wire_project_known(facts, value, visible, &theirs) &&
                             bytes_equal(seen, buffer_bytes(&theirs))));
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
        buffer_init(&theirs, MEMORY_MAX);
    }
    if (size < 2)
        return 0;
    const struct message_facts *facts = choose(data[0]);
    struct bytes value = {data + 2, size - 2};

    (void)wire_find(value, 2047);
    ProtobufCMessage *message = unpacked(facts, value);
    if (message != NULL) {
        compare_with_protobuf_c(facts, value, message);
        look_at(facts, message);
        project(facts, value, data[1] & SENSITIVITY_ALL);
    }
    arena_reset(arena);
    return 0;
}

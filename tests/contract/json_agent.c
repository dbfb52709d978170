/* json_agent: our JSON mapping as a filter, for test_json_agrees.py. A line in, a line out:
 *     j MESSAGE BASE64   protobuf to JSON
 *     p MESSAGE JSON     JSON to protobuf, as base64
 * MESSAGE is a full protobuf name. A refusal is "! code text". */
#include "base/text.h"
#include "event/json.h"
#include "event/pack.h"
#include "event/unpack.h"
#include "event/wire.h"

#include <stdio.h>
#include <stdlib.h>

enum { MEMORY_MAX = 256 * 1024 * 1024 };

static enum status to_json(const struct message_facts *facts, struct bytes text, struct arena *arena,
                           struct buffer *out, struct fault *fault)
{
    size_t length = 0;
    uint8_t *data = arena_take(arena, text.length + 1);
    if (data == NULL || !text_base64_decode(text, data, text.length, &length))
        return fault_reject(fault, "agent.base64", "not base64");

    struct bytes value = {data, length};
    ProtobufCMessage *message = NULL;
    enum status status = wire_check(facts, value, WIRE_OWN, NULL, fault);
    if (status == STATUS_OK)
        status = unpack_message(facts, value, arena, &message, fault);
    return status == STATUS_OK ? json_encode(facts, message, NULL, out, fault) : status;
}

static enum status to_protobuf(const struct message_facts *facts, struct bytes text, struct arena *arena,
                               struct buffer *out, struct fault *fault)
{
    ProtobufCMessage *message = NULL;
    enum status status = json_decode(facts, text, arena, &message, fault);
    if (status != STATUS_OK)
        return status;
    struct bytes packed = pack_message(message, arena);
    char *base64 = arena_take(arena, TEXT_BASE64_LENGTH(packed.length) + 1);
    if (packed.data == NULL || base64 == NULL)
        return fault_reject(fault, "agent.memory", "too large");
    text_base64_encode(packed, base64, TEXT_BASE64_LENGTH(packed.length) + 1);
    buffer_append_text(out, base64);
    return STATUS_OK;
}

static void answer(char *line, struct arena *arena, struct buffer *out)
{
    struct fault fault = {0};
    char *name = line + 2;
    char *content = strchr(name, ' ');
    enum status status = STATUS_REJECT;
    if (line[0] == '\0' || line[1] != ' ' || content == NULL) {
        (void)fault_reject(&fault, "agent.line", "not a line I know");
    } else {
        *content++ = '\0';
        const struct message_facts *facts = schema_find_message(name);
        if (facts == NULL)
            (void)fault_reject(&fault, "agent.message", "no such message");
        else
            status = (line[0] == 'j' ? to_json : to_protobuf)(facts, bytes_of(content), arena, out, &fault);
    }
    if (status != STATUS_OK) {
        buffer_clear(out);
        buffer_append_format(out, "! %s %s", fault.code, fault.text);
    }
}

int main(void)
{
    struct arena *arena = arena_new(1024 * 1024, MEMORY_MAX);
    struct buffer out;
    buffer_init(&out, MEMORY_MAX);
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;

    while ((length = getline(&line, &capacity, stdin)) > 0) {
        if (line[length - 1] == '\n')
            line[length - 1] = '\0';
        answer(line, arena, &out);
        puts(buffer_text(&out));
        buffer_clear(&out);
        arena_reset(arena);
    }
    free(line);
    buffer_done(&out);
    arena_free(arena);
    return 0;
}

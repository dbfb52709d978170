#include "ops/ctl/decode.h"

#include "base/date.h"
#include "base/hash.h"
#include "event/json.h"
#include "event/unpack.h"
#include "event/wire.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { JSON_BYTES_MAX = 16 * 1024 * 1024 };

json_t *decode_json(const struct message_facts *facts, struct bytes value, unsigned visible,
                    struct arena *arena)
{
    const struct json_options options = {.visible = visible == SENSITIVITY_ALL ? 0 : visible};
    ProtobufCMessage *message = NULL;
    struct fault fault = {0};
    struct buffer text;
    json_t *json = NULL;

    if (facts == NULL || wire_check(facts, value, WIRE_OWN, NULL, &fault) != STATUS_OK ||
        unpack_message(facts, value, arena, &message, &fault) != STATUS_OK)
        return NULL;
    buffer_init(&text, JSON_BYTES_MAX);
    if (json_encode(facts, message, &options, &text, &fault) == STATUS_OK)
        json = json_loadb((const char *)text.data, text.length, 0, NULL);
    buffer_done(&text);
    return json;
}

struct wanted_header {
    const char *name;
    struct bytes value;
};

static bool look_at_header(const char *name, struct bytes value, void *context)
{
    struct wanted_header *wanted = context;

    if (strcmp(name, wanted->name) != 0)
        return true;
    wanted->value = value;
    return false;
}

const char *decode_header(const struct record *record, const char *name, struct arena *arena)
{
    struct wanted_header wanted = {name, BYTES_NONE};

    record_each_header(record, look_at_header, &wanted);
    const char *text = wanted.value.data == NULL ? NULL : arena_text(arena, wanted.value);
    return text == NULL ? "" : text;
}

static bool key_is_masked(const char *type, unsigned visible)
{
    const struct message_facts *facts = schema_find_event(type);

    if (facts == NULL) /* nobody knows what it is */
        return (visible & SENSITIVITY_IDENTITY) == 0;
    if (facts->key_field < 0)
        return false;
    return (sensitivity_of_value(facts->fields[facts->key_field].sensitivity) & visible) == 0;
}

json_t *decode_key(const char *type, struct bytes key, unsigned visible, struct arena *arena)
{
    if (key.data == NULL)
        return json_null();
    const char *text = key_is_masked(type, visible)
                           ? arena_format(arena, "***%06" PRIx64, hash_bytes(key, 0) & 0xffffff)
                           : arena_text(arena, key);
    json_t *json = text == NULL ? NULL : json_string(text);
    return json == NULL ? json_string("(binary)") : json;
}

json_t *decode_position(const char *topic, int64_t partition, int64_t offset)
{
    return json_sprintf("%s/%" PRId64 "/%" PRId64, topic, partition, offset);
}

json_t *decode_moment(int64_t unix_ms)
{
    char text[MOMENT_TEXT_BYTES];
    return json_string(moment_format_ms(unix_ms, text));
}

bool decode_type_is(const char *type, const char *name)
{
    size_t length = strlen(name);

    return strcmp(type, name) == 0 ||
           (strncmp(type, "medhub.", 7) == 0 && strncmp(type + 7, name, length) == 0 &&
            (type[7 + length] == '\0' || type[7 + length] == '.'));
}

#include "store/business_keys.h"

#include "code/code.h"

enum { TRACE_ID_AT = 3, TRACE_ID_BYTES = 32, TRACEPARENT_BYTES = 55 };
/* It decides the century of dates only, and those are not looked for; fixed, so that a rebuild reads what was
 * read. */
enum { CENTURY_YEAR = 2026 };

struct finding_keys {
    struct arena *arena;
    business_key_found *found;
    void *self;
};

static void find_in_code(const struct finding_keys *keys, const char *text)
{
    const struct code_options options = {.current_year = CENTURY_YEAR};
    struct code code;

    if (!code_parse(bytes_of(text), &options, keys->arena, &code) || code.di.length == 0) {
        keys->found(keys->self, SEARCH_SERIAL, bytes_of(text));
        return;
    }
    keys->found(keys->self, SEARCH_PRODUCT, code.di);
    if (code.lot.length > 0)
        keys->found(keys->self, SEARCH_LOT, code.lot);
    if (code.serial.length > 0)
        keys->found(keys->self, SEARCH_SERIAL, code.serial);
}

static void find(void *self, enum search_kind kind, const char *text)
{
    const struct finding_keys *keys = self;

    if (kind == SEARCH_CODE)
        find_in_code(keys, text);
    else
        keys->found(keys->self, kind, bytes_of(text));
}

void business_keys_of(const struct message_facts *facts, const ProtobufCMessage *message, struct arena *arena,
                      business_key_found *found, void *self)
{
    struct finding_keys keys = {arena, found, self};

    search_message(facts, message, find, &keys);
}

static bool is_hex(struct bytes text)
{
    for (size_t i = 0; i < text.length; i++)
        if ((text.data[i] < '0' || text.data[i] > '9') && (text.data[i] < 'a' || text.data[i] > 'f'))
            return false;
    return true;
}

struct bytes business_trace_id(const char *traceparent)
{
    struct bytes id = bytes_from(traceparent + TRACE_ID_AT, TRACE_ID_BYTES);

    if (strlen(traceparent) < TRACEPARENT_BYTES || traceparent[TRACE_ID_AT - 1] != '-' ||
        traceparent[TRACE_ID_AT + TRACE_ID_BYTES] != '-' || !is_hex(id))
        return bytes_of("");
    return id;
}

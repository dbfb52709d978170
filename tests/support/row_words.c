// links: medhub_domain dep::yaml dep::jansson
#include "support/row_words.h"

#include "domain/row_message.h"
#include "event/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ROW_JSON_BYTES_MAX = 1024 * 1024, NAME_BYTES = 128 };

/* Which message: the key kinds have different names for their rows, but for the dated rows of an item, whose KEY has a slash,
 * and of a parameter. */
static const ProtobufCMessageDescriptor *message_of(const char *key, const char *name)
{
    for (size_t i = 0; domains_all[i] != NULL; i++) {
        const char *kind = domains_all[i]->key_kind;
        if (strcmp(kind, "item") == 0 && strchr(key, '/') == NULL)
            continue;
        const ProtobufCMessageDescriptor *found = row_message_of_state(kind, name);
        if (found != NULL)
            return found;
    }
    fail_msg("no row is called %s", name);
    return NULL;
}

static json_t *json_of(const ProtobufCMessage *message)
{
    struct fault fault = {0};
    struct buffer text;
    buffer_init(&text, ROW_JSON_BYTES_MAX);
    if (json_encode(schema_of(message->descriptor), message, NULL, &text, &fault) != STATUS_OK)
        fail_msg("%s", fault.text);
    json_t *made = json_parse(buffer_bytes(&text), &fault);
    buffer_done(&text);
    assert_non_null(made);
    return made;
}

const json_t *words_at(const json_t *value, const char *path)
{
    while (value != NULL && *path != '\0') {
        char name[NAME_BYTES];
        size_t length = strcspn(path, ".[");
        if (*path == '[') {
            value = json_array_get(value, strtoul(path + 1, NULL, 10));
            path += strcspn(path, "]") + 1;
        } else {
            (void)snprintf(name, sizeof name, "%.*s", (int)length, path);
            value = json_object_get(value, name);
            path += length;
        }
        path += *path == '.';
    }
    return value;
}

/* "5" and 5 are the same: JSON writes 64-bit numbers as texts. */
static void print(const json_t *value, char *text, size_t bytes)
{
    char *dumped = json_is_string(value) ? strdup(json_string_value(value))
                   : value == NULL      ? strdup("nothing")
                                        : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_SORT_KEYS);
    (void)snprintf(text, bytes, "%s", dumped);
    free(dumped);
}

static bool has(const json_t *row, const char *path, const json_t *wanted, char *why, size_t why_bytes)
{
    char found_text[NAME_BYTES], wanted_text[NAME_BYTES];
    const json_t *found = words_at(row, path);
    print(found, found_text, sizeof found_text);
    print(json_is_null(wanted) ? NULL : wanted, wanted_text, sizeof wanted_text);
    (void)snprintf(why, why_bytes, "%s is %s instead of %s", path, found_text, wanted_text);
    return strcmp(found_text, wanted_text) == 0;
}

bool words_row_is(struct stage *stage, const char *key, const char *name, const json_t *wanted, char *why, size_t why_bytes)
{
    const ProtobufCMessage *message = stage_row(stage, message_of(key, name), key, name);
    const char *path = NULL;
    json_t *value = NULL;
    bool same = true;
    if (message == NULL || json_is_null(wanted)) {
        (void)snprintf(why, why_bytes, message == NULL ? "there is none" : "there is one");
        return (message == NULL) == json_is_null(wanted);
    }
    json_t *row = json_of(message);
    json_object_foreach((json_t *)wanted, path, value) same = same && has(row, path, value, why, why_bytes);
    json_decref(row);
    return same;
}

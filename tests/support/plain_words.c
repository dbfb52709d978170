// links: medhub_event dep::yaml dep::jansson
#include "support/plain_words.h"

#include "base/date.h"
#include "base/money.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <yaml.h>

/* --- YAML to JSON --- */

static bool is_whole_number(const char *text)
{
    const char *digits = text + (*text == '-');
    size_t length = strspn(digits, "0123456789");
    bool is_code = length > 1 && digits[0] == '0'; /* 01 is a code */
    return length > 0 && length < 6 && digits[length] == '\0' && !is_code;
}

static json_t *scalar(const yaml_node_t *node)
{
    const char *text = (const char *)node->data.scalar.value;
    bool is_plain = node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    if (is_plain && (strcmp(text, "true") == 0 || strcmp(text, "false") == 0))
        return json_boolean(text[0] == 't');
    if (is_plain && (strcmp(text, "null") == 0 || *text == '\0'))
        return json_null();
    if (is_plain && is_whole_number(text))
        return json_integer(atoll(text));
    return json_string(text);
}

static json_t *convert(yaml_document_t *document, int index)
{
    yaml_node_t *node = yaml_document_get_node(document, index);
    json_t *made = NULL;
    switch (node->type) {
    case YAML_SCALAR_NODE:
        return scalar(node);
    case YAML_SEQUENCE_NODE:
        made = json_array();
        for (yaml_node_item_t *item = node->data.sequence.items.start; item < node->data.sequence.items.top;
             item++)
            json_array_append_new(made, convert(document, *item));
        return made;
    case YAML_MAPPING_NODE:
        made = json_object();
        for (yaml_node_pair_t *pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top;
             pair++) {
            const yaml_node_t *key = yaml_document_get_node(document, pair->key);
            json_object_set_new(made, (const char *)key->data.scalar.value, convert(document, pair->value));
        }
        return made;
    default:
        return json_null();
    }
}

json_t *words_read(const char *path)
{
    yaml_parser_t parser;
    yaml_document_t document;
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        fail_msg("%s cannot be read", path);
    assert_true(yaml_parser_initialize(&parser));
    yaml_parser_set_input_file(&parser, file);
    if (!yaml_parser_load(&parser, &document))
        fail_msg("%s:%zu: %s", path, parser.problem_mark.line + 1, parser.problem);
    json_t *made = yaml_document_get_root_node(&document) == NULL ? json_null() : convert(&document, 1);
    yaml_document_delete(&document);
    yaml_parser_delete(&parser);
    fclose(file);
    return made;
}

/* --- moments --- */

static int64_t unit_ms(char unit)
{
    switch (unit) {
    case 'd':
        return 86400000;
    case 'h':
        return 3600000;
    case 'm':
        return 60000;
    case 's':
        return 1000;
    default:
        fail_msg("no unit of time: %c", unit);
        return 0;
    }
}

static int64_t clock_time(const char *text)
{
    int hour = 0, minute = 0, second = 0, milli = 0;
    date_t day = date_parse(bytes_from(text, strnlen(text, DATE_TEXT_BYTES - 1)));
    if (day == DATE_NONE || (text[DATE_TEXT_BYTES - 1] != '\0' &&
                             sscanf(text + DATE_TEXT_BYTES - 1, " %d:%d:%d.%3d", &hour, &minute, &second, &milli) < 2))
        fail_msg("no moment: %s", text);
    return date_begin_in_china_ms(day) + ((hour * 60 + minute) * 60 + second) * INT64_C(1000) + milli;
}

int64_t words_moment(const char *text, int64_t now_ms)
{
    char unit = 's';
    long amount = 0;
    if (strncmp(text, "now", 3) != 0)
        return clock_time(text);
    if (text[3] != '\0' && sscanf(text + 3, "%ld%c", &amount, &unit) != 2)
        fail_msg("no moment: %s", text);
    return now_ms + amount * unit_ms(unit);
}

/* --- short forms --- */

static bool is_message(const struct field_facts *field, const char *name)
{
    return field->message != NULL && strcmp(field->message->name, name) == 0;
}

static json_t *scaled(const json_t *value, int decimals, const char *member)
{
    char text[32];
    int64_t number = 0;
    if (json_is_integer(value))
        (void)snprintf(text, sizeof text, "%lld", (long long)json_integer_value(value));
    else
        (void)snprintf(text, sizeof text, "%s", json_string_value(value));
    if (!money_parse(bytes_of(text), decimals, &number))
        fail_msg("no number: %s", text);
    return json_pack("{s:I}", member, (json_int_t)number);
}

static const struct short_form {
    const char *message, *member;
    int decimals; /* -1: a text */
} short_forms[] = {
    {"medhub.common.v1.Quantity", "e4", 4},        {"medhub.common.v1.Money", "fen", 2},
    {"medhub.common.v1.Price", "microYuan", 6},    {"medhub.common.v1.Coded", "code", -1},
    {"medhub.common.v1.Practitioner", "code", -1},
};

static json_t *long_form(const struct field_facts *field, const json_t *value, int64_t now_ms)
{
    char text[MOMENT_TEXT_BYTES];
    if (is_message(field, "google.protobuf.Timestamp"))
        return json_string(moment_format_ms(words_moment(json_string_value(value), now_ms), text));
    for (size_t i = 0; i < sizeof short_forms / sizeof *short_forms; i++)
        if (is_message(field, short_forms[i].message))
            return short_forms[i].decimals >= 0
                       ? scaled(value, short_forms[i].decimals, short_forms[i].member)
                       : json_pack("{s:O}", short_forms[i].member, value);
    return NULL;
}

static json_t *named_or_same(const json_t *value, const json_t *names)
{
    const json_t *id = json_is_string(value) ? json_object_get(names, json_string_value(value)) : NULL;
    return json_deep_copy(id == NULL ? value : id);
}

static json_t *one(const struct field_facts *field, const json_t *value, const json_t *names, int64_t now_ms)
{
    bool is_short = field->message != NULL && !json_is_object(value) && !json_is_null(value);
    if (is_short) {
        json_t *made = long_form(field, value, now_ms);
        if (made == NULL)
            fail_msg("%s has no short form", field->name);
        return made;
    }
    return json_is_object(value) ? words_of_message(field->message, value, names, now_ms)
                                 : named_or_same(value, names);
}

static const struct field_facts *field_named(const struct message_facts *facts, const char *name)
{
    for (size_t i = 0; i < facts->field_count; i++)
        if (strcmp(facts->fields[i].name, name) == 0 || strcmp(facts->fields[i].json_name, name) == 0)
            return &facts->fields[i];
    fail_msg("%s has no field %s", facts->name, name);
    return NULL;
}

json_t *words_of_message(const struct message_facts *facts, const json_t *value, const json_t *names,
                         int64_t now_ms)
{
    json_t *made = json_object(), *inner = NULL, *element = NULL;
    const char *name = NULL;
    size_t index = 0;
    json_object_foreach((json_t *)value, name, inner)
    {
        const struct field_facts *field = field_named(facts, name);
        json_t *list = NULL;
        if (json_is_null(inner))
            continue;
        if (!json_is_array(inner)) {
            json_object_set_new(made, field->json_name, one(field, inner, names, now_ms));
            continue;
        }
        list = json_array();
        json_array_foreach(inner, index, element)
            json_array_append_new(list, one(field, element, names, now_ms));
        json_object_set_new(made, field->json_name, list);
    }
    return made;
}

/* --- setting by path --- */

static json_t *member(json_t *object, const char *name)
{
    json_t *found = json_object_get(object, name);
    if (json_is_object(found) || json_is_array(found))
        return found;
    json_object_set_new(object, name, json_object());
    return json_object_get(object, name);
}

static json_t *element(json_t *object, const char *name, size_t index)
{
    json_t *list = json_object_get(object, name);
    if (!json_is_array(list)) {
        json_object_set_new(object, name, json_array());
        list = json_object_get(object, name);
    }
    while (json_array_size(list) <= index)
        json_array_append_new(list, json_object());
    return json_array_get(list, index);
}

void words_set(json_t *object, const char *path, json_t *value)
{
    char name[64];
    size_t length = strcspn(path, ".[");
    assert_true(length > 0 && length < sizeof name);
    memcpy(name, path, length);
    name[length] = '\0';
    path += length;
    if (*path == '\0') {
        json_object_set(object, name, value);
        return;
    }
    json_t *inner = *path == '[' ? element(object, name, (size_t)atoi(path + 1)) : member(object, name);
    path += *path == '[' ? strcspn(path, "]") + 1 : 0;
    if (*path == '\0')
        json_object_update(inner, value);
    else
        words_set(inner, path + 1, value);
}

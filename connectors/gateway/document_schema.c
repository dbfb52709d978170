/* document_schema.c: JSON Schema of messages, from the facts of their fields. */
#include "gateway/document.h"

#include <stdio.h>
#include <string.h>

/* A list of codes longer than this is named, not printed. */
enum { CODES_PRINTED_MAX = 400 };

/* ---- one value ---- */

static json_t *kind(const char *type)
{
    json_t *schema = document_object();
    document_put_text(schema, "type", type);
    return schema;
}

static json_t *integer(json_int_t least, json_int_t most)
{
    json_t *schema = kind("integer");
    document_put(schema, "minimum", json_integer(least));
    document_put(schema, "maximum", json_integer(most));
    return schema;
}

/* 64 bits do not survive a JSON number in every language, so they travel as text. */
static json_t *long_integer(const char *pattern)
{
    json_t *schema = kind("string");
    document_put_text(schema, "pattern", pattern);
    return schema;
}

/* ECMA 262 has no character classes by name. */
static json_t *pattern_text(const char *expression)
{
    static const char posix[] = "[^[:cntrl:]]", ecma[] = "[^\\u0000-\\u001f\\u007f]";
    const char *found = strstr(expression, posix);

    if (found == NULL)
        return document_text(expression);
    return document_textf("%.*s%s%s", (int)(found - expression), expression, ecma, found + strlen(posix));
}

static void put_codes(json_t *schema, const struct code_table *table)
{
    document_put_text(schema, "x-code-table", table->name);
    if (table->count > CODES_PRINTED_MAX)
        return;
    json_t *codes = document_list();
    for (size_t i = 0; i < table->count; i++)
        document_add(codes, document_text(table->codes[i]));
    document_put(schema, "enum", codes);
}

static json_t *text(const struct field_facts *facts)
{
    json_t *schema = kind("string");

    if (facts->required)
        document_put(schema, "minLength", json_integer(1));
    if (facts->max_length > 0)
        document_put(schema, "maxLength", json_integer(facts->max_length));
    if (facts->pattern != NULL) {
        document_put(schema, "pattern", pattern_text(facts->pattern->expression));
        document_put_both(schema, "description", facts->pattern->expected_en, facts->pattern->expected_zh);
    }
    if (facts->codes != NULL)
        put_codes(schema, facts->codes);
    return schema;
}

static json_t *bytes_text(const struct field_facts *facts)
{
    json_t *schema = kind("string");

    document_put_text(schema, "contentEncoding", "base64");
    if (facts->required)
        document_put(schema, "minLength", json_integer(1));
    if (facts->max_length > 0)
        document_put(schema, "maxLength", json_integer(((json_int_t)facts->max_length + 2) / 3 * 4));
    return schema;
}

/* By name. The zero of proto3 means "not said", which a required field must not. */
static json_t *choice(const struct field_facts *facts, const ProtobufCEnumDescriptor *descriptor)
{
    json_t *schema = kind("string"), *names = document_list();

    for (unsigned i = 0; i < descriptor->n_values; i++)
        if (descriptor->values[i].value != 0 || !facts->required)
            document_add(names, document_text(descriptor->values[i].name));
    document_put(schema, "enum", names);
    return schema;
}

static json_t *message(json_t *schemas, const struct field_facts *facts)
{
    if (facts->message == NULL || facts->message->moment) {
        json_t *schema = kind("string");
        document_put_text(schema, "format", "date-time");
        return schema;
    }
    document_add_message(schemas, facts->message);
    return document_reference("#/components/schemas/%s", facts->message->name);
}

static json_t *value(json_t *schemas, const struct field_facts *facts, const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return integer(INT32_MIN, INT32_MAX);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return integer(0, UINT32_MAX);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return long_integer("^-?[0-9]{1,18}$");
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return long_integer("^[0-9]{1,19}$");
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_DOUBLE:
        return kind("number");
    case PROTOBUF_C_TYPE_BOOL:
        return kind("boolean");
    case PROTOBUF_C_TYPE_ENUM:
        return choice(facts, field->descriptor);
    case PROTOBUF_C_TYPE_STRING:
        return text(facts);
    case PROTOBUF_C_TYPE_BYTES:
        return bytes_text(facts);
    case PROTOBUF_C_TYPE_MESSAGE:
        return message(schemas, facts);
    }
    return document_object();
}

/* ---- a field, a message ---- */

static const char *sensitivity_text(enum sensitivity sensitivity)
{
    switch (sensitivity) {
    case SENSITIVITY_PUBLIC:
        return "public";
    case SENSITIVITY_ORGANISATION:
        return "organisation";
    case SENSITIVITY_CLINICAL:
        return "clinical";
    case SENSITIVITY_IDENTITY:
        return "identity";
    case SENSITIVITY_UNSPECIFIED:
    case SENSITIVITY_ALL:
        break;
    }
    return NULL;
}

static json_t *list_of(const struct field_facts *facts, json_t *element)
{
    json_t *schema = kind("array");

    document_put(schema, "items", element);
    if (facts->required)
        document_put(schema, "minItems", json_integer(1));
    if (facts->max_items > 0)
        document_put(schema, "maxItems", json_integer(facts->max_items));
    return schema;
}

static json_t *field_schema(json_t *schemas, const struct field_facts *facts, const ProtobufCFieldDescriptor *field)
{
    json_t *schema = value(schemas, facts, field);

    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        schema = list_of(facts, schema);
    document_put_text(schema, "x-sensitivity", sensitivity_text(facts->sensitivity));
    if (facts->key)
        document_put(schema, "x-key", json_true());
    if (facts->subject)
        document_put(schema, "x-subject", json_true());
    return schema;
}

static json_t *properties_of(json_t *schemas, const struct message_facts *facts, json_t *required)
{
    json_t *properties = document_object();

    for (size_t i = 0; i < facts->field_count; i++) {
        const struct field_facts *field = &facts->fields[i];
        if (field->hub_only)
            continue;
        document_put(properties, field->json_name, field_schema(schemas, field, &facts->descriptor->fields[i]));
        if (field->required)
            document_add(required, document_text(field->json_name));
    }
    return properties;
}

void document_add_message(json_t *schemas, const struct message_facts *facts)
{
    if (json_object_get(schemas, facts->name) != NULL)
        return;
    json_t *schema = kind("object"), *required = document_list();
    document_put(schemas, facts->name, schema); /* before its fields: a message may hold itself */
    if (facts->type != NULL)
        document_put_both(schema, "title", facts->title_en, facts->title_zh);
    document_put(schema, "properties", properties_of(schemas, facts, required));
    document_put(schema, "required", required);
    document_put(schema, "additionalProperties", json_false());
}

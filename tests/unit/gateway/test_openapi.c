// links: medhub_gateway dep::jansson
/* The documents say what the tables say: every route, every event, every topic, and each fact of a field. Whether they are
 * valid is looked at by tests/contract/test_documents.py. */
#include "gateway/asyncapi.h"
#include "gateway/document.h"
#include "gateway/openapi.h"
#include "gateway/routes.h"
#include "kafka/topics.h"
#include "support/cmocka_all.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

static json_t *read_document(enum status (*write)(struct buffer *out, struct fault *fault))
{
    struct buffer text;
    struct fault fault;

    buffer_init(&text, DOCUMENT_BYTES_MAX);
    assert_int_equal(write(&text, &fault), STATUS_OK);
    json_t *document = json_loadb((const char *)text.data, text.length, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(document);
    buffer_done(&text);
    return document;
}

static int set_up_openapi(void **state)
{
    *state = read_document(openapi_write);
    return 0;
}

static int set_up_asyncapi(void **state)
{
    *state = read_document(asyncapi_write);
    return 0;
}

static int tear_down(void **state)
{
    json_decref(*state);
    return 0;
}

/* The value at "a/b/c"; a part may hold no slash. Fails if it is not there. */
static json_t *at(json_t *value, const char *path)
{
    char part[200];

    for (const char *rest = path; *rest != '\0';) {
        size_t length = strcspn(rest, "/");
        (void)snprintf(part, sizeof part, "%.*s", (int)length, rest);
        value = json_is_array(value) ? json_array_get(value, (size_t)strtoul(part, NULL, 10)) : json_object_get(value, part);
        if (value == NULL)
            fail_msg("no %s in %s", part, path);
        rest += length + (rest[length] == '/');
    }
    return value;
}

static const char *text_at(json_t *value, const char *path)
{
    const char *text = json_string_value(at(value, path));
    assert_non_null(text);
    return text;
}

static json_int_t number_at(json_t *value, const char *path)
{
    assert_true(json_is_integer(at(value, path)));
    return json_integer_value(at(value, path));
}

static bool holds_text(const json_t *list, const char *text)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(json_string_value(json_array_get(list, i)), text) == 0)
            return true;
    return false;
}

/* ---- OpenAPI ---- */

static json_t *operation_of(json_t *document, const struct route *route)
{
    char method[16] = "";

    for (size_t i = 0; route->method[i] != '\0'; i++)
        method[i] = (char)tolower((unsigned char)route->method[i]);
    json_t *operation = json_object_get(json_object_get(at(document, "paths"), route->path), method);
    assert_non_null(operation);
    return operation;
}

static void every_route_is_an_operation_with_all_its_answers(void **state)
{
    char status[16];

    for (size_t i = 0; i < route_count; i++) {
        json_t *operation = operation_of(*state, &routes[i]), *answers = at(operation, "responses");
        assert_string_equal(text_at(operation, "operationId"), routes[i].operation);
        for (const struct answer_row *row = routes[i].answers; row->status != 0; row++) {
            (void)snprintf(status, sizeof status, "%u", row->status);
            json_t *answer = at(answers, status);
            if (row->content_type != NULL)
                assert_non_null(json_object_get(at(answer, "content"), row->content_type));
        }
        for (size_t c = 0; c < route_common_answer_count; c++) {
            const struct common_answer *common = &route_common_answers[c];
            (void)snprintf(status, sizeof status, "%u", common->answer.status);
            bool is_wanted = (!common->caller || !routes[i].anonymous) && (!common->body || routes[i].bodies != NULL);
            if (is_wanted)
                assert_non_null(json_object_get(answers, status));
        }
    }
}

static void only_what_is_anonymous_needs_no_caller(void **state)
{
    size_t anonymous = 0;

    assert_int_equal(json_array_size(at(*state, "security")), 2);
    for (size_t i = 0; i < route_count; i++) {
        json_t *security = json_object_get(operation_of(*state, &routes[i]), "security");
        assert_int_equal(security != NULL, routes[i].anonymous);
        assert_int_equal(json_array_size(security), 0);
        anonymous += routes[i].anonymous;
    }
    assert_int_equal(anonymous, 2); /* livez, readyz */
    assert_string_equal(text_at(*state, "components/securitySchemes/mutualTLS/type"), "mutualTLS");
    assert_non_null(strstr(text_at(*state, "components/securitySchemes/signature/description"), "sm2-sm3"));
}

static void every_parameter_and_body_is_there(void **state)
{
    for (size_t i = 0; i < route_count; i++) {
        json_t *operation = operation_of(*state, &routes[i]);
        size_t count = 0;
        for (const struct parameter_row *row = routes[i].parameters; row->name != NULL; row++, count++) {
            json_t *parameter = json_array_get(at(operation, "parameters"), count);
            assert_string_equal(text_at(parameter, "name"), row->name);
            assert_int_equal(json_is_true(at(parameter, "required")), row->required);
        }
        assert_int_equal(json_array_size(json_object_get(operation, "parameters")), count);
        assert_int_equal(json_object_get(operation, "requestBody") != NULL, routes[i].bodies != NULL);
        for (const struct body_row *row = routes[i].bodies; row != NULL && row->content_type != NULL; row++)
            assert_non_null(json_object_get(at(operation, "requestBody/content"), row->content_type));
    }
}

static void every_shape_that_is_named_is_defined(void **state)
{
    json_t *schemas = at(*state, "components/schemas");

    for (size_t i = 0; i < schema_row_count; i++) {
        json_t *schema = json_object_get(schemas, schema_rows[i].schema);
        assert_non_null(json_object_get(at(schema, "properties"), schema_rows[i].member));
        assert_int_equal(holds_text(at(schema, "required"), schema_rows[i].member), schema_rows[i].required);
    }
}

static void every_event_that_may_be_submitted_is_a_choice(void **state)
{
    json_t *mapping = at(*state, "components/schemas/CloudEvent/discriminator/mapping");
    const struct message_facts *event;
    size_t submitted = 0;

    for (size_t i = 0; (event = schema_event(i)) != NULL; i++) {
        bool is_submitted = strncmp(event->topic, "medhub.inbox.", 13) == 0;
        assert_int_equal(json_object_get(mapping, event->type) != NULL, is_submitted);
        submitted += is_submitted;
    }
    assert_true(submitted >= 9);
    assert_int_equal(json_array_size(at(*state, "components/schemas/CloudEvent/oneOf")), submitted);
    assert_int_equal(json_array_size(at(*state, "components/schemas/EventData/anyOf")), submitted);
}

static json_t *property(json_t *document, const char *message, const char *field)
{
    json_t *found =
        json_object_get(at(json_object_get(at(document, "components/schemas"), message), "properties"), field);
    if (found == NULL)
        fail_msg("%s has no property %s", message, field);
    return found;
}

/* Each fact once, by an example that the schemas have. */
static void the_facts_of_fields_are_said(void **state)
{
    json_t *region = property(*state, "medhub.registry.v1.Organisation", "region");
    json_t *kind = property(*state, "medhub.registry.v1.Organisation", "kind");
    json_t *roles = property(*state, "medhub.registry.v1.Organisation", "roles");
    json_t *key = property(*state, "medhub.registry.v1.Key", "publicKey");
    json_t *required = at(json_object_get(at(*state, "components/schemas"), "medhub.registry.v1.Organisation"), "required");

    assert_string_equal(text_at(region, "type"), "string");
    assert_string_equal(text_at(region, "pattern"), "^[0-9]{6}$");
    assert_int_equal(number_at(region, "minLength"), 1);
    assert_string_equal(text_at(region, "x-sensitivity"), "public");
    assert_true(holds_text(required, "region") && !holds_text(required, "parent"));
    assert_true(holds_text(at(kind, "enum"), "ORGANISATION_KIND_PHARMACY"));
    assert_false(holds_text(at(kind, "enum"), "ORGANISATION_KIND_UNSPECIFIED")); /* it is required */
    assert_string_equal(text_at(roles, "type"), "array");
    assert_int_equal(number_at(roles, "maxItems"), 50);
    assert_int_equal(number_at(roles, "items/maxLength"), 64);
    assert_string_equal(text_at(key, "contentEncoding"), "base64");
    assert_int_equal(number_at(key, "maxLength"), 1368); /* of 1024 bytes */
    assert_string_equal(text_at(property(*state, "medhub.registry.v1.Key", "validFrom"), "format"), "date-time");
    assert_string_equal(text_at(property(*state, "medhub.registry.v1.Endpoint", "concurrency"), "type"), "integer");
    assert_int_equal(number_at(property(*state, "medhub.registry.v1.Endpoint", "concurrency"), "maximum"), 4294967295);
    assert_string_equal(text_at(property(*state, "medhub.registry.v1.Endpoint", "paused"), "type"), "boolean");
    assert_true(json_is_true(at(property(*state, "medhub.registry.v1.OrganisationChanged", "organisationId"), "x-key")));
    assert_true(json_is_false(at(json_object_get(at(*state, "components/schemas"), "medhub.registry.v1.Key"),
                                 "additionalProperties")));
}

static void sixty_four_bits_travel_as_text(void **state)
{
    json_t *money = property(*state, "medhub.common.v1.Money", "fen");

    assert_string_equal(text_at(money, "type"), "string");
    assert_string_equal(text_at(money, "pattern"), "^-?[0-9]{1,18}$");
}

static void a_code_table_is_an_enumeration(void **state)
{
    json_t *schemas = at(*state, "components/schemas"), *schema, *field;
    const char *name, *member;
    size_t found = 0;

    json_object_foreach(schemas, name, schema)
    {
        json_object_foreach(json_object_get(schema, "properties"), member, field)
        {
            if (json_object_get(field, "x-code-table") == NULL)
                continue;
            assert_true(json_array_size(at(field, "enum")) > 0);
            found++;
        }
    }
    assert_true(found > 0);
}

/* What only the hub writes is refused in a submission, so it is not offered. */
static void what_only_the_hub_writes_is_not_offered(void **state)
{
    json_t *schemas = at(*state, "components/schemas");
    const struct message_facts *message;

    for (size_t i = 0; (message = schema_message(i)) != NULL; i++) {
        json_t *schema = json_object_get(schemas, message->name);
        for (size_t f = 0; schema != NULL && f < message->field_count; f++) {
            json_t *field = json_object_get(at(schema, "properties"), message->fields[f].json_name);
            assert_int_equal(field == NULL, message->fields[f].hub_only);
        }
    }
    assert_null(json_object_get(schemas, "medhub.event.v1.Provenance"));
}

static void a_document_that_does_not_fit_is_told(void **state)
{
    struct buffer small;
    struct fault fault;

    (void)state;
    buffer_init(&small, 1000);
    assert_int_equal(openapi_write(&small, &fault), STATUS_FATAL);
    buffer_clear(&small);
    assert_int_equal(asyncapi_write(&small, &fault), STATUS_FATAL);
    buffer_done(&small);
}

/* ---- AsyncAPI ---- */

static void every_topic_is_a_channel_with_its_settings(void **state)
{
    struct arena *arena = arena_new(64 * 1024, 1024 * 1024);
    struct topics topics;
    struct fault fault;

    assert_int_equal(topics_shipped(arena, &topics, &fault), STATUS_OK);
    assert_int_equal(json_object_size(at(*state, "channels")), topics.count);
    assert_int_equal(json_object_size(at(*state, "operations")), topics.count);
    for (size_t i = 0; i < topics.count; i++) {
        const struct topic_row *topic = &topics.rows[i];
        json_t *channel = json_object_get(at(*state, "channels"), topic->name);
        json_t *operation = json_object_get(at(*state, "operations"), topic->name);
        assert_string_equal(text_at(channel, "address"), topic->name);
        assert_int_equal(number_at(channel, "bindings/kafka/partitions"), topic->partitions);
        json_t *settings = at(channel, "bindings/kafka/topicConfiguration");
        assert_int_equal(json_integer_value(json_object_get(settings, "retention.ms")), topic->retention_ms);
        assert_int_equal(json_integer_value(json_object_get(settings, "max.message.bytes")), topic->max_message_bytes);
        assert_true(json_object_size(at(channel, "messages")) > 0);
        assert_string_equal(text_at(operation, "action"),
                            strncmp(topic->name, "medhub.inbox.", 13) == 0 ? "receive" : "send");
    }
    arena_free(arena);
}

/* A new topic must be said what lies on it: asyncapi.c, topic_messages. */
static void no_topic_is_of_unknown_content(void **state)
{
    json_t *messages = at(*state, "components/messages"), *message;
    const char *name;

    json_object_foreach(messages, name, message)
    {
        if (strcmp(text_at(message, "summary"), "a record · 记录") == 0)
            fail_msg("what lies on %s is not said", name);
    }
}

static void every_event_lies_on_its_inbox_and_its_fact_topic(void **state)
{
    const struct message_facts *event;
    char topic[128];

    for (size_t i = 0; (event = schema_event(i)) != NULL; i++) {
        json_t *message = json_object_get(at(*state, "components/messages"), event->type);
        assert_non_null(strstr(text_at(message, "payload/schema"), "syntax = \"proto3\";"));
        assert_string_equal(text_at(message, "payload/schemaFormat"), "application/vnd.google.protobuf;version=3");
        assert_string_equal(text_at(message, "bindings/kafka/key/description"), event->key_kind);
        (void)snprintf(topic, sizeof topic, "medhub.fact.%s", strrchr(event->topic, '.') + 1);
        json_t *facts = json_object_get(at(*state, "channels"), topic);
        assert_non_null(json_object_get(at(facts, "messages"), event->type));
        json_t *submitted = json_object_get(at(*state, "channels"), event->topic);
        assert_non_null(json_object_get(at(submitted, "messages"), event->type));
    }
}

static void a_proto_file_holds_all_that_a_message_needs(void **state)
{
    struct buffer text;
    const struct message_facts *facts = schema_find_message("medhub.registry.v1.OrganisationChanged");

    (void)state;
    buffer_init(&text, 65536);
    document_write_proto(facts, &text);
    const char *written = buffer_text(&text);
    assert_non_null(strstr(written, "import \"google/protobuf/timestamp.proto\";"));
    assert_non_null(strstr(written, "enum State {\n  STATE_UNSPECIFIED = 0;\n"));
    assert_non_null(strstr(written, "message Key {\n  string id = 1;\n  KeyAlgorithm algorithm = 2;\n  bytes public_key = 3;\n"
                                    "  google.protobuf.Timestamp valid_from = 4;\n"));
    assert_non_null(strstr(written, "  repeated Key keys = 10;\n"));
    assert_non_null(strstr(written, "  Provenance provenance = 2047;\n"));
    assert_null(strstr(written, "message Timestamp"));
    buffer_done(&text);
}

#define OPENAPI(function)  cmocka_unit_test_setup_teardown(function, set_up_openapi, tear_down)
#define ASYNCAPI(function) cmocka_unit_test_setup_teardown(function, set_up_asyncapi, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        OPENAPI(every_route_is_an_operation_with_all_its_answers),
        OPENAPI(only_what_is_anonymous_needs_no_caller),
        OPENAPI(every_parameter_and_body_is_there),
        OPENAPI(every_shape_that_is_named_is_defined),
        OPENAPI(every_event_that_may_be_submitted_is_a_choice),
        OPENAPI(the_facts_of_fields_are_said),
        OPENAPI(sixty_four_bits_travel_as_text),
        OPENAPI(a_code_table_is_an_enumeration),
        OPENAPI(what_only_the_hub_writes_is_not_offered),
        cmocka_unit_test(a_document_that_does_not_fit_is_told),
        ASYNCAPI(every_topic_is_a_channel_with_its_settings),
        ASYNCAPI(no_topic_is_of_unknown_content),
        ASYNCAPI(every_event_lies_on_its_inbox_and_its_fact_topic),
        cmocka_unit_test(a_proto_file_holds_all_that_a_message_needs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "gateway/asyncapi.h"

#include "gateway/document.h"
#include "kafka/topics.h"

#include <stdio.h>
#include <string.h>

#ifndef MEDHUB_VERSION
#define MEDHUB_VERSION "0"
#endif

#define INBOX    "medhub.inbox."
#define FACT     "medhub.fact."
#define BINDING  "0.5.0"
#define PROTOBUF "application/vnd.google.protobuf;version=3"

/* What lies on topics that are not named by an event: a message of ours, or bytes that only the hub reads. */
static const struct topic_message {
    const char *prefix, *message, *what, *what_zh;
} topic_messages[] = {
    {"medhub.receipt", "medhub.event.v1.Receipt", "the answer to one submission", "一次提交的回执"},
    {"medhub.delivery", "medhub.event.v1.Delivery", "a fact as its recipients may see it", "接收方可见的事实"},
    {"medhub.table.", "medhub.event.v1.TableRow", "one dated version of a row", "带有效期的表行"},
    {"medhub.webhook.outcome", "medhub.webhook.v1.Outcome", "what became of a delivery", "投递结果"},
    {"medhub.webhook.state", "medhub.webhook.v1.EndpointState", "where an endpoint stands", "端点进度"},
    {"medhub.webhook.parked", "medhub.webhook.v1.ParkedDelivery", "a delivery that was set aside", "搁置的投递"},
    {"medhub.webhook.control", "medhub.webhook.v1.Control", "what operators want of an endpoint", "运维指令"},
    {"medhub.parked", NULL,
     "a refused record, byte for byte with its own headers, and __connect.errors.* and medhub.* headers that say why",
     "被拒绝的原始记录，另有 __connect.errors.* 与 medhub.* 头说明原因"},
    {"medhub.state.", NULL, "the hub's own changelog; its form may change", "枢纽自用的变更日志，格式可能变化"},
    {"", NULL, "a record", "记录"},
};

/* ---- messages ---- */

static void add_cloudevent_headers(json_t *schemas)
{
    static const struct {
        const char *name, *value, *what;
        bool required;
    } rows[] = {
        {"ce_specversion", "1.0", "version of CloudEvents", false},
        {"ce_id", NULL, "id, unique for its source: a repetition is answered as the first time", true},
        {"ce_source", NULL, "the organisation that says it", true},
        {"ce_type", NULL, "the name of this message", true},
        {"ce_time", NULL, "when it happened, RFC 3339", false},
        {"ce_subject", NULL, "what it is about", false},
        {"content-type", "application/protobuf", "of the value", false},
        {"traceparent", NULL, "W3C trace context", false},
        {"ce_conformance", NULL, "\"true\": of a connection test, decided and never applied", false},
        {"ce_signature", NULL, "ORGANISATION/KEY:BASE64 of a submission, signed by its source or vouched for by the operator, over the "
                               "length (4 bytes, most significant first) and the bytes of each of: \"medhub-event-1\", ce_id, ce_source, "
                               "ce_type, ce_time, ce_conformance, key, value", false},
    };
    json_t *schema = document_object(), *properties = document_object(), *required = document_list();

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t *header = document_object();
        document_put_text(header, "type", "string");
        document_put_text(header, "description", rows[i].what);
        document_put_text(header, "const", rows[i].value);
        document_put(properties, rows[i].name, header);
        if (rows[i].required)
            document_add(required, document_text(rows[i].name));
    }
    document_put_text(schema, "type", "object");
    document_put_text(schema, "description", "CloudEvents 1.0, Kafka protocol binding, binary mode");
    document_put(schema, "properties", properties);
    document_put(schema, "required", required);
    document_put(schemas, "CloudEventHeaders", schema);
}

static json_t *protobuf_payload(const struct message_facts *facts)
{
    enum { PROTO_BYTES_MAX = 256 * 1024 };
    struct buffer text;
    json_t *payload = document_object();

    buffer_init(&text, PROTO_BYTES_MAX);
    document_write_proto(facts, &text);
    document_put_text(payload, "schemaFormat", PROTOBUF);
    document_put_text(payload, "schema", buffer_text(&text));
    buffer_done(&text);
    return payload;
}

static json_t *key_binding(const char *what)
{
    json_t *bindings = document_object(), *kafka = document_object(), *key = document_object();

    document_put_text(key, "type", "string");
    document_put_text(key, "description", what);
    document_put(kafka, "key", key);
    document_put_text(kafka, "bindingVersion", BINDING);
    document_put(bindings, "kafka", kafka);
    return bindings;
}

static json_t *event_message(const struct message_facts *event)
{
    json_t *message = document_object();

    document_put_text(message, "name", event->type);
    document_put_text(message, "title", event->title_en);
    document_put_both(message, "summary", event->title_en, event->title_zh);
    document_put_text(message, "contentType", "application/protobuf");
    document_put(message, "headers", document_reference("#/components/schemas/CloudEventHeaders"));
    document_put(message, "payload", protobuf_payload(event));
    document_put(message, "bindings", key_binding(event->key_kind));
    return message;
}

static json_t *record_message(const char *name, const struct topic_message *row, const char *key)
{
    const struct message_facts *facts = row->message == NULL ? NULL : schema_find_message(row->message);
    json_t *message = document_object();

    document_put_text(message, "name", name);
    document_put_both(message, "summary", row->what, row->what_zh);
    document_put_text(message, "contentType", facts == NULL ? "application/octet-stream" : "application/protobuf");
    if (facts != NULL)
        document_put(message, "payload", protobuf_payload(facts));
    document_put(message, "bindings", key_binding(key));
    return message;
}

/* ---- channels ---- */

static const struct topic_message *message_on(const char *topic)
{
    size_t i = 0;

    while (strncmp(topic, topic_messages[i].prefix, strlen(topic_messages[i].prefix)) != 0)
        i++;
    return &topic_messages[i];
}

/* True if EVENT lies on TOPIC: submitted to an inbox, or, as a fact, on the fact topic of the same domain. */
static bool is_on(const struct message_facts *event, const char *topic)
{
    if (strcmp(event->topic, topic) == 0)
        return true;
    return strncmp(topic, FACT, strlen(FACT)) == 0 && strncmp(event->topic, INBOX, strlen(INBOX)) == 0 &&
           strcmp(topic + strlen(FACT), event->topic + strlen(INBOX)) == 0;
}

/* The messages of TOPIC as references; adds those of records to MESSAGES. */
static json_t *messages_of(const struct topic_row *topic, json_t *messages)
{
    json_t *references = document_object();
    const struct message_facts *event;

    for (size_t i = 0; (event = schema_event(i)) != NULL; i++)
        if (is_on(event, topic->name))
            document_put(references, event->type, document_reference("#/components/messages/%s", event->type));
    if (json_object_size(references) > 0)
        return references;
    document_put(messages, topic->name, record_message(topic->name, message_on(topic->name), topic->key));
    document_put(references, topic->name, document_reference("#/components/messages/%s", topic->name));
    return references;
}

static json_t *cleanup_policies(const char *text)
{
    json_t *list = document_list();

    for (size_t length = 0; *text != '\0'; text += length, text += *text == ',') {
        length = strcspn(text, ",");
        document_add(list, document_textf("%.*s", (int)length, text));
    }
    return list;
}

static json_t *channel_bindings(const struct topic_row *topic)
{
    json_t *bindings = document_object(), *kafka = document_object(), *settings = document_object();

    document_put(settings, "cleanup.policy", cleanup_policies(topic->cleanup_policy));
    document_put(settings, "retention.ms", json_integer(topic->retention_ms));
    document_put(settings, "max.message.bytes", json_integer(topic->max_message_bytes));
    document_put_text(kafka, "topic", topic->name);
    document_put(kafka, "partitions", json_integer(topic->partitions));
    document_put(kafka, "topicConfiguration", settings);
    document_put_text(kafka, "bindingVersion", BINDING);
    document_put(bindings, "kafka", kafka);
    return bindings;
}

static json_t *channel(const struct topic_row *topic, json_t *messages)
{
    json_t *made = document_object();

    document_put_text(made, "address", topic->name);
    document_put_text(made, "title", topic->what);
    document_put_both(made, "summary", topic->what, topic->what_zh);
    document_put(made, "messages", messages_of(topic, messages));
    document_put(made, "bindings", channel_bindings(topic));
    document_put(made, "x-key", document_text(topic->key));
    document_put(made, "x-min-insync-replicas", json_integer(topic->min_insync_replicas));
    return made;
}

/* The hub receives what organisations claim and sends everything else. */
static json_t *operation(const struct topic_row *topic, const json_t *messages)
{
    json_t *made = document_object(), *references = document_list();
    const char *name;
    json_t *ignored;

    document_put_text(made, "action", strncmp(topic->name, INBOX, strlen(INBOX)) == 0 ? "receive" : "send");
    document_put(made, "channel", document_reference("#/channels/%s", topic->name));
    document_put_text(made, "summary", topic->what);
    json_object_foreach((json_t *)(uintptr_t)messages, name, ignored)
        document_add(references, document_reference("#/channels/%s/messages/%s", topic->name, name));
    document_put(made, "messages", references);
    return made;
}

/* ---- the document ---- */

static json_t *information(void)
{
    json_t *info = document_object(), *licence = document_object();

    document_put_text(info, "title", "medhub topics · 医保事件枢纽主题");
    document_put_text(info, "version", MEDHUB_VERSION);
    document_put_text(info, "description",
                      "What the hub receives and sends on Kafka. Values are bare protobuf messages, attributes are ce_* "
                      "headers; read with isolation.level=read_committed. Each topic's partition of a key is murmur2 of it. "
                      "· 枢纽在 Kafka 上接收与发送的内容：值为 protobuf，属性在 ce_* 头中，须以 read_committed 读取。");
    document_put_text(licence, "name", "Apache-2.0");
    document_put_text(licence, "url", "https://www.apache.org/licenses/LICENSE-2.0");
    document_put(info, "license", licence);
    return info;
}

static json_t *servers(void)
{
    static const char *const protocols[] = {"kafka", "kafka-secure"};
    json_t *all = document_object();

    for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++) {
        json_t *server = document_object(), *variables = document_object(), *brokers = document_object();
        document_put_text(brokers, "description", "kafka.brokers of the hub · 枢纽的 Kafka 地址");
        document_put_text(brokers, "default", "localhost:9092");
        document_put(variables, "brokers", brokers);
        document_put_text(server, "host", "{brokers}");
        document_put_text(server, "protocol", protocols[i]);
        document_put(server, "variables", variables);
        document_put(all, protocols[i], server);
    }
    return all;
}

static json_t *event_messages(void)
{
    json_t *messages = document_object();
    const struct message_facts *event;

    for (size_t i = 0; (event = schema_event(i)) != NULL; i++)
        document_put(messages, event->type, event_message(event));
    return messages;
}

static json_t *document_of(const struct topics *topics)
{
    json_t *document = document_object(), *components = document_object(), *schemas = document_object();
    json_t *channels = document_object(), *operations = document_object(), *messages = event_messages();

    add_cloudevent_headers(schemas);
    for (size_t i = 0; i < topics->count; i++) {
        const struct topic_row *topic = &topics->rows[i];
        json_t *made = channel(topic, messages);
        document_put(channels, topic->name, made);
        document_put(operations, topic->name, operation(topic, json_object_get(made, "messages")));
    }
    document_put_text(document, "asyncapi", "3.0.0");
    document_put_text(document, "id", "urn:medhub:topics");
    document_put(document, "info", information());
    document_put_text(document, "defaultContentType", "application/protobuf");
    document_put(document, "servers", servers());
    document_put(document, "channels", channels);
    document_put(document, "operations", operations);
    document_put(components, "messages", messages);
    document_put(components, "schemas", schemas);
    document_put(document, "components", components);
    return document;
}

enum status asyncapi_write(struct buffer *out, struct fault *fault)
{
    enum { TOPICS_BYTES_MAX = 1024 * 1024 };
    struct arena *arena = arena_new(64 * 1024, TOPICS_BYTES_MAX);
    struct topics topics;

    if (arena == NULL)
        return fault_fatal(fault, "memory.out", "no memory for the document");
    enum status status = topics_shipped(arena, &topics, fault);
    if (status == STATUS_OK)
        status = document_print(document_of(&topics), out, fault);
    arena_free(arena);
    return status;
}

#include "gateway/openapi.h"

#include "event/event.h"
#include "gateway/document.h"
#include "gateway/routes.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#ifndef MEDHUB_VERSION
#define MEDHUB_VERSION "0"
#endif

#define INBOX "medhub.inbox."

static bool is_submitted(const struct message_facts *event)
{
    return strncmp(event->topic, INBOX, strlen(INBOX)) == 0;
}

/* ---- shapes: "string", "Receipt", "Finding[]", "Submitted|SubmittedEvent[]" ---- */

static json_t *plain_shape(const char *name)
{
    static const struct {
        const char *name, *type, *format;
    } kinds[] = {
        {"string", "string", NULL},          {"integer", "integer", NULL},
        {"number", "number", NULL},
        {"boolean", "boolean", NULL},        {"date-time", "string", "date-time"},
        {"date", "string", "date"},          {"uri-reference", "string", "uri-reference"},
        {"bytes", "string", "binary"},
    };

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(name, kinds[i].name) != 0)
            continue;
        json_t *schema = document_object();
        document_put_text(schema, "type", kinds[i].type);
        document_put_text(schema, "format", kinds[i].format);
        return schema;
    }
    return NULL;
}

/* EVENT is the component that "event" stands for here: what may be submitted and what is delivered differ. */
static json_t *single_shape(const char *name, const char *event)
{
    json_t *plain = plain_shape(name);

    if (plain != NULL)
        return plain;
    if (strcmp(name, "any") == 0)
        return document_object();
    if (strcmp(name, "data") == 0)
        return document_reference("#/components/schemas/EventData");
    return document_reference("#/components/schemas/%s", strcmp(name, "event") == 0 ? event : name);
}

static json_t *list_shape(json_t *items)
{
    json_t *schema = document_object();

    document_put_text(schema, "type", "array");
    document_put(schema, "items", items);
    return schema;
}

static json_t *one_shape(const char *text, size_t length, const char *event)
{
    char name[80];
    bool is_list = length > 2 && memcmp(text + length - 2, "[]", 2) == 0;

    (void)snprintf(name, sizeof name, "%.*s", (int)(is_list ? length - 2 : length), text);
    json_t *single = single_shape(name, event);
    return is_list ? list_shape(single) : single;
}

static json_t *shape(const char *text, const char *event)
{
    size_t length = strcspn(text, "|");

    if (text[length] == '\0')
        return one_shape(text, length, event);
    json_t *schema = document_object(), *choices = document_list();
    for (; *text != '\0'; text += length, text += *text == '|') {
        length = strcspn(text, "|");
        document_add(choices, one_shape(text, length, event));
    }
    document_put(schema, "oneOf", choices);
    return schema;
}

/* Rows of one schema lie together. */
static void add_shapes(json_t *schemas)
{
    json_t *properties = NULL, *required = NULL;

    for (size_t i = 0; i < schema_row_count; i++) {
        const struct schema_row *row = &schema_rows[i];
        if (i == 0 || strcmp(row->schema, schema_rows[i - 1].schema) != 0) {
            json_t *schema = document_object();
            properties = document_object();
            required = document_list();
            document_put_text(schema, "type", "object");
            document_put(schema, "properties", properties);
            document_put(schema, "required", required);
            document_put(schemas, row->schema, schema);
        }
        json_t *member = shape(row->type, "DeliveredEvent");
        document_put_both(member, "description", row->what, row->what_zh);
        document_put(properties, row->member, member);
        if (row->required)
            document_add(required, document_text(row->member));
    }
}

/* ---- events ---- */

static json_t *attribute(const char *pattern, const char *format)
{
    json_t *schema = document_object();

    document_put_text(schema, "type", "string");
    document_put(schema, "maxLength", json_integer(ATTRIBUTE_BYTES_MAX));
    document_put_text(schema, "pattern", pattern);
    document_put_text(schema, "format", format);
    return schema;
}

static json_t *constant(const char *value)
{
    json_t *schema = document_object();
    document_put_text(schema, "type", "string");
    document_put_text(schema, "const", value);
    return schema;
}

static json_t *required_list(const char *const *names)
{
    json_t *list = document_list();
    for (; *names != NULL; names++)
        document_add(list, document_text(*names));
    return list;
}

/* The attributes that medhub reads; others are accepted and not kept. */
static json_t *attributes_of(const char *type)
{
    json_t *properties = document_object();

    document_put(properties, "specversion", constant("1.0"));
    document_put(properties, "id", attribute("^[^\\u0000-\\u001f\\u007f]+$", NULL));
    document_put(properties, "source", attribute("^[A-Za-z0-9._-]+$", NULL));
    document_put(properties, "type", type == NULL ? attribute(NULL, NULL) : constant(type));
    document_put(properties, "time", attribute(NULL, "date-time"));
    document_put(properties, "subject", attribute(NULL, NULL));
    return properties;
}

static json_t *envelope(const struct message_facts *event)
{
    json_t *schema = document_object(), *properties = attributes_of(event->type), *base64 = document_object();

    document_put_both(schema, "title", event->title_en, event->title_zh);
    document_put_text(schema, "type", "object");
    document_put(properties, "traceparent", attribute(NULL, NULL));
    document_put(properties, "data", document_reference("#/components/schemas/%s", event->name));
    document_put_text(base64, "type", "string");
    document_put_text(base64, "contentEncoding", "base64");
    document_put_text(base64, "description", "the protobuf message in place of data · 以 protobuf 代替 data");
    document_put(properties, "data_base64", base64);
    document_put(schema, "properties", properties);
    document_put(schema, "required", required_list((const char *const[]){"specversion", "id", "source", "type", NULL}));
    json_t *either = document_list();
    for (int i = 0; i < 2; i++) {
        json_t *one = document_object();
        document_put(one, "required", required_list((const char *const[]){i == 0 ? "data" : "data_base64", NULL}));
        document_add(either, one);
    }
    document_put(schema, "oneOf", either);
    return schema;
}

static void add_events(json_t *schemas)
{
    json_t *any = document_object(), *choices = document_list(), *mapping = document_object(), *data = document_object();
    json_t *data_choices = document_list(), *discriminator = document_object();
    const struct message_facts *event;

    for (size_t i = 0; (event = schema_event(i)) != NULL; i++) {
        if (!is_submitted(event))
            continue;
        document_add_message(schemas, event);
        json_t *schema = envelope(event);
        char name[160];
        (void)snprintf(name, sizeof name, "event.%s", event->type);
        document_put(schemas, name, schema);
        document_add(choices, document_reference("#/components/schemas/%s", name));
        document_put(mapping, event->type, document_textf("#/components/schemas/%s", name));
        document_add(data_choices, document_reference("#/components/schemas/%s", event->name));
    }
    document_put_text(discriminator, "propertyName", "type");
    document_put(discriminator, "mapping", mapping);
    document_put_text(any, "description", "an event that an organisation submits · 机构提交的事件");
    document_put(any, "oneOf", choices);
    document_put(any, "discriminator", discriminator);
    document_put(schemas, "CloudEvent", any);
    document_put_text(data, "description", "the data of the event that ce-type names · ce-type 所指事件的数据");
    document_put(data, "anyOf", data_choices);
    document_put(schemas, "EventData", data);
}

/* What the hub delivers has fewer fields than what was submitted: those that the caller may see. */
static void add_delivered_event(json_t *schemas)
{
    json_t *schema = document_object(), *properties = attributes_of(NULL), *data = document_object();

    document_put_text(schema, "type", "object");
    document_put_text(schema, "description", "an event as this caller may see it · 调用机构可见的事件");
    document_put_text(data, "type", "object");
    document_put(properties, "data", data);
    document_put(properties, "data_base64", plain_shape("string"));
    document_put(properties, "datacontenttype", plain_shape("string"));
    json_t *fact = plain_shape("string"), *version = plain_shape("string"), *key = plain_shape("string");
    document_put_text(fact, "description", "names the fact for ever: the idempotency key · 事实的永久编号，用于去重");
    document_put_text(version, "description", "of the key: 1, 2, 3 ... without gap · 该键的版本，连续递增");
    document_put_text(key, "description", "what facts are ordered by, where the caller may see it · 排序键（可见时）");
    document_put(properties, "factid", fact);
    document_put(properties, "factversion", version);
    document_put(properties, "partitionkey", key);
    document_put(schema, "properties", properties);
    document_put(schema, "required",
                 required_list((const char *const[]){"specversion", "id", "source", "type", "factid", "factversion", NULL}));
    document_put(schemas, "DeliveredEvent", schema);
}

/* ---- parameters ---- */

static json_t *text_schema(const struct parameter_row *row)
{
    json_t *schema = plain_shape("string");

    if (row->required && row->min > 0)
        document_put(schema, "minLength", json_integer(row->min));
    if (row->max > 0)
        document_put(schema, "maxLength", json_integer(row->max));
    document_put_text(schema, "pattern", row->pattern);
    return schema;
}

static json_t *parameter_schema(const struct parameter_row *row)
{
    json_t *schema = NULL;

    switch (row->kind) {
    case PARAMETER_TEXT:
        return text_schema(row);
    case PARAMETER_INTEGER:
        schema = plain_shape("integer");
        document_put(schema, "minimum", json_integer(row->min));
        document_put(schema, "maximum", json_integer(row->max));
        return schema;
    case PARAMETER_DATE:
        return plain_shape("date");
    case PARAMETER_LIST:
        schema = list_shape(plain_shape("string"));
        document_put(schema, "maxItems", json_integer(row->max));
        return schema;
    }
    return schema;
}

static json_t *parameter_example(const struct parameter_row *row)
{
    if (row->kind == PARAMETER_INTEGER)
        return json_loads(row->example, JSON_DECODE_ANY, NULL);
    if (row->kind != PARAMETER_LIST)
        return document_text(row->example);
    json_t *list = document_list();
    document_add(list, document_text(row->example));
    return list;
}

static json_t *parameter(const struct parameter_row *row)
{
    static const char *const places[] = {[IN_PATH] = "path", [IN_QUERY] = "query", [IN_HEADER] = "header"};
    json_t *made = document_object();

    document_put_text(made, "name", row->name);
    document_put_text(made, "in", places[row->in]);
    document_put(made, "required", json_boolean(row->required));
    document_put_both(made, "description", row->what, row->what_zh);
    document_put(made, "schema", parameter_schema(row));
    if (row->kind == PARAMETER_LIST && row->in == IN_QUERY) {
        document_put_text(made, "style", "form");
        document_put(made, "explode", json_false());
    }
    if (row->example != NULL)
        document_put(made, "example", parameter_example(row));
    return made;
}

static json_t *parameters_of(const struct route *route)
{
    json_t *list = document_list();

    for (const struct parameter_row *row = route->parameters; row->name != NULL; row++)
        document_add(list, parameter(row));
    return list;
}

/* ---- bodies and answers ---- */

static json_t *media(const char *schema_name, const char *event)
{
    json_t *made = document_object();
    document_put(made, "schema", shape(schema_name, event));
    return made;
}

static json_t *body_of(const struct route *route)
{
    json_t *body = document_object(), *content = document_object(), *text = NULL;

    for (const struct body_row *row = route->bodies; row->content_type != NULL; row++) {
        document_put(content, row->content_type, media(row->schema, "CloudEvent"));
        json_t *line = document_textf("%s%s%s: %s · %s", text == NULL ? "" : json_string_value(text),
                                      text == NULL ? "" : "\n\n", row->content_type, row->what, row->what_zh);
        json_decref(text);
        text = line;
    }
    document_put(body, "description", text);
    document_put(body, "required", json_true());
    document_put(body, "content", content);
    return body;
}

static void put_headers(json_t *answer, const struct header_row *headers)
{
    json_t *all = document_object();

    for (const struct header_row *row = headers; row->name != NULL; row++) {
        json_t *header = document_object();
        document_put_both(header, "description", row->what, row->what_zh);
        document_put(header, "schema", plain_shape("string"));
        document_put(all, row->name, header);
    }
    document_put(answer, "headers", all);
}

/* A status may have several rows: one for each content type, or one of the route beside the common one. The first row of a
 * content type stands; all explanations do. */
static void add_answer(json_t *answers, const struct answer_row *row)
{
    char status[16];

    (void)snprintf(status, sizeof status, "%u", row->status);
    json_t *answer = json_object_get(answers, status);
    if (answer == NULL) {
        answer = document_object();
        document_put(answers, status, answer);
        document_put_both(answer, "description", row->what, row->what_zh);
    } else {
        const char *before = json_string_value(json_object_get(answer, "description"));
        document_put(answer, "description", document_textf("%s\n\n%s · %s", before, row->what, row->what_zh));
    }
    if (row->headers != NULL)
        put_headers(answer, row->headers);
    if (row->schema == NULL)
        return;
    json_t *content = json_object_get(answer, "content");
    if (content == NULL) {
        content = document_object();
        document_put(answer, "content", content);
    }
    if (json_object_get(content, row->content_type) == NULL)
        document_put(content, row->content_type, media(row->schema, "DeliveredEvent"));
}

static json_t *answers_of(const struct route *route)
{
    json_t *answers = document_object();

    for (const struct answer_row *row = route->answers; row->status != 0; row++)
        add_answer(answers, row);
    for (size_t i = 0; i < route_common_answer_count; i++) {
        const struct common_answer *common = &route_common_answers[i];
        if ((!common->caller || !route->anonymous) && (!common->body || route->bodies != NULL))
            add_answer(answers, &common->answer);
    }
    return answers;
}

/* ---- operations ---- */

static json_t *operation_of(const struct route *route)
{
    json_t *operation = document_object(), *tags = document_list();

    document_put_text(operation, "operationId", route->operation);
    document_add(tags, document_text(route->tag));
    document_put(operation, "tags", tags);
    document_put_both(operation, "summary", route->summary, route->summary_zh);
    if (route->parameters->name != NULL)
        document_put(operation, "parameters", parameters_of(route));
    if (route->bodies != NULL)
        document_put(operation, "requestBody", body_of(route));
    document_put(operation, "responses", answers_of(route));
    if (route->anonymous)
        document_put(operation, "security", document_list());
    return operation;
}

static json_t *paths(void)
{
    json_t *all = document_object();

    for (size_t i = 0; i < route_count; i++) {
        json_t *path = json_object_get(all, routes[i].path);
        if (path == NULL) {
            path = document_object();
            document_put(all, routes[i].path, path);
        }
        char method[16] = "";
        for (size_t c = 0; c + 1 < sizeof method && routes[i].method[c] != '\0'; c++)
            method[c] = (char)tolower((unsigned char)routes[i].method[c]);
        document_put(path, method, operation_of(&routes[i]));
    }
    return all;
}

/* ---- who calls ---- */

static const char signature_text[] =
    "HTTP Message Signatures (RFC 9421) with ed25519, hmac-sha256 or sm2-sm3 (SM2 with SM3, r||s, user id "
    "1234567812345678). Headers Signature-Input and Signature under one label; Content-Digest (RFC 9530: sha-256, sha-512 or "
    "sm3) with a body. Covered: @method; @target-uri, or @authority, @path and @query; content-digest with a body; "
    "content-type, content-encoding and every ce-* header that is sent. Parameters: created (within the gateway's window), "
    "keyid=\"ORGANISATION/KEY\", nonce (new for each request). `medhub ctl key sign` prints the headers for curl. · "
    "HTTP 消息签名（RFC 9421），算法 ed25519、hmac-sha256 或 sm2-sm3；有正文时须带 Content-Digest；nonce 每次请求须不同。"
    "`medhub ctl key sign` 可直接输出供 curl 使用的请求头。";

static json_t *security_schemes(void)
{
    json_t *schemes = document_object(), *mutual = document_object(), *signature = document_object();

    document_put_text(mutual, "type", "mutualTLS");
    document_put_text(mutual, "description",
                      "a client certificate whose subject the registry has as a key (X509_SUBJECT) · "
                      "客户端证书，其主题须在机构登记的密钥（X509_SUBJECT）中");
    document_put_text(signature, "type", "apiKey");
    document_put_text(signature, "in", "header");
    document_put_text(signature, "name", "Signature");
    document_put_text(signature, "description", signature_text);
    document_put(schemes, "mutualTLS", mutual);
    document_put(schemes, "signature", signature);
    return schemes;
}

/* Either of the two. */
static json_t *security(void)
{
    static const char *const names[] = {"mutualTLS", "signature"};
    json_t *list = document_list();

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        json_t *one = document_object();
        document_put(one, names[i], document_list());
        document_add(list, one);
    }
    return list;
}

static json_t *information(void)
{
    json_t *info = document_object(), *licence = document_object();

    document_put_text(info, "title", "medhub gateway · 医保事件枢纽网关");
    document_put_text(info, "version", MEDHUB_VERSION);
    document_put_text(info, "description",
                      "Events in, receipts, feeds and questions out. Errors are RFC 9457 problem details; their codes are "
                      "stable. · 提交事件，取得回执、订阅与查询。错误以 RFC 9457 形式返回，代码稳定。");
    document_put_text(licence, "name", "Apache-2.0");
    document_put_text(licence, "identifier", "Apache-2.0");
    document_put(info, "license", licence);
    return info;
}

static json_t *servers(void)
{
    json_t *list = document_list(), *here = document_object();

    document_put_text(here, "url", "/");
    document_put_text(here, "description", "the gateway that gave this document · 提供本文档的网关");
    document_add(list, here);
    return list;
}

static json_t *tags(void)
{
    static const struct {
        const char *name, *what;
    } rows[] = {
        {"events", "submit, and learn the outcome · 提交与回执"}, {"feeds", "follow what concerns the caller · 订阅"},
        {"questions", "look things up · 查询"},                  {"documents", "this interface described · 接口文档"},
        {"health", "for load balancers · 健康检查"},
    };
    json_t *list = document_list();

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t *tag = document_object();
        document_put_text(tag, "name", rows[i].name);
        document_put_text(tag, "description", rows[i].what);
        document_add(list, tag);
    }
    return list;
}

enum status openapi_write(struct buffer *out, struct fault *fault)
{
    json_t *document = document_object(), *components = document_object(), *schemas = document_object();

    add_shapes(schemas);
    add_events(schemas);
    add_delivered_event(schemas);
    document_put(components, "schemas", schemas);
    document_put(components, "securitySchemes", security_schemes());
    document_put_text(document, "openapi", "3.1.0");
    document_put(document, "info", information());
    document_put(document, "servers", servers());
    document_put(document, "tags", tags());
    document_put(document, "security", security());
    document_put(document, "paths", paths());
    document_put(document, "components", components);
    return document_print(document, out, fault);
}

#include "signature/component.h"

#include <strings.h>

static enum status refuse(struct fault *fault, struct bytes name, const char *why)
{
    return fault_reject(fault, "signature.coverage", "covered component \"%.*s\": %s",
                        (int)(name.length < 64 ? name.length : 64), (const char *)name.data, why);
}

/* ---- header fields ---- */

static struct bytes trimmed(struct bytes value)
{
    while (value.length > 0 && (value.data[0] == ' ' || value.data[0] == '\t')) {
        value.data++;
        value.length--;
    }
    while (value.length > 0 && (value.data[value.length - 1] == ' ' || value.data[value.length - 1] == '\t'))
        value.length--;
    return value;
}

/* Room for LENGTH bytes is at TEXT. */
static struct bytes join(const struct signed_request *request, struct bytes name, uint8_t *text)
{
    size_t length = 0;
    bool is_first = true;

    for (size_t i = 0; i < request->header_count; i++) {
        if (!http_header_is(&request->headers[i], name))
            continue;
        struct bytes part = trimmed(request->headers[i].value);
        if (!is_first) {
            memcpy(text + length, ", ", 2);
            length += 2;
        }
        if (part.length > 0)
            memcpy(text + length, part.data, part.length);
        length += part.length;
        is_first = false;
    }
    return bytes_from(text, length);
}

bool component_header(const struct signed_request *request, struct bytes name, struct arena *arena, struct bytes *value,
                      size_t *count)
{
    size_t room = 0;

    *count = 0;
    *value = BYTES_NONE;
    for (size_t i = 0; i < request->header_count; i++)
        if (http_header_is(&request->headers[i], name)) {
            *value = trimmed(request->headers[i].value);
            room += value->length + 2;
            (*count)++;
        }
    if (*count < 2)
        return true;
    uint8_t *text = arena_take(arena, room);
    if (text != NULL)
        *value = join(request, name, text);
    return text != NULL;
}

static enum status write_header(const struct signed_request *request, struct bytes name, struct arena *arena,
                                struct buffer *out, struct fault *fault)
{
    struct bytes value;
    size_t count = 0;

    for (size_t i = 0; i < name.length; i++)
        if (name.data[i] >= 'A' && name.data[i] <= 'Z')
            return refuse(fault, name, "names of headers are in lower case");
    if (!component_header(request, name, arena, &value, &count))
        return refuse(fault, name, "no memory left");
    if (count == 0)
        return refuse(fault, name, "the request has no such header");
    buffer_append_bytes(out, value);
    return STATUS_OK;
}

/* ---- derived components: each appends its value, or says why it has none ---- */

struct derivation {
    const struct signed_request *request;
    const struct structured_item *item;
    struct arena *arena;
    struct buffer *out;
};

static const char *write_method(const struct derivation *derivation)
{
    buffer_append_text(derivation->out, derivation->request->method);
    return NULL;
}

static const char *write_scheme(const struct derivation *derivation)
{
    buffer_append_text(derivation->out, derivation->request->scheme);
    return NULL;
}

/* Lower case, without the port that the scheme has anyway (RFC 9110 section 4.2.3). */
static const char *write_authority(const struct derivation *derivation)
{
    const struct signed_request *request = derivation->request;
    struct bytes authority = bytes_of(request->authority);
    const char *usual_port = strcmp(request->scheme, "https") == 0 ? ":443" : ":80";
    size_t port_length = strlen(usual_port);

    if (authority.length == 0)
        return "the request names no host";
    if (authority.length > port_length &&
        memcmp(authority.data + authority.length - port_length, usual_port, port_length) == 0)
        authority.length -= port_length;
    for (size_t i = 0; i < authority.length; i++) {
        uint8_t c = authority.data[i];
        buffer_append_byte(derivation->out, c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c);
    }
    return NULL;
}

static const char *write_target(const struct derivation *derivation)
{
    buffer_append_text(derivation->out, derivation->request->target);
    return NULL;
}

static const char *write_uri(const struct derivation *derivation)
{
    if (derivation->request->target[0] != '/')
        return "the request's target is no path";
    buffer_append_text(derivation->out, derivation->request->scheme);
    buffer_append_text(derivation->out, "://");
    const char *why = write_authority(derivation);
    return why != NULL ? why : write_target(derivation);
}

static const char *write_path(const struct derivation *derivation)
{
    const char *target = derivation->request->target;

    if (target[0] != '/')
        return "the request's target is no path";
    buffer_append(derivation->out, target, strcspn(target, "?"));
    return NULL;
}

static const char *query_of(const struct signed_request *request)
{
    const char *mark = strchr(request->target, '?');
    return mark == NULL ? "" : mark + 1;
}

/* With its question mark, which also stands alone for no query. */
static const char *write_query(const struct derivation *derivation)
{
    buffer_append_byte(derivation->out, '?');
    buffer_append_text(derivation->out, query_of(derivation->request));
    return NULL;
}

static int hex_value(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool is_plain(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           (c != 0 && strchr("*-._", c) != NULL);
}

/* TEXT of a query decoded as a form and encoded again, so that one content has one text (RFC 9421 section 2.2.8). */
static void write_form_text(struct bytes text, struct buffer *out)
{
    for (size_t i = 0; i < text.length; i++) {
        uint8_t c = text.data[i];
        if (c == '+') {
            c = ' ';
        } else if (c == '%' && i + 2 < text.length && hex_value(text.data[i + 1]) >= 0 &&
                   hex_value(text.data[i + 2]) >= 0) {
            c = (uint8_t)(hex_value(text.data[i + 1]) * 16 + hex_value(text.data[i + 2]));
            i += 2;
        }
        if (is_plain(c))
            buffer_append_byte(out, c);
        else
            buffer_append_format(out, "%%%02X", c);
    }
}

/* The next NAME=VALUE of *QUERY; moves it. */
static void next_pair(const char **query, struct bytes *name, struct bytes *value)
{
    size_t length = strcspn(*query, "&"), name_length = strcspn(*query, "=&");

    *name = bytes_from(*query, name_length);
    *value = name_length == length ? bytes_from(*query + length, 0)
                                   : bytes_from(*query + name_length + 1, length - name_length - 1);
    *query += length;
    *query += **query == '&';
}

static bool is_same_name(struct bytes name, struct bytes wanted)
{
    struct buffer encoded;

    buffer_init(&encoded, wanted.length);
    write_form_text(name, &encoded);
    bool is_same = buffer_ok(&encoded) && bytes_equal(buffer_bytes(&encoded), wanted);
    buffer_done(&encoded);
    return is_same;
}

static const char *write_query_parameter(const struct derivation *derivation)
{
    const struct structured_value *wanted = structured_parameter(derivation->item, "name");
    struct bytes name, value, found = BYTES_NONE;

    if (wanted == NULL || wanted->kind != STRUCTURED_STRING)
        return "needs ;name=\"...\"";
    for (const char *query = query_of(derivation->request); *query != '\0';) {
        next_pair(&query, &name, &value);
        if (name.length + value.length == 0 || !is_same_name(name, wanted->text))
            continue;
        if (found.data != NULL)
            return "the query has it twice";
        found = value;
    }
    if (found.data == NULL)
        return "the query has no such parameter";
    write_form_text(found, derivation->out);
    return NULL;
}

static const struct {
    const char *name;
    const char *(*write)(const struct derivation *derivation);
} derived[] = {
    {"@method", write_method},         {"@target-uri", write_uri}, {"@authority", write_authority},
    {"@scheme", write_scheme},         {"@path", write_path},      {"@query", write_query},
    {"@request-target", write_target}, {"@query-param", write_query_parameter},
};

static enum status write_derived(const struct derivation *derivation, struct fault *fault)
{
    struct bytes name = derivation->item->value.text;

    for (size_t i = 0; i < sizeof derived / sizeof *derived; i++)
        if (bytes_equal_text(name, derived[i].name)) {
            const char *why = derived[i].write(derivation);
            return why == NULL ? STATUS_OK : refuse(fault, name, why);
        }
    return refuse(fault, name, "is not known for requests");
}

/* ---- any component ---- */

/* Only @query-param has a parameter, and only the one. */
static enum status check_parameters(const struct structured_item *item, struct fault *fault)
{
    bool takes_name = bytes_equal_text(item->value.text, "@query-param");

    for (size_t i = 0; i < item->parameter_count; i++) {
        struct bytes key = item->parameters[i].key;
        if (takes_name && bytes_equal_text(key, "name"))
            continue;
        return fault_reject(fault, "signature.coverage", "covered component \"%.*s\": the parameter %.*s is not supported",
                            (int)(item->value.text.length < 64 ? item->value.text.length : 64),
                            (const char *)item->value.text.data, (int)(key.length < 32 ? key.length : 32),
                            (const char *)key.data);
    }
    return STATUS_OK;
}

/* A line break in a value would begin another line of the base; other bytes have no agreed form. */
static bool is_one_line(struct bytes value)
{
    for (size_t i = 0; i < value.length; i++)
        if ((value.data[i] < ' ' && value.data[i] != '\t') || value.data[i] > '~')
            return false;
    return true;
}

enum status component_write(const struct signed_request *request, const struct structured_item *item,
                            struct arena *arena, struct buffer *out, struct fault *fault)
{
    const struct derivation derivation = {request, item, arena, out};
    struct bytes name = item->value.text;
    size_t from = out->length;

    if (item->value.kind != STRUCTURED_STRING || name.length == 0)
        return fault_reject(fault, "signature.syntax", "the covered components are strings");
    enum status status = check_parameters(item, fault);
    if (status == STATUS_OK)
        status = name.data[0] == '@' ? write_derived(&derivation, fault)
                                     : write_header(request, name, arena, out, fault);
    if (status == STATUS_OK && buffer_ok(out) && !is_one_line(bytes_from(out->data + from, out->length - from)))
        status = refuse(fault, name, "its value is not printable ASCII");
    return status;
}

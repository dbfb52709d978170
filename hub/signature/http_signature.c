#include "signature/http_signature.h"

#include "signature/component.h"

#include <strings.h>

/* ---- reading ---- */

static enum status wrong(struct fault *fault, const char *why)
{
    return fault_reject(fault, "signature.syntax", "%s", why);
}

static enum status read_header(const struct signed_request *request, const char *name, struct arena *arena,
                               struct structured_dictionary *dictionary, bool *found, struct fault *fault)
{
    struct bytes value;
    struct fault why;
    size_t count = 0;

    if (!component_header(request, bytes_of(name), arena, &value, &count))
        return wrong(fault, "the signature's headers are too large");
    *found = count > 0;
    if (structured_parse_dictionary(value, arena, dictionary, &why) != STATUS_OK)
        return fault_reject(fault, "signature.syntax", "%s: %s", name, why.text);
    return STATUS_OK;
}

static bool take_integer(const struct structured_item *item, const char *key, int64_t *value, bool *given)
{
    const struct structured_value *said = structured_parameter(item, key);

    *given = said != NULL;
    if (said != NULL)
        *value = said->integer;
    return said == NULL || said->kind == STRUCTURED_INTEGER;
}

static bool take_string(const struct structured_item *item, const char *key, struct bytes *value)
{
    const struct structured_value *said = structured_parameter(item, key);

    *value = said == NULL ? BYTES_NONE : said->text;
    return said == NULL || said->kind == STRUCTURED_STRING;
}

static enum status take_parameters(struct http_signature *signature, struct fault *fault)
{
    const struct structured_item *said = &signature->input->item;
    bool fits = take_integer(said, "created", &signature->created, &signature->has_created) &&
                take_integer(said, "expires", &signature->expires, &signature->has_expires) &&
                take_string(said, "keyid", &signature->key_id) && take_string(said, "nonce", &signature->nonce) &&
                take_string(said, "alg", &signature->algorithm) && take_string(said, "tag", &signature->tag);

    signature->has_algorithm = structured_parameter(said, "alg") != NULL;
    return fits ? STATUS_OK : wrong(fault, "Signature-Input: a parameter is of the wrong kind");
}

enum status http_signature_read(const struct signed_request *request, struct arena *arena,
                                struct http_signature *signature, bool *found, struct fault *fault)
{
    struct structured_dictionary inputs, values;
    bool has_input = false, has_value = false;

    *signature = (struct http_signature){0};
    enum status status = read_header(request, "Signature-Input", arena, &inputs, &has_input, fault);
    if (status == STATUS_OK)
        status = read_header(request, "Signature", arena, &values, &has_value, fault);
    *found = has_input || has_value;
    if (status != STATUS_OK || !*found)
        return status;
    if (inputs.member_count != 1 || values.member_count != 1 ||
        !bytes_equal(inputs.members[0].key, values.members[0].key))
        return wrong(fault, "Signature-Input and Signature must hold one signature under one label");
    signature->input = &inputs.members[0];
    signature->value = values.members[0].item.value.text;
    if (signature->input->item.value.kind != STRUCTURED_INNER_LIST)
        return wrong(fault, "Signature-Input is not a list of components");
    if (values.members[0].item.value.kind != STRUCTURED_BYTES)
        return wrong(fault, "Signature is not a byte sequence");
    return take_parameters(signature, fault);
}

bool http_signature_covers(const struct http_signature *signature, const char *component)
{
    const struct structured_member *input = signature->input;

    for (size_t i = 0; i < input->item_count; i++) {
        const struct structured_item *item = &input->items[i];
        bool is_same = item->value.kind == STRUCTURED_STRING && item->value.text.length == strlen(component) &&
                       strncasecmp((const char *)item->value.text.data, component, item->value.text.length) == 0;
        if (is_same && item->parameter_count == 0)
            return true;
    }
    return false;
}

bool signed_header_is_needed(const char *name)
{
    return strcasecmp(name, "content-type") == 0 || strcasecmp(name, "content-encoding") == 0 ||
           strncasecmp(name, "ce-", 3) == 0;
}

/* ---- the base ---- */

/* True if what stands in BASE from FROM on, a component's identifier, stands at the beginning of a line before. */
static bool is_repeated(const struct buffer *base, size_t begin, size_t from)
{
    size_t length = base->length - from;

    for (size_t line = begin; line < from;) {
        if (memcmp(base->data + line, base->data + from, length) == 0 && base->data[line + length] == ':')
            return true;
        const uint8_t *end = memchr(base->data + line, '\n', from - line);
        line = end == NULL ? from : (size_t)(end - base->data) + 1;
    }
    return false;
}

static enum status write_line(const struct signed_request *request, const struct structured_item *item,
                              struct arena *arena, struct buffer *base, size_t begin, struct fault *fault)
{
    size_t from = base->length;

    structured_write_item(item, base);
    if (buffer_ok(base) && is_repeated(base, begin, from))
        return fault_reject(fault, "signature.coverage", "a component is covered twice");
    buffer_append_text(base, ": ");
    enum status status = component_write(request, item, arena, base, fault);
    buffer_append_byte(base, '\n');
    return status;
}

enum status http_signature_base(const struct signed_request *request, const struct structured_member *input,
                                struct arena *arena, struct buffer *base, struct fault *fault)
{
    size_t begin = base->length;

    for (size_t i = 0; i < input->item_count; i++) {
        enum status status = write_line(request, &input->items[i], arena, base, begin, fault);
        if (status != STATUS_OK)
            return status;
    }
    buffer_append_text(base, "\"@signature-params\": ");
    structured_write_inner_list(input, base);
    return buffer_ok(base) ? STATUS_OK
                           : fault_reject(fault, "signature.coverage", "what is signed is larger than allowed");
}

/* ---- making ---- */

enum { PARAMETERS_MAX = 4 };

static void add_parameter(struct structured_item *item, const char *key, struct structured_value value)
{
    item->parameters[item->parameter_count++] = (struct structured_parameter){bytes_of(key), value};
}

static struct structured_value integer(int64_t value)
{
    return (struct structured_value){.kind = STRUCTURED_INTEGER, .integer = value};
}

static struct structured_value string(const char *text)
{
    return (struct structured_value){.kind = STRUCTURED_STRING, .text = bytes_of(text)};
}

static bool make_input(const struct signing_order *order, struct arena *arena, struct structured_member *input)
{
    struct structured_item *item = &input->item;

    *input = (struct structured_member){.key = bytes_of(order->label), .item_count = order->component_count};
    input->items = arena_take_zeroed(arena, (order->component_count + 1) * sizeof *input->items);
    item->parameters = arena_take_zeroed(arena, PARAMETERS_MAX * sizeof *item->parameters);
    if (input->items == NULL || item->parameters == NULL)
        return false;
    for (size_t i = 0; i < order->component_count; i++)
        input->items[i].value = string(order->components[i]);
    item->value.kind = STRUCTURED_INNER_LIST;
    add_parameter(item, "created", integer(order->created));
    if (order->expires != 0)
        add_parameter(item, "expires", integer(order->expires));
    if (order->nonce != NULL)
        add_parameter(item, "nonce", string(order->nonce));
    add_parameter(item, "keyid", string(order->key_id));
    return structured_is_string(bytes_of(order->key_id));
}

static void write_signature(const char *label, struct bytes signature, struct buffer *out)
{
    const struct structured_item item = {.value = {.kind = STRUCTURED_BYTES, .text = signature}};

    buffer_append_text(out, label);
    buffer_append_byte(out, '=');
    structured_write_item(&item, out);
}

enum status http_signature_make(const struct signed_request *request, const struct signing_order *order,
                                const struct signing_key *key, struct arena *arena, struct buffer *input_value,
                                struct buffer *signature_value, struct fault *fault)
{
    enum { BASE_BYTES_MAX = 256 * 1024 };
    uint8_t signature[SIGNATURE_BYTES_MAX];
    struct structured_member input;
    struct buffer base;
    size_t length = 0;

    if (!make_input(order, arena, &input))
        return fault_reject(fault, "signature.syntax", "the key's id cannot travel in a header, or no memory is left");
    buffer_init(&base, BASE_BYTES_MAX);
    enum status status = http_signature_base(request, &input, arena, &base, fault);
    if (status == STATUS_OK)
        status = signing_key_sign(key, buffer_bytes(&base), signature, &length, fault);
    buffer_done(&base);
    if (status != STATUS_OK)
        return status;
    buffer_append_text(input_value, order->label);
    buffer_append_byte(input_value, '=');
    structured_write_inner_list(&input, input_value);
    write_signature(order->label, bytes_from(signature, length), signature_value);
    return buffer_ok(input_value) && buffer_ok(signature_value)
               ? STATUS_OK
               : fault_reject(fault, "signature.syntax", "the headers of the signature are larger than allowed");
}

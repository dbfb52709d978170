#include "signature/structured.h"

#include "base/text.h"

#include <string.h>

enum { INTEGER_DIGITS_MAX = 15 };

struct reader {
    struct bytes field;
    size_t at;
    struct arena *arena;
    struct fault *fault;
};

static enum status wrong(struct reader *reader, const char *expected)
{
    return fault_reject(reader->fault, "structured.syntax", "at character %zu: expected %s", reader->at + 1, expected);
}

static enum status too_large(struct reader *reader)
{
    return fault_reject(reader->fault, "structured.too_large", "the field has more parts than are read");
}

/* ---- characters ---- */

static bool is_end(const struct reader *reader)
{
    return reader->at == reader->field.length;
}

/* The next character; NUL, which is legal nowhere, at the end. */
static char next(const struct reader *reader)
{
    return is_end(reader) ? '\0' : (char)reader->field.data[reader->at];
}

static bool take(struct reader *reader, char wanted)
{
    bool is_there = !is_end(reader) && next(reader) == wanted;
    reader->at += is_there;
    return is_there;
}

static void skip(struct reader *reader, const char *characters)
{
    while (!is_end(reader) && next(reader) != '\0' && strchr(characters, next(reader)) != NULL)
        reader->at++;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_letter(char c)
{
    return is_lower(c) || (c >= 'A' && c <= 'Z');
}

static bool is_one_of(char c, const char *characters)
{
    return c != '\0' && strchr(characters, c) != NULL;
}

static bool begins_key(char c)
{
    return is_lower(c) || c == '*';
}

static bool continues_key(char c)
{
    return is_lower(c) || is_digit(c) || is_one_of(c, "_-.*");
}

static bool begins_token(char c)
{
    return is_letter(c) || c == '*';
}

static bool continues_token(char c)
{
    return is_letter(c) || is_digit(c) || is_one_of(c, "!#$%&'*+-.^_`|~:/");
}

static bool is_printable(char c)
{
    return c >= ' ' && c <= '~';
}

/* Takes characters while they continue. */
static struct bytes take_while(struct reader *reader, bool (*continues)(char))
{
    size_t from = reader->at;

    while (!is_end(reader) && continues(next(reader)))
        reader->at++;
    return bytes_from(reader->field.data + from, reader->at - from);
}

/* ---- values ---- */

static enum status read_key(struct reader *reader, struct bytes *key)
{
    if (!begins_key(next(reader)))
        return wrong(reader, "a key (lower-case letters)");
    *key = take_while(reader, continues_key);
    return STATUS_OK;
}

static enum status read_integer(struct reader *reader, struct structured_value *value)
{
    size_t from = reader->at;
    bool minus = take(reader, '-');
    struct bytes digits = take_while(reader, is_digit);

    if (digits.length == 0 || digits.length > INTEGER_DIGITS_MAX)
        return wrong(reader, "an integer of 1 to 15 digits");
    if (next(reader) == '.')
        return wrong(reader, "an integer; decimals are not used here");
    value->kind = STRUCTURED_INTEGER;
    bool read = text_parse_i64(bytes_from(reader->field.data + from, digits.length + (size_t)minus), &value->integer);
    return read ? STATUS_OK : wrong(reader, "an integer");
}

/* Behind the opening quote. Most strings have no escape and stay where they are. */
static enum status read_string(struct reader *reader, struct structured_value *value)
{
    size_t from = reader->at, length = 0;
    bool has_escape = false;

    for (; next(reader) != '"'; reader->at++, length++) {
        if (is_end(reader) || !is_printable(next(reader)))
            return wrong(reader, "printable ASCII and a closing quote");
        if (next(reader) != '\\')
            continue;
        has_escape = true;
        reader->at++;
        if (!is_one_of(next(reader), "\"\\"))
            return wrong(reader, "a quote or a backslash after a backslash");
    }
    const uint8_t *raw = reader->field.data + from;
    size_t raw_length = reader->at - from;
    reader->at++;
    *value = (struct structured_value){.kind = STRUCTURED_STRING, .text = bytes_from(raw, length)};
    if (!has_escape)
        return STATUS_OK;
    uint8_t *plain = arena_take(reader->arena, length);
    if (plain == NULL)
        return too_large(reader);
    for (size_t i = 0, to = 0; i < raw_length; i++) {
        i += raw[i] == '\\';
        plain[to++] = raw[i];
    }
    value->text.data = plain;
    return STATUS_OK;
}

static bool is_not_colon(char c)
{
    return c != ':';
}

/* Behind the opening colon. */
static enum status read_bytes(struct reader *reader, struct structured_value *value)
{
    struct bytes encoded = take_while(reader, is_not_colon);
    size_t room = TEXT_BASE64_BYTES_MAX(encoded.length), length = 0;

    if (!take(reader, ':'))
        return wrong(reader, "a closing colon");
    uint8_t *data = arena_take(reader->arena, room + 1);
    if (data == NULL)
        return too_large(reader);
    if (!text_base64_decode(encoded, data, room, &length))
        return wrong(reader, "base64 with padding between the colons");
    *value = (struct structured_value){.kind = STRUCTURED_BYTES, .text = bytes_from(data, length)};
    return STATUS_OK;
}

/* Behind "?". */
static enum status read_boolean(struct reader *reader, struct structured_value *value)
{
    *value = (struct structured_value){.kind = STRUCTURED_BOOLEAN, .boolean = next(reader) == '1'};
    return take(reader, '0') || take(reader, '1') ? STATUS_OK : wrong(reader, "?0 or ?1");
}

static enum status read_value(struct reader *reader, struct structured_value *value)
{
    *value = (struct structured_value){0};
    if (take(reader, '"'))
        return read_string(reader, value);
    if (take(reader, ':'))
        return read_bytes(reader, value);
    if (take(reader, '?'))
        return read_boolean(reader, value);
    if (next(reader) == '-' || is_digit(next(reader)))
        return read_integer(reader, value);
    if (!begins_token(next(reader)))
        return wrong(reader, "a string, token, integer, boolean or byte sequence");
    *value = (struct structured_value){.kind = STRUCTURED_TOKEN, .text = take_while(reader, continues_token)};
    return STATUS_OK;
}

/* ---- parameters ---- */

static enum status keep_parameters(struct reader *reader, const struct structured_parameter *read, size_t count,
                                   struct structured_item *item)
{
    item->parameter_count = count;
    item->parameters = count == 0 ? NULL : arena_copy(reader->arena, read, count * sizeof *read);
    return count > 0 && item->parameters == NULL ? too_large(reader) : STATUS_OK;
}

/* The place of KEY among the first *COUNT; a new one counts. */
static struct structured_parameter *place_of(struct structured_parameter *read, size_t *count, struct bytes key)
{
    for (size_t i = 0; i < *count; i++)
        if (bytes_equal(read[i].key, key))
            return &read[i];
    return &read[(*count)++];
}

static enum status read_parameters(struct reader *reader, struct structured_item *item)
{
    struct structured_parameter read[STRUCTURED_COUNT_MAX + 1];
    size_t count = 0;

    while (take(reader, ';')) {
        struct structured_parameter parameter = {.value = {.kind = STRUCTURED_BOOLEAN, .boolean = true}};
        skip(reader, " ");
        enum status status = read_key(reader, &parameter.key);
        if (status == STATUS_OK && take(reader, '='))
            status = read_value(reader, &parameter.value);
        if (status != STATUS_OK)
            return status;
        *place_of(read, &count, parameter.key) = parameter;
        if (count > STRUCTURED_COUNT_MAX)
            return too_large(reader);
    }
    return keep_parameters(reader, read, count, item);
}

static enum status read_item(struct reader *reader, struct structured_item *item)
{
    enum status status = read_value(reader, &item->value);
    return status == STATUS_OK ? read_parameters(reader, item) : status;
}

/* ---- lists and dictionaries ---- */

/* Behind the opening parenthesis. */
static enum status read_inner_list(struct reader *reader, struct structured_member *member)
{
    struct structured_item items[STRUCTURED_COUNT_MAX];
    size_t count = 0;

    for (skip(reader, " "); !take(reader, ')'); skip(reader, " ")) {
        if (count == STRUCTURED_COUNT_MAX)
            return too_large(reader);
        enum status status = read_item(reader, &items[count++]);
        if (status != STATUS_OK)
            return status;
        if (next(reader) != ' ' && next(reader) != ')')
            return wrong(reader, "a space or a closing parenthesis");
    }
    member->item.value = (struct structured_value){.kind = STRUCTURED_INNER_LIST};
    member->item_count = count;
    member->items = arena_copy(reader->arena, items, count * sizeof *items);
    return count > 0 && member->items == NULL ? too_large(reader) : read_parameters(reader, &member->item);
}

static enum status read_member(struct reader *reader, struct structured_member *member)
{
    *member = (struct structured_member){0};
    enum status status = read_key(reader, &member->key);
    if (status != STATUS_OK)
        return status;
    if (!take(reader, '=')) {
        member->item.value = (struct structured_value){.kind = STRUCTURED_BOOLEAN, .boolean = true};
        return read_parameters(reader, &member->item);
    }
    return take(reader, '(') ? read_inner_list(reader, member) : read_item(reader, &member->item);
}

/* Puts MEMBER where its key stands, or behind the last. */
static void put_member(struct structured_dictionary *dictionary, const struct structured_member *member)
{
    size_t place = 0;

    while (place < dictionary->member_count && !bytes_equal(dictionary->members[place].key, member->key))
        place++;
    dictionary->member_count += place == dictionary->member_count;
    dictionary->members[place] = *member;
}

/* Between two members: optional white space around a comma, and something behind it. */
static enum status read_comma(struct reader *reader)
{
    skip(reader, " \t");
    if (is_end(reader))
        return STATUS_OK;
    if (!take(reader, ','))
        return wrong(reader, "a comma");
    skip(reader, " \t");
    return is_end(reader) ? wrong(reader, "a member after the comma") : STATUS_OK;
}

enum status structured_parse_dictionary(struct bytes field, struct arena *arena,
                                        struct structured_dictionary *dictionary, struct fault *fault)
{
    struct reader reader = {.field = field, .arena = arena, .fault = fault};

    dictionary->member_count = 0;
    dictionary->members = arena_take(arena, (STRUCTURED_COUNT_MAX + 1) * sizeof *dictionary->members);
    if (dictionary->members == NULL)
        return too_large(&reader);
    skip(&reader, " ");
    while (!is_end(&reader)) {
        struct structured_member member;
        enum status status = read_member(&reader, &member);
        if (status == STATUS_OK)
            status = read_comma(&reader);
        if (status != STATUS_OK)
            return status;
        put_member(dictionary, &member);
        if (dictionary->member_count > STRUCTURED_COUNT_MAX)
            return too_large(&reader);
    }
    return STATUS_OK;
}

const struct structured_member *structured_find(const struct structured_dictionary *dictionary, const char *key)
{
    for (size_t i = 0; i < dictionary->member_count; i++)
        if (bytes_equal_text(dictionary->members[i].key, key))
            return &dictionary->members[i];
    return NULL;
}

const struct structured_value *structured_parameter(const struct structured_item *item, const char *key)
{
    for (size_t i = 0; i < item->parameter_count; i++)
        if (bytes_equal_text(item->parameters[i].key, key))
            return &item->parameters[i].value;
    return NULL;
}

/* ---- writing ---- */

bool structured_is_string(struct bytes text)
{
    for (size_t i = 0; i < text.length; i++)
        if (!is_printable((char)text.data[i]))
            return false;
    return true;
}

static void write_string(struct bytes text, struct buffer *out)
{
    size_t from = 0;

    buffer_append_byte(out, '"');
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] != '"' && text.data[i] != '\\')
            continue;
        buffer_append(out, text.data + from, i - from);
        buffer_append_byte(out, '\\');
        from = i;
    }
    buffer_append(out, text.data + from, text.length - from);
    buffer_append_byte(out, '"');
}

static void write_bytes(struct bytes bytes, struct buffer *out)
{
    enum { GROUP = 48, ENCODED = TEXT_BASE64_LENGTH(GROUP) + 1 };
    char encoded[ENCODED];

    buffer_append_byte(out, ':');
    for (size_t at = 0; at < bytes.length; at += GROUP) {
        size_t left = bytes.length - at;
        size_t length = text_base64_encode(bytes_from(bytes.data + at, left < GROUP ? left : GROUP), encoded, ENCODED);
        buffer_append(out, encoded, length);
    }
    buffer_append_byte(out, ':');
}

static void write_value(const struct structured_value *value, struct buffer *out)
{
    switch (value->kind) {
    case STRUCTURED_BOOLEAN:
        buffer_append_text(out, value->boolean ? "?1" : "?0");
        return;
    case STRUCTURED_INTEGER:
        buffer_append_format(out, "%lld", (long long)value->integer);
        return;
    case STRUCTURED_STRING:
        write_string(value->text, out);
        return;
    case STRUCTURED_TOKEN:
        buffer_append_bytes(out, value->text);
        return;
    case STRUCTURED_BYTES:
        write_bytes(value->text, out);
        return;
    case STRUCTURED_INNER_LIST:
        return; /* has no value of its own */
    }
}

static void write_parameters(const struct structured_item *item, struct buffer *out)
{
    for (size_t i = 0; i < item->parameter_count; i++) {
        const struct structured_parameter *parameter = &item->parameters[i];
        buffer_append_byte(out, ';');
        buffer_append_bytes(out, parameter->key);
        if (parameter->value.kind == STRUCTURED_BOOLEAN && parameter->value.boolean)
            continue;
        buffer_append_byte(out, '=');
        write_value(&parameter->value, out);
    }
}

void structured_write_item(const struct structured_item *item, struct buffer *out)
{
    write_value(&item->value, out);
    write_parameters(item, out);
}

void structured_write_inner_list(const struct structured_member *member, struct buffer *out)
{
    buffer_append_byte(out, '(');
    for (size_t i = 0; i < member->item_count; i++) {
        if (i > 0)
            buffer_append_byte(out, ' ');
        structured_write_item(&member->items[i], out);
    }
    buffer_append_byte(out, ')');
    write_parameters(&member->item, out);
}

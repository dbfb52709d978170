#include "event/wire.h"

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BLOCK = 2, WIRE_FIXED32 = 5 };
enum { TAG_BYTES_MAX = 5, VARINT_BYTES_MAX = 10, NUMBER_MAX = (1 << 29) - 1 };

/* One field as it lies on the wire. */
struct wire_field {
    uint32_t number;
    unsigned type;
    const uint8_t *begin;   /* of the tag */
    const uint8_t *length;  /* of a block: where its length begins, else == content */
    const uint8_t *content; /* after tag and, of a block, length */
    const uint8_t *end;     /* of the content */
};

/* The next after a varint of at most LIMIT bytes, or NULL. */
static inline const uint8_t *read_varint(const uint8_t *at, const uint8_t *end, unsigned limit, uint64_t *value)
{
    if (at < end && *at < 0x80) {
        *value = *at;
        return at + 1;
    }
    uint64_t sum = 0;
    for (unsigned i = 0; i < limit && at + i < end; i++) {
        sum |= (uint64_t)(at[i] & 0x7f) << (7 * i);
        if (at[i] < 0x80) {
            *value = sum;
            return at + i + 1;
        }
    }
    return NULL;
}

static inline const uint8_t *skip_varint(const uint8_t *at, const uint8_t *end)
{
    for (unsigned i = 0; i < VARINT_BYTES_MAX && at + i < end; i++) {
        if (at[i] < 0x80)
            return at + i + 1;
    }
    return NULL;
}

static inline const uint8_t *skip_bytes(const uint8_t *at, const uint8_t *end, uint64_t count)
{
    return count > (uint64_t)(end - at) ? NULL : at + count;
}

/* NULL, or the code of what is wrong with the field at AT. */
static inline const char *read_field(const uint8_t *at, const uint8_t *end, struct wire_field *field)
{
    uint64_t tag;
    field->begin = at;
    at = read_varint(at, end, TAG_BYTES_MAX, &tag);
    if (at == NULL)
        return "wire.truncated";
    uint64_t number = tag >> 3;
    if (number == 0 || number > NUMBER_MAX)
        return "wire.tag";
    field->number = (uint32_t)number;
    field->type = (unsigned)(tag & 7);
    field->length = at;
    field->content = at;

    uint64_t count;
    switch (field->type) {
    case WIRE_VARINT:
        field->end = skip_varint(at, end);
        return field->end == NULL ? "wire.varint" : NULL;
    case WIRE_FIXED64:
        field->end = skip_bytes(at, end, 8);
        break;
    case WIRE_FIXED32:
        field->end = skip_bytes(at, end, 4);
        break;
    case WIRE_BLOCK:
        at = read_varint(at, end, TAG_BYTES_MAX, &count);
        if (at == NULL)
            return "wire.truncated";
        field->content = at;
        field->end = skip_bytes(at, end, count);
        break;
    default:
        return "wire.group";
    }
    return field->end == NULL ? "wire.truncated" : NULL;
}

static inline const struct field_facts *facts_at(const struct message_facts *facts, uint32_t number)
{
    if (number < facts->place_count) {
        uint8_t place = facts->places[number];
        return place == 0 ? NULL : &facts->fields[place - 1];
    }
    return schema_field(facts, number);
}

/* ---- check ---- */

struct check {
    enum wire_origin origin;
    uint32_t fields_left;
    bool unknown;
    struct bytes key;
    struct bytes subject;
    struct fault *fault;
};

static const char *sentence_of(const char *code)
{
    static const struct {
        const char *code, *sentence;
    } rows[] = {
        {"wire.truncated", "ends in the middle of a field"},
        {"wire.varint", "holds a number that does not end"},
        {"wire.tag", "holds a field number that cannot be"},
        {"wire.group", "holds a group or an unknown wire type"},
        {"wire.type", "has another type than its schema says"},
        {"wire.nul", "holds a NUL character"},
        {"wire.utf8", "is not UTF-8"},
        {"wire.depth", "is nested too deeply"},
        {"wire.fields", "has too many fields"},
        {"wire.key_twice", "is the key and occurs twice"},
        {"wire.hub_only", "is written by the hub only"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (strcmp(rows[i].code, code) == 0)
            return rows[i].sentence;
    }
    return "is malformed";
}

static enum status refuse(const struct check *check, const char *code, const struct message_facts *facts,
                          const struct field_facts *field)
{
    return fault_reject(check->fault, code, "%s%s%s %s", facts->name, field == NULL ? "" : ".",
                        field == NULL ? "" : field->name, sentence_of(code));
}

static const char *check_text(struct bytes text)
{
    if (text.length == 0)
        return NULL;
    if (memchr(text.data, 0, text.length) != NULL)
        return "wire.nul";
    return bytes_is_utf8(text) ? NULL : "wire.utf8";
}

/* A list of numbers in one block: each must be whole. */
static const char *check_packed(const struct field_facts *facts, const struct wire_field *field)
{
    size_t length = (size_t)(field->end - field->content);
    if (facts->wire_type == WIRE_FIXED64)
        return length % 8 == 0 ? NULL : "wire.truncated";
    if (facts->wire_type == WIRE_FIXED32)
        return length % 4 == 0 ? NULL : "wire.truncated";
    for (const uint8_t *at = field->content; at < field->end;) {
        at = skip_varint(at, field->end);
        if (at == NULL)
            return "wire.varint";
    }
    return NULL;
}

static const char *note_key(struct check *check, const struct field_facts *facts, struct bytes text)
{
    if (facts->subject)
        check->subject = text;
    if (!facts->key)
        return NULL;
    if (check->key.data != NULL)
        return "wire.key_twice";
    check->key = text;
    return NULL;
}

static enum status check_fields(struct check *check, const struct message_facts *facts, struct bytes value,
                                unsigned depth);

static enum status check_known(struct check *check, const struct message_facts *message,
                               const struct field_facts *facts, const struct wire_field *field, unsigned depth)
{
    struct bytes content = {field->content, (size_t)(field->end - field->content)};
    const char *wrong = NULL;

    if (facts->hub_only && check->origin == WIRE_SUBMITTED)
        wrong = "wire.hub_only";
    else if (field->type != facts->wire_type)
        wrong = facts->packable && field->type == WIRE_BLOCK ? check_packed(facts, field) : "wire.type";
    else if (facts->text)
        wrong = check_text(content);
    else if (facts->message != NULL)
        return check_fields(check, facts->message, content, depth + 1);

    if (wrong == NULL && depth == 1 && (facts->key || facts->subject))
        wrong = note_key(check, facts, content);
    return wrong == NULL ? STATUS_OK : refuse(check, wrong, message, facts);
}

static enum status check_fields(struct check *check, const struct message_facts *facts, struct bytes value,
                                unsigned depth)
{
    if (depth > WIRE_DEPTH_MAX)
        return refuse(check, "wire.depth", facts, NULL);

    const uint8_t *end = value.data + value.length;
    for (const uint8_t *at = value.data; at < end;) {
        struct wire_field field;
        const char *wrong = read_field(at, end, &field);
        if (wrong != NULL)
            return refuse(check, wrong, facts, NULL);
        if (check->fields_left-- == 0)
            return refuse(check, "wire.fields", facts, NULL);

        const struct field_facts *known = facts_at(facts, field.number);
        if (known == NULL) {
            check->unknown = true;
        } else {
            enum status status = check_known(check, facts, known, &field, depth);
            if (status != STATUS_OK)
                return status;
        }
        at = field.end;
    }
    return STATUS_OK;
}

enum status wire_check(const struct message_facts *facts, struct bytes value, enum wire_origin origin,
                       struct wire_summary *summary, struct fault *fault)
{
    static const uint8_t nothing[1];
    struct check check = {.origin = origin, .fields_left = WIRE_FIELDS_MAX, .fault = fault};

    if (value.data == NULL)
        value = (struct bytes){nothing, 0};
    enum status status = check_fields(&check, facts, value, 1);
    if (status == STATUS_OK && summary != NULL) {
        *summary = (struct wire_summary){.fields = WIRE_FIELDS_MAX - check.fields_left,
                                         .unknown = check.unknown,
                                         .key = check.key,
                                         .subject = check.subject};
    }
    return status;
}

/* ---- project ---- */

/* Copies runs of visible fields as one piece. */
struct projection {
    unsigned visible;
    uint8_t *to;
    bool malformed;
};

static inline void copy_run(struct projection *projection, const uint8_t *begin, const uint8_t *end)
{
    if (end > begin) {
        memcpy(projection->to, begin, (size_t)(end - begin));
        projection->to += end - begin;
    }
}

static uint8_t *write_length(uint8_t *to, size_t length)
{
    while (length >= 0x80) {
        *to++ = (uint8_t)(length | 0x80);
        length >>= 7;
    }
    *to++ = (uint8_t)length;
    return to;
}

static size_t length_of_length(size_t length)
{
    size_t count = 1;
    for (; length >= 0x80; length >>= 7)
        count++;
    return count;
}

static void project_fields(struct projection *projection, const struct message_facts *facts, const uint8_t *at,
                           const uint8_t *end, enum sensitivity outer, unsigned depth);

/* Tag and length are written as if nothing were lost, and moved up if something was. */
static void project_message(struct projection *projection, const struct field_facts *facts,
                            const struct wire_field *field, enum sensitivity within, unsigned depth)
{
    uint8_t *begin = projection->to;
    copy_run(projection, field->begin, field->content);
    uint8_t *content = projection->to;
    project_fields(projection, facts->message, field->content, field->end, within, depth + 1);

    size_t length = (size_t)(projection->to - content);
    size_t original = (size_t)(field->end - field->content);
    if (length == original && length > 0)
        return;
    bool emptied = original > 0 && within == SENSITIVITY_UNSPECIFIED;
    if (length == 0 && (emptied || (sensitivity_of_value(within) & projection->visible) == 0)) {
        projection->to = begin;
        return;
    }
    uint8_t *length_at = begin + (field->length - field->begin);
    size_t length_bytes = length_of_length(length);
    memmove(length_at + length_bytes, content, length);
    write_length(length_at, length);
    projection->to = length_at + length_bytes + length;
}

static inline bool is_visible(const struct projection *projection, enum sensitivity within)
{
    return (sensitivity_of_value(within) & projection->visible) != 0;
}

static void project_fields(struct projection *projection, const struct message_facts *facts, const uint8_t *at,
                           const uint8_t *end, enum sensitivity outer, unsigned depth)
{
    const uint8_t *run = at; /* what is to be copied but is not yet */

    while (at < end) {
        struct wire_field field;
        if (depth > WIRE_DEPTH_MAX || read_field(at, end, &field) != NULL) {
            projection->malformed = true;
            return;
        }
        at = field.end;
        const struct field_facts *known = facts_at(facts, field.number);
        enum sensitivity within = known == NULL ? outer : sensitivity_within(outer, known->sensitivity);
        bool inner = known != NULL && known->message != NULL && field.type == WIRE_BLOCK;
        if (!inner && known != NULL && is_visible(projection, within))
            continue;

        copy_run(projection, run, field.begin);
        run = field.end;
        /* A class on the field itself counts for everything within that has none of its own, and hides it whole. */
        if (inner && (known->sensitivity == SENSITIVITY_UNSPECIFIED || is_visible(projection, within)))
            project_message(projection, known, &field, within, depth);
    }
    copy_run(projection, run, end);
}

bool wire_project(const struct message_facts *facts, struct bytes value, unsigned visible, struct buffer *out)
{
    /* A projection is never longer than its original: take the room by appending that, then write over it. */
    size_t before = out->length;
    buffer_append_bytes(out, value);
    if (!buffer_ok(out))
        return false;
    if (value.length == 0)
        return true;

    struct projection projection = {.visible = visible, .to = out->data + before};
    project_fields(&projection, facts, value.data, value.data + value.length, SENSITIVITY_UNSPECIFIED, 1);
    out->length = projection.malformed ? before : (size_t)(projection.to - out->data);
    return !projection.malformed;
}

struct bytes wire_find(struct bytes value, uint32_t number)
{
    struct bytes found = BYTES_NONE;
    if (value.length == 0)
        return found;

    const uint8_t *end = value.data + value.length;
    for (const uint8_t *at = value.data; at < end;) {
        struct wire_field field;
        if (read_field(at, end, &field) != NULL)
            return BYTES_NONE;
        if (field.number == number && field.type == WIRE_BLOCK)
            found = (struct bytes){field.content, (size_t)(field.end - field.content)};
        at = field.end;
    }
    return found;
}

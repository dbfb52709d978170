#include "event/wire.h"

#include "event/wire_read.h"

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

enum status wire_refuse(struct fault *fault, const char *code, const struct message_facts *facts,
                        const struct field_facts *field)
{
    return fault_reject(fault, code, "%s%s%s %s", facts->name, field == NULL ? "" : ".",
                        field == NULL ? "" : field->name, sentence_of(code));
}

static inline uint64_t load8(const uint8_t *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof(word));
    return word;
}

static inline uint32_t load4(const uint8_t *at)
{
    uint32_t word;
    memcpy(&word, at, sizeof(word));
    return word;
}

/* Most texts are short ASCII: eight (or four) bytes at a time, the last ones overlapping those before. */
static inline bool is_plain(const uint8_t *at, size_t length)
{
    if (length >= 8) {
        uint64_t odd = wire_odd_bytes(load8(at + length - 8));
        for (size_t i = 0; i + 8 < length; i += 8)
            odd |= wire_odd_bytes(load8(at + i));
        return odd == 0;
    }
    if (length >= 4)
        return wire_odd_bytes((uint64_t)load4(at) << 32 | load4(at + length - 4)) == 0;
    for (size_t i = 0; i < length; i++) {
        if (at[i] == 0 || at[i] >= 0x80)
            return false;
    }
    return true;
}

/* How many leading bytes are surely Chinese in UTF-8. */
static inline size_t chinese_prefix(const uint8_t *at, size_t length)
{
    size_t i = 0;
    while (length - i >= sizeof(uint64_t) && wire_is_chinese_pair(le64toh(load8(at + i))))
        i += 6;
    while (length - i >= 3 && at[i] >= 0xe1 && at[i] <= 0xec && ((at[i + 1] ^ 0x80) | (at[i + 2] ^ 0x80)) < 0x40)
        i += 3;
    return i;
}

/* Chinese with ASCII between. */
static bool is_mixed(const uint8_t *at, size_t length)
{
    for (size_t i = 0; i < length;) {
        if (at[i] < 0x80) {
            if (at[i++] == 0)
                return false;
            continue;
        }
        size_t step = chinese_prefix(at + i, length - i);
        if (step == 0)
            step = bytes_utf8_step(bytes_from(at + i, length - i));
        if (step == 0)
            return false;
        i += step;
    }
    return true;
}

const char *wire_text_wrong(struct bytes text)
{
    size_t chinese = text.length > 0 && text.data[0] >= 0x80 ? chinese_prefix(text.data, text.length) : 0;
    if (is_plain(text.data + chinese, text.length - chinese) || is_mixed(text.data + chinese, text.length - chinese))
        return NULL;
    return memchr(text.data, 0, text.length) != NULL ? "wire.nul" : "wire.utf8";
}

/* A list of numbers in one block: each must be whole. */
const char *wire_packed_wrong(const struct field_facts *facts, const struct wire_field *field)
{
    size_t length = (size_t)(field->end - field->content);
    if (facts->wire_type == WIRE_FIXED64)
        return length % 8 == 0 ? NULL : "wire.truncated";
    if (facts->wire_type == WIRE_FIXED32)
        return length % 4 == 0 ? NULL : "wire.truncated";
    for (const uint8_t *at = field->content; at < field->end;) {
        uint64_t ignored;
        at = wire_read_varint(at, field->end, WIRE_VARINT_BYTES_MAX, &ignored);
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

WIRE_INLINE enum status check_known(struct check *check, const struct message_facts *message,
                               const struct field_facts *facts, const struct wire_field *field, unsigned depth)
{
    struct bytes content = wire_content(field);
    const char *wrong = NULL;

    if (facts->hub_only && check->origin == WIRE_SUBMITTED)
        wrong = "wire.hub_only";
    else if (field->type != facts->wire_type)
        wrong = facts->packable && field->type == WIRE_BLOCK ? wire_packed_wrong(facts, field) : "wire.type";
    else if (facts->text)
        wrong = wire_text_wrong(content);
    else if (facts->message != NULL)
        return check_fields(check, facts->message, content, depth + 1);

    if (wrong == NULL && (facts->key || facts->subject) && depth == 1)
        wrong = note_key(check, facts, content);
    return wrong == NULL ? STATUS_OK : wire_refuse(check->fault, wrong, message, facts);
}

static enum status check_fields(struct check *check, const struct message_facts *facts, struct bytes value,
                                unsigned depth)
{
    if (depth > WIRE_DEPTH_MAX)
        return wire_refuse(check->fault, "wire.depth", facts, NULL);

    const uint8_t *end = value.data + value.length;
    for (const uint8_t *at = value.data; at < end;) {
        struct wire_field field;
        const char *wrong = wire_read_field(at, end, &field);
        if (wrong != NULL)
            return wire_refuse(check->fault, wrong, facts, NULL);
        if (check->fields_left-- == 0)
            return wire_refuse(check->fault, "wire.fields", facts, NULL);

        const struct field_facts *known = wire_facts_of(facts, field.number);
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
    bool known; /* well-formed and without unknown fields */
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

/* True if nothing in a message that counts as WITHIN can be hidden. An empty one is looked at. */
static inline bool is_seen_whole(const struct projection *projection, const struct message_facts *facts,
                                 enum sensitivity within, const struct wire_field *field)
{
    unsigned classes = facts->classes | (facts->inherits ? (unsigned)sensitivity_of_value(within) : 0);
    return projection->known && (classes & ~projection->visible) == 0 && field->end > field->content;
}

static void project_fields(struct projection *projection, const struct message_facts *facts, const uint8_t *at,
                           const uint8_t *end, enum sensitivity outer, unsigned depth)
{
    const uint8_t *run = at; /* what is to be copied but is not yet */

    while (at < end) {
        struct wire_field field;
        if (depth > WIRE_DEPTH_MAX || wire_read_field(at, end, &field) != NULL) {
            projection->malformed = true;
            return;
        }
        at = field.end;
        const struct field_facts *known = wire_facts_of(facts, field.number);
        enum sensitivity within = known == NULL ? outer : sensitivity_within(outer, known->sensitivity);
        bool inner = known != NULL && known->message != NULL && field.type == WIRE_BLOCK;
        if (inner && is_seen_whole(projection, known->message, within, &field))
            continue;
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

static bool project(const struct message_facts *facts, struct bytes value, unsigned visible, bool known,
                    struct buffer *out)
{
    /* A projection is never longer than its original: take the room by appending that, then write over it. */
    size_t before = out->length;
    buffer_append_bytes(out, value);
    if (!buffer_ok(out))
        return false;
    if (value.length == 0)
        return true;

    struct projection projection = {.visible = visible, .known = known, .to = out->data + before};
    project_fields(&projection, facts, value.data, value.data + value.length, SENSITIVITY_UNSPECIFIED, 1);
    out->length = projection.malformed ? before : (size_t)(projection.to - out->data);
    return !projection.malformed;
}

bool wire_project(const struct message_facts *facts, struct bytes value, unsigned visible, struct buffer *out)
{
    return project(facts, value, visible, false, out);
}

bool wire_project_known(const struct message_facts *facts, struct bytes value, unsigned visible, struct buffer *out)
{
    return project(facts, value, visible, true, out);
}

bool wire_append_lists(const struct message_facts *facts, struct bytes value, struct buffer *out)
{
    const uint8_t *end = value.data + value.length;

    for (const uint8_t *at = value.data; at < end;) {
        struct wire_field field;
        if (wire_read_field(at, end, &field) != NULL)
            return false;
        const struct field_facts *known = wire_facts_of(facts, field.number);
        if (known != NULL && known->max_items > 0)
            buffer_append_bytes(out, bytes_from(field.begin, (size_t)(field.end - field.begin)));
        at = field.end;
    }
    return buffer_ok(out);
}

struct bytes wire_find(struct bytes value, uint32_t number)
{
    struct bytes found = BYTES_NONE;
    if (value.length == 0)
        return found;

    const uint8_t *end = value.data + value.length;
    for (const uint8_t *at = value.data; at < end;) {
        struct wire_field field;
        if (wire_read_field(at, end, &field) != NULL)
            return BYTES_NONE;
        if (field.number == number && field.type == WIRE_BLOCK)
            found = wire_content(&field);
        at = field.end;
    }
    return found;
}

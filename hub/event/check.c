#include "event/check.h"

#include "event/reflect.h"
#include "event/right.h"

enum { DEPTH_MAX = 16, FOUND_CHARACTERS_MAX = 64 };

/* Where we are: one frame per level, linked on the C stack. */
struct place {
    const struct place *outer;
    const struct field_facts *field;
    size_t index; /* NO_INDEX: not in a list */
};
#define NO_INDEX SIZE_MAX

struct check {
    struct findings *findings;
};

struct complaint {
    const char *code, *zh, *en;
};
static const struct complaint required = {"field.required", "必填字段缺失。", "A required field is missing."};
static const struct complaint too_long = {"field.too_long", "字段超过最大长度。",
                                          "A field is longer than it may be."};
static const struct complaint wrong_pattern = {"field.pattern", "字段格式不符。", "A field has the wrong form."};
static const struct complaint wrong_code = {"field.code", "字段值不在代码表中。",
                                            "A field holds a code that its table does not have."};
static const struct complaint wrong_enum = {"field.enum", "枚举值未定义。", "A field holds a number without a name."};
static const struct complaint too_many = {"field.too_many", "列表元素过多。", "A list has too many elements."};
static const struct complaint wrong_moment = {"field.moment", "时间超出范围。",
                                              "A time is not within the years 1 to 9999."};

/* ---- reporting ---- */

static void write_path(const struct place *place, struct buffer *out)
{
    if (place->outer != NULL) {
        write_path(place->outer, out);
        buffer_append_byte(out, '.');
    }
    buffer_append_text(out, place->field->json_name);
    if (place->index != NO_INDEX)
        buffer_append_format(out, "[%zu]", place->index);
}

static const char *path_of(struct arena *arena, const struct place *place)
{
    struct buffer path;
    buffer_init(&path, 4096);
    write_path(place, &path);
    const char *text = arena_text(arena, buffer_bytes(&path));
    buffer_done(&path);
    return text == NULL ? "" : text;
}

static bool is_character_begin(uint8_t byte)
{
    return (byte & 0xc0) != 0x80;
}

size_t right_count_characters(struct bytes text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.length; i++)
        count += is_character_begin(text.data[i]);
    return count;
}

static struct bytes first_characters(struct bytes text, size_t wanted)
{
    size_t seen = 0;
    for (size_t i = 0; i < text.length; i++) {
        if (is_character_begin(text.data[i]) && seen++ == wanted)
            return (struct bytes){text.data, i};
    }
    return text;
}

static const char *found_of(struct arena *arena, struct bytes value, enum sensitivity within)
{
    if (value.length == 0)
        return "";
    if (sensitivity_is_masked(within))
        return "***";
    const char *text = arena_text(arena, first_characters(value, FOUND_CHARACTERS_MAX));
    return text == NULL ? "" : text;
}

static void complain(const struct check *check, const struct complaint *complaint, const struct place *place,
                     const char *found, const char *expected)
{
    struct finding finding = {.severity = SEVERITY_REFUSE,
                              .code = complaint->code,
                              .rule = "",
                              .citation = "",
                              .path = path_of(check->findings->arena, place),
                              .found = found,
                              .expected = expected == NULL ? "" : expected,
                              .sentence_zh = complaint->zh,
                              .sentence_en = complaint->en};
    findings_add(check->findings, &finding);
}

static const char *at_most(const struct check *check, size_t limit, const char *unit)
{
    return arena_format(check->findings->arena, "at most %zu %s", limit, unit);
}

static const char *amount(const struct check *check, size_t count)
{
    const char *text = arena_format(check->findings->arena, "%zu", count);
    return text == NULL ? "" : text;
}

/* ---- checks of one value ---- */

static __attribute__((noinline)) void complain_of_text(const struct check *check, const struct place *place,
                                                       struct bytes text, enum sensitivity within)
{
    const struct field_facts *facts = place->field;
    struct arena *arena = check->findings->arena;

    if (!right_length(facts, text))
        complain(check, &too_long, place, found_of(arena, text, within),
                 at_most(check, facts->max_length, "characters"));
    else if (facts->pattern != NULL && !facts->pattern->matches(text))
        complain(check, &wrong_pattern, place, found_of(arena, text, within), facts->pattern->expected_en);
    else if (facts->codes != NULL && !schema_has_code(facts->codes, text))
        complain(check, &wrong_code, place, found_of(arena, text, within), facts->codes->name);
}

static inline void check_text(const struct check *check, const struct place *place, struct bytes text,
                              enum sensitivity within)
{
    if (!right_text(place->field, text))
        complain_of_text(check, place, text, within);
}

static void check_blob(const struct check *check, const struct place *place, struct bytes blob)
{
    if (place->field->max_length > 0 && blob.length > place->field->max_length)
        complain(check, &too_long, place, amount(check, blob.length),
                 at_most(check, place->field->max_length, "bytes"));
}

static void check_enum(const struct check *check, const struct place *place, field_descriptor *descriptor,
                       int32_t value, enum sensitivity within)
{
    const ProtobufCEnumDescriptor *names = descriptor->descriptor;
    if (right_number(names, value))
        return;
    const char *found =
        sensitivity_is_masked(within) ? "***" : arena_format(check->findings->arena, "%d", (int)value);
    complain(check, &wrong_enum, place, found == NULL ? "" : found, names->short_name);
}

static void check_moment(const struct check *check, const struct place *place, const ProtobufCMessage *message)
{
    if (!right_moment(message))
        complain(check, &wrong_moment, place, "", "years 1 to 9999, nanoseconds 0 to 999999999");
}

/* ---- the walk ---- */

static void check_fields(const struct check *check, const struct message_facts *facts, const ProtobufCMessage *message,
                         const struct place *outer, enum sensitivity within, unsigned depth);

static void check_element(const struct check *check, const struct place *place, field_descriptor *descriptor,
                          const void *element, enum sensitivity within, unsigned depth)
{
    switch (descriptor->type) {
    case PROTOBUF_C_TYPE_STRING:
        if (place->field->max_length > 0 || place->field->pattern != NULL || place->field->codes != NULL)
            check_text(check, place, bytes_of(reflect_text(element)), within);
        break;
    case PROTOBUF_C_TYPE_BYTES:
        check_blob(check, place, reflect_bytes(element));
        break;
    case PROTOBUF_C_TYPE_ENUM:
        check_enum(check, place, descriptor, reflect_int32(element), within);
        break;
    case PROTOBUF_C_TYPE_MESSAGE:
        if (place->field->message->moment)
            check_moment(check, place, reflect_message(element));
        else
            check_fields(check, place->field->message, reflect_message(element), place, within, depth + 1);
        break;
    default:
        break;
    }
}

static void check_list(const struct check *check, struct place *place, field_descriptor *descriptor,
                       const ProtobufCMessage *message, enum sensitivity within, unsigned depth)
{
    size_t count = reflect_count(message, descriptor);
    if (count > place->field->max_items) {
        complain(check, &too_many, place, amount(check, count), at_most(check, place->field->max_items, "elements"));
        count = place->field->max_items;
    }
    const char *elements = reflect_list(message, descriptor);
    size_t size = reflect_size(descriptor->type);
    for (size_t i = 0; i < count; i++) {
        place->index = i;
        check_element(check, place, descriptor, elements + i * size, within, depth);
    }
}

/* Lists, choices, enumerations, moments and what else is not one string or one message. */
static void check_other(const struct check *check, struct place *place, field_descriptor *descriptor,
                        const ProtobufCMessage *message, enum sensitivity within, unsigned depth)
{
    if (!reflect_is_present(message, descriptor)) {
        if (place->field->required)
            complain(check, &required, place, "", "");
    } else if (reflect_is_list(descriptor)) {
        check_list(check, place, descriptor, message, within, depth);
    } else {
        check_element(check, place, descriptor, reflect_member(message, descriptor), within, depth);
    }
}

static void check_fields(const struct check *check, const struct message_facts *facts, const ProtobufCMessage *message,
                         const struct place *outer, enum sensitivity within, unsigned depth)
{
    assert(depth <= DEPTH_MAX); /* the schema has no recursion: generate_facts.py refuses it */

    const struct field_facts *end = facts->fields + facts->field_count;
    for (const struct field_facts *field = facts->fields; field < end; field++) {
        if (field->look == LOOK_NOTHING)
            continue;
        const void *member = (const char *)message + field->offset;
        bool absent = (field->look == LOOK_TEXT && reflect_text(member)[0] == '\0') ||
                      (field->look == LOOK_MESSAGE && reflect_message(member) == NULL);
        if (absent && !field->required)
            continue;

        struct place place = {.outer = outer, .field = field, .index = NO_INDEX};
        enum sensitivity inner = sensitivity_within(within, field->sensitivity);
        if (absent)
            complain(check, &required, &place, "", "");
        else if (field->look == LOOK_TEXT)
            check_text(check, &place, bytes_of(reflect_text(member)), inner);
        else if (field->look == LOOK_MESSAGE)
            check_fields(check, field->message, reflect_message(member), &place, inner, depth + 1);
        else
            check_other(check, &place, &facts->descriptor->fields[field - facts->fields], message, inner, depth);
    }
}

void check_message(const struct message_facts *facts, const ProtobufCMessage *message, struct findings *findings)
{
    struct check check = {.findings = findings};
    check_fields(&check, facts, message, NULL, SENSITIVITY_UNSPECIFIED, 1);
}

#include "event/unpack.h"

#include "event/reflect.h"
#include "event/unpack_plain.h"

#include <endian.h>

enum { COPY_SPARE_BYTES = 8 }; /* the last NUL; wire_is_ascii() reads so far */

static inline bool meet(struct met *met, size_t index)
{
    uint64_t bit = UINT64_C(1) << (index % 64);
    bool first = (met->bits[index / 64] & bit) == 0;
    met->bits[index / 64] |= bit;
    return first;
}

static bool is_met(const struct met *met, size_t index)
{
    return (met->bits[index / 64] >> (index % 64) & 1) != 0;
}

/* A single value, GIVEN if it is not the one that stands for nothing. Given twice, the last one counts: which of them the
 * looks were at is not worth knowing. */
static void meet_value(struct unpacking *unpacking, struct met *met, size_t index, bool given)
{
    unpacking->doubtful |= is_met(met, index);
    if (given)
        (void)meet(met, index);
}

/* At the end of a message. */
static inline void look_for_missing(struct unpacking *unpacking, const struct message_facts *facts, const struct met *met)
{
    for (size_t i = 0; i * 64 < facts->field_count; i++)
        unpacking->doubtful |= (facts->required[i] & ~met->bits[i]) != 0;
}

static void *take(struct unpacking *unpacking, size_t bytes)
{
    void *memory = arena_take(unpacking->arena, bytes);
    if (memory == NULL) {
        (void)fault_reject(unpacking->fault, "unpack.too_large", "the event needs more memory than one may take");
        unpacking->refused = true;
    }
    return memory;
}

static bool unpack_fields(struct unpacking *unpacking, const struct message_facts *facts, struct bytes value,
                          ProtobufCMessage *message, unsigned depth);

/* ---- one value ---- */

static void put32(void *to, uint32_t value)
{
    memcpy(to, &value, sizeof(value));
}

static void put64(void *to, uint64_t value)
{
    memcpy(to, &value, sizeof(value));
}

static void unpack_varint(ProtobufCType type, uint64_t value, void *to)
{
    uint32_t low = (uint32_t)value;
    switch (type) {
    case PROTOBUF_C_TYPE_SINT32:
        put32(to, low >> 1 ^ (0 - (low & 1)));
        break;
    case PROTOBUF_C_TYPE_SINT64:
        put64(to, value >> 1 ^ (0 - (value & 1)));
        break;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_UINT64:
        put64(to, value);
        break;
    case PROTOBUF_C_TYPE_BOOL: {
        protobuf_c_boolean truth = value != 0;
        memcpy(to, &truth, sizeof(truth));
        break;
    }
    default: /* int32, uint32, enumerations */
        put32(to, low);
        break;
    }
}

static void unpack_fixed(unsigned wire_type, const uint8_t *content, void *to)
{
    if (wire_type == WIRE_FIXED64) {
        uint64_t value;
        memcpy(&value, content, sizeof(value));
        put64(to, le64toh(value));
    } else {
        uint32_t value;
        memcpy(&value, content, sizeof(value));
        put32(to, le32toh(value));
    }
}

static void unpack_blob(struct unpacking *unpacking, struct bytes content, void *to)
{
    ProtobufCBinaryData blob = {.len = content.length, .data = in_copy(unpacking, content.data)};
    memcpy(to, &blob, sizeof(blob));
}

bool unpack_inner(struct unpacking *unpacking, const struct message_facts *facts, struct bytes content, void *to,
                  unsigned depth)
{
    ProtobufCMessage *inner;
    memcpy(&inner, to, sizeof(inner));
    if (inner == NULL) {
        inner = take(unpacking, facts->descriptor->sizeof_message);
        if (inner == NULL)
            return false;
        facts->descriptor->message_init(inner);
        memcpy(to, &inner, sizeof(inner));
    }
    if (!unpack_fields(unpacking, facts, content, inner, depth + 1))
        return false;
    if (facts->moment && !right_moment(inner))
        unpacking->doubtful = true;
    return true;
}

static inline bool unpack_value(struct unpacking *unpacking, const struct field_facts *facts, ProtobufCType type,
                                const struct wire_field *field, void *to, unsigned depth)
{
    switch (field->type) {
    case WIRE_VARINT:
        unpack_varint(type, field->value, to);
        return true;
    case WIRE_BLOCK:
        if (facts->text)
            unpack_text(unpacking, wire_content(field), to);
        else if (facts->message == NULL)
            unpack_blob(unpacking, wire_content(field), to);
        else
            return unpack_inner(unpacking, facts->message, wire_content(field), to, depth);
        return true;
    default:
        unpack_fixed(field->type, field->content, to);
        return true;
    }
}

/* ---- lists ---- */

static size_t count_packed(const struct field_facts *facts, const struct wire_field *field)
{
    size_t length = (size_t)(field->end - field->content);
    if (facts->wire_type == WIRE_FIXED64)
        return length / 8;
    if (facts->wire_type == WIRE_FIXED32)
        return length / 4;
    size_t count = 0;
    for (const uint8_t *at = field->content; at < field->end; at++)
        count += *at < 0x80;
    return count;
}

static bool is_packed(const struct field_facts *facts, const struct wire_field *field)
{
    return field->type == WIRE_BLOCK && facts->wire_type != WIRE_BLOCK;
}

/* How many elements of the list lie from FIELD on. */
static size_t count_elements(const struct field_facts *facts, struct wire_field field, const uint8_t *end)
{
    size_t count = 0;
    for (;;) {
        if (field.number == facts->number)
            count += is_packed(facts, &field) ? count_packed(facts, &field) : 1;
        if (field.end >= end || wire_read_field(field.end, end, &field) != NULL)
            return count;
    }
}

/* Room for COUNT more elements behind those that a first occurrence of the message brought. */
static bool make_room(struct unpacking *unpacking, field_descriptor *descriptor, size_t count,
                      ProtobufCMessage *message)
{
    if (count == 0)
        return true;
    size_t had = reflect_count(message, descriptor);
    size_t size = reflect_size(descriptor->type);
    char *elements = take(unpacking, (had + count) * size);
    if (elements == NULL)
        return false;
    if (had > 0)
        memcpy(elements, reflect_list(message, descriptor), had * size);
    memset(elements + had * size, 0, count * size);
    memcpy((char *)message + descriptor->offset, &elements, sizeof(elements));
    return true;
}

static char *next_element(ProtobufCMessage *message, field_descriptor *descriptor)
{
    size_t count = reflect_count(message, descriptor);
    char *elements;
    memcpy(&elements, reflect_member(message, descriptor), sizeof(elements));
    size_t more = count + 1;
    memcpy((char *)message + descriptor->quantifier_offset, &more, sizeof(more));
    return elements + count * reflect_size(descriptor->type);
}

/* Whole: wire_packed_wrong() has looked. */
static void unpack_packed(const struct field_facts *facts, field_descriptor *descriptor, const struct wire_field *field,
                          ProtobufCMessage *message)
{
    for (const uint8_t *at = field->content; at < field->end;) {
        void *to = next_element(message, descriptor);
        if (facts->wire_type == WIRE_VARINT) {
            uint64_t value = 0;
            at = wire_read_varint(at, field->end, WIRE_VARINT_BYTES_MAX, &value);
            unpack_varint(descriptor->type, value, to);
        } else {
            unpack_fixed(facts->wire_type, at, to);
            at += facts->wire_type == WIRE_FIXED64 ? 8 : 4;
        }
    }
}

static bool unpack_element(struct unpacking *unpacking, const struct field_facts *facts, field_descriptor *descriptor,
                           const struct wire_field *field, const uint8_t *end, bool first, ProtobufCMessage *message,
                           unsigned depth)
{
    if (first && !make_room(unpacking, descriptor, count_elements(facts, *field, end), message))
        return false;
    if (reflect_count(message, descriptor) >= facts->max_items)
        unpacking->doubtful = true;
    if (is_packed(facts, field)) {
        unpack_packed(facts, descriptor, field, message);
        return true;
    }
    return unpack_value(unpacking, facts, descriptor->type, field, next_element(message, descriptor), depth);
}

/* ---- messages ---- */

/* Another member of the oneof was chosen before: its memory is this one's now. */
static void choose(ProtobufCMessage *message, field_descriptor *descriptor)
{
    if (reflect_choice(message, descriptor) == descriptor->id)
        return;
    memset((char *)message + descriptor->offset, 0, reflect_size(descriptor->type));
    put32((char *)message + descriptor->quantifier_offset, descriptor->id);
}

static const char *note_key(struct wire_summary *summary, const struct field_facts *facts, struct bytes text)
{
    if (facts->subject)
        summary->subject = text;
    if (!facts->key)
        return NULL;
    if (summary->key.data != NULL)
        return "wire.key_twice";
    summary->key = text;
    return NULL;
}

/* What wire_check() would refuse this field for, or NULL. */
WIRE_INLINE const char *field_wrong(struct unpacking *unpacking, const struct field_facts *facts,
                                    const struct wire_field *field, unsigned depth)
{
    const char *wrong = NULL;
    if (facts->hub_only && unpacking->origin == WIRE_SUBMITTED)
        return "wire.hub_only";
    if (field->type != facts->wire_type)
        return facts->packable && field->type == WIRE_BLOCK ? wire_packed_wrong(facts, field) : "wire.type";
    if (facts->text)
        wrong = wire_text_wrong(wire_content(field));
    if (wrong == NULL && (facts->key || facts->subject) && depth == 1)
        wrong = note_key(&unpacking->summary, facts, wire_content(field));
    return wrong;
}

static const uint8_t *refuse(struct unpacking *unpacking, const char *code, const struct message_facts *facts,
                             const struct field_facts *field)
{
    (void)wire_refuse(unpacking->fault, code, facts, field);
    unpacking->refused = true;
    return NULL;
}

/* A message is, also an empty one. */
static bool is_given(const struct field_facts *facts, const struct wire_field *field)
{
    if (facts->wire_type == WIRE_VARINT)
        return field->value != 0;
    return facts->message != NULL || (field->type == WIRE_BLOCK && field->end > field->content);
}

/* What the short way does not see to: is the value what its field asks for? Of lists of numbers with names and of lists in one
 * block, which nobody sends, it says nothing. */
static void look_at(struct unpacking *unpacking, const struct field_facts *facts, const struct wire_field *field, bool single)
{
    struct bytes content = wire_content(field);

    if (facts->look == LOOK_NOTHING && !facts->text)
        return;
    if (facts->text)
        unpacking->doubtful |= (content.length > 0 || !single) && !right_text(facts, content);
    else if (facts->wire_type != WIRE_BLOCK)
        unpacking->doubtful |= !single || (facts->names != NULL && !right_number(facts->names, (int32_t)field->value));
    else if (facts->message == NULL)
        unpacking->doubtful |= facts->max_length > 0 && content.length > facts->max_length;
}

/* Any field, with all that can be wrong with it. The place behind it, or NULL: refused. Not inlined: what it needs of the stack
 * would be paid for by each message, of which there are thirty in an event. */
static __attribute__((noinline)) const uint8_t *unpack_any(struct unpacking *unpacking, const struct message_facts *facts, const uint8_t *at,
                                 const uint8_t *end, ProtobufCMessage *message, struct met *met, unsigned depth)
{
    struct wire_field field;
    const char *wrong = wire_read_field(at, end, &field);
    if (wrong == NULL && unpacking->fields_left-- == 0)
        wrong = "wire.fields";
    if (wrong != NULL)
        return refuse(unpacking, wrong, facts, NULL);

    int index = wire_index_of(facts, field.number);
    if (index < 0) {
        unpacking->summary.unknown = true;
        return field.end;
    }
    const struct field_facts *known = &facts->fields[index];
    wrong = field_wrong(unpacking, known, &field, depth);
    if (wrong != NULL)
        return refuse(unpacking, wrong, facts, known);

    field_descriptor *descriptor = &facts->descriptor->fields[index];
    bool good;
    if (reflect_is_list(descriptor)) {
        bool first = meet(met, (size_t)index);
        good = unpack_element(unpacking, known, descriptor, &field, end, first, message, depth);
    } else {
        if (reflect_is_choice(descriptor)) {
            choose(message, descriptor);
            unpacking->doubtful = true;
        }
        good = unpack_value(unpacking, known, descriptor->type, &field, (char *)message + descriptor->offset, depth);
        meet_value(unpacking, met, (size_t)index, is_given(known, &field));
    }
    look_at(unpacking, known, &field, !reflect_is_list(descriptor));
    return good ? field.end : NULL;
}

static bool unpack_fields(struct unpacking *unpacking, const struct message_facts *facts, struct bytes value,
                          ProtobufCMessage *message, unsigned depth)
{
    if (depth > WIRE_DEPTH_MAX)
        return refuse(unpacking, "wire.depth", facts, NULL) != NULL;

    struct met met = {{0}};
    const uint8_t *end = value.data + value.length;
    for (const uint8_t *at = value.data; at < end;) {
        at = facts->plain(unpacking, at, end, message, &met, depth);
        if (at != NULL && at < end)
            at = unpack_any(unpacking, facts, at, end, message, &met, depth);
        if (at == NULL)
            return false;
    }
    look_for_missing(unpacking, facts, &met);
    return true;
}

enum status unpack_submitted(const struct message_facts *facts, struct bytes value, enum wire_origin origin,
                             struct arena *arena, ProtobufCMessage **message, struct wire_summary *summary,
                             struct fault *fault)
{
    struct unpacking unpacking = {
        .arena = arena, .value = value.data, .origin = origin, .fields_left = WIRE_FIELDS_MAX, .fault = fault};
    unpacking.copy = take(&unpacking, value.length + COPY_SPARE_BYTES);
    ProtobufCMessage *made = take(&unpacking, facts->descriptor->sizeof_message);
    if (unpacking.copy == NULL || made == NULL)
        return STATUS_REJECT;

    if (value.length > 0)
        memcpy(unpacking.copy, value.data, value.length);
    memset(unpacking.copy + value.length, 0, COPY_SPARE_BYTES);
    facts->descriptor->message_init(made);
    if (value.length > 0 && !unpack_fields(&unpacking, facts, value, made, 1))
        return STATUS_REJECT;
    *message = made;
    if (summary != NULL) {
        *summary = unpacking.summary;
        summary->fields = WIRE_FIELDS_MAX - unpacking.fields_left;
        summary->right = value.length > 0 && !unpacking.doubtful;
    }
    return STATUS_OK;
}

enum status unpack_message(const struct message_facts *facts, struct bytes value, struct arena *arena,
                           ProtobufCMessage **message, struct fault *fault)
{
    return unpack_submitted(facts, value, WIRE_OWN, arena, message, NULL, fault);
}

/* ---- for protobuf-c's own functions ---- */

static void *take_for_protobuf(void *arena, size_t size)
{
    return arena_take(arena, size == 0 ? 1 : size);
}

static void leave(void *arena, void *pointer)
{
    (void)arena;
    (void)pointer;
}

ProtobufCAllocator unpack_allocator(struct arena *arena)
{
    return (ProtobufCAllocator){.alloc = take_for_protobuf, .free = leave, .allocator_data = arena};
}

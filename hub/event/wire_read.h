/* wire_read.h: reads one field after the other from protobuf bytes. Internal to hub/event. Inlined by force: it is the
 * innermost loop of checking, unpacking and projecting, and calls were a third of their cost. */
#ifndef EVENT_WIRE_READ_H
#define EVENT_WIRE_READ_H

#include "base/fault.h"
#include "event/schema.h"

#include <endian.h>

/* Hundreds of generated functions are made of these. Builds with sanitizers or crash points, which are not for speed, would compile
 * them for minutes if each were inlined wherever it is used. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(MEDHUB_FAULTS)
#define WIRE_INLINE static inline
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define WIRE_INLINE static inline
#endif
#endif
#ifndef WIRE_INLINE
#define WIRE_INLINE static inline __attribute__((always_inline))
#endif

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BLOCK = 2, WIRE_FIXED32 = 5 };
enum { WIRE_TAG_BYTES_MAX = 5, WIRE_VARINT_BYTES_MAX = 10, WIRE_NUMBER_MAX = (1 << 29) - 1 };

/* One field as it lies on the wire. */
struct wire_field {
    uint32_t number;
    unsigned type;
    uint64_t value;         /* of a varint */
    const uint8_t *begin;   /* of the tag */
    const uint8_t *length;  /* of a block: where its length begins, else == content */
    const uint8_t *content; /* after tag and, of a block, length */
    const uint8_t *end;     /* of the content */
};

/* The place after a varint of at most LIMIT bytes, or NULL. */
static __attribute__((noinline, unused)) const uint8_t *wire_read_long_varint(const uint8_t *at, const uint8_t *end, unsigned limit,
                                                                           uint64_t *value)
{
    const uint8_t *stop = (size_t)(end - at) < limit ? end : at + limit;
    uint64_t sum = 0;
    for (unsigned shift = 0; at < stop; shift += 7) {
        uint64_t byte = *at++;
        sum |= (byte & 0x7f) << shift;
        if (byte < 0x80) {
            *value = sum;
            return at;
        }
    }
    return NULL;
}

WIRE_INLINE const uint8_t *wire_read_varint(const uint8_t *at, const uint8_t *end, unsigned limit, uint64_t *value)
{
    if (at < end && *at < 0x80) {
        *value = *at;
        return at + 1;
    }
    return wire_read_long_varint(at, end, limit, value);
}

/* Tags of one or two bytes: all that our schemas have. The long way is not inlined. */
WIRE_INLINE const uint8_t *wire_read_tag(const uint8_t *at, const uint8_t *end, uint64_t *tag)
{
    if (at[0] < 0x80) { /* at < end: the caller's loop says so */
        *tag = at[0];
        return at + 1;
    }
    if (end - at >= 2 && at[1] < 0x80) {
        *tag = (at[0] & 0x7fU) | (uint64_t)at[1] << 7;
        return at + 2;
    }
    return wire_read_long_varint(at, end, WIRE_TAG_BYTES_MAX, tag);
}

/* NULL, or the code of what is wrong with the field at AT < END. */
WIRE_INLINE const char *wire_read_field(const uint8_t *at, const uint8_t *end, struct wire_field *field)
{
    uint64_t tag;
    field->begin = at;
    at = wire_read_tag(at, end, &tag);
    if (at == NULL)
        return "wire.truncated";
    if (tag < 8 || tag >> 3 > WIRE_NUMBER_MAX)
        return "wire.tag";
    field->number = (uint32_t)(tag >> 3);
    field->type = (unsigned)(tag & 7);
    field->length = at;
    field->content = at;

    if (field->type == WIRE_BLOCK) {
        uint64_t count;
        at = wire_read_varint(at, end, WIRE_TAG_BYTES_MAX, &count);
        if (at == NULL || count > (uint64_t)(end - at))
            return "wire.truncated";
        field->content = at;
        field->end = at + count;
        return NULL;
    }
    if (field->type == WIRE_VARINT) {
        field->end = wire_read_varint(at, end, WIRE_VARINT_BYTES_MAX, &field->value);
        return field->end == NULL ? "wire.varint" : NULL;
    }
    if (field->type != WIRE_FIXED64 && field->type != WIRE_FIXED32)
        return "wire.group";
    field->end = at + (field->type == WIRE_FIXED64 ? 8 : 4);
    return end - at < field->end - field->content ? "wire.truncated" : NULL;
}

/* Index of the field in FACTS, or -1. */
WIRE_INLINE int wire_index_of(const struct message_facts *facts, uint32_t number)
{
    if (number < facts->place_count)
        return facts->places[number] - 1;
    const struct field_facts *found = schema_field(facts, number);
    return found == NULL ? -1 : (int)(found - facts->fields);
}

WIRE_INLINE const struct field_facts *wire_facts_of(const struct message_facts *facts, uint32_t number)
{
    int index = wire_index_of(facts, number);
    return index < 0 ? NULL : &facts->fields[index];
}

WIRE_INLINE struct bytes wire_content(const struct wire_field *field)
{
    return (struct bytes){field->content, (size_t)(field->end - field->content)};
}

/* ---- what a field may not be: shared by wire_check() and unpacking ---- */

/* Not 0 if a byte of the word is NUL or not ASCII (a 1 after a NUL may be taken for one more: no matter). */
WIRE_INLINE uint64_t wire_odd_bytes(uint64_t word)
{
    return (word | (word - UINT64_C(0x0101010101010101))) & UINT64_C(0x8080808080808080);
}

/* True if the text is ASCII without NUL, as most are. Reads eight bytes at a time, up to seven behind the text. */
WIRE_INLINE bool wire_is_ascii(const uint8_t *text, size_t length)
{
    uint64_t odd = 0, word;
    for (; length > sizeof(word); text += sizeof(word), length -= sizeof(word)) {
        memcpy(&word, text, sizeof(word));
        odd |= wire_odd_bytes(word);
    }
    if (length == 0)
        return odd == 0;
    /* What lies behind the text is shifted out; ones, which are not odd, come in its place. */
    size_t bits = 8 * length;
    memcpy(&word, text, sizeof(word));
    word = le64toh(word) << (64 - bits) | UINT64_C(0x0101010101010101) >> (bits - 1) >> 1;
    return (odd | wire_odd_bytes(word)) == 0;
}

/* Two characters of three bytes each in the word's first six, the first bytes 0xe1 to 0xec: not near the surrogates or
 * overlong forms. */
WIRE_INLINE bool wire_is_chinese_pair(uint64_t word)
{
    uint64_t low = word & UINT64_C(0x0f00000f); /* of the first bytes: 1 to 12 */
    return (word & UINT64_C(0xc0c0f0c0c0f0)) == UINT64_C(0x8080e08080e0) &&
           ((low + UINT64_C(0x0f00000f)) & ~(low + UINT64_C(0x03000003)) & UINT64_C(0x10000010)) ==
               UINT64_C(0x10000010);
}

/* True if the text is Chinese and nothing else, as most others are. Reads up to seven bytes behind it. */
WIRE_INLINE bool wire_is_chinese(const uint8_t *text, size_t length)
{
    uint64_t word;
    for (; length >= 6; text += 6, length -= 6) {
        memcpy(&word, text, sizeof(word));
        if (!wire_is_chinese_pair(le64toh(word)))
            return false;
    }
    if (length != 3)
        return length == 0;
    memcpy(&word, text, sizeof(word));
    return wire_is_chinese_pair((le64toh(word) & 0xffffff) | UINT64_C(0x8080e1000000)); /* the other one is right */
}

/* NULL, or "wire.nul" or "wire.utf8". */
const char *wire_text_wrong(struct bytes text);
/* NULL, or what is wrong with a list of numbers in one block. */
const char *wire_packed_wrong(const struct field_facts *facts, const struct wire_field *field);
/* Refuses with CODE and its sentence; FIELD may be NULL. */
enum status wire_refuse(struct fault *fault, const char *code, const struct message_facts *facts,
                        const struct field_facts *field);

#endif

#include "event/wire_wraps.h"

#include "event/wire.h"
#include "event/wire_read.h"

#include <string.h>

enum { RECIPIENT_FIELD = 1 }; /* of a wrap */

static bool is_wrap(const struct message_facts *facts)
{
    return strcmp(facts->name, "medhub.common.v1.SealWrap") == 0;
}

bool wire_has_wraps(const struct message_facts *facts, struct bytes value)
{
    for (size_t i = 0; i < facts->field_count; i++)
        if (facts->fields[i].wraps_inside && wire_find(value, facts->fields[i].number).data != NULL)
            return true;
    return false;
}

static void append_length(struct buffer *out, size_t length)
{
    for (; length >= 0x80; length >>= 7)
        buffer_append_byte(out, (uint8_t)(length | 0x80));
    buffer_append_byte(out, (uint8_t)length);
}

struct keeping {
    wire_keep_wrap *keep;
    void *self;
};

static bool keep_fields(const struct keeping *keeping, const struct message_facts *facts, struct bytes value,
                        struct buffer *out, unsigned depth);

/* A message with wraps inside: its tag, its new length, what is left of it. */
static bool keep_message(const struct keeping *keeping, const struct field_facts *facts, const struct wire_field *field,
                         struct buffer *out, unsigned depth)
{
    struct buffer inner;
    buffer_init(&inner, out->limit);
    bool done = keep_fields(keeping, facts->message, wire_content(field), &inner, depth + 1);
    if (done) {
        buffer_append(out, field->begin, (size_t)(field->length - field->begin));
        append_length(out, inner.length);
        buffer_append_bytes(out, buffer_bytes(&inner));
    }
    buffer_done(&inner);
    return done;
}

static bool keep_fields(const struct keeping *keeping, const struct message_facts *facts, struct bytes value,
                        struct buffer *out, unsigned depth)
{
    const uint8_t *end = value.data + value.length;
    if (depth > WIRE_DEPTH_MAX)
        return false;
    for (const uint8_t *at = value.data; at < end;) {
        struct wire_field field;
        if (wire_read_field(at, end, &field) != NULL)
            return false;
        at = field.end;
        const struct field_facts *known = wire_facts_of(facts, field.number);
        bool inside = known != NULL && known->wraps_inside && field.type == WIRE_BLOCK;
        if (inside && is_wrap(known->message)) {
            if (keeping->keep(keeping->self, wire_find(wire_content(&field), RECIPIENT_FIELD)))
                buffer_append(out, field.begin, (size_t)(field.end - field.begin));
        } else if (inside) {
            if (!keep_message(keeping, known, &field, out, depth))
                return false;
        } else {
            buffer_append(out, field.begin, (size_t)(field.end - field.begin));
        }
    }
    return buffer_ok(out);
}

bool wire_keep_wraps(const struct message_facts *facts, struct bytes value, wire_keep_wrap *keep, void *self,
                     struct buffer *out)
{
    const struct keeping keeping = {keep, self};
    return keep_fields(&keeping, facts, value, out, 1);
}

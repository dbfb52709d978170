/* right.h: is one value what its field asks for? Internal to hub/event: unpacking asks it of each value that it reads, and
 * check_message() once more, to say what is wrong, where unpacking was not sure. */
#ifndef EVENT_RIGHT_H
#define EVENT_RIGHT_H

#include "event/reflect.h"

#define MOMENT_SECONDS_MIN INT64_C(-62135596800) /* 0001-01-01T00:00:00Z */
#define MOMENT_SECONDS_MAX INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

size_t right_count_characters(struct bytes text);

/* Characters never outnumber bytes. */
static inline bool right_length(const struct field_facts *facts, struct bytes text)
{
    return facts->max_length == 0 || text.length <= facts->max_length ||
           right_count_characters(text) <= facts->max_length;
}

static inline bool right_text(const struct field_facts *facts, struct bytes text)
{
    return right_length(facts, text) && (facts->pattern == NULL || facts->pattern->matches(text)) &&
           (facts->codes == NULL || schema_has_code(facts->codes, text));
}

/* Most enumerations have one range; behind the last stands where it ends. */
static inline bool right_number(const ProtobufCEnumDescriptor *names, int32_t value)
{
    const ProtobufCIntRange *first = names->value_ranges;
    return (value >= first->start_value &&
            (uint32_t)value - (uint32_t)first->start_value < first[1].orig_index) ||
           protobuf_c_enum_descriptor_get_value(names, value) != NULL;
}

static inline bool right_moment(const ProtobufCMessage *message)
{
    const ProtobufCFieldDescriptor *fields = message->descriptor->fields;
    int64_t seconds = (int64_t)reflect_uint64(reflect_member(message, &fields[0]));
    int32_t nanos = reflect_int32(reflect_member(message, &fields[1]));
    return seconds >= MOMENT_SECONDS_MIN && seconds <= MOMENT_SECONDS_MAX && nanos >= 0 && nanos <= 999999999;
}

#endif

#include "event/attributes.h"

#include "base/text.h"

#include <stddef.h>
#include <strings.h>

enum { REDRIVES_MAX = 1000000 };

#define ROW(header, member) {header, sizeof header - 1, offsetof(struct event_attributes, member)}
static const struct attribute_row {
    const char *header;
    size_t length;
    size_t offset; /* in struct event_attributes */
} rows[] = {
    ROW("ce_id", id),     ROW("ce_source", source),  ROW("ce_type", type), ROW("ce_subject", subject),
    ROW("ce_time", time), ROW("traceparent", traceparent), ROW("ce_conformance", conformance),
    ROW("ce_signature", signature),
};
#undef ROW

void attributes_begin(struct attribute_reader *reader, struct event *event)
{
    *reader = (struct attribute_reader){.event = event, .specversion = "", .content_type = "", .status = STATUS_OK};
}

/* Where the header's text goes; NULL for a header that is not read. */
static const char **place_of(struct attribute_reader *reader, const char *name)
{
    size_t length = strlen(name);

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].length == length && memcmp(rows[i].header, name, length) == 0)
            return (const char **)((char *)&reader->event->attributes + rows[i].offset);
    if (strcmp(name, "ce_specversion") == 0)
        return &reader->specversion;
    return strcmp(name, "content-type") == 0 ? &reader->content_type : NULL;
}

/* NUL-terminated in the arena; NULL if it is too long or not text. */
static const char *attribute_text(struct attribute_reader *reader, const char *name, struct bytes value)
{
    struct fault *fault = &reader->event->fault;

    if (value.length > ATTRIBUTE_BYTES_MAX || !bytes_is_utf8(value) ||
        (value.length > 0 && memchr(value.data, '\0', value.length) != NULL)) {
        reader->status = fault_reject(fault, "event.attribute", "header %.64s is longer than %d bytes or not UTF-8 text",
                                      name, ATTRIBUTE_BYTES_MAX);
        return NULL;
    }
    const char *text = arena_text(reader->event->arena, value);
    if (text == NULL)
        reader->status = fault_reject(fault, "event.too_complex", "no memory left for the event's headers");
    return text;
}

void attributes_take(struct attribute_reader *reader, const char *name, struct bytes value)
{
    const char **to = place_of(reader, name);
    int64_t redrive = 0;

    if (to != NULL) {
        const char *text = attribute_text(reader, name, value);
        if (text != NULL)
            *to = text;
        reader->foreign = reader->foreign || to == &reader->event->attributes.signature; /* a fact is the hub's word */
        return;
    }
    reader->foreign = true;
    if (strcmp(name, "medhub.redrive") == 0 && text_parse_i64(value, &redrive) && redrive > 0 &&
        redrive < REDRIVES_MAX)
        reader->redrive = (unsigned)redrive;
}

enum status attributes_check(const struct attribute_reader *reader)
{
    struct fault *fault = &reader->event->fault;
    const struct event_attributes *have = &reader->event->attributes;

    if (reader->status != STATUS_OK)
        return reader->status;
    if (have->id[0] == '\0' || have->source[0] == '\0' || have->type[0] == '\0')
        return fault_reject(fault, "event.attributes", "a CloudEvent needs ce_id, ce_source and ce_type");
    if (strcmp(reader->specversion, "1.0") != 0)
        return fault_reject(fault, "event.specversion", "ce_specversion is \"%.16s\", expected \"1.0\"",
                            reader->specversion);
    if (strcasecmp(reader->content_type, "application/protobuf") != 0)
        return fault_reject(fault, "event.content_type", "content-type is \"%.64s\", expected \"application/protobuf\"",
                            reader->content_type);
    return STATUS_OK;
}

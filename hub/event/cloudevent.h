/* cloudevent.h: CloudEvents 1.0 in structured JSON form, one event a line: what people, files and HTTP use.
 *
 *     {"specversion":"1.0","id":"e1","source":"H65010000001","type":"medhub.prescription.uploaded.v1",
 *      "time":"2026-01-31T08:00:00Z","datacontenttype":"application/json","data":{"person":"p-1", ...}}
 *
 * or with "data_base64" and the protobuf bytes. On Kafka the same event is in binary mode. Any thread. */
#ifndef EVENT_CLOUDEVENT_H
#define EVENT_CLOUDEVENT_H

#include "event/event.h"
#include "event/json.h"

struct cloudevent {
    struct event_attributes attributes;
    const struct message_facts *facts; /* of attributes.type */
    struct bytes data;                 /* protobuf */
    struct bytes key;                  /* value of the key field; BYTES_NONE if it is not set */
};

/* Reads one event; everything lies in the arena. attributes.subject is filled from the subject field if the envelope has
 * none. STATUS_REJECT: what json.h says, with paths below "data"; "cloudevent.attribute" (one is missing or not a
 * string, the wrong specversion, a time that is none), "cloudevent.data" (both or neither kind of data),
 * "cloudevent.unknown_type", and for data_base64 what wire_check() says. Extension attributes that medhub does not use
 * are accepted and not kept. Whether the data is right is not checked here: the hub does that. */
enum status cloudevent_parse(struct bytes line, struct arena *arena, struct cloudevent *event,
                             struct fault *fault) MUST_CHECK;

/* The same from a parsed envelope: an element of a batch. It may be freed afterwards. */
enum status cloudevent_parse_value(const struct json_t *envelope, struct arena *arena, struct cloudevent *event,
                                   struct fault *fault) MUST_CHECK;

/* Binary mode: EVENT's attributes are there (texts in the arena, "" where absent), DATA came beside them, as JSON or as
 * protobuf, which is lent and not copied. Fills the rest, with the same faults. */
enum status cloudevent_from_data(struct bytes data, bool is_json, struct arena *arena, struct cloudevent *event,
                                 struct fault *fault) MUST_CHECK;

/* Appends the event as one line without the newline: data as JSON when the type is known and unpacks, else as
 * data_base64, which then ignores OPTIONS unless they mask (data is then left out). The arena is scratch. OPTIONS may be
 * NULL. STATUS_REJECT "json.too_large" when OUT is full. */
enum status cloudevent_print(const struct event_attributes *attributes, struct bytes data,
                             const struct json_options *options, struct arena *arena, struct buffer *out,
                             struct fault *fault) MUST_CHECK;

#endif

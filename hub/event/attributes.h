/* attributes.h: CloudEvents context attributes out of a record's headers (CloudEvents 1.0, Kafka protocol binding, binary
 * mode). Headers are outside bytes: any name, any value, any order, any number of them. Any thread. */
#ifndef EVENT_ATTRIBUTES_H
#define EVENT_ATTRIBUTES_H

#include "event/event.h"

struct attribute_reader {
    struct event *event; /* its attributes and fault are filled; texts lie in its arena */
    const char *specversion, *content_type;
    bool foreign;       /* there were headers that a fact must not carry on */
    unsigned redrive;   /* medhub.redrive: how often an operator sent the record again */
    enum status status; /* of the headers that could not be read; the others are read all the same */
};

/* EVENT's attributes must be "" so far. */
void attributes_begin(struct attribute_reader *reader, struct event *event);
/* One header; of two with one name the last readable one counts. Value data NULL = null. */
void attributes_take(struct attribute_reader *reader, const char *name, struct bytes value);
/* REJECT: "event.attribute" (longer than ATTRIBUTE_BYTES_MAX or not text), "event.attributes" (id, source or type is
 * missing), "event.specversion", "event.content_type". */
enum status attributes_check(const struct attribute_reader *reader) MUST_CHECK;

#endif

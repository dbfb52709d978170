/* record.h: one record as it was read, and headers on their way. */
#ifndef KAFKA_RECORD_H
#define KAFKA_RECORD_H

#include "base/bytes.h"

/* A record lent by a source or reader; it lives until record_release. */
struct record {
    void *message; /* rd_kafka_message_t */
    const char *topic; /* the same pointer for all records of a topic from one handle */
    int32_t partition;
    int64_t offset;
    int64_t timestamp_ms; /* -1 if the broker gave none */
    struct bytes key;     /* data NULL = null key */
    struct bytes value;   /* data NULL = null value (tombstone) */
};

void record_release(struct record *record); /* an empty record is fine */

/* Calls EACH for every header in order until it returns false. Value data NULL = null. */
void record_each_header(const struct record *record, bool (*each)(const char *name, struct bytes value, void *context),
                        void *context);

/* Headers that a record to be produced will carry. sink_produce takes them over. */
struct headers;
struct headers *headers_new(size_t expected_count);
void headers_free(struct headers *headers);
/* False when memory is out. */
bool headers_add(struct headers *headers, const char *name, struct bytes value);
bool headers_add_text(struct headers *headers, const char *name, const char *text);
/* The last one of that name; data NULL: there is none. Lent until the headers change. */
struct bytes headers_get(const struct headers *headers, const char *name);
void headers_remove(struct headers *headers, const char *name);
/* Takes the headers out of RECORD without copying them (an allocation each is what headers cost). Asked for again they are
 * made anew from the bytes received. Never NULL unless memory is out. */
struct headers *record_take_headers(struct record *record);
/* A copy of the record's headers. */
struct headers *record_copy_headers(const struct record *record);

#endif

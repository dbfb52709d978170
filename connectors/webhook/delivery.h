/* delivery.h: one record of medhub.delivery in memory, shared by all endpoints that get it.
 *
 * Counted references, one thread. Texts are NUL-terminated and lie in the delivery's own block. */
#ifndef WEBHOOK_DELIVERY_H
#define WEBHOOK_DELIVERY_H

#include "base/arena.h"
#include "base/fault.h"
#include "kafka/record.h"

#include "medhub/event/v1/event.pb-c.h"

/* What all deliveries of a process take together. Zeroed: none. */
struct delivery_pool {
    size_t count, bytes;
    struct buffer json; /* where JSON is written before its length is known */
};
void delivery_pool_done(struct delivery_pool *pool);

struct delivery {
    struct delivery_pool *pool;
    unsigned references;
    size_t bytes; /* that it counts for in the pool */
    int32_t partition; /* of medhub.delivery */
    int64_t offset;
    uint64_t key; /* hash of the record's key: deliveries of one key go out in order */
    int64_t decided_at_ms;
    const char *type, *id, *source, *subject;
    const char *partition_key; /* as far as the recipients may see it */
    uint64_t version; /* of the key */
    const char *input_topic;
    int32_t input_partition;
    int64_t input_offset;
    uint32_t index, visibility;
    struct bytes data; /* protobuf */
    struct bytes json; /* made when first asked for */
    bool json_failed;
};

/* The record's message in ARENA, to look at its recipients. REJECT: it is none. */
enum status delivery_read(const struct record *record, struct arena *arena, Medhub__Event__V1__Delivery **message,
                          struct fault *fault) MUST_CHECK;
/* With one reference; NULL if memory is out. */
struct delivery *delivery_new(struct delivery_pool *pool, const struct record *record,
                              const Medhub__Event__V1__Delivery *message);
struct delivery *delivery_share(struct delivery *delivery);
void delivery_release(struct delivery *delivery); /* NULL is fine */

/* The body: JSON by the proto3 mapping unless PROTOBUF, or where the type is not known here. *CONTENT_TYPE is a constant.
 * SCRATCH is used and reset. Lent as long as the delivery. */
struct bytes delivery_body(struct delivery *delivery, bool protobuf, struct arena *scratch, const char **content_type);

enum { DELIVERY_ID_BYTES = 40 };
/* "dlv_" and 32 hexadecimal digits: the same for each try of this delivery to ENDPOINT, whichever process sends it, and for
 * no other. Made from the place of the submission, the index of the fact and what is visible of it. */
void delivery_id(const struct delivery *delivery, const char *endpoint, char id[DELIVERY_ID_BYTES]);

#endif

/* receipt_json.h: receipts as JSON for people and scripts. */
#ifndef CTL_RECEIPT_JSON_H
#define CTL_RECEIPT_JSON_H

#include "ops/ctl/decode.h"

#include "medhub/event/v1/event.pb-c.h"

#define TOPIC_RECEIPT "medhub.receipt"

typedef Medhub__Event__V1__Receipt Receipt;
typedef Medhub__Event__V1__Delivery Delivery;

/* The value of a record as the message NAME in the arena; NULL if it is none. */
ProtobufCMessage *receipt_unpack(const char *name, struct bytes value, struct arena *arena);
static inline const Receipt *receipt_read(struct bytes value, struct arena *arena)
{
    return (const Receipt *)receipt_unpack("medhub.event.v1.Receipt", value, arena);
}
static inline const Delivery *delivery_read(struct bytes value, struct arena *arena)
{
    return (const Delivery *)receipt_unpack("medhub.event.v1.Delivery", value, arena);
}

/* "accepted", "refused", "duplicate" */
const char *receipt_outcome_name(int outcome);
/* VALUE are the receipt's bytes. */
json_t *receipt_json(const Receipt *receipt, struct bytes value, unsigned visible, struct arena *arena);

#endif

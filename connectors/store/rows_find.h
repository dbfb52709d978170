/* rows_find.h: the rows by which the row of a record is found. Internal to rows*.c. */
#ifndef STORE_ROWS_FIND_H
#define STORE_ROWS_FIND_H

#include "event/attributes.h"
#include "store/business_keys.h"
#include "store/row_list.h"

#include "medhub/event/v1/event.pb-c.h"

typedef Medhub__Event__V1__Receipt Receipt;
typedef Medhub__Event__V1__Delivery Delivery;

struct row_keys {
    struct rows *rows;
    int64_t input, at_ms;
};

/* Appends one row: INPUT is found by KEY. SELF is a struct row_keys; an empty key is none. */
void rows_add_key(void *self, enum search_kind kind, struct bytes key);
void rows_add_attribute_keys(struct row_keys *keys, const char *source, const char *id, struct bytes trace, struct bytes key);
void rows_add_receipt_keys(struct rows *rows, const Receipt *receipt, int64_t input);
void rows_add_recipients(struct rows *rows, const Delivery *delivery, int64_t place);
/* Of what was refused: often it cannot be read, then it is found by its attributes only. */
void rows_add_parked_keys(struct rows *rows, const struct event_attributes *of, struct bytes trace, struct bytes key,
                          struct bytes value, int64_t input, int64_t decided_ms);

/* REJECT "store.too_large" if rows did not fit. */
enum status rows_check_room(const struct rows *rows, struct fault *fault) MUST_CHECK;
/* *MESSAGE, a pointer to a message of DESCRIPTOR, in the arena of the rows. */
enum status rows_unpack(struct rows *rows, const ProtobufCMessageDescriptor *descriptor, struct bytes value, void *message,
                        struct fault *fault) MUST_CHECK;

#endif

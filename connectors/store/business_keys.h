/* business_keys.h: by what an event is found. */
#ifndef STORE_BUSINESS_KEYS_H
#define STORE_BUSINESS_KEYS_H

#include "base/arena.h"
#include "event/search.h"

typedef void business_key_found(void *self, enum search_kind kind, struct bytes key);

/* Calls FOUND for every business key in MESSAGE. A scanned code counts as the product, lot and serial that it says (these lie
 * in ARENA or in the message); one that cannot be read counts as a serial number as it stands. */
void business_keys_of(const struct message_facts *facts, const ProtobufCMessage *message, struct arena *arena,
                      business_key_found *found, void *self);

/* The trace id (32 hexadecimal digits) in a W3C traceparent; empty if it is none. Lent by the text. */
struct bytes business_trace_id(const char *traceparent);

#endif

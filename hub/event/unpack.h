/* unpack.h: protobuf bytes to structures whose memory is an arena's. */
#ifndef EVENT_UNPACK_H
#define EVENT_UNPACK_H

#include "base/arena.h"
#include "base/fault.h"
#include "event/schema.h"

/* VALUE, which must have passed wire_check(), as FACTS's message; it lives until the arena is reset and is never freed
 * on its own. The arena's limit bounds what hostile input can make us allocate. STATUS_REJECT "unpack.too_large" when
 * the arena is full, "unpack.malformed" when protobuf-c does not take it. */
enum status unpack_message(const struct message_facts *facts, struct bytes value, struct arena *arena,
                           ProtobufCMessage **message, struct fault *fault) MUST_CHECK;

/* A ProtobufCAllocator over ARENA, for code that calls protobuf-c's own functions. Freeing does nothing. */
ProtobufCAllocator unpack_allocator(struct arena *arena);

#endif

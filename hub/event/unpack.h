/* unpack.h: protobuf bytes to protobuf-c's structures, whose memory is an arena's. */
#ifndef EVENT_UNPACK_H
#define EVENT_UNPACK_H

#include "base/arena.h"
#include "base/fault.h"
#include "event/wire.h"

/* VALUE as FACTS's message; it lives until the arena is reset and is never freed on its own. In the same pass it refuses
 * all that wire_check() refuses, with the same faults: there is no need to call both. The arena's limit bounds what
 * hostile input can make us allocate: STATUS_REJECT "unpack.too_large" when it is full. SUMMARY may be NULL.
 *
 * Does what protobuf_c_message_unpack() does (a fuzzer holds them together) at a fraction of its cost: strings share one
 * block, nothing is scanned twice. Unlike protobuf-c 1.4.1, which loses fields of a message that comes in two halves, it
 * merges as Google's does. Unknown fields are not kept in the structure: the bytes received keep them, and those are
 * what is passed on. */
enum status unpack_submitted(const struct message_facts *facts, struct bytes value, enum wire_origin origin,
                             struct arena *arena, ProtobufCMessage **message, struct wire_summary *summary,
                             struct fault *fault) MUST_CHECK;

/* The same for bytes of the hub's own: facts, rows of state and tables, receipts. */
enum status unpack_message(const struct message_facts *facts, struct bytes value, struct arena *arena,
                           ProtobufCMessage **message, struct fault *fault) MUST_CHECK;

/* A ProtobufCAllocator over ARENA, for code that calls protobuf-c's own functions. Freeing does nothing. */
ProtobufCAllocator unpack_allocator(struct arena *arena);

#endif

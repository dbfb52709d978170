/* pack.h: structures to protobuf bytes, for what the hub itself says. What an organisation sent is never packed again:
 * pack_fact() appends to its bytes. */
#ifndef EVENT_PACK_H
#define EVENT_PACK_H

#include "base/arena.h"

#include <protobuf-c/protobuf-c.h>

/* The message's bytes in the arena. BYTES_NONE if the arena is full; an empty message has data but no length. */
struct bytes pack_message(const ProtobufCMessage *message, struct arena *arena);
/* Appends the message's bytes to OUT. */
void pack_append(const ProtobufCMessage *message, struct buffer *out);

/* The value of a fact: ORIGINAL followed by field 2047, the medhub.event.v1.Provenance. protobuf merges concatenated
 * messages, so the original bytes stay as they were signed. BYTES_NONE if the arena is full. */
struct bytes pack_fact(struct bytes original, const ProtobufCMessage *provenance, struct arena *arena);
/* The reverse: what was submitted, without the provenance, which goes to *PROVENANCE (may be NULL; BYTES_NONE if there
 * is none). VALUE must be a fact that pack_fact() made: the provenance lies at its end. */
struct bytes pack_original(struct bytes fact, struct bytes *provenance);

enum { PACK_PROVENANCE = 2047 };

#endif

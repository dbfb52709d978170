/* wire_wraps.h: whose way to a sealed value somebody may see. Works on protobuf bytes, without unpacking. Any thread. */
#ifndef EVENT_WIRE_WRAPS_H
#define EVENT_WIRE_WRAPS_H

#include "base/status.h"
#include "event/schema.h"

/* True if RECIPIENT's wrap (medhub.common.v1.SealWrap) is to be passed on. */
typedef bool wire_keep_wrap(void *self, struct bytes recipient);

/* True if VALUE, a message of FACTS, holds a sealed value: quick for messages that cannot. VALUE has passed wire_check(). */
bool wire_has_wraps(const struct message_facts *facts, struct bytes value);

/* Appends VALUE to OUT without the wraps that KEEP does not want; everything else stays byte for byte, lengths corrected.
 * VALUE has passed wire_check(). False if it is malformed or OUT is full. */
bool wire_keep_wraps(const struct message_facts *facts, struct bytes value, wire_keep_wrap *keep, void *self,
                     struct buffer *out) MUST_CHECK;

#endif

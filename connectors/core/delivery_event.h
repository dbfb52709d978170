/* delivery_event.h: a delivery as its recipient reads it: a CloudEvent in structured JSON. */
#ifndef CORE_DELIVERY_EVENT_H
#define CORE_DELIVERY_EVENT_H

#include "base/arena.h"
#include "base/fault.h"

/* VALUE is a packed medhub.event.v1.Delivery. Appends one line of JSON without a line break: the submission's id, source,
 * type and subject, time = when the hub decided, data as far as it was projected, and the extension attributes
 *     factid       names the fact for ever: TOPIC/PARTITION/OFFSET/INDEX of its submission; the idempotency key
 *     factversion  of the key: 1, 2, 3 ... without gap
 *     partitionkey what the facts are ordered by, where the recipient may see it
 * The arena is scratch. TYPE (may be NULL) gets the event's type, in the arena. REJECT: not a delivery, or OUT is full. */
enum status delivery_event_print(struct bytes value, struct arena *arena, struct buffer *out, const char **type,
                                 struct fault *fault) MUST_CHECK;

#endif

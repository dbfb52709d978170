/* cursor.h: a follower's place as text that only the gateway reads: base64url of
 *     version 1 | partitions, then the next offset of each, as varints | the first 4 bytes of XXH64 of that
 * It names places in medhub.delivery, which never change, and nothing of the gateway's or the store's, so it outlives
 * restarts, rebuilds of the read model and compaction. The sum finds typing errors; a forged cursor shows nobody more than an
 * own one would. Any thread. */
#ifndef GATEWAY_CURSOR_H
#define GATEWAY_CURSOR_H

#include "base/arena.h"
#include "store/read_model.h"

enum { CURSOR_BYTES_MAX = 4096 };

/* NULL when the arena is full. */
const char *cursor_encode(const struct feed_place *place, struct arena *arena);
/* False: not one of ours. */
bool cursor_decode(const char *text, struct feed_place *place);

#endif

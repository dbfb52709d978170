/* memo.h: what was worked out of a snapshot, under a name, until the snapshot's rows change. Look-ups in the tables repeat from
 * event to event: the same organisations, the same drugs, the same day. One thread owns a memo. */
#ifndef STATE_MEMO_H
#define STATE_MEMO_H

#include "base/arena.h"

struct memo;

/* NULL when memory is out. Free takes NULL. */
struct memo *memo_new(size_t limit_bytes);
void memo_free(struct memo *memo);
/* Forgets everything. */
void memo_clear(struct memo *memo);

/* What was kept under NAME, or NULL. It lives until memo_clear. */
void *memo_find(struct memo *memo, struct bytes name);
/* BYTES zeroed bytes under NAME, which must not be there yet; NULL when the memo is full: then it is done without. */
void *memo_add(struct memo *memo, struct bytes name, size_t bytes);
/* Where things that belong to what is kept may lie; its limit is the memo's. */
struct arena *memo_arena(struct memo *memo);
/* Something did not fit: time to begin anew. */
bool memo_is_full(const struct memo *memo);

#endif

/* arena.h: memory with one lifetime. What one event needs is taken from its arena and given back by one
 * reset.
 *
 * Invariants: a block stays where it is until the reset or free; the sum of blocks never exceeds limit_bytes,
 * which is therefore also the bound on what hostile input can make us allocate. An arena belongs to one
 * thread.
 *
 *     struct arena *arena = arena_new(64 * 1024, 8 * 1024 * 1024);
 *     struct arena_mark mark = arena_mark(arena);
 *     char *name = arena_text(arena, bytes);      // lives until the reset
 *     arena_reset_to(arena, mark);                // gives back what was taken since the mark
 *     arena_free(arena);
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/bytes.h"

struct arena;
struct arena_mark {
    void *chunk;
    size_t used;
    size_t total;
};

/* first_bytes: size of the first chunk, kept over resets. NULL when out of memory. */
struct arena *arena_new(size_t first_bytes, size_t limit_bytes);
void arena_free(struct arena *arena); /* NULL is fine */

/* 16-byte aligned, not zeroed. NULL when the limit is reached or memory is out. */
void *arena_take(struct arena *arena, size_t bytes);
void *arena_take_zeroed(struct arena *arena, size_t bytes);
/* Copies. NULL / BYTES_NONE when full. arena_text adds a NUL. */
void *arena_copy(struct arena *arena, const void *data, size_t bytes);
char *arena_text(struct arena *arena, struct bytes bytes);
char *arena_format(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
struct bytes arena_bytes(struct arena *arena, struct bytes bytes);

/* Where the arena stands now; arena_reset_to gives back what was taken since. A mark ends with an earlier reset. */
struct arena_mark arena_mark(const struct arena *arena);
void arena_reset_to(struct arena *arena, struct arena_mark mark);
void arena_reset(struct arena *arena); /* everything; keeps the first chunk */
size_t arena_used(const struct arena *arena);

#endif

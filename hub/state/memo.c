#include "state/memo.h"

#include "base/hash.h"

#include <stdlib.h>

/* A slot names an entry, or nothing; entries that hash alike stand in the next free slots. At most half are taken. */
enum { SLOTS = 1 << 15, ENTRIES_MAX = SLOTS / 2, CHUNK_BYTES = 64 * 1024 };

struct entry {
    uint64_t hash;
    struct bytes name;
    void *kept;
};

struct memo {
    struct arena *arena;
    struct entry *slots[SLOTS];
    size_t count;
    bool full;
};

struct memo *memo_new(size_t limit_bytes)
{
    struct memo *memo = calloc(1, sizeof *memo);

    if (memo == NULL)
        return NULL;
    memo->arena = arena_new(CHUNK_BYTES, limit_bytes);
    if (memo->arena == NULL) {
        free(memo);
        return NULL;
    }
    return memo;
}

void memo_free(struct memo *memo)
{
    if (memo == NULL)
        return;
    arena_free(memo->arena);
    free(memo);
}

void memo_clear(struct memo *memo)
{
    if (memo->count > 0)
        memset(memo->slots, 0, sizeof memo->slots);
    memo->count = 0;
    memo->full = false;
    arena_reset(memo->arena);
}

/* The slot of NAME, or the free one where it belongs. */
static struct entry **slot_of(struct memo *memo, struct bytes name, uint64_t hash)
{
    size_t at = hash % SLOTS;

    while (memo->slots[at] != NULL && (memo->slots[at]->hash != hash || !bytes_equal(memo->slots[at]->name, name)))
        at = (at + 1) % SLOTS;
    return &memo->slots[at];
}

void *memo_find(struct memo *memo, struct bytes name)
{
    struct entry *entry = *slot_of(memo, name, hash_quick(name, 0));

    return entry == NULL ? NULL : entry->kept;
}

void *memo_add(struct memo *memo, struct bytes name, size_t bytes)
{
    uint64_t hash = hash_quick(name, 0);
    struct entry *entry = memo->count == ENTRIES_MAX ? NULL : arena_take(memo->arena, sizeof *entry);
    struct bytes kept_name = entry == NULL ? BYTES_NONE : arena_bytes(memo->arena, name);
    void *kept = kept_name.data == NULL ? NULL : arena_take_zeroed(memo->arena, bytes);

    if (kept == NULL) {
        memo->full = true;
        return NULL;
    }
    *entry = (struct entry){.hash = hash, .name = kept_name, .kept = kept};
    *slot_of(memo, name, hash) = entry;
    memo->count++;
    return kept;
}

struct arena *memo_arena(struct memo *memo)
{
    return memo->arena;
}

bool memo_is_full(const struct memo *memo)
{
    return memo->full;
}

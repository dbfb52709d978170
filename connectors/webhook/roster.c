#include "webhook/roster.h"

#include <stdlib.h>

bool roster_add(struct roster *roster, struct target *target)
{
    size_t needed = roster_count(roster) + 1;

    if (needed > roster->heap_capacity) {
        size_t capacity = roster->heap_capacity == 0 ? 64 : roster->heap_capacity * 2;
        struct target **grown = realloc(roster->heap, capacity * sizeof(struct target *));
        if (grown == NULL)
            return false;
        roster->heap = grown;
        roster->heap_capacity = capacity;
    }
    HASH_ADD_KEYPTR(hh, roster->all, target->endpoint->name, strlen(target->endpoint->name), target);
    return true;
}

struct target *roster_find(const struct roster *roster, const char *name)
{
    struct target *found = NULL;

    HASH_FIND_STR(roster->all, name, found);
    return found;
}

size_t roster_count(const struct roster *roster)
{
    return HASH_COUNT(roster->all);
}

/* ---- the order of due times ---- */

static bool goes_before(const struct target *a, const struct target *b)
{
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->turn < b->turn;
}

static void put(struct roster *roster, size_t place, struct target *target)
{
    roster->heap[place] = target;
    target->heap_place = place;
}

static void sift_up(struct roster *roster, size_t place)
{
    struct target *target = roster->heap[place];

    while (place > 0 && goes_before(target, roster->heap[(place - 1) / 2])) {
        put(roster, place, roster->heap[(place - 1) / 2]);
        place = (place - 1) / 2;
    }
    put(roster, place, target);
}

static void sift_down(struct roster *roster, size_t place)
{
    struct target *target = roster->heap[place];

    for (;;) {
        size_t child = 2 * place + 1;
        if (child + 1 < roster->heap_count && goes_before(roster->heap[child + 1], roster->heap[child]))
            child++;
        if (child >= roster->heap_count || !goes_before(roster->heap[child], target))
            break;
        put(roster, place, roster->heap[child]);
        place = child;
    }
    put(roster, place, target);
}

static void unschedule(struct roster *roster, struct target *target)
{
    size_t place = target->heap_place;

    if (place == SIZE_MAX)
        return;
    target->heap_place = SIZE_MAX;
    roster->heap_count--;
    if (place == roster->heap_count)
        return;
    put(roster, place, roster->heap[roster->heap_count]);
    sift_up(roster, place);
    sift_down(roster, roster->heap[place]->heap_place);
}

void roster_schedule(struct roster *roster, struct target *target, int64_t due_ms, int64_t now_ms)
{
    if (due_ms == INT64_MAX) {
        unschedule(roster, target);
        return;
    }
    target->due_ms = due_ms > now_ms ? due_ms : now_ms;
    target->turn = roster->turns++;
    if (target->heap_place == SIZE_MAX)
        put(roster, roster->heap_count++, target);
    sift_up(roster, target->heap_place);
    sift_down(roster, target->heap_place);
}

struct target *roster_first(const struct roster *roster)
{
    return roster->heap_count == 0 ? NULL : roster->heap[0];
}

/* ---- the end ---- */

void roster_remove(struct roster *roster, struct target *target)
{
    unschedule(roster, target);
    HASH_DEL(roster->all, target);
}

void roster_done(struct roster *roster)
{
    ROSTER_EACH (roster, target, next) {
        HASH_DEL(roster->all, target);
        target_free(target);
    }
    free(roster->heap);
    *roster = (struct roster){0};
}

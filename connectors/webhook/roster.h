/* roster.h: all endpoints that this process serves, by name, and in the order in which they are due. One thread. */
#ifndef WEBHOOK_ROSTER_H
#define WEBHOOK_ROSTER_H

#include "webhook/target.h"

struct roster { /* zeroed: empty */
    struct target *all; /* uthash, by endpoint->name */
    struct target **heap; /* those with a due time: the first due on top, then who had its turn longest ago */
    size_t heap_count, heap_capacity;
    uint64_t turns;
};

/* False if memory is out. */
bool roster_add(struct roster *roster, struct target *target);
struct target *roster_find(const struct roster *roster, const char *name);
void roster_remove(struct roster *roster, struct target *target); /* frees nothing */
size_t roster_count(const struct roster *roster);
void roster_done(struct roster *roster); /* frees the targets too */

/* TARGET is due at DUE_MS; INT64_MAX: not at all. One that is due already goes behind the others that are. */
void roster_schedule(struct roster *roster, struct target *target, int64_t due_ms, int64_t now_ms);
/* The one due first, or NULL. */
struct target *roster_first(const struct roster *roster);

/* EACH may be removed within the loop. */
#define ROSTER_EACH(roster, each, after)                                                                               \
    for (struct target *each = (roster)->all, *after = each == NULL ? NULL : each->hh.next; each != NULL;             \
         each = after, after = each == NULL ? NULL : each->hh.next)

#endif

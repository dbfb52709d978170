/* timers.h: things to do later, as rows ordered by due time, in the same store and transactions as all else. */
#ifndef STATE_TIMERS_H
#define STATE_TIMERS_H

#include "state/rows.h"

/* Sets the timer NAME of ENTITY, moving it if it is set. */
enum status timer_set(struct store *store, struct bytes entity, struct bytes name, struct bytes type, int64_t due_ms,
                      struct fault *fault) MUST_CHECK;
enum status timer_cancel(struct store *store, struct bytes entity, struct bytes name, struct fault *fault) MUST_CHECK;

struct timer {
    int64_t due_ms;
    struct bytes entity, name, type;
};
/* The earliest timer (lent until the next write). False if there is none. */
bool timer_first(struct store *store, struct timer *timer);

#endif

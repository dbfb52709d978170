/* breaker.h: a circuit breaker: who fails again and again is left alone for a while, then asked once.
 *
 *     CLOSED ── failures_max in a row ──▶ OPEN ── its time is over ──▶ HALF_OPEN ── one request succeeds ──▶ CLOSED
 *                                          ▲                              │ it fails: open again, twice as long
 *                                          └──────────────────────────────┘
 *
 * A value, kept over restarts by its owner. Pure; time is an argument. */
#ifndef CORE_BREAKER_H
#define CORE_BREAKER_H

#include "base/bytes.h"

struct breaker_plan {
    unsigned failures_max;
    int64_t open_ms_first, open_ms_max;
};

enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_HALF_OPEN };

struct breaker { /* zeroed: closed */
    unsigned failures; /* in a row */
    unsigned openings; /* since the last success */
    int64_t until_ms;  /* 0: closed */
    bool probing;      /* the one request of a half-open breaker is on its way */
};

enum breaker_state breaker_state(const struct breaker *breaker, int64_t now_ms);
const char *breaker_state_name(enum breaker_state state); /* "closed", "open", "half_open" */
/* True if a request may be sent now. */
bool breaker_allows(const struct breaker *breaker, int64_t now_ms);
/* What became of requests. Results of requests that were sent before it opened are taken like any other, except that a
 * failure does not open an open breaker again. SEED spreads the ends of many breakers that opened together. */
void breaker_sent(struct breaker *breaker, int64_t now_ms);
void breaker_succeeded(struct breaker *breaker);
void breaker_failed(struct breaker *breaker, const struct breaker_plan *plan, int64_t now_ms, uint64_t seed);
/* The request ended without telling anything about the other side. */
void breaker_told_nothing(struct breaker *breaker);

#endif

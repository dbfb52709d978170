/* endpoint.h: one endpoint: which deliveries wait for it, in which order they go out, and when.
 *
 * Pure: no I/O, time is an argument; one thread. A delivery that was taken is in the window until its end is in the log:
 *
 *     taken ─▶ WAITING behind an earlier one of its key ─▶ READY, not before its time ─▶ SENDING ─▶ SETTLING ─▶ gone
 *                                                            ▲                              │
 *                                                            └── again, later ──────────────┘
 *
 * Of one key at most one is READY or SENDING, always the one with the lowest offset, so a key's deliveries arrive in order;
 * keys do not wait for each other. The window is bounded in number and bytes. When it is full the endpoint takes nothing
 * more and falls behind; what it did not take is read again later from where it stands (progress.h). */
#ifndef WEBHOOK_ENDPOINT_H
#define WEBHOOK_ENDPOINT_H

#include "core/breaker.h"
#include "core/http_answer.h"
#include "core/retry.h"
#include "webhook/delivery.h"
#include "webhook/progress.h"

#include "medhub/webhook/v1/webhook.pb-c.h"

struct endpoint_plan { /* the same for all; lent */
    size_t window_events, window_bytes;
    unsigned concurrency;  /* unless the registry says otherwise */
    unsigned refusals_max; /* answers 4xx until a delivery is set aside */
    struct retry_plan retry;
    struct breaker_plan breaker;
};

enum waiting_state { WAITING, READY, SENDING, SETTLING };

struct endpoint;
struct waiting {
    struct endpoint *endpoint;
    struct delivery *delivery;
    enum waiting_state state;
    struct open_delivery open; /* place, attempts, due time */
    uint64_t key;
    size_t bytes; /* that it counts for in the window */
    bool failed_with_endpoint; /* its last try failed for a reason that was not its own */
    struct waiting *next_of_key, *next_in_bucket; /* bucket: only the last of a key */
    struct waiting *older, *newer; /* all of the window */
    size_t heap_place;
    uint64_t turn; /* those due at the same time go in the order in which they came */
    /* How it ended, from SETTLING on. */
    Medhub__Webhook__V1__Result result;
    int64_t settled_ms;
    int http_status;
    char code[HTTP_CODE_BYTES];
    unsigned journal_step; /* of webhook/journal.h */
    struct waiting *next_to_journal;
};

struct endpoint {
    char *name; /* ORGANISATION/ENDPOINT */
    const struct endpoint_plan *plan;
    struct progress progress;
    struct breaker breaker;
    uint64_t seed;

    /* As the registry says; set by the owner. */
    unsigned concurrency;
    bool enabled; /* proved, with a secret, not paused by the registry */

    Medhub__Webhook__V1__PauseReason paused;
    char pause_text[200];
    int64_t paused_at_ms;
    uint8_t proved_url[32];
    bool proved;
    int64_t proved_at_ms;
    int64_t control_offset;
    int64_t not_before_ms; /* Retry-After */
    char failure[HTTP_CODE_BYTES]; /* why the last request or challenge failed, for whoever looks; "": none has */
    int64_t failure_ms;

    struct waiting *oldest, *newest;
    size_t count, bytes;
    unsigned in_flight, settling;
    struct waiting **heap; /* READY ones */
    size_t heap_count, heap_capacity;
    struct waiting **buckets;
    size_t bucket_count;
    uint64_t turns;
    uint64_t delivered, set_aside;
    bool changed; /* since the last snapshot, in a way worth writing down soon */
    void *owner;  /* whoever runs it */
};

/* NULL if memory is out. */
struct endpoint *endpoint_new(const char *name, const struct endpoint_plan *plan, int32_t partitions, const int64_t *start);
/* Nothing may be SENDING or SETTLING. NULL is fine. */
void endpoint_free(struct endpoint *endpoint);

/* Takes up where STATE says it stood; for one made a moment ago. False if memory is out. */
bool endpoint_restore(struct endpoint *endpoint, const Medhub__Webhook__V1__EndpointState *state);
/* The same the other way round, in ARENA; NULL if it is full. */
Medhub__Webhook__V1__EndpointState *endpoint_state(const struct endpoint *endpoint, int64_t now_ms, struct arena *arena);

enum endpoint_takes {
    ENDPOINT_TOOK,
    ENDPOINT_KNOWS, /* settled before, or in the window: nothing to do */
    ENDPOINT_FULL,  /* not now: it must be offered again */
};
/* Takes a reference of its own. What progress does not want is not taken. */
enum endpoint_takes endpoint_take(struct endpoint *endpoint, struct delivery *delivery, int64_t now_ms);
bool endpoint_has_room(const struct endpoint *endpoint); /* for a while: half of the window */
/* A wanted delivery is not to be had any more: it becomes SETTLING with RESULT_LOST. DELIVERY is a stand-in with its place.
 * NULL if memory is out. */
struct waiting *endpoint_lose(struct endpoint *endpoint, struct delivery *delivery, int64_t now_ms);

/* A request or a challenge failed for the reason CODE: operators see the last one. */
void endpoint_note_failure(struct endpoint *endpoint, const char *code, int64_t now_ms);

/* The one to send now, which becomes SENDING; NULL: none now. */
struct waiting *endpoint_next(struct endpoint *endpoint, int64_t now_ms);
/* True if it may be sent to, and its last request went through. */
bool endpoint_is_well(const struct endpoint *endpoint);
/* True if it could send more than it soon will have: whatever keeps records from it now delays it. */
bool endpoint_runs_dry(const struct endpoint *endpoint, int64_t now_ms);
/* When endpoint_next may have one, INT64_MAX: not by time alone. */
int64_t endpoint_due_ms(const struct endpoint *endpoint);
/* It could not be sent, for a reason of ours: READY again at DUE_MS. */
void endpoint_not_sent(struct endpoint *endpoint, struct waiting *waiting, int64_t due_ms);

/* What the other side answered. True: it is settled (SETTLING): write it down, then endpoint_settled. */
bool endpoint_answered(struct endpoint *endpoint, struct waiting *waiting, const struct http_answer *answer, int64_t now_ms);
/* Its end is in the log: it leaves the window, and is freed. */
void endpoint_settled(struct endpoint *endpoint, struct waiting *waiting);

/* Wishes of operators. Redrive: what is named is wanted again. False if memory is out. */
void endpoint_pause(struct endpoint *endpoint, Medhub__Webhook__V1__PauseReason reason, const char *text, int64_t now_ms);
void endpoint_resume(struct endpoint *endpoint, int64_t now_ms);
bool endpoint_redrive(struct endpoint *endpoint, int32_t partition, int64_t offset);

/* When the oldest that is open was decided; 0: nothing is open. */
int64_t endpoint_oldest_ms(const struct endpoint *endpoint);

#endif

/* wire.h: what the gateway is asked and what its answers mean: the only file that knows its addresses and
 * JSON (connectors/gateway/routes.c). Pure, any thread. */
#ifndef CLIENT_WIRE_H
#define CLIENT_WIRE_H

#include "client/courier.h"

struct json_t; /* jansson */

#define WIRE_FEED_CATALOGUE  "catalogue"
#define WIRE_FEEDS_TARGET    "/v1/feeds"
#define WIRE_SNAPSHOT_TARGET "/v1/catalogue/snapshot"

/* Targets; the caller frees. NULL when out of memory. WAIT_SECONDS 0: not asked to wait. */
char *wire_submit_target(int64_t wait_seconds);
char *wire_receipt_target(const char *source, const char *id);
char *wire_feed_target(const char *feed, const char *cursor, int64_t limit, int64_t wait_seconds);
char *wire_catch_up_target(const char *cursor);

/* What an answer asks the sender to do. */
enum wire_verdict {
    WIRE_SETTLED,  /* decided: OUTCOME */
    WIRE_TAKEN,    /* acknowledged, not decided yet */
    WIRE_LATER,    /* this event again, later */
    WIRE_PAUSE,    /* the gateway is away or busy: everything later */
    WIRE_DENIED,   /* key, certificate or right: everything later */
    WIRE_PROTOCOL, /* not the gateway that we know: everything later */
};
/* Of POST /v1/events. */
enum wire_verdict wire_submitted(const struct courier_answer *answer, enum medhub_outcome *outcome);
/* Of GET /v1/receipts; WIRE_LATER: not decided yet. */
enum wire_verdict wire_receipt(const struct courier_answer *answer, enum medhub_outcome *outcome);
/* Of everything else that is not a 2xx. */
enum wire_verdict wire_refused(const struct courier_answer *answer);

/* The problem behind a verdict, from the problem details or the transport. Returns its status. */
enum medhub_status wire_problem(const struct courier_answer *answer, struct medhub_error *error);

/* A page of a feed; the events are lent by *ROOT, which json_decref() frees. False: not a page. */
struct wire_page {
    struct json_t *root;
    struct json_t *events; /* array of CloudEvents */
    const char *next;      /* cursor */
    bool at_end;
};
bool wire_page(const struct courier_answer *answer, struct wire_page *page);

/* True if ANSWER, of the catch-up's target, says that a snapshot is smaller than the changes. */
bool wire_snapshot_is_smaller(const struct courier_answer *answer);

#endif

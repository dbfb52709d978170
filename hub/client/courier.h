/* courier.h: requests to the gateway, signed, several at a time, driven by the caller: the only file that
 * knows libcurl.
 *
 * One thread at a time: the one that works. courier_wake() alone may come from any. */
#ifndef CLIENT_COURIER_H
#define CLIENT_COURIER_H

#include "client/settings.h"

#include "base/bytes.h"
#include "base/clock.h"

struct courier;

/* SETTINGS must outlive it. INVALID: the key cannot be used. */
enum medhub_status courier_open(const struct client_settings *settings, struct clock clock,
                                struct courier **courier, struct medhub_error *error);
void courier_close(struct courier *courier); /* breaks off what is under way without calling done */

struct courier_answer {
    int status;             /* 0: none, PROBLEM says why */
    struct bytes body;      /* NUL-terminated; empty if it went to a sink */
    int64_t retry_after_ms; /* negative: not said */
    const char *problem;    /* what went wrong on the way, ""; English */
};

struct courier_request {
    const char *method;          /* "GET", "POST" */
    const char *target;          /* path and query, percent-encoded */
    struct bytes body;           /* copied */
    const char *content_type;    /* of the body */
    const char *accept_encoding; /* NULL: none asked for; "" whatever can be unpacked */
    int64_t timeout_ms;
    /* Takes the body of a 200 as it comes, unpacked, instead of the answer; false breaks the request off. May
     * be NULL. */
    bool (*sink)(void *context, struct bytes piece);
    void (*done)(void *context, const struct courier_answer *answer); /* once, from courier_perform */
    void *context;
};

/* Copies what it needs. The request begins with the next courier_perform. */
enum medhub_status courier_start(struct courier *courier, const struct courier_request *request,
                                 struct medhub_error *error);
/* Does what can be done now and calls done for what has ended. Returns how many have ended. */
size_t courier_perform(struct courier *courier);
/* Waits for something to do, at most TIMEOUT_MS. */
void courier_wait(struct courier *courier, int timeout_ms);
void courier_wake(struct courier *courier);

#endif

/* http.h: many POST requests at a time on one thread; with url.h the only place that knows libcurl.
 *
 * One thread owns a struct http. Nothing here blocks except http_run, for as long as it is told; names are resolved on
 * libcurl's own threads. TLS is verified always, no proxy is used, no cookie kept, no redirect followed but to the same
 * scheme, host and port (307 and 308, at most redirects_max). The address of each connection is judged by address.h before
 * it is made, and again before a request goes over one that was made for another request. */
#ifndef CORE_HTTP_H
#define CORE_HTTP_H

#include "base/clock.h"
#include "base/fault.h"
#include "core/http_answer.h"

struct http;

struct http_settings {
    size_t requests_max;    /* at a time */
    int connect_timeout_ms; /* name, TCP and TLS together */
    int total_timeout_ms;   /* of one request, redirects not included */
    size_t body_bytes_max;  /* of an answer: more is not read, its status counts all the same */
    int dns_seconds;        /* how long a name's addresses are remembered */
    int connection_seconds; /* a connection older than that is not used again, so that a moved name is noticed */
    int redirects_max;
    int64_t retry_after_ms_max;
    const char *ca_file; /* NULL or "": the system's authorities */
};

struct http_header {
    const char *name;
    struct bytes value;
};

enum { HTTP_HEADERS_MAX = 24, HTTP_HEADER_BYTES_MAX = 8192 };

/* Called inside http_run, once for each request that was started. The answer is lent. */
typedef void http_answered(void *self, void *context, const struct http_answer *answer);

struct http_request { /* all of it lent until the call returns, but BODY until the answer */
    const char *url; /* that url_check has accepted */
    const struct http_header *headers;
    size_t header_count;
    struct bytes body;
    const char *certificate; /* PEM file with client certificate and key, or NULL */
    bool private_allowed;
    http_answered *answered;
    void *self, *context;
};

enum status http_open(const struct http_settings *settings, struct clock clock, struct http **http,
                      struct fault *fault) MUST_CHECK;
/* Cuts what is on its way without telling. NULL is fine. */
void http_close(struct http *http);

/* RETRY: requests_max are on their way. REJECT "http.header": a header does not fit or holds a control character. Then
 * ANSWERED is not called. */
enum status http_start(struct http *http, const struct http_request *request, struct fault *fault) MUST_CHECK;
size_t http_pending(const struct http *http);

/* Works on what is there; if there is nothing, waits up to TIMEOUT_MS for it or for the wake descriptor. */
void http_run(struct http *http, int timeout_ms);
/* An eventfd that others write to (eight bytes) to end a wait, from any thread. */
int http_wake_descriptor(const struct http *http);

#endif

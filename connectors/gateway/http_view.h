/* http_view.h: a request as it came, without the HTTP library: what authentication, parsing and tests see. All texts are
 * lent for as long as the request lives. Outside bytes: nothing of it has been checked. */
#ifndef GATEWAY_HTTP_VIEW_H
#define GATEWAY_HTTP_VIEW_H

#include "signature/http_header.h"

struct http_view {
    const char *method;    /* "POST" */
    const char *scheme;    /* "https" or "http" */
    const char *target;    /* path and query as they came, percent-encoded: "/v1/events?wait=5" */
    const struct http_header *headers; /* in the order of the request; a name may come several times */
    size_t header_count;
    struct bytes body;     /* whole; BYTES_NONE before it was read */
    const char *certificate_subject; /* RFC 4514 text of the verified client certificate, or NULL */
};

/* The first header of that name, BYTES_NONE if there is none; *REPEATED (may be NULL) tells of others. */
struct bytes http_view_header(const struct http_view *request, const char *name, bool *repeated);

#endif

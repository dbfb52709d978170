/* framing.h: whether a request's header says one thing only: where the request ends, whom it is for, what its fields are
 * (RFC 9112 sections 3.2, 5.1, 6.1, 6.3). libmicrohttpd takes what is doubtful; a proxy before us that reads it another way could
 * be made to take one request for two. Pure. */
#ifndef GATEWAY_FRAMING_H
#define GATEWAY_FRAMING_H

#include "gateway/http_view.h"

struct framing_flaw {
    const char *code; /* of problem.c: "request.framing", "request.host", "request.header" */
    const char *why;
};

/* VERSION: "HTTP/1.1". False: the request is refused with 400 for *FLAW, and its connection closed. */
bool framing_is_sound(const struct http_view *view, const char *version, struct framing_flaw *flaw);

#endif

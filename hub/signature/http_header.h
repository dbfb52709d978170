/* http_header.h: one header field of a request, lent. */
#ifndef SIGNATURE_HTTP_HEADER_H
#define SIGNATURE_HTTP_HEADER_H

#include "base/bytes.h"

struct http_header {
    const char *name;   /* as it came; compared without case */
    struct bytes value; /* without white space around it */
};

#endif

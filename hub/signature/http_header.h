/* http_header.h: one header field of a request, lent. */
#ifndef SIGNATURE_HTTP_HEADER_H
#define SIGNATURE_HTTP_HEADER_H

#include "base/bytes.h"

#include <strings.h>

struct http_header {
    const char *name;   /* as it came; compared without case */
    struct bytes value; /* without white space around it */
};

/* Without case. Asked for every header of every request, so most are told apart by their first letters. */
static inline bool http_header_is(const struct http_header *header, struct bytes name)
{
    return name.length > 0 && ((uint8_t)header->name[0] | 0x20) == (name.data[0] | 0x20) &&
           strncasecmp(header->name, (const char *)name.data, name.length) == 0 && header->name[name.length] == '\0';
}

#endif

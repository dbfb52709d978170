/* url.h: addresses of endpoints as text: which may be called, which are of one house. Any thread. */
#ifndef CORE_URL_H
#define CORE_URL_H

#include "base/fault.h"

#include <stdbool.h>

/* http or https (http only if private addresses are allowed), a host, no user, no fragment. REJECT "http.url". */
enum status url_check(const char *url, bool private_allowed, struct fault *fault) MUST_CHECK;
/* True if scheme, host and port are the same. */
bool url_same_origin(const char *a, const char *b);

#endif

/* address.h: which addresses a connector may talk to, so that nobody's URL makes the hub ask its own network (SSRF).
 *
 * The address that a name resolved to is judged, at each connection, never the name. IPv4 inside IPv6 (mapped, compatible,
 * NAT64, 6to4) is judged as the IPv4 address that it is. Ranges: IANA's special-purpose registries (RFC 6890 and later). */
#ifndef CORE_ADDRESS_H
#define CORE_ADDRESS_H

#include "base/fault.h"

#include <stdbool.h>

struct sockaddr;

enum address_kind {
    ADDRESS_PUBLIC,
    ADDRESS_PRIVATE,   /* loopback, RFC 1918, CGNAT, unique local: only where the registry says so */
    ADDRESS_FORBIDDEN, /* never: link-local, cloud metadata, multicast, reserved, unspecified */
};

/* *NAME, if given, is what the range is called, a constant: "loopback". A family other than IP is forbidden. */
enum address_kind address_kind(const struct sockaddr *address, const char **name);
/* The same for text such as "::ffff:10.0.0.1". What is no IP address is forbidden. */
enum address_kind address_kind_of_text(const char *text, const char **name);

struct address_policy {
    bool private_allowed;
    bool plain; /* http: only to private addresses */
};
/* OK, or REJECT "address.private", "address.forbidden", "address.plain_http"; the text names the range. */
enum status address_check(enum address_kind kind, const char *name, const struct address_policy *policy,
                          struct fault *fault) MUST_CHECK;

#endif

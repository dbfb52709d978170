/* certificate.h: what the registry has of a client certificate: its subject. */
#ifndef SIGNATURE_CERTIFICATE_H
#define SIGNATURE_CERTIFICATE_H

#include "base/arena.h"
#include "base/fault.h"

/* The subject of the first certificate in PEM text as RFC 4514 writes it ("CN=H1,O=First Hospital,C=CN", UTF-8 as it is), in
 * ARENA. REJECT "certificate.malformed". */
enum status certificate_subject(struct bytes pem, struct arena *arena, const char **subject,
                                struct fault *fault) MUST_CHECK;

#endif

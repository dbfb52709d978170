/* authenticate.h: who calls. By mutual TLS (the certificate's subject is in the registry) or by a signed request: RFC 9421
 * HTTP Message Signatures over RFC 9530 Content-Digest, with ed25519, hmac-sha256 and, as extension, sm2-sm3 (GB/T 32918 with
 * SM3; algorithm name "sm2-sm3"). Keys come from the registry table as of now: several may be valid at a time, which is how
 * they are rotated.
 *
 * A signed request must cover "@method", "@target-uri" (or "@authority", "@path" and "@query"), and "content-digest" when
 * there is a body; parameters created, keyid ("ORGANISATION/KEY") and nonce are required, alg if given must be the key's,
 * expires if given holds. created must lie within gateway.signature_window_seconds of now; a (keyid, nonce) seen within the
 * window is refused, also when two threads see it at once. */
#ifndef GATEWAY_AUTHENTICATE_H
#define GATEWAY_AUTHENTICATE_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "gateway/http_view.h"
#include "state/tables.h"

struct caller {
    const char *organisation;      /* registry id */
    const char *const *recipients; /* itself and its feeds ROLE@REGION: each of its kind and roles in each of its regions and
                                      what lies above them (city, province, nation) */
    size_t recipient_count;
    const char *region;
};

struct authenticator_settings {
    const char *secrets_directory; /* HMAC secrets: ORGANISATION/KEY, base64 or raw text in one line */
    int64_t window_ms;
    size_t nonces_max;             /* remembered at most; more within the window are refused with RETRY */
};

struct authenticator;

enum status authenticator_open(const struct authenticator_settings *settings, struct clock clock,
                               struct authenticator **authenticator, struct fault *fault) MUST_CHECK;
void authenticator_close(struct authenticator *authenticator);

/* Any thread; REGISTRY is the calling thread's own reader, renewed. The caller lies in ARENA. REJECT (401):
 * "authentication.missing", "authentication.unknown" (organisation or key), "authentication.state" (403: the organisation is
 * suspended or ended), "authentication.key_expired", "signature.syntax", "signature.coverage", "signature.digest",
 * "signature.created", "signature.expired", "signature.replayed", "signature.algorithm", "signature.wrong". RETRY (503): too
 * many nonces. The fault never tells a secret, nor whether an organisation exists that the caller is not. */
enum status authenticate(struct authenticator *authenticator, const struct http_view *request,
                         struct tables_reader *registry, struct arena *arena, struct caller *caller,
                         struct fault *fault) MUST_CHECK;

#endif

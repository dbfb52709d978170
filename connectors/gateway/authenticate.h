/* authenticate.h: who calls. By mutual TLS (the certificate's subject is in the registry) or by a signed request: RFC 9421
 * HTTP Message Signatures over RFC 9530 Content-Digest, with ed25519, hmac-sha256 and, as extension, sm2-sm3 (GB/T 32918 with
 * SM3; signature/signing_key.h). Keys come from the registry table as of now: several may be valid at a time, which is how
 * they are rotated. A signature decides where both are there.
 *
 * A signed request must cover "@method"; "@target-uri", or "@authority", "@path" and "@query"; "content-digest" when there is
 * a body; and of the headers content-type, content-encoding and ce-... those that it has. Parameters created, keyid
 * ("ORGANISATION/KEY") and nonce are required; alg if given must be the key's; expires if given holds. created must lie
 * within gateway.signature_window_seconds of now, either side; a (keyid, nonce) that was taken is refused for as long as its
 * created would be accepted, also when two threads see it at once. */
#ifndef GATEWAY_AUTHENTICATE_H
#define GATEWAY_AUTHENTICATE_H

#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "gateway/http_view.h"
#include "state/tables.h"

struct caller {
    const char *organisation;      /* registry id */
    const char *const *recipients; /* itself and, if it takes part today, its feeds ROLE@REGION (domain/feed.h) */
    size_t recipient_count;
    const char *region;
};

struct authenticator_settings {
    const char *secrets_directory; /* HMAC secrets: files ORGANISATION/KEY, base64 in one line as `medhub ctl key new` writes
                                      them; a changed file counts at once (keyring.h). NULL or "": no HMAC */
    int64_t window_ms;
    size_t nonces_max;             /* remembered at most; more are refused with RETRY */
    const char *nonces_directory;  /* where they outlive a restart; NULL: they do not. One gateway, one folder: what another
                                      gateway has taken is not known here */
};

struct authenticator;

/* What it is given must outlive it. FATAL: no memory, or the folder of nonces cannot be used. */
enum status authenticator_open(const struct authenticator_settings *settings, struct clock clock,
                               struct authenticator **authenticator, struct fault *fault) MUST_CHECK;
void authenticator_close(struct authenticator *authenticator); /* NULL is fine */

/* Any thread; REGISTRY is the calling thread's own reader, renewed. The caller lies in ARENA.
 *
 * REJECT, to be answered with 401 but for the state:
 *     authentication.missing        neither a signature nor a client certificate
 *     authentication.unknown        the certificate's subject is no organisation's key
 *     authentication.key_expired    the key is right, its time is over or has not begun
 *     authentication.state          (403) the organisation is suspended or ended, or not registered any more
 *     signature.syntax              the headers are not what RFC 9421 wants
 *     signature.parameters          created, keyid or nonce is not there, or too long
 *     signature.coverage            something that must be covered is not, or something covered is not there
 *     signature.digest              Content-Digest is not the body's
 *     signature.created             outside of the window
 *     signature.expired
 *     signature.algorithm           alg names none of ours
 *     signature.wrong               no key of that keyid verifies it. Says no more, so that nobody learns whether an
 *                                   organisation or a key exists that he is not
 *     signature.replayed
 * RETRY (503): nonces.full, authentication.unavailable. The faults' texts are for the caller; they hold no secret. */
enum status authenticate(struct authenticator *authenticator, const struct http_view *request,
                         struct tables_reader *registry, struct arena *arena, struct caller *caller,
                         struct fault *fault) MUST_CHECK;

#endif

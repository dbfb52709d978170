/* http_signature.h: HTTP Message Signatures (RFC 9421) of requests: both sides.
 *
 * Components that can be covered: @method, @target-uri, @authority, @scheme, @request-target, @path, @query,
 * @query-param;name="...", and header fields by their lower-case names. A field that comes several times is one value joined
 * with ", ". The parameters ;sf ;key ;bs ;tr ;req of components are refused by name, and so are @status and everything unknown:
 * to guess would be to verify something else than what was signed.
 *
 * Nothing here knows who may call, nor the time: connectors/gateway/authenticate.h decides that. Pure, any thread. */
#ifndef SIGNATURE_HTTP_SIGNATURE_H
#define SIGNATURE_HTTP_SIGNATURE_H

#include "signature/http_header.h"
#include "signature/signing_key.h"
#include "signature/structured.h"

/* A request as far as it can be signed. Outside bytes. */
struct signed_request {
    const char *method;    /* "POST" */
    const char *scheme;    /* "https", "http" */
    const char *authority; /* "hub.example:8443", as in Host */
    const char *target;    /* path and query as in the request line */
    const struct http_header *headers;
    size_t header_count;
};

/* ---- checking ---- */

struct http_signature {
    const struct structured_member *input; /* the covered components and the parameters */
    struct bytes value;                    /* the signature */
    /* parameters, as said */
    bool has_created, has_expires, has_algorithm;
    int64_t created, expires; /* seconds since 1970 */
    struct bytes key_id, nonce, algorithm, tag; /* BYTES_NONE: not given */
};

/* Reads Signature-Input and Signature, which hold exactly one signature under the same label. *FOUND false: neither is there.
 * REJECT "signature.syntax". */
enum status http_signature_read(const struct signed_request *request, struct arena *arena,
                                struct http_signature *signature, bool *found, struct fault *fault) MUST_CHECK;
/* True if COMPONENT ("@method", "content-digest") without parameters is among the covered ones. */
bool http_signature_covers(const struct http_signature *signature, const char *component);
/* Appends the signature base. REJECT "signature.coverage": a covered component is not there, stands twice or cannot be had. */
enum status http_signature_base(const struct signed_request *request, const struct structured_member *input,
                                struct arena *arena, struct buffer *base, struct fault *fault) MUST_CHECK;

/* ---- making ---- */

struct signing_order {
    const char *label;             /* "medhub" */
    const char *const *components; /* names without parameters; headers must be in the request */
    size_t component_count;
    int64_t created;      /* seconds since 1970 */
    int64_t expires;      /* 0: not said */
    const char *key_id;   /* "ORGANISATION/KEY" */
    const char *nonce;    /* new for each request; NULL: not said */
};

/* Appends the values of the headers Signature-Input and Signature. REJECT: a component is not there, a text cannot travel. */
enum status http_signature_make(const struct signed_request *request, const struct signing_order *order,
                                const struct signing_key *key, struct arena *arena, struct buffer *input_value,
                                struct buffer *signature_value, struct fault *fault) MUST_CHECK;

/* ---- what medhub's gateway wants ---- */

/* True for the headers that say what the body is: content-type, content-encoding and the attributes ce-... of CloudEvents in
 * binary mode. Who sends one must cover it, or it could be changed on the way. */
bool signed_header_is_needed(const char *name);

/* All in one step: the three headers to send beside those of REQUEST (which holds none of the three). Covers @method,
 * @target-uri, content-digest if there is a BODY, and the needed headers of REQUEST. The nonce is drawn here (128 random
 * bits); the digest is sm3 for an SM2 key, else sha-256. Values lie in ARENA. */
struct signed_headers {
    const char *content_digest; /* NULL: no body */
    const char *signature_input;
    const char *signature;
};
enum status sign_request(const struct signed_request *request, struct bytes body, const char *key_id,
                         const struct signing_key *key, int64_t now_ms, struct arena *arena,
                         struct signed_headers *headers, struct fault *fault) MUST_CHECK;

/* A URL in its parts; texts lie in ARENA. REJECT "url.malformed": not http or https, no host, user info, fragment. */
enum status signed_request_of_url(const char *method, const char *url, struct arena *arena,
                                  struct signed_request *request, struct fault *fault) MUST_CHECK;

#endif

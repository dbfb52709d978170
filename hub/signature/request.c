/* request.c: signing a request as medhub's gateway wants it. */
#include "base/text.h"
#include "signature/digest.h"
#include "signature/http_signature.h"

#include <ctype.h>
#include <openssl/rand.h>
#include <strings.h>

enum { NONCE_BYTES = 16, HEADER_BYTES_MAX = 8192 };

/* ---- what is covered ---- */

static bool holds(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static char *lower_case(struct arena *arena, const char *name)
{
    char *lower = arena_text(arena, bytes_of(name));

    for (char *c = lower; c != NULL && *c != '\0'; c++)
        *c = (char)tolower((unsigned char)*c);
    return lower;
}

/* NAMES has room for all headers and three more. */
static bool choose_components(const struct signed_request *request, bool has_body, struct arena *arena,
                              const char **names, size_t *count)
{
    *count = 0;
    names[(*count)++] = "@method";
    names[(*count)++] = "@target-uri";
    if (has_body)
        names[(*count)++] = "content-digest";
    for (size_t i = 0; i < request->header_count; i++) {
        if (!signed_header_is_needed(request->headers[i].name))
            continue;
        const char *name = lower_case(arena, request->headers[i].name);
        if (name == NULL)
            return false;
        if (!holds(names, *count, name))
            names[(*count)++] = name;
    }
    return true;
}

/* ---- headers ---- */

static const char *draw_nonce(struct arena *arena)
{
    uint8_t random[NONCE_BYTES];

    return RAND_bytes(random, sizeof random) == 1 ? text_hex(arena, bytes_from(random, sizeof random)) : NULL;
}

static const char *digest_value(const struct signing_key *key, struct bytes body, struct arena *arena)
{
    struct buffer value;

    buffer_init(&value, HEADER_BYTES_MAX);
    content_digest_write(signing_key_algorithm(key) == SIGNING_SM2_SM3 ? DIGEST_SM3 : DIGEST_SHA_256, body, &value);
    const char *kept = buffer_ok(&value) ? arena_text(arena, buffer_bytes(&value)) : NULL;
    buffer_done(&value);
    return kept;
}

static enum status make(const struct signed_request *request, const struct signing_order *order,
                        const struct signing_key *key, struct arena *arena, struct signed_headers *headers,
                        struct fault *fault)
{
    struct buffer input, signature;

    buffer_init(&input, HEADER_BYTES_MAX);
    buffer_init(&signature, HEADER_BYTES_MAX);
    enum status status = http_signature_make(request, order, key, arena, &input, &signature, fault);
    if (status == STATUS_OK) {
        headers->signature_input = arena_text(arena, buffer_bytes(&input));
        headers->signature = arena_text(arena, buffer_bytes(&signature));
        if (headers->signature_input == NULL || headers->signature == NULL)
            status = fault_fatal(fault, "memory.out", "no memory for the headers of a signature");
    }
    buffer_done(&input);
    buffer_done(&signature);
    return status;
}

enum status sign_request(const struct signed_request *request, struct bytes body, const char *key_id,
                         const struct signing_key *key, int64_t now_ms, struct arena *arena,
                         struct signed_headers *headers, struct fault *fault)
{
    size_t room = request->header_count + 3;
    struct http_header *all = arena_take(arena, room * sizeof *all);
    const char **names = arena_take(arena, room * sizeof *names);
    const char *nonce = draw_nonce(arena);
    struct signed_request complete = *request;
    struct signing_order order = {.label = "medhub", .created = now_ms / 1000, .key_id = key_id, .nonce = nonce};

    *headers = (struct signed_headers){.content_digest = body.length == 0 ? NULL : digest_value(key, body, arena)};
    if (all == NULL || names == NULL || nonce == NULL || (body.length > 0 && headers->content_digest == NULL) ||
        !choose_components(request, body.length > 0, arena, names, &order.component_count))
        return fault_fatal(fault, "memory.out", "no memory or no randomness to sign a request");
    if (request->header_count > 0)
        memcpy(all, request->headers, request->header_count * sizeof *all);
    if (body.length > 0)
        all[complete.header_count++] = (struct http_header){"content-digest", bytes_of(headers->content_digest)};
    complete.headers = all;
    order.components = names;
    return make(&complete, &order, key, arena, headers, fault);
}

/* ---- addresses ---- */

enum status signed_request_of_url(const char *method, const char *url, struct arena *arena,
                                  struct signed_request *request, struct fault *fault)
{
    bool is_https = strncasecmp(url, "https://", 8) == 0;

    *request = (struct signed_request){.method = method, .scheme = is_https ? "https" : "http"};
    if (!is_https && strncasecmp(url, "http://", 7) != 0)
        return fault_reject(fault, "url.malformed", "an address begins with https:// or http://");
    const char *host = url + (is_https ? 8 : 7);
    size_t length = strcspn(host, "/?#");
    const char *rest = host + length;
    if (length == 0 || memchr(host, '@', length) != NULL || strchr(rest, '#') != NULL)
        return fault_reject(fault, "url.malformed", "an address needs a host, and no user or fragment");
    request->authority = arena_text(arena, bytes_from(host, length));
    request->target = arena_format(arena, "%s%s", *rest == '/' ? "" : "/", rest);
    return request->authority == NULL || request->target == NULL
               ? fault_fatal(fault, "memory.out", "no memory for an address")
               : STATUS_OK;
}

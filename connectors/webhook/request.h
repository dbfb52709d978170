/* request.h: a delivery, or a challenge, as an HTTP request: a CloudEvent in binary mode (CloudEvents 1.0, HTTP binding),
 * signed as Standard Webhooks say, with an Idempotency-Key that is the same for each try. */
#ifndef WEBHOOK_REQUEST_H
#define WEBHOOK_REQUEST_H

#include "core/http.h"
#include "webhook/target.h"

/* Everything that a struct http_request lends, until the next one is made in it. */
enum { FACT_ID_BYTES = 320 };
struct request_texts {
    struct http_header headers[HTTP_HEADERS_MAX];
    size_t count;
    char id[DELIVERY_ID_BYTES], timestamp[24], time[32], signature[SIGNATURE_BYTES_MAX], fact_id[FACT_ID_BYTES], version[24];
    char encoded[4096]; /* attribute values that are not plain ASCII */
    size_t encoded_used;
};

/* SCRATCH is used and reset. REJECT: it cannot be signed. */
enum status request_of_delivery(struct target *target, struct delivery *delivery, int64_t now_ms, struct arena *scratch,
                                struct request_texts *texts, struct http_request *request, struct fault *fault) MUST_CHECK;
/* Sends target->challenge, which must have been made. */
enum status request_of_challenge(struct target *target, int64_t now_ms, struct request_texts *texts,
                                 struct http_request *request, struct fault *fault) MUST_CHECK;

/* The value of a ce- header: what is not printable ASCII, and space, quote and percent, is percent-encoded (CloudEvents HTTP
 * binding 3.1.3.2). Lends VALUE itself, or bytes in TEXTS; BYTES_NONE if there is no room. */
struct bytes request_encode(struct request_texts *texts, const char *value);

#endif

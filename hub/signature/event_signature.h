/* event_signature.h: who says an event that lies on Kafka. The header ce_signature holds
 *
 *     SIGNER/KEY:BASE64       HB0001/key-1:MEUCIQ...==
 *
 * the organisation that signs, the id of its key and the signature (signing_key.h), over these texts, each with its length
 * before it as four bytes, the most significant first; what an event lacks has length 0:
 *
 *     "medhub-event-1"  ce_id  ce_source  ce_type  ce_time  ce_conformance  key  value
 *
 * It says nothing of the topic: the type names that. A record that is copied is answered as the first time (flow/dedupe). */
#ifndef SIGNATURE_EVENT_SIGNATURE_H
#define SIGNATURE_EVENT_SIGNATURE_H

#include "signature/signing_key.h"

#define EVENT_SIGNATURE_HEADER "ce_signature"
enum { EVENT_SIGNATURE_TEXT_BYTES = 256 }; /* SIGNER/KEY:BASE64 with its NUL */

struct signed_event {
    struct bytes id, source, type, time, conformance; /* attributes, as sent */
    struct bytes key, value;
};

struct event_signature {
    struct bytes signer, key_id; /* lent by the text */
    uint8_t bytes[SIGNATURE_BYTES_MAX];
    size_t length;
};

/* The header's text, NUL-terminated. FATAL: KEY is only public, the ids are too long together, or there is no memory. */
enum status event_signature_make(const struct signed_event *event, const char *signer, const char *key_id,
                                 const struct signing_key *key, char text[EVENT_SIGNATURE_TEXT_BYTES],
                                 struct fault *fault) MUST_CHECK;

/* False if TEXT is not of that form: ids of letters, digits and . _ -, and the whole base64 of at most 64 bytes. */
bool event_signature_parse(struct bytes text, struct event_signature *signature);
/* False also when there is no memory to lay the signed bytes out. */
bool event_signature_is_by(const struct event_signature *signature, const struct signed_event *event,
                           const struct signing_key *key);

#endif

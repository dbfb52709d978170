/* signatures.h: who may be believed to have written an event into an inbox topic (design.md section 5).
 *
 *     signed by its source     with a key of its own that the registry has valid now
 *     vouched for              by the hub's operator, with the secret that the gateway, `medhub ctl` and the hub share
 *                              (signature.voucher_file): for sources that they have authenticated, and for follow-ups
 *     unsigned                 as signature.unsigned says: taken (Kafka's ACLs guard the inboxes), or refused
 *
 * A signature that does not hold is refused in any case. Made at the start, constant afterwards: any thread. */
#ifndef FLOW_SIGNATURES_H
#define FLOW_SIGNATURES_H

#include "event/event.h"
#include "flow/settings.h"
#include "kafka/record.h"

#include "medhub/registry/v1/registry.pb-c.h"

#define VOUCHER_KEY "voucher" /* the key id of the operator's signatures */

struct signatures;

/* Reads the secrets. FATAL "signature.voucher": a file is not readable or holds no secret, or unsigned events are refused and
 * there is no voucher for the hub's own follow-ups. SETTINGS must outlive it. */
enum status signatures_open(const struct settings *settings, struct signatures **signatures, struct fault *fault) MUST_CHECK;
void signatures_close(struct signatures *signatures); /* NULL is fine; the secrets are wiped */

/* Adds to HEADERS, those of a CloudEvent in binary mode, the operator's signature in the place of any other. Nothing without a
 * voucher (or SIGNATURES). FATAL: no memory. */
enum status signatures_vouch(const struct signatures *signatures, struct headers *headers, struct bytes key,
                             struct bytes value, struct fault *fault) MUST_CHECK;

/* True if signatures_check wants the source's row: the signature claims to be the source's own. */
bool signatures_want_row(const struct signatures *signatures, const struct event *event);
/* Of EVENT as it was received; SOURCE is its source's row in the registry at that moment, or NULL. NULL: it may be believed; else
 * the code of the refusal, and *FOUND says what was found, both constant:
 *     source.unsigned     there is no signature and one is asked for
 *     source.signature    it is malformed, by somebody else, by a key that is unknown or not valid now, or does not hold */
const char *signatures_check(const struct signatures *signatures, const struct event *event,
                             const Medhub__Registry__V1__Organisation *source, int64_t now_ms, const char **found) MUST_CHECK;

#endif

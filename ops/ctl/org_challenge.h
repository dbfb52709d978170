/* org_challenge.h: for ctl org test: a candidate's address for webhooks is called as the webhook connector would call it
 * (connectors/webhook/challenge.h). */
#ifndef CTL_ORG_CHALLENGE_H
#define CTL_ORG_CHALLENGE_H

#include "ops/ctl/session.h"

#include "domain/messages.h"

#include <jansson.h>

/* Puts a challenge to each address of ORGANISATION that is not paused, signed with the secret of
 * webhook.secrets_directory, or FORGED: with one that nobody knows. The answer, as candidates give it: a new object with
 * "outcome": "met": all repeated it (FORGED: one of them did), or "rejected". NULL: why stands in FAULT. REJECT
 * "challenge.not_met" names an address, by its id, that did not repeat a right challenge. */
json_t *challenge_ask(const struct session *session, const Organisation *organisation, bool forged,
                      struct arena *arena, struct fault *fault);
/* True if it has such an address. */
bool challenge_has_address(const Organisation *organisation);

#endif

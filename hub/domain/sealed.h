/* sealed.h: what a decision can see of a sealed value without being able to open it. */
#ifndef DOMAIN_SEALED_H
#define DOMAIN_SEALED_H

#include "domain/messages.h"
#include "domain/rule.h"

/* What keeps SAID from being a value sealed by a suite of ours: "suite", "wraps", ...; "clear_text": what should be
 * ciphertext is readable; NULL: nothing. A constant. "memory": ARENA is full. */
const char *sealed_wrong(const SealedValue *said, struct arena *arena);

/* A rule: IDENTITY (NULL: none travels with the event) is a sealed value. The rule's parameter is the switch, asked for REGION on
 * DAY. What stands there in clear is never repeated in the finding. */
void sealed_identity_holds(struct rule_context *context, const SealedValue *identity, const char *region, date_t day);

#endif

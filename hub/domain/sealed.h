/* sealed.h: what a decision can see of a sealed value without being able to open it. */
#ifndef DOMAIN_SEALED_H
#define DOMAIN_SEALED_H

#include "domain/messages.h"

#include "base/arena.h"

/* What keeps SAID from being a value sealed by a suite of ours: "suite", "wraps", ...; "clear_text": what should be
 * ciphertext is readable; NULL: nothing. A constant. "memory": ARENA is full. */
const char *sealed_wrong(const SealedValue *said, struct arena *arena);

#endif

/* identifier.h: EPC URNs and GS1 Digital Link URIs in the one form that event hashes want. */
#ifndef EPCIS_IDENTIFIER_H
#define EPCIS_IDENTIFIER_H

#include "base/arena.h"

/* The constrained canonical GS1 Digital Link URI [CBV 2.0, 8.9.2]: of an EPC URI, class or pattern URI, or of
 * a Digital Link with any domain: https://id.gs1.org/, the key, its finest qualifier, nothing else. TEXT
 * itself, if it is none of these. NULL when the arena is full. */
const char *identifier_canonical(struct arena *arena, const char *text);

#endif

/* event_hash.h: the hash ID of EPCIS events [CBV 2.0, 8.9.2]: two documents that say the same of an event
 * give it the same ID, whatever the order of their members, their time zones and the spelling of their
 * identifiers. */
#ifndef EPCIS_EVENT_HASH_H
#define EPCIS_EVENT_HASH_H

#include "base/arena.h"
#include "base/fault.h"

struct json_t; /* jansson */

enum { EVENT_HASH_URI_BYTES = 96 };

/* Called for each event in the order of the document. PREHASH is the text that is hashed; it ends with the
 * call. False ends the walk. */
typedef bool event_hash_each(void *self, const char *prehash);

/* Walks over the events of an EPCIS document or query document in JSON-LD, or over one bare event. Memory
 * comes from ARENA and is given back for each event. STATUS_REJECT with code epcis.document if it holds no
 * events, epcis.event if one is not an object or too large. */
MUST_CHECK enum status event_hash_walk(const struct json_t *document, struct arena *arena,
                                       event_hash_each *each, void *self, struct fault *fault);

/* "ni:///sha-256;HEX?ver=CBV2.0". Returns URI. */
const char *event_hash_uri(const char *prehash, char uri[EVENT_HASH_URI_BYTES]);

#endif

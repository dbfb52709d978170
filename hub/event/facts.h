/* facts.h: what schemas/generate_facts.py writes and schema.c searches. */
#ifndef EVENT_FACTS_H
#define EVENT_FACTS_H

#include "event/schema.h"

extern const struct message_facts *const facts_messages[]; /* in order of name */
extern const size_t facts_message_count;
extern const struct message_facts *const facts_events[]; /* in order of type */
extern const size_t facts_event_count;

/* By a hash of their names, as schema_of() looks them up; the generator has the same numbers. */
enum { FACTS_SLOT_BITS = 10, FACTS_PACKAGE_AT = 7 /* behind "medhub." */, FACTS_NAME_BYTES_MIN = 15 };
#define FACTS_FACTOR_PACKAGE UINT64_C(0x9E3779B97F4A7C15)
#define FACTS_FACTOR         UINT64_C(0xC2B2AE3D27D4EB4F)
extern const struct message_facts *const facts_slots[(size_t)1 << FACTS_SLOT_BITS];

#endif

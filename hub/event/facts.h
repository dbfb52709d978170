/* facts.h: what schemas/generate_facts.py writes and schema.c searches. */
#ifndef EVENT_FACTS_H
#define EVENT_FACTS_H

#include "event/schema.h"

extern const struct message_facts *const facts_messages[]; /* in order of name */
extern const size_t facts_message_count;
extern const struct message_facts *const facts_events[]; /* in order of type */
extern const size_t facts_event_count;

#endif

/* vocabulary.h: bare words such as "shipping" as the URIs of the Core Business Vocabulary. */
#ifndef EPCIS_VOCABULARY_H
#define EPCIS_VOCABULARY_H

#include "base/arena.h"

/* The URI of WORD as a value of PROPERTY within OWNER (a list or object; NULL: of the event itself); WORD
 * itself, if it is none of the vocabulary. NULL when the arena is full. */
const char *vocabulary_uri(struct arena *arena, const char *owner, const char *property, const char *word);

#endif

/* subject.h: who a client certificate belongs to: its subject (RFC 4514 text) looked up among the keys of the registry.
 *
 * Subjects are compared by what they mean: names of attributes without case, escapes undone, blanks after a comma ignored.
 * OpenSSL, GnuTLS and people write the same name differently.
 *
 * The registry is keyed by organisation, so this keeps an index from subject to organisation. It is only a hint: the caller
 * looks the organisation's row up and sees whether the key is there and valid. The index is made anew when the registry has
 * changed since, which takes at most a tenth of the time; until then an answer may be that of a moment before. Any thread;
 * REGISTRY is the calling thread's own reader. */
#ifndef GATEWAY_SUBJECT_H
#define GATEWAY_SUBJECT_H

#include "base/arena.h"
#include "base/date.h"
#include "state/tables.h"

/* The subject in the one form that is compared, in ARENA. NULL: it is no RFC 4514 name, or the arena is full. */
const char *subject_canonical(const char *subject, struct arena *arena);

struct subject_index;
struct subject_index *subject_index_new(void); /* NULL: no memory */
void subject_index_free(struct subject_index *index);

/* The organisation that has CANONICAL among its keys on TODAY, in ARENA. NULL: none, or more than one. */
const char *subject_index_find(struct subject_index *index, const char *canonical, struct tables_reader *registry,
                               date_t today, struct arena *arena);

#endif

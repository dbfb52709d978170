/* memory_view.h: the world of a decision in plain arrays, for tests. It can take in what a decision says, so
 * a test can let one event follow another. Versions are counted as the engine counts them. */
#ifndef SUPPORT_MEMORY_VIEW_H
#define SUPPORT_MEMORY_VIEW_H

#include "domain/decision.h"
#include "domain/view.h"

struct memory_view;

struct memory_view *memory_view_new(void);
void memory_view_free(struct memory_view *memory);

extern const struct view_operations memory_view_operations; /* self: the memory_view */
/* Rows of which key the operations read next. */
void memory_view_turn_to(struct memory_view *memory, const char *key);

void memory_put_state(struct memory_view *memory, const char *key, const char *name,
                      const ProtobufCMessage *message);
/* VALID_UNTIL "" = open. A row that begins on the same day is replaced. */
void memory_put_table(struct memory_view *memory, const char *table, const char *key, const char *region,
                      const char *valid_from, const char *valid_until, const ProtobufCMessage *message);
void memory_put_policy_int(struct memory_view *memory, const char *name, const char *region, int64_t value);
void memory_put_policy_date(struct memory_view *memory, const char *name, const char *region,
                            const char *date);

/* Takes in writes and table rows of a decision on KEY. */
void memory_apply(struct memory_view *memory, const char *key, const struct decision *decision);
/* Number of rows of TABLE with KEY in REGION that hold on DATE: never more than one if the domain is right.
 */
size_t memory_count_rows(const struct memory_view *memory, const char *table, const char *key,
                         const char *region, date_t date);

#endif

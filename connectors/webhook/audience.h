/* audience.h: who hears of a delivery: recipients (organisations and feeds) to the endpoints behind them, as the registry
 * says today. Rebuilt as a whole when a row of the registry changes, or the day. One thread. */
#ifndef WEBHOOK_AUDIENCE_H
#define WEBHOOK_AUDIENCE_H

#include "state/tables.h"
#include "webhook/target.h"

struct audience;

/* NULL if memory is out. */
struct audience *audience_new(void);
void audience_free(struct audience *audience); /* NULL is fine */

/* The target of an endpoint that the registry names: found or made by the owner; NULL: not served here. */
typedef struct target *audience_target(void *self, const Organisation *organisation,
                                       const Medhub__Registry__V1__Endpoint *endpoint);

/* True if the registry or the day changed since the last build; REGISTRY is renewed first. */
bool audience_is_stale(struct audience *audience, struct tables_reader *registry, int64_t now_ms);
/* Reads all organisations, and sets the recipients of each target. What earlier builds lent ends. FATAL: a row cannot be read, or memory is out. */
enum status audience_build(struct audience *audience, struct tables_reader *registry, int64_t now_ms, audience_target *target,
                           void *self, struct fault *fault) MUST_CHECK;

/* Targets have come or are about to go: it must be built before it is asked again. */
void audience_forget(struct audience *audience);
bool audience_is_built(const struct audience *audience);

/* The targets behind RECIPIENT; *COUNT may be 0. */
struct target *const *audience_find(const struct audience *audience, const char *recipient, size_t *count);

#endif

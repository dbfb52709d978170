/* router.h: who hears of a fact, and which of its fields. */
#ifndef FLOW_ROUTER_H
#define FLOW_ROUTER_H

#include "base/bytes.h"

#include <stddef.h>

struct flow;
struct event;

/* Adds to the outbox the deliveries that the decision names for fact INDEX, whose message bytes are BARE: one record
 * for each class of visibility, with all recipients that see the same. A sealed value goes to each recipient by itself, with that
 * recipient's own wraps; to a feed with those of the organisations that hear it. */
void route_deliveries(struct flow *flow, struct event *event, size_t index, struct bytes bare, uint64_t version);

#endif

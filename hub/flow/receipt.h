/* receipt.h: the answer to the one who submitted, and the memory of it. */
#ifndef FLOW_RECEIPT_H
#define FLOW_RECEIPT_H

#include "base/status.h"

#include <stdint.h>

struct flow;
struct event;

/* Adds the receipt of the event in hand to the outbox; VERSION of its first fact, 0 if it has none. A record without
 * readable source and id gets one too, under the key "unknown", so that the sum holds. */
void receipt_add(struct flow *flow, struct event *event, uint64_t version);

/* Remembers the outcome under (source, id) for the policy's window. After outbox_apply. */
enum status receipt_remember(struct flow *flow, struct event *event) MUST_CHECK;

#endif

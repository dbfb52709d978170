/* batch.h: one Kafka transaction: everything that the records in hand and the due timers lead to, or nothing. */
#ifndef FLOW_BATCH_H
#define FLOW_BATCH_H

#include "base/status.h"

struct flow;
struct fault;

/* Decides flow->records and what is due, and commits: first to Kafka, then to the stores. RETRY: the transaction must be
 * aborted and the batch done again. FATAL: the producer must be rebuilt as well. Records stay the caller's. */
enum status batch_run(struct flow *flow, struct fault *fault) MUST_CHECK;

/* When the earliest timer or expiry among the running tasks is due; INT64_MAX if there is none. */
long long batch_next_due_ms(struct flow *flow);

#endif

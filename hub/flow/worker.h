/* worker.h: one thread that owns a consumer, two producers in turn, its tasks and its arenas. */
#ifndef FLOW_WORKER_H
#define FLOW_WORKER_H

#include "base/fault.h"

#include <stdbool.h>

struct shared;
struct worker;

/* Starts the thread. SHARED must outlive it. */
enum status worker_start(const struct shared *shared, unsigned index, struct worker **worker,
                         struct fault *fault) MUST_CHECK;
/* Asks it to finish the batch in hand and end; worker_join then waits and releases. */
void worker_stop(struct worker *worker);
void worker_join(struct worker *worker);

/* Any thread. Ready: the group told it its partitions (maybe none), and all of them run. */
bool worker_is_ready(const struct worker *worker);
/* False once it has ended by a fatal fault, which is then in *FAULT. */
bool worker_is_alive(struct worker *worker, struct fault *fault);

#endif

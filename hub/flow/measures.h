/* measures.h: the hub's metrics: one row each, and each worker's pointers to its series. */
#ifndef FLOW_MEASURES_H
#define FLOW_MEASURES_H

#include "base/metrics.h"

enum { MEASURED_STAGES_MAX = 12 };

struct measures {
    struct metric *accepted, *refused, *duplicate, *timers, *timers_put_off;
    struct metric *facts, *deliveries, *changelog;
    struct metric *batches, *batch_seconds, *batch_events, *commit_seconds, *aborts, *rebuilds;
    struct metric *restored, *restore_seconds;
    struct metric *stages[MEASURED_STAGES_MAX];
    struct metric *lag, *lag_seconds;
};

extern const struct metric_row measures_rows[];
extern const size_t measures_row_count;

struct stage;
/* Finds this worker's series; WORKER labels the gauges that each worker sets. */
void measures_init(struct measures *measures, const struct stage *stages, unsigned worker);

#endif

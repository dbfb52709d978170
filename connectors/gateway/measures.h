/* measures.h: the gateway's metrics. */
#ifndef GATEWAY_MEASURES_H
#define GATEWAY_MEASURES_H

#include "base/metrics.h"
#include "gateway/routes.h"

enum { MEASURED_ROUTES_MAX = 32, MEASURED_STATUSES = 6 };

struct gateway_measures {
    struct metric *requests[MEASURED_ROUTES_MAX]; /* beside routes[] */
    struct metric *unrouted;
    struct metric *seconds[MEASURED_ROUTES_MAX];
    struct metric *answers[MEASURED_STATUSES]; /* by hundreds of the status */
    struct metric *acknowledged, *failed, *limited, *waiting;
};

extern const struct metric_row gateway_measures_rows[];
extern const size_t gateway_measures_row_count;

void gateway_measures_init(struct gateway_measures *measures);
/* ROUTE NULL: none was found. */
void gateway_measures_note(struct gateway_measures *measures, const struct route *route, unsigned status, int64_t begun_us);

#endif

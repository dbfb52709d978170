/* measures.h: the connector's metrics. Endpoints have series of their own up to a number; the rest share "other". */
#ifndef WEBHOOK_MEASURES_H
#define WEBHOOK_MEASURES_H

#include "base/metrics.h"
#include "core/http_answer.h"

extern const struct metric_row webhook_measures_rows[];
extern const size_t webhook_measures_row_count;

struct endpoint_measures { /* of one endpoint, or shared */
    struct metric *delivered, *set_aside, *waiting, *oldest, *breaker;
    bool shared;
};

/* NAME NULL: the series of "other". */
void endpoint_measures_init(struct endpoint_measures *measures, const char *name);

/* One request that ended. */
void measure_answer(const struct http_answer *answer);

/* What has no endpoint. */
enum webhook_measure { MEASURE_ENDPOINTS, MEASURE_BEHIND, MEASURE_MEMORY, MEASURE_IN_FLIGHT, MEASURE_LOST, WEBHOOK_MEASURES };
struct metric *webhook_measure(enum webhook_measure measure);

#endif

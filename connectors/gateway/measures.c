#include "gateway/measures.h"

#include "base/clock.h"

#include <assert.h>
#include <stdio.h>

enum measure { REQUESTS, SECONDS, ANSWERS, EVENTS, LIMITED, WAITING, MEASURES };

const struct metric_row gateway_measures_rows[] = {
    [REQUESTS] = {"medhub_gateway_requests_total", METRIC_COUNTER, "operation", "requests by operation of the route table"},
    [SECONDS] = {"medhub_gateway_request_seconds", METRIC_HISTOGRAM, "operation",
                 "a request from its first line to the end of its answer, waits included"},
    [ANSWERS] = {"medhub_gateway_answers_total", METRIC_COUNTER, "status", "answers by class of status: 2xx, 4xx, 5xx"},
    [EVENTS] = {"medhub_gateway_events_total", METRIC_COUNTER, "result",
                "events submitted: acknowledged by all replicas in sync, or failed and answered with 503"},
    [LIMITED] = {"medhub_gateway_limited_total", METRIC_COUNTER, NULL, "requests over their organisation's rate"},
    [WAITING] = {"medhub_gateway_waiting", METRIC_GAUGE, NULL, "requests that wait for a decision or for news of a feed"},
};
const size_t gateway_measures_row_count = sizeof gateway_measures_rows / sizeof *gateway_measures_rows;
static_assert(sizeof gateway_measures_rows / sizeof *gateway_measures_rows == MEASURES, "a row for each measure");

void gateway_measures_init(struct gateway_measures *measures)
{
    assert(route_count <= MEASURED_ROUTES_MAX);
    metrics_register(gateway_measures_rows, gateway_measures_row_count);
    for (size_t i = 0; i < route_count; i++) {
        measures->requests[i] = metric_get(&gateway_measures_rows[REQUESTS], routes[i].operation);
        measures->seconds[i] = metric_get(&gateway_measures_rows[SECONDS], routes[i].operation);
    }
    measures->unrouted = metric_get(&gateway_measures_rows[REQUESTS], "none");
    for (unsigned i = 1; i < MEASURED_STATUSES; i++) {
        char name[4] = {(char)('0' + i), 'x', 'x', '\0'};
        measures->answers[i] = metric_get(&gateway_measures_rows[ANSWERS], name);
    }
    measures->acknowledged = metric_get(&gateway_measures_rows[EVENTS], "acknowledged");
    measures->failed = metric_get(&gateway_measures_rows[EVENTS], "failed");
    measures->limited = metric_get(&gateway_measures_rows[LIMITED], NULL);
    measures->waiting = metric_get(&gateway_measures_rows[WAITING], NULL);
}

void gateway_measures_note(struct gateway_measures *measures, const struct route *route, unsigned status, int64_t begun_us)
{
    size_t index = route == NULL ? 0 : (size_t)(route - routes);

    metric_add(route == NULL ? measures->unrouted : measures->requests[index], 1);
    if (route != NULL)
        metric_observe_us(measures->seconds[index], clock_monotonic_us() - begun_us);
    if (status / 100 > 0 && status / 100 < MEASURED_STATUSES)
        metric_add(measures->answers[status / 100], 1);
}

#include "webhook/measures.h"

#include <assert.h>

enum { DELIVERED, SET_ASIDE, ATTEMPTS, SECONDS, WAITING_NOW, OLDEST, BREAKER, SINGLE };

const struct metric_row webhook_measures_rows[] = {
    [DELIVERED] = {"medhub_webhook_delivered_total", METRIC_COUNTER, "endpoint", "deliveries that the endpoint has taken"},
    [SET_ASIDE] = {"medhub_webhook_set_aside_total", METRIC_COUNTER, "endpoint", "deliveries in the endpoint's parked list"},
    [ATTEMPTS] = {"medhub_webhook_attempts_total", METRIC_COUNTER, "class",
                  "requests by what came back: 2xx, 3xx, 4xx, 5xx, transport"},
    [SECONDS] = {"medhub_webhook_request_seconds", METRIC_HISTOGRAM, NULL, "one request from its start to its answer"},
    [WAITING_NOW] = {"medhub_webhook_waiting", METRIC_GAUGE, "endpoint", "deliveries in memory that are not settled"},
    [OLDEST] = {"medhub_webhook_oldest_seconds", METRIC_GAUGE, "endpoint", "age of the oldest of them since its decision"},
    [BREAKER] = {"medhub_webhook_breaker", METRIC_GAUGE, "endpoint", "0 closed, 1 open, 2 half open; of \"other\": how many are not closed"},
    [SINGLE + MEASURE_ENDPOINTS] = {"medhub_webhook_endpoints", METRIC_GAUGE, NULL, "endpoints that this process serves"},
    [SINGLE + MEASURE_BEHIND] = {"medhub_webhook_endpoints_behind", METRIC_GAUGE, NULL, "of these, how many are not at the live end"},
    [SINGLE + MEASURE_MEMORY] = {"medhub_webhook_memory_bytes", METRIC_GAUGE, NULL, "bytes of deliveries in memory"},
    [SINGLE + MEASURE_IN_FLIGHT] = {"medhub_webhook_requests", METRIC_GAUGE, NULL, "requests on their way"},
    [SINGLE + MEASURE_LOST] = {"medhub_webhook_lost_total", METRIC_COUNTER, NULL,
                               "deliveries that were gone from Kafka before their turn came"},
};
const size_t webhook_measures_row_count = sizeof webhook_measures_rows / sizeof *webhook_measures_rows;
static_assert(sizeof webhook_measures_rows / sizeof *webhook_measures_rows == SINGLE + WEBHOOK_MEASURES, "a row for each");

void endpoint_measures_init(struct endpoint_measures *measures, const char *name)
{
    const char *label = name == NULL ? "other" : name;

    measures->delivered = metric_get(&webhook_measures_rows[DELIVERED], label);
    measures->set_aside = metric_get(&webhook_measures_rows[SET_ASIDE], label);
    measures->waiting = metric_get(&webhook_measures_rows[WAITING_NOW], label);
    measures->oldest = metric_get(&webhook_measures_rows[OLDEST], label);
    measures->breaker = metric_get(&webhook_measures_rows[BREAKER], label);
    measures->shared = name == NULL;
}

void measure_answer(const struct http_answer *answer)
{
    metric_add(metric_get(&webhook_measures_rows[ATTEMPTS], http_answer_class(answer)), 1);
    metric_observe_us(metric_get(&webhook_measures_rows[SECONDS], NULL), answer->took_us);
}

struct metric *webhook_measure(enum webhook_measure measure)
{
    return metric_get(&webhook_measures_rows[SINGLE + (int)measure], NULL);
}

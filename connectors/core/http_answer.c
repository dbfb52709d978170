#include "core/http_answer.h"

#include <limits.h>
#include <stdio.h>

/* The first row that fits counts. */
static const struct policy_row {
    int first, last;
    enum status status;
    bool endpoint_failed, endpoint_answered, gone;
} policy[] = {
    {200, 299, STATUS_OK, false, true, false},
    {408, 408, STATUS_RETRY, true, false, false},  /* request time-out: as if it had not answered */
    {410, 410, STATUS_RETRY, false, true, true},   /* gone: nothing is lost, the endpoint rests until a person says so */
    {425, 425, STATUS_RETRY, false, true, false},  /* too early */
    {429, 429, STATUS_RETRY, false, true, false},  /* too many requests */
    {500, 599, STATUS_RETRY, true, false, false},
    {0, INT_MAX, STATUS_REJECT, false, true, false},   /* every other 4xx; redirects that are not followed */
};

void http_answer_of_status(struct http_answer *answer, int http_status)
{
    const struct policy_row *row = policy;

    while (http_status < row->first || http_status > row->last)
        row++;
    answer->status = row->status;
    answer->endpoint_failed = row->endpoint_failed;
    answer->endpoint_answered = row->endpoint_answered;
    answer->gone = row->gone;
    answer->http_status = http_status;
    (void)snprintf(answer->code, sizeof answer->code, "http.%d", http_status);
}

void http_answer_of_failure(struct http_answer *answer, const char *code)
{
    answer->status = STATUS_RETRY;
    answer->endpoint_failed = true;
    answer->endpoint_answered = false;
    answer->gone = false;
    answer->http_status = 0;
    (void)snprintf(answer->code, sizeof answer->code, "%s", code);
}

const char *http_answer_class(const struct http_answer *answer)
{
    static const char *const classes[] = {"transport", "1xx", "2xx", "3xx", "4xx", "5xx"};
    int class = answer->http_status / 100;
    return class < 0 || class > 5 ? "other" : classes[class];
}

/* http_answer.h: what an HTTP answer, or its absence, means for what was sent: the one table of the policy. */
#ifndef CORE_HTTP_ANSWER_H
#define CORE_HTTP_ANSWER_H

#include "base/bytes.h"
#include "base/status.h"

enum { HTTP_CODE_BYTES = 32 };

struct http_answer {
    enum status status;     /* OK: taken; RETRY: later again; REJECT: it will not take this one */
    bool endpoint_failed;   /* it says something about the other side, not about this request: counts for the breaker */
    bool endpoint_answered; /* it is there and answers: closes the breaker */
    bool gone;              /* 410: it wants nothing any more */
    int http_status;        /* 0: there was no answer */
    char code[HTTP_CODE_BYTES]; /* "http.503", "timeout", "closed", "tls", "dns", "connect", "address.private" */
    int64_t retry_after_ms; /* what the other side asked for, bounded; -1: nothing */
    struct bytes body;      /* at most body_bytes_max of it; lent within the callback */
    int64_t took_us;
};

/* Fills status, endpoint_failed, endpoint_answered, gone, http_status and code from HTTP_STATUS. */
void http_answer_of_status(struct http_answer *answer, int http_status);
/* The same where no whole answer came; CODE says why. */
void http_answer_of_failure(struct http_answer *answer, const char *code);

/* "2xx", "4xx", ... or "transport": the label of a metric. Lends a constant. */
const char *http_answer_class(const struct http_answer *answer);

#endif

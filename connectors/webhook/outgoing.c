#include "webhook/dispatcher.h"

#include "base/log.h"
#include "core/retry.h"

enum { STARTS_MAX = 256 /* in one round */, BUSY_MS = 20, CHALLENGE_MS_MAX = 600000 };

static void log_breaker(const struct endpoint *endpoint, enum breaker_state before, int64_t now_ms)
{
    enum breaker_state after = breaker_state(&endpoint->breaker, now_ms);

    if (before != BREAKER_CLOSED && after == BREAKER_CLOSED)
        log_info("webhook.breaker_closed", LOG_STR("endpoint", endpoint->name));
    else if (before != BREAKER_OPEN && after == BREAKER_OPEN)
        log_warn("webhook.breaker_open", LOG_STR("endpoint", endpoint->name), LOG_INT("failures", endpoint->breaker.failures),
                 LOG_INT("milliseconds", endpoint->breaker.until_ms - now_ms));
}

static void log_end(const struct waiting *waiting, const struct http_answer *answer, bool settled)
{
    const char *endpoint = waiting->endpoint->name;

    if (settled && waiting->result == MEDHUB__WEBHOOK__V1__RESULT__RESULT_SET_ASIDE)
        log_warn("webhook.set_aside", LOG_STR("endpoint", endpoint), LOG_STR("event_id", waiting->delivery->id),
                 LOG_STR("code", answer->code), LOG_INT("attempts", waiting->open.attempts));
    else if (!settled)
        log_info("webhook.retry", LOG_STR("endpoint", endpoint), LOG_STR("event_id", waiting->delivery->id),
                 LOG_STR("code", answer->code), LOG_INT("attempts", waiting->open.attempts));
    if (answer->gone)
        log_warn("webhook.gone", LOG_STR("endpoint", endpoint));
}

static void delivery_answered(void *self, void *context, const struct http_answer *answer)
{
    struct dispatch *dispatch = self;
    struct waiting *waiting = context;
    struct endpoint *endpoint = waiting->endpoint;
    struct target *target = endpoint->owner;
    int64_t now_ms = dispatch_ask_clock(dispatch);
    enum breaker_state before = breaker_state(&endpoint->breaker, now_ms);

    bool settled = endpoint_answered(endpoint, waiting, answer, now_ms);
    measure_answer(answer);
    log_end(waiting, answer, settled);
    log_breaker(endpoint, before, now_ms);
    if (settled)
        journal_take(dispatch->journal, waiting);
    if (answer->gone)
        dispatch_update(dispatch, target);
    else
        dispatch_schedule(dispatch, target);
    dispatch_free_if_over(dispatch, target);
}

static bool start_delivery(struct dispatch *dispatch, struct target *target, int64_t now_ms)
{
    struct waiting *waiting = endpoint_next(target->endpoint, now_ms);
    struct http_request request;
    struct fault fault = {0};

    if (waiting == NULL) {
        dispatch_schedule(dispatch, target);
        return true;
    }
    enum status status = request_of_delivery(target, waiting->delivery, now_ms, dispatch->bodies, &dispatch->texts, &request,
                                             &fault);
    request.answered = delivery_answered;
    request.self = dispatch;
    request.context = waiting;
    if (status == STATUS_OK)
        status = http_start(dispatch->http, &request, &fault);
    if (status == STATUS_REJECT) { /* it will never go out: set aside, as if it had been refused */
        struct http_answer answer = {.retry_after_ms = -1};
        http_answer_of_failure(&answer, fault.code);
        answer.status = STATUS_REJECT;
        answer.endpoint_failed = false;
        delivery_answered(dispatch, waiting, &answer);
        return true;
    }
    if (status != STATUS_OK)
        endpoint_not_sent(target->endpoint, waiting, now_ms + BUSY_MS);
    dispatch_schedule(dispatch, target);
    return status == STATUS_OK;
}

/* ---- challenges ---- */

static void challenge_failed(struct dispatch *dispatch, struct target *target, const char *code)
{
    const struct retry_plan pauses = {.delay_ms_first = dispatch->settings->retry_first_ms,
                                      .delay_ms_max = dispatch->settings->retry_first_ms > CHALLENGE_MS_MAX
                                                          ? dispatch->settings->retry_first_ms
                                                          : CHALLENGE_MS_MAX};
    int64_t now_ms = now_of(dispatch);

    target->challenges++;
    endpoint_note_failure(target->endpoint, code, now_ms);
    target->challenge_due_ms = retry_due_ms(&pauses, target->challenges, now_ms, now_ms, target->endpoint->seed);
    log_warn("webhook.challenge_failed", LOG_STR("endpoint", target->endpoint->name), LOG_STR("code", code),
             LOG_INT("times", target->challenges));
}

static void challenge_met(struct dispatch *dispatch, struct target *target)
{
    struct endpoint *endpoint = target->endpoint;

    memcpy(endpoint->proved_url, target->asked_url, sizeof endpoint->proved_url);
    endpoint->proved = true;
    endpoint->proved_at_ms = now_of(dispatch);
    endpoint->changed = true;
    target->challenges = 0;
    log_info("webhook.challenge_met", LOG_STR("endpoint", endpoint->name));
}

static void challenge_answered(void *self, void *context, const struct http_answer *answer)
{
    struct dispatch *dispatch = self;
    struct target *target = context;

    (void)dispatch_ask_clock(dispatch);
    target->challenging = false;
    measure_answer(answer);
    if (answer->status == STATUS_OK && challenge_is_met(&target->challenge, answer->body))
        challenge_met(dispatch, target);
    else
        challenge_failed(dispatch, target, answer->status == STATUS_OK ? "challenge.not_met" : answer->code);
    dispatch_update(dispatch, target);
    dispatch_free_if_over(dispatch, target);
}

static bool start_challenge(struct dispatch *dispatch, struct target *target, int64_t now_ms)
{
    struct http_request request = {0};
    struct fault fault = {0};
    enum status status = STATUS_RETRY;

    if (challenge_make(&target->challenge))
        status = request_of_challenge(target, now_ms, &dispatch->texts, &request, &fault);
    request.answered = challenge_answered;
    request.self = dispatch;
    request.context = target;
    challenge_digest(target->url, target->asked_url);
    if (status == STATUS_OK)
        status = http_start(dispatch->http, &request, &fault);
    target->challenging = status == STATUS_OK;
    if (status == STATUS_REJECT)
        challenge_failed(dispatch, target, fault.code);
    else if (status != STATUS_OK)
        target->challenge_due_ms = now_ms + BUSY_MS;
    dispatch_schedule(dispatch, target);
    return status != STATUS_RETRY;
}

/* ---- whose turn is it? ---- */

void outgoing_start(struct dispatch *dispatch)
{
    int64_t now_ms = dispatch_ask_clock(dispatch);
    struct target *target = NULL;
    bool room = true;

    for (unsigned i = 0; room && i < STARTS_MAX && (target = roster_first(&dispatch->roster)) != NULL; i++) {
        if (target->due_ms > now_ms || http_pending(dispatch->http) >= (size_t)dispatch->settings->requests_max)
            return;
        room = target_wants_challenge(target) ? start_challenge(dispatch, target, now_ms)
                                              : start_delivery(dispatch, target, now_ms);
    }
}

#include "webhook/dispatcher.h"

#include "base/log.h"

#include <stdlib.h>

enum {
    ARENA_FIRST = 256 * 1024,
    RECORD_LIMIT = 64 * 1024 * 1024,
    WAIT_MS_MAX = 100,
    WAIT_MS_PENDING = 5, /* acknowledgements do not wake the loop */
    TICK_MS = 100,
    FLUSH_MS = 5000,
};

int64_t dispatch_ask_clock(struct dispatch *dispatch)
{
    return dispatch->now_ms = clock_now_ms(dispatch->clock);
}

/* ---- when is it an endpoint's turn? ---- */

void dispatch_schedule(struct dispatch *dispatch, struct target *target)
{
    int64_t due_ms = target_wants_challenge(target) ? target->challenge_due_ms : endpoint_due_ms(target->endpoint);

    if (!target->leaving)
        roster_schedule(&dispatch->roster, target, due_ms, now_of(dispatch));
}

void dispatch_update(struct dispatch *dispatch, struct target *target)
{
    target_update(target);
    feeder_serve(dispatch->feeder, target);
    dispatch_schedule(dispatch, target);
}

static bool is_idle(const struct target *target)
{
    return target->endpoint->in_flight == 0 && target->endpoint->settling == 0 && !target->challenging;
}

void dispatch_free_if_over(struct dispatch *dispatch, struct target *target)
{
    if (!target->leaving || !is_idle(target))
        return;
    struct target **at = &dispatch->leaving;
    while (*at != target)
        at = &(*at)->next_leaving;
    *at = target->next_leaving;
    target_free(target);
}

/* ---- ends are written ---- */

static void delivery_written(void *self, struct waiting *waiting)
{
    struct dispatch *dispatch = self;
    struct target *target = waiting->endpoint->owner;
    bool delivered = waiting->result == MEDHUB__WEBHOOK__V1__RESULT__RESULT_DELIVERED;

    if (waiting->result != MEDHUB__WEBHOOK__V1__RESULT__RESULT_LOST)
        metric_add(delivered ? target->measures.delivered : target->measures.set_aside, 1);
    endpoint_settled(target->endpoint, waiting);
    feeder_serve(dispatch->feeder, target);
    dispatch_free_if_over(dispatch, target);
}

void dispatch_write_state(struct dispatch *dispatch, struct target *target)
{
    if (!journal_state(dispatch->journal, target->endpoint))
        return;
    target->endpoint->changed = false;
    target->state_written_ms = now_of(dispatch);
}

static void write_states(struct dispatch *dispatch, int64_t now_ms)
{
    bool all = journal_state_failed(dispatch->journal);

    ROSTER_EACH (&dispatch->roster, target, next) {
        int64_t each_ms = target->endpoint->changed ? dispatch->settings->state_interval_ms
                                                    : dispatch->settings->state_idle_seconds * 1000;
        if (all || now_ms - target->state_written_ms >= each_ms)
            dispatch_write_state(dispatch, target);
    }
}

/* ---- the round ---- */

static void note_measures(struct dispatch *dispatch, int64_t now_ms)
{
    struct endpoint_measures others;
    int64_t waiting = 0, oldest_ms = 0, open = 0, behind = 0;

    ROSTER_EACH (&dispatch->roster, target, next) {
        const struct endpoint *endpoint = target->endpoint;
        int64_t since_ms = endpoint_oldest_ms(endpoint), age_ms = since_ms == 0 ? 0 : now_ms - since_ms;
        enum breaker_state state = breaker_state(&endpoint->breaker, now_ms);
        behind += endpoint->progress.following == NULL;
        if (target->measures.shared) {
            waiting += (int64_t)endpoint->count;
            oldest_ms = age_ms > oldest_ms ? age_ms : oldest_ms;
            open += state != BREAKER_CLOSED;
            continue;
        }
        metric_set(target->measures.waiting, (int64_t)endpoint->count);
        metric_set(target->measures.oldest, age_ms / 1000);
        metric_set(target->measures.breaker, (int64_t)state);
    }
    endpoint_measures_init(&others, NULL);
    metric_set(others.waiting, waiting);
    metric_set(others.oldest, oldest_ms / 1000);
    metric_set(others.breaker, open);
    metric_set(webhook_measure(MEASURE_ENDPOINTS), (int64_t)roster_count(&dispatch->roster));
    metric_set(webhook_measure(MEASURE_BEHIND), behind);
    metric_set(webhook_measure(MEASURE_MEMORY), (int64_t)dispatch->pool.bytes);
    metric_set(webhook_measure(MEASURE_IN_FLIGHT), (int64_t)http_pending(dispatch->http));
}

/* The common reader begins where the one that is furthest back stands. */
static enum status start_live(struct dispatch *dispatch, struct fault *fault)
{
    int32_t partitions = feeder_partitions(dispatch->feeder);

    memcpy(dispatch->start, feeder_begin(dispatch->feeder), (size_t)partitions * sizeof *dispatch->start);
    ROSTER_EACH (&dispatch->roster, target, next)
        for (int32_t i = 0; i < partitions; i++)
            if (progress_low(&target->endpoint->progress, i) < dispatch->start[i])
                dispatch->start[i] = progress_low(&target->endpoint->progress, i);
    enum status status = feeder_start_live(dispatch->feeder, dispatch->start, fault);
    if (status != STATUS_OK)
        return status == STATUS_RETRY ? STATUS_OK : status; /* the next round tries again */
    ROSTER_EACH (&dispatch->roster, each, after)
        dispatch_update(dispatch, each);
    log_info("webhook.live", LOG_INT("endpoints", roster_count(&dispatch->roster)));
    return STATUS_OK;
}

static enum status tick(struct dispatch *dispatch, int64_t now_ms, struct fault *fault)
{
    bool early = now_ms - dispatch->tick_ms < TICK_MS && now_ms >= dispatch->tick_ms;
    if (early && audience_is_built(dispatch->audience)) /* no record is looked at without knowing who hears of it */
        return STATUS_OK;
    dispatch->tick_ms = now_ms;
    enum status status = census_refresh(dispatch, fault);
    if (status != STATUS_OK)
        return status;
    ROSTER_EACH (&dispatch->roster, target, next) {
        bool had = target->signer != NULL;
        target_refresh_secrets(target, dispatch->settings, now_ms);
        if (had != (target->signer != NULL))
            dispatch_update(dispatch, target);
    }
    write_states(dispatch, now_ms);
    note_measures(dispatch, now_ms);
    feeder_note_time(dispatch->feeder, now_ms);
    if (!feeder_is_live(dispatch->feeder) && assignment_is_ready(dispatch->assignment))
        return start_live(dispatch, fault);
    dispatch->ready = feeder_is_live(dispatch->feeder) && assignment_is_ready(dispatch->assignment);
    return STATUS_OK;
}

static int wait_ms(const struct dispatch *dispatch)
{
    const struct target *first = roster_first(&dispatch->roster);
    int64_t wait = journal_pending(dispatch->journal) > 0 ? WAIT_MS_PENDING : WAIT_MS_MAX;

    if (first != NULL && http_pending(dispatch->http) < (size_t)dispatch->settings->requests_max) {
        int64_t due_ms = first->due_ms - now_of(dispatch);
        wait = due_ms < wait ? due_ms : wait;
    }
    return wait < 0 ? 0 : (int)wait;
}

/* Everything that comes from Kafka and goes there. *MORE: there is more to read at once. */
static enum status serve_kafka(struct dispatch *dispatch, bool *more, struct fault *fault)
{
    enum status status = assignment_run(dispatch->assignment, fault);

    if (status == STATUS_OK)
        status = tick(dispatch, dispatch_ask_clock(dispatch), fault);
    if (status == STATUS_OK)
        status = feeder_run(dispatch->feeder, now_of(dispatch), more, fault);
    if (status == STATUS_OK)
        journal_run(dispatch->journal);
    return status;
}

/* Kafka is asked at most once a millisecond: seven handles cost more than the answers of a busy round. */
enum status dispatch_run(struct dispatch *dispatch, struct fault *fault)
{
    bool more = false, asked = dispatch_ask_clock(dispatch) != dispatch->kafka_ms;
    enum status status = STATUS_OK;

    if (asked) {
        dispatch->kafka_ms = now_of(dispatch);
        status = serve_kafka(dispatch, &more, fault);
    }
    if (status != STATUS_OK)
        return status;
    outgoing_start(dispatch);
    int wait = wait_ms(dispatch);
    http_run(dispatch->http, more ? 0 : !asked && wait > 1 ? 1 : wait);
    return STATUS_OK;
}

bool dispatch_is_ready(const struct dispatch *dispatch)
{
    return dispatch->ready;
}

/* ---- life ---- */

static enum status open_http(struct dispatch *dispatch, struct fault *fault)
{
    const struct webhook_settings *settings = dispatch->settings;
    const struct http_settings how = {.requests_max = (size_t)settings->requests_max,
                                      .connect_timeout_ms = (int)settings->connect_timeout_ms,
                                      .total_timeout_ms = (int)settings->timeout_ms,
                                      .body_bytes_max = (size_t)settings->answer_bytes_max,
                                      .dns_seconds = (int)settings->dns_seconds,
                                      .connection_seconds = (int)settings->connection_seconds,
                                      .redirects_max = (int)settings->redirects_max,
                                      .retry_after_ms_max = settings->retry_after_seconds_max * 1000,
                                      .ca_file = settings->ca_file};

    return http_open(&how, dispatch->clock, &dispatch->http, fault);
}

static struct endpoint_plan plan_of(const struct webhook_settings *settings)
{
    int64_t retry_max = settings->retry_max_ms > settings->retry_first_ms ? settings->retry_max_ms : settings->retry_first_ms;
    int64_t open_max =
        settings->breaker_max_ms > settings->breaker_first_ms ? settings->breaker_max_ms : settings->breaker_first_ms;

    return (struct endpoint_plan){
        .window_events = (size_t)settings->window_events,
        .window_bytes = (size_t)settings->window_bytes,
        .concurrency = (unsigned)settings->concurrency,
        .refusals_max = (unsigned)settings->refusals_max,
        .retry = {settings->retry_first_ms, retry_max, settings->give_up_seconds * 1000},
        .breaker = {(unsigned)settings->breaker_failures, settings->breaker_first_ms, open_max},
    };
}

static enum status open_parts(struct dispatch *dispatch, const struct kafka_client *client, struct fault *fault)
{
    struct feeder_events feeding = intake_events;
    struct assignment_events assigning = census_events;

    feeding.self = assigning.self = dispatch;
    enum status status = open_http(dispatch, fault);
    if (status == STATUS_OK)
        status = journal_open(client, dispatch->clock, delivery_written, dispatch, &dispatch->journal, fault);
    if (status == STATUS_OK)
        status = feeder_open(client, dispatch->settings, http_wake_descriptor(dispatch->http), feeding, &dispatch->feeder,
                             fault);
    if (status == STATUS_OK)
        status = assignment_open(client, dispatch->settings, assigning, &dispatch->assignment, fault);
    if (status != STATUS_OK)
        return status;
    dispatch->start = calloc((size_t)feeder_partitions(dispatch->feeder), sizeof *dispatch->start);
    return dispatch->start == NULL ? fault_fatal(fault, "memory.out", "no memory for the connector") : STATUS_OK;
}

enum status dispatch_open(const struct webhook_settings *settings, const struct kafka_client *client, struct clock clock,
                          struct tables_reader *registry, struct dispatch **dispatch, struct fault *fault)
{
    struct dispatch *made = calloc(1, sizeof *made);

    *dispatch = NULL;
    if (made == NULL)
        return fault_fatal(fault, "memory.out", "no memory for the connector");
    made->settings = settings;
    made->clock = clock;
    made->registry = registry;
    made->plan = plan_of(settings);
    made->records = arena_new(ARENA_FIRST, RECORD_LIMIT);
    made->bodies = arena_new(ARENA_FIRST, RECORD_LIMIT);
    made->audience = audience_new();
    enum status status = made->records == NULL || made->bodies == NULL || made->audience == NULL
                             ? fault_fatal(fault, "memory.out", "no memory for the connector")
                             : open_parts(made, client, fault);
    if (status != STATUS_OK) {
        dispatch_close(made);
        return status;
    }
    *dispatch = made;
    return STATUS_OK;
}

/* In order: no new requests, those on their way end, their ends are written, where everybody stands is written. */
static void end_in_order(struct dispatch *dispatch)
{
    (void)dispatch_ask_clock(dispatch);
    int64_t until_us = clock_monotonic_us() + dispatch->settings->stop_timeout_ms * 1000;

    ROSTER_EACH (&dispatch->roster, target, next) {
        target->closing = true;
        target_update(target);
    }
    while (http_pending(dispatch->http) > 0 && clock_monotonic_us() < until_us) {
        http_run(dispatch->http, 20);
        journal_run(dispatch->journal);
    }
    journal_flush(dispatch->journal, FLUSH_MS);
    ROSTER_EACH (&dispatch->roster, each, after)
        dispatch_write_state(dispatch, each);
    journal_flush(dispatch->journal, FLUSH_MS);
}

static void free_targets(struct dispatch *dispatch)
{
    ROSTER_EACH (&dispatch->roster, target, next)
        target->endpoint->in_flight = target->endpoint->settling = 0; /* cut: they are open in what was written */
    roster_done(&dispatch->roster);
    while (dispatch->leaving != NULL) {
        struct target *target = dispatch->leaving;
        dispatch->leaving = target->next_leaving;
        target->endpoint->in_flight = target->endpoint->settling = 0;
        target_free(target);
    }
}

void dispatch_close(struct dispatch *dispatch)
{
    if (dispatch == NULL)
        return;
    if (dispatch->assignment != NULL)
        end_in_order(dispatch);
    assignment_close(dispatch->assignment); /* gives its partitions back, which writes states: the others are still there */
    http_close(dispatch->http);
    journal_close(dispatch->journal);
    feeder_close(dispatch->feeder);
    free_targets(dispatch);
    delivery_release(dispatch->read.delivery);
    audience_free(dispatch->audience);
    delivery_pool_done(&dispatch->pool);
    arena_free(dispatch->records);
    arena_free(dispatch->bodies);
    free(dispatch->start);
    free(dispatch);
}

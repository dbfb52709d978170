#include "webhook/dispatch.h"

#include "base/log.h"
#include "core/http.h"
#include "event/unpack.h"
#include "webhook/assignment.h"
#include "webhook/audience.h"
#include "webhook/feeder.h"
#include "webhook/journal.h"
#include "webhook/request.h"
#include "webhook/roster.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    ARENA_FIRST = 256 * 1024,
    RECORD_LIMIT = 64 * 1024 * 1024,
    WAIT_MS_MAX = 100,
    WAIT_MS_PENDING = 5, /* acknowledgements do not wake the loop */
    TICK_MS = 100,
    FLUSH_MS = 5000,
    STARTS_MAX = 256, /* in one round */
    BUSY_MS = 20,
    CHALLENGE_MS_MAX = 600000,
};

struct dispatch {
    const struct webhook_settings *settings;
    struct clock clock;
    struct endpoint_plan plan;
    struct http *http;
    struct journal *journal;
    struct feeder *feeder;
    struct assignment *assignment;
    struct audience *audience;
    struct roster roster;
    struct tables_reader *registry;
    struct delivery_pool pool;
    struct arena *records, *bodies;
    struct request_texts texts;
    struct target *leaving;
    int64_t *start; /* scratch: an offset per partition of medhub.delivery */
    uint64_t record_number, generation;
    bool ready, full_told;
    int64_t now_ms, tick_ms;
    size_t measured; /* endpoints with metrics of their own */
};

/* As of the beginning of the round, or of the answer in hand: asking the clock is not free. */
static int64_t now_of(const struct dispatch *dispatch)
{
    return dispatch->now_ms;
}

static int64_t ask_clock(struct dispatch *dispatch)
{
    return dispatch->now_ms = clock_now_ms(dispatch->clock);
}

/* ---- when is it an endpoint's turn? ---- */

static void schedule(struct dispatch *dispatch, struct target *target)
{
    int64_t due_ms = target_wants_challenge(target) ? target->challenge_due_ms : endpoint_due_ms(target->endpoint);

    if (!target->leaving)
        roster_schedule(&dispatch->roster, target, due_ms, now_of(dispatch));
}

static void update(struct dispatch *dispatch, struct target *target)
{
    target_update(target);
    feeder_serve(dispatch->feeder, target);
    schedule(dispatch, target);
}

static bool is_idle(const struct target *target)
{
    return target->endpoint->in_flight == 0 && target->endpoint->settling == 0 && !target->challenging;
}

static void free_if_over(struct dispatch *dispatch, struct target *target)
{
    if (!target->leaving || !is_idle(target))
        return;
    struct target **at = &dispatch->leaving;
    while (*at != target)
        at = &(*at)->next_leaving;
    *at = target->next_leaving;
    target_free(target);
}

/* ---- records come ---- */

static enum endpoint_takes take(struct dispatch *dispatch, struct target *target, struct delivery *delivery)
{
    bool no_memory = dispatch->pool.bytes > (size_t)dispatch->settings->memory_bytes_max && target->endpoint->count > 0;
    if (no_memory)
        return ENDPOINT_FULL;
    enum endpoint_takes answer = endpoint_take(target->endpoint, delivery, now_of(dispatch));
    if (answer == ENDPOINT_TOOK)
        schedule(dispatch, target);
    return answer;
}

static Medhub__Event__V1__Delivery *read_record(struct dispatch *dispatch, const struct record *record)
{
    Medhub__Event__V1__Delivery *message = NULL;
    struct fault fault = {0};

    arena_reset(dispatch->records);
    if (record->value.data != NULL && delivery_read(record, dispatch->records, &message, &fault) == STATUS_OK)
        return message;
    log_error("webhook.delivery_unreadable", LOG_INT("partition", record->partition), LOG_INT("offset", record->offset),
              LOG_STR("code", fault.code));
    return NULL;
}

/* Once, although it may hear of it as itself and by several feeds. */
static void offer_live(struct dispatch *dispatch, struct target *target, struct delivery *delivery)
{
    bool follows = target->endpoint->progress.following != NULL && target->offered != dispatch->record_number;

    target->offered = dispatch->record_number;
    if (follows && target_wants(target, delivery->type) && take(dispatch, target, delivery) == ENDPOINT_FULL)
        feeder_fall_behind(dispatch->feeder, target); /* others are not held up */
}

static enum status live_record(void *self, const struct record *record, struct fault *fault)
{
    struct dispatch *dispatch = self;
    const Medhub__Event__V1__Delivery *message = read_record(dispatch, record);
    struct delivery *delivery = NULL;

    dispatch->record_number++;
    for (size_t i = 0; message != NULL && i < message->n_recipients; i++) {
        size_t count = 0;
        struct target *const *targets = audience_find(dispatch->audience, message->recipients[i], &count);
        if (count > 0 && delivery == NULL)
            delivery = delivery_new(&dispatch->pool, record, message);
        if (count > 0 && delivery == NULL)
            return fault_fatal(fault, "memory.out", "no memory for a delivery");
        for (size_t k = 0; k < count; k++)
            offer_live(dispatch, targets[k], delivery);
    }
    delivery_release(delivery);
    return STATUS_OK;
}

static enum endpoint_takes catch_up_record(void *self, struct target *target, const struct record *record)
{
    struct dispatch *dispatch = self;
    const struct progress *progress = &target->endpoint->progress;
    bool wanted = progress_find(progress, record->partition, record->offset) != NULL;

    if (!wanted && record->offset < progress_next(progress, record->partition))
        return ENDPOINT_KNOWS;
    const Medhub__Event__V1__Delivery *message = read_record(dispatch, record);
    if (message == NULL || (!wanted && (!target_hears(target, message->recipients, message->n_recipients) ||
                                        !target_wants(target, message->type))))
        return ENDPOINT_KNOWS;
    struct delivery *delivery = delivery_new(&dispatch->pool, record, message);
    if (delivery == NULL)
        return ENDPOINT_FULL;
    enum endpoint_takes answer = take(dispatch, target, delivery);
    delivery_release(delivery);
    return answer;
}

/* Nothing is known of it but its place. */
static void lost_record(void *self, struct target *target, int32_t partition, int64_t offset)
{
    struct dispatch *dispatch = self;
    const Medhub__Event__V1__Delivery nothing = MEDHUB__EVENT__V1__DELIVERY__INIT;
    const struct record place = {.partition = partition, .offset = offset};
    struct delivery *delivery = delivery_new(&dispatch->pool, &place, &nothing);
    struct waiting *waiting = delivery == NULL ? NULL : endpoint_lose(target->endpoint, delivery, now_of(dispatch));

    delivery_release(delivery);
    if (waiting == NULL)
        return;
    log_error("webhook.delivery_lost", LOG_STR("endpoint", target->endpoint->name), LOG_INT("partition", partition),
              LOG_INT("offset", offset));
    metric_add(webhook_measure(MEASURE_LOST), 1);
    journal_take(dispatch->journal, waiting);
}

/* ---- requests go ---- */

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
    int64_t now_ms = ask_clock(dispatch);
    enum breaker_state before = breaker_state(&endpoint->breaker, now_ms);

    bool settled = endpoint_answered(endpoint, waiting, answer, now_ms);
    measure_answer(answer);
    log_end(waiting, answer, settled);
    log_breaker(endpoint, before, now_ms);
    if (settled)
        journal_take(dispatch->journal, waiting);
    if (answer->gone)
        update(dispatch, target);
    else
        schedule(dispatch, target);
    free_if_over(dispatch, target);
}

static bool start_delivery(struct dispatch *dispatch, struct target *target, int64_t now_ms)
{
    struct waiting *waiting = endpoint_next(target->endpoint, now_ms);
    struct http_request request;
    struct fault fault = {0};

    if (waiting == NULL) {
        schedule(dispatch, target);
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
    schedule(dispatch, target);
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

    (void)ask_clock(dispatch);
    target->challenging = false;
    measure_answer(answer);
    if (answer->status == STATUS_OK && challenge_is_met(&target->challenge, answer->body))
        challenge_met(dispatch, target);
    else
        challenge_failed(dispatch, target, answer->status == STATUS_OK ? "challenge.not_met" : answer->code);
    update(dispatch, target);
    free_if_over(dispatch, target);
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
    schedule(dispatch, target);
    return status != STATUS_RETRY;
}

/* One request for each in turn; false in between when there is no room for more. */
static void start_due(struct dispatch *dispatch, int64_t now_ms)
{
    struct target *target = NULL;
    bool room = true;

    for (unsigned i = 0; room && i < STARTS_MAX && (target = roster_first(&dispatch->roster)) != NULL; i++) {
        if (target->due_ms > now_ms || http_pending(dispatch->http) >= (size_t)dispatch->settings->requests_max)
            return;
        room = target_wants_challenge(target) ? start_challenge(dispatch, target, now_ms)
                                              : start_delivery(dispatch, target, now_ms);
    }
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
    free_if_over(dispatch, target);
}

static void write_state(struct dispatch *dispatch, struct target *target, int64_t now_ms)
{
    if (!journal_state(dispatch->journal, target->endpoint))
        return;
    target->endpoint->changed = false;
    target->state_written_ms = now_ms;
}

static void write_states(struct dispatch *dispatch, int64_t now_ms)
{
    bool all = journal_state_failed(dispatch->journal);

    ROSTER_EACH (&dispatch->roster, target, next) {
        int64_t each_ms = target->endpoint->changed ? dispatch->settings->state_interval_ms
                                                    : dispatch->settings->state_idle_seconds * 1000;
        if (all || now_ms - target->state_written_ms >= each_ms)
            write_state(dispatch, target, now_ms);
    }
}

/* ---- endpoints come and go ---- */

static void choose_start(struct dispatch *dispatch, int32_t partition)
{
    int32_t partitions = feeder_partitions(dispatch->feeder);
    size_t bytes = (size_t)partitions * sizeof *dispatch->start;
    size_t count = 0;
    const int64_t *furthest = assignment_furthest(dispatch->assignment, partition, &count);

    memcpy(dispatch->start, feeder_begin(dispatch->feeder), bytes);
    for (size_t i = 0; i < (size_t)partitions && i < count; i++) /* it may have been registered while nobody looked */
        if (furthest[i] < dispatch->start[i])
            dispatch->start[i] = furthest[i];
}

static bool restore(struct dispatch *dispatch, struct endpoint *endpoint)
{
    struct bytes value = assignment_state(dispatch->assignment, endpoint->name);
    ProtobufCMessage *state = NULL;
    struct fault fault = {0};

    if (value.data == NULL)
        return true;
    arena_reset(dispatch->bodies);
    bool ok = unpack_message(schema_of(&medhub__webhook__v1__endpoint_state__descriptor), value, dispatch->bodies, &state,
                             &fault) == STATUS_OK &&
              endpoint_restore(endpoint, (const Medhub__Webhook__V1__EndpointState *)state);
    arena_reset(dispatch->bodies);
    if (!ok)
        log_error("webhook.state_unreadable", LOG_STR("endpoint", endpoint->name), LOG_STR("code", fault.code));
    return ok;
}

static struct target *make_target(struct dispatch *dispatch, const char *name, const char *organisation, const char *id,
                                  int32_t partition)
{
    choose_start(dispatch, partition);
    struct endpoint *endpoint =
        endpoint_new(name, &dispatch->plan, feeder_partitions(dispatch->feeder), dispatch->start);
    struct target *target =
        endpoint == NULL || !restore(dispatch, endpoint) ? NULL : target_new(endpoint, organisation, id);
    if (target == NULL) {
        endpoint_free(endpoint);
        return NULL;
    }
    bool own = dispatch->measured < (size_t)dispatch->settings->metric_endpoints_max;
    dispatch->measured += own;
    endpoint_measures_init(&target->measures, own ? name : NULL);
    target->partition = partition;
    target->state_written_ms = now_of(dispatch);
    if (!roster_add(&dispatch->roster, target)) {
        target_free(target);
        return NULL;
    }
    log_info("webhook.endpoint", LOG_STR("endpoint", name), LOG_INT("open", endpoint->progress.wanted_count),
             LOG_INT("proved", endpoint->proved));
    return target;
}

static bool has_room_for_target(struct dispatch *dispatch)
{
    bool room = roster_count(&dispatch->roster) < (size_t)dispatch->settings->endpoints_max;

    if (!room && !dispatch->full_told)
        log_error("webhook.too_many_endpoints", LOG_INT("endpoints_max", dispatch->settings->endpoints_max));
    dispatch->full_told = !room;
    return room;
}

static struct target *named_by_registry(void *self, const Organisation *organisation,
                                        const Medhub__Registry__V1__Endpoint *said)
{
    struct dispatch *dispatch = self;
    char name[TARGET_NAME_BYTES];

    if (!target_name_is_safe(organisation->id) || !target_name_is_safe(said->id))
        return NULL;
    (void)snprintf(name, sizeof name, "%s/%s", organisation->id, said->id);
    int32_t partition = assignment_partition_of(dispatch->assignment, name);
    if (!assignment_has(dispatch->assignment, partition))
        return NULL;
    struct target *target = roster_find(&dispatch->roster, name);
    if (target == NULL && has_room_for_target(dispatch))
        target = make_target(dispatch, name, organisation->id, said->id, partition);
    if (target == NULL)
        return NULL;
    target->generation = dispatch->generation;
    if (!target_configure(target, organisation, said, dispatch->settings))
        log_error("webhook.not_configured", LOG_STR("endpoint", name));
    return target;
}

/* In the registry no more: it rests where it stands, in case it comes back. */
static void retire(struct target *target)
{
    if (target->live)
        log_info("webhook.endpoint_retired", LOG_STR("endpoint", target->endpoint->name));
    target->live = false;
    target->recipient_count = 0;
    progress_leave(&target->endpoint->progress);
}

static enum status refresh_audience(struct dispatch *dispatch, int64_t now_ms, struct fault *fault)
{
    enum status status = tables_reader_renew(dispatch->registry, fault);

    if (status != STATUS_OK || !audience_is_stale(dispatch->audience, dispatch->registry, now_ms)) {
        tables_reader_release(dispatch->registry);
        return status;
    }
    dispatch->generation++;
    status = audience_build(dispatch->audience, dispatch->registry, now_ms, named_by_registry, dispatch, fault);
    tables_reader_release(dispatch->registry);
    if (status != STATUS_OK)
        return status;
    ROSTER_EACH (&dispatch->roster, target, next) {
        if (target->generation != dispatch->generation)
            retire(target);
        target_refresh_secrets(target, dispatch->settings, now_ms);
        update(dispatch, target);
    }
    assignment_hear_wishes(dispatch->assignment);
    return STATUS_OK;
}

/* ---- partitions come and go ---- */

static void partition_ready(void *self, int32_t partition)
{
    struct dispatch *dispatch = self;
    (void)partition;

    audience_forget(dispatch->audience); /* it is built again, with the endpoints of the partition */
}

static size_t in_flight_of(const struct dispatch *dispatch, int32_t partition)
{
    size_t count = 0;

    ROSTER_EACH (&dispatch->roster, target, next)
        count += target->partition == partition ? target->endpoint->in_flight : 0;
    return count;
}

/* Lets what is on its way end, for a while, so that the next owner need not send it again. */
static void drain(struct dispatch *dispatch, int32_t partition, int64_t timeout_ms)
{
    int64_t until_us = clock_monotonic_us() + timeout_ms * 1000;

    while (in_flight_of(dispatch, partition) > 0 && clock_monotonic_us() < until_us)
        http_run(dispatch->http, 20);
    journal_flush(dispatch->journal, FLUSH_MS);
}

static void leave(struct dispatch *dispatch, struct target *target)
{
    write_state(dispatch, target, now_of(dispatch));
    feeder_forget(dispatch->feeder, target);
    roster_remove(&dispatch->roster, target);
    target->leaving = true;
    target->next_leaving = dispatch->leaving;
    dispatch->leaving = target;
    free_if_over(dispatch, target);
}

static void partition_revoked(void *self, int32_t partition)
{
    struct dispatch *dispatch = self;
    int64_t timeout_ms = dispatch->settings->session_timeout_ms / 4;

    audience_forget(dispatch->audience);
    ROSTER_EACH (&dispatch->roster, target, next)
        if (target->partition == partition) {
            target->closing = true;
            target_update(target);
        }
    drain(dispatch, partition,
          timeout_ms < dispatch->settings->stop_timeout_ms ? timeout_ms : dispatch->settings->stop_timeout_ms);
    ROSTER_EACH (&dispatch->roster, each, after)
        if (each->partition == partition)
            leave(dispatch, each);
    journal_flush(dispatch->journal, FLUSH_MS);
}

/* ---- wishes ---- */

static void fulfil(struct dispatch *dispatch, struct endpoint *endpoint, const Medhub__Webhook__V1__Control *control,
                   int64_t now_ms)
{
    switch (control->wish) {
    case MEDHUB__WEBHOOK__V1__WISH__WISH_PAUSE:
        endpoint_pause(endpoint, MEDHUB__WEBHOOK__V1__PAUSE_REASON__PAUSE_REASON_OPERATOR, control->reason, now_ms);
        break;
    case MEDHUB__WEBHOOK__V1__WISH__WISH_RESUME:
        endpoint_resume(endpoint, now_ms);
        ((struct target *)endpoint->owner)->challenge_due_ms = 0;
        break;
    case MEDHUB__WEBHOOK__V1__WISH__WISH_REDRIVE:
        for (size_t i = 0; i < control->n_deliveries; i++)
            if (!endpoint_redrive(endpoint, control->deliveries[i]->partition, control->deliveries[i]->offset))
                log_error("webhook.redrive_lost", LOG_STR("endpoint", endpoint->name)); /* no memory: parked as before */
        break;
    case MEDHUB__WEBHOOK__V1__WISH__WISH_UNSPECIFIED:
    case _MEDHUB__WEBHOOK__V1__WISH_IS_INT_SIZE:
        break;
    }
    (void)dispatch;
}

static void wish(void *self, const char *name, const Medhub__Webhook__V1__Control *control, int64_t offset)
{
    struct dispatch *dispatch = self;
    struct target *target = roster_find(&dispatch->roster, name);

    if (target == NULL) {
        log_warn("webhook.wish_unknown", LOG_STR("endpoint", name));
        return;
    }
    if (offset < target->endpoint->control_offset)
        return; /* fulfilled before the start */
    fulfil(dispatch, target->endpoint, control, now_of(dispatch));
    target->endpoint->control_offset = offset + 1;
    target->endpoint->changed = true;
    log_info("webhook.wish", LOG_STR("endpoint", name), LOG_INT("wish", control->wish),
             LOG_INT("deliveries", control->n_deliveries), LOG_STR("reason", control->reason));
    update(dispatch, target);
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
        update(dispatch, each);
    log_info("webhook.live", LOG_INT("endpoints", roster_count(&dispatch->roster)));
    return STATUS_OK;
}

static enum status tick(struct dispatch *dispatch, int64_t now_ms, struct fault *fault)
{
    bool early = now_ms - dispatch->tick_ms < TICK_MS && now_ms >= dispatch->tick_ms;
    if (early && audience_is_built(dispatch->audience)) /* no record is looked at without knowing who hears of it */
        return STATUS_OK;
    dispatch->tick_ms = now_ms;
    enum status status = refresh_audience(dispatch, now_ms, fault);
    if (status != STATUS_OK)
        return status;
    ROSTER_EACH (&dispatch->roster, target, next) {
        bool had = target->signer != NULL;
        target_refresh_secrets(target, dispatch->settings, now_ms);
        if (had != (target->signer != NULL))
            update(dispatch, target);
    }
    write_states(dispatch, now_ms);
    note_measures(dispatch, now_ms);
    feeder_note_time(dispatch->feeder, now_ms);
    if (!feeder_is_live(dispatch->feeder) && assignment_is_ready(dispatch->assignment))
        return start_live(dispatch, fault);
    dispatch->ready = feeder_is_live(dispatch->feeder) && assignment_is_ready(dispatch->assignment);
    return STATUS_OK;
}

static int wait_ms(const struct dispatch *dispatch, bool more)
{
    const struct target *first = roster_first(&dispatch->roster);
    int64_t wait = journal_pending(dispatch->journal) > 0 ? WAIT_MS_PENDING : WAIT_MS_MAX;

    if (more)
        return 0;
    if (first != NULL && http_pending(dispatch->http) < (size_t)dispatch->settings->requests_max) {
        int64_t due_ms = first->due_ms - now_of(dispatch);
        wait = due_ms < wait ? due_ms : wait;
    }
    return wait < 0 ? 0 : (int)wait;
}

enum status dispatch_run(struct dispatch *dispatch, struct fault *fault)
{
    bool more = false;

    (void)ask_clock(dispatch);
    enum status status = assignment_run(dispatch->assignment, fault);
    if (status == STATUS_OK)
        status = tick(dispatch, ask_clock(dispatch), fault);
    if (status == STATUS_OK)
        status = feeder_run(dispatch->feeder, now_of(dispatch), &more, fault);
    if (status != STATUS_OK)
        return status;
    journal_run(dispatch->journal);
    start_due(dispatch, ask_clock(dispatch));
    http_run(dispatch->http, wait_ms(dispatch, more));
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
    const struct feeder_events feeding = {live_record, catch_up_record, lost_record, dispatch};
    const struct assignment_events assigning = {partition_ready, partition_revoked, wish, dispatch};

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
    (void)ask_clock(dispatch);
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
        write_state(dispatch, each, now_of(dispatch));
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
    audience_free(dispatch->audience);
    delivery_pool_done(&dispatch->pool);
    arena_free(dispatch->records);
    arena_free(dispatch->bodies);
    free(dispatch->start);
    free(dispatch);
}

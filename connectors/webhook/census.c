#include "webhook/dispatcher.h"

#include "base/log.h"
#include "event/unpack.h"

#include <stdio.h>

enum { FLUSH_MS = 5000 };

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

enum status census_refresh(struct dispatch *dispatch, struct fault *fault)
{
    int64_t now_ms = now_of(dispatch);
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
        dispatch_update(dispatch, target);
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
    dispatch_write_state(dispatch, target);
    feeder_forget(dispatch->feeder, target);
    roster_remove(&dispatch->roster, target);
    target->leaving = true;
    target->next_leaving = dispatch->leaving;
    dispatch->leaving = target;
    dispatch_free_if_over(dispatch, target);
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

static void fulfil(struct endpoint *endpoint, const Medhub__Webhook__V1__Control *control, int64_t now_ms)
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
    fulfil(target->endpoint, control, now_of(dispatch));
    target->endpoint->control_offset = offset + 1;
    target->endpoint->changed = true;
    log_info("webhook.wish", LOG_STR("endpoint", name), LOG_INT("wish", control->wish),
             LOG_INT("deliveries", control->n_deliveries), LOG_STR("reason", control->reason));
    dispatch_update(dispatch, target);
}

const struct assignment_events census_events = {.ready = partition_ready, .revoked = partition_revoked, .wish = wish};

#include "webhook/dispatcher.h"

#include "base/log.h"

enum { HOLD_MS_MAX = 1000, HOLD_TRY_MS = 5 /* thousands may hear of the record */ };

static enum endpoint_takes take(struct dispatch *dispatch, struct target *target, struct delivery *delivery)
{
    bool no_memory = dispatch->pool.bytes > (size_t)dispatch->settings->memory_bytes_max && target->endpoint->count > 0;
    if (no_memory)
        return ENDPOINT_FULL;
    enum endpoint_takes answer = endpoint_take(target->endpoint, delivery, now_of(dispatch));
    if (answer == ENDPOINT_TOOK)
        dispatch_schedule(dispatch, target);
    return answer;
}

/* Each record once, however often it is offered. */
static const Medhub__Event__V1__Delivery *read_record(struct dispatch *dispatch, const struct record *record)
{
    struct record_read *read = &dispatch->read;
    struct fault fault = {0};

    if (read->looked_at && read->partition == record->partition && read->offset == record->offset)
        return read->message;
    delivery_release(read->delivery);
    arena_reset(dispatch->records);
    *read = (struct record_read){.looked_at = true, .partition = record->partition, .offset = record->offset};
    if (record->value.data == NULL || delivery_read(record, dispatch->records, &read->message, &fault) != STATUS_OK)
        log_error("webhook.delivery_unreadable", LOG_INT("partition", record->partition), LOG_INT("offset", record->offset),
                  LOG_STR("code", fault.code));
    return read->message;
}

/* Of the record that was read last, for whoever takes it. NULL if memory is out. */
static struct delivery *delivery_of(struct dispatch *dispatch, const struct record *record)
{
    struct record_read *read = &dispatch->read;

    if (read->delivery == NULL)
        read->delivery = delivery_new(&dispatch->pool, record, read->message);
    return read->delivery;
}

/* ---- at the live end ---- */

/* A clock that was set back ends every wait. */
static bool is_younger(const struct dispatch *dispatch, int64_t then_ms, int64_t age_ms)
{
    int64_t now_ms = now_of(dispatch);

    return now_ms >= then_ms && now_ms - then_ms < age_ms;
}

static bool nobody_runs_dry(const struct dispatch *dispatch)
{
    ROSTER_EACH (&dispatch->roster, target, next)
        if (target->endpoint->progress.following != NULL && endpoint_runs_dry(target->endpoint, now_of(dispatch)))
            return false;
    return true;
}

/* While everybody else has enough to send, waiting for room is cheaper than reading the same records again for TARGET alone. */
static bool may_wait_for(struct dispatch *dispatch, const struct target *target)
{
    struct live_hold *hold = &dispatch->hold;
    bool too_long = hold->since_ms != 0 && !is_younger(dispatch, hold->since_ms, HOLD_MS_MAX);

    if (too_long || !endpoint_is_well(target->endpoint))
        return false;
    if (!hold->looked)
        hold->all_busy = nobody_runs_dry(dispatch);
    hold->looked = true;
    return hold->all_busy;
}

/* Once, although it may hear of it as itself and by several feeds. False: the record has to wait for it. */
static bool offer_live(struct dispatch *dispatch, struct target *target, const struct record *record)
{
    bool follows = target->endpoint->progress.following != NULL && target->offered != dispatch->record_number;

    target->offered = dispatch->record_number;
    if (!follows || !target_wants(target, dispatch->read.message->type))
        return true;
    struct delivery *delivery = delivery_of(dispatch, record);
    if (delivery != NULL && take(dispatch, target, delivery) != ENDPOINT_FULL)
        return true;
    if (delivery != NULL && may_wait_for(dispatch, target))
        return false;
    feeder_fall_behind(dispatch->feeder, target); /* others are not held up */
    return true;
}

static enum status hold(struct dispatch *dispatch, struct fault *fault)
{
    if (dispatch->hold.since_ms == 0)
        dispatch->hold.since_ms = now_of(dispatch);
    return fault_retry(fault, "webhook.full", "an endpoint's window is full");
}

static enum status live_record(void *self, const struct record *record, struct fault *fault)
{
    struct dispatch *dispatch = self;
    bool held = false;

    if (dispatch->hold.since_ms != 0 && is_younger(dispatch, dispatch->hold.tried_ms, HOLD_TRY_MS))
        return hold(dispatch, fault);
    const Medhub__Event__V1__Delivery *message = read_record(dispatch, record);
    dispatch->hold.tried_ms = now_of(dispatch);
    dispatch->hold.looked = false;
    dispatch->record_number++;
    for (size_t i = 0; message != NULL && i < message->n_recipients; i++) {
        size_t count = 0;
        struct target *const *targets = audience_find(dispatch->audience, message->recipients[i], &count);
        for (size_t k = 0; k < count; k++)
            held |= !offer_live(dispatch, targets[k], record);
    }
    if (held)
        return hold(dispatch, fault);
    dispatch->hold.since_ms = 0;
    return STATUS_OK;
}

/* ---- behind it ---- */

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
    struct delivery *delivery = delivery_of(dispatch, record);
    return delivery == NULL ? ENDPOINT_FULL : take(dispatch, target, delivery);
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

const struct feeder_events intake_events = {.live = live_record, .offer = catch_up_record, .lost = lost_record};

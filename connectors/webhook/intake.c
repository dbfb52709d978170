#include "webhook/dispatcher.h"

#include "base/log.h"

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

const struct feeder_events intake_events = {.live = live_record, .offer = catch_up_record, .lost = lost_record};

#include "flow/walk.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "event/unpack.h"
#include "flow/flow.h"
#include "flow/stages.h"
#include "state/changelog.h"
#include "state/timers.h"

#include "medhub/policy/v1/policy.pb-c.h"

enum { TIME_ONE_IN = 64 };

static void begin_event(struct flow *flow, struct event *event, struct task *task, const struct lane *lane)
{
    arena_reset(flow->arena);
    outbox_clear(&flow->outbox);
    flow->task = task;
    flow->lane = lane;
    flow->handler = NULL;
    flow->foreign_headers = false;
    flow->redrive = 0;
    flow->remembered = false;
    flow->fact_version = 0;
    flow->first = (struct first_outcome){.outcome = OUTCOME_ACCEPTED};
    flow->view.consulted_count = 0;

    *event = (struct event){.arena = flow->arena, .decision = &flow->decision};
    event->attributes = EVENT_ATTRIBUTES_NONE;
    findings_init(&event->findings, flow->arena);
    decision_init(event->decision, flow->arena, event);
}

static enum status run_stages(struct flow *flow, struct event *event, const char **stopped_at)
{
    const struct stage *stages = flow->shared->stages;
    bool timed = flow->timing++ % TIME_ONE_IN == 0;
    enum status status = STATUS_OK;

    for (size_t i = 0; status == STATUS_OK && stages[i].run != NULL; i++) {
        int64_t begun_us = timed ? clock_monotonic_us() : 0;
        *stopped_at = stages[i].name;
        status = stages[i].run(flow, event);
        if (timed)
            metric_observe_us(flow->measures.stages[i], clock_monotonic_us() - begun_us);
    }
    return status;
}

enum status walk_record(struct flow *flow, struct task *task, const struct lane *lane, struct record *record,
                        struct fault *fault)
{
    struct event event;
    const char *stage = "";

    begin_event(flow, &event, task, lane);
    flow->record = record;
    event.position = (struct event_position){lane->inbox_topic, record->partition, record->offset};
    event.submitted_ms = record->timestamp_ms;
    event.key = record->key;
    event.value = record->value;

    enum status status = run_stages(flow, &event, &stage);
    if (status == STATUS_REJECT)
        status = park_event(flow, &event, stage);
    if (status != STATUS_OK)
        *fault = event.fault;
    return status;
}

/* A timer is an event that nobody submitted: it goes through the last two stages only. */
static enum status fire(struct flow *flow, struct event *event)
{
    if (flow->handler == NULL || flow->handler->fire == NULL)
        return fault_reject(&event->fault, "timer.unknown", "this version has no handler for it");
    enum status status = decide_stage(flow, event);

    return status == STATUS_OK ? emit_stage(flow, event) : status;
}

/* A record of the changelog by itself, beside what an event decides. */
static enum status write_changelog(struct flow *flow, struct bytes key, struct bytes value, struct fault *fault)
{
    outbox_clear(&flow->outbox);
    outbox_add_changelog(flow, key, value);
    enum status status = outbox_apply(flow, fault);
    outbox_clear(&flow->outbox);
    return status;
}

/* Nobody can be told and nothing can be parked, and what it stands for must not be lost: it fires again later, for as long as it
 * takes somebody to look. */
static enum status put_off(struct flow *flow, const struct event *event, struct bytes key, struct bytes later,
                           struct fault *fault)
{
    log_error("timer.put_off", LOG_STR("type", event->attributes.type), LOG_STR("code", event->fault.code),
              LOG_STR("text", event->fault.text));
    metric_add(flow->measures.timers_put_off, 1);
    return write_changelog(flow, key, later, fault);
}

const char *walk_timer_id(struct arena *arena, const char *name, struct bytes key, int64_t due_ms)
{
    return arena_format(arena, "timer/%s/%016llx/%lld", name, (unsigned long long)hash_bytes(key, 0),
                        (long long)due_ms);
}

int64_t walk_timer_offset(struct bytes name, struct bytes key, int64_t due_ms)
{
    return (int64_t)(hash_bytes(key, hash_bytes(name, (uint64_t)due_ms)) & INT64_MAX);
}

enum status walk_timer(struct flow *flow, struct task *task, const struct timer *timer, struct fault *fault)
{
    struct event event;
    const struct handler *handler = NULL;

    begin_event(flow, &event, task, NULL);
    flow->record = NULL;
    event.key = arena_bytes(flow->arena, timer->entity);
    event.attributes.type = arena_text(flow->arena, timer->type);
    event.attributes.subject = arena_text(flow->arena, timer->name);
    event.attributes.source = flow->shared->settings->hub_operator;
    event.attributes.id = walk_timer_id(flow->arena, event.attributes.subject, event.key, timer->due_ms);
    event.due_ms = timer->due_ms;
    event.position = (struct event_position){
        "timer", task->partition, walk_timer_offset(timer->name, timer->entity, timer->due_ms)};
    flow->lane = lane_of_type(&flow->shared->lanes, event.attributes.type, &handler);
    flow->handler = handler;

    /* Made before it fires: a decision that has used up the memory is put off too. */
    const struct decided_timer again = {.name = event.attributes.subject,
                                        .type = event.attributes.type,
                                        .due_ms = flow->now_ms + flow->shared->settings->timer_retry_ms};
    struct bytes record, later;
    if (event.attributes.id == NULL || !outbox_timer_record(&event, &again, &record, &later))
        return fault_retry(fault, "memory.out", "no memory for a timer");
    enum status status = write_changelog(flow, record, BYTES_NONE, fault);
    if (status != STATUS_OK)
        return status;
    status = fire(flow, &event);
    if (status == STATUS_REJECT)
        return put_off(flow, &event, record, later, fault);
    if (status == STATUS_OK)
        metric_add(flow->measures.timers, 1);
    else
        *fault = event.fault;
    return status;
}

/* --- values that are read often and change seldom --- */

static bool add_year(const char *key, const char *region, const struct tables_row *row, void *context)
{
    struct flow *flow = context;
    ProtobufCMessage *message = NULL;
    struct fault ignored; /* a year that cannot be read stays uncovered, and a rule that needs it says so */
    (void)key;
    (void)region;

    if (unpack_message(schema_of(&medhub__policy__v1__calendar_year__descriptor), row->value, flow->arena, &message,
                       &ignored) != STATUS_OK)
        return true;
    const Medhub__Policy__V1__CalendarYear *year = (const Medhub__Policy__V1__CalendarYear *)message;
    date_t first = date_from_civil(year->year, 1, 1), last = date_from_civil(year->year, 12, 31);
    for (date_t day = first; first != DATE_NONE && day <= last; day++) {
        size_t bit = (size_t)(day - first);
        if (bit / 8 < year->working_days.len)
            (void)calendar_set(flow->calendar, day, (year->working_days.data[bit / 8] >> (bit % 8) & 1) != 0);
    }
    return true;
}

static enum status refresh_days(struct flow *flow, struct fault *fault)
{
    uint64_t rows = tables_reader_rows(flow->tables, TABLE_CALENDAR);

    if (flow->calendar != NULL && rows == flow->calendar_rows)
        return STATUS_OK;
    calendar_free(flow->calendar);
    flow->calendar = calendar_new();
    if (flow->calendar == NULL)
        return fault_retry(fault, "memory.out", "no memory for the calendar");
    arena_reset(flow->arena);
    tables_each(flow->tables, TABLE_CALENDAR, add_year, flow);
    flow->calendar_rows = rows;
    return STATUS_OK;
}

static void refresh_dedupe_window(struct flow *flow)
{
    struct tables_row row;
    ProtobufCMessage *message = NULL;
    struct fault ignored;

    flow->dedupe_days = flow->shared->settings->dedupe_days;
    arena_reset(flow->arena);
    if (tables_find(flow->tables, TABLE_POLICY, "dedupe.window_days", REGION_NATION, date_in_china(flow->now_ms),
                    &row) &&
        unpack_message(schema_of(&medhub__policy__v1__parameter__descriptor), row.value, flow->arena, &message,
                       &ignored) == STATUS_OK) {
        int64_t days = ((const Medhub__Policy__V1__Parameter *)message)->integer;
        if (days > 0)
            flow->dedupe_days = days;
    }
}

enum status walk_refresh_calendar(struct flow *flow, struct fault *fault)
{
    uint64_t rows = tables_reader_rows(flow->tables, TABLE_POLICY);
    date_t today = date_in_china(flow->now_ms);

    if (rows != flow->policy_rows || today != flow->policy_day || flow->dedupe_days == 0) {
        refresh_dedupe_window(flow);
        flow->policy_rows = rows;
        flow->policy_day = today;
    }
    return refresh_days(flow, fault);
}

#include "webhook/feeder.h"

#include "base/clock.h"
#include "base/log.h"
#include "kafka/reader.h"

#include <stdio.h>
#include <stdlib.h>

enum { ASK_TIMEOUT_MS = 10000, LIVE_RECORDS_MAX = 500, TURN_RECORDS_MAX = 500, SKIP_RECORDS = 2000, SAMPLES = 64 };

/* One reader for endpoints that catch up; serves one of them at a time. */
struct slot {
    struct reader *reader;
    struct target *target; /* NULL: idle */
    struct record held; /* read, and refused by a full window; message NULL: none */
    int64_t *position; /* by partition: the next offset that comes; -1: not read */
    int64_t begun_ms;
};

struct sample { /* where the live reader was */
    int64_t at_ms;
    int64_t *next;
};

struct feeder {
    const struct kafka_client *client;
    const struct webhook_settings *settings;
    struct feeder_events events;
    int wake;
    int32_t partitions;
    struct reader *live;
    struct record live_held; /* read, and to be offered again; message NULL: none */
    bool is_live;
    int64_t *live_next;
    struct sample samples[SAMPLES]; /* a ring */
    size_t sample_count;
    int64_t *begin; /* asked for at the start */
    struct slot *slots;
    size_t slot_count;
    struct target *first_hungry, *last_hungry;
};

/* ---- where the live reader was ---- */

static int64_t *new_offsets(const struct feeder *feeder)
{
    return calloc((size_t)feeder->partitions, sizeof(int64_t));
}

const int64_t *feeder_begin(const struct feeder *feeder)
{
    if (!feeder->is_live || feeder->sample_count < SAMPLES)
        return feeder->begin;
    return feeder->samples[feeder->sample_count % SAMPLES].next; /* the oldest */
}

void feeder_note_time(struct feeder *feeder, int64_t now_ms)
{
    struct sample *last = feeder->sample_count == 0 ? NULL : &feeder->samples[(feeder->sample_count - 1) % SAMPLES];
    int64_t each_ms = feeder->settings->begin_back_seconds * 1000 / (SAMPLES - 1);

    if (!feeder->is_live || (last != NULL && now_ms - last->at_ms < each_ms))
        return;
    struct sample *sample = &feeder->samples[feeder->sample_count % SAMPLES];
    if (sample->next == NULL)
        sample->next = new_offsets(feeder);
    if (sample->next == NULL)
        return; /* a new endpoint then begins further back */
    sample->at_ms = now_ms;
    memcpy(sample->next, feeder->live_next, (size_t)feeder->partitions * sizeof *sample->next);
    feeder->sample_count++;
}

/* ---- the queue of those that need a reader ---- */

static bool needs_reader(const struct target *target)
{
    const struct endpoint *endpoint = target->endpoint;
    bool something = endpoint->progress.following == NULL || endpoint->progress.wanted_count > 0;

    return something && endpoint->enabled && endpoint_has_room(endpoint);
}

static void make_hungry(struct feeder *feeder, struct target *target)
{
    target->hungry = true;
    target->next_hungry = NULL;
    *(feeder->last_hungry != NULL ? &feeder->last_hungry->next_hungry : &feeder->first_hungry) = target;
    feeder->last_hungry = target;
}

static struct target *next_hungry(struct feeder *feeder)
{
    while (feeder->first_hungry != NULL) {
        struct target *target = feeder->first_hungry;
        feeder->first_hungry = target->next_hungry;
        if (feeder->first_hungry == NULL)
            feeder->last_hungry = NULL;
        target->hungry = false;
        if (needs_reader(target))
            return target;
    }
    return NULL;
}

static void try_to_follow(struct feeder *feeder, struct target *target)
{
    struct progress *progress = &target->endpoint->progress;

    if (feeder->is_live && progress->following == NULL && progress_may_follow(progress, feeder->live_next))
        progress_follow(progress, feeder->live_next);
}

void feeder_serve(struct feeder *feeder, struct target *target)
{
    if (!feeder->is_live || target->hungry || target->fed || target->leaving || target->generation == 0)
        return;
    try_to_follow(feeder, target);
    if (needs_reader(target))
        make_hungry(feeder, target);
}

/* It must not follow again before the live reader has gone past the record that it could not take. */
void feeder_fall_behind(struct feeder *feeder, struct target *target)
{
    progress_leave(&target->endpoint->progress);
    if (!target->hungry && !target->fed && needs_reader(target))
        make_hungry(feeder, target);
}

/* ---- a turn with a reader ---- */

static enum status read_at(struct slot *slot, int32_t partition, int64_t offset, struct fault *fault)
{
    slot->position[partition] = offset;
    return reader_add(slot->reader, TOPIC_DELIVERY, partition, offset, fault);
}

static void read_no_more(struct slot *slot, int32_t partition)
{
    struct fault fault; /* ignoring: what still comes of it is passed over by its position */

    if (slot->position[partition] < 0)
        return;
    slot->position[partition] = -1;
    (void)!reader_remove(slot->reader, TOPIC_DELIVERY, partition, &fault);
}

/* Reading goes on where the endpoint stands: there, further on, or not at all. */
static enum status aim(struct slot *slot, int32_t partition, struct fault *fault)
{
    int64_t from = progress_read_from(&slot->target->endpoint->progress, partition);
    int64_t at = slot->position[partition];

    if (from == NOTHING_TO_READ) {
        read_no_more(slot, partition);
        return STATUS_OK;
    }
    if (at >= 0 && from >= at && from - at <= SKIP_RECORDS)
        return STATUS_OK;
    read_no_more(slot, partition);
    return read_at(slot, partition, from, fault);
}

static enum status aim_all(struct feeder *feeder, struct slot *slot, struct fault *fault)
{
    enum status status = STATUS_OK;

    try_to_follow(feeder, slot->target);
    for (int32_t i = 0; status == STATUS_OK && i < feeder->partitions; i++)
        status = aim(slot, i, fault);
    return status;
}

static void end_turn(struct feeder *feeder, struct slot *slot)
{
    struct target *target = slot->target;

    for (int32_t i = 0; i < feeder->partitions; i++)
        read_no_more(slot, i);
    record_release(&slot->held);
    slot->held = (struct record){0};
    slot->target = NULL;
    target->fed = false;
    feeder_serve(feeder, target);
}

static bool reads_nothing(const struct feeder *feeder, const struct slot *slot)
{
    for (int32_t i = 0; i < feeder->partitions; i++)
        if (slot->position[i] >= 0)
            return false;
    return true;
}

/* What is wanted before OFFSET would have come by now. */
static void tell_lost(struct feeder *feeder, struct slot *slot, int32_t partition, int64_t offset)
{
    struct progress *progress = &slot->target->endpoint->progress;
    int64_t from = progress_read_from(progress, partition);

    while (from < offset && progress_find(progress, partition, from) != NULL) {
        feeder->events.lost(feeder->events.self, slot->target, partition, from);
        if (progress_find(progress, partition, from) != NULL)
            return; /* no memory to settle it: next time */
        from = progress_read_from(progress, partition);
    }
}

/* False: the window is full, the record is to be offered again. */
static bool give(struct feeder *feeder, struct slot *slot, const struct record *record)
{
    tell_lost(feeder, slot, record->partition, record->offset);
    if (feeder->events.offer(feeder->events.self, slot->target, record) == ENDPOINT_FULL)
        return false;
    progress_looked_at(&slot->target->endpoint->progress, record->partition, record->offset + 1);
    slot->position[record->partition] = record->offset + 1;
    return true;
}

static void reach_end(struct feeder *feeder, struct slot *slot, const struct record *end)
{
    if (slot->position[end->partition] < 0 || slot->position[end->partition] > end->offset)
        return; /* of a reading that is over */
    tell_lost(feeder, slot, end->partition, end->offset);
    progress_looked_at(&slot->target->endpoint->progress, end->partition, end->offset);
    slot->position[end->partition] = end->offset;
}

/* Reads up to a bound. *FULL: the window is. */
static enum status read_some(struct feeder *feeder, struct slot *slot, bool *full, bool *more, struct fault *fault)
{
    enum status status = STATUS_OK;

    for (unsigned i = 0; status == STATUS_OK && i < TURN_RECORDS_MAX; i++) {
        struct record record = slot->held;
        slot->held = (struct record){0};
        enum reader_result result =
            record.message != NULL ? READER_RECORD : reader_poll(slot->reader, 0, &record, fault);
        if (result == READER_NOTHING)
            return STATUS_OK;
        if (result == READER_ERROR)
            return STATUS_FATAL;
        bool expected = slot->position[record.partition] >= 0 && record.offset >= slot->position[record.partition];
        if (result == READER_END) {
            reach_end(feeder, slot, &record);
        } else if (expected && !give(feeder, slot, &record)) {
            slot->held = record;
            *full = true;
            return STATUS_OK;
        }
        record_release(&record);
        if (expected || result == READER_END)
            status = aim_all(feeder, slot, fault);
        if (reads_nothing(feeder, slot))
            return status;
    }
    *more = true;
    return status;
}

static enum status run_slot(struct feeder *feeder, struct slot *slot, int64_t now_ms, bool *more, struct fault *fault)
{
    bool full = false;

    if (slot->target == NULL) {
        slot->target = next_hungry(feeder);
        if (slot->target == NULL)
            return STATUS_OK;
        slot->target->fed = true;
        slot->begun_ms = now_ms;
        if (aim_all(feeder, slot, fault) != STATUS_OK)
            return STATUS_FATAL;
    }
    if (slot->held.message != NULL && !endpoint_has_room(slot->target->endpoint)) {
        full = true;
    } else if (read_some(feeder, slot, &full, more, fault) != STATUS_OK) {
        return STATUS_FATAL;
    }
    bool others_wait = feeder->first_hungry != NULL;
    bool over = now_ms - slot->begun_ms >= feeder->settings->catch_up_turn_ms;
    if (reads_nothing(feeder, slot) || !slot->target->endpoint->enabled || (others_wait && (full || over)))
        end_turn(feeder, slot);
    return STATUS_OK;
}

/* ---- the live end ---- */

static enum reader_result poll_live(struct feeder *feeder, struct record *record, struct fault *fault)
{
    if (feeder->live_held.message == NULL)
        return reader_poll(feeder->live, 0, record, fault);
    *record = feeder->live_held;
    feeder->live_held = (struct record){0};
    return READER_RECORD;
}

/* RETRY: it is held. */
static enum status offer_live(struct feeder *feeder, struct record *record, struct fault *fault)
{
    enum status status = feeder->events.live(feeder->events.self, record, fault);

    if (status == STATUS_RETRY) {
        feeder->live_held = *record;
        return status;
    }
    if (status == STATUS_OK)
        feeder->live_next[record->partition] = record->offset + 1;
    record_release(record);
    return status;
}

static enum status run_live(struct feeder *feeder, bool *more, struct fault *fault)
{
    for (unsigned i = 0; i < LIVE_RECORDS_MAX; i++) {
        struct record record = {0};
        enum reader_result result = poll_live(feeder, &record, fault);
        if (result == READER_NOTHING)
            return STATUS_OK;
        if (result == READER_ERROR)
            return STATUS_FATAL;
        enum status status = STATUS_OK;
        if (result == READER_RECORD)
            status = offer_live(feeder, &record, fault);
        else if (record.offset > feeder->live_next[record.partition])
            feeder->live_next[record.partition] = record.offset;
        if (status != STATUS_OK)
            return status == STATUS_RETRY ? STATUS_OK : status;
    }
    *more = true;
    return STATUS_OK;
}

enum status feeder_run(struct feeder *feeder, int64_t now_ms, bool *more, struct fault *fault)
{
    *more = false;
    if (!feeder->is_live)
        return STATUS_OK;
    enum status status = run_live(feeder, more, fault);
    for (size_t i = 0; status == STATUS_OK && i < feeder->slot_count; i++)
        status = run_slot(feeder, &feeder->slots[i], now_ms, more, fault);
    return status;
}

static enum status clamp(struct feeder *feeder, int32_t partition, int64_t wanted, int64_t *from, struct fault *fault)
{
    int64_t low = 0, high = 0;
    enum status status = reader_watermarks(feeder->live, TOPIC_DELIVERY, partition, ASK_TIMEOUT_MS, &low, &high, fault);

    int64_t oldest = high - feeder->settings->live_backlog;
    if (oldest < low)
        oldest = low;
    *from = wanted < oldest ? oldest : wanted > high ? high : wanted;
    return status;
}

enum status feeder_start_live(struct feeder *feeder, const int64_t *start, struct fault *fault)
{
    enum status status = STATUS_OK;

    for (int32_t i = 0; status == STATUS_OK && i < feeder->partitions; i++)
        status = clamp(feeder, i, start[i], &feeder->live_next[i], fault);
    for (int32_t i = 0; status == STATUS_OK && i < feeder->partitions; i++)
        status = reader_add(feeder->live, TOPIC_DELIVERY, i, feeder->live_next[i], fault);
    feeder->is_live = status == STATUS_OK;
    return status;
}

bool feeder_is_live(const struct feeder *feeder)
{
    return feeder->is_live;
}

void feeder_forget(struct feeder *feeder, struct target *target)
{
    for (size_t i = 0; i < feeder->slot_count; i++)
        if (feeder->slots[i].target == target)
            end_turn(feeder, &feeder->slots[i]);
    struct target *before = NULL;
    for (struct target *each = feeder->first_hungry; each != NULL; before = each, each = each->next_hungry) {
        if (each != target)
            continue;
        *(before != NULL ? &before->next_hungry : &feeder->first_hungry) = each->next_hungry;
        if (feeder->last_hungry == each)
            feeder->last_hungry = before;
        break;
    }
    target->hungry = false;
    progress_leave(&target->endpoint->progress);
}

int32_t feeder_partitions(const struct feeder *feeder)
{
    return feeder->partitions;
}

/* ---- life ---- */

static enum status ask_begin(struct feeder *feeder, struct fault *fault)
{
    int64_t since_ms = clock_now_ms(clock_system()) - feeder->settings->begin_back_seconds * 1000;
    enum status status = STATUS_OK;

    for (int32_t i = 0; status == STATUS_OK && i < feeder->partitions; i++)
        status = reader_offset_at(feeder->live, TOPIC_DELIVERY, i, since_ms, ASK_TIMEOUT_MS, &feeder->begin[i], fault);
    return status;
}

static enum status open_slots(struct feeder *feeder, struct fault *fault)
{
    enum status status = STATUS_OK;

    for (size_t i = 0; status == STATUS_OK && i < (size_t)feeder->settings->catch_up_readers; i++) {
        struct slot *slot = &feeder->slots[i];
        feeder->slot_count = i + 1;
        slot->position = new_offsets(feeder);
        if (slot->position == NULL)
            return fault_fatal(fault, "memory.out", "no memory for the feeder");
        for (int32_t k = 0; k < feeder->partitions; k++)
            slot->position[k] = -1;
        status = reader_open_bounded(feeder->client, true, (int)feeder->settings->ahead_kilobytes, &slot->reader, fault);
        if (status == STATUS_OK)
            reader_wake(slot->reader, feeder->wake);
    }
    return status;
}

static enum status open_live(struct feeder *feeder, struct fault *fault)
{
    enum status status =
        reader_open_bounded(feeder->client, true, (int)feeder->settings->ahead_kilobytes, &feeder->live, fault);
    if (status == STATUS_OK)
        status = reader_partition_count(feeder->live, TOPIC_DELIVERY, ASK_TIMEOUT_MS, &feeder->partitions, fault);
    if (status != STATUS_OK)
        return status;
    if (feeder->partitions < 1 || feeder->partitions > DELIVERY_PARTITIONS_MAX)
        return fault_fatal(fault, "topic.missing", "topic %s has %d partitions: run `medhub ctl topics apply`",
                           TOPIC_DELIVERY, (int)feeder->partitions);
    feeder->live_next = new_offsets(feeder);
    feeder->begin = new_offsets(feeder);
    feeder->slots = calloc((size_t)feeder->settings->catch_up_readers, sizeof *feeder->slots);
    if (feeder->live_next == NULL || feeder->begin == NULL || feeder->slots == NULL)
        return fault_fatal(fault, "memory.out", "no memory for the feeder");
    reader_wake(feeder->live, feeder->wake);
    return ask_begin(feeder, fault);
}

enum status feeder_open(const struct kafka_client *client, const struct webhook_settings *settings, int wake,
                        struct feeder_events events, struct feeder **feeder, struct fault *fault)
{
    struct feeder *made = calloc(1, sizeof *made);

    *feeder = NULL;
    if (made == NULL)
        return fault_fatal(fault, "memory.out", "no memory for the feeder");
    made->client = client;
    made->settings = settings;
    made->events = events;
    made->wake = wake;
    enum status status = open_live(made, fault);
    if (status == STATUS_OK)
        status = open_slots(made, fault);
    if (status != STATUS_OK) {
        feeder_close(made);
        return status;
    }
    *feeder = made;
    return STATUS_OK;
}

void feeder_close(struct feeder *feeder)
{
    if (feeder == NULL)
        return;
    for (size_t i = 0; i < feeder->slot_count; i++) {
        record_release(&feeder->slots[i].held);
        reader_close(feeder->slots[i].reader);
        free(feeder->slots[i].position);
    }
    for (size_t i = 0; i < SAMPLES; i++)
        free(feeder->samples[i].next);
    record_release(&feeder->live_held);
    reader_close(feeder->live);
    free(feeder->slots);
    free(feeder->live_next);
    free(feeder->begin);
    free(feeder);
}

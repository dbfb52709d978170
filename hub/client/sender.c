#include "client/sender.h"

#include "client/wire.h"

#include "base/hash.h"

#include <stdlib.h>
#include <string.h>

/* One request under way for one event. */
struct slot {
    struct sender *sender;
    bool busy, asks; /* asks: for the receipt; else sends */
    bool waits;      /* the gateway was asked to wait for the decision */
    struct outbox_entry entry;
};

struct sender {
    struct medhub *hub;
    int64_t failures; /* in a row, that concern all */
    int64_t paused_until_ms;
    int64_t no_receipt_until_ms; /* the hub is behind: nobody is asked before */
    bool decides_in_time;        /* the last wait for a decision ended with one */
    size_t slot_count;
    struct slot slots[];
};

enum medhub_status sender_open(struct medhub *hub, struct sender **sender, struct medhub_error *error)
{
    size_t count = (size_t)hub->settings.connections_max;
    struct sender *opened = calloc(1, sizeof *opened + count * sizeof(struct slot));

    *sender = opened;
    if (opened == NULL)
        return error_say(error, "memory.out", NULL);
    opened->hub = hub;
    opened->slot_count = count;
    opened->decides_in_time = true;
    for (size_t i = 0; i < count; i++)
        opened->slots[i].sender = opened;
    return MEDHUB_OK;
}

void sender_close(struct sender *sender)
{
    for (size_t i = 0; sender != NULL && i < sender->slot_count; i++)
        outbox_entry_done(&sender->slots[i].entry);
    free(sender);
}

static int64_t now_ms(const struct sender *sender)
{
    return clock_now_ms(sender->hub->clock);
}

static uint64_t seed_of(const struct slot *slot)
{
    return hash_bytes(bytes_of(slot->entry.id), (uint64_t)slot->entry.attempts);
}

/* ---- what an answer means for the outbox; lock held ---- */

static void pause_all(struct sender *sender, const struct slot *slot, int64_t retry_after_ms)
{
    struct retry_plan plan = handle_retry_plan(sender->hub);
    int64_t now = now_ms(sender);

    if (now < sender->paused_until_ms)
        return; /* the others that were under way fail for the same reason */
    sender->failures++;
    sender->paused_until_ms = now + retry_pause_ms(&plan, sender->failures, retry_after_ms, seed_of(slot));
}

static enum medhub_status postpone(struct slot *slot, const struct retry_plan *plan, int64_t retry_after_ms,
                                   struct medhub_error *error)
{
    struct sender *sender = slot->sender;
    int64_t pause_ms = retry_pause_ms(plan, slot->entry.attempts + 1, retry_after_ms, seed_of(slot));
    return outbox_postpone(sender->hub->outbox, &slot->entry, now_ms(sender) + pause_ms, error);
}

static struct retry_plan ask_plan(const struct sender *sender)
{
    const struct client_settings *settings = &sender->hub->settings;
    return (struct retry_plan){settings->receipt_poll_ms, settings->retry_max_ms};
}

/* The gateway took the event; with a decision in sight it is asked for soon. */
static enum medhub_status note_taken(struct slot *slot, struct medhub_error *error)
{
    struct sender *sender = slot->sender;
    if (slot->waits)
        sender->decides_in_time = false; /* asking it to wait would only keep the next of the key back */
    return outbox_taken(sender->hub->outbox, &slot->entry,
                        now_ms(sender) + sender->hub->settings.receipt_poll_ms, error);
}

static enum medhub_status note_no_receipt(struct slot *slot, int64_t retry_after_ms,
                                          struct medhub_error *error)
{
    struct sender *sender = slot->sender;
    struct retry_plan plan = ask_plan(sender);
    sender->no_receipt_until_ms = now_ms(sender) + sender->hub->settings.receipt_poll_ms;
    return postpone(slot, &plan, retry_after_ms, error);
}

static enum medhub_status note_later(struct slot *slot, int64_t retry_after_ms, struct medhub_error *error)
{
    struct retry_plan plan = handle_retry_plan(slot->sender->hub);
    return postpone(slot, &plan, retry_after_ms, error);
}

static enum medhub_status act(struct slot *slot, enum wire_verdict verdict, enum medhub_outcome outcome,
                              const struct courier_answer *answer, struct medhub_error *error)
{
    switch (verdict) {
    case WIRE_SETTLED:
        slot->sender->decides_in_time = true;
        slot->sender->no_receipt_until_ms = 0;
        return outbox_settle(slot->sender->hub->outbox, &slot->entry, outcome, answer->body, error);
    case WIRE_TAKEN:
        return note_taken(slot, error);
    case WIRE_LATER:
        return slot->asks && answer->status == 404 ? note_no_receipt(slot, answer->retry_after_ms, error)
                                                   : note_later(slot, answer->retry_after_ms, error);
    case WIRE_PAUSE:
    case WIRE_DENIED:
    case WIRE_PROTOCOL:
        pause_all(slot->sender, slot, answer->retry_after_ms);
        return MEDHUB_OK;
    }
    return MEDHUB_OK;
}

static bool is_there(enum wire_verdict verdict, const struct slot *slot, const struct courier_answer *answer)
{
    return verdict == WIRE_SETTLED || verdict == WIRE_TAKEN ||
           (verdict == WIRE_LATER && slot->asks && answer->status == 404);
}

static void on_answer(void *context, const struct courier_answer *answer)
{
    struct slot *slot = context;
    struct medhub *hub = slot->sender->hub;
    struct medhub_error problem = MEDHUB_ERROR_INIT, error = MEDHUB_ERROR_INIT;
    enum medhub_outcome outcome = MEDHUB_PENDING;
    enum wire_verdict verdict =
        slot->asks ? wire_receipt(answer, &outcome) : wire_submitted(answer, &outcome);
    bool there = is_there(verdict, slot, answer);

    if (!there)
        (void)wire_problem(answer, &problem);
    handle_contact(hub, there ? NULL : &problem);
    (void)pthread_mutex_lock(&hub->lock);
    if (there)
        slot->sender->failures = 0;
    handle_failed(hub, act(slot, verdict, outcome, answer, &error), &error);
    outbox_entry_done(&slot->entry);
    slot->busy = false;
    (void)pthread_cond_broadcast(&hub->changed);
    (void)pthread_mutex_unlock(&hub->lock);
}

/* ---- what is started ---- */

static struct slot *free_slot(struct sender *sender)
{
    for (size_t i = 0; i < sender->slot_count; i++)
        if (!sender->slots[i].busy)
            return &sender->slots[i];
    return NULL;
}

static size_t list_busy(const struct sender *sender, int64_t *sequences)
{
    size_t count = 0;
    for (size_t i = 0; i < sender->slot_count; i++)
        if (sender->slots[i].busy)
            sequences[count++] = sender->slots[i].entry.sequence;
    return count;
}

static enum medhub_status start(struct slot *slot, struct medhub_error *error)
{
    struct medhub *hub = slot->sender->hub;
    const struct client_settings *settings = &hub->settings;
    int64_t wait_seconds = slot->waits ? settings->receipt_wait_seconds : 0;
    char *target = slot->asks ? wire_receipt_target(settings->organisation, slot->entry.id)
                              : wire_submit_target(wait_seconds);

    if (target == NULL)
        return error_say(error, "memory.out", NULL);
    const struct courier_request request = {
        .method = slot->asks ? "GET" : "POST",
        .target = target,
        .body = slot->asks ? BYTES_NONE : bytes_of(slot->entry.body),
        .content_type = slot->asks ? NULL : "application/cloudevents+json",
        .timeout_ms = settings->request_timeout_ms + wait_seconds * 1000,
        .done = on_answer,
        .context = slot,
    };
    enum medhub_status status = courier_start(hub->courier, &request, error);
    free(target);
    return status;
}

/* An event that was taken long ago and has no receipt is sent again: the gateway answers it as the first
 * time. */
static bool has_waited_too_long(const struct slot *slot)
{
    const struct sender *sender = slot->sender;
    return now_ms(sender) - slot->entry.sent_ms > sender->hub->settings.receipt_patience_ms;
}

static enum medhub_status start_one(struct sender *sender, enum event_place place, struct slot *slot,
                                    struct medhub_error *error)
{
    int64_t busy[64];
    size_t busy_count = list_busy(sender, busy);
    enum medhub_status status = outbox_due(sender->hub->outbox, place, busy, busy_count, &slot->entry, error);

    if (status != MEDHUB_OK)
        return status;
    slot->busy = true;
    slot->asks = place == EVENT_SENT && !has_waited_too_long(slot);
    slot->waits = !slot->asks && sender->decides_in_time && sender->hub->settings.receipt_wait_seconds > 0;
    status = start(slot, error);
    if (status == MEDHUB_OK)
        return status;
    outbox_entry_done(&slot->entry);
    slot->busy = false;
    return status;
}

/* Fills the free slots with what is due at PLACE. */
static void start_due(struct sender *sender, enum event_place place)
{
    struct medhub_error error = MEDHUB_ERROR_INIT;
    enum medhub_status status = MEDHUB_OK;
    struct slot *slot;

    while (status == MEDHUB_OK && (slot = free_slot(sender)) != NULL)
        status = start_one(sender, place, slot, &error);
    if (status != MEDHUB_OK && status != MEDHUB_NOT_FOUND)
        handle_failed(sender->hub, status, &error);
}

static int64_t earliest(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

int64_t sender_step(struct sender *sender)
{
    struct medhub *hub = sender->hub;
    int64_t now = now_ms(sender), next_ms = sender->paused_until_ms;

    if (now < next_ms)
        return next_ms;
    (void)pthread_mutex_lock(&hub->lock);
    start_due(sender, EVENT_READY);
    if (now >= sender->no_receipt_until_ms)
        start_due(sender, EVENT_SENT);
    next_ms =
        earliest(outbox_next_due_ms(hub->outbox, EVENT_READY), outbox_next_due_ms(hub->outbox, EVENT_SENT));
    if (now < sender->no_receipt_until_ms)
        next_ms = earliest(next_ms, sender->no_receipt_until_ms);
    (void)pthread_mutex_unlock(&hub->lock);
    return next_ms;
}

#include "webhook/journal.h"

#include "base/clock.h"
#include "base/log.h"
#include "event/pack.h"
#include "webhook/target.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

typedef Medhub__Webhook__V1__Outcome Outcome;
typedef Medhub__Webhook__V1__ParkedDelivery ParkedDelivery;

/* An end may wait a little for others: the next delivery of its key does not, and a process that is killed repeats what was sent
 * since the last state anyway. */
enum { MESSAGES_MAX = 200000, SEND_TIMEOUT_MS = 60000, LINGER_MS = 50, SCRATCH_BYTES = 16 * 1024 * 1024 };
enum { STEP_PARKED, STEP_OUTCOME, STEP_DONE };

struct journal {
    struct publisher *publisher;
    struct clock clock;
    journal_written *written;
    void *self;
    struct arena *arena;
    struct waiting *first, *last; /* to be sent */
    size_t pending; /* taken and not written */
    bool state_failed;
    int64_t told_us; /* of trouble */
};

/* ---- what is written ---- */

static struct target *target_of(const struct waiting *waiting)
{
    return waiting->endpoint->owner;
}

static struct bytes pack_outcome(struct journal *journal, const struct waiting *waiting)
{
    const struct delivery *delivery = waiting->delivery;
    char id[DELIVERY_ID_BYTES];
    Outcome outcome = MEDHUB__WEBHOOK__V1__OUTCOME__INIT;

    delivery_id(delivery, waiting->endpoint->name, id);
    outcome.organisation = target_of(waiting)->organisation;
    outcome.endpoint = target_of(waiting)->id;
    outcome.delivery_partition = waiting->open.partition;
    outcome.delivery_offset = waiting->open.offset;
    outcome.input_topic = (char *)(uintptr_t)delivery->input_topic;
    outcome.input_partition = delivery->input_partition;
    outcome.input_offset = delivery->input_offset;
    outcome.index = delivery->index;
    outcome.result = waiting->result;
    outcome.code = (char *)(uintptr_t)waiting->code;
    outcome.http_status = (uint32_t)waiting->http_status;
    outcome.attempts = waiting->open.attempts;
    outcome.first_try_ms = waiting->open.first_try_ms;
    outcome.settled_at_ms = waiting->settled_ms;
    outcome.idempotency_key = id;
    return pack_message(&outcome.base, journal->arena);
}

static struct bytes pack_parked(struct journal *journal, const struct waiting *waiting)
{
    const struct delivery *delivery = waiting->delivery;
    ParkedDelivery parked = MEDHUB__WEBHOOK__V1__PARKED_DELIVERY__INIT;

    parked.organisation = target_of(waiting)->organisation;
    parked.endpoint = target_of(waiting)->id;
    parked.delivery_partition = waiting->open.partition;
    parked.delivery_offset = waiting->open.offset;
    parked.type = (char *)(uintptr_t)delivery->type;
    parked.id = (char *)(uintptr_t)delivery->id;
    parked.source = (char *)(uintptr_t)delivery->source;
    parked.code = (char *)(uintptr_t)waiting->code;
    parked.http_status = (uint32_t)waiting->http_status;
    parked.attempts = waiting->open.attempts;
    parked.first_try_ms = waiting->open.first_try_ms;
    parked.parked_at_ms = waiting->settled_ms;
    return pack_message(&parked.base, journal->arena);
}

void journal_parked_key(const char *endpoint, int32_t partition, int64_t offset, char key[PARKED_KEY_BYTES])
{
    (void)snprintf(key, PARKED_KEY_BYTES, "%s/%" PRId32 "/%" PRId64, endpoint, partition, offset);
}

/* ---- sending ---- */

static unsigned first_step(const struct waiting *waiting)
{
    bool aside = waiting->result == MEDHUB__WEBHOOK__V1__RESULT__RESULT_SET_ASIDE;
    return aside || waiting->open.redriven ? STEP_PARKED : STEP_OUTCOME;
}

static enum status send_parked(struct journal *journal, struct waiting *waiting, struct fault *fault)
{
    bool aside = waiting->result == MEDHUB__WEBHOOK__V1__RESULT__RESULT_SET_ASIDE;
    struct bytes value = aside ? pack_parked(journal, waiting) : BYTES_NONE; /* none: it is parked no more */
    char key[PARKED_KEY_BYTES];

    journal_parked_key(waiting->endpoint->name, waiting->open.partition, waiting->open.offset, key);
    return publisher_send(journal->publisher, TOPIC_WEBHOOK_PARKED, bytes_of(key), value, NULL, waiting, fault);
}

static enum status send_outcome(struct journal *journal, struct waiting *waiting, struct fault *fault)
{
    return publisher_send(journal->publisher, TOPIC_WEBHOOK_OUTCOME, bytes_of(waiting->endpoint->name),
                          pack_outcome(journal, waiting), NULL, waiting, fault);
}

static void append(struct journal *journal, struct waiting *waiting)
{
    waiting->next_to_journal = NULL;
    *(journal->last != NULL ? &journal->last->next_to_journal : &journal->first) = waiting;
    journal->last = waiting;
}

static void tell_trouble(struct journal *journal, const struct fault *fault)
{
    enum { EACH_US = 5 * 1000 * 1000 };

    if (clock_monotonic_us() - journal->told_us < EACH_US)
        return;
    journal->told_us = clock_monotonic_us();
    log_warn("webhook.journal_trouble", LOG_STR("code", fault->code), LOG_STR("text", fault->text));
}

static void send_taken(struct journal *journal)
{
    struct fault fault = {0};

    while (journal->first != NULL) {
        struct waiting *waiting = journal->first;
        enum status status = waiting->journal_step == STEP_PARKED ? send_parked(journal, waiting, &fault)
                                                                  : send_outcome(journal, waiting, &fault);
        arena_reset(journal->arena);
        if (status != STATUS_OK) { /* the queue is full, or no broker takes it: later */
            tell_trouble(journal, &fault);
            return;
        }
        journal->first = waiting->next_to_journal;
        if (journal->first == NULL)
            journal->last = NULL;
    }
}

static void reported(void *self, void *context, int32_t partition, int64_t offset, const struct fault *fault)
{
    struct journal *journal = self;
    struct waiting *waiting = context;
    (void)partition, (void)offset;

    if (fault != NULL)
        tell_trouble(journal, fault);
    if (waiting == NULL) {
        journal->state_failed = journal->state_failed || fault != NULL;
        return;
    }
    waiting->journal_step += fault == NULL;
    if (waiting->journal_step != STEP_DONE) {
        append(journal, waiting);
        return;
    }
    journal->pending--;
    journal->written(journal->self, waiting);
}

void journal_take(struct journal *journal, struct waiting *waiting)
{
    waiting->journal_step = first_step(waiting);
    journal->pending++;
    append(journal, waiting);
}

bool journal_state(struct journal *journal, const struct endpoint *endpoint)
{
    struct fault fault = {0};
    Medhub__Webhook__V1__EndpointState *state = endpoint_state(endpoint, clock_now_ms(journal->clock), journal->arena);
    struct bytes value = state == NULL ? BYTES_NONE : pack_message(&state->base, journal->arena);

    enum status status = value.data == NULL
                             ? fault_retry(&fault, "memory.out", "no memory for where an endpoint stands")
                             : publisher_send(journal->publisher, TOPIC_WEBHOOK_STATE, bytes_of(endpoint->name), value, NULL,
                                              NULL, &fault);
    arena_reset(journal->arena);
    if (status != STATUS_OK)
        tell_trouble(journal, &fault);
    return status == STATUS_OK;
}

bool journal_state_failed(struct journal *journal)
{
    bool failed = journal->state_failed;

    journal->state_failed = false;
    return failed;
}

void journal_run(struct journal *journal)
{
    publisher_poll(journal->publisher, 0);
    send_taken(journal);
}

size_t journal_pending(const struct journal *journal)
{
    return journal->pending + publisher_pending(journal->publisher);
}

void journal_flush(struct journal *journal, int timeout_ms)
{
    int64_t until_us = clock_monotonic_us() + (int64_t)timeout_ms * 1000;

    send_taken(journal);
    while (journal_pending(journal) > 0 && clock_monotonic_us() < until_us) {
        publisher_poll(journal->publisher, 20);
        send_taken(journal);
    }
}

/* ---- life ---- */

enum status journal_open(const struct kafka_client *client, struct clock clock, journal_written *written, void *self,
                         struct journal **journal, struct fault *fault)
{
    const struct publisher_settings how = {.messages_max = MESSAGES_MAX,
                                           .delivery_timeout_ms = SEND_TIMEOUT_MS,
                                           .linger_ms = LINGER_MS,
                                           .compression = "lz4"};
    struct journal *made = calloc(1, sizeof *made);

    *journal = NULL;
    if (made == NULL)
        return fault_fatal(fault, "memory.out", "no memory for the journal");
    made->clock = clock;
    made->written = written;
    made->self = self;
    made->arena = arena_new(64 * 1024, SCRATCH_BYTES);
    enum status status = made->arena == NULL ? fault_fatal(fault, "memory.out", "no memory for the journal")
                                             : publisher_open(client, &how, reported, made, &made->publisher, fault);
    if (status != STATUS_OK) {
        journal_close(made);
        return status;
    }
    *journal = made;
    return STATUS_OK;
}

/* What is pending is left as it is: its owner is ending too. */
static void written_nowhere(void *self, struct waiting *waiting)
{
    (void)self, (void)waiting;
}

void journal_close(struct journal *journal)
{
    if (journal == NULL)
        return;
    journal->written = written_nowhere;
    publisher_close(journal->publisher);
    arena_free(journal->arena);
    free(journal);
}

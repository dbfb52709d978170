/* fake_read_model.h: read_model.h as a test says it: linked instead of the store. All functions of it that the gateway uses. */
#ifndef TEST_FAKE_READ_MODEL_H
#define TEST_FAKE_READ_MODEL_H

#include "base/clock.h"
#include "event/pack.h"
#include "store/read_model.h"

#include "medhub/event/v1/event.pb-c.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FAKE_PARTITIONS = 2, FAKE_DELIVERIES = 4000, FAKE_RECEIPTS = 64, FAKE_BYTES = 2000 };

struct fake_delivery {
    int32_t partition;
    int64_t offset;
    char recipient[64], type[64];
    uint8_t value[FAKE_BYTES];
    size_t length;
};
struct fake_receipt {
    struct input_place place;
    char source[64], id[64];
    uint8_t value[FAKE_BYTES];
    size_t length;
};

static struct {
    pthread_mutex_t lock;
    uint64_t version;
    struct fake_delivery *deliveries;
    size_t delivery_count;
    int64_t first[FAKE_PARTITIONS], next[FAKE_PARTITIONS];
    struct fake_receipt receipts[FAKE_RECEIPTS];
    size_t receipt_count, questions;
    bool away; /* every question is answered with RETRY */
} fake = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* ---- what the test says ---- */

static void fake_reset(void)
{
    (void)pthread_mutex_lock(&fake.lock);
    free(fake.deliveries);
    fake.deliveries = calloc(FAKE_DELIVERIES, sizeof *fake.deliveries);
    fake.delivery_count = fake.receipt_count = fake.questions = 0;
    memset(fake.first, 0, sizeof fake.first);
    memset(fake.next, 0, sizeof fake.next);
    fake.away = false;
    fake.version++;
    (void)pthread_mutex_unlock(&fake.lock);
}

static char *fake_text(const char *text)
{
    return (char *)(uintptr_t)text;
}

static void fake_deliver(const char *recipient, const char *type, const char *id)
{
    Medhub__Event__V1__Delivery said = MEDHUB__EVENT__V1__DELIVERY__INIT;
    char *recipients[] = {fake_text("somebody@000000"), fake_text(recipient)};

    (void)pthread_mutex_lock(&fake.lock);
    struct fake_delivery *made = &fake.deliveries[fake.delivery_count++];
    made->partition = (int32_t)(fake.delivery_count % FAKE_PARTITIONS);
    made->offset = fake.next[made->partition]++;
    (void)snprintf(made->recipient, sizeof made->recipient, "%s", recipient);
    (void)snprintf(made->type, sizeof made->type, "%s", type);
    said.n_recipients = 2;
    said.recipients = recipients;
    said.type = fake_text(type);
    said.id = fake_text(id);
    said.source = fake_text("H1");
    said.version = 1;
    said.decided_at_ms = 1;
    said.input_topic = fake_text("medhub.inbox.policy");
    said.input_offset = (int64_t)fake.delivery_count;
    made->length = medhub__event__v1__delivery__pack(&said, made->value);
    fake.version++;
    (void)pthread_mutex_unlock(&fake.lock);
}

static void fake_decide(const char *topic, int32_t partition, int64_t offset, const char *source, const char *id, int outcome,
                        const char *first_id, int first_outcome)
{
    Medhub__Event__V1__Receipt said = MEDHUB__EVENT__V1__RECEIPT__INIT;
    Medhub__Event__V1__Finding finding = MEDHUB__EVENT__V1__FINDING__INIT;
    Medhub__Event__V1__Finding *findings[] = {&finding};

    (void)pthread_mutex_lock(&fake.lock);
    struct fake_receipt *made = &fake.receipts[fake.receipt_count++];
    made->place = (struct input_place){topic, partition, offset};
    (void)snprintf(made->source, sizeof made->source, "%s", source);
    (void)snprintf(made->id, sizeof made->id, "%s", id);
    said.source = fake_text(source);
    said.id = fake_text(id);
    said.type = fake_text("medhub.policy.parameter_set.v1");
    said.outcome = (Medhub__Event__V1__Outcome)outcome;
    said.first_id = fake_text(first_id);
    said.first_outcome = (Medhub__Event__V1__Outcome)first_outcome;
    said.input_topic = fake_text(topic);
    said.input_partition = partition;
    said.input_offset = offset;
    finding.severity = MEDHUB__EVENT__V1__SEVERITY__SEVERITY_REFUSE;
    finding.code = fake_text("test.wrong");
    finding.sentence_en = fake_text("It is wrong.");
    finding.sentence_zh = fake_text("有误");
    if (outcome == MEDHUB__EVENT__V1__OUTCOME__OUTCOME_REFUSED) {
        said.n_findings = 1;
        said.findings = findings;
    }
    made->length = medhub__event__v1__receipt__pack(&said, made->value);
    fake.version++;
    (void)pthread_mutex_unlock(&fake.lock);
}

static void fake_forget_before(int64_t offset)
{
    (void)pthread_mutex_lock(&fake.lock);
    for (size_t i = 0; i < FAKE_PARTITIONS; i++)
        fake.first[i] = offset;
    fake.version++;
    (void)pthread_mutex_unlock(&fake.lock);
}

static void fake_go_away(bool away)
{
    (void)pthread_mutex_lock(&fake.lock);
    fake.away = away;
    fake.version++;
    (void)pthread_mutex_unlock(&fake.lock);
}

static size_t fake_questions(void)
{
    (void)pthread_mutex_lock(&fake.lock);
    size_t questions = fake.questions;
    (void)pthread_mutex_unlock(&fake.lock);
    return questions;
}

/* ---- read_model.h ---- */

static enum status enter(struct fault *fault)
{
    (void)pthread_mutex_lock(&fake.lock);
    if (!fake.away)
        return STATUS_OK;
    (void)pthread_mutex_unlock(&fake.lock);
    return fault_retry(fault, "sql.away", "the database is away");
}

static enum status leave(void)
{
    (void)pthread_mutex_unlock(&fake.lock);
    return STATUS_OK;
}

enum status read_model_open(const struct sql_settings *settings, struct read_model **model, struct fault *fault)
{
    (void)settings, (void)fault;
    *model = calloc(1, 8);
    return STATUS_OK;
}

void read_model_close(struct read_model *model)
{
    free(model);
}

enum status read_model_version(struct read_model *model, uint64_t *version, struct fault *fault)
{
    (void)model;
    if (enter(fault) != STATUS_OK)
        return STATUS_RETRY;
    *version = fake.version;
    return leave();
}

enum status read_model_positions(struct read_model *model, struct arena *arena, struct read_position **positions,
                                 size_t *count, struct fault *fault)
{
    (void)model, (void)arena, (void)fault;
    *positions = NULL;
    *count = 0;
    return STATUS_OK;
}

static void fill_receipt(const struct fake_receipt *from, struct arena *arena, struct seen_receipt *to)
{
    *to = (struct seen_receipt){.input = from->place, .value = arena_bytes(arena, bytes_from(from->value, from->length))};
}

enum status read_model_receipt(struct read_model *model, const char *source, const char *id, struct arena *arena,
                               struct seen_receipt *receipt, bool *found, struct fault *fault)
{
    (void)model;
    if (enter(fault) != STATUS_OK)
        return STATUS_RETRY;
    *found = false;
    for (size_t i = 0; i < fake.receipt_count && !*found; i++)
        if (strcmp(fake.receipts[i].source, source) == 0 && strcmp(fake.receipts[i].id, id) == 0) {
            fill_receipt(&fake.receipts[i], arena, receipt);
            *found = true;
        }
    return leave();
}

enum status read_model_receipt_at(struct read_model *model, const struct input_place *place, struct arena *arena,
                                  struct seen_receipt *receipt, bool *found, struct fault *fault)
{
    (void)model;
    if (enter(fault) != STATUS_OK)
        return STATUS_RETRY;
    *found = false;
    for (size_t i = 0; i < fake.receipt_count && !*found; i++)
        if (fake.receipts[i].place.partition == place->partition && fake.receipts[i].place.offset == place->offset &&
            strcmp(fake.receipts[i].place.topic, place->topic) == 0) {
            fill_receipt(&fake.receipts[i], arena, receipt);
            *found = true;
        }
    return leave();
}

static bool is_for(const struct feed_query *query, const struct fake_delivery *delivery)
{
    bool mine = query->viewer == NULL, wanted = query->types == NULL;

    for (size_t i = 0; query->viewer != NULL && i < query->viewer->recipient_count; i++)
        mine = mine || strcmp(query->viewer->recipients[i], delivery->recipient) == 0;
    for (size_t i = 0; i < query->type_count; i++)
        wanted = wanted || strcmp(query->types[i], delivery->type) == 0;
    return mine && wanted;
}

enum status read_model_feed(struct read_model *model, const struct feed_query *query, struct feed_place *place,
                            struct arena *arena, struct seen_delivery **deliveries, size_t *count, bool *truncated,
                            struct fault *fault)
{
    (void)model;
    if (enter(fault) != STATUS_OK)
        return STATUS_RETRY;
    fake.questions += query->viewer != NULL;
    *truncated = false;
    *count = 0;
    *deliveries = arena_take(arena, (query->limit + 1) * sizeof **deliveries);
    place->partition_count = FAKE_PARTITIONS;
    for (int32_t p = 0; p < FAKE_PARTITIONS; p++) {
        *truncated = *truncated || place->next_offset[p] < fake.first[p];
        for (size_t i = 0; i < fake.delivery_count && *count < query->limit; i++) {
            const struct fake_delivery *each = &fake.deliveries[i];
            if (each->partition != p || each->offset < place->next_offset[p])
                continue;
            place->next_offset[p] = each->offset + 1;
            if (is_for(query, each))
                (*deliveries)[(*count)++] = (struct seen_delivery){
                    p, each->offset, 1, arena_bytes(arena, bytes_from(each->value, each->length))};
        }
    }
    return leave();
}

enum status read_model_feed_count(struct read_model *model, const struct feed_query *query, const struct feed_place *place,
                                  uint64_t *count, struct fault *fault)
{
    (void)model;
    *count = 0;
    if (enter(fault) != STATUS_OK)
        return STATUS_RETRY;
    for (size_t i = 0; i < fake.delivery_count; i++)
        *count += fake.deliveries[i].offset >= place->next_offset[fake.deliveries[i].partition] && is_for(query, &fake.deliveries[i]);
    return leave();
}

static enum status bound(const int64_t offsets[FAKE_PARTITIONS], struct feed_place *place, struct fault *fault)
{
    if (enter(fault) != STATUS_OK)
        return STATUS_RETRY;
    *place = (struct feed_place){.partition_count = FAKE_PARTITIONS};
    memcpy(place->next_offset, offsets, FAKE_PARTITIONS * sizeof *offsets);
    return leave();
}

enum status read_model_feed_begin(struct read_model *model, struct feed_place *place, struct fault *fault)
{
    (void)model;
    return bound(fake.first, place, fault);
}

enum status read_model_feed_end(struct read_model *model, struct feed_place *place, struct fault *fault)
{
    (void)model;
    return bound(fake.next, place, fault);
}

enum status read_model_feed_complete(struct read_model *model, int64_t *until_ms, struct fault *fault)
{
    (void)model;
    if (enter(fault) != STATUS_OK)
        return STATUS_RETRY;
    *until_ms = clock_now_ms(clock_system());
    return leave();
}

enum status read_model_search(struct read_model *model, const struct search_query *query, struct arena *arena,
                              struct seen_line **lines, size_t *count, bool *more, struct fault *fault)
{
    (void)model, (void)query, (void)arena, (void)fault;
    *lines = NULL;
    *count = 0;
    *more = false;
    return STATUS_OK;
}

#endif

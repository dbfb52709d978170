/* sum.c: ctl sum: submitted = accepted + refused + duplicate + queued, counted from the topics themselves.
 *
 * First every record of the inboxes is noted, then the group's offsets, then the receipts are read: what was
 * decided before the offsets were asked for has its receipt by then, so a record below its offset without one
 * is missing. */
#include "ops/ctl/commands.h"
#include "ops/ctl/output.h"
#include "ops/ctl/receipt_json.h"
#include "ops/ctl/say.h"
#include "ops/ctl/scan.h"

#include "base/log.h"
#include "kafka/group.h"
#include "kafka/source.h" /* OFFSET_NONE */
#include "kafka/topics.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { TOPICS_MAX = 32, PARTS_MAX = 2048, FINDINGS_PRINTED = 20 };

/* A submission's place, and how often it was answered. */
struct place {
    uint32_t part; /* index of topic and partition */
    uint32_t answers;
    int64_t offset;
    int outcome;
};

struct summing {
    struct call *call;
    struct session *session;
    const char *topics[TOPICS_MAX];
    size_t topic_count;
    struct group_offset parts[PARTS_MAX];
    size_t part_count;
    struct place *places; /* sorted after the first scan */
    size_t place_count, capacity;
    struct arena *arena;
    bool failed;
    uint64_t outcomes[4], queued, missing, doubled;
};

static uint32_t part_of(struct summing *summing, const char *topic, int32_t partition)
{
    for (size_t i = 0; i < summing->part_count; i++)
        if (summing->parts[i].partition == partition && strcmp(summing->parts[i].topic, topic) == 0)
            return (uint32_t)i;
    for (size_t t = 0; t < summing->topic_count && summing->part_count < PARTS_MAX; t++)
        if (strcmp(summing->topics[t], topic) == 0) {
            summing->parts[summing->part_count] =
                (struct group_offset){summing->topics[t], partition, OFFSET_NONE};
            return (uint32_t)summing->part_count++;
        }
    return UINT32_MAX;
}

static bool note_submission(void *self, struct record *record)
{
    struct summing *summing = self;

    if (summing->place_count == summing->capacity) {
        size_t capacity = summing->capacity == 0 ? 4096 : summing->capacity * 2;
        struct place *grown = realloc(summing->places, capacity * sizeof *grown);
        summing->failed = grown == NULL;
        if (grown == NULL)
            return false;
        summing->places = grown;
        summing->capacity = capacity;
    }
    summing->places[summing->place_count++] =
        (struct place){.part = part_of(summing, record->topic, record->partition), .offset = record->offset};
    say_count(summing->call, "已统计提交", "submissions counted", summing->place_count, 0);
    return true;
}

static int by_place(const void *left, const void *right)
{
    const struct place *a = left, *b = right;

    if (a->part != b->part)
        return a->part < b->part ? -1 : 1;
    return a->offset < b->offset ? -1 : a->offset > b->offset;
}

/* A receipt of a submission that came later, or is no longer kept, is none of ours. */
static bool note_receipt(void *self, struct record *record)
{
    struct summing *summing = self;

    arena_reset(summing->arena);
    const Receipt *receipt = receipt_read(record->value, summing->arena);
    if (receipt == NULL)
        return true;
    struct place wanted = {.part = part_of(summing, receipt->input_topic, receipt->input_partition),
                           .offset = receipt->input_offset};
    struct place *place =
        bsearch(&wanted, summing->places, summing->place_count, sizeof *summing->places, by_place);
    if (place != NULL) {
        place->answers++;
        place->outcome = (int)receipt->outcome;
    }
    return true;
}

static enum status find_inboxes(struct summing *summing, struct fault *fault)
{
    struct topics topics;

    enum status status = topics_shipped(summing->session->arena, &topics, fault);
    for (size_t i = 0; i < topics.count && status == STATUS_OK && summing->topic_count < TOPICS_MAX; i++)
        if (strncmp(topics.rows[i].name, "medhub.inbox.", 13) == 0)
            summing->topics[summing->topic_count++] = topics.rows[i].name;
    return status;
}

static enum status read_topics(struct summing *summing, struct fault *fault)
{
    static const char *const receipts[] = {TOPIC_RECEIPT};
    const struct scan_request inboxes = {
        .topics = summing->topics, .topic_count = summing->topic_count, .since_ms = -1, .until_ms = -1};
    const struct scan_request answers = {
        .topics = receipts, .topic_count = 1, .since_ms = -1, .until_ms = -1};
    struct session *session = summing->session;

    enum status status = scan_topics(session, &inboxes, note_submission, summing, fault);
    if (summing->place_count > 0)
        qsort(summing->places, summing->place_count, sizeof *summing->places, by_place);
    if (status == STATUS_OK && summing->part_count > 0)
        status = group_committed(&session->client, session->settings.hub_group, summing->parts,
                                 summing->part_count, SESSION_TIMEOUT_MS, fault);
    return status == STATUS_OK ? scan_topics(session, &answers, note_receipt, summing, fault) : status;
}

static void say_place(const struct summing *summing, const struct place *place, const char *zh,
                      const char *en)
{
    if (summing->missing + summing->doubled <= FINDINGS_PRINTED && place->part < summing->part_count)
        say(zh, "%s: %s/%d/%" PRId64, en, summing->parts[place->part].topic,
            (int)summing->parts[place->part].partition, place->offset);
}

static void count(struct summing *summing)
{
    for (size_t i = 0; i < summing->place_count; i++) {
        const struct place *place = &summing->places[i];
        bool decided = place->part < summing->part_count &&
                       summing->parts[place->part].next_offset != OFFSET_NONE &&
                       place->offset < summing->parts[place->part].next_offset;
        if (place->answers == 0 && !decided) {
            summing->queued++;
        } else if (place->answers == 0) {
            summing->missing++;
            say_place(summing, place, "缺少回执", "no receipt");
        } else {
            summing->outcomes[place->outcome >= 0 && place->outcome < 4 ? place->outcome : 0]++;
        }
        if (place->answers > 1) {
            summing->doubled++;
            say_place(summing, place, "回执重复", "more than one receipt");
        }
    }
}

static enum exit_code print_sum(struct summing *summing)
{
    uint64_t accepted = summing->outcomes[1], refused = summing->outcomes[2],
             duplicate = summing->outcomes[3];
    uint64_t submitted = summing->place_count;
    bool holds = submitted == accepted + refused + duplicate + summing->queued && summing->doubled == 0;

    json_t *sum =
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "submitted", (json_int_t)submitted, "accepted",
                  (json_int_t)accepted, "refused", (json_int_t)refused, "duplicate", (json_int_t)duplicate,
                  "queued", (json_int_t)summing->queued, "missing", (json_int_t)summing->missing, "doubled",
                  (json_int_t)summing->doubled, "holds", holds);
    bool printed = output_object(summing->call, sum);
    say_progress(summing->call, holds ? "等式成立：提交 = 受理 + 拒绝 + 重复 + 排队" : "等式不成立",
                 "%" PRIu64 " submitted = %" PRIu64 " accepted + %" PRIu64 " refused + %" PRIu64
                 " duplicate + %" PRIu64 " queued: %s",
                 submitted, accepted, refused, duplicate, summing->queued,
                 holds ? "it holds" : "IT DOES NOT HOLD");
    return printed && holds ? EXIT_OK : EXIT_FAILED;
}

static enum exit_code sum_command(struct call *call)
{
    struct session session;
    struct summing summing = {.call = call, .session = &session};
    struct fault fault = {0};

    enum exit_code result = session_open(call, &session);
    if (result != EXIT_OK)
        return result;
    log_set_level(LOG_LEVEL_WARN);
    stop_install();
    summing.arena = arena_new(64 * 1024, 64 * 1024 * 1024);
    enum status status = find_inboxes(&summing, &fault);
    if (status == STATUS_OK && summing.arena != NULL)
        status = read_topics(&summing, &fault);
    say_count_end(call);
    if (status != STATUS_OK || summing.failed || summing.arena == NULL || stop_requested()) {
        result = status != STATUS_OK
                     ? say_fault(call, &fault)
                     : say_refusal(call, EXIT_FAILED, "sum.stopped", "未能统计完", "not counted");
    } else {
        count(&summing);
        result = print_sum(&summing);
    }
    arena_free(summing.arena);
    free(summing.places);
    session_close(&session);
    return result;
}

const struct command command_sum = {
    .words = "ctl sum",
    .arguments = "",
    .summary_zh = "核对：提交 = 受理 + 拒绝 + 重复 + 排队",
    .summary = "submitted = accepted + refused + duplicate + queued, counted from the topics",
    .details = "Counts what the inbox topics still hold. Exit code 1 if it does not hold: a submission below "
               "the group's\n"
               "offset has no receipt, or one has two.",
    .uses = USES_KAFKA | USES_ROWS,
    .run = sum_command};

#include "ops/ctl/submission.h"

#include "ops/ctl/receipt_json.h"

#include "base/clock.h"
#include "base/hash.h"
#include "event/event.h"
#include "flow/signatures.h"
#include "kafka/publisher.h"
#include "kafka/reader.h"

#include <stdlib.h>
#include <string.h>

enum {
    BUCKETS = 1 << 16,
    QUEUE_MESSAGES = 50000,
    RECORDS_AT_ONCE = 2000,
    PUMP_EVERY = 256,
    PUMP_WAIT_MS = 20,
    RECEIPT_PARTITIONS_MAX = 1024,
};

/* One submitted event, in two lists: in order of sending, and waiting in its bucket. */
struct item {
    struct submission *submission;
    char *source, *id;
    json_t *answer; /* NULL: still to come */
    struct item *next, *next_in_bucket;
    bool waiting;   /* stands in the bucket */
    bool in_flight; /* the publisher will still report on it */
    bool gone;      /* handed over, but still in flight: the report frees it */
};

struct submission {
    struct session *session;
    struct submission_settings settings;
    struct signatures *signatures; /* NULL: as they were */
    struct publisher *publisher;
    struct reader *receipts;
    struct arena *arena; /* of one receipt */
    struct item *first, *last;
    size_t in_window;
    struct item **buckets;
    struct submission_counts counts;
    int64_t news_us;
    unsigned since_pump;
};

/* ---- waiting items ---- */

static struct item **bucket_of(struct submission *submission, const char *source, const char *id)
{
    uint64_t hash = hash_bytes(bytes_of(id), hash_bytes(bytes_of(source), 0));
    return &submission->buckets[hash % BUCKETS];
}

static void start_waiting(struct submission *submission, struct item *item)
{
    struct item **at = bucket_of(submission, item->source, item->id);

    while (*at != NULL)
        at = &(*at)->next_in_bucket;
    *at = item;
    item->waiting = true;
}

static void stop_waiting(struct submission *submission, struct item *item)
{
    struct item **at = bucket_of(submission, item->source, item->id);

    while (item->waiting && *at != NULL && *at != item)
        at = &(*at)->next_in_bucket;
    if (item->waiting && *at == item)
        *at = item->next_in_bucket;
    item->waiting = false;
    item->next_in_bucket = NULL;
}

static struct item *find_waiting(struct submission *submission, const char *source, const char *id)
{
    struct item *item = *bucket_of(submission, source, id);

    while (item != NULL && (strcmp(item->id, id) != 0 || strcmp(item->source, source) != 0))
        item = item->next_in_bucket;
    return item;
}

static void free_item(struct item *item)
{
    json_decref(item->answer);
    free(item->source);
    free(item->id);
    free(item);
}

/* Takes ANSWER. */
static void answer_item(struct item *item, json_t *answer)
{
    stop_waiting(item->submission, item);
    item->answer = answer;
    item->submission->news_us = clock_monotonic_us();
}

/* Hands over what is answered, in order, up to the first that is not. */
static void hand_over(struct submission *submission)
{
    while (submission->first != NULL && submission->first->answer != NULL) {
        struct item *item = submission->first;
        submission->first = item->next;
        if (submission->first == NULL)
            submission->last = NULL;
        submission->in_window--;
        submission->settings.answered(submission->settings.self, item->answer);
        item->answer = NULL;
        if (item->in_flight)
            item->gone = true;
        else
            free_item(item);
    }
}

static struct item *append_item(struct submission *submission, const char *source, const char *id)
{
    struct item *item = calloc(1, sizeof *item);

    if (item == NULL)
        return NULL;
    item->submission = submission;
    item->source = strdup(source);
    item->id = strdup(id);
    if (item->source == NULL || item->id == NULL) {
        free_item(item);
        return NULL;
    }
    if (submission->last == NULL)
        submission->first = item;
    else
        submission->last->next = item;
    submission->last = item;
    submission->in_window++;
    return item;
}

/* ---- what comes back ---- */

static json_t *short_answer(const struct item *item, const char *outcome)
{
    return json_pack("{s:s, s:s, s:s}", "id", item->id, "source", item->source, "outcome", outcome);
}

static void acknowledged(void *self, void *context, int32_t partition, int64_t offset,
                         const struct fault *fault)
{
    struct submission *submission = self;
    struct item *item = context;
    json_t *answer = NULL;

    item->in_flight = false;
    if (item->gone) { /* its receipt was faster */
        free_item(item);
        return;
    }
    submission->news_us = clock_monotonic_us();
    if (fault != NULL) {
        submission->counts.failed++;
        answer = short_answer(item, "not_sent");
        (void)json_object_set_new(answer, "code", json_string(fault->code));
        (void)json_object_set_new(answer, "message", json_string(fault->text));
    } else if (!submission->settings.wait) {
        answer = short_answer(item, "submitted");
        (void)json_object_set_new(answer, "partition", json_integer(partition));
        (void)json_object_set_new(answer, "offset", json_integer(offset));
    }
    if (answer != NULL && item->answer == NULL)
        answer_item(item, answer);
    else
        json_decref(answer);
}

static void count_outcome(struct submission *submission, const Receipt *receipt)
{
    switch (receipt->outcome) {
    case MEDHUB__EVENT__V1__OUTCOME__OUTCOME_ACCEPTED:
        submission->counts.accepted++;
        return;
    case MEDHUB__EVENT__V1__OUTCOME__OUTCOME_DUPLICATE:
        submission->counts.duplicate++;
        return;
    default:
        submission->counts.refused++;
    }
}

static void take_receipt(struct submission *submission, const struct record *record)
{
    arena_reset(submission->arena);
    const Receipt *receipt = receipt_read(record->value, submission->arena);
    if (receipt == NULL)
        return;
    struct item *item = find_waiting(submission, receipt->source, receipt->id);
    if (item == NULL)
        return; /* of somebody else's submission */
    count_outcome(submission, receipt);
    answer_item(item, receipt_json(receipt, record->value, VISIBLE_TO_OPERATORS, submission->arena));
}

/* Serves acknowledgements and receipts; waits up to TIMEOUT_MS for the first. */
static enum status pump(struct submission *submission, int timeout_ms, struct fault *fault)
{
    struct record record = {0};
    enum reader_result result = READER_NOTHING;
    int left = RECORDS_AT_ONCE;

    publisher_poll(submission->publisher, submission->receipts == NULL ? timeout_ms : 0);
    while (submission->receipts != NULL && left-- > 0) {
        result = reader_poll(submission->receipts, timeout_ms, &record, fault);
        if (result == READER_ERROR)
            return STATUS_FATAL;
        if (result == READER_NOTHING)
            break;
        if (result == READER_RECORD) {
            take_receipt(submission, &record);
            record_release(&record);
        }
        timeout_ms = 0;
    }
    hand_over(submission);
    return STATUS_OK;
}

/* ---- open and close ---- */

static enum status open_receipts(struct submission *submission, struct fault *fault)
{
    int64_t low = 0, ends[RECEIPT_PARTITIONS_MAX];
    int32_t count = 0;

    enum status status = reader_open(&submission->session->client, true, &submission->receipts, fault);
    if (status == STATUS_OK)
        status =
            reader_partition_count(submission->receipts, TOPIC_RECEIPT, SESSION_TIMEOUT_MS, &count, fault);
    if (status == STATUS_OK && count == 0)
        return fault_fatal(fault, "topics.missing", "there is no topic %s: medhub ctl topics apply",
                           TOPIC_RECEIPT);
    if (status == STATUS_OK && count > RECEIPT_PARTITIONS_MAX)
        return fault_fatal(fault, "topics.partitions", "%s has more than %d partitions", TOPIC_RECEIPT,
                           RECEIPT_PARTITIONS_MAX);
    /* All questions first: behind a fetch that waits for records each would wait as long. */
    for (int32_t partition = 0; partition < count && status == STATUS_OK; partition++)
        status = reader_watermarks(submission->receipts, TOPIC_RECEIPT, partition, SESSION_TIMEOUT_MS, &low,
                                   &ends[partition], fault);
    for (int32_t partition = 0; partition < count && status == STATUS_OK; partition++)
        status = reader_add(submission->receipts, TOPIC_RECEIPT, partition, ends[partition], fault);
    return status;
}

enum status submission_open(struct session *session, const struct submission_settings *settings,
                            struct submission **submission, struct fault *fault)
{
    const struct publisher_settings publisher = {
        .messages_max = QUEUE_MESSAGES,
        .delivery_timeout_ms = (int)settings->timeout_ms,
        .linger_ms = 2,
        .compression = session->settings.compression,
    };
    struct submission *made = calloc(1, sizeof *made);

    *submission = NULL;
    if (made == NULL)
        return fault_fatal(fault, "memory.out", "no memory for submissions");
    made->session = session;
    made->settings = *settings;
    made->news_us = clock_monotonic_us();
    made->buckets = calloc(BUCKETS, sizeof(struct item *));
    made->arena = arena_new(64 * 1024, 64 * 1024 * 1024);
    enum status status = made->buckets == NULL || made->arena == NULL
                             ? fault_fatal(fault, "memory.out", "no memory for submissions")
                             : STATUS_OK;
    if (status == STATUS_OK && !settings->as_they_were)
        status = signatures_open(&session->settings, &made->signatures, fault);
    if (status == STATUS_OK && settings->wait)
        status = open_receipts(made, fault);
    if (status == STATUS_OK)
        status = publisher_open(&session->client, &publisher, acknowledged, made, &made->publisher, fault);
    if (status != STATUS_OK) {
        submission_close(made);
        return status;
    }
    *submission = made;
    return STATUS_OK;
}

void submission_close(struct submission *submission)
{
    if (submission == NULL)
        return;
    publisher_close(submission->publisher); /* reports what is left, so the items live until then */
    reader_close(submission->receipts);
    while (submission->first != NULL) {
        struct item *item = submission->first;
        submission->first = item->next;
        free_item(item);
    }
    free(submission->buckets);
    arena_free(submission->arena);
    signatures_close(submission->signatures);
    free(submission);
}

/* ---- sending ---- */

static bool gave_up(const struct submission *submission)
{
    return stop_requested() ||
           clock_monotonic_us() - submission->news_us > submission->settings.timeout_ms * 1000;
}

/* OK when there is room for another event. */
static enum status wait_for_room(struct submission *submission, struct fault *fault)
{
    enum status status = STATUS_OK;

    if (++submission->since_pump >= PUMP_EVERY || submission->in_window >= submission->settings.window) {
        submission->since_pump = 0;
        status = pump(submission, 0, fault);
    }
    while (status == STATUS_OK && submission->in_window >= submission->settings.window) {
        if (gave_up(submission))
            return fault_retry(fault, "hub.silent", "no receipt came for %lld ms; is the hub running?",
                               (long long)submission->settings.timeout_ms);
        status = pump(submission, PUMP_WAIT_MS, fault);
    }
    return status;
}

enum status submission_send(struct submission *submission, const char *topic, struct bytes key,
                            struct bytes value, struct headers *headers, const char *source, const char *id,
                            struct fault *fault)
{
    enum status status = wait_for_room(submission, fault);

    if (status == STATUS_OK)
        status = signatures_vouch(submission->signatures, headers, key, value, fault);
    struct item *item = status == STATUS_OK ? append_item(submission, source, id) : NULL;

    if (item == NULL) {
        headers_free(headers);
        return status == STATUS_OK ? fault_fatal(fault, "memory.out", "no memory for an event") : status;
    }
    if (submission->settings.wait)
        start_waiting(submission, item);
    if (submission->in_window == 1)
        submission->news_us = clock_monotonic_us(); /* nothing could come before */
    submission->counts.sent++;
    item->in_flight = true;
    do {
        status = publisher_send(submission->publisher, topic, key, value, headers, item, fault);
        if (status == STATUS_RETRY)
            publisher_poll(submission->publisher, PUMP_WAIT_MS);
    } while (status == STATUS_RETRY && !gave_up(submission));
    if (status == STATUS_OK)
        return STATUS_OK;
    if (status == STATUS_RETRY)
        headers_free(headers);
    acknowledged(submission, item, -1, -1, fault);
    return status == STATUS_FATAL ? STATUS_FATAL : STATUS_OK;
}

enum status submission_skip(struct submission *submission, json_t *answer)
{
    struct item *item = append_item(submission, "", "");

    if (item == NULL) {
        json_decref(answer);
        return STATUS_FATAL;
    }
    submission->counts.failed++;
    item->answer = answer;
    hand_over(submission);
    return STATUS_OK;
}

static void give_up_on_the_rest(struct submission *submission)
{
    for (struct item *item = submission->first; item != NULL; item = item->next)
        if (item->answer == NULL) {
            submission->counts.pending++;
            answer_item(item, short_answer(item, "pending"));
        }
    hand_over(submission);
}

enum status submission_settle(struct submission *submission, struct fault *fault)
{
    enum status status = STATUS_OK;

    while (status == STATUS_OK && submission->first != NULL) {
        if (gave_up(submission))
            return fault_retry(fault, "hub.silent", "no receipt came for %lld ms; is the hub running?",
                               (long long)submission->settings.timeout_ms);
        status = pump(submission, PUMP_WAIT_MS, fault);
    }
    return status;
}

enum status submission_finish(struct submission *submission, struct fault *fault)
{
    enum status status = STATUS_OK;

    while (status == STATUS_OK && submission->first != NULL && !gave_up(submission))
        status = pump(submission, PUMP_WAIT_MS, fault);
    give_up_on_the_rest(submission);
    return status;
}

struct submission_counts submission_counts(const struct submission *submission)
{
    return submission->counts;
}

enum exit_code submission_exit_code(const struct submission *submission)
{
    if (submission->counts.pending > 0)
        return EXIT_PENDING;
    return submission->counts.refused + submission->counts.failed > 0 ? EXIT_PARTIAL : EXIT_OK;
}

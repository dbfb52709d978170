/* read_gaps.c: what an exchange should have and has not: a receipt, a fact, a parked record, an answer. */
#include "store/timeline.h"

#include "base/hash.h"

#include <string.h>

static enum status add_missing(struct exchange *exchange, const struct seen_line *after, enum seen_step step,
                               struct fault *fault)
{
    struct seen_line copy = *after, *line = timeline_add_line(exchange->lines);

    if (line == NULL)
        return read_arena_full(fault);
    *line = copy;
    line->step = step;
    line->missing = true;
    line->outcome = 0;
    line->code = "";
    line->topic = "";
    line->partition = 0;
    line->offset = 0;
    line->visibility = 0;
    line->value = BYTES_NONE;
    return STATUS_OK;
}

/* The first number that TEXT selects; *FOUND false: there is none. */
static enum status read_one(struct read_model *model, const char *text, const struct sql_value *values,
                            size_t count, int64_t *number, bool *found, struct fault *fault)
{
    struct sql_cursor cursor;

    *found = false;
    enum status status = sql_start(model->sql, text, values, count, &cursor, fault);
    if (status == STATUS_OK)
        status = sql_next(&cursor, found, fault);
    *number = status == STATUS_OK && *found ? sql_column_integer(&cursor, 0) : 0;
    sql_end(&cursor);
    return status;
}

/* True if the receipt that LINE had has left with its topic's retention: receipts of one source lie in one
 * partition, and the oldest one that is kept there is newer. */
static enum status receipt_has_left(struct read_model *model, const struct seen_line *line, bool *left,
                                    struct fault *fault)
{
    int64_t partitions = 0, first_offset = 0, oldest_ms = 0;
    bool found = false, kept = false;
    int topic = 0;

    *left = false;
    enum status status = read_one(model, "SELECT count(*) FROM position WHERE topic = 'medhub.receipt'", NULL,
                                  0, &partitions, &found, fault);
    if (status == STATUS_OK)
        status = read_topic_number(model, "medhub.receipt", &topic, fault);
    if (status != STATUS_OK || partitions == 0 || topic == 0)
        return status;
    int32_t partition = hash_kafka_partition(bytes_of(line->source), (int32_t)partitions);
    const struct sql_value of = sql_integer(partition);
    const struct sql_value range[] = {sql_integer(place_make(topic, partition, 0)),
                                      sql_integer(place_make(topic, partition, PLACE_OFFSET_MAX))};
    status =
        read_one(model, "SELECT first_offset FROM position WHERE topic = 'medhub.receipt' AND partition = $1",
                 &of, 1, &first_offset, &found, fault);
    if (status == STATUS_OK)
        status = read_one(
            model, "SELECT decided_ms FROM receipt WHERE place >= $1 AND place <= $2 ORDER BY place LIMIT 1",
            range, 2, &oldest_ms, &kept, fault);
    *left = first_offset > 0 && (!kept || line->at_ms < oldest_ms);
    return status;
}

static enum status add_missing_receipt(struct exchange *exchange, struct fault *fault)
{
    const struct seen_line *outcome = timeline_find(exchange, SEEN_FACT);
    bool left = false;

    if (outcome == NULL)
        outcome = timeline_find(exchange, SEEN_PARKED);
    if (outcome == NULL)
        return STATUS_OK;
    enum status status = receipt_has_left(exchange->model, outcome, &left, fault);
    return status == STATUS_OK && !left ? add_missing(exchange, outcome, SEEN_DECIDED, fault) : status;
}

enum status timeline_add_gaps(struct exchange *exchange, struct fault *fault)
{
    const struct seen_line *decided = timeline_find(exchange, SEEN_DECIDED);
    enum status status = STATUS_OK;

    if (decided != NULL && exchange->fact_is_due && !exchange->has_fact)
        status = add_missing(exchange, decided, SEEN_FACT, fault);
    else if (decided != NULL && exchange->parked_is_due && !exchange->has_parked)
        status = add_missing(exchange, decided, SEEN_PARKED, fault);
    if (decided == NULL && exchange->own && exchange->submitted && !exchange->has_receipt)
        status = add_missing_receipt(exchange, fault);
    return status;
}

/* True if ORGANISATION has an endpoint that takes this type: one of the last deliveries that it answered was
 * of it. */
static enum status answers_type(struct read_model *model, const char *organisation, const char *type,
                                bool *answers, struct fault *fault)
{
    const struct sql_value values[] = {sql_text(organisation), sql_text(type)};
    int64_t one = 0;

    return read_one(
        model,
        "SELECT 1 FROM (SELECT delivery FROM answer WHERE organisation = $1 ORDER BY delivery DESC LIMIT "
        "200) "
        "AS last JOIN delivery ON delivery.place = last.delivery WHERE delivery.type = $2 LIMIT 1",
        values, 2, &one, answers, fault);
}

static bool is_answered(const struct exchange *exchange, size_t count, const char *organisation)
{
    for (size_t i = exchange->first; i < count; i++) {
        const struct seen_line *line = &exchange->lines->items[i];
        if (line->step == SEEN_ANSWERED && strcmp(line->recipient, organisation) == 0)
            return true;
    }
    return false;
}

enum status timeline_add_unanswered(struct exchange *exchange, struct fault *fault)
{
    size_t count = exchange->lines->count;
    enum status status = STATUS_OK;

    for (size_t i = exchange->first; i < count && status == STATUS_OK; i++) {
        struct seen_line delivered = exchange->lines->items[i];
        bool answers = false;
        if (delivered.step != SEEN_DELIVERY || is_answered(exchange, count, delivered.recipient))
            continue;
        status = answers_type(exchange->model, delivered.recipient, delivered.type, &answers, fault);
        if (status == STATUS_OK && answers)
            status = add_missing(exchange, &delivered, SEEN_ANSWERED, fault);
    }
    return status;
}

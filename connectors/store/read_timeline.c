/* read_timeline.c: one exchange, from its submission to the answers of endpoints, in one query. */
#include "store/business_keys.h"
#include "store/timeline.h"

#include "base/hash.h"
#include "event/unpack.h"

#include "medhub/event/v1/event.pb-c.h"
#include "medhub/webhook/v1/webhook.pb-c.h"

#include <stdlib.h>
#include <string.h>

typedef Medhub__Event__V1__Delivery Delivery;
typedef Medhub__Webhook__V1__Outcome Outcome;

enum {
    ACCEPTED = MEDHUB__EVENT__V1__OUTCOME__OUTCOME_ACCEPTED,
    REFUSED = MEDHUB__EVENT__V1__OUTCOME__OUTCOME_REFUSED
};

/* Columns of the query; what a branch does not have is empty. */
enum column {
    STEP,
    PLACE,
    AT,
    SOURCE,
    ID,
    TYPE,
    SUBJECT,
    OUTCOME,
    CODE,
    NAME,
    VERSION,
    VISIBILITY,
    OTHER,
    VALUE
};

/* NAME: topic of the fact, or ORGANISATION of the endpoint. OTHER: moment of submission, or place of the
 * delivery answered. */
static const char timeline[] =
    "SELECT 1 AS step, place, decided_ms, source, id, type, '', outcome, code, fact_topic, version, 0, "
    "submitted_ms, value "
    "FROM receipt WHERE input = $1 "
    "UNION ALL SELECT 2, place, decided_ms, source, id, type, subject, 0, '', '', version, 15, 0, value "
    "FROM fact WHERE input = $1 "
    "UNION ALL SELECT 3, place, delivered_ms, source, id, type, subject, 0, '', '', version, visibility, 0, "
    "value "
    "FROM delivery WHERE input = $1 "
    "UNION ALL SELECT 4, place, decided_ms, source, id, type, subject, 0, code, '', 0, 0, 0, value "
    "FROM parked WHERE input = $1 "
    "UNION ALL SELECT 5, place, settled_ms, '', '', '', '', result, code, organisation, 0, 0, delivery, "
    "value "
    "FROM answer WHERE input = $1";
enum { STEP_RECEIPT = 1, STEP_FACT, STEP_DELIVERY, STEP_PARKED, STEP_ANSWER };

static bool is_own(const struct exchange *exchange, const char *source)
{
    return exchange->viewer == NULL || strcmp(exchange->viewer->organisation, source) == 0;
}

static bool is_addressed(const struct exchange *exchange, const char *recipient)
{
    if (exchange->viewer == NULL)
        return true;
    for (size_t i = 0; i < exchange->viewer->recipient_count; i++)
        if (strcmp(exchange->viewer->recipients[i], recipient) == 0)
            return true;
    return false;
}

/* ---- does what was delivered show the key that was asked for? ---- */

struct looking_for {
    const struct asked_by *by;
    bool found;
};

static void compare_key(void *self, enum search_kind kind, struct bytes key)
{
    struct looking_for *wanted = self;

    if ((wanted->by->kinds & (unsigned)kind) != 0 && bytes_equal_text(key, wanted->by->key))
        wanted->found = true;
}

static bool shows_key(const struct exchange *exchange, const Delivery *delivery)
{
    const struct message_facts *facts = schema_find_event(delivery->type);
    struct looking_for wanted = {.by = exchange->by};
    struct arena *arena = exchange->lines->arena;
    ProtobufCMessage *message = NULL;
    struct fault ignored;

    compare_key(&wanted, SEARCH_EVENT_ID, bytes_of(delivery->id));
    compare_key(&wanted, SEARCH_ORGANISATION, bytes_of(delivery->source));
    compare_key(&wanted, SEARCH_KEY, bytes_of(delivery->key));
    if (!wanted.found && facts != NULL &&
        unpack_message(facts,
                       bytes_from(delivery->data.data == NULL ? (const uint8_t *)"" : delivery->data.data,
                                  delivery->data.len),
                       arena, &message, &ignored) == STATUS_OK)
        business_keys_of(facts, message, arena, compare_key, &wanted);
    return wanted.found;
}

/* ---- rows become lines ---- */

static enum status fill(struct exchange *exchange, const struct sql_cursor *cursor, enum seen_step step,
                        const char *source, struct seen_line **made, struct fault *fault)
{
    struct arena *arena = exchange->lines->arena;
    struct seen_line *line = timeline_add_line(exchange->lines);
    struct input_place at;

    *made = line;
    if (line == NULL)
        return read_arena_full(fault);
    enum status status = read_place_take(exchange->model, sql_column_integer(cursor, PLACE), &at, fault);
    if (status != STATUS_OK)
        return status;
    *line = (struct seen_line){
        .input = exchange->input,
        .step = step,
        .at_ms = sql_column_integer(cursor, AT),
        .source = source,
        .id = read_text(cursor, ID, arena),
        .type = read_text(cursor, TYPE, arena),
        .subject = read_text(cursor, SUBJECT, arena),
        .code = read_text(cursor, CODE, arena),
        .recipient = "",
        .topic = at.topic,
        .partition = at.partition,
        .offset = at.offset,
        .version = (uint64_t)sql_column_integer(cursor, VERSION),
        .visibility = (unsigned)sql_column_integer(cursor, VISIBILITY),
    };
    return line->id == NULL || line->type == NULL || line->subject == NULL || line->code == NULL
               ? read_arena_full(fault)
               : STATUS_OK;
}

static enum status fill_with_value(struct exchange *exchange, const struct sql_cursor *cursor,
                                   enum seen_step step, const char *source, struct seen_line **line,
                                   struct fault *fault)
{
    enum status status = fill(exchange, cursor, step, source, line, fault);
    if (status != STATUS_OK)
        return status;
    (*line)->value = read_bytes(cursor, VALUE, exchange->lines->arena);
    return (*line)->value.data == NULL ? read_arena_full(fault) : STATUS_OK;
}

/* What was submitted is known from the receipt: the inbox itself is not kept here. */
static enum status add_submitted(struct exchange *exchange, const struct seen_line *decided,
                                 int64_t submitted_ms, struct fault *fault)
{
    struct seen_line copy = *decided, *line = timeline_add_line(exchange->lines);

    if (line == NULL)
        return read_arena_full(fault);
    *line = copy;
    line->step = SEEN_SUBMITTED;
    line->at_ms = submitted_ms;
    line->outcome = 0;
    line->code = "";
    line->topic = exchange->input.topic;
    line->partition = exchange->input.partition;
    line->offset = exchange->input.offset;
    line->version = 0;
    line->value = BYTES_NONE;
    return STATUS_OK;
}

static enum status add_receipt(struct exchange *exchange, const struct sql_cursor *cursor, const char *source,
                               struct fault *fault)
{
    struct bytes fact_topic = sql_column_bytes(cursor, NAME);
    int outcome = (int)sql_column_integer(cursor, OUTCOME);
    struct seen_line *line = NULL;

    exchange->has_receipt = true;
    exchange->fact_is_due = outcome == ACCEPTED && fact_topic.length > 0;
    exchange->parked_is_due = outcome == REFUSED;
    if (!is_own(exchange, source))
        return STATUS_OK;
    exchange->own = true;
    enum status status = fill_with_value(exchange, cursor, SEEN_DECIDED, source, &line, fault);
    if (status != STATUS_OK)
        return status;
    line->outcome = outcome;
    return add_submitted(exchange, line, sql_column_integer(cursor, OTHER), fault);
}

static enum status add_fact(struct exchange *exchange, const struct sql_cursor *cursor, const char *source,
                            struct fault *fault)
{
    struct seen_line *line = NULL;

    exchange->has_fact = true;
    if (!is_own(exchange, source))
        return STATUS_OK;
    exchange->own = true;
    return fill_with_value(exchange, cursor, SEEN_FACT, source, &line, fault);
}

static enum status add_parked(struct exchange *exchange, const struct sql_cursor *cursor, const char *source,
                              struct fault *fault)
{
    struct seen_line *line = NULL;

    exchange->has_parked = true;
    if (!is_own(exchange, source))
        return STATUS_OK;
    exchange->own = true;
    return fill_with_value(exchange, cursor, SEEN_PARKED, source, &line, fault);
}

/* A line for each recipient that the viewer is. */
static enum status add_delivery(struct exchange *exchange, const struct sql_cursor *cursor,
                                const char *source, struct fault *fault)
{
    struct arena *arena = exchange->lines->arena;
    ProtobufCMessage *message = NULL;
    struct seen_line *line = NULL;

    enum status status = unpack_message(schema_of(&medhub__event__v1__delivery__descriptor),
                                        sql_column_bytes(cursor, VALUE), arena, &message, fault);
    const Delivery *delivery = (const Delivery *)message;
    bool addressed = false;
    for (size_t i = 0; status == STATUS_OK && i < delivery->n_recipients; i++) {
        if (!is_addressed(exchange, delivery->recipients[i]))
            continue;
        addressed = true;
        status = fill(exchange, cursor, SEEN_DELIVERY, source, &line, fault);
        if (status == STATUS_OK) {
            line->recipient = delivery->recipients[i];
            line->value = bytes_from(delivery->data.data, delivery->data.len);
        }
    }
    if (status == STATUS_OK && addressed && exchange->viewer != NULL && exchange->by != NULL &&
        !exchange->shown)
        exchange->shown = shows_key(exchange, delivery);
    return status;
}

static const char *answer_code(struct arena *arena, const Outcome *outcome)
{
    return outcome->code[0] != '\0' ? outcome->code
                                    : arena_format(arena, "http.%u", (unsigned)outcome->http_status);
}

static enum status add_answer(struct exchange *exchange, const struct sql_cursor *cursor, struct fault *fault)
{
    struct arena *arena = exchange->lines->arena;
    const char *organisation = read_text(cursor, NAME, arena);
    ProtobufCMessage *message = NULL;
    struct seen_line *line = NULL;

    if (organisation == NULL)
        return read_arena_full(fault);
    if (exchange->viewer != NULL && strcmp(exchange->viewer->organisation, organisation) != 0)
        return STATUS_OK;
    enum status status = fill_with_value(exchange, cursor, SEEN_ANSWERED, "", &line, fault);
    if (status == STATUS_OK)
        status = unpack_message(schema_of(&medhub__webhook__v1__outcome__descriptor), line->value, arena,
                                &message, fault);
    if (status != STATUS_OK)
        return status;
    line->recipient = organisation;
    line->code = answer_code(arena, (const Outcome *)message);
    return line->code == NULL ? read_arena_full(fault) : STATUS_OK;
}

static enum status add_row(struct exchange *exchange, const struct sql_cursor *cursor, struct fault *fault)
{
    const char *source = read_text(cursor, SOURCE, exchange->lines->arena);

    if (source == NULL)
        return read_arena_full(fault);
    switch (sql_column_integer(cursor, STEP)) {
    case STEP_RECEIPT:
        return add_receipt(exchange, cursor, source, fault);
    case STEP_FACT:
        return add_fact(exchange, cursor, source, fault);
    case STEP_DELIVERY:
        return add_delivery(exchange, cursor, source, fault);
    case STEP_PARKED:
        return add_parked(exchange, cursor, source, fault);
    default:
        return add_answer(exchange, cursor, fault);
    }
}

/* ---- the whole ---- */

/* Answers name a delivery only: what it was about is the same for the whole exchange. */
static void name_answers(struct exchange *exchange)
{
    const struct seen_line *known = timeline_find(exchange, SEEN_DELIVERY);

    if (known == NULL)
        known = timeline_find(exchange, SEEN_DECIDED);
    for (size_t i = exchange->first; known != NULL && i < exchange->lines->count; i++) {
        struct seen_line *line = &exchange->lines->items[i];
        if (line->step != SEEN_ANSWERED || line->id[0] != '\0')
            continue;
        line->source = known->source;
        line->id = known->id;
        line->type = known->type;
        line->subject = known->subject;
    }
}

static int in_order_of_time(const void *a, const void *b)
{
    const struct seen_line *one = a, *other = b;

    if (one->at_ms != other->at_ms)
        return one->at_ms < other->at_ms ? -1 : 1;
    if (one->step != other->step)
        return one->step < other->step ? -1 : 1;
    if (one->partition != other->partition)
        return one->partition < other->partition ? -1 : 1;
    if (one->offset != other->offset)
        return one->offset < other->offset ? -1 : 1;
    return strcmp(one->recipient, other->recipient);
}

static enum status read_rows(struct exchange *exchange, int64_t input, struct fault *fault)
{
    const struct sql_value value = sql_integer(input);
    struct sql_cursor cursor;
    bool row = true;

    enum status status = sql_start(exchange->model->sql, timeline, &value, 1, &cursor, fault);
    while (status == STATUS_OK && row) {
        status = sql_next(&cursor, &row, fault);
        if (status == STATUS_OK && row)
            status = add_row(exchange, &cursor, fault);
    }
    sql_end(&cursor);
    return status;
}

enum status read_exchange(struct read_model *model, int64_t input, const struct viewer *viewer,
                          const struct asked_by *by, struct seen_lines *lines, struct fault *fault)
{
    struct exchange exchange = {
        .model = model, .viewer = viewer, .by = by, .lines = lines, .first = lines->count};

    enum status status = read_place_take(model, input, &exchange.input, fault);
    exchange.submitted = status == STATUS_OK && strcmp(exchange.input.topic, "timer") != 0;
    if (status == STATUS_OK)
        status = read_rows(&exchange, input, fault);
    if (status == STATUS_OK && viewer != NULL && by != NULL && !exchange.own && !exchange.shown) {
        lines->count = exchange.first;
        return STATUS_OK;
    }
    if (status == STATUS_OK)
        status = timeline_add_gaps(&exchange, fault);
    if (status == STATUS_OK)
        status = timeline_add_unanswered(&exchange, fault);
    if (status != STATUS_OK)
        return status;
    name_answers(&exchange);
    if (lines->count > exchange.first)
        qsort(lines->items + exchange.first, lines->count - exchange.first, sizeof *lines->items,
              in_order_of_time);
    return STATUS_OK;
}

enum status read_model_timeline(struct read_model *model, const struct input_place *place,
                                const struct viewer *viewer, struct arena *arena, struct seen_line **lines,
                                size_t *count, struct fault *fault)
{
    struct seen_lines found = {.arena = arena};
    bool known = false;
    int64_t input = 0;

    *count = 0;
    *lines = NULL;
    enum status status = sql_begin(model->sql, fault);
    if (status == STATUS_OK)
        status = read_place_make(model, place, &input, &known, fault);
    if (status == STATUS_OK && known)
        status = read_exchange(model, input, viewer, NULL, &found, fault);
    sql_rollback(model->sql);
    if (status == STATUS_OK) {
        *lines = found.items;
        *count = found.count;
    }
    return status;
}

/* questions.c: what happened to a prescription, a settlement, or whatever a key names: timelines out of the read model, never
 * more than the router let this caller see. */
#include "base/text.h"
#include "event/json.h"
#include "event/pack.h"
#include "event/unpack.h"
#include "gateway/house.h"
#include "gateway/receipts.h"
#include "gateway/writer.h"

#include <inttypes.h>
#include <stdlib.h>

enum { EXCHANGES = 20 };

struct question {
    const char *key;
    unsigned kinds;
    size_t limit;
    struct input_place before_place;
    const struct input_place *before; /* or NULL */
};

/* ---- lines ---- */

static const char *step_name(enum seen_step step)
{
    static const char *const names[] = {
        [SEEN_SUBMITTED] = "submitted", [SEEN_DECIDED] = "decided", [SEEN_FACT] = "fact",
        [SEEN_DELIVERY] = "delivery",   [SEEN_PARKED] = "parked",   [SEEN_ANSWERED] = "answered"};

    return names[step];
}

/* The data of an event; of a fact without its provenance. What does not unpack is left out. */
static void write_data(const struct seen_line *line, struct bytes value, struct arena *arena, struct buffer *out)
{
    const struct message_facts *facts = schema_find_event(line->type);
    ProtobufCMessage *message = NULL;
    struct fault fault;

    if (facts == NULL || unpack_message(facts, value, arena, &message, &fault) != STATUS_OK)
        return;
    size_t before = out->length;
    write_name(out, "data");
    if (json_encode(facts, message, NULL, out, &fault) != STATUS_OK)
        out->length = before;
}

static void write_value(const struct seen_line *line, struct arena *arena, struct buffer *out)
{
    struct arena_mark mark = arena_mark(arena);

    if (line->step == SEEN_FACT)
        write_data(line, pack_original(line->value, NULL), arena, out);
    else if (line->step == SEEN_DELIVERY)
        write_data(line, line->value, arena, out);
    arena_reset_to(arena, mark);
}

static void write_line(const struct seen_line *line, struct arena *arena, struct buffer *out)
{
    write_begin(out, '{');
    write_text(out, "step", step_name(line->step));
    if (line->missing)
        write_bool(out, "missing", true);
    write_moment(out, "at", line->at_ms);
    write_text_if(out, "source", line->source);
    write_text_if(out, "id", line->id);
    write_text_if(out, "type", line->type);
    write_text_if(out, "subject", line->subject);
    if (line->outcome != 0)
        write_text(out, "outcome", receipt_outcome_text(line->outcome));
    write_text_if(out, "code", line->code);
    write_text_if(out, "recipient", line->recipient);
    if (line->version > 0)
        write_unsigned(out, "version", line->version);
    if (!line->missing && line->value.data != NULL)
        write_value(line, arena, out);
    write_end(out, '}');
}

static bool is_same_place(const struct input_place *one, const struct input_place *other)
{
    return one->partition == other->partition && one->offset == other->offset && strcmp(one->topic, other->topic) == 0;
}

static const char *place_text(const struct input_place *place, struct arena *arena)
{
    return arena_format(arena, "%s/%" PRId32 "/%" PRId64, place->topic, place->partition, place->offset);
}

/* The lines of one exchange lie together. Returns how many there are. */
static size_t write_exchange(const struct seen_line *lines, size_t count, struct arena *arena, struct buffer *out)
{
    size_t i = 0;

    write_begin(out, '{');
    write_text(out, "input", place_text(&lines[0].input, arena));
    write_name(out, "lines");
    write_begin(out, '[');
    for (; i < count && is_same_place(&lines[0].input, &lines[i].input); i++)
        write_line(&lines[i], arena, out);
    write_end(out, ']');
    write_end(out, '}');
    return i;
}

/* Everything that happened before the partition that is furthest behind was last at its end is in the answer. */
static void write_completeness(struct asker *asker, struct arena *arena, struct buffer *out)
{
    struct read_position *positions = NULL;
    struct fault fault;
    size_t count = 0;
    int64_t least_ms = INT64_MAX;

    if (read_model_positions(asker->model, arena, &positions, &count, &fault) != STATUS_OK)
        return;
    for (size_t i = 0; i < count; i++)
        if (positions[i].caught_up_ms < least_ms)
            least_ms = positions[i].caught_up_ms;
    if (count > 0)
        write_moment(out, "completeUntil", least_ms);
}

static void write_exchanges(struct asker *asker, struct request *request, const struct seen_line *lines, size_t count,
                            bool more)
{
    struct buffer *out = answer_begin(request);

    write_begin(out, '{');
    write_name(out, "exchanges");
    write_begin(out, '[');
    for (size_t i = 0; i < count;)
        i += write_exchange(lines + i, count - i, request->arena, out);
    write_end(out, ']');
    if (more)
        write_text(out, "next", place_text(&lines[count - 1].input, request->arena));
    write_completeness(asker, request->arena, out);
    write_end(out, '}');
    answer_finish(request, 200, JSON_TYPE);
}

/* ---- asking ---- */

static void ask_exchanges(struct asker *asker, struct request *request)
{
    const struct question *question = request->work;
    const struct caller *caller = &request->caller;
    const struct viewer viewer = {caller->organisation, caller->recipients, caller->recipient_count};
    const struct search_query query = {
        .key = question->key, .kinds = question->kinds, .viewer = &viewer, .limit = question->limit, .before = question->before};
    struct seen_line *lines = NULL;
    struct fault fault = {0};
    size_t count = 0;
    bool more = false;

    enum status status = read_model_search(asker->model, &query, request->arena, &lines, &count, &more, &fault);
    if (status != STATUS_OK)
        answer_fault(request, status, 503, &fault);
    else if (count == 0)
        answer_problem(request, 404, "exchange.unknown", NULL);
    else
        write_exchanges(asker, request, lines, count, more);
    request_answered(request);
}

static void refused(struct request *request)
{
    answer_unavailable(request, "gateway.busy", NULL);
    request_answered(request);
}

/* "TOPIC/PARTITION/OFFSET" */
static bool read_place(const char *text, struct arena *arena, struct input_place *place)
{
    const char *last = strrchr(text, '/');
    int64_t partition = 0;

    if (last == NULL || !text_parse_i64(bytes_of(last + 1), &place->offset))
        return false;
    const char *head = arena_text(arena, bytes_from(text, (size_t)(last - text)));
    const char *middle = head == NULL ? NULL : strrchr(head, '/');
    if (middle == NULL || !text_parse_i64(bytes_of(middle + 1), &partition) || partition < 0 || partition > INT32_MAX)
        return false;
    place->partition = (int32_t)partition;
    place->topic = arena_text(arena, bytes_from(head, (size_t)(middle - head)));
    return place->topic != NULL;
}

static void ask(struct request *request, const char *key, unsigned kinds)
{
    struct question *question = arena_take_zeroed(request->arena, sizeof *question);
    const char *before = request_query(request, "before");

    if (question == NULL) {
        answer_unavailable(request, "gateway.busy", NULL);
        return;
    }
    question->key = key;
    question->kinds = kinds;
    question->limit = (size_t)request_query_integer(request, "limit", EXCHANGES);
    if (before != NULL && !read_place(before, request->arena, &question->before_place)) {
        answer_problem(request, 400, "request.parameter", "before is no `next` of an answer");
        return;
    }
    question->before = before == NULL ? NULL : &question->before_place;
    request->work = question;
    request_hold(request);
    askers_ask(request->gateway->askers, request, ask_exchanges, refused);
}

void prescription_handler(struct request *request)
{
    ask(request, request->match.values[0], SEARCH_PRESCRIPTION);
}

void settlement_handler(struct request *request)
{
    ask(request, request->match.values[0], SEARCH_SETTLEMENT);
}

/* False: one of the names is none. */
static bool read_kinds(const char *names, unsigned *kinds)
{
    *kinds = names == NULL || names[0] == '\0' ? SEARCH_ALL : 0;
    while (names != NULL && names[0] != '\0') {
        size_t length = strcspn(names, ",");
        unsigned kind = 1;
        while (kind < SEARCH_ALL && !bytes_equal_text(bytes_from(names, length), search_kind_name((enum search_kind)kind)))
            kind <<= 1;
        if (kind > SEARCH_ALL)
            return false;
        *kinds |= kind;
        names += length + (names[length] == ',');
    }
    return true;
}

void search_handler(struct request *request)
{
    unsigned kinds = 0;

    if (!read_kinds(request_query(request, "kind"), &kinds))
        answer_problem(request, 400, "request.parameter", "kind names none of the kinds");
    else
        ask(request, request_query(request, "key"), kinds);
}

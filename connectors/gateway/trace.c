/* trace.c: questions about items and lots (store/trace_questions.h), as JSON or CSV. A short answer has its length; a long one is
 * a stream: its first rows are on their way while the others are looked for.
 *
 * The query thread stays with its one answer until the client has taken it; one that takes nothing for
 * gateway.response_timeout_seconds is cut off. */
#include "base/clock.h"
#include "base/date.h"
#include "gateway/house.h"
#include "gateway/stream.h"
#include "gateway/trace.h"
#include "gateway/writer.h"

#define CSV_TYPE "text/csv"

enum { LIMIT = 100000, CHUNK_BYTES = 32 * 1024, CHUNK_LIMIT_BYTES = 1024 * 1024 };

struct asked {
    const struct trace_question *question;
    struct trace_known known;
    struct trace_asker asker;
    bool csv;
};

/* An answer while it is written. */
struct telling {
    struct request *request;
    const struct asked *asked;
    struct trace_answer answer;
    struct buffer chunk;
    int64_t rows;
    bool ended;
    struct stream *stream; /* NULL: all of it fits in one chunk so far */
};

/* ---- rows ---- */

/* Everything that happened before then is in the answer. */
static void write_completeness(struct asker *asker, struct request *request, struct buffer *out)
{
    struct read_position *positions = NULL;
    struct fault fault;
    size_t count = 0;
    int64_t least_ms = INT64_MAX;

    if (read_model_positions(asker->model, request->arena, &positions, &count, &fault) != STATUS_OK)
        return;
    for (size_t i = 0; i < count; i++)
        if (positions[i].caught_up_ms < least_ms)
            least_ms = positions[i].caught_up_ms;
    if (count > 0)
        write_moment(out, "completeUntil", least_ms);
}

static void write_head(struct asker *asker, struct telling *telling)
{
    struct buffer *out = &telling->chunk;

    if (telling->asked->csv) {
        trace_write_csv_head(telling->asked->question, out);
        return;
    }
    write_begin(out, '{');
    write_text(out, "question", telling->asked->question->name);
    write_completeness(asker, telling->request, out);
    write_name(out, "rows");
    write_begin(out, '[');
}

static void write_row(struct telling *telling)
{
    if (telling->asked->csv) {
        trace_write_csv(&telling->answer, &telling->chunk);
        return;
    }
    if (telling->rows > 0)
        buffer_append_byte(&telling->chunk, ',');
    trace_write_json(&telling->answer, &telling->chunk);
}

static void write_tail(struct telling *telling)
{
    struct buffer *out = &telling->chunk;

    if (telling->asked->csv)
        return;
    buffer_append_byte(out, ']');
    if (telling->rows == telling->asked->known.limit)
        buffer_append_text(out, ",\"more\":true");
    buffer_append_byte(out, '}');
}

/* Fills the chunk, or ends the answer. */
static enum status fill_chunk(struct telling *telling, struct fault *fault)
{
    enum status status = STATUS_OK;
    bool row = true;

    while (status == STATUS_OK && row && telling->chunk.length < CHUNK_BYTES) {
        status = trace_next(&telling->answer, &row, fault);
        if (status != STATUS_OK || !row)
            break;
        write_row(telling);
        telling->rows++;
    }
    telling->ended = status == STATUS_OK && !row;
    if (telling->ended)
        write_tail(telling);
    if (status == STATUS_OK && !buffer_ok(&telling->chunk))
        return fault_retry(fault, "memory.out", "no memory for rows");
    return status;
}

/* ---- short and long answers ---- */

static const char *content_type(const struct telling *telling)
{
    return telling->asked->csv ? CSV_TYPE : JSON_TYPE;
}

static bool begin_stream(struct telling *telling)
{
    struct request *request = telling->request;

    answer_lend(request, 200, content_type(telling), BYTES_NONE);
    request->answer.stream =
        stream_new(request, (size_t)request->gateway->settings->stream_buffer_bytes_max, NULL, NULL); /* never parked */
    if (request->answer.stream == NULL)
        return false;
    telling->stream = request->answer.stream;
    request_keep(request); /* from now on it is in two hands */
    request_answered(request);
    return true;
}

/* False: the client has gone, or takes nothing. */
static bool send_chunk(struct telling *telling)
{
    int64_t patience_us = telling->request->gateway->settings->response_timeout_seconds * 1000000;
    bool sent = stream_wait(telling->stream, telling->chunk.length, clock_monotonic_us() + patience_us) &&
                stream_append(telling->stream, buffer_bytes(&telling->chunk));

    buffer_clear(&telling->chunk);
    return sent;
}

/* What fails in the middle is cut off, so that nobody takes a part for the whole. */
static void stream_rows(struct telling *telling)
{
    struct fault fault = {0};
    enum status status = STATUS_OK;
    bool sent = send_chunk(telling);

    while (sent && status == STATUS_OK && !telling->ended) {
        status = fill_chunk(telling, &fault);
        sent = status == STATUS_OK && send_chunk(telling);
    }
    if (sent)
        stream_end(telling->stream);
    else
        stream_break(telling->stream);
    request_release(telling->request);
}

static void tell(struct asker *asker, struct telling *telling)
{
    struct request *request = telling->request;
    struct fault fault = {0};

    write_head(asker, telling); /* before the question: the answer is at least as complete as it says */
    enum status status = trace_ask(asker->model, telling->asked->question, &telling->asked->known, &telling->asked->asker,
                                   clock_now_ms(request->gateway->clock), &telling->answer, &fault);
    if (status == STATUS_OK)
        status = fill_chunk(telling, &fault);
    if (status == STATUS_OK && !telling->ended && begin_stream(telling)) {
        stream_rows(telling);
        return;
    }
    if (status != STATUS_OK)
        answer_fault(request, status, 503, &fault);
    else if (!telling->ended)
        answer_unavailable(request, "gateway.busy", NULL);
    else
        answer_set(request, 200, content_type(telling), buffer_bytes(&telling->chunk));
    request_answered(request);
}

static void ask(struct asker *asker, struct request *request)
{
    struct telling telling = {.request = request, .asked = request->work};

    buffer_init(&telling.chunk, CHUNK_LIMIT_BYTES);
    tell(asker, &telling); /* afterwards the request is out of hand */
    trace_end(&telling.answer);
    buffer_done(&telling.chunk);
}

static void refused(struct request *request)
{
    answer_unavailable(request, "gateway.busy", NULL);
    request_answered(request);
}

/* ---- GET /v1/trace/{question} ---- */

static bool sees_all(const struct caller *caller)
{
    static const char *const feeds[] = {"regulator@", "trace_platform@"};

    for (size_t i = 0; i < caller->recipient_count; i++)
        for (size_t j = 0; j < sizeof feeds / sizeof *feeds; j++)
            if (strncmp(caller->recipients[i], feeds[j], strlen(feeds[j])) == 0)
                return true;
    return false;
}

struct trace_asker trace_asker_of(const struct caller *caller)
{
    return (struct trace_asker){caller->organisation, sees_all(caller)};
}

static const char *text_of(struct request *request, const char *name)
{
    const char *text = request_query(request, name);

    return text == NULL ? "" : text;
}

/* False: `at` is no moment. */
static bool read_known(struct request *request, struct trace_known *known)
{
    const char *at = text_of(request, "at");
    int64_t seconds = 0;
    int32_t nanoseconds = 0;

    *known = (struct trace_known){.product = text_of(request, "product"),
                                  .lot = text_of(request, "lot"),
                                  .serial = text_of(request, "serial"),
                                  .holder = text_of(request, "holder"),
                                  .recall = text_of(request, "recall"),
                                  .days = request_query_integer(request, "days", 0),
                                  .limit = request_query_integer(request, "limit", LIMIT)};
    if (at[0] == '\0')
        return true;
    bool is_moment = moment_parse(bytes_of(at), &seconds, &nanoseconds);
    known->at_ms = is_moment ? seconds * 1000 + nanoseconds / 1000000 : 0;
    return is_moment && known->at_ms > 0;
}

static bool choose_form(struct request *request, struct asked *asked)
{
    bool json = request_accepts(request, JSON_TYPE);

    asked->csv = !json;
    return json || request_accepts(request, CSV_TYPE);
}

/* NAME NULL: as the path says. */
static bool read_question(struct request *request, const char *name, struct asked *asked)
{
    const char *code = request_query(request, "code");
    bool exists = false;

    if (!choose_form(request, asked)) {
        answer_problem(request, 406, "request.accept", "an answer is application/json or text/csv");
    } else if (!read_known(request, &asked->known)) {
        answer_problem(request, 400, "request.parameter", "at is a moment as in RFC 3339");
    } else if (code != NULL && !trace_known_read(&asked->known, code, request->arena)) {
        answer_problem(request, 400, "trace.code", "code names no item");
    } else {
        if (name != NULL)
            asked->known.recall = request->match.values[0];
        asked->question = trace_question_find(name == NULL ? request->match.values[0] : name, &asked->known,
                                              &exists);
        if (!exists)
            answer_problem(request, 404, "trace.question", "there is no such question: GET /v1/trace lists them");
        else if (asked->question == NULL)
            answer_problem(request, 400, "trace.needs", "the question needs more than was given: GET /v1/trace lists what");
    }
    return asked->question != NULL;
}

static void ask_about(struct request *request, const char *name)
{
    struct asked *asked = arena_take_zeroed(request->arena, sizeof *asked);

    if (asked == NULL) {
        answer_unavailable(request, "gateway.busy", NULL);
        return;
    }
    if (!read_question(request, name, asked))
        return;
    asked->asker = trace_asker_of(&request->caller);
    request->work = asked;
    request_hold(request);
    askers_ask(request->gateway->askers, request, ask, refused);
}

void trace_handler(struct request *request)
{
    ask_about(request, NULL);
}

/* ---- GET /v1/recalls/{recall}, /v1/recalls/{recall}/holders, /v1/recalls/{recall}/overdue ---- */

void recall_handler(struct request *request)
{
    ask_about(request, "recall");
}

void recall_holders_handler(struct request *request)
{
    ask_about(request, "recall-holders");
}

void recall_overdue_handler(struct request *request)
{
    ask_about(request, "recall-overdue");
}

/* ---- GET /v1/trace ---- */

static void write_requirements(struct buffer *out, unsigned required)
{
    static const char *const names[] = {[TRACE_PRODUCT] = "product", [TRACE_LOT] = "lot",   [TRACE_SERIAL] = "serial",
                                        [TRACE_HOLDER] = "holder",   [TRACE_AT] = "at", [TRACE_DAYS] = "days",
                                        [TRACE_RECALL] = "recall"};

    write_name(out, "needs");
    write_begin(out, '[');
    for (size_t i = TRACE_PRODUCT; i < sizeof names / sizeof *names; i++)
        if ((required >> i & 1) != 0)
            buffer_append_format(out, "%s\"%s\"", out->data[out->length - 1] == '[' ? "" : ",", names[i]);
    write_end(out, ']');
}

void trace_list_handler(struct request *request)
{
    struct buffer *out = answer_begin(request);

    write_begin(out, '{');
    write_name(out, "questions");
    write_begin(out, '[');
    for (size_t i = 0; i < trace_question_count; i++) {
        write_begin(out, '{');
        write_text(out, "name", trace_questions[i].name);
        write_requirements(out, trace_questions[i].required);
        write_text(out, "what", trace_questions[i].sentence_en);
        write_text(out, "whatZh", trace_questions[i].sentence_zh);
        write_end(out, '}');
    }
    write_end(out, ']');
    write_end(out, '}');
    answer_finish(request, 200, JSON_TYPE);
}

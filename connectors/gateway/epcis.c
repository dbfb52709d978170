/* epcis.c: EPCIS 2.0 at the door: documents in (POST /v1/capture), what became of them (GET /v1/capture/{id}), events out
 * (GET /v1/events).
 *
 * A capture is remembered nowhere by the gateway: its id is the trace id of the scans that were made of it, by which the read
 * model finds them, and how many there are. The same document has the same id. */
#include "base/clock.h"
#include "base/date.h"
#include "base/hash.h"
#include "base/text.h"
#include "event/pack.h"
#include "exchange/epcis.h"
#include "gateway/house.h"
#include "gateway/receipts.h"
#include "gateway/submission.h"
#include "gateway/trace.h"
#include "gateway/writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define SCANNED   "medhub.trace.item_scanned.v1"
#define BEHAVIOUR "GS1-Capture-Error-Behaviour"
#define LD_TYPE   "application/ld+json"

enum { TRACE_ID_DIGITS = 32, CAPTURE_ID_BYTES = 64, EVENTS = 1000 };

/* ---- POST /v1/capture ---- */

/* The trace id is the body's and the caller's; what else stands in a traceparent says nothing here. */
static const char *traceparent_of(const struct request *request, struct bytes body)
{
    uint64_t one = hash_bytes(body, hash_bytes(bytes_of(request->caller.organisation), 0)), other = hash_bytes(body, one);

    return arena_format(request->arena, "00-%016" PRIx64 "%016" PRIx64 "-%016" PRIx64 "-01", one, other, one ^ other ^ 1);
}

static const char *capture_id(const struct request *request, size_t *count)
{
    const struct cloudevent *events = submitted_events(request, count);

    return arena_format(request->arena, "%.*s-%zu", TRACE_ID_DIGITS, events[0].attributes.traceparent + 3, *count);
}

static void answer_captured(struct request *request)
{
    size_t count = 0;
    const char *id = capture_id(request, &count), *address = arena_format(request->arena, "/v1/capture/%s", id);
    struct buffer *out = answer_begin(request);

    write_begin(out, '{');
    write_text(out, "captureID", id);
    write_text(out, "status", "acknowledged");
    write_integer(out, "scans", (int64_t)count);
    write_end(out, '}');
    answer_finish(request, 202, JSON_TYPE);
    if (address != NULL)
        answer_header(request, "Location", address);
    answer_header(request, BEHAVIOUR, "proceed");
}

static bool fill_event(struct request *request, const struct epcis_scan *scan, const char *traceparent,
                       struct cloudevent *event)
{
    event->facts = schema_find_event(SCANNED);
    event->attributes = (struct event_attributes){.id = scan->id,
                                                  .source = request->caller.organisation,
                                                  .type = SCANNED,
                                                  .subject = "",
                                                  .time = scan->time,
                                                  .traceparent = traceparent};
    event->data = pack_message(&scan->said.base, request->arena);
    event->key = bytes_of(scan->said.product);
    return event->data.data != NULL;
}

static void send_scans(struct request *request, const struct epcis_scan *scans, size_t count)
{
    struct cloudevent *events = arena_take_zeroed(request->arena, count * sizeof *events);
    const char *traceparent = traceparent_of(request, request->view.body);
    bool made = events != NULL && traceparent != NULL;

    for (size_t i = 0; made && i < count; i++)
        made = fill_event(request, &scans[i], traceparent, &events[i]);
    if (made)
        submit_events(request, events, count, answer_captured);
    else
        answer_unavailable(request, "gateway.busy", NULL);
}

static void answer_bad_document(struct request *request, enum status status, const char *path, const struct fault *fault)
{
    if (status != STATUS_REJECT) {
        answer_fault(request, status, 503, fault);
        return;
    }
    unsigned http_status = strcmp(fault->code, "epcis.too_large") == 0 ? 413 : 400;
    struct buffer *out = answer_begin_problem(request, http_status, fault->code, fault->text, NULL);
    write_text_if(out, "path", path);
    write_end(out, '}');
    answer_finish(request, http_status, PROBLEM_TYPE);
}

static bool is_json(const struct request *request)
{
    struct bytes type = http_view_header(&request->view, "Content-Type", NULL);
    size_t length = 0;

    while (length < type.length && type.data[length] != ';' && type.data[length] != ' ')
        length++;
    struct bytes bare = bytes_from(type.data, length);
    return type.data != NULL && (bytes_equal_text(bare, JSON_TYPE) || bytes_equal_text(bare, LD_TYPE));
}

void capture_handler(struct request *request)
{
    const char *behaviour = request_header(request, BEHAVIOUR), *path = "";
    struct epcis_scan *scans = NULL;
    struct fault fault = {0};
    size_t count = 0;

    if (!is_json(request)) {
        answer_problem(request, 415, "request.media_type", "Content-Type must be application/json or application/ld+json");
        return;
    }
    if (behaviour == NULL || (behaviour[0] != '\0' && strcmp(behaviour, "proceed") != 0)) {
        answer_problem(request, 400, "epcis.behaviour", "events are decided one by one: only proceed is there");
        return;
    }
    enum status status = epcis_read_capture(request->view.body, request->caller.organisation,
                                            (size_t)request->gateway->settings->batch_events_max, request->arena, &scans,
                                            &count, &path, &fault);
    if (status == STATUS_OK)
        send_scans(request, scans, count);
    else
        answer_bad_document(request, status, path, &fault);
}

/* ---- GET /v1/capture/{capture} ---- */

struct job {
    const char *id, *trace;
    int64_t scans;
    /* as found */
    int64_t decided, first_ms, last_ms;
    struct buffer errors;
};

static void refused(struct request *request)
{
    answer_unavailable(request, "gateway.busy", NULL);
    request_answered(request);
}

static void note_line(struct job *job, const struct seen_line *line)
{
    if (line->missing)
        return;
    if (line->step == SEEN_SUBMITTED && (job->first_ms == 0 || line->at_ms < job->first_ms))
        job->first_ms = line->at_ms;
    if (line->step != SEEN_DECIDED)
        return;
    job->decided++;
    if (line->at_ms > job->last_ms)
        job->last_ms = line->at_ms;
    if (line->outcome != MEDHUB__EVENT__V1__OUTCOME__OUTCOME_REFUSED)
        return;
    write_begin(&job->errors, '{');
    write_text(&job->errors, "type", "urn:medhub:problem:event.refused");
    write_text(&job->errors, "title", line->code);
    write_integer(&job->errors, "status", 422);
    write_text(&job->errors, "detail", line->id);
    write_end(&job->errors, '}');
}

static void write_job(struct request *request, const struct job *job)
{
    struct buffer *out = answer_begin(request);
    bool running = job->decided < job->scans;

    write_begin(out, '{');
    write_text(out, "captureID", job->id);
    write_moment(out, "createdAt", job->first_ms);
    if (!running)
        write_moment(out, "finishedAt", job->last_ms);
    write_bool(out, "running", running);
    write_bool(out, "success", job->errors.length == 1);
    write_text(out, "captureErrorBehaviour", "proceed");
    write_integer(out, "scans", job->scans);
    write_integer(out, "decided", job->decided);
    write_name(out, "errors");
    buffer_append_bytes(out, buffer_bytes(&job->errors));
    write_end(out, ']');
    write_end(out, '}');
    answer_finish(request, 200, JSON_TYPE);
}

static void ask_job(struct asker *asker, struct request *request)
{
    struct job *job = request->work;
    const struct caller *caller = &request->caller;
    const struct viewer viewer = {caller->organisation, caller->recipients, caller->recipient_count};
    const struct search_query query = {
        .key = job->trace, .kinds = SEARCH_TRACE_ID, .viewer = &viewer, .limit = (size_t)job->scans};
    struct seen_line *lines = NULL;
    struct fault fault = {0};
    size_t count = 0;
    bool more = false;

    buffer_init(&job->errors, ANSWER_BYTES_MAX / 2);
    buffer_append_byte(&job->errors, '[');
    enum status status = read_model_search(asker->model, &query, request->arena, &lines, &count, &more, &fault);
    for (size_t i = 0; status == STATUS_OK && i < count; i++)
        if (strcmp(lines[i].source, caller->organisation) == 0)
            note_line(job, &lines[i]);
    if (status != STATUS_OK)
        answer_fault(request, status, 503, &fault);
    else if (job->decided == 0)
        answer_problem(request, 404, "capture.unknown", "unknown, or nothing of it is decided yet");
    else
        write_job(request, job);
    buffer_done(&job->errors);
    request_answered(request);
}

static bool read_capture_id(struct request *request, struct job *job)
{
    const char *id = request->match.values[0], *dash = strchr(id, '-');

    job->id = id;
    if (dash == NULL || dash - id != TRACE_ID_DIGITS || strspn(id, "0123456789abcdef") != TRACE_ID_DIGITS ||
        !text_parse_i64(bytes_of(dash + 1), &job->scans) || job->scans < 1 || job->scans > EPCIS_SCANS_MAX)
        return false;
    job->trace = arena_text(request->arena, bytes_from(id, TRACE_ID_DIGITS));
    return job->trace != NULL;
}

void capture_job_handler(struct request *request)
{
    struct job *job = arena_take_zeroed(request->arena, sizeof *job);

    if (job == NULL) {
        answer_unavailable(request, "gateway.busy", NULL);
        return;
    }
    if (!read_capture_id(request, job)) {
        answer_problem(request, 404, "capture.unknown", "this is no id of a capture");
        return;
    }
    request->work = job;
    request_hold(request);
    askers_ask(request->gateway->askers, request, ask_job, refused);
}

/* ---- GET /v1/events ---- */

struct wanted {
    struct trace_known known;
    struct trace_asker asker;
    struct epcis_query query;
};

static void ask_events(struct asker *asker, struct request *request)
{
    const struct wanted *wanted = request->work;
    struct fault fault = {0};

    enum status status = epcis_write_answer(asker->model, &wanted->query, clock_now_ms(request->gateway->clock),
                                            request->arena, answer_begin(request), &fault);
    if (status == STATUS_OK)
        answer_finish(request, 200, LD_TYPE);
    else
        answer_fault(request, status, 400, &fault);
    request_answered(request);
}

static bool read_moment(struct request *request, const char *name, int64_t *unix_ms)
{
    const char *text = request_query(request, name);
    int64_t seconds = 0;
    int32_t nanoseconds = 0;

    if (text == NULL)
        return true;
    if (!moment_parse(bytes_of(text), &seconds, &nanoseconds))
        return false;
    *unix_ms = seconds * 1000 + nanoseconds / 1000000;
    return true;
}

void events_handler(struct request *request)
{
    struct wanted *wanted = arena_take_zeroed(request->arena, sizeof *wanted);
    const char *epc = request_query(request, "MATCH_anyEPC"), *biz_step = request_query(request, "EQ_bizStep");

    if (wanted == NULL) {
        answer_unavailable(request, "gateway.busy", NULL);
        return;
    }
    wanted->known = (struct trace_known){
        .product = "", .lot = "", .serial = "", .holder = "", .recall = "", .limit = request_query_integer(request, "perPage", EVENTS)};
    wanted->asker = trace_asker_of(&request->caller);
    wanted->query = (struct epcis_query){
        .known = &wanted->known, .asker = &wanted->asker, .biz_step = biz_step == NULL ? "" : biz_step};
    if (!request_accepts(request, LD_TYPE) && !request_accepts(request, JSON_TYPE)) {
        answer_problem(request, 406, "request.accept", "events are application/ld+json");
    } else if (!read_moment(request, "GE_eventTime", &wanted->query.from_ms) ||
               !read_moment(request, "LT_eventTime", &wanted->query.until_ms)) {
        answer_problem(request, 400, "request.parameter", "a time is as in RFC 3339");
    } else if (!trace_known_read(&wanted->known, epc, request->arena)) {
        answer_problem(request, 400, "trace.code", "MATCH_anyEPC names no item");
    } else {
        request->work = wanted;
        request_hold(request);
        askers_ask(request->gateway->askers, request, ask_events, refused);
    }
}

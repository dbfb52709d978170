/* submit.c: POST /v1/events, from the body to the brokers' acknowledgement and, where the caller waits, the hub's decision.
 *
 *     HTTP thread   submit_handler     reads the body, sees whose events they are, hands them to the dispatcher
 *     librdkafka's  acknowledged       all replicas in sync have them, or not
 *     waiter                           only if the caller waits: the receipts appear in the read model
 *     HTTP thread   answer_...         writes the answer
 */
#include "core/event_headers.h"
#include "flow/signatures.h"
#include "gateway/house.h"
#include "gateway/intake.h"
#include "gateway/receipts.h"
#include "gateway/submission.h"
#include "gateway/writer.h"

struct submission {
    struct request *request;
    void (*answer)(struct request *request); /* of submit_events; else NULL */
    struct intake intake;
    struct dispatch dispatch;
    struct awaited awaited;
    size_t failed;
};

/* ---- what was acknowledged ---- */

static const char *address_of(const struct submission *submission, size_t index)
{
    const struct event_attributes *of = &submission->intake.events[index].attributes;

    return receipt_address(of->source, of->id, submission->request->arena);
}

static void write_submitted(const struct cloudevent *event, const char *status, const char *address, struct buffer *out)
{
    write_text(out, "id", event->attributes.id);
    write_text(out, "source", event->attributes.source);
    write_text(out, "status", status);
    write_text(out, "receipt", address);
}

static const char *acknowledgement(const struct submission *submission, size_t index)
{
    return submission->dispatch.events[index].acknowledged ? "acknowledged" : "failed";
}

static void write_acknowledgements(struct submission *submission, struct buffer *out)
{
    write_begin(out, '[');
    for (size_t i = 0; i < submission->intake.count; i++) {
        write_begin(out, '{');
        write_submitted(&submission->intake.events[i], acknowledgement(submission, i), address_of(submission, i), out);
        write_end(out, '}');
    }
    write_end(out, ']');
}

static void answer_submitted(struct request *request)
{
    struct submission *submission = request->work;
    struct buffer *out = answer_begin(request);

    if (submission->intake.batch) {
        write_acknowledgements(submission, out);
    } else {
        const char *address = address_of(submission, 0);
        write_begin(out, '{');
        write_submitted(&submission->intake.events[0], "acknowledged", address, out);
        write_end(out, '}');
        if (address != NULL)
            answer_header(request, "Location", address);
    }
    answer_finish(request, 202, JSON_TYPE);
}

/* Those that failed may be in Kafka all the same: sent again under their ids they are answered once. */
static void answer_not_delivered(struct request *request)
{
    struct submission *submission = request->work;
    struct buffer *out = answer_begin_problem(
        request, 503, "kafka.not_delivered", "the brokers did not acknowledge in time: send again under the same ids",
        NULL);

    if (submission->intake.batch) {
        write_name(out, "events");
        write_acknowledgements(submission, out);
    }
    write_end(out, '}');
    answer_finish(request, 503, PROBLEM_TYPE);
    answer_header(request, "Retry-After", "2");
}

/* ---- what was decided ---- */

static void answer_receipt_problem(struct request *request, const Receipt *receipt, unsigned status, const char *code)
{
    const Medhub__Event__V1__Finding *first = receipt->n_findings > 0 ? receipt->findings[0] : NULL;
    struct buffer *out = answer_begin_problem(request, status, code, first == NULL ? NULL : first->sentence_en,
                                              first == NULL ? NULL : first->sentence_zh);

    write_text(out, "instance", receipt_address(receipt->source, receipt->id, request->arena));
    write_name(out, "receipt");
    receipt_write(receipt, out);
    receipt_write_findings(receipt, out);
    write_end(out, '}');
    answer_finish(request, status, PROBLEM_TYPE);
}

static const char *first_code(const Receipt *receipt)
{
    return receipt->n_findings > 0 && receipt->findings[0]->code[0] != '\0' ? receipt->findings[0]->code : "event.refused";
}

static void answer_receipt(struct request *request, const Receipt *receipt)
{
    switch (receipt_kind(receipt)) {
    case DECIDED_REFUSED:
        answer_receipt_problem(request, receipt, 422, first_code(receipt));
        return;
    case DECIDED_DUPLICATE:
        answer_receipt_problem(request, receipt, 409, "event.duplicate");
        return;
    case DECIDED_ACCEPTED:
    case DECIDED_NOT:
        break;
    }
    receipt_write(receipt, answer_begin(request));
    answer_finish(request, 200, JSON_TYPE);
}

static const char *outcome_text(const Receipt *receipt)
{
    static const char *const names[] = {
        [DECIDED_ACCEPTED] = "accepted", [DECIDED_REFUSED] = "refused", [DECIDED_DUPLICATE] = "duplicate"};

    return receipt == NULL ? "acknowledged" : names[receipt_kind(receipt)];
}

static const Receipt *receipt_of(const struct submission *submission, size_t index)
{
    struct bytes packed = submission->awaited.events[index].receipt;

    return packed.data == NULL ? NULL : receipt_parse(packed, submission->request->arena);
}

static void answer_decided_batch(struct request *request)
{
    struct submission *submission = request->work;
    struct buffer *out = answer_begin(request);
    bool all = true;

    write_begin(out, '[');
    for (size_t i = 0; i < submission->intake.count; i++) {
        const Receipt *receipt = receipt_of(submission, i);
        all = all && receipt != NULL;
        write_begin(out, '{');
        write_submitted(&submission->intake.events[i], outcome_text(receipt), address_of(submission, i), out);
        if (receipt != NULL)
            receipt_write_findings(receipt, out);
        write_end(out, '}');
    }
    write_end(out, ']');
    answer_finish(request, all ? 200 : 202, JSON_TYPE);
}

static void answer_decided(struct request *request)
{
    struct submission *submission = request->work;
    const Receipt *receipt = submission->intake.batch ? NULL : receipt_of(submission, 0);

    if (submission->intake.batch)
        answer_decided_batch(request);
    else if (receipt == NULL)
        answer_submitted(request); /* still undecided */
    else
        answer_receipt(request, receipt);
}

/* ---- on the thread that heard of the last event ---- */

static bool await_decisions(struct submission *submission)
{
    struct request *request = submission->request;
    struct awaited *awaited = &submission->awaited;
    size_t count = submission->intake.count;

    awaited->request = request;
    awaited->then = answer_decided;
    awaited->deadline_us = house_wait_until_us(request);
    if (awaited->deadline_us == 0)
        return false;
    awaited->events = arena_take_zeroed(request->arena, count * sizeof *awaited->events);
    for (size_t i = 0; awaited->events != NULL && i < count; i++) {
        const struct dispatch_event *event = &submission->dispatch.events[i];
        awaited->events[i].place = (struct input_place){event->topic, event->partition, event->offset};
        awaited->events[i].source = submission->intake.events[i].attributes.source;
        awaited->events[i].id = submission->intake.events[i].attributes.id;
    }
    awaited->count = count;
    return awaited->events != NULL && waiter_await(request->gateway->waiter, awaited);
}

static void acknowledged(struct dispatch *dispatch)
{
    struct submission *submission = dispatch->context;
    struct gateway_measures *measures = &submission->request->gateway->measures;

    for (size_t i = 0; i < dispatch->count; i++)
        submission->failed += !dispatch->events[i].acknowledged;
    metric_add(measures->acknowledged, (int64_t)(dispatch->count - submission->failed));
    metric_add(measures->failed, (int64_t)submission->failed);
    if (submission->failed > 0)
        request_go_on(submission->request, answer_not_delivered);
    else if (submission->answer != NULL)
        request_go_on(submission->request, submission->answer);
    else if (!await_decisions(submission))
        request_go_on(submission->request, answer_submitted);
}

/* ---- on the HTTP thread ---- */

static void answer_bad(struct request *request, const struct submission *submission, enum status status,
                       unsigned http_status, const struct fault *fault)
{
    if (status != STATUS_REJECT || !submission->intake.batch) {
        answer_fault(request, status, http_status, fault);
        return;
    }
    struct buffer *out = answer_begin_problem(request, http_status, fault->code, fault->text, NULL);
    write_integer(out, "index", (int64_t)submission->intake.index);
    write_end(out, '}');
    answer_finish(request, http_status, PROBLEM_TYPE);
}

static bool may_say_all(struct submission *submission)
{
    const char *seen = "";

    for (size_t i = 0; i < submission->intake.count; i++) {
        const char *source = submission->intake.events[i].attributes.source;
        submission->intake.index = i;
        if (strcmp(source, seen) != 0 && !house_speaks_for(submission->request, source))
            return false;
        seen = source;
    }
    return true;
}

static void free_headers(struct dispatch *dispatch)
{
    for (size_t i = 0; i < dispatch->count; i++)
        headers_free(dispatch->events[i].headers);
}

/* The caller was authenticated: the hub takes the gateway's word for it. */
static bool vouch(const struct signatures *signatures, struct dispatch_event *event)
{
    struct fault fault;

    return event->headers != NULL &&
           signatures_vouch(signatures, event->headers, event->key, event->value, &fault) == STATUS_OK;
}

static bool make_records(struct submission *submission)
{
    struct dispatch *dispatch = &submission->dispatch;
    size_t count = submission->intake.count;

    dispatch->context = submission;
    dispatch->done = acknowledged;
    dispatch->events = arena_take_zeroed(submission->request->arena, count * sizeof *dispatch->events);
    bool made = dispatch->events != NULL;
    for (size_t i = 0; made && i < count; i++) {
        const struct cloudevent *event = &submission->intake.events[i];
        dispatch->events[i] = (struct dispatch_event){.topic = event->facts->topic,
                                                      .key = event->key,
                                                      .value = event->data,
                                                      .headers = event_headers(&event->attributes),
                                                      .dispatch = dispatch};
        dispatch->count = i + 1;
        made = vouch(submission->request->gateway->signatures, &dispatch->events[i]);
    }
    if (!made)
        free_headers(dispatch);
    return made;
}

static void send_records(struct submission *submission)
{
    struct request *request = submission->request;
    struct fault fault = {0};

    request_hold(request);
    enum status status = dispatcher_send(request->gateway->dispatcher, &submission->dispatch, &fault);
    if (status == STATUS_OK)
        return;
    free_headers(&submission->dispatch);
    answer_fault(request, status, 503, &fault);
    request_answered(request);
}

/* A decided body: it is sent, unless the caller may not say it. */
static void submit(struct submission *submission)
{
    struct fault fault = {0};

    if (!may_say_all(submission)) {
        (void)fault_reject(&fault, "event.source", "the caller may not say events of this source");
        answer_bad(submission->request, submission, STATUS_REJECT, 403, &fault);
    } else if (!make_records(submission)) {
        answer_unavailable(submission->request, "gateway.busy", NULL);
    } else {
        send_records(submission);
    }
}

void submit_events(struct request *request, struct cloudevent *events, size_t count, void (*answer)(struct request *request))
{
    struct submission *submission = arena_take_zeroed(request->arena, sizeof *submission);

    if (submission == NULL) {
        answer_unavailable(request, "gateway.busy", NULL);
        return;
    }
    submission->request = request;
    submission->answer = answer;
    submission->intake = (struct intake){.events = events, .count = count, .batch = true};
    request->work = submission;
    submit(submission);
}

const struct cloudevent *submitted_events(const struct request *request, size_t *count)
{
    const struct submission *submission = request->work;

    *count = submission->intake.count;
    return submission->intake.events;
}

void submit_handler(struct request *request)
{
    struct submission *submission = arena_take_zeroed(request->arena, sizeof *submission);
    struct fault fault = {0};
    unsigned http_status = 400;

    if (submission == NULL) {
        answer_unavailable(request, "gateway.busy", NULL);
        return;
    }
    request->work = submission;
    submission->request = request;
    enum status status = intake_read(&request->view, (size_t)request->gateway->settings->batch_events_max, request->arena,
                                     &submission->intake, &http_status, &fault);
    if (status != STATUS_OK)
        answer_bad(request, submission, status, http_status, &fault);
    else
        submit(submission);
}

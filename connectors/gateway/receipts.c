#include "gateway/receipts.h"

#include "event/unpack.h"
#include "gateway/asker.h"
#include "gateway/house.h"
#include "gateway/target.h"
#include "gateway/writer.h"

typedef Medhub__Event__V1__Finding Finding;

const Receipt *receipt_parse(struct bytes value, struct arena *arena)
{
    ProtobufCMessage *message = NULL;
    struct fault fault;

    if (unpack_message(schema_of(&medhub__event__v1__receipt__descriptor), value, arena, &message, &fault) != STATUS_OK)
        return NULL;
    return (const Receipt *)message;
}

bool receipt_is_repetition(const Receipt *receipt)
{
    return receipt->outcome == MEDHUB__EVENT__V1__OUTCOME__OUTCOME_DUPLICATE && strcmp(receipt->first_id, receipt->id) == 0;
}

enum outcome_kind receipt_kind(const Receipt *receipt)
{
    int outcome = (int)(receipt_is_repetition(receipt) ? receipt->first_outcome : receipt->outcome);

    switch (outcome) {
    case MEDHUB__EVENT__V1__OUTCOME__OUTCOME_ACCEPTED:
        return DECIDED_ACCEPTED;
    case MEDHUB__EVENT__V1__OUTCOME__OUTCOME_DUPLICATE:
        return DECIDED_DUPLICATE;
    default:
        return DECIDED_REFUSED;
    }
}

const char *receipt_outcome_text(int outcome)
{
    static const char *const names[] = {"unspecified", "accepted", "refused", "duplicate"};

    return outcome >= 0 && outcome < 4 ? names[outcome] : "unknown";
}

static void write_finding(const Finding *finding, struct buffer *out)
{
    write_begin(out, '{');
    write_text(out, "severity", finding->severity == MEDHUB__EVENT__V1__SEVERITY__SEVERITY_WARN ? "warn" : "refuse");
    write_text(out, "code", finding->code);
    write_text_if(out, "rule", finding->rule);
    write_text_if(out, "citation", finding->citation);
    write_text_if(out, "path", finding->path);
    write_text_if(out, "found", finding->found);
    write_text_if(out, "expected", finding->expected);
    write_text_if(out, "sentenceZh", finding->sentence_zh);
    write_text_if(out, "sentenceEn", finding->sentence_en);
    write_end(out, '}');
}

void receipt_write_findings(const Receipt *receipt, struct buffer *out)
{
    if (receipt->n_findings == 0)
        return;
    write_name(out, "findings");
    write_begin(out, '[');
    for (size_t i = 0; i < receipt->n_findings; i++)
        write_finding(receipt->findings[i], out);
    write_end(out, ']');
}

static void write_input(const Receipt *receipt, struct buffer *out)
{
    write_name(out, "input");
    buffer_append_format(out, "\"%s/%d/%lld\"", receipt->input_topic, (int)receipt->input_partition,
                         (long long)receipt->input_offset);
}

void receipt_write(const Receipt *receipt, struct buffer *out)
{
    write_begin(out, '{');
    write_text(out, "id", receipt->id);
    write_text(out, "source", receipt->source);
    write_text(out, "type", receipt->type);
    write_text(out, "outcome", receipt_outcome_text((int)receipt->outcome));
    write_moment(out, "submittedAt", receipt->submitted_at_ms);
    write_moment(out, "decidedAt", receipt->decided_at_ms);
    write_text_if(out, "key", receipt->key);
    if (receipt->version > 0)
        write_unsigned(out, "version", receipt->version);
    write_text_if(out, "factTopic", receipt->fact_topic);
    write_input(receipt, out);
    write_text_if(out, "firstId", receipt->first_id);
    if (receipt->first_outcome != 0)
        write_text(out, "firstOutcome", receipt_outcome_text((int)receipt->first_outcome));
    receipt_write_findings(receipt, out);
    write_end(out, '}');
}

const char *receipt_address(const char *source, const char *id, struct arena *arena)
{
    enum { ADDRESS_BYTES_MAX = 8192 };
    struct buffer out;

    buffer_init(&out, ADDRESS_BYTES_MAX);
    buffer_append_text(&out, "/v1/receipts/");
    target_append_encoded(&out, source);
    buffer_append_byte(&out, '/');
    target_append_encoded(&out, id);
    const char *address = buffer_ok(&out) ? arena_text(arena, buffer_bytes(&out)) : NULL;
    buffer_done(&out);
    return address;
}

/* ---- GET /v1/receipts/{source}/{id} ---- */

static void answer_unknown(struct request *request)
{
    answer_problem(request, 404, "receipt.unknown", NULL);
}

static void refused(struct request *request)
{
    answer_unavailable(request, "gateway.busy", NULL);
    request_answered(request);
}

static void ask_receipt(struct asker *asker, struct request *request)
{
    const char *const *values = request->match.values;
    struct seen_receipt seen;
    struct fault fault = {0};
    bool found = false;

    enum status status =
        read_model_receipt(asker->model, values[0], values[1], request->arena, &seen, &found, &fault);
    const Receipt *receipt = status == STATUS_OK && found ? receipt_parse(seen.value, request->arena) : NULL;
    if (status != STATUS_OK) {
        answer_fault(request, status, 503, &fault);
    } else if (receipt == NULL) {
        answer_unknown(request);
    } else {
        receipt_write(receipt, answer_begin(request));
        answer_finish(request, 200, JSON_TYPE);
    }
    request_answered(request);
}

void receipt_handler(struct request *request)
{
    if (!house_speaks_for(request, request->match.values[0])) {
        answer_unknown(request); /* whether it exists is nobody else's business */
        return;
    }
    request_hold(request);
    askers_ask(request->gateway->askers, request, ask_receipt, refused);
}

/* epcis_answer.c: what the read model knows of an item or a lot as an EPCIS query document. */
#include "exchange/epcis.h"

#include "base/date.h"
#include "event/unpack.h"

#include <string.h>

#define CONTEXT "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"

struct answering {
    const struct epcis_query *query;
    const struct trace_question *question;
    struct trace_answer answer;
    struct arena *arena;
    struct buffer *out;
    size_t written;
};

static void begin_document(int64_t now_ms, struct buffer *out)
{
    char moment[MOMENT_TEXT_BYTES];

    buffer_append_format(out,
                         "{\"@context\":[\"" CONTEXT "\",{\"medhub\":\"" EPCIS_NAMESPACE "\"}],"
                         "\"type\":\"EPCISQueryDocument\",\"schemaVersion\":\"2.0\",\"creationDate\":\"%s\","
                         "\"epcisBody\":{\"queryResults\":{\"queryName\":\"SimpleEventQuery\",\"resultsBody\":{\"eventList\":[",
                         moment_format_ms(now_ms, moment));
}

static bool is_wanted(const struct epcis_query *query, const Medhub__Trace__V1__ItemScanned *said)
{
    const struct epcis_step *step = epcis_step_of(said);
    int64_t at_ms = said->scanned_at == NULL ? 0 : said->scanned_at->seconds * 1000 + said->scanned_at->nanos / 1000000;
    const struct epcis_step *wanted =
        step == NULL || query->biz_step[0] == '\0'
            ? step
            : epcis_step_find(step->type, step->action, query->biz_step, step->disposition);

    return step != NULL && wanted != NULL && strcmp(wanted->biz_step, step->biz_step) == 0 && at_ms >= query->from_ms &&
           (query->until_ms == 0 || at_ms < query->until_ms);
}

static enum status write_fact(struct answering *answering, struct fault *fault)
{
    const struct sql_cursor *cursor = &answering->answer.cursor;
    const char *source = arena_text(answering->arena, sql_column_bytes(cursor, TRACE_FACT_SOURCE));
    ProtobufCMessage *message = NULL;

    enum status status =
        source == NULL ? fault_retry(fault, "gateway.busy", "no memory for the events")
                       : unpack_message(schema_of(&medhub__trace__v1__item_scanned__descriptor),
                                        sql_column_bytes(cursor, TRACE_FACT_VALUE), answering->arena, &message, fault);
    if (status != STATUS_OK || !is_wanted(answering->query, (const Medhub__Trace__V1__ItemScanned *)message))
        return status;
    if (answering->written++ > 0)
        buffer_append_byte(answering->out, ',');
    return epcis_write_event((const Medhub__Trace__V1__ItemScanned *)message, source,
                             sql_column_integer(cursor, TRACE_FACT_DECIDED), answering->arena, answering->out, fault);
}

static enum status write_facts(struct answering *answering, struct fault *fault)
{
    enum status status = STATUS_OK;
    bool row = true;

    while (status == STATUS_OK && row) {
        struct arena_mark mark = arena_mark(answering->arena);
        status = trace_next(&answering->answer, &row, fault);
        if (status == STATUS_OK && row)
            status = write_fact(answering, fault);
        arena_reset_to(answering->arena, mark);
    }
    return status;
}

enum status epcis_write_answer(struct read_model *model, const struct epcis_query *query, int64_t now_ms, struct arena *arena,
                               struct buffer *out, struct fault *fault)
{
    const struct trace_known *known = query->known;
    struct answering answering = {.query = query,
                                  .question = known->serial[0] != '\0' ? &trace_facts_of_item : &trace_facts_of_lot,
                                  .arena = arena,
                                  .out = out};

    if (known->product[0] == '\0' || (known->serial[0] == '\0' && known->lot[0] == '\0'))
        return fault_reject(fault, "trace.needs", "events are those of an item or of a lot");
    begin_document(now_ms, out);
    enum status status = trace_ask(model, answering.question, known, query->asker, now_ms, &answering.answer, fault);
    if (status == STATUS_OK)
        status = write_facts(&answering, fault);
    trace_end(&answering.answer);
    buffer_append_text(out, "]}}}}");
    return status == STATUS_OK && !buffer_ok(out) ? fault_reject(fault, "trace.too_large", "too many events: ask for fewer")
                                                  : status;
}

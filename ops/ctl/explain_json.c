#include "ops/ctl/explain_json.h"

#include "ops/ctl/rules.h"

#include "domain/row_message.h"
#include "event/json.h"

#include <stdio.h>
#include <string.h>

enum { JSON_BYTES_MAX = 16 * 1024 * 1024 };

static json_t *text_or_empty(const char *text)
{
    json_t *json = json_string(text == NULL ? "" : text);
    return json == NULL ? json_string("(binary)") : json;
}

static void set(json_t *object, const char *name, json_t *value)
{
    (void)json_object_set_new(object, name, value);
}

static void set_text(json_t *object, const char *name, const char *text)
{
    set(object, name, text_or_empty(text));
}

static void set_if_given(json_t *object, const char *name, const char *text)
{
    if (text != NULL && text[0] != '\0')
        set_text(object, name, text);
}

static json_t *day_json(date_t day)
{
    char text[DATE_TEXT_BYTES];
    return day == DATE_NONE ? json_string("") : json_string(date_format(day, text));
}

/* A structure as JSON, masked. */
static json_t *message_json(const ProtobufCMessage *message, unsigned visible)
{
    const struct message_facts *facts = schema_of(message->descriptor);
    const struct json_options options = {.visible = visible == SENSITIVITY_ALL ? 0 : visible};
    struct fault ignored; /* told as null */
    struct buffer text;
    json_t *json = NULL;

    buffer_init(&text, JSON_BYTES_MAX);
    if (facts != NULL && json_encode(facts, message, &options, &text, &ignored) == STATUS_OK)
        json = json_loadb((const char *)text.data, text.length, 0, NULL);
    buffer_done(&text);
    return json == NULL ? json_null() : json;
}

const char *explain_verdict_name(enum explain_verdict verdict)
{
    switch (verdict) {
    case EXPLAIN_SAME:
        return "same";
    case EXPLAIN_DIFFERS:
        return "differs";
    case EXPLAIN_INCOMPLETE:
        break;
    }
    return "incomplete";
}

/* ---- the event, and what is recorded of it ---- */

static json_t *event_json(const struct explain_case *of)
{
    const struct event *event = &of->explanation.remade.event;
    const struct message_facts *facts = schema_find_event(of->type);
    json_t *json = json_object();

    set_text(json, "type", of->receipt != NULL ? of->receipt->type : event->attributes.type);
    set(json, "id", text_or_empty(of->receipt != NULL ? of->receipt->id : event->attributes.id));
    set_text(json, "source", of->receipt != NULL ? of->receipt->source : event->attributes.source);
    set_if_given(json, "subject", event->attributes.subject);
    set_if_given(json, "titleZh", facts == NULL ? NULL : facts->title_zh);
    set_if_given(json, "title", facts == NULL ? NULL : facts->title_en);
    set(json, "key", decode_key(of->type, bytes_of(of->key), of->visible, of->session->arena));
    set(json, "input", decode_position(of->input.topic, of->input.partition, of->input.offset));
    if (of->submission.record.message != NULL)
        set(json, "submittedAt", decode_moment(of->submission.record.timestamp_ms));
    return json;
}

static json_t *recorded_json(const struct explain_case *of)
{
    const struct explanation *explanation = &of->explanation;
    json_t *json = json_object();

    set_text(json, "outcome", receipt_outcome_name((int)explanation->recorded));
    set(json, "decidedAt", decode_moment(of->decided_at_ms));
    if (explanation->provenance != NULL)
        set(json, "version", json_integer((json_int_t)explanation->provenance->version));
    if (of->receipt == NULL)
        set_text(json, "receipt", "none");
    else if (of->receipt->first_id[0] != '\0')
        set_text(json, "firstId", of->receipt->first_id);
    if (of->answers > 1)
        set(json, "receipts", json_integer((json_int_t)of->answers));
    return json;
}

/* ---- the journey ---- */

static const char *state_name(enum explain_stage_state state)
{
    switch (state) {
    case STAGE_PASSED:
        return "passed";
    case STAGE_REFUSED:
        return "refused";
    case STAGE_ANSWERED:
        return "answered";
    case STAGE_NOT_REACHED:
        return "not_reached";
    case STAGE_NOT_REPEATED:
        break;
    }
    return "not_repeated";
}

static json_t *journey_json(const struct explanation *explanation)
{
    json_t *list = json_array();

    for (size_t i = 0; i < EXPLAIN_STAGES; i++) {
        const struct explained_stage *stage = &explanation->stages[i];
        json_t *row = json_pack("{s:s, s:s, s:s}", "stage", stage->name, "function", stage->function, "state",
                                state_name(stage->state));
        set_if_given(row, "code", stage->code);
        set_if_given(row, "noteZh", stage->note_zh);
        set_if_given(row, "note", stage->note);
        (void)json_array_append_new(list, row);
    }
    return list;
}

/* ---- rules and findings ---- */

static json_t *finding_json(const struct finding *finding)
{
    json_t *json = json_object();

    set_text(json, "severity", finding->severity == SEVERITY_WARN ? "warn" : "refuse");
    set_text(json, "code", finding->code);
    set_if_given(json, "rule", finding->rule);
    set_if_given(json, "citation", finding->citation);
    set_text(json, "path", finding->path);
    set_text(json, "found", finding->found);
    set_text(json, "expected", finding->expected);
    set_if_given(json, "sentenceZh", finding->sentence_zh);
    set_if_given(json, "sentence", finding->sentence_en);
    return json;
}

/* The findings of rule ID; of no rule if it is "". */
static json_t *findings_json(const struct findings *findings, const char *id)
{
    json_t *list = json_array();

    for (size_t i = 0; i < findings->count; i++)
        if (strcmp(findings->items[i].rule == NULL ? "" : findings->items[i].rule, id) == 0)
            (void)json_array_append_new(list, finding_json(&findings->items[i]));
    return list;
}

/* What was found before the rules; where a stage only said why, that is the finding, as in the receipt. */
static json_t *other_findings_json(const struct explanation *explanation)
{
    const struct event *event = &explanation->remade.event;
    const struct finding single = {.severity = SEVERITY_REFUSE, .code = event->fault.code, .sentence_en = event->fault.text};
    json_t *list = findings_json(&event->findings, "");

    if (explanation->remade.decision.outcome == OUTCOME_REFUSED && event->findings.count == 0)
        (void)json_array_append_new(list, finding_json(&single));
    return list;
}

static json_t *rules_json(const struct explanation *explanation)
{
    const struct remade *remade = &explanation->remade;
    json_t *list = json_array();

    for (size_t i = 0; remade->handler != NULL && i < remade->handler->rule_count; i++) {
        const struct rule *rule = &remade->handler->rules[i];
        json_t *row = rule_json(remade->handler, rule);
        json_t *findings = findings_json(&remade->event.findings, rule->id);
        const char *answer = !explanation->decided ? "not_asked" : json_array_size(findings) > 0 ? "broken" : "held";
        set_text(row, "answer", answer);
        if (json_array_size(findings) > 0)
            (void)json_object_set(row, "findings", findings);
        json_decref(findings);
        (void)json_array_append_new(list, row);
    }
    return list;
}

/* ---- what it read ---- */

struct reading {
    const struct explain_case *of;
    const char *table, *key, *region;
    date_t valid_from;
    uint64_t version;
};

static bool find_value(const struct reading *reading, struct tables_row *row)
{
    return reading->version > 0 && tables_find_version(reading->of->scratch.reader, reading->table, reading->key,
                                                       reading->region, reading->valid_from, reading->version, row);
}

static json_t *read_row_json(const struct reading *reading)
{
    const struct explain_case *of = reading->of;
    const struct remade *remade = &of->explanation.remade;
    const char *key = explain_row_key(remade, reading->table, reading->key, of->visible, of->session->arena);
    const ProtobufCMessageDescriptor *message = row_message_of_table(reading->table);
    struct tables_row found;
    json_t *row = json_pack("{s:s, s:s, s:s}", "table", reading->table, "key", key, "region", reading->region);

    if (reading->version == 0) {
        set_text(row, "answer", "not_there");
        return row;
    }
    set(row, "version", json_integer((json_int_t)reading->version));
    set(row, "validFrom", day_json(reading->valid_from));
    if (!find_value(reading, &found)) {
        set_text(row, "answer", "gone");
        return row;
    }
    set_text(row, "answer", "there");
    set(row, "validUntil", day_json(found.valid_until));
    json_t *value = key != reading->key || message == NULL
                        ? json_string("***")
                        : decode_json(schema_of(message), found.value, of->visible, of->session->arena);
    set(row, "value", value == NULL ? json_null() : value);
    return row;
}

static json_t *rows_of_fact(const struct explain_case *of)
{
    const Provenance *provenance = of->explanation.provenance;
    json_t *list = json_array();

    for (size_t i = 0; i < provenance->n_rows; i++) {
        const Medhub__Event__V1__ConsultedRow *row = provenance->rows[i];
        const struct reading reading = {
            of, row->table, row->key, row->region, date_parse(bytes_of(row->valid_from)), row->version};
        (void)json_array_append_new(list, read_row_json(&reading));
    }
    return list;
}

static json_t *rows_of_view(const struct explain_case *of)
{
    const struct view *view = &of->explanation.remade.view;
    json_t *list = json_array();

    for (size_t i = 0; of->explanation.decided && i < view->consulted_count; i++) {
        const struct consulted_row *row = &view->consulted[i];
        const struct reading reading = {of, row->table, row->key, row->region, row->valid_from, row->version};
        (void)json_array_append_new(list, read_row_json(&reading));
    }
    return list;
}

static json_t *read_json(const struct explain_case *of)
{
    json_t *json = json_object();
    bool by_fact = of->explanation.provenance != NULL;

    set_text(json, "tables", by_fact ? "versions_of_the_fact" : "as_they_were");
    if (!by_fact) {
        set(json, "tablesAt", decode_moment(of->scratch.until_ms));
        set(json, "laterRows", json_integer((json_int_t)of->scratch.later));
    }
    set(json, "rows", by_fact ? rows_of_fact(of) : rows_of_view(of));
    set(json, "earlierEvents", json_integer((json_int_t)of->rebuild->report.steps));
    return json;
}

/* ---- what became true ---- */

static json_t *classes_json(unsigned visibility)
{
    static const char *const names[] = {"public", "organisation", "clinical", "identity"};
    json_t *list = json_array();

    for (unsigned i = 0; i < 4; i++)
        if ((visibility >> i & 1) != 0)
            (void)json_array_append_new(list, json_string(names[i]));
    return list;
}

static json_t *fact_json(const struct explain_case *of, size_t index)
{
    const struct explanation *explanation = &of->explanation;
    const struct decided_fact *fact = &explanation->remade.decision.facts[index];
    struct bytes bare = rebuild_fact_bytes(&explanation->remade, index);
    json_t *row = json_object();

    set_text(row, "type", fact->type);
    if (explanation->step != NULL && index < explanation->step->count) {
        const struct rebuilt_fact *recorded = &of->rebuild->facts[explanation->step->first + index];
        set(row, "version", json_integer((json_int_t)recorded->provenance->version));
        set(row, "position",
            decode_position(recorded->position.topic, recorded->position.partition, recorded->position.offset));
    }
    set_if_given(row, "subject", fact->subject);
    json_t *data = decode_json(schema_find_event(fact->type), bare, of->visible, of->session->arena);
    set(row, "data", data == NULL ? json_null() : data);
    return row;
}

static json_t *facts_json(const struct explain_case *of)
{
    json_t *list = json_array();

    for (size_t i = 0; i < of->explanation.remade.decision.fact_count; i++)
        (void)json_array_append_new(list, fact_json(of, i));
    return list;
}

static json_t *deliveries_json(const struct decision *decision)
{
    json_t *list = json_array();

    for (size_t i = 0; i < decision->delivery_count; i++) {
        const struct decided_delivery *delivery = &decision->deliveries[i];
        json_t *row = json_pack("{s:I, s:s}", "fact", (json_int_t)delivery->fact, "recipient", delivery->recipient);
        set(row, "sees", classes_json(delivery->visibility));
        (void)json_array_append_new(list, row);
    }
    return list;
}

static json_t *timers_json(const struct decision *decision)
{
    json_t *list = json_array();

    for (size_t i = 0; i < decision->timer_count; i++) {
        const struct decided_timer *timer = &decision->timers[i];
        json_t *row = json_pack("{s:s, s:b}", "name", timer->name, "cancelled", timer->cancel);
        if (!timer->cancel) {
            set_text(row, "type", timer->type);
            set(row, "due", decode_moment(timer->due_ms));
        }
        (void)json_array_append_new(list, row);
    }
    return list;
}

static json_t *written_json(const struct explain_case *of)
{
    const struct decision *decision = &of->explanation.remade.decision;
    json_t *list = json_array();

    for (size_t i = 0; i < decision->write_count; i++) {
        const struct decided_write *write = &decision->writes[i];
        json_t *row = json_pack("{s:s}", "row", write->name);
        set(row, "value", write->message == NULL ? json_null() : message_json(write->message, of->visible));
        (void)json_array_append_new(list, row);
    }
    return list;
}

static json_t *table_rows_json(const struct explain_case *of)
{
    const struct decision *decision = &of->explanation.remade.decision;
    json_t *list = json_array();

    for (size_t i = 0; i < decision->table_row_count; i++) {
        const struct decided_table_row *row = &decision->table_rows[i];
        json_t *json = json_pack("{s:s, s:s, s:s}", "table", row->table, "key", row->key, "region", row->region);
        set(json, "validFrom", day_json(row->valid_from));
        set(json, "validUntil", day_json(row->valid_until));
        set(json, "value", row->message == NULL ? json_null() : message_json(row->message, of->visible));
        (void)json_array_append_new(list, json);
    }
    return list;
}

static json_t *submissions_json(const struct explain_case *of)
{
    const struct decision *decision = &of->explanation.remade.decision;
    const struct event_attributes *from = &of->explanation.remade.event.attributes;
    json_t *list = json_array();

    for (size_t i = 0; i < decision->submission_count; i++) {
        const struct decided_submission *submission = &decision->submissions[i];
        json_t *row = json_pack("{s:s}", "type", submission->type);
        set(row, "id", json_sprintf("%s/%s/%s", from->source, from->id, submission->suffix));
        set(row, "key", decode_key(submission->type, bytes_of(submission->key), of->visible, of->session->arena));
        const struct domain *domain;
        const struct handler *handler = handler_find(domains_all, submission->type, &domain);
        if (handler != NULL && handler->merges_max > 1)
            set(row, "mayBeMerged", json_true()); /* then its record has the id of the first of its batch */
        (void)json_array_append_new(list, row);
    }
    return list;
}

static json_t *became_json(const struct explain_case *of)
{
    const struct decision *decision = &of->explanation.remade.decision;
    json_t *json = json_object();

    set(json, "facts", facts_json(of));
    set(json, "deliveries", deliveries_json(decision));
    set(json, "rows", written_json(of));
    set(json, "timers", timers_json(decision));
    set(json, "tableRows", table_rows_json(of));
    set(json, "submissions", submissions_json(of));
    return json;
}

/* ---- the verdict ---- */

static json_t *differences_json(const struct explanation *explanation)
{
    json_t *list = json_array();

    for (size_t i = 0; i < explanation->difference_count; i++) {
        const struct explain_difference *each = &explanation->differences[i];
        json_t *row = json_object();
        set_text(row, "what", each->what);
        set_text(row, "recorded", each->recorded);
        set_text(row, "recomputed", each->remade);
        (void)json_array_append_new(list, row);
    }
    return list;
}

static json_t *gaps_json(const struct explanation *explanation)
{
    json_t *list = json_array();

    for (size_t i = 0; i < explanation->gap_count; i++)
        (void)json_array_append_new(
            list, json_pack("{s:s, s:s}", "zh", explanation->gaps[i].zh, "en", explanation->gaps[i].en));
    return list;
}

json_t *explain_json(struct explain_case *of)
{
    const struct explanation *explanation = &of->explanation;
    json_t *json = json_object();

    set(json, "event", event_json(of));
    set(json, "recorded", recorded_json(of));
    set(json, "journey", journey_json(explanation));
    set(json, "rules", rules_json(explanation));
    set(json, "findings", other_findings_json(explanation));
    set(json, "read", read_json(of));
    set(json, "became", became_json(of));
    set_text(json, "recomputed", explain_verdict_name(explanation->verdict));
    set(json, "differences", differences_json(explanation));
    set(json, "gaps", gaps_json(explanation));
    return json;
}

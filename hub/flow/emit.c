#include "flow/stages.h"

#include "base/hash.h"
#include "event/pack.h"
#include "event/wire.h"
#include "flow/flow.h"
#include "flow/receipt.h"
#include "flow/router.h"
#include "flow/signatures.h"
#include "state/changelog.h"
#include "state/numbers.h"

#include "medhub/event/v1/event.pb-c.h"

#include <stdio.h>

typedef Medhub__Event__V1__Provenance Provenance;
typedef Medhub__Event__V1__ConsultedRow ConsultedRow;

enum { VERSION_BYTES = 8 };

static char *day_text(struct arena *arena, date_t date)
{
    char day[DATE_TEXT_BYTES];
    return arena_text(arena, bytes_of(date_format(date, day)));
}

static void fill_rows(struct flow *flow, Provenance *provenance)
{
    size_t count = flow->view.consulted_count;
    ConsultedRow *rows = arena_take(flow->arena, count * sizeof *rows);
    ConsultedRow **pointers = arena_take(flow->arena, count * sizeof *pointers);

    if (rows == NULL || pointers == NULL) {
        flow->outbox.failed = true; /* a fact that does not say what it was decided on is no fact */
        return;
    }
    for (size_t i = 0; i < count; i++) {
        const struct consulted_row *row = &flow->view.consulted[i];
        medhub__event__v1__consulted_row__init(&rows[i]);
        rows[i].table = (char *)row->table;
        rows[i].key = (char *)row->key;
        rows[i].region = (char *)row->region;
        rows[i].valid_from = row->version == 0 ? (char *)"" : day_text(flow->arena, row->valid_from);
        rows[i].version = row->version;
        pointers[i] = &rows[i];
    }
    provenance->n_rows = count;
    provenance->rows = pointers;
}

static void fill_provenance(struct flow *flow, struct event *event, Provenance *provenance)
{
    medhub__event__v1__provenance__init(provenance);
    provenance->topic = (char *)event->position.topic;
    provenance->partition = event->position.partition;
    provenance->offset = event->position.offset;
    provenance->decided_at_ms = flow->now_ms;
    provenance->due_ms = event->due_ms;
    if (flow->record == NULL)
        provenance->cause_id = arena_format(event->arena, "timer/%s", event->attributes.subject);
    if (provenance->cause_id == NULL)
        provenance->cause_id = (char *)"";
    if (flow->view.consulted_count > 0)
        fill_rows(flow, provenance);
}

static struct headers *headers_made(struct flow *flow, const struct event *event, const char *type, const char *source,
                                    const char *id, const char *subject)
{
    struct headers *headers = headers_new(8);
    char time[MOMENT_TEXT_BYTES];

    if (headers == NULL)
        return NULL;
    bool ok = headers_add_text(headers, "ce_specversion", "1.0") && headers_add_text(headers, "ce_id", id) &&
              headers_add_text(headers, "ce_source", source) && headers_add_text(headers, "ce_type", type) &&
              headers_add_text(headers, "ce_time",
                               event->attributes.time[0] != '\0' ? event->attributes.time
                                                                 : moment_format_ms(flow->now_ms, time)) &&
              headers_add_text(headers, "content-type", "application/protobuf");
    if (ok && subject[0] != '\0')
        ok = headers_add_text(headers, "ce_subject", subject);
    if (ok && event->attributes.traceparent[0] != '\0')
        ok = headers_add_text(headers, "traceparent", event->attributes.traceparent);
    if (ok)
        return headers;
    headers_free(headers);
    return NULL;
}

/* The id of what follows from the event, under the hub's own name: SOURCE/ID/SUFFIX, since two sources may use one id. Where
 * that would be longer than an attribute may be, two hashes stand for it. */
static const char *derived_id(const struct event *event, const char *suffix, char id[ATTRIBUTE_BYTES_MAX + 1])
{
    const struct event_attributes *of = &event->attributes;
    size_t room = ATTRIBUTE_BYTES_MAX + 1;

    if (snprintf(id, room, "%s/%s/%s", of->source, of->id, suffix) < (int)room)
        return id;
    uint64_t of_source = hash_bytes(bytes_of(of->source), 0);
    uint64_t of_suffix = hash_bytes(bytes_of(suffix), 1);
    (void)snprintf(id, room, "%016llx%016llx", (unsigned long long)hash_bytes(bytes_of(of->id), of_source),
                   (unsigned long long)hash_bytes(bytes_of(of->id), of_suffix ^ of_source));
    return id;
}

/* The fact of the event itself keeps its identity; further ones are the hub's, derived from it. */
static struct headers *headers_of_fact(struct flow *flow, struct event *event, size_t index)
{
    const struct decided_fact *fact = &event->decision->facts[index];
    const struct event_attributes *of = &event->attributes;
    char number[24], id[ATTRIBUTE_BYTES_MAX + 1];

    if (fact->original.data != NULL)
        return headers_made(flow, event, of->type, of->source, of->id, of->subject);
    (void)snprintf(number, sizeof number, "%zu", index);
    return headers_made(flow, event, fact->type, flow->shared->settings->hub_operator, derived_id(event, number, id),
                        fact->subject);
}

/* Value without provenance: what deliveries are projected from. */
static struct bytes bare_fact(struct event *event, size_t index)
{
    const struct decided_fact *fact = &event->decision->facts[index];
    return fact->original.data != NULL ? fact->original : pack_message(fact->message, event->arena);
}

static void add_fact(struct flow *flow, struct event *event, size_t index, struct bytes bare, Provenance *provenance)
{
    provenance->index = (uint32_t)index;
    struct bytes value = pack_fact(bare, &provenance->base, event->arena);
    struct sink_topic *to = flow_outlets(flow)->fact[flow->lane->index];
    bool itself = event->decision->facts[index].original.data != NULL;

    if (value.data == NULL)
        flow->outbox.failed = true;
    if (itself && flow->record != NULL && !flow->foreign_headers) {
        outbox_add_with_record_headers(flow, to, event->key, value);
    } else {
        struct headers *headers = headers_of_fact(flow, event, index);
        if (headers == NULL)
            flow->outbox.failed = true;
        outbox_add(flow, to, event->key, value, headers);
    }
    metric_add(flow->measures.facts, 1);
}

static struct bytes changelog_row_key(struct flow *flow, struct event *event, enum row_kind kind, const char *name)
{
    struct row_key key;

    if (!row_key_make(&key, event->key, kind, bytes_of(name)))
        return BYTES_NONE; /* a name that the domain made too long: refused as too complex */
    uint8_t *bytes = arena_take(event->arena, key.length + 1);
    if (bytes == NULL)
        return BYTES_NONE;
    bytes[0] = CHANGELOG_ROW;
    memcpy(bytes + 1, key.data, key.length);
    (void)flow;
    return bytes_from(bytes, key.length + 1);
}

static void add_version(struct flow *flow, struct event *event, uint64_t version)
{
    uint8_t value[VERSION_BYTES];

    put_le64(value, version);
    struct bytes kept = arena_bytes(event->arena, bytes_from(value, sizeof value));
    if (kept.data == NULL)
        flow->outbox.failed = true; /* a record without value would delete the row */
    outbox_add_changelog(flow, changelog_row_key(flow, event, ROW_VERSION, ""), kept);
}

static void add_writes(struct flow *flow, struct event *event)
{
    const struct decision *decision = event->decision;

    for (size_t i = 0; i < decision->write_count; i++) {
        const struct decided_write *write = &decision->writes[i];
        struct bytes value = BYTES_NONE;
        if (write->message != NULL) {
            value = pack_message(write->message, event->arena);
            if (value.data == NULL)
                flow->outbox.failed = true;
        }
        outbox_add_changelog(flow, changelog_row_key(flow, event, ROW_STATE, write->name), value);
    }
}

static void add_timer(struct flow *flow, struct event *event, const struct decided_timer *timer)
{
    struct bytes key, value;

    if (outbox_timer_record(event, timer, &key, &value))
        outbox_add_changelog(flow, key, value);
    else
        flow->outbox.failed = true;
}

static void add_table_row(struct flow *flow, struct event *event, const struct decided_table_row *row,
                          uint64_t version)
{
    Medhub__Event__V1__TableRow message = MEDHUB__EVENT__V1__TABLE_ROW__INIT;
    char topic[LANE_TOPIC_BYTES];
    struct buffer key;

    (void)snprintf(topic, sizeof topic, "medhub.table.%s", row->table);
    message.table = (char *)row->table;
    message.key = (char *)row->key;
    message.region = (char *)row->region;
    message.valid_from = day_text(event->arena, row->valid_from);
    message.valid_until = day_text(event->arena, row->valid_until);
    message.version = version;
    message.removed = row->message == NULL;
    struct bytes content = row->message == NULL ? BYTES_NONE : pack_message(row->message, event->arena);
    message.value.data = (uint8_t *)content.data;
    message.value.len = content.length;
    buffer_init(&key, STORE_KEY_BYTES_MAX);
    struct sink_topic *to = sink_topic(flow_sink(flow), topic);
    bool ok = tables_row_key(row->table, row->key, row->region, row->valid_from, &key) && to != NULL &&
              message.valid_from != NULL && message.valid_until != NULL &&
              (row->message == NULL || content.data != NULL);
    struct bytes value = ok ? pack_message(&message.base, event->arena) : BYTES_NONE;
    struct bytes kept = arena_bytes(event->arena, buffer_bytes(&key));
    if (value.data == NULL || kept.data == NULL)
        flow->outbox.failed = true; /* a record without value would delete the row */
    else
        outbox_add(flow, to, kept, value, NULL);
    buffer_done(&key);
}

static void add_submission(struct flow *flow, struct event *event, const struct decided_submission *submission)
{
    const struct handler *handler = NULL;
    const struct lane *to = lane_of_type(&flow->shared->lanes, submission->type, &handler);
    char id[ATTRIBUTE_BYTES_MAX + 1];

    struct headers *headers = headers_made(flow, event, submission->type, flow->shared->settings->hub_operator,
                                           derived_id(event, submission->suffix, id), "");
    struct bytes value = pack_message(submission->message, event->arena);
    struct sink_topic *inbox = to == NULL ? NULL : flow_outlets(flow)->inbox[to->index];
    if (to == NULL || headers == NULL || value.data == NULL)
        flow->outbox.failed = true;
    if (to != NULL && merge_is_wanted(flow, handler)) {
        outbox_add_mergeable(flow, handler, inbox, bytes_of(submission->key), value, headers); /* signed when it is whole */
        return;
    }
    if (!flow->outbox.failed && signatures_vouch(flow->shared->signatures, headers, bytes_of(submission->key), value,
                                                 &event->fault) != STATUS_OK)
        flow->outbox.failed = true;
    outbox_add(flow, inbox, bytes_of(submission->key), value, headers);
}

static void build_accepted(struct flow *flow, struct event *event)
{
    const struct decision *decision = event->decision;
    uint64_t version = row_version(flow->task->store, event->key);
    uint64_t first_version = version + 1;
    Provenance provenance;

    fill_provenance(flow, event, &provenance);
    for (size_t i = 0; i < decision->fact_count; i++) {
        struct bytes bare = bare_fact(event, i);
        provenance.version = ++version;
        route_deliveries(flow, event, i, bare, version);
        add_fact(flow, event, i, bare, &provenance);
    }
    if (decision->fact_count > 0)
        add_version(flow, event, version);
    add_writes(flow, event);
    for (size_t i = 0; i < decision->timer_count; i++)
        add_timer(flow, event, &decision->timers[i]);
    for (size_t i = 0; i < decision->table_row_count; i++)
        add_table_row(flow, event, &decision->table_rows[i], first_version);
    for (size_t i = 0; i < decision->submission_count; i++)
        add_submission(flow, event, &decision->submissions[i]);
    flow->fact_version = decision->fact_count > 0 ? first_version : 0;
    if (flow->record != NULL)
        receipt_add(flow, event, flow->fact_version);
}

enum status emit_stage(struct flow *flow, struct event *event)
{
    enum outcome outcome = event->decision->outcome;

    if (outcome == OUTCOME_DUPLICATE)
        receipt_add(flow, event, flow->first.version);
    else
        build_accepted(flow, event);

    enum status status = outbox_check(flow, &event->fault);
    if (status == STATUS_OK)
        status = outbox_apply(flow, &event->fault);
    if (status == STATUS_OK && flow->record != NULL && flow->remembered)
        status = receipt_remember(flow, event);
    if (status == STATUS_OK && flow->record != NULL)
        metric_add(outcome == OUTCOME_DUPLICATE ? flow->measures.duplicate : flow->measures.accepted, 1);
    /* After something was produced a refusal is no longer possible: the batch goes. */
    return status == STATUS_REJECT && flow->outbox.count > 0 && !flow->outbox.failed && !flow->outbox.too_large
               ? STATUS_RETRY
               : status;
}

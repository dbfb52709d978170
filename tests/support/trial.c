// links: medhub_domain
#include "support/trial.h"

#include "domain/messages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct trial *trial_new(const char *now)
{
    struct trial *trial = calloc(1, sizeof *trial);
    int64_t seconds;
    int32_t nanoseconds;
    assert_non_null(trial);
    assert_true(moment_parse(bytes_of(now), &seconds, &nanoseconds));
    trial->now_ms = seconds * 1000;
    trial->world = memory_view_new();
    trial->arena = arena_new(256 * 1024, 8 * 1024 * 1024);
    trial->calendar = calendar_new();
    return trial;
}

void trial_free(struct trial *trial)
{
    if (trial == NULL)
        return;
    calendar_free(trial->calendar);
    arena_free(trial->arena);
    memory_view_free(trial->world);
    free(trial);
}

/* --- unpacking as the engine does: into the event's arena --- */

static void *take(void *arena, size_t bytes)
{
    return arena_take(arena, bytes);
}

static void release(void *arena, void *block)
{
    (void)arena;
    (void)block;
}

static void take_message(struct trial *trial, const ProtobufCMessage *message)
{
    ProtobufCAllocator allocator = {take, release, trial->arena};
    size_t length = protobuf_c_message_get_packed_size(message);
    uint8_t *data = arena_take(trial->arena, length + 1);
    assert_non_null(data);
    protobuf_c_message_pack(message, data);
    trial->event.value = bytes_from(data, length);
    trial->event.message = protobuf_c_message_unpack(message->descriptor, &allocator, length, data);
    assert_non_null(trial->event.message);
}

static void begin(struct trial *trial, const char *id, const char *type, const char *source, const char *key,
                  const char *subject)
{
    arena_reset(trial->arena);
    assert_true(strlen(key) < sizeof trial->key);
    if (key != trial->key)
        strcpy(trial->key, key);
    memory_view_turn_to(trial->world, trial->key);
    trial->event = (struct event){
        .arena = trial->arena,
        .submitted_ms = trial->now_ms,
        .key = bytes_of(trial->key),
        .attributes =
            {.id = id, .source = source, .type = type, .subject = subject, .time = "", .traceparent = "",
             .conformance = trial->conformance ? "true" : ""},
        .decision = &trial->decision,
    };
    findings_init(&trial->event.findings, trial->arena);
    view_init(&trial->view, &memory_view_operations, trial->world, trial->arena, trial->key, trial->now_ms,
              trial->calendar);
    decision_init(&trial->decision, trial->arena, &trial->event);
}

static void decide(struct trial *trial, const char *type)
{
    const struct domain *domain;
    const struct handler *handler = handler_find(domains_all, type, &domain);
    assert_non_null(handler);
    handler_decide(handler, &trial->view, &trial->event, &trial->decision);
}

void trial_submit_as(struct trial *trial, const char *event_id, const char *type, const char *source,
                     const char *key, const ProtobufCMessage *message)
{
    begin(trial, event_id, type, source, key, "");
    take_message(trial, message);
    decide(trial, type);
}

void trial_submit(struct trial *trial, const char *type, const char *source, const char *key,
                  const ProtobufCMessage *message)
{
    trial_submit_as(trial, "event", type, source, key, message);
}

void trial_fire(struct trial *trial, const char *type, const char *key, const char *name)
{
    begin(trial, "timer", type, "", key, name);
    decide(trial, type);
}

void trial_apply(struct trial *trial)
{
    memory_apply(trial->world, trial->key, &trial->decision);
}

/* --- asking --- */

const struct finding *trial_finding(const struct trial *trial, const char *code)
{
    for (size_t i = 0; i < trial->event.findings.count; i++)
        if (strcmp(trial->event.findings.items[i].code, code) == 0)
            return &trial->event.findings.items[i];
    return NULL;
}

unsigned trial_delivery(const struct trial *trial, size_t fact, const char *recipient)
{
    for (size_t i = 0; i < trial->decision.delivery_count; i++)
        if (trial->decision.deliveries[i].fact == fact &&
            strcmp(trial->decision.deliveries[i].recipient, recipient) == 0)
            return trial->decision.deliveries[i].visibility;
    return 0;
}

static void append_message(struct buffer *buffer, const ProtobufCMessage *message)
{
    uint8_t *data = malloc(message == NULL ? 1 : protobuf_c_message_get_packed_size(message) + 1);
    assert_non_null(data);
    if (message != NULL)
        buffer_append(buffer, data, protobuf_c_message_pack(message, data));
    free(data);
    buffer_append_byte(buffer, 0);
}

struct bytes trial_bytes(const struct trial *trial, struct arena *arena)
{
    const struct decision *decision = &trial->decision;
    struct buffer buffer;
    buffer_init(&buffer, 1024 * 1024);
    buffer_append_format(&buffer, "outcome %d;", (int)decision->outcome);
    for (size_t i = 0; i < decision->fact_count; i++) {
        buffer_append_format(&buffer, "fact %s %s;", decision->facts[i].type, decision->facts[i].subject);
        buffer_append_bytes(&buffer, decision->facts[i].original);
        append_message(&buffer, decision->facts[i].message);
    }
    for (size_t i = 0; i < decision->write_count; i++) {
        buffer_append_format(&buffer, "write %s;", decision->writes[i].name);
        append_message(&buffer, decision->writes[i].message);
    }
    for (size_t i = 0; i < decision->delivery_count; i++)
        buffer_append_format(&buffer, "deliver %zu %s %u;", decision->deliveries[i].fact,
                             decision->deliveries[i].recipient, decision->deliveries[i].visibility);
    for (size_t i = 0; i < decision->table_row_count; i++) {
        const struct decided_table_row *row = &decision->table_rows[i];
        buffer_append_format(&buffer, "row %s %s %s %d %d;", row->table, row->key, row->region,
                             (int)row->valid_from, (int)row->valid_until);
        append_message(&buffer, row->message);
    }
    for (size_t i = 0; i < decision->timer_count; i++)
        buffer_append_format(&buffer, "timer %s %lld;", decision->timers[i].name,
                             (long long)decision->timers[i].due_ms);
    for (size_t i = 0; i < decision->submission_count; i++) {
        buffer_append_format(&buffer, "submit %s %s;", decision->submissions[i].type,
                             decision->submissions[i].key);
        append_message(&buffer, decision->submissions[i].message);
    }
    for (size_t i = 0; i < trial->event.findings.count; i++)
        buffer_append_format(&buffer, "finding %s %s %s;", trial->event.findings.items[i].code,
                             trial->event.findings.items[i].path, trial->event.findings.items[i].found);
    for (size_t i = 0; i < trial->view.consulted_count; i++)
        buffer_append_format(&buffer, "read %s %s %llu;", trial->view.consulted[i].table,
                             trial->view.consulted[i].key,
                             (unsigned long long)trial->view.consulted[i].version);
    assert_true(buffer_ok(&buffer));
    struct bytes bytes = arena_bytes(arena, buffer_bytes(&buffer));
    buffer_done(&buffer);
    return bytes;
}

/* --- assertions --- */

static void print_findings(const struct trial *trial)
{
    for (size_t i = 0; i < trial->event.findings.count; i++) {
        const struct finding *finding = &trial->event.findings.items[i];
        print_message("  %s %s at %s: found \"%s\", expected \"%s\"\n", finding->rule, finding->code,
                      finding->path, finding->found, finding->expected);
    }
}

void assert_accepted(const struct trial *trial)
{
    if (trial->decision.outcome != OUTCOME_ACCEPTED)
        print_findings(trial);
    assert_int_equal(trial->decision.outcome, OUTCOME_ACCEPTED);
}

void assert_refused(const struct trial *trial, const char *code)
{
    if (trial_finding(trial, code) == NULL)
        print_findings(trial);
    assert_int_equal(trial->decision.outcome, OUTCOME_REFUSED);
    assert_non_null(trial_finding(trial, code));
    assert_int_equal(
        trial->decision.fact_count + trial->decision.write_count + trial->decision.delivery_count, 0);
}

void assert_finding(const struct trial *trial, enum severity severity, const char *code, const char *path,
                    const char *found, const char *expected, const char *citation)
{
    const struct finding *finding = trial_finding(trial, code);
    if (finding == NULL)
        print_findings(trial);
    assert_non_null(finding);
    assert_int_equal(finding->severity, severity);
    assert_string_equal(finding->path, path);
    assert_string_equal(finding->found, found);
    assert_string_equal(finding->expected, expected);
    assert_non_null(strstr(finding->citation, citation));
    assert_true(finding->sentence_zh[0] != '\0' && finding->sentence_en[0] != '\0');
}

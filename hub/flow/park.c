#include "flow/stages.h"

#include "base/log.h"
#include "flow/flow.h"
#include "flow/receipt.h"

#include <stdio.h>

static bool add_number(struct headers *headers, const char *name, int64_t number)
{
    char text[24];

    (void)snprintf(text, sizeof text, "%lld", (long long)number);
    return headers_add_text(headers, name, text);
}

static const char *const connect_headers[] = {
    "__connect.errors.topic",          "__connect.errors.partition",
    "__connect.errors.offset",         "__connect.errors.connector.name",
    "__connect.errors.task.id",        "__connect.errors.stage",
    "__connect.errors.exception.class.name", "__connect.errors.exception.message",
};

/* The record's own headers, all of them, then the set that Kafka Connect's dead letter queues carry (tools know it) and
 * ours. */
static struct headers *parked_headers(struct flow *flow, struct event *event, const char *stage)
{
    struct headers *headers = record_copy_headers(flow->record);
    const struct finding *first = findings_first_refusal(&event->findings);
    char moment[MOMENT_TEXT_BYTES];

    if (headers == NULL)
        return NULL;
    headers_remove(headers, "medhub.code"); /* of an earlier refusal, on a redriven record */
    headers_remove(headers, "medhub.rule");
    headers_remove(headers, "medhub.attempt");
    headers_remove(headers, "medhub.decided");
    for (size_t i = 0; i < sizeof connect_headers / sizeof *connect_headers; i++)
        headers_remove(headers, connect_headers[i]);
    bool ok = headers_add_text(headers, "__connect.errors.topic", event->position.topic) &&
              add_number(headers, "__connect.errors.partition", event->position.partition) &&
              add_number(headers, "__connect.errors.offset", event->position.offset) &&
              headers_add_text(headers, "__connect.errors.connector.name", "medhub") &&
              add_number(headers, "__connect.errors.task.id", event->position.partition) &&
              headers_add_text(headers, "__connect.errors.stage", stage) &&
              headers_add_text(headers, "__connect.errors.exception.class.name", event->fault.code) &&
              headers_add_text(headers, "__connect.errors.exception.message", event->fault.text) &&
              headers_add_text(headers, "medhub.code", event->fault.code) &&
              headers_add_text(headers, "medhub.rule", first == NULL ? "" : first->rule) &&
              add_number(headers, "medhub.attempt", (int64_t)flow->redrive + 1) &&
              add_number(headers, "medhub.decided", flow->now_ms); /* as in the receipt */
    if (ok && flow->redrive == 0)
        ok = headers_add_text(headers, "medhub.first_seen", moment_format_ms(event->submitted_ms, moment));
    if (ok)
        return headers;
    headers_free(headers);
    return NULL;
}

static void log_refusal(const struct event *event, const char *stage)
{
    log_info("event.refused", LOG_STR("id", event->attributes.id), LOG_STR("source", event->attributes.source),
             LOG_STR("type", event->attributes.type), LOG_STR("stage", stage), LOG_STR("code", event->fault.code),
             LOG_STR("topic", event->position.topic), LOG_INT("partition", event->position.partition),
             LOG_INT("offset", event->position.offset));
}

/* An event that has used up its memory must still be answered, or it would be decided again for ever. All that was made
 * of it goes but the attributes and the fault: the receipt then says the reason and no findings. */
static void give_memory_back(struct event *event)
{
    const char **const attributes[] = {&event->attributes.id,      &event->attributes.source, &event->attributes.type,
                                       &event->attributes.subject, &event->attributes.time,   &event->attributes.traceparent,
                                       &event->attributes.conformance};
    enum { ATTRIBUTES = sizeof attributes / sizeof *attributes };
    char kept[ATTRIBUTES][ATTRIBUTE_BYTES_MAX + 1];

    for (size_t i = 0; i < ATTRIBUTES; i++)
        (void)snprintf(kept[i], sizeof kept[i], "%s", *attributes[i]);
    arena_reset(event->arena);
    for (size_t i = 0; i < ATTRIBUTES; i++) {
        *attributes[i] = arena_text(event->arena, bytes_of(kept[i]));
        if (*attributes[i] == NULL)
            *attributes[i] = "";
    }
    findings_init(&event->findings, event->arena);
    decision_init(event->decision, event->arena, event);
    event->message = NULL;
}

/* The record as it came, and the receipt. */
static enum status fill_outbox(struct flow *flow, struct event *event, const char *stage)
{
    outbox_clear(&flow->outbox);
    event->decision->outcome = OUTCOME_REFUSED;
    event->decision->fact_count = 0;
    struct headers *headers = parked_headers(flow, event, stage);
    if (headers == NULL)
        return fault_retry(&event->fault, "memory.out", "no memory for a parked record");

    outbox_add(flow, flow_outlets(flow)->parked, event->key, event->value, headers);
    /* Byte for byte, whatever the size: it came through the broker, so it goes through it again. */
    flow->outbox.too_large = false;
    receipt_add(flow, event, 0);
    return STATUS_OK;
}

enum status park_event(struct flow *flow, struct event *event, const char *stage)
{
    struct fault fault = {0};

    enum status status = fill_outbox(flow, event, stage);
    if (status == STATUS_OK && (flow->outbox.failed || flow->outbox.too_large)) {
        give_memory_back(event);
        status = fill_outbox(flow, event, stage);
    }
    if (status != STATUS_OK)
        return status;
    status = outbox_check(flow, &fault);
    if (status == STATUS_OK)
        status = outbox_apply(flow, &fault);
    if (status == STATUS_OK && flow->remembered)
        status = receipt_remember(flow, event);
    if (status != STATUS_OK) {
        event->fault = fault;
        return status == STATUS_FATAL ? STATUS_FATAL : STATUS_RETRY;
    }
    metric_add(flow->measures.refused, 1);
    log_refusal(event, stage);
    return STATUS_OK;
}

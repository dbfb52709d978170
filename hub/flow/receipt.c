#include "flow/receipt.h"

#include "base/text.h"
#include "event/pack.h"
#include "flow/flow.h"
#include "state/dedupe.h"

#include "medhub/event/v1/event.pb-c.h"

#include <stdio.h>

typedef Medhub__Event__V1__Receipt Receipt;
typedef Medhub__Event__V1__Finding Finding;

static char *text_or_empty(const char *text)
{
    return (char *)(text == NULL ? "" : text);
}

static void fill_finding(Finding *to, const struct finding *from)
{
    medhub__event__v1__finding__init(to);
    to->severity = from->severity == SEVERITY_WARN ? MEDHUB__EVENT__V1__SEVERITY__SEVERITY_WARN
                                                   : MEDHUB__EVENT__V1__SEVERITY__SEVERITY_REFUSE;
    to->code = text_or_empty(from->code);
    to->rule = text_or_empty(from->rule);
    to->citation = text_or_empty(from->citation);
    to->path = text_or_empty(from->path);
    to->found = text_or_empty(from->found);
    to->expected = text_or_empty(from->expected);
    to->sentence_zh = text_or_empty(from->sentence_zh);
    to->sentence_en = text_or_empty(from->sentence_en);
}

/* A refusal before the rules has only a fault: it becomes the one finding. A duplicate says the first code again. */
static struct finding finding_of_fault(const struct event *event)
{
    return (struct finding){.severity = SEVERITY_REFUSE, .code = event->fault.code, .sentence_en = event->fault.text};
}

static void fill_findings(struct flow *flow, struct event *event, Receipt *receipt)
{
    size_t count = event->findings.count, extra = 0;
    struct finding reason = {0};

    if (event->decision->outcome == OUTCOME_REFUSED && !findings_refuse(&event->findings)) {
        reason = finding_of_fault(event);
        extra = 1;
    } else if (event->decision->outcome == OUTCOME_DUPLICATE && flow->first.code != NULL &&
               flow->first.code[0] != '\0') {
        reason = (struct finding){.severity = SEVERITY_REFUSE, .code = flow->first.code};
        extra = 1;
    }
    if (count + extra == 0)
        return;
    Finding *items = arena_take(event->arena, (count + extra) * sizeof *items);
    Finding **pointers = arena_take(event->arena, (count + extra) * sizeof *pointers);
    if (items == NULL || pointers == NULL) {
        flow->outbox.failed = true;
        return;
    }
    for (size_t i = 0; i < count + extra; i++) {
        fill_finding(&items[i], i < extra ? &reason : &event->findings.items[i - extra]);
        pointers[i] = &items[i];
    }
    receipt->n_findings = count + extra;
    receipt->findings = pointers;
}

static Medhub__Event__V1__Outcome outcome_of(enum outcome outcome)
{
    switch (outcome) {
    case OUTCOME_ACCEPTED:
        return MEDHUB__EVENT__V1__OUTCOME__OUTCOME_ACCEPTED;
    case OUTCOME_REFUSED:
        return MEDHUB__EVENT__V1__OUTCOME__OUTCOME_REFUSED;
    case OUTCOME_DUPLICATE:
        return MEDHUB__EVENT__V1__OUTCOME__OUTCOME_DUPLICATE;
    case OUTCOME_NONE:
        break;
    }
    return MEDHUB__EVENT__V1__OUTCOME__OUTCOME_UNSPECIFIED;
}

static bool is_printable_key(struct bytes key)
{
    return key.data != NULL && key.length <= ENTITY_BYTES_MAX && bytes_is_utf8(key) &&
           memchr(key.data, '\0', key.length) == NULL && !text_is_identity_number(key); /* no pseudonym: not repeated */
}

void receipt_add(struct flow *flow, struct event *event, uint64_t version)
{
    enum outcome outcome = event->decision->outcome;
    Receipt receipt = MEDHUB__EVENT__V1__RECEIPT__INIT;

    receipt.source = (char *)event->attributes.source;
    receipt.id = (char *)event->attributes.id;
    receipt.type = (char *)event->attributes.type;
    receipt.outcome = outcome_of(outcome);
    if (is_printable_key(event->key))
        receipt.key = text_or_empty(arena_text(event->arena, event->key));
    receipt.decided_at_ms = flow->now_ms;
    receipt.submitted_at_ms = event->submitted_ms;
    receipt.input_topic = (char *)event->position.topic;
    receipt.input_partition = event->position.partition;
    receipt.input_offset = event->position.offset;
    receipt.version = version;
    if (outcome == OUTCOME_ACCEPTED && version > 0)
        receipt.fact_topic = (char *)flow->lane->fact_topic;
    if (outcome == OUTCOME_DUPLICATE) {
        receipt.first_id = (char *)event->decision->duplicate_of;
        receipt.first_outcome = outcome_of(flow->first.outcome);
    }
    fill_findings(flow, event, &receipt);

    struct bytes value = pack_message(&receipt.base, event->arena);
    if (value.data == NULL)
        flow->outbox.failed = true;
    const char *source = event->attributes.source[0] != '\0' ? event->attributes.source : "unknown";
    outbox_add(flow, flow_outlets(flow)->receipt, bytes_of(source), value, NULL);
}

enum status receipt_remember(struct flow *flow, struct event *event)
{
    struct dedupe_entry entry = {
        .outcome = (uint8_t)event->decision->outcome,
        .fingerprint = flow->fingerprint,
        .version = flow->fact_version,
        .decided_ms = flow->now_ms,
    };

    /* A resend of what turned out to repeat another event is answered like that event. */
    if (event->decision->outcome == OUTCOME_DUPLICATE) {
        entry.outcome = OUTCOME_ACCEPTED;
        entry.version = flow->first.version;
    }
    if (event->decision->outcome == OUTCOME_REFUSED)
        (void)snprintf(entry.code, sizeof entry.code, "%.*s", DEDUPE_CODE_BYTES - 1, event->fault.code);

    enum status status = dedupe_remember(flow->task->store, event->key, flow->dedupe_name, &entry,
                                         &flow->task->segment, &event->fault);
    return status == STATUS_OK ? STATUS_OK : STATUS_FATAL;
}

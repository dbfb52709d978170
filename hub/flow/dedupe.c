#include "flow/stages.h"

#include "base/hash.h"
#include "flow/flow.h"
#include "state/dedupe.h"

static void answer_as_first(struct flow *flow, struct event *event, const struct dedupe_entry *first)
{
    event->decision->outcome = OUTCOME_DUPLICATE;
    event->decision->duplicate_of = event->attributes.id;
    flow->first = (struct first_outcome){
        .outcome = (enum outcome)first->outcome,
        .version = first->version,
        .code = arena_format(event->arena, "%s", first->code),
    };
}

static enum status refuse_other_content(struct event *event)
{
    const struct finding finding = {
        .severity = SEVERITY_REFUSE,
        .code = "event.id_reused",
        .rule = "",
        .citation = "CloudEvents 1.0 id",
        .path = "id",
        .found = event->attributes.id,
        .expected = "the same content as the first time, or another id",
        .sentence_zh = "同一来源的同一事件编号已用于不同内容",
        .sentence_en = "this id was used by this source for other content",
    };
    findings_add(&event->findings, &finding);
    return fault_reject(&event->fault, finding.code, "%s", finding.sentence_en);
}

/* An operator's redrive decides a refused event anew; an accepted one stays accepted whatever anybody sends. */
enum status dedupe_stage(struct flow *flow, struct event *event)
{
    struct dedupe_entry first;

    flow->fingerprint = hash_bytes(event->value, 0);
    dedupe_name(bytes_of(event->attributes.source), bytes_of(event->attributes.id), flow->dedupe_name);
    if (!dedupe_find(flow->task->store, event->key, flow->dedupe_name, &first))
        return STATUS_OK;
    if (first.outcome == OUTCOME_REFUSED && flow->redrive > 0)
        return STATUS_OK;
    flow->remembered = false; /* it is already */
    if (first.fingerprint != flow->fingerprint)
        return refuse_other_content(event);

    answer_as_first(flow, event, &first);
    return STATUS_OK;
}

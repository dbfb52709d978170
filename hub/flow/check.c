#include "flow/stages.h"

#include "event/check.h"
#include "flow/flow.h"

enum status check_stage(struct flow *flow, struct event *event)
{
    (void)flow;
    if (event->decision->outcome != OUTCOME_NONE)
        return STATUS_OK; /* answered already */
    check_message(event->facts, event->message, &event->findings);
    if (!findings_refuse(&event->findings))
        return STATUS_OK;
    return fault_reject(&event->fault, event->findings.items[0].code, "%zu fields are not what the schema says",
                        event->findings.refusing);
}

#include "flow/stages.h"

#include "event/check.h"
#include "flow/flow.h"

enum status check_stage(struct flow *flow, struct event *event)
{
    (void)flow;
    if (event->decision->outcome != OUTCOME_NONE)
        return STATUS_OK; /* answered already */
    if (event->all_right)
        return STATUS_OK; /* nearly always: unpacking had each value in hand and held it against its field */
    check_message(event->facts, event->message, &event->findings);
    return findings_refuse(&event->findings) ? event_refuse_by_findings(event) : STATUS_OK;
}

#include "event/event.h"

#include <string.h>

enum status event_refuse_by_findings(struct event *event)
{
    const struct finding *first = findings_first_refusal(&event->findings);
    size_t refusing = event->findings.refusing;

    if (first == NULL)
        return fault_reject(&event->fault, "event.refused", "%zu findings, more than could be kept", refusing);
    if (refusing == 1)
        return fault_reject(&event->fault, first->code, "%s", first->sentence_en);
    return fault_reject(&event->fault, first->code, "%s (and %zu more)", first->sentence_en, refusing - 1);
}

bool event_is_conformance(const struct event *event)
{
    const char *said = event->attributes.conformance;
    return said != NULL && strcmp(said, "true") == 0;
}

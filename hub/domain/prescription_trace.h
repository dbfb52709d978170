/* prescription_trace.h: what becomes of the trace codes of dispensed and returned drugs: each is told to the
 * trace family as a scan of its own product, in the same transaction. */
#ifndef DOMAIN_PRESCRIPTION_TRACE_H
#define DOMAIN_PRESCRIPTION_TRACE_H

#include "domain/prescription_step.h"
#include "domain/trace.h"

/* One scanned box of a line. Texts are "" where they are not said. */
struct scanned_code {
    const char *code, *lot, *expires_on, *catalogue_code, *name;
    const Medhub__Common__V1__Practitioner *pharmacist;
    bool split;
};

/* Tells that the holder of STEP did TRACE_STEP with what SCANNED names; SUFFIX is different for each code of
 * the event. */
void prescription_tell_trace(struct view *view, struct decision *decision,
                             const struct prescription_step *step, Medhub__Trace__V1__Step trace_step,
                             const struct scanned_code *scanned, const char *suffix);

#endif

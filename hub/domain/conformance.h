/* conformance.h: what the hub's operator signs when an institution's systems have passed the connection test
 * (`medhub ctl org test`), and how a decision checks it. */
#ifndef DOMAIN_CONFORMANCE_H
#define DOMAIN_CONFORMANCE_H

#include "domain/messages.h"
#include "domain/view.h"

/* The statement that is signed: a line for each thing said, so that neither institution, region, day nor
 * result can be exchanged. Lent by the arena; BYTES_NONE when it is full. */
struct bytes conformance_statement(struct arena *arena, const char *institution, const char *region,
                                   const ConformanceReport *report);

/* NULL if REPORT holds: every case passed, and one of its operator's keys, valid now, has signed the
 * statement. Else what is wrong, in words; no more than the registry says. */
const char *conformance_fault(struct view *view, const char *institution, const char *region,
                              const ConformanceReport *report);

#endif

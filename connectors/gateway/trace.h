/* trace.h: what a caller may see of items and lots. */
#ifndef GATEWAY_TRACE_H
#define GATEWAY_TRACE_H

#include "gateway/authenticate.h"
#include "store/trace_questions.h"

/* Regulators and trace platforms see everything; others what store/trace_questions.h lets them. */
struct trace_asker trace_asker_of(const struct caller *caller);

#endif

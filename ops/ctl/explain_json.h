/* explain_json.h: an explained decision as one JSON object: what -o json prints and what explain_text.h tells. */
#ifndef CTL_EXPLAIN_JSON_H
#define CTL_EXPLAIN_JSON_H

#include "ops/ctl/explain_case.h"

json_t *explain_json(struct explain_case *of);

/* "same", "differs", "incomplete" */
const char *explain_verdict_name(enum explain_verdict verdict);

#endif

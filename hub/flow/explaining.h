/* explaining.h: one explanation while it is made: shared by explain.c, which walks the event through the stages again, and
 * explain_compare.c, which holds what came out against what was recorded. Nobody else includes it. */
#ifndef FLOW_EXPLAINING_H
#define FLOW_EXPLAINING_H

#include "flow/explain.h"
#include "flow/flow.h"

enum stage_index { DECODE, AUTHORISE, DEDUPE, CHECK, DECIDE, EMIT };

struct explaining {
    struct rebuild *rebuild;
    const struct explain_target *target;
    struct arena *arena;
    struct explanation *to;
    struct event *event; /* of to->remade */
    struct shared shared;
    struct flow *flow; /* the real stages want one: filled as far as they look */
};

/* Bounded: further ones are dropped. Texts are lent by the arena; NULL is "". */
void explaining_gap(struct explaining *work, const char *zh, const char *en);
void explaining_difference(struct explaining *work, const char *what, const char *recorded, const char *remade);
/* "" for NULL. */
static inline const char *explaining_text(const char *text)
{
    return text == NULL ? "" : text;
}
/* Code of the first finding of the receipt, or "". */
const char *explaining_recorded_code(const struct explain_target *target);
/* The key of a row as the target may show it (explain_row_key). */
const char *explaining_shown_key(struct explaining *work, const char *table, const char *key);

/* explain_compare.c: outcome, findings, versions, facts and rows: recorded against made again. */
void explain_compare(struct explaining *work);

#endif

/* policy_finding.h: what is wrong with a policy pack, each with its line and a sentence in both languages. */
#ifndef CTL_POLICY_FINDING_H
#define CTL_POLICY_FINDING_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>

enum policy_fault {
    POLICY_NOT_READABLE,
    POLICY_NOT_YAML,
    POLICY_SHAPE,
    POLICY_KEY_UNKNOWN,
    POLICY_KEY_TWICE,
    POLICY_KEY_MISSING,
    POLICY_NAME,
    POLICY_KIND,
    POLICY_VALUE,
    POLICY_UNIT,
    POLICY_BOUNDS,
    POLICY_DAY,
    POLICY_DAYS_ORDER,
    POLICY_REGION,
    POLICY_REGION_OF_PACK,
    POLICY_SOURCE,
    POLICY_DEVIATION,
    POLICY_OVERLAP,
    POLICY_PARAMETER_UNKNOWN,
    POLICY_DIFFERS,
    POLICY_WEAKENS,
    POLICY_UNREAD,
    POLICY_WITHOUT_VALUE,
    POLICY_TO_BE_SET, /* a note: nothing is wrong */
    POLICY_FAULTS
};

struct policy_fault_row {
    const char *code; /* "policy.value_type": stable, what programs match */
    const char *zh, *en;
};
extern const struct policy_fault_row policy_fault_rows[POLICY_FAULTS];

struct policy_finding {
    enum policy_fault fault;
    const char *path, *parameter; /* parameter may be "" */
    size_t line;                  /* from 1; 0: the file as a whole */
    const char *found, *expected;
    struct policy_finding *next;
};

/* In the order in which they were found, in ARENA, which must not be NULL. */
struct policy_findings {
    struct arena *arena;
    struct policy_finding *first, **last;
    size_t count;
    bool full; /* memory was out: findings are missing */
};

void policy_findings_init(struct policy_findings *findings, struct arena *arena);
/* Copies the texts, NULL counts as "". */
void policy_find(struct policy_findings *findings, enum policy_fault fault, const char *path, size_t line,
                 const char *parameter, const char *found, const char *expected);

#endif

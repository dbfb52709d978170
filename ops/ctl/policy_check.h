/* policy_check.h: looks packs of policy parameters over, each by itself, against the nation and against the rules. */
#ifndef CTL_POLICY_CHECK_H
#define CTL_POLICY_CHECK_H

#include "ops/ctl/policy_pack.h"

/* What an integer may count, and within which bounds. */
struct policy_unit {
    const char *name;
    int64_t minimum, maximum;
    const char *title_zh;
};
extern const struct policy_unit policy_units[];
extern const size_t policy_unit_count;

/* Takes kind and unit over from NATION where PACK's values do not say them, then reports everything that is wrong with
 * PACK. NATION may be PACK: then the rules of the hub are held against it too. */
void policy_check(struct policy_pack *pack, const struct policy_pack *nation, struct policy_findings *findings);

/* True if DEVIATION lets a region say VALUE where the nation says NATIONAL; both of the same kind. */
bool policy_may_deviate(enum policy_deviation deviation, const struct policy_value *national,
                        const struct policy_value *value);

#endif

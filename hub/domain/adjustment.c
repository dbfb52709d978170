#include "domain/adjustment.h"

#define EVENT(name, who)                                                                                                         \
    {                                                                                                                            \
        .type = "medhub.adjustment." #name ".v1",                                                                                \
        .rules = adjustment_##name##_rules,                                                                                      \
        .rule_count = ADJUSTMENT_RULES_OF_##name,                                                                                \
        .prepare = adjustment_##name##_prepare,                                                                                  \
        .decide = adjustment_##name##_decide,                                                                                    \
        .roles = (who),                                                                                                          \
    }

static const struct handler handlers[] = {
    EVENT(applied, "registrant|hospital|bureau"),
    EVENT(formally_reviewed, "bureau"),
    EVENT(publicised, "bureau"),
    EVENT(rechecked, "bureau"),
    EVENT(announced, "bureau"),
    EVENT(expert_reviewed, "bureau"),
    EVENT(priced, "bureau"),
    EVENT(selected, "bureau"),
    EVENT(consulted, "bureau"),
    EVENT(approved, "bureau"),
    EVENT(surveyed, "bureau"),
    EVENT(scored, "bureau"),
    EVENT(estimated, "bureau"),
    EVENT(published, "bureau"),
    EVENT(exited, "bureau"),
    {.type = ADJUSTMENT_OVERDUE_TIMER, .fire = adjustment_overdue_fire},
};

const struct domain domain_adjustment = {
    .name = "adjustment",
    .key_kind = "item",
    .handlers = handlers,
    .handler_count = sizeof handlers / sizeof *handlers,
};

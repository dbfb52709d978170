/* rules.h: walks through the rule tables of all shipped domains. */
#ifndef CTL_RULES_H
#define CTL_RULES_H

#include "ops/ctl/decode.h"

#include "domain/rule.h"

void rules_each(void (*each)(const struct handler *handler, const struct rule *rule, void *context),
                void *context);
json_t *rule_json(const struct handler *handler, const struct rule *rule);

#endif

/* registry_key.h: an organisation rotates a key of its own, without the registrar.
 *
 * medhub.registry.key_rotated.v1, said by the organisation itself and therefore signed with a key that still
 * counts: the new key stands beside the old one, which ends at a moment to come; how long both count is
 * bounded by the policy. A new version of the organisation in the registry holds from today. Keys that name
 * something of the operator's (HMAC secrets, subjects of certificates) and keys that were lost or stolen go
 * through the registrar. */
#ifndef DOMAIN_REGISTRY_KEY_H
#define DOMAIN_REGISTRY_KEY_H

#include "domain/messages.h"
#include "domain/rule.h"

#define KEY_OVERLAP_DAYS "registry.key_overlap_days_max"

enum { KEY_ROTATED_RULES = 7 };
extern const struct rule key_rotated_rules[KEY_ROTATED_RULES];
void *key_rotation_prepare(struct view *view, const struct event *event);
void key_rotation_decide(struct view *view, const struct event *event, void *prepared,
                         struct decision *decision);

#endif

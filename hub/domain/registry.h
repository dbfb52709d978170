/* registry.h: who takes part. Key: the organisation's id.
 *
 *     medhub.registry.organisation_changed.v1   a registrar, or the hub's operator -> fact, dated row of the
 * registry
 *     medhub.registry.designation_listed.v1     a registrar or bureau -> fact, dated row of the table "designation"
 *     medhub.registry.designation_removed.v1    the same: designation.h
 *
 * Row organisation: the latest version and its first day. A version holds from effective_on, else from the
 * first day of the organisation itself (valid_from), else from today; it never begins before the one it takes
 * the place of. */
#ifndef DOMAIN_REGISTRY_H
#define DOMAIN_REGISTRY_H

#include "domain/messages.h"
#include "domain/rule.h"

extern const struct domain domain_registry;

/* True if an organisation may go from one state to the other; BEFORE is STATE_UNSPECIFIED for one that is
 * new. */
bool registry_may_become(OrganisationState before, OrganisationState after);

#endif

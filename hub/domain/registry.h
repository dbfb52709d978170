/* registry.h: who takes part. Key: the organisation's id.
 *
 *     medhub.registry.organisation_changed.v1   a registrar, or the hub's operator -> fact, dated row of the
 * registry
 *     medhub.registry.key_rotated.v1            the organisation itself: registry_key.h
 *     medhub.registry.licence_recorded.v1       a registrar, bureau or regulator -> fact, the organisation's row: licence.h
 *     medhub.registry.licence_ended.v1          the same
 *     medhub.registry.designation_listed.v1     a registrar or bureau -> fact, dated row of the table "designation"
 *     medhub.registry.designation_removed.v1    the same: designation.h
 *     medhub.registry.agreement_advanced.v1     an agency, the institution, the operator: agreement.h
 *     medhub.registry.practitioner_registered.v1  the same: doctors, pharmacists, licences: practitioner.h
 *     medhub.registry.practitioner_ended.v1     the same
 *
 * Row organisation: the latest version and its first day. A version holds from effective_on, else from the
 * first day of the organisation itself (valid_from), else from today; it never begins before the one it takes
 * the place of. */
#ifndef DOMAIN_REGISTRY_H
#define DOMAIN_REGISTRY_H

#include "domain/messages.h"
#include "domain/rule.h"

/* Xinjiang: how institutions are admitted to insurance agreements */

extern const struct domain domain_registry;

/* NOW holds from FROM on; the earlier version (NULL: there is none) ends on the day before, and one that began on the same day
 * is replaced. FROM is not before the earlier one's first day. Both live as long as the decision. */
void registry_put_organisation(struct decision *decision, const RegisteredOrganisation *earlier, Organisation *now,
                               date_t from);
/* The institution hears of FACT, and the agencies of the city that its REGION lies in: insurance is pooled there, so an agency of the
 * city must hear what is said of a county. REGION NULL: it is not registered. */
void registry_tell(struct decision *decision, size_t fact, const char *institution, const char *region);

/* True if an organisation may go from one state to the other; BEFORE is STATE_UNSPECIFIED for one that is
 * new. */
bool registry_may_become(OrganisationState before, OrganisationState after);

#endif

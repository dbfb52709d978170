/* organisation.h: what decisions ask of an organisation in the registry table. */
#ifndef DOMAIN_ORGANISATION_H
#define DOMAIN_ORGANISATION_H

#include "domain/messages.h"
#include "domain/view.h"

/* The organisation ID as it was registered on DATE, or NULL. */
const Organisation *organisation_on(struct view *view, const char *id, date_t date);
/* True if it is live and its designation includes DATE. NULL is not. */
bool organisation_is_designated(const Organisation *organisation, date_t date);
/* True if its region, or one of the further regions it acts for, includes REGION. */
bool organisation_covers(const Organisation *organisation, const char *region);
bool organisation_has_role(const Organisation *organisation, const char *role);
/* "LIVE"; "not registered" for NULL. Lends a constant. */
const char *organisation_state_name(const Organisation *organisation);

#endif

/* designation.h: the three lists of a region for dual-channel drugs: designated hospitals, pharmacies and
 * responsible doctors (三定名单); and its directory of institutions whose examination results others recognise
 * (结果互认机构名录). Table "designation": key LIST/INSTITUTION or DOCTOR/INSTITUTION/CODE, dated
 * rows per region, where a region's list also holds for the regions within it. */
#ifndef DOMAIN_DESIGNATION_H
#define DOMAIN_DESIGNATION_H

#include "domain/messages.h"
#include "domain/rule.h"

/* True if the institution (and, on the doctors' list, its DOCTOR; else "") stands on LIST of REGION on DATE.
 */
bool designation_holds(struct view *view, DesignationList list, const char *institution, const char *doctor,
                       const char *region, date_t date);
/* The key of the table's row; NULL when the arena is full. */
const char *designation_key(struct arena *arena, DesignationList list, const char *institution,
                            const char *doctor);

/* Events of the registry family: registry_designation.c. */
enum { DESIGNATION_LISTED_RULES = 4, DESIGNATION_REMOVED_RULES = 2 };
extern const struct rule designation_listed_rules[DESIGNATION_LISTED_RULES];
extern const struct rule designation_removed_rules[DESIGNATION_REMOVED_RULES];
void *designation_prepare_listing(struct view *view, const struct event *event);
void designation_list(struct view *view, const struct event *event, void *prepared,
                      struct decision *decision);
void *designation_prepare_removal(struct view *view, const struct event *event);
void designation_remove(struct view *view, const struct event *event, void *prepared,
                        struct decision *decision);

#endif

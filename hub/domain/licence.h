/* licence.h: licences and filings of institutions: a hospital practises on its practice licence or its filing (医疗机构执业许可证,
 * 设置备案), a pharmacy sells on its drug business licence (药品经营许可证). They stand in the organisation's row, with days of
 * their own; the latest version of the row knows all of them, so a question about an earlier day is asked of it too. */
#ifndef DOMAIN_LICENCE_H
#define DOMAIN_LICENCE_H

#include "domain/messages.h"
#include "domain/rule.h"

/* Switch: 1 where a region's register of licences is complete, so that an institution without one has none. */
#define LICENCES_COMPLETE "registry.licences_complete"

/* True if institutions of KIND work on such a licence. */
bool licence_fits(LicenceKind licence, OrganisationKind kind);
/* True if it counts on DATE: within its days, and not ended. */
bool licence_counts(const Licence *licence, date_t date);

/* Refuses an institution (NULL: not registered, which is for others to say) that has licences, none of which counts on DAY,
 * and one that has none where the region's register is complete (the rule's parameter is LICENCES_COMPLETE). Others than
 * hospitals and pharmacies need none. PATH names it in the event. */
void licence_must_count(struct rule_context *context, const char *path, const char *institution, const char *region,
                        date_t day);

/* Events of the registry family: registry_licence.c. */
enum { LICENCE_RECORDED_RULES = 5, LICENCE_ENDED_RULES = 2 };
extern const struct rule licence_recorded_rules[LICENCE_RECORDED_RULES];
extern const struct rule licence_ended_rules[LICENCE_ENDED_RULES];
void *licence_prepare_record(struct view *view, const struct event *event);
void licence_record(struct view *view, const struct event *event, void *prepared, struct decision *decision);
void *licence_prepare_end(struct view *view, const struct event *event);
void licence_end(struct view *view, const struct event *event, void *prepared, struct decision *decision);

#endif

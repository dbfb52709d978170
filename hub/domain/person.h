/* person.h: the person family: what insurance knows of a person beside prescriptions and settlements. Key: the person's
 * pseudonym, so that all of it lies where that person's prescriptions and settlements are decided.
 *
 *     medhub.person.identity_changed.v1       an office: a status is recognised or withdrawn   person_status.c
 *     medhub.person.status_decided.v1         the hub: the best of them holds
 *     medhub.person.qualification_granted.v1  an agency: chronic diseases                      person_qualification.c
 *     medhub.person.qualification_ended.v1    the same
 *     medhub.person.remote_filing_made.v1     an agency: care in another region                person_filing.c
 *     medhub.person.remote_filing_ended.v1    the same
 *     medhub.person.referral_made.v1          the hospital that refers                         person_referral.c
 *     medhub.person.account_credited.v1       an agency                                        person_account.c
 *     medhub.person.account_spent.v1          who is paid, or an agency
 *     medhub.person.threshold_warned.v1       the hub, from settlements                        person_threshold.c
 *
 * Rows: schemas/medhub/state/v1/person.proto. */
#ifndef DOMAIN_PERSON_H
#define DOMAIN_PERSON_H

#include "domain/messages.h"
#include "domain/rule.h"
#include "domain/span.h"

#define PERSON_STATUS_DECIDED_TYPE   "medhub.person.status_decided.v1"
#define PERSON_THRESHOLD_WARNED_TYPE "medhub.person.threshold_warned.v1"

extern const struct domain domain_person;

/* --- what all events of the family share: person.c --- */

/* What a handler's prepared structure begins with. */
struct person_step {
    const char *person, *region; /* as the event says them; the region is that of the insurance */
    struct span span;            /* the days that it is about; one day: both ends */
    const char *span_path;       /* the field that may be out of order */
};

void person_is_the_key(struct rule_context *context);
/* The source is an organisation that acts for the region; the hub's operator may say everything. */
void person_source_acts_for_the_region(struct rule_context *context);
void person_days_are_in_order(struct rule_context *context);

/* clang-format off */
#define PERSON_RULE(id_, code_, document_, clause_, evaluate_, zh_, en_)                                     \
    {.id = (id_), .code = (code_), .document = (document_), .clause = (clause_), .evaluate = (evaluate_),    \
     .sentence_zh = (zh_), .sentence_en = (en_)}
/* The first rule of each handler. */
#define PERSON_KEY_RULE(id_)                                                                                 \
    PERSON_RULE(id_, "person.person_differs", SOURCE_GANSU_DUAL_CHANNEL, "实名制", person_is_the_key,        \
                "事件必须写明参保人，且与事件键一致", "The event names the person, and its key is that person.")
#define PERSON_REGION_RULE(id_, document_, clause_)                                                          \
    PERSON_RULE(id_, "person.source_of_another_region", document_, clause_, person_source_acts_for_the_region, \
                "须由该统筹地区的经办或主管部门提交", "It is said by an office that acts for the region.")
#define PERSON_DAYS_RULE(id_, document_, clause_)                                                            \
    PERSON_RULE(id_, "person.dates_reversed", document_, clause_, person_days_are_in_order,                  \
                "截止日期不得早于起始日期", "The last day is not before the first.")
/* clang-format on */

/* --- the events, one file each --- */

#define PERSON_EVENT(name, rules_)                                                                           \
    enum { PERSON_RULES_OF_##name = (rules_) };                                                              \
    extern const struct rule person_##name##_rules[PERSON_RULES_OF_##name];                                  \
    void *person_##name##_prepare(struct view *view, const struct event *event);                             \
    void person_##name##_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)

PERSON_EVENT(identity_changed, 6);
PERSON_EVENT(qualification_granted, 4);
PERSON_EVENT(qualification_ended, 3);
PERSON_EVENT(remote_filing_made, 6);
PERSON_EVENT(remote_filing_ended, 3);
PERSON_EVENT(referral_made, 6);
PERSON_EVENT(account_credited, 4);
PERSON_EVENT(account_spent, 7);

/* --- what other families ask of this person --- */

/* True if the person is qualified for DISEASE (the region's code or the national one) on DATE, at INSTITUTION if it is not "". */
bool person_is_qualified(struct view *view, const char *disease, const char *institution, date_t date);
/* True if a filing in force on DATE lets the person be cared for at INSTITUTION in REGION_OF_CARE. */
bool person_filed_for(struct view *view, const char *region_of_care, const char *institution, date_t date);
/* The referral in force on DATE that brings the person to INSTITUTION, the latest if there are several; NULL if there is none. */
const Referral *person_referred_to(struct view *view, const char *institution, date_t date);
/* The best status that was recognised and not withdrawn; HELP_NONE if there is none. */
HelpStatus person_best_status(struct view *view);
/* True if STATUS gives benefits on DATE: from the month after it was recognised until it ends. */
bool person_has_benefits_of(struct view *view, HelpStatus status, date_t date);
/* What the settlements of the year of MOMENT_MS came to until now; NULL if there were none. */
const PersonTotals *person_totals(struct view *view, int64_t moment_ms);
/* Adds the posted settlement to the year's totals, or takes it off again; warns once of each threshold that is passed. */
void person_count_settlement(struct view *view, struct decision *decision, const SettlementState *settlement, bool taken_back);

#endif

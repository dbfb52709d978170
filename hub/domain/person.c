#include "domain/person.h"

#include "domain/organisation.h"

/* --- rules that the events share --- */

static const struct person_step *step_of(const struct rule_context *context)
{
    return context->prepared;
}

void person_is_the_key(struct rule_context *context)
{
    const char *person = step_of(context)->person;
    if (strcmp(person, context->view->key) != 0)
        rule_refuse(context, "person", is_given(person) ? "***" : "", "the key of the event");
}

void person_source_acts_for_the_region(struct rule_context *context)
{
    const char *source = context->event->attributes.source, *region = step_of(context)->region;
    const Organisation *known = organisation_on(context->view, source, date_in_china(context->view->now_ms));
    if (known != NULL && known->kind != ORGANISATION_HUB_OPERATOR && !organisation_covers(known, region))
        rule_refuse(context, "region", region, rule_text(context, "a region that %s acts for", source));
}

void person_days_are_in_order(struct rule_context *context)
{
    const struct person_step *step = step_of(context);
    if (!span_is_ordered(step->span))
        rule_refuse(context, step->span_path, rule_day(context, step->span.until),
                    rule_text(context, "not before %s", rule_day(context, step->span.from)));
}

/* --- the family --- */

#define EVENT(name, who)                                                                                     \
    {                                                                                                        \
        .type = "medhub.person." #name ".v1", .rules = person_##name##_rules,                                \
        .rule_count = PERSON_RULES_OF_##name, .prepare = person_##name##_prepare,                            \
        .decide = person_##name##_decide, .roles = (who),                                                    \
    }

static const struct handler handlers[] = {
    EVENT(identity_changed, "civil_affairs|rural_revitalisation|insurer|bureau"),
    EVENT(qualification_granted, "insurer"),
    EVENT(qualification_ended, "insurer"),
    EVENT(remote_filing_made, "insurer"),
    EVENT(remote_filing_ended, "insurer"),
    EVENT(referral_made, "hospital"),
    EVENT(account_credited, "insurer"),
    EVENT(account_spent, "hospital|pharmacy|insurer"),
};

const struct domain domain_person = {
    .name = "person",
    .key_kind = "person",
    .handlers = handlers,
    .handler_count = sizeof handlers / sizeof *handlers,
};

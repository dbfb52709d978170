#include "domain/registry.h"

#include "domain/agreement.h"
#include "domain/designation.h"
#include "domain/licence.h"
#include "domain/organisation.h"
#include "domain/practitioner.h"
#include "domain/region.h"
#include "domain/registry_key.h"
#include "domain/span.h"

struct registration {
    const OrganisationChanged *said;
    const RegisteredOrganisation *earlier; /* or NULL */
    AgreementsState *agreements;           /* or NULL */
    date_t valid_from;
};

/* --- what the rules look at --- */

static date_t first_day(const struct view *view, const OrganisationChanged *said)
{
    if (is_given(said->effective_on))
        return text_day(said->effective_on);
    if (is_given(said->organisation->valid_from))
        return text_day(said->organisation->valid_from);
    return date_in_china(view->now_ms);
}

static void *prepare(struct view *view, const struct event *event)
{
    struct registration *registration = arena_take(view->arena, sizeof *registration);
    if (registration == NULL)
        return NULL;
    registration->said = (const OrganisationChanged *)event->message;
    registration->earlier =
        (const RegisteredOrganisation *)view_state(view, REGISTERED_ORGANISATION, "organisation");
    registration->agreements = (AgreementsState *)view_state(view, AGREEMENTS_STATE, "agreements");
    registration->valid_from = first_day(view, registration->said);
    return registration;
}

static const struct registration *registration_of(const struct rule_context *context)
{
    return context->prepared;
}

/* --- rules --- */

static void id_is_the_key(struct rule_context *context)
{
    const OrganisationChanged *said = registration_of(context)->said;
    rule_key_is(context, "organisationId", said->organisation_id);
    rule_key_is(context, "organisation.id", said->organisation->id);
}

/* The way of an institution to the hub [C4 L6025-6120]. A new organisation may enter at any stage up to live:
 * that is how an existing directory is taken over. What has ended may apply again. */
bool registry_may_become(OrganisationState before, OrganisationState after)
{
    static const bool may[STATE_ENDED + 1][STATE_ENDED + 1] = {
        [STATE_UNSPECIFIED] =
            {[STATE_APPLIED] = true, [STATE_DESIGNATED] = true, [STATE_TESTED] = true, [STATE_LIVE] = true},
        [STATE_APPLIED] = {[STATE_DESIGNATED] = true, [STATE_ENDED] = true},
        [STATE_DESIGNATED] = {[STATE_TESTED] = true, [STATE_ENDED] = true},
        [STATE_TESTED] = {[STATE_LIVE] = true, [STATE_ENDED] = true},
        [STATE_LIVE] = {[STATE_SUSPENDED] = true, [STATE_ENDED] = true},
        [STATE_SUSPENDED] = {[STATE_LIVE] = true, [STATE_ENDED] = true},
        [STATE_ENDED] = {[STATE_APPLIED] = true},
    };
    bool is_known = (unsigned)before <= STATE_ENDED && (unsigned)after <= STATE_ENDED;
    return is_known && after != STATE_UNSPECIFIED && (before == after || may[before][after]);
}

static void state_follows_the_earlier_one(struct rule_context *context)
{
    const struct registration *registration = registration_of(context);
    const Organisation *before = registration->earlier == NULL ? NULL : registration->earlier->organisation;
    const Organisation *after = registration->said->organisation;
    if (!registry_may_become(before == NULL ? STATE_UNSPECIFIED : before->state, after->state))
        rule_refuse(context, "organisation.state", organisation_state_name(after),
                    rule_text(context, "a state that may follow %s", organisation_state_name(before)));
}

static void versions_follow_in_time(struct rule_context *context)
{
    const struct registration *registration = registration_of(context);
    if (registration->earlier != NULL &&
        registration->valid_from < text_day(registration->earlier->valid_from))
        rule_refuse(context, "effectiveOn", rule_day(context, registration->valid_from),
                    rule_text(context, "not before %s", registration->earlier->valid_from));
}

static void designation_is_dated(struct rule_context *context)
{
    const Organisation *said = registration_of(context)->said->organisation;
    struct span designation = {text_day(said->designated_from), text_day(said->designated_until)};
    bool must_be = said->state == STATE_LIVE &&
                   (said->kind == ORGANISATION_HOSPITAL || said->kind == ORGANISATION_PHARMACY);
    if (must_be && designation.from == DATE_NONE)
        rule_refuse(context, "organisation.designatedFrom", "", "the first day of the designation");
    else if (designation.from != DATE_NONE && !span_is_ordered(designation))
        rule_refuse(context, "organisation.designatedUntil", said->designated_until,
                    rule_text(context, "not before %s", said->designated_from));
}

/* Two ways lead to a state: a registrar takes an existing directory over, or agreements are made. Who was taken over may be
 * told to be better off than its agreements make it; who was not has the state that follows from them. */
static void state_is_that_of_the_agreements(struct rule_context *context)
{
    const struct registration *registration = registration_of(context);
    const Organisation *said = registration->said->organisation;
    AgreementsState *agreements = registration->agreements;
    if (agreements == NULL)
        return;
    OrganisationState before = agreements->taken_over;
    if (before != STATE_UNSPECIFIED)
        agreements->taken_over = said->state;
    OrganisationState follows = agreement_organisation_state(agreements);
    agreements->taken_over = before;
    if (follows != said->state)
        rule_refuse(context, "organisation.state", organisation_state_name(said),
                    rule_text(context, "%s, which follows from its agreements",
                              organisation_state_name(&(Organisation){.state = follows})));
}

/* --- the decision --- */

void registry_put_organisation(struct decision *decision, const RegisteredOrganisation *earlier,
                               Organisation *now, date_t from)
{
    char day[DATE_TEXT_BYTES];
    RegisteredOrganisation *state = decision_message(decision, REGISTERED_ORGANISATION);
    if (state == NULL)
        return;
    state->organisation = now;
    state->valid_from = arena_text(decision->arena, bytes_of(date_format(from, day)));
    decision->failed |= state->valid_from == NULL;
    date_t began_on = earlier == NULL ? from : text_day(earlier->valid_from);
    if (began_on < from)
        decision_table_row(decision, TABLE_REGISTRY, now->id, REGION_NATION, began_on, from - 1,
                           &earlier->organisation->base);
    decision_table_row(decision, TABLE_REGISTRY, now->id, REGION_NATION, from, DATE_NONE, &now->base);
    decision_write(decision, &state->base, "organisation");
}

/* What a registrar had taken over goes on to stand beside the agreements. */
static void keep_taken_over(struct decision *decision, const struct registration *registration)
{
    AgreementsState *agreements = registration->agreements;
    if (agreements == NULL || agreements->taken_over == STATE_UNSPECIFIED)
        return;
    agreements->taken_over = registration->said->organisation->state;
    decision_write(decision, &agreements->base, "agreements");
}

static void decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    const struct registration *registration = prepared;
    const OrganisationChanged *said = registration->said;
    Organisation *now = decision_message(decision, ORGANISATION);
    (void)view;
    (void)event;
    if (now == NULL)
        return;
    *now = *said->organisation;
    if (registration->earlier != NULL) { /* events of their own change them */
        now->licences = registration->earlier->organisation->licences;
        now->n_licences = registration->earlier->organisation->n_licences;
    }
    size_t fact = decision_fact_of_event(decision);
    registry_put_organisation(decision, registration->earlier, now, registration->valid_from);
    keep_taken_over(decision, registration);
    registry_tell(decision, fact, said->organisation_id, said->organisation->region);
}

void registry_tell(struct decision *decision, size_t fact, const char *institution, const char *region)
{
    decision_deliver(decision, fact, VISIBLE_PUBLIC | VISIBLE_ORGANISATION, "%s", institution);
    if (region != NULL)
        decision_deliver(decision, fact, VISIBLE_PUBLIC | VISIBLE_ORGANISATION, "insurer@%s", region_city(region).code);
}

/* --- the family --- */

static const struct rule changed_rules[] = {
    {
        .id = "RG-001",
        .code = "registry.id_differs",
        .document = SOURCE_XINJIANG_ADMISSION,
        .clause = "统一的医保编码",
        .evaluate = id_is_the_key,
        .sentence_zh = "机构标识须与事件键一致",
        .sentence_en = "The organisation's id is the event's key.",
    },
    {
        .id = "RG-002",
        .code = "registry.state_not_allowed",
        .document = SOURCE_XINJIANG_ADMISSION,
        .clause = "申请、评估、协商、联网测试、运行、中止、解除",
        .evaluate = state_follows_the_earlier_one,
        .sentence_zh = "机构状态须按规定的顺序变化",
        .sentence_en = "An organisation's states follow one another as laid down.",
    },
    {
        .id = "RG-003",
        .code = "registry.out_of_order",
        .document = SOURCE_XINJIANG_ADMISSION,
        .clause = "变更",
        .evaluate = versions_follow_in_time,
        .sentence_zh = "变更生效日期不得早于上一版本",
        .sentence_en = "A change does not begin before the version it takes the place of.",
    },
    {
        .id = "RG-004",
        .code = "registry.designation_undated",
        .document = SOURCE_XINJIANG_ADMISSION,
        .clause = "协议期限",
        .evaluate = designation_is_dated,
        .sentence_zh = "在网定点机构须有定点起始日期，截止日期不得早于起始日期",
        .sentence_en = "A live institution has a dated designation whose last day is not before its first.",
    },
    {
        .id = "RG-005",
        .code = "registry.state_differs_from_agreements",
        .document = SOURCE_XINJIANG_ADMISSION,
        .clause = "协议办理",
        .evaluate = state_is_that_of_the_agreements,
        .sentence_zh = "已办理定点协议的机构，其状态由协议决定",
        .sentence_en = "The state of an institution that has agreements follows from them.",
    },
};

static const struct handler handlers[] = {
    {
        .type = "medhub.registry.organisation_changed.v1",
        .rules = changed_rules,
        .rule_count = sizeof changed_rules / sizeof *changed_rules,
        .prepare = prepare,
        .decide = decide,
        .roles = "registrar",
    },
    {
        .type = "medhub.registry.key_rotated.v1",
        .rules = key_rotated_rules,
        .rule_count = KEY_ROTATED_RULES,
        .prepare = key_rotation_prepare,
        .decide = key_rotation_decide,
        .roles = "hospital|pharmacy|insurer|bureau|circulation|regulator|registrant|distributor|logistics|"
                 "procurement_platform|trace_platform|registrar",
    },
    {
        .type = "medhub.registry.licence_recorded.v1",
        .rules = licence_recorded_rules,
        .rule_count = LICENCE_RECORDED_RULES,
        .prepare = licence_prepare_record,
        .decide = licence_record,
        .roles = "registrar|bureau|regulator",
    },
    {
        .type = "medhub.registry.licence_ended.v1",
        .rules = licence_ended_rules,
        .rule_count = LICENCE_ENDED_RULES,
        .prepare = licence_prepare_end,
        .decide = licence_end,
        .roles = "registrar|bureau|regulator",
    },
    {
        .type = "medhub.registry.designation_listed.v1",
        .rules = designation_listed_rules,
        .rule_count = DESIGNATION_LISTED_RULES,
        .prepare = designation_prepare_listing,
        .decide = designation_list,
        .roles = "registrar|bureau",
    },
    {
        .type = "medhub.registry.designation_removed.v1",
        .rules = designation_removed_rules,
        .rule_count = DESIGNATION_REMOVED_RULES,
        .prepare = designation_prepare_removal,
        .decide = designation_remove,
        .roles = "registrar|bureau",
    },
    {
        .type = "medhub.registry.agreement_advanced.v1",
        .rules = agreement_rules,
        .rule_count = AGREEMENT_RULES,
        .prepare = agreement_prepare,
        .decide = agreement_decide,
        .roles = "insurer|bureau|registrar|hospital|pharmacy",
    },
    {.type = AGREEMENT_DEADLINE_TIMER, .fire = agreement_deadline_passes},
    {
        .type = "medhub.registry.practitioner_registered.v1",
        .rules = practitioner_registered_rules,
        .rule_count = PRACTITIONER_REGISTERED_RULES,
        .prepare = practitioner_prepare_registration,
        .decide = practitioner_register,
        .roles = "registrar|bureau",
    },
    {
        .type = "medhub.registry.practitioner_ended.v1",
        .rules = practitioner_ended_rules,
        .rule_count = PRACTITIONER_ENDED_RULES,
        .prepare = practitioner_prepare_end,
        .decide = practitioner_end,
        .roles = "registrar|bureau",
    },
};

const struct domain domain_registry = {
    .name = "registry",
    .key_kind = "institution",
    .handlers = handlers,
    .handler_count = sizeof handlers / sizeof *handlers,
};

/* A hospital refers a patient to another: up, down, or out of the region. What it does to deductible and share: settlement_referral.c
 * [C4 L6211]. Row: referral/NUMBER. */
#include "domain/person.h"

#include "domain/organisation.h"
#include "domain/prescription_limit.h"
#include "domain/region.h"

struct referring {
    struct person_step step;
    const ReferralMade *said;
    const Referral *known;          /* under that number, or NULL */
    const Organisation *from, *to;  /* on that day, or NULL */
};

void *person_referral_made_prepare(struct view *view, const struct event *event)
{
    const ReferralMade *said = (const ReferralMade *)event->message;
    struct referring *referring = arena_take(view->arena, sizeof *referring);
    if (referring == NULL)
        return NULL;
    date_t day = text_day(said->made_on);
    *referring = (struct referring){
        .step = {said->person, said->region, {day, text_day(said->valid_until)}, "validUntil"},
        .said = said,
        .known = (const Referral *)view_state(view, REFERRAL, "referral/%s", said->referral_number),
        .from = organisation_on(view, said->from_institution, day),
        .to = organisation_on(view, said->to_institution, day),
    };
    return referring;
}

static const struct referring *referring_of(const struct rule_context *context)
{
    return context->prepared;
}

/* --- rules --- */

static void source_refers(struct rule_context *context)
{
    const char *from = referring_of(context)->said->from_institution, *source = context->event->attributes.source;
    if (strcmp(from, source) != 0)
        rule_refuse(context, "fromInstitution", from, rule_text(context, "the source, %s", source));
}

static void must_be_a_designated_hospital(struct rule_context *context, const char *path, const char *id,
                                          const Organisation *organisation)
{
    date_t day = referring_of(context)->step.span.from;
    if (!organisation_is_designated(organisation, day) || organisation->kind != ORGANISATION_HOSPITAL)
        rule_refuse(context, path, rule_text(context, "%s: %s", id, organisation_state_name(organisation)),
                    rule_text(context, "a hospital that is live and designated on %s", rule_day(context, day)));
}

static void both_are_designated_hospitals(struct rule_context *context)
{
    const struct referring *referring = referring_of(context);
    const ReferralMade *said = referring->said;
    must_be_a_designated_hospital(context, "fromInstitution", said->from_institution, referring->from);
    must_be_a_designated_hospital(context, "toInstitution", said->to_institution, referring->to);
    if (strcmp(said->from_institution, said->to_institution) == 0)
        rule_refuse(context, "toInstitution", said->to_institution, "another hospital");
}

/* A level that the registry does not say is not judged. */
static bool direction_fits(const struct referring *referring)
{
    InstitutionLevel from = institution_level(referring->from->level), to = institution_level(referring->to->level);
    bool levels_known = from != LEVEL_UNKNOWN && to != LEVEL_UNKNOWN;
    struct region from_city = region_city(referring->from->region), to_city = region_city(referring->to->region);
    switch ((int)referring->said->direction) {
    case REFERRED_UP:
        return !levels_known || to > from;
    case REFERRED_DOWN:
        return !levels_known || to < from;
    default:
        return strcmp(from_city.code, to_city.code) != 0;
    }
}

static void direction_is_that_of_the_levels(struct rule_context *context)
{
    const struct referring *referring = referring_of(context);
    if (referring->from != NULL && referring->to != NULL && !direction_fits(referring))
        rule_refuse(context, "direction", rule_text(context, "from level %s to level %s", referring->from->level,
                                                    referring->to->level),
                    "up to a higher level, down to a lower one, or out to another pooling region");
}

static void number_is_new(struct rule_context *context)
{
    if (referring_of(context)->known != NULL)
        rule_refuse(context, "referralNumber", referring_of(context)->said->referral_number,
                    "a number that was not used before");
}

#define CLAUSE "上转、下转、外转"

const struct rule person_referral_made_rules[PERSON_RULES_OF_referral_made] = {
    PERSON_KEY_RULE("PE-041"),
    PERSON_RULE("PE-042", "person.not_the_referring_hospital", SOURCE_XINJIANG_COMMUNITIES, CLAUSE, source_refers,
                "转诊由转出医院提交", "A referral is said by the hospital that refers."),
    PERSON_DAYS_RULE("PE-043", SOURCE_XINJIANG_COMMUNITIES, CLAUSE),
    PERSON_RULE("PE-044", "person.hospital_not_designated", SOURCE_XINJIANG_COMMUNITIES, CLAUSE, both_are_designated_hospitals,
                "转出、转入须为两家在网的定点医疗机构", "Both are designated hospitals, and not the same."),
    PERSON_RULE("PE-045", "person.direction_differs", SOURCE_XINJIANG_COMMUNITIES, "按方向和级别确定起付与比例",
                direction_is_that_of_the_levels, "转诊方向须与两家医院的级别和地区相符",
                "The direction is that of the hospitals' levels and regions."),
    PERSON_RULE("PE-046", "person.referral_number_used", SOURCE_XINJIANG_COMMUNITIES, CLAUSE, number_is_new,
                "转诊编号只能使用一次", "The number of a referral is used once."),
};

/* --- the decision --- */

void person_referral_made_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    const ReferralMade *said = ((const struct referring *)prepared)->said;
    Referral *state = decision_message(decision, REFERRAL);
    (void)view;
    (void)event;
    if (state == NULL)
        return;
    state->number = said->referral_number;
    state->from_institution = said->from_institution;
    state->to_institution = said->to_institution;
    state->direction = said->direction;
    state->made_on = said->made_on;
    state->valid_until = said->valid_until;
    size_t fact = decision_fact_of_event(decision);
    decision_write(decision, &state->base, "referral/%s", state->number);
    decision_deliver(decision, fact, VISIBLE_ALL, "%s", said->to_institution);
    decision_deliver(decision, fact, VISIBLE_ALL, "insurer@%s", said->region);
}

/* --- what others ask --- */

enum { REFERRALS_MAX = 100 };

const Referral *person_referred_to(struct view *view, const char *institution, date_t date)
{
    struct view_rows rows = view_scan(view, "referral/", "", REFERRALS_MAX);
    const Referral *latest = NULL;
    for (size_t i = 0; i < rows.count; i++) {
        const Referral *referral = (const Referral *)view_unpack(view, REFERRAL, &rows.rows[i]);
        if (referral == NULL || strcmp(referral->to_institution, institution) != 0 ||
            !span_covers((struct span){text_day(referral->made_on), text_day(referral->valid_until)}, date))
            continue;
        if (latest == NULL || text_day(referral->made_on) > text_day(latest->made_on))
            latest = referral;
    }
    return latest;
}

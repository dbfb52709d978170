/* Chronic and special diseases of outpatients for which a person is qualified. Row: qualification/DISEASE, the latest span. */
#include "domain/person.h"

enum { QUALIFICATIONS_MAX = 100 };

struct qualifying {
    struct person_step step;
    const char *disease;
    PersonQualification *latest; /* or NULL */
};

static struct qualifying *prepare(struct view *view, struct person_step step, const char *disease)
{
    struct qualifying *qualifying = arena_take(view->arena, sizeof *qualifying);
    if (qualifying == NULL)
        return NULL;
    *qualifying = (struct qualifying){
        step, disease, (PersonQualification *)view_state(view, PERSON_QUALIFICATION, "qualification/%s", disease)};
    return qualifying;
}

void *person_qualification_granted_prepare(struct view *view, const struct event *event)
{
    const QualificationGranted *said = (const QualificationGranted *)event->message;
    struct span span = {text_day(said->valid_from), text_day(said->valid_until)};
    return prepare(view, (struct person_step){said->person, said->region, span, "validUntil"}, said->disease->code);
}

void *person_qualification_ended_prepare(struct view *view, const struct event *event)
{
    const QualificationEnded *said = (const QualificationEnded *)event->message;
    struct span span = {text_day(said->ended_on), DATE_NONE};
    return prepare(view, (struct person_step){said->person, said->region, span, "endedOn"}, said->disease_code);
}

static const struct qualifying *qualifying_of(const struct rule_context *context)
{
    return context->prepared;
}

static struct span span_of(const PersonQualification *qualification)
{
    return (struct span){text_day(qualification->valid_from), text_day(qualification->valid_until)};
}

/* --- rules --- */

static void granted_once_at_a_time(struct rule_context *context)
{
    const struct qualifying *qualifying = qualifying_of(context);
    if (!is_given(qualifying->disease))
        rule_refuse(context, "disease.code", "", "the code of the disease");
    else if (qualifying->latest != NULL && (spans_overlap(span_of(qualifying->latest), qualifying->step.span) ||
                                            span_of(qualifying->latest).from > qualifying->step.span.from))
        rule_refuse(context, "validFrom", rule_day(context, qualifying->step.span.from),
                    "a day after the last qualification for this disease");
}

static void ended_while_in_force(struct rule_context *context)
{
    const struct qualifying *qualifying = qualifying_of(context);
    if (qualifying->latest == NULL || !span_covers(span_of(qualifying->latest), qualifying->step.span.from))
        rule_refuse(context, "endedOn", rule_day(context, qualifying->step.span.from),
                    "a day on which the person is qualified for it");
}

#define CLAUSE "待遇资格由参保地认定"

const struct rule person_qualification_granted_rules[PERSON_RULES_OF_qualification_granted] = {
    PERSON_KEY_RULE("PE-021"),
    PERSON_REGION_RULE("PE-022", SOURCE_BEIJING_CHRONIC, CLAUSE),
    PERSON_DAYS_RULE("PE-023", SOURCE_BEIJING_CHRONIC, CLAUSE),
    PERSON_RULE("PE-024", "person.qualified_already", SOURCE_BEIJING_CHRONIC, "按病种认定", granted_once_at_a_time,
                "同一病种的待遇资格不得重叠", "Qualifications for one disease follow one another."),
};

const struct rule person_qualification_ended_rules[PERSON_RULES_OF_qualification_ended] = {
    PERSON_KEY_RULE("PE-025"),
    PERSON_REGION_RULE("PE-026", SOURCE_BEIJING_CHRONIC, CLAUSE),
    PERSON_RULE("PE-027", "person.not_qualified", SOURCE_BEIJING_CHRONIC, CLAUSE, ended_while_in_force,
                "终止之日须在待遇资格有效期内", "What ends is in force until the day before."),
};

/* --- the decision --- */

/* The institutions that the person chose must know; the agency of the region too, whoever of it said so. */
static void tell(struct decision *decision, size_t fact, const PersonQualification *qualification)
{
    for (size_t i = 0; i < qualification->n_institutions; i++)
        decision_deliver(decision, fact, VISIBLE_ALL, "%s", qualification->institutions[i]);
    decision_deliver(decision, fact, VISIBLE_ALL, "insurer@%s", qualification->region);
}

static void put(struct decision *decision, const PersonQualification *qualification)
{
    size_t fact = decision_fact_of_event(decision);
    decision_write(decision, &qualification->base, "qualification/%s", qualification->code);
    tell(decision, fact, qualification);
}

void person_qualification_granted_decide(struct view *view, const struct event *event, void *prepared,
                                         struct decision *decision)
{
    const QualificationGranted *said = (const QualificationGranted *)event->message;
    PersonQualification *state = decision_message(decision, PERSON_QUALIFICATION);
    (void)view;
    (void)prepared;
    if (state == NULL)
        return;
    state->code = said->disease->code;
    state->national_code = said->national_code;
    state->region = said->region;
    state->valid_from = said->valid_from;
    state->valid_until = said->valid_until;
    state->institutions = said->institutions;
    state->n_institutions = said->n_institutions;
    put(decision, state);
}

void person_qualification_ended_decide(struct view *view, const struct event *event, void *prepared,
                                       struct decision *decision)
{
    const struct qualifying *qualifying = prepared;
    char day[DATE_TEXT_BYTES];
    (void)view;
    (void)event;
    qualifying->latest->valid_until =
        arena_text(decision->arena, bytes_of(date_format(qualifying->step.span.from - 1, day)));
    decision->failed |= qualifying->latest->valid_until == NULL;
    if (!decision->failed)
        put(decision, qualifying->latest);
}

/* --- what others ask --- */

static bool is_chosen(const PersonQualification *qualification, const char *institution)
{
    for (size_t i = 0; i < qualification->n_institutions; i++)
        if (strcmp(qualification->institutions[i], institution) == 0)
            return true;
    return qualification->n_institutions == 0 || !is_given(institution);
}

bool person_is_qualified(struct view *view, const char *disease, const char *institution, date_t date)
{
    struct view_rows rows = view_scan(view, "qualification/", "", QUALIFICATIONS_MAX);
    for (size_t i = 0; i < rows.count; i++) {
        const PersonQualification *qualification =
            (const PersonQualification *)view_unpack(view, PERSON_QUALIFICATION, &rows.rows[i]);
        if (qualification != NULL && span_covers(span_of(qualification), date) && is_chosen(qualification, institution) &&
            (strcmp(qualification->code, disease) == 0 || strcmp(qualification->national_code, disease) == 0))
            return true;
    }
    return false;
}

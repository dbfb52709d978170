/* Filings for care in another pooling region. Row: filing/NUMBER. */
#include "domain/person.h"

#include "domain/organisation.h"
#include "domain/region.h"

enum { FILINGS_MAX = 100 };

struct filing {
    struct person_step step;
    const char *number;
    RemoteFiling *known; /* or NULL */
};

static struct filing *prepare(struct view *view, struct person_step step, const char *number)
{
    struct filing *filing = arena_take(view->arena, sizeof *filing);
    if (filing == NULL)
        return NULL;
    *filing = (struct filing){step, number, (RemoteFiling *)view_state(view, REMOTE_FILING, "filing/%s", number)};
    return filing;
}

void *person_remote_filing_made_prepare(struct view *view, const struct event *event)
{
    const RemoteFilingMade *said = (const RemoteFilingMade *)event->message;
    struct span span = {text_day(said->valid_from), text_day(said->valid_until)};
    return prepare(view, (struct person_step){said->person, said->region, span, "validUntil"}, said->filing_number);
}

void *person_remote_filing_ended_prepare(struct view *view, const struct event *event)
{
    const RemoteFilingEnded *said = (const RemoteFilingEnded *)event->message;
    struct span span = {text_day(said->ended_on), DATE_NONE};
    return prepare(view, (struct person_step){said->person, said->region, span, "endedOn"}, said->filing_number);
}

static const struct filing *filing_of(const struct rule_context *context)
{
    return context->prepared;
}

static struct span span_of(const RemoteFiling *filing)
{
    return (struct span){text_day(filing->valid_from), text_day(filing->valid_until)};
}

/* --- rules --- */

static void number_is_new(struct rule_context *context)
{
    if (filing_of(context)->known != NULL)
        rule_refuse(context, "filingNumber", filing_of(context)->number, "a number that was not used before");
}

static void care_is_elsewhere(struct rule_context *context)
{
    const RemoteFilingMade *said = (const RemoteFilingMade *)context->event->message;
    struct region care = region_city(said->region_of_care), insurance = region_city(said->region);
    if (strcmp(care.code, insurance.code) == 0)
        rule_refuse(context, "regionOfCare", said->region_of_care, "another pooling region than that of the insurance");
}

static void institutions_are_designated_there(struct rule_context *context)
{
    const RemoteFilingMade *said = (const RemoteFilingMade *)context->event->message;
    date_t from = filing_of(context)->step.span.from;
    for (size_t i = 0; i < said->n_institutions; i++) {
        const Organisation *institution = organisation_on(context->view, said->institutions[i], from);
        struct region care = region_city(said->region_of_care);
        if (!organisation_is_designated(institution, from) ||
            strcmp(region_city(institution->region).code, care.code) != 0)
            rule_refuse(context, rule_text(context, "institutions[%zu]", i), said->institutions[i],
                        rule_text(context, "live and designated in %s on %s", said->region_of_care, rule_day(context, from)));
    }
}

static void ended_while_in_force(struct rule_context *context)
{
    const struct filing *filing = filing_of(context);
    if (filing->known == NULL || !span_covers(span_of(filing->known), filing->step.span.from))
        rule_refuse(context, "endedOn", rule_day(context, filing->step.span.from), "a day on which the filing is in force");
}

#define CLAUSE "异地就医备案由参保地办理"

const struct rule person_remote_filing_made_rules[PERSON_RULES_OF_remote_filing_made] = {
    PERSON_KEY_RULE("PE-031"),
    PERSON_REGION_RULE("PE-032", SOURCE_BEIJING_CHRONIC, CLAUSE),
    PERSON_DAYS_RULE("PE-033", SOURCE_BEIJING_CHRONIC, CLAUSE),
    PERSON_RULE("PE-034", "person.filing_number_used", SOURCE_BEIJING_CHRONIC, CLAUSE, number_is_new,
                "备案编号只能使用一次", "The number of a filing is used once."),
    PERSON_RULE("PE-035", "person.filing_at_home", SOURCE_BEIJING_CHRONIC, "就医地与参保地", care_is_elsewhere,
                "备案的就医地须在参保统筹地区以外", "A filing is for care in another pooling region."),
    PERSON_RULE("PE-036", "person.institution_not_open", SOURCE_BEIJING_CHRONIC, "在备案选定的已开通机构就医",
                institutions_are_designated_there, "备案选定的机构须为就医地在网的定点机构",
                "The institutions of a filing are live and designated in the region of care."),
};

const struct rule person_remote_filing_ended_rules[PERSON_RULES_OF_remote_filing_ended] = {
    PERSON_KEY_RULE("PE-037"),
    PERSON_REGION_RULE("PE-038", SOURCE_BEIJING_CHRONIC, CLAUSE),
    PERSON_RULE("PE-039", "person.filing_not_in_force", SOURCE_BEIJING_CHRONIC, CLAUSE, ended_while_in_force,
                "终止之日须在备案有效期内", "What ends is in force until the day before."),
};

/* --- the decision --- */

/* Both agencies, and the institutions that were chosen. */
static void put(struct decision *decision, const RemoteFiling *filing)
{
    size_t fact = decision_fact_of_event(decision);
    decision_write(decision, &filing->base, "filing/%s", filing->number);
    for (size_t i = 0; i < filing->n_institutions; i++)
        decision_deliver(decision, fact, VISIBLE_ALL, "%s", filing->institutions[i]);
    decision_deliver(decision, fact, VISIBLE_ALL, "insurer@%s", filing->region_of_care);
    decision_deliver(decision, fact, VISIBLE_ALL, "insurer@%s", filing->region);
}

void person_remote_filing_made_decide(struct view *view, const struct event *event, void *prepared,
                                      struct decision *decision)
{
    const RemoteFilingMade *said = (const RemoteFilingMade *)event->message;
    RemoteFiling *state = decision_message(decision, REMOTE_FILING);
    (void)view;
    (void)prepared;
    if (state == NULL)
        return;
    state->number = said->filing_number;
    state->region = said->region;
    state->region_of_care = said->region_of_care;
    state->institutions = said->institutions;
    state->n_institutions = said->n_institutions;
    state->valid_from = said->valid_from;
    state->valid_until = said->valid_until;
    put(decision, state);
}

void person_remote_filing_ended_decide(struct view *view, const struct event *event, void *prepared,
                                       struct decision *decision)
{
    const struct filing *filing = prepared;
    char day[DATE_TEXT_BYTES];
    (void)view;
    (void)event;
    filing->known->valid_until = arena_text(decision->arena, bytes_of(date_format(filing->step.span.from - 1, day)));
    decision->failed |= filing->known->valid_until == NULL;
    if (!decision->failed)
        put(decision, filing->known);
}

/* --- what others ask --- */

/* A filing for a city or a province holds for what lies in it. */
static bool is_for(const RemoteFiling *filing, const char *region_of_care, const char *institution)
{
    struct region region = region_of(region_of_care);
    bool there = false;
    do
        there = there || strcmp(region.code, filing->region_of_care) == 0;
    while (region_widen(&region));
    for (size_t i = 0; i < filing->n_institutions; i++)
        if (strcmp(filing->institutions[i], institution) == 0)
            return there;
    return there && filing->n_institutions == 0;
}

bool person_filed_for(struct view *view, const char *region_of_care, const char *institution, date_t date)
{
    struct view_rows rows = view_scan(view, "filing/", "", FILINGS_MAX);
    for (size_t i = 0; i < rows.count; i++) {
        const RemoteFiling *filing = (const RemoteFiling *)view_unpack(view, REMOTE_FILING, &rows.rows[i]);
        if (filing != NULL && span_covers(span_of(filing), date) && is_for(filing, region_of_care, institution))
            return true;
    }
    return false;
}

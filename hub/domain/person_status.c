/* Why somebody is helped: statuses that civil affairs and rural revitalisation recognise and withdraw. Several may hold; the best
 * counts, and never two subsidies. What each gives is policy. Row: status. */
#include "domain/person.h"

#include "domain/agreement_deadline.h"

/* In the order of the schema: of two that give the same the first counts. */
static const char *const subsidies[] = {
    [HELP_NONE] = NULL,
    [1] = "person.subsidy_percent.destitute",
    [2] = "person.subsidy_percent.minimum_allowance",
    [3] = "person.subsidy_percent.returned_to_poverty",
    [4] = "person.subsidy_percent.edge_family",
    [5] = "person.subsidy_percent.at_risk",
    [6] = "person.subsidy_percent.illness_impoverished",
    [7] = "person.subsidy_percent.out_of_poverty",
};
enum { STATUSES = sizeof subsidies / sizeof *subsidies };

struct status_change {
    struct person_step step;
    const PersonIdentityChanged *said;
    PersonStatus *state;     /* or NULL */
    RecognisedStatus *known; /* that status, in force; or NULL */
    date_t decided_on;
    int64_t percents[STATUSES]; /* of the premium, on that day; below 0: the policy does not say */
};

/* --- what the rules look at --- */

static bool holds(const RecognisedStatus *status)
{
    return !is_given(status->benefits_until);
}

static RecognisedStatus *in_force(const PersonStatus *state, HelpStatus wanted)
{
    for (size_t i = 0; state != NULL && i < state->n_statuses; i++)
        if (state->statuses[i]->status == wanted && holds(state->statuses[i]))
            return state->statuses[i];
    return NULL;
}

void *person_identity_changed_prepare(struct view *view, const struct event *event)
{
    const PersonIdentityChanged *said = (const PersonIdentityChanged *)event->message;
    struct status_change *change = arena_take(view->arena, sizeof *change);
    if (change == NULL)
        return NULL;
    date_t day = text_day(said->decided_on);
    *change = (struct status_change){
        .step = {said->person, said->region, {day, day}, "decidedOn"},
        .said = said,
        .state = (PersonStatus *)view_state(view, PERSON_STATUS, "status"),
        .decided_on = day,
    };
    change->known = in_force(change->state, said->status);
    for (size_t i = 1; i < STATUSES; i++)
        if (!view_policy_int(view, subsidies[i], said->region, day, &change->percents[i]))
            change->percents[i] = -1;
    return change;
}

static const struct status_change *change_of(const struct rule_context *context)
{
    return context->prepared;
}

/* The first day of the month MONTHS after that of DAY. */
static date_t month_begin(date_t day, int64_t months)
{
    int year, month, day_of_month;
    date_to_civil(day, &year, &month, &day_of_month);
    return date_after_months(date_from_civil(year, month, 1), months);
}

/* --- rules --- */

static void policy_says_what_it_gives(struct rule_context *context)
{
    const struct status_change *change = change_of(context);
    size_t place = (size_t)change->said->status;
    if (place >= STATUSES || subsidies[place] == NULL)
        rule_refuse(context, "status", "***", "a status that the policy knows");
    else if (change->percents[place] < 0)
        rule_policy_missing(context, change->step.region, change->decided_on);
}

static void list_comes_in_time(struct rule_context *context)
{
    const struct status_change *change = change_of(context);
    date_t today = date_in_china(context->view->now_ms);
    int64_t days;
    if (!view_policy_int(context->view, context->rule->parameter_also, change->step.region, today, &days)) {
        rule_policy_missing(context, change->step.region, today);
        return;
    }
    date_t last = month_begin(change->decided_on, 1) + (date_t)days - 1;
    if (today > last)
        rule_refuse_or_warn(context, change->step.region, today, "decidedOn", "***",
                            rule_text(context, "on a list that came by %s", rule_day(context, last)));
}

static void day_is_not_ahead(struct rule_context *context)
{
    date_t today = date_in_china(context->view->now_ms);
    if (change_of(context)->decided_on > today)
        rule_refuse(context, "decidedOn", "***", rule_text(context, "not after %s", rule_day(context, today)));
}

static void change_changes_something(struct rule_context *context)
{
    const struct status_change *change = change_of(context);
    if (change->said->withdrawn && change->known == NULL)
        rule_refuse(context, "status", "***", "a status that was recognised and holds");
    else if (!change->said->withdrawn && change->known != NULL)
        rule_refuse(context, "status", "***", "a status that does not hold yet");
}

const struct rule person_identity_changed_rules[PERSON_RULES_OF_identity_changed] = {
    PERSON_KEY_RULE("PE-011"),
    PERSON_REGION_RULE("PE-012", SOURCE_HEBEI_CRITICAL_ILLNESS, "民政、乡村振兴部门按月交换名单"),
    {.id = "PE-013", .code = "person.status_unknown", .document = SOURCE_HEBEI_CRITICAL_ILLNESS, .clause = "参保资助分类",
     .parameter = "person.subsidy_percent.*", .evaluate = policy_says_what_it_gives,
     .sentence_zh = "身份类别须为政策规定的类别", .sentence_en = "The status is one of which the policy says what it gives."},
    {.id = "PE-014", .code = "person.list_late", .document = SOURCE_HEBEI_CRITICAL_ILLNESS, .clause = "每月5日前交换名单",
     .also = {{SOURCE_HUBEI_POVERTY, "照单全收"}},
     .parameter = "person.identity_late.refuse", .parameter_also = "person.identity_list_day", .evaluate = list_comes_in_time,
     .sentence_zh = "当月变更须在次月规定日前交换", .sentence_en = "A month's changes come by the day of the next month that the policy says."},
    PERSON_RULE("PE-015", "person.decided_ahead", SOURCE_HEBEI_CRITICAL_ILLNESS, "新认定与退出人员", day_is_not_ahead,
                "认定日期不得晚于当前日期", "What is on the list has been decided."),
    PERSON_RULE("PE-016", "person.status_unchanged", SOURCE_HEBEI_CRITICAL_ILLNESS, "新认定与退出人员", change_changes_something,
                "认定的身份此前未认定，退出的身份此前有效", "What is recognised did not hold, what is withdrawn did."),
};

/* --- the decision --- */

static char *day_text(struct decision *decision, date_t day)
{
    char text[DATE_TEXT_BYTES];
    char *made = arena_text(decision->arena, bytes_of(date_format(day, text)));
    decision->failed |= made == NULL;
    return made;
}

static RecognisedStatus *recognised(struct decision *decision, const struct status_change *change)
{
    RecognisedStatus *status = decision_message(decision, RECOGNISED_STATUS);
    if (status == NULL)
        return NULL;
    status->status = change->said->status;
    status->recognised_on = change->said->decided_on;
    status->subsidised_from = day_text(decision, month_begin(change->decided_on, 0));
    status->benefits_from = day_text(decision, month_begin(change->decided_on, 1));
    return status;
}

/* The row with the status recognised or withdrawn; one that was withdrawn before makes room for its like. */
static PersonStatus *changed(struct decision *decision, struct status_change *change, int64_t grace_months)
{
    PersonStatus *state = decision_message(decision, PERSON_STATUS);
    size_t count = change->state == NULL ? 0 : change->state->n_statuses;
    RecognisedStatus **statuses = decision_list(decision, count + 1);
    if (state == NULL || statuses == NULL)
        return NULL;
    state->statuses = statuses;
    state->region = (char *)change->step.region;
    for (size_t i = 0; i < count; i++)
        if (change->said->withdrawn || change->state->statuses[i]->status != change->said->status)
            statuses[state->n_statuses++] = change->state->statuses[i];
    if (change->said->withdrawn)
        change->known->benefits_until = day_text(decision, month_begin(change->decided_on, 1 + grace_months) - 1);
    else if ((statuses[state->n_statuses++] = recognised(decision, change)) == NULL)
        return NULL;
    return decision->failed ? NULL : state;
}

static RecognisedStatus *best_of(const struct status_change *change, const PersonStatus *state)
{
    RecognisedStatus *best = NULL;
    for (size_t i = 0; i < state->n_statuses; i++) {
        RecognisedStatus *status = state->statuses[i];
        bool known = (size_t)status->status < STATUSES && change->percents[status->status] >= 0;
        if (!holds(status) || !known)
            continue;
        int64_t more = best == NULL ? 1 : change->percents[status->status] - change->percents[best->status];
        if (more > 0 || (more == 0 && status->status < best->status))
            best = status;
    }
    return best;
}

/* Who enrols, subsidises and collects the premium hears of it before the premium is collected [C2 L1705]. */
static void tell(struct decision *decision, size_t fact, const char *region)
{
    decision_deliver(decision, fact, VISIBLE_ALL, "insurer@%s", region);
    decision_deliver(decision, fact, VISIBLE_ALL, "finance@%s", region);
    decision_deliver(decision, fact, VISIBLE_ALL, "tax@%s", region);
}

static void state_the_best(struct decision *decision, const struct status_change *change, const RecognisedStatus *best,
                           HelpStatus before)
{
    PersonStatusDecided *decided = decision_message(decision, PERSON_STATUS_DECIDED);
    if (decided == NULL)
        return;
    decided->person = (char *)change->step.person;
    decided->region = (char *)change->step.region;
    decided->status_before = before;
    if (best != NULL) {
        decided->status = best->status;
        decided->subsidy_percent = (uint32_t)change->percents[best->status];
        decided->subsidised_from = best->subsidised_from;
        decided->benefits_from = best->benefits_from;
    }
    tell(decision, decision_fact(decision, PERSON_STATUS_DECIDED_TYPE, "", &decided->base), change->step.region);
}

void person_identity_changed_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    struct status_change *change = prepared;
    HelpStatus before = change->state == NULL ? HELP_NONE : change->state->best;
    int64_t grace_months = 0;
    (void)event;
    (void)view_policy_int(view, "person.exit_grace_months", change->step.region, change->decided_on, &grace_months);
    PersonStatus *state = changed(decision, change, grace_months);
    if (state == NULL) {
        decision->failed = true;
        return;
    }
    const RecognisedStatus *best = best_of(change, state);
    state->best = best == NULL ? HELP_NONE : best->status;
    tell(decision, decision_fact_of_event(decision), change->step.region);
    decision_write(decision, &state->base, "status");
    if (state->best != before)
        state_the_best(decision, change, best, before);
}

HelpStatus person_best_status(struct view *view)
{
    const PersonStatus *state = (const PersonStatus *)view_state(view, PERSON_STATUS, "status");
    return state == NULL ? HELP_NONE : state->best;
}

bool person_has_benefits_of(struct view *view, HelpStatus status, date_t date)
{
    const PersonStatus *state = (const PersonStatus *)view_state(view, PERSON_STATUS, "status");
    for (size_t i = 0; state != NULL && i < state->n_statuses; i++) {
        const RecognisedStatus *known = state->statuses[i];
        if (known->status == status && span_covers((struct span){text_day(known->benefits_from), text_day(known->benefits_until)}, date))
            return true;
    }
    return false;
}

/* What a step of an agreement looks at and what follows from it; what a missed deadline brings about. */
#include "domain/agreement.h"

#include "domain/organisation.h"
#include "domain/region.h"
#include "domain/registry.h"

enum { SEEN = VISIBLE_PUBLIC | VISIBLE_ORGANISATION };

/* --- what the rules look at --- */

static void find_term(struct view *view, struct advance *advance)
{
    const AgreementAdvanced *said = advance->said;
    int64_t months;
    bool renews = said->step == AGREEMENT_STEP_RENEWED;
    if (!renews && said->step != AGREEMENT_STEP_AGREED)
        return;
    advance->valid_from = text_day(said->valid_from);
    advance->valid_until = text_day(said->valid_until);
    if (advance->valid_from == DATE_NONE)
        advance->valid_from =
            renews && advance->agreement != NULL && is_given(advance->agreement->valid_until)
                ? text_day(advance->agreement->valid_until) + 1
                : advance->day;
    if (advance->valid_until == DATE_NONE &&
        view_policy_int(view, "agreement.term_months", said->region, advance->day, &months)) {
        date_t after = date_after_months(advance->valid_from, months);
        advance->valid_until = after == DATE_NONE ? DATE_NONE : after - 1;
    }
}

void *agreement_prepare(struct view *view, const struct event *event)
{
    const AgreementAdvanced *said = (const AgreementAdvanced *)event->message;
    struct advance *advance = arena_take(view->arena, sizeof *advance);
    if (advance == NULL)
        return NULL;
    *advance = (struct advance){
        .said = said,
        .registered =
            (const RegisteredOrganisation *)view_state(view, REGISTERED_ORGANISATION, "organisation"),
        .staff = (const StaffState *)view_state(view, STAFF_STATE, "staff"),
        .agreements = (AgreementsState *)view_state(view, AGREEMENTS_STATE, "agreements"),
        .day = is_given(said->on) ? text_day(said->on) : date_in_china(view->now_ms),
        .valid_from = DATE_NONE,
        .valid_until = DATE_NONE,
    };
    advance->agreement = agreement_of(advance->agreements, said->region);
    advance->stage = advance->agreement == NULL ? AGREEMENT_NONE : advance->agreement->stage;
    find_term(view, advance);
    return advance;
}

/* The day that a deadline AS_SAID, or one before the end of the term, counts from. */
static date_t day_said(const struct advance *advance, const struct deadline_row *row)
{
    if ((row->set_by & 1u << AGREEMENT_STEP_CONFIRMED) != 0)
        return text_day(advance->said->sign_by);
    if (advance->valid_until != DATE_NONE)
        return advance->valid_until;
    return advance->agreement == NULL ? DATE_NONE : text_day(advance->agreement->valid_until);
}

date_t agreement_due(struct view *view, const struct advance *advance, const struct deadline_row *row)
{
    int64_t amount = 0;
    if (row->parameter != NULL &&
        !view_policy_int(view, row->parameter, advance->said->region, advance->day, &amount))
        return DATE_NONE;
    return deadline_due(row, view->calendar, advance->day, amount, day_said(advance, row));
}

/* --- the decision --- */

static char *day_text(struct decision *decision, date_t day)
{
    char text[DATE_TEXT_BYTES];
    char *kept = arena_text(decision->arena, bytes_of(date_format(day, text)));
    decision->failed |= kept == NULL;
    return kept;
}

static bool takes_part(OrganisationState state)
{
    return state == STATE_DESIGNATED || state == STATE_TESTED || state == STATE_LIVE ||
           state == STATE_SUSPENDED;
}

/* The agreement of REGION, made and added if it is the first. */
static AgreementState *begin_agreement(struct decision *decision, struct advance *advance)
{
    if (advance->agreements == NULL) {
        advance->agreements = decision_message(decision, AGREEMENTS_STATE);
        if (advance->agreements != NULL && takes_part(advance->registered->organisation->state))
            advance->agreements->taken_over = advance->registered->organisation->state;
    }
    AgreementsState *agreements = advance->agreements;
    AgreementState *added = decision_message(decision, AGREEMENT_STATE);
    AgreementState **list = agreements == NULL ? NULL : decision_list(decision, agreements->n_agreements + 1);
    if (added == NULL || list == NULL)
        return NULL;
    for (size_t i = 0; i < agreements->n_agreements; i++)
        list[i] = agreements->agreements[i];
    added->region = advance->said->region;
    list[agreements->n_agreements++] = added;
    agreements->agreements = list;
    return added;
}

/* The designation of who was not taken over: from the first day of the earliest agreement that is made to the
 * last of the latest. */
static void date_designation(struct decision *decision, const AgreementsState *agreements, Organisation *now)
{
    date_t from = DATE_NONE, until = DATE_NONE;
    for (size_t i = 0; i < agreements->n_agreements; i++) {
        const AgreementState *agreement = agreements->agreements[i];
        if (agreement_is_over(agreement->stage) || !is_given(agreement->valid_from))
            continue;
        date_t first = text_day(agreement->valid_from), last = text_day(agreement->valid_until);
        if (from == DATE_NONE || first < from)
            from = first;
        if (until == DATE_NONE || last > until)
            until = last;
    }
    if (from == DATE_NONE)
        return;
    now->designated_from = day_text(decision, from);
    now->designated_until = day_text(decision, until);
}

/* A new version of the organisation's row, if its state or its designation is another now. */
static void follow_with_organisation(struct decision *decision, const RegisteredOrganisation *registered,
                                     const AgreementsState *agreements, date_t day)
{
    Organisation *now = decision_message(decision, ORGANISATION);
    if (now == NULL)
        return;
    *now = *registered->organisation;
    now->state = agreement_organisation_state(agreements);
    if (agreements->taken_over == STATE_UNSPECIFIED)
        date_designation(decision, agreements, now);
    date_t earliest = text_day(registered->valid_from);
    if (decision->failed || (now->state == registered->organisation->state &&
                             strcmp(now->designated_from, registered->organisation->designated_from) == 0 &&
                             strcmp(now->designated_until, registered->organisation->designated_until) == 0))
        return;
    registry_put_organisation(decision, registered, now, day < earliest ? earliest : day);
}

static void tell(struct decision *decision, size_t fact, const char *institution, const char *region)
{
    decision_deliver(decision, fact, SEEN, "%s", institution);
    decision_deliver(decision, fact, SEEN, "insurer@%s", region);
}

/* A step that the hub makes itself; OF_REGION: where it began, or NULL. */
static void follow(struct decision *decision, AgreementState *agreement, const char *institution,
                   AgreementStep step, AgreementCause cause, char *day, char *of_region)
{
    AgreementFollowed *fact = decision_message(decision, AGREEMENT_FOLLOWED);
    if (fact == NULL || day == NULL)
        return;
    agreement_move(agreement, step, cause, day);
    deadlines_meet(decision, agreement, step);
    fact->institution = lent(institution);
    fact->region = agreement->region;
    fact->step = step;
    fact->stage = agreement->stage;
    fact->cause = cause;
    fact->on = day;
    if (of_region != NULL)
        fact->of_region = of_region;
    size_t index = decision_fact(decision, "medhub.registry.agreement_followed.v1", institution, &fact->base);
    tell(decision, index, institution, agreement->region);
}

/* A hospital's agreement that is suspended or ended at city level or above is so in every other region [C4
 * L6120]. */
static void reach_every_region(struct decision *decision, const struct advance *advance, char *day)
{
    const AgreementAdvanced *said = advance->said;
    char *decided_in = is_given(said->decided_in) ? said->decided_in : said->region;
    bool spreads = said->step == AGREEMENT_STEP_SUSPENDED || said->step == AGREEMENT_STEP_ENDED;
    if (!spreads || advance->registered->organisation->kind != ORGANISATION_HOSPITAL ||
        strcmp(region_city(decided_in).code, decided_in) != 0)
        return;
    for (size_t i = 0; i < advance->agreements->n_agreements; i++) {
        AgreementState *other = advance->agreements->agreements[i];
        if (other != advance->agreement && agreement_mover(other->stage, said->step) != AGREEMENT_BY_NOBODY)
            follow(decision, other, said->institution, said->step, said->cause, day, decided_in);
    }
}

static void run_clocks(struct view *view, struct decision *decision, const struct advance *advance,
                       date_t supplement_requested)
{
    const AgreementAdvanced *said = advance->said;
    deadlines_meet(decision, advance->agreement, said->step);
    if (said->step == AGREEMENT_STEP_SUPPLEMENT_REQUESTED)
        deadlines_stop(decision, advance->agreement);
    if (said->step == AGREEMENT_STEP_SUPPLEMENTED && supplement_requested != DATE_NONE)
        deadlines_go_on(decision, advance->agreement, said->institution, advance->day - supplement_requested);
    for (size_t i = 0; i < deadline_row_count; i++)
        if (deadline_is_set_by(&deadline_rows[i], said->step, said->cause)) {
            date_t due = agreement_due(view, advance, &deadline_rows[i]);
            if (due != DATE_NONE)
                deadline_set(decision, advance->agreement, said->institution, &deadline_rows[i], due);
        }
}

void agreement_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    struct advance *advance = prepared;
    const AgreementAdvanced *said = advance->said;
    char *day = day_text(decision, advance->day);
    (void)event;
    if (advance->agreement == NULL)
        advance->agreement = begin_agreement(decision, advance);
    if (advance->agreement == NULL || day == NULL)
        return;
    size_t fact = decision_fact_of_event(decision);
    agreement_move(advance->agreement, said->step, said->cause, day);
    if (advance->valid_from != DATE_NONE) {
        if (said->step == AGREEMENT_STEP_AGREED)
            advance->agreement->valid_from = day_text(decision, advance->valid_from);
        advance->agreement->valid_until = day_text(decision, advance->valid_until);
    }
    tell(decision, fact, said->institution, said->region);
    run_clocks(view, decision, advance, text_day(advance->agreement->supplement_requested_on));
    reach_every_region(decision, advance, day);
    follow_with_organisation(decision, advance->registered, advance->agreements, advance->day);
    decision_write(decision, &advance->agreements->base, "agreements");
}

/* --- deadlines that pass --- */

/* What the hub does about it; NO_STEP: nothing. */
static AgreementStep effect_of(const struct deadline_row *row, const AgreementState *agreement,
                               OrganisationKind kind)
{
    switch (row->effect) {
    case MISSED_LAPSES:
        return AGREEMENT_STEP_LAPSED;
    case MISSED_ENDS_TERM:
        return kind == ORGANISATION_HOSPITAL ? AGREEMENT_STEP_LAPSED : AGREEMENT_STEP_ENDED;
    case MISSED_DECIDES_ON_CHANGE:
        return is_given(agreement->changed_on) &&
                       text_day(agreement->changed_on) >= text_day(agreement->suspended_on)
                   ? AGREEMENT_STEP_RESUMED
                   : AGREEMENT_STEP_ENDED;
    default:
        return AGREEMENT_STEP_NONE;
    }
}

void agreement_deadline_passes(struct view *view, const struct event *event, struct decision *decision)
{
    const char *region, *name, *institution = view->key;
    AgreementsState *agreements = (AgreementsState *)view_state(view, AGREEMENTS_STATE, "agreements");
    const RegisteredOrganisation *registered =
        (const RegisteredOrganisation *)view_state(view, REGISTERED_ORGANISATION, "organisation");
    if (registered == NULL || !deadline_of_timer(event->attributes.subject, view->arena, &region, &name))
        return;
    AgreementState *agreement = agreement_of(agreements, region);
    const struct deadline_row *row =
        agreement == NULL ? NULL : deadline_missed(decision, agreement, institution, name);
    if (row == NULL)
        return; /* met in the meantime */
    date_t today = date_in_china(view->now_ms);
    AgreementStep step = effect_of(row, agreement, registered->organisation->kind);
    if (step != AGREEMENT_STEP_NONE && agreement_mover(agreement->stage, step) != AGREEMENT_BY_NOBODY)
        follow(decision, agreement, institution, step, row->cause, day_text(decision, today), NULL);
    follow_with_organisation(decision, registered, agreements, today);
    decision_write(decision, &agreements->base, "agreements");
}

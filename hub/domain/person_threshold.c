/* What a person's settlements of a year come to, and the warnings when that passes a threshold: the offices that help hear of it in
 * time [C2 L1713, L2760-2762, C3 4247]. Row: totals/YEAR. A threshold of 0 is none. */
#include "domain/person.h"

#include "base/money.h"

struct burden {
    const char *region;
    date_t today;
    int year;
    PersonTotals *totals;
};

static int64_t value_of(struct view *view, const struct burden *burden, const char *parameter)
{
    int64_t value = 0;
    (void)view_policy_int(view, parameter, burden->region, burden->today, &value);
    return value;
}

static bool was_warned(const PersonTotals *totals, BurdenWarning warning)
{
    for (size_t i = 0; i < totals->n_warned; i++)
        if (totals->warned[i] == warning)
            return true;
    return false;
}

static bool note_warning(struct decision *decision, PersonTotals *totals, BurdenWarning warning)
{
    BurdenWarning *warned = arena_take(decision->arena, (totals->n_warned + 1) * sizeof *warned);
    decision->failed |= warned == NULL;
    if (warned == NULL)
        return false;
    for (size_t i = 0; i < totals->n_warned; i++)
        warned[i] = totals->warned[i];
    warned[totals->n_warned++] = warning;
    totals->warned = warned;
    return true;
}

static Money *money_of(struct decision *decision, int64_t fen)
{
    Money *money = decision_message(decision, &medhub__common__v1__money__descriptor);
    if (money != NULL)
        money->fen = fen;
    return money;
}

static void state_warning(struct view *view, struct decision *decision, const struct burden *burden, BurdenWarning warning,
                          int64_t amount_fen, int64_t threshold_fen)
{
    char day[DATE_TEXT_BYTES];
    ThresholdWarned *warned = decision_message(decision, THRESHOLD_WARNED);
    if (warned == NULL)
        return;
    warned->person = lent(view->key);
    warned->region = lent(burden->region);
    warned->warning = warning;
    warned->year = (uint32_t)burden->year;
    warned->amount = money_of(decision, amount_fen);
    warned->threshold = money_of(decision, threshold_fen);
    warned->warned_on = arena_text(decision->arena, bytes_of(date_format(burden->today, day)));
    decision->failed |= warned->warned_on == NULL;
    size_t fact = decision_fact(decision, PERSON_THRESHOLD_WARNED_TYPE, "", &warned->base);
    decision_deliver(decision, fact, VISIBLE_ALL, "insurer@%s", burden->region);
    decision_deliver(decision, fact, VISIBLE_ALL, "civil_affairs@%s", burden->region);
    decision_deliver(decision, fact, VISIBLE_ALL, "rural_revitalisation@%s", burden->region);
}

static void warn_above(struct view *view, struct decision *decision, const struct burden *burden, BurdenWarning warning,
                       int64_t amount_fen, int64_t threshold_fen)
{
    if (threshold_fen > 0 && amount_fen > threshold_fen && !was_warned(burden->totals, warning) &&
        note_warning(decision, burden->totals, warning))
        state_warning(view, decision, burden, warning, amount_fen, threshold_fen);
}

/* Shares of last year's income: of watched persons what was incurred counts, of others what was borne [C3 4247]. */
static void warn_of_poverty(struct view *view, struct decision *decision, const struct burden *burden)
{
    int64_t income_fen = value_of(view, burden, "person.rural_income_fen"), threshold_fen;
    if (income_fen <= 0)
        return;
    bool is_watched = person_best_status(view) != HELP_NONE;
    int64_t percent =
        value_of(view, burden, is_watched ? "person.warn_incurred_percent" : "person.warn_borne_percent");
    if (__builtin_mul_overflow(income_fen, percent, &threshold_fen))
        return;
    warn_above(view, decision, burden, is_watched ? WARNING_RETURN_TO_POVERTY : WARNING_INTO_POVERTY,
               is_watched ? burden->totals->incurred_fen : burden->totals->borne_fen, threshold_fen / 100);
}

static int year_of(int64_t moment_ms)
{
    int year, month, day;
    date_to_civil(date_in_china(moment_ms), &year, &month, &day);
    return year;
}

const PersonTotals *person_totals(struct view *view, int64_t moment_ms)
{
    return (const PersonTotals *)view_state(view, PERSON_TOTALS, "totals/%d", year_of(moment_ms));
}

static PersonTotals *totals_of(struct view *view, struct decision *decision, int64_t moment_ms)
{
    PersonTotals *totals = (PersonTotals *)person_totals(view, moment_ms);
    return totals == NULL ? decision_message(decision, PERSON_TOTALS) : totals;
}

/* Beyond what the type holds a total stays where it is: no year comes near it. */
static void add(int64_t *total, int64_t fen, bool taken_back)
{
    (void)money_add(*total, taken_back ? -fen : fen, total);
}

void person_count_settlement(struct view *view, struct decision *decision, const SettlementState *settlement, bool taken_back)
{
    struct burden burden = {.region = settlement->region_of_insurance,
                            .today = date_in_china(view->now_ms),
                            .year = year_of(settlement->settled_at_ms),
                            .totals = totals_of(view, decision, settlement->settled_at_ms)};
    if (burden.totals == NULL)
        return;
    add(&burden.totals->incurred_fen, settlement->total_fen, taken_back);
    add(&burden.totals->borne_fen, settlement->account_fen, taken_back);
    add(&burden.totals->borne_fen, settlement->cash_fen, taken_back);
    add(&burden.totals->before_serious_illness_fen, settlement->before_serious_illness_fen, taken_back);
    add(&burden.totals->before_aid_fen, settlement->before_aid_fen, taken_back);
    if (!taken_back) {
        warn_above(view, decision, &burden, WARNING_LARGE_BURDEN, burden.totals->borne_fen,
                   value_of(view, &burden, "person.warn_borne_fen"));
        warn_of_poverty(view, decision, &burden);
    }
    decision_write(decision, &burden.totals->base, "totals/%d", burden.year);
}

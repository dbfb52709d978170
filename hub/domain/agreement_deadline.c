#include "domain/agreement_deadline.h"

#include "domain/format.h"
#include "domain/registry.h"
#include "domain/source_document.h"

/* --- the table --- */

#define STEP(step) (1u << (step))
#define VERDICT                                                                                              \
    (STEP(AGREEMENT_STEP_CONFIRMED) | STEP(AGREEMENT_STEP_CANCELLED) | STEP(AGREEMENT_STEP_FAILED))

const struct deadline_row deadline_rows[] = {
    {
        .name = "answer",
        .parameter = "agreement.answer_working_days",
        .unit = DEADLINE_WORKING_DAYS,
        .set_by = STEP(AGREEMENT_STEP_APPLIED),
        .met_by = STEP(AGREEMENT_STEP_ACCEPTED),
        .clause = "即时受理，材料不全的5个工作日内一次性告知",
    },
    {
        .name = "paper_review",
        .parameter = "agreement.paper_review_days",
        .unit = DEADLINE_DAYS,
        .set_by = STEP(AGREEMENT_STEP_ACCEPTED),
        .met_by = STEP(AGREEMENT_STEP_REVIEWED) | STEP(AGREEMENT_STEP_FAILED),
        .stops = true,
        .clause = "书面评估",
    },
    {
        .name = "review",
        .parameter = "agreement.review_months",
        .unit = DEADLINE_MONTHS,
        .set_by = STEP(AGREEMENT_STEP_ACCEPTED),
        .met_by = VERDICT,
        .stops = true,
        .clause = "自受理起不超过3个月，补充材料时间不计",
    },
    {
        .name = "site_check",
        .parameter = "agreement.site_check_days",
        .unit = DEADLINE_DAYS,
        .set_by = STEP(AGREEMENT_STEP_REVIEWED),
        .met_by = STEP(AGREEMENT_STEP_INSPECTED) | STEP(AGREEMENT_STEP_FAILED),
        .clause = "现场核查",
    },
    {
        .name = "signing",
        .unit = DEADLINE_AS_SAID,
        .set_by = STEP(AGREEMENT_STEP_CONFIRMED),
        .met_by = STEP(AGREEMENT_STEP_AGREED),
        .effect = MISSED_LAPSES,
        .cause = CAUSE_NOT_SIGNED,
        .clause = "未按期签订视为放弃",
    },
    {
        .name = "term",
        .unit = DEADLINE_AS_SAID,
        .set_by = STEP(AGREEMENT_STEP_AGREED) | STEP(AGREEMENT_STEP_RENEWED),
        .effect = MISSED_ENDS_TERM,
        .cause = CAUSE_EXPIRED,
        .clause = "期满未续签",
    },
    {
        .name = "renewal",
        .parameter = "agreement.renewal_months",
        .unit = DEADLINE_MONTHS_BEFORE_END,
        .set_by = STEP(AGREEMENT_STEP_LIVE) | STEP(AGREEMENT_STEP_RENEWED),
        .met_by = STEP(AGREEMENT_STEP_RENEWAL_REQUESTED),
        .clause = "届满3个月前申请续签",
    },
    {
        .name = "pause",
        .parameter = "agreement.pause_days_max",
        .unit = DEADLINE_DAYS,
        .set_by = STEP(AGREEMENT_STEP_PAUSED),
        .met_by = STEP(AGREEMENT_STEP_RESUMED) | STEP(AGREEMENT_STEP_SUSPENDED),
        .effect = MISSED_LAPSES,
        .cause = CAUSE_PAUSED_TOO_LONG,
        .clause = "中止超过180日自动终止",
    },
    {
        .name = "late_change",
        .parameter = "agreement.late_change_months",
        .unit = DEADLINE_MONTHS,
        .set_by = STEP(AGREEMENT_STEP_SUSPENDED),
        .met_by = STEP(AGREEMENT_STEP_RESUMED),
        .only_for = CAUSE_LATE_CHANGE,
        .effect = MISSED_DECIDES_ON_CHANGE,
        .cause = CAUSE_LATE_CHANGE,
        .clause = "逾期未变更中止3个月，仍未变更的解除",
    },
};
const size_t deadline_row_count = sizeof deadline_rows / sizeof *deadline_rows;

const struct deadline_row *deadline_row_of(const char *name)
{
    for (size_t i = 0; i < deadline_row_count; i++)
        if (strcmp(deadline_rows[i].name, name) == 0)
            return &deadline_rows[i];
    return NULL;
}

const struct deadline_row *deadline_row_of_parameter(const char *parameter)
{
    for (size_t i = 0; i < deadline_row_count; i++)
        if (deadline_rows[i].parameter != NULL && strcmp(deadline_rows[i].parameter, parameter) == 0)
            return &deadline_rows[i];
    return NULL;
}

bool deadline_is_set_by(const struct deadline_row *row, AgreementStep step, AgreementCause cause)
{
    return (row->set_by & STEP(step)) != 0 && (row->only_for == CAUSE_NONE || row->only_for == cause);
}

/* --- days --- */

static int days_of_month(int year, int month)
{
    date_t next = month == 12 ? date_from_civil(year + 1, 1, 1) : date_from_civil(year, month + 1, 1);
    return next == DATE_NONE ? 31 : (int)(next - date_from_civil(year, month, 1));
}

date_t date_after_months(date_t date, int64_t months)
{
    int year, month, day;
    if (date == DATE_NONE || months > 12 * DATE_MAX_YEAR || months < -12 * DATE_MAX_YEAR)
        return DATE_NONE;
    date_to_civil(date, &year, &month, &day);
    int64_t count = (int64_t)year * 12 + month - 1 + months;
    year = (int)(count / 12);
    month = (int)(count % 12) + 1;
    if (count < 12 || year > DATE_MAX_YEAR)
        return DATE_NONE;
    int last = days_of_month(year, month);
    return date_from_civil(year, month, day < last ? day : last);
}

date_t deadline_due(const struct deadline_row *row, const struct calendar *calendar, date_t day,
                    int64_t amount, date_t said)
{
    enum { AMOUNT_MAX = 36600 };
    date_t due = DATE_NONE;
    if (row->unit == DEADLINE_AS_SAID)
        return said;
    if (amount < 0 || amount > AMOUNT_MAX)
        return DATE_NONE;
    switch (row->unit) {
    case DEADLINE_WORKING_DAYS:
        return calendar_add_working_days(calendar, day, (int)amount, &due) ? due : DATE_NONE;
    case DEADLINE_DAYS:
        return day + (date_t)amount;
    case DEADLINE_MONTHS:
        return date_after_months(day, amount);
    default:
        return date_after_months(said, -amount);
    }
}

/* --- the decision --- */

static char *day_text(struct decision *decision, date_t day)
{
    char text[DATE_TEXT_BYTES];
    char *kept = arena_text(decision->arena, bytes_of(date_format(day, text)));
    decision->failed |= kept == NULL;
    return kept;
}

static const char *timer_name(struct decision *decision, const AgreementState *agreement, const char *name)
{
    const char *timer = format_in(decision->arena, "agreement/%s/%s", agreement->region, name);
    decision->failed |= timer == NULL;
    return timer == NULL ? "" : timer;
}

static DeadlineState *running(const AgreementState *agreement, const char *name)
{
    for (size_t i = 0; i < agreement->n_deadlines; i++)
        if (strcmp(agreement->deadlines[i]->name, name) == 0)
            return agreement->deadlines[i];
    return NULL;
}

static DeadlineState *add_running(struct decision *decision, AgreementState *agreement,
                                  const struct deadline_row *row)
{
    DeadlineState **list = decision_list(decision, agreement->n_deadlines + 1);
    DeadlineState *added = decision_message(decision, DEADLINE_STATE);
    if (list == NULL || added == NULL)
        return NULL;
    for (size_t i = 0; i < agreement->n_deadlines; i++)
        list[i] = agreement->deadlines[i];
    added->name = lent(row->name);
    list[agreement->n_deadlines++] = added;
    agreement->deadlines = list;
    return added;
}

/* The fact and the timer. */
static void tell_deadline(struct decision *decision, const AgreementState *agreement, const char *institution,
                          const struct deadline_row *row, date_t due)
{
    DeadlineSet *fact = decision_message(decision, DEADLINE_SET);
    if (fact == NULL)
        return;
    fact->institution = lent(institution);
    fact->region = agreement->region;
    fact->deadline = lent(row->name);
    fact->due_on = day_text(decision, due);
    fact->clause = lent(source_citation(decision->arena, SOURCE_XINJIANG_ADMISSION, row->clause));
    decision->failed |= fact->clause == NULL;
    size_t index = decision_fact(decision, "medhub.registry.deadline_set.v1", institution, &fact->base);
    decision_deliver(decision, index, VISIBLE_PUBLIC | VISIBLE_ORGANISATION, "%s", institution);
    decision_deliver(decision, index, VISIBLE_PUBLIC | VISIBLE_ORGANISATION, "insurer@%s", agreement->region);
    decision_timer(decision, timer_name(decision, agreement, row->name), AGREEMENT_DEADLINE_TIMER,
                   date_begin_in_china_ms(due + 1));
}

void deadline_set(struct decision *decision, AgreementState *agreement, const char *institution,
                  const struct deadline_row *row, date_t due)
{
    DeadlineState *deadline = running(agreement, row->name);
    if (deadline == NULL)
        deadline = add_running(decision, agreement, row);
    if (deadline == NULL)
        return;
    deadline->due_on = day_text(decision, due);
    tell_deadline(decision, agreement, institution, row, due);
}

static void take_away(AgreementState *agreement, size_t place)
{
    agreement->n_deadlines--;
    for (size_t i = place; i < agreement->n_deadlines; i++)
        agreement->deadlines[i] = agreement->deadlines[i + 1];
}

void deadlines_meet(struct decision *decision, AgreementState *agreement, AgreementStep step)
{
    bool over = agreement_is_over(agreement->stage);
    for (size_t i = 0; i < agreement->n_deadlines;) {
        const struct deadline_row *row = deadline_row_of(agreement->deadlines[i]->name);
        if (over || row == NULL || (row->met_by & STEP(step)) != 0) {
            decision_cancel_timer(decision, timer_name(decision, agreement, agreement->deadlines[i]->name));
            take_away(agreement, i);
        } else {
            i++;
        }
    }
}

void deadlines_stop(struct decision *decision, const AgreementState *agreement)
{
    for (size_t i = 0; i < agreement->n_deadlines; i++) {
        const struct deadline_row *row = deadline_row_of(agreement->deadlines[i]->name);
        if (row != NULL && row->stops)
            decision_cancel_timer(decision, timer_name(decision, agreement, row->name));
    }
}

void deadlines_go_on(struct decision *decision, AgreementState *agreement, const char *institution,
                     int32_t days)
{
    for (size_t i = 0; i < agreement->n_deadlines; i++) {
        const struct deadline_row *row = deadline_row_of(agreement->deadlines[i]->name);
        if (row != NULL && row->stops)
            deadline_set(decision, agreement, institution, row,
                         text_day(agreement->deadlines[i]->due_on) + days);
    }
}

const struct deadline_row *deadline_missed(struct decision *decision, AgreementState *agreement,
                                           const char *institution, const char *name)
{
    const struct deadline_row *row = deadline_row_of(name);
    const DeadlineState *deadline = row == NULL ? NULL : running(agreement, name);
    DeadlineMissed *fact = deadline == NULL ? NULL : decision_message(decision, DEADLINE_MISSED);
    if (fact == NULL)
        return NULL;
    fact->institution = lent(institution);
    fact->region = agreement->region;
    fact->deadline = lent(row->name);
    fact->due_on = deadline->due_on;
    fact->clause = lent(source_citation(decision->arena, SOURCE_XINJIANG_ADMISSION, row->clause));
    decision->failed |= fact->clause == NULL;
    for (size_t i = 0; i < agreement->n_deadlines; i++)
        if (agreement->deadlines[i] == deadline)
            take_away(agreement, i);
    size_t index = decision_fact(decision, "medhub.registry.deadline_missed.v1", institution, &fact->base);
    decision_deliver(decision, index, VISIBLE_PUBLIC | VISIBLE_ORGANISATION, "%s", institution);
    decision_deliver(decision, index, VISIBLE_PUBLIC | VISIBLE_ORGANISATION, "insurer@%s", agreement->region);
    return row;
}

bool deadline_of_timer(const char *timer, struct arena *arena, const char **region, const char **name)
{
    static const char prefix[] = "agreement/";
    if (strncmp(timer, prefix, sizeof prefix - 1) != 0)
        return false;
    const char *start = timer + sizeof prefix - 1, *slash = strchr(start, '/');
    if (slash == NULL)
        return false;
    *region = arena_text(arena, bytes_from(start, (size_t)(slash - start)));
    *name = slash + 1;
    return *region != NULL;
}

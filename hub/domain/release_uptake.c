/* Uptake: institutions answer that they work with a release; who is late is told of. */
#include "domain/release.h"

#include "domain/catalogue.h"
#include "domain/format.h"
#include "domain/organisation.h"
#include "domain/region.h"

enum { HOUR_MS = 3600000 };

struct answer {
    struct release_step step;
    const CatalogueApplied *said;
    const ReleaseTally *tally;
    bool different;
};

void *catalogue_applied_prepare(struct view *view, const struct event *event)
{
    const CatalogueApplied *said = (const CatalogueApplied *)event->message;
    struct answer *answer = arena_take(view->arena, sizeof *answer);
    if (answer == NULL)
        return NULL;
    *answer = (struct answer){
        .step = {.item_key = said->item_key, .release = said->release, .region = "", .move = RELEASE_ANSWER},
        .said = said,
        .tally = release_tally(view),
    };
    release_begin(view, &answer->step);
    if (answer->tally == NULL)
        return NULL;
    answer->different = said->digest.len != RELEASE_DIGEST_BYTES ||
                        release_digest_number(said->digest) != release_digest_number(answer->tally->digest);
    return answer;
}

/* --- rules --- */

static const struct answer *answer_of(const struct rule_context *context)
{
    return context->prepared;
}

static void it_speaks_for_itself(struct rule_context *context)
{
    const char *source = context->event->attributes.source, *said = answer_of(context)->said->institution;
    if (strcmp(source, said) != 0)
        rule_refuse(context, "institution", said, source);
}

static void digest_is_the_releases(struct rule_context *context)
{
    const struct answer *answer = answer_of(context);
    const ReleaseState *release = answer->step.state;
    if (release == NULL || !answer->different)
        return;
    rule_refuse_or_warn(
        context, release->region, date_in_china(context->view->now_ms), "digest",
        rule_text(context, "%016llx", (unsigned long long)release_digest_number(answer->said->digest)),
        rule_text(context, "%016llx", (unsigned long long)release_digest_number(answer->tally->digest)));
}

const struct rule catalogue_applied_rules[CATALOGUE_APPLIED_RULES] = {
    {
        .id = "CA-141",
        .code = "catalogue.release_key_differs",
        .document = SOURCE_JIANGSU_DRUG_USE,
        .clause = "药品目录数据库",
        .evaluate = release_key_is_its_name,
        .sentence_zh = "版本事件的键须为 release/版本号",
        .sentence_en = "The key of a release is release/ID.",
    },
    {
        .id = "CA-142",
        .code = "catalogue.answer_of_another",
        .document = SOURCE_DESIGN,
        .clause = "启用回执由本机构提交",
        .evaluate = it_speaks_for_itself,
        .sentence_zh = "启用回执由启用机构自己提交",
        .sentence_en = "An institution answers for itself.",
    },
    {
        .id = "CA-143",
        .code = "catalogue.release_move_not_possible",
        .document = SOURCE_DESIGN,
        .clause = "目录版本的状态",
        .evaluate = release_move_is_possible,
        .sentence_zh = "仅已发布的版本可以启用",
        .sentence_en = "What is applied was published.",
    },
    {
        .id = "CA-144",
        .code = "catalogue.applied_digest_differs",
        .document = SOURCE_JIANGSU_DRUG_USE,
        .clause = "定期发布",
        .parameter = CATALOGUE_DIFFERENT_REFUSED,
        .evaluate = digest_is_the_releases,
        .sentence_zh = "启用的摘要应与版本一致",
        .sentence_en = "The digest of what is applied should be that of the release.",
    },
};

/* --- the decision --- */

/* A copy holds releases of other regions too: an answer from elsewhere is a fact, and counts for nobody's uptake. */
static bool lies_within(struct view *view, const char *institution, const char *outer)
{
    const Organisation *organisation = organisation_on(view, institution, date_in_china(view->now_ms));
    struct region region = region_of(organisation == NULL ? outer : organisation->region);
    do
        if (strcmp(region.code, outer) == 0)
            return true;
    while (region_widen(&region));
    return false;
}

static void count_answer(ReleaseState *release, const ReleaseAnswer *before, bool different)
{
    if (before != NULL && before->different)
        release->different_count--;
    else if (before != NULL)
        release->applied_count--;
    if (different)
        release->different_count++;
    else
        release->applied_count++;
}

void catalogue_applied_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    const struct answer *answer = prepared;
    const CatalogueApplied *said = answer->said;
    ReleaseState *release = answer->step.state;
    const ReleaseAnswer *before =
        (const ReleaseAnswer *)view_state(view, RELEASE_ANSWER_ROW, "applied/%s", said->institution);
    ReleaseAnswer *now = decision_message(decision, RELEASE_ANSWER_ROW);
    ReleaseRow *row = decision_message(decision, RELEASE_ROW);
    const char *key = format_in(decision->arena, "%s/%s", said->release, said->institution);
    (void)event;
    if (now == NULL || row == NULL || key == NULL) {
        decision->failed = true;
        return;
    }
    if (lies_within(view, said->institution, release->region))
        count_answer(release, before, answer->different);
    now->different = answer->different;
    row->applied = (CatalogueApplied *)said;
    size_t fact = decision_fact_of_event(decision);
    decision_write(decision, &release->base, "release");
    decision_write(decision, &now->base, "applied/%s", said->institution);
    decision_table_row(decision, TABLE_RELEASE, key, release->region, text_day(release->effective_on), DATE_NONE,
                       &row->base);
    decision_deliver(decision, fact, VISIBLE_ALL, "%s", release->publisher);
}

/* --- the time to answer --- */

static bool policy_hours(struct view *view, const char *parameter, const char *region, int64_t *ms)
{
    int64_t hours = 0;
    bool found = view_policy_int(view, parameter, region, date_in_china(view->now_ms), &hours) && hours > 0;
    *ms = hours * HOUR_MS;
    return found;
}

void release_open_for_answers(struct view *view, struct decision *decision, ReleaseState *release,
                              const ReleasePublished *published)
{
    ReleaseRow *row = decision_message(decision, RELEASE_ROW);
    int64_t ms = 0;
    if (row == NULL)
        return;
    row->published = (ReleasePublished *)published;
    decision_table_row(decision, TABLE_RELEASE, published->release, published->region,
                       text_day(published->effective_on), DATE_NONE, &row->base);
    if (!policy_hours(view, CATALOGUE_ANSWER_HOURS, published->region, &ms))
        return; /* this region wants no answers */
    release->due_at_ms = view->now_ms + ms;
    decision_timer(decision, "overdue", RELEASE_OVERDUE_TIMER, release->due_at_ms);
}

/* --- who is late --- */

enum { NAMED_MAX = 100 };

/* Of the audience that was named: who has not answered, and who with another digest; the first of each by name. */
static void name_the_late(struct view *view, struct decision *decision, CatalogueOverdue *overdue)
{
    const ReleaseAudience *audience = (const ReleaseAudience *)view_state(view, RELEASE_AUDIENCE, "audience");
    overdue->missing = decision_list(decision, NAMED_MAX);
    overdue->different = decision_list(decision, NAMED_MAX);
    for (size_t i = 0; audience != NULL && !decision->failed && i < audience->n_institutions; i++) {
        char *institution = audience->institutions[i];
        const ReleaseAnswer *answer = (const ReleaseAnswer *)view_state(view, RELEASE_ANSWER_ROW, "applied/%s", institution);
        if (answer == NULL && overdue->missing_count++ < NAMED_MAX)
            overdue->missing[overdue->n_missing++] = institution;
        else if (answer != NULL && answer->different && overdue->n_different < NAMED_MAX)
            overdue->different[overdue->n_different++] = institution;
    }
}

static CatalogueOverdue *overdue_of(struct decision *decision, const char *key, const ReleaseState *release,
                                    const ReleaseTally *tally)
{
    CatalogueOverdue *overdue = decision_message(decision, CATALOGUE_OVERDUE_MESSAGE);
    if (overdue == NULL)
        return NULL;
    overdue->item_key = lent(key);
    overdue->release = lent(key + strlen("release/"));
    overdue->region = release->region;
    overdue->effective_on = release->effective_on;
    overdue->digest = tally->digest;
    overdue->applied_count = release->applied_count;
    overdue->different_count = release->different_count;
    overdue->audience_count = release->audience_count;
    overdue->reminder = release->reminders;
    overdue->due_at = decision_moment(decision, release->due_at_ms);
    return overdue;
}

static void remind_again(struct view *view, struct decision *decision, const ReleaseState *release)
{
    int64_t ms = 0, reminders = 0;
    date_t today = date_in_china(view->now_ms);
    if (view_policy_int(view, CATALOGUE_REMINDERS, release->region, today, &reminders) &&
        release->reminders < reminders && policy_hours(view, CATALOGUE_REMIND_HOURS, release->region, &ms))
        decision_timer(decision, "overdue", RELEASE_OVERDUE_TIMER, view->now_ms + ms);
}

static bool all_have_it(const ReleaseState *release)
{
    return release->audience_count > 0 && release->applied_count >= release->audience_count;
}

void release_overdue_fire(struct view *view, const struct event *event, struct decision *decision)
{
    ReleaseState *release = release_state(view);
    const ReleaseTally *tally = release_tally(view);
    (void)event;
    if (release == NULL || tally == NULL || release->status != RELEASE_IS_PUBLISHED || all_have_it(release))
        return;
    release->reminders++;
    CatalogueOverdue *overdue = overdue_of(decision, view->key, release, tally);
    if (overdue == NULL)
        return;
    name_the_late(view, decision, overdue);
    size_t fact = decision_fact(decision, CATALOGUE_OVERDUE_TYPE, view->key, &overdue->base);
    decision_write(decision, &release->base, "release");
    decision_deliver(decision, fact, VISIBLE_ALL, "%s", release->publisher);
    decision_deliver(decision, fact, VISIBLE_PUBLIC, "institution@%s", release->region);
    remind_again(view, decision, release);
}

/* Approving: another person decides from which day a staged release holds. */
#include "domain/release.h"

#include "domain/catalogue.h"

struct approval {
    struct release_step step;
    const ReleaseApproved *said;
    date_t effective_on;
};

void *release_approve_prepare(struct view *view, const struct event *event)
{
    const ReleaseApproved *said = (const ReleaseApproved *)event->message;
    struct approval *approval = arena_take(view->arena, sizeof *approval);
    if (approval == NULL)
        return NULL;
    *approval = (struct approval){
        .step = {.item_key = said->item_key, .release = said->release, .region = said->region, .move = RELEASE_APPROVE},
        .said = said,
        .effective_on = text_day(said->effective_on),
    };
    release_begin(view, &approval->step);
    return approval;
}

/* --- rules --- */

static const struct approval *approval_of(const struct rule_context *context)
{
    return context->prepared;
}

static void four_eyes(struct rule_context *context)
{
    const struct approval *approval = approval_of(context);
    const ReleaseState *release = approval->step.state;
    for (size_t i = 0; release != NULL && i < release->n_proposers; i++)
        if (strcmp(release->proposers[i], approval->said->approver) == 0)
            rule_refuse(context, "approver", approval->said->approver, "a person who proposed none of it");
}

static void what_was_staged_is_approved(struct rule_context *context)
{
    const struct approval *approval = approval_of(context);
    const ReleaseState *release = approval->step.state;
    if (release == NULL)
        return;
    if (approval->said->item_count != release->staged_count)
        rule_refuse(context, "itemCount", rule_text(context, "%llu", (unsigned long long)approval->said->item_count),
                    rule_text(context, "%llu", (unsigned long long)release->staged_count));
    if (approval->said->staged_digest.len != RELEASE_DIGEST_BYTES ||
        release_digest_number(approval->said->staged_digest) != release->staged_digest)
        rule_refuse(
            context, "stagedDigest",
            rule_text(context, "%016llx",
                      (unsigned long long)release_digest_number(approval->said->staged_digest)),
            rule_text(context, "%016llx", (unsigned long long)release->staged_digest));
}

static void its_day_is_still_to_come(struct rule_context *context)
{
    const struct approval *approval = approval_of(context);
    date_t today = date_in_china(context->view->now_ms);
    int64_t days = 0;
    if (!view_policy_int(context->view, RELEASE_LEAD_DAYS, approval->said->region, today, &days))
        rule_policy_missing(context, approval->said->region, today);
    else if (approval->effective_on < today + days)
        rule_refuse(context, "effectiveOn", approval->said->effective_on,
                    rule_text(context, "%s or later", rule_day(context, (date_t)(today + days))));
}

static void answers_have_their_time(struct rule_context *context)
{
    const struct approval *approval = approval_of(context);
    date_t today = date_in_china(context->view->now_ms);
    int64_t value = 0;
    if (!view_policy_int(context->view, context->rule->parameter, approval->said->region, today, &value))
        rule_policy_missing(context, approval->said->region, today);
    else if (value < 0)
        rule_refuse(context, "region", rule_text(context, "%lld", (long long)value), "0 or more");
}

const struct rule release_approved_rules[RELEASE_APPROVED_RULES] = {
    {
        .id = "CA-121",
        .code = "catalogue.release_key_differs",
        .document = SOURCE_JIANGSU_DRUG_USE,
        .clause = "药品目录数据库",
        .evaluate = release_key_is_its_name,
        .sentence_zh = "版本事件的键须为 release/版本号",
        .sentence_en = "The key of a release is release/ID.",
    },
    {
        .id = "CA-122",
        .code = "catalogue.release_not_its_region",
        .document = SOURCE_JIANGSU_DRUG_USE,
        .clause = "省级统一发布",
        .evaluate = release_source_speaks_for_the_region,
        .sentence_zh = "目录版本由本地区或国家医疗保障局批准",
        .sentence_en = "A release is approved by the bureau of its region or the nation's.",
    },
    {
        .id = "CA-123",
        .code = "catalogue.release_move_not_possible",
        .document = SOURCE_DESIGN,
        .clause = "目录版本的状态",
        .evaluate = release_move_is_possible,
        .sentence_zh = "仅齐备而未发布的版本可以批准",
        .sentence_en = "What is approved is complete and not yet published.",
    },
    {
        .id = "CA-124",
        .code = "catalogue.release_same_person",
        .document = SOURCE_DESIGN,
        .clause = "四眼原则",
        .evaluate = four_eyes,
        .sentence_zh = "批准人不得是提交人",
        .sentence_en = "Who proposed a release does not approve it.",
    },
    {
        .id = "CA-125",
        .code = "catalogue.release_differs_from_staged",
        .document = SOURCE_DESIGN,
        .clause = "所批即所存",
        .evaluate = what_was_staged_is_approved,
        .sentence_zh = "批准的条目数与摘要须与暂存的一致",
        .sentence_en = "What is approved is what was staged: count and digest agree.",
    },
    {
        .id = "CA-126",
        .code = "catalogue.release_too_late",
        .document = SOURCE_PRACTICE,
        .clause = "待统筹地区确定",
        .parameter = RELEASE_LEAD_DAYS,
        .evaluate = its_day_is_still_to_come,
        .sentence_zh = "生效日须在今日之后，并留足规定天数",
        .sentence_en = "Its day is to come, and as many days away as the policy wants.",
    },
    {
        .id = "CA-127",
        .code = "catalogue.answer_time_unknown",
        .document = SOURCE_PRACTICE,
        .clause = "待统筹地区确定",
        .parameter = CATALOGUE_ANSWER_HOURS,
        .evaluate = answers_have_their_time,
        .sentence_zh = "本地区须规定机构回告启用的时限",
        .sentence_en = "The region says how long institutions have to answer; 0: no answers are wanted.",
    },
    {
        .id = "CA-128",
        .code = "catalogue.remind_time_unknown",
        .document = SOURCE_PRACTICE,
        .clause = "待统筹地区确定",
        .parameter = CATALOGUE_REMIND_HOURS,
        .evaluate = answers_have_their_time,
        .sentence_zh = "本地区须规定逾期提醒的间隔",
        .sentence_en = "The region says how long after a reminder the next one comes.",
    },
    {
        .id = "CA-129",
        .code = "catalogue.reminders_unknown",
        .document = SOURCE_PRACTICE,
        .clause = "待统筹地区确定",
        .parameter = CATALOGUE_REMINDERS,
        .evaluate = answers_have_their_time,
        .sentence_zh = "本地区须规定逾期提醒的次数",
        .sentence_en = "The region says how often is reminded.",
    },
};

/* --- the decision --- */

static void note_audience(struct decision *decision, const ReleaseApproved *said)
{
    ReleaseAudience *audience = decision_message(decision, RELEASE_AUDIENCE);
    if (audience == NULL || said->n_audience == 0)
        return;
    audience->n_institutions = said->n_audience;
    audience->institutions = said->audience;
    decision_write(decision, &audience->base, "audience");
}

void release_approve_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    const struct approval *approval = prepared;
    const ReleaseApproved *said = approval->said;
    ReleaseState *release = approval->step.state;
    (void)event;
    release_move(release, RELEASE_APPROVE);
    release->approver = said->approver;
    release->effective_on = said->effective_on;
    release->version = is_given(said->version) ? said->version : said->release;
    release->document = said->document;
    release->audience_count = said->n_audience > 0 ? said->n_audience : said->audience_count;
    release->next_piece = 1;
    (void)decision_fact_of_event(decision);
    note_audience(decision, said);
    decision_write(decision, &release->base, "release");
    release_go_on(view, decision);
}

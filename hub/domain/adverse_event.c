/* An adverse event: the hospital reports it, registrant and regulator hear of it. */
#include "domain/recall.h"

#include "domain/region.h"

enum { DAY_MS = 86400000 };

struct report {
    const AdverseEventReported *said;
    const AdverseReportState *earlier; /* of the same number, or NULL */
};

void *adverse_event_prepare(struct view *view, const struct event *event)
{
    const AdverseEventReported *said = (const AdverseEventReported *)event->message;
    struct report *report = arena_take(view->arena, sizeof *report);
    if (report == NULL)
        return NULL;
    report->said = said;
    report->earlier = (const AdverseReportState *)view_state(view, ADVERSE_REPORT_STATE, "adverse/%s/%s",
                                                             said->reporter, said->report);
    return report;
}

static const AdverseEventReported *said_in(const struct rule_context *context)
{
    return ((const struct report *)context->prepared)->said;
}

static void reporter_says_it(struct rule_context *context)
{
    const AdverseEventReported *said = said_in(context);
    if (strcmp(said->reporter, context->event->attributes.source) != 0)
        rule_refuse(context, "reporter", said->reporter, "the organisation that says it");
}

static void number_is_new(struct rule_context *context)
{
    const struct report *report = context->prepared;
    if (report->earlier != NULL)
        rule_refuse(context, "report", report->said->report, "a number that the reporter has not used for the product");
}

static void moments_follow(struct rule_context *context)
{
    const AdverseEventReported *said = said_in(context);
    int64_t happened_ms = timestamp_ms(said->happened_at), known_ms = timestamp_ms(said->known_at);
    if (known_ms < happened_ms)
        rule_refuse(context, "knownAt", "before it happened", "not before happenedAt");
    else if (known_ms > context->view->now_ms)
        rule_refuse(context, "knownAt", "in the future", "not after the present moment");
}

/* A late report is better than none: it is taken, and its lateness told. */
static void is_in_time(struct rule_context *context, Harm harm)
{
    const AdverseEventReported *said = said_in(context);
    date_t today = date_in_china(context->view->now_ms);
    int64_t days;
    if (said->harm != harm)
        return;
    if (!view_policy_int(context->view, context->rule->parameter, said->region, today, &days) || days < 1)
        rule_policy_missing(context, said->region, today);
    else if (context->view->now_ms - timestamp_ms(said->known_at) > days * DAY_MS)
        rule_warn(context, "knownAt", "reported late",
                  rule_text(context, "within %lld days of knowing", (long long)days));
}

static void death_is_reported_in_time(struct rule_context *context)
{
    is_in_time(context, HARM_DEATH);
}

static void serious_harm_is_reported_in_time(struct rule_context *context)
{
    is_in_time(context, HARM_SERIOUS);
}

const struct rule adverse_event_rules[ADVERSE_EVENT_RULES] = {
    {
        .id = "RC-061",
        .code = "adverse_event.not_its_party",
        .document = SOURCE_GANSU_UDI,
        .clause = "不良事件监测",
        .evaluate = reporter_says_it,
        .sentence_zh = "不良事件由报告单位自己提交",
        .sentence_en = "An adverse event is said by the one that reports it.",
    },
    {
        .id = "RC-062",
        .code = "adverse_event.known_already",
        .document = SOURCE_GANSU_UDI,
        .clause = "不良事件监测",
        .evaluate = number_is_new,
        .sentence_zh = "同一报告单位的报告编号不得重复",
        .sentence_en = "The number of a report is new for its reporter.",
    },
    {
        .id = "RC-063",
        .code = "adverse_event.moment_not_credible",
        .document = SOURCE_GANSU_UDI,
        .clause = "不良事件监测",
        .evaluate = moments_follow,
        .sentence_zh = "获知时间不得早于发生时间，也不得晚于当前时间",
        .sentence_en = "An event is known after it happened and before now.",
    },
    {
        .id = "RC-064",
        .code = "adverse_event.late",
        .document = SOURCE_PRACTICE,
        .clause = "死亡事件报告时限，待统筹地区确定",
        .parameter = "adverse_event.death_days",
        .evaluate = death_is_reported_in_time,
        .sentence_zh = "导致死亡的事件须在规定天数内报告",
        .sentence_en = "A death is reported within the days of the policy.",
    },
    {
        .id = "RC-065",
        .code = "adverse_event.late",
        .document = SOURCE_PRACTICE,
        .clause = "严重伤害事件报告时限，待统筹地区确定",
        .parameter = "adverse_event.serious_days",
        .evaluate = serious_harm_is_reported_in_time,
        .sentence_zh = "导致严重伤害的事件须在规定天数内报告",
        .sentence_en = "Serious harm is reported within the days of the policy.",
    },
};

/* The registrant must see what happened, not to whom. */
void adverse_event_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    const struct report *report = prepared;
    const AdverseEventReported *said = report->said;
    struct region province = region_province(said->region);
    const unsigned visibility = VISIBLE_PUBLIC | VISIBLE_ORGANISATION | VISIBLE_CLINICAL;
    (void)event;
    size_t fact = decision_fact_of_event(decision);
    decision_deliver(decision, fact, visibility, "%s", said->registrant);
    decision_deliver(decision, fact, visibility, "regulator@%s", province.code);
    AdverseReportState *state = decision_message(decision, ADVERSE_REPORT_STATE);
    if (state == NULL)
        return;
    state->harm = said->harm;
    state->reported_at_ms = view->now_ms;
    decision_write(decision, &state->base, "adverse/%s/%s", said->reporter, said->report);
}

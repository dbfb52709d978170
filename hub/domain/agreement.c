/* What a step of an agreement must be. What follows from it: agreement_decide.c. */
#include "domain/agreement.h"

#include "domain/conformance.h"
#include "domain/licence.h"
#include "domain/organisation.h"
#include "domain/registry.h"
#include "domain/span.h"

#define OPEN_MONTHS   "agreement.open_months_min"
#define STAFF         "agreement.staff_min"
#define PUBLICITY     "agreement.publicity_days"
#define TERM          "agreement.term_months"
#define NOTICE        "agreement.notice_months"
#define CHANGE_NOTICE "agreement.change_notice_working_days"
#define ANSWER        "agreement.answer_working_days"

static const struct advance *advance_of(const struct rule_context *context)
{
    return context->prepared;
}

static const Organisation *institution_of(const struct advance *advance)
{
    return advance->registered == NULL ? NULL : advance->registered->organisation;
}

static bool is_hospital(const struct advance *advance)
{
    const Organisation *institution = institution_of(advance);
    return institution != NULL && institution->kind == ORGANISATION_HOSPITAL;
}

static AgreementStep step_of(const struct rule_context *context)
{
    return advance_of(context)->said->step;
}

/* The rule's parameter for the region on the day of the step; false: told as missing. */
static bool policy_of(struct rule_context *context, int64_t *value)
{
    const struct advance *advance = advance_of(context);
    if (view_policy_int(context->view, context->rule->parameter, advance->said->region, advance->day, value))
        return true;
    rule_policy_missing(context, advance->said->region, advance->day);
    return false;
}

/* --- whose, where, who, when --- */

static void institution_is_the_key(struct rule_context *context)
{
    rule_key_is(context, "institution", advance_of(context)->said->institution);
}

static void institution_is_registered(struct rule_context *context)
{
    const struct advance *advance = advance_of(context);
    const Organisation *institution = institution_of(advance);
    if (institution == NULL)
        rule_refuse(context, "institution", "not registered", "an institution that a registrar has entered");
    else if (institution->kind != ORGANISATION_HOSPITAL && institution->kind != ORGANISATION_PHARMACY)
        rule_refuse(context, "institution", institution->id, "a hospital or a pharmacy");
}

static void step_is_possible(struct rule_context *context)
{
    const struct advance *advance = advance_of(context);
    if (agreement_mover(advance->stage, advance->said->step) == AGREEMENT_BY_NOBODY)
        rule_refuse(
            context, "step",
            rule_text(context, "%s: %s is not possible", agreement_stage_name(advance->stage),
                      agreement_step_name(advance->said->step)),
            rule_text(context, "one of: %s", agreement_steps_possible(advance->stage, context->view->arena)));
}

static bool acts_for(const Organisation *organisation, const char *region)
{
    if (!organisation_has_role(organisation, "insurer") && !organisation_has_role(organisation, "bureau") &&
        !organisation_has_role(organisation, "registrar"))
        return false;
    return organisation_covers(organisation, region);
}

/* Whom the registry does not know is the hub's operator: authorise lets no other stranger pass. */
static bool is_the_operator(const Organisation *source)
{
    return source == NULL || source->kind == ORGANISATION_HUB_OPERATOR;
}

static void party_says_it(struct rule_context *context)
{
    const struct advance *advance = advance_of(context);
    const char *source = context->event->attributes.source, *expected = NULL;
    const Organisation *known = organisation_on(context->view, source, date_in_china(context->view->now_ms));
    bool agency = known != NULL && acts_for(known, advance->said->region);
    switch (agreement_party(advance->said->step)) {
    case AGREEMENT_BY_AGENCY:
        expected = agency ? NULL : "an agency that acts for the region";
        break;
    case AGREEMENT_BY_INSTITUTION:
        expected = agency || strcmp(source, advance->said->institution) == 0
                       ? NULL
                       : "the institution, or an agency that acts for the region";
        break;
    case AGREEMENT_BY_OPERATOR:
        expected = is_the_operator(known) ? NULL : "the hub's operator";
        break;
    case AGREEMENT_BY_HUB:
    case AGREEMENT_BY_NOBODY:
        expected = "the hub itself, when a deadline has passed";
        break;
    }
    if (expected != NULL)
        rule_refuse(context, "step",
                    rule_text(context, "%s said by %s", agreement_step_name(step_of(context)), source),
                    expected);
}

static void days_go_forward(struct rule_context *context)
{
    const struct advance *advance = advance_of(context);
    date_t today = date_in_china(context->view->now_ms);
    if (advance->day > today)
        rule_refuse(context, "on", rule_day(context, advance->day),
                    rule_text(context, "not after %s", rule_day(context, today)));
    else if (advance->agreement != NULL && advance->day < text_day(advance->agreement->moved_on))
        rule_refuse(
            context, "on", rule_day(context, advance->day),
            rule_text(context, "not before %s, the day of the step before", advance->agreement->moved_on));
}

static void cause_is_given(struct rule_context *context)
{
    AgreementStep step = step_of(context);
    bool has_one = step == AGREEMENT_STEP_PAUSED || step == AGREEMENT_STEP_SUSPENDED ||
                   step == AGREEMENT_STEP_ENDED || step == AGREEMENT_STEP_FAILED;
    if (has_one && advance_of(context)->said->cause == CAUSE_NONE)
        rule_refuse(context, "cause", "", "why");
}

/* --- the application --- */

static void institution_has_been_open(struct rule_context *context)
{
    const struct advance *advance = advance_of(context);
    date_t opened = text_day(advance->said->opened_on);
    int64_t months;
    if (step_of(context) != AGREEMENT_STEP_APPLIED || !policy_of(context, &months))
        return;
    date_t earliest = date_after_months(opened, months);
    if (opened == DATE_NONE || advance->day < earliest)
        rule_refuse(context, "openedOn", advance->said->opened_on,
                    rule_text(context, "open for %lld months on %s", (long long)months,
                              rule_day(context, advance->day)));
}

static void institution_is_licensed(struct rule_context *context)
{
    const struct advance *advance = advance_of(context);
    if (step_of(context) == AGREEMENT_STEP_APPLIED)
        licence_must_count(context, "institution", advance->said->institution, advance->said->region, advance->day);
}

/* What keeps an institution from applying again, and for how long. */
static const struct bar {
    const char *parameter;
    unsigned causes;       /* set of bits */
    uint32_t failures_min; /* 0: it does not count them */
    uint32_t failures_max;
} bars[] = {
    {"agreement.bar_unlawful_months", 1u << CAUSE_FRAUD | 1u << CAUSE_UNLAWFUL, 0, 0},
    {"agreement.bar_breach_months", 1u << CAUSE_SERIOUS_BREACH, 0, 0},
    {"agreement.bar_failed_months", 0, 1, 1},
    {"agreement.bar_failed_again_months", 0, 2, UINT32_MAX},
    {"agreement.bar_not_signed_months", 1u << CAUSE_NOT_SIGNED, 0, 0},
};

static const struct bar *bar_of(const struct rule *rule)
{
    for (size_t i = 0; i < sizeof bars / sizeof *bars; i++)
        if (strcmp(bars[i].parameter, rule->parameter) == 0)
            return &bars[i];
    return NULL;
}

static bool bars_it(const struct bar *bar, const AgreementState *agreement)
{
    bool failed = agreement->stage == AGREEMENT_FAILED && bar->failures_min > 0 &&
                  agreement->failures >= bar->failures_min && agreement->failures <= bar->failures_max;
    return failed || (agreement_is_over(agreement->stage) && (bar->causes >> agreement->cause & 1) != 0);
}

static void nothing_bars_it(struct rule_context *context)
{
    const struct advance *advance = advance_of(context);
    const struct bar *bar = bar_of(context->rule);
    int64_t months;
    if (step_of(context) != AGREEMENT_STEP_APPLIED || advance->agreement == NULL || bar == NULL ||
        !bars_it(bar, advance->agreement) || !policy_of(context, &months))
        return;
    date_t earliest = date_after_months(text_day(advance->agreement->ended_on), months);
    if (earliest == DATE_NONE || advance->day < earliest)
        rule_refuse(context, "on", rule_day(context, advance->day),
                    rule_text(context, "not before %s", rule_day(context, earliest)));
}

static void supplement_is_requested_once(struct rule_context *context)
{
    const AgreementState *agreement = advance_of(context)->agreement;
    if (step_of(context) == AGREEMENT_STEP_SUPPLEMENT_REQUESTED && agreement != NULL &&
        is_given(agreement->supplement_requested_on))
        rule_refuse(context, "step",
                    rule_text(context, "requested on %s", agreement->supplement_requested_on),
                    "one single request for what is missing");
}

/* DATE and no more than the rule's parameter of working days after FROM; told if not. */
static bool is_within_working_days(struct rule_context *context, date_t from, date_t date, date_t *last)
{
    int64_t days;
    *last = DATE_NONE;
    if (!policy_of(context, &days))
        return true; /* told */
    if (days < 0 || days > 3660 ||
        !calendar_add_working_days(context->view->calendar, from, (int)days, last)) {
        rule_refuse(
            context, "on", rule_day(context, from),
            rule_text(context, "a calendar that covers %lld working days from then", (long long)days));
        return true; /* told */
    }
    return date <= *last;
}

static void supplement_is_requested_in_time(struct rule_context *context)
{
    const struct advance *advance = advance_of(context);
    date_t last;
    if (step_of(context) == AGREEMENT_STEP_SUPPLEMENT_REQUESTED && advance->agreement != NULL &&
        !is_within_working_days(context, text_day(advance->agreement->applied_on), advance->day, &last))
        rule_refuse(context, "on", rule_day(context, advance->day),
                    rule_text(context, "not after %s", rule_day(context, last)));
}

static void institution_has_staff(struct rule_context *context)
{
    const struct advance *advance = advance_of(context);
    int64_t least;
    if (step_of(context) != AGREEMENT_STEP_REVIEWED || !policy_of(context, &least))
        return;
    uint32_t count = advance->staff == NULL ? 0
                     : is_hospital(advance) ? advance->staff->first_registered_doctors
                                            : advance->staff->pharmacists;
    if (count < least)
        rule_refuse(
            context, "institution", rule_text(context, "%u", count),
            rule_text(context, "at least %lld %s", (long long)least,
                      is_hospital(advance) ? "doctors whose first registration is there" : "pharmacists"));
}

/* --- publicity and agreement --- */

static void publicity_has_run(struct rule_context *context)
{
    const struct advance *advance = advance_of(context);
    int64_t days;
    if (advance->agreement == NULL)
        return;
    const char *since = step_of(context) == AGREEMENT_STEP_CONFIRMED ? advance->agreement->publicised_on
                        : step_of(context) == AGREEMENT_STEP_AGREED  ? advance->agreement->confirmed_on
                                                                     : "";
    if (!is_given(since) || !policy_of(context, &days))
        return;
    date_t earliest = days < 0 || days > 3660 ? DATE_NONE : text_day(since) + (date_t)days;
    if (earliest == DATE_NONE || advance->day < earliest)
        rule_refuse(
            context, "on", rule_day(context, advance->day),
            rule_text(context, "not before %s: publicised on %s", rule_day(context, earliest), since));
}

static bool makes_a_term(AgreementStep step)
{
    return step == AGREEMENT_STEP_AGREED || step == AGREEMENT_STEP_RENEWED;
}

static void term_is_a_year_as_a_rule(struct rule_context *context)
{
    const struct advance *advance = advance_of(context);
    struct span term = {advance->valid_from, advance->valid_until};
    int64_t months;
    if (!makes_a_term(step_of(context)) || !policy_of(context, &months))
        return;
    if (!span_is_ordered(term) || term.until == DATE_NONE)
        rule_refuse(context, "validUntil", advance->said->valid_until,
                    rule_text(context, "not before %s", rule_day(context, term.from)));
    else if (term.until >= date_after_months(term.from, months))
        rule_warn(context, "validUntil", rule_day(context, term.until),
                  rule_text(context, "%lld months as a rule", (long long)months));
}

static void signing_day_is_ahead(struct rule_context *context)
{
    const struct advance *advance = advance_of(context);
    if (step_of(context) == AGREEMENT_STEP_CONFIRMED &&
        (!is_given(advance->said->sign_by) || text_day(advance->said->sign_by) < advance->day))
        rule_refuse(
            context, "signBy", advance->said->sign_by,
            rule_text(context, "the last day for signing, not before %s", rule_day(context, advance->day)));
}

static void test_is_proven(struct rule_context *context)
{
    const struct advance *advance = advance_of(context);
    if (step_of(context) != AGREEMENT_STEP_CONNECTION_TESTED)
        return;
    const char *fault = conformance_fault(context->view, advance->said->institution, advance->said->region,
                                          advance->said->report);
    if (fault != NULL)
        rule_refuse(context, "report", fault,
                    "a report of the connection test without failures, signed by the operator");
}

/* --- while it runs --- */

static bool is_own_request(const struct rule_context *context)
{
    AgreementStep step = step_of(context);
    return (step == AGREEMENT_STEP_PAUSED || step == AGREEMENT_STEP_ENDED) &&
           advance_of(context)->said->cause == CAUSE_OWN_REQUEST;
}

static void notice_was_given(struct rule_context *context)
{
    const struct advance *advance = advance_of(context);
    date_t requested = text_day(advance->said->requested_on);
    int64_t months;
    if (!is_own_request(context) || !policy_of(context, &months))
        return;
    if (requested == DATE_NONE || advance->day < date_after_months(requested, months))
        rule_refuse(
            context, "requestedOn", advance->said->requested_on,
            rule_text(context, "%lld months before %s", (long long)months, rule_day(context, advance->day)));
}

static void public_hospital_stays(struct rule_context *context)
{
    const struct advance *advance = advance_of(context);
    if (is_own_request(context) && is_hospital(advance) && institution_of(advance)->public_institution)
        rule_refuse(context, "cause", "OWN_REQUEST",
                    "a cause: a public hospital may not ask to pause or end");
}

static void change_is_told_in_time(struct rule_context *context)
{
    const struct advance *advance = advance_of(context);
    date_t approved = text_day(advance->said->approved_on), last;
    if (step_of(context) != AGREEMENT_STEP_CHANGED)
        return;
    if (approved == DATE_NONE || approved > advance->day)
        rule_refuse(context, "approvedOn", advance->said->approved_on,
                    "the day on which the change was approved");
    else if (!is_within_working_days(context, approved, advance->day, &last))
        rule_warn(context, "approvedOn", rule_day(context, approved),
                  rule_text(context, "told by %s", rule_day(context, last)));
}

/* A step that sets a deadline needs the policy's value of it, and a calendar that reaches so far. */
static void deadline_can_be_set(struct rule_context *context)
{
    const struct advance *advance = advance_of(context);
    const struct deadline_row *row = deadline_row_of_parameter(context->rule->parameter);
    int64_t amount;
    if (row == NULL || !deadline_is_set_by(row, step_of(context), advance->said->cause) ||
        !policy_of(context, &amount))
        return;
    if (agreement_due(context->view, advance, row) == DATE_NONE)
        rule_refuse(context, "on", rule_day(context, advance->day),
                    rule_text(context, "a calendar that reaches the end of the deadline %s", row->name));
}

/* --- the table --- */

/* clang-format off */
#define RULE(id_, code_, clause_, parameter_, evaluate_, zh_, en_)                                           \
    {.id = (id_), .code = (code_), .document = SOURCE_XINJIANG_ADMISSION, .clause = (clause_),               \
     .parameter = (parameter_), .evaluate = (evaluate_), .sentence_zh = (zh_), .sentence_en = (en_)}

const struct rule agreement_rules[AGREEMENT_RULES] = {
    RULE("AG-001", "agreement.institution_differs", "统一的医保编码", NULL, institution_is_the_key,
         "协议所属机构须与事件键一致", "The institution of the agreement is the event's key."),
    RULE("AG-002", "agreement.institution_unknown", "申请主体", NULL, institution_is_registered,
         "办理协议的须为已登记的医疗机构或零售药店",
         "An agreement is made with a registered hospital or pharmacy."),
    RULE("AG-003", "agreement.step_not_possible", "申请、评估、协商、联网测试、运行", NULL, step_is_possible,
         "协议办理须按规定的顺序进行", "The agreement stands where this step is possible."),
    RULE("AG-004", "agreement.not_its_party", "经办机构受理、评估、公示、签订", NULL, party_says_it,
         "该步骤须由有权的一方提交", "The step is said by the party that may say it."),
    RULE("AG-005", "agreement.out_of_order", "办理时限", NULL, days_go_forward,
         "办理日期不得早于上一步骤，也不得晚于当日", "A step is not before the one before it, nor in the future."),
    RULE("AG-006", "agreement.cause_missing", "中止、解除的情形", NULL, cause_is_given,
         "中止、解除、评估不合格须写明原因", "A pause, a suspension, an end or a failure says why."),
    RULE("AG-007", "agreement.open_too_short", "正式运营至少3个月", OPEN_MONTHS,
         institution_has_been_open, "申请时须已正式运营满规定月数",
         "Who applies has been open for the months of the policy."),
    RULE("AG-008", "agreement.barred_unlawful", "弄虚作假、违法解除未满3年",
         "agreement.bar_unlawful_months", nothing_bars_it, "因违法或申请作假终止的，限期内不得再申请",
         "After fraud or an unlawful act no application for the time of the policy."),
    RULE("AG-009", "agreement.barred_breach", "严重违约解除未满1年",
         "agreement.bar_breach_months", nothing_bars_it, "因严重违约解除的，限期内不得再申请",
         "After a serious breach no application for the time of the policy."),
    RULE("AG-010", "agreement.barred_failed", "评估不合格整改3个月后再申请",
         "agreement.bar_failed_months", nothing_bars_it, "评估不合格的，整改期满后方可再申请",
         "After a failed review the time to put things right passes before the next application."),
    RULE("AG-011", "agreement.barred_failed_again", "再次评估不合格1年内不受理",
         "agreement.bar_failed_again_months", nothing_bars_it, "再次评估不合格的，限期内不得再申请",
         "After a second failed review no application for the time of the policy."),
    RULE("AG-012", "agreement.barred_not_signed", "未按期签订视为放弃，1年内不受理",
         "agreement.bar_not_signed_months", nothing_bars_it, "未按期签订的，限期内不得再申请",
         "Who has let the signing date pass does not apply for the time of the policy."),
    RULE("AG-013", "agreement.supplement_twice", "一次性告知补充材料", NULL, supplement_is_requested_once,
         "补充材料只能一次性告知", "What is missing is asked for once."),
    RULE("AG-014", "agreement.supplement_late", "5个工作日内一次性告知", ANSWER, supplement_is_requested_in_time,
         "须在规定工作日内告知补充材料", "What is missing is asked for within the working days of the policy."),
    RULE("AG-015", "agreement.staff_missing", "至少1名医师第一注册地在本机构；药店至少1名药师",
         STAFF, institution_has_staff, "通过评估的机构须有规定数量的登记医师或药师",
         "An institution that passes the review has the registered doctors or pharmacists of the policy."),
    RULE("AG-016", "agreement.publicity_runs", "公示10日", PUBLICITY, publicity_has_run,
         "公示期满后方可进入下一步", "A list is public for the days of the policy before the next step."),
    RULE("AG-017", "agreement.term", "协议期限一般为1年", TERM, term_is_a_year_as_a_rule,
         "协议期限须写明，一般不超过规定月数", "An agreement has a term, as a rule no longer than the policy says."),
    RULE("AG-018", "agreement.signing_day_missing", "签订期限", NULL, signing_day_is_ahead,
         "确认公示时须写明签订截止日", "The confirmed list says until when to sign."),
    RULE("AG-019", "agreement.test_not_proven", "联网与结算测试", NULL, test_is_proven,
         "联网测试须有平台运营方签名的通过报告", "A connection test is proven by a report that the operator has signed."),
    RULE("AG-020", "agreement.notice_too_short", "提前3个月申请", NOTICE, notice_was_given,
         "自行申请中止、解除须提前规定月数", "Who asks to pause or end gives the notice of the policy."),
    RULE("AG-021", "agreement.public_hospital_stays", "公立医疗机构不得主动提出中止或解除", NULL,
         public_hospital_stays, "公立医院不得主动申请中止或解除", "A public hospital does not ask to pause or end."),
    RULE("AG-022", "agreement.change_told_late", "批准之日起30个工作日内申请变更", CHANGE_NOTICE,
         change_is_told_in_time, "变更须在批准后规定工作日内提出", "A change is told within the working days of the policy."),
    RULE("AG-023", "agreement.answer_deadline", "即时受理，材料不全的5个工作日内一次性告知", ANSWER,
         deadline_can_be_set, "申请须在规定工作日内答复", "An application is answered in time."),
    RULE("AG-024", "agreement.paper_review_deadline", "书面评估7日", "agreement.paper_review_days",
         deadline_can_be_set, "书面评估须在规定日数内完成", "The review on paper is done in time."),
    RULE("AG-025", "agreement.review_deadline", "自受理起不超过3个月", "agreement.review_months",
         deadline_can_be_set, "评估须在规定月数内完成", "The whole review is done in time."),
    RULE("AG-026", "agreement.site_check_deadline", "现场核查不超过20日", "agreement.site_check_days",
         deadline_can_be_set, "现场核查须在规定日数内完成", "The check on site is done in time."),
    RULE("AG-027", "agreement.renewal_deadline", "届满3个月前申请续签", "agreement.renewal_months",
         deadline_can_be_set, "续签须在届满前规定月数提出", "A renewal is asked for in time."),
    RULE("AG-028", "agreement.pause_deadline", "中止不超过180日", "agreement.pause_days_max",
         deadline_can_be_set, "中止不得超过规定日数", "A pause lasts no longer than the policy says."),
    RULE("AG-029", "agreement.late_change_deadline", "逾期未变更中止3个月",
         "agreement.late_change_months", deadline_can_be_set, "因逾期未变更的中止有规定期限",
         "A suspension for an untold change lasts as long as the policy says."),
    RULE("AG-030", "agreement.not_licensed", "申请材料：执业许可证、药品经营许可证",
         LICENCES_COMPLETE, institution_is_licensed, "申请时须有有效许可", "Who applies has a licence that counts."),
};
/* clang-format on */

#include "ops/ctl/conformance.h"

#include <string.h>

enum { SILENT_WAIT_MS = 1500 };

const struct conformance_case conformance_cases[] = {
    {.name = "accepted",
     .title_zh = "正确的事件被受理",
     .title = "a right event is accepted",
     .event = "right",
     .sign = "right",
     .receipts = 1,
     .outcome = "accepted",
     .understood = "accepted"},
    {.name = "refused",
     .title_zh = "代他人提交的事件被拒绝",
     .title = "an event about somebody else is refused",
     .event = "foreign",
     .sign = "right",
     .receipts = 1,
     .outcome = "refused",
     .code = "settlement.source_is_no_party",
     .understood = "refused"},
    {.name = "incomplete",
     .title_zh = "缺少必填字段的事件被拒绝",
     .title = "an event without a required field is refused",
     .event = "incomplete",
     .sign = "right",
     .receipts = 1,
     .outcome = "refused",
     .code = "field.required",
     .understood = "refused"},
    {.name = "duplicate",
     .title_zh = "重复提交按首次答复",
     .title = "the same event again is answered as the first time",
     .event = "right",
     .same_as = "accepted",
     .sign = "right",
     .receipts = 2,
     .outcome = "duplicate",
     .understood = "accepted"},
    {.name = "wrong_signature",
     .title_zh = "签名错误不予接收",
     .title = "a wrong signature is rejected",
     .event = "right",
     .sign = "wrong",
     .understood = "rejected"},
    {.name = "expired_signature",
     .title_zh = "签名过期不予接收",
     .title = "an expired signature is rejected",
     .event = "right",
     .sign = "expired",
     .understood = "rejected"},
    {.name = "timeout",
     .title_zh = "网关无应答时结果未知",
     .title = "a gateway that does not answer: nothing is known",
     .event = "right",
     .sign = "right",
     .silent = true,
     .understood = "unknown"},
    {.name = "retry",
     .title_zh = "超时后以同一编号重发，只受理一次",
     .title = "after a time-out sent again under its id",
     .event = "right",
     .same_as = "timeout",
     .sign = "right",
     .receipts = 1,
     .outcome = "accepted",
     .understood = "accepted"},
    {.name = "feed",
     .title_zh = "跟读本机构的推送",
     .title = "the organisation's own feed is followed",
     .understood = "followed"},
    {.name = "prescription",
     .title_zh = "医院上传处方",
     .title = "a prescription is uploaded",
     .who = CONFORMANCE_HOSPITAL,
     .says = SAYS_PRESCRIPTION,
     .event = "right",
     .sign = "right",
     .receipts = 1,
     .outcome = "accepted",
     .understood = "accepted"},
    {.name = "prescription_refused",
     .title_zh = "没有主诊断的处方被拒绝",
     .title = "a prescription without a main diagnosis is refused",
     .who = CONFORMANCE_HOSPITAL,
     .says = SAYS_PRESCRIPTION,
     .event = "no main diagnosis",
     .sign = "right",
     .receipts = 1,
     .outcome = "refused",
     .code = "prescription.main_diagnosis",
     .understood = "refused"},
    {.name = "claim",
     .title_zh = "药店认领处方",
     .title = "a prescription is claimed",
     .who = CONFORMANCE_PHARMACY,
     .says = SAYS_CLAIM,
     .event = "right",
     .sign = "right",
     .receipts = 1,
     .outcome = "accepted",
     .understood = "accepted"},
    {.name = "claim_refused",
     .title_zh = "已被认领的处方不能再认领",
     .title = "a prescription that is taken cannot be claimed",
     .who = CONFORMANCE_PHARMACY,
     .says = SAYS_CLAIM,
     .event = "taken",
     .sign = "right",
     .receipts = 1,
     .outcome = "refused",
     .code = "prescription.move_not_possible",
     .understood = "refused"},
    {.name = "dispensing",
     .title_zh = "药店调配处方",
     .title = "a prescription is dispensed",
     .who = CONFORMANCE_PHARMACY,
     .says = SAYS_DISPENSING,
     .event = "right",
     .sign = "right",
     .receipts = 1,
     .outcome = "accepted",
     .understood = "accepted"},
    {.name = "dispensing_refused",
     .title_zh = "调配数量超过处方的被拒绝",
     .title = "more than was prescribed is not dispensed",
     .who = CONFORMANCE_PHARMACY,
     .says = SAYS_DISPENSING,
     .event = "too much",
     .sign = "right",
     .receipts = 1,
     .outcome = "refused",
     .code = "prescription.quantity_exceeded",
     .understood = "refused"},
    {.name = "webhook",
     .title_zh = "推送地址应答质询",
     .title = "its addresses for webhooks answer the challenge",
     .who = CONFORMANCE_CALLED_BACK,
     .challenge = "right",
     .understood = "met"},
    {.name = "webhook_forged",
     .title_zh = "推送地址拒绝伪造的签名",
     .title = "its addresses for webhooks reject what others have signed",
     .who = CONFORMANCE_CALLED_BACK,
     .challenge = "forged",
     .understood = "rejected"},
};
const size_t conformance_case_count = sizeof conformance_cases / sizeof *conformance_cases;

bool conformance_applies(const struct conformance_case *test, const struct conformance_subject *subject)
{
    return test->who == CONFORMANCE_EVERYBODY || test->who == subject->kind ||
           (test->who == CONFORMANCE_CALLED_BACK && subject->called_back);
}

const char *conformance_id(const struct conformance_subject *subject, const struct conformance_case *test,
                           struct arena *arena)
{
    const char *id = arena_format(arena, "conformance-%lld-%s", (long long)subject->started_ms,
                                  test->same_as != NULL ? test->same_as : test->name);
    return id == NULL ? "" : id;
}

/* --- what is asked --- */

/* A gateway that never answers is waited for briefly: nothing comes, however long. */
static int64_t wait_of(const struct conformance_subject *subject, const struct conformance_case *test)
{
    int64_t half_ms = subject->wait_ms / 2;
    return test->silent && half_ms > SILENT_WAIT_MS ? SILENT_WAIT_MS : half_ms;
}

json_t *conformance_asked(const struct conformance_subject *subject, const struct conformance_case *test,
                          struct arena *arena)
{
    const char *id = conformance_id(subject, test, arena);
    json_t *asked =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:I}", "case", test->name, "titleZh", test->title_zh,
                  "title", test->title, "do", test->event == NULL ? "follow" : "submit", "organisation",
                  subject->organisation, "gateway", test->silent ? subject->silent_gateway : subject->gateway,
                  "waitMs", (json_int_t)wait_of(subject, test));
    if (test->event == NULL)
        return asked;
    (void)json_object_set_new(asked, "sign", json_string(test->sign));
    (void)json_object_set_new(asked, "event", conformance_event(subject, test, id));
    return asked;
}

/* --- what is found --- */

static bool lists(const json_t *items, const char *id)
{
    for (size_t i = 0; i < json_array_size(items); i++) {
        const char *item = json_string_value(json_array_get(items, i));
        if (item != NULL && strcmp(item, id) == 0)
            return true;
    }
    return false;
}

/* Every delivery of the feed is among those that the candidate names. */
static size_t missed(const struct conformance_seen *seen, const json_t *answer)
{
    size_t count = 0;
    for (size_t i = 0; i < seen->fed_count; i++)
        count += !lists(json_object_get(answer, "items"), seen->fed[i]);
    return count;
}

static const char *or_none(const char *text)
{
    return text == NULL || *text == '\0' ? "none" : text;
}

static const char *words(struct arena *arena, size_t receipts, const char *outcome, const char *code,
                         const char *understood)
{
    const char *text =
        arena_format(arena, "%zu receipts, the last %s%s%s; understood as %s", receipts, or_none(outcome),
                     code == NULL || *code == '\0' ? "" : " ", code == NULL ? "" : code, or_none(understood));
    return text == NULL ? "" : text;
}

bool conformance_understood(const struct conformance_case *test, const json_t *answer)
{
    const char *understood = json_string_value(json_object_get(answer, "outcome"));
    return understood != NULL && strcmp(understood, test->understood) == 0;
}

json_t *conformance_judged(const struct conformance_case *test, const struct conformance_seen *seen,
                           const json_t *answer, const char *why, struct arena *arena)
{
    const char *outcome = test->outcome == NULL ? "" : test->outcome,
               *code = test->code == NULL ? "" : test->code;
    const char *understood = json_string_value(json_object_get(answer, "outcome"));
    bool hub = seen->receipts == test->receipts && strcmp(seen->outcome, outcome) == 0 &&
               (*code == '\0' || strcmp(seen->code, code) == 0);
    bool candidate = conformance_understood(test, answer);
    size_t not_fed = missed(seen, answer);
    const char *found = answer == NULL ? arena_format(arena, "%zu receipts; %s", seen->receipts, why)
                        : not_fed > 0  ? arena_format(arena, "%zu of %zu deliveries were not followed",
                                                      not_fed, seen->fed_count)
                                       : words(arena, seen->receipts, seen->outcome, seen->code, understood);

    return json_pack("{s:s, s:s, s:s, s:b, s:s, s:s}", "case", test->name, "titleZh", test->title_zh, "title",
                     test->title, "passed", hub && candidate && not_fed == 0, "expected",
                     words(arena, test->receipts, outcome, code, test->understood), "found",
                     found == NULL ? "" : found);
}

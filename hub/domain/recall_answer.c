/* Acknowledged by a holder; closed by the issuer. */
#include "domain/recall.h"

#include "domain/organisation.h"
#include "domain/region.h"

enum { SEEN = VISIBLE_PUBLIC | VISIBLE_ORGANISATION };

struct answer {
    RecallState *state;        /* or NULL */
    RecallHolderState *holder; /* of an acknowledgement; or NULL */
    Withheld *withheld;        /* of a closing */
    const char *number;
    const char *party, *party_path; /* who has to say it */
    bool is_regulator;
    enum recall_move move;
    date_t day;
};

static struct answer *find(struct view *view, const char *number, enum recall_move move)
{
    struct answer *answer = arena_take_zeroed(view->arena, sizeof *answer);
    if (answer == NULL)
        return NULL;
    answer->state = recall_find(view, number);
    answer->number = number;
    answer->move = move;
    answer->day = date_in_china(view->now_ms);
    return answer;
}

void *recall_acknowledged_prepare(struct view *view, const struct event *event)
{
    const RecallAcknowledged *said = (const RecallAcknowledged *)event->message;
    struct answer *answer = find(view, said->recall, RECALL_ACKNOWLEDGE);
    if (answer == NULL)
        return NULL;
    answer->party = said->holder;
    answer->party_path = "holder";
    answer->holder = recall_find_holder(view, said->recall, said->holder);
    return answer;
}

void *recall_closed_prepare(struct view *view, const struct event *event)
{
    const RecallClosed *said = (const RecallClosed *)event->message;
    struct answer *answer = find(view, said->recall, RECALL_CLOSE);
    if (answer == NULL)
        return NULL;
    const Organisation *issuer = organisation_on(view, said->issuer, answer->day);
    answer->party = said->issuer;
    answer->party_path = "issuer";
    answer->is_regulator = issuer != NULL && issuer->kind == ORGANISATION_REGULATOR;
    answer->withheld = recall_withheld(view);
    return answer;
}

/* --- rules of both --- */

static const struct answer *answer_of(const struct rule_context *context)
{
    return context->prepared;
}

static void recall_is_known(struct rule_context *context)
{
    if (answer_of(context)->state == NULL)
        rule_refuse(context, "recall", answer_of(context)->number, "a recall of the product");
}

static void party_says_it(struct rule_context *context)
{
    const struct answer *answer = answer_of(context);
    if (strcmp(answer->party, context->event->attributes.source) != 0)
        rule_refuse(context, answer->party_path, answer->party, "the organisation that says it");
    else if (answer->move == RECALL_CLOSE && answer->state != NULL && !answer->is_regulator &&
             strcmp(answer->party, answer->state->issuer) != 0)
        rule_refuse(context, answer->party_path, answer->party, "the issuer of the recall, or a regulator");
}

static void move_is_possible(struct rule_context *context)
{
    const struct answer *answer = answer_of(context);
    if (answer->state != NULL && !recall_may(answer->state, answer->move))
        rule_refuse(context, "recall", recall_status_name(answer->state),
                    answer->move == RECALL_CLOSE ? "open" : "telling, open or reminding");
}

/* clang-format off */
#define ANSWER_RULES(tens)                                                                                    \
    {.id = "RC-" tens "1", .code = "recall.unknown", .document = SOURCE_GANSU_UDI,                           \
     .clause = "产品召回", .evaluate = recall_is_known,                                                      \
     .sentence_zh = "所指召回须为该产品已发布的召回", .sentence_en = "It names a recall of the product."},    \
    {.id = "RC-" tens "2", .code = "recall.not_its_party", .document = SOURCE_GANSU_UDI,                     \
     .clause = "产品召回", .evaluate = party_says_it,                                                        \
     .sentence_zh = "该操作须由有权的一方自己提交",                                                           \
     .sentence_en = "The step is said by the party that may make it."},                                       \
    {.id = "RC-" tens "3", .code = "recall.move_not_possible", .document = SOURCE_GANSU_UDI,                 \
     .clause = "产品召回", .evaluate = move_is_possible,                                                     \
     .sentence_zh = "召回当前状态须允许该操作",                                                               \
     .sentence_en = "The recall stands where this step is possible."}
/* clang-format on */

/* --- acknowledging --- */

static void holder_was_told(struct rule_context *context)
{
    const struct answer *answer = answer_of(context);
    if (answer->state == NULL)
        return;
    if (answer->holder == NULL || !answer->holder->told)
        rule_refuse(context, "holder", answer->party, "a holder that the recall was matched to");
    else if (answer->holder->acknowledged_at_ms != 0)
        rule_refuse(context, "holder", "acknowledged already", "the first acknowledgement");
}

static void count_is_the_hubs(struct rule_context *context)
{
    const struct answer *answer = answer_of(context);
    const RecallAcknowledged *said = (const RecallAcknowledged *)context->event->message;
    if (answer->state == NULL || answer->holder == NULL || answer->holder->amounts == NULL)
        return;
    int64_t held = answer->holder->amounts->held_e4;
    if (said->counted->e4 != held)
        rule_refuse_or_warn(context, answer->state->region, answer->day, "counted",
                            rule_text(context, "%.4f", (double)said->counted->e4 / RECALL_ONE_E4),
                            rule_text(context, "%.4f", (double)held / RECALL_ONE_E4));
}

const struct rule recall_acknowledged_rules[RECALL_ACKNOWLEDGED_RULES] = {
    ANSWER_RULES("02"),
    {
        .id = "RC-024",
        .code = "recall.holder_not_told",
        .document = SOURCE_GANSU_UDI,
        .clause = "产品召回",
        .evaluate = holder_was_told,
        .sentence_zh = "确认方须为召回匹配到的持有方，且只确认一次",
        .sentence_en = "Who acknowledges was matched, and acknowledges once.",
    },
    {
        .id = "RC-025",
        .code = "recall.count_differs",
        .document = SOURCE_PRACTICE,
        .clause = "清点数与扫码数不一致，待统筹地区确定",
        .parameter = "recall.count_differs.refuse",
        .evaluate = count_is_the_hubs,
        .sentence_zh = "持有方清点数须与追溯记录一致",
        .sentence_en = "What the holder counted is what its scans say.",
    },
};

void recall_acknowledged_decide(struct view *view, const struct event *event, void *prepared,
                                struct decision *decision)
{
    struct answer *answer = prepared;
    const RecallAcknowledged *said = (const RecallAcknowledged *)event->message;
    struct region province = region_province(answer->state->region);
    recall_move(answer->state, RECALL_ACKNOWLEDGE);
    answer->holder->acknowledged_at_ms = view->now_ms;
    answer->holder->counted_e4 = said->counted->e4;
    answer->state->acknowledged++;
    if (answer->holder->reminders > 0)
        answer->state->overdue--;
    size_t fact = decision_fact_of_event(decision);
    decision_deliver(decision, fact, SEEN, "%s", answer->state->issuer);
    decision_deliver(decision, fact, SEEN, "regulator@%s", province.code);
    decision_write(decision, &answer->holder->base, "recall_holder/%s/%s", said->recall, said->holder);
    decision_write(decision, &answer->state->base, "recall/%s", said->recall);
}

/* --- closing --- */

static void everybody_has_answered(struct rule_context *context)
{
    const RecallState *state = answer_of(context)->state;
    if (state != NULL && state->acknowledged < state->holders)
        rule_refuse(context, "recall", rule_text(context, "%u of %u holders", state->acknowledged, state->holders),
                    "an acknowledgement of every holder");
}

static void nothing_is_outstanding(struct rule_context *context)
{
    const RecallState *state = answer_of(context)->state;
    int64_t left = state == NULL || state->amounts == NULL ? 0 : recall_outstanding_e4(state->amounts);
    if (left != 0)
        rule_refuse(context, "recall", rule_text(context, "%.4f neither returned nor destroyed",
                                                 (double)left / RECALL_ONE_E4),
                    "delivered + used + destroyed + returned = affected");
}

static int64_t e4(const Quantity *quantity)
{
    return quantity == NULL ? 0 : quantity->e4;
}

static void said_is_counted(struct rule_context *context)
{
    static const RecallAmounts nothing = MEDHUB__TRACE__V1__RECALL_AMOUNTS__INIT;
    const RecallState *state = answer_of(context)->state;
    const RecallClosed *said = (const RecallClosed *)context->event->message;
    if (state == NULL)
        return;
    const RecallAmounts *counted = state->amounts == NULL ? &nothing : state->amounts;
    const struct {
        const char *path;
        int64_t said_e4, counted_e4;
    } rows[] = {
        {"affected", e4(said->affected), recall_affected_e4(counted)},
        {"delivered", e4(said->delivered), counted->delivered_e4},
        {"used", e4(said->used), counted->used_e4},
        {"destroyed", e4(said->destroyed), counted->destroyed_e4},
        {"returned", e4(said->returned), counted->returned_e4},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].said_e4 != rows[i].counted_e4)
            rule_refuse(context, rows[i].path, rule_text(context, "%.4f", (double)rows[i].said_e4 / RECALL_ONE_E4),
                        rule_text(context, "%.4f", (double)rows[i].counted_e4 / RECALL_ONE_E4));
}

const struct rule recall_closed_rules[RECALL_CLOSED_RULES] = {
    ANSWER_RULES("03"),
    {
        .id = "RC-034",
        .code = "recall.not_acknowledged",
        .document = SOURCE_GANSU_UDI,
        .clause = "产品召回",
        .evaluate = everybody_has_answered,
        .sentence_zh = "所有持有方确认后方可关闭召回",
        .sentence_en = "A recall is closed when every holder has acknowledged it.",
    },
    {
        .id = "RC-035",
        .code = "recall.outstanding",
        .document = SOURCE_GANSU_UDI,
        .clause = "全生命周期可追溯",
        .evaluate = nothing_is_outstanding,
        .sentence_zh = "已交付、已使用、已销毁、已退回之和等于受影响数量方可关闭",
        .sentence_en = "A recall is closed when delivered, used, destroyed and returned are all that is affected.",
    },
    {
        .id = "RC-036",
        .code = "recall.amounts_differ",
        .document = SOURCE_GANSU_UDI,
        .clause = "数据真实、准确、完整",
        .evaluate = said_is_counted,
        .sentence_zh = "关闭召回时填报的数量须与追溯记录一致",
        .sentence_en = "The amounts with which a recall is closed are those that the scans say.",
    },
};

/* Scans of it stay refused; nothing is counted any more. */
static void close_entry(struct decision *decision, struct answer *answer)
{
    for (size_t i = 0; answer->withheld != NULL && i < answer->withheld->n_recalls; i++)
        if (strcmp(answer->withheld->recalls[i]->recall, answer->number) == 0)
            answer->withheld->recalls[i]->closed = true;
    if (answer->withheld != NULL)
        decision_write(decision, &answer->withheld->base, "withheld");
}

void recall_closed_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    struct answer *answer = prepared;
    struct region province = region_province(answer->state->region);
    (void)view;
    (void)event;
    size_t fact = decision_fact_of_event(decision);
    decision_deliver(decision, fact, SEEN, "regulator@%s", province.code);
    decision_deliver(decision, fact, SEEN, "trace_platform@%s", province.code);
    if (strcmp(answer->state->registrant, answer->party) != 0)
        decision_deliver(decision, fact, SEEN, "%s", answer->state->registrant);
    recall_move(answer->state, RECALL_CLOSE);
    decision_write(decision, &answer->state->base, "recall/%s", answer->number);
    close_entry(decision, answer);
}

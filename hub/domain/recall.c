/* Issued, by whom it may be, for what; extended to a related product by the hub itself. */
#include "domain/recall.h"

#include "domain/background.h"
#include "domain/organisation.h"
#include "domain/region.h"

enum { HOUR_MS = 3600000, SEEN = VISIBLE_PUBLIC | VISIBLE_ORGANISATION };

struct issue {
    const RecallIssued *said;
    const RecallExtended *contents; /* names units and lots in recalled packs, which are all that it is of; or NULL */
    const char *extends_product; /* "" unless the hub says it for a related product */
    const RecallState *earlier;  /* of the same number, or NULL */
    Withheld *withheld;          /* or NULL */
    const Organisation *issuer;  /* on the day, or NULL */
    date_t day;
    int64_t hours; /* that holders have; below 1: the policy does not say */
};

/* "recall.acknowledge_hours.level_1" */
static const char *hours_parameter(RecallLevel level)
{
    static const char *const names[] = {NULL, "recall.acknowledge_hours.level_1", "recall.acknowledge_hours.level_2",
                                        "recall.acknowledge_hours.level_3"};
    size_t number = (size_t)level;
    return number >= 1 && number < sizeof names / sizeof *names ? names[number] : names[1];
}

static struct issue *prepare(struct view *view, const RecallIssued *said, const char *extends_product)
{
    struct issue *issue = arena_take_zeroed(view->arena, sizeof *issue);
    if (issue == NULL)
        return NULL;
    issue->said = said;
    issue->extends_product = extends_product;
    issue->day = date_in_china(view->now_ms);
    issue->earlier = recall_find(view, said->recall);
    issue->withheld = recall_withheld(view);
    issue->issuer = organisation_on(view, said->issuer, issue->day);
    (void)view_policy_int(view, hours_parameter(said->level), said->region, issue->day, &issue->hours);
    return issue;
}

void *recall_issued_prepare(struct view *view, const struct event *event)
{
    return prepare(view, (const RecallIssued *)event->message, "");
}

void *recall_extended_prepare(struct view *view, const struct event *event)
{
    const RecallExtended *said = (const RecallExtended *)event->message;
    RecallIssued *as_issued = arena_take(view->arena, sizeof *as_issued);
    if (as_issued == NULL)
        return NULL;
    medhub__trace__v1__recall_issued__init(as_issued);
    as_issued->product = said->product;
    as_issued->recall = said->recall;
    as_issued->issuer = said->issuer;
    as_issued->registrant = said->registrant;
    as_issued->collectors = said->collectors;
    as_issued->n_collectors = said->n_collectors;
    as_issued->level = said->level;
    as_issued->scope = said->scope;
    as_issued->region = said->region;
    as_issued->reason = said->reason;
    as_issued->instruction = said->instruction;
    as_issued->issued_at = said->issued_at;
    struct issue *issue = prepare(view, as_issued, said->extends_product);
    if (issue != NULL && said->n_serials + said->n_lots > 0)
        issue->contents = said;
    return issue;
}

/* --- rules --- */

static const struct issue *issue_of(const struct rule_context *context)
{
    return context->prepared;
}

static void issuer_says_it(struct rule_context *context)
{
    const RecallIssued *said = issue_of(context)->said;
    if (strcmp(said->issuer, context->event->attributes.source) != 0)
        rule_refuse(context, "issuer", said->issuer, "the organisation that says it");
}

static void issuer_is_registrant_or_regulator(struct rule_context *context)
{
    const struct issue *issue = issue_of(context);
    bool is_registrant = strcmp(issue->said->issuer, issue->said->registrant) == 0;
    if (!is_registrant && (issue->issuer == NULL || issue->issuer->kind != ORGANISATION_REGULATOR))
        rule_refuse(context, "issuer", issue->said->issuer, "the registrant itself or a regulator");
}

static void number_is_new(struct rule_context *context)
{
    const struct issue *issue = issue_of(context);
    size_t count = issue->withheld == NULL ? 0 : issue->withheld->n_recalls;
    if (issue->earlier != NULL && issue->contents != NULL)
        return; /* adds to it */
    if (issue->earlier != NULL)
        rule_refuse(context, "recall", rule_text(context, "%s, %s", issue->said->recall,
                                                 recall_status_name(issue->earlier)),
                    "a number that the product's recalls do not have yet");
    else if (count >= RECALLS_OF_A_PRODUCT_MAX)
        rule_refuse(context, "recall", rule_text(context, "%zu recalls of the product", count),
                    rule_text(context, "fewer than %d", RECALLS_OF_A_PRODUCT_MAX));
}

static void scope_has_parts_or_all(struct rule_context *context)
{
    const RecallScope *scope = issue_of(context)->said->scope;
    bool has_parts = scope->n_lots > 0 || scope->n_serials > 0 || is_given(scope->made_from) ||
                     is_given(scope->made_until);
    if (scope->whole_product == has_parts)
        rule_refuse(context, "scope", has_parts ? "the whole product and parts of it" : "nothing",
                    "the whole product, or lots, serials or days of production");
    for (size_t i = 0; i < scope->n_serials; i++) {
        const SerialRange *range = scope->serials[i];
        if (strlen(range->from) != strlen(range->until) || strcmp(range->from, range->until) > 0)
            rule_refuse(context, rule_text(context, "scope.serials[%zu].until", i), range->until,
                        rule_text(context, "as long as %s and not before it", range->from));
    }
    date_t from = text_day(scope->made_from), until = text_day(scope->made_until);
    if (from != DATE_NONE && until != DATE_NONE && from > until)
        rule_refuse(context, "scope.madeUntil", scope->made_until,
                    rule_text(context, "not before %s", scope->made_from));
}

static void recall_is_not_closed(struct rule_context *context)
{
    const struct issue *issue = issue_of(context);
    if (issue->earlier != NULL && issue->contents != NULL && issue->earlier->status == RECALL_CLOSED)
        rule_warn(context, "recall", rule_text(context, "%s, closed", issue->said->recall),
                  "a recall that is not closed: none of them joins it");
}

/* One row for each level: the parameter's last letter is the level's number. */
static void holders_have_a_deadline(struct rule_context *context)
{
    const struct issue *issue = issue_of(context);
    const char *parameter = context->rule->parameter;
    if (parameter[strlen(parameter) - 1] == '0' + (int)issue->said->level && issue->hours < 1)
        rule_policy_missing(context, issue->said->region, issue->day);
}

/* clang-format off */
#define DEADLINE_RULE(id_, level_, zh_, en_)                                                                  \
    {.id = (id_), .code = "recall.no_deadline", .document = SOURCE_PRACTICE,                                 \
     .clause = "召回通知的确认时限，待统筹地区确定", .parameter = "recall.acknowledge_hours.level_" level_,   \
     .evaluate = holders_have_a_deadline, .sentence_zh = (zh_), .sentence_en = (en_)}
#define NUMBER_RULE(id_)                                                                                      \
    {.id = (id_), .code = "recall.known_already", .document = SOURCE_GANSU_UDI,                              \
     .clause = "产品召回", .evaluate = number_is_new,                                                        \
     .sentence_zh = "同一产品的召回编号不得重复",                                                             \
     .sentence_en = "The number of a recall is new for its product."}
/* clang-format on */

const struct rule recall_issued_rules[RECALL_ISSUED_RULES] = {
    {
        .id = "RC-001",
        .code = "recall.not_its_party",
        .document = SOURCE_GANSU_UDI,
        .clause = "注册人、监管部门",
        .evaluate = issuer_says_it,
        .sentence_zh = "召回由发布方自己提交",
        .sentence_en = "A recall is said by the one that issues it.",
    },
    {
        .id = "RC-002",
        .code = "recall.issuer_of_wrong_kind",
        .document = SOURCE_GANSU_UDI,
        .clause = "注册人、监管部门",
        .evaluate = issuer_is_registrant_or_regulator,
        .sentence_zh = "召回由注册人或监管部门发布",
        .sentence_en = "A recall is issued by the registrant or by a regulator.",
    },
    NUMBER_RULE("RC-003"),
    {
        .id = "RC-004",
        .code = "recall.scope_unclear",
        .document = SOURCE_GANSU_UDI,
        .clause = "产品召回",
        .evaluate = scope_has_parts_or_all,
        .sentence_zh = "召回范围须为整个产品，或明确的批号、序列号区间、生产日期区间",
        .sentence_en = "A recall is of the whole product, or of lots, ranges of serials or days of production.",
    },
    DEADLINE_RULE("RC-005", "1", "一级召回须有确认时限", "A recall of level I has a deadline for its holders."),
    DEADLINE_RULE("RC-006", "2", "二级召回须有确认时限", "A recall of level II has a deadline for its holders."),
    DEADLINE_RULE("RC-007", "3", "三级召回须有确认时限", "A recall of level III has a deadline for its holders."),
};

const struct rule recall_extended_rules[RECALL_EXTENDED_RULES] = {
    NUMBER_RULE("RC-011"),
    DEADLINE_RULE("RC-012", "1", "一级召回须有确认时限", "A recall of level I has a deadline for its holders."),
    DEADLINE_RULE("RC-013", "2", "二级召回须有确认时限", "A recall of level II has a deadline for its holders."),
    DEADLINE_RULE("RC-014", "3", "三级召回须有确认时限", "A recall of level III has a deadline for its holders."),
    {
        .id = "RC-015",
        .code = "recall.closed",
        .document = SOURCE_GANSU_UDI,
        .clause = "产品召回",
        .evaluate = recall_is_not_closed,
        .sentence_zh = "已关闭的召回不再加入物品，须另行召回",
        .sentence_en = "Nothing joins a recall that is closed: it is recalled anew.",
    },
};

/* --- the decision --- */

static char **takers_of(struct decision *decision, const RecallIssued *said)
{
    char **takers = decision_list(decision, said->n_collectors + 1);
    if (takers == NULL)
        return NULL;
    takers[0] = said->registrant;
    for (size_t i = 0; i < said->n_collectors; i++)
        takers[i + 1] = said->collectors[i];
    return takers;
}

static RecallState *begin(struct decision *decision, const struct issue *issue, const struct view *view)
{
    const RecallIssued *said = issue->said;
    RecallState *state = decision_message(decision, RECALL_STATE);
    if (state == NULL)
        return NULL;
    state->recall = said->recall;
    state->issuer = said->issuer;
    state->registrant = said->registrant;
    state->takers = takers_of(decision, said);
    state->n_takers = state->takers == NULL ? 0 : said->n_collectors + 1;
    state->level = said->level;
    state->scope = said->scope;
    state->region = said->region;
    state->reason = said->reason;
    state->instruction = said->instruction;
    state->issued_at_ms = recall_moment_ms(view, said->issued_at);
    state->acknowledge_hours = issue->hours;
    state->acknowledge_until_ms = view->now_ms + issue->hours * HOUR_MS;
    state->extends_product = lent(issue->extends_product);
    return decision->failed ? NULL : state;
}

/* From the next event on scans of it are refused. */
static void withhold(struct decision *decision, const struct issue *issue, const RecallState *state)
{
    Withheld *withheld = issue->withheld != NULL ? issue->withheld : decision_message(decision, WITHHELD);
    WithheldRecall *entry = decision_message(decision, WITHHELD_RECALL);
    if (withheld == NULL || entry == NULL)
        return;
    WithheldRecall **recalls = decision_list(decision, withheld->n_recalls + 1);
    if (recalls == NULL)
        return;
    entry->recall = state->recall;
    entry->issued_at_ms = state->issued_at_ms;
    entry->scope = state->scope;
    entry->takers = state->takers;
    entry->n_takers = state->n_takers;
    for (size_t i = 0; i < withheld->n_recalls; i++)
        recalls[i] = withheld->recalls[i];
    recalls[withheld->n_recalls] = entry;
    withheld->recalls = recalls;
    withheld->n_recalls++;
    decision_write(decision, &withheld->base, "withheld");
}

static void extend(struct decision *decision, const RecallIssued *said)
{
    for (size_t i = 0; i < said->n_related_products; i++) {
        RecallExtended *message = decision_message(decision, RECALL_EXTENDED);
        if (message == NULL)
            return;
        message->product = said->related_products[i];
        message->recall = said->recall;
        message->issuer = said->issuer;
        message->registrant = said->registrant;
        message->collectors = said->collectors;
        message->n_collectors = said->n_collectors;
        message->level = said->level;
        message->scope = said->scope;
        message->region = said->region;
        message->reason = said->reason;
        message->instruction = said->instruction;
        message->issued_at = said->issued_at;
        message->extends_product = said->product;
        decision_submit(decision, RECALL_EXTENDED_TYPE, message->product, message->product, &message->base);
    }
}

/* Units and lots in recalled packs: their rows say so. Returns of how many lots it cannot be told where all are. */
static size_t reach(struct view *view, struct decision *decision, const RecallExtended *contents)
{
    if (contents == NULL)
        return 0;
    recall_reach_units(view, decision, contents->recall, contents->serials, contents->n_serials);
    return recall_reach_lots(view, decision, contents->recall, contents->lots, contents->n_lots);
}

/* The recall's row as this decision has it: what follows a scan may have written it. */
static RecallState *state_now(struct view *view, struct decision *decision, const char *number)
{
    const char *name = arena_format(decision->arena, "recall/%s", number);
    for (size_t i = 0; name != NULL && i < decision->write_count; i++)
        if (strcmp(decision->writes[i].name, name) == 0)
            return (RecallState *)decision->writes[i].message;
    RecallState *state = name == NULL ? NULL : recall_find(view, number);
    if (state == NULL)
        decision->failed = true;
    else
        decision_write(decision, &state->base, "%s", name);
    return state;
}

static void add_contents(struct view *view, struct decision *decision, const struct issue *issue)
{
    if (issue->earlier->status == RECALL_CLOSED) {
        recall_refuse_extension(view, decision, issue->earlier, issue->contents);
        return;
    }
    size_t undetermined = reach(view, decision, issue->contents);
    recall_follow(view, issue->withheld, decision);
    RecallState *state = undetermined == 0 ? NULL : state_now(view, decision, issue->said->recall);
    if (state != NULL)
        state->undetermined += undetermined;
}

void recall_issued_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    const struct issue *issue = prepared;
    struct region province = region_province(issue->said->region);
    (void)event;
    size_t fact = decision_fact_of_event(decision);
    decision_deliver(decision, fact, SEEN, "regulator@%s", province.code);
    decision_deliver(decision, fact, SEEN, "trace_platform@%s", province.code);
    if (strcmp(issue->said->registrant, issue->said->issuer) != 0)
        decision_deliver(decision, fact, SEEN, "%s", issue->said->registrant);
    if (issue->earlier != NULL) {
        add_contents(view, decision, issue);
        return;
    }
    RecallState *state = begin(decision, issue, view);
    if (state == NULL)
        return;
    recall_move(state, RECALL_ISSUE);
    state->undetermined = reach(view, decision, issue->contents);
    decision_write(decision, &state->base, "recall/%s", state->recall);
    withhold(decision, issue, state);
    const char *timer = arena_format(decision->arena, "recall/%s", state->recall);
    if (timer == NULL)
        decision->failed = true;
    else
        background_continue(view, decision, timer, RECALL_ROUND_TIMER);
    if (issue->extends_product[0] == '\0')
        extend(decision, issue->said);
}

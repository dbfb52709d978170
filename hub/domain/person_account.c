/* The personal account: what is credited, and what the person and the family spend. Rows: account, account_entry/NUMBER. */
#include "domain/person.h"

#include "domain/organisation.h"

#include "base/money.h"

struct entry {
    struct person_step step;
    const char *number;
    const AccountEntry *known;    /* under that number, or NULL */
    const PersonAccount *account; /* or NULL */
    const Money *amount;
    const AccountSpent *spent; /* NULL: credited */
};

static struct entry *prepare(struct view *view, struct person_step step, const char *number, const Money *amount)
{
    struct entry *entry = arena_take(view->arena, sizeof *entry);
    if (entry == NULL)
        return NULL;
    *entry = (struct entry){
        .step = step,
        .number = number,
        .known = (const AccountEntry *)view_state(view, ACCOUNT_ENTRY, "account_entry/%s", number),
        .account = (const PersonAccount *)view_state(view, PERSON_ACCOUNT, "account"),
        .amount = amount,
    };
    return entry;
}

void *person_account_credited_prepare(struct view *view, const struct event *event)
{
    const AccountCredited *said = (const AccountCredited *)event->message;
    date_t day = text_day(said->credited_on);
    return prepare(view, (struct person_step){said->person, said->region, {day, day}, "creditedOn"}, said->entry_number,
                   said->amount);
}

void *person_account_spent_prepare(struct view *view, const struct event *event)
{
    const AccountSpent *said = (const AccountSpent *)event->message;
    date_t day = text_day(said->spent_on);
    struct entry *entry = prepare(view, (struct person_step){said->person, said->region, {day, day}, "spentOn"},
                                  said->entry_number, said->amount);
    if (entry != NULL)
        entry->spent = said;
    return entry;
}

static const struct entry *entry_of(const struct rule_context *context)
{
    return context->prepared;
}

static int64_t balance_fen(const struct entry *entry)
{
    return entry->account == NULL ? 0 : entry->account->balance_fen;
}

/* --- rules --- */

static void amount_is_positive(struct rule_context *context)
{
    int64_t sum;
    int64_t fen = money_fen(entry_of(context)->amount);
    if (fen <= 0 || !money_add(balance_fen(entry_of(context)), fen, &sum))
        rule_refuse(context, "amount", "***", "more than 0.00");
}

static void number_is_new(struct rule_context *context)
{
    if (entry_of(context)->known != NULL)
        rule_refuse(context, "entryNumber", entry_of(context)->number, "a number that was not used before");
}

static void balance_suffices(struct rule_context *context)
{
    const struct entry *entry = entry_of(context);
    if (money_fen(entry->amount) > balance_fen(entry))
        rule_refuse(context, "amount", "***", "no more than the account holds");
}

/* Who is paid says it, or an agency of the region. */
static void payee_or_agency_says_it(struct rule_context *context)
{
    const struct entry *entry = entry_of(context);
    const char *source = context->event->attributes.source;
    const Organisation *known = organisation_on(context->view, source, date_in_china(context->view->now_ms));
    bool is_agency = known == NULL || known->kind == ORGANISATION_HUB_OPERATOR ||
                     (organisation_has_role(known, "insurer") && organisation_covers(known, entry->step.region));
    if (strcmp(entry->spent->payee, source) != 0 && !is_agency)
        rule_refuse(context, "payee", entry->spent->payee,
                    rule_text(context, "the source, %s, or an agency that acts for %s", source, entry->step.region));
}

static void user_is_of_the_family(struct rule_context *context)
{
    const AccountSpent *said = entry_of(context)->spent;
    int relation = (int)said->relation;
    if (relation < RELATION_SELF || relation > RELATION_CHILD)
        rule_refuse(context, "relation", "***", "the owner, a spouse, a parent or a child");
    else if ((relation == RELATION_SELF) == is_given(said->user))
        rule_refuse(context, "user", is_given(said->user) ? "***" : "",
                    relation == RELATION_SELF ? "nobody else" : "the member of the family whose cost it is");
}

static bool is_premium(int purpose)
{
    return purpose >= PURPOSE_RESIDENT_PREMIUM && purpose <= PURPOSE_LONG_TERM_CARE_PREMIUM;
}

static void purpose_is_allowed(struct rule_context *context)
{
    const struct entry *entry = entry_of(context);
    int purpose = (int)entry->spent->purpose;
    date_t day = entry->step.span.from;
    OrganisationKind wanted = purpose == PURPOSE_PHARMACY ? ORGANISATION_PHARMACY : ORGANISATION_HOSPITAL;
    if (is_premium(purpose))
        return;
    if (purpose != PURPOSE_CARE && purpose != PURPOSE_PHARMACY) {
        rule_refuse(context, "purpose", "***", "care, a pharmacy's goods or a premium; no public health, fitness or wellness");
        return;
    }
    const Organisation *payee = organisation_on(context->view, entry->spent->payee, day);
    if (!organisation_is_designated(payee, day) || payee->kind != wanted)
        rule_refuse(context, "payee", rule_text(context, "%s: %s", entry->spent->payee, organisation_state_name(payee)),
                    rule_text(context, "a %s that is live and designated on %s",
                              purpose == PURPOSE_PHARMACY ? "pharmacy" : "hospital", rule_day(context, day)));
}

#define CREDIT "个人账户划入"
#define SPEND  "个人账户使用与结算"
/* Gansu's measures and Inner Mongolia's say the same. */
#define ACCOUNT_RULE(id_, code_, clause_, evaluate_, zh_, en_)                                               \
    {.id = (id_), .code = (code_), .document = SOURCE_GANSU_MUTUAL_AID, .clause = (clause_),                 \
     .also = {{SOURCE_INNER_MONGOLIA_MUTUAL_AID, (clause_)}}, .evaluate = (evaluate_), .sentence_zh = (zh_), .sentence_en = (en_)}

const struct rule person_account_credited_rules[PERSON_RULES_OF_account_credited] = {
    PERSON_KEY_RULE("PE-051"),
    ACCOUNT_RULE("PE-052", "person.source_of_another_region", CREDIT, person_source_acts_for_the_region,
                 "须由该统筹地区的经办或主管部门提交", "It is said by an office that acts for the region."),
    ACCOUNT_RULE("PE-053", "person.amount_not_positive", CREDIT, amount_is_positive,
                 "划入金额须大于零", "What is credited is more than nothing."),
    ACCOUNT_RULE("PE-054", "person.entry_number_used", CREDIT, number_is_new,
                 "账户流水号只能使用一次", "The number of an entry is used once."),
};

const struct rule person_account_spent_rules[PERSON_RULES_OF_account_spent] = {
    PERSON_KEY_RULE("PE-055"),
    ACCOUNT_RULE("PE-056", "person.source_is_no_party", SPEND, payee_or_agency_says_it,
                 "账户支出由收款机构或参保地经办机构提交", "What is spent is said by who is paid or by an agency of the region."),
    ACCOUNT_RULE("PE-057", "person.amount_not_positive", SPEND, amount_is_positive,
                 "支出金额须大于零", "What is spent is more than nothing."),
    ACCOUNT_RULE("PE-058", "person.entry_number_used", SPEND, number_is_new,
                 "账户流水号只能使用一次", "The number of an entry is used once."),
    ACCOUNT_RULE("PE-059", "person.balance_exceeded", SPEND, balance_suffices,
                 "支出不得超过账户余额", "No more is spent than the account holds."),
    ACCOUNT_RULE("PE-060", "person.user_not_of_family", "本人及配偶、父母、子女",
                 user_is_of_the_family, "个人账户只供本人及配偶、父母、子女使用",
                 "An account is used by its owner, spouse, parents and children."),
    ACCOUNT_RULE("PE-061", "person.purpose_not_allowed", "不得用于公共卫生、体育健身、养生保健",
                 purpose_is_allowed, "个人账户只用于定点机构就医购药和规定的缴费",
                 "An account pays for care and drugs at designated institutions and for the premiums that are named."),
};

/* --- the decision --- */

static void put(struct decision *decision, const struct entry *entry, int64_t amount_fen)
{
    PersonAccount *account = decision_message(decision, PERSON_ACCOUNT);
    AccountEntry *state = decision_message(decision, ACCOUNT_ENTRY);
    if (account == NULL || state == NULL)
        return;
    account->balance_fen = balance_fen(entry) + amount_fen;
    state->amount_fen = amount_fen;
    state->event_id = lent(decision->event->attributes.id);
    size_t fact = decision_fact_of_event(decision);
    decision_write(decision, &account->base, "account");
    decision_write(decision, &state->base, "account_entry/%s", entry->number);
    decision_deliver(decision, fact, VISIBLE_ALL, "insurer@%s", entry->step.region);
    if (entry->spent != NULL && is_given(entry->spent->payee) &&
        strcmp(entry->spent->payee, decision->event->attributes.source) != 0)
        decision_deliver(decision, fact, VISIBLE_ALL, "%s", entry->spent->payee);
}

void person_account_credited_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    const struct entry *entry = prepared;
    (void)view;
    (void)event;
    put(decision, entry, money_fen(entry->amount));
}

void person_account_spent_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    const struct entry *entry = prepared;
    (void)view;
    (void)event;
    put(decision, entry, -money_fen(entry->amount));
}

/* Sale suspended and resumed. */
#include "domain/recall.h"

#include "domain/organisation.h"
#include "domain/region.h"

enum { SEEN = VISIBLE_PUBLIC | VISIBLE_ORGANISATION, SUSPENSIONS_MAX = 50 };

struct sale {
    const char *authority, *region;
    const Organisation *registered; /* the authority on the day, or NULL */
    Withheld *withheld;             /* or NULL */
    size_t place;                   /* of the suspension in force for the region; == count: none */
    size_t count;
};

static struct sale *prepare(struct view *view, const char *authority, const char *region)
{
    struct sale *sale = arena_take_zeroed(view->arena, sizeof *sale);
    if (sale == NULL)
        return NULL;
    sale->authority = authority;
    sale->region = region;
    sale->registered = organisation_on(view, authority, date_in_china(view->now_ms));
    sale->withheld = recall_withheld(view);
    sale->count = sale->withheld == NULL ? 0 : sale->withheld->n_suspensions;
    while (sale->place < sale->count && strcmp(sale->withheld->suspensions[sale->place]->region, region) != 0)
        sale->place++;
    return sale;
}

void *sale_suspended_prepare(struct view *view, const struct event *event)
{
    const SaleSuspended *said = (const SaleSuspended *)event->message;
    return prepare(view, said->authority, said->region);
}

void *sale_resumed_prepare(struct view *view, const struct event *event)
{
    const SaleResumed *said = (const SaleResumed *)event->message;
    return prepare(view, said->authority, said->region);
}

/* --- rules --- */

static void authority_says_it(struct rule_context *context)
{
    const struct sale *sale = context->prepared;
    if (strcmp(sale->authority, context->event->attributes.source) != 0)
        rule_refuse(context, "authority", sale->authority, "the organisation that says it");
}

/* A registrant answers for its product everywhere; a regulator for its region. */
static void authority_may(struct rule_context *context)
{
    const struct sale *sale = context->prepared;
    struct region searched = region_of(sale->region);
    if (sale->registered == NULL) {
        rule_refuse(context, "authority", "not registered", "a registrant or a regulator");
        return;
    }
    if (sale->registered->kind != ORGANISATION_REGULATOR)
        return;
    do {
        if (strcmp(searched.code, sale->registered->region) == 0)
            return;
    } while (region_widen(&searched));
    rule_refuse(context, "region", sale->region,
                rule_text(context, "a region within %s", sale->registered->region));
}

static void is_not_suspended_yet(struct rule_context *context)
{
    const struct sale *sale = context->prepared;
    if (sale->place < sale->count)
        rule_refuse(context, "region", "suspended already", "a region in which it is sold");
    else if (sale->count >= SUSPENSIONS_MAX)
        rule_refuse(context, "region", rule_text(context, "%zu regions", sale->count),
                    rule_text(context, "fewer than %d, or an outer one", SUSPENSIONS_MAX));
}

static void is_suspended_by_it(struct rule_context *context)
{
    const struct sale *sale = context->prepared;
    if (sale->place == sale->count)
        rule_refuse(context, "region", "not suspended", "a region in which the sale is suspended");
    else if (strcmp(sale->withheld->suspensions[sale->place]->authority, sale->authority) != 0)
        rule_refuse(context, "authority", sale->authority,
                    rule_text(context, "%s, which suspended it",
                              sale->withheld->suspensions[sale->place]->authority));
}

/* clang-format off */
#define SALE_RULE(id_, code_, evaluate_, zh_, en_)                                                            \
    {.id = (id_), .code = (code_), .document = SOURCE_LIAONING_DEFECTS, .clause = "停止销售、召回",          \
     .evaluate = (evaluate_), .sentence_zh = (zh_), .sentence_en = (en_)}
/* clang-format on */

const struct rule sale_suspended_rules[SALE_SUSPENDED_RULES] = {
    SALE_RULE("RC-041", "sale.not_its_party", authority_says_it, "暂停销售由决定方自己提交",
              "A suspension is said by the one that decides it."),
    SALE_RULE("RC-042", "sale.outside_its_region", authority_may, "监管部门在其辖区内暂停销售",
              "A regulator suspends sales within its region."),
    SALE_RULE("RC-043", "sale.suspended_already", is_not_suspended_yet, "同一地区不得重复暂停",
              "A sale is suspended once in a region."),
};

const struct rule sale_resumed_rules[SALE_RESUMED_RULES] = {
    SALE_RULE("RC-046", "sale.not_its_party", authority_says_it, "恢复销售由决定方自己提交",
              "A resumption is said by the one that decides it."),
    SALE_RULE("RC-047", "sale.outside_its_region", authority_may, "监管部门在其辖区内恢复销售",
              "A regulator resumes sales within its region."),
    SALE_RULE("RC-048", "sale.not_suspended", is_suspended_by_it, "恢复的须为本方已暂停的销售",
              "What is resumed was suspended, and by the same authority."),
};

/* --- decisions --- */

static void tell(struct decision *decision, const char *region)
{
    struct region province = region_province(region);
    size_t fact = decision_fact_of_event(decision);
    decision_deliver(decision, fact, SEEN, "regulator@%s", province.code);
    decision_deliver(decision, fact, SEEN, "trace_platform@%s", province.code);
    decision_deliver(decision, fact, SEEN, "institution@%s", region);
}

void sale_suspended_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    struct sale *sale = prepared;
    const SaleSuspended *said = (const SaleSuspended *)event->message;
    Withheld *withheld = sale->withheld != NULL ? sale->withheld : decision_message(decision, WITHHELD);
    SaleSuspension *entry = decision_message(decision, SALE_SUSPENSION);
    SaleSuspension **list = decision_list(decision, sale->count + 1);
    if (withheld == NULL || entry == NULL || list == NULL)
        return;
    entry->region = said->region;
    entry->authority = said->authority;
    entry->lots = said->lots;
    entry->n_lots = said->n_lots;
    entry->suspended_at_ms = recall_moment_ms(view, said->suspended_at);
    for (size_t i = 0; i < sale->count; i++)
        list[i] = withheld->suspensions[i];
    list[sale->count] = entry;
    withheld->suspensions = list;
    withheld->n_suspensions = sale->count + 1;
    tell(decision, said->region);
    decision_write(decision, &withheld->base, "withheld");
}

void sale_resumed_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    struct sale *sale = prepared;
    Withheld *withheld = sale->withheld;
    (void)view;
    (void)event;
    for (size_t i = sale->place; i + 1 < sale->count; i++)
        withheld->suspensions[i] = withheld->suspensions[i + 1];
    withheld->n_suspensions--;
    tell(decision, sale->region);
    decision_write(decision, &withheld->base, "withheld");
}

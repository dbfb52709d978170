#include "domain/catalogue_lookup.h"

#include "domain/format.h"
#include "domain/organisation.h"
#include "domain/region.h"

/* --- why --- */

static const struct catalogue_reason_text reason_texts[CATALOGUE_REASONS] = {
    [REASON_NATIONAL_ROW] = {"NATIONAL_ROW", "采用国家目录", "the nation's row: no region between has one"},
    [REASON_REGIONAL_ROW] = {"REGIONAL_ROW", "采用地区目录", "the region's own row"},
    [REASON_PROTECTED] = {"PROTECTED", "国家目录受保护，地区条目不适用",
                          "the nation protects the item: the region's row is left aside"},
    [REASON_SUPERSEDED] = {"SUPERSEDED", "编码已被替代", "the code was taken over by another item"},
    [REASON_ALIAS] = {"ALIAS", "按别名找到", "found by another name"},
    [REASON_MAPPED] = {"MAPPED", "按编码对照找到", "found by a map between code sets"},
    [REASON_IN_FORMULARY] = {"IN_FORMULARY", "在该机构用药目录内", "in the institution's formulary"},
    [REASON_NOT_IN_FORMULARY] = {"NOT_IN_FORMULARY", "不在该机构用药目录内", "not in the institution's formulary"},
    [REASON_TEMPORARY_PURCHASE] = {"TEMPORARY_PURCHASE", "该机构临时采购", "a temporary purchase of the institution"},
    [REASON_ACROSS_PROVINCES] = {"ACROSS_PROVINCES", "国家目录内可跨省结算的服务项目",
                                 "the nation's row: the service item is payable across provinces"},
    [REASON_NEVER_PAID] = {"NEVER_PAID", "丙类或商业健康保险创新药品，基本医保基金不支付",
                           "class C, or a drug of commercial insurance: basic insurance does not pay for it"},
    [REASON_NOT_PAID_AT_HOME] = {"NOT_PAID_AT_HOME", "仅跨省异地就医可付，本地不付",
                                 "payable across provinces and not at home"},
    [REASON_NOT_PAID_ACROSS_PROVINCES] = {"NOT_PAID_ACROSS_PROVINCES", "仅本地可付，跨省异地就医不付",
                                          "payable at home and not across provinces"},
    [REASON_NOT_OF_THE_INSURANCE] = {"NOT_OF_THE_INSURANCE", "限定其他险种支付", "limited to another insurance"},
    [REASON_NOTHING_ON_THAT_DAY] = {"NOTHING_ON_THAT_DAY", "当日无有效条目", "nothing is in force on that day"},
};

const struct catalogue_reason_text *catalogue_reason_text(enum catalogue_reason reason)
{
    return &reason_texts[reason];
}

const char *catalogue_layer_name(enum catalogue_layer layer)
{
    static const char *const names[] = {
        [LAYER_NONE] = "NONE", [LAYER_NATION] = "NATION", [LAYER_REGION] = "REGION", [LAYER_INSTITUTION] = "INSTITUTION"};
    return names[layer];
}

static void add_reason(struct catalogue_answer *answer, enum catalogue_reason reason)
{
    if (answer->reason_count < LOOKUP_REASONS_MAX)
        answer->reasons[answer->reason_count++] = reason;
}

/* --- lists --- */

struct found {
    const CatalogueItem *item; /* NULL: none */
    struct table_row row;
};

/* The row of KEY for REGION or the next outer one. */
static struct found find(struct view *view, const char *key, const char *region, date_t date)
{
    struct found found = {0};
    if (view_table(view, TABLE_CATALOGUE, key, region, date, &found.row))
        found.item = (const CatalogueItem *)view_table_message(view, CATALOGUE_ITEM, TABLE_CATALOGUE, key, region, date);
    return found;
}

static bool is_regional(const struct found *found)
{
    return found->item != NULL && strcmp(found->row.region, REGION_NATION) != 0;
}

/* Why the nation's row comes before a region's one; REASON_REGIONAL_ROW: it does not. */
static enum catalogue_reason nation_comes_first(const struct found *national, bool across_provinces)
{
    const CatalogueItem *item = national->item;
    if (item == NULL)
        return REASON_REGIONAL_ROW;
    if (item->nationally_protected)
        return REASON_PROTECTED;
    bool is_for_all_provinces = item->kind == KIND_SERVICE_ITEM && item->details_case == DETAILS_SERVICE_ITEM &&
                                item->service_item->payable_across_provinces;
    return across_provinces && is_for_all_provinces ? REASON_ACROSS_PROVINCES : REASON_REGIONAL_ROW;
}

/* The row of KEY that holds, and in *REASON why it does. */
static struct found find_in_lists(struct view *view, const char *key, const struct catalogue_question *question,
                                  enum catalogue_reason *reason)
{
    struct found found = find(view, key, question->region, question->date);
    *reason = REASON_NATIONAL_ROW;
    if (!is_regional(&found))
        return found;
    struct found national = find(view, key, REGION_NATION, question->date);
    *reason = nation_comes_first(&national, question->across_provinces);
    return *reason == REASON_REGIONAL_ROW ? found : national;
}

static void take(struct catalogue_answer *answer, const char *key, const struct found *found)
{
    answer->item = found->item;
    answer->layer = is_regional(found) ? LAYER_REGION : LAYER_NATION;
    answer->key = key;
    answer->region = found->row.region;
    answer->valid_from = found->row.valid_from;
    answer->valid_until = found->row.valid_until;
    answer->version = found->row.version;
    answer->release = found->item->release;
}

/* --- old codes and other names --- */

static enum catalogue_reason reason_of_map(const CatalogueItem *map)
{
    if (map->details_case != DETAILS_CODE_MAP)
        return REASON_MAPPED;
    switch ((int)map->code_map->reason) {
    case MAP_SUPERSEDED:
        return REASON_SUPERSEDED;
    case MAP_ALIAS:
        return REASON_ALIAS;
    default:
        return REASON_MAPPED;
    }
}

/* The code that CODE leads to on DATE, or NULL. */
static const CatalogueItem *follow(struct view *view, const struct catalogue_question *question, const char *code)
{
    const char *old = format_in(view->arena, "%s/%s", catalogue_kind_name(question->kind), code);
    const char *key = old == NULL ? NULL : catalogue_key(view->arena, KIND_CODE_MAP, old);
    view->failed |= key == NULL;
    const CatalogueItem *map = key == NULL ? NULL : find(view, key, question->region, question->date).item;
    return map != NULL && is_given(map->mapped_code) ? map : NULL;
}

/* The item of CODE, or of the code that it leads to; bounded, so that codes that lead in a circle end. */
static void search_lists(struct view *view, const struct catalogue_question *question, struct catalogue_answer *answer)
{
    const char *code = question->code;
    for (int step = 0; step < LOOKUP_STEPS_MAX; step++) {
        enum catalogue_reason reason = REASON_NATIONAL_ROW;
        const char *key = catalogue_key(view->arena, question->kind, code);
        view->failed |= key == NULL;
        struct found found = {0};
        if (key != NULL)
            found = find_in_lists(view, key, question, &reason);
        if (found.item != NULL) {
            take(answer, key, &found);
            add_reason(answer, reason);
            return;
        }
        const CatalogueItem *map = view->failed ? NULL : follow(view, question, code);
        if (map == NULL)
            return;
        add_reason(answer, reason_of_map(map));
        code = map->mapped_code;
    }
}

/* --- the institution --- */

static void search_formulary(struct view *view, const struct catalogue_question *question,
                             struct catalogue_answer *answer)
{
    const Organisation *institution = organisation_on(view, question->institution, question->date);
    const char *region = institution == NULL ? question->region : institution->region;
    const char *item_key = answer->item != NULL ? answer->key : catalogue_key(view->arena, question->kind, question->code);
    const char *code = item_key == NULL ? NULL : format_in(view->arena, "%s/%s", question->institution, item_key);
    const char *key = code == NULL ? NULL : catalogue_key(view->arena, KIND_FORMULARY_ITEM, code);
    view->failed |= key == NULL;
    struct found entry = {0};
    if (key != NULL)
        entry = find(view, key, region, question->date);
    if (entry.item == NULL) {
        add_reason(answer, REASON_NOT_IN_FORMULARY);
        return;
    }
    if (answer->item == NULL) {
        take(answer, key, &entry);
        answer->layer = LAYER_INSTITUTION; /* it is in no list of the insurance */
    }
    answer->formulary = entry.item;
    bool temporary = entry.item->details_case == DETAILS_FORMULARY && entry.item->formulary->temporary_purchase;
    add_reason(answer, temporary ? REASON_TEMPORARY_PURCHASE : REASON_IN_FORMULARY);
}

/* --- what the fund pays --- */

static bool say_not_payable(struct catalogue_answer *answer, bool is_so, enum catalogue_reason reason)
{
    if (is_so)
        add_reason(answer, reason);
    return is_so;
}

static void judge_payment(struct view *view, const struct catalogue_question *question, struct catalogue_answer *answer)
{
    const CatalogueItem *item = answer->item;
    bool across = question->across_provinces;
    const PaymentLimit *limit = payment_limit_of(view, item, item->code, question->region, question->date);
    bool refused = say_not_payable(answer, item_is_never_paid(item), REASON_NEVER_PAID);
    refused |= say_not_payable(answer, !item_is_paid_there(item, across),
                               across ? REASON_NOT_PAID_ACROSS_PROVINCES : REASON_NOT_PAID_AT_HOME);
    refused |= say_not_payable(answer, !limit_includes_insurance(limit, question->insurance_type), REASON_NOT_OF_THE_INSURANCE);
    answer->payable = !refused;
    answer->has_price_limit =
        item_price_limit(view, item, question->region, question->date, &answer->price_limit_micro);
}

void catalogue_lookup(struct view *view, const struct catalogue_question *question, struct catalogue_answer *answer)
{
    *answer = (struct catalogue_answer){
        .key = "", .region = "", .release = "", .valid_from = DATE_NONE, .valid_until = DATE_NONE};
    search_lists(view, question, answer);
    if (answer->item != NULL)
        judge_payment(view, question, answer);
    if (question->institution != NULL && is_given(question->institution))
        search_formulary(view, question, answer);
    if (answer->item == NULL)
        add_reason(answer, REASON_NOTHING_ON_THAT_DAY);
}

const CatalogueItem *catalogue_item_on(struct view *view, const struct catalogue_question *question)
{
    const char *key = catalogue_key(view->arena, question->kind, question->code);
    view->failed |= key == NULL;
    const CatalogueItem *item = key == NULL ? NULL
                                            : (const CatalogueItem *)view_table_message(view, CATALOGUE_ITEM, TABLE_CATALOGUE, key,
                                                                                        question->region, question->date);
    if (view->failed || (item != NULL && strcmp(item->region, REGION_NATION) == 0))
        return item;
    struct catalogue_answer answer = {0};
    search_lists(view, question, &answer);
    return answer.item;
}

#include "client/catalogue_lookup.h"

#include "base/money.h"
#include "base/text.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NATION "000000"
enum { STEPS_MAX = 4, CODE_BYTES = 512, MICRO_DECIMALS = 6 };

/* ---- rows ---- */

struct found {
    json_t *item; /* NULL: none; owned */
    char region[8], valid_from[12], valid_until[12];
    int64_t version;
};

struct looking {
    struct catalogue_copy *copy;
    const struct medhub_question *question;
    const char *organisation;
    struct medhub_error *error;
    enum medhub_status status; /* of the first row that could not be read */
    json_t *why;
};

static void found_done(struct found *found)
{
    json_decref(found->item);
    found->item = NULL;
}

/* REGION NULL: of whatever region. */
static struct found find(struct looking *looking, const char *table, const char *code, const char *region)
{
    struct found found = {.item = NULL};
    struct catalogue_row row;

    if (looking->status != MEDHUB_OK)
        return found;
    enum medhub_status status =
        copy_find(looking->copy, table, code, region, looking->question->date, &row, looking->error);
    if (status != MEDHUB_OK) {
        looking->status = status == MEDHUB_NOT_FOUND ? MEDHUB_OK : status;
        return found;
    }
    found.item = json_loads(row.item, 0, NULL);
    (void)snprintf(found.region, sizeof found.region, "%.7s", row.region);
    (void)snprintf(found.valid_from, sizeof found.valid_from, "%.11s", row.valid_from);
    (void)snprintf(found.valid_until, sizeof found.valid_until, "%.11s", row.valid_until);
    found.version = row.version;
    if (found.item == NULL)
        looking->status = error_say(looking->error, "catalogue.damaged", "%s/%s", table, code);
    return found;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

static bool is_true(const json_t *object, const char *name)
{
    return json_is_true(json_object_get(object, name));
}

/* ---- why ---- */

static const struct reason {
    const char *name, *zh, *en;
} reasons[] = {
    {"NATIONAL_ROW", "采用国家目录", "the nation's row: no region between has one"},
    {"REGIONAL_ROW", "采用地区目录", "the region's own row"},
    {"PROTECTED", "国家目录受保护，地区条目不适用", "the nation protects the item: the region's row is left aside"},
    {"SUPERSEDED", "编码已被替代", "the code was taken over by another item"},
    {"ALIAS", "按别名找到", "found by another name"},
    {"MAPPED", "按编码对照找到", "found by a map between code sets"},
    {"IN_FORMULARY", "在该机构用药目录内", "in the institution's formulary"},
    {"NOT_IN_FORMULARY", "不在该机构用药目录内", "not in the institution's formulary"},
    {"TEMPORARY_PURCHASE", "该机构临时采购", "a temporary purchase of the institution"},
    {"ACROSS_PROVINCES", "国家目录内可跨省结算的服务项目", "the nation's row: the service item is payable across provinces"},
    {"NEVER_PAID", "丙类或商业健康保险创新药品，基本医保基金不支付",
     "class C, or a drug of commercial insurance: basic insurance does not pay for it"},
    {"NOT_PAID_AT_HOME", "仅跨省异地就医可付，本地不付", "payable across provinces and not at home"},
    {"NOT_PAID_ACROSS_PROVINCES", "仅本地可付，跨省异地就医不付", "payable at home and not across provinces"},
    {"NOT_OF_THE_INSURANCE", "限定其他险种支付", "limited to another insurance"},
};

static void add_reason(struct looking *looking, const char *name)
{
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (strcmp(reasons[i].name, name) == 0)
            (void)json_array_append_new(looking->why, json_sprintf("%s: %s / %s", name, reasons[i].zh, reasons[i].en));
}

static bool say_not_payable(struct looking *looking, bool is_so, const char *reason)
{
    if (is_so)
        add_reason(looking, reason);
    return is_so;
}

/* ---- lists ---- */

static const char *why_the_nation(const struct looking *looking, const json_t *national)
{
    bool is_for_all_provinces = strcmp(text_of(national, "kind"), "KIND_SERVICE_ITEM") == 0 &&
                                is_true(json_object_get(national, "serviceItem"), "payableAcrossProvinces");
    if (is_true(national, "nationallyProtected"))
        return "PROTECTED";
    return looking->question->across_provinces && is_for_all_provinces ? "ACROSS_PROVINCES" : NULL;
}

static struct found find_in_lists(struct looking *looking, const char *table, const char *code, const char **reason)
{
    struct found found = find(looking, table, code, looking->question->region);

    *reason = "NATIONAL_ROW";
    if (found.item == NULL || strcmp(found.region, NATION) == 0)
        return found;
    struct found national = find(looking, table, code, NATION);
    const char *first = national.item == NULL ? NULL : why_the_nation(looking, national.item);
    *reason = first == NULL ? "REGIONAL_ROW" : first;
    found_done(first == NULL ? &national : &found);
    return first == NULL ? found : national;
}

static const char *reason_of_map(const json_t *map)
{
    const char *reason = text_of(json_object_get(map, "codeMap"), "reason");

    return strcmp(reason, "MAP_REASON_SUPERSEDED") == 0 ? "SUPERSEDED" : strcmp(reason, "MAP_REASON_ALIAS") == 0 ? "ALIAS" : "MAPPED";
}

/* The code that CODE leads to on the day goes into CODE; false: none. */
static bool follow(struct looking *looking, char code[CODE_BYTES])
{
    char old[2 * CODE_BYTES];

    (void)snprintf(old, sizeof old, "%s/%s", looking->question->table, code);
    struct found map = find(looking, "CODE_MAP", old, looking->question->region);
    const char *leads_to = text_of(map.item, "mappedCode");
    bool leads = leads_to[0] != '\0' && strlen(leads_to) < CODE_BYTES;
    if (leads) {
        add_reason(looking, reason_of_map(map.item));
        (void)snprintf(code, CODE_BYTES, "%s", leads_to);
    }
    found_done(&map);
    return leads;
}

/* Codes that lead in a circle end. CODE becomes that of the item. */
static struct found search_lists(struct looking *looking, char code[CODE_BYTES])
{
    struct found found = {.item = NULL};

    for (int step = 0; step < STEPS_MAX && looking->status == MEDHUB_OK; step++) {
        const char *reason = "";
        found = find_in_lists(looking, looking->question->table, code, &reason);
        if (found.item != NULL)
            add_reason(looking, reason);
        if (found.item != NULL || !follow(looking, code))
            break;
    }
    return found;
}

/* ---- what the fund pays ---- */

static bool is_paid_there(const struct looking *looking, const json_t *item)
{
    const json_t *service = json_object_get(item, "serviceItem");
    bool across = is_true(service, "payableAcrossProvinces"), at_home = is_true(service, "payableAtHome");

    if (strcmp(looking->question->table, "SERVICE_ITEM") != 0 || service == NULL || (!across && !at_home))
        return true;
    return looking->question->across_provinces ? across : at_home;
}

enum { WESTERN_CODE = 23, PATENT_CODE = 20, PRODUCT_LONG = 12, PRODUCT_SHORT = 11 };

/* That of the product of a national drug code: X and 22 more, Z and 19 more. */
static json_t *limit_of_product(struct looking *looking, const char *code, int length)
{
    char product[PRODUCT_LONG + 1];

    (void)snprintf(product, sizeof product, "%.*s", length, code);
    struct found row = find(looking, "PAYMENT_LIMIT", product, looking->question->region);
    json_t *limit = json_incref(json_object_get(row.item, "limit"));
    found_done(&row);
    return limit;
}

/* NULL: unlimited; owned. */
static json_t *limit_of(struct looking *looking, const json_t *item)
{
    const char *code = text_of(item, "code");
    bool is_western = code[0] == 'X' && strlen(code) == WESTERN_CODE, is_patent = code[0] == 'Z' && strlen(code) == PATENT_CODE;
    json_t *limit = json_incref(json_object_get(item, "limit"));

    if (limit == NULL && (is_western || is_patent))
        limit = limit_of_product(looking, code, PRODUCT_LONG);
    if (limit == NULL && is_patent)
        limit = limit_of_product(looking, code, PRODUCT_SHORT);
    return limit;
}

static bool includes_insurance(const json_t *limit, const char *insurance)
{
    const char *only = text_of(limit, "insurance");

    if (insurance == NULL || strcmp(only, "LIMIT_INSURANCE_WORK_INJURY") == 0)
        return insurance == NULL;
    return strcmp(only, "LIMIT_INSURANCE_MATERNITY") != 0 || strcmp(insurance, "510") == 0;
}

static bool judge_payable(struct looking *looking, const json_t *item)
{
    bool is_commercial = strcmp(looking->question->table, "COMMERCIAL_DRUG") == 0;
    json_t *limit = limit_of(looking, item);

    bool refused = say_not_payable(looking, is_commercial || strcmp(text_of(item, "payClass"), "PAY_CLASS_C") == 0, "NEVER_PAID");
    refused |= say_not_payable(looking, !is_paid_there(looking, item),
                               looking->question->across_provinces ? "NOT_PAID_ACROSS_PROVINCES" : "NOT_PAID_AT_HOME");
    refused |= say_not_payable(looking, !includes_insurance(limit, looking->question->insurance), "NOT_OF_THE_INSURANCE");
    json_decref(limit);
    return !refused;
}

/* ITEM's price NAME, if it says one, into *MICRO. */
static bool take_price(const json_t *item, const char *name, int64_t *micro)
{
    const json_t *price = json_object_get(item, name);

    if (price != NULL && !text_parse_i64(bytes_of(text_of(price, "microYuan")), micro))
        *micro = 0;
    return price != NULL;
}

static bool is_under_agreement(const json_t *item, const char *date)
{
    const char *from = text_of(item, "agreementFrom"), *until = text_of(item, "agreementUntil");

    return from[0] != '\0' && strcmp(from, date) <= 0 && (until[0] == '\0' || strcmp(date, until) <= 0);
}

static json_t *price_limit(struct looking *looking, const json_t *item)
{
    const struct medhub_question *question = looking->question;
    char key[CODE_BYTES + 64], text[MONEY_TEXT_BYTES];
    int64_t standard = 0, ceiling = 0;
    bool has_standard = take_price(item, "paymentStandard", &standard), has_ceiling = take_price(item, "priceLimit", &ceiling);

    if (!is_under_agreement(item, question->date)) {
        (void)snprintf(key, sizeof key, "%.63s/%.500s", question->table, text_of(item, "code"));
        struct found row = find(looking, strcmp(question->table, "SERVICE_ITEM") == 0 ? "PRICE_CEILING" : "PAYMENT_STANDARD", key,
                                question->region);
        has_standard |= take_price(row.item, "paymentStandard", &standard);
        has_ceiling |= take_price(row.item, "priceLimit", &ceiling);
        found_done(&row);
    }
    if (!has_standard && !has_ceiling)
        return NULL;
    int64_t lower = !has_ceiling || (has_standard && standard < ceiling) ? standard : ceiling;
    return json_string(money_format(lower, MICRO_DECIMALS, text));
}

/* ---- the formulary ---- */

static struct found search_formulary(struct looking *looking, const char *code)
{
    char key[2 * CODE_BYTES];

    (void)snprintf(key, sizeof key, "%.100s/%.63s/%s", looking->organisation, looking->question->table, code);
    struct found entry = find(looking, "FORMULARY_ITEM", key, NULL);
    bool temporary = is_true(json_object_get(entry.item, "formulary"), "temporaryPurchase");
    add_reason(looking, entry.item == NULL ? "NOT_IN_FORMULARY" : temporary ? "TEMPORARY_PURCHASE" : "IN_FORMULARY");
    return entry;
}

/* ---- the answer ---- */

static void set_text(json_t *answer, const char *name, const char *text)
{
    if (text[0] != '\0')
        (void)json_object_set_new(answer, name, json_string(text));
}

static json_t *answer_of(struct looking *looking, const struct found *row, const char *code, const char *layer, bool payable)
{
    const struct medhub_question *question = looking->question;
    bool is_listed = strcmp(layer, "INSTITUTION") != 0;
    json_t *answer = json_object(), *price = is_listed ? price_limit(looking, row->item) : NULL;

    set_text(answer, "table", question->table);
    set_text(answer, "code", question->code);
    (void)json_object_set_new(answer, "key", is_listed ? json_sprintf("%s/%s", question->table, code)
                                                       : json_sprintf("FORMULARY_ITEM/%s", text_of(row->item, "code")));
    set_text(answer, "layer", layer);
    set_text(answer, "region", row->region);
    set_text(answer, "date", question->date);
    set_text(answer, "validFrom", row->valid_from);
    set_text(answer, "validUntil", row->valid_until);
    (void)json_object_set_new(answer, "version", json_sprintf("%lld", (long long)row->version));
    set_text(answer, "release", text_of(row->item, "release"));
    (void)json_object_set_new(answer, "payable", json_boolean(payable));
    if (price != NULL)
        (void)json_object_set_new(answer, "priceLimit", price);
    (void)json_object_set(answer, "why", looking->why);
    (void)json_object_set(answer, "item", row->item);
    return answer;
}

static json_t *search(struct looking *looking, char code[CODE_BYTES])
{
    struct found item = search_lists(looking, code), entry = {.item = NULL};
    const char *layer = strcmp(item.region, NATION) == 0 ? "NATION" : "REGION";
    bool payable = item.item != NULL && judge_payable(looking, item.item);
    json_t *answer = NULL;

    if (looking->question->own_formulary)
        entry = search_formulary(looking, item.item == NULL ? looking->question->code : code);
    if (item.item != NULL)
        answer = answer_of(looking, &item, code, layer, payable);
    else if (entry.item != NULL) /* in no list of the insurance */
        answer = answer_of(looking, &entry, code, "INSTITUTION", false);
    if (entry.item != NULL)
        (void)json_object_set(answer, "formulary", entry.item);
    found_done(&item);
    found_done(&entry);
    return answer;
}

enum medhub_status catalogue_look_up(struct catalogue_copy *copy, const struct medhub_question *question,
                                     const char *organisation, char **json, struct medhub_error *error)
{
    struct looking looking = {.copy = copy, .question = question, .organisation = organisation, .error = error,
                              .status = MEDHUB_OK, .why = json_array()};
    char code[CODE_BYTES];

    if (snprintf(code, sizeof code, "%s", question->code) >= (int)sizeof code) {
        json_decref(looking.why);
        return MEDHUB_NOT_FOUND;
    }
    json_t *answer = search(&looking, code);
    if (looking.status == MEDHUB_OK && answer != NULL)
        *json = json_dumps(answer, JSON_COMPACT);
    json_decref(looking.why);
    bool found = answer != NULL;
    json_decref(answer);
    if (looking.status != MEDHUB_OK)
        return looking.status;
    if (!found)
        return MEDHUB_NOT_FOUND;
    return *json == NULL ? error_say(error, "memory.out", NULL) : MEDHUB_OK;
}

#include "domain/catalogue_payment.h"

#include "domain/span.h"

/* --- whether at all --- */

bool item_is_paid_there(const CatalogueItem *item, bool across_provinces)
{
    if (item->kind != KIND_SERVICE_ITEM || item->details_case != DETAILS_SERVICE_ITEM)
        return true;
    bool across = item->service_item->payable_across_provinces, at_home = item->service_item->payable_at_home;
    return (!across && !at_home) || (across_provinces ? across : at_home);
}

bool item_is_never_paid(const CatalogueItem *item)
{
    return item->pay_class == PAY_CLASS_C || item->kind == KIND_COMMERCIAL_DRUG;
}

/* --- what limits it --- */

static const CatalogueItem *row_of(struct view *view, CatalogueKind kind, const char *code, const char *region, date_t date)
{
    const char *key = code == NULL ? NULL : catalogue_key(view->arena, kind, code);
    view->failed |= key == NULL;
    return key == NULL ? NULL
                       : (const CatalogueItem *)view_table_message(view, CATALOGUE_ITEM, TABLE_CATALOGUE, key, region, date);
}

/* National codes of drugs: X and 22 more, Z and 19 more (nhsa-wire 3). Their products are the first 12 or 11 characters. */
enum { WESTERN_CODE = 23, PATENT_CODE = 20, PRODUCT_LONG = 12, PRODUCT_SHORT = 11 };

static const PaymentLimit *limit_of_product(struct view *view, const char *code, size_t length, const char *region, date_t date)
{
    const CatalogueItem *row =
        row_of(view, KIND_PAYMENT_LIMIT, arena_text(view->arena, bytes_from(code, length)), region, date);
    return row == NULL ? NULL : row->limit;
}

const PaymentLimit *payment_limit_of(struct view *view, const CatalogueItem *item, const char *code, const char *region,
                                     date_t date)
{
    size_t length = strlen(code);
    bool is_western = code[0] == 'X' && length == WESTERN_CODE, is_patent = code[0] == 'Z' && length == PATENT_CODE;
    if (item != NULL && item->limit != NULL)
        return item->limit;
    if (!is_western && !is_patent)
        return NULL;
    const PaymentLimit *limit = limit_of_product(view, code, PRODUCT_LONG, region, date);
    return limit != NULL || is_western ? limit : limit_of_product(view, code, PRODUCT_SHORT, region, date);
}

#define MATERNITY_INSURANCE "510"

bool limit_includes_insurance(const PaymentLimit *limit, const char *insurance_type)
{
    if (limit == NULL || insurance_type == NULL)
        return true;
    switch ((int)limit->insurance) {
    case LIMIT_WORK_INJURY:
        return false;
    case LIMIT_MATERNITY:
        return strcmp(insurance_type, MATERNITY_INSURANCE) == 0;
    default:
        return true;
    }
}

/* --- up to which price --- */

bool item_is_under_agreement(const CatalogueItem *item, date_t date)
{
    return item != NULL && is_given(item->agreement_from) &&
           span_covers((struct span){text_day(item->agreement_from), text_day(item->agreement_until)}, date);
}

typedef Medhub__Common__V1__Price Price;

/* The lower of two prices; what is not said is no limit. */
static const Price *lower(const Price *a, const Price *b)
{
    if (a == NULL || b == NULL)
        return a == NULL ? b : a;
    return b->micro_yuan < a->micro_yuan ? b : a;
}

bool item_price_limit(struct view *view, const CatalogueItem *item, const char *region, date_t date, int64_t *micro_yuan)
{
    const Price *standard = item->payment_standard, *ceiling = item->price_limit;
    if (!item_is_under_agreement(item, date)) {
        CatalogueKind kind = item->kind == KIND_SERVICE_ITEM ? KIND_PRICE_CEILING : KIND_PAYMENT_STANDARD;
        const CatalogueItem *row = row_of(view, kind, catalogue_key(view->arena, item->kind, item->code), region, date);
        if (row != NULL && row->payment_standard != NULL)
            standard = row->payment_standard;
        if (row != NULL && row->price_limit != NULL)
            ceiling = row->price_limit;
    }
    const Price *limit = lower(standard, ceiling);
    if (limit != NULL)
        *micro_yuan = limit->micro_yuan;
    return limit != NULL;
}

/* What the fund pays for is on the catalogue on the day of service [events.md 2]: a change published now for
 * midnight does not touch a settlement before it, nor one after it of what was done before. */
#include "domain/settlement.h"

#include "domain/catalogue_lookup.h"
#include "domain/region.h"

/* --- which row --- */

/* The day on which the line arose, as it says itself, as the settlement says, else the day of settlement. */
static date_t service_day(const struct posting *posting, const SettlementLine *line)
{
    date_t charged = timestamp_day(line->charged_at), served = text_day(posting->said->service_date);
    return charged != DATE_NONE ? charged : served != DATE_NONE ? served : posting->settled_on;
}

/* Across provinces the list of the place of care holds [C1 L874], else that of the place of insurance. */
static const char *catalogue_region(const SettlementPosted *said)
{
    struct region care = region_province(said->region_of_care),
                  insurance = region_province(said->region_of_insurance);
    return strcmp(care.code, insurance.code) == 0 ? said->region_of_insurance : said->region_of_care;
}

/* A line does not say of what kind its item is; the first letter of its national code does. How service items
 * are coded is not fixed [nhsa-wire 3]: any code may be one. */
enum { KINDS_OF_LETTER = 2, ANY_LETTER = '*' };
static const struct {
    char letter;
    CatalogueKind kinds[KINDS_OF_LETTER];
} payable_kinds[] = {
    {'X', {KIND_WESTERN_DRUG}},
    {'Z', {KIND_PATENT_DRUG, KIND_ETHNIC_DRUG}},
    {'T', {KIND_TCM_PIECE, KIND_TCM_GRANULE}},
    {'J', {KIND_HOSPITAL_PREPARATION}},
    {'C', {KIND_CONSUMABLE}},
    {ANY_LETTER, {KIND_SERVICE_ITEM}},
};
enum { LETTERS = sizeof payable_kinds / sizeof *payable_kinds };

static bool is_national_letter(char letter)
{
    for (size_t i = 0; i < LETTERS; i++)
        if (payable_kinds[i].letter == letter)
            return true;
    return false;
}

static const CatalogueItem *find_among(struct view *view, const CatalogueKind kinds[KINDS_OF_LETTER],
                                       const char *code, const char *region, date_t day)
{
    const CatalogueItem *item = NULL;
    for (size_t i = 0; item == NULL && i < KINDS_OF_LETTER && (int)kinds[i] != 0; i++)
        item = catalogue_item_on(view, kinds[i], code, region, day);
    return item;
}

/* A code that begins with none of the letters is looked for among all kinds. */
static const CatalogueItem *item_of(struct view *view, const char *code, const char *region, date_t day)
{
    bool every_kind = !is_national_letter(code[0]);
    const CatalogueItem *item = NULL;
    for (size_t i = 0; item == NULL && i < LETTERS; i++)
        if (every_kind || payable_kinds[i].letter == code[0] || payable_kinds[i].letter == ANY_LETTER)
            item = find_among(view, payable_kinds[i].kinds, code, region, day);
    return item;
}

/* --- the rule --- */

/* Part of the line is in scope, and funds pay. A line that does not say what is in scope is, unless the
 * person bears all of it. */
static bool fund_pays(const SettlementPosted *said, const SettlementLine *line)
{
    bool in_scope = line->in_scope != NULL ? line->in_scope->fen > 0
                                           : money_fen(line->self_paid) < money_fen(line->amount);
    return in_scope && money_fen(said->amounts->fund_total) > 0;
}

static void report_line(struct rule_context *context, size_t place, const char *region, date_t day)
{
    const struct posting *posting = context->prepared;
    rule_refuse_or_warn(
        context, posting->said->region_of_insurance, posting->settled_on,
        rule_text(context, "lines[%zu].catalogueCode", place), "***",
        rule_text(context, "payable on the catalogue of region %s on %s", region, rule_day(context, day)));
}

/* A miss costs more than a hit, and there are other rules' findings to keep: it ends with so many. */
enum { MISSING_LINES_MAX = FINDINGS_MAX / 2 };

void settlement_paid_lines_are_on_the_catalogue(struct rule_context *context)
{
    const struct posting *posting = context->prepared;
    const SettlementPosted *said = posting->said;
    const char *region = catalogue_region(said);
    if (posting->earlier != NULL)
        return;
    for (size_t i = 0, missing = 0; i < said->n_lines && missing < MISSING_LINES_MAX; i++) {
        const SettlementLine *line = said->lines[i];
        date_t day = service_day(posting, line);
        if (!is_given(line->catalogue_code) || !fund_pays(said, line))
            continue;
        const CatalogueItem *item = item_of(context->view, line->catalogue_code, region, day);
        if (item == NULL || item->pay_class == PAY_CLASS_C) {
            report_line(context, i, region, day);
            missing++;
        }
    }
}

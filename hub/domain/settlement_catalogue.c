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
static void find_list(struct posting *posting)
{
    const SettlementPosted *said = posting->said;
    struct region care = region_province(said->region_of_care), insurance = region_province(said->region_of_insurance);
    posting->across_provinces = strcmp(care.code, insurance.code) != 0;
    posting->list_region = posting->across_provinces ? said->region_of_care : said->region_of_insurance;
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
                                       struct catalogue_question question)
{
    const CatalogueItem *item = NULL;
    for (size_t i = 0; item == NULL && i < KINDS_OF_LETTER && (int)kinds[i] != 0; i++) {
        question.kind = kinds[i];
        item = catalogue_item_on(view, &question);
    }
    return item;
}

/* A code that begins with none of the letters is looked for among all kinds. */
static const CatalogueItem *item_of(struct view *view, const struct catalogue_question *question)
{
    char letter = question->code[0];
    bool every_kind = !is_national_letter(letter);
    const CatalogueItem *item = NULL;
    for (size_t i = 0; item == NULL && i < LETTERS; i++)
        if (every_kind || payable_kinds[i].letter == letter || payable_kinds[i].letter == ANY_LETTER)
            item = find_among(view, payable_kinds[i].kinds, *question);
    return item;
}

/* --- which lines --- */

/* Part of the line is in scope, and funds pay. A line that does not say what is in scope is, unless the
 * person bears all of it. */
static bool fund_pays(const SettlementPosted *said, const SettlementLine *line)
{
    bool in_scope = line->in_scope != NULL ? line->in_scope->fen > 0
                                           : money_fen(line->self_paid) < money_fen(line->amount);
    return in_scope && money_fen(said->amounts->fund_total) > 0;
}

static void look_up(struct view *view, const struct posting *posting, const SettlementLine *line, struct paid_line *paid)
{
    paid->day = service_day(posting, line);
    paid->item = item_of(view, &(struct catalogue_question){.code = line->catalogue_code,
                                                            .region = posting->list_region,
                                                            .date = paid->day,
                                                            .across_provinces = posting->across_provinces});
    paid->is_judged = true;
}

/* A miss costs more than a hit, and there are other rules' findings to keep: after so many no line is judged. */
enum { MISSING_LINES_MAX = FINDINGS_MAX / 2 };

bool settlement_look_up_lines(struct view *view, struct posting *posting)
{
    const SettlementPosted *said = posting->said;
    struct paid_line *paid = arena_take_zeroed(view->arena, said->n_lines * sizeof *paid);
    if (paid == NULL)
        return false;
    find_list(posting);
    for (size_t i = 0, missing = 0; i < said->n_lines && missing < MISSING_LINES_MAX; i++)
        if (is_given(said->lines[i]->catalogue_code) && fund_pays(said, said->lines[i])) {
            look_up(view, posting, said->lines[i], &paid[i]);
            missing += paid[i].item == NULL;
        }
    posting->paid_lines = paid;
    return true;
}

/* --- the rule --- */

void settlement_paid_lines_are_on_the_catalogue(struct rule_context *context)
{
    const struct posting *posting = context->prepared;
    for (size_t i = 0; posting->paid_lines != NULL && i < posting->said->n_lines; i++) {
        const struct paid_line *paid = &posting->paid_lines[i];
        if (paid->is_judged && (paid->item == NULL || item_is_never_paid(paid->item)))
            rule_refuse_or_warn(context, posting->said->region_of_insurance, posting->settled_on,
                                rule_text(context, "lines[%zu].catalogueCode", i), "***",
                                rule_text(context, "payable on the catalogue of region %s on %s", posting->list_region,
                                          rule_day(context, paid->day)));
    }
}

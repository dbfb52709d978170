#include "domain/trace_state.h"

#include "domain/format.h"

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

/* --- the table --- */

#define AT(standing) (1u << (standing))
#define IN_STOCK     (AT(ITEM_NEVER_SEEN) | AT(ITEM_HELD) | AT(ITEM_ON_THE_WAY))
#define NOT_ENDED    (IN_STOCK | AT(ITEM_GIVEN))
#define ANYWHERE     (NOT_ENDED | AT(ITEM_DESTROYED))

enum { AS_IT_IS = -1 };

#define COUNT(field)  offsetof(ScannedItemState, field)
#define AMOUNT(field) offsetof(LotHolding, field)

/* A second sale is possible here: that it is one is said by a rule of its own (TR-102). */
static const struct trace_step steps[] = {
    {STEP_COMMISSIONED, "commissioned", "赋码", EFFECT_MAKES, false, AT(ITEM_NEVER_SEEN), ITEM_HELD, 0,
     AMOUNT(made_e4), false},
    {STEP_PACKED, "packed", "装箱", EFFECT_PACKS, false, IN_STOCK, ITEM_HELD, 0, 0, false},
    {STEP_UNPACKED, "unpacked", "拆箱", EFFECT_UNPACKS, false, IN_STOCK, ITEM_HELD, 0, 0, true},
    {STEP_INBOUND, "inbound", "入库", EFFECT_TAKES_IN, false, IN_STOCK, ITEM_HELD, COUNT(purchased),
     AMOUNT(inbound_e4), true},
    {STEP_PURCHASED, "purchased", "采购", EFFECT_TAKES_IN, false, IN_STOCK, ITEM_HELD, COUNT(purchased),
     AMOUNT(purchased_e4), true},
    {STEP_STORED, "stored", "在库", EFFECT_NONE, false, IN_STOCK, ITEM_HELD, 0, 0, true},
    {STEP_OUTBOUND, "outbound", "出库", EFFECT_SENDS, false, IN_STOCK, ITEM_ON_THE_WAY, 0,
     AMOUNT(outbound_e4), true},
    {STEP_SOLD, "sold", "销售", EFFECT_GIVES, false, NOT_ENDED, ITEM_GIVEN, COUNT(sold), AMOUNT(sold_e4),
     true},
    {STEP_USED, "used", "使用", EFFECT_GIVES, false, NOT_ENDED, ITEM_GIVEN, COUNT(used), AMOUNT(used_e4),
     true},
    {STEP_RETURNED, "returned", "退回", EFFECT_COMES_BACK, false, AT(ITEM_NEVER_SEEN) | AT(ITEM_GIVEN),
     ITEM_HELD, COUNT(returned), AMOUNT(came_back_e4), true},
    {STEP_RETURNED, "returned to the supplier", "退供应商", EFFECT_SENDS, true, IN_STOCK, ITEM_ON_THE_WAY, 0,
     AMOUNT(sent_back_e4), true},
    {STEP_DESTROYED, "destroyed", "销毁", EFFECT_ENDS, false, NOT_ENDED, ITEM_DESTROYED, 0,
     AMOUNT(destroyed_e4), true},
    {STEP_CHARGED, "charged", "计费", EFFECT_BOOKS, false, ANYWHERE, AS_IT_IS, 0, 0, true},
    {STEP_SETTLED, "settled", "结算", EFFECT_BOOKS, false, ANYWHERE, AS_IT_IS, COUNT(settled),
     AMOUNT(settled_e4), true},
    {STEP_UNSETTLED, "settlement taken back", "结算撤销", EFFECT_BOOKS, false, ANYWHERE, AS_IT_IS,
     COUNT(unsettled), AMOUNT(unsettled_e4), true},
};

const struct trace_step *trace_step(ScanStep step, bool to_supplier)
{
    static const struct trace_step unknown = {
        .name = "unknown", .name_zh = "未知", .from = ANYWHERE, .to = AS_IT_IS};
    const struct trace_step *found = &unknown;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
        if (steps[i].step == step && (found == &unknown || steps[i].to_supplier == to_supplier))
            found = &steps[i];
    return found;
}

/* --- items with a serial --- */

static ItemStanding standing_of(const ScannedItemState *item)
{
    return item == NULL ? ITEM_NEVER_SEEN : item->standing;
}

bool trace_is_possible(const ScannedItemState *item, ScanStep step, bool to_supplier)
{
    return (trace_step(step, to_supplier)->from & AT(standing_of(item))) != 0;
}

const char *trace_standing_name(const ScannedItemState *item)
{
    static const char *const names[] = {[ITEM_NEVER_SEEN] = "never seen",
                                        [ITEM_HELD] = "held",
                                        [ITEM_ON_THE_WAY] = "on the way",
                                        [ITEM_GIVEN] = "given to a patient",
                                        [ITEM_DESTROYED] = "destroyed"};
    size_t standing = (size_t)standing_of(item);
    return standing < sizeof names / sizeof *names ? names[standing] : "unknown";
}

bool trace_item_is_gone(const ScannedItemState *item)
{
    return item != NULL && item->sold + item->used > item->returned;
}

bool trace_is_late(const ScannedItemState *item, const struct trace_move *move)
{
    return item != NULL && move->at_ms < item->last_scanned_at_ms;
}

bool trace_is_same_settlement(const ScannedItemState *item, const struct trace_move *move)
{
    return item != NULL && move->settlement != 0 && item->settlement == move->settlement &&
           item->settled > item->unsettled;
}

static const uint32_t *counter(const ScannedItemState *item, const struct trace_step *step)
{
    return step->count == 0 ? NULL : (const uint32_t *)(const void *)((const char *)item + step->count);
}

uint32_t trace_times_counted(const ScannedItemState *item, const struct trace_move *move)
{
    const struct trace_step *step = trace_step(move->step, move->to_supplier);
    if (step->count == 0)
        return UINT32_MAX;
    return item == NULL ? 0 : *counter(item, step);
}

/* What a patient brings back on time is all that was given; a late return is one of several. */
static void count_return(ScannedItemState *item, const struct trace_move *move)
{
    if (move->split || trace_is_late(item, move)) {
        item->returned++;
    } else {
        item->returned = item->sold + item->used;
        item->quantity_sold_e4 = 0;
    }
}

static void count_part(ScannedItemState *item, const struct trace_step *step, const struct trace_move *move)
{
    bool leaves = (step->effect == EFFECT_GIVES) != move->cancels;
    if (move->split && (step->effect == EFFECT_GIVES || step->effect == EFFECT_COMES_BACK))
        item->quantity_sold_e4 += leaves ? move->quantity_e4 : -move->quantity_e4;
}

static void count(ScannedItemState *item, const struct trace_step *step, const struct trace_move *move)
{
    uint32_t *times = (uint32_t *)(void *)counter(item, step);
    count_part(item, step, move);
    if (times == NULL)
        return;
    if (move->cancels)
        *times -= *times > 0;
    else if (step->effect == EFFECT_COMES_BACK)
        count_return(item, move);
    else if (move->step != STEP_SETTLED || !trace_is_same_settlement(item, move))
        ++*times;
    if (move->step == STEP_SETTLED)
        item->settlement = move->cancels ? 0 : move->settlement;
}

/* A part of a pack leaves the rest where it is; a wrong scan leaves it with its holder. */
static void move_on(ScannedItemState *item, const struct trace_step *step, const struct trace_move *move)
{
    bool stays = step->to == AS_IT_IS || move->cancels || (step->effect == EFFECT_GIVES && move->split);
    item->last_step = move->cancels ? STEP_STORED : move->step;
    item->last_scanned_at_ms = move->at_ms;
    item->holder = lent(move->holder);
    item->region = move->region;
    item->standing = stays ? ITEM_HELD : (ItemStanding)step->to;
}

static uint32_t day_number(date_t day, uint32_t otherwise)
{
    return day == DATE_NONE || day <= 0 ? otherwise : (uint32_t)day;
}

static void note_label(ScannedItemState *item, const struct trace_move *move)
{
    if (is_given(move->lot))
        item->lot = lent(move->lot);
    item->made_day = day_number(move->made_on, item->made_day);
    item->expires_day = day_number(move->expires_on, item->expires_day);
}

static void keep_little(ScannedItemState *item)
{
    if (item->settled <= item->unsettled || item->standing != ITEM_GIVEN)
        return;
    item->region = item->expires_day = 0;
}

void trace_move_item(ScannedItemState *item, const struct trace_move *move)
{
    const struct trace_step *step = trace_step(move->step, move->to_supplier);
    bool is_late = trace_is_late(item, move);
    count(item, step, move);
    note_label(item, move);
    if (!is_late && step->effect != EFFECT_BOOKS)
        move_on(item, step, move);
    keep_little(item);
}

/* --- the pack it lies in --- */

enum { GTIN_DIGITS = 14 };

/* 0: it is none of 14 digits. */
static uint64_t gtin_of(const char *product)
{
    size_t digits = strspn(product, "0123456789");
    return digits == GTIN_DIGITS && product[digits] == '\0' ? strtoull(product, NULL, 10) : 0;
}

void trace_set_parent(ScannedItemState *item, const char *product, const char *serial)
{
    item->parent_gtin = gtin_of(product);
    item->parent_product = lent(item->parent_gtin == 0 ? product : "");
    item->parent_serial = lent(serial);
}

const char *trace_parent_product(struct arena *arena, const ScannedItemState *item)
{
    return item->parent_gtin == 0 ? item->parent_product
                                  : arena_format(arena, "%0*llu", GTIN_DIGITS, (unsigned long long)item->parent_gtin);
}

bool trace_lies_in(const ScannedItemState *item, const char *product, const char *serial)
{
    return strcmp(item->parent_serial, serial) == 0 &&
           (item->parent_gtin == 0 ? strcmp(item->parent_product, product) == 0
                                   : item->parent_gtin == gtin_of(product));
}

/* --- lots --- */

static void note_latest(LotHolding *holding, const struct trace_move *move)
{
    holding->made_day = day_number(move->made_on, holding->made_day);
    holding->expires_day = day_number(move->expires_on, holding->expires_day);
    if (move->at_ms < holding->last_scanned_at_ms)
        return;
    holding->last_scanned_at_ms = move->at_ms;
    holding->last_step = move->step;
    holding->region = move->region;
}

static int64_t signed_e4(const struct trace_move *move)
{
    return move->cancels ? -move->quantity_e4 : move->quantity_e4;
}

int64_t trace_amount_e4(const LotHolding *holding, const struct trace_move *move)
{
    size_t amount = trace_step(move->step, move->to_supplier)->amount;
    if (amount == 0)
        return INT64_MAX;
    return holding == NULL ? 0 : *(const int64_t *)(const void *)((const char *)holding + amount);
}

void trace_add_to_holding(LotHolding *holding, const struct trace_move *move)
{
    size_t amount = trace_step(move->step, move->to_supplier)->amount;
    if (amount != 0)
        *(int64_t *)(void *)((char *)holding + amount) += signed_e4(move);
    note_latest(holding, move);
}

void trace_add_sent_to(LotHolding *holding, const struct trace_move *move)
{
    holding->sent_to_it_e4 += signed_e4(move);
    note_latest(holding, move);
}

void trace_add_to_sent(LotSent *sent, const struct trace_move *move)
{
    sent->quantity_e4 += signed_e4(move);
    if (sent->last_at_ms < move->at_ms)
        sent->last_at_ms = move->at_ms;
}

static int64_t came_in_e4(const LotHolding *holding)
{
    return holding->inbound_e4 > holding->purchased_e4 ? holding->inbound_e4 : holding->purchased_e4;
}

int64_t trace_at_hand_e4(const LotHolding *holding)
{
    int64_t came = holding->made_e4 + came_in_e4(holding) + holding->came_back_e4;
    int64_t left = holding->outbound_e4 + holding->sold_e4 + holding->used_e4 + holding->sent_back_e4 +
                   holding->destroyed_e4;
    return came - left;
}

int64_t trace_on_the_way_e4(const LotHolding *holding)
{
    return holding->sent_to_it_e4 - came_in_e4(holding);
}

/* --- names --- */

const char *trace_name_part(struct arena *arena, const char *text)
{
    if (strpbrk(text, "%/") == NULL)
        return text;
    char *part = arena_take(arena, 3 * strlen(text) + 1), *to = part;
    for (; part != NULL && *text != '\0'; text++) {
        const char *escaped = *text == '%' ? "%25" : *text == '/' ? "%2F" : NULL;
        size_t length = escaped == NULL ? 1 : 3;
        memcpy(to, escaped == NULL ? text : escaped, length);
        to += length;
    }
    if (part != NULL)
        *to = '\0';
    return part;
}

const char *trace_holding_name(struct arena *arena, const char *lot, const char *holder)
{
    const char *part = trace_name_part(arena, lot);
    return part == NULL ? NULL : format_in(arena, "held/%s/%s", part, holder);
}

const char *trace_sent_prefix(struct arena *arena, const char *lot, const char *holder)
{
    const char *part = trace_name_part(arena, lot);
    return part == NULL ? NULL : format_in(arena, "sent/%s/%s/", part, holder);
}

#include "domain/recall.h"

#include "domain/format.h"
#include "domain/trace_state.h"

static const char SERIAL_ROWS[] = "serial/", LOT_ROWS[] = "held/";

/* --- what is covered --- */

static bool is_one_of(char *const *texts, size_t count, const char *wanted)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(texts[i], wanted) == 0)
            return true;
    return false;
}

static bool is_in_a_range(const RecallScope *scope, const char *serial)
{
    for (size_t i = 0; i < scope->n_serials; i++) {
        const SerialRange *range = scope->serials[i];
        if (strlen(serial) == strlen(range->from) && strcmp(serial, range->from) >= 0 &&
            strcmp(serial, range->until) <= 0)
            return true;
    }
    return false;
}

static bool has_interval(const RecallScope *scope)
{
    return is_given(scope->made_from) || is_given(scope->made_until);
}

static bool is_in_the_interval(const RecallScope *scope, date_t made_on)
{
    date_t from = text_day(scope->made_from), until = text_day(scope->made_until);
    return has_interval(scope) && made_on != DATE_NONE && (from == DATE_NONE || made_on >= from) &&
           (until == DATE_NONE || made_on <= until);
}

bool recall_covers(const RecallScope *scope, const char *serial, const char *lot, date_t made_on)
{
    return scope->whole_product || (is_given(lot) && is_one_of(scope->lots, scope->n_lots, lot)) ||
           (is_given(serial) && is_in_a_range(scope, serial)) || is_in_the_interval(scope, made_on);
}

bool recall_reached(const ScannedItemState *item, const char *number)
{
    return is_one_of(item->recalls, item->n_recalls, number);
}

/* --- amounts --- */

void recall_amounts_add(RecallAmounts *to, const RecallAmounts *more, int sign)
{
    to->held_e4 += sign * more->held_e4;
    to->on_the_way_e4 += sign * more->on_the_way_e4;
    to->delivered_e4 += sign * more->delivered_e4;
    to->used_e4 += sign * more->used_e4;
    to->destroyed_e4 += sign * more->destroyed_e4;
    to->returned_e4 += sign * more->returned_e4;
}

bool recall_amounts_are_zero(const RecallAmounts *amounts)
{
    return !recall_concerns(amounts) && amounts->destroyed_e4 == 0 && amounts->returned_e4 == 0;
}

int64_t recall_outstanding_e4(const RecallAmounts *amounts)
{
    return amounts->held_e4 + amounts->on_the_way_e4;
}

int64_t recall_affected_e4(const RecallAmounts *amounts)
{
    return recall_outstanding_e4(amounts) + amounts->delivered_e4 + amounts->used_e4 + amounts->destroyed_e4 +
           amounts->returned_e4;
}

bool recall_concerns(const RecallAmounts *amounts)
{
    return amounts->held_e4 != 0 || amounts->on_the_way_e4 != 0 || amounts->delivered_e4 != 0 ||
           amounts->used_e4 != 0;
}

bool recall_is_taker(const struct recall_takers *takers, const char *holder)
{
    return is_one_of(takers->ids, takers->count, holder);
}

/* --- items with a serial --- */

static date_t made_day(uint32_t day)
{
    return day == 0 ? DATE_NONE : (date_t)day;
}

static bool unit_of_item(const RecallState *state, const char *serial, const ScannedItemState *item,
                         struct recall_unit *unit)
{
    const RecallScope *scope = state->scope;
    const struct recall_takers takers = recall_takers_of(state);
    *unit = (struct recall_unit){item->holder, MEDHUB__TRACE__V1__RECALL_AMOUNTS__INIT, false, serial, item->lot,
                                 item->last_step};
    if (!recall_reached(item, state->recall) &&
        !recall_covers(scope, serial, item->lot, made_day(item->made_day))) {
        unit->undetermined = has_interval(scope) && item->made_day == 0;
        return unit->undetermined;
    }
    bool is_back = recall_is_taker(&takers, item->holder);
    switch ((int)item->standing) {
    case ITEM_HELD:
        *(is_back ? &unit->amounts.returned_e4 : &unit->amounts.held_e4) = RECALL_ONE_E4;
        break;
    case ITEM_ON_THE_WAY:
        unit->amounts.on_the_way_e4 = RECALL_ONE_E4;
        break;
    case ITEM_GIVEN:
        *(item->last_step == STEP_SOLD ? &unit->amounts.delivered_e4 : &unit->amounts.used_e4) = RECALL_ONE_E4;
        break;
    case ITEM_DESTROYED:
        unit->amounts.destroyed_e4 = RECALL_ONE_E4;
        break;
    default:
        unit->undetermined = true;
        break;
    }
    return true;
}

/* --- lots --- */

static int64_t not_below_zero(int64_t amount)
{
    return amount > 0 ? amount : 0;
}

/* Not all of the holding is recalled, but perhaps a part of it that lay in a recalled pack. */
static bool unit_of_part(const RecallState *state, const LotHolding *holding, struct recall_unit *unit)
{
    const RecallAmounts *part = recall_part_of(holding, state->recall);
    const struct recall_takers takers = recall_takers_of(state);
    if (part == NULL) {
        unit->undetermined = has_interval(state->scope) && holding->made_day == 0;
        return unit->undetermined;
    }
    recall_amounts_add(&unit->amounts, part, 1);
    if (recall_is_taker(&takers, unit->holder)) {
        unit->amounts.returned_e4 += unit->amounts.held_e4;
        unit->amounts.held_e4 = 0;
    }
    return true;
}

static bool unit_of_lot(const RecallState *state, const char *lot, const char *holder, const LotHolding *holding,
                        struct recall_unit *unit)
{
    const RecallScope *scope = state->scope;
    const struct recall_takers takers = recall_takers_of(state);
    *unit = (struct recall_unit){holder, MEDHUB__TRACE__V1__RECALL_AMOUNTS__INIT, false, "", lot, holding->last_step};
    RecallAmounts *amounts = &unit->amounts;
    if (!recall_covers(scope, "", lot, made_day(holding->made_day)))
        return unit_of_part(state, holding, unit);
    int64_t at_hand = not_below_zero(trace_at_hand_e4(holding));
    int64_t came_back_of_use = not_below_zero(holding->came_back_e4 - holding->sold_e4);
    *(recall_is_taker(&takers, holder) ? &amounts->returned_e4 : &amounts->held_e4) = at_hand;
    amounts->on_the_way_e4 = not_below_zero(trace_on_the_way_e4(holding));
    amounts->delivered_e4 = not_below_zero(holding->sold_e4 - holding->came_back_e4);
    amounts->used_e4 = not_below_zero(holding->used_e4 - came_back_of_use);
    amounts->destroyed_e4 = holding->destroyed_e4;
    return true;
}

/* "held/LOT/HOLDER": the lot as it is written on the label, and the holder. False: no such name. */
static bool split_name(struct arena *arena, const char *name, const char **lot, const char **holder)
{
    const char *part = name + strlen(LOT_ROWS), *slash = strchr(part, '/');
    char *text = slash == NULL ? NULL : arena_text(arena, bytes_from(part, (size_t)(slash - part)));
    if (text == NULL)
        return false;
    char *to = text;
    for (const char *from = text; *from != '\0'; from++) {
        bool is_escape = from[0] == '%' && from[1] == '2' && (from[2] == '5' || from[2] == 'F');
        *to++ = !is_escape ? *from : from[2] == '5' ? '%' : '/';
        from += is_escape ? 2 : 0;
    }
    *to = '\0';
    *lot = text;
    *holder = slash + 1;
    return true;
}

/* --- rows --- */

const ProtobufCMessageDescriptor *recall_row_message(const char *name)
{
    if (strncmp(name, SERIAL_ROWS, strlen(SERIAL_ROWS)) == 0)
        return SCANNED_ITEM_STATE;
    return strncmp(name, LOT_ROWS, strlen(LOT_ROWS)) == 0 ? LOT_HOLDING : NULL;
}

bool recall_unit_of(struct arena *arena, const RecallState *state, const char *name, const ProtobufCMessage *row,
                    struct recall_unit *unit)
{
    const char *lot, *holder;
    if (row->descriptor == SCANNED_ITEM_STATE)
        return unit_of_item(state, name + strlen(SERIAL_ROWS), (const ScannedItemState *)row, unit);
    return split_name(arena, name, &lot, &holder) &&
           unit_of_lot(state, lot, holder, (const LotHolding *)row, unit);
}

/* What would join a recall that is closed. The recall's amounts added up and stay as they are: the addition
 * is refused, and who has the goods, the issuer and the regulator are told, once for each holder. */
#include "domain/recall.h"

#include "domain/region.h"
#include "domain/trace_state.h"

enum { SEEN = VISIBLE_PUBLIC | VISIBLE_ORGANISATION };

static const char SERIAL_ROWS[] = "serial/";

static RecallAdditionRefused *begin(struct view *view, struct decision *decision, const RecallState *state,
                                    const char *holder)
{
    RecallAdditionRefused *message = decision_message(decision, RECALL_ADDITION_REFUSED);
    if (message == NULL)
        return NULL;
    message->product = lent(view->key);
    message->recall = state->recall;
    message->issuer = state->issuer;
    message->holder = lent(holder);
    return message;
}

static void tell(struct decision *decision, const RecallState *state, const RecallAdditionRefused *message)
{
    struct region province = region_province(state->region);
    size_t fact = decision_fact(decision, RECALL_ADDITION_REFUSED_TYPE, state->recall, &message->base);
    decision_deliver(decision, fact, SEEN, "%s", state->issuer);
    decision_deliver(decision, fact, SEEN, "regulator@%s", province.code);
    if (is_given(message->holder) && strcmp(message->holder, state->issuer) != 0)
        decision_deliver(decision, fact, SEEN, "%s", message->holder);
}

/* --- named by a recalled pack --- */

/* Who has the unit; NULL if the recall has it already. */
static const char *holder_of(struct view *view, const RecallState *state, const char *serial)
{
    const ScannedItemState *item =
        (const ScannedItemState *)view_state(view, SCANNED_ITEM_STATE, "serial/%s", serial);
    if (item == NULL)
        return "";
    return recall_reached(item, state->recall) ? NULL : item->holder;
}

/* One fact for the holder of the unit FIRST and for all units behind it that HOLDERS has the same for; those
 * are done then. */
static void refuse_units(struct view *view, struct decision *decision, const RecallState *state,
                         const RecallExtended *said, const char **holders, size_t first)
{
    const char *holder = holders[first];
    RecallAdditionRefused *message = begin(view, decision, state, holder);
    if (message == NULL)
        return;
    message->serials = decision_list(decision, said->n_serials);
    for (size_t i = first; message->serials != NULL && i < said->n_serials; i++)
        if (holders[i] != NULL && strcmp(holders[i], holder) == 0) {
            message->serials[message->n_serials++] = said->serials[i];
            holders[i] = NULL;
        }
    tell(decision, state, message);
}

static void refuse_lot(struct view *view, struct decision *decision, const RecallState *state,
                       const RecalledLot *lot)
{
    RecallAdditionRefused *message = begin(view, decision, state, lot->holder);
    if (message == NULL)
        return;
    message->lot = lot->lot;
    message->quantity_e4 = lot->amounts == NULL ? 0 : recall_affected_e4(lot->amounts);
    tell(decision, state, message);
}

void recall_refuse_extension(struct view *view, struct decision *decision, const RecallState *state,
                             const RecallExtended *said)
{
    const char **holders = arena_take(decision->arena, (said->n_serials + 1) * sizeof *holders);
    if (holders == NULL) {
        decision->failed = true;
        return;
    }
    for (size_t i = 0; i < said->n_serials; i++)
        holders[i] = holder_of(view, state, said->serials[i]);
    for (size_t i = 0; i < said->n_serials && !decision->failed; i++)
        if (holders[i] != NULL)
            refuse_units(view, decision, state, said, holders, i);
    for (size_t i = 0; i < said->n_lots && !decision->failed; i++)
        refuse_lot(view, decision, state, said->lots[i]);
}

/* --- seen for the first time --- */

static void refuse_serial(struct view *view, struct decision *decision, const RecallState *state,
                          const char *serial, const char *holder)
{
    RecallAdditionRefused *message = begin(view, decision, state, holder);
    char **serials = decision_list(decision, 1);
    if (message == NULL || serials == NULL)
        return;
    serials[0] = lent(serial);
    message->serials = serials;
    message->n_serials = 1;
    tell(decision, state, message);
}

void recall_refuse_new_items(struct view *view, struct decision *decision, const RecallState *state,
                             size_t write_count)
{
    for (size_t i = 0; state != NULL && i < write_count && !decision->failed; i++) {
        const struct decided_write *write = &decision->writes[i];
        struct recall_unit unit;
        if (recall_row_message(write->name) == SCANNED_ITEM_STATE && write->message != NULL &&
            view_state(view, SCANNED_ITEM_STATE, "%s", write->name) == NULL &&
            recall_unit_of(view->arena, state, write->name, write->message, &unit) && !unit.undetermined)
            refuse_serial(view, decision, state, write->name + strlen(SERIAL_ROWS), unit.holder);
    }
}

/* --- put into a pack --- */

static void refuse_put_in(struct view *view, struct decision *decision, const RecallState *state,
                          const PackChanged *said)
{
    RecallAdditionRefused *message = begin(view, decision, state, said->holder);
    char **serials = decision_list(decision, 1);
    if (message == NULL || serials == NULL)
        return;
    message->content_product = said->content_product;
    message->pack = said->serial;
    message->lot = said->content_lot;
    if (is_given(said->content_serial)) {
        serials[0] = said->content_serial;
        message->serials = serials;
        message->n_serials = 1;
    } else if (said->quantity != NULL) {
        message->quantity_e4 = said->quantity->e4;
    }
    tell(decision, state, message);
}

void recall_refuse_content(struct view *view, const Withheld *withheld, struct decision *decision,
                           const PackChanged *said, const ScannedItemState *pack)
{
    for (size_t i = 0; withheld != NULL && i < withheld->n_recalls && !decision->failed; i++) {
        const RecallState *state =
            withheld->recalls[i]->closed ? recall_find(view, withheld->recalls[i]->recall) : NULL;
        struct recall_unit unit;
        const char *name = arena_format(view->arena, "%s%s", SERIAL_ROWS, said->serial);
        if (name == NULL)
            decision->failed = true;
        else if (state != NULL && recall_unit_of(view->arena, state, name, &pack->base, &unit) &&
                 !unit.undetermined)
            refuse_put_in(view, decision, state, said);
    }
}

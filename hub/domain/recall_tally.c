#include "domain/recall.h"

#include "domain/format.h"
#include "domain/region.h"

#include <stdlib.h>

enum { HOUR_MS = 3600000, SEEN = VISIBLE_PUBLIC | VISIBLE_ORGANISATION };

struct recall_takers recall_takers_of(const RecallState *state)
{
    return (struct recall_takers){state->takers, state->n_takers};
}

bool recall_tally_begin(struct recall_tally *tally, struct view *view, struct decision *decision, RecallState *state,
                        size_t capacity)
{
    *tally = (struct recall_tally){
        .view = view, .decision = decision, .state = state, .capacity = capacity,
        .found = MEDHUB__TRACE__V1__RECALL_AMOUNTS__INIT};
    tally->parts = arena_take(view->arena, (capacity + 1) * sizeof *tally->parts);
    if (tally->parts == NULL)
        decision->failed = true;
    return tally->parts != NULL;
}

void recall_tally_add(struct recall_tally *tally, const struct recall_unit *unit, int sign)
{
    if (unit->undetermined || recall_amounts_are_zero(&unit->amounts))
        return;
    if (tally->count == tally->capacity) {
        tally->decision->failed = true;
        return;
    }
    struct recall_part *part = &tally->parts[tally->count++];
    *part = (struct recall_part){unit->holder, MEDHUB__TRACE__V1__RECALL_AMOUNTS__INIT};
    recall_amounts_add(&part->amounts, &unit->amounts, sign);
    recall_amounts_add(&tally->found, &unit->amounts, sign);
}

static int by_holder(const void *left, const void *right)
{
    const struct recall_part *a = left, *b = right;
    return strcmp(a->holder, b->holder);
}

/* One part for each holder. */
static void merge(struct recall_tally *tally)
{
    size_t kept = 0;
    qsort(tally->parts, tally->count, sizeof *tally->parts, by_holder);
    for (size_t i = 0; i < tally->count; i++)
        if (kept > 0 && strcmp(tally->parts[kept - 1].holder, tally->parts[i].holder) == 0)
            recall_amounts_add(&tally->parts[kept - 1].amounts, &tally->parts[i].amounts, 1);
        else
            tally->parts[kept++] = tally->parts[i];
    tally->count = kept;
}

/* Amounts of ROW, made if it has none. */
static RecallAmounts *amounts_of(struct decision *decision, RecallAmounts **field)
{
    if (*field == NULL)
        *field = decision_message(decision, RECALL_AMOUNTS);
    return *field;
}

static void write_part(struct recall_tally *tally, const struct recall_part *part,
                       void (*each)(struct recall_tally *tally, const char *holder, RecallHolderState *row))
{
    RecallHolderState *row = recall_find_holder(tally->view, tally->state->recall, part->holder);
    if (row == NULL)
        row = decision_message(tally->decision, RECALL_HOLDER_STATE);
    RecallAmounts *amounts = row == NULL ? NULL : amounts_of(tally->decision, &row->amounts);
    if (amounts == NULL)
        return;
    recall_amounts_add(amounts, &part->amounts, 1);
    if (each != NULL)
        each(tally, part->holder, row);
    decision_write(tally->decision, &row->base, "recall_holder/%s/%s", tally->state->recall, part->holder);
}

void recall_tally_write(struct recall_tally *tally,
                        void (*each)(struct recall_tally *tally, const char *holder, RecallHolderState *row))
{
    RecallAmounts *total = amounts_of(tally->decision, &tally->state->amounts);
    if (total == NULL)
        return;
    recall_amounts_add(total, &tally->found, 1);
    merge(tally);
    for (size_t i = 0; i < tally->count && !tally->decision->failed; i++)
        if (!recall_amounts_are_zero(&tally->parts[i].amounts))
            write_part(tally, &tally->parts[i], each);
}

/* --- telling --- */

static RecallMatched *matched(struct decision *decision, const struct view *view, const RecallState *state,
                              const char *holder, const RecallHolderState *row, int64_t until_ms)
{
    RecallMatched *message = decision_message(decision, RECALL_MATCHED);
    if (message == NULL)
        return NULL;
    message->product = lent(view->key);
    message->recall = state->recall;
    message->holder = lent(holder);
    message->amounts = row->amounts;
    message->acknowledge_until = decision_moment(decision, until_ms);
    message->level = state->level;
    message->scope = state->scope;
    message->reason = state->reason;
    message->instruction = state->instruction;
    message->issuer = state->issuer;
    message->registrant = state->registrant;
    message->n_collectors = state->n_takers - 1; /* behind the registrant */
    message->collectors = state->takers + 1;
    return message;
}

void recall_tell(struct view *view, struct decision *decision, RecallState *state, const char *holder,
                 RecallHolderState *row)
{
    int64_t until_ms = state->acknowledge_until_ms;
    if (until_ms <= view->now_ms) { /* it comes late: it has as long as the others had */
        until_ms = view->now_ms + state->acknowledge_hours * HOUR_MS;
        if (state->status == RECALL_OPEN)
            recall_set_deadline(decision, state, until_ms);
    }
    const RecallMatched *message = matched(decision, view, state, holder, row, until_ms);
    if (message == NULL)
        return;
    row->told = true;
    state->holders++;
    size_t fact = decision_fact(decision, RECALL_MATCHED_TYPE, state->recall, &message->base);
    decision_deliver(decision, fact, SEEN, "%s", holder);
    if (strcmp(holder, state->issuer) != 0)
        decision_deliver(decision, fact, SEEN, "%s", state->issuer);
}

/* What goes on in rounds: matching, telling, reminding. */
#include "domain/recall.h"

#include "domain/background.h"
#include "domain/region.h"

enum { HOUR_MS = 3600000, SEEN = VISIBLE_PUBLIC | VISIBLE_ORGANISATION };

/* A round's fact holds a use for each of its rows, and has to fit into one record. */
enum { ROWS_MAX = 2000 };
/* Telling a holder makes a fact and a delivery, some ten times what matching a row takes; each repeats the scope, and all of a
 * round lies in one event's memory. */
enum { ROWS_A_HOLDER = 10, HOLDERS_MAX = 200 };

static const char LOT_ROWS[] = "held/", SERIAL_ROWS[] = "serial/";

struct round {
    struct view *view;
    struct decision *decision;
    RecallState *state;
    RecallProgressed *told; /* the round's fact */
    bool more;              /* the stage is not at its end */
};

static size_t rows_of_a_round(struct view *view)
{
    size_t rows = background_rows(view);
    return rows < ROWS_MAX ? rows : ROWS_MAX;
}

static size_t holders_of_a_round(struct view *view)
{
    size_t holders = background_rows(view) / ROWS_A_HOLDER;
    return holders < 1 ? 1 : holders > HOLDERS_MAX ? HOLDERS_MAX : holders;
}

/* --- matching --- */

static void note_use(struct round *round, const struct recall_unit *unit)
{
    if (!is_given(unit->serial) || unit->amounts.delivered_e4 + unit->amounts.used_e4 == 0)
        return;
    RecalledUse *use = decision_message(round->decision, RECALLED_USE);
    if (use == NULL)
        return;
    use->holder = lent(unit->holder);
    use->serial = lent(unit->serial);
    use->lot = lent(unit->lot);
    use->step = unit->step;
    round->told->uses[round->told->n_uses++] = use;
}

static void match_row(struct round *round, struct recall_tally *tally, const struct view_row *row)
{
    struct recall_unit unit;
    const ProtobufCMessage *message = view_unpack(round->view, recall_row_message(row->name), row);
    if (message == NULL || !recall_unit_of(round->view->arena, round->state, row->name, message, &unit))
        return;
    recall_enter_pack(round->view, round->decision, round->state, row->name, message);
    if (unit.undetermined || !is_given(unit.holder)) {
        round->state->undetermined++;
        return;
    }
    recall_tally_add(tally, &unit, 1);
    note_use(round, &unit);
}

/* LEFT rows of one kind at most; the cursor goes on. */
static size_t match_rows(struct round *round, struct recall_tally *tally, const char *prefix, size_t left)
{
    struct view_rows rows = view_scan(round->view, prefix, round->state->after, left);
    for (size_t i = 0; i < rows.count && !round->decision->failed && !round->view->failed; i++)
        match_row(round, tally, &rows.rows[i]);
    round->state->rows += rows.count;
    if (rows.count > 0)
        round->state->after = lent(rows.rows[rows.count - 1].name);
    round->more = rows.more;
    return left - rows.count;
}

static void match(struct round *round)
{
    size_t left = rows_of_a_round(round->view);
    struct recall_tally tally;
    round->told->uses = decision_list(round->decision, left + 1);
    if (round->told->uses == NULL ||
        !recall_tally_begin(&tally, round->view, round->decision, round->state, left))
        return;
    if (strncmp(round->state->after, SERIAL_ROWS, strlen(SERIAL_ROWS)) != 0) {
        left = match_rows(round, &tally, LOT_ROWS, left);
        if (!round->more)
            round->state->after = lent(SERIAL_ROWS); /* sorts after all lots and before all serials */
    }
    if (!round->more && left > 0)
        (void)match_rows(round, &tally, SERIAL_ROWS, left);
    else
        round->more = true;
    recall_tally_write(&tally, NULL);
    round->told->found = decision_message(round->decision, RECALL_AMOUNTS);
    if (round->told->found != NULL)
        recall_amounts_add(round->told->found, &tally.found, 1);
}

/* --- telling and reminding --- */

static void tell_holder(struct round *round, const char *holder, RecallHolderState *row)
{
    struct recall_takers takers = recall_takers_of(round->state);
    if (row->told || row->amounts == NULL || !recall_concerns(row->amounts) || recall_is_taker(&takers, holder))
        return;
    recall_tell(round->view, round->decision, round->state, holder, row);
    decision_write(round->decision, &row->base, "recall_holder/%s/%s", round->state->recall, holder);
}

static void remind_holder(struct round *round, const char *holder, RecallHolderState *row)
{
    const RecallState *state = round->state;
    struct region province = region_province(state->region);
    if (!row->told || row->acknowledged_at_ms != 0)
        return;
    RecallOverdue *message = decision_message(round->decision, RECALL_OVERDUE);
    if (message == NULL)
        return;
    if (row->reminders++ == 0)
        round->state->overdue++;
    message->product = lent(round->view->key);
    message->recall = state->recall;
    message->holder = lent(holder);
    message->acknowledge_until = decision_moment(round->decision, state->acknowledge_until_ms);
    message->reminder = row->reminders;
    message->amounts = row->amounts;
    message->level = state->level;
    size_t fact = decision_fact(round->decision, RECALL_OVERDUE_TYPE, state->recall, &message->base);
    decision_deliver(round->decision, fact, SEEN, "%s", holder);
    decision_deliver(round->decision, fact, SEEN, "%s", state->issuer);
    decision_deliver(round->decision, fact, SEEN, "regulator@%s", province.code);
    decision_write(round->decision, &row->base, "recall_holder/%s/%s", state->recall, holder);
}

static void each_holder(struct round *round, void (*each)(struct round *, const char *, RecallHolderState *))
{
    RecallState *state = round->state;
    const char *prefix = arena_format(round->view->arena, "recall_holder/%s/", state->recall);
    if (prefix == NULL) {
        round->decision->failed = true;
        return;
    }
    struct view_rows rows = view_scan(round->view, prefix, state->after, holders_of_a_round(round->view));
    for (size_t i = 0; i < rows.count && !round->decision->failed; i++) {
        RecallHolderState *row =
            (RecallHolderState *)view_unpack(round->view, RECALL_HOLDER_STATE, &rows.rows[i]);
        if (row == NULL)
            return;
        each(round, rows.rows[i].name + strlen(prefix), row);
    }
    if (rows.count > 0)
        state->after = lent(rows.rows[rows.count - 1].name);
    round->more = rows.more;
}

static void tell(struct round *round)
{
    each_holder(round, tell_holder);
}

static void remind(struct round *round)
{
    each_holder(round, remind_holder);
}

/* --- the end of a stage --- */

void recall_set_deadline(struct decision *decision, const RecallState *state, int64_t due_ms)
{
    const char *name = arena_format(decision->arena, "recall_deadline/%s", state->recall);
    if (name == NULL)
        decision->failed = true;
    else
        decision_timer(decision, name, RECALL_DEADLINE_TIMER, due_ms);
}

static void wait_for_answers(struct round *round)
{
    int64_t until_ms = round->state->acknowledge_until_ms, next_ms = round->view->now_ms + 1;
    if (round->state->holders > round->state->acknowledged)
        recall_set_deadline(round->decision, round->state, until_ms > next_ms ? until_ms : next_ms);
}

/* As often and as soon as the policy says; a policy without a value reminds once. */
static void remind_again(struct round *round)
{
    RecallState *state = round->state;
    int64_t hours = 0, times = 0;
    date_t today = date_in_china(round->view->now_ms);
    state->reminders++;
    if (view_policy_int(round->view, "recall.reminder_hours", state->region, today, &hours) &&
        view_policy_int(round->view, "recall.reminders_max", state->region, today, &times) && hours > 0 &&
        state->reminders < times && state->overdue > 0)
        recall_set_deadline(round->decision, state, round->view->now_ms + hours * HOUR_MS);
}

static void no_more(struct round *round)
{
    (void)round;
}

static const struct stage {
    RecallStatus status;
    const char *name;
    void (*run)(struct round *round);
    enum recall_move end;
    void (*then)(struct round *round);
    bool goes_on; /* another stage follows at once */
} stages[] = {
    {RECALL_MATCHING, "matching", match, RECALL_MATCHED_ALL, no_more, true},
    {RECALL_TELLING, "telling", tell, RECALL_TOLD_ALL, wait_for_answers, false},
    {RECALL_REMINDING, "reminding", remind, RECALL_REMINDED_ALL, remind_again, false},
};

static const struct stage *stage_of(const RecallState *state)
{
    for (size_t i = 0; state != NULL && i < sizeof stages / sizeof *stages; i++)
        if (stages[i].status == state->status)
            return &stages[i];
    return NULL;
}

/* --- one round --- */

static void state_progress(struct round *round, const struct stage *stage)
{
    RecallState *state = round->state;
    RecallProgressed *told = round->told;
    told->product = lent(round->view->key);
    told->recall = state->recall;
    told->stage = lent(stage->name);
    told->round = state->round;
    told->rows = state->rows;
    told->undetermined = state->undetermined;
    told->amounts = state->amounts;
    told->issuer = state->issuer;
    told->complete = !round->more;
    size_t fact = decision_fact(round->decision, RECALL_PROGRESSED_TYPE, state->recall, &told->base);
    if (told->complete)
        decision_deliver(round->decision, fact, SEEN, "%s", state->issuer);
}

static void run_round(struct round *round, const struct stage *stage, const char *timer)
{
    RecallState *state = round->state;
    state->round++;
    stage->run(round);
    if (round->view->failed || round->decision->failed)
        return;
    state_progress(round, stage);
    if (!round->more) {
        recall_move(state, stage->end);
        state->after = lent("");
        stage->then(round);
    }
    decision_write(round->decision, &state->base, "recall/%s", state->recall);
    if (round->more || stage->goes_on)
        background_continue(round->view, round->decision, timer, RECALL_ROUND_TIMER);
}

void recall_round(struct view *view, const struct event *event, struct decision *decision)
{
    struct round round = {view, decision, NULL, decision_message(decision, RECALL_PROGRESSED), false};
    round.state = recall_find(view, event->attributes.subject + strlen("recall/"));
    const struct stage *stage = stage_of(round.state);
    if (stage != NULL && round.told != NULL)
        run_round(&round, stage, event->attributes.subject);
}

void recall_deadline(struct view *view, const struct event *event, struct decision *decision)
{
    struct round round = {view, decision, NULL, decision_message(decision, RECALL_PROGRESSED), false};
    const char *number = event->attributes.subject + strlen("recall_deadline/");
    const char *timer = arena_format(view->arena, "recall/%s", number);
    round.state = recall_find(view, number);
    if (timer == NULL || round.told == NULL || !recall_may(round.state, RECALL_REMIND) ||
        round.state->holders <= round.state->acknowledged)
        return;
    recall_move(round.state, RECALL_REMIND);
    run_round(&round, stage_of(round.state), timer);
}

/* background.h: work that is too long for one decision, in rounds.
 *
 * A round is the firing of a timer: it reads where the work stands from a row, does background_rows() rows of it, writes
 * where it stands now, and asks for the next round. Between two rounds the hub commits and decides what has come in
 * meanwhile, so others wait for one round at most. A killed hub loses the round that it had not committed and does it
 * again, from the same row: each round counts once.
 *
 *     static void sweep(struct view *view, const struct event *event, struct decision *decision)   // handler.fire
 *     {
 *         Sweep *state = (Sweep *)view_state(view, SWEEP, "sweep");
 *         struct view_rows rows = view_scan(view, "serial/", state->after, background_rows(view));
 *         ... each row ...
 *         if (rows.count > 0)
 *             state->after = lent(rows.rows[rows.count - 1].name);
 *         decision_write(decision, &state->base, "sweep");
 *         decision_fact(decision, ...);                                                            // see below
 *         if (rows.more)
 *             background_continue(view, decision, event->attributes.subject, event->attributes.type);
 *     }
 *
 * What the writer of such work must see to:
 * - A round that writes states a fact, such as how far it has come: `ctl explain` makes a key's rows again from its facts
 *   and does not know of a firing without one.
 * - Rows that come in front of the cursor meanwhile are not seen again. Whoever writes them must know that the work is under
 *   way (as a scan asks for the recalls of its product), or the names must only grow.
 * - The suffix of a submission (decision_submit) holds the round's number or the cursor. */
#ifndef DOMAIN_BACKGROUND_H
#define DOMAIN_BACKGROUND_H

#include "domain/decision.h"
#include "domain/view.h"

#define BACKGROUND_ROWS "background.rows_per_round"

/* How many rows a round reads: the policy's value, within 1..VIEW_SCAN_ROWS_MAX; a small number where it has none. */
size_t background_rows(struct view *view);
/* Wakes TYPE under NAME again, after the batch in hand: a millisecond on, as all of a batch is decided at one moment. Also begins
 * the work. */
void background_continue(const struct view *view, struct decision *decision, const char *name, const char *type);

#endif

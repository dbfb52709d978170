/* What becomes of the trace codes of a settlement: each is told to the trace family as a scan of its own
 * product. */
#include "domain/settlement.h"
#include "domain/trace.h"

static size_t count_codes(const SettlementPosted *said)
{
    size_t count = 0;
    for (size_t i = 0; i < said->n_lines; i++)
        count += said->lines[i]->n_traces;
    return count;
}

bool settlement_keep_codes(struct decision *decision, const SettlementPosted *said, SettlementState *state)
{
    size_t count = count_codes(said);
    state->codes = count == 0 ? NULL : decision_list(decision, count);
    if (count > 0 && state->codes == NULL)
        return false;
    for (size_t i = 0; i < said->n_lines; i++)
        for (size_t j = 0; j < said->lines[i]->n_traces; j++) {
            SettledCode *kept = decision_message(decision, SETTLED_CODE);
            if (kept == NULL)
                return false;
            kept->code = said->lines[i]->traces[j]->code;
            kept->split = said->lines[i]->traces[j]->split;
            kept->line_number = said->lines[i]->line_number;
            state->codes[state->n_codes++] = kept;
        }
    return true;
}

/* What every scan of a settlement says alike. */
static ItemScanned *scan_of(struct decision *decision, ScanStep step, const char *settlement,
                            const char *payee, const char *region, Timestamp *at)
{
    ItemScanned *scan = decision_message(decision, ITEM_SCANNED);
    if (scan == NULL)
        return NULL;
    scan->step = step;
    scan->settlement = lent(settlement);
    scan->holder = lent(payee);
    scan->region = lent(region);
    scan->scanned_at = at;
    return scan;
}

/* A code of a system that the hub does not read stays with the settlement. */
static void submit(struct view *view, struct decision *decision, ItemScanned *scan, size_t number)
{
    struct label label;
    if (!trace_read_code(view, scan->code, &label) || !label_names_product(&label))
        return;
    const char *suffix = arena_format(decision->arena, "trace/%zu", number);
    decision->failed |= suffix == NULL;
    scan->product = lent(label.product);
    if (suffix != NULL)
        decision_submit(decision, ITEM_SCANNED_TYPE, label.product, suffix, &scan->base);
}

static ItemUse *use_by(struct decision *decision, const char *person)
{
    ItemUse *use = decision_message(decision, ITEM_USE);
    if (use != NULL)
        use->person = lent(person);
    return use;
}

/* With the first code of a line comes how many were billed: only there can both be held against each other.
 */
static void tell_code(struct view *view, struct decision *decision, const SettlementPosted *said,
                      const SettlementLine *line, size_t place, size_t number)
{
    ItemScanned *scan = scan_of(decision, STEP_SETTLED, said->message_id, said->payee, said->region_of_care,
                                said->settled_at);
    if (scan == NULL)
        return;
    scan->code = line->traces[place]->code;
    scan->split = line->traces[place]->split;
    scan->settlement_line = line->line_number;
    scan->catalogue_code = line->catalogue_code;
    scan->name = line->name;
    scan->use = use_by(decision, said->person);
    if (place == 0) {
        scan->billed_quantity = line->quantity;
        scan->billed_codes = (uint32_t)line->n_traces;
    }
    submit(view, decision, scan, number);
}

void settlement_tell_trace(struct view *view, struct decision *decision, const SettlementPosted *said)
{
    size_t number = 0;
    for (size_t i = 0; i < said->n_lines; i++)
        for (size_t j = 0; j < said->lines[i]->n_traces; j++)
            tell_code(view, decision, said, said->lines[i], j, number++);
}

void settlement_take_back_trace(struct view *view, struct decision *decision, const SettlementState *state,
                                const SettlementReversed *said)
{
    for (size_t i = 0; i < state->n_codes; i++) {
        ItemScanned *scan = scan_of(decision, STEP_UNSETTLED, state->message_id, state->payee,
                                    said->region_of_care, said->reversed_at);
        if (scan == NULL)
            return;
        scan->code = state->codes[i]->code;
        scan->split = state->codes[i]->split;
        scan->settlement_line = state->codes[i]->line_number;
        submit(view, decision, scan, i);
    }
}

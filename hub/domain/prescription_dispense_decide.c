#include "domain/format.h"
#include "domain/line_quantity.h"
#include "domain/medication.h"
#include "domain/prescription_dispense.h"
#include "domain/prescription_trace.h"

/* --- what the rules look at --- */

static void look_up_line(struct view *view, struct dispensing *dispensing, size_t place)
{
    const struct prescription_step *step = &dispensing->step;
    const DispensedLine *said = dispensing->said->lines[place];
    PrescriptionLineState *line = line_of_number(step->state, said->line_number);
    dispensing->lines[place].line = line;
    if (line != NULL)
        dispensing->lines[place].item =
            prescription_item(view, line->kind, line->hospital_preparation, said->catalogue_code,
                              prescription_benefit_region(step->state), step->day);
}

void *dispense_prepare(struct view *view, const struct event *event)
{
    const PrescriptionDispensed *said = (const PrescriptionDispensed *)event->message;
    struct dispensing *dispensing = arena_take(view->arena, sizeof *dispensing);
    struct dispensing_line *lines = arena_take_zeroed(view->arena, said->n_lines * sizeof *lines);
    if (dispensing == NULL || lines == NULL)
        return NULL;
    *dispensing = (struct dispensing){
        .step =
            {
                STEP_PRESCRIPTION(said),
                .move = MOVE_DISPENSE,
                .actor = said->dispenser,
                .actor_path = "dispenser",
                .at = said->dispensed_at,
                .at_path = "dispensedAt",
            },
        .said = said,
        .lines = lines,
    };
    step_begin(view, &dispensing->step);
    for (size_t i = 0; dispensing->step.state != NULL && i < said->n_lines; i++)
        look_up_line(view, dispensing, i);
    return dispensing;
}

/* --- the decision --- */

static DispensingLineState *remember_line(struct decision *decision, const DispensedLine *said)
{
    DispensingLineState *line = decision_message(decision, DISPENSING_LINE_STATE);
    if (line == NULL)
        return NULL;
    line->line_number = said->line_number;
    line->dispensed = said->quantity;
    return line;
}

static DispensingState *remember(struct decision *decision, const struct dispensing *dispensing)
{
    const PrescriptionDispensed *said = dispensing->said;
    DispensingState *state = decision_message(decision, DISPENSING_STATE);
    DispensingLineState **lines = decision_list(decision, said->n_lines);
    if (state == NULL || lines == NULL)
        return NULL;
    state->number = said->dispensing_number;
    state->dispenser = said->dispenser;
    state->dispensed_at_ms = dispensing->step.at_ms;
    state->event_id = lent(decision->event->attributes.id);
    state->lines = lines;
    for (size_t i = 0; i < said->n_lines; i++) {
        lines[i] = remember_line(decision, said->lines[i]);
        if (lines[i] == NULL)
            return NULL;
    }
    state->n_lines = said->n_lines;
    return state;
}

/* False when the arena is full. */
static bool count(struct decision *decision, struct dispensing *dispensing)
{
    PrescriptionState *state = dispensing->step.state;
    DispensingState *added = remember(decision, dispensing);
    DispensingState **dispensings = decision_list(decision, state->n_dispensings + 1);
    if (added == NULL || dispensings == NULL)
        return false;
    if (state->n_dispensings > 0)
        memcpy(dispensings, state->dispensings, state->n_dispensings * sizeof(void *));
    dispensings[state->n_dispensings++] = added;
    state->dispensings = dispensings;
    for (size_t i = 0; i < dispensing->said->n_lines; i++) {
        PrescriptionLineState *line = dispensing->lines[i].line;
        line->dispensed = quantity_sum(decision, line->dispensed, dispensing->said->lines[i]->quantity);
    }
    if (state->prescribed_doses != NULL)
        state->dispensed_doses = quantity_sum(decision, state->dispensed_doses, dispensing->said->doses);
    return !decision->failed;
}

/* A box of a pharmacy is sold, one of a hospital is used. */
static void tell_trace(struct view *view, struct decision *decision, const struct dispensing *dispensing)
{
    bool is_sale = step_is_of_a_pharmacy(&dispensing->step);
    for (size_t i = 0; i < dispensing->said->n_lines; i++) {
        const DispensedLine *line = dispensing->said->lines[i];
        for (size_t j = 0; j < line->n_trace_codes; j++) {
            const struct scanned_code scanned = {
                .code = line->trace_codes[j],
                .lot = line->lot,
                .expires_on = line->expires_on,
                .catalogue_code = line->catalogue_code,
                .name = line->generic_name,
                .pharmacist = dispensing->said->pharmacist,
                .split = line->split,
            };
            const char *suffix = format_in(decision->arena, "trace/%zu/%zu", i, j);
            decision->failed |= suffix == NULL;
            if (suffix != NULL)
                prescription_tell_trace(view, decision, &dispensing->step, is_sale ? STEP_SOLD : STEP_USED,
                                        &scanned, suffix);
        }
    }
}

void dispense_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    struct dispensing *dispensing = prepared;
    struct prescription_step *step = &dispensing->step;
    (void)event;
    if (!count(decision, dispensing))
        return;

    size_t fact = step_take(decision, step);
    medication_dispensed(view, decision, step->row, dispensing->said, step->day);
    if (lines_all_dispensed(step->state))
        prescription_end(view, decision, step->row);
    else
        prescription_cancel_claim_timer(decision, step->row);
    tell_trace(view, decision, dispensing);
    tell_issuer(decision, fact, step->state);
    tell_insurer(decision, fact, step->state);
    tell_centre(decision, fact, step->state);
}

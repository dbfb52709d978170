/* Returned: some of what a dispenser gave comes back to it. It is not dispensed again. */
#include "domain/prescription.h"

#include "domain/format.h"
#include "domain/line_quantity.h"
#include "domain/prescription_trace.h"

struct giving_back {
    struct prescription_step step;
    const PrescriptionReturned *said;
    DispensingState *dispensing; /* that it comes back from, or NULL */
};

static DispensingState *find_dispensing(const PrescriptionState *state, const PrescriptionReturned *said)
{
    for (size_t i = 0; state != NULL && i < state->n_dispensings; i++)
        if (strcmp(state->dispensings[i]->number, said->dispensing_number) == 0 &&
            strcmp(state->dispensings[i]->dispenser, said->dispenser) == 0)
            return state->dispensings[i];
    return NULL;
}

static DispensingLineState *find_line(const struct giving_back *back, const char *number)
{
    for (size_t i = 0; back->dispensing != NULL && i < back->dispensing->n_lines; i++)
        if (strcmp(back->dispensing->lines[i]->line_number, number) == 0)
            return back->dispensing->lines[i];
    return NULL;
}

void *return_prepare(struct view *view, const struct event *event)
{
    const PrescriptionReturned *said = (const PrescriptionReturned *)event->message;
    struct giving_back *back = arena_take(view->arena, sizeof *back);
    if (back == NULL)
        return NULL;
    *back = (struct giving_back){
        .step =
            {
                STEP_PRESCRIPTION(said),
                .move = MOVE_RETURN,
                .actor = said->dispenser,
                .actor_path = "dispenser",
                .at = said->returned_at,
                .at_path = "returnedAt",
            },
        .said = said,
    };
    step_begin(view, &back->step);
    back->dispensing = find_dispensing(back->step.state, said);
    return back;
}

static const struct giving_back *back_of(const struct rule_context *context)
{
    return context->prepared;
}

/* --- rules --- */

static void it_was_dispensed(struct rule_context *context)
{
    const struct giving_back *back = back_of(context);
    if (back->step.state != NULL && back->dispensing == NULL)
        rule_refuse(context, "dispensingNumber", back->said->dispensing_number,
                    "a dispensing of this prescription by this dispenser");
}

static bool is_said_before(const PrescriptionReturned *said, size_t place)
{
    for (size_t i = 0; i < place; i++)
        if (strcmp(said->lines[i]->line_number, said->lines[place]->line_number) == 0)
            return true;
    return false;
}

static void no_more_comes_back_than_was_given(struct rule_context *context)
{
    const struct giving_back *back = back_of(context);
    for (size_t i = 0; back->dispensing != NULL && i < back->said->n_lines; i++) {
        const ReturnedLine *said = back->said->lines[i];
        const DispensingLineState *line = find_line(back, said->line_number);
        int64_t left = line == NULL ? 0 : quantity_e4(line->dispensed) - quantity_e4(line->returned);
        if (is_said_before(back->said, i) || quantity_e4(said->quantity) <= 0 ||
            quantity_e4(said->quantity) > left)
            rule_refuse(context, rule_text(context, "lines[%zu].quantity", i), "***",
                        "more than 0 and no more than was given and is not back yet, each line once");
    }
}

static void trace_codes_can_be_followed(struct rule_context *context)
{
    const PrescriptionReturned *said = back_of(context)->said;
    for (size_t i = 0; i < said->n_lines; i++)
        for (size_t j = 0; j < said->lines[i]->n_trace_codes; j++) {
            struct label label;
            const char *path = rule_text(context, "lines[%zu].traceCodes[%zu]", i, j);
            if (!trace_read_code(context->view, said->lines[i]->trace_codes[j], &label))
                return;
            if (label.form != LABEL_OTHER && !label_names_product(&label))
                rule_refuse(context, path, "unreadable",
                            "a GS1 code of an item or a 20-digit drug trace code");
        }
}

const struct rule prescription_returned_rules[RETURNED_RULES] = {
    PRESCRIPTION_STEP_RULES("13"),
    {
        .id = "RX-136",
        .code = "prescription.not_dispensed",
        .document = SOURCE_PRESCRIPTION_CENTRE,
        .clause = "7208 售药明细撤销",
        .evaluate = it_was_dispensed,
        .sentence_zh = "退药须指向本机构的一次配药",
        .sentence_en = "What is returned was dispensed by the same dispenser.",
    },
    {
        .id = "RX-137",
        .code = "prescription.return_exceeds",
        .document = SOURCE_PRESCRIPTION_CENTRE,
        .clause = "7208 sel_retn_cnt",
        .evaluate = no_more_comes_back_than_was_given,
        .sentence_zh = "退药数量须大于零且不得超过尚未退回的配药数量",
        .sentence_en = "No more comes back than was given.",
    },
    {
        .id = "RX-138",
        .code = "prescription.trace_code_wrong",
        .document = SOURCE_TRACE_CODES,
        .clause = "追溯码采集",
        .evaluate = trace_codes_can_be_followed,
        .sentence_zh = "退药追溯码须可识别",
        .sentence_en = "Trace codes of what comes back can be read.",
    },
};

/* --- the decision --- */

static void count(struct decision *decision, const struct giving_back *back)
{
    for (size_t i = 0; i < back->said->n_lines; i++) {
        const ReturnedLine *said = back->said->lines[i];
        DispensingLineState *given = find_line(back, said->line_number);
        PrescriptionLineState *line = line_of_number(back->step.state, said->line_number);
        given->returned = quantity_sum(decision, given->returned, said->quantity);
        line->returned = quantity_sum(decision, line->returned, said->quantity);
    }
}

static void tell_trace(struct view *view, struct decision *decision, const struct giving_back *back)
{
    for (size_t i = 0; i < back->said->n_lines; i++) {
        const ReturnedLine *said = back->said->lines[i];
        const PrescriptionLineState *line = line_of_number(back->step.state, said->line_number);
        for (size_t j = 0; j < said->n_trace_codes; j++) {
            const struct scanned_code scanned = {
                .code = said->trace_codes[j],
                .lot = said->lot,
                .expires_on = "",
                .catalogue_code = line->catalogue_code,
                .name = line->generic_name,
            };
            const char *suffix = format_in(decision->arena, "trace/%zu/%zu", i, j);
            decision->failed |= suffix == NULL;
            if (suffix != NULL)
                prescription_tell_trace(view, decision, &back->step, STEP_RETURNED, &scanned, suffix);
        }
    }
}

void return_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    struct giving_back *back = prepared;
    (void)event;
    count(decision, back);
    if (decision->failed)
        return;
    size_t fact = step_take(decision, &back->step);
    tell_trace(view, decision, back);
    tell_issuer(decision, fact, back->step.state);
    tell_insurer(decision, fact, back->step.state);
    tell_centre(decision, fact, back->step.state);
}

#include "domain/line_quantity.h"

PrescriptionLineState *line_of_number(const PrescriptionState *state, const char *number)
{
    for (size_t i = 0; i < state->n_lines; i++)
        if (strcmp(state->lines[i]->line_number, number) == 0)
            return state->lines[i];
    return NULL;
}

int64_t line_open_e4(const PrescriptionLineState *line)
{
    int64_t open = quantity_e4(line->prescribed) - quantity_e4(line->dispensed);
    return open < 0 ? 0 : open;
}

bool lines_all_dispensed(const PrescriptionState *state)
{
    for (size_t i = 0; i < state->n_lines; i++)
        if (line_open_e4(state->lines[i]) > 0)
            return false;
    return quantity_e4(state->dispensed_doses) >= quantity_e4(state->prescribed_doses);
}

bool lines_all_returned(const PrescriptionState *state)
{
    for (size_t i = 0; i < state->n_lines; i++)
        if (quantity_e4(state->lines[i]->returned) < quantity_e4(state->lines[i]->dispensed))
            return false;
    return true;
}

/* Without printf: every line of every prescription asks. */
static const char *place_as_text(size_t place, char text[LINE_NUMBER_BYTES])
{
    char *at = &text[LINE_NUMBER_BYTES - 1];
    *at = '\0';
    for (size_t left = place + 1; left > 0; left /= 10)
        *--at = (char)('0' + left % 10);
    return at;
}

const char *line_number_of(const PrescriptionLine *line, size_t place, char text[LINE_NUMBER_BYTES])
{
    return is_given(line->line_number) ? line->line_number : place_as_text(place, text);
}

Quantity *quantity_sum(struct decision *decision, const Quantity *before, const Quantity *more)
{
    Quantity *sum = decision_message(decision, QUANTITY);
    if (sum != NULL)
        sum->e4 = quantity_e4(before) + quantity_e4(more);
    return sum;
}

#include "domain/prescription_rehearsal.h"

#include "domain/organisation.h"
#include "domain/prescription_state.h"

enum { DAY_MS = 86400000, E4 = 10000 };

const CatalogueItem *rehearsal_item(struct view *view, const char *code)
{
    if (view->candidate == NULL || strcmp(code, REHEARSAL_DRUG) != 0)
        return NULL;
    CatalogueItem *item = arena_take(view->arena, sizeof *item);
    view->failed |= item == NULL;
    if (item == NULL)
        return NULL;
    *item = (CatalogueItem)MEDHUB__CATALOGUE__V1__ITEM__INIT;
    item->kind = KIND_WESTERN_DRUG;
    item->code = lent(REHEARSAL_DRUG);
    item->name = lent(REHEARSAL_DRUG);
    return item;
}

/* All of it in one piece. */
struct rehearsal {
    PrescriptionState state;
    PrescriptionLineState line, *lines[1];
    Medhub__Common__V1__Quantity prescribed;
};

static void write_line(struct rehearsal *rehearsal)
{
    rehearsal->prescribed = (Medhub__Common__V1__Quantity)MEDHUB__COMMON__V1__QUANTITY__INIT;
    rehearsal->prescribed.e4 = REHEARSAL_QUANTITY * E4;
    rehearsal->line = (PrescriptionLineState)MEDHUB__STATE__V1__PRESCRIPTION_LINE__INIT;
    rehearsal->line.line_number = lent("1");
    rehearsal->line.catalogue_code = lent(REHEARSAL_DRUG);
    rehearsal->line.generic_name = lent(REHEARSAL_DRUG);
    rehearsal->line.kind = LINE_WESTERN;
    rehearsal->line.prescribed = &rehearsal->prescribed;
    rehearsal->lines[0] = &rehearsal->line;
}

static void write_prescription(struct rehearsal *rehearsal, const struct view *view, const Organisation *candidate)
{
    PrescriptionState *state = &rehearsal->state;
    *state = (PrescriptionState)MEDHUB__STATE__V1__PRESCRIPTION__INIT;
    state->hospital_number = lent(REHEARSAL_DRUG);
    state->issuer = lent(REHEARSAL_DRUG);
    state->source = lent(REHEARSAL_DRUG);
    state->event_id = lent(REHEARSAL_DRUG);
    state->issued_at_ms = view->now_ms - DAY_MS;
    state->valid_until_ms = view->now_ms + DAY_MS;
    state->region_of_care = candidate->region;
    state->region_of_insurance = candidate->region;
    state->kind = LINE_WESTERN;
    state->lines = rehearsal->lines;
    state->n_lines = 1;
}

PrescriptionState *rehearsal_prescription(struct view *view, const char *national_number)
{
    bool approved = strcmp(national_number, REHEARSAL_APPROVED) == 0;
    if (view->candidate == NULL || (!approved && strcmp(national_number, REHEARSAL_REVIEWED) != 0))
        return NULL;
    const Organisation *candidate = organisation_on(view, view->candidate, date_in_china(view->now_ms));
    struct rehearsal *rehearsal = arena_take(view->arena, sizeof *rehearsal);
    view->failed |= rehearsal == NULL;
    if (rehearsal == NULL || candidate == NULL)
        return NULL;
    write_line(rehearsal);
    write_prescription(rehearsal, view, candidate);
    rehearsal->state.national_number = lent(national_number);
    prescription_move(&rehearsal->state, MOVE_UPLOAD_REVIEWED);
    if (approved) {
        rehearsal->state.claimed_by = lent(view->candidate);
        rehearsal->state.claimed_at_ms = view->now_ms;
        prescription_move(&rehearsal->state, MOVE_CLAIM);
        prescription_move(&rehearsal->state, MOVE_APPROVE);
    }
    return &rehearsal->state;
}

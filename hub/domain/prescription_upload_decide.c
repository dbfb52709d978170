#include "domain/prescription.h"

#include "domain/catalogue_lookup.h"
#include "domain/format.h"
#include "domain/line_quantity.h"
#include "domain/medication.h"
#include "domain/organisation.h"
#include "domain/practitioner.h"
#include "domain/prescription_identity.h"
#include "domain/prescription_rehearsal.h"

/* --- the catalogue --- */

static CatalogueKind catalogue_kind(LineKind kind, bool hospital_preparation)
{
    if (hospital_preparation)
        return KIND_HOSPITAL_PREPARATION;
    switch (kind) {
    case LINE_PATENT_TCM:
        return KIND_PATENT_DRUG;
    case LINE_PIECES:
        return KIND_TCM_PIECE;
    case LINE_GRANULES:
        return KIND_TCM_GRANULE;
    default:
        return KIND_WESTERN_DRUG;
    }
}

const CatalogueItem *prescription_item(struct view *view, LineKind kind, bool hospital_preparation,
                                       const char *code, const char *region, date_t date)
{
    const CatalogueItem *rehearsed = rehearsal_item(view, code);
    if (rehearsed != NULL)
        return rehearsed;
    return catalogue_item_on(view, &(struct catalogue_question){.kind = catalogue_kind(kind, hospital_preparation),
                                                                .code = code,
                                                                .region = region,
                                                                .date = date});
}

bool prescription_item_permits(const CatalogueItem *item, const char *institution)
{
    for (size_t i = 0; i < item->n_permitted_institutions; i++)
        if (strcmp(item->permitted_institutions[i], institution) == 0)
            return true;
    return false;
}

/* --- what the rules look at --- */

/* The last day on which it may be dispensed: as said, else counted from the day of issue, which is day 1. */
static date_t last_valid_day(struct view *view, const PrescriptionUploaded *said, date_t issued_on)
{
    const char *parameter = said->long_term ? PRESCRIPTION_LONG_TERM_VALID_DAYS : PRESCRIPTION_VALID_DAYS;
    int64_t days = said->valid_days;
    if (said->valid_until != NULL)
        return timestamp_day(said->valid_until);
    if (days == 0 && !view_policy_int(view, parameter, said->region_of_care, issued_on, &days))
        return DATE_NONE;
    return days < 1 || days > 3660 ? issued_on : issued_on + (date_t)days - 1;
}

static LineKind kind_of_line(const PrescriptionUploaded *said, const PrescriptionLine *line)
{
    return line->kind == LINE_KIND_UNSPECIFIED ? said->kind : line->kind;
}

static void look_up_line(struct view *view, const struct upload *upload, size_t place)
{
    const PrescriptionLine *line = upload->said->lines[place];
    struct upload_line *found = &upload->lines[place];
    found->item = prescription_item(view, kind_of_line(upload->said, line), line->hospital_preparation,
                                    line->catalogue_code, upload->benefit_region, upload->issued_on);
    found->limit =
        payment_limit_of(view, found->item, line->catalogue_code, upload->benefit_region, upload->issued_on);
}

void *upload_prepare(struct view *view, const struct event *event)
{
    const PrescriptionUploaded *said = (const PrescriptionUploaded *)event->message;
    struct upload *upload = arena_take(view->arena, sizeof *upload);
    struct upload_line *lines = arena_take_zeroed(view->arena, said->n_lines * sizeof *lines);
    if (upload == NULL || lines == NULL)
        return NULL;
    upload->said = said;
    upload->benefit_region =
        is_given(said->region_of_insurance) ? said->region_of_insurance : said->region_of_care;
    upload->issued_on = timestamp_day(said->issued_at);
    upload->issuer = organisation_on(view, said->institution, upload->issued_on);
    upload->last_day = last_valid_day(view, said, upload->issued_on);
    upload->medication = medication_of(view);
    upload->lines = lines;
    for (size_t i = 0; i < said->n_lines; i++)
        look_up_line(view, upload, i);
    upload->doctor = practitioner_on(view, said->institution, said->doctor->code, upload->issued_on);
    return upload;
}

/* --- the decision --- */

static PrescriptionLineState *remember_line(struct decision *decision, const PrescriptionUploaded *said,
                                            size_t place)
{
    const PrescriptionLine *line = said->lines[place];
    char number[LINE_NUMBER_BYTES];
    PrescriptionLineState *state = decision_message(decision, PRESCRIPTION_LINE_STATE);
    if (state == NULL)
        return NULL;
    state->line_number = arena_text(decision->arena, bytes_of(line_number_of(line, place, number)));
    state->catalogue_code = line->catalogue_code;
    state->generic_name = line->generic_name;
    state->kind = kind_of_line(said, line);
    state->hospital_preparation = line->hospital_preparation;
    state->prescribed = line->quantity;
    return state->line_number == NULL ? NULL : state;
}

static PrescriptionLineState **remember_lines(struct decision *decision, const PrescriptionUploaded *said)
{
    PrescriptionLineState **lines = decision_list(decision, said->n_lines);
    for (size_t i = 0; lines != NULL && i < said->n_lines; i++) {
        lines[i] = remember_line(decision, said, i);
        if (lines[i] == NULL)
            return NULL;
    }
    return lines;
}

static PrescriptionState *remember(struct decision *decision, const struct upload *upload)
{
    const PrescriptionUploaded *said = upload->said;
    PrescriptionState *state = decision_message(decision, PRESCRIPTION_STATE);
    PrescriptionLineState **lines = remember_lines(decision, said);
    if (state == NULL || lines == NULL)
        return NULL;
    state->hospital_number = said->hospital_number;
    state->national_number = said->national_number;
    state->trace_code = said->trace_code;
    state->issuer = said->institution;
    state->issued_at_ms = timestamp_ms(said->issued_at);
    state->valid_until_ms = date_begin_in_china_ms(upload->last_day + 1);
    state->region_of_care = said->region_of_care;
    state->region_of_insurance = said->region_of_insurance;
    state->kind = said->kind;
    state->extra_attribute = said->extra_attribute;
    state->repeat_max = said->repeatable ? said->repeat_max : 0;
    state->repeat_interval_days = said->repeatable ? said->repeat_interval_days : 0;
    state->prescribed_doses = said->kind == LINE_PIECES ? said->tcm->doses : NULL;
    state->n_lines = said->n_lines;
    state->lines = lines;
    state->source = lent(decision->event->attributes.source);
    state->event_id = lent(decision->event->attributes.id);
    return state;
}

/* D003 brings the pharmacist's review along; without it the review is an event of its own. */
static enum prescription_move move_of(const PrescriptionUploaded *said)
{
    bool is_reviewed =
        said->pharmacist != NULL && is_given(said->pharmacist->code) && said->reviewed_at != NULL;
    return is_reviewed ? MOVE_UPLOAD_REVIEWED : MOVE_UPLOAD;
}

/* The row under the hospital's number that says where the prescription stands: under its national number. */
static void point_to(struct decision *decision, const PrescriptionUploaded *said, const char *row)
{
    PrescriptionState *pointer = decision_message(decision, PRESCRIPTION_STATE);
    if (pointer == NULL)
        return;
    pointer->stands_at = lent(row);
    decision_write(decision, &pointer->base, "prescription/%s/%s", said->institution, said->hospital_number);
}

/* The circulation centre and the insurer must know the person to serve and pay; dispensers see what is wanted
 * where, and learn who it is for with the claim: prescription_identity.h. */
static void tell_those_in_scope(struct decision *decision, size_t fact, const PrescriptionState *state)
{
    tell_centre(decision, fact, state);
    tell_insurer(decision, fact, state);
    tell_dispensers(decision, fact, state->kind, state->region_of_care,
                    SEEN_BY_DISPENSERS | VISIBLE_CLINICAL);
}

void upload_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    const struct upload *upload = prepared;
    const PrescriptionUploaded *said = upload->said;
    bool has_national_number = is_given(said->national_number);
    const char *row = has_national_number ? format_in(view->arena, "prescription/%s", said->national_number)
                                          : format_in(view->arena, "prescription/%s/%s", said->institution,
                                                      said->hospital_number);
    PrescriptionState *state = remember(decision, upload);
    (void)event;
    if (row == NULL || state == NULL) {
        decision->failed = true;
        return;
    }

    prescription_move(state, move_of(said));
    size_t fact = decision_fact_of_event(decision);
    decision_write(decision, &state->base, "%s", row);
    if (has_national_number)
        point_to(decision, said, row);
    identity_keep(decision, row, said->identity);
    medication_prescribed(upload->medication, decision, row, said, upload->issued_on);
    decision_timer(decision, row, PRESCRIPTION_EXPIRY_TIMER, state->valid_until_ms);
    tell_those_in_scope(decision, fact, state);
}

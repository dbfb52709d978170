#include "domain/prescription.h"

#include "domain/format.h"
#include "domain/organisation.h"
#include "domain/region.h"

/* --- uploaded: what the rules look at --- */

/* The last day on which it may be dispensed: as said, else counted from the day of issue, which is day 1. */
static date_t last_valid_day(struct view *view, const PrescriptionUploaded *said, date_t issued_on)
{
    int64_t days = said->valid_days;
    if (said->valid_until != NULL)
        return timestamp_day(said->valid_until);
    if (days == 0 && !view_policy_int(view, PRESCRIPTION_VALID_DAYS, said->region_of_care, issued_on, &days))
        return DATE_NONE;
    return days < 1 || days > 3660 ? issued_on : issued_on + (date_t)days - 1;
}

void *prescription_prepare(struct view *view, const struct event *event)
{
    const PrescriptionUploaded *said = (const PrescriptionUploaded *)event->message;
    struct upload *upload = arena_take(view->arena, sizeof *upload);
    if (upload == NULL)
        return NULL;
    upload->said = said;
    upload->benefit_region =
        is_given(said->region_of_insurance) ? said->region_of_insurance : said->region_of_care;
    upload->issued_on = timestamp_day(said->issued_at);
    upload->issuer = organisation_on(view, said->institution, upload->issued_on);
    upload->last_day = last_valid_day(view, said, upload->issued_on);
    return upload;
}

/* --- uploaded: the decision --- */

static PrescriptionLineState **remember_lines(struct decision *decision, const PrescriptionUploaded *said)
{
    PrescriptionLineState **lines = decision_list(decision, said->n_lines);
    for (size_t i = 0; lines != NULL && i < said->n_lines; i++) {
        lines[i] = decision_message(decision, PRESCRIPTION_LINE_STATE);
        if (lines[i] == NULL)
            return NULL;
        lines[i]->catalogue_code = said->lines[i]->catalogue_code;
        lines[i]->prescribed = said->lines[i]->quantity;
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
    state->status = PRESCRIPTION_UPLOADED;
    state->hospital_number = said->hospital_number;
    state->national_number = said->national_number;
    state->issuer = said->institution;
    state->issued_at_ms = timestamp_ms(said->issued_at);
    state->valid_until_ms = date_begin_in_china_ms(upload->last_day + 1);
    state->region_of_care = said->region_of_care;
    state->region_of_insurance = said->region_of_insurance;
    state->n_lines = said->n_lines;
    state->lines = lines;
    state->source = lent(decision->event->attributes.source);
    state->event_id = lent(decision->event->attributes.id);
    return state;
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

/* The circulation centre and the insurer must know the person to serve and pay; pharmacies see what is wanted
 * where, and learn the person when the patient comes. */
static void tell_those_in_scope(struct decision *decision, size_t fact, const char *region_of_care,
                                const char *benefit_region)
{
    struct region city = region_city(region_of_care);
    decision_deliver(decision, fact, VISIBLE_ALL, "circulation@%s", city.code);
    decision_deliver(decision, fact, VISIBLE_ALL, "insurer@%s", benefit_region);
    decision_deliver(decision, fact, VISIBLE_PUBLIC | VISIBLE_ORGANISATION | VISIBLE_CLINICAL, "pharmacy@%s",
                     city.code);
}

void prescription_decide(struct view *view, const struct event *event, void *prepared,
                         struct decision *decision)
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

    size_t fact = decision_fact_of_event(decision);
    decision_write(decision, &state->base, "%s", row);
    if (has_national_number)
        point_to(decision, said, row);
    decision_timer(decision, row, PRESCRIPTION_EXPIRY_TIMER, state->valid_until_ms);
    tell_those_in_scope(decision, fact, said->region_of_care, upload->benefit_region);
}

/* --- expiry --- */

static bool is_still_open(const PrescriptionState *state)
{
    return state != NULL && state->status != PRESCRIPTION_STATUS_NONE &&
           state->status < PRESCRIPTION_DISPENSED;
}

static const PrescriptionExpired *expired(struct decision *decision, const char *person,
                                          const PrescriptionState *state)
{
    PrescriptionExpired *message = decision_message(decision, PRESCRIPTION_EXPIRED_MESSAGE);
    Timestamp *valid_until = decision_message(decision, TIMESTAMP);
    if (message == NULL || valid_until == NULL)
        return NULL;
    valid_until->seconds = state->valid_until_ms / 1000;
    message->person = lent(person);
    message->hospital_number = state->hospital_number;
    message->national_number = state->national_number;
    message->institution = state->issuer;
    message->valid_until = valid_until;
    message->region_of_care = state->region_of_care;
    message->region_of_insurance = state->region_of_insurance;
    return message;
}

void prescription_expire(struct view *view, const struct event *event, struct decision *decision)
{
    const char *row = event->attributes.subject;
    PrescriptionState *state = (PrescriptionState *)view_state(view, PRESCRIPTION_STATE, "%s", row);
    if (!is_still_open(state))
        return; /* dispensed, revoked or gone in the meantime: nothing expires */

    const PrescriptionExpired *message = expired(decision, view->key, state);
    if (message == NULL) {
        decision->failed = true;
        return;
    }
    state->status = PRESCRIPTION_EXPIRED;
    decision_write(decision, &state->base, "%s", row);

    size_t fact = decision_fact(decision, PRESCRIPTION_EXPIRED_TYPE, state->hospital_number, &message->base);
    decision_deliver(decision, fact, VISIBLE_ALL, "%s", state->issuer);
    tell_those_in_scope(decision, fact, state->region_of_care,
                        is_given(state->region_of_insurance) ? state->region_of_insurance
                                                             : state->region_of_care);
}

/* Reviewed: the issuer's pharmacist lets it circulate, the dispenser's pharmacist lets it be dispensed;
 * either may refuse it, and then the doctor writes another. */
#include "domain/prescription.h"

#include "domain/medication.h"
#include "domain/practitioner.h"

struct review {
    struct prescription_step step;
    const PrescriptionReviewed *said;
};

static enum prescription_move move_of(const PrescriptionReviewed *said)
{
    bool passed = said->result == REVIEW_PASSED;
    if (said->stage == STAGE_HOSPITAL)
        return passed ? MOVE_REVIEW_PASS : MOVE_REVIEW_REFUSE;
    return passed ? MOVE_APPROVE : MOVE_APPROVE_REFUSE;
}

void *review_prepare(struct view *view, const struct event *event)
{
    const PrescriptionReviewed *said = (const PrescriptionReviewed *)event->message;
    struct review *review = arena_take(view->arena, sizeof *review);
    if (review == NULL)
        return NULL;
    *review = (struct review){
        .step =
            {
                STEP_PRESCRIPTION(said),
                .move = move_of(said),
                .actor = said->reviewer,
                .actor_path = "reviewer",
                .at = said->reviewed_at,
                .at_path = "reviewedAt",
            },
        .said = said,
    };
    step_begin(view, &review->step);
    return review;
}

/* --- rules --- */

static void pharmacist_is_named(struct rule_context *context)
{
    const struct review *review = context->prepared;
    if (!is_given(review->said->pharmacist->code) && !is_given(review->said->pharmacist->licence))
        rule_refuse(context, "pharmacist.code", "", "the pharmacist's code or licence");
}

static void reviewer_is_licensed(struct rule_context *context)
{
    const struct review *review = context->prepared;
    const struct prescription_step *step = &review->step;
    if (step->state != NULL && is_given(review->said->pharmacist->code))
        practitioner_must_be_licensed(context, &(struct practitioner_asked){
                                                   .path = "pharmacist.code",
                                                   .institution = review->said->reviewer,
                                                   .region = step->state->region_of_care,
                                                   .said = review->said->pharmacist,
                                                   .kind = PRACTITIONER_PHARMACIST,
                                                   .day = step->day,
                                               });
}

const struct rule prescription_reviewed_rules[REVIEWED_RULES] = {
    PRESCRIPTION_STEP_RULES("05"),
    {
        .id = "RX-056",
        .code = "prescription.pharmacist_not_named",
        .document = SOURCE_TIANJIN_CIRCULATION,
        .clause = "药师、执业药师审核",
        .evaluate = pharmacist_is_named,
        .sentence_zh = "审方药师须写明编码或执业证号",
        .sentence_en = "A review names its pharmacist by code or licence.",
    },
    {
        .id = "RX-057",
        .code = "prescription.pharmacist_not_licensed",
        .document = SOURCE_TIANJIN_CIRCULATION,
        .clause = "药师、执业药师审核",
        .parameter = PRACTITIONERS_COMPLETE,
        .evaluate = reviewer_is_licensed,
        .sentence_zh = "审方药师当日须在审方机构有有效执业证",
        .sentence_en = "Who reviews is licensed as a pharmacist at the reviewing institution on that day.",
    },
};

/* --- the decision --- */

void review_decide(struct view *view, const struct event *event, void *prepared, struct decision *decision)
{
    struct review *review = prepared;
    struct prescription_step *step = &review->step;
    PrescriptionState *state = step->state;
    const char *holder = state->claimed_by;
    (void)event;

    size_t fact = step_take(decision, step);
    tell_centre(decision, fact, state);
    tell_issuer(decision, fact, state);
    tell_organisation(decision, fact, holder);
    if (state->status == PRESCRIPTION_REVIEWED || state->status == PRESCRIPTION_REFUSED_AT_REVIEW) /* to be had, or not */
        tell_dispensers(decision, fact, state->kind, state->region_of_care, SEEN_BY_DISPENSERS);
    if (state->status != PRESCRIPTION_REFUSED_AT_REVIEW)
        return;
    medication_ended(view, decision, step->row);
    prescription_end(view, decision, step->row);
}

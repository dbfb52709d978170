/* prescription_step.h: what every event about an uploaded prescription has in common: which prescription it
 * names, which move it is in the table of prescription_state.h, who says it and when; the five rules that
 * follow from that; and who hears.
 *
 * A handler's prepared structure begins with its step, so that these rules find it:
 *
 *     struct claiming { struct prescription_step step; ... };
 *     static const struct rule claimed_rules[] = { PRESCRIPTION_STEP_RULES("06"), {.id = "RX-066", ...}, ...
 * }; */
#ifndef DOMAIN_PRESCRIPTION_STEP_H
#define DOMAIN_PRESCRIPTION_STEP_H

#include "domain/prescription_state.h"
#include "domain/rule.h"

struct prescription_step {
    /* what the event says; filled by the handler before step_begin */
    const char *person, *national_number, *institution, *hospital_number;
    enum prescription_move move;
    const char *actor, *actor_path; /* the organisation that does it, and the field that names it */
    const Timestamp *at;            /* when, and the field that says so; NULL: not said, now */
    const char *at_path;

    /* filled by step_begin */
    const char *row;          /* "prescription/990000000000000001"; NULL: there is none */
    PrescriptionState *state; /* that row, or NULL */
    int64_t at_ms;
    date_t day;                     /* local */
    const Organisation *registered; /* the actor on that day, or NULL */
};

/* Initializes what SAID, of whatever type, names its prescription by. */
#define STEP_PRESCRIPTION(said)                                                                              \
    .person = (said)->person, .national_number = (said)->national_number, .institution = (said)->institution, \
    .hospital_number = (said)->hospital_number

/* Looks up what the step names. */
void step_begin(struct view *view, struct prescription_step *step);
/* The row and state of a prescription by its national number, or by its issuer and the issuer's number. */
PrescriptionState *prescription_find(struct view *view, const char *national_number, const char *institution,
                                     const char *hospital_number, const char **row);

/* --- rules --- */

void step_person_is_the_key(struct rule_context *context);
void step_prescription_is_known(struct rule_context *context);
void step_move_is_possible(struct rule_context *context);
void step_party_says_it(struct rule_context *context);
void step_moment_is_credible(struct rule_context *context);

#define CLOCK_SKEW           "prescription.clock_skew_minutes"

/* What claiming and dispensing share: who may, and until when. */
void step_dispenser_is_designated(struct rule_context *context);
void step_dispenser_is_licensed(struct rule_context *context); /* parameter: LICENCES_COMPLETE of licence.h */
void step_is_within_validity(struct rule_context *context);
bool step_is_of_a_pharmacy(const struct prescription_step *step);

/* clang-format off */
#define STEP_RULE(id_, code_, evaluate_, document_, clause_, parameter_, zh_, en_)                           \
    {.id = (id_), .code = (code_), .document = (document_), .clause = (clause_), .parameter = (parameter_),  \
     .evaluate = (evaluate_), .sentence_zh = (zh_), .sentence_en = (en_)}

/* The first five rules of each handler; TENS are the digits that its five ids share. */
#define PRESCRIPTION_STEP_RULES(tens)                                                                        \
    STEP_RULE("RX-" tens "1", "prescription.person_differs", step_person_is_the_key,                         \
              SOURCE_GANSU_DUAL_CHANNEL, "实名制", NULL,                                                     \
              "事件必须写明参保人，且与事件键一致",                                                          \
              "The event names the person, and its key is that person."),                                    \
    STEP_RULE("RX-" tens "2", "prescription.unknown", step_prescription_is_known,                            \
              SOURCE_PRESCRIPTION_CENTRE, "D003 hiRxno", NULL,                                               \
              "所指处方须为该参保人已上传的处方",                                                            \
              "It names a prescription of this person that was uploaded."),                                  \
    STEP_RULE("RX-" tens "3", "prescription.move_not_possible", step_move_is_possible,                       \
              SOURCE_TIANJIN_CIRCULATION, "开具、上传、审核、调配、结算", NULL,                              \
              "处方当前状态须允许该操作",                                                                    \
              "The prescription stands where this step is possible."),                                       \
    STEP_RULE("RX-" tens "4", "prescription.not_its_party", step_party_says_it,                              \
              SOURCE_TIANJIN_CIRCULATION, "双方对上传、调配、支付各负其责", NULL,                            \
              "该操作须由有权的一方自己提交",                                                                \
              "The step is said by the party that may make it."),                                            \
    STEP_RULE("RX-" tens "5", "prescription.moment_not_credible", step_moment_is_credible,                   \
              SOURCE_TIANJIN_CIRCULATION, "实时上传，留存开具、上传与接收时间", CLOCK_SKEW,                  \
              "操作时间不得早于开具时间，也不得晚于当前时间",                                                \
              "The step is not before the issue nor after the present moment.")
/* clang-format on */

/* --- the decision --- */

/* Makes the move and writes the row; the event is the fact, whose index comes back. */
size_t step_take(struct decision *decision, struct prescription_step *step);

/* The region whose insurance pays for it. */
const char *prescription_benefit_region(const PrescriptionState *state);

/* Who hears of FACT; the source itself has its receipt. The circulation centre and the insurer must know the
 * person. */
void tell_centre(struct decision *decision, size_t fact, const PrescriptionState *state);
void tell_insurer(struct decision *decision, size_t fact, const PrescriptionState *state);
void tell_issuer(struct decision *decision, size_t fact, const PrescriptionState *state);
void tell_organisation(struct decision *decision, size_t fact, const char *organisation);
/* Dispensers in scope that did not claim it: no person, and what is clinical only with CLINICAL. */
enum { SEEN_BY_DISPENSERS = VISIBLE_PUBLIC | VISIBLE_ORGANISATION };
void tell_dispensers(struct decision *decision, size_t fact, LineKind kind, const char *region_of_care,
                     unsigned visibility);

/* Its timers: the row's own name is that of its expiry. */
#define PRESCRIPTION_EXPIRY_TIMER "medhub.prescription.expiry.timer"
#define PRESCRIPTION_CLAIM_TIMER  "medhub.prescription.claim.timer"
void prescription_set_claim_timer(struct decision *decision, const char *row, int64_t due_ms);
void prescription_cancel_claim_timer(struct decision *decision, const char *row);
/* It has ended: both timers, and the identity that was kept for who might claim it. */
void prescription_end(struct view *view, struct decision *decision, const char *row);
/* The row that a claim's timer is about. */
const char *prescription_row_of_claim_timer(const char *name);

#endif

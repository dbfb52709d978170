/* adjustment_step.h: what every step of an adjustment has in common: which application, which move in the table of its life
 * cycle, who takes it, when, on which papers; the four rules that follow from that; the decision and its timer.
 *
 * A handler's prepared structure begins with its step, so that these rules find it:
 *
 *     struct pricing { struct adjustment_step step; const AdjustmentPriced *said; };
 *     static const struct rule priced_rules[] = { ADJUSTMENT_STEP_RULES("07", SOURCE_DRUG_PLAN), ... }; */
#ifndef DOMAIN_ADJUSTMENT_STEP_H
#define DOMAIN_ADJUSTMENT_STEP_H

#include "domain/adjustment_state.h"
#include "domain/catalogue_key.h"
#include "domain/rule.h"

struct adjustment_step {
    /* what the event says; filled by the handler before adjustment_begin */
    const char *item_key;
    const AdjustmentStep *said;
    enum adjustment_move move;
    const AdjustmentApplied *applied; /* the application itself; NULL: a later step */

    /* filled by adjustment_begin */
    AdjustmentState *state;              /* NULL: not applied for */
    const struct life_cycle *cycle;      /* NULL: unknown */
    const struct adjustment_move_row *row; /* NULL: not possible */
    const char *region;                  /* whose catalogue; "" if unknown */
    int64_t at_ms;
    date_t day; /* local */
};

/* A zeroed SIZE bytes that begin with the step of an event that is no application, begun; NULL when the arena is full. */
void *adjustment_prepare(struct view *view, size_t size, const char *item_key, const AdjustmentStep *said,
                         enum adjustment_move move);
void adjustment_begin(struct view *view, struct adjustment_step *step);

/* --- rules --- */

void adjustment_move_is_possible(struct rule_context *context);
void adjustment_party_takes_it(struct rule_context *context);
void adjustment_is_in_time(struct rule_context *context);
void adjustment_leaves_a_trace(struct rule_context *context);

#define STEP_DAYS        "adjustment.step_working_days"

/* clang-format off */
#define ADJUSTMENT_RULE(id_, code_, evaluate_, document_, clause_, parameter_, zh_, en_)                     \
    {.id = (id_), .code = "adjustment." code_, .document = (document_), .clause = (clause_),                 \
     .parameter = (parameter_), .evaluate = (evaluate_), .sentence_zh = (zh_), .sentence_en = (en_)}

/* The first four rules of each handler; TENS are the digits that its ids share. */
#define ADJUSTMENT_STEP_RULES(tens, document)                                                                \
    ADJUSTMENT_RULE("AD-" tens "1", "move_not_possible", adjustment_move_is_possible, document,              \
                    "工作程序", NULL, "申请当前所处环节须允许该步骤",                                        \
                    "The application stands where this step is possible."),                                  \
    ADJUSTMENT_RULE("AD-" tens "2", "not_its_party", adjustment_party_takes_it, document,                    \
                    "组织形式", NULL, "该步骤须由有权的一方自己提交",                                        \
                    "The step is said by the party that may take it."),                                      \
    ADJUSTMENT_RULE("AD-" tens "3", "not_in_time", adjustment_is_in_time, document,                          \
                    "时间安排", "adjustment.*", "步骤依次进行，且在该阶段的规定时间内",                      \
                    "Steps follow one another, each within the days of its stage."),                         \
    ADJUSTMENT_RULE("AD-" tens "4", "no_evidence", adjustment_leaves_a_trace, document,                      \
                    "全程留痕", NULL, "每个步骤须留存材料",                                                  \
                    "Every step leaves its papers.")
enum { ADJUSTMENT_STEP_RULE_COUNT = 4 };
/* clang-format on */

/* --- the decision --- */

/* Makes the move, counts the papers, writes the row and sets the timer; the event is the fact, whose index comes back. */
size_t adjustment_take(struct view *view, struct decision *decision, struct adjustment_step *step);
/* The applicant hears of it; with PUBLICLY all institutions of the region do. */
void adjustment_tell(struct decision *decision, size_t fact, const AdjustmentState *state, bool publicly);
/* Both: what most steps do. */
void adjustment_take_and_tell(struct view *view, struct decision *decision, struct adjustment_step *step, bool publicly);

/* adjustment_overdue.c: a step that nobody took for the working days of the policy. */
#define ADJUSTMENT_OVERDUE_TIMER "medhub.adjustment.overdue.timer"
#define ADJUSTMENT_OVERDUE_TYPE  "medhub.adjustment.overdue.v1"
void adjustment_set_timer(struct view *view, struct decision *decision, const struct adjustment_step *step);
void adjustment_overdue_fire(struct view *view, const struct event *event, struct decision *decision);

#endif

/* walk.h: takes one record, or one due timer, through the stages. */
#ifndef FLOW_WALK_H
#define FLOW_WALK_H

#include "base/status.h"

struct fault;
struct flow;
struct lane;
struct record;
struct task;
struct timer;

/* Every record ends as facts, as an answered duplicate or as a parked refusal: then OK. Anything else ends the batch. */
enum status walk_record(struct flow *flow, struct task *task, const struct lane *lane, struct record *record,
                        struct fault *fault) MUST_CHECK;

/* The timer is cancelled and its handler fires, in the same transaction. */
enum status walk_timer(struct flow *flow, struct task *task, const struct timer *timer, struct fault *fault) MUST_CHECK;

/* Builds the worker's working-day calendar and policy values anew if their tables changed. */
enum status walk_refresh_calendar(struct flow *flow, struct fault *fault) MUST_CHECK;

#endif

/* walk.h: takes one record, or one due timer, through the stages. */
#ifndef FLOW_WALK_H
#define FLOW_WALK_H

#include "base/arena.h"
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

/* The id of the event that a timer is: TIMER/NAME, a hash of the key (it may be a person's pseudonym, and ids are shown to
 * everybody), the moment it was due. NULL if the arena is full. */
const char *walk_timer_id(struct arena *arena, const char *name, struct bytes key, int64_t due_ms);

/* A timer's offset, among those of its partition: a timer of another key, of another name or due at another moment has another,
 * so that receivers may tell what is sent to them by coordinates. */
int64_t walk_timer_offset(struct bytes name, struct bytes key, int64_t due_ms);

/* Builds the worker's working-day calendar and policy values anew if their tables changed. */
enum status walk_refresh_calendar(struct flow *flow, struct fault *fault) MUST_CHECK;

#endif

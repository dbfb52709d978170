/* stages.h: the way of an event through the hub, as a table that can be read aloud. */
#ifndef FLOW_STAGES_H
#define FLOW_STAGES_H

#include "event/event.h"

struct flow;

/* OK: on to the next stage. REJECT: the event is wrong, its fault and findings say why; it is parked. RETRY, FATAL: the
 * batch cannot go on; nothing of it becomes visible. */
struct stage {
    const char *name;
    enum status (*run)(struct flow *flow, struct event *event);
};

/* decode, authorise, dedupe, check, decide, emit; ends with run == NULL. */
extern const struct stage stages_standard[];

/* One file each. */
enum status decode_stage(struct flow *flow, struct event *event) MUST_CHECK;
enum status authorise_stage(struct flow *flow, struct event *event) MUST_CHECK;
enum status dedupe_stage(struct flow *flow, struct event *event) MUST_CHECK;
enum status check_stage(struct flow *flow, struct event *event) MUST_CHECK;
enum status decide_stage(struct flow *flow, struct event *event) MUST_CHECK;
enum status emit_stage(struct flow *flow, struct event *event) MUST_CHECK;

/* Not a stage: where a refused event goes (park.c). */
enum status park_event(struct flow *flow, struct event *event, const char *stage) MUST_CHECK;

#endif

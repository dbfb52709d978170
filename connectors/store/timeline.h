/* timeline.h: one exchange while it is read: its lines (timeline.c). Internal to read_timeline.c and read_gaps.c. */
#ifndef STORE_TIMELINE_H
#define STORE_TIMELINE_H

#include "store/read_model_inside.h"

struct exchange {
    struct read_model *model;
    const struct viewer *viewer;
    const struct asked_by *by;
    struct seen_lines *lines;
    struct input_place input;
    size_t first;               /* of this exchange in lines */
    bool submitted, own, shown; /* not by a timer; by the viewer; the key to it */
    bool has_receipt, has_fact, has_parked, fact_is_due, parked_is_due;
};

/* A line to be filled; NULL: no memory. Lines that were there may move. */
struct seen_line *timeline_add_line(struct seen_lines *lines);

/* The first line of that step, or NULL. */
const struct seen_line *timeline_find(const struct exchange *exchange, enum seen_step step);

/* --- read_gaps.c --- */

/* Between a submission and its fact or parked record stands a receipt, and the other way round: lines that
 * say what is missing. They reach the store over different partitions, so a gap may close a moment later. */
enum status timeline_add_gaps(struct exchange *exchange, struct fault *fault) MUST_CHECK;
/* Deliveries that an endpoint which takes their type has not answered. */
enum status timeline_add_unanswered(struct exchange *exchange, struct fault *fault) MUST_CHECK;

#endif

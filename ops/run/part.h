/* part.h: what runs in a process as a table row, so that starting, health and the end are told once for all. */
#ifndef RUN_PART_H
#define RUN_PART_H

#include "ops/run/service.h"

struct json_t;

struct part_row {
    enum part part;
    const char *name;
    enum status (*start)(struct session *session, void **self, struct fault *fault);
    bool (*is_ready)(void *self);
    bool (*is_alive)(void *self, struct fault *fault);
    void (*stop)(void *self);
    /* Adds its addresses to the line that scripts wait for; may be NULL. */
    void (*announce)(void *self, const struct session *session, struct json_t *line);
};

extern const struct part_row parts[];
extern const size_t part_count;

#endif

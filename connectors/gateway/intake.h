/* intake.h: the events in the body of a request: CloudEvents 1.0 over HTTP in binary, structured and batch mode. */
#ifndef GATEWAY_INTAKE_H
#define GATEWAY_INTAKE_H

#include "event/cloudevent.h"
#include "gateway/http_view.h"

struct intake {
    struct cloudevent *events; /* in the arena, as are their texts; data may be lent by the body */
    size_t count;
    bool batch;
    size_t index; /* after a failure: of the event that is wrong */
};

/* OK: at least one event. Else the fault, and in *STATUS the HTTP status: 400, 413 "batch.too_large", 415 "request.media_type"
 * or "request.encoding". REJECT: nothing of a batch is taken if one event of it is wrong. RETRY (503): no memory. What is
 * wrong with the data itself, beyond its form, the hub says. Any thread. */
enum status intake_read(const struct http_view *view, size_t events_max, struct arena *arena, struct intake *intake,
                        unsigned *http_status, struct fault *fault) MUST_CHECK;

/* The value of a ce-... header: quotes and percent-encoding undone (CloudEvents HTTP binding 3.1.3.2). NULL: malformed, not
 * text, or the arena is full. */
const char *intake_header_text(struct bytes value, struct arena *arena);

#endif

/* service.h: a hub in this process, from its start to its orderly end. */
#ifndef RUN_SERVICE_H
#define RUN_SERVICE_H

#include "ops/ctl/session.h"

struct service_options {
    bool embedded;
    bool announce; /* one JSON line on standard output when it is ready */
};

/* Starts the hub and its monitor with the session's settings, waits for a signal or the hub's end, stops in
 * order. EXIT_FAILED if it did not start or died. */
enum exit_code service_run(struct call *call, struct session *session, const struct service_options *options);

/* Sets the log level of the settings and says when librdkafka is older than it should be. */
void service_prepare(struct call *call, const struct session *session);

#endif

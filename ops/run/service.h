/* service.h: parts of medhub running in this process, from their start to their orderly end. */
#ifndef RUN_SERVICE_H
#define RUN_SERVICE_H

#include "ops/ctl/session.h"

/* In the order in which they start; they stop in the opposite one. */
enum part {
    PART_HUB = 1,
    PART_STORE = 2,
    PART_GATEWAY = 4,
    PART_WEBHOOK = 8,
    PART_ALL = 15,
};

struct service_options {
    unsigned parts; /* bits of enum part */
    bool embedded;
    bool announce; /* one JSON line on standard output when all are ready; of all parts, also what a person pastes */
};

/* Starts the parts and the monitor with the session's settings, waits for a signal or a part's end, stops in order.
 * EXIT_FAILED if one did not start or died. */
enum exit_code service_run(struct call *call, struct session *session, const struct service_options *options);

/* Sets the log level of the settings and says when librdkafka is older than it should be. */
void service_prepare(struct call *call, const struct session *session);

/* Refuses with a sentence unless all topics are there with the right number of partitions. */
enum exit_code service_check_topics(struct call *call, struct session *session);

#endif

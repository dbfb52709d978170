/* submission.h: events that a handler made itself, on the way that POST /v1/events takes. */
#ifndef GATEWAY_SUBMISSION_H
#define GATEWAY_SUBMISSION_H

#include "event/cloudevent.h"
#include "gateway/request.h"

/* Publishes EVENTS (in the request's arena, in order). Answers by itself if the caller may not say them, or if the brokers do not
 * acknowledge in time; else ANSWER runs on an HTTP thread and answers. Within a handler only. */
void submit_events(struct request *request, struct cloudevent *events, size_t count, void (*answer)(struct request *request));
/* What was sent, for ANSWER. */
const struct cloudevent *submitted_events(const struct request *request, size_t *count);

#endif

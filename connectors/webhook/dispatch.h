/* dispatch.h: the loop of the connector: from records of medhub.delivery to requests, from answers to outcomes.
 *
 *     feeder ──▶ who hears of it (audience) ──▶ window of each (endpoint) ──▶ request ──▶ http
 *                                                  ▲ settled                             │ answer
 *                                                  └──── journal: parked list, outcome ◀─┘
 *
 * One thread does all of it and waits in one place, for HTTP and Kafka at once; so there are no locks, and nothing that one
 * endpoint does can make the loop wait. */
#ifndef WEBHOOK_DISPATCH_H
#define WEBHOOK_DISPATCH_H

#include "base/clock.h"
#include "kafka/client.h"
#include "state/tables.h"
#include "webhook/settings.h"

struct dispatch;

/* REGISTRY is a reader of the calling thread, whose table must be complete. */
enum status dispatch_open(const struct webhook_settings *settings, const struct kafka_client *client, struct clock clock,
                          struct tables_reader *registry, struct dispatch **dispatch, struct fault *fault) MUST_CHECK;
/* Lets requests on their way end for a bounded time, writes down where each endpoint stands. NULL is fine. */
void dispatch_close(struct dispatch *dispatch);

/* One round; waits when there is nothing to do. */
enum status dispatch_run(struct dispatch *dispatch, struct fault *fault) MUST_CHECK;
/* True once all endpoints of this process are served. */
bool dispatch_is_ready(const struct dispatch *dispatch);

#endif

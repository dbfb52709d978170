/* webhook.h: deliveries to the endpoints of organisations over HTTP: at least once, in order per key, each endpoint its own
 * failure domain. */
#ifndef WEBHOOK_WEBHOOK_H
#define WEBHOOK_WEBHOOK_H

#include "base/clock.h"
#include "kafka/client.h"
#include "webhook/settings.h"

struct webhook;

/* Returns when its threads run. What it is given must outlive it. */
enum status webhook_start(const struct webhook_settings *settings, const struct kafka_client *client, struct clock clock,
                          struct webhook **webhook, struct fault *fault) MUST_CHECK;
/* True once the registry is there and the places of all endpoints are known. Any thread. */
bool webhook_is_ready(struct webhook *webhook);
/* False once it has ended by a fatal fault, which is then in *FAULT. Any thread. */
bool webhook_is_alive(struct webhook *webhook, struct fault *fault);
/* Lets requests in flight end for a bounded time, writes down where each endpoint stands. NULL is fine. */
void webhook_stop(struct webhook *webhook);

#endif

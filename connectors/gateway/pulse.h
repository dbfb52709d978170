/* pulse.h: do the brokers answer? A thread asks every few seconds, so that /readyz need not. */
#ifndef GATEWAY_PULSE_H
#define GATEWAY_PULSE_H

#include "kafka/client.h"

struct pulse;

/* TOPIC is one that must be there. */
enum status pulse_start(const struct kafka_client *client, const char *topic, struct pulse **pulse,
                        struct fault *fault) MUST_CHECK;
/* False until the first answer, and when the last question was not answered. Any thread. */
bool pulse_is_there(const struct pulse *pulse);
void pulse_stop(struct pulse *pulse); /* NULL is fine */

#endif

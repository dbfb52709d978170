/* embedded.h: librdkafka's mock cluster inside this process, for trying out and for fault tests of the client.
 *
 * In memory and bounded (5 MB or 100,000 message sets a partition, the oldest dropped). It cannot show transaction
 * isolation: aborted records stay readable and offsets sent to a transaction are not kept. It says so when it starts. */
#ifndef KAFKA_EMBEDDED_H
#define KAFKA_EMBEDDED_H

#include "base/fault.h"

#include <stddef.h>
#include <stdint.h>

struct embedded;

/* Listens on free ports of loopback until the stop, which loses all that was in it. NULL may be stopped. */
enum status embedded_start(int broker_count, struct embedded **embedded, struct fault *fault) MUST_CHECK;
void embedded_stop(struct embedded *embedded);
/* "127.0.0.1:port,...", lent until the stop. */
const char *embedded_brokers(const struct embedded *embedded);
enum status embedded_topic(struct embedded *embedded, const char *topic, int32_t partitions,
                           struct fault *fault) MUST_CHECK;
/* The next COUNT requests of the kind (api key as in the Kafka protocol) are answered with the error codes. */
void embedded_push_errors(struct embedded *embedded, int16_t api_key, const int *codes, size_t count);

#endif

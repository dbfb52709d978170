/* client.h: what every handle to Kafka shares: where the brokers are, librdkafka properties, its version, its errors.
 *
 * hub/kafka is the only folder that includes rdkafka.h; its error codes become enum status and struct fault here
 * (kafka_fault.c) and nobody else looks at them. */
#ifndef KAFKA_CLIENT_H
#define KAFKA_CLIENT_H

#include "base/bytes.h"
#include "base/fault.h"

/* Brokers and free properties ("kafka.client.*" settings: TLS, SASL, sizes). Lives as long as every handle made
 * from it. */
struct kafka_client {
    const char *brokers;
    struct kafka_property {
        const char *name, *value;
    } *properties;
    size_t property_count;
    bool embedded; /* the mock cluster: no transaction isolation, committed offsets are not kept */
};

/* BROKERS is lent; kafka_client_done frees only the properties. */
void kafka_client_init(struct kafka_client *client, const char *brokers);
void kafka_client_done(struct kafka_client *client);
/* Copies. FATAL if memory is out. */
enum status kafka_client_set(struct kafka_client *client, const char *name, const char *value,
                             struct fault *fault) MUST_CHECK;
/* Asks librdkafka whether it takes every property, so that a wrong one stops the start with a sentence. */
enum status kafka_client_verify(const struct kafka_client *client, struct fault *fault) MUST_CHECK;

/* "2.14.2". Below 2.6.1 SCRAM fails against Kafka 4; below 2.10.1 recovery from a lost broker is slow. */
const char *kafka_library_version(void);
bool kafka_library_is_recommended(void);

enum { KAFKA_TOPIC_BYTES_MAX = 249 };

#endif

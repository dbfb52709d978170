#include "kafka/client.h"

#include "kafka/kafka_fault.h"

#include <stdlib.h>
#include <string.h>

enum { VERSION_RECOMMENDED = 0x020a01ff }; /* 2.10.1: recovery from a lost broker */

void kafka_client_init(struct kafka_client *client, const char *brokers)
{
    *client = (struct kafka_client){.brokers = brokers};
}

void kafka_client_done(struct kafka_client *client)
{
    for (size_t i = 0; i < client->property_count; i++) {
        free((char *)client->properties[i].name);
        free((char *)client->properties[i].value);
    }
    free(client->properties);
    *client = (struct kafka_client){0};
}

enum status kafka_client_set(struct kafka_client *client, const char *name, const char *value, struct fault *fault)
{
    struct kafka_property *grown =
        realloc(client->properties, (client->property_count + 1) * sizeof *client->properties);
    if (grown == NULL)
        return fault_fatal(fault, "memory.out", "no memory for a Kafka property");
    client->properties = grown;

    struct kafka_property property = {strdup(name), strdup(value)};
    if (property.name == NULL || property.value == NULL) {
        free((char *)property.name);
        free((char *)property.value);
        return fault_fatal(fault, "memory.out", "no memory for a Kafka property");
    }
    client->properties[client->property_count++] = property;
    return STATUS_OK;
}

enum status kafka_client_verify(const struct kafka_client *client, struct fault *fault)
{
    static const char *const none[][2] = {{NULL, NULL}};

    rd_kafka_conf_t *conf = kafka_conf_new(client, none, fault);
    if (conf == NULL)
        return STATUS_FATAL;
    rd_kafka_conf_destroy(conf);
    return STATUS_OK;
}

const char *kafka_library_version(void)
{
    return rd_kafka_version_str();
}

bool kafka_library_is_recommended(void)
{
    return rd_kafka_version() >= VERSION_RECOMMENDED;
}

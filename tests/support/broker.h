/* broker.h: the embedded broker with what a test needs around it. Every call that fails fails the test. */
#ifndef SUPPORT_BROKER_H
#define SUPPORT_BROKER_H

#include "kafka/client.h"
#include "kafka/embedded.h"
#include "kafka/reader.h"

struct broker {
    struct embedded *embedded;
    struct kafka_client client;
    struct rd_kafka_s *producer; /* made by the first broker_send */
    struct fault fault;
};

enum { BROKER_WAIT_MS = 20000 };

/* API keys of the Kafka protocol and error codes of its brokers, for embedded_push_errors. */
enum {
    API_PRODUCE = 0,
    API_FETCH = 1,
    API_INIT_PRODUCER_ID = 22,
    API_ADD_PARTITIONS_TO_TXN = 24,
    API_ADD_OFFSETS_TO_TXN = 25,
    API_END_TXN = 26,
    API_TXN_OFFSET_COMMIT = 28,
};
enum {
    ERROR_NONE = 0,
    ERROR_CORRUPT_MESSAGE = 2,
    ERROR_MSG_SIZE_TOO_LARGE = 10,
    ERROR_COORDINATOR_NOT_AVAILABLE = 15,
    ERROR_NOT_COORDINATOR = 16,
    ERROR_NOT_ENOUGH_REPLICAS = 19,
    ERROR_ILLEGAL_GENERATION = 22,
    ERROR_UNKNOWN_MEMBER_ID = 25,
    ERROR_TOPIC_AUTHORIZATION_FAILED = 29,
    ERROR_GROUP_AUTHORIZATION_FAILED = 30,
    ERROR_INVALID_PRODUCER_EPOCH = 47,
    ERROR_INVALID_TXN_STATE = 48,
    ERROR_CONCURRENT_TRANSACTIONS = 51,
    ERROR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED = 53,
    ERROR_FENCED_INSTANCE_ID = 82,
    ERROR_PRODUCER_FENCED = 90,
};

void broker_start(struct broker *broker);
void broker_stop(struct broker *broker);
void broker_topic(struct broker *broker, const char *topic, int32_t partitions);
void broker_fail(struct broker *broker, int16_t api_key, int code);

/* Sends a record outside any transaction; HEADERS (NULL or name, value, ..., NULL) are texts. PARTITION -1: by key. */
void broker_send(struct broker *broker, const char *topic, int32_t partition, struct bytes key, struct bytes value,
                 const char *const *headers);
void broker_send_flush(struct broker *broker);

/* A record read back, in memory of its own. */
struct kept_record {
    char topic[64];
    int32_t partition;
    int64_t offset;
    struct bytes key, value;
    size_t header_count;
    struct kept_header {
        char name[64];
        struct bytes value;
    } headers[32];
};
struct kept {
    struct kept_record *records;
    size_t count;
};
/* All that TOPIC holds now, partition after partition. */
struct kept *broker_read(struct broker *broker, const char *topic);
void kept_free(struct kept *kept);
/* BYTES_NONE if it has none. */
struct bytes kept_header(const struct kept_record *record, const char *name);

#endif

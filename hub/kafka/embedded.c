#include "kafka/embedded.h"

#include "base/log.h"
#include "kafka/client.h"
#include "kafka/kafka_fault.h"

#include <librdkafka/rdkafka_mock.h>
#include <stdlib.h>
#include <time.h>

struct embedded {
    rd_kafka_t *handle; /* a producer that only gives the mock cluster its thread */
    rd_kafka_mock_cluster_t *cluster;
};

enum status embedded_start(int broker_count, struct embedded **embedded, struct fault *fault)
{
    struct embedded *made = calloc(1, sizeof *made);
    char error[256];

    *embedded = NULL;
    if (made == NULL)
        return fault_fatal(fault, "memory.out", "no memory for the embedded broker");
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    (void)rd_kafka_conf_set(conf, "log_level", "3", error, sizeof error); /* or it warns that it has no brokers */
    made->handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, error, sizeof error);
    if (made->handle == NULL)
        rd_kafka_conf_destroy(conf);
    if (made->handle != NULL)
        made->cluster = rd_kafka_mock_cluster_new(made->handle, broker_count);
    if (made->cluster == NULL) {
        embedded_stop(made);
        return fault_fatal(fault, "embedded.failed", "the embedded broker does not start");
    }
#if RD_KAFKA_VERSION >= 0x020600ff
    /* Nobody else joins: waiting for more members only delays the start. */
    rd_kafka_mock_group_initial_rebalance_delay_ms(made->cluster, 0);
#endif
    log_warn("embedded.started", LOG_STR("brokers", embedded_brokers(made)),
             LOG_STR("limit", "in memory, bounded, no transaction isolation: for trying out only"));
    *embedded = made;
    return STATUS_OK;
}

void embedded_stop(struct embedded *embedded)
{
    if (embedded == NULL)
        return;
    if (embedded->cluster != NULL)
        rd_kafka_mock_cluster_destroy(embedded->cluster);
    if (embedded->handle != NULL)
        rd_kafka_destroy(embedded->handle);
    free(embedded);
}

const char *embedded_brokers(const struct embedded *embedded)
{
    return rd_kafka_mock_cluster_bootstraps(embedded->cluster);
}

enum status embedded_topic(struct embedded *embedded, const char *topic, int32_t partitions, struct fault *fault)
{
    const struct timespec moment = {.tv_nsec = 1000 * 1000};
    rd_kafka_resp_err_t code = rd_kafka_mock_topic_create(embedded->cluster, topic, partitions, 1);

    /* The mock's thread takes its wake-ups off after it has served them: a call that comes in between is answered a second
     * later (2.14.2: 24 topics took 5 to 8 s). So it gets the time to lie down again. */
    (void)nanosleep(&moment, NULL);
    return kafka_fault_code(code, "creating a topic on the embedded broker", fault);
}

void embedded_push_errors(struct embedded *embedded, int16_t api_key, const int *codes, size_t count)
{
    enum { ERRORS_AT_ONCE = 32 };
    rd_kafka_resp_err_t errors[ERRORS_AT_ONCE];

    if (count > ERRORS_AT_ONCE)
        count = ERRORS_AT_ONCE;
    for (size_t i = 0; i < count; i++)
        errors[i] = (rd_kafka_resp_err_t)codes[i];
    rd_kafka_mock_push_request_errors_array(embedded->cluster, api_key, count, errors);
}

#include "kafka/kafka_fault.h"

#include "base/log.h"
#include "kafka/client.h"

#include <string.h>

enum status kafka_fault_transaction(rd_kafka_error_t *error, const char *doing, struct fault *fault)
{
    if (error == NULL)
        return STATUS_OK;

    enum status status = STATUS_FATAL;
    if (rd_kafka_error_is_fatal(error))
        status = STATUS_FATAL;
    else if (rd_kafka_error_txn_requires_abort(error))
        status = STATUS_REJECT;
    else if (rd_kafka_error_is_retriable(error))
        status = STATUS_RETRY;

    fault_fatal(fault, "kafka.transaction", "%s: %s (%s)", doing, rd_kafka_error_string(error),
                rd_kafka_error_name(error));
    rd_kafka_error_destroy(error);
    return status;
}

enum status kafka_fault_code(rd_kafka_resp_err_t code, const char *doing, struct fault *fault)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
        return STATUS_OK;
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT_QUEUE:
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
    case RD_KAFKA_RESP_ERR__WAIT_COORD:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__IN_PROGRESS:
    case RD_KAFKA_RESP_ERR__PREV_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR__STATE:
    case RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION:
    case RD_KAFKA_RESP_ERR_BROKER_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_REPLICA_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
    case RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION:
    case RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_NOT_COORDINATOR:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS:
    case RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR: /* a broker lost a disk: another will lead */
    case RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT:
    case RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS:
    case RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED: /* the member left; the next poll joins again */
    case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
    case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR_OFFSET_NOT_AVAILABLE:
    case RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH:
    case RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH:
        return fault_retry(fault, "kafka.unavailable", "%s: %s", doing, rd_kafka_err2str(code));
    default:
        return fault_fatal(fault, "kafka.refused", "%s: %s (%s)", doing, rd_kafka_err2str(code),
                           rd_kafka_err2name(code));
    }
}

/* "1/1 brokers are down" comes with every attempt to connect, twenty times a second; why they are, the line before it says
 * (facility FAIL, which librdkafka throttles). */
static bool is_said_already(const char *facility, const char *text)
{
    return strcmp(facility, "ERROR") == 0 && strstr(text, "brokers are down") != NULL;
}

void kafka_log(const rd_kafka_t *handle, int level, const char *facility, const char *text)
{
    enum { SYSLOG_ERROR = 3, SYSLOG_WARNING = 4, SYSLOG_NOTICE = 5 };

    enum log_level ours = is_said_already(facility, text) ? LOG_LEVEL_DEBUG
                          : level <= SYSLOG_ERROR         ? LOG_LEVEL_WARN /* it retries by itself: ours decide on errors */
                          : level <= SYSLOG_NOTICE        ? LOG_LEVEL_INFO
                                                          : LOG_LEVEL_DEBUG;
    const struct log_field fields[] = {LOG_STR("handle", rd_kafka_name(handle)), LOG_STR("facility", facility),
                                       LOG_STR("text", text)};
    log_write(ours, "kafka.library", fields, sizeof fields / sizeof *fields);
}

static bool set_property(rd_kafka_conf_t *conf, const char *name, const char *value, struct fault *fault)
{
    char error[256];

    if (rd_kafka_conf_set(conf, name, value, error, sizeof error) == RD_KAFKA_CONF_OK)
        return true;
    (void)fault_fatal(fault, "conf.kafka_refused", "kafka.client.%s: librdkafka refuses it: %s", name, error);
    return false;
}

rd_kafka_conf_t *kafka_conf_new(const struct kafka_client *client, const char *const rows[][2], struct fault *fault)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();

    bool ok = set_property(conf, "bootstrap.servers", client->brokers, fault) &&
              set_property(conf, "socket.keepalive.enable", "true", fault) &&
              set_property(conf, "socket.nagle.disable", "true", fault) &&
              set_property(conf, "log.connection.close", "false", fault) &&
              set_property(conf, "client.id", "medhub", fault);
    for (size_t i = 0; ok && rows[i][0] != NULL; i++)
        if (rows[i][1] != NULL)
            ok = set_property(conf, rows[i][0], rows[i][1], fault);
    for (size_t i = 0; ok && i < client->property_count; i++)
        ok = set_property(conf, client->properties[i].name, client->properties[i].value, fault);
    if (!ok) {
        rd_kafka_conf_destroy(conf);
        return NULL;
    }
    rd_kafka_conf_set_log_cb(conf, kafka_log);
    return conf;
}

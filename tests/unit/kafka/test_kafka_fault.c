// links: medhub_kafka rdkafka::static
/* kafka_fault.h: what librdkafka answers becomes what the caller does now. */
#include "kafka/client.h"
#include "kafka/kafka_fault.h"
#include "support/cmocka_all.h"

#include <string.h>

static void codes_outside_transactions_are_retried_or_fatal(void **state)
{
    const struct {
        rd_kafka_resp_err_t code;
        enum status status;
        const char *name;
    } rows[] = {
        {RD_KAFKA_RESP_ERR_NO_ERROR, STATUS_OK, ""},
        {RD_KAFKA_RESP_ERR__TRANSPORT, STATUS_RETRY, "kafka.unavailable"},
        {RD_KAFKA_RESP_ERR__TIMED_OUT, STATUS_RETRY, "kafka.unavailable"},
        {RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, STATUS_RETRY, "kafka.unavailable"},
        {RD_KAFKA_RESP_ERR__STATE, STATUS_RETRY, "kafka.unavailable"}, /* a seek before the fetch has begun */
        {RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED, STATUS_RETRY, "kafka.unavailable"},
        {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, STATUS_RETRY, "kafka.unavailable"},
        {RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE, STATUS_RETRY, "kafka.unavailable"},
        {RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS, STATUS_RETRY, "kafka.unavailable"},
        {RD_KAFKA_RESP_ERR_NOT_COORDINATOR, STATUS_RETRY, "kafka.unavailable"},
        {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, STATUS_RETRY, "kafka.unavailable"},
        {RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT, STATUS_RETRY, "kafka.unavailable"},
        {RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS, STATUS_RETRY, "kafka.unavailable"},
        {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, STATUS_RETRY, "kafka.unavailable"},
        {RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR, STATUS_RETRY, "kafka.unavailable"},
        {RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET, STATUS_FATAL, "kafka.refused"}, /* a loss is told, not skipped */
        {RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, STATUS_FATAL, "kafka.refused"},
        {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, STATUS_FATAL, "kafka.refused"},
        {RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED, STATUS_FATAL, "kafka.refused"},
        {RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, STATUS_FATAL, "kafka.refused"},
        {RD_KAFKA_RESP_ERR__FATAL, STATUS_FATAL, "kafka.refused"},
        {RD_KAFKA_RESP_ERR__AUTHENTICATION, STATUS_FATAL, "kafka.refused"},
        {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, STATUS_FATAL, "kafka.refused"},
    };
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fault fault = {0};
        if (kafka_fault_code(rows[i].code, "doing it", &fault) != rows[i].status ||
            strcmp(fault.code, rows[i].name) != 0)
            fail_msg("%s", rd_kafka_err2name(rows[i].code));
        if (rows[i].status != STATUS_OK)
            assert_int_equal(strncmp(fault.text, "doing it: ", 10), 0);
        assert_int_equal(kafka_fault_code(rows[i].code, "doing it", NULL), rows[i].status);
    }
}

static void no_error_of_a_transaction_is_ok(void **state)
{
    struct fault fault = {0};
    (void)state;

    assert_int_equal(kafka_fault_transaction(NULL, "committing", &fault), STATUS_OK);
    assert_string_equal(fault.code, "");
}

/* librdkafka has no way to make an error with flags; without any it is neither retriable nor abortable. */
static void an_error_of_a_transaction_without_flags_is_fatal(void **state)
{
    struct fault fault = {0};
    (void)state;

    assert_int_equal(kafka_fault_transaction(rd_kafka_error_new(RD_KAFKA_RESP_ERR__STATE, "wrong %s", "moment"),
                                             "committing", &fault),
                     STATUS_FATAL);
    assert_string_equal(fault.code, "kafka.transaction");
    assert_string_equal(fault.text, "committing: wrong moment (_STATE)");
}

static void a_refused_property_is_named(void **state)
{
    const char *const none[][2] = {{NULL, NULL}};
    const char *const rows[][2] = {{"session.timeout.ms", "ten"}, {NULL, NULL}};
    struct kafka_client client;
    struct fault fault = {0};
    (void)state;

    kafka_client_init(&client, "127.0.0.1:1");
    assert_int_equal(kafka_client_verify(&client, &fault), STATUS_OK);
    assert_null(kafka_conf_new(&client, rows, &fault));
    assert_non_null(strstr(fault.text, "session.timeout.ms"));
    assert_int_equal(kafka_client_set(&client, "no.such.property", "1", &fault), STATUS_OK);
    assert_int_equal(kafka_client_verify(&client, &fault), STATUS_FATAL);
    assert_string_equal(fault.code, "conf.kafka_refused");
    assert_non_null(strstr(fault.text, "kafka.client.no.such.property"));
    assert_null(kafka_conf_new(&client, none, &fault));
    kafka_client_done(&client);
}

static void free_properties_win_over_our_own(void **state)
{
    const char *const rows[][2] = {{"linger.ms", "5"}, {"group.instance.id", NULL}, {NULL, NULL}};
    struct kafka_client client;
    struct fault fault = {0};
    char value[32];
    size_t size = sizeof value;
    (void)state;

    kafka_client_init(&client, "127.0.0.1:1");
    assert_int_equal(kafka_client_set(&client, "linger.ms", "77", &fault), STATUS_OK);
    rd_kafka_conf_t *conf = kafka_conf_new(&client, rows, &fault);
    assert_non_null(conf);
    assert_int_equal(rd_kafka_conf_get(conf, "linger.ms", value, &size), RD_KAFKA_CONF_OK);
    assert_string_equal(value, "77");
    rd_kafka_conf_destroy(conf);
    kafka_client_done(&client);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_outside_transactions_are_retried_or_fatal),
        cmocka_unit_test(no_error_of_a_transaction_is_ok),
        cmocka_unit_test(an_error_of_a_transaction_without_flags_is_fatal),
        cmocka_unit_test(a_refused_property_is_named),
        cmocka_unit_test(free_properties_win_over_our_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

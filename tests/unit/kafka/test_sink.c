// links: medhub_kafka
/* sink.h, against the embedded broker: what each refusal of a broker means for the transaction (kafka.md 1.3). */
#include "kafka/sink.h"

#include "base/clock.h"
#include "kafka/source.h"
#include "support/broker.h"
#include "support/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POLLS_MAX = 200, POLL_MS = 50 };

struct fixture {
    struct broker broker;
    struct sink *sink;
    struct source *source;
    bool assigned;
    struct fault fault;
};

static void on_assigned(void *self, const char *topic, int32_t partition)
{
    (void)topic;
    (void)partition;
    ((struct fixture *)self)->assigned = true;
}

static void on_revoked(void *self, const char *topic, int32_t partition, bool lost)
{
    (void)self;
    (void)topic;
    (void)partition;
    (void)lost;
}

static struct sink *open_sink(struct fixture *fixture, int messages_max)
{
    const struct sink_settings settings = {.transactional_id = "medhub-test-0-0",
                                           .transaction_timeout_ms = 10000,
                                           .linger_ms = 0,
                                           .messages_max = messages_max,
                                           .compression = "none"};
    struct sink *sink = NULL;

    assert_int_equal(sink_open(&fixture->broker.client, &settings, BROKER_WAIT_MS, &sink, &fixture->fault), STATUS_OK);
    return sink;
}

static int set_up(void **state)
{
    static const char *const topics[] = {"in"};
    const struct source_settings settings = {
        .group = "g", .topics = topics, .topic_count = 1, .session_timeout_ms = 6000, .poll_interval_ms_max = 60000};
    struct fixture *fixture = calloc(1, sizeof *fixture);

    *state = fixture;
    broker_start(&fixture->broker);
    broker_topic(&fixture->broker, "in", 1);
    broker_topic(&fixture->broker, "out", 2);
    const struct source_events events = {on_assigned, on_revoked, fixture};
    assert_int_equal(source_open(&fixture->broker.client, &settings, events, &fixture->source, &fixture->fault),
                     STATUS_OK);
    for (int i = 0; i < POLLS_MAX && !fixture->assigned; i++) {
        struct record record;
        assert_false(source_poll(fixture->source, POLL_MS, &record, &fixture->fault));
    }
    assert_true(fixture->assigned);
    fixture->sink = open_sink(fixture, 1000);
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    sink_close(fixture->sink);
    source_close(fixture->source);
    broker_stop(&fixture->broker);
    free(fixture);
    return 0;
}

/* A whole transaction with one record in partition 1 of "out" and one offset; the first answer that is not OK. */
static enum status one_transaction(struct fixture *fixture, int64_t *next_offset)
{
    const struct sink_offset offset = {"in", 0, 1};

    enum status status = sink_begin(fixture->sink, &fixture->fault);
    if (status == STATUS_OK)
        status = sink_produce(fixture->sink, sink_topic(fixture->sink, "out"), 1, bytes_of("key"), bytes_of("value"),
                              NULL, next_offset, &fixture->fault);
    if (status == STATUS_OK)
        status = sink_send_offsets(fixture->sink, fixture->source, &offset, 1, &fixture->fault);
    return status == STATUS_OK ? sink_commit(fixture->sink, &fixture->fault) : status;
}

static void a_commit_tells_the_offset_behind_the_last_record(void **state)
{
    struct fixture *fixture = *state;
    int64_t next_offset = 0, other = 0;
    struct sink_topic *out = sink_topic(fixture->sink, "out");

    assert_ptr_equal(out, sink_topic(fixture->sink, "out"));
    assert_int_equal(sink_begin(fixture->sink, &fixture->fault), STATUS_OK);
    for (int i = 0; i < 10; i++)
        assert_int_equal(sink_produce(fixture->sink, out, 1, bytes_of("key"), bytes_of("value"), NULL, &next_offset,
                                      &fixture->fault),
                         STATUS_OK);
    assert_int_equal(sink_produce(fixture->sink, out, 0, bytes_of("key"), bytes_of("value"), NULL, &other,
                                  &fixture->fault),
                     STATUS_OK);
    assert_int_equal(sink_commit(fixture->sink, &fixture->fault), STATUS_OK);
    assert_int_equal(next_offset, 10);
    assert_int_equal(other, 1);
    assert_int_equal(one_transaction(fixture, &next_offset), STATUS_OK);
    assert_int_equal(next_offset, 11);
    assert_false(sink_is_suspect(fixture->sink));
}

static void null_and_empty_and_headers_arrive_as_they_are(void **state)
{
    struct fixture *fixture = *state;
    struct sink_topic *out = sink_topic(fixture->sink, "out");
    struct headers *headers = headers_new(2), *more = headers_new(2);

    assert_true(headers_add_text(headers, "a", "1") && headers_add(headers, "b", BYTES_NONE));
    assert_true(headers_add_text(more, "a", "2"));
    assert_int_equal(sink_begin(fixture->sink, &fixture->fault), STATUS_OK);
    assert_int_equal(sink_produce(fixture->sink, out, 0, BYTES_NONE, BYTES_NONE, NULL, NULL, &fixture->fault),
                     STATUS_OK);
    assert_int_equal(sink_produce(fixture->sink, out, 0, bytes_of(""), bytes_of(""), NULL, NULL, &fixture->fault),
                     STATUS_OK);
    assert_int_equal(sink_produce(fixture->sink, out, 0, BYTES_NONE, BYTES_NONE, headers, NULL, &fixture->fault),
                     STATUS_OK);
    assert_int_equal(sink_produce(fixture->sink, out, 0, bytes_of(""), bytes_of(""), more, NULL, &fixture->fault),
                     STATUS_OK);
    assert_int_equal(sink_commit(fixture->sink, &fixture->fault), STATUS_OK);
    struct kept *kept = broker_read(&fixture->broker, "out");
    assert_int_equal(kept->count, 4);
    for (size_t i = 0; i < kept->count; i++) {
        assert_int_equal(kept->records[i].key.data == NULL, i % 2 == 0);
        assert_int_equal(kept->records[i].value.data == NULL, i % 2 == 0);
        assert_int_equal(kept->records[i].value.length, 0);
    }
    assert_int_equal(kept->records[0].header_count, 0);
    assert_true(bytes_equal_text(kept_header(&kept->records[2], "a"), "1"));
    assert_null(kept_header(&kept->records[2], "b").data);
    kept_free(kept);
}

static void a_full_queue_is_waited_for(void **state)
{
    struct fixture *fixture = *state;
    enum { MESSAGES_MAX = 10, RECORDS = 500 };
    int64_t next_offset = 0;

    sink_close(fixture->sink);
    fixture->sink = open_sink(fixture, MESSAGES_MAX);
    assert_int_equal(sink_begin(fixture->sink, &fixture->fault), STATUS_OK);
    for (int i = 0; i < RECORDS; i++) {
        struct headers *headers = i % 2 == 0 ? NULL : headers_new(1); /* both ways of producing */
        assert_int_equal(sink_produce(fixture->sink, sink_topic(fixture->sink, "out"), 0, bytes_of("key"),
                                      bytes_of("value"), headers, &next_offset, &fixture->fault),
                         STATUS_OK);
    }
    assert_int_equal(sink_commit(fixture->sink, &fixture->fault), STATUS_OK);
    assert_int_equal(next_offset, RECORDS);
}

static void a_record_that_can_never_be_sent_aborts(void **state)
{
    struct fixture *fixture = *state;
    enum { BYTES = 5000000 };
    uint8_t *large = calloc(1, BYTES);

    assert_int_equal(sink_begin(fixture->sink, &fixture->fault), STATUS_OK);
    for (int i = 0; i < 2; i++)
        assert_int_equal(sink_produce(fixture->sink, sink_topic(fixture->sink, "out"), 0, bytes_of("key"),
                                      bytes_from(large, BYTES), i == 0 ? NULL : headers_new(1), NULL, &fixture->fault),
                         STATUS_REJECT);
    assert_string_equal(fixture->fault.code, "kafka.produce");
    assert_int_equal(sink_abort(fixture->sink, &fixture->fault), STATUS_OK);
    assert_int_equal(one_transaction(fixture, NULL), STATUS_OK);
    free(large);
}

static void recover(struct fixture *fixture, enum status status)
{
    if (status == STATUS_REJECT && sink_abort(fixture->sink, &fixture->fault) == STATUS_OK)
        return;
    sink_close(fixture->sink);
    fixture->sink = open_sink(fixture, 1000);
}

static void each_refusal_of_a_broker_is_retried_aborts_or_ends_the_producer(void **state)
{
    struct fixture *fixture = *state;
    const struct {
        int16_t api_key;
        int code;
        enum status status;
    } rows[] = {
        {API_ADD_PARTITIONS_TO_TXN, ERROR_NOT_COORDINATOR, STATUS_OK},
        {API_ADD_PARTITIONS_TO_TXN, ERROR_CONCURRENT_TRANSACTIONS, STATUS_OK},
        {API_ADD_PARTITIONS_TO_TXN, ERROR_TOPIC_AUTHORIZATION_FAILED, STATUS_REJECT},
        {API_ADD_PARTITIONS_TO_TXN, ERROR_INVALID_PRODUCER_EPOCH, STATUS_FATAL},
        {API_ADD_PARTITIONS_TO_TXN, ERROR_PRODUCER_FENCED, STATUS_FATAL},
        {API_ADD_PARTITIONS_TO_TXN, ERROR_INVALID_TXN_STATE, STATUS_FATAL},
        {API_ADD_PARTITIONS_TO_TXN, ERROR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, STATUS_FATAL},
        {API_PRODUCE, ERROR_NOT_ENOUGH_REPLICAS, STATUS_OK},
        {API_PRODUCE, ERROR_MSG_SIZE_TOO_LARGE, STATUS_REJECT},
        {API_PRODUCE, ERROR_INVALID_PRODUCER_EPOCH, STATUS_FATAL},
        {API_ADD_OFFSETS_TO_TXN, ERROR_NOT_COORDINATOR, STATUS_OK},
        {API_ADD_OFFSETS_TO_TXN, ERROR_GROUP_AUTHORIZATION_FAILED, STATUS_REJECT},
        {API_ADD_OFFSETS_TO_TXN, ERROR_INVALID_PRODUCER_EPOCH, STATUS_FATAL},
        {API_TXN_OFFSET_COMMIT, ERROR_NOT_COORDINATOR, STATUS_OK},
        {API_TXN_OFFSET_COMMIT, ERROR_ILLEGAL_GENERATION, STATUS_REJECT},
        {API_TXN_OFFSET_COMMIT, ERROR_UNKNOWN_MEMBER_ID, STATUS_REJECT},
        {API_TXN_OFFSET_COMMIT, ERROR_FENCED_INSTANCE_ID, STATUS_REJECT},
        {API_TXN_OFFSET_COMMIT, ERROR_GROUP_AUTHORIZATION_FAILED, STATUS_REJECT},
        {API_TXN_OFFSET_COMMIT, ERROR_INVALID_PRODUCER_EPOCH, STATUS_FATAL},
        {API_END_TXN, ERROR_COORDINATOR_NOT_AVAILABLE, STATUS_OK},
        {API_END_TXN, ERROR_TOPIC_AUTHORIZATION_FAILED, STATUS_REJECT},
        {API_END_TXN, ERROR_INVALID_PRODUCER_EPOCH, STATUS_FATAL},
        {API_END_TXN, ERROR_PRODUCER_FENCED, STATUS_FATAL},
        {API_END_TXN, ERROR_INVALID_TXN_STATE, STATUS_FATAL},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t next_offset = 0;
        broker_fail(&fixture->broker, rows[i].api_key, rows[i].code);
        enum status status = one_transaction(fixture, &next_offset);
        if (status != rows[i].status)
            fail_msg("api %d error %d: %s, %s", rows[i].api_key, rows[i].code, status_name(status), fixture->fault.text);
        /* And it heals. A refused batch leaves a gap in the sequence, over which librdkafka stumbles before it makes a new
         * start. */
        for (int tries = 0; status != STATUS_OK; tries++) {
            if (tries == 4)
                fail_msg("after api %d error %d: %s", rows[i].api_key, rows[i].code, fixture->fault.text);
            recover(fixture, status);
            next_offset = 0;
            status = one_transaction(fixture, &next_offset);
        }
        assert_true(next_offset > 0);
    }
}

static void a_broker_that_is_lost_while_a_transaction_ends_makes_the_sink_suspect(void **state)
{
    struct fixture *fixture = *state;
    int transport = -195; /* the mock closes the connection instead of answering */

    assert_false(sink_is_suspect(fixture->sink));
    embedded_push_errors(fixture->broker.embedded, API_END_TXN, &transport, 1);
    assert_int_equal(one_transaction(fixture, NULL), STATUS_OK); /* it is sent again */
    assert_true(sink_is_suspect(fixture->sink));
}

/* While the broker writes the markers of a producer's last transaction, which takes it some milliseconds, it lets the next one
 * wait. With librdkafka's own pauses, 100 ms and doubling, five refusals would take more than two seconds. */
static void a_transaction_that_follows_closely_asks_again_soon(void **state)
{
    enum { REFUSALS = 5, WITHIN_US = 2000000 };
    struct fixture *fixture = *state;
    int codes[REFUSALS];
    int64_t next_offset = 0;

    for (int i = 0; i < REFUSALS; i++)
        codes[i] = ERROR_CONCURRENT_TRANSACTIONS;
    assert_int_equal(one_transaction(fixture, NULL), STATUS_OK); /* the producer knows the broker */
    embedded_push_errors(fixture->broker.embedded, API_ADD_OFFSETS_TO_TXN, codes, REFUSALS);
    int64_t begun_us = clock_monotonic_us();
    assert_int_equal(one_transaction(fixture, &next_offset), STATUS_OK);
    assert_in_range(clock_monotonic_us() - begun_us, 0, WITHIN_US);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_transaction_that_follows_closely_asks_again_soon, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_commit_tells_the_offset_behind_the_last_record, set_up, tear_down),
        cmocka_unit_test_setup_teardown(null_and_empty_and_headers_arrive_as_they_are, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_queue_is_waited_for, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_record_that_can_never_be_sent_aborts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_refusal_of_a_broker_is_retried_aborts_or_ends_the_producer, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_broker_that_is_lost_while_a_transaction_ends_makes_the_sink_suspect, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

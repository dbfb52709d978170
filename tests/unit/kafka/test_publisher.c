/* publisher.h, against the embedded broker. */
#include "kafka/embedded.h"
#include "kafka/publisher.h"
#include "kafka/reader.h"
#include "kafka/source.h"

#include <setjmp.h>
#include <stdatomic.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { COUNT = 200, WAIT_MS = 20000 };

struct fixture {
    struct embedded *embedded;
    struct kafka_client client;
    struct publisher *publisher;
    atomic_size_t delivered, failed;
    struct fault fault;
};

static void count_report(void *self, void *context, int32_t partition, int64_t offset,
                         const struct fault *fault)
{
    struct fixture *fixture = self;
    (void)context;

    fixture->failed += fault != NULL;
    fixture->delivered += fault == NULL && partition >= 0 && offset >= 0;
}

static int open_fixture(void **state, bool report_at_once)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    const struct publisher_settings settings = {.messages_max = COUNT * 2,
                                                .delivery_timeout_ms = WAIT_MS,
                                                .linger_ms = 1,
                                                .compression = "none",
                                                .report_at_once = report_at_once};

    *state = fixture;
    assert_int_equal(embedded_start(1, &fixture->embedded, &fixture->fault), STATUS_OK);
    assert_int_equal(embedded_topic(fixture->embedded, "in", 3, &fixture->fault), STATUS_OK);
    kafka_client_init(&fixture->client, embedded_brokers(fixture->embedded));
    assert_int_equal(kafka_client_set(&fixture->client, "topic.metadata.propagation.max.ms", "0", &fixture->fault),
                     STATUS_OK); /* a topic that is not known does not exist */
    assert_int_equal(publisher_open(&fixture->client, &settings, count_report, fixture, &fixture->publisher,
                                    &fixture->fault),
                     STATUS_OK);
    return 0;
}

static int set_up(void **state)
{
    return open_fixture(state, false);
}

static int set_up_at_once(void **state)
{
    return open_fixture(state, true);
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    publisher_close(fixture->publisher);
    embedded_stop(fixture->embedded);
    kafka_client_done(&fixture->client);
    free(fixture);
    return 0;
}

static void send_one(struct fixture *fixture, int number)
{
    struct headers *headers = headers_new(2);
    char key[16];

    (void)snprintf(key, sizeof key, "key-%d", number % 7);
    assert_true(headers_add_text(headers, "ce_id", key));
    assert_int_equal(publisher_send(fixture->publisher, "in", bytes_of(key), bytes_of("value"), headers, NULL,
                                    &fixture->fault),
                     STATUS_OK);
}

static void every_record_is_reported_once_after_it_was_acknowledged(void **state)
{
    struct fixture *fixture = *state;

    for (int i = 0; i < COUNT; i++)
        send_one(fixture, i);
    assert_int_equal(publisher_flush(fixture->publisher, WAIT_MS, &fixture->fault), STATUS_OK);
    assert_int_equal(fixture->delivered, COUNT);
    assert_int_equal(fixture->failed, 0);
    assert_int_equal(publisher_pending(fixture->publisher), 0);
}

static void wait_for_reports(struct fixture *fixture, size_t count)
{
    for (int i = 0; i < WAIT_MS && atomic_load(&fixture->delivered) + atomic_load(&fixture->failed) < count; i++)
        (void)usleep(1000); /* nobody polls: asked again */
}

static void reports_at_once_come_without_a_poll(void **state)
{
    struct fixture *fixture = *state;

    for (int i = 0; i < COUNT; i++)
        send_one(fixture, i);
    wait_for_reports(fixture, COUNT);
    assert_int_equal(fixture->delivered, COUNT);
    assert_int_equal(fixture->failed, 0);
    assert_int_equal(publisher_pending(fixture->publisher), 0);
}

/* The first is told once librdkafka has learned that there is no such topic, the second inside the call. */
static void a_topic_that_does_not_exist_is_reported_once(void **state)
{
    struct fixture *fixture = *state;

    for (size_t i = 1; i <= 2; i++) {
        assert_int_equal(publisher_send(fixture->publisher, "nowhere", bytes_of("k"), bytes_of("v"), headers_new(1), NULL,
                                        &fixture->fault), STATUS_OK);
        wait_for_reports(fixture, i);
        assert_int_equal(fixture->failed, i);
        assert_int_equal(publisher_pending(fixture->publisher), 0);
    }
}

static void what_is_pending_at_the_end_is_reported_as_failed(void **state)
{
    struct fixture *fixture = *state;

    for (int i = 0; i < COUNT; i++)
        send_one(fixture, i);
    publisher_close(fixture->publisher);
    fixture->publisher = NULL;
    assert_int_equal(fixture->delivered + fixture->failed, COUNT);
}

static void what_was_sent_can_be_read_with_key_and_headers(void **state)
{
    struct fixture *fixture = *state;
    struct reader *reader = NULL;
    struct record record;
    int seen = 0, ends = 0;

    for (int i = 0; i < COUNT; i++)
        send_one(fixture, i);
    assert_int_equal(publisher_flush(fixture->publisher, WAIT_MS, &fixture->fault), STATUS_OK);

    assert_int_equal(reader_open(&fixture->client, true, &reader, &fixture->fault), STATUS_OK);
    for (int32_t partition = 0; partition < 3; partition++)
        assert_int_equal(reader_add(reader, "in", partition, OFFSET_NONE, &fixture->fault), STATUS_OK);
    for (int tries = 0; ends < 3 && tries < 10000; tries++) {
        enum reader_result result = reader_poll(reader, 100, &record, &fixture->fault);
        assert_int_not_equal(result, READER_ERROR);
        ends += result == READER_END;
        if (result == READER_RECORD) {
            seen += bytes_equal_text(record.value, "value") && bytes_start_with(record.key, bytes_of("key-"));
            record_release(&record);
        }
    }
    assert_int_equal(seen, COUNT);
    reader_close(reader);
}

static void a_full_queue_says_so_and_leaves_the_headers_with_the_caller(void **state)
{
    struct fixture *fixture = *state;
    struct headers *headers = headers_new(1);
    enum status status = STATUS_OK;

    /* Faster than any broker answers: linger keeps them in the queue. */
    for (int i = 0; i < COUNT * 50 && status == STATUS_OK; i++)
        status = publisher_send(fixture->publisher, "in", bytes_of("k"), bytes_of("v"), NULL, NULL,
                                &fixture->fault);
    assert_int_equal(status, STATUS_RETRY);
    assert_int_equal(publisher_send(fixture->publisher, "in", bytes_of("k"), bytes_of("v"), headers, NULL,
                                    &fixture->fault),
                     STATUS_RETRY);
    headers_free(headers);
    assert_int_equal(publisher_flush(fixture->publisher, WAIT_MS, &fixture->fault), STATUS_OK);
}

static void what_is_too_large_is_refused_at_once(void **state)
{
    struct fixture *fixture = *state;
    size_t length = 8 << 20;
    uint8_t *data = calloc(1, length);

    assert_int_equal(publisher_send(fixture->publisher, "in", bytes_of("k"), bytes_from(data, length),
                                    headers_new(1), NULL, &fixture->fault),
                     STATUS_REJECT);
    free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_record_is_reported_once_after_it_was_acknowledged, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(reports_at_once_come_without_a_poll, set_up_at_once, tear_down),
        cmocka_unit_test_setup_teardown(a_topic_that_does_not_exist_is_reported_once, set_up_at_once, tear_down),
        cmocka_unit_test_setup_teardown(what_is_pending_at_the_end_is_reported_as_failed, set_up_at_once, tear_down),
        cmocka_unit_test_setup_teardown(what_was_sent_can_be_read_with_key_and_headers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_full_queue_says_so_and_leaves_the_headers_with_the_caller, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_is_too_large_is_refused_at_once, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

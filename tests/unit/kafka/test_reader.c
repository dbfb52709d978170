// links: medhub_kafka
/* reader.h, against the embedded broker. */
#include "kafka/reader.h"
#include "kafka/source.h" /* OFFSET_NONE */
#include "support/broker.h"
#include "support/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>

enum { RECORDS = 5, POLLS_MAX = 200, POLL_MS = 100 };

struct fixture {
    struct broker broker;
    struct reader *reader;
    struct fault fault;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    *state = fixture;
    broker_start(&fixture->broker);
    broker_topic(&fixture->broker, "in", 2);
    for (int i = 0; i < RECORDS; i++)
        broker_send(&fixture->broker, "in", 0, bytes_of("key"), bytes_of("value"), NULL);
    broker_send_flush(&fixture->broker);
    assert_int_equal(reader_open(&fixture->broker.client, true, &fixture->reader, &fixture->fault), STATUS_OK);
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    reader_close(fixture->reader);
    broker_stop(&fixture->broker);
    free(fixture);
    return 0;
}

static enum reader_result next(struct fixture *fixture, struct record *record)
{
    enum reader_result result = READER_NOTHING;

    for (int i = 0; i < POLLS_MAX && result == READER_NOTHING; i++)
        result = reader_poll(fixture->reader, POLL_MS, record, &fixture->fault);
    return result;
}

static void records_come_from_the_offset_and_then_the_end(void **state)
{
    struct fixture *fixture = *state;
    struct record record;

    assert_int_equal(reader_add(fixture->reader, "in", 0, 3, &fixture->fault), STATUS_OK);
    for (int64_t offset = 3; offset < RECORDS; offset++) {
        assert_int_equal(next(fixture, &record), READER_RECORD);
        assert_int_equal(record.offset, offset);
        record_release(&record);
    }
    assert_int_equal(next(fixture, &record), READER_END);
    assert_string_equal(record.topic, "in");
    assert_int_equal(record.partition, 0);
    assert_int_equal(record.offset, RECORDS);
    /* And again after what comes later. */
    broker_send(&fixture->broker, "in", 0, bytes_of("key"), bytes_of("late"), NULL);
    broker_send_flush(&fixture->broker);
    assert_int_equal(next(fixture, &record), READER_RECORD);
    assert_true(bytes_equal_text(record.value, "late"));
    record_release(&record);
    assert_int_equal(next(fixture, &record), READER_END);
    assert_int_equal(record.offset, RECORDS + 1);
}

static void an_empty_partition_ends_at_once(void **state)
{
    struct fixture *fixture = *state;
    struct record record;

    assert_int_equal(reader_add(fixture->reader, "in", 1, OFFSET_NONE, &fixture->fault), STATUS_OK);
    assert_int_equal(next(fixture, &record), READER_END);
    assert_int_equal(record.partition, 1);
    assert_int_equal(record.offset, 0);
}

static void a_removed_partition_is_silent(void **state)
{
    struct fixture *fixture = *state;
    struct record record;

    assert_int_equal(reader_add(fixture->reader, "in", 0, OFFSET_NONE, &fixture->fault), STATUS_OK);
    assert_int_equal(next(fixture, &record), READER_RECORD);
    record_release(&record);
    assert_int_equal(reader_remove(fixture->reader, "in", 0, &fixture->fault), STATUS_OK);
    assert_int_equal(reader_add(fixture->reader, "in", 1, OFFSET_NONE, &fixture->fault), STATUS_OK);
    assert_int_equal(next(fixture, &record), READER_END);
    assert_int_equal(record.partition, 1);
}

static void watermarks_are_the_first_and_the_next_offset(void **state)
{
    struct fixture *fixture = *state;
    int64_t low = 99, high = 99;

    assert_int_equal(reader_watermarks(fixture->reader, "in", 0, BROKER_WAIT_MS, &low, &high, &fixture->fault),
                     STATUS_OK);
    assert_int_equal(low, 0);
    assert_int_equal(high, RECORDS);
    assert_int_equal(reader_watermarks(fixture->reader, "in", 1, BROKER_WAIT_MS, &low, &high, &fixture->fault),
                     STATUS_OK);
    assert_int_equal(high, 0);
}

static void ends_of_many_partitions_are_asked_for_at_once(void **state)
{
    struct fixture *fixture = *state;
    struct reader_ends ends[] = {{.topic = "in", .partition = 0}, {.topic = "in", .partition = 1}, {.topic = "in", .partition = 77}};

    assert_int_equal(reader_ends(fixture->reader, ends, 3, BROKER_WAIT_MS, &fixture->fault), STATUS_OK);
    assert_int_equal(ends[0].low, 0);
    assert_int_equal(ends[0].high, RECORDS);
    assert_int_equal(ends[1].high, 0);
    assert_int_equal(ends[2].high, -1); /* there is no such partition */
}

static void partitions_are_counted_and_a_missing_topic_has_none(void **state)
{
    struct fixture *fixture = *state;
    int32_t count = 99;

    assert_int_equal(reader_partition_count(fixture->reader, "in", BROKER_WAIT_MS, &count, &fixture->fault), STATUS_OK);
    assert_int_equal(count, 2);
    assert_int_equal(reader_partition_count(fixture->reader, "nowhere", BROKER_WAIT_MS, &count, &fixture->fault),
                     STATUS_OK);
    assert_int_equal(count, 0);
}

/* The mock cluster knows no times: the answer is the end, which is what holds for a time to come. */
static void a_time_to_come_is_the_end(void **state)
{
    struct fixture *fixture = *state;
    int64_t offset = 99;

    assert_int_equal(reader_offset_at(fixture->reader, "in", 0, INT64_C(4102444800000), BROKER_WAIT_MS, &offset,
                                      &fixture->fault),
                     STATUS_OK);
    assert_int_equal(offset, RECORDS);
}

static void two_topics_keep_their_names(void **state)
{
    struct fixture *fixture = *state;
    struct record record;
    int of_in = 0, of_other = 0;

    broker_topic(&fixture->broker, "other", 1);
    broker_send(&fixture->broker, "other", 0, bytes_of("key"), bytes_of("value"), NULL);
    broker_send_flush(&fixture->broker);
    assert_int_equal(reader_add(fixture->reader, "in", 0, OFFSET_NONE, &fixture->fault), STATUS_OK);
    assert_int_equal(reader_add(fixture->reader, "other", 0, OFFSET_NONE, &fixture->fault), STATUS_OK);
    while (of_in + of_other < RECORDS + 1) {
        enum reader_result result = next(fixture, &record);
        assert_true(result == READER_RECORD || result == READER_END);
        if (result == READER_RECORD && strcmp(record.topic, "in") == 0)
            of_in++;
        else if (result == READER_RECORD)
            of_other++;
        record_release(&record);
    }
    assert_int_equal(of_in, RECORDS);
    assert_int_equal(of_other, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(records_come_from_the_offset_and_then_the_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_empty_partition_ends_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_removed_partition_is_silent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(watermarks_are_the_first_and_the_next_offset, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ends_of_many_partitions_are_asked_for_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(partitions_are_counted_and_a_missing_topic_has_none, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_time_to_come_is_the_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(two_topics_keep_their_names, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

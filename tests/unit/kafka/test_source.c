// links: medhub_kafka
/* source.h, against the embedded broker: nothing flows before it is resumed, and then from where it was sought. */
#include "kafka/source.h"
#include "support/broker.h"
#include "support/cmocka_all.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PARTITIONS = 2, RECORDS = 10, POLLS_MAX = 200, POLL_MS = 100 };

struct fixture {
    struct broker broker;
    struct source *source;
    struct fault fault;
    int assigned[PARTITIONS], revoked[PARTITIONS]; /* how often */
    bool lost;
};

static void on_assigned(void *self, const char *topic, int32_t partition)
{
    struct fixture *fixture = self;
    assert_string_equal(topic, "in");
    fixture->assigned[partition]++;
}

static void on_revoked(void *self, const char *topic, int32_t partition, bool lost)
{
    struct fixture *fixture = self;
    assert_string_equal(topic, "in");
    fixture->revoked[partition]++;
    fixture->lost = lost;
}

static int set_up(void **state)
{
    static const char *const topics[] = {"in"};
    struct fixture *fixture = calloc(1, sizeof *fixture);

    *state = fixture;
    broker_start(&fixture->broker);
    broker_topic(&fixture->broker, "in", PARTITIONS);
    for (int i = 0; i < RECORDS; i++) {
        char value[16];
        (void)snprintf(value, sizeof value, "%d", i);
        broker_send(&fixture->broker, "in", 0, bytes_of("key"), bytes_of(value), NULL);
    }
    broker_send_flush(&fixture->broker);
    const struct source_settings settings = {.group = "g",
                                             .topics = topics,
                                             .topic_count = 1,
                                             .session_timeout_ms = 6000,
                                             .poll_interval_ms_max = 60000};
    const struct source_events events = {on_assigned, on_revoked, fixture};
    assert_int_equal(source_open(&fixture->broker.client, &settings, events, &fixture->source, &fixture->fault),
                     STATUS_OK);
    assert_false(source_has_joined(fixture->source));
    for (int i = 0; i < POLLS_MAX && fixture->assigned[PARTITIONS - 1] == 0; i++) {
        struct record record;
        assert_false(source_poll(fixture->source, POLL_MS, &record, &fixture->fault));
        assert_string_equal(fixture->fault.code, "");
    }
    assert_true(source_has_joined(fixture->source));
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    source_close(fixture->source);
    broker_stop(&fixture->broker);
    free(fixture);
    return 0;
}

static bool poll_one(struct fixture *fixture, int polls, struct record *record)
{
    for (int i = 0; i < polls; i++)
        if (source_poll(fixture->source, POLL_MS, record, &fixture->fault))
            return true;
    return false;
}

static void seek(struct fixture *fixture, int64_t offset)
{
    enum status status = STATUS_RETRY; /* until the partition is fetched from */

    for (int i = 0; i < POLLS_MAX && status == STATUS_RETRY; i++) {
        struct record record;
        status = source_seek(fixture->source, "in", 0, offset, &fixture->fault);
        if (status == STATUS_RETRY)
            assert_false(source_poll(fixture->source, 10, &record, &fixture->fault));
    }
    assert_int_equal(status, STATUS_OK);
}

static void partitions_come_once_and_paused(void **state)
{
    struct fixture *fixture = *state;
    struct record record;

    for (int i = 0; i < PARTITIONS; i++)
        assert_int_equal(fixture->assigned[i], 1);
    assert_false(poll_one(fixture, 4, &record));
}

static void reading_goes_on_where_it_was_sought(void **state)
{
    struct fixture *fixture = *state;
    struct record record;

    seek(fixture, 7);
    source_resume(fixture->source, "in", 0);
    for (int64_t offset = 7; offset < RECORDS; offset++) {
        assert_true(poll_one(fixture, POLLS_MAX, &record));
        assert_int_equal(record.offset, offset);
        assert_string_equal(record.topic, "in");
        record_release(&record);
    }
    /* Back to the beginning, and what was read ahead is dropped. */
    source_pause(fixture->source, "in", 0);
    seek(fixture, OFFSET_NONE);
    source_resume(fixture->source, "in", 0);
    assert_true(poll_one(fixture, POLLS_MAX, &record));
    assert_int_equal(record.offset, 0);
    record_release(&record);
    assert_int_equal(source_end(fixture->source, "in", 0), RECORDS);
}

static void a_paused_partition_gives_nothing_and_loses_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct record record;

    seek(fixture, 0);
    source_resume(fixture->source, "in", 0);
    assert_true(poll_one(fixture, POLLS_MAX, &record));
    record_release(&record);
    source_pause(fixture->source, "in", 0);
    assert_false(poll_one(fixture, 4, &record));
    seek(fixture, 1);
    source_resume(fixture->source, "in", 0);
    assert_true(poll_one(fixture, POLLS_MAX, &record));
    assert_int_equal(record.offset, 1);
    record_release(&record);
}

static void nothing_committed_is_told_apart_from_an_offset(void **state)
{
    struct fixture *fixture = *state;
    int64_t next_offset = 5;

    assert_int_equal(source_committed(fixture->source, "in", 0, BROKER_WAIT_MS, &next_offset, &fixture->fault),
                     STATUS_OK);
    assert_int_equal(next_offset, OFFSET_NONE);
    assert_int_equal(source_commit_outside(fixture->source, "in", 0, 4, &fixture->fault), STATUS_OK);
    assert_int_equal(source_committed(fixture->source, "in", 0, BROKER_WAIT_MS, &next_offset, &fixture->fault),
                     STATUS_OK);
    assert_int_equal(next_offset, 4);
}

static void closing_gives_the_partitions_back(void **state)
{
    struct fixture *fixture = *state;

    source_close(fixture->source);
    fixture->source = NULL;
    for (int i = 0; i < PARTITIONS; i++)
        assert_int_equal(fixture->revoked[i], 1);
    assert_false(fixture->lost);
}

struct seen {
    char text[128];
};

static bool note(const char *name, struct bytes value, void *context)
{
    struct seen *seen = context;
    size_t used = strlen(seen->text);

    (void)snprintf(seen->text + used, sizeof seen->text - used, "%s=%.*s%s;", name, (int)value.length,
                   value.data == NULL ? "" : (const char *)value.data, value.data == NULL ? "null" : "");
    return true;
}

static bool stop_at_first(const char *name, struct bytes value, void *context)
{
    (void)note(name, value, context);
    return false;
}

static void keys_values_and_headers_come_as_they_were_sent(void **state)
{
    struct fixture *fixture = *state;
    const char *const headers[] = {"b", "2", "a", "1", "a", "again", NULL};
    struct record record;
    struct seen seen = {{0}};

    broker_send(&fixture->broker, "in", 0, BYTES_NONE, BYTES_NONE, NULL);
    broker_send(&fixture->broker, "in", 0, bytes_of(""), bytes_of(""), headers);
    broker_send_flush(&fixture->broker);
    seek(fixture, RECORDS);
    source_resume(fixture->source, "in", 0);
    assert_true(poll_one(fixture, POLLS_MAX, &record));
    assert_null(record.key.data);
    assert_null(record.value.data);
    record_each_header(&record, note, &seen);
    assert_string_equal(seen.text, "");
    struct headers *none = record_take_headers(&record);
    assert_non_null(none);
    headers_free(none);
    record_release(&record);
    record_release(&record); /* an empty one is fine */

    assert_true(poll_one(fixture, POLLS_MAX, &record));
    assert_string_equal(seen.text, "");
    assert_true(record.key.data != NULL && record.key.length == 0);
    assert_true(record.value.data != NULL && record.value.length == 0);
    assert_true(record.timestamp_ms > 0);
    record_each_header(&record, note, &seen);
    assert_string_equal(seen.text, "b=2;a=1;a=again;");
    seen = (struct seen){{0}};
    record_each_header(&record, stop_at_first, &seen);
    assert_string_equal(seen.text, "b=2;");

    struct headers *copy = record_copy_headers(&record), *taken = record_take_headers(&record);
    assert_non_null(copy);
    assert_non_null(taken);
    headers_remove(copy, "a");
    headers_remove(copy, "never there");
    assert_true(headers_add(copy, "null", BYTES_NONE));
    seen = (struct seen){{0}};
    record_each_header(&record, note, &seen); /* made anew from what was received */
    assert_string_equal(seen.text, "b=2;a=1;a=again;");
    headers_free(copy);
    headers_free(taken);
    headers_free(NULL);
    record_release(&record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(partitions_come_once_and_paused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(reading_goes_on_where_it_was_sought, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_paused_partition_gives_nothing_and_loses_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_committed_is_told_apart_from_an_offset, set_up, tear_down),
        cmocka_unit_test_setup_teardown(closing_gives_the_partitions_back, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keys_values_and_headers_come_as_they_were_sent, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

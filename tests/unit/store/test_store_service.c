// links: medhub_store
/* store_service.h, digest.h, migrate.h: what is in Kafka becomes rows once, whatever happens in between. */
#include "event/pack.h"
#include "store/digest.h"
#include "store/migrate.h"
#include "store/store_service.h"
#include "store/writer.h"
#include "support/cmocka_all.h"
#include "support/store.h"

#include <string.h>

enum {
    ACCEPTED = MEDHUB__EVENT__V1__OUTCOME__OUTCOME_ACCEPTED,
    REFUSED = MEDHUB__EVENT__V1__OUTCOME__OUTCOME_REFUSED
};

static const char *const recipients[] = {"P1", "pharmacy@650100", NULL};

/* Receipt, fact and delivery of an accepted scan, or receipt and parked record of a refused one. */
static void send(struct store_test *test, int64_t offset)
{
    const struct submission of = {offset, "H1", offset % 2 == 0 ? "even" : "odd", SCAN_DI};
    bool accepted = offset % 3 != 0;

    store_send_receipt(test, &of, accepted ? ACCEPTED : REFUSED, accepted ? "" : "trace.x");
    if (!accepted) {
        store_send_parked(test, &of, "trace.x", store_scan(test, &of, SCAN_CODE, NULL));
        return;
    }
    store_send_fact(test, &of, SCAN_CODE, "person-7", NULL);
    store_send_delivery(test, &of, SCAN_CODE, NULL, SENSITIVITY_PUBLIC, recipients);
    store_send_answer(test, &of, "P1", offset, 200);
}

static void digest(struct store_test *test, struct table_digest digests[TABLE_COUNT])
{
    assert_int_equal(digest_all(&test->settings, digests, &test->fault), STATUS_OK);
}

static void assert_same(const struct table_digest *a, const struct table_digest *b)
{
    for (int i = 0; i < TABLE_COUNT; i++) {
        assert_int_equal(a[i].rows, b[i].rows);
        assert_int_equal(a[i].sums[0], b[i].sums[0]);
        assert_int_equal(a[i].sums[1], b[i].sums[1]);
    }
}

static void a_restart_goes_on_and_a_rebuild_gives_the_same(void **state)
{
    struct store_test *test = *state;
    struct table_digest grown[TABLE_COUNT], rebuilt[TABLE_COUNT];

    for (int64_t i = 0; i < 12; i++) {
        send(test, i);
        if (i % 4 == 3)
            store_fill(test); /* a start and a stop */
    }
    assert_int_equal(store_count(test, "receipt"), 12);
    assert_int_equal(store_count(test, "fact"), 8);
    assert_int_equal(store_count(test, "parked"), 4);
    assert_int_equal(store_count(test, "delivery"), 8);
    assert_int_equal(store_count(test, "recipient"), 16);
    assert_int_equal(store_count(test, "answer"), 8);
    digest(test, grown);
    assert_int_equal(store_service_clear(&test->settings, &test->fault), STATUS_OK);
    assert_int_equal(store_count(test, "receipt"), 0);
    store_fill(test);
    digest(test, rebuilt);
    assert_same(grown, rebuilt);
}

static void a_digest_sees_one_changed_byte(void **state)
{
    struct store_test *test = *state;
    struct table_digest before[TABLE_COUNT], after[TABLE_COUNT];
    struct sql *sql = NULL;

    send(test, 1);
    store_fill(test);
    digest(test, before);
    assert_int_equal(sql_open(&test->settings, SQL_WRITE, &sql, &test->fault), STATUS_OK);
    assert_int_equal(sql_script(sql, bytes_of("UPDATE receipt SET version = version + 1"), &test->fault),
                     STATUS_OK);
    sql_close(sql);
    digest(test, after);
    assert_int_equal(before[TABLE_RECEIPT].rows, after[TABLE_RECEIPT].rows);
    assert_int_not_equal(before[TABLE_RECEIPT].sums[0], after[TABLE_RECEIPT].sums[0]);
    assert_int_equal(before[TABLE_FACT].sums[0], after[TABLE_FACT].sums[0]);
}

static void a_record_that_cannot_be_read_is_kept_and_stops_nothing(void **state)
{
    struct store_test *test = *state;
    const char *const no_type[] = {"ce_id", "x", NULL};

    broker_send(&test->broker, "medhub.receipt", 0, bytes_of("H1"), bytes_of("\xff\xff"), NULL);
    broker_send(&test->broker, STORE_FACT, 0, bytes_of("k"), bytes_of("v"), no_type);
    broker_send(&test->broker, "medhub.delivery", 0, bytes_of("k"), BYTES_NONE, NULL);
    broker_send(&test->broker, "medhub.parked", 0, bytes_of("k"), bytes_of("v"), NULL);
    send(test, 1);
    store_fill(test);
    assert_int_equal(store_count(test, "unread"), 4);
    assert_int_equal(store_count(test, "receipt"), 1);
    assert_int_equal(store_count(test, "fact"), 1);
    assert_int_equal(store_number(test, "SELECT count(*) FROM unread WHERE length(value) = 2"),
                     1); /* byte for byte */
    store_fill(test);
    assert_int_equal(store_count(test, "unread"), 4); /* read once */
}

static void text_that_is_no_text_does_not_stop_it(void **state)
{
    struct store_test *test = *state;
    const char *const headers[] = {"ce_specversion",
                                   "1.0",
                                   "ce_id",
                                   "a\xff",
                                   "ce_source",
                                   "H1",
                                   "ce_type",
                                   SCANNED,
                                   "__connect.errors.topic",
                                   STORE_INBOX,
                                   "__connect.errors.partition",
                                   "0",
                                   "__connect.errors.offset",
                                   "1",
                                   NULL};

    broker_send(&test->broker, "medhub.parked", 0, bytes_from("\xff\0x", 3), bytes_from("\0\xff", 2),
                headers);
    store_fill(test);
    assert_int_equal(store_count(test, "parked"), 1);
    assert_int_equal(store_number(test, "SELECT count(*) FROM parked WHERE source = 'H1' AND id = ''"), 1);
}

static void timers_of_many_keys_at_one_moment_stay_apart(void **state)
{
    struct store_test *test = *state;
    Medhub__Event__V1__Provenance provenance = MEDHUB__EVENT__V1__PROVENANCE__INIT;
    const char *const headers[] = {"ce_specversion",
                                   "1.0",
                                   "ce_id",
                                   "t",
                                   "ce_source",
                                   "medhub",
                                   "ce_type",
                                   SCANNED,
                                   "content-type",
                                   "application/protobuf",
                                   NULL};

    provenance.topic = (char *)"timer";
    provenance.offset = INT64_C(1790000000000);
    for (int i = 0; i < 5; i++) {
        const char *key = arena_format(test->arena, "key-%d", i);
        struct bytes scan = store_scan(test, &(struct submission){0, "H1", "t", key}, NULL, NULL);
        struct bytes value = pack_fact(scan, &provenance.base, test->arena);
        broker_send(&test->broker, STORE_FACT, 0, bytes_of(key), value, headers);
    }
    store_fill(test);
    assert_int_equal(store_number(test, "SELECT count(DISTINCT input) FROM fact"), 5);
}

/* ---- one writer, one schema ---- */

static void a_second_writer_is_refused_with_a_sentence(void **state)
{
    struct store_test *test = *state;
    struct writer *one = NULL, *other = NULL;

    assert_int_equal(writer_open(&test->settings, &one, &test->fault), STATUS_OK);
    test->settings.lock_wait_ms = 100;
    assert_int_equal(writer_open(&test->settings, &other, &test->fault), STATUS_FATAL);
    assert_string_equal(test->fault.code, "store.locked");
    writer_close(one);
    test->settings.lock_wait_ms = 5000;
    assert_int_equal(writer_open(&test->settings, &other, &test->fault), STATUS_OK);
    writer_close(other);
}

static void run(struct store_test *test, const char *text)
{
    struct sql *sql = NULL;

    assert_int_equal(sql_open(&test->settings, SQL_WRITE, &sql, &test->fault), STATUS_OK);
    assert_int_equal(sql_script(sql, bytes_of(text), &test->fault), STATUS_OK);
    sql_close(sql);
}

static void a_database_of_a_newer_medhub_is_refused(void **state)
{
    struct store_test *test = *state;
    struct writer *writer = NULL;

    store_fill(test);
    run(test, "INSERT INTO schema_version(version, applied_ms) VALUES(99, 0)");
    assert_int_equal(writer_open(&test->settings, &writer, &test->fault), STATUS_FATAL);
    assert_string_equal(test->fault.code, "store.newer");
    assert_int_equal(read_model_open(&test->settings, &test->model, &test->fault), STATUS_FATAL);
    assert_string_equal(test->fault.code, "store.newer");
}

static void readers_wait_for_the_schema(void **state)
{
    struct store_test *test = *state;
    struct sql *sql = NULL;

    assert_int_equal(sql_open(&test->settings, SQL_WRITE, &sql, &test->fault),
                     STATUS_OK); /* an empty database */
    assert_int_equal(read_model_open(&test->settings, &test->model, &test->fault), STATUS_FATAL);
    assert_string_equal(test->fault.code, "store.absent");
    assert_int_equal(migrate_up_to(sql, 1, &test->fault), STATUS_OK);
    sql_close(sql);
    assert_int_equal(read_model_open(&test->settings, &test->model, &test->fault), STATUS_FATAL);
    assert_string_equal(test->fault.code, "store.older");
}

/* A database as version 1 left it, with rows and positions. */
static void rows_of_version_1_are_carried_on(void **state)
{
    struct store_test *test = *state;
    struct sql *sql = NULL;
    struct table_digest carried[TABLE_COUNT], rebuilt[TABLE_COUNT];

    send(test, 1);
    store_fill(test);
    run(test, "DROP TABLE answer; DROP TABLE trace_scan; DROP TABLE trace_item; DROP TABLE trace_shipment; DROP TABLE trace_member;"
              "DROP TABLE trace_use; DROP TABLE trace_product; DROP TABLE recall; DROP TABLE recall_progress;"
              "DROP TABLE recall_holding; DROP TABLE recall_answer; DELETE FROM position WHERE topic = 'medhub.webhook.outcome';"
              "DELETE FROM schema_version WHERE version > 1");
    assert_int_equal(sql_open(&test->settings, SQL_WRITE, &sql, &test->fault), STATUS_OK);
    sql_close(sql);
    send(test, 2);
    store_fill(test); /* migrates, and goes on behind what version 1 had applied */
    assert_int_equal(store_number(test, "SELECT max(version) FROM schema_version"), migrate_newest());
    assert_int_equal(store_count(test, "receipt"), 2);
    assert_int_equal(store_count(test, "answer"), 2);
    digest(test, carried);
    assert_int_equal(store_service_clear(&test->settings, &test->fault), STATUS_OK);
    store_fill(test);
    digest(test, rebuilt);
    assert_same(carried, rebuilt);
}

static void a_migration_that_fails_leaves_nothing_behind(void **state)
{
    struct store_test *test = *state;
    struct writer *writer = NULL;
    struct sql *sql = NULL;

    assert_int_equal(sql_open(&test->settings, SQL_WRITE, &sql, &test->fault), STATUS_OK);
    assert_int_equal(migrate_up_to(sql, 1, &test->fault), STATUS_OK);
    assert_int_equal(sql_script(sql, bytes_of("CREATE TABLE answer(x BIGINT)"), &test->fault),
                     STATUS_OK); /* in the way */
    sql_close(sql);
    assert_int_equal(writer_open(&test->settings, &writer, &test->fault), STATUS_FATAL);
    assert_int_equal(store_number(test, "SELECT max(version) FROM schema_version"), 1);
    run(test, "DROP TABLE answer");
    assert_int_equal(writer_open(&test->settings, &writer, &test->fault), STATUS_OK);
    writer_close(writer);
}

/* ---- what Kafka no longer has, or never had ---- */

static void a_topic_made_anew_is_refused_with_a_sentence(void **state)
{
    struct store_test *test = *state;
    struct store_service *service = NULL;

    send(test, 1);
    store_fill(test);
    run(test, "UPDATE position SET next_offset = 1000 WHERE topic = 'medhub.receipt'");
    assert_int_equal(store_service_start(&test->settings, &test->broker.client, &service, &test->fault),
                     STATUS_OK);
    while (store_service_is_alive(service, &test->fault)) /* bounded by the test's time limit */
        assert_false(store_service_is_ready(service));
    assert_string_equal(test->fault.code, "store.ahead");
    store_service_stop(service);
}

static struct writer *open_writer(struct store_test *test)
{
    struct writer *writer = NULL;

    assert_int_equal(writer_open(&test->settings, &writer, &test->fault), STATUS_OK);
    return writer;
}

static void expire(struct store_test *test, const char *topic, int64_t low)
{
    struct writer *writer = open_writer(test);
    struct position *position = writer_position(writer, topic, 0);
    int steps = 0;

    position->low = low;
    for (bool more = true; more; steps++)
        assert_int_equal(writer_expire(writer, position, &more, &test->fault), STATUS_OK);
    assert_int_equal(position->first_offset, low);
    writer_close(writer);
}

static void what_has_left_kafka_leaves_the_tables(void **state)
{
    struct store_test *test = *state;
    const struct viewer pharmacy = {"P1", (const char *const[]){"P1"}, 1};
    const struct feed_query query = {.viewer = &pharmacy, .limit = 10};
    struct seen_delivery *deliveries;
    struct feed_place place = {0};
    bool truncated = false;
    size_t count = 0;

    for (int64_t i = 1; i < 9; i++)
        send(test, i);
    store_fill(test);
    test->settings.expire_rows_max = 2; /* several steps */
    assert_int_equal(read_model_feed_begin(store_ask(test), &place, &test->fault), STATUS_OK);
    expire(test, "medhub.delivery", 5);
    assert_int_equal(store_count(test, "delivery"), 1);
    assert_int_equal(store_count(test, "recipient"), 2);
    assert_int_equal(read_model_feed(store_ask(test), &query, &place, test->arena, &deliveries, &count,
                                     &truncated, &test->fault),
                     STATUS_OK);
    assert_true(truncated);
    assert_int_equal(count, 1);
    assert_int_equal(deliveries[0].offset, 5);
}

/* Each record takes with it what it alone is found by. */
static void keys_leave_with_the_last_record_that_has_them(void **state)
{
    struct store_test *test = *state;
    const struct submission refused = {0, "H5", "gone", SCAN_DI}, accepted = {1, "H6", "stays", SCAN_DI};

    store_send_receipt(test, &refused, REFUSED, "trace.x");
    store_send_parked(test, &refused, "trace.x", store_scan(test, &refused, SCAN_CODE, NULL));
    store_send_receipt(test, &accepted, ACCEPTED, "");
    store_send_fact(test, &accepted, SCAN_CODE, NULL, NULL);
    store_fill(test);
    int64_t all = store_count(test, "business_key");
    expire(test, "medhub.receipt", 2);
    assert_int_equal(store_count(test, "receipt"), 0);
    assert_int_equal(store_count(test, "business_key"), all); /* parked record and fact have them all */
    expire(test, "medhub.parked", 1);
    assert_int_equal(store_number(test, "SELECT count(*) FROM business_key WHERE key IN ('H5', 'gone')"), 0);
    assert_true(store_number(test, "SELECT count(*) FROM business_key WHERE key = 'stays'") == 1);
    expire(test, STORE_FACT, 1);
    assert_int_equal(store_count(test, "business_key"), 0);
}

/* What has left is no gap. */
static void a_receipt_that_has_left_is_not_missing(void **state)
{
    struct store_test *test = *state;
    const struct submission old = {0, "H1", "old", SCAN_DI}, young = {1, "H1", "young", SCAN_DI};
    const struct input_place place = {STORE_INBOX, 0, 0};
    struct seen_line *lines;
    size_t count;

    store_send_receipt(test, &old, ACCEPTED, "");
    store_send_receipt(test, &young, ACCEPTED, "");
    store_send_fact(test, &old, SCAN_CODE, NULL, NULL);
    store_fill(test);
    int64_t receipts = store_number(
        test, "SELECT partition FROM position WHERE topic = 'medhub.receipt' AND next_offset > 0");
    struct writer *writer = open_writer(test);
    struct position *position = writer_position(writer, "medhub.receipt", (int32_t)receipts);
    bool more;
    position->low = 1;
    assert_int_equal(writer_expire(writer, position, &more, &test->fault), STATUS_OK);
    writer_close(writer);
    assert_int_equal(
        read_model_timeline(store_ask(test), &place, NULL, test->arena, &lines, &count, &test->fault),
        STATUS_OK);
    assert_int_equal(count, 1);
    assert_int_equal(lines[0].step, SEEN_FACT);
}

static void records_lost_before_they_were_read_are_counted(void **state)
{
    struct store_test *test = *state;
    struct fault fault;
    struct record record;
    struct reader *reader = NULL;

    for (int64_t i = 1; i < 6; i++)
        send(test, i);
    store_flush(test);
    struct writer *writer = open_writer(test);
    struct position *position = writer_position(writer, "medhub.receipt", 0);
    assert_int_equal(reader_open(&test->broker.client, true, &reader, &fault), STATUS_OK);
    assert_int_equal(reader_add(reader, "medhub.receipt", 0, 3, &fault), STATUS_OK);
    while (reader_poll(reader, 100, &record, &fault) != READER_RECORD)
        continue;
    position->low = 3; /* 0, 1, 2 are gone */
    assert_int_equal(writer_apply(writer, position, &record, &fault), STATUS_OK);
    record_release(&record);
    assert_int_equal(writer_commit(writer, &fault), STATUS_OK);
    writer_close(writer);
    reader_close(reader);
    assert_int_equal(store_number(test, "SELECT lost FROM position WHERE topic = 'medhub.receipt'"), 3);
}

static void what_another_writer_moved_is_not_overwritten(void **state)
{
    struct store_test *test = *state;

    send(test, 1);
    store_fill(test);
    struct writer *writer = open_writer(test);
    struct position *position = writer_position(writer, "medhub.receipt", 0);
    position->stored_next = 0; /* as if somebody had moved it since */
    writer_pass(writer, position, position->next_offset + 1);
    assert_int_equal(writer_commit(writer, &test->fault), STATUS_FATAL);
    assert_string_equal(test->fault.code, "store.fenced");
    writer_close(writer);
}

#define CASE(name_) cmocka_unit_test_setup_teardown(name_, store_set_up, store_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_restart_goes_on_and_a_rebuild_gives_the_same),
        CASE(a_digest_sees_one_changed_byte),
        CASE(a_record_that_cannot_be_read_is_kept_and_stops_nothing),
        CASE(text_that_is_no_text_does_not_stop_it),
        CASE(timers_of_many_keys_at_one_moment_stay_apart),
        CASE(a_second_writer_is_refused_with_a_sentence),
        CASE(a_database_of_a_newer_medhub_is_refused),
        CASE(readers_wait_for_the_schema),
        CASE(rows_of_version_1_are_carried_on),
        CASE(a_migration_that_fails_leaves_nothing_behind),
        CASE(a_topic_made_anew_is_refused_with_a_sentence),
        CASE(what_has_left_kafka_leaves_the_tables),
        CASE(keys_leave_with_the_last_record_that_has_them),
        CASE(a_receipt_that_has_left_is_not_missing),
        CASE(records_lost_before_they_were_read_are_counted),
        CASE(what_another_writer_moved_is_not_overwritten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

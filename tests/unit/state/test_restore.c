// links: medhub_kafka
/* restore.h, against the embedded broker: where it begins, where it stops, and that an interruption skips nothing. */
#include "fixture.h"

#include "state/restore.h"
#include "support/broker.h"

#include <stdio.h>

enum { ROWS = 40, VALUE_BYTES = 2000 };

struct restoring {
    struct fixture *store;
    struct broker broker;
};

static int set_up(void **state)
{
    struct restoring *restoring = calloc(1, sizeof *restoring);
    void *store = NULL;

    (void)set_up_closed(&store);
    restoring->store = store;
    assert_int_equal(open_store(restoring->store), STATUS_OK);
    broker_start(&restoring->broker);
    broker_topic(&restoring->broker, "state", 1);
    *state = restoring;
    return 0;
}

static int tear_down_all(void **state)
{
    struct restoring *restoring = *state;
    void *store = restoring->store;

    broker_stop(&restoring->broker);
    (void)tear_down(&store);
    free(restoring);
    return 0;
}

static size_t row_key(char key[32], int row)
{
    (void)snprintf(key, 32, "rp%d%cs", row, '\0');
    size_t length = strlen(key);
    memcpy(key + length, "\0s", 2);
    return length + 2;
}

static void write_rows(struct restoring *restoring, int from, int to)
{
    static char value[VALUE_BYTES];

    memset(value, 'v', sizeof value);
    for (int i = from; i < to; i++) {
        char key[32];
        broker_send(&restoring->broker, "state", 0, bytes_from(key, row_key(key, i)), bytes_from(value, sizeof value),
                    NULL);
        broker_send_flush(&restoring->broker); /* a batch each, so that fetches can be small */
    }
}

static void assert_rows(struct restoring *restoring, int count)
{
    assert_int_equal(store_begin(restoring->store->store, &restoring->store->fault), STATUS_OK);
    for (int i = 0; i < count; i++) {
        char key[32];
        size_t length = row_key(key, i);
        if (store_get(restoring->store->store, STORE_ROWS, bytes_from(key + 1, length - 1)).length != VALUE_BYTES)
            fail_msg("row %d of %d is missing", i, count);
    }
    store_abort(restoring->store->store);
}

static struct restore *start(struct restoring *restoring)
{
    struct restore *restore = NULL;

    assert_int_equal(restore_start(&restoring->broker.client, NULL, restoring->store->store, "state", 0, &restore,
                                   &restoring->store->fault),
                     STATUS_OK);
    return restore;
}

/* Steps until it is done; how often a step answered RETRY. */
static int finish(struct restoring *restoring, struct restore *restore, size_t records_max,
                  struct restore_progress *progress)
{
    int retries = 0;

    for (int i = 0; i < 500; i++) {
        enum status status = restore_step(restore, records_max, 500, progress, &restoring->store->fault);
        assert_true(status == STATUS_OK || status == STATUS_RETRY);
        retries += status == STATUS_RETRY;
        if (progress->done)
            break;
    }
    assert_true(progress->done);
    restore_end(restore);
    return retries;
}

static void an_empty_changelog_is_restored_at_once(void **state)
{
    struct restoring *restoring = *state;
    struct restore_progress progress;

    assert_int_equal(finish(restoring, start(restoring), 10, &progress), 0);
    assert_int_equal(progress.applied, 0);
}

static void it_begins_at_the_checkpoint_and_ends_at_the_end(void **state)
{
    struct restoring *restoring = *state;
    struct restore_progress progress;
    struct checkpoint checkpoint;

    write_rows(restoring, 0, 10);
    assert_int_equal(finish(restoring, start(restoring), 3, &progress), 0); /* in slices */
    assert_int_equal(progress.applied, 10);
    assert_rows(restoring, 10);
    store_checkpoint(restoring->store->store, &checkpoint);
    assert_int_equal(checkpoint.changelog_next, 10);

    write_rows(restoring, 10, 12);
    assert_int_equal(finish(restoring, start(restoring), 100, &progress), 0);
    assert_int_equal(progress.applied, 2);
    assert_int_equal(progress.from, 10);
    assert_int_equal(progress.to, 12);
    assert_rows(restoring, 12);
}

static void set_checkpoint(struct restoring *restoring, int64_t changelog_next)
{
    const struct checkpoint checkpoint = {.changelog_next = changelog_next};

    assert_int_equal(store_begin(restoring->store->store, &restoring->store->fault), STATUS_OK);
    assert_int_equal(store_set_checkpoint(restoring->store->store, &checkpoint, &restoring->store->fault), STATUS_OK);
    assert_int_equal(store_commit(restoring->store->store, &restoring->store->fault), STATUS_OK);
}

static void a_store_ahead_of_its_changelog_is_refused(void **state)
{
    struct restoring *restoring = *state;
    struct restore *restore = NULL;

    write_rows(restoring, 0, 2);
    set_checkpoint(restoring, 3);
    assert_int_equal(restore_start(&restoring->broker.client, NULL, restoring->store->store, "state", 0, &restore,
                                   &restoring->store->fault),
                     STATUS_FATAL);
    assert_string_equal(restoring->store->fault.code, "state.ahead");
    assert_null(restore);
}

static void a_record_that_is_not_ours_is_refused_and_nothing_is_kept(void **state)
{
    struct restoring *restoring = *state;
    struct restore_progress progress = {0};
    struct checkpoint checkpoint;
    enum status status = STATUS_OK;

    write_rows(restoring, 0, 1);
    broker_send(&restoring->broker, "state", 0, bytes_of("what is this"), bytes_of("?"), NULL);
    broker_send_flush(&restoring->broker);
    write_rows(restoring, 1, 2);
    struct restore *restore = start(restoring);
    for (int i = 0; i < 100 && status == STATUS_OK && !progress.done; i++)
        status = restore_step(restore, 100, 2000, &progress, &restoring->store->fault);
    assert_int_equal(status, STATUS_REJECT);
    assert_false(progress.done);
    store_checkpoint(restoring->store->store, &checkpoint);
    assert_true(checkpoint.changelog_next <= 1);
    restore_end(restore);
}

/* The broker answers with an error between two fetches of one step. */
static void an_interruption_skips_nothing(void **state)
{
    struct restoring *restoring = *state;
    struct restore_progress progress;
    const int codes[] = {ERROR_NONE, ERROR_CORRUPT_MESSAGE, ERROR_NONE, ERROR_CORRUPT_MESSAGE};

    write_rows(restoring, 0, ROWS);
    assert_int_equal(kafka_client_set(&restoring->broker.client, "fetch.message.max.bytes", "9000",
                                      &restoring->store->fault),
                     STATUS_OK);
    assert_int_equal(kafka_client_set(&restoring->broker.client, "fetch.error.backoff.ms", "1",
                                      &restoring->store->fault),
                     STATUS_OK);
    struct restore *restore = start(restoring);
    embedded_push_errors(restoring->broker.embedded, API_FETCH, codes, sizeof codes / sizeof *codes);
    assert_true(finish(restoring, restore, 1000, &progress) > 0);
    assert_int_equal(progress.applied, ROWS);
    assert_rows(restoring, ROWS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_empty_changelog_is_restored_at_once, set_up, tear_down_all),
        cmocka_unit_test_setup_teardown(it_begins_at_the_checkpoint_and_ends_at_the_end, set_up, tear_down_all),
        cmocka_unit_test_setup_teardown(a_store_ahead_of_its_changelog_is_refused, set_up, tear_down_all),
        cmocka_unit_test_setup_teardown(a_record_that_is_not_ours_is_refused_and_nothing_is_kept, set_up,
                                        tear_down_all),
        cmocka_unit_test_setup_teardown(an_interruption_skips_nothing, set_up, tear_down_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

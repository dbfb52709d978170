/* store.h: what survives which end, and what is not believed. */
#include "fixture.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void path_of(const struct fixture *fixture, const char *file, char path[256])
{
    (void)snprintf(path, 256, "%s/person-3/%s", fixture->folder, file);
}

/* Writes key -> value and the checkpoint 42 in a process that is killed before it can close the store. */
static void write_and_die(struct fixture *fixture, const char *value)
{
    pid_t child = fork();

    if (child == 0) {
        struct checkpoint checkpoint = {.changelog_next = 42};
        bool ok = open_store(fixture) == STATUS_OK && store_begin(fixture->store, NULL) == STATUS_OK &&
                  store_put(fixture->store, STORE_ROWS, bytes_of("key"), bytes_of(value), NULL) == STATUS_OK &&
                  store_set_checkpoint(fixture->store, &checkpoint, NULL) == STATUS_OK &&
                  store_commit(fixture->store, NULL) == STATUS_OK;
        /* And something that no commit followed. */
        ok = ok && store_begin(fixture->store, NULL) == STATUS_OK &&
             store_put(fixture->store, STORE_ROWS, bytes_of("late"), bytes_of("1"), NULL) == STATUS_OK;
        _exit(ok ? 0 : 1);
    }
    int ended = 1;
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_int_equal(ended, 0);
}

static void write_and_close(struct fixture *fixture, const char *value)
{
    const struct checkpoint checkpoint = {.changelog_next = 42};

    assert_int_equal(open_store(fixture), STATUS_OK);
    assert_int_equal(store_begin(fixture->store, &fixture->fault), STATUS_OK);
    put(fixture, "key", value);
    assert_int_equal(store_set_checkpoint(fixture->store, &checkpoint, &fixture->fault), STATUS_OK);
    assert_int_equal(store_commit(fixture->store, &fixture->fault), STATUS_OK);
    store_close(fixture->store);
    fixture->store = NULL;
}

static void assert_found(struct fixture *fixture, const char *value)
{
    struct checkpoint checkpoint;

    assert_int_equal(open_store(fixture), STATUS_OK);
    assert_int_equal(fixture->empty, value == NULL);
    store_checkpoint(fixture->store, &checkpoint);
    assert_int_equal(checkpoint.changelog_next, value == NULL ? 0 : 42);
    assert_int_equal(store_begin(fixture->store, &fixture->fault), STATUS_OK);
    assert_holds(fixture, "key", value);
    assert_holds(fixture, "late", NULL);
}

static void a_new_store_is_empty_and_its_folders_are_made(void **state)
{
    struct fixture *fixture = *state;
    char deep[128];

    (void)snprintf(deep, sizeof deep, "%s/a/b", fixture->folder);
    fixture->settings.directory = deep;
    assert_int_equal(open_store(fixture), STATUS_OK);
    assert_true(fixture->empty);
}

static void a_clean_store_is_believed_after_a_reboot(void **state)
{
    struct fixture *fixture = *state;

    write_and_close(fixture, "kept");
    fixture->settings.boot_id = "boot-2";
    assert_found(fixture, "kept");
}

static void a_killed_process_loses_nothing(void **state)
{
    struct fixture *fixture = *state;

    write_and_die(fixture, "kept");
    assert_found(fixture, "kept");
}

/* Its keys may mean something else: a timer's name and entity have changed places once. */
static void a_store_of_another_format_is_discarded(void **state)
{
    static const char *const marks[] = {"clean", "dirty boot-1", "synced", "clean 1", "dirty 1 boot-1"};
    struct fixture *fixture = *state;
    char path[256];

    path_of(fixture, "mark", path);
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        write_and_close(fixture, "of another format");
        FILE *mark = fopen(path, "w");
        assert_non_null(mark);
        assert_true(fputs(marks[i], mark) >= 0);
        assert_int_equal(fclose(mark), 0);
        assert_found(fixture, NULL);
        store_close(fixture->store);
        fixture->store = NULL;
    }
}

static void a_store_in_use_is_not_believed_after_a_reboot(void **state)
{
    struct fixture *fixture = *state;

    write_and_die(fixture, "perhaps torn");
    fixture->settings.boot_id = "boot-2";
    assert_found(fixture, NULL);
}

static void without_a_boot_id_only_a_clean_store_is_believed(void **state)
{
    struct fixture *fixture = *state;

    fixture->settings.boot_id = "";
    write_and_close(fixture, "kept");
    write_and_die(fixture, "perhaps torn");
    assert_found(fixture, NULL);
}

static void a_synced_store_is_believed_after_a_reboot(void **state)
{
    struct fixture *fixture = *state;

    fixture->settings.sync_each = true;
    write_and_die(fixture, "on disk");
    fixture->settings.boot_id = "boot-2";
    assert_found(fixture, "on disk");
}

static void syncing_from_now_on_does_not_make_what_was_written_without_it_believable(void **state)
{
    struct fixture *fixture = *state;

    write_and_die(fixture, "perhaps torn");
    fixture->settings.boot_id = "boot-2";
    fixture->settings.sync_each = true;
    assert_found(fixture, NULL);
}

static void a_file_that_is_no_store_is_discarded(void **state)
{
    struct fixture *fixture = *state;
    char path[256], garbage[8192];

    write_and_close(fixture, "gone");
    path_of(fixture, "data.mdb", path);
    memset(garbage, 0x5a, sizeof garbage);
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fwrite(garbage, 1, sizeof garbage, file), sizeof garbage);
    assert_int_equal(fclose(file), 0);
    assert_found(fixture, NULL);
}

/* Its topic has forgotten by then which rows were deleted. */
static void a_store_that_was_away_too_long_is_discarded(void **state)
{
    struct fixture *fixture = *state;
    const int64_t day_ms = 86400000;
    struct timespec now;

    assert_int_equal(clock_gettime(CLOCK_REALTIME, &now), 0);
    fixture->settings.age_ms_max = 29 * day_ms;
    fixture->settings.now_ms = (int64_t)now.tv_sec * 1000 + 28 * day_ms;
    write_and_close(fixture, "young enough");
    assert_found(fixture, "young enough");
    store_close(fixture->store);
    fixture->store = NULL;
    fixture->settings.now_ms += 2 * day_ms;
    assert_found(fixture, NULL);
}

static void a_file_that_was_cut_off_is_discarded(void **state)
{
    struct fixture *fixture = *state;

    for (int sync_each = 0; sync_each < 2; sync_each++) {
        char path[256];
        fixture->settings.sync_each = sync_each != 0;
        write_and_close(fixture, "gone");
        path_of(fixture, "data.mdb", path);
        assert_int_equal(truncate(path, 2 * 4096), 0); /* the two meta pages, which name pages that are not there */
        assert_found(fixture, NULL);
        store_close(fixture->store);
        fixture->store = NULL;
    }
}

static void pages_of_zeros_are_not_taken_for_missing_rows(void **state)
{
    struct fixture *fixture = *state;
    char path[256];

    write_and_close(fixture, "kept");
    path_of(fixture, "data.mdb", path);
    assert_int_equal(truncate(path, 2 * 4096), 0);
    assert_int_equal(truncate(path, MAP_BYTES), 0); /* as long as before: only reading finds out */
    assert_found(fixture, NULL);
}

static void a_read_that_fails_makes_the_store_refuse_and_be_discarded(void **state)
{
    struct fixture *fixture = *state;
    char path[256];
    static const uint8_t zeros[4096];

    /* Enough rows for a tree with branches; then its leaves are wiped under the open store, as a bad disk would. */
    assert_int_equal(open_store(fixture), STATUS_OK);
    assert_int_equal(store_begin(fixture->store, &fixture->fault), STATUS_OK);
    for (int i = 0; i < 2000; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "key-%04d", i);
        put(fixture, key, "0123456789012345678901234567890123456789");
    }
    assert_int_equal(store_commit(fixture->store, &fixture->fault), STATUS_OK);
    path_of(fixture, "data.mdb", path);
    int file = open(path, O_RDWR);
    assert_true(file >= 0);
    uint8_t page[4096];
    int wiped = 0;
    for (off_t at = 2 * 4096; pread(file, page, sizeof page, at) == sizeof page && at < 200 * 4096; at += 4096)
        if ((page[10] & 0x02) != 0 && memmem(page, sizeof page, "key-", 4) != NULL) /* a leaf of the rows */
            wiped += pwrite(file, zeros, sizeof zeros, at) == sizeof zeros;
    assert_int_equal(close(file), 0);
    assert_true(wiped > 0);

    assert_int_equal(store_check(fixture->store, &fixture->fault), STATUS_OK);
    assert_int_equal(store_begin(fixture->store, &fixture->fault), STATUS_OK);
    assert_holds(fixture, "key-0007", NULL); /* which is not true */
    assert_int_equal(store_check(fixture->store, &fixture->fault), STATUS_FATAL);
    assert_string_equal(fixture->fault.code, "state.torn");
    assert_int_equal(store_commit(fixture->store, &fixture->fault), STATUS_FATAL);
    assert_int_equal(store_begin(fixture->store, &fixture->fault), STATUS_FATAL);
    store_close(fixture->store);
    fixture->store = NULL;
    assert_found(fixture, NULL);
}

static void a_checkpoint_of_another_release_is_not_read_as_none(void **state)
{
    struct fixture *fixture = *state;

    write_and_close(fixture, "gone");
    assert_int_equal(open_store(fixture), STATUS_OK);
    assert_int_equal(store_begin(fixture->store, &fixture->fault), STATUS_OK);
    assert_int_equal(store_put(fixture->store, STORE_META, bytes_of("checkpoint"), bytes_of("short"), &fixture->fault),
                     STATUS_OK);
    assert_int_equal(store_commit(fixture->store, &fixture->fault), STATUS_OK);
    store_close(fixture->store);
    fixture->store = NULL;
    assert_found(fixture, NULL); /* else rows would stay that the changelog has forgotten */
}

static void a_store_is_open_once_in_the_process(void **state)
{
    struct fixture *fixture = *state;
    struct store *second = NULL;
    bool empty;

    assert_int_equal(open_store(fixture), STATUS_OK);
    assert_int_equal(store_open(&fixture->settings, "person-3", &second, &empty, &fixture->fault), STATUS_RETRY);
    assert_string_equal(fixture->fault.code, "state.in_use");
    assert_null(second);
    store_close(fixture->store);
    fixture->store = NULL;
    assert_int_equal(open_store(fixture), STATUS_OK);
}

static void an_aborted_transaction_leaves_no_trace(void **state)
{
    struct fixture *fixture = *state;
    struct checkpoint checkpoint = {.changelog_next = 7};

    write_and_close(fixture, "first");
    assert_found(fixture, "first");
    put(fixture, "key", "second");
    put(fixture, "other", "x");
    assert_holds(fixture, "key", "second"); /* reads see their own writes */
    assert_int_equal(store_delete(fixture->store, STORE_ROWS, bytes_of("key"), &fixture->fault), STATUS_OK);
    assert_holds(fixture, "key", NULL);
    assert_int_equal(store_set_checkpoint(fixture->store, &checkpoint, &fixture->fault), STATUS_OK);
    store_abort(fixture->store);
    store_abort(fixture->store); /* none is open: nothing */

    store_checkpoint(fixture->store, &checkpoint);
    assert_int_equal(checkpoint.changelog_next, 42);
    assert_int_equal(store_begin(fixture->store, &fixture->fault), STATUS_OK);
    assert_holds(fixture, "key", "first");
    assert_holds(fixture, "other", NULL);
}

static void a_checkpoint_is_committed_with_its_inputs(void **state)
{
    struct fixture *fixture = *state;
    struct checkpoint checkpoint = {.changelog_next = 9}, kept;

    checkpoint_input(&checkpoint, "medhub.inbox.a")->next_offset = 5;
    assert_int_equal(checkpoint_input(&checkpoint, "medhub.inbox.b")->next_offset, -1);
    assert_int_equal(store_set_checkpoint(fixture->store, &checkpoint, &fixture->fault), STATUS_OK);
    store_checkpoint(fixture->store, &kept);
    assert_int_equal(kept.changelog_next, 9);
    assert_int_equal(store_commit(fixture->store, &fixture->fault), STATUS_OK);
    store_close(fixture->store);
    assert_int_equal(open_store(fixture), STATUS_OK);
    assert_false(fixture->empty);
    store_checkpoint(fixture->store, &kept);
    assert_int_equal(kept.changelog_next, 9);
    assert_int_equal(kept.input_count, 2);
    assert_int_equal(checkpoint_input(&kept, "medhub.inbox.a")->next_offset, 5);
}

static void a_checkpoint_has_room_for_so_many_inputs_and_names(void **state)
{
    struct checkpoint checkpoint = {0};
    char name[80];
    (void)state;

    memset(name, 'x', sizeof name);
    name[64] = '\0';
    assert_null(checkpoint_input(&checkpoint, name));
    name[63] = '\0';
    assert_non_null(checkpoint_input(&checkpoint, name));
    for (int i = 1; i < CHECKPOINT_INPUTS_MAX; i++) {
        (void)snprintf(name, sizeof name, "topic-%d", i);
        assert_non_null(checkpoint_input(&checkpoint, name));
    }
    assert_null(checkpoint_input(&checkpoint, "one too many"));
    assert_non_null(checkpoint_input(&checkpoint, "topic-1"));
}

static bool count_up_to_two(struct bytes key, struct bytes value, void *context)
{
    (void)key;
    (void)value;
    return ++*(int *)context < 2;
}

static bool count_all(struct bytes key, struct bytes value, void *context)
{
    (void)key;
    (void)value;
    ++*(int *)context;
    return true;
}

static void entries_are_found_in_order_and_by_prefix(void **state)
{
    struct fixture *fixture = *state;
    struct bytes key, value;
    int count = 0;

    assert_false(store_seek(fixture->store, STORE_ROWS, BYTES_NONE, &key, &value));
    put(fixture, "b1", "1");
    put(fixture, "a", "0");
    put(fixture, "b2", "2");
    put(fixture, "c", "3");
    assert_true(store_seek(fixture->store, STORE_ROWS, BYTES_NONE, &key, &value));
    assert_true(bytes_equal_text(key, "a") && bytes_equal_text(value, "0"));
    assert_true(store_seek(fixture->store, STORE_ROWS, bytes_of("b"), &key, &value));
    assert_true(bytes_equal_text(key, "b1"));
    assert_false(store_seek(fixture->store, STORE_ROWS, bytes_of("d"), &key, &value));
    store_each(fixture->store, STORE_ROWS, bytes_of("b"), count_all, &count);
    assert_int_equal(count, 2);
    store_each(fixture->store, STORE_ROWS, BYTES_NONE, count_up_to_two, &count);
    assert_int_equal(count, 3); /* asked to stop at once */
    /* The cursor lives on over deletions of what it stood on. */
    assert_int_equal(store_delete(fixture->store, STORE_ROWS, bytes_of("b1"), &fixture->fault), STATUS_OK);
    assert_true(store_seek(fixture->store, STORE_ROWS, bytes_of("b"), &key, &value));
    assert_true(bytes_equal_text(key, "b2"));
    assert_int_equal(store_delete(fixture->store, STORE_ROWS, bytes_of("never there"), &fixture->fault), STATUS_OK);
}

static void an_empty_value_is_there(void **state)
{
    struct fixture *fixture = *state;

    put(fixture, "key", "");
    struct bytes found = store_get(fixture->store, STORE_ROWS, bytes_of("key"));
    assert_non_null(found.data);
    assert_int_equal(found.length, 0);
}

static void a_full_map_is_told_with_its_setting(void **state)
{
    struct fixture *fixture = *state;
    enum { VALUE_BYTES = 1 << 20 };
    static uint8_t value[VALUE_BYTES];
    enum status status = STATUS_OK;

    for (int i = 0; status == STATUS_OK && i < 1000; i++) {
        char key[16];
        (void)snprintf(key, sizeof key, "%d", i);
        status = store_put(fixture->store, STORE_ROWS, bytes_of(key), bytes_from(value, VALUE_BYTES), &fixture->fault);
    }
    assert_int_equal(status, STATUS_FATAL);
    assert_string_equal(fixture->fault.code, "state.full");
    (void)store_get(fixture->store, STORE_ROWS, bytes_of("1"));
    store_abort(fixture->store);
    assert_int_equal(store_begin(fixture->store, &fixture->fault), STATUS_OK); /* the store itself is whole */
    put(fixture, "key", "small");
    assert_int_equal(store_commit(fixture->store, &fixture->fault), STATUS_OK);
}

static void a_reader_sees_what_was_committed_when_it_was_renewed(void **state)
{
    struct fixture *fixture = *state;
    struct store_reader *reader = NULL;

    put(fixture, "key", "first");
    assert_int_equal(store_commit(fixture->store, &fixture->fault), STATUS_OK);
    assert_int_equal(store_reader_open(fixture->store, &reader, &fixture->fault), STATUS_OK);
    assert_int_equal(store_reader_renew(reader, &fixture->fault), STATUS_OK);
    struct bytes lent = store_reader_get(reader, STORE_ROWS, bytes_of("key"));
    for (int i = 0; i < 50; i++) { /* pages that the snapshot needs are not used again */
        assert_int_equal(store_begin(fixture->store, &fixture->fault), STATUS_OK);
        put(fixture, "key", i % 2 == 0 ? "second" : "third");
        assert_int_equal(store_commit(fixture->store, &fixture->fault), STATUS_OK);
    }
    assert_true(bytes_equal_text(lent, "first"));
    assert_true(bytes_equal_text(store_reader_get(reader, STORE_ROWS, bytes_of("key")), "first"));
    assert_int_equal(store_reader_renew(reader, &fixture->fault), STATUS_OK);
    assert_true(bytes_equal_text(store_reader_get(reader, STORE_ROWS, bytes_of("key")), "third"));
    store_reader_release(reader);
    store_reader_release(reader);
    store_reader_close(reader);
}

static void a_reader_seeks_back(void **state)
{
    struct fixture *fixture = *state;
    struct store_reader *reader = NULL;
    struct bytes key, value;

    assert_int_equal(store_commit(fixture->store, &fixture->fault), STATUS_OK);
    assert_int_equal(store_reader_open(fixture->store, &reader, &fixture->fault), STATUS_OK);
    assert_int_equal(store_reader_renew(reader, &fixture->fault), STATUS_OK);
    assert_false(store_reader_seek_back(reader, STORE_ROWS, bytes_of("m"), &key, &value));
    assert_int_equal(store_begin(fixture->store, &fixture->fault), STATUS_OK);
    put(fixture, "f", "1");
    put(fixture, "m", "2");
    assert_int_equal(store_commit(fixture->store, &fixture->fault), STATUS_OK);
    assert_int_equal(store_reader_renew(reader, &fixture->fault), STATUS_OK);
    assert_false(store_reader_seek_back(reader, STORE_ROWS, bytes_of("e"), &key, &value));
    assert_true(store_reader_seek_back(reader, STORE_ROWS, bytes_of("f"), &key, &value));
    assert_true(bytes_equal_text(key, "f"));
    assert_true(store_reader_seek_back(reader, STORE_ROWS, bytes_of("l"), &key, &value));
    assert_true(bytes_equal_text(key, "f"));
    assert_true(store_reader_seek_back(reader, STORE_ROWS, bytes_of("z"), &key, &value));
    assert_true(bytes_equal_text(key, "m") && bytes_equal_text(value, "2"));
    store_reader_close(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_new_store_is_empty_and_its_folders_are_made, set_up_closed, tear_down),
        cmocka_unit_test_setup_teardown(a_clean_store_is_believed_after_a_reboot, set_up_closed, tear_down),
        cmocka_unit_test_setup_teardown(a_killed_process_loses_nothing, set_up_closed, tear_down),
        cmocka_unit_test_setup_teardown(a_store_of_another_format_is_discarded, set_up_closed, tear_down),
        cmocka_unit_test_setup_teardown(a_store_in_use_is_not_believed_after_a_reboot, set_up_closed, tear_down),
        cmocka_unit_test_setup_teardown(without_a_boot_id_only_a_clean_store_is_believed, set_up_closed, tear_down),
        cmocka_unit_test_setup_teardown(a_synced_store_is_believed_after_a_reboot, set_up_closed, tear_down),
        cmocka_unit_test_setup_teardown(syncing_from_now_on_does_not_make_what_was_written_without_it_believable,
                                        set_up_closed, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_is_no_store_is_discarded, set_up_closed, tear_down),
        cmocka_unit_test_setup_teardown(a_store_that_was_away_too_long_is_discarded, set_up_closed, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_was_cut_off_is_discarded, set_up_closed, tear_down),
        cmocka_unit_test_setup_teardown(pages_of_zeros_are_not_taken_for_missing_rows, set_up_closed, tear_down),
        cmocka_unit_test_setup_teardown(a_read_that_fails_makes_the_store_refuse_and_be_discarded, set_up_closed,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_checkpoint_of_another_release_is_not_read_as_none, set_up_closed, tear_down),
        cmocka_unit_test_setup_teardown(a_store_is_open_once_in_the_process, set_up_closed, tear_down),
        cmocka_unit_test_setup_teardown(an_aborted_transaction_leaves_no_trace, set_up_closed, tear_down),
        cmocka_unit_test_setup_teardown(a_checkpoint_is_committed_with_its_inputs, set_up_begun, tear_down),
        cmocka_unit_test(a_checkpoint_has_room_for_so_many_inputs_and_names),
        cmocka_unit_test_setup_teardown(entries_are_found_in_order_and_by_prefix, set_up_begun, tear_down),
        cmocka_unit_test_setup_teardown(an_empty_value_is_there, set_up_begun, tear_down),
        cmocka_unit_test_setup_teardown(a_full_map_is_told_with_its_setting, set_up_begun, tear_down),
        cmocka_unit_test_setup_teardown(a_reader_sees_what_was_committed_when_it_was_renewed, set_up_begun, tear_down),
        cmocka_unit_test_setup_teardown(a_reader_seeks_back, set_up_begun, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

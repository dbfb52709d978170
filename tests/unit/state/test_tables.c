// links: medhub_schemas dep::protobuf-c
/* tables.h: the row of a day, versions kept, and snapshots that do not change. */
#include "state/tables.h"
#include "support/cmocka_all.h"
#include "support/temp_folder.h"

#include "medhub/event/v1/event.pb-c.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

struct fixture {
    char folder[TEMP_FOLDER_BYTES];
    struct store_settings settings;
    struct tables *tables;
    struct tables_reader *reader;
    struct fault fault;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    bool empty = false;

    temp_folder_make(fixture->folder);
    fixture->settings =
        (struct store_settings){.directory = fixture->folder, .boot_id = "boot-1", .map_bytes = 64 << 20};
    *state = fixture;
    assert_int_equal(tables_open(&fixture->settings, &fixture->tables, &empty, &fixture->fault), STATUS_OK);
    assert_true(empty);
    assert_int_equal(tables_reader_open(fixture->tables, &fixture->reader, &fixture->fault), STATUS_OK);
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    tables_reader_close(fixture->reader);
    tables_close(fixture->tables);
    temp_folder_remove(fixture->folder);
    free(fixture);
    return 0;
}

struct row {
    const char *key, *region, *from, *until;
    uint64_t version;
    const char *value; /* NULL: removed */
};

static enum status apply_to(struct tables *tables, const char *table, struct row row, struct fault *fault)
{
    Medhub__Event__V1__TableRow message = MEDHUB__EVENT__V1__TABLE_ROW__INIT;
    uint8_t packed[2048];

    message.table = (char *)table;
    message.key = (char *)row.key;
    message.region = (char *)row.region;
    message.valid_from = (char *)row.from;
    message.valid_until = (char *)row.until;
    message.version = row.version;
    message.removed = row.value == NULL;
    message.value.data = (uint8_t *)row.value;
    message.value.len = row.value == NULL ? 0 : strlen(row.value);
    assert_true(medhub__event__v1__table_row__get_packed_size(&message) <= sizeof packed);
    size_t length = medhub__event__v1__table_row__pack(&message, packed);
    return tables_apply(tables, bytes_of("the key is not looked at"), bytes_from(packed, length), fault);
}

static enum status apply(struct fixture *fixture, struct row row)
{
    return apply_to(fixture->tables, "catalogue", row, &fixture->fault);
}

static void begin(struct fixture *fixture)
{
    assert_int_equal(tables_begin(fixture->tables, &fixture->fault), STATUS_OK);
}

static void commit(struct fixture *fixture)
{
    assert_int_equal(tables_commit(fixture->tables, &fixture->fault), STATUS_OK);
    assert_int_equal(tables_reader_renew(fixture->reader, &fixture->fault), STATUS_OK);
}

static void put(struct fixture *fixture, struct row row)
{
    begin(fixture);
    assert_int_equal(apply(fixture, row), STATUS_OK);
    commit(fixture);
}

static date_t day(const char *text)
{
    return date_parse(bytes_of(text));
}

/* The value valid on DATE, or "-". */
static const char *on(struct fixture *fixture, const char *key, const char *region, const char *date)
{
    static char text[64];
    struct tables_row row;

    if (!tables_find(fixture->reader, "catalogue", key, region, day(date), &row))
        return "-";
    (void)snprintf(text, sizeof text, "%.*s", (int)row.value.length, (const char *)row.value.data);
    return text;
}

static void a_row_holds_from_its_first_day_to_its_last(void **state)
{
    struct fixture *fixture = *state;

    put(fixture, (struct row){"drug/1", "000000", "2024-01-01", "2024-06-30", 1, "old"});
    put(fixture, (struct row){"drug/1", "000000", "2024-08-01", "", 2, "new"});
    assert_string_equal(on(fixture, "drug/1", "000000", "2023-12-31"), "-");
    assert_string_equal(on(fixture, "drug/1", "000000", "2024-01-01"), "old");
    assert_string_equal(on(fixture, "drug/1", "000000", "2024-06-30"), "old");
    assert_string_equal(on(fixture, "drug/1", "000000", "2024-07-01"), "-");
    assert_string_equal(on(fixture, "drug/1", "000000", "2024-07-31"), "-");
    assert_string_equal(on(fixture, "drug/1", "000000", "2024-08-01"), "new");
    assert_string_equal(on(fixture, "drug/1", "000000", "9999-12-31"), "new");
}

static void days_before_1970_come_before_those_after(void **state)
{
    struct fixture *fixture = *state;

    put(fixture, (struct row){"a", "000000", "1949-10-01", "1969-12-31", 1, "before"});
    put(fixture, (struct row){"a", "000000", "1970-01-01", "", 2, "after"});
    assert_string_equal(on(fixture, "a", "000000", "1949-09-30"), "-");
    assert_string_equal(on(fixture, "a", "000000", "1949-10-01"), "before");
    assert_string_equal(on(fixture, "a", "000000", "1969-12-31"), "before");
    assert_string_equal(on(fixture, "a", "000000", "1970-01-01"), "after");
}

static void neither_another_key_nor_another_region_answers(void **state)
{
    struct fixture *fixture = *state;

    put(fixture, (struct row){"a", "650100", "2024-01-01", "", 1, "a in 650100"});
    put(fixture, (struct row){"ab", "000000", "2024-01-01", "", 1, "ab"});
    put(fixture, (struct row){"a\x01", "000000", "2024-01-01", "", 1, "a\\x01"});
    assert_string_equal(on(fixture, "a", "000000", "2025-01-01"), "-");
    assert_string_equal(on(fixture, "a", "65010", "2025-01-01"), "-");
    assert_string_equal(on(fixture, "a", "650100", "2025-01-01"), "a in 650100");
    assert_string_equal(on(fixture, "", "000000", "2025-01-01"), "-");
    assert_string_equal(on(fixture, "b", "000000", "2025-01-01"), "-");
    assert_string_equal(on(fixture, "ab", "000000", "2025-01-01"), "ab");
    struct tables_row row;
    assert_false(tables_find(fixture->reader, "catalog", "a", "650100", day("2025-01-01"), &row));
}

static void a_record_repeats_a_row_of_the_same_first_day(void **state)
{
    struct fixture *fixture = *state;
    struct tables_row row;

    put(fixture, (struct row){"a", "000000", "2024-01-01", "", 1, "first"});
    put(fixture, (struct row){"a", "000000", "2024-01-01", "2024-12-31", 2, "second"});
    assert_string_equal(on(fixture, "a", "000000", "2024-06-01"), "second");
    assert_string_equal(on(fixture, "a", "000000", "2025-01-01"), "-");

    assert_true(tables_find_version(fixture->reader, "catalogue", "a", "000000", day("2024-01-01"), 1, &row));
    assert_true(bytes_equal_text(row.value, "first") && row.valid_until == DATE_NONE && row.version == 1);
    assert_true(tables_find_version(fixture->reader, "catalogue", "a", "000000", day("2024-01-01"), 2, &row));
    assert_true(bytes_equal_text(row.value, "second") && row.valid_until == day("2024-12-31"));
    assert_false(tables_find_version(fixture->reader, "catalogue", "a", "000000", day("2024-01-01"), 3, &row));
    assert_false(tables_find_version(fixture->reader, "catalogue", "a", "000000", day("2024-01-02"), 1, &row));
}

static void a_removed_row_is_gone_and_its_history_stays(void **state)
{
    struct fixture *fixture = *state;
    struct tables_row row;
    struct buffer key;

    put(fixture, (struct row){"a", "000000", "2024-01-01", "", 1, "one"});
    put(fixture, (struct row){"b", "000000", "2024-01-01", "", 1, "two"});
    put(fixture, (struct row){"a", "000000", "2024-01-01", "", 2, NULL});
    assert_string_equal(on(fixture, "a", "000000", "2025-01-01"), "-");
    assert_true(tables_find_version(fixture->reader, "catalogue", "a", "000000", day("2024-01-01"), 1, &row));

    buffer_init(&key, 600);
    assert_true(tables_row_key("catalogue", "b", "000000", day("2024-01-01"), &key));
    begin(fixture);
    assert_int_equal(tables_apply(fixture->tables, buffer_bytes(&key), BYTES_NONE, &fixture->fault), STATUS_OK);
    commit(fixture);
    assert_string_equal(on(fixture, "b", "000000", "2025-01-01"), "-");
    assert_true(tables_find_version(fixture->reader, "catalogue", "b", "000000", day("2024-01-01"), 1, &row));
    buffer_done(&key);
}

static void what_is_no_row_is_refused(void **state)
{
    struct fixture *fixture = *state;
    static char long_key[600];
    const char *const tombstones[] = {"", "2024-01-01", "short", "catalogue", "nothing here 2024-13-01",
                                      "no end of parts 2024-01-01"};
    memset(long_key, 'k', sizeof long_key - 1);
    const struct row rows[] = {
        {"a", "000000", "", "", 1, "x"},
        {"a", "000000", "2024-02-30", "", 1, "x"},
        {"a", "000000", "20240101", "", 1, "x"},
        {"a", "000000", "2024-01-01", "soon", 1, "x"},
        {"a", "000000", "2024-01-01", "soon", 1, NULL},
        {long_key, "000000", "2024-01-01", "", 1, "x"},
    };

    begin(fixture);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(apply(fixture, rows[i]), STATUS_REJECT);
    for (size_t i = 0; i < sizeof tombstones / sizeof *tombstones; i++)
        assert_int_equal(tables_apply(fixture->tables, bytes_of(tombstones[i]), BYTES_NONE, &fixture->fault),
                         STATUS_REJECT);
    assert_int_equal(tables_apply(fixture->tables, BYTES_NONE, BYTES_NONE, &fixture->fault), STATUS_REJECT);
    assert_int_equal(tables_apply(fixture->tables, bytes_from(long_key, 599), BYTES_NONE, &fixture->fault),
                     STATUS_REJECT);
    assert_int_equal(tables_apply(fixture->tables, bytes_of("k"), bytes_of("\xff\xff"), &fixture->fault),
                     STATUS_REJECT);
    commit(fixture);
    assert_int_equal(tables_rows_applied(fixture->tables, NULL), 0);
}

/* A row that its writer could name but the reader refuses would stop every hub, for ever. */
static void every_key_that_can_be_made_can_be_applied(void **state)
{
    struct fixture *fixture = *state;
    char key[520];
    bool made_one = false, refused_one = false;

    for (size_t length = 470; length < sizeof key; length++) {
        struct buffer out;
        memset(key, 'k', sizeof key);
        key[length] = '\0';
        buffer_init(&out, 2000);
        bool made = tables_row_key("catalogue", key, "000000", day("2024-01-01"), &out);
        begin(fixture);
        assert_int_equal(apply(fixture, (struct row){key, "000000", "2024-01-01", "", 1, "x"}),
                         made ? STATUS_OK : STATUS_REJECT);
        if (made)
            assert_int_equal(tables_apply(fixture->tables, buffer_bytes(&out), BYTES_NONE, &fixture->fault), STATUS_OK);
        commit(fixture);
        made_one = made_one || made;
        refused_one = refused_one || !made;
        buffer_done(&out);
    }
    assert_true(made_one && refused_one);
    struct buffer out;
    buffer_init(&out, 2000);
    assert_false(tables_row_key("catalogue", "a", "000000", DATE_NONE, &out));
    buffer_done(&out);
}

static void offsets_are_kept_per_partition_with_the_rows(void **state)
{
    struct fixture *fixture = *state;
    bool empty = true;

    begin(fixture);
    assert_int_equal(tables_offset(fixture->tables, "t", 0), -1);
    assert_int_equal(tables_set_offset(fixture->tables, "t", 0, 7, &fixture->fault), STATUS_OK);
    assert_int_equal(tables_set_offset(fixture->tables, "t", 1, INT64_MAX, &fixture->fault), STATUS_OK);
    assert_int_equal(apply(fixture, (struct row){"a", "000000", "2024-01-01", "", 1, "one"}), STATUS_OK);
    commit(fixture);
    tables_reader_close(fixture->reader);
    fixture->reader = NULL;
    tables_close(fixture->tables);
    assert_int_equal(tables_open(&fixture->settings, &fixture->tables, &empty, &fixture->fault), STATUS_OK);
    assert_false(empty);
    begin(fixture);
    assert_int_equal(tables_offset(fixture->tables, "t", 0), 7);
    assert_int_equal(tables_offset(fixture->tables, "t", 1), INT64_MAX);
    assert_int_equal(tables_offset(fixture->tables, "tt", 0), -1);
}

struct seen {
    size_t count;
    char keys[128];
};

static bool note_row(const char *key, const char *region, const struct tables_row *row, void *context)
{
    struct seen *seen = context;
    size_t used = strlen(seen->keys);

    (void)snprintf(seen->keys + used, sizeof seen->keys - used, "%s@%s=%.*s ", key, region, (int)row->value.length,
                   (const char *)row->value.data);
    return ++seen->count < 3;
}

static void all_rows_of_one_table_come_in_order(void **state)
{
    struct fixture *fixture = *state;
    struct seen seen = {0};

    begin(fixture);
    assert_int_equal(apply_to(fixture->tables, "catalog", (struct row){"z", "0", "2024-01-01", "", 1, "other"}, NULL),
                     STATUS_OK);
    assert_int_equal(apply_to(fixture->tables, "cataloguf", (struct row){"a", "0", "2024-01-01", "", 1, "other"}, NULL),
                     STATUS_OK);
    commit(fixture);
    tables_each(fixture->reader, "catalogue", note_row, &seen);
    assert_string_equal(seen.keys, "");
    put(fixture, (struct row){"b", "0", "2024-01-01", "", 1, "2"});
    put(fixture, (struct row){"a", "1", "2024-01-01", "", 1, "1"});
    tables_each(fixture->reader, "catalogue", note_row, &seen);
    assert_string_equal(seen.keys, "a@1=1 b@0=2 ");
    put(fixture, (struct row){"c", "0", "2024-01-01", "", 1, "3"});
    put(fixture, (struct row){"d", "0", "2024-01-01", "", 1, "4"});
    seen = (struct seen){0};
    tables_each(fixture->reader, "catalogue", note_row, &seen);
    assert_string_equal(seen.keys, "a@1=1 b@0=2 c@0=3 ");
}

/* A worker keeps what it derived from a snapshot until the count changes. A row that is counted before it can be seen
 * would be missed for ever. */
static void news_is_never_counted_before_it_can_be_seen(void **state)
{
    struct fixture *fixture = *state;

    put(fixture, (struct row){"a", "000000", "2024-01-01", "", 1, "old"});
    begin(fixture);
    assert_int_equal(apply(fixture, (struct row){"a", "000000", "2024-01-01", "", 2, "new"}), STATUS_OK);
    assert_int_equal(tables_rows_applied(fixture->tables, "catalogue"), 1);
    assert_int_equal(tables_reader_renew(fixture->reader, &fixture->fault), STATUS_OK);
    uint64_t before = tables_reader_rows(fixture->reader, "catalogue");
    assert_string_equal(on(fixture, "a", "000000", "2024-01-01"), "old");

    assert_int_equal(tables_commit(fixture->tables, &fixture->fault), STATUS_OK);
    assert_int_equal(tables_rows_applied(fixture->tables, "catalogue"), 2);
    assert_int_equal(tables_reader_rows(fixture->reader, "catalogue"), before); /* of the snapshot, not of now */
    assert_string_equal(on(fixture, "a", "000000", "2024-01-01"), "old");
    assert_int_equal(tables_reader_renew(fixture->reader, &fixture->fault), STATUS_OK);
    assert_int_not_equal(tables_reader_rows(fixture->reader, "catalogue"), before);
    assert_string_equal(on(fixture, "a", "000000", "2024-01-01"), "new");
    assert_int_equal(tables_reader_rows(fixture->reader, "registry"), 0);
    assert_int_equal(tables_rows_applied(fixture->tables, NULL), 2);
}

static void a_removal_is_news(void **state)
{
    struct fixture *fixture = *state;
    struct buffer key;

    put(fixture, (struct row){"a", "000000", "2024-01-01", "", 1, "one"});
    uint64_t before = tables_reader_rows(fixture->reader, "catalogue");
    buffer_init(&key, 600);
    assert_true(tables_row_key("catalogue", "a", "000000", day("2024-01-01"), &key));
    begin(fixture);
    assert_int_equal(tables_apply(fixture->tables, buffer_bytes(&key), BYTES_NONE, &fixture->fault), STATUS_OK);
    commit(fixture);
    assert_int_not_equal(tables_reader_rows(fixture->reader, "catalogue"), before);
    buffer_done(&key);
}

/* --- one writer, two readers, on threads of their own --- */

enum { COMMITS = 300 };

struct watcher {
    struct tables *tables;
    atomic_bool *over;
    const char *failure;
    size_t snapshots;
    uint64_t last;
};

static const char *watch_once(struct watcher *watcher, struct tables_reader *reader)
{
    struct tables_row first, second, again;

    bool has_first = tables_find(reader, "catalogue", "x", "0", 0, &first);
    bool has_second = tables_find(reader, "catalogue", "y", "0", 0, &second);
    if (has_first != has_second || (has_first && first.version != second.version))
        return "a transaction was seen in part";
    if (!has_first)
        return NULL;
    if (first.version < watcher->last)
        return "an older snapshot after a newer one";
    if (tables_reader_rows(reader, "catalogue") > 2 * first.version)
        return "rows were counted that cannot be seen";
    watcher->last = first.version;
    if (!tables_find(reader, "catalogue", "x", "0", 0, &again) || again.version != first.version)
        return "the snapshot changed";
    return NULL;
}

static void *watch(void *self)
{
    struct watcher *watcher = self;
    struct tables_reader *reader = NULL;

    if (tables_reader_open(watcher->tables, &reader, NULL) != STATUS_OK) {
        watcher->failure = "no reader";
        return NULL;
    }
    do { /* at least once, however soon the writer is through */
        if (tables_reader_renew(reader, NULL) != STATUS_OK)
            watcher->failure = "no snapshot";
        else
            watcher->failure = watch_once(watcher, reader);
        watcher->snapshots++;
        tables_reader_release(reader);
    } while (watcher->failure == NULL && !atomic_load(watcher->over));
    tables_reader_close(reader);
    return NULL;
}

static void readers_on_threads_see_whole_transactions_in_order(void **state)
{
    struct fixture *fixture = *state;
    atomic_bool over = false;
    struct watcher watchers[2] = {{.tables = fixture->tables, .over = &over}, {.tables = fixture->tables, .over = &over}};
    pthread_t threads[2];

    for (int i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, watch, &watchers[i]), 0);
    for (uint64_t version = 1; version <= COMMITS; version++) {
        begin(fixture);
        assert_int_equal(apply(fixture, (struct row){"x", "0", "1970-01-01", "", version, "x"}), STATUS_OK);
        assert_int_equal(apply(fixture, (struct row){"y", "0", "1970-01-01", "", version, "y"}), STATUS_OK);
        assert_int_equal(tables_commit(fixture->tables, &fixture->fault), STATUS_OK);
    }
    atomic_store(&over, true);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        if (watchers[i].failure != NULL)
            fail_msg("%s", watchers[i].failure);
        assert_true(watchers[i].snapshots > 0);
    }
}

static void what_was_worked_out_stands_as_long_as_its_snapshot(void **state)
{
    struct fixture *fixture = *state;
    struct memo *memo = tables_reader_memo(fixture->reader);

    put(fixture, (struct row){"a", "000000", "2024-01-01", "", 1, "old"});
    assert_non_null(memo_add(memo, bytes_of("look-up"), 1));
    tables_reader_release(fixture->reader);
    assert_int_equal(tables_reader_renew(fixture->reader, &fixture->fault), STATUS_OK);
    assert_non_null(memo_find(memo, bytes_of("look-up")));
    put(fixture, (struct row){"b", "000000", "2024-01-01", "", 1, "new"});
    assert_null(memo_find(memo, bytes_of("look-up")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_row_holds_from_its_first_day_to_its_last, set_up, tear_down),
        cmocka_unit_test_setup_teardown(days_before_1970_come_before_those_after, set_up, tear_down),
        cmocka_unit_test_setup_teardown(neither_another_key_nor_another_region_answers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_record_repeats_a_row_of_the_same_first_day, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_removed_row_is_gone_and_its_history_stays, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_row_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_key_that_can_be_made_can_be_applied, set_up, tear_down),
        cmocka_unit_test_setup_teardown(offsets_are_kept_per_partition_with_the_rows, set_up, tear_down),
        cmocka_unit_test_setup_teardown(all_rows_of_one_table_come_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(news_is_never_counted_before_it_can_be_seen, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_removal_is_news, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_worked_out_stands_as_long_as_its_snapshot, set_up, tear_down),
        cmocka_unit_test_setup_teardown(readers_on_threads_see_whole_transactions_in_order, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* rows.h: names of rows, and what is not one. */
#include "fixture.h"

#include "state/numbers.h"
#include "state/rows.h"

#include <stdio.h>

static void a_key_splits_into_what_it_was_made_of(void **state)
{
    struct row_key key;
    struct bytes entity, name;
    enum row_kind kind;
    (void)state;

    assert_true(row_key_make(&key, bytes_of("person-1"), ROW_STATE, bytes_of("rx/1")));
    assert_true(row_key_split(row_key_bytes(&key), &entity, &kind, &name));
    assert_true(bytes_equal_text(entity, "person-1") && kind == ROW_STATE && bytes_equal_text(name, "rx/1"));

    assert_true(row_key_make(&key, bytes_of("p"), ROW_VERSION, BYTES_NONE));
    assert_true(row_key_split(row_key_bytes(&key), &entity, &kind, &name));
    assert_true(kind == ROW_VERSION && name.length == 0);
}

static void a_name_may_hold_any_byte(void **state)
{
    const uint8_t raw[] = {0, 's', 0, 0xff};
    struct row_key key;
    struct bytes entity, name;
    enum row_kind kind;
    (void)state;

    assert_true(row_key_make(&key, bytes_of("p"), ROW_DEDUPE, bytes_from(raw, sizeof raw)));
    assert_true(row_key_split(row_key_bytes(&key), &entity, &kind, &name));
    assert_true(bytes_equal_text(entity, "p") && bytes_equal(name, bytes_from(raw, sizeof raw)));
}

static void what_is_too_long_or_holds_a_nul_is_no_key(void **state)
{
    static uint8_t long_text[ENTITY_BYTES_MAX + 1];
    struct row_key key;
    (void)state;

    memset(long_text, 'x', sizeof long_text);
    assert_true(row_key_make(&key, bytes_from(long_text, ENTITY_BYTES_MAX), ROW_STATE,
                             bytes_from(long_text, ROW_NAME_BYTES_MAX)));
    assert_true(key.length <= STORE_KEY_BYTES_MAX);
    assert_false(row_key_make(&key, bytes_from(long_text, ENTITY_BYTES_MAX + 1), ROW_STATE, bytes_of("n")));
    assert_false(row_key_make(&key, bytes_of("p"), ROW_STATE, bytes_from(long_text, ROW_NAME_BYTES_MAX + 1)));
    assert_false(row_key_make(&key, bytes_from("a\0b", 3), ROW_STATE, bytes_of("n")));
}

static void foreign_bytes_are_no_key(void **state)
{
    const struct {
        const char *data;
        size_t length;
    } rows[] = {{"", 0}, {"abc", 3}, {"abc\0", 4}, {"abc\0x", 5}, {"\0", 1}};
    struct bytes entity, name;
    enum row_kind kind;
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_false(row_key_split(bytes_from(rows[i].data, rows[i].length), &entity, &kind, &name));
}

static void rows_of_one_entity_stand_together(void **state)
{
    struct row_key first, last, other;
    (void)state;

    assert_true(row_key_make(&first, bytes_of("ab"), ROW_DEDUPE, BYTES_NONE));
    assert_true(row_key_make(&last, bytes_of("ab"), ROW_VERSION, bytes_of("\xff")));
    assert_true(row_key_make(&other, bytes_of("ab\x01"), ROW_STATE, bytes_of("n")));
    assert_true(bytes_compare(row_key_bytes(&first), row_key_bytes(&other)) < 0);
    assert_true(bytes_compare(row_key_bytes(&last), row_key_bytes(&other)) < 0);
}

static void a_version_counts_from_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct row_key key;
    uint8_t value[8];

    assert_int_equal(row_version(fixture->store, bytes_of("p")), 0);
    assert_true(row_key_make(&key, bytes_of("p"), ROW_VERSION, BYTES_NONE));
    put_le64(value, UINT64_C(0x0102030405060708));
    assert_int_equal(store_put(fixture->store, STORE_ROWS, row_key_bytes(&key), bytes_from(value, sizeof value),
                               &fixture->fault),
                     STATUS_OK);
    assert_int_equal(row_version(fixture->store, bytes_of("p")), UINT64_C(0x0102030405060708));
    assert_int_equal(row_version(fixture->store, bytes_of("q")), 0);
}

static void put_row(struct fixture *fixture, const char *entity, enum row_kind kind, const char *name)
{
    struct row_key key;

    assert_true(row_key_make(&key, bytes_of(entity), kind, bytes_of(name)));
    assert_int_equal(
        store_put(fixture->store, STORE_ROWS, row_key_bytes(&key), bytes_of(name), &fixture->fault), STATUS_OK);
}

struct names {
    char text[256];
    size_t left;
};

static bool join(struct bytes name, struct bytes value, void *context)
{
    struct names *names = context;
    assert_true(bytes_equal(name, value));
    (void)snprintf(names->text + strlen(names->text), sizeof names->text - strlen(names->text), "%.*s ",
                   (int)name.length, (const char *)name.data);
    return --names->left > 0;
}

static void assert_names(struct fixture *fixture, const char *prefix, const char *after, size_t limit,
                         const char *expected)
{
    struct names names = {"", limit};
    rows_each_after(fixture->store, bytes_of("p"), ROW_STATE, bytes_of(prefix), bytes_of(after), join, &names);
    assert_string_equal(names.text, expected);
}

/* Rows of the open transaction: what the batch has written so far is seen, what it has deleted is not. */
static void rows_follow_a_name_in_order(void **state)
{
    struct fixture *fixture = *state;
    static const char *const names[] = {"a/2", "b", "a/10", "a/1", "a", "ab", "a/"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        put_row(fixture, "p", ROW_STATE, names[i]);
    put_row(fixture, "o", ROW_STATE, "a/3");
    put_row(fixture, "q", ROW_STATE, "a/3");
    put_row(fixture, "p", ROW_TIMER, "a/3");
    put_row(fixture, "p", ROW_DEDUPE, "a/3");

    assert_names(fixture, "a/", "", 9, "a/ a/1 a/10 a/2 ");
    assert_names(fixture, "a/", "a/", 9, "a/1 a/10 a/2 ");
    assert_names(fixture, "a/", "a/1", 2, "a/10 a/2 ");
    assert_names(fixture, "a/", "a/1", 1, "a/10 ");
    assert_names(fixture, "a/", "a/11", 9, "a/2 "); /* a name that is not there any more */
    assert_names(fixture, "a/", "a/2", 9, "");
    assert_names(fixture, "a/", "a", 9, "a/ a/1 a/10 a/2 ");
    assert_names(fixture, "a/", "b", 9, "");
    assert_names(fixture, "", "", 9, "a a/ a/1 a/10 a/2 ab b ");
    assert_names(fixture, "c", "", 9, "");
    assert_names(fixture, "b", "b", 9, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_splits_into_what_it_was_made_of),
        cmocka_unit_test(a_name_may_hold_any_byte),
        cmocka_unit_test(what_is_too_long_or_holds_a_nul_is_no_key),
        cmocka_unit_test(foreign_bytes_are_no_key),
        cmocka_unit_test(rows_of_one_entity_stand_together),
        cmocka_unit_test_setup_teardown(rows_follow_a_name_in_order, set_up_begun, tear_down),
        cmocka_unit_test_setup_teardown(a_version_counts_from_nothing, set_up_begun, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

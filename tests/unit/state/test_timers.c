/* timers.h: order, moving, cancelling, limits. */
#include "fixture.h"

#include "state/timers.h"

static enum status set(struct fixture *fixture, const char *entity, const char *name, int64_t due_ms)
{
    return timer_set(fixture->store, bytes_of(entity), bytes_of(name), bytes_of("type"), due_ms, &fixture->fault);
}

static void assert_first(struct fixture *fixture, const char *entity, const char *name, int64_t due_ms)
{
    struct timer timer;

    assert_true(timer_first(fixture->store, &timer));
    assert_true(bytes_equal_text(timer.entity, entity));
    assert_true(bytes_equal_text(timer.name, name));
    assert_true(bytes_equal_text(timer.type, "type"));
    assert_int_equal(timer.due_ms, due_ms);
}

static void the_earliest_is_first_whenever_it_was_set(void **state)
{
    struct fixture *fixture = *state;
    struct timer timer;
    const int64_t dues[] = {300, 1, 256, INT64_MAX, 0, 65536};
    const int64_t sorted[] = {0, 1, 256, 300, 65536, INT64_MAX};

    assert_false(timer_first(fixture->store, &timer));
    for (size_t i = 0; i < 6; i++) {
        char name[2] = {(char)('a' + i), '\0'};
        assert_int_equal(set(fixture, "p", name, dues[i]), STATUS_OK);
    }
    for (size_t i = 0; i < 6; i++) {
        assert_true(timer_first(fixture->store, &timer));
        assert_int_equal(timer.due_ms, sorted[i]);
        char name[4] = {(char)timer.name.data[0], '\0'}; /* what is lent ends with the cancelling */
        assert_int_equal(timer_cancel(fixture->store, bytes_of("p"), bytes_of(name), &fixture->fault), STATUS_OK);
    }
    assert_false(timer_first(fixture->store, &timer));
}

/* Numbers of one issuer follow each other, persons do not: those due at one moment stand in the order of their names. */
static void due_at_once_they_stand_by_name(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(set(fixture, "a person", "prescription/2", 100), STATUS_OK);
    assert_int_equal(set(fixture, "z person", "prescription/1", 100), STATUS_OK);
    assert_first(fixture, "z person", "prescription/1", 100);
    assert_int_equal(timer_cancel(fixture->store, bytes_of("z person"), bytes_of("prescription/1"), &fixture->fault), STATUS_OK);
    assert_first(fixture, "a person", "prescription/2", 100);
}

static void setting_again_moves(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(set(fixture, "p", "expiry", 100), STATUS_OK);
    assert_int_equal(set(fixture, "q", "expiry", 200), STATUS_OK);
    assert_int_equal(set(fixture, "p", "expiry", 300), STATUS_OK);
    assert_first(fixture, "q", "expiry", 200);
    assert_int_equal(timer_cancel(fixture->store, bytes_of("q"), bytes_of("expiry"), &fixture->fault), STATUS_OK);
    assert_first(fixture, "p", "expiry", 300);
    assert_int_equal(timer_cancel(fixture->store, bytes_of("p"), bytes_of("expiry"), &fixture->fault), STATUS_OK);
    struct bytes key, value;
    assert_false(store_seek(fixture->store, STORE_TIMERS, BYTES_NONE, &key, &value));
    assert_false(store_seek(fixture->store, STORE_ROWS, BYTES_NONE, &key, &value));
}

static void cancelling_what_is_not_set_does_nothing(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(set(fixture, "p", "expiry", 100), STATUS_OK);
    assert_int_equal(timer_cancel(fixture->store, bytes_of("p"), bytes_of("other"), &fixture->fault), STATUS_OK);
    assert_int_equal(timer_cancel(fixture->store, bytes_of("pp"), bytes_of("expiry"), &fixture->fault), STATUS_OK);
    assert_first(fixture, "p", "expiry", 100);
}

static void an_empty_name_and_type_will_do(void **state)
{
    struct fixture *fixture = *state;
    struct timer timer;

    assert_int_equal(timer_set(fixture->store, bytes_of("p"), bytes_of(""), bytes_of(""), 5, &fixture->fault),
                     STATUS_OK);
    assert_true(timer_first(fixture->store, &timer));
    assert_int_equal(timer.name.length + timer.type.length, 0);
}

static void the_longest_names_fit_and_longer_ones_are_refused(void **state)
{
    struct fixture *fixture = *state;
    char entity[ENTITY_BYTES_MAX + 2], name[ROW_NAME_BYTES_MAX + 2];

    memset(entity, 'e', sizeof entity);
    memset(name, 'n', sizeof name);
    entity[ENTITY_BYTES_MAX + 1] = name[ROW_NAME_BYTES_MAX + 1] = '\0';
    assert_int_equal(set(fixture, entity, "n", 1), STATUS_REJECT);
    assert_int_equal(set(fixture, "p", name, 1), STATUS_REJECT);
    assert_int_equal(timer_cancel(fixture->store, bytes_of(entity), bytes_of("n"), &fixture->fault), STATUS_REJECT);
    entity[ENTITY_BYTES_MAX] = name[ROW_NAME_BYTES_MAX] = '\0';
    assert_int_equal(set(fixture, entity, name, 1), STATUS_OK);
    assert_first(fixture, entity, name, 1);
}

static void before_1970_is_refused(void **state)
{
    struct fixture *fixture = *state;
    struct timer timer;

    assert_int_equal(set(fixture, "p", "n", -1), STATUS_REJECT);
    assert_false(timer_first(fixture->store, &timer));
}

/* One that a C string cannot name could be set but never cancelled, and would be due for ever. */
static void a_name_with_a_nul_is_refused(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(timer_set(fixture->store, bytes_of("p"), bytes_from("a\0b", 3), bytes_of("type"), 1,
                               &fixture->fault),
                     STATUS_REJECT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_earliest_is_first_whenever_it_was_set, set_up_begun, tear_down),
        cmocka_unit_test_setup_teardown(due_at_once_they_stand_by_name, set_up_begun, tear_down),
        cmocka_unit_test_setup_teardown(setting_again_moves, set_up_begun, tear_down),
        cmocka_unit_test_setup_teardown(cancelling_what_is_not_set_does_nothing, set_up_begun, tear_down),
        cmocka_unit_test_setup_teardown(an_empty_name_and_type_will_do, set_up_begun, tear_down),
        cmocka_unit_test_setup_teardown(the_longest_names_fit_and_longer_ones_are_refused, set_up_begun, tear_down),
        cmocka_unit_test_setup_teardown(before_1970_is_refused, set_up_begun, tear_down),
        cmocka_unit_test_setup_teardown(a_name_with_a_nul_is_refused, set_up_begun, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

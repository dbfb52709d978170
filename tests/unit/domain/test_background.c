// links: medhub_domain
/* Rows read in order and in bounds, and work in rounds. */
#include "domain/background.h"

#include "domain/messages.h"
#include "support/trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { ROWS = 25, FIRST_MS = 1000 };

struct fixture {
    struct trial *trial;
    struct arena *arena;
    struct view view;
};

static void look(struct fixture *fixture, struct arena *arena)
{
    view_init(&fixture->view, &memory_view_operations, fixture->trial->world, arena, "p", FIRST_MS,
              fixture->trial->calendar);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    fixture->trial = trial_new("2026-01-31T03:00:05Z");
    fixture->arena = arena_new(4096, 64 << 20);
    look(fixture, fixture->arena);
    memory_view_turn_to(fixture->trial->world, "p");
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    arena_free(fixture->arena);
    trial_free(fixture->trial);
    free(fixture);
    return 0;
}

static void put(struct fixture *fixture, const char *key, const char *name, const char *holder)
{
    ScannedItemState item = MEDHUB__STATE__V1__SCANNED_ITEM__INIT;
    item.holder = chars(holder);
    memory_put_state(fixture->trial->world, key, name, &item.base);
}

static void put_serials(struct fixture *fixture)
{
    char name[32];
    for (int i = ROWS; i > 0; i--) {
        (void)snprintf(name, sizeof name, "serial/%02d", i);
        put(fixture, "p", name, name);
        put(fixture, "other", name, "of another key");
    }
    put(fixture, "p", "lot/1", "");
    put(fixture, "p", "serialised", "");
    memory_put_state(fixture->trial->world, "p", "serial/07", NULL);
}

/* Goes through all serials, at most AT_A_TIME rows a round; returns the rounds it took. */
static int sweep(struct fixture *fixture, size_t at_a_time)
{
    const char *after = "";
    int seen = 0, rounds = 0;
    for (bool more = true; more; rounds++) {
        struct view_rows rows = view_scan(&fixture->view, "serial/", after, at_a_time);
        assert_true(rows.count >= 1 && rows.count <= at_a_time);
        for (size_t i = 0; i < rows.count; i++) {
            const ScannedItemState *item =
                (const ScannedItemState *)view_unpack(&fixture->view, SCANNED_ITEM_STATE, &rows.rows[i]);
            assert_true(strcmp(rows.rows[i].name, after) > 0);
            assert_string_equal(item->holder, rows.rows[i].name);
            after = rows.rows[i].name;
            seen++;
        }
        more = rows.more;
    }
    assert_int_equal(seen, ROWS - 1);
    assert_string_equal(after, "serial/25");
    return rounds;
}

static void all_rows_come_once_whatever_the_bound(void **state)
{
    struct fixture *fixture = *state;
    put_serials(fixture);
    assert_int_equal(sweep(fixture, 1), ROWS - 1);
    assert_int_equal(sweep(fixture, 7), 4);
    assert_int_equal(sweep(fixture, ROWS - 1), 1);
    assert_int_equal(sweep(fixture, VIEW_SCAN_ROWS_MAX), 1);
    assert_int_equal(view_scan(&fixture->view, "none/", "", 5).count, 0);
    assert_false(view_scan(&fixture->view, "none/", "", 5).more);
}

/* However large rows are, one comes; but not more than fit. */
static void large_rows_come_in_small_numbers(void **state)
{
    struct fixture *fixture = *state;
    char *holder = malloc(VIEW_SCAN_BYTES_MAX / 2);
    memset(holder, 'x', VIEW_SCAN_BYTES_MAX / 2 - 1);
    holder[VIEW_SCAN_BYTES_MAX / 2 - 1] = '\0';
    put(fixture, "p", "serial/1", holder);
    put(fixture, "p", "serial/2", holder);
    struct view_rows rows = view_scan(&fixture->view, "serial/", "", 2);
    assert_int_equal(rows.count, 1);
    assert_true(rows.more);
    rows = view_scan(&fixture->view, "serial/", "serial/1", 2);
    assert_int_equal(rows.count, 1);
    assert_false(rows.more);
    free(holder);
}

static void without_memory_the_decision_does_not_stand(void **state)
{
    struct fixture *fixture = *state;
    struct arena *small = arena_new(256, 256);
    put_serials(fixture);
    look(fixture, small);
    (void)view_scan(&fixture->view, "serial/", "", 8);
    assert_true(fixture->view.failed);
    look(fixture, small);
    assert_int_equal(view_scan(&fixture->view, "serial/", "", 1000).count, 0);
    assert_true(fixture->view.failed);
    arena_free(small);
}

static void a_round_is_as_long_as_the_policy_says(void **state)
{
    struct fixture *fixture = *state;
    const struct {
        int64_t said;
        size_t rows;
    } cases[] = {{500, 500}, {0, 1}, {INT64_MAX, VIEW_SCAN_ROWS_MAX}};
    assert_in_range(background_rows(&fixture->view), 1, 1000);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        memory_put_policy_int(fixture->trial->world, BACKGROUND_ROWS, REGION_NATION, cases[i].said);
        fixture->view.now_ms = 1780000000000;
        assert_int_equal(background_rows(&fixture->view), cases[i].rows);
    }
}

/* All of a batch is decided at one moment: what is due then would be done in the same batch, again and again. */
static void the_next_round_is_due_after_the_batch(void **state)
{
    struct fixture *fixture = *state;
    struct event event = {.arena = fixture->arena};
    struct decision decision;
    decision_init(&decision, fixture->arena, &event);
    background_continue(&fixture->view, &decision, "sweep", "a.timer");
    assert_int_equal(decision.timer_count, 1);
    assert_true(decision.timers[0].due_ms > FIRST_MS);
    assert_string_equal(decision.timers[0].name, "sweep");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_rows_come_once_whatever_the_bound, set_up, tear_down),
        cmocka_unit_test_setup_teardown(large_rows_come_in_small_numbers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(without_memory_the_decision_does_not_stand, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_round_is_as_long_as_the_policy_says, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_next_round_is_due_after_the_batch, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

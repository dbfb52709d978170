// links: medhub_domain
/* A scan of a pack with more in it than one decision passes on: the rest goes in rounds of a timer, each unit
 * once. */
#include "domain/background.h"
#include "domain/trace.h"
#include "domain/trace_content.h"

#include "support/trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define UNIT   "06926347962617"
#define PALLET "16926347962614"
enum { ROUND = 500, UNITS = 2 * ROUND + 1, ONE_MORE = ROUND + 1 };

struct fixture {
    struct trial *trial;
    unsigned heard[UNITS]; /* how often each unit was told of the pack's scan */
};

static void put_row(struct trial *trial, const char *name, const ProtobufCMessage *row)
{
    memory_put_state(trial->world, PALLET, name, row);
}

static void fill_pack(struct fixture *fixture, int units)
{
    struct arena *arena = arena_new(64 * 1024, 1 << 20);
    PackContent content = MEDHUB__STATE__V1__PACK_CONTENT__INIT;
    ScannedItemState pack = MEDHUB__STATE__V1__SCANNED_ITEM__INIT;
    char serial[16];
    *fixture = (struct fixture){.trial = trial_new("2026-03-02T03:00:00Z")};
    content.quantity_e4 = TRACE_ONE_E4;
    for (int i = 0; i < units; i++) {
        (void)snprintf(serial, sizeof serial, "U%d", i);
        const struct trace_placed placed = {"P", UNIT, serial, "", "", TRACE_ONE_E4, 0};
        put_row(fixture->trial, trace_content_name(arena, &placed), &content.base);
    }
    pack.standing = ITEM_HELD;
    pack.holder = chars("D1");
    pack.contents = pack.filled = (uint32_t)units;
    put_row(fixture->trial, "serial/P", &pack.base);
    memory_put_policy_int(fixture->trial->world, BACKGROUND_ROWS, REGION_NATION, 10 * ROUND);
    arena_free(arena);
}

/* Takes what the decision in hand told the units into account, and applies it. */
static size_t hear(struct fixture *fixture, ScanStep step)
{
    const struct decision *decision = &fixture->trial->decision;
    for (size_t i = 0; i < decision->submission_count; i++) {
        const ItemScanned *said = (const ItemScanned *)decision->submissions[i].message;
        assert_string_equal(said->product, UNIT);
        assert_string_equal(said->carried->serial, "P");
        assert_int_equal(said->step, step);
        fixture->heard[atoi(said->serial + 1)]++;
    }
    size_t count = decision->submission_count;
    trial_apply(fixture->trial);
    return count;
}

static size_t scan_pack(struct fixture *fixture, ScanStep step)
{
    ItemScanned said = MEDHUB__TRACE__V1__ITEM_SCANNED__INIT;
    Timestamp at = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    at.seconds = fixture->trial->now_ms / 1000;
    said.product = chars(PALLET);
    said.serial = chars("P");
    said.step = step;
    said.holder = chars("D1");
    said.scanned_at = &at;
    said.region = chars("650102");
    trial_submit(fixture->trial, ITEM_SCANNED_TYPE, "D1", PALLET, &said.base);
    assert_int_equal(fixture->trial->decision.outcome, OUTCOME_ACCEPTED);
    return hear(fixture, step);
}

static size_t next_round(struct fixture *fixture, ScanStep step)
{
    fixture->trial->now_ms++;
    trial_fire(fixture->trial, TRACE_PACK_TIMER, PALLET, "carry/D1/event");
    return hear(fixture, step);
}

static size_t rows_with(struct fixture *fixture, const char *prefix)
{
    memory_view_turn_to(fixture->trial->world, PALLET);
    return view_scan(&fixture->trial->view, prefix, "", 10 * ROUND).count;
}

static void assert_each_heard_once(const struct fixture *fixture, int units)
{
    for (int i = 0; i < units; i++)
        assert_int_equal(fixture->heard[i], 1);
}

static void the_unit_beyond_a_round_hears_of_it_from_a_timer(void **state)
{
    struct fixture fixture;
    (void)state;
    fill_pack(&fixture, ONE_MORE);
    assert_int_equal(scan_pack(&fixture, STEP_STORED), ROUND);
    assert_int_equal(fixture.trial->decision.timer_count, 1);
    assert_int_equal(rows_with(&fixture, "carry/"), 1);
    assert_int_equal(next_round(&fixture, STEP_STORED), 1);
    assert_int_equal(fixture.trial->decision.timer_count, 0);
    assert_int_equal(rows_with(&fixture, "carry/"), 0);
    assert_each_heard_once(&fixture, ONE_MORE);
    assert_int_equal(next_round(&fixture, STEP_STORED), 0); /* a timer that fires again does nothing */
    trial_free(fixture.trial);
}

static void a_full_round_needs_no_timer(void **state)
{
    struct fixture fixture;
    (void)state;
    fill_pack(&fixture, ROUND);
    assert_int_equal(scan_pack(&fixture, STEP_STORED), ROUND);
    assert_int_equal(fixture.trial->decision.timer_count, 0);
    assert_each_heard_once(&fixture, ROUND);
    trial_free(fixture.trial);
}

static void a_large_pack_is_emptied_in_rounds(void **state)
{
    struct fixture fixture;
    (void)state;
    fill_pack(&fixture, UNITS);
    assert_int_equal(scan_pack(&fixture, STEP_UNPACKED), ROUND);
    assert_int_equal(next_round(&fixture, STEP_UNPACKED), ROUND);
    assert_int_equal(next_round(&fixture, STEP_UNPACKED), 1);
    assert_each_heard_once(&fixture, UNITS);
    assert_int_equal(rows_with(&fixture, "in/P/"), 0);
    assert_int_equal(rows_with(&fixture, "out/P/"), UNITS);
    const ScannedItemState *pack =
        (const ScannedItemState *)view_state(&fixture.trial->view, SCANNED_ITEM_STATE, "serial/P");
    assert_int_equal(pack->contents, 0);
    trial_free(fixture.trial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_unit_beyond_a_round_hears_of_it_from_a_timer),
        cmocka_unit_test(a_full_round_needs_no_timer),
        cmocka_unit_test(a_large_pack_is_emptied_in_rounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

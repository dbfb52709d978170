// links: medhub_domain
#include "domain/trace_state.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define HOSPITAL "H65010200001"
enum { DAY_MS = 86400000 };

static struct trace_move move_on_day(ScanStep step, int day)
{
    return (struct trace_move){.step = step,
                               .holder = HOSPITAL,
                               .at_ms = (int64_t)day * DAY_MS,
                               .quantity_e4 = 10000,
                               .lot = "L1",
                               .made_on = DATE_NONE,
                               .expires_on = DATE_NONE};
}

static void move(ScannedItemState *item, ScanStep step, int day)
{
    struct trace_move next = move_on_day(step, day);
    trace_move_item(item, &next);
}

static void an_item_goes_from_the_maker_to_a_patient(void **state)
{
    static const struct {
        ScanStep step;
        ItemStanding standing;
    } way[] = {{STEP_COMMISSIONED, ITEM_HELD}, {STEP_PACKED, ITEM_HELD},   {STEP_OUTBOUND, ITEM_ON_THE_WAY},
               {STEP_INBOUND, ITEM_HELD},      {STEP_UNPACKED, ITEM_HELD}, {STEP_USED, ITEM_GIVEN},
               {STEP_SETTLED, ITEM_GIVEN}};
    ScannedItemState item = MEDHUB__STATE__V1__SCANNED_ITEM__INIT;
    (void)state;
    for (int i = 0; i < (int)(sizeof way / sizeof *way); i++) {
        assert_true(trace_is_possible(&item, way[i].step, false));
        move(&item, way[i].step, 20000 + i);
        assert_int_equal(item.standing, way[i].standing);
    }
    assert_int_equal(item.last_step, STEP_USED);
    assert_int_equal(item.settled, 1);
    assert_true(trace_item_is_gone(&item));
}

static void what_was_given_or_destroyed_is_not_moved_again(void **state)
{
    ScannedItemState item = MEDHUB__STATE__V1__SCANNED_ITEM__INIT;
    (void)state;
    move(&item, STEP_USED, 1);
    assert_false(trace_is_possible(&item, STEP_OUTBOUND, false));
    assert_true(trace_is_possible(&item, STEP_RETURNED, false));
    move(&item, STEP_DESTROYED, 2);
    assert_false(trace_is_possible(&item, STEP_USED, false));
    assert_true(trace_is_possible(&item, STEP_SETTLED, false));
    assert_string_equal(trace_standing_name(&item), "destroyed");
}

static void a_late_scan_counts_and_moves_nothing(void **state)
{
    ScannedItemState item = MEDHUB__STATE__V1__SCANNED_ITEM__INIT;
    (void)state;
    move(&item, STEP_SOLD, 10);
    struct trace_move late = move_on_day(STEP_INBOUND, 3);
    assert_true(trace_is_late(&item, &late));
    trace_move_item(&item, &late);
    assert_int_equal(item.purchased, 1);
    assert_int_equal(item.standing, ITEM_GIVEN);
    assert_int_equal(item.last_step, STEP_SOLD);
}

static void sales_and_returns_add_up_in_any_order(void **state)
{
    ScannedItemState item = MEDHUB__STATE__V1__SCANNED_ITEM__INIT;
    (void)state;
    move(&item, STEP_SOLD, 1);
    move(&item, STEP_SOLD, 9);
    move(&item, STEP_RETURNED, 5); /* arrives last */
    assert_int_equal(item.standing, ITEM_GIVEN);
    assert_true(trace_item_is_gone(&item));
    move(&item, STEP_RETURNED, 10);
    assert_false(trace_item_is_gone(&item));
    assert_int_equal(item.standing, ITEM_HELD);
}

static void a_part_of_a_pack_leaves_the_rest(void **state)
{
    ScannedItemState item = MEDHUB__STATE__V1__SCANNED_ITEM__INIT;
    struct trace_move part = move_on_day(STEP_SOLD, 1);
    (void)state;
    part.split = true;
    part.quantity_e4 = 30000;
    trace_move_item(&item, &part);
    trace_move_item(&item, &part);
    assert_int_equal(item.quantity_sold_e4, 60000);
    assert_int_equal(item.standing, ITEM_HELD);
    part.step = STEP_RETURNED;
    trace_move_item(&item, &part);
    assert_int_equal(item.quantity_sold_e4, 30000);
}

static void a_settled_item_takes_few_bytes(void **state)
{
    ScannedItemState item = MEDHUB__STATE__V1__SCANNED_ITEM__INIT;
    (void)state;
    struct trace_move use = move_on_day(STEP_USED, 20500);
    use.region = 650102;
    use.made_on = 20000;
    use.expires_on = 21000;
    trace_move_item(&item, &use);
    size_t before = medhub__state__v1__scanned_item__get_packed_size(&item);
    move(&item, STEP_SETTLED, 20501);
    size_t after = medhub__state__v1__scanned_item__get_packed_size(&item);
    assert_true(before <= 90);
    assert_true(after <= 45);
    assert_string_equal(item.holder, HOSPITAL); /* a recall still finds who used it */
    assert_string_equal(item.lot, "L1");
}

static void holdings_follow_from_what_each_side_says(void **state)
{
    LotHolding maker = MEDHUB__STATE__V1__LOT_HOLDING__INIT, hospital = MEDHUB__STATE__V1__LOT_HOLDING__INIT;
    struct trace_move made = move_on_day(STEP_COMMISSIONED, 1), sent = move_on_day(STEP_OUTBOUND, 2),
                      received = move_on_day(STEP_INBOUND, 3), bought = move_on_day(STEP_PURCHASED, 3),
                      used = move_on_day(STEP_USED, 4);
    (void)state;
    trace_add_to_holding(&hospital, &received); /* before the maker has said that it sent it */
    assert_int_equal(trace_on_the_way_e4(&hospital), -10000);
    trace_add_to_holding(&maker, &made);
    trace_add_to_holding(&maker, &sent);
    trace_add_sent_to(&hospital, &sent);
    trace_add_to_holding(&hospital, &bought); /* the same goods in the books */
    assert_int_equal(trace_at_hand_e4(&maker), 0);
    assert_int_equal(trace_at_hand_e4(&hospital), 10000);
    assert_int_equal(trace_on_the_way_e4(&hospital), 0);
    trace_add_to_holding(&hospital, &used);
    trace_add_to_holding(&hospital, &used);
    assert_int_equal(trace_at_hand_e4(&hospital), -10000);
}

static void names_of_rows_can_be_told_apart(void **state)
{
    struct arena *arena = arena_new(4096, 65536);
    (void)state;
    assert_string_equal(trace_holding_name(arena, "L1", HOSPITAL), "held/L1/" HOSPITAL);
    assert_string_equal(trace_holding_name(arena, "L/1%", ""), "held/L%2F1%25/");
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_item_goes_from_the_maker_to_a_patient),
        cmocka_unit_test(what_was_given_or_destroyed_is_not_moved_again),
        cmocka_unit_test(a_late_scan_counts_and_moves_nothing),
        cmocka_unit_test(sales_and_returns_add_up_in_any_order),
        cmocka_unit_test(a_part_of_a_pack_leaves_the_rest),
        cmocka_unit_test(a_settled_item_takes_few_bytes),
        cmocka_unit_test(holdings_follow_from_what_each_side_says),
        cmocka_unit_test(names_of_rows_can_be_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

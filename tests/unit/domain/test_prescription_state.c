/* The table of moves: what is possible where, for whom, and what follows. */
#include "domain/prescription_state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { STATUSES = PRESCRIPTION_APPROVED + 1 };

/* The specification, written down a second time: a column per status in the order of the numbers in
 * state.proto none uploaded reviewed claimed partly dispensed settled refused revoked expired returned
 * approved and who may: I issuer, D any dispenser, H holder, G who gave some, h hub, . nobody. */
static const char *const expected[PRESCRIPTION_MOVES] = {
    [MOVE_UPLOAD] = "I...........",         [MOVE_UPLOAD_REVIEWED] = "I...........",
    [MOVE_REVIEW_PASS] = ".I..........",    [MOVE_REVIEW_REFUSE] = ".I..........",
    [MOVE_CLAIM] = "..D.D.......",          [MOVE_APPROVE] = "...H........",
    [MOVE_APPROVE_REFUSE] = "...H.......H", [MOVE_RELEASE] = "...H.......H",
    [MOVE_LAPSE] = "...h.......h",          [MOVE_DISPENSE] = "...........H",
    [MOVE_RETURN] = "...GGGGGGG.G",         [MOVE_REVOKE] = ".IIII......I",
    [MOVE_EXPIRE] = ".hhhh......h",         [MOVE_SETTLE] = ".hhhhhhhhh.h",
    [MOVE_UNSETTLE] = ".hhhhhhhhhhh",
};

static void the_table_is_the_specification(void **state)
{
    static const char letters[] = {[PARTY_NONE] = '.',   [PARTY_ISSUER] = 'I', [PARTY_DISPENSER] = 'D',
                                   [PARTY_HOLDER] = 'H', [PARTY_GIVER] = 'G',  [PARTY_HUB] = 'h'};
    (void)state;
    for (enum prescription_move move = 0; move < PRESCRIPTION_MOVES; move++) {
        char found[STATUSES + 1] = "";
        for (int status = 0; status < STATUSES; status++) {
            PrescriptionState row = MEDHUB__STATE__V1__PRESCRIPTION__INIT;
            row.status = (PrescriptionStatus)status;
            found[status] = letters[prescription_mover(status == 0 ? NULL : &row, move)];
        }
        if (strcmp(found, expected[move]) != 0)
            fail_msg("%s: %s instead of %s", prescription_move_name(move), found, expected[move]);
    }
}

static void every_status_has_a_name_and_a_national_code(void **state)
{
    (void)state;
    for (int status = 0; status < STATUSES; status++) {
        const struct prescription_status_row *row = prescription_status_row((PrescriptionStatus)status);
        assert_int_equal(row->status, status);
        assert_string_not_equal(row->name, "unknown");
        assert_true(row->name_zh[0] != '\0');
    }
    assert_string_equal(prescription_status_row(PRESCRIPTION_CLAIMED)->national, "1");
    assert_string_equal(prescription_status_row(PRESCRIPTION_EXPIRED)->national, "2");
    assert_string_equal(prescription_status_row(PRESCRIPTION_REVOKED)->national, "3");
    assert_string_equal(prescription_status_row((PrescriptionStatus)99)->name, "unknown");
}

static void the_moves_that_are_possible_are_named(void **state)
{
    struct arena *arena = arena_new(4096, 65536), *full = arena_new(16, 16);
    PrescriptionState row = MEDHUB__STATE__V1__PRESCRIPTION__INIT;
    (void)state;
    row.status = PRESCRIPTION_UPLOADED;
    assert_string_equal(prescription_moves_possible(&row, arena),
                        "review: pass, review: refuse, revoke, expire, settle, unsettle");
    assert_string_equal(prescription_moves_possible(NULL, arena), "upload, upload reviewed");
    assert_string_equal(prescription_moves_possible(&row, full), "");
    arena_free(arena);
    arena_free(full);
}

/* --- what follows from the quantities --- */

struct fixture {
    PrescriptionState row;
    PrescriptionLineState line, *lines[1];
    Quantity prescribed, dispensed, returned, doses;
    DispensingState dispensing[2], *dispensings[2];
    PrescriptionSettlementState settlement, *settlements[1];
};

static int set_up(void **state)
{
    static struct fixture fixture;
    medhub__state__v1__prescription__init(&fixture.row);
    medhub__state__v1__prescription_line__init(&fixture.line);
    Quantity none = MEDHUB__COMMON__V1__QUANTITY__INIT;
    fixture.prescribed = fixture.dispensed = fixture.returned = fixture.doses = none;
    fixture.prescribed.e4 = 30000;
    fixture.line.prescribed = &fixture.prescribed;
    fixture.line.dispensed = &fixture.dispensed;
    fixture.line.returned = &fixture.returned;
    fixture.lines[0] = &fixture.line;
    fixture.row.lines = fixture.lines;
    fixture.row.n_lines = 1;
    for (size_t i = 0; i < 2; i++) {
        medhub__state__v1__prescription_dispensing__init(&fixture.dispensing[i]);
        fixture.dispensing[i].dispenser = lent("P1");
        fixture.dispensings[i] = &fixture.dispensing[i];
    }
    fixture.row.dispensings = fixture.dispensings;
    medhub__state__v1__prescription_settlement__init(&fixture.settlement);
    fixture.settlement.payee = lent("P1");
    fixture.settlements[0] = &fixture.settlement;
    fixture.row.settlements = fixture.settlements;
    *state = &fixture;
    return 0;
}

static PrescriptionStatus after(struct fixture *fixture, PrescriptionStatus before,
                                enum prescription_move move)
{
    fixture->row.status = before;
    fixture->row.claimed_by = lent("P1");
    prescription_move(&fixture->row, move);
    return fixture->row.status;
}

static void a_released_claim_leaves_it_open(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(after(fixture, PRESCRIPTION_CLAIMED, MOVE_RELEASE), PRESCRIPTION_REVIEWED);
    assert_string_equal(fixture->row.claimed_by, "");
    fixture->dispensed.e4 = 10000;
    fixture->row.n_dispensings = 1;
    assert_int_equal(after(fixture, PRESCRIPTION_APPROVED, MOVE_LAPSE), PRESCRIPTION_PARTLY_DISPENSED);
}

static void a_claim_lives_while_it_is_held(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(after(fixture, PRESCRIPTION_CLAIMED, MOVE_APPROVE), PRESCRIPTION_APPROVED);
    assert_string_equal(fixture->row.claimed_by, "P1");
    assert_int_equal(after(fixture, PRESCRIPTION_APPROVED, MOVE_SETTLE), PRESCRIPTION_APPROVED);
    assert_string_equal(fixture->row.claimed_by, "P1");
    assert_int_equal(after(fixture, PRESCRIPTION_APPROVED, MOVE_REVOKE), PRESCRIPTION_REVOKED);
    assert_string_equal(fixture->row.claimed_by, "");
}

static void quantities_say_how_far_it_is_dispensed(void **state)
{
    struct fixture *fixture = *state;
    fixture->row.n_dispensings = 1;
    fixture->dispensed.e4 = 29999;
    assert_int_equal(after(fixture, PRESCRIPTION_APPROVED, MOVE_DISPENSE), PRESCRIPTION_PARTLY_DISPENSED);
    fixture->dispensed.e4 = 30000;
    assert_int_equal(after(fixture, PRESCRIPTION_APPROVED, MOVE_DISPENSE), PRESCRIPTION_DISPENSED);
    fixture->doses.e4 = 70000; /* doses of TCM pieces are counted too */
    fixture->row.prescribed_doses = &fixture->doses;
    assert_int_equal(after(fixture, PRESCRIPTION_APPROVED, MOVE_DISPENSE), PRESCRIPTION_PARTLY_DISPENSED);
    fixture->row.dispensed_doses = &fixture->doses;
    assert_int_equal(after(fixture, PRESCRIPTION_APPROVED, MOVE_DISPENSE), PRESCRIPTION_DISPENSED);
}

static void returns_and_settlements_are_counted(void **state)
{
    struct fixture *fixture = *state;
    fixture->row.n_dispensings = 2;
    fixture->dispensed.e4 = 30000;
    fixture->row.n_settlements = 1;
    assert_int_equal(after(fixture, PRESCRIPTION_DISPENSED, MOVE_SETTLE), PRESCRIPTION_DISPENSED);
    fixture->row.n_dispensings = 1;
    assert_int_equal(after(fixture, PRESCRIPTION_DISPENSED, MOVE_SETTLE), PRESCRIPTION_SETTLED);
    fixture->returned.e4 = 10000;
    assert_int_equal(after(fixture, PRESCRIPTION_SETTLED, MOVE_RETURN), PRESCRIPTION_SETTLED);
    fixture->returned.e4 = 30000;
    assert_int_equal(after(fixture, PRESCRIPTION_SETTLED, MOVE_RETURN), PRESCRIPTION_RETURNED);
    assert_int_equal(after(fixture, PRESCRIPTION_EXPIRED, MOVE_RETURN), PRESCRIPTION_EXPIRED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_the_specification),
        cmocka_unit_test(every_status_has_a_name_and_a_national_code),
        cmocka_unit_test(the_moves_that_are_possible_are_named),
        cmocka_unit_test_setup(a_released_claim_leaves_it_open, set_up),
        cmocka_unit_test_setup(a_claim_lives_while_it_is_held, set_up),
        cmocka_unit_test_setup(quantities_say_how_far_it_is_dispensed, set_up),
        cmocka_unit_test_setup(returns_and_settlements_are_counted, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

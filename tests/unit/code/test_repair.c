#include "code_checks.h"

static void blanks_around_and_between_are_taken_away(void **state)
{
    struct checks *checks = *state;
    static const char *const texts[] = {" 6926347962617",
                                        "6926347962617\t\r",
                                        "6 926347 962617",
                                        "6-926347-962617",
                                        ("\xEF\xBB\xBF"
                                         "6926347962617"),
                                        "(01) 0 6926347 96261 7",
                                        " (01)06926347962617"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_repaired(checks, texts[i], CODE_REPAIR_SPACES, CODE_REPAIRED);
        assert_view(checks->code.di, "06926347962617");
    }
    assert_repaired(checks, "(01) 06926347962617 (10) A1  (21) B", CODE_REPAIR_SPACES, CODE_REPAIRED);
    assert_view(checks->code.lot, "A1");
    assert_false(parse(checks, "(10)A 1")); /* a blank within a lot is not in its character set */
}

static void a_blank_that_is_a_check_character_is_kept_and_restored(void **state)
{
    struct checks *checks = *state;
    char text[] = "+A999AZ01 "; /* modulo 43 is 38, the blank */
    assert_read(checks, text);
    assert_int_equal(checks->code.confidence, CODE_STRICT);
    text[9] = '\0';
    assert_repaired(checks, text, CODE_REPAIR_SPACES, CODE_REPAIRED);
}

static void full_width_characters_become_narrow(void **state)
{
    struct checks *checks = *state;
    assert_repaired(checks, "（01）06926347962617（10）A1", CODE_REPAIR_FULL_WIDTH, CODE_REPAIRED);
    assert_view(checks->code.lot, "A1");
    assert_repaired(checks, "６９２６３４７９６２６１７", CODE_REPAIR_FULL_WIDTH, CODE_REPAIRED);
}

static void case_is_put_right_where_only_one_is_allowed(void **state)
{
    struct checks *checks = *state;
    assert_repaired(checks, "+a123bjc5d6e71g", CODE_REPAIR_CASE, CODE_REPAIRED);
    assert_view(checks->code.di, "A123BJC5D6E71");
    assert_repaired(checks, "]D20106926347962617", CODE_REPAIR_CASE, CODE_REPAIRED);
    assert_repaired(checks, "Https://x/01/06926347962617", CODE_REPAIR_CASE, CODE_REPAIRED);
    assert_repaired(checks, "xj01caa040a001010100600", CODE_REPAIR_CASE, CODE_REPAIRED);
    assert_repaired(checks, "ma.156.m0.100350.01004ya10017.LA1", CODE_REPAIR_CASE, CODE_REPAIRED);
}

static void another_character_for_fnc1_is_seen(void **state)
{
    struct checks *checks = *state;
    static const char *const texts[] = {"010692634796261710LOT|21A",     "010692634796261710LOT 21A",
                                        "010692634796261710LOT~21A",     "010692634796261710LOT{GS}21A",
                                        "010692634796261710LOT\\x1d21A", "]d2010692634796261710LOT^21A"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_repaired(checks, texts[i], CODE_REPAIR_SEPARATOR_REPLACED, CODE_REPAIRED);
        assert_view(checks->code.lot, "LOT");
        assert_view(checks->code.serial, "A");
    }
    assert_repaired(checks, "]d2(01)06926347962617(10)A", CODE_REPAIR_SEPARATOR_REPLACED, CODE_REPAIRED);
    assert_false(parse(checks, "010692634796261710LOT|XY"));
}

static void a_lost_fnc1_is_found_where_a_value_is_too_long(void **state)
{
    struct checks *checks = *state;
    assert_repaired(checks, "]d201069263479626171012345678901ABCDEF21ABCDEF12345", CODE_REPAIR_SEPARATOR_LOST,
                    CODE_REPAIRED);
    assert_view(checks->code.lot, "12345678901ABCDEF");
    assert_view(checks->code.serial, "ABCDEF12345");
    assert_repaired(checks, "010692634796261710LOTLOTLOTLOTLOT17280131", CODE_REPAIR_SEPARATOR_LOST,
                    CODE_REPAIRED);
    assert_view(checks->code.lot, "LOTLOTLOTLOTLOT");
    assert_repaired(checks, "010692634796261710AB21CD21EFGHIJKLMNOPQRST", CODE_REPAIR_SEPARATOR_LOST,
                    CODE_GUESSED);
    assert_false(parse(checks, "]d2010692634796261710ABCDEFGHIJKLMNOPQRSTUVWXYZ"));
    checks->strict = true;
    assert_false(parse(checks, "]d201069263479626171012345678901ABCDEF21ABCDEF12345"));
}

static void a_lost_fnc1_is_doubted_where_the_text_is_right_without_it(void **state)
{
    struct checks *checks = *state;
    assert_read(checks, "010692634796261710LOT717280131");
    assert_int_equal(checks->code.confidence, CODE_STRICT);
    assert_view(checks->code.lot, "LOT717280131");
    assert_int_equal(checks->code.warnings[0].kind, CODE_SEPARATOR_DOUBTFUL);
    assert_read(checks, "010692634796261710LOT7");
    assert_int_equal(checks->code.warning_count, 0);
}

static void other_keyboards_are_recognised(void **state)
{
    struct checks *checks = *state;
    assert_repaired(checks, "à&à-çé-\"'èç-é-&è", CODE_REPAIR_KEYBOARD,
                    CODE_REPAIRED); /* AZERTY: 0106926347962617 */
    assert_view(checks->code.di, "06926347962617");
    assert_repaired(checks, ")01=06926347962617)10=AZ1", CODE_REPAIR_KEYBOARD, CODE_REPAIRED); /* QWERTZ */
    assert_view(checks->code.lot, "AY1");
    assert_repaired(checks, "+d20106926347962617", CODE_REPAIR_KEYBOARD, CODE_REPAIRED);
}

static void a_plain_carrier_makes_element_strings_a_guess(void **state)
{
    struct checks *checks = *state;
    assert_repaired(checks, "]C0010692634796261710A", CODE_REPAIR_SYMBOLOGY, CODE_GUESSED);
    checks->strict = true;
    assert_refused(checks, "]C0010692634796261710A", CODE_SYMBOLOGY, 0);
}

static void wrong_values_stay_wrong(void **state)
{
    struct checks *checks = *state;
    static const char *const texts[] = {
        " 6926347962618",  "(01)06926347962618",   "（01）06926347962618", "]D20106926347962618",
        "+A123BJC5D6E71H", "0106926347962618|10A", "(17)281331",           "(01)06926347962617(37)1 "};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_false(parse(checks, texts[i]));
}

static void the_error_is_that_of_the_text_as_it_came(void **state)
{
    struct checks *checks = *state;
    assert_refused(checks, " (10)A^", CODE_UNKNOWN, 0);
    assert_refused(checks, "(01)06926347962617(10)A^", CODE_CHARACTER, 23);
}

static void the_json_line_is_as_promised(void **state)
{
    struct checks *checks = *state;
    assert_json(
        checks, " (01)06926347962617(10)A\\(\"(17)280100(30)24",
        "{\"ok\":true,\"agency\":\"gs1\",\"form\":\"bracketed\",\"di\":\"06926347962617\",\"lot\":\"A(\\\"\","
        "\"expires_on\":\"2028-01\",\"expires_on_precision\":\"month\",\"quantity\":24,"
        "\"elements\":[{\"ai\":\"01\",\"value\":\"06926347962617\"},{\"ai\":\"10\",\"value\":\"A(\\\"\"},"
        "{\"ai\":\"17\",\"value\":\"280100\"},{\"ai\":\"30\",\"value\":\"24\"}],"
        "\"confidence\":\"repaired\",\"repairs\":[\"spaces\"],\"warnings\":[]}");
    assert_json(checks, "(10)A",
                "{\"ok\":true,\"agency\":\"gs1\",\"form\":\"bracketed\",\"lot\":\"A\",\"elements\":[{\"ai\":"
                "\"10\",\"value\":\"A\"}],"
                "\"confidence\":\"strict\",\"repairs\":[],\"warnings\":[\"code.companion_missing: 10 "
                "requires 01,02,03,8006,8026\"]}");
    assert_json(checks, "6926347962618",
                "{\"ok\":false,\"error\":\"code.check_digit\",\"at\":12,\"message\":\"wrong check "
                "digit\",\"message_zh\":\"校验位有误\"}");
}

static void everything_has_a_name(void **state)
{
    (void)state;
    for (int error = CODE_OK; error < CODE_ERRORS; error++) {
        assert_non_null(code_error_name((enum code_error)error));
        assert_non_null(code_error_text((enum code_error)error));
        assert_non_null(code_error_text_zh((enum code_error)error));
    }
    for (unsigned bit = 0; bit < CODE_REPAIRS; bit++)
        assert_non_null(code_repair_name(bit));
    assert_null(code_repair_name(CODE_REPAIRS));
    assert_string_equal(code_dictionary_release, "2026-01-27");
}

int main(void)
{
#define CHECK(test) cmocka_unit_test_setup_teardown(test, checks_begin, checks_end)
    const struct CMUnitTest tests[] = {
        CHECK(blanks_around_and_between_are_taken_away),
        CHECK(a_blank_that_is_a_check_character_is_kept_and_restored),
        CHECK(full_width_characters_become_narrow),
        CHECK(case_is_put_right_where_only_one_is_allowed),
        CHECK(another_character_for_fnc1_is_seen),
        CHECK(a_lost_fnc1_is_found_where_a_value_is_too_long),
        CHECK(a_lost_fnc1_is_doubted_where_the_text_is_right_without_it),
        CHECK(other_keyboards_are_recognised),
        CHECK(a_plain_carrier_makes_element_strings_a_guess),
        CHECK(wrong_values_stay_wrong),
        CHECK(the_error_is_that_of_the_text_as_it_came),
        CHECK(the_json_line_is_as_promised),
        CHECK(everything_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

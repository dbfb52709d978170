#include "code_checks.h"

/* --- forms --- */

static void reads_what_a_datamatrix_reader_sends(void **state)
{
    struct checks *checks = *state;
    assert_read(checks, "]d20106926347962617112601011728013110LOT7\x1d"
                        "21S-0001");
    assert_int_equal(checks->code.agency, CODE_AGENCY_GS1);
    assert_int_equal(checks->code.form, CODE_FORM_RAW);
    assert_int_equal(checks->code.confidence, CODE_STRICT);
    assert_int_equal(checks->code.element_count, 5);
    assert_view(checks->code.symbology, "]d2");
    assert_view(checks->code.di, "06926347962617");
    assert_view(checks->code.lot, "LOT7");
    assert_view(checks->code.serial, "S-0001");
    assert_date(&checks->code.made_on, "2026-01-01");
    assert_date(&checks->code.expires_on, "2028-01-31");
    assert_int_equal(checks->code.warning_count, 0);
}

static void values_lend_from_the_input(void **state)
{
    struct checks *checks = *state;
    static const char text[] = "]C1010692634796261710LOT7";
    assert_read(checks, text);
    assert_ptr_equal(checks->code.lot.data, text + 21);
}

static void fnc1_may_be_written_as_text(void **state)
{
    struct checks *checks = *state;
    assert_read(checks, "010692634796261710LOT7<GS>21S1");
    assert_view(checks->code.lot, "LOT7");
    assert_view(checks->code.serial, "S1");
    assert_int_equal(checks->code.confidence, CODE_STRICT);
    assert_refused(checks, "10A<GS>21B<GS>9", CODE_UNKNOWN_AI, 14);
}

static void all_prefixes_of_element_strings_are_known(void **state)
{
    struct checks *checks = *state;
    static const char *const prefixes[] = {"]C1", "]e0", "]d2", "]Q3", "]J1"};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        char text[32];
        (void)snprintf(text, sizeof text, "%s10A", prefixes[i]);
        assert_read(checks, text);
        assert_view(checks->code.symbology, prefixes[i]);
    }
    assert_refused(checks, "]k910A", CODE_SYMBOLOGY, 0);
    assert_refused(checks, "]d2", CODE_EMPTY, 3);
}

static void a_superfluous_fnc1_is_tolerated_two_are_not(void **state)
{
    struct checks *checks = *state;
    assert_read(checks, "\x1d"
                        "17280131\x1d"
                        "10A\x1d");
    assert_refused(checks,
                   "10A\x1d\x1d"
                   "21B",
                   CODE_UNKNOWN_AI, 4);
    assert_refused(checks, "\x1d", CODE_EMPTY, 1);
}

static void reads_bracketed_text(void **state)
{
    struct checks *checks = *state;
    assert_read(checks, "(01)06926347962617(17)280131(10)A\\(B)C\\(");
    assert_int_equal(checks->code.form, CODE_FORM_BRACKETED);
    assert_refused(checks, "(01)06926347962617(10)A\\(B^", CODE_CHARACTER, 26);
    assert_refused(checks, "(01)06926347962617(10", CODE_BRACKET, 19);
    assert_refused(checks, "(01)06926347962617(1)A", CODE_UNKNOWN_AI, 19);
    assert_refused(checks, "(10)", CODE_VALUE_SHORT, 4);
}

static void an_escaped_bracket_belongs_to_the_value(void **state)
{
    struct checks *checks = *state;
    assert_read(checks, "(10)A\\(1)(21)B");
    assert_view(checks->code.lot, "A(1)");
    assert_view(checks->code.serial, "B");
}

static void bare_gtins_are_padded(void **state)
{
    struct checks *checks = *state;
    static const char *const gtins[][2] = {
        {"6926347962617", "06926347962617"},    {"06926347962617", "06926347962617"},
        {"614141007349", "00614141007349"},     {"96385074", "00000096385074"},
        {"]E06926347962617", "06926347962617"}, {"]E496385074", "00000096385074"}};
    for (size_t i = 0; i < sizeof gtins / sizeof *gtins; i++) {
        assert_read(checks, gtins[i][0]);
        assert_int_equal(checks->code.form, CODE_FORM_GTIN);
        assert_view(checks->code.di, gtins[i][1]);
        assert_value(checks, "01", gtins[i][1]);
    }
    assert_refused(checks, "6926347962618", CODE_CHECK_DIGIT, 12);
    assert_refused(checks, "10614141007343", CODE_CHECK_DIGIT, 13); /* not a lot, "0614..." */
    assert_read(checks, "17280131");                                /* not a GTIN-8, but a date */
    assert_int_equal(checks->code.form, CODE_FORM_RAW);
}

static void a_composite_component_follows_its_bar(void **state)
{
    struct checks *checks = *state;
    assert_read(checks, "]E06926347962617|]e010LOT\x1d"
                        "21S");
    assert_view(checks->code.di, "06926347962617");
    assert_view(checks->code.lot, "LOT");
    assert_refused(checks, "]E06926347962617|]d210LOT", CODE_SYMBOLOGY, 16);
}

/* --- rules of values: one that is right and one that is not --- */

static const struct rule_case {
    const char *right, *wrong;
    enum code_error error;
} rule_cases[] = {
    {"(00)069014140000000010", "(00)069014140000000017", CODE_CHECK_DIGIT},
    {"(01)06926347962617", "(01)0692634796261A", CODE_CHARACTER},
    {"(01)06926347962617", "(01)0692634796261", CODE_VALUE_SHORT},
    {"(10)ABCDEFGHIJ1234567890", "(10)ABCDEFGHIJ12345678901", CODE_VALUE_LONG},
    {"(17)280200", "(17)280230", CODE_DATE},
    {"(17)280229", "(17)270229", CODE_DATE},
    {"(7003)2801312359", "(7003)2801002359", CODE_DATE},
    {"(7003)2801312359", "(7003)2801312460", CODE_TIME},
    {"(8008)280131235959", "(8008)280131235960", CODE_TIME},
    {"(7250)20000229", "(7250)19000229", CODE_DATE},
    {"(421)156ABC", "(421)157ABC", CODE_COUNTRY},
    {"(7030)999A", "(7030)998A", CODE_COUNTRY},
    {"(4307)CN", "(4307)XY", CODE_COUNTRY},
    {"(3912)1561299", "(3912)1551299", CODE_CURRENCY},
    {"(8007)DE89370400440532013000", "(8007)DE88370400440532013000", CODE_IBAN},
    {"(8013)1987654Ad4X4bL5ttr2310c2K", "(8013)1987654Ad4X4bL5ttr2310c2L", CODE_CHECK_PAIR},
    {"(8004)6926ABC", "(8004)69A6ABC", CODE_PREFIX},
    {"(8006)069263479626170102", "(8006)069263479626170302", CODE_PIECE},
    {"(8026)069263479626170102", "(8026)069263479626170002", CODE_PIECE},
    {"(8010)6926#-/9Z", "(8010)6926#-/9z", CODE_CHARACTER},
    {"(8011)1", "(8011)01", CODE_VALUE},
    {"(8003)06926347962617X", "(8003)16926347962617X", CODE_VALUE},
    {"(8001)12340123412190", "(8001)00000123412190", CODE_VALUE},
    {"(8001)12340123412190", "(8001)12340123412120", CODE_VALUE},
    {"(8030)aB-_", "(8030)aB+_", CODE_CHARACTER},
    {"(8030)aB-_0=", "(8030)aB-_=", CODE_PADDING},
    {"(4309)02790858483015297971", "(4309)18000000013015297971", CODE_POSITION},
    {"(4300)A%20B", "(4300)A%2", CODE_PERCENT},
    {"(4321)1", "(4321)2", CODE_VALUE},
    {"(4330)012345-", "(4330)012345+", CODE_VALUE},
    {"(7040)1ABC", "(7040)1AB*", CODE_VALUE},
    {"(7041)BX", "(7041)BXX", CODE_VALUE},
    {"(7241)01", "(7241)11", CODE_VALUE},
    {"(7252)9", "(7252)3", CODE_VALUE},
    {"(7258)2/3", "(7258)3/2", CODE_SEQUENCE},
    {"(8014)1987654Ad4X4bL5ttr2310c2K", "(8014)2", CODE_CHECK_PAIR},
    {"(8110)106141416543213150110120", "(8110)106141416543213150110", CODE_COUPON},
    {"(8112)001234561234560123456", "(8112)201234561234560123456", CODE_COUPON},
};

static void values_are_held_against_their_rules(void **state)
{
    struct checks *checks = *state;
    for (size_t i = 0; i < sizeof rule_cases / sizeof *rule_cases; i++) {
        assert_read(checks, rule_cases[i].right);
        if (parse(checks, rule_cases[i].wrong) || checks->code.error != rule_cases[i].error)
            fail_msg("%s: %s", rule_cases[i].wrong, code_error_name(checks->code.error));
    }
}

/* --- several elements --- */

static void identifiers_that_exclude_each_other_are_refused(void **state)
{
    struct checks *checks = *state;
    assert_refused(checks, "(01)06926347962617(37)5", CODE_EXCLUDED, 22);
    assert_refused(checks, "(21)A(235)B(01)06926347962617", CODE_EXCLUDED, 10);
    assert_refused(checks, "(3102)123456(3103)123456", CODE_EXCLUDED, 18);
    assert_read(checks, "(3102)123456(3112)123456");
}

static void the_same_identifier_twice_must_say_the_same(void **state)
{
    struct checks *checks = *state;
    assert_read(checks, "(10)A(01)06926347962617(10)A");
    assert_refused(checks, "(10)A(01)06926347962617(10)B", CODE_REPEATED, 27);
}

static void a_missing_companion_is_a_warning(void **state)
{
    struct checks *checks = *state;
    assert_read(checks, "(10)A");
    assert_int_equal(checks->code.warning_count, 1);
    assert_string_equal(checks->code.warnings[0].ai, "10");
    assert_string_equal(checks->code.warnings[0].missing, "01,02,03,8006,8026");
    assert_read(checks, "(02)06926347962617"); /* its count */
    assert_int_equal(checks->code.warning_count, 1);
    assert_read(checks, "(00)069014140000000010(02)06926347962617(37)24");
    assert_int_equal(checks->code.warning_count, 0);
    assert_int_equal(checks->code.quantity, 24);
    assert_read(checks, "(7004)12(01)06926347962617"); /* 01+10 as a group */
    assert_int_equal(checks->code.warning_count, 1);
    assert_read(checks, "(250)X(01)06926347962617"); /* two requirements, one of them met */
    assert_string_equal(checks->code.warnings[0].missing, "21");
}

static void a_signature_needs_a_key_with_a_serial(void **state)
{
    struct checks *checks = *state;
    assert_read(checks, "(253)6926347962617(8030)abc");
    assert_int_equal(checks->code.warnings[0].kind, CODE_SIGNATURE_UNSERIALISED);
    assert_read(checks, "(253)6926347962617X(8030)abc");
    assert_int_equal(checks->code.warning_count, 0);
}

static void more_elements_than_fit_are_refused(void **state)
{
    struct checks *checks = *state;
    char text[512] = "";
    for (size_t i = 0; i < CODE_ELEMENTS_MAX; i++)
        strcat(text, "(90)A");
    assert_read(checks, text);
    assert_int_equal(checks->code.element_count, CODE_ELEMENTS_MAX);
    strcat(text, "(90)A");
    assert_refused(checks, text, CODE_TOO_MANY, CODE_ELEMENTS_MAX * 5 + 4);
}

/* --- dates --- */

static void the_century_is_the_nearest(void **state)
{
    struct checks *checks = *state;
    static const char *const dates[][2] = {
        {"(17)770101", "1977-01-01"}, {"(17)760101", "2076-01-01"}, {"(17)260101", "2026-01-01"}};
    for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
        assert_read(checks, dates[i][0]);
        assert_date(&checks->code.expires_on, dates[i][1]);
    }
    struct code_options options = {.current_year = 2060};
    assert_true(code_parse(bytes_of("(17)100101"), &options, checks->arena, &checks->code));
    assert_date(&checks->code.expires_on, "2110-01-01");
}

static void dates_say_how_exact_they_are(void **state)
{
    struct checks *checks = *state;
    assert_read(checks, "(17)280200(11)260131");
    assert_date(&checks->code.expires_on, "2028-02");
    assert_int_equal(checks->code.expires_on.precision, CODE_MONTH);
    assert_read(checks, "(7003)2801312359");
    assert_date(&checks->code.expires_on, "2028-01-31T23:59");
    assert_read(checks, "(8008)26013108");
    assert_date(&checks->code.made_on, "2026-01-31T08");
}

static void implied_decimals_become_a_number(void **state)
{
    struct checks *checks = *state;
    static const char *const numbers[][3] = {
        {"(3103)001750", "3103", "1.750"},   {"(3100)001750", "3100", "1750"},
        {"(3105)000001", "3105", "0.00001"}, {"(3922)1299", "3922", "12.99"},
        {"(3933)1561", "3933", "0.001"},     {"(3912)1561299", "3912", "12.99"}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        char text[32];
        assert_read(checks, numbers[i][0]);
        assert_true(code_decimal(code_find(&checks->code, numbers[i][1]), text, sizeof text));
        assert_string_equal(text, numbers[i][2]);
    }
    assert_read(checks, "(10)1");
    char text[8];
    assert_false(code_decimal(code_find(&checks->code, "10"), text, sizeof text));
}

/* --- limits --- */

static void long_and_empty_input_is_refused_by_name(void **state)
{
    struct checks *checks = *state;
    static char text[CODE_BYTES_MAX + 2];
    assert_refused(checks, "", CODE_EMPTY, 0);
    memset(text, '9', sizeof text - 1);
    assert_refused(checks, text, CODE_TOO_LONG, CODE_BYTES_MAX);
    text[CODE_BYTES_MAX] = '\0';
    assert_refused(checks, text, CODE_VALUE_LONG, 92);
}

static void without_an_arena_what_needs_no_copy_is_read(void **state)
{
    struct checks *checks = *state;
    struct code_options options = {.current_year = YEAR, .strict = true};
    assert_true(code_parse(bytes_of("(01)06926347962617(10)A"), &options, NULL, &checks->code));
    assert_false(code_parse(bytes_of("(10)A\\(B"), &options, NULL, &checks->code));
    assert_int_equal(checks->code.error, CODE_ARENA_FULL);
}

/* --- real identifiers --- */

static void real_device_identifiers_are_read(void **state)
{
    struct checks *checks = *state;
    FILE *file = fopen("ops/data/gudid_devices.csv", "r");
    char line[4096];
    size_t read = 0;

    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        size_t digits = strspn(line, "0123456789");
        if (digits != 14)
            continue;
        line[digits] = '\0';
        char text[32];
        (void)snprintf(text, sizeof text, "]d201%.14s", line);
        assert_int_equal(parse(checks, text), code_check_digit_ok(bytes_of(line)));
        read++;
    }
    (void)fclose(file);
    assert_true(read > 1000);
}

int main(void)
{
#define CHECK(test) cmocka_unit_test_setup_teardown(test, checks_begin, checks_end)
    const struct CMUnitTest tests[] = {
        CHECK(reads_what_a_datamatrix_reader_sends),
        CHECK(values_lend_from_the_input),
        CHECK(fnc1_may_be_written_as_text),
        CHECK(all_prefixes_of_element_strings_are_known),
        CHECK(a_superfluous_fnc1_is_tolerated_two_are_not),
        CHECK(reads_bracketed_text),
        CHECK(an_escaped_bracket_belongs_to_the_value),
        CHECK(bare_gtins_are_padded),
        CHECK(a_composite_component_follows_its_bar),
        CHECK(values_are_held_against_their_rules),
        CHECK(identifiers_that_exclude_each_other_are_refused),
        CHECK(the_same_identifier_twice_must_say_the_same),
        CHECK(a_missing_companion_is_a_warning),
        CHECK(a_signature_needs_a_key_with_a_serial),
        CHECK(more_elements_than_fit_are_refused),
        CHECK(the_century_is_the_nearest),
        CHECK(dates_say_how_exact_they_are),
        CHECK(implied_decimals_become_a_number),
        CHECK(long_and_empty_input_is_refused_by_name),
        CHECK(without_an_arena_what_needs_no_copy_is_read),
        CHECK(real_device_identifiers_are_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

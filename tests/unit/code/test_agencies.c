#include "code_checks.h"

/* --- HIBC --- */

static void hibc_primary_gives_the_di_without_plus_and_check(void **state)
{
    struct checks *checks = *state;
    assert_read(checks, "+A123BJC5D6E71G");
    assert_int_equal(checks->code.agency, CODE_AGENCY_HIBC);
    assert_int_equal(checks->code.form, CODE_FORM_PRIMARY);
    assert_view(checks->code.di, "A123BJC5D6E71");
    assert_read(checks, "*+A123BJC5D6E71G*");
    assert_view(checks->code.di, "A123BJC5D6E71");
    assert_refused(checks, "+A123BJC5D6E71H", CODE_CHECK_CHARACTER, 14);
    assert_refused(checks, "+A1", CODE_STRUCTURE, 0);
    assert_refused(checks, "+A123^", CODE_CHARACTER, 5);
}

static void hibc_secondary_alone_has_no_di(void **state)
{
    struct checks *checks = *state;
    assert_read(checks, "+$$52001510X3GD");
    assert_int_equal(checks->code.form, CODE_FORM_SECONDARY);
    assert_view(checks->code.di, NULL);
    assert_view(checks->code.lot, "10X3");
    assert_date(&checks->code.expires_on, "2020-01-15");
    assert_value(checks, "LINK", "G");
}

/* With the check character that belongs to it. */
static void read_checked(struct checks *checks, const char *text)
{
    static const char characters[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. $/+%";
    char whole[128];
    size_t sum = 0, length = strlen(text);
    for (size_t i = 0; i < length; i++)
        sum += (size_t)(strchr(characters, text[i]) - characters);
    memcpy(whole, text, length);
    whole[length] = characters[sum % 43];
    whole[length + 1] = '\0';
    checks->strict = true;
    buffer_clear(&checks->said);
    buffer_append(&checks->said, whole, length + 1);
    (void)parse_bytes(checks, buffer_bytes(&checks->said));
}

static void hibc_dates_and_quantities_in_all_their_forms(void **state)
{
    struct checks *checks = *state;
    static const struct {
        const char *text, *date, *lot, *serial;
        int64_t quantity;
    } cases[] = {
        {"+A99912345/$$0928L1", "2028-09", "L1", NULL, -1}, /* MMYY; its first digit is no selector */
        {"+A99912345/$$1228L1", "2028-12", "L1", NULL, -1},
        {"+A99912345/$$2093028L1", "2028-09-30", "L1", NULL, -1}, /* MMDDYY */
        {"+A99912345/$$3280930L1", "2028-09-30", "L1", NULL, -1}, /* YYMMDD */
        {"+A99912345/$$428093013L1", "2028-09-30T13", "L1", NULL, -1},
        {"+A99912345/$$528060L1", "2028-02-29", "L1", NULL, -1}, /* YYJJJ */
        {"+A99912345/$$62806013L1", "2028-02-29T13", "L1", NULL, -1},
        {"+A99912345/$$7L1", "", "L1", NULL, -1},
        {"+A99912345/$$+3280930S1", "2028-09-30", NULL, "S1", -1},
        {"+A99912345/$$+7S1", "", NULL, "S1", -1},
        {"+A99912345/$$8243280930L1", "2028-09-30", "L1", NULL, 24},
        {"+A99912345/$$9001007L1", "", "L1", NULL, 100},
        {"+A99912345/$L1", "", "L1", NULL, -1},
        {"+A99912345/$+S1", "", NULL, "S1", -1},
        {"+A99912345/28060L1", "2028-02-29", "L1", NULL, -1},
        {"+A99912345/$$3280930L1/S77/Q12/16D20260102", "2028-09-30", "L1", "77", 12},
        {"+A99912345/14D20280930/SX1", "2028-09-30", NULL, "X1", -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        read_checked(checks, cases[i].text);
        if (checks->code.error != CODE_OK)
            fail_msg("%s: %s at %zu", cases[i].text, code_error_name(checks->code.error), checks->code.at);
        assert_int_equal(checks->code.form, CODE_FORM_CONCATENATED);
        assert_view(checks->code.di, "A99912345");
        assert_date(&checks->code.expires_on, cases[i].date);
        assert_view(checks->code.lot, cases[i].lot);
        assert_view(checks->code.serial, cases[i].serial);
        assert_int_equal(checks->code.quantity, cases[i].quantity);
    }
    assert_date(&checks->code.made_on, "");
}

static void hibc_that_is_built_wrong_is_refused(void **state)
{
    struct checks *checks = *state;
    static const struct {
        const char *text;
        enum code_error error;
    } cases[] = {
        {"+A99912345/$$3281330L1", CODE_DATE},
        {"+A99912345/$$529366L1", CODE_DATE},
        {"+A99912345/$$428093024L1", CODE_TIME},
        {"+A99912345/$1234567890123456789", CODE_VALUE_LONG},
        {"+A9991234X/$L1", CODE_STRUCTURE},
        {"+A99912345/XYZ", CODE_STRUCTURE},
        {"+A99912345678901234567890", CODE_STRUCTURE},
        {"+A99912345/14D20281330", CODE_DATE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        read_checked(checks, cases[i].text);
        if (checks->code.error != cases[i].error)
            fail_msg("%s: %s", cases[i].text, code_error_name(checks->code.error));
    }
}

/* --- MA --- */

static void ma_is_read_in_groups_of_any_order(void **state)
{
    struct checks *checks = *state;
    assert_read(checks, "MA.156.M0.100350.01004YA10017.SLMSAGAAAC.M210628.LAY21062803.E220628.V220627.C3");
    assert_int_equal(checks->code.agency, CODE_AGENCY_MA);
    assert_view(checks->code.di, "MA.156.M0.100350.01004YA10017");
    assert_view(checks->code.lot, "AY21062803");
    assert_view(checks->code.serial, "LMSAGAAAC");
    assert_date(&checks->code.made_on, "2021-06-28");
    assert_date(&checks->code.expires_on, "2022-06-27");
    assert_int_equal(checks->code.warning_count, 0);
    assert_read(checks, "MA.156.M0.100350.01004YA10017.E20280131.P20260102");
    assert_date(&checks->code.expires_on, "2028-01-31");
    assert_date(&checks->code.made_on, "2026-01-02");
}

static void ma_check_digits_only_warn(void **state)
{
    struct checks *checks = *state;
    assert_read(checks, "MA.156.M0.100350.01004YA10018.LA.C1");
    assert_int_equal(checks->code.warnings[0].kind, CODE_CHECK_DOUBTFUL);
}

static void ma_is_refused_where_it_is_not_built_right(void **state)
{
    struct checks *checks = *state;
    assert_refused(checks, "MA.156.M0.100350", CODE_STRUCTURE, 16);
    assert_refused(checks, "MA.15.M0.100350.01004YA10017", CODE_STRUCTURE, 3);
    assert_refused(checks, "MA.156.M0.100350.01004YA10017.X1", CODE_STRUCTURE, 30);
    assert_refused(checks, "MA.156.M0.100350.01004YA10017.M210631", CODE_DATE, 31);
    assert_refused(checks, "MA.156.M0.100350.01004YA10017.L", CODE_VALUE_SHORT, 31);
    assert_refused(checks, "MA.156.M0.100350.01004YA10017.LA.LB", CODE_REPEATED, 33);
}

static void ma_comes_as_xml_and_in_links_too(void **state)
{
    struct checks *checks = *state;
    assert_read(
        checks,
        "<UDI "
        "IAC=\"MA\"><DI>MA.156.M0.100350.01004YA10017</DI><SN>S1</SN><LOT>A1</LOT><EXP>280131</EXP></UDI>");
    assert_int_equal(checks->code.form, CODE_FORM_XML);
    assert_view(checks->code.serial, "S1");
    assert_view(checks->code.lot, "A1");
    assert_read(checks, "http://www.x.cn/?code=MA.156.M0.100350.01004YA10017.LA1");
    assert_int_equal(checks->code.form, CODE_FORM_LINK);
    assert_view(checks->code.lot, "A1");
}

/* --- the others --- */

static void ahm_fields_follow_the_di(void **state)
{
    struct checks *checks = *state;
    assert_read(checks, "MF1234567890123BN2021*MD210628SN77*PL1ED280131");
    assert_int_equal(checks->code.agency, CODE_AGENCY_AHM);
    assert_view(checks->code.di, "1234567890123");
    assert_view(checks->code.lot, "2021");
    assert_view(checks->code.serial, "77");
    assert_date(&checks->code.made_on, "2021-06-28");
    assert_date(&checks->code.expires_on, "2028-01-31");
    assert_refused(checks, "MF12345*XX1", CODE_STRUCTURE, 8);
    assert_refused(checks, "MF12345*MD210631", CODE_DATE, 10);
}

static void isbt128_structures_follow_one_another(void **state)
{
    struct checks *checks = *state;
    assert_read(checks, "=/A9999XYZ100T0476=,000025=A99972312345600=>025032=}023032&,1000000000000XYZ123");
    assert_int_equal(checks->code.agency, CODE_AGENCY_ISBT128);
    assert_view(checks->code.di, "A9999XYZ100T0476");
    assert_view(checks->code.serial, "000025");
    assert_view(checks->code.lot, "000000000000XYZ123");
    assert_value(checks, "DIN", "A99972312345600");
    assert_date(&checks->code.expires_on, "2025-02-01");
    assert_date(&checks->code.made_on, "2023-02-01");
    assert_read(checks, "&>0250321359");
    assert_date(&checks->code.expires_on, "2025-02-01T13:59");
    assert_refused(checks, "=>025366", CODE_DATE, 2);
    assert_refused(checks, "=/A9999", CODE_VALUE_SHORT, 7);
    assert_refused(checks, "=^", CODE_STRUCTURE, 0);
}

static void drug_trace_codes_are_seven_and_thirteen_digits(void **state)
{
    struct checks *checks = *state;
    assert_read(checks, "83857930000879766660");
    assert_int_equal(checks->code.agency, CODE_AGENCY_DRUG20);
    assert_view(checks->code.di, "8385793");
    assert_view(checks->code.serial, "0000879766660");
    assert_read(checks, "]C083857930000879766660");
    assert_int_equal(checks->code.agency, CODE_AGENCY_DRUG20);
    assert_false(parse(checks, "8385793000087976666"));
    assert_read(checks, "]C180046926123412341234"); /* announced as element strings */
    assert_int_equal(checks->code.agency, CODE_AGENCY_GS1);
    assert_read(checks, "80030692634796261777"); /* a right check digit within */
    assert_int_equal(checks->code.agency, CODE_AGENCY_GS1);
    assert_int_equal(checks->code.warnings[0].kind, CODE_AMBIGUOUS);
}

static void national_codes_are_known_by_their_build(void **state)
{
    struct checks *checks = *state;
    assert_read(checks, "XJ01CAA040A001010100600");
    assert_int_equal(checks->code.agency, CODE_AGENCY_NHSA);
    assert_int_equal(checks->code.form, CODE_FORM_DRUG);
    assert_read(checks, "ZA04CAE0023010100166");
    assert_int_equal(checks->code.form, CODE_FORM_DRUG);
    assert_read(checks, "C0303020100100100001");
    assert_int_equal(checks->code.form, CODE_FORM_CONSUMABLE);
    assert_refused(checks, "XJ01CAA040A00101010060", CODE_STRUCTURE, 0);
    assert_refused(checks, "HELLO", CODE_UNKNOWN, 0);
}

int main(void)
{
#define CHECK(test) cmocka_unit_test_setup_teardown(test, checks_begin, checks_end)
    const struct CMUnitTest tests[] = {
        CHECK(hibc_primary_gives_the_di_without_plus_and_check),
        CHECK(hibc_secondary_alone_has_no_di),
        CHECK(hibc_dates_and_quantities_in_all_their_forms),
        CHECK(hibc_that_is_built_wrong_is_refused),
        CHECK(ma_is_read_in_groups_of_any_order),
        CHECK(ma_check_digits_only_warn),
        CHECK(ma_is_refused_where_it_is_not_built_right),
        CHECK(ma_comes_as_xml_and_in_links_too),
        CHECK(ahm_fields_follow_the_di),
        CHECK(isbt128_structures_follow_one_another),
        CHECK(drug_trace_codes_are_seven_and_thirteen_digits),
        CHECK(national_codes_are_known_by_their_build),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

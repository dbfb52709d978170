#include "code_checks.h"

static void reads_keys_qualifiers_and_attributes(void **state)
{
    struct checks *checks = *state;
    assert_read(
        checks,
        "https://id.gs1.org/01/06926347962617/22/2A/10/AB%2FC/21/12%22?17=280131&3103=000195&linkType=x&a#f");
    assert_int_equal(checks->code.form, CODE_FORM_DIGITAL_LINK);
    assert_view(checks->code.di, "06926347962617");
    assert_view(checks->code.lot, "AB/C");
    assert_view(checks->code.serial, "12\"");
    assert_value(checks, "22", "2A");
    assert_value(checks, "3103", "000195");
    assert_date(&checks->code.expires_on, "2028-01-31");
    assert_int_equal(checks->code.element_count, 6);
}

static void any_stem_will_do_and_the_rightmost_key_counts(void **state)
{
    struct checks *checks = *state;
    assert_read(checks, "HTTP://EXAMPLE.COM:8080/a/01/b/01/06926347962617/21/A");
    assert_view(checks->code.serial, "A");
    assert_read(checks, "http://x/00/069014140000000010");
    assert_value(checks, "00", "069014140000000010");
}

static void plus_is_a_plus_in_the_path_and_a_blank_in_the_query(void **state)
{
    struct checks *checks = *state;
    assert_read(checks, "https://x/01/06926347962617/10/A+B");
    assert_view(checks->code.lot, "A+B");
    assert_refused(checks, "https://x/01/06926347962617?240=A+B", CODE_CHARACTER, 33);
}

static void links_are_refused_by_name(void **state)
{
    struct checks *checks = *state;
    static const struct {
        const char *text;
        enum code_error error;
    } links[] = {
        {"https:///01/06926347962617", CODE_LINK},
        {"https://x", CODE_LINK},
        {"https://x_y/01/06926347962617", CODE_LINK},
        {"https://x/", CODE_LINK_KEY},
        {"https://x/01/06926347962617/", CODE_LINK_KEY},
        {"https://x/10/A", CODE_LINK_KEY},
        {"https://x/01/06926347962618", CODE_CHECK_DIGIT},
        {"https://x/01/06926347962617|", CODE_CHARACTER},
        {"https://x/01/06926347962617/21/B/10/A", CODE_LINK_PATH},
        {"https://x/01/06926347962617/10/A/235/B", CODE_LINK_PATH},
        {"https://x/01/06926347962617/10/", CODE_VALUE_SHORT},
        {"https://x/01/06926347962617?10=A", CODE_LINK_ATTRIBUTE},
        {"https://x/01/06926347962617/235/X?21=A", CODE_LINK_ATTRIBUTE},
        {"https://x/01/06926347962617?7040=1ABC", CODE_LINK_ATTRIBUTE},
        {"https://x/01/06926347962617?17=280131&17=280131", CODE_REPEATED},
        {"https://x/01/06926347962617?17=", CODE_VALUE_SHORT},
        {"https://x/01/06926347962617?9=1", CODE_UNKNOWN_AI},
        {"https://x/01/06926347962617?37=5", CODE_EXCLUDED},
        {"https://x/01/06926347962617/10/A%00B", CODE_CHARACTER},
        {"https://x/01/6926347962617", CODE_LINK_SHORT_GTIN},
        {"https://x/01/614141007349/10/A", CODE_LINK_SHORT_GTIN},
        {"https://x/01/96385074", CODE_LINK_SHORT_GTIN},
        {"https://x/gtin/06926347962617", CODE_LINK_WORD},
        {"https://x/01/06926347962617/lot/A", CODE_LINK_WORD},
        {"https://x/AQnYUc1gmiERBhQ0ytiyZuBnrA", CODE_LINK_COMPRESSED},
        {"https://x/01/06926347962617/EREyIkQ0ytiy", CODE_LINK_COMPRESSED},
    };
    for (size_t i = 0; i < sizeof links / sizeof *links; i++)
        if (parse(checks, links[i].text) || checks->code.error != links[i].error)
            fail_msg("%s: %s", links[i].text, code_error_name(checks->code.error));
}

/* --- canonical --- */

static void every_form_of_a_code_has_one_canonical_link(void **state)
{
    struct checks *checks = *state;
    static const char canonical[] =
        "https://id.gs1.org/01/06926347962617/22/2A/10/A%2FB/21/1%22?11=260101&17=280131&240=%28x%29";
    static const char *const forms[] = {
        "(01)06926347962617(240)\\(x)(17)280131(11)260101(21)1\"(22)2A(10)A/B",
        "]d2010692634796261710A/B\x1d"
        "211\"\x1d"
        "222A\x1d"
        "240(x)\x1d"
        "1126010117280131",
        "http://x.cn/p/01/06926347962617/22/2A/10/A%2fB/21/1%22?240=(x)&17=280131&11=260101&x=y",
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        assert_canonical(checks, forms[i], canonical);
}

static void the_key_with_most_in_the_path_is_taken(void **state)
{
    struct checks *checks = *state;
    assert_canonical(checks, "(00)069014140000000010(01)06926347962617(10)A",
                     "https://id.gs1.org/01/06926347962617/10/A?00=069014140000000010");
    assert_canonical(checks, "(01)06926347962617(00)069014140000000010",
                     "https://id.gs1.org/00/069014140000000010?01=06926347962617");
    assert_canonical(checks, "(01)06926347962617(235)X(10)A",
                     "https://id.gs1.org/01/06926347962617/235/X?10=A");
    assert_canonical(checks, "(10)A(01)06926347962617(10)A", "https://id.gs1.org/01/06926347962617/10/A");
    assert_canonical(checks, "(414)6926347962617(254)A/B", "https://id.gs1.org/414/6926347962617/254/A%2FB");
    assert_canonical(checks, "6926347962617", "https://id.gs1.org/01/06926347962617");
}

static void what_has_no_place_in_a_link_is_refused(void **state)
{
    struct checks *checks = *state;
    static const char *const texts[] = {"(10)A",
                                        "(03)06926347962617(21)A",
                                        "(01)06926347962617(7040)1ABC",
                                        "(8006)069263479626170102(235)A",
                                        "+A123BJC5D6E71G",
                                        "83857930000879766660"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        assert_read(checks, texts[i]);
        buffer_clear(&checks->said);
        assert_false(code_canonical(&checks->code, &checks->said));
        assert_int_equal(checks->code.error, CODE_NO_LINK);
        assert_int_equal(checks->said.length, 0);
    }
}

/* --- URN --- */

static void assert_urn(struct checks *checks, unsigned length, const char *text, const char *expected)
{
    struct code_prefixes prefixes = {.length = length};
    assert_read(checks, text);
    buffer_clear(&checks->said);
    if (!code_urn(&checks->code, &prefixes, &checks->said))
        fail_msg("%s: %s", text, code_error_name(checks->code.error));
    assert_string_equal(buffer_text(&checks->said), expected);
}

/* The examples of the EPC Tag Data Standard, 6.3. */
static void keys_become_urns(void **state)
{
    struct checks *checks = *state;
    assert_urn(checks, 7, "(01)80614141123458(21)6789", "urn:epc:id:sgtin:0614141.812345.6789");
    assert_urn(checks, 7, "(01)80614141123458(10)998877", "urn:epc:class:lgtin:0614141.812345.998877");
    assert_urn(checks, 7, "(01)80614141123458", "urn:epc:idpat:sgtin:0614141.812345.*");
    assert_urn(checks, 7, "(00)106141412345678908", "urn:epc:id:sscc:0614141.1234567890");
    assert_urn(checks, 7, "(414)0614141123452(254)5678", "urn:epc:id:sgln:0614141.12345.5678");
    assert_urn(checks, 7, "(414)0614141123452", "urn:epc:id:sgln:0614141.12345.0");
    assert_urn(checks, 7, "(8003)006141411234525678", "urn:epc:id:grai:0614141.12345.5678");
    assert_urn(checks, 7, "(8003)00614141123452", "urn:epc:idpat:grai:0614141.12345.*");
    assert_urn(checks, 7, "(8004)061414112345400", "urn:epc:id:giai:0614141.12345400");
    assert_urn(checks, 7, "(8018)061414112345678902", "urn:epc:id:gsrn:0614141.1234567890");
    assert_urn(checks, 7, "(8017)061414112345678902", "urn:epc:id:gsrnp:0614141.1234567890");
    assert_urn(checks, 7, "(253)06141411234525678", "urn:epc:id:gdti:0614141.12345.5678");
    assert_urn(checks, 7, "(255)061414112345204711", "urn:epc:id:sgcn:0614141.12345.04711");
    assert_urn(checks, 7, "(8010)061414112345(8011)1234", "urn:epc:id:cpi:0614141.12345.1234");
    assert_urn(checks, 7, "(8006)806141411234580102(21)9876", "urn:epc:id:itip:0614141.812345.01.02.9876");
    assert_urn(checks, 7, "(417)0614141123452", "urn:epc:id:pgln:0614141.12345");
    assert_urn(checks, 7, "(01)80614141123458(21)a/%&\"", "urn:epc:id:sgtin:0614141.812345.a%2F%25%26%22");
    assert_urn(checks, 12, "(414)0614141123452", "urn:epc:id:sgln:061414112345..0");
}

static void prefixes_of_china_are_known_others_are_given(void **state)
{
    struct checks *checks = *state;
    static const struct code_prefix rows[] = {{"06", 6}, {"0614", 7}};
    struct code_prefixes prefixes = {.rows = rows, .count = 2};

    assert_urn(checks, 0, "6901234567892", "urn:epc:idpat:sgtin:6901234.056789.*");
    assert_urn(checks, 0, "6926347962617", "urn:epc:idpat:sgtin:69263479.06261.*");
    assert_read(checks, "(01)80614141123458");
    assert_true(code_urn(&checks->code, &prefixes, &checks->said));
    assert_false(code_urn(&checks->code, &code_prefixes_shipped, &checks->said));
    assert_int_equal(checks->code.error, CODE_PREFIX_LENGTH);
    assert_read(checks, "(8013)1987654Ad4X4bL5ttr2310c2K");
    assert_false(code_urn(&checks->code, &prefixes, &checks->said));
    assert_int_equal(checks->code.error, CODE_NO_URN);
}

int main(void)
{
#define CHECK(test) cmocka_unit_test_setup_teardown(test, checks_begin, checks_end)
    const struct CMUnitTest tests[] = {
        CHECK(reads_keys_qualifiers_and_attributes),
        CHECK(any_stem_will_do_and_the_rightmost_key_counts),
        CHECK(plus_is_a_plus_in_the_path_and_a_blank_in_the_query),
        CHECK(links_are_refused_by_name),
        CHECK(every_form_of_a_code_has_one_canonical_link),
        CHECK(the_key_with_most_in_the_path_is_taken),
        CHECK(what_has_no_place_in_a_link_is_refused),
        CHECK(keys_become_urns),
        CHECK(prefixes_of_china_are_known_others_are_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

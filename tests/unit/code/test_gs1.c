#include "code/drug_trace.h"
#include "code/gs1.h"

#include "base/csv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { YEAR = 2026 };

static struct gs1_scan scan;

static bool parse(const char *text)
{
    return gs1_parse(bytes_of(text), YEAR, &scan);
}

static void assert_value(const char *code, const char *expected)
{
    const struct gs1_element *element = gs1_find(&scan, code);
    assert_non_null(element);
    assert_true(bytes_equal_text(element->value, expected));
}

static void assert_refused(const char *text, enum gs1_error error, size_t offset)
{
    assert_false(parse(text));
    assert_string_equal(gs1_error_name(scan.error), gs1_error_name(error));
    assert_int_equal(scan.error_offset, offset);
}

static void reads_what_a_datamatrix_reader_sends(void **state)
{
    (void)state;
    assert_true(parse("]d20106926347962617112601011728013110LOT7\x1d"
                      "21S-0001"));
    assert_int_equal(scan.count, 5);
    assert_true(bytes_equal_text(scan.symbology, "]d2"));
    assert_value("01", "06926347962617");
    assert_value("11", "260101");
    assert_value("17", "280131");
    assert_value("10", "LOT7");
    assert_value("21", "S-0001");
}

static void reads_bracketed_text(void **state)
{
    (void)state;
    assert_true(parse("(01)06926347962617(17)280131(10)LOT7"));
    assert_int_equal(scan.count, 3);
    assert_value("10", "LOT7");
    assert_true(bytes_equal_text(gs1_item(&scan), "06926347962617"));
}

static void an_escaped_bracket_belongs_to_the_value(void **state)
{
    (void)state;
    char text[21];
    assert_true(parse("(10)A\\(1)(21)7"));
    assert_true(gs1_value_text(gs1_find(&scan, "10"), text, sizeof text));
    assert_string_equal(text, "A(1)");
    assert_false(gs1_value_text(gs1_find(&scan, "10"), text, 4));
    assert_value("21", "7");
}

static void tolerates_one_superfluous_separator(void **state)
{
    (void)state;
    assert_true(parse("\x1d"
                      "0106926347962617\x1d"
                      "10A\x1d"));
    assert_int_equal(scan.count, 2);
    assert_refused("0106926347962617\x1d\x1d"
                   "10A",
                   GS1_UNKNOWN_AI, 17);
}

static void the_same_identifier_twice_must_agree(void **state)
{
    (void)state;
    assert_true(parse("(10)A(10)A"));
    assert_int_equal(scan.count, 1);
    assert_refused("(10)A(10)B", GS1_REPEATED, 9);
}

static void names_the_error_and_its_byte(void **state)
{
    (void)state;
    assert_refused("", GS1_EMPTY, 0);
    assert_refused("]d2", GS1_EMPTY, 3);
    assert_refused("]E06926347962617", GS1_SYMBOLOGY, 0);
    assert_refused("0106926347962618", GS1_CHECK_DIGIT, 2);
    assert_refused("010692634796261", GS1_VALUE_TOO_SHORT, 15);
    assert_refused("01069263479626171", GS1_UNKNOWN_AI, 16);
    assert_refused("010692634796x617", GS1_CHARACTER, 12);
    assert_refused("05123", GS1_UNKNOWN_AI, 0);
    assert_refused("(01)06926347962617(17)281331", GS1_DATE, 22);
    assert_refused("(17)250229", GS1_DATE, 4);
    assert_refused("(7003)2801001200", GS1_DATE, 6);
    assert_refused("(7003)2801012460", GS1_TIME, 12);
    assert_refused("(8006)069263479626170302", GS1_PIECE, 20);
    assert_refused("(8006)069263479626170002", GS1_PIECE, 20);
    assert_refused("(10)123456789012345678901", GS1_VALUE_TOO_LONG, 24);
    assert_refused("(10)", GS1_VALUE_TOO_SHORT, 4);
    assert_refused("(10)a b", GS1_CHARACTER, 5);
    assert_refused("(10A", GS1_BRACKET, 3);
    assert_refused("(01)06926347962617(37)5", GS1_EXCLUDED, 22);
}

static void a_longer_input_is_refused_unread(void **state)
{
    (void)state;
    static char text[GS1_INPUT_BYTES_MAX + 2];
    for (size_t i = 0; i < GS1_INPUT_BYTES_MAX + 1; i++)
        text[i] = '9';
    assert_refused(text, GS1_INPUT_TOO_LONG, GS1_INPUT_BYTES_MAX);
}

static void assert_date(const char *digits, int current_year, const char *expected, bool day_given)
{
    struct gs1_date date;
    char text[DATE_TEXT_BYTES];
    assert_true(gs1_date_read(bytes_of(digits), current_year, &date));
    assert_string_equal(date_format(date.date, text), expected);
    assert_int_equal(date.day_given, day_given);
}

static void day_zero_means_the_last_day_of_the_month(void **state)
{
    (void)state;
    assert_date("280200", 2026, "2028-02-29", false);
    assert_date("271200", 2026, "2027-12-31", false);
    assert_date("280131", 2026, "2028-01-31", true);
}

static void the_century_is_the_one_nearest_to_now(void **state)
{
    (void)state;
    assert_date("760101", 2026, "2076-01-01", true); /* 50 ahead */
    assert_date("770101", 2026, "1977-01-01", true); /* 51 ahead: previous century */
    assert_date("010101", 2051, "2101-01-01", true); /* 50 back: next century */
    assert_date("020101", 2051, "2002-01-01", true); /* 49 back */
}

static void expiry_comes_from_17_or_7003(void **state)
{
    (void)state;
    struct gs1_date date;
    char text[DATE_TEXT_BYTES];
    assert_true(parse("(01)06926347962617(7003)2801311200"));
    assert_true(gs1_expiry(&scan, YEAR, &date));
    assert_string_equal(date_format(date.date, text), "2028-01-31");
    assert_true(parse("(01)06926347962617"));
    assert_false(gs1_expiry(&scan, YEAR, &date));
}

static void every_row_of_the_table_is_found_by_its_code(void **state)
{
    (void)state;
    static const char *const codes[] = {"00", "01",   "10",   "235",  "240", "30",
                                        "37", "7003", "8006", "8012", "90",  "99"};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        assert_string_equal(gs1_ai_find(bytes_of(codes[i]))->code, codes[i]);
    assert_null(gs1_ai_find(bytes_of("2")));
    assert_null(gs1_ai_find(bytes_of("7999")));
    assert_null(gs1_ai_find(BYTES_NONE));
}

static struct bytes read_file(const char *path, struct arena *arena)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    static char content[64 * 1024];
    size_t length = fread(content, 1, sizeof content, file);
    fclose(file);
    return arena_bytes(arena, bytes_from(content, length));
}

/* The real thing: 190 right device identifiers, 3 with a check digit that is wrong in the source, 7 of
 * another agency. */
static void real_device_identifiers_are_told_apart(void **state)
{
    (void)state;
    struct arena *arena = arena_new(128 * 1024, 1024 * 1024);
    struct csv csv = csv_open(read_file("tests/data/gudid_devices.csv", arena));
    struct bytes fields[CSV_FIELDS_MAX];
    unsigned right = 0, wrong_digit = 0, other = 0;

    assert_true(csv_read_header(&csv, arena));
    while (csv_next(&csv, arena, fields, CSV_FIELDS_MAX) > 0) {
        const char *text =
            arena_format(arena, "]d201%.*s", (int)fields[0].length, (const char *)fields[0].data);
        if (parse(text))
            right++;
        else if (scan.error == GS1_CHECK_DIGIT)
            wrong_digit++;
        else
            other++;
    }
    assert_int_equal(right, 190);
    assert_int_equal(wrong_digit, 3);
    assert_int_equal(other, 7);
    arena_free(arena);
}

static void a_drug_trace_code_is_product_and_serial(void **state)
{
    (void)state;
    struct drug_trace trace;
    assert_true(drug_trace_parse(bytes_of("83857930000879766660"), &trace));
    assert_true(bytes_equal_text(trace.product, "8385793"));
    assert_true(bytes_equal_text(trace.serial, "0000879766660"));
    assert_false(drug_trace_parse(bytes_of("8385793000087976666"), &trace));
    assert_false(drug_trace_parse(bytes_of("73857930000879766660"), &trace));
    assert_false(drug_trace_parse(bytes_of("8385793000087976666x"), &trace));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_a_datamatrix_reader_sends),
        cmocka_unit_test(reads_bracketed_text),
        cmocka_unit_test(an_escaped_bracket_belongs_to_the_value),
        cmocka_unit_test(tolerates_one_superfluous_separator),
        cmocka_unit_test(the_same_identifier_twice_must_agree),
        cmocka_unit_test(names_the_error_and_its_byte),
        cmocka_unit_test(a_longer_input_is_refused_unread),
        cmocka_unit_test(day_zero_means_the_last_day_of_the_month),
        cmocka_unit_test(the_century_is_the_one_nearest_to_now),
        cmocka_unit_test(expiry_comes_from_17_or_7003),
        cmocka_unit_test(every_row_of_the_table_is_found_by_its_code),
        cmocka_unit_test(real_device_identifiers_are_told_apart),
        cmocka_unit_test(a_drug_trace_code_is_product_and_serial),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

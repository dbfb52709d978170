// links: medhub_base
#include "base/csv.h"

#include "cmocka_all.h"

static struct arena *arena;
static struct csv csv;
static struct bytes fields[4];

static int setup(void **state)
{
    (void)state;
    arena = arena_new(1024, 4096);
    return arena == NULL;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static void open_text(const char *text)
{
    csv = csv_open(bytes_of(text));
}

static int next(void)
{
    return csv_next(&csv, arena, fields, 4);
}

static void assert_row(const char *first, const char *second)
{
    assert_int_equal(next(), 2);
    assert_true(bytes_equal_text(fields[0], first));
    assert_true(bytes_equal_text(fields[1], second));
}

static void rows_end_with_lf_or_crlf_or_the_text(void **state)
{
    (void)state;
    open_text("a,b\r\nc,d\ne,f");
    assert_row("a", "b");
    assert_row("c", "d");
    assert_row("e", "f");
    assert_int_equal(next(), CSV_END);
    assert_int_equal(next(), CSV_END);
}

static void fields_may_be_empty(void **state)
{
    (void)state;
    open_text(",\n\"\",x\ny,");
    assert_row("", "");
    assert_row("", "x");
    assert_row("y", "");
    assert_int_equal(next(), CSV_END);
}

static void quoted_fields_keep_commas_quotes_and_lines(void **state)
{
    (void)state;
    open_text("\"a,b\",\"say \"\"hi\"\"\"\n\"one\ntwo\",\"\"\"\"\n");
    assert_row("a,b", "say \"hi\"");
    assert_row("one\ntwo", "\"");
    assert_int_equal(next(), CSV_END);
}

static void blanks_belong_to_the_field(void **state)
{
    (void)state;
    open_text(" a , 医保 \n");
    assert_row(" a ", " 医保 ");
}

static void a_byte_order_mark_and_empty_lines_are_skipped(void **state)
{
    (void)state;
    open_text("\xef\xbb\xbf\n\r\na,b\n\n\nc,d\n\n");
    assert_row("a", "b");
    assert_row("c", "d");
    assert_int_equal(next(), CSV_END);
}

static void no_text_has_no_rows(void **state)
{
    (void)state;
    csv = csv_open(BYTES_NONE);
    assert_int_equal(next(), CSV_END);
    open_text("");
    assert_int_equal(next(), CSV_END);
    open_text("\n");
    assert_int_equal(next(), CSV_END);
}

static void each_row_knows_its_line(void **state)
{
    (void)state;
    open_text("a,b\n\"x\ny\",z\n\n\"1\",2\n");
    next();
    assert_int_equal(csv.line, 1);
    next();
    assert_int_equal(csv.line, 2);
    next();
    assert_int_equal(csv.line, 5);
}

static void columns_are_found_by_name(void **state)
{
    (void)state;
    open_text("code,\"na\"\"me\"\n1,2\n");
    assert_true(csv_read_header(&csv, arena));
    assert_int_equal(csv_column(&csv, "code"), 0);
    assert_int_equal(csv_column(&csv, "na\"me"), 1);
    assert_int_equal(csv_column(&csv, "cod"), -1);
    assert_row("1", "2");
}

static void a_text_without_header_row_says_so(void **state)
{
    (void)state;
    open_text("\n");
    assert_false(csv_read_header(&csv, arena));
    assert_non_null(csv.error);
    assert_int_equal(csv_column(&csv, "code"), -1);
}

static void a_malformed_row_is_named_and_stays(void **state)
{
    static const char *const wrong[] = {"a,b\nx\"y,z\n", "a,b\n\"x\"y,z\n", "a,b\n\"x,y\n",
                                        "a,b\nx\ry,z\n", "a,b\n\"x\"\ry\n", "a,b\n1,2,3,4,5\n",
                                        "a,b\nx\r"};

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        open_text(wrong[i]);
        assert_row("a", "b");
        assert_int_equal(next(), CSV_MALFORMED);
        assert_non_null(csv.error);
        assert_int_equal(csv.line, 2);
        assert_int_equal(next(), CSV_MALFORMED);
    }
}

static void a_full_arena_is_an_error(void **state)
{
    (void)state;
    while (arena_take(arena, 16) != NULL)
        continue;
    open_text("a,b\n\"\"\"\",c\n");
    assert_row("a", "b");
    assert_int_equal(next(), CSV_MALFORMED);
    assert_string_equal(csv.error, "the arena is full");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(rows_end_with_lf_or_crlf_or_the_text, setup, teardown),
        cmocka_unit_test_setup_teardown(fields_may_be_empty, setup, teardown),
        cmocka_unit_test_setup_teardown(quoted_fields_keep_commas_quotes_and_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(blanks_belong_to_the_field, setup, teardown),
        cmocka_unit_test_setup_teardown(a_byte_order_mark_and_empty_lines_are_skipped, setup, teardown),
        cmocka_unit_test_setup_teardown(no_text_has_no_rows, setup, teardown),
        cmocka_unit_test_setup_teardown(each_row_knows_its_line, setup, teardown),
        cmocka_unit_test_setup_teardown(columns_are_found_by_name, setup, teardown),
        cmocka_unit_test_setup_teardown(a_text_without_header_row_says_so, setup, teardown),
        cmocka_unit_test_setup_teardown(a_malformed_row_is_named_and_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_arena_is_an_error, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

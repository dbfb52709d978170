// links: medhub_base
#include "base/bytes.h"
#include "base/fault.h"

#include "cmocka_all.h"

static struct fault fault;

static int setup(void **state)
{
    (void)state;
    fault = (struct fault){0};
    return 0;
}

static void each_function_returns_the_status_in_its_name(void **state)
{
    (void)state;
    assert_int_equal(fault_reject(&fault, "a.b", "x"), STATUS_REJECT);
    assert_int_equal(fault_retry(&fault, "a.b", "x"), STATUS_RETRY);
    assert_int_equal(fault_fatal(&fault, "a.b", "x"), STATUS_FATAL);
}

static void code_and_formatted_text_are_kept(void **state)
{
    (void)state;
    (void)fault_reject(&fault, "route.none", "no route for %s in region %d", "x", 370200);
    assert_string_equal(fault.code, "route.none");
    assert_string_equal(fault.text, "no route for x in region 370200");
}

static void no_fault_to_fill_is_fine(void **state)
{
    (void)state;
    assert_int_equal(fault_retry(NULL, "a.b", "%d", 1), STATUS_RETRY);
    fault_clear(NULL);
}

static void clearing_empties_it(void **state)
{
    (void)state;
    (void)fault_reject(&fault, "a.b", "x");
    fault_clear(&fault);
    assert_string_equal(fault.code, "");
    assert_string_equal(fault.text, "");
}

static void the_old_text_may_be_part_of_the_new_one(void **state)
{
    (void)state;
    (void)fault_reject(&fault, "inner", "no such item");
    (void)fault_reject(&fault, fault.code, "line 3: %s", fault.text);
    assert_string_equal(fault.code, "inner");
    assert_string_equal(fault.text, "line 3: no such item");
}

static void a_long_text_is_cut(void **state)
{
    (void)state;
    (void)fault_reject(&fault, "a.b", "%0900d", 1);
    assert_int_equal(strlen(fault.text), FAULT_TEXT_BYTES - 1);
}

static void a_long_code_is_cut(void **state)
{
    char code[100];

    (void)state;
    memset(code, 'x', sizeof code);
    code[sizeof code - 1] = '\0';
    (void)fault_reject(&fault, code, "x");
    assert_int_equal(strlen(fault.code), FAULT_CODE_BYTES - 1);
}

static void a_cut_never_splits_a_character(void **state)
{
    (void)state;
    for (int lead = 500; lead < FAULT_TEXT_BYTES; lead++) {
        (void)fault_reject(&fault, "a.b", "%0*d医保医保医保", lead, 0);
        assert_true(bytes_is_utf8(bytes_of(fault.text)));
        assert_in_range(strlen(fault.text), FAULT_TEXT_BYTES - 3, FAULT_TEXT_BYTES - 1);
    }
}

static void bytes_that_are_no_character_become_question_marks(void **state)
{
    (void)state;
    (void)fault_reject(&fault, "a.b", "code %s", "\xff医\xe5\x8c");
    assert_string_equal(fault.text, "code ?医??");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_function_returns_the_status_in_its_name, setup),
        cmocka_unit_test_setup(code_and_formatted_text_are_kept, setup),
        cmocka_unit_test_setup(no_fault_to_fill_is_fine, setup),
        cmocka_unit_test_setup(clearing_empties_it, setup),
        cmocka_unit_test_setup(the_old_text_may_be_part_of_the_new_one, setup),
        cmocka_unit_test_setup(a_long_text_is_cut, setup),
        cmocka_unit_test_setup(a_long_code_is_cut, setup),
        cmocka_unit_test_setup(a_cut_never_splits_a_character, setup),
        cmocka_unit_test_setup(bytes_that_are_no_character_become_question_marks, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "domain/row_message.h"

#include "domain/messages.h"
#include "domain/view.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static void a_row_is_known_by_the_kind_of_its_key_and_its_name(void **state)
{
    (void)state;
    assert_ptr_equal(row_message_of_state("person", "prescription/N-1"), PRESCRIPTION_STATE);
    assert_ptr_equal(row_message_of_state("person", "prescription/H1/RX-1"), PRESCRIPTION_STATE);
    assert_ptr_equal(row_message_of_state("person", "settlement/M-1"), SETTLEMENT_STATE);
    assert_ptr_equal(row_message_of_state("product", "serial/1"), SCANNED_ITEM_STATE);
    assert_ptr_equal(row_message_of_state("item", "rows/000000"), CATALOGUE_ROWS);
    assert_ptr_equal(row_message_of_state("item", "tally"), RELEASE_TALLY);
    assert_ptr_equal(row_message_of_state("item", "audience"), RELEASE_AUDIENCE);
    assert_ptr_equal(row_message_of_state("institution", "organisation"), REGISTERED_ORGANISATION);
    assert_ptr_equal(row_message_of_state("parameter", "rows/650100"), PARAMETER_ROWS);
}

static void what_no_domain_writes_is_not_guessed(void **state)
{
    (void)state;
    assert_null(row_message_of_state("person", "rows/000000"));
    assert_null(row_message_of_state("person", "prescription"));
    assert_null(row_message_of_state("item", "tally/1"));
    assert_null(row_message_of_state("nobody", "tally"));
    assert_null(row_message_of_table("nothing"));
}

static void every_table_has_its_message(void **state)
{
    (void)state;
    assert_string_equal(row_message_of_table(TABLE_CATALOGUE)->name, "medhub.catalogue.v1.Item");
    assert_string_equal(row_message_of_table(TABLE_REGISTRY)->name, "medhub.registry.v1.Organisation");
    assert_string_equal(row_message_of_table(TABLE_POLICY)->name, "medhub.policy.v1.Parameter");
    assert_string_equal(row_message_of_table(TABLE_CALENDAR)->name, "medhub.policy.v1.CalendarYear");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_is_known_by_the_kind_of_its_key_and_its_name),
        cmocka_unit_test(what_no_domain_writes_is_not_guessed),
        cmocka_unit_test(every_table_has_its_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
